// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Maps, unmaps and copies, without any device: nothing is pinned.
 */
#include <errno.h>

#include "tour.h"

#define AREA (64 * KIB)

void tour_maps(struct tour *t)
{
	uint32_t ioas = tour_ioas(t);
	uint64_t iova = IOVA_BASE, top = 0 - PAGE, end = UINT64_MAX;

	tour_map(t, "map rw", ioas, 0, AREA, MAP_RW, 0);
	tour_map(t, "map r", ioas, AREA, AREA, FD_MAP_READ, 0);
	tour_map(t, "map w", ioas, 2 * AREA, AREA, FD_MAP_WRITE, 0);
	tour_map(t, "map without permission", ioas, 3 * AREA, AREA, 0, -EINVAL);
	tour_map(t, "map the same", ioas, 0, AREA, MAP_RW, -EEXIST);
	tour_map(t, "map over the end", ioas, 3 * AREA - PAGE, AREA, MAP_RW, -EEXIST);
	tour_map(t, "map nothing", ioas, 3 * AREA, 0, MAP_RW, -EINVAL);
	tour_map(t, "map of no IOAS", 0x7fffffff, 0, AREA, MAP_RW, -ENOENT);
	tour_map(t, "map with an unknown flag", ioas, 3 * AREA, AREA, MAP_RW | 64, -EOPNOTSUPP);
	tour_check(t, "map that wraps",
		   s_map(t->s, ioas, FD_MAP_FIXED | MAP_RW, tour_va(t, 0), 2 * PAGE, &top),
		   -EOVERFLOW);
	tour_check(t, "map at the very end",
		   s_map(t->s, ioas, FD_MAP_FIXED | MAP_RW, tour_va(t, 0), PAGE, &end), -EOVERFLOW);
	tour_check(t, "map of memory that wraps",
		   s_map(t->s, ioas, FD_MAP_FIXED | MAP_RW, 0 - PAGE, 2 * PAGE, &iova), -EOVERFLOW);
	tour_map(t, "odd bytes, where no device is", ioas, 4 * AREA + 3, 7, MAP_RW, 0);
	tour_unmap(t, "unmap odd bytes", ioas, 4 * AREA + 3, 7, 0, 7);
	tour_destroy(t, ioas);
	tour_check(t, "destroy again", s_destroy(t->s, ioas), -ENOENT);
}

void tour_unmaps(struct tour *t)
{
	uint32_t ioas = tour_ioas(t);
	uint64_t gone = 1;
	unsigned int i;

	for (i = 0; i < 6; i++)
		tour_map(t, "map", ioas, i * AREA, AREA, MAP_RW, 0);
	tour_unmap(t, "unmap one", ioas, 0, AREA, 0, AREA);
	tour_unmap(t, "unmap it again", ioas, 0, AREA, t->s->model.unmap_nothing, 0);
	tour_unmap(t, "unmap the beginning of one", ioas, AREA, PAGE, -ENOENT, 0);
	tour_unmap(t, "unmap the end of one", ioas, 2 * AREA - PAGE, PAGE, -ENOENT, 0);
	tour_unmap(t, "unmap more than two", ioas, 0, 3 * AREA, 0, 2 * AREA);
	tour_unmap(t, "unmap one and a half: one is gone", ioas, 3 * AREA, AREA + PAGE, -ENOENT, 0);
	tour_map(t, "map where it was", ioas, 3 * AREA, AREA, MAP_RW, 0);
	tour_unmap(t, "unmap nothing", ioas, 0, 0, -EINVAL, 0);
	tour_unmap(t, "unmap that wraps", ioas, 0, 0 - PAGE, -EOVERFLOW, 0);
	tour_unmap(t, "unmap of no IOAS", 0x7fffffff, 0, AREA, -ENOENT, 0);
	tour_check(t, "unmap all", s_unmap(t->s, ioas, 0, UINT64_MAX, &gone), 0);
	tour_check(t, "unmap all: bytes", (long long)gone, 3 * AREA);
	tour_check(t, "unmap all again", s_unmap(t->s, ioas, 0, UINT64_MAX, &gone), 0);
	tour_check(t, "unmap all again: bytes", (long long)gone, 0);
	tour_destroy(t, ioas);
}

void tour_copies(struct tour *t)
{
	uint32_t a = tour_ioas(t), b = tour_ioas(t);

	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_map(t, "map a neighbour", a, AREA, AREA, MAP_RW, 0);
	tour_map(t, "map behind a hole", a, 3 * AREA, AREA, FD_MAP_READ, 0);
	tour_copy(t, "copy an area", b, 0, a, 0, AREA, MAP_RW, 0);
	tour_copy(t, "copy over it", b, PAGE, a, 0, AREA, MAP_RW, -EEXIST);
	tour_copy(t, "copy parts of two areas", b, AREA, a, AREA - PAGE, 2 * PAGE, MAP_RW, 0);
	tour_copy(t, "copy two areas", b, 2 * AREA, a, 0, 2 * AREA, FD_MAP_READ, 0);
	tour_copy(t, "copy the middle", b, 4 * AREA, a, PAGE, PAGE, FD_MAP_WRITE, 0);
	tour_copy(t, "copy over a hole", b, 8 * AREA, a, AREA, 3 * AREA, MAP_RW, -ENOENT);
	tour_copy(t, "copy from nothing", b, 8 * AREA, a, 16 * AREA, PAGE, MAP_RW, -ENOENT);
	tour_copy(t, "copy to write what may be read", b, 8 * AREA, a, 3 * AREA, AREA, MAP_RW,
		  -EPERM);
	tour_copy(t, "copy it to read", b, 8 * AREA, a, 3 * AREA, AREA, FD_MAP_READ, 0);
	tour_copy(t, "copy nothing", b, 10 * AREA, a, 0, 0, MAP_RW, -EINVAL);
	tour_copy(t, "copy without permission", b, 10 * AREA, a, 0, AREA, 0, -EINVAL);
	tour_copy(t, "copy to no IOAS", 0x7fffffff, 0, a, 0, AREA, MAP_RW, -ENOENT);
	tour_copy(t, "copy from no IOAS", b, 0, 0x7fffffff, 0, AREA, MAP_RW, -ENOENT);
	tour_copy(t, "copy inside an IOAS", a, 32 * AREA, a, 0, 2 * AREA, MAP_RW, 0);
	tour_copy(t, "copy of a copy", b, 64 * AREA, a, 32 * AREA, 2 * AREA, MAP_RW, 0);
	tour_destroy(t, a);
	tour_copy(t, "the copies outlive it", b, 128 * AREA, b, 64 * AREA, AREA, MAP_RW, 0);
	tour_destroy(t, b);
}

static void tour_choose(struct tour *t, const char *what, uint32_t ioas, uint64_t size, int want,
			uint64_t place)
{
	uint64_t iova = 0;

	if (tour_check(t, what, s_map(t->s, ioas, MAP_RW, tour_va(t, 0), size, &iova), want) &&
	    !want)
		tour_check(t, what, (long long)iova, (long long)place);
}

/* The memory begins at a multiple of 64 KiB, so that is kept. */
void tour_chosen(struct tour *t)
{
	const struct fd_range ranges[] = { { IOVA_BASE, IOVA_BASE + AREA - 1 },
					   { IOVA_BASE + GIB, IOVA_BASE + GIB + 4 * AREA - 1 } };
	uint64_t offset = -tour_va(t, 0) % AREA, iova = 0;
	uint32_t ioas = tour_ioas(t);

	tour_check(t, "allow", s_allow(t->s, ioas, ranges, 2), 0);
	tour_check(t, "chosen: the first fit",
		   s_map(t->s, ioas, MAP_RW, tour_va(t, offset), PAGE, &iova), 0);
	tour_check(t, "chosen: the first fit, where", (long long)iova, (long long)IOVA_BASE);
	iova = 0;
	tour_check(t, "chosen: no room in the first range",
		   s_map(t->s, ioas, MAP_RW, tour_va(t, offset), AREA, &iova), 0);
	tour_check(t, "chosen: the second range", (long long)iova, (long long)(IOVA_BASE + GIB));
	tour_choose(t, "chosen: no room at all", ioas, 8 * AREA, -ENOSPC, 0);
	iova = IOVA_BASE + 2 * GIB;
	tour_check(t, "fixed, and not allowed",
		   s_map(t->s, ioas, FD_MAP_FIXED | MAP_RW, tour_va(t, 0), AREA, &iova), 0);
	iova = 0;
	tour_check(t, "chosen: a copy",
		   s_copy(t->s, ioas, ioas, MAP_RW, IOVA_BASE + 2 * GIB, PAGE, &iova), 0);
	tour_destroy(t, ioas);
}
