// SPDX-License-Identifier: GPL-2.0-or-later
/* ends, and the events themselves. */
#include <errno.h>

#include "check_users.h"

/* ---- R-52, R-53 ---- */

static void gone(struct cs *cs)
{
	cs_send(cs, cs_event(cs, IOAS_EV_IOAS_GONE));
}

static void test_ioas_end(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_unmap_all(cs);
	gone(cs);
	cs_expect_held(cs, RULE_IOAS_END);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	gone(cs);
	cs_expect(cs, RULE_IOAS_END);
	cs_open_as(cs, 6, 7, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_attach(cs, 7, true);
	gone(cs);
	cs_expect(cs, RULE_IOAS_END);
}

static void test_ioas_end_iommufd(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x1000, 0x1fff));
	gone(cs);
	cs_expect_held(cs, RULE_IOAS_END);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0x1000, 0x1fff));
	gone(cs);
	cs_expect(cs, RULE_IOAS_END);
	cs_open_as(cs, 6, 7, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	cs_attach_access(cs, 40, 1, true);
	gone(cs);
	cs_expect(cs, RULE_IOAS_END);
}

static void test_ctx_end(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_close(cs);
	cs_expect_held(cs, RULE_CONTEXT_END);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	cs_expect(cs, RULE_CONTEXT_END);
}

static void test_ctx_end_pages(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_pages_new(cs, 0x700000, 0x1000);
	gone(cs);
	cs_expect_none(cs);
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	cs_expect(cs, RULE_CONTEXT_END);
}

/* ---- R-55 ---- */

static int send_order(struct cs *cs, uint64_t order, uint64_t iova)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, 0x1000, 0x700000);
	ev.time_ns = ++cs->now;
	ev.order = order;
	return check_event(cs->c, &ev);
}

static void test_order(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	send_order(cs, cs->order[1] + 1, 0x1000);
	send_order(cs, 0, 0x3000); /* outside of any sequence */
	send_order(cs, cs->order[1] + 2, 0x5000);
	cs_expect_held(cs, RULE_STREAM_ORDER);
	assert_int_equal(mirror_area_count(cs_ioas(cs)), 3);
	assert_int_equal(send_order(cs, cs->order[1] + 2, 0x7000), 0);
	cs_expect(cs, RULE_STREAM_ORDER);
	assert_int_equal(mirror_area_count(cs_ioas(cs)), 3); /* not taken */
	assert_int_equal(check_stats(cs->c)->uncertain_contexts, 1);
	send_order(cs, 1, 0x9000);
	cs_expect_none(cs); /* no verdict any more */
	assert_int_equal(mirror_area_count(cs_ioas(cs)), 3);
}

/* A hole is a loss and no violation, and then there is no verdict any more. */
static void test_gap(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs->order[1]++;
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->uncertain_contexts, 1);
	assert_int_equal(check_stats(cs->c)->uncertain_since, cs_ctx(cs)->uncertain_since);
	assert_int_equal(check_stats(cs->c)->unjudged, 4);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_map_fails(cs, 0x1000, 0x1000, 0x700000, 0);
	cs_expect(cs, RULE_MAP_ANSWER); /* others are judged as before */
}

/* ---- R-56 ---- */

static void test_known(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_STREAM_KNOWN);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_GOING, 0x8000, 0x1000, 0x700000));
	cs_expect(cs, RULE_STREAM_KNOWN);
	assert_true(cs->seen.has_range);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_GOING, 0x8000, 0x1000, 0x700000));
	cs_expect_none(cs);
}

/* A change in an IOAS of another context. */
static void test_known_elsewhere(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs->ioas = 2;
	cs_begin(cs);
	assert_int_equal(cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, 0x8000, 0x1000, 0x700000)),
			 -EBADMSG);
	cs_expect(cs, RULE_STREAM_KNOWN);
	assert_int_equal(check_stats(cs->c)->uncertain_contexts, 1);
}

static void test_known_adopted(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs->ctx = 1;
	cs->ioas = 2;
	cs->backend = IOAS_BACKEND_TYPE1;
	ev = cs_event(cs, IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	cs_send(cs, ev);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_GOING, 0x8000, 0x1000, 0x700000));
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_GONE, 0x8000, 0x1000, 0x700000));
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->judged[RULE_STREAM_KNOWN], 0);
}

/* What another rule has explained is not told again. */
static void test_known_explained(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_begin(cs);
	assert_int_equal(cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, 0x1000, 0x1000, 0x700000)),
			 -EEXIST);
	cs_expect(cs, RULE_AREA_OVERLAP);
}

/* One field that is wrong in an event of a stream that is right. */
typedef void spoil(struct ioas_event *ev);

static void spoil_prot(struct ioas_event *ev)
{
	ev->body_area.prot = IOAS_PROT_READ;
}

static void spoil_number(struct ioas_event *ev)
{
	ev->body_area.area = 9999;
}

static void spoil_pages(struct ioas_event *ev)
{
	ev->body_area.pages++;
}

static void spoil_pfnmap(struct ioas_event *ev)
{
	ev->body_area.pfnmap++;
}

static void spoil_owner(struct ioas_event *ev)
{
	ev->body_area.owner_tgid = 77;
}

static void spoil_nothing(struct ioas_event *ev)
{
	(void)ev;
}

static void removal(struct cs *cs, spoil *how)
{
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), 0x1000);
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_GOING, 0x1000, 0x1000, 0x700000);

	ev.body_area.area = area->number;
	ev.body_area.prot = area->prot;
	ev.body_area.pages = mirror_area_pinned(area);
	ev.body_area.owner_tgid = 100;
	ev.body_area.owner_uid = 1000;
	how(&ev);
	cs_begin(cs);
	ev.op = cs->op;
	cs_send(cs, ev);
}

static void test_known_details(void **state)
{
	static spoil *const hows[] = { spoil_prot, spoil_number, spoil_pages, spoil_pfnmap,
				       spoil_owner };

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(hows); i++) {
		struct cs *cs = cs_new(NULL);

		cs_open_type1(cs, IOAS_MODE_V2);
		cs_attach(cs, 7, false);
		cs_map(cs, 0x1000, 0x1000, 0x700000);
		removal(cs, spoil_nothing);
		cs_expect_none(cs);
		removal(cs, hows[i]);
		cs_expect(cs, RULE_STREAM_KNOWN);
		assert_int_equal(cs_free(cs), 0);
	}
}

/* A detach of a mediated group that is none, a charge to an owner of another name. */
static void test_known_users(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_begin(cs);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, 7, true));
	cs_expect(cs, RULE_STREAM_KNOWN);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_begin(cs);
	cs_charge(cs, 1, 0);
	cs_charge(cs, 1, 0);
	cs_expect_none(cs);
	ev = cs_event(cs, IOAS_EV_CHARGE);
	ev.body_charge.owner = CS_OWNER;
	ev.body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	ev.body_charge.pages = 1;
	ev.body_charge.owner_tgid = 77;
	cs_send(cs, ev);
	cs_expect(cs, RULE_STREAM_KNOWN);
}

/* Memory that areas share: its address and its owner are its own. */
static void test_known_memory(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;
	uint32_t id;

	cs_open_iommufd(cs);
	cs_begin(cs);
	id = cs_pages_new(cs, 0x700000, 0x4000);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x10000, 0x1000, 0x701000);
	ev.body_area.pages_id = id;
	ev.body_area.at = 0x1000;
	cs_send(cs, ev);
	cs_expect_none(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x20000, 0x1000, 0x702000);
	ev.body_area.pages_id = id;
	ev.body_area.at = 0x1000;
	cs_send(cs, ev);
	cs_expect(cs, RULE_STREAM_KNOWN);
}

/* ---- R-57 ---- */

static void test_op_times(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	cs_expect_held(cs, RULE_STREAM_OP);
	cs_begin(cs);
	cs_add(cs, 0x3000, 0x1000, 0x700000);
	ev = cs_map_op(cs, 0x3000, 0x1000, 0x700000, 0);
	cs->now += 10;
	cs->start = cs->now; /* it began after its change */
	cs_end(cs, ev);
	cs_expect(cs, RULE_STREAM_OP);
}

static void test_op_late_change(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;
	uint64_t op;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	op = cs->op;
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	ev = cs_map_op(cs, 0x1000, 0x1000, 0x700000, 0);
	cs_end(cs, ev);
	cs_expect_none(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x3000, 0x1000, 0x700000);
	ev.op = op;
	cs_send(cs, ev);
	cs_expect(cs, RULE_STREAM_OP);
}

static void test_op_other_task(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	cs->tid++;
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x700000, 0));
	cs_expect(cs, RULE_STREAM_OP);
}

static void test_op_other_task_between(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	ev = cs_group(cs, IOAS_EV_GROUP_ATTACH, 7, true);
	ev.tid = 555;
	cs_send(cs, ev);
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x700000, 0));
	cs_expect(cs, RULE_STREAM_OP);
}

static void test_op_other_context(void **state)
{
	struct cs *cs = *state;
	uint64_t op, start;

	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	op = cs->op;
	start = cs->start;
	cs->ctx = 4;
	cs->ioas = 5;
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	cs->ctx = 1;
	cs->ioas = 2;
	cs->op = op;
	cs->start = start;
	cs_end(cs, cs_map_op(cs, 0x1000, 0x1000, 0x700000, 0));
	cs_expect(cs, RULE_STREAM_OP);
}

/* An op that is never told: no verdict. */
static void test_op_never_told(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	cs_add(cs, 0x1000, 0x1000, 0x700000);
	check_finish(cs->c, UINT64_MAX, cs->now + 1);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->uncertain_contexts, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ioas_end),
		T(test_ioas_end_iommufd),
		T(test_ctx_end),
		T(test_ctx_end_pages),
		T(test_order),
		T(test_gap),
		T(test_known),
		T(test_known_elsewhere),
		T(test_known_adopted),
		T(test_known_explained),
		cmocka_unit_test(test_known_details),
		T(test_known_users),
		T(test_known_memory),
		T(test_op_times),
		T(test_op_late_change),
		T(test_op_other_task),
		T(test_op_other_task_between),
		T(test_op_other_context),
		T(test_op_never_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
