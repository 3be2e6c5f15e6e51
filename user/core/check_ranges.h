/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges, sets of them, and what an op asked for. For the checker and for what
 * explains ops.
 */
#ifndef CORE_CHECK_RANGES_H
#define CORE_CHECK_RANGES_H

#include "core/mirror.h"

/*
 * op.uapi_flags of type1: VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, VFIO_DMA_UNMAP_FLAG_ALL;
 * VFIO_DMA_MAP_FLAG_VADDR and that of UNMAP.
 */
#define CHECK_TYPE1_UNMAP_DIRTY 1
#define CHECK_TYPE1_UNMAP_ALL 2
#define CHECK_TYPE1_VADDR 4

struct check_range {
	uint64_t iova;
	uint64_t last; /* inclusive */
};

/* A set of disjoint ranges in order, as a copy. */
struct check_ranges {
	size_t count;
	struct check_range at[];
};

/* Bytes of memory that check_ranges_copy() takes. */
size_t check_ranges_size(const struct mirror_ioas *ioas);

/*
 * A copy of the valid ranges, or for iommufd of the gaps between reserved ones,
 * to be given back to `alloc`; NULL: no memory. O(ranges).
 */
struct check_ranges *check_ranges_copy(const struct ioas_alloc *alloc,
				       const struct mirror_ioas *ioas);

/* Whether all of `a` lies in `b`. */
bool check_ranges_inside(const struct check_ranges *a, const struct check_ranges *b);

static inline uint64_t check_range_bytes(struct check_range r)
{
	return r.last - r.iova + 1;
}

/* Whether the two have an address in common. */
static inline bool check_range_meets(struct check_range a, struct check_range b)
{
	return a.iova <= b.last && b.iova <= a.last;
}

/* When the op whose event this is began, CLOCK_BOOTTIME. */
static inline uint64_t check_op_start(const struct ioas_event *ev)
{
	return ev->time_ns - ev->body_op.latency_ns;
}

/* An UNMAP of everything, by flag or by range. */
bool check_asks_for_all(const struct ioas_event *ev);

/* A type1 MAP or UNMAP that is about memory addresses, and leaves the areas alone. */
static inline bool check_is_vaddr(const struct ioas_event *ev)
{
	return ev->backend == IOAS_BACKEND_TYPE1 && (ev->body_op.uapi_flags & CHECK_TYPE1_VADDR);
}

/* What an op asked for: 0, or -ENOENT if that is no range. */
int check_asked(const struct ioas_event *ev, struct check_range *out);

#endif
