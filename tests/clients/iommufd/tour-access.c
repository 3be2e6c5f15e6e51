// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mediated devices: where they may be, what they may pin, read and write, and when they let go.
 * What is expected is read from drivers/iommu/iommufd/device.c (iommufd_access_*) and from
 * io_pagetable.c (iopt_add_access, iopt_unmap_iova_range).
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "tour.h"

#define AREA (64 * KIB)
#define PAGES (AREA / PAGE)
#define RW (IOAS_TEST_READ | IOAS_TEST_WRITE)

static void tour_pin(struct tour *t, const char *what, uint64_t offset, uint64_t npages,
		     uint32_t prot, int want)
{
	tour_check(t, what, s_pin(t->s, 0, IOVA_BASE + offset, npages, prot), want);
}

static void tour_unpin(struct tour *t, const char *what, uint64_t offset, uint64_t npages, int want)
{
	tour_check(t, what, s_unpin(t->s, 0, IOVA_BASE + offset, npages), want);
}

static struct ioas_test_stats tour_stats(struct tour *t, unsigned int n)
{
	struct ioas_test_stats stats = { .size = 0 };

	tour_check(t, "statistics", testdev_stats(&t->s->testdev[n], &stats), 0);
	return stats;
}

/* What the devices hold, in pages, and how often they were told to let go since @before. */
static void tour_held(struct tour *t, const char *what, const struct ioas_test_stats *before,
		      long long pages, long long told)
{
	struct ioas_test_stats now = tour_stats(t, 0);

	tour_check(t, what, (long long)now.pages_pinned, pages);
	tour_check(t, what, (long long)(now.callbacks - before->callbacks), told);
}

static void tour_nowhere(struct tour *t)
{
	tour_check(t, "an access, of this iommufd", tour_stats(t, 0).iommufd, 1);
	tour_pin(t, "pin of one that is nowhere", 0, 1, IOAS_TEST_READ, -ENOENT);
	tour_unpin(t, "unpin of one that is nowhere", 0, 1, -EINVAL);
	tour_check(t, "read of one that is nowhere", s_rw(t->s, 0, IOVA_BASE, 8, false), -ENOENT);
	tour_check(t, "detach it", s_access_detach(t->s, 0), 0);
}

/* A page table is none of its business. */
static void tour_no_ioas(struct tour *t, uint32_t ioas)
{
	struct cdev *dev = &t->s->devices[0];
	uint32_t hwpt = 0;

	tour_check(t, "page table", s_hwpt(t->s, dev, ioas, &hwpt), 0);
	tour_check(t, "attach an access to it", s_access_attach(t->s, 0, hwpt), -ENOENT);
	tour_check(t, "attach an access to a device", s_access_attach(t->s, 0, dev->id), -ENOENT);
	tour_check(t, "attach an access to nothing", s_access_attach(t->s, 0, 0x7fffffff), -ENOENT);
	tour_check(t, "destroy the page table", s_destroy(t->s, hwpt), 0);
}

void tour_accesses(struct tour *t)
{
	uint32_t a = tour_ioas(t), b = tour_ioas(t);
	struct fd_ranges ranges;

	tour_nowhere(t);
	tour_map(t, "odd bytes", a, 3, 7, MAP_RW, 0);
	tour_check(t, "attach an access to odd bytes", s_access_attach(t->s, 0, a), -EADDRINUSE);
	tour_unmap(t, "unmap them", a, 3, 7, 0, 7);
	tour_no_ioas(t, b);
	tour_check(t, "attach an access", s_access_attach(t->s, 0, a), 0);
	tour_check(t, "ranges: all, by pages", s_query(t->s, a, &ranges), 0);
	tour_check(t, "alignment", (long long)ranges.alignment, PAGE);
	tour_map(t, "odd bytes, with an access", a, 3, 7, MAP_RW, -EINVAL);
	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_check(t, "destroy an IOAS with an access", s_destroy(t->s, a), -EBUSY);
	tour_check(t, "destroy an access", s_destroy(t->s, t->s->mediated[0].id), -EBUSY);
	tour_map(t, "odd bytes, elsewhere", b, 3, 7, MAP_RW, 0);
	tour_check(t, "move it to odd bytes", s_access_attach(t->s, 0, b), -EADDRINUSE);
	tour_pin(t, "it is still with the first", 0, 1, RW, 0);
	tour_unmap(t, "unmap them", b, 3, 7, 0, 7);
	tour_check(t, "attach to the same again", s_access_attach(t->s, 0, a), 0);
	tour_unpin(t, "it holds what it held", 0, 1, 0);
	tour_check(t, "move it", s_access_attach(t->s, 0, b), 0);
	tour_check(t, "ranges, by bytes again", s_query(t->s, a, &ranges), 0);
	tour_check(t, "alignment of where it was", (long long)ranges.alignment, 1);
	tour_destroy(t, a);
	tour_check(t, "detach it", s_access_detach(t->s, 0), 0);
	tour_check(t, "detach it again", s_access_detach(t->s, 0), 0);
	tour_destroy(t, b);
}

static void tour_pins_refused(struct tour *t)
{
	tour_pin(t, "pin nothing", 0, 0, RW, -EINVAL);
	tour_pin(t, "pin what is not mapped", 8 * AREA, 1, IOAS_TEST_READ, -ENOENT);
	tour_pin(t, "pin from before an area", 4 * AREA - PAGE, 2, IOAS_TEST_READ, -ENOENT);
	tour_pin(t, "pin over the end", 5 * AREA - PAGE, 2, IOAS_TEST_READ, -ENOENT);
	tour_pin(t, "pin over a hole", 0, 4 * PAGES + 1, IOAS_TEST_READ, -EPERM);
	tour_pin(t, "pin over a hole, to write", 4 * AREA, 2 * PAGES, IOAS_TEST_WRITE, -ENOENT);
	tour_pin(t, "pin to write what is read", AREA, 1, IOAS_TEST_WRITE, -EPERM);
	tour_pin(t, "pin to read what is written", 2 * AREA, 1, IOAS_TEST_READ, -EPERM);
	tour_pin(t, "pin into what is read", AREA - PAGE, 2, RW, -EPERM);
}

static void tour_pins_kept(struct tour *t)
{
	struct ioas_test_stats before = tour_stats(t, 0);

	tour_pin(t, "pin", 0, 4, RW, 0);
	tour_pin(t, "pin the same", 0, 4, RW, 0);
	tour_pin(t, "pin the same to read", 0, 4, IOAS_TEST_READ, 0);
	tour_pin(t, "pin what overlaps", 2 * PAGE, 4, IOAS_TEST_WRITE, 0);
	tour_pin(t, "pin what lies inside", PAGE, 1, IOAS_TEST_READ, 0);
	tour_pin(t, "pin over two areas", AREA - 2 * PAGE, 4, IOAS_TEST_READ, 0);
	tour_pin(t, "pin to write both ways", 2 * AREA, 2, RW, 0);
	tour_pin(t, "pin all of an area", 4 * AREA, PAGES, RW, 0);
	tour_held(t, "what is held", &before, 4 + 4 + 4 + 4 + 1 + 4 + 2 + PAGES, 0);
	tour_unpin(t, "unpin less", 0, 3, -EINVAL);
	tour_unpin(t, "unpin more", 0, 5, -EINVAL);
	tour_unpin(t, "unpin a part of two areas", AREA, 2, -EINVAL);
	tour_unpin(t, "unpin", 0, 4, 0);
	tour_unpin(t, "unpin what overlaps", 2 * PAGE, 4, 0);
	tour_unpin(t, "unpin the second", 0, 4, 0);
	tour_unpin(t, "unpin the third", 0, 4, 0);
	tour_unpin(t, "unpin a fourth", 0, 4, -EINVAL);
	tour_unpin(t, "unpin what lies inside", PAGE, 1, 0);
	tour_unpin(t, "unpin over two areas", AREA - 2 * PAGE, 4, 0);
	tour_unpin(t, "unpin what is written", 2 * AREA, 2, 0);
	tour_unpin(t, "unpin all of an area", 4 * AREA, PAGES, 0);
	tour_held(t, "nothing is held", &before, 0, 0);
}

void tour_pins(struct tour *t)
{
	uint32_t ioas = tour_ioas(t);

	tour_map(t, "map rw", ioas, 0, AREA, MAP_RW, 0);
	tour_map(t, "map r", ioas, AREA, AREA, FD_MAP_READ, 0);
	tour_map(t, "map w", ioas, 2 * AREA, AREA, FD_MAP_WRITE, 0);
	tour_map(t, "map behind a hole", ioas, 4 * AREA, AREA, MAP_RW, 0);
	tour_check(t, "attach an access", s_access_attach(t->s, 0, ioas), 0);
	tour_pins_refused(t);
	tour_pins_kept(t);
	tour_map(t, "map more than one call takes", ioas, 4 * MIB, 4 * MIB, MAP_RW, 0);
	tour_pin(t, "pin it", 4 * MIB, 1024, RW, 0);
	tour_pin(t, "pin it, and more", 4 * MIB, 1025, RW, -ENOENT);
	tour_unpin(t, "unpin it", 4 * MIB, 1024, 0);
	tour_check(t, "detach it", s_access_detach(t->s, 0), 0);
	tour_destroy(t, ioas);
}

/* Whoever holds pages of an area is told, about the whole area; who holds none is not. */
void tour_notified(struct tour *t)
{
	uint32_t a = tour_ioas(t), b = tour_ioas(t);
	struct ioas_test_stats before = tour_stats(t, 0);
	unsigned int i;

	for (i = 0; i < 4; i++)
		tour_map(t, "map", a, i * AREA, AREA, MAP_RW, 0);
	tour_check(t, "attach an access", s_access_attach(t->s, 0, a), 0);
	tour_pin(t, "pin", 0, 2, RW, 0);
	tour_pin(t, "pin over two areas", AREA - PAGE, 2, RW, 0);
	tour_pin(t, "pin in the third", 2 * AREA, 3, RW, 0);
	tour_unmap(t, "unmap what nobody holds", a, 3 * AREA, AREA, 0, AREA);
	tour_held(t, "nobody is told", &before, 7, 0);
	tour_unmap(t, "unmap the first", a, 0, AREA, 0, AREA);
	tour_held(t, "told, once: the third is kept", &before, 3, 1);
	tour_unpin(t, "unpin what went", 0, 2, -EINVAL);
	tour_pin(t, "pin where nothing is", 0, 2, RW, -ENOENT);
	tour_pin(t, "pin in the second", AREA, 1, RW, 0);
	tour_unmap(t, "unmap one and a half", a, AREA, AREA + PAGE, -ENOENT, 0);
	tour_held(t, "told of the one", &before, 3, 2);
	tour_map(t, "map the second", a, AREA, AREA, MAP_RW, 0);
	tour_pin(t, "pin in it", AREA, 1, RW, 0);
	tour_copy(t, "copy elsewhere", b, 0, a, AREA, 2 * AREA, MAP_RW, 0);
	tour_unmap(t, "unmap a copy that is pinned by the other", b, 0, AREA, 0, AREA);
	tour_held(t, "that is no affair of this IOAS", &before, 4, 2);
	tour_unmap(t, "unmap all", a, 0, 3 * AREA, 0, 2 * AREA);
	tour_held(t, "told of each", &before, 0, 4);
	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_pin(t, "pin", 0, PAGES, RW, 0);
	tour_check(t, "move it", s_access_attach(t->s, 0, b), 0);
	tour_held(t, "told to let go of all", &before, 0, 5);
	tour_pin(t, "pin there", AREA, 2, RW, 0);
	tour_destroy(t, a);
	tour_check(t, "destroy an IOAS that is pinned", s_destroy(t->s, b), -EBUSY);
	tour_check(t, "detach it", s_access_detach(t->s, 0), 0);
	tour_held(t, "told to let go of all, again", &before, 0, 6);
	tour_destroy(t, b);
}

static void tour_two_accesses(struct tour *t, uint32_t ioas)
{
	struct ioas_test_stats one = tour_stats(t, 0), two = tour_stats(t, 1);

	tour_check(t, "attach another access", s_access_attach(t->s, 1, ioas), 0);
	tour_pin(t, "pin", 0, 2, RW, 0);
	tour_check(t, "the other pins the same", s_pin(t->s, 1, IOVA_BASE, 2, RW), 0);
	tour_unpin(t, "unpin", 0, 2, 0);
	tour_unpin(t, "unpin what the other holds", 0, 2, -EINVAL);
	tour_unmap(t, "unmap", ioas, 0, AREA, 0, AREA);
	tour_held(t, "both are told", &one, 0, 1);
	tour_check(t, "both are told", (long long)(tour_stats(t, 1).callbacks - two.callbacks), 1);
	tour_check(t, "the other has let go", (long long)tour_stats(t, 1).pages_pinned, 0);
	tour_check(t, "detach the other", s_access_detach(t->s, 1), 0);
}

/* Pages that a device reaches are pinned already, and stay when it leaves. */
void tour_pins_and_devices(struct tour *t)
{
	struct cdev *dev = &t->s->devices[0];
	uint32_t a = tour_ioas(t), b = tour_ioas(t);

	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	tour_map(t, "map", a, AREA, AREA, MAP_RW, 0);
	tour_check(t, "attach a device", s_attach(t->s, dev, a), 0);
	tour_check(t, "attach an access", s_access_attach(t->s, 0, a), 0);
	tour_pin(t, "pin what is pinned for a device", AREA - PAGE, 2, RW, 0);
	tour_check(t, "detach the device", s_detach(t->s, dev), 0);
	tour_pin(t, "pin more", 0, PAGES, RW, 0);
	tour_check(t, "attach the device again", s_attach(t->s, dev, a), 0);
	tour_unpin(t, "unpin, with the device", AREA - PAGE, 2, 0);
	tour_check(t, "copy for another IOAS", s_attach(t->s, dev, b), 0);
	tour_copy(t, "copy what is pinned", b, 0, a, 0, AREA, MAP_RW, 0);
	tour_unmap(t, "unmap it where it is pinned", a, 0, AREA, 0, AREA);
	tour_unpin(t, "it has let go", 0, PAGES, -EINVAL);
	tour_unmap(t, "unmap what a device has", b, 0, AREA, 0, AREA);
	tour_check(t, "detach the device", s_detach(t->s, dev), 0);
	tour_map(t, "map", a, 0, AREA, MAP_RW, 0);
	if (t->s->nmediated > 1)
		tour_two_accesses(t, a);
	tour_check(t, "detach the access", s_access_detach(t->s, 0), 0);
	tour_destroy(t, a);
	tour_destroy(t, b);
}

/*
 * Another process, whose memory it is not: the kernel pins several pages for it, and one page
 * without even that.
 */
static int other_writes(struct session *s, uint64_t size)
{
	uint8_t *bytes cleanup_free = malloc(size);
	int status = 0;
	pid_t child;

	if (!bytes)
		return -ENOMEM;
	memset(bytes, 0x3c, size);
	child = fork();
	if (!child)
		_exit(testdev_rw(&s->testdev[0], IOVA_BASE + 7, bytes, size, true) ? 1 : 0);
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		return -ECHILD;
	return memcmp(s->buffer + 7, bytes, size) ? -EIO : 0;
}

void tour_rw(struct tour *t)
{
	uint32_t ioas = tour_ioas(t);
	struct session *s = t->s;

	tour_map(t, "map rw", ioas, 0, AREA, MAP_RW, 0);
	tour_map(t, "map r", ioas, AREA, AREA, FD_MAP_READ, 0);
	tour_map(t, "map w", ioas, 2 * AREA, AREA, FD_MAP_WRITE, 0);
	memset((void *)(uintptr_t)tour_va(t, AREA - 64), 0x5a, 128);
	tour_check(t, "attach an access", s_access_attach(s, 0, ioas), 0);
	tour_check(t, "write", s_rw(s, 0, IOVA_BASE + 5, 9000, true), 0);
	tour_check(t, "read it", s_rw(s, 0, IOVA_BASE + 4, 9002, false), 0);
	tour_check(t, "another process writes a little", other_writes(s, 100), 0);
	tour_check(t, "another process writes more", other_writes(s, 9000), 0);
	tour_check(t, "read over two areas", s_rw(s, 0, IOVA_BASE + AREA - 64, 128, false), 0);
	tour_check(t, "write over two areas", s_rw(s, 0, IOVA_BASE + AREA - 64, 128, true), -EPERM);
	tour_check(t, "write what is read", s_rw(s, 0, IOVA_BASE + AREA, 8, true), -EPERM);
	tour_check(t, "write what is written", s_rw(s, 0, IOVA_BASE + 2 * AREA, 8, true), 0);
	tour_check(t, "read what is written", s_rw(s, 0, IOVA_BASE + 2 * AREA, 8, false), -EPERM);
	tour_check(t, "read nothing", s_rw(s, 0, IOVA_BASE, 0, false), -EINVAL);
	tour_check(t, "read what is not mapped", s_rw(s, 0, IOVA_BASE + 3 * AREA, 1, false),
		   -ENOENT);
	tour_check(t, "read over the end", s_rw(s, 0, IOVA_BASE + 3 * AREA - 1, 2, false), -EPERM);
	tour_check(t, "write over the end", s_rw(s, 0, IOVA_BASE + 3 * AREA - 1, 2, true), -ENOENT);
	tour_check(t, "detach it", s_access_detach(s, 0), 0);
	tour_destroy(t, ioas);
}
