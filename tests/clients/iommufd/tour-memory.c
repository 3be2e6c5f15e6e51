// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the device reaches, and memory that cannot be had.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tour.h"

#define AREA (64 * KIB)

static void tour_reach(struct tour *t, const char *what, enum edu_dir dir, uint64_t offset,
		       int want)
{
	tour_check(t, what, dma_probe(t->s, &t->s->devices[0], dir, IOVA_BASE + offset, 512), want);
}

void tour_dma(struct tour *t)
{
	struct cdev *dev = &t->s->devices[0];
	uint32_t a = tour_ioas(t), b = tour_ioas(t);

	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_map(t, "map", a, AREA, AREA, FD_MAP_READ, 0);
	tour_check(t, "attach", s_attach(t->s, dev, a), 0);
	tour_reach(t, "read, rw", EDU_READ, 0, DMA_OK);
	tour_reach(t, "write, rw", EDU_WRITE, AREA - PAGE, DMA_OK);
	tour_reach(t, "read, r", EDU_READ, AREA, DMA_OK);
	tour_reach(t, "write, r", EDU_WRITE, AREA, DMA_FAULT);
	tour_reach(t, "read from nothing", EDU_READ, 2 * AREA, DMA_FAULT);
	tour_reach(t, "write to nothing", EDU_WRITE, 2 * AREA, DMA_FAULT);
	tour_copy(t, "copy", a, 4 * AREA, a, 0, AREA, FD_MAP_READ, 0);
	tour_reach(t, "read, a copy", EDU_READ, 4 * AREA, DMA_OK);
	tour_reach(t, "write, a copy to read", EDU_WRITE, 4 * AREA, DMA_FAULT);
	tour_unmap(t, "unmap what was copied", a, 0, AREA, 0, AREA);
	tour_reach(t, "read what is gone", EDU_READ, 0, DMA_FAULT);
	tour_reach(t, "read the copy still", EDU_READ, 5 * AREA - PAGE, DMA_OK);
	tour_copy(t, "copy to another IOAS", b, 8 * AREA, a, 4 * AREA, AREA, MAP_RW, 0);
	tour_check(t, "replace", s_attach(t->s, dev, b), 0);
	tour_reach(t, "write there", EDU_WRITE, 8 * AREA, DMA_OK);
	tour_reach(t, "read what only the other has", EDU_READ, 4 * AREA, DMA_FAULT);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	tour_destroy(t, a);
	tour_destroy(t, b);
}

#define HOLE (16 * MIB)

/* Memory that is not there is found out when it is pinned: by a device. */
static void tour_absent(struct tour *t)
{
	struct cdev *dev = &t->s->devices[0];
	struct fd *fd = &t->s->fd;
	uint32_t ioas = tour_ioas(t);
	uint64_t iova = IOVA_BASE, gone;
	char *hole = mmap(NULL, HOLE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!tour_check(t, "memory", hole == MAP_FAILED, 0))
		return;
	munmap(hole + HOLE - AREA, AREA);
	tour_check(t, "map a hole",
		   fd_map(fd, ioas, FD_MAP_FIXED | MAP_RW, (uintptr_t)hole, HOLE, &iova), 0);
	tour_check(t, "attach to a hole", cdev_attach(dev, ioas), -EFAULT);
	tour_check(t, "unmap it", fd_unmap(fd, ioas, iova, HOLE, &gone), 0);
	tour_check(t, "attach", s_attach(t->s, dev, ioas), 0);
	tour_check(t, "map a hole, with a device",
		   fd_map(fd, ioas, FD_MAP_FIXED | MAP_RW, (uintptr_t)hole, HOLE, &iova), -EFAULT);
	tour_check(t, "map what is there",
		   fd_map(fd, ioas, FD_MAP_FIXED | MAP_RW, (uintptr_t)hole, AREA, &iova), 0);
	tour_check(t, "unmap", fd_unmap(fd, ioas, iova, AREA, &gone), 0);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	munmap(hole, HOLE - AREA);
	tour_destroy(t, ioas);
}

/* One page less than what is asked for; the part that was pinned is let go. */
static void tour_limit(struct tour *t)
{
	struct rlimit less = { 4 * MIB - PAGE, RLIM_INFINITY },
		      none = { RLIM_INFINITY, RLIM_INFINITY };
	struct cdev *dev = &t->s->devices[0];
	uint32_t ioas = tour_ioas(t);
	uint64_t iova = IOVA_BASE;

	tour_check(t, "attach", s_attach(t->s, dev, ioas), 0);
	tour_check(t, "limit", setrlimit(RLIMIT_MEMLOCK, &less), 0);
	tour_check(t, "map more than the limit",
		   fd_map(&t->s->fd, ioas, FD_MAP_FIXED | MAP_RW, tour_va(t, 0), 4 * MIB, &iova),
		   -ENOMEM);
	tour_map(t, "map as much as the limit", ioas, 0, 4 * MIB - PAGE, MAP_RW, 0);
	tour_copy(t, "copy it: charged once", ioas, 8 * MIB, ioas, 0, 4 * MIB - PAGE, MAP_RW, 0);
	tour_check(t, "no limit", setrlimit(RLIMIT_MEMLOCK, &none), 0);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	tour_destroy(t, ioas);
}

void tour_memory(struct tour *t)
{
	tour_absent(t);
	if (t->s->opt->account != ACCOUNT_NONE)
		tour_limit(t);
}
