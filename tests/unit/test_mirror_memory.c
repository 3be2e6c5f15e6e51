// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: want of memory. */
#include "mirror_unit.h"

/* One of each change that takes memory. */
static size_t script(struct ioas_event *out)
{
	size_t n = 0;

	out[n++] = unit_event(IOAS_EV_CTX_NEW);
	out[n++] = unit_event(IOAS_EV_IOAS_NEW);
	out[n++] = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x4fff, 0x1000);
	out[n++] = unit_event(IOAS_EV_GROUP_ATTACH);
	out[n] = unit_event(IOAS_EV_CHARGE);
	out[n].body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	out[n++].body_charge.pages = 4;
	out[n++] = area_event(IOAS_EV_ACCESS_PIN, 0x1000, 0x4fff, 0);
	out[n++] = area_event(IOAS_EV_ACCESS_PIN, 0x2000, 0x2fff, 0);
	out[n++] = area_event(IOAS_EV_ACCESS_UNPIN, 0x3000, 0x3fff, 0);
	return n;
}

/* Each allocation fails once: whatever is missing then, the context says so. */
static void test_no_memory(void **state)
{
	struct ioas_event events[16];
	size_t count = script(events);
	size_t failed;
	(void)state;

	for (size_t n = 1; n < 64; n++) {
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
		cmocka_unit_test(test_new_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
