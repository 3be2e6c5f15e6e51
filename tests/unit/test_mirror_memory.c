// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: want of memory loses nothing silently, and leaves what is held whole. */
#include "mirror_random.h"

#define EVENTS 32

static size_t put(struct ioas_event *out, size_t n, struct ioas_event ev)
{
	assert_true(n < EVENTS);
	out[n] = ev;
	return n + 1;
}

static struct ioas_event pin_event(unsigned int kind, uint64_t iova, uint64_t last, uint32_t access)
{
	struct ioas_event ev = area_event(kind, iova, last, 0);

	ev.body_area.object = access;
	return ev;
}

static struct ioas_event charge_event(uint32_t pages_id)
{
	struct ioas_event ev = unit_event(IOAS_EV_CHARGE);

	ev.body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	ev.body_charge.pages = 4;
	ev.body_charge.pages_id = pages_id;
	return ev;
}

/* One of each change that takes memory. */
static size_t script(struct ioas_event *out)
{
	struct ioas_event split = area_event(IOAS_EV_AREA_SPLIT, 0x1000, 0x4fff, 0x1000);
	size_t n = 0;

	split.body_area.at = 0x3000;
	n = put(out, n, unit_event(IOAS_EV_CTX_NEW));
	n = put(out, n, unit_event(IOAS_EV_IOAS_NEW));
	n = put(out, n, area_event(IOAS_EV_AREA_ADD, 0x1000, 0x4fff, 0x1000));
	n = put(out, n, split);
	n = put(out, n, pages_event(IOAS_EV_PAGES_NEW, 7));
	n = put(out, n, shared_event(0x8000, 0x8fff, 7, 0));
	n = put(out, n, shared_event(0x9000, 0x9fff, 8, 0)); /* unknown: one more object */
	n = put(out, n, unit_event(IOAS_EV_GROUP_ATTACH));
	n = put(out, n, object_event(IOAS_EV_DOMAIN_ATTACH, 3));
	n = put(out, n, object_event(IOAS_EV_DEVICE_ATTACH, 4));
	n = put(out, n, object_event(IOAS_EV_ACCESS_ATTACH, 5));
	n = put(out, n,
		range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 4));
	n = put(out, n, charge_event(0));
	n = put(out, n, charge_event(7));
	n = put(out, n, pin_event(IOAS_EV_ACCESS_PIN, 0x1000, 0x4fff, 0));
	n = put(out, n, pin_event(IOAS_EV_ACCESS_PIN, 0x2000, 0x2fff, 5));
	n = put(out, n, pin_event(IOAS_EV_ACCESS_PIN, 0x0000, 0x8fff, 5));
	n = put(out, n, pin_event(IOAS_EV_ACCESS_UNPIN, 0x3000, 0x3fff, 5));
	n = put(out, n, pin_event(IOAS_EV_ACCESS_UNPIN, 0x1000, 0x1fff, 0));
	n = put(out, n, object_event(IOAS_EV_ACCESS_DETACH, 5));
	return n;
}

/* Each allocation fails once: whatever is missing then, the context says so. */
static void test_no_memory(void **state)
{
	struct ioas_event events[EVENTS];
	size_t count = script(events);
	size_t failed;
	(void)state;

	for (size_t n = 1; n < 200; n++) {
		struct unit_alloc memory = { .fail_from = n, .fail_count = 1 };
		struct ioas_alloc alloc = unit_alloc_use(&memory);
		struct mirror *m = mirror_new(&alloc);

		assert_non_null(m);
		failed = 0;
		for (size_t i = 0; i < count; i++) {
			failed += mirror_apply(m, &events[i]) == -ENOMEM;
			assert_int_equal(mirror_check(m), 0);
			if (failed && mirror_find_ctx(m, 1))
				assert_int_equal(mirror_find_ctx(m, 1)->uncertain_since, 1000);
			else if (failed)
				assert_int_equal(mirror_stats(m)->unplaced_since, 1000);
		}
		assert_int_equal(failed, memory.calls > n);
		assert_int_equal(mirror_stats(m)->no_memory, failed);
		mirror_free(m);
		assert_int_equal(memory.live, 0);
		if (!failed)
			return;
	}
	fail();
}

/*
 * A mirror that runs out of memory and its twin that does not: once the event
 * is told again, both hold the same, but for the uncertainty.
 */
static void test_twin(void **state)
{
	struct fixture *f = *state;
	struct mirror *twin = mirror_new(NULL);
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(20000), failed = 0;
	char why[200];

	assert_non_null(twin);
	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = random_event(&r, f->m);
		bool placed = mirror_find_ctx(f->m, ev.ctx) && mirror_find_ioas(f->m, ev.ioas);
		int rc;

		f->memory.fail_from = f->memory.calls + unit_below(&r, 3);
		f->memory.fail_count = placed ? 1 : 0;
		rc = mirror_apply(f->m, &ev);
		f->memory.fail_count = 0;
		UNIT_REQUIRE(mirror_check(f->m) == 0, &r, step);
		if (rc == -ENOMEM) {
			failed++;
			mirror_mark_uncertain(twin, ev.ctx, ev.time_ns);
			if (mirror_compare(f->m, twin, why, sizeof(why)))
				print_error("after no memory: %s\n", why);
			UNIT_REQUIRE(mirror_compare(f->m, twin, why, 0) == 0, &r, step);
			rc = mirror_apply(f->m, &ev);
		}
		UNIT_REQUIRE(mirror_apply(twin, &ev) == rc, &r, step);
		if (mirror_compare(f->m, twin, why, sizeof(why)))
			print_error("kind %s: %s\n", ioas_kind_name(ev.kind), why);
		UNIT_REQUIRE(mirror_compare(f->m, twin, why, 0) == 0, &r, step);
	}
	UNIT_REQUIRE(failed > steps / 100, &r, failed);
	mirror_free(twin);
}

/* Those that the script has not. */
static void test_more(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_UPDATE, 0x1000, 0x1fff, 0x900000);

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	ev.body_area.owner_tgid = 200;
	f->memory.fail_from = f->memory.calls;
	f->memory.fail_count = 1;
	assert_int_equal(apply(f, ev), -ENOMEM);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x1000)->va, 0x701000);
	assert_int_equal(mirror_area_owner(f->m, mirror_area_at(the_ioas(f), 0x1000)).tgid, 100);
	f->memory.fail_from = f->memory.calls;
	assert_int_equal(mirror_mark_uncertain(f->m, 9, 300), -ENOMEM);
	assert_null(mirror_find_ctx(f->m, 9));
	assert_int_equal(mirror_stats(f->m)->unplaced_since, 300);
	ev = unit_event(IOAS_EV_UNCERTAIN);
	ev.ctx = 9;
	f->memory.fail_from = f->memory.calls;
	assert_int_equal(apply(f, ev), -ENOMEM);
	assert_int_equal(mirror_stats(f->m)->no_memory, 2);
}

static void test_new_without_memory(void **state)
{
	struct unit_alloc memory = { .fail_count = 1 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	(void)state;

	assert_null(mirror_new(&alloc));
	mirror_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		WITH_FIXTURE(test_twin),
		WITH_FIXTURE(test_more),
		cmocka_unit_test(test_new_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
