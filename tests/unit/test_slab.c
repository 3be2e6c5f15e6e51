// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects of one size: each has its own bytes, and what is empty is given back. */
#include "core/slab.h"

#include "unit.h"

#define SIZE 88

/* As many as fill more than three chunks of 64 pages, each of 46 objects. */
#define COUNT 10000

static void fill(void *object, size_t i)
{
	memset(object, (int)(i % 251), SIZE);
}

static bool intact(const void *object, size_t i)
{
	const unsigned char *bytes = object;

	for (size_t n = 0; n < SIZE; n++) {
		if (bytes[n] != i % 251)
			return false;
	}
	return true;
}

static void test_objects(void **state)
{
	struct unit_alloc memory = { .live = 0 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	struct unit_random r = unit_random_new();
	struct slab slab = { .size = SIZE };
	static void *objects[COUNT];
	(void)state;

	for (size_t i = 0; i < COUNT; i++) {
		objects[i] = slab_take(&slab, &alloc);
		assert_non_null(objects[i]);
		assert_int_equal((uintptr_t)objects[i] % 8, 0);
		fill(objects[i], i);
	}
	assert_int_equal(slab.used, COUNT);
	assert_int_equal(memory.live, 4);
	/* Some go, and others come in their place. */
	for (size_t step = 0; step < unit_steps(50000); step++) {
		size_t i = unit_below(&r, COUNT);

		if (objects[i]) {
			UNIT_REQUIRE(intact(objects[i], i), &r, step);
			slab_give(&slab, &alloc, objects[i]);
			objects[i] = NULL;
		} else {
			objects[i] = slab_take(&slab, &alloc);
			assert_non_null(objects[i]);
			fill(objects[i], i);
		}
	}
	assert_true(memory.live <= 4);
	for (size_t i = 0; i < COUNT; i++) {
		if (!objects[i])
			continue;
		assert_true(intact(objects[i], i));
		slab_give(&slab, &alloc, objects[i]);
	}
	assert_int_equal(slab.used, 0);
	assert_int_equal(memory.live, 1); /* kept for the next objects */
	slab_clear(&slab, &alloc);
	assert_int_equal(memory.live, 0);
}

/* At the edge of a chunk: one object that comes and goes takes no memory each time. */
static void test_edge(void **state)
{
	struct unit_alloc memory = { .live = 0 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	struct slab slab = { .size = SIZE };
	static void *objects[64 * 46];
	void *more;
	size_t calls;
	(void)state;

	for (size_t i = 0; i < UNIT_COUNT(objects); i++)
		objects[i] = slab_take(&slab, &alloc);
	assert_int_equal(memory.live, 1);
	more = slab_take(&slab, &alloc);
	assert_int_equal(memory.live, 2);
	slab_give(&slab, &alloc, more);
	calls = memory.calls;
	for (int i = 0; i < 100; i++) {
		more = slab_take(&slab, &alloc);
		slab_give(&slab, &alloc, more);
	}
	assert_int_equal(memory.calls, calls);
	for (size_t i = 0; i < UNIT_COUNT(objects); i++)
		slab_give(&slab, &alloc, objects[i]);
	assert_int_equal(memory.live, 1);
	slab_clear(&slab, &alloc);
	assert_int_equal(memory.live, 0);
}

static void test_no_memory(void **state)
{
	struct unit_alloc memory = { .fail_count = 1 };
	struct ioas_alloc alloc = unit_alloc_use(&memory);
	struct slab slab = { .size = SIZE };
	(void)state;

	assert_null(slab_take(&slab, &alloc));
	assert_int_equal(slab.used, 0);
	slab_clear(&slab, &alloc);
	assert_int_equal(memory.live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
