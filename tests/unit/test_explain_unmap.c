// SPDX-License-Identifier: GPL-2.0-or-later
/* How unmaps meet areas, and why they fail or leave something. */
#include "explain_unit.h"

/* ---- unmaps ---- */

static void unmap_is(struct why *w, uint64_t iova, uint64_t size, enum check_unmap_class class)
{
	assert_true(see(w, op_event(w, IOAS_OP_UNMAP, iova, size, 0)));
	assert_true(w->out.has_class);
	assert_int_equal(w->out.class, class);
}

static void remove_area(struct why *w, uint64_t iova, uint64_t last)
{
	uint8_t backend = mirror_find_ctx(w->f.m, 1)->backend;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GOING, iova, last, 0x700000);

	see(w, of(ev, backend, 90));
	ev.kind = IOAS_EV_AREA_GONE;
	see(w, of(ev, backend, 90));
}

static bool listed(const struct why *w, enum explain_what what)
{
	for (size_t i = 0; i < w->out.nreasons; i++) {
		if (w->out.reasons[i].what == what)
			return true;
	}
	return false;
}

static void test_unmap_classes(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x20000, 0x20fff, 0x700000);

	open_type1(w, IOAS_MODE_V2);
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	w->f.now += 100;
	unmap_is(w, 0x30000, 0x1000, CHECK_UNMAP_EMPTY);
	assert_int_equal(w->out.nreasons, 0);
	remove_area(w, 0x10000, 0x13fff);
	unmap_is(w, 0x10000, 0x4000, CHECK_UNMAP_EXACT);
	assert_int_equal(w->out.areas, 1);
	remove_area(w, 0x20000, 0x20fff);
	unmap_is(w, 0x20000, 0x2000, CHECK_UNMAP_SUPERSET);
	/* What the first one did is not the second one's. */
	unmap_is(w, 0x20000, 0x2000, CHECK_UNMAP_EMPTY);
	assert_int_equal(w->out.areas, 0);
}

static void test_v1_inside(void **state)
{
	struct why *w = *state;
	const struct explain_reason *r;

	open_type1(w, IOAS_MODE_V1);
	r = sure(w, op_event(w, IOAS_OP_UNMAP, 0x11000, 0x1000, 0), EXPLAIN_INSIDE);
	assert_int_equal(r->area.number, 7);
	assert_int_equal(w->out.class, CHECK_UNMAP_SUBSET);
}

static void test_v2_bisects(void **state)
{
	struct why *w = *state;

	open_type1(w, IOAS_MODE_V2);
	assert_int_equal(
		sure(w, op_event(w, IOAS_OP_UNMAP, 0x12000, 0x8000, -EINVAL), EXPLAIN_BISECTS)
			->area.number,
		7);
	assert_int_equal(w->out.class, CHECK_UNMAP_BISECT);
	assert_int_equal(sure(w, op_event(w, IOAS_OP_UNMAP, 0, 0x11000, -EINVAL), EXPLAIN_BISECTS)
				 ->area.number,
			 7);
	sure(w, op_event(w, IOAS_OP_UNMAP, 0x10800, 0x1000, -EINVAL), EXPLAIN_MISALIGNED);
	sure(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0, -EINVAL), EXPLAIN_NO_SIZE);
	/* Nothing would be cut: something else is wrong. */
	maybe(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0x4000, -EINVAL), EXPLAIN_ARGUMENT);
}

/* v1 leaves an area that the range cuts alone, and does not fail for it. */
static void test_v1_cuts_nothing(void **state)
{
	struct why *w = *state;

	open_type1(w, IOAS_MODE_V1);
	maybe(w, op_event(w, IOAS_OP_UNMAP, 0x12000, 0x8000, -EINVAL), EXPLAIN_ARGUMENT);
	assert_false(listed(w, EXPLAIN_BISECTS));
	assert_false(listed(w, EXPLAIN_VADDR));
}

/* Dirty pages are asked for before, and void addresses after v2 looks for a cut. */
static void test_v2_other_checks(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_type1(w, IOAS_MODE_V2);
	ev = op_event(w, IOAS_OP_UNMAP, 0x12000, 0x8000, -EINVAL);
	ev.body_op.uapi_flags = CHECK_TYPE1_UNMAP_DIRTY;
	maybe(w, ev, EXPLAIN_BISECTS);
	assert_true(listed(w, EXPLAIN_ARGUMENT));
	ev.body_op.uapi_flags = CHECK_TYPE1_VADDR;
	sure(w, ev, EXPLAIN_BISECTS);
	ev.body_op.iova = 0x10000;
	ev.body_op.size = 0x4000;
	maybe(w, ev, EXPLAIN_VADDR);
}

static void test_iommufd_stops(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x20000, 0x23fff, 0);
	const struct explain_reason *r;

	open_iommufd(w);
	sure(w, op_event(w, IOAS_OP_UNMAP, 0x30000, 0x1000, -ENOENT), EXPLAIN_NOTHING);
	ev.body_area.area = 8;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 5));
	w->f.now += 100;
	remove_area(w, 0x10000, 0x13fff);
	r = sure(w, op_event(w, IOAS_OP_UNMAP, 0x10000, 0x11000, -ENOENT), EXPLAIN_BISECTS);
	assert_int_equal(r->area.number, 8);
	assert_int_equal(r->bytes, 0x4000);
	ev = op_event(w, IOAS_OP_UNMAP, 0x20000, 0x1000, -ENOENT);
	ev.ioas = 0;
	sure(w, ev, EXPLAIN_NO_OBJECT);
}

/* Everything is asked for with an address and a size of 0: neither is what is wrong. */
static void test_all_fails(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_type1(w, IOAS_MODE_V2);
	/* Areas whose addresses are void are asked to become void. */
	ev = op_event(w, IOAS_OP_UNMAP, 0, 0, -EINVAL);
	ev.body_op.uapi_flags = CHECK_TYPE1_UNMAP_ALL | CHECK_TYPE1_VADDR;
	maybe(w, ev, EXPLAIN_VADDR);
	assert_true(listed(w, EXPLAIN_ARGUMENT));
	assert_int_equal(w->out.nreasons, 2);
	ev.body_op.uapi_flags = CHECK_TYPE1_UNMAP_ALL;
	maybe(w, ev, EXPLAIN_ARGUMENT);
	assert_int_equal(w->out.nreasons, 1);
	/* An address with it is wrong, and cuts nothing for all that. */
	ev.body_op.iova = 0x11000;
	ev.body_op.size = 0x1000;
	maybe(w, ev, EXPLAIN_ARGUMENT);
	assert_int_equal(w->out.nreasons, 1);
}

static void test_compat_all_fails(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_backend(w, IOAS_BACKEND_COMPAT, IOAS_MODE_COVER);
	ev = op_event(w, IOAS_OP_UNMAP, 0x1000, 0, -EINVAL);
	ev.body_op.uapi_flags = 2;
	ev.flags = IOAS_F_ALL;
	maybe(w, ev, EXPLAIN_ARGUMENT);
	assert_int_equal(w->out.nreasons, 1);
}

/* Nobody has seen the size. */
static void test_unread(void **state)
{
	struct why *w = *state;
	struct ioas_event ev;

	open_type1(w, IOAS_MODE_V2);
	ev = op_event(w, IOAS_OP_UNMAP, 0, 0, -EINVAL);
	ev.flags = IOAS_F_ARGS_UNREAD;
	maybe(w, ev, EXPLAIN_ARGUMENT);
	assert_false(listed(w, EXPLAIN_NO_SIZE));
	/* Nor of which IOAS. */
	ev = op_event(w, IOAS_OP_UNMAP, 0, 0, -ENOENT);
	ev.flags = IOAS_F_ARGS_UNREAD;
	ev.ioas = 0;
	maybe(w, ev, EXPLAIN_NO_OBJECT);
}

/* A pin across the beginning of the range: the area in the range is the one that is held. */
static void test_held(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x14000, 0x14fff, 0x704000);
	struct ioas_event pin = area_event(IOAS_EV_ACCESS_PIN, 0x13000, 0x14fff, 0);

	open_iommufd(w);
	ev.body_area.area = 8;
	see(w, of(ev, IOAS_BACKEND_IOMMUFD, 5));
	see(w, of(pin, IOAS_BACKEND_IOMMUFD, 0));
	assert_int_equal(
		sure(w, op_event(w, IOAS_OP_UNMAP, 0x14000, 0x1000, -EDEADLK), EXPLAIN_HELD)
			->area.number,
		8);
}

/* An area that came while the op ran was not there for it. */
static void test_unmap_and_newcomer(void **state)
{
	struct why *w = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x30000, 0x30fff, 0x700000);

	open_type1(w, IOAS_MODE_V2);
	see(w, of(ev, IOAS_BACKEND_TYPE1, 5));
	unmap_is(w, 0x30000, 0x1000, CHECK_UNMAP_EMPTY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WHY(test_unmap_classes),
		WITH_WHY(test_v1_inside),
		WITH_WHY(test_v2_bisects),
		WITH_WHY(test_v1_cuts_nothing),
		WITH_WHY(test_v2_other_checks),
		WITH_WHY(test_iommufd_stops),
		WITH_WHY(test_unmap_and_newcomer),
		WITH_WHY(test_all_fails),
		WITH_WHY(test_held),
		WITH_WHY(test_compat_all_fails),
		WITH_WHY(test_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
