// SPDX-License-Identifier: GPL-2.0-or-later
/* Keyframes: a mirror told as events is the same mirror again. */
#include "mirror_fill.h"
#include "mirror_random.h"

struct rebuild {
	struct mirror *m;
	uint64_t events;
	int rc; /* first answer that was not 0 */
};

static int take(const struct ioas_event *ev, void *arg)
{
	struct rebuild *to = arg;
	const struct ioas_event *out;
	int rc = ioas_event_check(ev, sizeof(*ev), &out);

	if (!rc)
		rc = mirror_apply(to->m, ev);
	if (rc && !to->rc) {
		print_error("event %llu, kind %s: %d\n", (unsigned long long)to->events,
			    ioas_kind_name(ev->kind), rc);
		to->rc = rc;
	}
	to->events++;
	return 0;
}

static void require_same(const struct mirror *a, const struct mirror *b, struct unit_random *r,
			 size_t step)
{
	char why[200] = "";

	if (mirror_compare(a, b, why, sizeof(why)))
		print_error("%s\n", why);
	UNIT_REQUIRE(why[0] == '\0', r, step);
}

/* A second mirror from the first one's keyframe, which must be the same. */
static struct mirror *rebuild(const struct mirror *m, struct unit_random *r, size_t step)
{
	struct rebuild to = { .m = mirror_new(NULL) };

	assert_non_null(to.m);
	UNIT_REQUIRE(mirror_keyframe(m, take, &to) == 0, r, step);
	UNIT_REQUIRE(to.rc == 0, r, step);
	UNIT_REQUIRE(mirror_anomalies(to.m)->total == 0, r, step);
	UNIT_REQUIRE(mirror_check(to.m) == 0, r, step);
	require_same(m, to.m, r, step);
	return to.m;
}

/* All kinds, sense or not, with and without memory: from time to time a keyframe. */
static void test_random(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(60000);
	size_t keyframes = 0, areas = 0;

	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = random_event(&r, f->m);

		if (unit_below(&r, 8) == 0) {
			f->memory.fail_from = f->memory.calls + unit_below(&r, 10);
			f->memory.fail_count = 1;
		}
		mirror_apply(f->m, &ev);
		f->memory.fail_count = 0;
		if (step % 4 == 0 || step < 2000)
			UNIT_REQUIRE(mirror_check(f->m) == 0, &r, step);
		if (step % 29)
			continue;
		mirror_free(rebuild(f->m, &r, step));
		keyframes++;
		areas += mirror_stats(f->m)->areas;
	}
	assert_true(keyframes > 100);
	UNIT_REQUIRE(areas / keyframes > 10, &r, areas / keyframes);
	UNIT_REQUIRE(mirror_stats(f->m)->no_memory > 0, &r, steps);
	for (unsigned int i = 0; i < MIRROR_ANOMALY_KINDS; i++)
		UNIT_REQUIRE(mirror_anomalies(f->m)->count[i] > 0, &r, i);
}

/* One that was rebuilt goes on as the first one does: same answers, same state. */
static void test_goes_on(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(20000);
	struct mirror *again = NULL;

	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = random_event(&r, f->m);
		int rc = mirror_apply(f->m, &ev);

		if (again)
			UNIT_REQUIRE(mirror_apply(again, &ev) == rc, &r, step);
		if (again)
			require_same(f->m, again, &r, step);
		if (step % 50)
			continue;
		mirror_free(again);
		again = rebuild(f->m, &r, step);
	}
	mirror_free(again);
}

/* The sequence, which others read too, and what is not seen by comparing mirrors. */
static void test_sequence(void **state)
{
	static const unsigned int kinds[] = {
		IOAS_EV_CTX_NEW,      IOAS_EV_OPTION,	     IOAS_EV_PAGES_NEW,
		IOAS_EV_PAGES_PINNED, IOAS_EV_CHARGE,	     IOAS_EV_IOAS_NEW,
		IOAS_EV_DIRTY,	      IOAS_EV_OPTION,	     IOAS_EV_RANGE_ADD,
		IOAS_EV_RANGE_ADD,    IOAS_EV_GROUP_ATTACH,  IOAS_EV_DOMAIN_ATTACH,
		IOAS_EV_AREA_FILLED,  IOAS_EV_DEVICE_ATTACH, IOAS_EV_ACCESS_ATTACH,
		IOAS_EV_AREA_ADD,     IOAS_EV_VADDR_INVALID, IOAS_EV_AREA_ADD,
		IOAS_EV_AREA_GOING,   IOAS_EV_ACCESS_PIN,    IOAS_EV_ACCESS_PIN,
		IOAS_EV_CHARGE,	      IOAS_EV_CHARGE,	     IOAS_EV_CHARGE,
		IOAS_EV_UNCERTAIN,
	};
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	static struct heard h;

	h = (struct heard){ .count = 0 };
	fill(f);
	assert_int_equal(mirror_keyframe(f->m, hear, &h), 0);
	assert_int_equal(h.count, UNIT_COUNT(kinds));
	for (size_t i = 0; i < h.count; i++) {
		assert_int_equal(h.events[i].kind, kinds[i]);
		assert_int_equal(h.events[i].backend, IOAS_BACKEND_TYPE1);
		assert_int_equal(h.events[i].ctx, 1);
	}
	assert_int_equal(h.events[0].order, 12);
	assert_int_equal(h.events[0].time_ns, 1001);
	assert_int_equal(h.events[0].tgid, 100);
	assert_int_equal(h.events[0].flags, 0);
	assert_int_equal(h.events[15].op, 77);
	assert_int_equal(h.events[15].body_area.pages, 1);
	assert_int_equal(h.events[17].body_area.pages_id, 7);
	assert_int_equal(h.events[17].body_area.at, 0x1000);
	assert_int_equal(h.events[19].body_area.object, 5);
	assert_int_equal(h.events[19].body_area.refs, 1);
	assert_int_equal(h.events[20].body_area.object, 0);
	assert_int_equal(h.events[20].body_area.refs, 3);
	assert_int_equal(h.events[21].body_charge.pages, 9); /* up to the peak, */
	assert_int_equal(h.events[22].body_charge.pages, -4); /* and down to now */
	assert_int_equal(h.events[24].body_obj.value, 900);
	mirror_free(rebuild(f->m, &r, 0));
}

/* Who is told may end it; and what it takes of memory it says. */
static void test_ends(void **state)
{
	struct fixture *f = *state;
	static struct heard h;
	size_t live;

	fill(f);
	live = f->memory.live;
	for (size_t n = 1; n <= 25; n++) {
		h = (struct heard){ .stop_after = n };
		assert_int_equal(mirror_keyframe(f->m, hear, &h), 1234);
		assert_int_equal(h.count, n);
		assert_int_equal(f->memory.live, live);
	}
	/* Two accesses' pins are told apart with memory. */
	h = (struct heard){ .count = 0 };
	f->memory.fail_from = f->memory.calls;
	f->memory.fail_count = 1;
	assert_int_equal(mirror_keyframe(f->m, hear, &h), -ENOMEM);
	f->memory.fail_count = 0;
	assert_int_equal(f->memory.live, live);
	assert_int_equal(mirror_check(f->m), 0);
}

/* What the kernel never counts, but events may have said. */
static void test_large_counts(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	pinned(f, 0x1000, INT64_MAX - 1, 5);
	add(f, 0x2000, 0x2fff);
	pinned(f, 0x2000, 0, (1LL << 56) - 1);
	mirror_free(rebuild(f->m, &r, 0));
}

/* A change that could not be placed: contexts that are adopted later are uncertain. */
static void test_unplaced(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct mirror *again;

	open_ioas(f);
	ev.ctx = 8;
	f->memory.fail_from = f->memory.calls;
	f->memory.fail_count = 1;
	assert_int_equal(apply(f, ev), -ENOMEM);
	assert_int_equal(mirror_mark_uncertain(f->m, 9, 1), 0);
	again = rebuild(f->m, &r, 0);
	assert_int_equal(mirror_stats(again)->unplaced_since, f->now);
	assert_int_equal(mirror_find_ctx(again, 1)->uncertain_since, 0);
	assert_int_equal(mirror_mark_uncertain(again, 0, 900), 0);
	mirror_free(again);
}

/* Sums too far apart for one step. */
static void test_far_charges(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();

	open_ioas(f);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, INT64_MAX);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, -INT64_MAX);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, INT64_MIN);
	charge(f, 6, IOAS_COUNTER_MM_LOCKED, 0);
	assert_int_equal(mirror_charge_first(the_ioas(f))->pages, INT64_MIN);
	assert_int_equal(mirror_charge_first(the_ioas(f))->peak, INT64_MAX);
	mirror_free(rebuild(f->m, &r, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_random),	WITH_FIXTURE(test_goes_on),
		WITH_FIXTURE(test_sequence),	WITH_FIXTURE(test_ends),
		WITH_FIXTURE(test_far_charges), WITH_FIXTURE(test_large_counts),
		WITH_FIXTURE(test_unplaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
