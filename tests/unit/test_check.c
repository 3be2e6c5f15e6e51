// SPDX-License-Identifier: GPL-2.0-or-later
/* The checker's engine: what is judged and what is not, and what it shows. */
#include <errno.h>

#include "check_users.h"

#include "core/check_impl.h"

/* ---- streams in which nothing is wrong ---- */

static void use_type1(struct cs *cs)
{
	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_attach(cs, 8, true);
	cs_map(cs, 0, 4 * CS_PAGE, 0x700000);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x800000);
	cs_unmap(cs, 0, 4 * CS_PAGE);
	cs_detach(cs, 7, false);
	cs_pin(cs, 8, 0x10000, CS_PAGE);
	cs_unpin(cs, 8, 0x10000, CS_PAGE);
	cs_detach(cs, 8, true);
	cs_close(cs);
}

static void use_iommufd(struct cs *cs)
{
	cs_open_as(cs, 4, 5, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
	cs_map(cs, 0x10000, 4 * CS_PAGE, 0x700000);
	cs_attach_domain(cs, 30, 31, CS_PAGE);
	cs_map(cs, 0x20000, 4 * CS_PAGE, 0x800000);
	cs_unmap(cs, 0x10000, 4 * CS_PAGE);
	cs_detach_domain(cs, 30, 31);
	cs_attach_access(cs, 40, 1, true);
	cs_pin(cs, 40, 0x20000, CS_PAGE);
	cs_unpin(cs, 40, 0x20000, CS_PAGE);
	cs_detach_access(cs, 40);
	cs_unmap_all(cs);
	cs_close(cs);
}

static void test_clean(void **state)
{
	struct cs *cs = *state;
	const struct check_stats *s = check_stats(cs->c);

	use_type1(cs);
	use_iommufd(cs);
	check_finish(cs->c, s->events, cs->now);
	cs_expect_held(cs, RULE_STREAM_KNOWN);
	assert_int_equal(s->uncertain_contexts, 0);
	assert_int_equal(s->unjudged, 0);
	assert_int_equal(s->adopted_contexts, 0);
	assert_int_equal(s->no_memory, 0);
	assert_int_equal(s->areas_added, 4);
	assert_int_equal(s->areas_removed, 4);
	assert_null(mirror_ctx_first(check_mirror(cs->c)));
}

/* ---- policy ---- */

static void test_policy(void **state)
{
	struct rule_policy policy = rules_default_policy();
	struct check_options options = { .policy = &policy };
	const struct check_stats *s;
	struct cs *cs;

	(void)state;
	policy.severity[RULE_MAP_ANSWER] = RULE_OFF;
	policy.severity[RULE_UNMAP_SHORT] = RULE_ERROR;
	cs = cs_new(&options);
	s = check_stats(cs->c);
	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map_fails(cs, 0x1000, 0x1000, 0x700000, 0);
	cs_expect_none(cs);
	assert_int_equal(s->violations[RULE_MAP_ANSWER], 1);
	assert_int_equal(s->by_severity[RULE_ERROR], 0);
	cs_unmap(cs, 0x1000, 0x1000);
	cs_expect(cs, RULE_UNMAP_SHORT);
	assert_int_equal(cs->seen.severity, RULE_ERROR);
	assert_int_equal(cs->seen.number, 1);
	assert_int_equal(s->by_severity[RULE_ERROR], 1);
	assert_int_equal(cs_free(cs), 0);
}

/* ---- loss ---- */

static void test_lost_tail(void **state)
{
	struct cs *cs = *state;
	const struct check_stats *s = check_stats(cs->c);

	use_type1(cs);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	check_finish(cs->c, s->events + 1, 9999);
	assert_int_equal(s->uncertain_contexts, 2); /* the one that has gone as well */
	assert_int_equal(s->uncertain_since, 9999);
	assert_int_equal(cs_ctx(cs)->uncertain_since, 9999);
	cs_expect_none(cs);
}

/* What the reader says itself was never handed over. */
static void test_whole_tail(void **state)
{
	struct cs *cs = *state;
	const struct check_stats *s = check_stats(cs->c);
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	ev = cs_event(cs, IOAS_EV_UNCERTAIN);
	ev.ctx = 0;
	ev.ioas = 0;
	ev.body_obj.value = 1234;
	check_event(cs->c, &ev);
	assert_int_equal(s->uncertain_contexts, 1);
	assert_int_equal(s->uncertain_since, 1234);
	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	check_finish(cs->c, s->events - 1, 9999);
	assert_int_equal(s->uncertain_contexts, 1);
}

/* Nobody is left of whom it could be said: it is said of all. */
static void test_lost_of_nobody(void **state)
{
	struct cs *cs = *state;
	const struct check_stats *s = check_stats(cs->c);
	struct ioas_event ev;

	use_type1(cs);
	assert_int_equal(s->all_since, 0);
	ev = cs_event(cs, IOAS_EV_UNCERTAIN);
	ev.ctx = 0;
	ev.ioas = 0;
	ev.body_obj.value = 1234;
	check_event(cs->c, &ev);
	assert_int_equal(s->uncertain_contexts, 0);
	assert_int_equal(s->all_since, 1234);
}

static void test_lost_all(void **state)
{
	struct cs *cs = *state;

	check_finish(cs->c, 5, 9999);
	assert_int_equal(check_stats(cs->c)->uncertain_contexts, 0);
	assert_int_equal(check_stats(cs->c)->all_since, 9999);
}

static void test_uncertain(void **state)
{
	struct cs *cs = *state;
	const struct check_stats *s = check_stats(cs->c);

	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_open_type1(cs, IOAS_MODE_V2);
	check_uncertain(cs->c, 1, 5000);
	check_uncertain(cs->c, 1, 4000);
	assert_int_equal(s->uncertain_contexts, 1);
	assert_int_equal(s->uncertain_since, 4000);
	cs_map_fails(cs, 0x1000, 0x1000, 0x700000, 0);
	cs_expect_none(cs);
	assert_int_equal(s->unjudged, 1);
	check_uncertain(cs->c, 0, 6000);
	assert_int_equal(s->uncertain_contexts, 2);
	assert_int_equal(s->uncertain_since, 4000);
}

/* ---- contexts that go ---- */

/* What was kept of its IOASes goes with a context, and nothing of another's. */
static void test_context_forgotten(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_as(cs, 4, 5, IOAS_BACKEND_TYPE1, IOAS_MODE_V1);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	cs_unmap(cs, 0x11000, 0x1000); /* succeeds, and the area stays */
	cs_expect(cs, RULE_UNMAP_SHORT);
	cs_open_iommufd(cs);
	for (cs->ioas = 7; cs->ioas < 10; cs->ioas++) {
		cs_begin(cs);
		ev = cs_event(cs, IOAS_EV_IOAS_NEW);
		ev.body_obj.mode = IOAS_MODE_COVER;
		cs_send(cs, ev);
		cs_simple_op(cs, IOAS_OP_ALLOC, 0);
	}
	cs_expect_none(cs);
	cs->ioas = 0;
	cs_begin(cs);
	cs_send(cs, cs_event(cs, IOAS_EV_CTX_GONE));
	cs_expect(cs, RULE_CONTEXT_END);
	cs->ctx = 4;
	cs->ioas = 5;
	cs->backend = IOAS_BACKEND_TYPE1;
	cs_map_fails(cs, 0x11000, 0x1000, 0x700000, -EEXIST);
	cs_expect(cs, RULE_MAP_OVER_STALE);
}

/* The same memory under many addresses: each is forgotten with its own area. */
static void test_same_memory(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	for (uint64_t i = 0; i < 1000; i++)
		cs_map(cs, i * CS_PAGE, CS_PAGE, 0x700000);
	assert_int_equal(check_stats(cs->c)->violations[RULE_DOUBLE_CHARGE], 999);
	for (uint64_t i = 1000; i-- > 1;)
		cs_unmap(cs, i * CS_PAGE, CS_PAGE);
	assert_non_null(cs->c->ledger.memory);
	cs_map(cs, CS_PAGE, CS_PAGE, 0x800000);
	assert_int_equal(check_stats(cs->c)->violations[RULE_DOUBLE_CHARGE], 999);
	cs_unmap_all(cs);
	assert_null(cs->c->ledger.memory);
	assert_null(cs->c->ledger.spaces);
}

/* ---- what is older than the events ---- */

/* An op whose beginning was not seen may have done more than was told. */
static void test_began_before(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	ev = cs_map_op(cs, 0x1000, 0x1000, 0x700000, 0);
	check_begin(cs->c, cs->now + 1);
	cs->now += 2;
	cs_end(cs, ev);
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->unjudged, 1);
	cs_map_fails(cs, 0x1000, 0x1000, 0x700000, 0);
	cs_expect(cs, RULE_MAP_ANSWER);
}

static void test_adopted(void **state)
{
	struct cs *cs = *state;

	cs->backend = IOAS_BACKEND_TYPE1;
	cs->ctx = 1;
	cs->ioas = 2;
	cs->order[1] = 500;
	cs_begin(cs);
	cs->now += 10;
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, 0x1000, 0x1000, 0x700000));
	cs_end(cs, cs_map_op(cs, 0x8000, 0x1000, 0x700000, 0)); /* began before */
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->adopted_contexts, 1);
	assert_int_equal(check_stats(cs->c)->uncertain_contexts, 0);
	cs_map_fails(cs, 0x3000, 0x1000, 0x700000, 0);
	cs_expect(cs, RULE_MAP_ANSWER);
}

/* ---- keyframes ---- */

static int hand_over(const struct ioas_event *ev, void *arg)
{
	check_keyframe(arg, ev);
	return 0;
}

static void test_keyframe(void **state)
{
	struct cs *cs = *state;
	struct cs *later = cs_new(NULL);
	const struct check_stats *s = check_stats(later->c);
	char why[200];

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x1000, 0x1000, 0x700000);
	assert_int_equal(mirror_keyframe(check_mirror(cs->c), hand_over, later->c), 0);
	check_begin(later->c, cs->now);
	assert_int_equal(
		mirror_compare(check_mirror(cs->c), check_mirror(later->c), why, sizeof(why)), 0);
	cs_expect_none(later);
	assert_int_equal(s->events, 0);
	assert_int_equal(s->adopted_contexts, 0);
	assert_true(s->judged[RULE_AREA_OVERLAP] > 0);
	assert_int_equal(s->judged[RULE_STREAM_KNOWN], 0);
	/* It goes on where the other is. */
	later->now = cs->now;
	later->order[1] = cs->order[1];
	later->ops = cs->ops;
	later->ctx = 1;
	later->ioas = 2;
	later->backend = IOAS_BACKEND_TYPE1;
	cs_unmap(later, 0x1000, 0x1000);
	cs_expect_held(later, RULE_UNMAP_SIZE);
	later->order[1]++;
	cs_map(later, 0x1000, 0x1000, 0x700000);
	assert_int_equal(s->uncertain_contexts, 1);
	assert_int_equal(cs_free(later), 0);
}

/* State that cannot be is found where it is told. */
static void test_keyframe_wrong(void **state)
{
	struct cs *cs = *state;
	struct ioas_event ev;

	cs_open_type1(cs, IOAS_MODE_V2);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x1000, 0x2000, 0x700000);
	check_keyframe(cs->c, &ev);
	cs_expect_none(cs);
	ev = cs_area(cs, IOAS_EV_AREA_ADD, 0x2000, 0x1000, 0x900000);
	check_keyframe(cs->c, &ev);
	cs_expect(cs, RULE_AREA_OVERLAP);
}

/* ---- bounds ---- */

/* The oldest op makes room, and when it is told nothing is said of it. */
static void test_ops_given_up(void **state)
{
	struct cs *cs = *state;
	uint64_t start;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_begin(cs);
	start = cs->start;
	cs_add(cs, 0, 0x1000, 0x700000);
	for (uint64_t i = 1; i <= CHECK_OPS_MAX; i++) {
		cs_begin(cs);
		cs_add(cs, i * 0x1000, 0x1000, 0x700000);
	}
	cs->op = 3;
	cs->start = start;
	cs_end(cs, cs_map_op(cs, 0x500000000, 0x1000, 0x700000, 0));
	cs_expect_none(cs);
	assert_int_equal(check_stats(cs->c)->unjudged, 1);
	cs->op = 4;
	cs->start = start;
	cs_end(cs, cs_map_op(cs, 0x500000000, 0x1000, 0x700000, 0));
	cs_expect(cs, RULE_MAP_ANSWER);
}

/* ---- history ---- */

static void test_history_range(void **state)
{
	struct cs *cs = *state;
	const struct cs_seen *seen = &cs->seen;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	for (unsigned int i = 0; i < 30; i++)
		cs_map(cs, 0x100000 + i * 0x1000ULL, 0x1000, 0x900000 + i * 0x1000ULL);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, 0x13000, 0x2000, 0x800000));
	cs_expect(cs, RULE_AREA_OVERLAP);
	assert_int_equal(seen->nhistory, 3); /* the area, its map, and this one */
	assert_int_equal(seen->history[0].kind, IOAS_EV_AREA_ADD);
	assert_int_equal(seen->history[0].body_area.iova, 0x10000);
	assert_int_equal(seen->history[1].kind, IOAS_EV_OP);
	assert_int_equal(seen->history[1].body_op.iova, 0x10000);
	assert_int_equal(seen->history[2].kind, IOAS_EV_AREA_ADD);
	assert_int_equal(seen->history[2].body_area.iova, 0x13000);
}

/* Without a range: the last events of the IOAS, and no more than there is room for. */
static void test_history_last(void **state)
{
	struct cs *cs = *state;
	const struct cs_seen *seen = &cs->seen;

	cs_open_type1(cs, IOAS_MODE_V2);
	for (unsigned int i = 0; i < 30; i++)
		cs_map(cs, 0x100000 + i * 0x1000ULL, 0x1000, 0x900000 + i * 0x1000ULL);
	cs_send(cs, cs_event(cs, IOAS_EV_IOAS_GONE));
	cs_expect(cs, RULE_IOAS_END);
	assert_int_equal(seen->nhistory, CHECK_HISTORY);
	assert_int_equal(seen->history[CHECK_HISTORY - 1].kind, IOAS_EV_IOAS_GONE);
	assert_int_equal(seen->history[CHECK_HISTORY - 2].kind, IOAS_EV_OP);
	for (size_t i = 1; i < seen->nhistory; i++)
		assert_int_equal(seen->history[i].order, seen->history[i - 1].order + 1);
}

/* A ring of 20: what is older is not shown, and that is counted. */
static void test_history_bounded(void **state)
{
	struct check_options options = { .history = 20 };
	struct cs *cs = cs_new(&options);

	(void)state;
	cs_open_type1(cs, IOAS_MODE_V2);
	cs_map(cs, 0x10000, 0x4000, 0x700000);
	assert_int_equal(check_stats(cs->c)->history_dropped, 0);
	for (unsigned int i = 0; i < 10; i++)
		cs_map(cs, 0x100000 + i * 0x1000ULL, 0x1000, 0x900000 + i * 0x1000ULL);
	assert_int_equal(check_stats(cs->c)->history_dropped, check_stats(cs->c)->events - 20);
	cs_begin(cs);
	cs_send(cs, cs_area(cs, IOAS_EV_AREA_ADD, 0x13000, 0x2000, 0x800000));
	cs_expect(cs, RULE_AREA_OVERLAP);
	assert_int_equal(cs->seen.nhistory, 1);
	assert_int_equal(cs_free(cs), 0);
}

/* ---- at rest ---- */

/* An op that touched more IOASes than can be followed, or none: no rule fires on it. */
static void test_many_ioases(void **state)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_begin(cs);
	for (uint32_t i = 0; i < 2 * CHECK_OP_IOASES; i++) {
		struct ioas_event ev = cs_event(cs, IOAS_EV_IOAS_NEW);

		ev.ioas = 50 + i;
		ev.body_obj.mode = IOAS_MODE_COVER;
		cs_send(cs, ev);
	}
	cs_end(cs, cs_op(cs, IOAS_OP_ALLOC, 0));
	cs_expect_none(cs);
	assert_null(check_find_op(cs->c, cs->ops));
	assert_int_equal(check_find_ctx(cs->c, 1)->pending, 0);
	assert_int_equal(check_find_ioas(cs->c, 50)->pending, 0);
	assert_false(check_find_ioas(cs->c, 50)->shaken);
	assert_true(check_find_ioas(cs->c, 50 + CHECK_OP_IOASES)->shaken);
}

/* ---- want of memory ---- */

/* Events of both streams, kept to be sent again to a checker that has less memory. */
struct kept {
	struct ioas_event at[400];
	size_t count;
};

static void keep(struct kept *k)
{
	struct cs *cs = cs_new(NULL);
	const struct check_ctx *my;

	use_type1(cs);
	cs_open_as(cs, 6, 7, IOAS_BACKEND_TYPE1, IOAS_MODE_V2);
	cs_begin(cs);
	cs_send(cs, cs_range(cs, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xffffff));
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	for (unsigned int i = 0; i < 20; i++)
		cs_map(cs, i * 0x1000ULL, 0x1000, 0x900000 + i * 0x1000ULL);
	my = check_find_ctx(cs->c, 6);
	assert_true(my->history_count <= my->history_size);
	for (size_t i = 0; i < my->history_count; i++)
		k->at[k->count++] = my->history[i];
	assert_int_equal(cs_free(cs), 0);
}

/* Nothing is lost without a word, and nothing is said that is not so. */
static void test_no_memory(void **state)
{
	struct kept k = { .count = 0 };

	(void)state;
	keep(&k);
	for (size_t from = 0; from < 400; from++) {
		struct cs *cs = cs_new(NULL);
		const struct check_stats *s = check_stats(cs->c);

		cs->memory.fail_from = cs->memory.calls + from;
		cs->memory.fail_count = 1;
		for (size_t i = 0; i < k.count; i++)
			check_event(cs->c, &k.at[i]);
		cs_expect_none(cs);
		assert_int_equal(s->events, k.count);
		if (!s->no_memory)
			assert_int_equal(s->uncertain_contexts + s->adopted_contexts + s->unjudged,
					 0);
		assert_int_equal(mirror_check(check_mirror(cs->c)), 0);
		assert_int_equal(cs_free(cs), 0);
	}
}

static void test_no_memory_new(void **state)
{
	(void)state;
	for (size_t from = 0; from < 2; from++) {
		struct unit_alloc memory = { .fail_from = from, .fail_count = 1 };
		struct ioas_alloc alloc = unit_alloc_use(&memory);
		struct check_options options = { .alloc = &alloc };
		struct check *c = NULL;

		assert_int_not_equal(check_new(&options, &c), 0);
		assert_null(c);
		assert_int_equal(memory.live, 0);
	}
	check_free(NULL);
}

#define T(test) cmocka_unit_test_setup_teardown(test, cs_setup, cs_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_clean),
		cmocka_unit_test(test_policy),
		T(test_lost_tail),
		T(test_whole_tail),
		T(test_uncertain),
		T(test_lost_of_nobody),
		T(test_lost_all),
		T(test_context_forgotten),
		T(test_same_memory),
		T(test_began_before),
		T(test_adopted),
		T(test_keyframe),
		T(test_keyframe_wrong),
		cmocka_unit_test_setup_teardown(test_ops_given_up, cs_setup_same_memory,
						cs_teardown),
		T(test_history_range),
		T(test_history_last),
		cmocka_unit_test(test_history_bounded),
		T(test_many_ioases),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
