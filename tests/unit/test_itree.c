// SPDX-License-Identifier: GPL-2.0-or-later
/* The interval tree: by hand at its edges, and against a plain sorted array. */
#include "core/itree.h"

#include <errno.h>

#include "unit.h"

struct thing {
	uint64_t serial; /* insertions so far, to see that equal ones keep their order */
	struct itree_node node;
};

static void set(struct thing *t, uint64_t start, uint64_t last)
{
	t->node.start = start;
	t->node.last = last;
}

static void insert(struct itree *tree, struct thing *t, uint64_t start, uint64_t last)
{
	set(t, start, last);
	itree_insert(tree, &t->node);
}

static void test_empty(void **state)
{
	struct itree tree = { NULL, 0 };
	struct itree_node *n;
	(void)state;

	assert_int_equal(itree_count(&tree), 0);
	assert_null(itree_first(&tree));
	assert_null(itree_last(&tree));
	assert_null(itree_lower(&tree, 0));
	assert_null(itree_find(&tree, 0));
	assert_null(itree_first_in(&tree, 0, UINT64_MAX));
	assert_int_equal(itree_check(&tree), 0);
	itree_for_each(n, &tree)
		fail();
	itree_for_each_in(n, &tree, 0, UINT64_MAX)
		fail();
	assert_null(itree_entry((struct itree_node *)NULL, struct thing, node));
}

static void test_edges(void **state)
{
	struct itree tree = { NULL, 0 };
	struct thing low, high, all, one;
	(void)state;

	insert(&tree, &low, 0, 0);
	insert(&tree, &high, UINT64_MAX, UINT64_MAX);
	insert(&tree, &all, 0, UINT64_MAX);
	insert(&tree, &one, UINT64_MAX - 1, UINT64_MAX - 1);
	assert_int_equal(itree_check(&tree), 0);

	assert_ptr_equal(itree_first(&tree), &low.node);
	assert_ptr_equal(itree_next(&low.node), &all.node);
	assert_ptr_equal(itree_last(&tree), &high.node);
	assert_null(itree_next(&high.node));
	assert_null(itree_prev(&low.node));
	assert_ptr_equal(itree_prev(&high.node), &one.node);
	assert_ptr_equal(itree_find(&tree, UINT64_MAX), &high.node);
	assert_ptr_equal(itree_find(&tree, 0), &low.node);
	assert_ptr_equal(itree_lower(&tree, 1), &one.node);

	assert_ptr_equal(itree_first_in(&tree, UINT64_MAX, UINT64_MAX), &all.node);
	assert_ptr_equal(itree_next_in(&all.node, UINT64_MAX, UINT64_MAX), &high.node);
	assert_null(itree_next_in(&high.node, UINT64_MAX, UINT64_MAX));
	assert_ptr_equal(itree_first_in(&tree, 0, 0), &low.node);
	itree_remove(&tree, &all.node);
	assert_null(itree_first_in(&tree, 1, UINT64_MAX - 2));
	assert_null(itree_next_in(&low.node, 0, UINT64_MAX - 2));
	itree_remove(&tree, &low.node);
	itree_remove(&tree, &high.node);
	itree_remove(&tree, &one.node);
	assert_null(tree.root);
	assert_int_equal(itree_count(&tree), 0);
}

static void test_equal_keep_order(void **state)
{
	struct itree tree = { NULL, 0 };
	struct thing things[100];
	struct itree_node *n;
	size_t i = 0;
	(void)state;

	for (i = 0; i < UNIT_COUNT(things); i++) {
		things[i].serial = i;
		insert(&tree, &things[i], 7, 9);
	}
	assert_int_equal(itree_check(&tree), 0);
	i = 0;
	itree_for_each(n, &tree)
		assert_int_equal(itree_entry(n, struct thing, node)->serial, i++);
	assert_int_equal(i, UNIT_COUNT(things));
	i = 0;
	itree_for_each_in(n, &tree, 9, 20)
		assert_int_equal(itree_entry(n, struct thing, node)->serial, i++);
	assert_int_equal(i, UNIT_COUNT(things));
	assert_ptr_equal(itree_find(&tree, 7), &things[0].node);
}

static void test_check_sees_damage(void **state)
{
	struct itree tree = { NULL, 0 };
	struct thing t[15];
	(void)state;

	for (size_t i = 0; i < UNIT_COUNT(t); i++)
		insert(&tree, &t[i], i * 10, i * 10 + 5);
	assert_int_equal(itree_check(&tree), 0);
	t[3].node.max_last++;
	assert_int_equal(itree_check(&tree), -EUCLEAN);
	t[3].node.max_last--;
	tree.count++;
	assert_int_equal(itree_check(&tree), -EUCLEAN);
	tree.count--;
	t[4].node.start = 1;
	assert_int_equal(itree_check(&tree), -EUCLEAN);
	t[4].node.start = 40;
	t[0].node.avl.up ^= 3;
	assert_int_equal(itree_check(&tree), -EUCLEAN);
	t[0].node.avl.up ^= 3;
	t[0].node.start = 6;
	assert_int_equal(itree_check(&tree), -EUCLEAN);
	t[0].node.start = 0;
	assert_int_equal(itree_check(&tree), 0);
}

/* Ascending, descending and from both ends: all the turns, at each size. */
static void test_regular_orders(void **state)
{
	static struct thing t[600];
	(void)state;

	for (int order = 0; order < 3; order++) {
		struct itree tree = { NULL, 0 };

		for (size_t i = 0; i < UNIT_COUNT(t); i++) {
			uint64_t key = order == 0 ? i : 10000 - i;

			if (order == 2 && i % 2)
				key = i;
			insert(&tree, &t[i], key, key);
			assert_int_equal(itree_check(&tree), 0);
		}
		for (size_t i = 0; i < UNIT_COUNT(t); i++) {
			itree_remove(&tree, order ? itree_first(&tree) : itree_last(&tree));
			assert_int_equal(itree_check(&tree), 0);
		}
		assert_null(tree.root);
	}
}

#define MODEL_MAX 400

/* The model: things in order, in an array. */
struct model {
	struct thing *things[MODEL_MAX];
	size_t count;
	uint64_t serial;
};

static int compare(const struct thing *a, const struct thing *b)
{
	if (a->node.start != b->node.start)
		return a->node.start < b->node.start ? -1 : 1;
	if (a->node.last != b->node.last)
		return a->node.last < b->node.last ? -1 : 1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static void model_insert(struct model *m, struct thing *t)
{
	size_t at = m->count++;

	for (; at > 0 && compare(m->things[at - 1], t) > 0; at--)
		m->things[at] = m->things[at - 1];
	m->things[at] = t;
}

static struct thing *model_remove(struct model *m, size_t at)
{
	struct thing *t = m->things[at];

	m->count--;
	memmove(&m->things[at], &m->things[at + 1], (m->count - at) * sizeof(t));
	return t;
}

/* Addresses that meet often, near both ends of the space and all over it. */
static uint64_t some_address(struct unit_random *r)
{
	switch (unit_below(r, 4)) {
	case 0:
		return unit_below(r, 64);
	case 1:
		return UINT64_MAX - unit_below(r, 64);
	case 2:
		return unit_below(r, 4096);
	default:
		return unit_random(r);
	}
}

static void some_range(struct unit_random *r, uint64_t *a, uint64_t *b)
{
	uint64_t length = unit_below(r, 4) ? unit_below(r, 32) : unit_random(r);

	*a = some_address(r);
	*b = length > UINT64_MAX - *a ? UINT64_MAX : *a + length;
}

static void compare_all(const struct itree *tree, const struct model *m,
			const struct unit_random *r, size_t step)
{
	const struct itree_node *n = itree_first(tree);

	UNIT_REQUIRE(itree_check(tree) == 0, r, step);
	UNIT_REQUIRE(itree_count(tree) == m->count, r, step);
	for (size_t i = 0; i < m->count; i++, n = itree_next(n))
		UNIT_REQUIRE(n == &m->things[i]->node, r, step);
	UNIT_REQUIRE(n == NULL, r, step);
	n = itree_last(tree);
	for (size_t i = m->count; i-- > 0; n = itree_prev(n))
		UNIT_REQUIRE(n == &m->things[i]->node, r, step);
	UNIT_REQUIRE(n == NULL, r, step);
}

static void compare_queries(const struct itree *tree, const struct model *m, struct unit_random *r,
			    size_t step)
{
	const struct itree_node *lower = NULL;
	const struct itree_node *n;
	uint64_t a, b;

	some_range(r, &a, &b);
	n = itree_first_in(tree, a, b);
	for (size_t i = 0; i < m->count; i++) {
		const struct itree_node *t = &m->things[i]->node;

		if (!lower && t->start >= a)
			lower = t;
		if (t->start > b || t->last < a)
			continue;
		UNIT_REQUIRE(n == t, r, step);
		n = itree_next_in(n, a, b);
	}
	UNIT_REQUIRE(n == NULL, r, step);
	UNIT_REQUIRE(itree_lower(tree, a) == lower, r, step);
	UNIT_REQUIRE(itree_find(tree, a) == (lower && lower->start == a ? lower : NULL), r, step);
}

static void test_against_array(void **state)
{
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(60000);
	struct itree tree = { NULL, 0 };
	static struct model m;
	(void)state;

	for (size_t step = 0; step < steps; step++) {
		/* Grows and shrinks in waves, down to empty. */
		bool grow = unit_below(&r, 8) < (step / 1500 % 2 ? 2 : 6);

		if (grow && m.count < MODEL_MAX) {
			struct thing *t = malloc(sizeof(*t));

			assert_non_null(t);
			t->serial = m.serial++;
			some_range(&r, &t->node.start, &t->node.last);
			model_insert(&m, t);
			itree_insert(&tree, &t->node);
		} else if (m.count) {
			struct thing *t = model_remove(&m, unit_below(&r, m.count));

			itree_remove(&tree, &t->node);
			free(t);
		}
		if (step < 5000 || step % 64 == 0)
			compare_all(&tree, &m, &r, step);
		compare_queries(&tree, &m, &r, step);
	}
	while (m.count) {
		struct thing *t = model_remove(&m, m.count / 2);

		itree_remove(&tree, &t->node);
		free(t);
	}
	assert_null(tree.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_equal_keep_order),
		cmocka_unit_test(test_check_sees_damage),
		cmocka_unit_test(test_regular_orders),
		cmocka_unit_test(test_against_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
