/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One VFIO container with its type1 backend. Every call is one system call and one log line;
 * calls return 0 (or what is said) or -errno.
 */
#ifndef CLIENT_VFIO_H
#define CLIENT_VFIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vfio.h>

#include "log.h"

struct vfio {
	struct log *log;
	int context; /* number of this container in the log */
	int fd;
};

#define VFIO_RANGES_MAX 32

struct vfio_range {
	uint64_t start;
	uint64_t last;
};

struct vfio_info {
	uint64_t pgsizes;
	bool has_avail;
	uint32_t avail; /* map entries still available */
	unsigned int nranges; /* 0: the kernel gave no ranges, everything is valid */
	struct vfio_range ranges[VFIO_RANGES_MAX];
};

/* Arguments of an unmap that are rarely needed. */
struct vfio_dirty_buffer {
	uint64_t *bits;
	uint64_t bytes;
	uint64_t pgsize;
};

int vfio_open(struct vfio *vfio, struct log *log, int context);
void vfio_close(struct vfio *vfio);
int vfio_version(struct vfio *vfio);
/* 0: not supported, positive: supported. */
int vfio_extension(struct vfio *vfio, unsigned int extension);
int vfio_set_iommu(struct vfio *vfio, unsigned int type);
/* @argsz 0: what the structure needs. */
int vfio_get_info(struct vfio *vfio, uint32_t argsz, struct vfio_info *info);

int vfio_map(struct vfio *vfio, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags);
int vfio_map_argsz(struct vfio *vfio, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags,
		   uint32_t argsz);
/* @returned (may be NULL) is the size the kernel wrote back, unchanged on failure. */
int vfio_unmap(struct vfio *vfio, uint64_t iova, uint64_t size, uint32_t flags, uint64_t *returned);
int vfio_unmap_argsz(struct vfio *vfio, uint64_t iova, uint64_t size, uint32_t flags,
		     uint32_t argsz, uint64_t *returned);
int vfio_unmap_dirty(struct vfio *vfio, uint64_t iova, uint64_t size,
		     const struct vfio_dirty_buffer *buffer, uint64_t *returned);

/* Dirty tracking: VFIO_IOMMU_DIRTY_PAGES_FLAG_* without a bitmap, or the bitmap of a range. */
int vfio_dirty(struct vfio *vfio, uint32_t flags);
int vfio_dirty_get(struct vfio *vfio, uint64_t iova, uint64_t size,
		   const struct vfio_dirty_buffer *buffer);

const char *vfio_prot_name(uint32_t map_flags);

#endif
