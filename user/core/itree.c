// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/itree.h"

#include <errno.h>
#include <stdbool.h>

static struct itree_node *entry(const struct avl_node *n)
{
	return avl_entry(n, struct itree_node, avl);
}

static struct itree_node *child(const struct itree_node *n, int side)
{
	return entry(n->avl.child[side]);
}

static uint64_t max_last_of(const struct itree_node *n)
{
	uint64_t max = n->last;

	for (int side = 0; side < 2; side++) {
		const struct itree_node *c = child(n, side);

		if (c && c->max_last > max)
			max = c->max_last;
	}
	return max;
}

static void augment(struct avl_node *n)
{
	entry(n)->max_last = max_last_of(entry(n));
}

static bool goes_left(const struct itree_node *node, const struct itree_node *at)
{
	return node->start < at->start || (node->start == at->start && node->last < at->last);
}

void itree_insert(struct itree *tree, struct itree_node *node)
{
	struct avl_node *parent = NULL;
	int side = 0;

	for (struct avl_node *n = tree->root; n; n = n->child[side]) {
		parent = n;
		if (entry(n)->max_last < node->last)
			entry(n)->max_last = node->last;
		side = !goes_left(node, entry(n));
	}
	node->max_last = node->last;
	avl_insert(&tree->root, &node->avl, parent, side, augment);
	tree->count++;
}

void itree_remove(struct itree *tree, struct itree_node *node)
{
	avl_remove(&tree->root, &node->avl, augment);
	tree->count--;
}

struct itree_node *itree_first(const struct itree *tree)
{
	return entry(avl_end(tree->root, 0));
}

struct itree_node *itree_last(const struct itree *tree)
{
	return entry(avl_end(tree->root, 1));
}

struct itree_node *itree_next(const struct itree_node *node)
{
	return entry(avl_neighbour(&node->avl, 1));
}

struct itree_node *itree_prev(const struct itree_node *node)
{
	return entry(avl_neighbour(&node->avl, 0));
}

struct itree_node *itree_lower(const struct itree *tree, uint64_t start)
{
	struct itree_node *found = NULL;

	for (struct itree_node *n = entry(tree->root); n;) {
		if (n->start >= start) {
			found = n;
			n = child(n, 0);
		} else {
			n = child(n, 1);
		}
	}
	return found;
}

struct itree_node *itree_find(const struct itree *tree, uint64_t start)
{
	struct itree_node *found = itree_lower(tree, start);

	return found && found->start == start ? found : NULL;
}

/*
 * The first node below `n` that overlaps [a, b]. Where the left side reaches a,
 * the leftmost node that does is the answer or starts behind b, and then all
 * after it start behind b too: one way down is enough.
 */
static struct itree_node *search(struct itree_node *n, uint64_t a, uint64_t b)
{
	while (n && n->max_last >= a) {
		struct itree_node *left = child(n, 0);

		if (left && left->max_last >= a) {
			n = left;
			continue;
		}
		if (n->start > b)
			return NULL;
		if (n->last >= a)
			return n;
		n = child(n, 1);
	}
	return NULL;
}

struct itree_node *itree_first_in(const struct itree *tree, uint64_t a, uint64_t b)
{
	return search(entry(tree->root), a, b);
}

struct itree_node *itree_next_in(const struct itree_node *node, uint64_t a, uint64_t b)
{
	for (;;) {
		struct itree_node *right = child(node, 1);
		const struct avl_node *n = &node->avl;
		struct itree_node *parent;

		if (right && right->max_last >= a)
			return search(right, a, b);
		while (avl_parent(n) && avl_parent(n)->child[1] == n)
			n = avl_parent(n);
		parent = entry(avl_parent(n));
		if (!parent || parent->start > b)
			return NULL;
		if (parent->last >= a)
			return parent;
		node = parent;
	}
}

int itree_check(const struct itree *tree)
{
	const struct itree_node *prev = NULL;
	const struct itree_node *n;

	if (avl_check(tree->root, tree->count))
		return -EUCLEAN;
	itree_for_each(n, tree) {
		if (n->start > n->last || n->max_last != max_last_of(n))
			return -EUCLEAN;
		if (prev && goes_left(n, prev))
			return -EUCLEAN;
		prev = n;
	}
	return 0;
}
