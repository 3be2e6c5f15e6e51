/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client: a container, its devices, and the model of what is mapped.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "device.h"
#include "log.h"
#include "model.h"
#include "util.h"
#include "vfio.h"

#define CLIENT_DEVICES_MAX MODEL_DEVICES

/* Where scenarios map: above the interrupt window, inside any 39-bit address space. */
#define CLIENT_IOVA_BASE 0x100000000ULL
/* The client's own two pages, through which device buffers are loaded and read back. */
#define CLIENT_SCRATCH_IOVA 0x7000000000ULL
#define CLIENT_SCRATCH_BYTES (2 * PAGE)

#define CLIENT_R VFIO_DMA_MAP_FLAG_READ
#define CLIENT_W VFIO_DMA_MAP_FLAG_WRITE
#define CLIENT_RW (CLIENT_R | CLIENT_W)

struct options {
	bool v2;
	uint64_t seed;
	unsigned int ops;
	unsigned int threads;
	uint64_t max_size;
	uint64_t buffer;
	uint64_t total;
};

struct client {
	const struct options *opt;
	struct log log;
	struct vfio vfio;
	struct vfio_info info;
	struct device devices[CLIENT_DEVICES_MAX];
	unsigned int ndevices;
	struct model model;
	void *scratch; /* memory of the scratch mapping */
	uint8_t *buffer; /* memory that scenarios map pieces of */
	uint64_t buffer_bytes;
	struct rng rng; /* what a scenario does */
	struct rng pattern; /* bytes that devices carry */
};

/* Opens the container, attaches all devices, sets the IOMMU, opens the device files. */
int client_start(struct client *client);
void client_stop(struct client *client);

int client_attach(struct client *client, struct device *dev);
int client_detach(struct client *client, struct device *dev);
unsigned int client_attached(const struct client *client);

/* Map and unmap with the model kept up to date. */
int client_map(struct client *client, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags);
int client_unmap(struct client *client, uint64_t iova, uint64_t size, uint32_t flags,
		 uint64_t *returned);

/* The two pages for the devices' buffers: mapped if they are not, and if a device needs them. */
int client_scratch(struct client *client);

/* The scenarios' memory: @bytes of it, not touched yet. */
int client_buffer(struct client *client, uint64_t bytes);

/* The first attached device of a kind, NULL if there is none. */
struct device *client_real(struct client *client);
struct device *client_emulated(struct client *client);
struct device *client_device(struct client *client, const char *name);
unsigned int client_device_index(const struct client *client, const struct device *dev);

/* Scenarios: 0, or a negative errno after a message. -EPROTO: the kernel answered wrongly. */
int scenario_tour(struct client *client);
int scenario_random(struct client *client);
int scenario_race(struct client *client);
int scenario_hold(struct client *client);
int scenario_break_v1_inside(struct client *client);
int scenario_break_stale(struct client *client);
int scenario_break_leak(struct client *client);
int scenario_break_double_unpin(struct client *client);

/* Commands from standard input until quit or end of file. */
int serve(struct client *client);

#endif
