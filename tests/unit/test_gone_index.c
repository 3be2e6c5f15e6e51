// SPDX-License-Identifier: GPL-2.0-or-later
/* The index of ranges that are gone, against going through all of them. */
#include "core/gone_index.h"
#include "unit.h"

#define RANGES_MAX 40

struct plain {
	uint64_t va[RANGES_MAX];
	uint64_t last[RANGES_MAX];
	uint64_t time_ns[RANGES_MAX];
	uint64_t need[RANGES_MAX];
	size_t n;
};

/* Apart from each other, some without a gap; at the end up to the last address. */
static void fill(struct plain *p, struct unit_random *r)
{
	uint64_t va = unit_below(r, 5);

	p->n = 1 + unit_below(r, RANGES_MAX);
	for (size_t i = 0; i < p->n; i++) {
		p->va[i] = va;
		p->last[i] = va + unit_below(r, 9);
		p->time_ns[i] = unit_below(r, 12);
		p->need[i] = UINT64_MAX;
		va = p->last[i] + 1 + unit_below(r, 4);
	}
	if (!unit_below(r, 3))
		p->last[p->n - 1] = UINT64_MAX;
}

static struct gone_index *index_of(const struct plain *p)
{
	struct gone_index *x = gone_index_new(p->n);

	assert_non_null(x);
	for (size_t i = 0; i < p->n; i++)
		gone_index_set(x, i, p->va[i], p->last[i], p->time_ns[i]);
	gone_index_begin(x);
	return x;
}

static bool meets(const struct plain *p, size_t i, uint64_t va, uint64_t last)
{
	return p->va[i] <= last && p->last[i] >= va;
}

static bool sum(const struct plain *p, uint64_t since, uint64_t va, uint64_t last,
		struct gone_sum *out)
{
	bool found = false;

	for (size_t i = 0; i < p->n; i++) {
		uint64_t from = p->va[i] > va ? p->va[i] : va;
		uint64_t to = p->last[i] < last ? p->last[i] : last;

		if (!meets(p, i, va, last) || p->time_ns[i] < since)
			continue;
		if (!found)
			*out = (struct gone_sum){ .first = from, .oldest = i };
		found = true;
		out->last = to;
		out->bytes += to - from + 1;
		if (p->time_ns[i] < p->time_ns[out->oldest])
			out->oldest = i;
	}
	return found;
}

static void any_range(struct unit_random *r, uint64_t *va, uint64_t *last)
{
	*va = unit_below(r, 400);
	*last = unit_below(r, 10) ? *va + unit_below(r, 100) : UINT64_MAX;
}

static void test_sums(void **state)
{
	struct unit_random r = unit_random_new();
	size_t rounds = unit_steps(3000);

	(void)state;
	for (size_t round = 0; round < rounds; round++) {
		struct gone_index *x;
		struct plain p;

		fill(&p, &r);
		x = index_of(&p);
		for (uint64_t since = 13; since--;) {
			struct gone_sum a = { 0 }, b = { 0 };
			uint64_t va, last;
			bool found;

			any_range(&r, &va, &last);
			gone_index_use(x, since);
			found = gone_index_sum(x, va, last, &a);
			UNIT_REQUIRE(found == sum(&p, since, va, last, &b), &r, round);
			UNIT_REQUIRE(a.first == b.first && a.last == b.last, &r, round);
			UNIT_REQUIRE(a.bytes == b.bytes && a.oldest == b.oldest, &r, round);
		}
		gone_index_free(x);
	}
}

static void test_needs(void **state)
{
	struct unit_random r = unit_random_new();
	size_t rounds = unit_steps(3000);

	(void)state;
	for (size_t round = 0; round < rounds; round++) {
		struct gone_index *x;
		struct plain p;

		fill(&p, &r);
		x = index_of(&p);
		for (size_t n = unit_below(&r, 8); n; n--) {
			uint64_t va, last, since = unit_below(&r, 13);

			any_range(&r, &va, &last);
			gone_index_need(x, va, last, since);
			for (size_t i = 0; i < p.n; i++) {
				if (meets(&p, i, va, last) && since < p.need[i])
					p.need[i] = since;
			}
		}
		for (size_t i = 0; i < p.n; i++)
			UNIT_REQUIRE(gone_index_needed(x, i) == (p.need[i] <= p.time_ns[i]), &r,
				     round);
		gone_index_free(x);
	}
}

/* One that covers all there is: 2^64 bytes are said as one less. */
static void test_all(void **state)
{
	struct plain p = { .n = 1, .last = { UINT64_MAX }, .time_ns = { 5 } };
	struct gone_index *x = index_of(&p);
	struct gone_sum s;

	(void)state;
	gone_index_use(x, 6);
	assert_false(gone_index_sum(x, 0, UINT64_MAX, &s));
	gone_index_use(x, 5);
	assert_true(gone_index_sum(x, 0, UINT64_MAX, &s));
	assert_int_equal(s.bytes, UINT64_MAX);
	assert_true(gone_index_sum(x, 1, UINT64_MAX, &s));
	assert_int_equal(s.bytes, UINT64_MAX);
	assert_true(gone_index_sum(x, 7, 7, &s));
	assert_int_equal(s.bytes, 1);
	gone_index_free(x);
	gone_index_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
