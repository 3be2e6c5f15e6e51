// SPDX-License-Identifier: GPL-2.0-or-later
/* users that come and go. */
#include <errno.h>

#include "check_users.h"

static void add_range(struct cs *cs, unsigned int class, uint64_t iova, uint64_t last)
{
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, class, iova, last));
}

static void del_range(struct cs *cs, unsigned int class, uint64_t iova, uint64_t last)
{
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_DEL, class, iova, last));
}

/* ---- R-09, R-10 ---- */

static void test_ranges_type1(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_VALID, 0, 0xffff);
	add_range(cs, IOAS_RANGE_VALID, 0x20000, 0xfffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_begin(cs);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_CLEAR, IOAS_RANGE_VALID, 0, 0));
	add_range(cs, IOAS_RANGE_VALID, 0x1000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_begin(cs);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_CLEAR, IOAS_RANGE_VALID, 0, 0));
	add_range(cs, IOAS_RANGE_VALID, 0, 0x1ffff);
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
	cs_expect_held(cs, RULE_ATTACH_NARROWS);
	cs_expect_held(cs, RULE_DETACH_WIDENS);
}

static void test_attach_widens(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_VALID, 0, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_VALID, 0x20000, 0x2ffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_expect(cs, RULE_ATTACH_NARROWS);
}

static void test_detach_narrows(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	add_range(cs, IOAS_RANGE_RESERVED, 0xa000, 0x1ffff); /* they may overlap */
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_begin(cs);
	del_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
	cs_expect_held(cs, RULE_DETACH_WIDENS);
	cs_begin(cs);
	del_range(cs, IOAS_RANGE_RESERVED, 0xa000, 0x1ffff);
	add_range(cs, IOAS_RANGE_RESERVED, 0x30000, 0x30fff);
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
	cs_expect(cs, RULE_DETACH_WIDENS);
}

/* A replace does both. */
static void test_replace(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_begin(cs);
	del_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	add_range(cs, IOAS_RANGE_RESERVED, 0x30000, 0x30fff);
	cs_end(cs, cs_op(cs, IOAS_OP_REPLACE, 0));
	cs_expect_none(cs);
}

/* Two that change ranges at once say nothing about each other. */
static void test_ranges_raced(void **state)
{
	struct cs *cs = *state;
	uint64_t op, start;

	cs_open_iommufd(cs);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	add_range(cs, IOAS_RANGE_RESERVED, 0x20000, 0x20fff);
	cs->tid++;
	cs_begin(cs);
	del_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
	cs->tid--;
	cs->op = op;
	cs->start = start;
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_expect_none(cs);
}

/* ---- R-26 ---- */

static void test_query(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs->never_asks = true;
	cs_attach(cs, 7, false); /* nobody has asked for anything yet */
	cs_map(cs, 0x10000, 0x1000, 0x700000);
	cs_attach(cs, 8, false);
	cs_query(cs);
	cs_map(cs, 0x20000, 0x1000, 0x700000);
	cs_attach(cs, 9, true); /* no hardware, no other ranges */
	cs_map(cs, 0x30000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_QUERY_AFTER_ATTACH);
	cs_detach(cs, 8, false);
	cs_map_fails(cs, 0x40000, 0x1000, 0x700000, -EINVAL);
	cs_expect_none(cs);
	cs_map(cs, 0x40000, 0x1000, 0x700000);
	cs_expect(cs, RULE_QUERY_AFTER_ATTACH);
	assert_int_equal(cs->seen.severity, RULE_INFO);
	cs_map(cs, 0x50000, 0x1000, 0x700000); /* once for each detach */
	cs_expect_none(cs);
}

static void test_query_iommufd(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs->never_asks = true;
	cs_query(cs);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_map(cs, 0x10000, 0x1000, 0x700000);
	cs_expect(cs, RULE_QUERY_AFTER_ATTACH);
}

/* ---- R-27 ---- */

static void test_attach_fails(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_begin(cs);
	cs_replay(cs, 1);
	cs_replay(cs, -1);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, -ENOMEM));
	cs_expect_held(cs, RULE_ATTACH_ATOMIC);
	cs_begin(cs);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_ATTACH, 7, true));
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, -ENOMEM));
	cs_expect(cs, RULE_ATTACH_ATOMIC);
}

static void test_attach_fails_pinned(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_begin(cs);
	cs_replay(cs, 1);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, -ENOMEM));
	assert_int_equal(cs->by_rule[RULE_ATTACH_ATOMIC], 1);
}

static void test_attach_fails_ranges(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	del_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, -EADDRINUSE));
	cs_expect_held(cs, RULE_ATTACH_ATOMIC);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_RESERVED, 0x8000, 0xffff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, -EADDRINUSE));
	cs_expect(cs, RULE_ATTACH_ATOMIC);
}

/* It succeeds, and an area lies where none may be now. */
static void test_attach_over_area(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_begin(cs);
	add_range(cs, IOAS_RANGE_VALID, 0, 0x13fff);
	add_range(cs, IOAS_RANGE_VALID, 0x20000, UINT64_MAX);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_expect_held(cs, RULE_ATTACH_ATOMIC);
	cs_begin(cs);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_CLEAR, IOAS_RANGE_VALID, 0, 0));
	add_range(cs, IOAS_RANGE_VALID, 0, 0x12fff);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_expect(cs, RULE_ATTACH_ATOMIC);
	assert_int_equal(cs->seen.iova, 0x10000);
}

/* ---- R-42 ---- */

static void test_once_group(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_attach(cs, 8, false);
	cs_detach(cs, 7, false);
	cs_attach(cs, 7, false);
	cs_expect_held(cs, RULE_DOMAIN_ONCE);
	cs_attach(cs, 8, false);
	cs_expect(cs, RULE_DOMAIN_ONCE);
}

static void test_detach_unknown(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_begin(cs);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 8, false));
	cs_expect(cs, RULE_DOMAIN_ONCE);
}

static void test_once_objects(void **state)
{
	static const unsigned int kinds[] = { IOAS_EV_DOMAIN_ATTACH, IOAS_EV_DEVICE_ATTACH,
					      IOAS_EV_ACCESS_ATTACH };

	for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
		struct cs *cs = cs_new(NULL);

		cs_open_iommufd(cs);
		cs_begin(cs);
		cs_send(cs, cs_object(cs, kinds[i], 30));
		cs_send(cs, cs_object(cs, kinds[i] + 1, 30));
		cs_send(cs, cs_object(cs, kinds[i], 30));
		cs_expect_held(cs, RULE_DOMAIN_ONCE);
		cs_send(cs, cs_object(cs, kinds[i], 30));
		cs_expect(cs, RULE_DOMAIN_ONCE);
		assert_int_equal(cs_free(cs), 0);
	}
	(void)state;
}

/* ---- R-51 ---- */

static void test_last_hardware(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_attach(cs, 8, true);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_detach(cs, 7, false);
	cs_expect_held(cs, RULE_LAST_DETACH);
	cs_attach(cs, 7, false);
	cs_begin(cs);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 7, false));
	cs_end(cs, cs_group_op(cs, IOAS_OP_DETACH, 7));
	cs_expect(cs, RULE_LAST_DETACH);
}

static void test_last_user(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_detach(cs, 7, false);
	cs_expect_held(cs, RULE_LAST_DETACH);
	assert_int_equal(mirror_area_count(cs_ioas(cs)), 0);
	cs_attach(cs, 8, true);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_begin(cs);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 8, true));
	cs_end(cs, cs_group_op(cs, IOAS_OP_DETACH, 8));
	cs_expect(cs, RULE_LAST_DETACH);
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup_same_memory, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ranges_type1),	     T(test_attach_widens),
		T(test_detach_narrows),	     T(test_replace),
		T(test_ranges_raced),	     T(test_query),
		T(test_query_iommufd),	     T(test_attach_fails),
		T(test_attach_fails_pinned), T(test_attach_fails_ranges),
		T(test_attach_over_area),    T(test_once_group),
		T(test_detach_unknown),	     cmocka_unit_test(test_once_objects),
		T(test_last_hardware),	     T(test_last_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
