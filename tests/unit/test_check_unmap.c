// SPDX-License-Identifier: GPL-2.0-or-later
/* what an unmap removes and says, in each mode. */
#include <errno.h>

#include "check.h"

static void open_mode(struct cs *cs, uint8_t backend, unsigned int mode)
{
	cs_open(cs, backend, mode);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_map(cs, 0x14000, 0x4000, 0x800000);
	cs_map(cs, 0x20000, 0x4000, 0x900000);
}

static void open_type1(struct cs *cs, unsigned int mode)
{
	open_mode(cs, IOAS_BACKEND_TYPE1, mode);
}

static void open_bundled(struct cs *cs, unsigned int mode)
{
	open_mode(cs, IOAS_BACKEND_BUNDLED, mode);
}

/* An unmap of [iova, iova + size) that removes the areas at `which`, up to a 0. */
static void unmap(struct cs *cs, uint64_t iova, uint64_t size, int64_t result,
		  const uint64_t *which)
{
	cs_begin(cs);
	for (; *which; which++)
		cs_remove(cs, *which);
	cs_end(cs, cs_unmap_op(cs, iova, size, result));
}

#define UNMAP(cs, iova, size, result, ...)                                                         \
	unmap((cs), (iova), (size), (result), (const uint64_t[]){ __VA_ARGS__ __VA_OPT__(, ) 0 })

/* One that is short is only a warning here: it is looked at and forgotten. */
static void expect_short(struct cs *cs)
{
	cs_expect(cs, RULE_UNMAP_SHORT);
}

/* ---- changes ---- */

static void test_part_goes(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	cs_unmap(cs, 0x20000, 0x4000);
	cs_expect_held(cs, RULE_REMOVED_INSIDE);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_GOING, 0x10000, 0x1000, 0x700000));
	cs_expect(cs, RULE_REMOVED_INSIDE);
}

static void test_outside_goes(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	UNMAP(cs, 0x10000, 0x4000, 0, 0x14000);
	cs_expect(cs, RULE_REMOVED_INSIDE);
}

static void test_outside_goes_iommufd(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x10000, 0x14000);
	cs_expect_held(cs, RULE_REMOVED_INSIDE);
	UNMAP(cs, 0x20000, 0x1000, 0, 0x20000);
	cs_expect(cs, RULE_REMOVED_INSIDE);
}

static void test_going_before_gone(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	cs_unmap(cs, 0x14000, 0x4000);
	cs_expect_held(cs, RULE_GOING_BEFORE_GONE);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_GONE, 0x10000, 0x4000, 0x700000));
	cs_expect(cs, RULE_GOING_BEFORE_GONE);
}

/* ---- R-16, mode by mode ---- */

static void test_v1(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V1);
	UNMAP(cs, 0x11000, 0x1000, 0);
	expect_short(cs); /* inside an area: 0 bytes */
	UNMAP(cs, 0x12000, 0x10000, 0);
	expect_short(cs); /* begins inside one: nothing, whatever follows */
	UNMAP(cs, 0x10000, 0x1000, 0, 0x10000); /* goes whole */
	UNMAP(cs, 0x14000, 0xd000, 0, 0x14000, 0x20000); /* the last one sticks out */
	expect_short(cs); /* there was a hole between them */
	cs_expect_held(cs, RULE_UNMAP_SIZE);
}

static void test_v1_begins_inside(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V1);
	UNMAP(cs, 0x12000, 0x4000, 0, 0x14000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_v1_leaves(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V1);
	UNMAP(cs, 0x10000, 0x1000, 0);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_v2(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	UNMAP(cs, 0x11000, 0x1000, -EINVAL);
	UNMAP(cs, 0x10000, 0x5000, -EINVAL);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x10000, 0x14000);
	UNMAP(cs, 0x30000, 0x1000, 0);
	expect_short(cs);
	UNMAP(cs, 0x1f000, 0x6000, 0, 0x20000);
	expect_short(cs);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
}

static void test_v2_refused_and_removed(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	UNMAP(cs, 0x10000, 0x5000, -EINVAL, 0x10000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_v2_leaves(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x10000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

/* Stops at the first area that it would cut; what came before is gone. */
static void test_cover(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	UNMAP(cs, 0x30000, 0x1000, -ENOENT); /* nothing there: older kernels */
	UNMAP(cs, 0x30000, 0x1000, 0); /* newer ones */
	expect_short(cs);
	UNMAP(cs, 0x11000, 0x10000, -ENOENT);
	UNMAP(cs, 0x10000, 0x5000, -ENOENT, 0x10000);
	UNMAP(cs, 0x14000, 0x4000, 0, 0x14000);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
}

static void test_cover_stops_early(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	UNMAP(cs, 0x10000, 0x9000, -ENOENT, 0x10000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_cover_goes_on(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	UNMAP(cs, 0x11000, 0x7000, -ENOENT, 0x14000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_cover_fails_with_all_gone(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	UNMAP(cs, 0x10000, 0x4000, -ENOENT, 0x10000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

/* Other errors say nothing about what was there. */
static void test_cover_busy(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	UNMAP(cs, 0x10000, 0x8000, -EBUSY, 0x10000);
	cs_expect_none(cs);
}

static void test_exact(void **state)
{
	struct cs *cs = *state;

	open_bundled(cs, IOAS_MODE_EXACT);
	UNMAP(cs, 0x10000, 0x8000, -ENOENT);
	UNMAP(cs, 0x10000, 0x1000, -ENOENT);
	UNMAP(cs, 0x10000, 0x4000, 0, 0x10000);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
	UNMAP(cs, 0x14000, 0x4000, -ENOENT);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_exact_superset(void **state)
{
	struct cs *cs = *state;

	open_bundled(cs, IOAS_MODE_EXACT);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x10000, 0x14000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_first(void **state)
{
	struct cs *cs = *state;

	open_bundled(cs, IOAS_MODE_FIRST);
	UNMAP(cs, 0x10000, 0x1000, 0, 0x10000);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
	UNMAP(cs, 0x15000, 0xc000, 0, 0x20000);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

/* Splits [iova, last] at `cut`. */
static void split(struct cs *cs, uint64_t iova, uint64_t last, uint64_t cut, uint64_t va)
{
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_SPLIT, iova, last - iova + 1, va);
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), iova);

	ev.body_area.pages_id = mirror_area_pages(area)->id;
	ev.body_area.at = cut;
	ev.body_area.area2 = ++cs->id;
	cs_send(cs, ev);
}

static void test_any(void **state)
{
	struct cs *cs = *state;

	open_bundled(cs, IOAS_MODE_ANY);
	cs_begin(cs);
	split(cs, 0x10000, 0x13fff, 0x12000, 0x700000);
	cs_remove(cs, 0x12000);
	cs_remove(cs, 0x14000);
	cs_end(cs, cs_unmap_op(cs, 0x12000, 0x6000, 0));
	cs_expect_held(cs, RULE_UNMAP_SIZE);
	assert_int_equal(check_stats(cs->c)->areas_split, 1);
	UNMAP(cs, 0x11000, 0x1000, 0);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

static void test_tce(void **state)
{
	struct cs *cs = *state;

	open_bundled(cs, IOAS_MODE_TCE);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x10000, 0x14000);
	cs_expect_held(cs, RULE_UNMAP_SIZE);
	UNMAP(cs, 0x20000, 0x4000, 0);
	cs_expect(cs, RULE_UNMAP_SIZE);
}

/* ---- what keeps R-16 from a verdict ---- */

/* Another op maps what this one has just removed, before this one is told. */
static void test_size_raced(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;
	uint64_t op, start;

	open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_remove(cs, 0x10000);
	ev = cs_unmap_op(cs, 0x10000, 0x4000, 0);
	op = cs->op;
	start = cs->start;
	cs->tid++;
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs->tid--;
	cs->op = op;
	cs->start = start;
	cs_end(cs, ev);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_UNMAP_SIZE], 0);
}

/* iommufd: another op maps what this one has passed, before this one removes anything. */
static void test_size_passed(void **state)
{
	struct cs *cs = *state;
	uint64_t op, start;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	cs_begin(cs);
	op = cs->op;
	start = cs->start;
	cs->tid++;
	cs_map(cs, 0x8000, 0x1000, 0x700000);
	cs->tid--;
	cs->op = op;
	cs->start = start;
	cs_remove(cs, 0x10000);
	cs_end(cs, cs_unmap_op(cs, 0x8000, 0xc000, 0));
	expect_short(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_UNMAP_SIZE], 0);
}

/* Areas of an older IOAS are not known. */
static void test_size_adopted(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->backend = IOAS_BACKEND_TYPE1;
	cs->ctx = 1;
	cs->ioas = 2;
	ev = cs_event(cs, IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	ev = cs_event(cs, IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = IOAS_MODE_V2;
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	UNMAP(cs, 0x10000, 0x4000, 0);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->adopted_contexts, 1);
	assert_int_equal(check_stats(cs->c)->judged[RULE_UNMAP_SIZE], 0);
}

/* A VADDR unmap removes nothing, and says a size all the same. */
static void test_vaddr_removes_nothing(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_VADDR_INVALID, 0x10000, 0x4000, 0));
	ev = cs_unmap_op(cs, 0x10000, 0x4000, 0);
	ev.body_op.uapi_flags = 4;
	ev.body_op.returned = 0x4000;
	cs_end(cs, ev);
	cs_expect_none(cs);
}

/* ---- R-17 to R-20 ---- */

static void test_returned(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	open_type1(cs, IOAS_MODE_V2);
	cs_unmap(cs, 0x10000, 0x4000);
	cs_expect_held(cs, RULE_UNMAP_RETURNED);
	cs_begin(cs);
	cs_remove(cs, 0x14000);
	ev = cs_unmap_op(cs, 0x14000, 0x4000, 0);
	ev.body_op.returned = 0x8000;
	cs_end(cs, ev);
	cs_expect(cs, RULE_UNMAP_RETURNED);
}

static void test_not_returned(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_remove(cs, 0x14000);
	ev = cs_unmap_op(cs, 0x14000, 0x4000, 0);
	ev.flags = 0;
	ev.body_op.returned = 0;
	cs_end(cs, ev);
	cs_expect_none(cs);
}

static void test_order(void **state)
{
	struct cs *cs = *state;

	open_mode(cs, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	cs_map(cs, 0x30000, 0x1000, 0xa00000);
	UNMAP(cs, 0x20000, 0x11000, 0, 0x20000, 0x30000);
	expect_short(cs);
	cs_expect_held(cs, RULE_UNMAP_ORDER);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x14000, 0x10000);
	cs_expect(cs, RULE_UNMAP_ORDER);
}

static void test_order_type1(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	UNMAP(cs, 0x10000, 0x8000, 0, 0x14000, 0x10000);
	cs_expect_none(cs);
}

static void unmap_all_but(struct cs *cs, bool leave)
{
	struct ioas_event ev;

	cs_begin(cs);
	cs_remove(cs, 0x10000);
	cs_remove(cs, 0x14000);
	if (!leave)
		cs_remove(cs, 0x20000);
	ev = cs_unmap_op(cs, 0, 0, 0);
	ev.body_op.uapi_flags = 2;
	cs_end(cs, ev);
}

static void test_all(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	unmap_all_but(cs, false);
	cs_unmap_all(cs); /* of nothing */
	cs_expect_held(cs, RULE_UNMAP_ALL);
	assert_int_equal(check_stats(cs->c)->unmaps[CHECK_UNMAP_ALL], 2);
}

static void test_all_leaves(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	unmap_all_but(cs, true);
	cs_expect(cs, RULE_UNMAP_ALL);
	assert_int_equal(cs->seen.iova, 0x20000);
}

static void test_short(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	cs_unmap(cs, 0x10000, 0x8000);
	cs_expect_held(cs, RULE_UNMAP_SHORT);
	cs_unmap(cs, 0x1c000, 0x8000);
	cs_expect(cs, RULE_UNMAP_SHORT);
	assert_int_equal(cs->seen.severity, RULE_WARNING);
	assert_int_equal(check_stats(cs->c)->by_severity[RULE_WARNING], 1);
}

/* v1 removes more than was asked for: that is not short. */
static void test_not_short(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V1);
	cs_unmap(cs, 0x10000, 0x1000);
	cs_expect_held(cs, RULE_UNMAP_SHORT);
}

/* ---- how it was asked ---- */

static void assert_classes(struct cs *cs, uint64_t exact, uint64_t superset, uint64_t subset,
			   uint64_t bisect, uint64_t empty)
{
	const struct check_stats *s = check_stats(cs->c);

	assert_int_equal(s->unmaps[CHECK_UNMAP_EXACT], exact);
	assert_int_equal(s->unmaps[CHECK_UNMAP_SUPERSET], superset);
	assert_int_equal(s->unmaps[CHECK_UNMAP_SUBSET], subset);
	assert_int_equal(s->unmaps[CHECK_UNMAP_BISECT], bisect);
	assert_int_equal(s->unmaps[CHECK_UNMAP_EMPTY], empty);
}

static void test_classes_v2(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V2);
	UNMAP(cs, 0x11000, 0x1000, -EINVAL);
	assert_classes(cs, 0, 0, 1, 0, 0);
	UNMAP(cs, 0x10000, 0x1000, -EINVAL);
	assert_classes(cs, 0, 0, 2, 0, 0);
	UNMAP(cs, 0x10000, 0x5000, -EINVAL);
	assert_classes(cs, 0, 0, 2, 1, 0);
	UNMAP(cs, 0x11000, 0x7000, -EINVAL);
	assert_classes(cs, 0, 0, 2, 2, 0);
	UNMAP(cs, 0xf000, 0x2000, -EINVAL);
	assert_classes(cs, 0, 0, 2, 3, 0);
	UNMAP(cs, 0x10000, 0x4000, 0, 0x10000);
	assert_classes(cs, 1, 0, 2, 3, 0);
	UNMAP(cs, 0x10000, 0x4000, 0);
	assert_classes(cs, 1, 0, 2, 3, 1);
	UNMAP(cs, 0x14000, 0x10000, 0, 0x14000, 0x20000);
	assert_classes(cs, 1, 1, 2, 3, 1);
}

static void test_classes_v1(void **state)
{
	struct cs *cs = *state;

	open_type1(cs, IOAS_MODE_V1);
	UNMAP(cs, 0x11000, 0x1000, 0);
	assert_classes(cs, 0, 0, 1, 0, 0);
	UNMAP(cs, 0x10000, 0x1000, 0, 0x10000);
	assert_classes(cs, 0, 0, 2, 0, 0);
	UNMAP(cs, 0x13000, 0x2000, 0, 0x14000);
	assert_classes(cs, 0, 0, 2, 1, 0);
}

static void test_classes_any(void **state)
{
	struct cs *cs = *state;

	open_bundled(cs, IOAS_MODE_ANY);
	cs_begin(cs);
	split(cs, 0x10000, 0x13fff, 0x11000, 0x700000);
	split(cs, 0x11000, 0x13fff, 0x12000, 0x701000);
	cs_remove(cs, 0x11000);
	cs_end(cs, cs_unmap_op(cs, 0x11000, 0x1000, 0));
	assert_classes(cs, 0, 0, 1, 0, 0);
	cs_begin(cs);
	split(cs, 0x12000, 0x13fff, 0x13000, 0x702000);
	cs_remove(cs, 0x13000);
	cs_remove(cs, 0x14000);
	cs_end(cs, cs_unmap_op(cs, 0x13000, 0x5000, 0));
	assert_classes(cs, 0, 0, 1, 1, 0);
	cs_unmap(cs, 0x20000, 0x4000);
	assert_classes(cs, 1, 0, 1, 1, 0);
	cs_expect_none(cs);
}

static void test_class_names(void **state)
{
	(void)state;
	assert_string_equal(check_unmap_name(CHECK_UNMAP_EXACT), "exact");
	assert_string_equal(check_unmap_name(CHECK_UNMAP_ALL), "all");
	assert_null(check_unmap_name(CHECK_UNMAP_CLASSES));
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup_same_memory, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_part_goes),
		T(test_outside_goes),
		T(test_outside_goes_iommufd),
		T(test_going_before_gone),
		T(test_v1),
		T(test_v1_begins_inside),
		T(test_v1_leaves),
		T(test_v2),
		T(test_v2_refused_and_removed),
		T(test_v2_leaves),
		T(test_cover),
		T(test_cover_stops_early),
		T(test_cover_goes_on),
		T(test_cover_fails_with_all_gone),
		T(test_cover_busy),
		T(test_exact),
		T(test_exact_superset),
		T(test_first),
		T(test_any),
		T(test_tce),
		T(test_size_raced),
		T(test_size_passed),
		T(test_size_adopted),
		T(test_vaddr_removes_nothing),
		T(test_returned),
		T(test_not_returned),
		T(test_order),
		T(test_order_type1),
		T(test_all),
		T(test_all_leaves),
		T(test_short),
		T(test_not_short),
		T(test_classes_v2),
		T(test_classes_v1),
		T(test_classes_any),
		cmocka_unit_test(test_class_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
