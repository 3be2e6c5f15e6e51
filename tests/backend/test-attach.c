// SPDX-License-Identifier: GPL-2.0-or-later
/* TEST_ATTACH: what is in the way of a device; and an attach says the same. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"

#define BASE 0x100000000ULL

static struct ioasb_test_attach ask(int fd, uint32_t ioas, uint64_t page_size, uint64_t first,
				    uint64_t last, const struct ioasb_iova_range *reserved,
				    unsigned int n, struct ioasb_blocker *out, unsigned int room)
{
	struct ioasb_test_attach c = { .size = sizeof(c),
				       .ioas_id = ioas,
				       .num_reserved = n,
				       .page_size = page_size,
				       .aperture_start = first,
				       .aperture_last = last,
				       .reserved = (uintptr_t)reserved,
				       .blockers = (uintptr_t)out,
				       .num_blockers = room,
				       .out_result = 99 };
	uint32_t dev = be_device(fd, page_size, first, last, reserved, n);
	int rc;

	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), 0);
	/* The attach itself is the judge. */
	rc = be_attach(fd, dev, ioas, 0);
	EQ(c.out_result, rc);
	if (!rc)
		EQ(be_detach(fd, dev), 0);
	EQ(be_destroy(fd, dev), 0);
	return c;
}

static void is(const struct ioasb_blocker *b, uint32_t kind, uint64_t start, uint64_t pages,
	       uint32_t region)
{
	EQ(b->kind, kind);
	EQ(b->start, start);
	EQ(b->last, start + pages * PAGE - 1);
	EQ(b->region, region);
}

static void in_the_way(int fd, uint32_t ioas, char *buf)
{
	static const struct ioasb_iova_range allowed = { 4 * BASE, 5 * BASE - 1 };
	struct ioasb_iova_range msi[] = { { 9 * BASE, 9 * BASE + PAGE - 1 },
					  { BASE + PAGE, BASE + 3 * PAGE - 1 } };
	struct ioasb_blocker b[8];
	uint64_t at = 3 * BASE;
	uint32_t id;

	EQ(ask(fd, ioas, PAGE, 0, TOP, msi, 2, b, 8).num_blockers, 0);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE + 2 * PAGE), 0);
	EQ(be_reserve(fd, ioas, IOASB_FIXED, PAGE, &at, &id), 0);
	EQ(be_allow(fd, ioas, &allowed, 1), 0);
	EQ(ask(fd, ioas, PAGE, 0, TOP, msi, 1, b, 8).num_blockers, 0);
	EQ(ask(fd, ioas, PAGE, 0, TOP, msi, 2, b, 8).num_blockers, 2);
	is(&b[0], IOASB_BLOCK_AREA, BASE, 2, 1);
	is(&b[1], IOASB_BLOCK_AREA, BASE + 2 * PAGE, 1, 1);
	EQ(ask(fd, ioas, PAGE, BASE, 3 * BASE - 1, NULL, 0, b, 8).num_blockers, 2);
	is(&b[0], IOASB_BLOCK_ALLOWED, 4 * BASE, BASE / PAGE, IOASB_REGION_ABOVE);
	is(&b[1], IOASB_BLOCK_RESERVATION, 3 * BASE, 1, IOASB_REGION_ABOVE);
	EQ(b[1].id, id);
	EQ(ask(fd, ioas, PAGE, BASE + PAGE, TOP, NULL, 0, b, 8).num_blockers, 1);
	is(&b[0], IOASB_BLOCK_AREA, BASE, 2, IOASB_REGION_BELOW);
	EQ(ask(fd, ioas, 2 * PAGE, 0, TOP, NULL, 0, b, 8).num_blockers, 1);
	is(&b[0], IOASB_BLOCK_PAGE_SIZE, BASE + 2 * PAGE, 1, IOASB_REGION_NONE);
	/* More than there is room for are counted, and no byte behind it is touched. */
	memset(b, 0x55, sizeof(b));
	EQ(ask(fd, ioas, 1 << 30, 2 * BASE, 3 * BASE - 1, msi, 2, b, 1).num_blockers, 8);
	is(&b[0], IOASB_BLOCK_AREA, BASE, 2, IOASB_REGION_BELOW);
	EQ(b[1].kind, 0x55555555);
	EQ(ask(fd, ioas, 1 << 30, 2 * BASE, 3 * BASE - 1, msi, 2, NULL, 0).num_blockers, 8);
	EQ(be_allow(fd, ioas, NULL, 0), 0);
	EQ(be_release(fd, ioas, id), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

/* All devices of the context, but for those that it has. */
static void all_known(int fd, uint32_t ioas, char *buf)
{
	static const struct ioasb_iova_range r = { BASE, BASE };
	uint32_t fits = be_device(fd, PAGE, 0, TOP, NULL, 0);
	uint32_t has = be_device(fd, PAGE, 2 * BASE, TOP, NULL, 0);
	uint32_t bad = be_device(fd, PAGE, 0, TOP, &r, 1);
	struct ioasb_blocker b;
	struct ioasb_test_attach c = { .size = sizeof(c),
				       .flags = IOASB_TEST_ALL,
				       .ioas_id = ioas,
				       .blockers = (uintptr_t)&b,
				       .num_blockers = 1 };

	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), 0);
	EQ(c.out_result, 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE), 0);
	c.num_blockers = 1;
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), 0);
	EQ(c.out_result, -EADDRINUSE);
	EQ(c.num_blockers, 2);
	is(&b, IOASB_BLOCK_AREA, BASE, 1, IOASB_REGION_BELOW);
	EQ(b.dev_id, has);
	EQ(be_destroy(fd, has), 0);
	c.num_blockers = 1;
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), 0);
	EQ(c.num_blockers, 1);
	is(&b, IOASB_BLOCK_AREA, BASE, 1, 0);
	EQ(b.dev_id, bad);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_attach(fd, bad, ioas, 0), 0);
	c.num_blockers = 1;
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), 0);
	EQ(c.num_blockers, 0);
	EQ(be_detach(fd, bad), 0);
	EQ(be_destroy(fd, bad), 0);
	EQ(be_destroy(fd, fits), 0);
}

/* What is valid whichever device comes; without the flag, only those that are there count. */
static void intersection(void)
{
	static const struct ioasb_iova_range msi[] = { { 4 * BASE, 5 * BASE - 1 },
						       { 7 * BASE, 7 * BASE } };
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), dev;
	struct ioasb_iova_range got[4];
	struct ioasb_iova_ranges c = { .size = sizeof(c),
				       .flags = IOASB_RANGES_ALL,
				       .ioas_id = ioas,
				       .num_iovas = 4,
				       .iovas = (uintptr_t)got };

	EQ(be_call(fd, IOASB_IOVA_RANGES, &c), 0);
	EQ(c.num_iovas, 1);
	EQ(c.out_alignment, PAGE);
	be_device(fd, 4 * PAGE, BASE, 8 * BASE - 1, NULL, 0);
	dev = be_device(fd, PAGE, 0, TOP, msi, 2);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	be_device(fd, PAGE, 2 * BASE, 6 * BASE - 1, msi, 1);
	c.num_iovas = 4;
	EQ(be_call(fd, IOASB_IOVA_RANGES, &c), 0);
	EQ(c.num_iovas, 2);
	EQ(c.out_alignment, 4 * PAGE);
	EQ(got[0].start, 2 * BASE);
	EQ(got[0].last, 4 * BASE - 1);
	EQ(got[1].start, 5 * BASE);
	EQ(got[1].last, 6 * BASE - 1);
	c.num_iovas = 1;
	EQ(be_call(fd, IOASB_IOVA_RANGES, &c), -EMSGSIZE);
	EQ(c.num_iovas, 2);
	c.flags = 0;
	c.num_iovas = 4;
	EQ(be_call(fd, IOASB_IOVA_RANGES, &c), 0);
	EQ(c.num_iovas, 3);
	EQ(c.out_alignment, PAGE);
	EQ(got[2].start, 7 * BASE + 1);
	EQ(got[2].last, TOP);
	close(fd);
}

static void arguments(int fd, uint32_t ioas)
{
	struct ioasb_iova_range reversed = { 2, 1 };
	struct ioasb_test_attach good = { .size = sizeof(good),
					  .ioas_id = ioas,
					  .page_size = PAGE,
					  .aperture_last = TOP },
				 c;

#define BAD(field, value, rc)                                                                      \
	c = good;                                                                                  \
	c.field = value;                                                                           \
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), rc)
	BAD(page_size, PAGE, 0);
	BAD(page_size, 3 * PAGE, -EINVAL);
	BAD(page_size, 0, -EINVAL);
	BAD(aperture_start, TOP, 0);
	BAD(aperture_last, 0, 0);
	BAD(num_reserved, 1, -EFAULT);
	BAD(num_reserved, 1025, -ENOSPC);
	BAD(num_reserved, UINT32_MAX, -ENOSPC);
	BAD(num_blockers, UINT32_MAX, 0);
	BAD(flags, 2, -EOPNOTSUPP);
	BAD(ioas_id, 0, -ENOENT);
	c = good;
	c.num_reserved = 1;
	c.reserved = (uintptr_t)&reversed;
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), -EINVAL);
	c = good;
	c.aperture_start = 1;
	c.aperture_last = 0;
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), -EINVAL);
	c = good;
	c.flags = IOASB_TEST_ALL;
	c.page_size = 0;
	EQ(be_call(fd, IOASB_TEST_ATTACH, &c), -EINVAL);
}

static void of_table(int fd)
{
	struct ioasb_ioas_alloc a = { .size = sizeof(a),
				      .mode = IOASB_MODE_TCE,
				      .window_start = BASE,
				      .window_length = 4 * PAGE };
	struct ioasb_iova_range in = { BASE + PAGE, BASE + 2 * PAGE };
	struct ioasb_blocker b[3];

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &a), 0);
	EQ(ask(fd, a.out_ioas_id, PAGE, BASE, 2 * BASE, NULL, 0, b, 3).num_blockers, 0);
	EQ(ask(fd, a.out_ioas_id, 2 * PAGE, BASE, TOP, &in, 1, b, 3).num_blockers, 2);
	is(&b[0], IOASB_BLOCK_WINDOW, BASE, 4, 0);
	is(&b[1], IOASB_BLOCK_PAGE_SIZE, BASE, 4, IOASB_REGION_NONE);
	EQ(be_destroy(fd, a.out_ioas_id), 0);
}

void test_test_attach(void)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	char *buf = be_memory(2 * PAGE);

	in_the_way(fd, ioas, buf);
	all_known(fd, ioas, buf);
	arguments(fd, ioas);
	of_table(fd);
	intersection();
	close(fd);
}
