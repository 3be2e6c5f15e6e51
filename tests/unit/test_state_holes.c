// SPDX-License-Identifier: GPL-2.0-or-later
/* What is not mapped, or mapped and not pinned. */
#include "core/holes.h"
#include "unit_state.h"

struct list {
	struct hole hole[128];
	size_t n;
};

static int keep(const struct hole *h, void *arg)
{
	struct list *l = arg;

	assert_true(l->n < UNIT_COUNT(l->hole));
	l->hole[l->n++] = *h;
	return 0;
}

static struct holes_totals find(const struct state_ioas *i, unsigned int kinds, struct list *l)
{
	struct holes_totals t;

	l->n = 0;
	assert_int_equal(holes_find(i, kinds, keep, l, &t), 0);
	return t;
}

static void check_hole(const struct hole *h, enum hole_kind kind, __u64 iova, __u64 last)
{
	assert_int_equal(h->kind, kind);
	assert_int_equal(h->iova, iova);
	assert_int_equal(h->last, last);
}

/* [0, 0xfff], [0x1000, 0x1fff], [0x4000, 0x4fff], [-PAGE, end] */
static void test_gaps(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct holes_totals t;
	struct list l;

	(void)arg;
	unit_area(i, 0, PAGE, 0);
	unit_area(i, 0x1000, PAGE, 0);
	unit_area(i, 0x4000, PAGE, 0);
	unit_area(i, -PAGE, PAGE, 0);
	state_finish(&s);
	t = find(i, HOLE_BIT(HOLE_GAP), &l);
	assert_int_equal(l.n, 2);
	check_hole(&l.hole[0], HOLE_GAP, 0x2000, 0x3fff);
	check_hole(&l.hole[1], HOLE_GAP, 0x5000, -PAGE - 1);
	assert_int_equal(t.count[HOLE_GAP], 2);
	/* All but four pages. */
	assert_int_equal(t.bytes[HOLE_GAP], -4 * PAGE);
	/* Nobody told of ranges: nothing is said of them. */
	assert_int_equal(find(i, HOLE_BIT(HOLE_VALID), &l).count[HOLE_VALID], 0);
}

/* 16 pages at 0x10000: 2 and 3, and 8 to 17 are held; 4 pages at 0x40000, none. */
static void test_unpinned_exact(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct holes_totals t;
	struct list l;

	(void)arg;
	unit_area(i, 0x10000, 16 * PAGE, 0)->pinned = 10;
	unit_area(i, 0x20000, 2 * PAGE, 0)->pinned = 2;
	unit_area(i, 0x40000, 4 * PAGE, 0);
	unit_pin(i, 0x12000, 2 * PAGE, 3);
	unit_pin(i, 0x18000, 10 * PAGE, 1);
	state_finish(&s);
	t = find(i, HOLE_BIT(HOLE_UNPINNED), &l);
	assert_int_equal(l.n, 3);
	check_hole(&l.hole[0], HOLE_UNPINNED, 0x10000, 0x11fff);
	check_hole(&l.hole[1], HOLE_UNPINNED, 0x14000, 0x17fff);
	check_hole(&l.hole[2], HOLE_UNPINNED, 0x40000, 0x43fff);
	assert_int_equal(l.hole[1].pages, 4);
	assert_true(l.hole[1].exact);
	assert_int_equal(t.bytes[HOLE_UNPINNED], 10 * PAGE);
	assert_int_equal(t.unknown, 0);
}

/* Where hardware pins, or client ranges are not known, only numbers are. */
static void test_unpinned_counts(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct holes_totals t;
	struct list l;

	(void)arg;
	unit_hardware(i);
	unit_area(i, 0, 8 * PAGE, 0)->pinned = 8;
	unit_area(i, 0x10000, 8 * PAGE, 0)->pinned = 3;
	i->areas[1].pfnmap = 1;
	unit_area(i, 0x20000, 8 * PAGE, 0)->pinned = -1;
	unit_area(i, 0x30000, 8 * PAGE, 0);
	unit_area(i, 0x40000, 8 * PAGE, 0)->memory = IOAS_MEMORY_DMABUF;
	state_finish(&s);
	t = find(i, HOLE_BIT(HOLE_UNPINNED), &l);
	assert_int_equal(l.n, 3);
	check_hole(&l.hole[0], HOLE_UNPINNED, 0x10000, 0x17fff);
	assert_int_equal(l.hole[0].pages, 4);
	assert_false(l.hole[0].exact);
	assert_int_equal(l.hole[1].pages, -1);
	assert_int_equal(l.hole[2].pages, 8);
	assert_true(l.hole[2].exact);
	assert_int_equal(t.bytes[HOLE_UNPINNED], 12 * PAGE);
	assert_int_equal(t.unknown, 1);
}

/* Two owners reserve the same; areas cut an allowed range in three. */
static void test_ranges(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD), 2);
	struct holes_totals t;
	struct list l;

	(void)arg;
	unit_area(i, 0x2000, PAGE, 0);
	unit_area(i, 0x6000, 2 * PAGE, 0);
	unit_range(i, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff);
	unit_range(i, IOAS_RANGE_RESERVED, 0xfee00000, 0xfee0ffff);
	unit_range(i, IOAS_RANGE_RESERVED, 0xfeef0000, 0xfef0ffff);
	unit_range(i, IOAS_RANGE_ALLOWED, 0x1000, 0x8fff);
	unit_range(i, IOAS_RANGE_ALLOWED, 0x6000, 0x6fff);
	unit_range(i, IOAS_RANGE_VALID, 0, 0xfedfffff);
	unit_range(i, IOAS_RANGE_VALID, 0xff000000, UINT64_MAX);
	state_finish(&s);
	t = find(i, HOLE_BIT(HOLE_RESERVED) | HOLE_BIT(HOLE_ALLOWED), &l);
	assert_int_equal(l.n, 6);
	check_hole(&l.hole[0], HOLE_RESERVED, 0xfee00000, 0xfee0ffff);
	check_hole(&l.hole[1], HOLE_RESERVED, 0xfee00000, 0xfeefffff);
	check_hole(&l.hole[2], HOLE_RESERVED, 0xfeef0000, 0xfef0ffff);
	assert_int_equal(l.hole[0].owner, 77);
	check_hole(&l.hole[3], HOLE_ALLOWED, 0x1000, 0x1fff);
	check_hole(&l.hole[4], HOLE_ALLOWED, 0x3000, 0x5fff);
	check_hole(&l.hole[5], HOLE_ALLOWED, 0x8000, 0x8fff);
	/* Each address once: 0xfee00000-0xfef0ffff. */
	assert_int_equal(t.bytes[HOLE_RESERVED], 0x110000);
	assert_int_equal(t.bytes[HOLE_ALLOWED], 5 * PAGE);
	t = find(i, HOLE_BIT(HOLE_VALID), &l);
	assert_int_equal(t.count[HOLE_VALID], 4);
	/* 2^64 less the invalid 0xfee00000-0xfeffffff and three mapped pages. */
	assert_int_equal(t.bytes[HOLE_VALID], -0x200000ULL - 3 * PAGE);
}

/* Where no valid range was given, all 2^64 addresses are. */
static void test_all_valid(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD), 2);
	struct holes_totals t;
	struct list l;

	(void)arg;
	t = find(i, ~0U, &l);
	assert_int_equal(l.n, 1);
	check_hole(&l.hole[0], HOLE_VALID, 0, UINT64_MAX);
	assert_int_equal(t.bytes[HOLE_VALID], UINT64_MAX);
	/* All of it mapped, in two areas: no hole. */
	unit_area(i, 0, 1ULL << 63, 0);
	unit_area(i, 1ULL << 63, 1ULL << 63, 0);
	i->areas[0].pinned = i->areas[1].pinned = 1LL << 51;
	unit_pin(i, 0, 0, 1); /* up to UINT64_MAX */
	state_finish(&s);
	assert_int_equal(i->bytes, UINT64_MAX);
	find(i, ~0U, &l);
	assert_int_equal(l.n, 0);
}

enum {
	SPACE = 64, /* pages */
};

static bool mapped(const struct state_ioas *i, __u64 iova)
{
	for (size_t n = 0; n < i->nareas; n++) {
		if (i->areas[n].iova <= iova && iova <= i->areas[n].last)
			return true;
	}
	return false;
}

static bool pinned(const struct state_ioas *i, __u64 iova)
{
	for (size_t n = 0; n < i->npins; n++) {
		if (i->pins[n].iova <= iova && iova <= i->pins[n].last)
			return true;
	}
	return false;
}

static bool allowed(const struct state_ioas *i, __u64 iova)
{
	for (size_t n = 0; n < i->nranges; n++) {
		if (i->ranges[n].iova <= iova && iova <= i->ranges[n].last)
			return true;
	}
	return false;
}

static void fill(struct state_ioas *i, struct unit_random *r)
{
	for (__u64 p = 0; p < SPACE;) {
		__u64 left = SPACE - p, n = 1 + unit_below(r, left < 6 ? left : 6);

		if (unit_below(r, 2))
			unit_area(i, p * PAGE, n * PAGE, 0);
		if (unit_below(r, 2))
			unit_pin(i, p * PAGE, n * PAGE, 1);
		if (unit_below(r, 2))
			unit_range(i, IOAS_RANGE_ALLOWED, p * PAGE, (p + n) * PAGE - 1);
		p += n;
	}
}

/* Small spaces at random, held against a look at each page. */
static void test_random(void **arg)
{
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(400);

	(void)arg;
	for (size_t n = 0; n < steps; n++) {
		_cleanup_state_ struct state s = {};
		struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD), 2);
		__u64 unpinned = 0, free = 0, all = 0;
		struct holes_totals t;
		struct list l;

		fill(i, &r);
		state_finish(&s);
		for (__u64 a = 0; a < SPACE * PAGE; a += PAGE) {
			unpinned += mapped(i, a) && !pinned(i, a) ? PAGE : 0;
			free += allowed(i, a) && !mapped(i, a) ? PAGE : 0;
			all += mapped(i, a) ? PAGE : 0;
		}
		t = find(i, HOLE_BIT(HOLE_UNPINNED), &l);
		UNIT_REQUIRE(t.bytes[HOLE_UNPINNED] == unpinned, &r, n);
		for (size_t k = 0; k < l.n; k++)
			UNIT_REQUIRE(mapped(i, l.hole[k].iova) && !pinned(i, l.hole[k].last), &r,
				     n);
		t = find(i, HOLE_BIT(HOLE_ALLOWED), &l);
		UNIT_REQUIRE(t.bytes[HOLE_ALLOWED] == free, &r, n);
		t = find(i, HOLE_BIT(HOLE_VALID), &l);
		UNIT_REQUIRE(t.bytes[HOLE_VALID] == (all ? -all : UINT64_MAX), &r, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_unpinned_exact),
		cmocka_unit_test(test_unpinned_counts),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_all_valid),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
