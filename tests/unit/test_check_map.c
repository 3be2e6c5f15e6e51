// SPDX-License-Identifier: GPL-2.0-or-later
/* what a map or copy leaves behind. */
#include <errno.h>

#include "check_users.h"

/* ---- R-21 ---- */

/* An unmap inside an area of v1 succeeds, and the area stays. */
static void test_over_stale(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V1);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_unmap(cs, 0x12000, 0x1000);
	cs_expect(cs, RULE_UNMAP_SHORT);
	cs_map_fails(cs, 0x13000, 0x1000, 0x800000, -EEXIST); /* it was not asked to go */
	cs_expect_held(cs, RULE_MAP_OVER_STALE);
	cs_map_fails(cs, 0x12000, 0x1000, 0x800000, -EEXIST);
	cs_expect(cs, RULE_MAP_OVER_STALE);
}

/* What has gone meanwhile, and was mapped again, is an ordinary mistake. */
static void test_over_fresh(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V1);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_unmap(cs, 0x12000, 0x1000);
	cs_expect(cs, RULE_UNMAP_SHORT);
	cs_unmap(cs, 0x10000, 0x4000);
	cs_map(cs, 0x12000, 0x1000, 0x800000);
	cs_map_fails(cs, 0x12000, 0x1000, 0x800000, -EEXIST);
	cs_expect_held(cs, RULE_MAP_OVER_STALE);
}

/* ---- R-22 ---- */

static void map_added(struct cs *cs, struct ioas_event ev, uint64_t iova, uint64_t size,
		      uint64_t va)
{
	cs_begin(cs);
	ev.op = cs->op;
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, iova, size, va));
	cs_end(cs, ev);
}

static void test_answer(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	ev = cs_map_op(cs, 0x1000, 0x1000, 0x700000, 0);
	map_added(cs, ev, 0x1000, 0x1000, 0x700000);
	cs_map_fails(cs, 0x3000, 0x1000, 0x700000, -EINVAL);
	cs_expect_held(cs, RULE_MAP_ANSWER);
	ev.body_op.iova = 0x10000;
	map_added(cs, ev, 0x11000, 0x1000, 0x700000);
	cs_expect(cs, RULE_MAP_ANSWER);
	ev.body_op.iova = 0x20000;
	map_added(cs, ev, 0x20000, 0x2000, 0x700000);
	cs_expect(cs, RULE_MAP_ANSWER);
	ev.body_op.iova = 0x30000;
	map_added(cs, ev, 0x30000, 0x1000, 0x701000);
	cs_expect(cs, RULE_MAP_ANSWER);
	ev.body_op.iova = 0x40000;
	ev.body_op.prot = IOAS_PROT_READ;
	map_added(cs, ev, 0x40000, 0x1000, 0x700000);
	cs_expect(cs, RULE_MAP_ANSWER);
}

/* What was asked is not known: then there is one area, and no more to say. */
static void test_answer_unread(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	ev = cs_map_op(cs, 0, 0, 0, 0);
	ev.flags = IOAS_F_ARGS_UNREAD;
	map_added(cs, ev, 0x1000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_MAP_ANSWER);
}

static void test_answer_nothing(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map_fails(cs, 0x1000, 0x1000, 0x700000, 0);
	cs_expect(cs, RULE_MAP_ANSWER);
}

static void test_answer_failure(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	cs_remove(cs, 0x1000); /* taken back */
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x700000, -ENOMEM));
	cs_expect_held(cs, RULE_MAP_ANSWER);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x700000, -ENOMEM));
	cs_expect(cs, RULE_MAP_ANSWER);
}

/* iommufd: the answer could not be written to the caller, and the area is there. */
static void test_answer_fault(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x700000, -EFAULT));
	cs_expect_none(cs);
	cs_begin(cs);
	cs_add(cs, 0x3000, 0x1000, 0x700000);
	cs_end(cs, cs_map_op(cs, 0x3000, 0x1000, 0x700000, -ENOMEM));
	cs_expect(cs, RULE_MAP_ANSWER);
}

/* iommufd: only with FIXED the address is the caller's. */
static void test_answer_iommufd(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_iommufd(cs);
	cs_begin(cs);
	cs_add(cs, 0x5234, 0x1000, 0x700234);
	ev = cs_map_op(cs, 0, 0x1000, 0x700234, 0);
	ev.flags = 0;
	cs_end(cs, ev);
	cs_expect_held(cs, RULE_MAP_ANSWER);
	cs_begin(cs);
	cs_add(cs, 0x15000, 0x1000, 0x700000);
	cs_end(cs, cs_map_op(cs, 0x16000, 0x1000, 0x700000, 0));
	cs_expect(cs, RULE_MAP_ANSWER);
}

/* A table of words: a map takes the place of what was there. */
static void test_answer_overwrites(void **state)
{
	struct cs *cs = *state;

	cs_open(cs, IOAS_BACKEND_BUNDLED, IOAS_MODE_TCE);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_begin(cs);
	cs_remove(cs, 0x1000);
	cs_add(cs, 0x1000, 0x1000, 0x800000);
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x800000, 0));
	cs_expect_held(cs, RULE_MAP_ANSWER);
}

/* ---- R-23 ---- */

static void map_without_prot(struct cs *cs, int64_t result)
{
	struct ioas_event ev;

	cs_begin(cs);
	if (!result) {
		ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x1000, 0x1000, 0x700000);
		ev.body_area.prot = 0;
		cs_send(cs, ev);
	}
	ev = cs_map_op(cs, 0x1000, 0x1000, 0x700000, result);
	ev.body_op.prot = 0;
	ev.body_op.uapi_flags = 0;
	cs_end(cs, ev);
}

static void test_prot(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x5000, 0x1000, 0x700000);
	map_without_prot(cs, -EINVAL);
	cs_expect_held(cs, RULE_MAP_PROT);
	map_without_prot(cs, 0);
	cs_expect(cs, RULE_MAP_PROT);
}

/* The container that iommufd emulates does not ask for permissions. */
static void test_prot_compat(void **state)
{
	struct cs *cs = *state;

	cs_open(cs, IOAS_BACKEND_COMPAT, IOAS_MODE_COVER);
	map_without_prot(cs, 0);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_MAP_PROT], 0);
}

/* ---- copies from IOAS 2 into IOAS 3 ---- */

static void open_two(struct cs *cs)
{
	struct ioas_event ev;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_map(cs, 0x14000, 0x2000, 0x900000);
	cs_begin(cs);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.ioas = 3;
	ev.body_obj.mode = IOAS_MODE_COVER;
	cs_send(cs, ev);
	ev = cs_op(cs, IOAS_OP_ALLOC, 0);
	ev.ioas = 0;
	cs_end(cs, ev);
}

/* A piece at `iova`: memory of the area at `from` of IOAS 2, `skip` bytes into it. */
static void piece(struct cs *cs, uint64_t iova, uint64_t size, uint64_t from, uint64_t skip)
{
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), from);
	struct ioas_event ev;

	assert_non_null(area);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, mirror_area_va(area) + skip);
	ev.body_area.pages_id = mirror_area_pages(area)->id;
	ev.body_area.at = mirror_area_offset(area) + skip;
	cs->ioas = 3;
	ev.ioas = 3;
	cs_fill(cs, iova, size, (int64_t)size);
	cs_send(cs, ev);
	cs->ioas = 2;
}

static void copy_end(struct cs *cs, uint64_t to, uint64_t from, uint64_t size, int64_t result)
{
	struct ioas_event ev = cs_op(cs, IOAS_OP_COPY, result);

	ev.ioas = 3;
	ev.flags = IOAS_F_FIXED;
	ev.body_op.iova = to;
	ev.body_op.va = from;
	ev.body_op.group = 2;
	ev.body_op.size = size;
	ev.body_op.prot = IOAS_PROT_READ;
	cs_end(cs, ev);
}

static void test_copy(void **state)
{
	struct cs *cs = *state;

	open_two(cs);
	cs_begin(cs);
	piece(cs, 0x80000, 0x3000, 0x10000, 0x1000);
	piece(cs, 0x83000, 0x1000, 0x14000, 0);
	copy_end(cs, 0x80000, 0x11000, 0x4000, 0);
	cs_begin(cs);
	copy_end(cs, 0x90000, 0x15000, 0x4000, -ENOENT);
	cs_expect_held(cs, RULE_COPY_SOURCE);
	cs_expect_held(cs, RULE_COPY_PINS_NOTHING);
}

static void test_copy_hole(void **state)
{
	struct cs *cs = *state;

	open_two(cs);
	cs_begin(cs);
	piece(cs, 0x80000, 0x2000, 0x14000, 0);
	piece(cs, 0x82000, 0x1000, 0x14000, 0x1000);
	copy_end(cs, 0x80000, 0x14000, 0x3000, 0);
	cs_expect(cs, RULE_COPY_SOURCE);
}

static void test_copy_memory(void **state)
{
	struct cs *cs = *state;

	open_two(cs);
	cs_begin(cs);
	piece(cs, 0x80000, 0x1000, 0x10000, 0x1000);
	copy_end(cs, 0x80000, 0x10000, 0x1000, 0);
	cs_expect(cs, RULE_COPY_SOURCE);
}

static void test_copy_length(void **state)
{
	struct cs *cs = *state;

	open_two(cs);
	cs_begin(cs);
	piece(cs, 0x80000, 0x1000, 0x10000, 0);
	copy_end(cs, 0x80000, 0x10000, 0x2000, 0);
	cs_expect(cs, RULE_COPY_SOURCE);
}

/* The source goes before the copy is told. */
static void test_copy_raced(void **state)
{
	struct cs *cs = *state;
	uint64_t op, start;

	open_two(cs);
	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	piece(cs, 0x80000, 0x2000, 0x14000, 0);
	cs->tid++;
	cs_unmap(cs, 0x14000, 0x2000);
	cs->tid--;
	cs->op = op;
	cs->start = start;
	cs->removed = 0;
	cs->areas = 0;
	copy_end(cs, 0x80000, 0x14000, 0x2000, 0);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_COPY_SOURCE], 0);
}

static void test_copy_pins(void **state)
{
	struct cs *cs = *state;

	open_two(cs);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_begin(cs);
	piece(cs, 0x80000, 0x2000, 0x14000, 0);
	copy_end(cs, 0x80000, 0x14000, 0x2000, 0);
	cs_expect_held(cs, RULE_COPY_PINS_NOTHING);
	cs_begin(cs);
	piece(cs, 0x90000, 0x2000, 0x14000, 0);
	cs_pages_pin(cs, mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x14000))->id, 2);
	copy_end(cs, 0x90000, 0x14000, 0x2000, 0);
	assert_int_equal(cs->by_rule[RULE_COPY_PINS_NOTHING], 1);
}

/* Memory that nobody has pinned yet is pinned for the target's hardware. */
static void test_copy_pins_for_target(void **state)
{
	struct cs *cs = *state;

	open_two(cs);
	cs->ioas = 3;
	cs_attach_access(cs, 40, 1, true);
	cs->ioas = 2;
	cs_begin(cs);
	cs->ioas = 3;
	cs_send(cs, cs_object(cs, IOAS_EV_DOMAIN_ATTACH, 30));
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs->ioas = 2;
	cs_begin(cs);
	cs_pages_pin(cs, mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x14000))->id, 2);
	piece(cs, 0x80000, 0x2000, 0x14000, 0);
	copy_end(cs, 0x80000, 0x14000, 0x2000, 0);
	assert_int_equal(cs->by_rule[RULE_COPY_PINS_NOTHING], 0);
	assert_int_equal(check_stats(cs->c)->judged[RULE_COPY_PINS_NOTHING], 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup_same_memory, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_over_stale),    T(test_over_fresh),     T(test_answer),
		T(test_answer_unread), T(test_answer_nothing), T(test_answer_failure),
		T(test_answer_fault),  T(test_answer_iommufd), T(test_answer_overwrites),
		T(test_prot),	       T(test_prot_compat),    T(test_copy),
		T(test_copy_hole),     T(test_copy_memory),    T(test_copy_length),
		T(test_copy_raced),    T(test_copy_pins),      T(test_copy_pins_for_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
