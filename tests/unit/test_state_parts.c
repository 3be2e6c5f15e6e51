// SPDX-License-Identifier: GPL-2.0-or-later
/* Sums of a state, merged areas, pins, times of a recording. */
#include <errno.h>

#include "core/state_merged.h"
#include "core/state_pins.h"
#include "core/state_time.h"
#include "unit_state.h"

/* 8 TiB and more, up to the last address; all of it together is 2^64. */
static void test_sizes(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);

	(void)arg;
	unit_hardware(i);
	/* Added backwards: they are sorted in the end. */
	unit_area(i, -(1ULL << 62), 1ULL << 62, 0)->pinned = 1LL << 50;
	unit_area(i, 0, 1ULL << 43, 0)->pinned = 1LL << 31;
	state_finish(&s);
	assert_int_equal(state_area_pages(&i->areas[0]), 1LL << 31);
	assert_int_equal(i->areas[1].last, UINT64_MAX);
	assert_int_equal(i->bytes, (1ULL << 62) + (1ULL << 43));
	assert_int_equal(state_sum_pinned(i), 0);
	assert_int_equal(i->pinned, (1LL << 50) + (1LL << 31));
	i->areas[1].iova = 1ULL << 43;
	state_finish(&s);
	assert_int_equal(i->bytes, UINT64_MAX);
	i->areas[0].last = UINT64_MAX;
	assert_int_equal(state_area_pages(&i->areas[0]), 1LL << 52);
	assert_int_equal(state_bytes(0, UINT64_MAX), UINT64_MAX);
	assert_int_equal(state_bytes(1, UINT64_MAX), UINT64_MAX);
	assert_int_equal(state_bytes(UINT64_MAX, UINT64_MAX), 1);
}

static void test_order(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ctx *c;

	(void)arg;
	unit_ctx(&s, 9, IOAS_BACKEND_IOMMUFD);
	c = unit_ctx(&s, 4, IOAS_BACKEND_IOMMUFD);
	unit_pages(c, 7, 0, 1);
	unit_pages(c, 2, 0, 1);
	unit_pages(c, 5, 0, 1);
	state_finish(&s);
	c = &s.ctxs[0];
	assert_int_equal(c->id, 4);
	assert_int_equal(state_find_pages(c, 2)->id, 2);
	assert_int_equal(state_find_pages(c, 5)->id, 5);
	assert_int_equal(state_find_pages(c, 7)->id, 7);
	assert_null(state_find_pages(c, 1));
	assert_null(state_find_pages(c, 6));
	assert_null(state_find_pages(c, 8));
	assert_null(state_find_pages(&s.ctxs[1], 7));
}

/* Object 9: pages 0-7 and 4-11 of it are pinned through two areas: 12 pages, and 3 own ones. */
static void test_pinned_once(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_pages p = unit_pages(c, 9, 0x70000, 16);
	struct state_ioas *i = unit_ioas(c, 2);

	(void)arg;
	unit_shared(i, 0x200000, 8 * PAGE, &p, 4 * PAGE)->pinned = 8;
	unit_shared(i, 0x100000, 8 * PAGE, &p, 0)->pinned = 8;
	unit_area(i, 0x300000, 4 * PAGE, 0)->pinned = 3;
	assert_int_equal(state_sum_pinned(i), 0);
	assert_int_equal(i->pinned, 15);
	/* In part, of what is shown twice: which part is not known. */
	i->areas[0].pinned = 7;
	assert_int_equal(state_sum_pinned(i), 0);
	assert_int_equal(i->pinned, -1);
	/* Apart from each other it does not matter which. */
	i->areas[0].offset = 8 * PAGE;
	assert_int_equal(state_sum_pinned(i), 0);
	assert_int_equal(i->pinned, 18);
	i->areas[2].pinned = -1;
	assert_int_equal(state_sum_pinned(i), 0);
	assert_int_equal(i->pinned, -1);
}

static void test_pinned_at(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct state_area *a = unit_area(i, 0x10000, 8 * PAGE, 0);

	(void)arg;
	a->pinned = 3;
	unit_pin(i, 0x12000, PAGE, 1);
	unit_pin(i, 0x15000, 2 * PAGE, 4);
	state_finish(&s);
	assert_int_equal(state_pinned_at(i, a, 0x11fff), 0);
	assert_int_equal(state_pinned_at(i, a, 0x12000), 1);
	assert_int_equal(state_pinned_at(i, a, 0x12fff), 1);
	assert_int_equal(state_pinned_at(i, a, 0x13000), 0);
	assert_int_equal(state_pinned_at(i, a, 0x16fff), 1);
	assert_int_equal(state_pinned_at(i, a, 0x17000), 0);
	i->pins_known = false;
	assert_int_equal(state_pinned_at(i, a, 0x17000), -1);
	a->pinned = 8;
	assert_int_equal(state_pinned_at(i, a, 0x17000), 1);
	a->pinned = 0;
	assert_int_equal(state_pinned_at(i, a, 0x17000), 0);
	/* Hardware pins the rest; of how much nobody told. */
	a->pinned = -1;
	i->pins_known = true;
	unit_hardware(i);
	assert_int_equal(state_pinned_at(i, a, 0x17000), -1);
	assert_int_equal(state_pinned_at(i, a, 0x12000), 1);
}

static size_t rows(const struct state_ioas *i, struct state_merged *out, size_t max)
{
	size_t pos = 0, n = 0;

	while (n < max && state_merged_next(i, &pos, &out[n]))
		n++;
	return n;
}

static void test_merged(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct state_merged m[8];

	(void)arg;
	/* Three that go on; a gap; then each differs in one thing from the one before. */
	unit_area(i, 0x0000, PAGE, 0x70000)->pinned = 1;
	unit_area(i, 0x1000, PAGE, 0x71000)->pinned = 1;
	unit_area(i, 0x2000, 2 * PAGE, 0x72000);
	unit_area(i, 0x5000, PAGE, 0x75000);
	unit_area(i, 0x6000, PAGE, 0x77000); /* memory elsewhere */
	unit_area(i, 0x7000, PAGE, 0x78000)->prot = IOAS_PROT_READ;
	unit_area(i, 0x8000, PAGE, 0x79000)->prot = IOAS_PROT_READ;
	i->areas[6].tgid = 101;
	state_finish(&s);
	assert_int_equal(rows(i, m, 8), 5);
	assert_int_equal(m[0].iova, 0);
	assert_int_equal(m[0].last, 0x3fff);
	assert_int_equal(m[0].va, 0x70000);
	assert_int_equal(m[0].areas, 3);
	assert_int_equal(m[0].requests, 3);
	assert_int_equal(m[0].pinned, 2);
	assert_int_equal(m[4].areas, 1);
	/* Two parts of one mapping that was split, by its time. */
	i->areas[0].time_ns = i->areas[1].time_ns = 5000;
	i->areas[2].time_ns = 6000;
	i->areas[2].pinned = -1;
	assert_int_equal(rows(i, m, 8), 5);
	assert_int_equal(m[0].areas, 3);
	assert_int_equal(m[0].requests, 2);
	assert_int_equal(m[0].pinned, -1);
	i->areas[1].vaddr_invalid = 1;
	assert_int_equal(rows(i, m, 8), 7);
}

/* Objects: process memory goes on by address, a file by offset in one object only. */
static void test_merged_objects(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_pages p = unit_pages(c, 9, 0x70000, 2), q = unit_pages(c, 10, 0x72000, 2);
	struct state_pages f = unit_pages(c, 11, 0, 4);
	struct state_ioas *i = unit_ioas(c, 2);
	struct state_merged m[8];

	(void)arg;
	f.memory = IOAS_MEMORY_FILE;
	unit_shared(i, 0x0000, 2 * PAGE, &p, 0);
	unit_shared(i, 0x2000, 2 * PAGE, &q, 0);
	unit_shared(i, 0x4000, PAGE, &f, PAGE);
	unit_shared(i, 0x5000, PAGE, &f, 2 * PAGE);
	unit_shared(i, 0x6000, PAGE, &f, 0);
	unit_shared(i, -PAGE, PAGE, &f, 0); /* nothing follows the last address */
	state_finish(&s);
	assert_int_equal(rows(i, m, 8), 4);
	assert_int_equal(m[0].areas, 2);
	assert_int_equal(m[0].pages_id, 0);
	assert_int_equal(m[1].areas, 2);
	assert_int_equal(m[1].pages_id, 11);
	assert_int_equal(m[1].offset, PAGE);
}

/* Ranges per area: 0, 1, 3, and 4; one reaches into two areas; one is in none. */
static void test_histogram(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct state_histogram h;
	__u64 from, to;

	(void)arg;
	for (__u64 n = 0; n < 4; n++)
		unit_area(i, 0x10000 * n, 16 * PAGE, 0);
	unit_pin(i, 0x1f000, 2 * PAGE, 1); /* the end of area 1, the begin of area 2 */
	for (__u64 n = 0; n < 2; n++)
		unit_pin(i, 0x24000 + 0x2000 * n, PAGE, 1);
	for (__u64 n = 0; n < 4; n++)
		unit_pin(i, 0x30000 + 0x2000 * n, PAGE, 1);
	unit_pin(i, 0x90000, PAGE, 1);
	state_finish(&s);
	state_histogram(i, &h);
	assert_int_equal(h.total, 4);
	assert_int_equal(h.ranges, 8);
	assert_int_equal(h.outside, 1);
	assert_int_equal(h.areas[0], 1);
	assert_int_equal(h.areas[1], 1);
	assert_int_equal(h.areas[2], 1); /* 2 or 3 */
	assert_int_equal(h.areas[3], 1); /* 4 to 7 */
	state_bin_limits(0, &from, &to);
	assert_int_equal(from, 0);
	assert_int_equal(to, 0);
	state_bin_limits(3, &from, &to);
	assert_int_equal(from, 4);
	assert_int_equal(to, 7);
}

#define S 1000000000ULL

static void test_time(void **arg)
{
	static const struct {
		const char *text;
		int err;
		__u64 ns;
	} cases[] = {
		{ "0", 0, 100 * S },
		{ "12.5", 0, 112 * S + S / 2 },
		{ "+12.000000001", 0, 112 * S + 1 },
		{ "-3", 0, 197 * S },
		{ "-0.25", 0, 199 * S + S * 3 / 4 },
		{ "-100", 0, 100 * S },
		{ "-100.000000001", -ERANGE, 0 },
		{ "-300", -ERANGE, 0 },
		{ "150000000000ns", 0, 150 * S },
		{ "99999999999ns", -ERANGE, 0 },
		{ "500", 0, 600 * S },
		{ "18446744073709551615ns", 0, UINT64_MAX },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "18446744074", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "ns", -EINVAL, 0 },
		{ "12.", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "1.0000000001", -EINVAL, 0 },
		{ "12s", -EINVAL, 0 },
		{ "1.5ns", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "--3", -EINVAL, 0 },
		{ " 3", -EINVAL, 0 },
	};

	(void)arg;
	for (size_t n = 0; n < UNIT_COUNT(cases); n++) {
		__u64 ns = 42;

		if (state_time_parse(cases[n].text, 100 * S, 200 * S, &ns) != cases[n].err ||
		    ns != (cases[n].err ? 42 : cases[n].ns))
			fail_msg("'%s' gave %llu", cases[n].text, (unsigned long long)ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),	    cmocka_unit_test(test_order),
		cmocka_unit_test(test_pinned_once), cmocka_unit_test(test_pinned_at),
		cmocka_unit_test(test_merged),	    cmocka_unit_test(test_merged_objects),
		cmocka_unit_test(test_histogram),   cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
