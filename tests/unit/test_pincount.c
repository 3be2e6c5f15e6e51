// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts of pins by range: merging, splitting, ends of the space, no memory. */
#include "core/pincount.h"

#include <errno.h>

#include "unit.h"

#define PAGE 4096ULL
#define END_OF(page) (((page) + 1) * PAGE - 1)

static int add(struct pincount *p, const struct ioas_alloc *a, uint64_t first, uint64_t last)
{
	int rc = pincount_add(p, a, first * PAGE, END_OF(last), 1);

	assert_int_equal(pincount_check(p), 0);
	return rc;
}

static uint64_t sub(struct pincount *p, const struct ioas_alloc *a, uint64_t first, uint64_t last)
{
	uint64_t stray = 12345;

	assert_int_equal(pincount_sub(p, a, first * PAGE, END_OF(last), 1, &stray), 0);
	assert_int_equal(pincount_check(p), 0);
	return stray;
}

static void test_merge_and_split(void **state)
{
	struct ioas_alloc a = ioas_alloc_default();
	struct pincount p = { .pages = 0 };
	(void)state;

	add(&p, &a, 0, 9);
	add(&p, &a, 20, 29);
	assert_int_equal(itree_count(&p.ranges), 2);
	add(&p, &a, 10, 19); /* closes the gap */
	assert_int_equal(itree_count(&p.ranges), 1);
	add(&p, &a, 5, 24);
	assert_int_equal(itree_count(&p.ranges), 3);
	assert_int_equal(pincount_at(&p, 5 * PAGE), 2);
	assert_int_equal(pincount_at(&p, 5 * PAGE - 1), 1);
	assert_int_equal(pincount_at(&p, END_OF(24)), 2);
	assert_int_equal(pincount_at(&p, END_OF(24) + 1), 1);
	assert_int_equal(p.pages, 30);
	assert_int_equal(p.refs, 50);
	assert_int_equal(sub(&p, &a, 5, 24), 0);
	assert_int_equal(itree_count(&p.ranges), 1);
	assert_int_equal(sub(&p, &a, 10, 10), 0); /* a hole */
	assert_int_equal(itree_count(&p.ranges), 2);
	assert_int_equal(sub(&p, &a, 10, 10), 1);
	assert_int_equal(sub(&p, &a, 0, 100), 72);
	assert_int_equal(itree_count(&p.ranges), 0);
	assert_int_equal(p.refs, 0);
}

static void test_ends_of_space(void **state)
{
	struct ioas_alloc a = ioas_alloc_default();
	const uint64_t pages = 1ULL << 52;
	struct pincount p = { .pages = 0 };
	(void)state;

	add(&p, &a, 0, pages - 1);
	assert_int_equal(p.pages, pages);
	add(&p, &a, pages - 1, pages - 1);
	add(&p, &a, 0, 0);
	assert_int_equal(itree_count(&p.ranges), 3);
	assert_int_equal(pincount_at(&p, UINT64_MAX), 2);
	assert_int_equal(pincount_at(&p, 0), 2);
	add(&p, &a, 1, pages - 2);
	assert_int_equal(itree_count(&p.ranges), 1);
	assert_int_equal(p.refs, 2 * pages);
	assert_int_equal(sub(&p, &a, 0, pages - 1), 0);
	assert_int_equal(sub(&p, &a, 0, pages - 1), 0);
	assert_int_equal(sub(&p, &a, 0, pages - 1), pages);
	assert_int_equal(itree_count(&p.ranges), 0);
}

/* Many at once: what is missing is counted for each page, and ranges that were apart may join. */
static void test_several_at_once(void **state)
{
	struct ioas_alloc a = ioas_alloc_default();
	struct pincount p = { .pages = 0 };
	uint64_t stray = 9;
	(void)state;

	assert_int_equal(pincount_add(&p, &a, 0, END_OF(9), 3), 0);
	assert_int_equal(pincount_add(&p, &a, 5 * PAGE, END_OF(14), 4), 0);
	assert_int_equal(pincount_check(&p), 0);
	assert_int_equal(p.refs, 5 * 3 + 5 * 7 + 5 * 4);
	/* 3, 7, 4, 0 on five pages each, less 4 each. */
	assert_int_equal(pincount_sub(&p, &a, 0, END_OF(19), 4, &stray), 0);
	assert_int_equal(pincount_check(&p), 0);
	assert_int_equal(stray, 5 * 1 + 5 * 4);
	assert_int_equal(p.refs, 5 * 3);
	assert_int_equal(p.pages, 5);
	assert_int_equal(itree_count(&p.ranges), 1);
	assert_int_equal(pincount_at(&p, 5 * PAGE), 3);
	assert_int_equal(pincount_at(&p, 0), 0);
	assert_int_equal(pincount_sub(&p, &a, 0, UINT64_MAX, UINT64_MAX, &stray), 0);
	assert_int_equal(p.refs, 0);
	assert_int_equal(itree_count(&p.ranges), 0);
}

/* With what two changes need in hand, they cannot fail. */
static void test_reserved(void **state)
{
	struct unit_alloc memory = { .live = 0 };
	struct ioas_alloc a = unit_alloc_use(&memory);
	struct pincount p = { .pages = 0 }, q = { .pages = 0 };
	struct pin_spare spare = { NULL };
	uint64_t stray = 5;
	size_t needs;
	(void)state;

	add(&p, &a, 0, 9);
	add(&q, &a, 0, 4);
	/* p is split on both sides; q is split once, and has a gap. */
	needs = pincount_add_needs(&p, 2 * PAGE, END_OF(6)) +
		pincount_add_needs(&q, 2 * PAGE, END_OF(6));
	assert_int_equal(needs, 4);
	memory.calls = 0;
	memory.fail_from = 3;
	memory.fail_count = 1;
	assert_int_equal(pincount_reserve(&spare, &a, needs), -ENOMEM);
	assert_null(spare.head);
	assert_int_equal(memory.live, 2);
	memory.fail_count = 0;
	assert_int_equal(pincount_reserve(&spare, &a, needs + PINCOUNT_SUB_NEEDS), 0);
	memory.fail_from = memory.calls;
	memory.fail_count = SIZE_MAX;
	pincount_add_reserved(&p, &spare, 2 * PAGE, END_OF(6), 2);
	pincount_add_reserved(&q, &spare, 2 * PAGE, END_OF(6), 1);
	pincount_sub_reserved(&p, &spare, 3 * PAGE, END_OF(10), 1, &stray);
	assert_int_equal(pincount_check(&p), 0);
	assert_int_equal(pincount_check(&q), 0);
	assert_int_equal(stray, 6); /* page 10, on top of the five from before */
	assert_int_equal(p.refs, 10 + 5 * 2 - 7);
	assert_int_equal(q.refs, 5 + 5);
	pincount_unreserve(&spare, &a);
	pincount_clear(&p, &a);
	pincount_clear(&q, &a);
	assert_int_equal(memory.live, 0);
}

/* Each allocation of a change fails once: it changes nothing, and takes nothing. */
static void test_no_memory(void **state)
{
	struct unit_alloc memory = { .live = 0 };
	struct ioas_alloc a = unit_alloc_use(&memory);
	struct pincount p = { .pages = 0 };
	uint64_t stray = 7;
	size_t live;
	(void)state;

	add(&p, &a, 0, 9);
	add(&p, &a, 20, 29);
	add(&p, &a, 40, 49);
	live = memory.live;
	/* Two splits, and gaps at 10 and at 30. */
	for (size_t n = 0; n < 4; n++) {
		memory.calls = 0;
		memory.fail_from = n;
		memory.fail_count = 1;
		assert_int_equal(add(&p, &a, 5, 44), -ENOMEM);
		assert_int_equal(memory.live, live);
		assert_int_equal(p.refs, 30);
	}
	memory.calls = 0;
	memory.fail_from = 0;
	assert_int_equal(pincount_sub(&p, &a, 5 * PAGE, END_OF(6), 1, &stray), -ENOMEM);
	assert_int_equal(stray, 7);
	assert_int_equal(p.refs, 30);
	assert_int_equal(memory.live, live);
	memory.fail_count = 0;
	assert_int_equal(add(&p, &a, 5, 44), 0);
	assert_int_equal(p.refs, 70);
	pincount_clear(&p, &a);
	assert_int_equal(pincount_check(&p), 0);
	assert_int_equal(memory.live, 0);
}

#define PAGES 96

/* The pages of the model lie at `base`: the low end of the space, or the high one. */
static void against_array(uint64_t base)
{
	struct unit_random r = unit_random_new();
	struct ioas_alloc a = ioas_alloc_default();
	size_t steps = unit_steps(30000);
	struct pincount p = { .pages = 0 };
	uint64_t counts[PAGES] = { 0 };

	for (size_t step = 0; step < steps; step++) {
		uint64_t first = unit_below(&r, PAGES);
		uint64_t last = first + unit_below(&r, PAGES - first);
		bool down = unit_below(&r, 16) < (step / 400 % 2 ? 10 : 6);
		uint64_t times = unit_below(&r, 4) ? 1 : 1 + unit_below(&r, 5);
		uint64_t stray = 0, expected = 0, refs = 0;
		int rc;

		for (uint64_t i = first; i <= last; i++) {
			uint64_t less = times < counts[i] ? times : counts[i];

			expected += down ? times - less : 0;
			counts[i] += down ? 0 - less : times;
		}
		if (down)
			rc = pincount_sub(&p, &a, (base + first) * PAGE, END_OF(base + last), times,
					  &stray);
		else
			rc = pincount_add(&p, &a, (base + first) * PAGE, END_OF(base + last),
					  times);
		UNIT_REQUIRE(rc == 0 && pincount_check(&p) == 0, &r, step);
		UNIT_REQUIRE(stray == expected, &r, step);
		for (uint64_t i = 0; i < PAGES; i++) {
			UNIT_REQUIRE(pincount_at(&p, (base + i) * PAGE) == counts[i], &r, step);
			refs += counts[i];
		}
		UNIT_REQUIRE(p.refs == refs, &r, step);
	}
	pincount_clear(&p, &a);
}

static void test_against_array(void **state)
{
	(void)state;

	against_array(0);
	against_array((1ULL << 52) - PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge_and_split), cmocka_unit_test(test_ends_of_space),
		cmocka_unit_test(test_several_at_once), cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_no_memory),	cmocka_unit_test(test_against_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
