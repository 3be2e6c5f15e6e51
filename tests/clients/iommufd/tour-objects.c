// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ranges, options, devices and page tables.
 */
#include <errno.h>

#include "tour.h"

#define AREA (64 * KIB)

void tour_ranges(struct tour *t)
{
	const struct fd_range two[] = { { 0x10000, 0x1ffff }, { 0x40000000, 0x4fffffff } };
	const struct fd_range overlap[] = { { 0x10000, 0x1ffff }, { 0x1f000, 0x2ffff } };
	const struct fd_range empty[] = { { 0x1000, 0x1000 } };
	const struct fd_range msi[] = { { IOVA_MSI, IOVA_MSI + 0xfff } };
	struct cdev *dev = &t->s->devices[0];
	uint32_t ioas = tour_ioas(t);
	struct fd_ranges ranges;

	tour_check(t, "ranges", s_query(t->s, ioas, &ranges), 0);
	tour_check(t, "ranges: all", ranges.n, 1);
	tour_check(t, "ranges of no IOAS", s_query(t->s, 0x7fffffff, &ranges), -ENOENT);
	tour_check(t, "allow", s_allow(t->s, ioas, two, 2), 0);
	tour_check(t, "allow what overlaps", s_allow(t->s, ioas, overlap, 2), -EINVAL);
	tour_check(t, "allow an empty range", s_allow(t->s, ioas, empty, 1), -EINVAL);
	tour_check(t, "allow the interrupt window", s_allow(t->s, ioas, msi, 1), 0);
	tour_check(t, "attach over it", s_attach(t->s, dev, ioas), -EADDRINUSE);
	tour_check(t, "allow anything", s_allow(t->s, ioas, NULL, 0), 0);
	tour_check(t, "attach", s_attach(t->s, dev, ioas), 0);
	tour_check(t, "ranges, fewer", s_query(t->s, ioas, &ranges), 0);
	tour_check(t, "ranges: no room", fd_query(&t->s->fd, ioas, ranges.n - 1, &ranges),
		   -EMSGSIZE);
	tour_check(t, "allow what is reserved", s_allow(t->s, ioas, msi, 1), -EADDRINUSE);
	tour_check(t, "allow, with a device", s_allow(t->s, ioas, two, 2), 0);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	tour_check(t, "ranges, all again", s_query(t->s, ioas, &ranges), 0);
	tour_destroy(t, ioas);
}

void tour_options(struct tour *t)
{
	struct fd *fd = &t->s->fd;
	uint32_t ioas = tour_ioas(t);
	uint64_t value = 7;
	struct fd other = { .fd = -1 };

	tour_check(t, "limit mode, with objects", fd_set_option(fd, FD_OPTION_RLIMIT_MODE, 0, 1),
		   -EBUSY);
	tour_check(t, "limit mode of an object", fd_set_option(fd, FD_OPTION_RLIMIT_MODE, ioas, 1),
		   -EOPNOTSUPP);
	tour_check(t, "huge pages?", fd_get_option(fd, FD_OPTION_HUGE_PAGES, ioas, &value), 0);
	tour_check(t, "huge pages: yes", (long long)value, 1);
	tour_check(t, "no huge pages", s_huge_pages(t->s, ioas, 0), 0);
	tour_map(t, "odd bytes, of small pages", ioas, 3, 7, MAP_RW, -EINVAL);
	tour_check(t, "huge pages again", s_huge_pages(t->s, ioas, 1), 0);
	tour_map(t, "odd bytes", ioas, 3, 7, MAP_RW, 0);
	tour_check(t, "no huge pages, with odd bytes", s_huge_pages(t->s, ioas, 0), -EADDRINUSE);
	tour_check(t, "attach, with odd bytes", s_attach(t->s, &t->s->devices[0], ioas),
		   -EADDRINUSE);
	tour_check(t, "huge pages: two", s_huge_pages(t->s, ioas, 2), -EINVAL);
	tour_check(t, "an unknown option", fd_set_option(fd, 77, ioas, 0), -EOPNOTSUPP);
	tour_destroy(t, ioas);
	tour_check(t, "another iommufd", fd_open(&other, fd->log, 1), 0);
	tour_check(t, "limit mode", fd_set_option(&other, FD_OPTION_RLIMIT_MODE, 0, 1), 0);
	tour_check(t, "limit mode?", fd_get_option(&other, FD_OPTION_RLIMIT_MODE, 0, &value), 0);
	tour_check(t, "limit mode: set", (long long)value, 1);
	tour_check(t, "limit mode, back", fd_set_option(&other, FD_OPTION_RLIMIT_MODE, 0, 0), 0);
	fd_close(&other);
}

static void tour_refused(struct tour *t, uint32_t a, uint32_t b)
{
	struct cdev *dev = &t->s->devices[0];
	uint64_t msi = IOVA_MSI;

	tour_check(t, "map in the interrupt window",
		   s_map(t->s, b, FD_MAP_FIXED | MAP_RW, tour_va(t, 0), PAGE, &msi), 0);
	tour_check(t, "replace by an IOAS that does not fit", s_attach(t->s, dev, b), -EADDRINUSE);
	tour_map(t, "still with the first", a, 128 * AREA, AREA, MAP_RW, 0);
	tour_unmap(t, "unmap", b, IOVA_MSI - IOVA_BASE, PAGE, 0, PAGE);
	tour_check(t, "attach to nothing", s_attach(t->s, dev, 0x7fffffff), -ENOENT);
	tour_check(t, "attach to a device", s_attach(t->s, dev, dev->id), -EINVAL);
	tour_check(t, "destroy a device", s_destroy(t->s, dev->id), -EBUSY);
}

void tour_devices(struct tour *t)
{
	struct cdev *dev = &t->s->devices[0];
	uint32_t a = tour_ioas(t), b = tour_ioas(t);
	uint64_t msi = IOVA_MSI;
	unsigned int i;

	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_map(t, "map", a, 2 * AREA, AREA, FD_MAP_READ, 0);
	tour_check(t, "attach: what is there is pinned", s_attach(t->s, dev, a), 0);
	tour_map(t, "map, with a device", a, 4 * AREA, 4 * MIB, MAP_RW, 0);
	tour_map(t, "odd bytes, with a device", a, AREA + 3, 7, MAP_RW, -EINVAL);
	tour_check(t, "map over the interrupt window",
		   s_map(t->s, a, FD_MAP_FIXED | MAP_RW, tour_va(t, 0), PAGE, &msi), -EINVAL);
	tour_copy(t, "copy to an IOAS without device", b, 0, a, 0, AREA, MAP_RW, 0);
	tour_check(t, "attach to the same again", s_attach(t->s, dev, a), 0);
	tour_check(t, "replace", s_attach(t->s, dev, b), 0);
	tour_copy(t, "copy to an IOAS with device", b, AREA, a, 2 * AREA, AREA, FD_MAP_READ, 0);
	tour_check(t, "replace, back", s_attach(t->s, dev, a), 0);
	tour_check(t, "destroy with a device", s_destroy(t->s, a), -EBUSY);
	tour_unmap(t, "unmap more, with a device", a, 0, 4 * AREA, 0, 2 * AREA);
	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_refused(t, a, b);
	for (i = 1; i < t->s->ndevices; i++)
		tour_check(t, "attach the others", s_attach(t->s, &t->s->devices[i], a), 0);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	tour_check(t, "detach again", s_detach(t->s, dev), 0);
	for (i = 1; i < t->s->ndevices; i++)
		tour_check(t, "detach the others", s_detach(t->s, &t->s->devices[i]), 0);
	tour_destroy(t, a);
	tour_destroy(t, b);
}

void tour_page_tables(struct tour *t)
{
	struct cdev *dev = &t->s->devices[0];
	uint32_t a = tour_ioas(t), b = tour_ioas(t), one = 0, two = 0;

	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_check(t, "page table", s_hwpt(t->s, dev, a, &one), 0);
	tour_map(t, "map, with a page table", a, AREA, AREA, MAP_RW, 0);
	tour_check(t, "page table of nothing", s_hwpt(t->s, dev, 0x7fffffff, &two), -EINVAL);
	tour_check(t, "page table of a page table, without data",
		   fd_hwpt(&t->s->fd, dev->id, one, 0, &two), -EOPNOTSUPP);
	tour_check(t, "a second page table", s_hwpt(t->s, dev, a, &two), 0);
	tour_map(t, "map, with two", a, 2 * AREA, AREA, MAP_RW, 0);
	tour_check(t, "attach to a page table", s_attach(t->s, dev, one), 0);
	tour_check(t, "destroy it", s_destroy(t->s, one), -EBUSY);
	tour_check(t, "replace by the other", s_attach(t->s, dev, two), 0);
	tour_check(t, "destroy the first", s_destroy(t->s, one), 0);
	tour_check(t, "replace by the IOAS of it", s_attach(t->s, dev, a), 0);
	tour_unmap(t, "unmap", a, 0, 2 * AREA, 0, 2 * AREA);
	tour_check(t, "replace by another IOAS", s_attach(t->s, dev, b), 0);
	tour_check(t, "destroy an IOAS with a page table", s_destroy(t->s, a), -EBUSY);
	tour_check(t, "destroy the page table", s_destroy(t->s, two), 0);
	tour_destroy(t, a);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	tour_destroy(t, b);
}
