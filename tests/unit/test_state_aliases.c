// SPDX-License-Identifier: GPL-2.0-or-later
/* The same memory mapped more than once. */
#include "core/aliases.h"
#include "unit_state.h"

struct found {
	struct alias_group group[64];
	__u32 area[64][8]; /* IOVAs of the members, in pages */
	size_t n;
};

static int keep(const struct alias_group *g, void *arg)
{
	struct found *f = arg;

	assert_true(f->n < UNIT_COUNT(f->group));
	for (size_t n = 0; n < g->nareas && n < 8; n++)
		f->area[f->n][n] = (__u32)(g->areas[n].area->iova >> 12);
	f->group[f->n++] = *g;
	return 0;
}

static struct found find(struct state *s)
{
	struct found f = {};

	state_finish(s);
	assert_int_equal(aliases_find(s, keep, &f), 0);
	return f;
}

/* Two containers map the same 16 pages, all pinned: 16 charged again. */
static void test_two_containers(void **arg)
{
	_cleanup_state_ struct state s = {};
	const struct alias_group *g;
	struct found f;

	(void)arg;
	unit_area(unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2), 0x1000, 16 * PAGE, 0x70000)
		->pinned = 16;
	unit_area(unit_ioas(unit_ctx(&s, 3, IOAS_BACKEND_TYPE1), 4), 0x8000, 16 * PAGE, 0x70000)
		->pinned = 16;
	f = find(&s);
	assert_int_equal(f.n, 1);
	g = &f.group[0];
	assert_int_equal(g->pid, 100);
	assert_int_equal(g->va, 0x70000);
	assert_int_equal(g->last, 0x7ffff);
	assert_int_equal(g->pages, 16);
	assert_int_equal(g->again, 16);
	assert_int_equal(g->charged_min, 16);
	assert_int_equal(g->charged_max, 16);
	assert_int_equal(g->objects, 2);
	assert_int_equal(g->nareas, 2);
	assert_false(g->one_ctx);
}

/* Not the same: another process, memory that is void, or that nobody is known to own. */
static void test_not_the_same(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);

	(void)arg;
	unit_area(i, 0x1000, PAGE, 0x70000);
	unit_area(i, 0x2000, PAGE, 0x71000); /* next to it */
	unit_area(i, 0x3000, PAGE, 0x70000)->tgid = 101;
	unit_area(i, 0x4000, PAGE, 0x70000)->vaddr_invalid = 1;
	unit_area(i, 0x5000, PAGE, 0x70000)->tgid = 0;
	unit_area(i, 0x6000, PAGE, 0x70000)->tgid = 0;
	unit_area(i, 0x7000, PAGE, 0x70000)->memory = IOAS_MEMORY_FILE;
	assert_int_equal(find(&s).n, 0);
}

/*
 * A: pages 0-9, B: 4-14, C: 4-5, of their own. A and B are pinned, of C nothing is.
 * Twice covered is 4-9; thrice 4-5: 6 + 2 pages again. Only A and B are charged.
 */
static void test_stretch(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_BUNDLED), 2);
	struct found f;

	(void)arg;
	unit_area(i, 0x10000, 10 * PAGE, 0)->pinned = 10;
	unit_area(i, 0x20000, 11 * PAGE, 4 * PAGE)->pinned = 11;
	unit_area(i, 0x30000, 2 * PAGE, 4 * PAGE);
	f = find(&s);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.group[0].va, 4 * PAGE);
	assert_int_equal(f.group[0].last, 10 * PAGE - 1);
	assert_int_equal(f.group[0].again, 8);
	assert_int_equal(f.group[0].charged_min, 6);
	assert_int_equal(f.group[0].charged_max, 6);
	assert_int_equal(f.group[0].nareas, 3);
	assert_int_equal(f.group[0].objects, 3);
	assert_true(f.group[0].one_ctx);
}

/* What is pinned of the second is not known: it may be charged or not. */
static void test_unknown(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct found f;

	(void)arg;
	unit_area(i, 0x10000, 4 * PAGE, 0)->pinned = 4;
	unit_area(i, 0x20000, 4 * PAGE, 0)->pinned = 1;
	unit_area(i, 0x30000, 4 * PAGE, 0)->pinned = -1;
	f = find(&s);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.group[0].charged_min, 0);
	assert_int_equal(f.group[0].charged_max, 8);
}

/* Memory ends where other memory of the same kind begins: two pairs side by side are one. */
static void test_neighbours(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct found f;

	(void)arg;
	unit_area(i, 0x10000, 4 * PAGE, 0); /* alone: not of the group that follows */
	unit_area(i, 0x20000, 4 * PAGE, 4 * PAGE);
	unit_area(i, 0x30000, 4 * PAGE, 4 * PAGE);
	unit_area(i, 0x40000, 4 * PAGE, 8 * PAGE);
	unit_area(i, 0x50000, 4 * PAGE, 8 * PAGE);
	unit_area(i, 0x60000, 4 * PAGE, 12 * PAGE);
	f = find(&s);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.group[0].va, 4 * PAGE);
	assert_int_equal(f.group[0].pages, 8);
	assert_int_equal(f.group[0].nareas, 4);
	assert_int_equal(f.area[0][0], 0x20);
	assert_int_equal(f.area[0][3], 0x50);
}

/*
 * Pages object 9 (16 pages at 0x70000) twice, which is sharing, and object 10 over
 * its last 8 pages, which is an alias: 8 pages, of which both are charged.
 */
static void test_objects(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct state_pages p = unit_pages(c, 9, 0x70000, 16), q = unit_pages(c, 10, 0x78000, 8);
	struct state_ioas *i = unit_ioas(c, 2);
	struct found f = {};

	(void)arg;
	unit_shared(i, 0x100000, 16 * PAGE, &p, 0);
	unit_shared(i, 0x200000, 8 * PAGE, &p, 4 * PAGE);
	i = unit_ioas(c, 3);
	unit_shared(i, 0x300000, 8 * PAGE, &q, 0);
	state_finish(&s);
	assert_int_equal(aliases_find(&s, keep, &f), 0);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.group[0].va, 0x78000);
	assert_int_equal(f.group[0].pages, 8);
	assert_int_equal(f.group[0].again, 8);
	assert_int_equal(f.group[0].charged_min, 8);
	assert_int_equal(f.group[0].objects, 2);
	assert_int_equal(f.group[0].nareas, 3);
	assert_true(f.group[0].one_ctx);
	/* Nobody pays for the second: nothing is charged again. */
	s.ctxs[0].pages[1].account = IOAS_COUNTER_NONE;
	f.n = 0;
	assert_int_equal(aliases_find(&s, keep, &f), 0);
	assert_int_equal(f.group[0].again, 8);
	assert_int_equal(f.group[0].charged_max, 0);
	f.n = 0;
	assert_int_equal(aliases_shared(&s, keep, &f), 0);
	assert_int_equal(f.n, 1);
	assert_true(f.group[0].shared);
	assert_int_equal(f.group[0].pages_id, 9);
	assert_int_equal(f.group[0].pages, 16);
	assert_int_equal(f.group[0].again, 8);
	assert_int_equal(f.group[0].nareas, 2);
}

/* Memory up to the last address, and such as would wrap. */
static void test_limits(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_TYPE1), 2);
	struct found f;

	(void)arg;
	unit_area(i, 0, 1ULL << 43, -(1ULL << 43))->pinned = 1LL << 31;
	unit_area(i, 1ULL << 43, 1ULL << 44, -(1ULL << 43))->pinned = 1LL << 32;
	f = find(&s);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.group[0].last, UINT64_MAX);
	assert_int_equal(f.group[0].pages, 1LL << 31);
	assert_int_equal(f.group[0].charged_min, 1LL << 31);
}

/* Random memory of two processes; sums are those of a count for each page. */
static void test_random(void **arg)
{
	enum {
		SPACE = 120,
		AREAS = 12
	};
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(300);

	(void)arg;
	for (size_t n = 0; n < steps; n++) {
		_cleanup_state_ struct state s = {};
		struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
		struct state_pages p = unit_pages(c, 9, 0, SPACE);
		struct state_ioas *i = unit_ioas(c, 2);
		__u64 own[2][SPACE] = {}, paid[2][SPACE] = {}, again = 0, charged = 0;
		bool object[2][SPACE] = {};
		__u64 got = 0, got_charged = 0;
		struct found f;

		for (__u64 a = 0; a < AREAS; a++) {
			__u64 at = unit_below(&r, SPACE), len = 1 + unit_below(&r, SPACE - at);
			bool shares = !unit_below(&r, 4), pays = unit_below(&r, 2);
			unsigned int who = shares ? 0 : unit_below(&r, 2);

			if (shares)
				unit_shared(i, a << 24, len * PAGE, &p, at * PAGE);
			else
				unit_area(i, a << 24, len * PAGE, at * PAGE)->tgid = 100 + who;
			if (!shares && pays)
				i->areas[a].pinned = (__s64)len;
			for (__u64 k = at; k < at + len; k++) {
				object[who][k] |= shares;
				own[who][k] += !shares;
				paid[who][k] += !shares && pays;
			}
		}
		f = find(&s);
		for (unsigned int who = 0; who < 2; who++) {
			for (__u64 k = 0; k < SPACE; k++) {
				__u64 all = own[who][k] + object[who][k];
				__u64 pay = paid[who][k] + object[who][k];

				again += all ? all - 1 : 0;
				charged += pay ? pay - 1 : 0;
			}
		}
		for (size_t k = 0; k < f.n; k++) {
			got += f.group[k].again;
			got_charged += f.group[k].charged_min;
			UNIT_REQUIRE(f.group[k].charged_min == f.group[k].charged_max, &r, n);
		}
		UNIT_REQUIRE(got == again && got_charged == charged, &r, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_containers), cmocka_unit_test(test_not_the_same),
		cmocka_unit_test(test_stretch),	       cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_neighbours),     cmocka_unit_test(test_objects),
		cmocka_unit_test(test_limits),	       cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
