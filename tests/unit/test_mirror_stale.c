// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: memory that its process lets go of while it is pinned. */
#include <errno.h>
#include <stdlib.h>

#include "mirror_unit.h"

static struct ioas_event gone_event(uint32_t tgid, uint64_t va, uint64_t last, unsigned int cause)
{
	struct ioas_event ev = unit_event(IOAS_EV_MEMORY_GONE);

	ev.backend = IOAS_BACKEND_NONE;
	ev.ctx = 0;
	ev.ioas = 0;
	ev.body_memory = (struct ioas_memory_body){
		.va = va, .last = last, .owner_tgid = tgid, .owner_uid = 1000, .cause = cause
	};
	return ev;
}

static void lose(struct fixture *f, uint64_t va, uint64_t last, unsigned int cause)
{
	assert_int_equal(apply(f, gone_event(100, va, last, cause)), 0);
}

static bool stale(struct fixture *f, uint64_t iova, struct mirror_stale *s)
{
	const struct mirror_area *area = mirror_area_at(the_ioas(f), iova);

	assert_non_null(area);
	return mirror_area_stale(f->m, the_ioas(f), area, s);
}

static void hardware(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_GROUP_ATTACH);

	ev.body_obj.group = 9;
	assert_int_equal(apply(f, ev), 0);
}

/* Memory of the areas: VA 0x700000 + IOVA, of process 100. */
static void test_own_memory(void **state)
{
	struct fixture *f = *state;
	struct mirror_stale s = { .cause = 99 };

	open_ioas(f);
	hardware(f);
	lose(f, 0x701000, 0x701fff, IOAS_GONE_UNMAPPED); /* before it was mapped */
	add(f, 0x0, 0x3fff);
	add(f, 0x4000, 0x7fff);
	assert_false(stale(f, 0, &s));
	assert_int_equal(s.cause, 99);
	lose(f, 0x703000, 0x703fff, IOAS_GONE_MOVED);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.va, 0x703000);
	assert_int_equal(s.last, 0x703fff);
	assert_int_equal(s.bytes, PAGE);
	assert_int_equal(s.since_ns, f->now);
	assert_int_equal(s.cause, IOAS_GONE_MOVED);
	assert_false(stale(f, 0x4000, &s));
	/* From the first to the last, beyond both ends of an area. */
	lose(f, 0x6ff000, 0x700fff, IOAS_GONE_DISCARDED);
	lose(f, 0x707000, 0x7fffff, IOAS_GONE_UNMAPPED);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.va, 0x700000);
	assert_int_equal(s.last, 0x703fff);
	assert_int_equal(s.bytes, 2 * PAGE);
	assert_int_equal(s.cause, IOAS_GONE_MOVED); /* that of the first in time */
	assert_true(stale(f, 0x4000, &s));
	assert_int_equal(s.va, 0x707000);
	assert_int_equal(s.last, 0x707fff);
	/* Mapped anew: what is pinned now is what is there now. */
	gone(f, 0x0, 0x3fff);
	add(f, 0x0, 0x3fff);
	assert_false(stale(f, 0, &s));
	assert_int_equal(mirror_stats(f->m)->stale_lost, 0);
}

static void test_other_process(void **state)
{
	struct fixture *f = *state;
	struct mirror_stale s;

	open_ioas(f);
	hardware(f);
	add(f, 0x0, 0x3fff);
	assert_int_equal(apply(f, gone_event(101, 0, UINT64_MAX, IOAS_GONE_UNMAPPED)), 0);
	assert_false(stale(f, 0, &s));
	assert_int_equal(apply(f, gone_event(100, 0, UINT64_MAX, IOAS_GONE_UNMAPPED)), 0);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.bytes, 4 * PAGE);
}

/* What is not pinned is not reached; it is pinned when the first hardware comes. */
static void test_pinned_later(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0, 0x3fff, 0x700000);
	struct mirror_stale s;

	open_ioas(f);
	assert_int_equal(apply(f, ev), 0);
	lose(f, 0x700000, 0x700fff, IOAS_GONE_UNMAPPED);
	assert_false(stale(f, 0, &s));
	assert_int_equal(pinned(f, 0, 4, 0), 0);
	hardware(f);
	assert_false(stale(f, 0, &s));
	lose(f, 0x702000, 0x702fff, IOAS_GONE_UNMAPPED);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.va, 0x702000);
	assert_int_equal(s.last, 0x702fff);
}

static void test_vaddr(void **state)
{
	struct fixture *f = *state;
	struct mirror_stale s;

	open_ioas(f);
	hardware(f);
	add(f, 0x0, 0x3fff);
	lose(f, 0x700000, 0x703fff, IOAS_GONE_UNMAPPED);
	assert_true(stale(f, 0, &s));
	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_UPDATE, 0, 0x3fff, 0x700000)), 0);
	assert_false(stale(f, 0, &s));
	lose(f, 0x703000, 0x704fff, IOAS_GONE_UNMAPPED);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.bytes, PAGE);
}

static void pin_pages_object(struct fixture *f, int64_t pages)
{
	struct ioas_event ev = pages_event(IOAS_EV_PAGES_PINNED, 7);

	ev.body_pages.pinned = pages;
	assert_int_equal(apply(f, ev), 0);
}

/* Areas that share memory are stale by what they show of it, from when it was pinned. */
static void test_shared(void **state)
{
	struct fixture *f = *state;
	struct mirror_stale s;

	open_ioas(f);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_NEW, 7)), 0); /* 8 pages, 0x700000 */
	for (uint64_t n = 0; n < 2; n++) {
		struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, n << 20,
						  (n << 20) + 4 * PAGE - 1, 0x700000 + n * 0x4000);

		ev.body_area.pages_id = 7;
		ev.body_area.at = n * 0x4000;
		assert_int_equal(apply(f, ev), 0);
	}
	lose(f, 0x700000, 0x707fff, IOAS_GONE_UNMAPPED);
	assert_false(stale(f, 0, &s));
	pin_pages_object(f, 8);
	assert_false(stale(f, 0, &s));
	lose(f, 0x703000, 0x703fff, IOAS_GONE_DISCARDED);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.va, 0x703000);
	assert_false(stale(f, 1 << 20, &s));
	pin_pages_object(f, -8);
	assert_false(stale(f, 0, &s));
	pin_pages_object(f, 8);
	assert_false(stale(f, 0, &s));
	assert_int_equal(mirror_find_pages(the_ctx(f), 7)->pinned_since, f->now);
}

static int copy(const struct ioas_event *ev, void *arg)
{
	return mirror_apply(arg, ev);
}

/* A keyframe tells it, and from when what is pinned. */
static void test_keyframe(void **state)
{
	struct fixture *f = *state;
	struct mirror *other = mirror_new(NULL);
	const struct mirror_area *area;
	struct mirror_stale s;
	char why[200] = "";

	assert_non_null(other);
	open_ioas(f);
	add(f, 0x0, 0x3fff);
	lose(f, 0x700000, 0x700fff, IOAS_GONE_UNMAPPED);
	hardware(f);
	lose(f, 0x702000, 0x702fff, IOAS_GONE_MOVED);
	assert_int_equal(apply(f, gone_event(3, 5, 5, IOAS_GONE_MOVED)), 0);
	assert_int_equal(mirror_keyframe(f->m, copy, other), 0);
	assert_int_equal(mirror_compare(f->m, other, why, sizeof(why)), 0);
	area = mirror_area_at(mirror_find_ioas(other, 2), 0);
	assert_true(mirror_area_stale(other, mirror_find_ioas(other, 2), area, &s));
	assert_int_equal(s.va, 0x702000);
	assert_int_equal(s.bytes, PAGE);
	lose(f, 0x702000, 0x702fff, IOAS_GONE_MOVED); /* at another time */
	assert_int_equal(mirror_compare(f->m, other, why, sizeof(why)), -EUCLEAN);
	mirror_free(other);
}

static void missed(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_MEMORY_LOST);

	ev.backend = IOAS_BACKEND_NONE;
	ev.ctx = ev.ioas = 0;
	assert_int_equal(apply(f, ev), 0);
}

/* What was not told may concern all that is pinned by then, and nothing that is pinned later. */
static void test_not_told(void **state)
{
	struct fixture *f = *state;
	struct mirror *other = mirror_new(NULL);
	struct mirror_stale s = { .cause = 99 };
	char why[200] = "";

	assert_non_null(other);
	open_ioas(f);
	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_ADD, 0x8000, 0x8fff, 0x708000)), 0);
	hardware(f);
	add(f, 0x0, 0x3fff);
	missed(f);
	add(f, 0x4000, 0x7fff);
	assert_true(stale(f, 0, &s));
	assert_true(s.lost);
	assert_int_equal(s.cause, IOAS_GONE_NONE);
	assert_int_equal(s.bytes, 0);
	assert_false(stale(f, 0x4000, &s));
	assert_false(stale(f, 0x8000, &s)); /* not pinned */
	/* What is told is known, and that there may be more, too. */
	lose(f, 0x703000, 0x704fff, IOAS_GONE_MOVED);
	assert_true(stale(f, 0, &s));
	assert_true(s.lost);
	assert_int_equal(s.bytes, PAGE);
	assert_int_equal(s.cause, IOAS_GONE_MOVED);
	assert_true(stale(f, 0x4000, &s));
	assert_false(s.lost);
	/* A keyframe tells it. */
	assert_int_equal(mirror_keyframe(f->m, copy, other), 0);
	assert_int_equal(mirror_compare(f->m, other, why, sizeof(why)), 0);
	missed(f);
	assert_int_equal(mirror_compare(f->m, other, why, sizeof(why)), -EUCLEAN);
	mirror_free(other);
	gone(f, 0x0, 0x3fff);
	add(f, 0x0, 0x3fff);
	assert_false(stale(f, 0, &s));
}

struct answers {
	struct fixture *f;
	size_t n;
};

/* One area of a batch says what it says alone. */
static int compare(const struct mirror_stale_ask *ask, const struct mirror_stale *s, void *arg)
{
	struct answers *a = arg;
	struct mirror_stale alone;

	assert_true(mirror_area_stale(a->f->m, the_ioas(a->f), ask->mine[0], &alone));
	assert_int_equal(s->lost, alone.lost);
	assert_int_equal(s->cause, alone.cause);
	assert_int_equal(s->va, alone.va);
	assert_int_equal(s->last, alone.last);
	assert_int_equal(s->bytes, alone.bytes);
	assert_int_equal(s->since_ns, alone.since_ns);
	a->n++;
	return 0;
}

/* Areas that overlap in memory, of two processes, pinned at any time. */
static void random_area(struct fixture *f, struct unit_random *r, uint64_t n)
{
	uint64_t from = unit_below(r, 60), pages = 1 + unit_below(r, 64 - from);
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, n << 20, (n << 20) + pages * PAGE - 1,
					  0x700000 + from * PAGE);

	ev.body_area.pages = (int64_t)pages;
	ev.body_area.owner_tgid = 100 + (uint32_t)unit_below(r, 2);
	assert_int_equal(apply(f, ev), 0);
}

/* All areas at once, against each alone. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t rounds = unit_steps(300);

	open_ioas(f);
	hardware(f);
	for (size_t n = 0; n < rounds; n++) {
		struct mirror_stale_ask asks[400];
		struct answers a = { .f = f };
		size_t nasks = 0, alone = 0;
		struct mirror_stale s;

		random_area(f, &r, n);
		for (size_t k = unit_below(&r, 8); k; k--) {
			uint64_t va = 0x700000 + unit_below(&r, 64 * PAGE);

			assert_int_equal(apply(f, gone_event(100 + (uint32_t)unit_below(&r, 3), va,
							     va + unit_below(&r, 3 * PAGE),
							     1 + (unsigned int)unit_below(&r, 3))),
					 0);
		}
		if (n == rounds / 2)
			missed(f);
		if (n % 16 && n + 1 < rounds)
			continue;
		for (const struct mirror_area *x = mirror_area_first(the_ioas(f)); x && nasks < 400;
		     x = mirror_area_next(x)) {
			alone += mirror_area_stale(f->m, the_ioas(f), x, &s);
			if (mirror_stale_ask(f->m, the_ioas(f), x, &asks[nasks]))
				asks[nasks++].mine[0] = (void *)x;
		}
		assert_int_equal(mirror_stale_answer(f->m, asks, nasks, compare, &a), 0);
		UNIT_REQUIRE(a.n == alone, &r, n);
	}
}

static int count(const struct mirror_stale_ask *ask, const struct mirror_stale *s, void *arg)
{
	struct answers *a = arg;

	(void)ask;
	assert_int_equal(s->bytes, 20000 * PAGE);
	a->n++;
	return 0;
}

/* As many areas as ranges, and each meets all: what is asked one by one is their product. */
static void test_product(void **state)
{
	enum {
		AREAS = 20000
	};
	struct fixture *f = *state;
	struct mirror_stale_ask *asks = calloc(AREAS, sizeof(*asks));
	struct answers a = { .f = f };
	size_t n = 0;

	assert_non_null(asks);
	open_ioas(f);
	hardware(f);
	for (uint64_t k = 0; k < AREAS; k++) {
		struct ioas_event ev =
			area_event(IOAS_EV_AREA_ADD, k << 30, (k << 30) + 0x10000000 - 1, 0x700000);

		ev.body_area.pages = 0x10000;
		ev.time_ns = ++f->now;
		assert_int_equal(mirror_apply(f->m, &ev), 0);
	}
	for (uint64_t k = 0; k < AREAS; k++) {
		struct ioas_event ev =
			gone_event(100, 0x700000 + 2 * k * PAGE, 0x700000 + (2 * k + 1) * PAGE - 1,
				   IOAS_GONE_UNMAPPED);

		ev.time_ns = ++f->now;
		assert_int_equal(mirror_apply(f->m, &ev), 0);
	}
	for (const struct mirror_area *x = mirror_area_first(the_ioas(f)); x;
	     x = mirror_area_next(x))
		n += mirror_stale_ask(f->m, the_ioas(f), x, &asks[n]);
	assert_int_equal(n, AREAS);
	assert_int_equal(mirror_stale_answer(f->m, asks, n, count, &a), 0);
	assert_int_equal(a.n, AREAS);
	free(asks);
}

/* Random losses against an array that has a time for each page. */
static void test_against_array(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	uint64_t last_ns[64] = { 0 }, mapped;
	size_t steps = unit_steps(3000);

	open_ioas(f);
	hardware(f);
	add(f, 0x0, 64 * PAGE - 1);
	mapped = f->now;
	for (size_t step = 0; step < steps; step++) {
		uint64_t a = unit_below(&r, 64), b = a + unit_below(&r, 64 - a), bytes = 0;
		struct mirror_stale s = { .bytes = 0 };

		lose(f, 0x700000 + a * PAGE, 0x700000 + (b + 1) * PAGE - 1, IOAS_GONE_UNMAPPED);
		for (uint64_t n = a; n <= b; n++)
			last_ns[n] = f->now;
		if (unit_below(&r, 16) == 0) {
			gone(f, 0x0, 64 * PAGE - 1);
			add(f, 0x0, 64 * PAGE - 1);
			mapped = f->now;
		}
		for (size_t n = 0; n < 64; n++)
			bytes += last_ns[n] >= mapped ? PAGE : 0;
		UNIT_REQUIRE(stale(f, 0, &s) == (bytes != 0), &r, step);
		UNIT_REQUIRE(s.bytes == bytes, &r, step);
	}
}

/* Of what no area needs, not more than so much is kept. */
static void test_bounded(void **state)
{
	struct fixture *f = *state;
	struct mirror_stale s;

	open_ioas(f);
	hardware(f);
	add(f, 0x0, 0x3fff);
	lose(f, 0x701000, 0x701fff, IOAS_GONE_UNMAPPED);
	for (uint64_t n = 0; n < 40000; n++) {
		struct ioas_event ev =
			gone_event(100 + n % 3, 0x10000000 + 2 * n * PAGE,
				   0x10000000 + 2 * n * PAGE + PAGE - 1, IOAS_GONE_UNMAPPED);

		ev.time_ns = ++f->now;
		assert_int_equal(mirror_apply(f->m, &ev), 0);
	}
	assert_true(f->memory.live < 16384 + 100);
	assert_true(stale(f, 0, &s));
	assert_int_equal(s.va, 0x701000);
}

/* Without memory it is counted, and the rest stays whole. */
static void test_no_memory(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = gone_event(100, 0x701000, 0x701fff, IOAS_GONE_UNMAPPED);
	struct mirror_stale s;

	open_ioas(f);
	hardware(f);
	add(f, 0x0, 0x3fff);
	lose(f, 0x700000, 0x703fff, IOAS_GONE_UNMAPPED);
	for (size_t n = 0; n < 3; n++) {
		f->memory.fail_from = f->memory.calls + n;
		f->memory.fail_count = 1;
		assert_int_equal(apply(f, ev), -ENOMEM);
		f->memory.fail_count = 0;
		lose(f, 0x700000, 0x703fff, IOAS_GONE_UNMAPPED);
	}
	assert_int_equal(mirror_stats(f->m)->stale_lost, 3);
	assert_true(stale(f, 0, &s));
	assert_true(s.lost);
	assert_int_equal(mirror_area_count(the_ioas(f)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pinned_later, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vaddr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keyframe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_product, setup, teardown),
		cmocka_unit_test_setup_teardown(test_against_array, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
