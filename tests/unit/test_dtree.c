// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of ranges that lie apart: at its edges, and against an array of pages. */
#include "core/dtree.h"

#include <errno.h>

#include "unit.h"

static int insert(struct dtree *tree, struct dtree_node *n, uint64_t start, uint64_t last)
{
	n->start = start;
	n->last = last;
	return dtree_insert(tree, n);
}

static void test_empty(void **state)
{
	struct dtree tree = { NULL, 0 };
	(void)state;

	assert_int_equal(dtree_count(&tree), 0);
	assert_null(dtree_first(&tree));
	assert_null(dtree_last(&tree));
	assert_null(dtree_find(&tree, 0));
	assert_null(dtree_first_in(&tree, 0, UINT64_MAX));
	assert_int_equal(dtree_check(&tree), 0);
	assert_null(dtree_entry((struct dtree_node *)NULL, struct dtree_node, avl));
}

static void test_edges(void **state)
{
	struct dtree tree = { NULL, 0 };
	struct dtree_node low, high, mid, other;
	(void)state;

	assert_int_equal(insert(&tree, &mid, 10, 20), 0);
	assert_int_equal(insert(&tree, &low, 0, 0), 0);
	assert_int_equal(insert(&tree, &high, UINT64_MAX, UINT64_MAX), 0);
	/* Over one end, over the other, inside, and around: none may. */
	assert_int_equal(insert(&tree, &other, 5, 10), -EEXIST);
	assert_int_equal(insert(&tree, &other, 20, 25), -EEXIST);
	assert_int_equal(insert(&tree, &other, 15, 15), -EEXIST);
	assert_int_equal(insert(&tree, &other, 5, 25), -EEXIST);
	assert_int_equal(insert(&tree, &other, 0, UINT64_MAX), -EEXIST);
	assert_int_equal(dtree_count(&tree), 3);
	assert_int_equal(insert(&tree, &other, 21, UINT64_MAX - 1), 0);
	assert_int_equal(dtree_check(&tree), 0);

	assert_ptr_equal(dtree_first(&tree), &low);
	assert_ptr_equal(dtree_next(&low), &mid);
	assert_ptr_equal(dtree_next(&mid), &other);
	assert_ptr_equal(dtree_last(&tree), &high);
	assert_ptr_equal(dtree_prev(&high), &other);
	assert_null(dtree_next(&high));
	assert_null(dtree_prev(&low));
	assert_ptr_equal(dtree_find(&tree, 10), &mid);
	assert_null(dtree_find(&tree, 11));
	assert_ptr_equal(dtree_first_in(&tree, UINT64_MAX, UINT64_MAX), &high);
	assert_ptr_equal(dtree_first_in(&tree, 1, 10), &mid);
	assert_null(dtree_first_in(&tree, 1, 9));
	assert_ptr_equal(dtree_next_in(&low, 0, 10), &mid);
	assert_null(dtree_next_in(&low, 0, 9));
	assert_ptr_equal(dtree_next_in(&low, 21, 22), &other); /* not one of them itself */
}

/* Its ends may move while its neighbours stay apart. */
static void test_moving_ends(void **state)
{
	struct dtree tree = { NULL, 0 };
	struct dtree_node a, b, c;
	(void)state;

	insert(&tree, &a, 0, 99);
	insert(&tree, &c, 200, 299);
	a.last = 49;
	assert_int_equal(insert(&tree, &b, 50, 199), 0);
	assert_int_equal(dtree_check(&tree), 0);
	assert_ptr_equal(dtree_first_in(&tree, 49, 60), &a);
	assert_ptr_equal(dtree_first_in(&tree, 50, 60), &b);
}

static void test_check_sees_damage(void **state)
{
	struct dtree tree = { NULL, 0 };
	struct dtree_node n[15];
	(void)state;

	for (size_t i = 0; i < UNIT_COUNT(n); i++)
		insert(&tree, &n[i], i * 10, i * 10 + 5);
	assert_int_equal(dtree_check(&tree), 0);
	n[3].last = 40;
	assert_int_equal(dtree_check(&tree), -EUCLEAN);
	n[3].last = 29;
	assert_int_equal(dtree_check(&tree), -EUCLEAN);
	n[3].last = 35;
	n[0].avl.up ^= 3;
	assert_int_equal(dtree_check(&tree), -EUCLEAN);
	n[0].avl.up ^= 3;
	tree.count++;
	assert_int_equal(dtree_check(&tree), -EUCLEAN);
	tree.count--;
	assert_int_equal(dtree_check(&tree), 0);
}

#define PLACES 300

/* For each place the node that covers it. */
static struct dtree_node *first_from(struct dtree_node *const *at, size_t a, size_t b)
{
	for (size_t i = a; i <= b; i++) {
		if (at[i])
			return at[i];
	}
	return NULL;
}

static void compare(const struct dtree *tree, struct dtree_node *const *at, struct unit_random *r,
		    size_t step)
{
	size_t a = unit_below(r, PLACES), b = a + unit_below(r, PLACES - a);
	struct dtree_node *n = dtree_first_in(tree, a, b);

	UNIT_REQUIRE(n == first_from(at, a, b), r, step);
	while (n) {
		size_t next = n->last + 1;

		n = dtree_next_in(n, a, b);
		UNIT_REQUIRE(n == (next > b ? NULL : first_from(at, next, b)), r, step);
	}
	n = at[a];
	UNIT_REQUIRE(dtree_find(tree, a) == (n && n->start == a ? n : NULL), r, step);
	if (!n)
		return;
	UNIT_REQUIRE(dtree_next(n) == first_from(at, n->last + 1, PLACES - 1), r, step);
	if (dtree_prev(n))
		UNIT_REQUIRE(dtree_next(dtree_prev(n)) == n, r, step);
	else
		UNIT_REQUIRE(dtree_first(tree) == n && first_from(at, 0, a) == n, r, step);
}

static void test_against_array(void **state)
{
	struct unit_random r = unit_random_new();
	struct dtree_node *at[PLACES + 1] = { NULL };
	struct dtree tree = { NULL, 0 };
	size_t steps = unit_steps(100000), count = 0;
	(void)state;

	for (size_t step = 0; step < steps; step++) {
		size_t start = unit_below(&r, PLACES);
		size_t last = start + unit_below(&r, 4);
		struct dtree_node *n = at[start];

		if (n && unit_below(&r, 2)) {
			dtree_remove(&tree, n);
			for (size_t i = n->start; i <= n->last; i++)
				at[i] = NULL;
			free(n);
			count--;
		} else if (last < PLACES) {
			bool free_there = !first_from(at, start, last);

			n = calloc(1, sizeof(*n));
			assert_non_null(n);
			UNIT_REQUIRE((insert(&tree, n, start, last) == 0) == free_there, &r, step);
			for (size_t i = start; i <= last && free_there; i++)
				at[i] = n;
			count += free_there;
			if (!free_there)
				free(n);
		}
		UNIT_REQUIRE(dtree_count(&tree) == count, &r, step);
		if (step % 16 == 0)
			UNIT_REQUIRE(dtree_check(&tree) == 0, &r, step);
		compare(&tree, at, &r, step);
	}
	for (struct dtree_node *n; (n = dtree_last(&tree)); free(n))
		dtree_remove(&tree, n);
	assert_null(tree.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),	      cmocka_unit_test(test_edges),
		cmocka_unit_test(test_moving_ends),   cmocka_unit_test(test_check_sees_damage),
		cmocka_unit_test(test_against_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
