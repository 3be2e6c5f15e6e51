// SPDX-License-Identifier: GPL-2.0-or-later
/* What attaches and detaches do to the valid ranges, and why they fail. */
#include "explain_unit.h"

/* ---- ranges ---- */

static void test_attach_narrows(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	attach_device(w);
	assert_true(attach_ends(w, IOAS_OP_ATTACH));
	assert_int_equal(w->out.nreasons, 0);
	assert_non_null(w->out.before);
	assert_int_equal(w->out.before->count, 1);
	assert_range(w->out.before->at[0], 0, UINT64_MAX);
	assert_int_equal(w->out.after->count, 2);
	assert_range(w->out.after->at[0], 0x1000, 0xfedfffff);
	assert_range(w->out.after->at[1], 0xfef00000, 0xffffffff);
	assert_int_equal(w->out.ncauses, 2);
	assert_false(w->out.causes[0].aperture);
	assert_range(w->out.causes[0].range, 0xfee00000, 0xfeefffff);
	assert_string_equal(w->out.causes[0].user.name, "0000:02:00.0");
	assert_true(w->out.causes[1].aperture);
	assert_range(w->out.causes[1].range, 0x1000, 0xffffffff);
	/* The same op does not tell it twice. */
	assert_false(see(w, op_event(w, IOAS_OP_QUERY, 0, 0, 0)));
}

static void test_detach_widens(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	attach_device(w);
	attach_ends(w, IOAS_OP_ATTACH);
	see(w, of(device_event(IOAS_EV_DEVICE_DETACH, 30, 40), IOAS_BACKEND_IOMMUFD, 60));
	see(w, of(range_event(IOAS_EV_RANGE_CLEAR, IOAS_RANGE_RESERVED, 0, UINT64_MAX, 30),
		  IOAS_BACKEND_IOMMUFD, 60));
	assert_true(attach_ends(w, IOAS_OP_DETACH));
	assert_int_equal(w->out.before->count, 2);
	assert_int_equal(w->out.after->count, 1);
	assert_range(w->out.after->at[0], 0x1000, 0xffffffff);
	assert_int_equal(w->out.ncauses, 1);
	assert_true(w->out.causes[0].gone);
	assert_string_equal(w->out.causes[0].user.name, "0000:02:00.0");
}

/* Two owners of one range: when one goes nothing becomes valid. */
static void test_ranges_stay(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	add_range(w, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 31);
	attach_ends(w, IOAS_OP_ATTACH);
	add_range(w, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 30);
	assert_false(attach_ends(w, IOAS_OP_ATTACH));
}

static void test_type1_narrows(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_type1(w, IOAS_MODE_V2);
	see(w, of(range_event(IOAS_EV_RANGE_CLEAR, IOAS_RANGE_VALID, 0, UINT64_MAX, 0),
		  IOAS_BACKEND_TYPE1, 60));
	add_range(w, IOAS_RANGE_VALID, 0, 0xfedfffff, 0);
	ev = op_event(w, IOAS_OP_ATTACH, 0, 0, 0);
	ev.op = 60;
	ev.body_op.group = 12;
	ev.body_op.group_valid = 1;
	assert_true(see(w, ev));
	assert_range(w->out.after->at[0], 0, 0xfedfffff);
	assert_int_equal(w->out.ncauses, 1);
	assert_true(w->out.causes[0].user.has_group);
	assert_int_equal(w->out.causes[0].user.group, 12);
}

/* ---- attaches that fail ---- */

static void refuse_reserve(struct why *w, uint64_t iova, uint64_t size)
{
	struct ioas_event ev = op_event(w, IOAS_OP_RESERVE, iova, size, -EADDRINUSE);

	ev.op = 92;
	ev.body_op.latency_ns = 0;
	see(w, ev);
}

static void test_area_in_the_way(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;
	const struct explain_reason *r;

	open_iommufd(w);
	ev = op_event(w, IOAS_OP_ATTACH, 0, 0, -EADDRINUSE);
	ev.body_op.group = 12;
	ev.body_op.group_valid = 1;
	refuse_reserve(w, 0x12000, 0x1000);
	r = sure(w, ev, EXPLAIN_AREA_IN_WAY);
	assert_int_equal(r->area.number, 7);
	assert_range(r->range, 0x12000, 0x12fff);
	assert_int_equal(r->user.group, 12);
	add_range(w, IOAS_RANGE_ALLOWED, 0x50000, 0x5ffff, 0);
	refuse_reserve(w, 0x58000, 0x1000);
	assert_range(sure(w, ev, EXPLAIN_ALLOWED_IN_WAY)->other, 0x50000, 0x5ffff);
	w->f.now += 100;
	maybe(w, ev, EXPLAIN_AREA_IN_WAY);
}

static void test_attached_twice(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = unit_event(IOAS_EV_GROUP_ATTACH);

	open_type1(w, IOAS_MODE_V2);
	ev.body_obj.group = 12;
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	ev = op_event(w, IOAS_OP_ATTACH, 0, 0, -EINVAL);
	ev.body_op.group_valid = 1;
	ev.body_op.group = 12;
	sure(w, ev, EXPLAIN_TWICE);
	ev.body_op.group = 13;
	maybe(w, ev, EXPLAIN_AREA_IN_WAY);
}

static bool op_ends(struct why *w, uint64_t op)
{
	struct ioas_event ev = op_event(w, IOAS_OP_ATTACH, 0, 0, 0);

	ev.op = op;
	return see(w, ev);
}

/*
 * With 70000 gaps a copy is 70001 * 16 + 8 bytes and a little more with each op: of 20 ops at
 * once 14 fit into 16 MiB. Once one has ended there is room again.
 */
static void test_many_at_once(void **state)
{
	struct why *w = *state;

	open_iommufd(w);
	for (uint64_t n = 0; n < 70000; n++)
		see(w, of(range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, n << 13, n << 13, 30),
			  IOAS_BACKEND_IOMMUFD, 0));
	for (uint64_t op = 100; op < 120; op++)
		see(w, of(range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, (op << 40),
				      (op << 40) + 1, 31),
			  IOAS_BACKEND_IOMMUFD, op));
	assert_true(op_ends(w, 119));
	assert_true(w->out.unkept);
	assert_null(w->out.before);
	assert_int_equal(w->out.ncauses, 1);
	assert_true(op_ends(w, 114));
	assert_true(w->out.unkept);
	assert_true(op_ends(w, 113));
	assert_false(w->out.unkept);
	assert_int_equal(w->out.before->count, 70000 + 13);
	see(w, of(range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 1ULL << 60, 1ULL << 60, 31),
		  IOAS_BACKEND_IOMMUFD, 130));
	assert_true(op_ends(w, 130));
	assert_non_null(w->out.before);
	assert_int_equal(w->out.before->count, 70000 + 20);
	assert_int_equal(w->out.after->count, 70000 + 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WHY(test_many_at_once),   WITH_WHY(test_attach_narrows),
		WITH_WHY(test_detach_widens),  WITH_WHY(test_ranges_stay),
		WITH_WHY(test_type1_narrows),  WITH_WHY(test_area_in_the_way),
		WITH_WHY(test_attached_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
