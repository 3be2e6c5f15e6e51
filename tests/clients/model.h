/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be mapped in a type1 container by the rules of its interface: a plain sorted array.
 * It predicts every answer of the kernel.
 */
#ifndef CLIENT_MODEL_H
#define CLIENT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vfio.h"

#define MODEL_DEVICES 16
#define MODEL_GHOSTS 256

struct area {
	uint64_t iova;
	uint64_t size;
	uint64_t va; /* 0: no memory of ours behind it (a device's registers) */
	uint32_t flags; /* VFIO_DMA_MAP_FLAG_READ and _WRITE */
	/* Pins per page and emulated device; NULL: none yet. */
	uint32_t *pins[MODEL_DEVICES];
};

/* Where an area was that is gone: a device may reach it only through a stale translation. */
struct ghost {
	uint64_t iova;
	uint64_t size;
	uint64_t va;
};

struct model {
	bool v2;
	struct area *areas; /* by iova, without overlap */
	size_t n;
	size_t cap;
	uint64_t mapped; /* sum of sizes */
	struct ghost ghosts[MODEL_GHOSTS];
	size_t nghosts; /* ever; the slot is the number modulo MODEL_GHOSTS */
};

void model_init(struct model *model, bool v2);
void model_clear(struct model *model); /* everything unmapped */
void model_exit(struct model *model);

/* The area that contains @iova, or NULL. */
struct area *model_find(struct model *model, uint64_t iova);
/* Memory of ours behind [iova, iova + len): mapped now, or NULL. */
void *model_memory(struct model *model, uint64_t iova, uint64_t len);
/* The same for what was unmapped, most recent first. */
void *model_ghost(struct model *model, uint64_t iova, uint64_t len);

/* The answer to a map: 0 or -errno. @info: the valid ranges. */
int model_expect_map(struct model *model, const struct vfio_info *info, uint64_t iova,
		     uint64_t size, uint64_t va, uint32_t flags);
int model_map(struct model *model, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags);

/* The answer to an unmap; @returned is the size that the kernel writes back on success. */
int model_expect_unmap(struct model *model, uint64_t iova, uint64_t size, uint32_t flags,
		       uint64_t *returned);
void model_unmap(struct model *model, uint64_t iova, uint64_t size, uint32_t flags);

/* Pins of emulated device @dev; @prot as VFIO_DMA_MAP_FLAG_*. */
int model_expect_pin(struct model *model, uint64_t iova, uint64_t npages, uint32_t prot);
int model_pin(struct model *model, unsigned int dev, uint64_t iova, uint64_t npages);
int model_expect_unpin(struct model *model, unsigned int dev, uint64_t iova, uint64_t npages);
void model_unpin(struct model *model, unsigned int dev, uint64_t iova, uint64_t npages);
uint64_t model_pinned(struct model *model, unsigned int dev);
void model_drop_pins(struct model *model, unsigned int dev);

#endif
