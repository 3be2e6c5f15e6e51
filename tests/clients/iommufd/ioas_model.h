/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be in the IOASes of one iommufd by the rules of its interface: plain sorted arrays. A
 * function does what the kernel should do, in the kernel's order of checks, and returns the
 * kernel's answer. Numbers of objects are the kernel's.
 */
#ifndef CLIENT_FD_MODEL_H
#define CLIENT_FD_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "calls.h"

#define MODEL_IOASES 8
#define MODEL_HWPTS 8
#define MODEL_DEVICES 4
#define MODEL_ALLOWED 8
#define MODEL_ACCESSES 2
#define MODEL_PINS 64 /* different ranges of one access */

struct area {
	uint64_t iova;
	uint64_t size;
	uint64_t va;
	uint32_t prot; /* FD_MAP_READ and _WRITE */
	bool writable; /* its memory; what a copy may ask for */
};

struct ioas {
	uint32_t id; /* 0: the slot is free */
	bool small_pages;
	struct area *areas; /* by address, without overlap */
	size_t n;
	size_t cap;
	uint64_t mapped; /* sum of sizes */
	struct fd_range allowed[MODEL_ALLOWED];
	unsigned int nallowed;
};

/* A page table that was asked for by name. */
struct hwpt {
	uint32_t id; /* 0: the slot is free */
	struct ioas *ioas;
};

struct model_device {
	uint32_t id;
	struct ioas *ioas; /* attached to; NULL: to none */
	struct hwpt *hwpt; /* NULL: the kernel's own choice */
};

/* What a mediated device holds. An unpin must name the range of a pin. */
struct model_pin {
	uint64_t iova;
	uint64_t size;
	unsigned int times;
};

/* A mediated device, which lets go of a range when it is told. */
struct model_access {
	uint32_t id;
	struct ioas *ioas; /* attached to; NULL: to none */
	struct model_pin pins[MODEL_PINS];
	unsigned int npins;
};

struct model {
	struct ioas ioas[MODEL_IOASES];
	struct hwpt hwpt[MODEL_HWPTS];
	struct model_device device[MODEL_DEVICES];
	unsigned int ndevices;
	struct model_access access[MODEL_ACCESSES];
	unsigned int naccesses;
	/* Learned from the kernel: what is valid with a page table, and with a device. */
	struct fd_ranges with_domain;
	struct fd_ranges with_device;
	int unmap_nothing; /* the answer to an unmap where nothing is: newer kernels say 0 */
	/* A VFIO container is the same file, and this one of its IOASes; 0: none. */
	uint32_t vfio_ioas;
	int vfio_unmap_nothing;
	unsigned int splits; /* areas that became two, ever */
};

void model_exit(struct model *m);

struct ioas *model_ioas(struct model *m, uint32_t id);
struct hwpt *model_hwpt(struct model *m, uint32_t id);
/* Devices and page tables of an IOAS. */
unsigned int model_devices(const struct model *m, const struct ioas *ioas);
unsigned int model_domains(const struct model *m, const struct ioas *ioas);
uint64_t model_alignment(const struct model *m, const struct ioas *ioas);
void model_ranges(const struct model *m, const struct ioas *ioas, struct fd_ranges *ranges);
struct area *model_area(const struct ioas *ioas, uint64_t iova);

int model_alloc(struct model *m, uint32_t id);
int model_destroy(struct model *m, uint32_t id);
int model_allow(struct model *m, uint32_t id, const struct fd_range *ranges, unsigned int n);
int model_huge_pages(struct model *m, uint32_t id, uint64_t value);
int model_map(struct model *m, uint32_t id, uint32_t flags, uint64_t va, uint64_t size,
	      uint64_t *iova);
int model_copy(struct model *m, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova,
	       uint64_t size, uint64_t *iova);
int model_unmap(struct model *m, uint32_t id, uint64_t iova, uint64_t size, uint64_t *returned);
/* As the ioctls of VFIO: @flags as there, what an unmap cuts is split where pages are small. */
int model_vfio_set_iommu(struct model *m, uint32_t type);
int model_vfio_map(struct model *m, uint32_t flags, uint64_t va, uint64_t size, uint64_t iova);
int model_vfio_unmap(struct model *m, uint32_t flags, uint64_t iova, uint64_t size,
		     uint64_t *returned);
int model_vfio_set_ioas(struct model *m, uint32_t id);
/* @hwpt: the number that the kernel gave; it is looked at only if the answer is 0. */
int model_new_hwpt(struct model *m, uint32_t pt, uint32_t hwpt);
int model_attach(struct model *m, struct model_device *dev, uint32_t pt);
void model_detach(struct model_device *dev);

int model_access_attach(struct model *m, struct model_access *access, uint32_t pt);
void model_access_detach(struct model_access *access);
/* @prot: FD_MAP_*. All of it or nothing. */
int model_pin(struct model_access *access, uint64_t iova, uint64_t size, uint32_t prot);
int model_unpin(struct model_access *access, uint64_t iova, uint64_t size);
/* Whether bytes may be moved; @prot: what is asked of the areas. */
int model_rw(const struct model_access *access, uint64_t iova, uint64_t size, uint32_t prot);

#endif
