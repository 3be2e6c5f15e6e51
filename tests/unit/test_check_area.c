// SPDX-License-Identifier: GPL-2.0-or-later
/* where areas and ranges may be. */
#include "check_users.h"

/* One change of an op that is not told. */
static void change(struct cs *cs, struct ioas_event ev)
{
	cs_begin(cs);
	ev.op = cs->op;
	cs_send(cs, ev);
	cs->op = 0;
}

static void add(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va)
{
	change(cs, cs_area(cs, IOAS_EV_AREA_ADD, iova, size, va));
}

static void range(struct cs *cs, unsigned int kind, unsigned int class, uint64_t iova,
		  uint64_t last)
{
	change(cs, cs_range(cs, kind, class, iova, last));
}

static void test_overlap(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	add(cs, 0x10000, 0x4000, 0x700000);
	add(cs, 0x14000, 0x4000, 0x800000);
	add(cs, 0xc000, 0x4000, 0x900000);
	cs_expect_held(cs, RULE_AREA_OVERLAP);
	add(cs, 0x13000, 0x1000, 0xa00000);
	cs_expect(cs, RULE_AREA_OVERLAP);
	assert_true(cs->seen.has_range);
	assert_int_equal(cs->seen.iova, 0x13000);
	assert_int_equal(cs->seen.last, 0x13fff);
}

/* What a walk finds again is no second area. */
static void test_found_again(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	add(cs, 0x10000, 0x4000, 0x700000);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x10000, 0x4000, 0x700000);
	ev.flags = IOAS_F_ADOPTED;
	change(cs, ev);
	cs_expect_held(cs, RULE_AREA_OVERLAP);
}

/* An area that is cut off and not gone still has its addresses. */
static void test_overlap_going(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	add(cs, 0x10000, 0x1000, 0x700000);
	change(cs, cs_area(cs, IOAS_EV_AREA_GOING, 0x10000, 0x1000, 0x700000));
	add(cs, 0x10000, 0x1000, 0x700000);
	cs_expect(cs, RULE_AREA_OVERLAP);
}

static void test_range_less_than_page(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	add(cs, 0x1000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_AREA_RANGE);
	add(cs, 0x4000, 0x800, 0x700000);
	cs_expect(cs, RULE_AREA_RANGE);
}

static void test_range_wraps(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	add(cs, UINT64_MAX - 0xfff, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_AREA_RANGE);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x8000, 0x1000, 0x700000);
	ev.body_area.last = 0x1fff;
	cs->raw = true;
	change(cs, ev);
	cs_expect(cs, RULE_AREA_RANGE);
}

/* Where no hardware is, iommufd maps bytes. */
static void test_range_bytes(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_map(cs, 0x1234, 0x100, 0x700234);
	cs_expect_held(cs, RULE_AREA_RANGE);
	cs_expect_held(cs, RULE_AREA_ALIGNMENT);
}

static void test_alignment_type1(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	add(cs, 0x1000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_AREA_ALIGNMENT);
	add(cs, 0x3000, 0x1000, 0x700800);
	cs_expect(cs, RULE_AREA_ALIGNMENT);
}

static void test_alignment_domain(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_attach_domain(cs, 30, 31, 0x10000);
	cs_map(cs, 0x20000, 0x10000, 0x700000);
	cs_expect_held(cs, RULE_AREA_ALIGNMENT);
	cs_map(cs, 0x48000, 0x10000, 0x700000);
	cs_expect(cs, RULE_AREA_ALIGNMENT);
}

static void test_alignment_access(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_attach_access(cs, 40, 0x1000, true);
	cs_map(cs, 0x20000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_AREA_ALIGNMENT);
	cs_map(cs, 0x40000, 0x1000, 0x700800);
	cs_expect(cs, RULE_AREA_ALIGNMENT);
}

static void test_area_in_reserved(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_map(cs, 0x7000, 0x1000, 0x700000);
	cs_map(cs, 0x10000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_AREA_RESERVED);
	cs_map(cs, 0xf000, 0x1000, 0x700000);
	cs_expect(cs, RULE_AREA_RESERVED);
}

static void test_reserved_over_area(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 0x2000, 0x700000);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0x12000, 0x12fff);
	cs_expect_held(cs, RULE_AREA_RESERVED);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0x11000, 0x11fff);
	cs_expect(cs, RULE_AREA_RESERVED);
}

/* Type1 tells no reserved ranges: what is not valid is what counts. */
static void test_valid(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0xfee00000, 0x1000, 0x700000);
	cs_expect_none(cs);
	cs_unmap(cs, 0xfee00000, 0x1000);
	cs_begin(cs);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xfedfffff));
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0xfef00000, UINT64_MAX));
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_map(cs, 0xfedff000, 0x1000, 0x700000);
	cs_map(cs, 0xfef01000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_AREA_VALID);
	cs_map(cs, 0xfeeff000, 0x2000, 0x700000);
	cs_expect(cs, RULE_AREA_VALID);
}

/* Between the ranges of an attach that is half told, none of them means anything. */
static void test_valid_half_told(void **state)
{
	struct cs *cs = *state;
	uint64_t attach;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	attach = cs->op;
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xfedfffff));
	cs->tid++;
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, 0xfef00000, 0x1000, 0x700000));
	cs->op = attach;
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_AREA_VALID], 0);
}

static void test_allowed_reserved(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x1000, 0x7fff);
	cs_expect_held(cs, RULE_ALLOWED_RESERVED);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0xf000, 0x1ffff);
	cs_expect(cs, RULE_ALLOWED_RESERVED);
	range(cs, IOAS_EV_RANGE_CLEAR, IOAS_RANGE_ALLOWED, 0, 0);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x20000, 0x2ffff);
	cs_expect_none(cs);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0x2f000, 0x2ffff);
	cs_expect(cs, RULE_ALLOWED_RESERVED);
}

static void test_allowed_disjoint(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x1000, 0x1fff);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x2000, 0x2fff);
	cs_expect_held(cs, RULE_ALLOWED_DISJOINT);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x2fff, 0x3fff);
	cs_expect(cs, RULE_ALLOWED_DISJOINT);
}

/* A map for which the kernel chose `iova`. */
static void map_anywhere(struct cs *cs, uint64_t iova, uint64_t size, uint64_t va)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_add(cs, iova, size, va);
	ev = cs_map_op(cs, 0, size, va, 0);
	ev.flags = 0;
	cs_end(cs, ev);
}

static void test_allocated_inside(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	map_anywhere(cs, 0x5000, 0x1000, 0x700000);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x10000, 0x11fff);
	range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x12000, 0x12fff);
	map_anywhere(cs, 0x10000, 0x3000, 0x700000);
	cs_map(cs, 0x40000, 0x1000, 0x700000); /* FIXED: wherever it likes */
	cs_expect_held(cs, RULE_ALLOCATED_IOVA);
	map_anywhere(cs, 0x13000, 0x1000, 0x700000);
	cs_expect(cs, RULE_ALLOCATED_IOVA);
}

static void test_allocated_ends(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	map_anywhere(cs, 0x1000, 0x1000, 0x700000);
	map_anywhere(cs, UINT64_MAX - 0x1fff, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_ALLOCATED_IOVA);
	map_anywhere(cs, 0, 0x1000, 0x700000);
	cs_expect(cs, RULE_ALLOCATED_IOVA);
	map_anywhere(cs, UINT64_MAX - 0xfff, 0x1000, 0x700000);
	cs_expect(cs, RULE_ALLOCATED_IOVA);
}

static void test_allocated_offset(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	map_anywhere(cs, 0x5234, 0x100, 0x700234);
	cs_expect_held(cs, RULE_ALLOCATED_IOVA);
	map_anywhere(cs, 0x6000, 0x100, 0x700234);
	cs_expect(cs, RULE_ALLOCATED_IOVA);
}

/* In a context that is older than the events an IOAS may have been heard of before. */
static void test_fresh(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->backend = IOAS_BACKEND_IOMMUFD;
	cs->ctx = 1;
	cs->ioas = 2;
	add(cs, 0x1000, 0x1000, 0x700000);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = IOAS_MODE_COVER;
	ev.ioas = 3;
	cs_send(cs, ev);
	cs_expect_held(cs, RULE_FRESH_FULL);
	ev.ioas = 2;
	cs_send(cs, ev);
	cs_expect(cs, RULE_FRESH_FULL);
}

static void test_fresh_adopted(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->backend = IOAS_BACKEND_IOMMUFD;
	cs->ctx = 1;
	cs->ioas = 2;
	add(cs, 0x1000, 0x1000, 0x700000);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = IOAS_MODE_COVER;
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	cs_expect_none(cs);
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup_same_memory, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_overlap),
		T(test_found_again),
		T(test_overlap_going),
		T(test_range_less_than_page),
		T(test_range_wraps),
		T(test_range_bytes),
		T(test_alignment_type1),
		T(test_alignment_domain),
		T(test_alignment_access),
		T(test_area_in_reserved),
		T(test_reserved_over_area),
		T(test_valid),
		T(test_valid_half_told),
		T(test_allowed_reserved),
		T(test_allowed_disjoint),
		T(test_allocated_inside),
		T(test_allocated_ends),
		T(test_allocated_offset),
		T(test_fresh),
		T(test_fresh_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
