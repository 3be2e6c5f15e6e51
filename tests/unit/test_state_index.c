// SPDX-License-Identifier: GPL-2.0-or-later
/* The index over a state, and what is looked up in it. */
#include "core/lookup.h"
#include "unit_state.h"

#define HITS_MAX 4096

struct hits {
	struct lookup_hit hit[HITS_MAX];
	size_t n;
};

static int keep(const struct lookup_hit *h, void *arg)
{
	struct hits *hits = arg;

	assert_true(hits->n < HITS_MAX);
	hits->hit[hits->n++] = *h;
	return 0;
}

static struct hits ask(struct lookup *l, struct lookup_query q)
{
	static struct hits hits;

	hits.n = 0;
	assert_int_equal(lookup(l, &q, keep, &hits), 0);
	return hits;
}

/*
 * Context 1 (type1) has IOAS 2: [0x1000, 0x4fff] at 0x70001000, [0x8000, 0x8fff]
 * at 0x70003000. Context 3 (iommufd) has IOAS 4, with pages object 9 (16 pages at
 * 0x70000000): bytes 0x2000-0x5fff at IOVA 0x1000; and a file at IOVA 0x100000.
 */
static void make(struct state *s)
{
	struct state_ctx *c = unit_ctx(s, 1, IOAS_BACKEND_TYPE1);
	struct state_ioas *i = unit_ioas(c, 2);
	struct state_pages p;

	unit_area(i, 0x1000, 4 * PAGE, 0x70001000)->pinned = 2;
	unit_area(i, 0x8000, PAGE, 0x70003000)->uid = 0;
	unit_pin(i, 0x2000, 2 * PAGE, 1);
	c = unit_ctx(s, 3, IOAS_BACKEND_IOMMUFD);
	p = unit_pages(c, 9, 0x70000000, 16);
	i = unit_ioas(c, 4);
	unit_shared(i, 0x1000, 4 * PAGE, &p, 0x2000)->pinned = 4;
	p = unit_pages(c, 10, 0, 16);
	p.memory = IOAS_MEMORY_FILE;
	unit_shared(i, 0x100000, 4 * PAGE, &p, 0x1000);
	state_finish(s);
}

static void test_iova(void **arg)
{
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };
	struct hits h;

	(void)arg;
	make(&s);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_IOVA, .value = 0x2345 });
	assert_int_equal(h.n, 2);
	assert_int_equal(h.hit[0].at.ioas->id, 2);
	assert_int_equal(h.hit[0].iova, 0x2345);
	assert_int_equal(h.hit[0].va, 0x70002345);
	assert_int_equal(h.hit[0].pinned, 1);
	assert_int_equal(h.hit[1].at.ctx->id, 3);
	assert_int_equal(h.hit[1].va, 0x70003345);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_IOVA, .value = 0x4fff, .ioas = 2 });
	assert_int_equal(h.n, 1);
	/* Only clients pin there, and their range ended before. */
	assert_int_equal(h.hit[0].pinned, 0);
	assert_int_equal(ask(&l, (struct lookup_query){ .value = 0x5000 }).n, 0);
	assert_int_equal(ask(&l, (struct lookup_query){ .value = 0xfff }).n, 0);
	assert_int_equal(ask(&l, (struct lookup_query){ .value = 0x8fff }).n, 1);
	assert_int_equal(ask(&l, (struct lookup_query){ .value = UINT64_MAX }).n, 0);
	/* Into a file there is no address, but an offset. */
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_IOVA, .value = 0x101004 });
	assert_int_equal(h.n, 1);
	assert_int_equal(h.hit[0].va, 0x2004);
}

static void test_va(void **arg)
{
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };
	struct hits h;

	(void)arg;
	make(&s);
	/* 0x70003000 is 0x3000 of the first area, 0x8000, and byte 0x3000 of the object. */
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_VA, .value = 0x70003010 });
	assert_int_equal(h.n, 3);
	assert_int_equal(h.hit[0].iova, 0x3010);
	assert_int_equal(h.hit[1].iova, 0x2010);
	assert_int_equal(h.hit[1].at.ioas->id, 4);
	assert_int_equal(h.hit[2].iova, 0x8010);
	for (size_t n = 0; n < h.n; n++)
		assert_int_equal(h.hit[n].va, 0x70003010);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_VA, .value = 0x70003010, .pid = 101 });
	assert_int_equal(h.n, 0);
	/* What is in a file has no address: byte 0x1000 of it is not found as one. */
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_VA, .value = 0x1000 });
	assert_int_equal(h.n, 0);
}

static void test_numbers(void **arg)
{
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };
	struct hits h;

	(void)arg;
	make(&s);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_PAGES, .value = 9 });
	assert_int_equal(h.n, 1);
	assert_int_equal(h.hit[0].iova, 0x1000);
	assert_int_equal(h.hit[0].va, 0x70002000);
	assert_int_equal(h.hit[0].pinned, 1);
	assert_int_equal(ask(&l, (struct lookup_query){ .by = LOOKUP_PAGES, .value = 11 }).n, 0);
	assert_int_equal(ask(&l, (struct lookup_query){ .by = LOOKUP_PID, .value = 100 }).n, 4);
	assert_int_equal(ask(&l, (struct lookup_query){ .by = LOOKUP_PID, .value = 1 }).n, 0);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_UID, .value = 0 });
	assert_int_equal(h.n, 1);
	assert_int_equal(h.hit[0].iova, 0x8000);
	assert_int_equal(
		ask(&l, (struct lookup_query){ .by = LOOKUP_UID, .value = 1000, .ioas = 4 }).n, 2);
}

/* An area up to the last address, and one of 2^52 - 1 pages. */
static void test_limits(void **arg)
{
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };
	struct state_ioas *i;
	struct hits h;

	(void)arg;
	i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD), 2);
	unit_area(i, 0, -PAGE, 0x1000);
	unit_area(i, -PAGE, PAGE, 0x5000);
	state_finish(&s);
	h = ask(&l, (struct lookup_query){ .value = UINT64_MAX });
	assert_int_equal(h.n, 1);
	assert_int_equal(h.hit[0].va, 0x5fff);
	h = ask(&l, (struct lookup_query){ .value = 0xffffffffffffefff });
	assert_int_equal(h.n, 1);
	assert_int_equal(h.hit[0].va, 0xffffffffffffffff);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_VA, .value = 0x5fff });
	assert_int_equal(h.n, 2);
	assert_int_equal(h.hit[0].iova, 0x4fff);
	assert_int_equal(h.hit[1].iova, UINT64_MAX);
	h = ask(&l, (struct lookup_query){ .by = LOOKUP_VA, .value = UINT64_MAX });
	assert_int_equal(h.n, 1);
}

static size_t naive(const struct state *s, __u32 pid, __u64 va)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ctxs[0].nioases; i++) {
		const struct state_ioas *ioas = &s->ctxs[0].ioases[i];

		for (size_t a = 0; a < ioas->nareas; a++) {
			const struct state_area *v = &ioas->areas[a];

			n += (!pid || v->tgid == pid) && v->va <= va &&
			     va - v->va <= v->last - v->iova;
		}
	}
	return n;
}

/* Overlapping memory of three processes; each answer is what counting gives. */
static void test_random(void **arg)
{
	struct unit_random r = unit_random_new();
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };
	struct state_ctx *c;
	size_t steps = unit_steps(2000);

	(void)arg;
	c = unit_ctx(&s, 1, IOAS_BACKEND_TYPE1);
	for (__u32 n = 0; n < 5; n++) {
		struct state_ioas *i = unit_ioas(c, n + 2);

		for (__u64 a = 0; a < 60; a++) {
			__u64 size = unit_below(&r, 10) ? 1 + unit_below(&r, 8) : 200;
			struct state_area *v =
				unit_area(i, a << 24, size * PAGE, unit_below(&r, 400) * PAGE);

			v->tgid = 100 + unit_below(&r, 3);
		}
	}
	state_finish(&s);
	for (size_t n = 0; n < steps; n++) {
		struct lookup_query q = {
			.by = LOOKUP_VA,
			.value = unit_below(&r, 700 * PAGE),
			.pid = unit_below(&r, 2) ? 100 + unit_below(&r, 4) : 0,
		};
		struct hits h = ask(&l, q);

		UNIT_REQUIRE(h.n == naive(&s, q.pid, q.value), &r, n);
		for (size_t k = 0; k < h.n; k++) {
			const struct state_area *a = h.hit[k].at.area;

			UNIT_REQUIRE(a->iova <= h.hit[k].iova && h.hit[k].iova <= a->last, &r, n);
			UNIT_REQUIRE(h.hit[k].iova - a->iova == q.value - a->va, &r, n);
		}
	}
}

static void test_empty(void **arg)
{
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };

	(void)arg;
	for (unsigned int by = 0; by < LOOKUP_KINDS; by++)
		assert_int_equal(ask(&l, (struct lookup_query){ .by = by, .value = 1 }).n, 0);
}

static int stop(const struct lookup_hit *h, void *arg)
{
	(void)h;
	++*(int *)arg;
	return 42;
}

static void test_stop(void **arg)
{
	_cleanup_state_ struct state s = {};
	_cleanup_lookup_ struct lookup l = { .state = &s };
	int called = 0;

	(void)arg;
	make(&s);
	for (unsigned int by = 0; by < LOOKUP_KINDS; by++) {
		static const __u64 values[LOOKUP_KINDS] = { 0x1000, 0x70003000, 9, 100, 1000 };
		struct lookup_query q = { .by = by, .value = values[by] };

		called = 0;
		assert_int_equal(lookup(&l, &q, stop, &called), 42);
		assert_int_equal(called, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iova),	cmocka_unit_test(test_va),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_random),	cmocka_unit_test(test_empty),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
