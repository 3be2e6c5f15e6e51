/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client: an iommufd, its devices, the model of what is in it. Each function asks the kernel
 * and the model, and counts and tells where they differ; what it returns is the kernel's answer.
 */
#ifndef CLIENT_FD_SESSION_H
#define CLIENT_FD_SESSION_H

#include "cdev.h"
#include "compat.h"
#include "ioas_model.h"
#include "testdev.h"
#include "util.h"

/* Where scenarios map: above the interrupt window, inside any 39-bit address space. */
#define IOVA_BASE 0x100000000ULL
/* Two pages in an IOAS through which device buffers are loaded and read back. */
#define SCRATCH_IOVA 0x7000000000ULL
#define SCRATCH_BYTES (2 * PAGE)
/* Inside the interrupt window: free without a device, reserved with one. */
#define IOVA_MSI 0xfee00000ULL

#define MAP_RW (FD_MAP_READ | FD_MAP_WRITE)

enum account {
	ACCOUNT_NONE, /* with CAP_IPC_LOCK nothing is charged */
	ACCOUNT_USER,
	ACCOUNT_MM,
};

enum vfio {
	VFIO_NONE,
	VFIO_V1,
	VFIO_V2,
};

struct options {
	uint64_t seed;
	unsigned int ops;
	unsigned int threads;
	unsigned int seconds; /* race goes on for so long; 0: for its operations */
	uint64_t max_size;
	uint64_t buffer;
	uint64_t total;
	enum account account;
	enum vfio vfio; /* random: one IOAS is used as a VFIO container, too */
};

struct session {
	const struct options *opt;
	struct log log;
	struct fd fd;
	struct cdev devices[MODEL_DEVICES];
	unsigned int ndevices;
	struct cdev mediated[MODEL_ACCESSES];
	struct testdev testdev[MODEL_ACCESSES]; /* the same, as what pins */
	unsigned int nmediated;
	struct model model;
	bool modelled; /* false: nobody kept books */
	unsigned int op; /* number of the current one, for messages */
	unsigned int refused;
	unsigned int wrong;
	uint8_t *buffer; /* memory that scenarios map pieces of */
	uint64_t buffer_bytes;
	uint8_t *scratch;
	struct rng rng; /* what a scenario does */
	struct rng pattern; /* bytes that devices carry */
};

int session_start(struct session *s);
void session_stop(struct session *s);
int session_buffer(struct session *s, uint64_t bytes);
struct cdev *session_device(struct session *s, const char *name);
struct model_device *session_model_device(struct session *s, const struct cdev *dev);

int s_alloc(struct session *s, uint32_t *ioas);
int s_destroy(struct session *s, uint32_t id);
int s_query(struct session *s, uint32_t ioas, struct fd_ranges *ranges);
int s_allow(struct session *s, uint32_t ioas, const struct fd_range *ranges, unsigned int n);
int s_huge_pages(struct session *s, uint32_t ioas, uint64_t value);
int s_map(struct session *s, uint32_t ioas, uint32_t flags, uint64_t va, uint64_t size,
	  uint64_t *iova);
int s_copy(struct session *s, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova,
	   uint64_t size, uint64_t *iova);
int s_unmap(struct session *s, uint32_t ioas, uint64_t iova, uint64_t size, uint64_t *returned);
int s_hwpt(struct session *s, struct cdev *dev, uint32_t pt, uint32_t *hwpt);
int s_attach(struct session *s, struct cdev *dev, uint32_t pt);
int s_detach(struct session *s, struct cdev *dev);

/* The ioctls of a VFIO container; @ioas 0: it has none. */
int s_vfio_ioas(struct session *s, uint32_t ioas);
int s_vfio_set_iommu(struct session *s, uint32_t type);
int s_vfio_map(struct session *s, uint32_t flags, uint64_t va, uint64_t size, uint64_t iova);
int s_vfio_unmap(struct session *s, uint32_t flags, uint64_t iova, uint64_t size,
		 uint64_t *returned);
/* Of the mediated device @n: attach and detach it, let it pin pages and move bytes. */
int s_access_attach(struct session *s, unsigned int n, uint32_t ioas);
int s_access_detach(struct session *s, unsigned int n);
/* @prot: IOAS_TEST_READ and _WRITE */
int s_pin(struct session *s, unsigned int n, uint64_t iova, uint64_t npages, uint32_t prot);
int s_unpin(struct session *s, unsigned int n, uint64_t iova, uint64_t npages);
/* At most IOAS_TEST_RW_MAX bytes; also compares what arrived with the memory. */
int s_rw(struct session *s, unsigned int n, uint64_t iova, uint64_t size, bool write);
/* The number of the mediated device of that name; -ENODEV. */
int session_mediated(const struct session *s, const char *name);

/* Scenarios: 0, or a negative errno after a message. -EPROTO: the kernel answered wrongly. */
int scenario_tour(struct session *s);
int scenario_random(struct session *s);
int scenario_race(struct session *s);
int scenario_hold(struct session *s);
int scenario_copies(struct session *s);
int scenario_files(struct session *s);
int scenario_compat(struct session *s);

/* Commands from standard input until quit or end of file. */
int serve(struct session *s);

#endif
