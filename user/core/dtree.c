// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/dtree.h"

#include <errno.h>

static struct dtree_node *entry(const struct avl_node *n)
{
	return avl_entry(n, struct dtree_node, avl);
}

int dtree_insert(struct dtree *tree, struct dtree_node *node)
{
	struct avl_node *parent = NULL;
	int side = 0;

	for (struct avl_node *n = tree->root; n; n = n->child[side]) {
		parent = n;
		side = node->start > entry(n)->last;
		if (!side && node->last >= entry(n)->start)
			return -EEXIST;
	}
	avl_insert(&tree->root, &node->avl, parent, side, NULL);
	tree->count++;
	return 0;
}

void dtree_remove(struct dtree *tree, struct dtree_node *node)
{
	avl_remove(&tree->root, &node->avl, NULL);
	tree->count--;
}

struct dtree_node *dtree_first(const struct dtree *tree)
{
	return entry(avl_end(tree->root, 0));
}

struct dtree_node *dtree_last(const struct dtree *tree)
{
	return entry(avl_end(tree->root, 1));
}

struct dtree_node *dtree_next(const struct dtree_node *node)
{
	return entry(avl_neighbour(&node->avl, 1));
}

struct dtree_node *dtree_prev(const struct dtree_node *node)
{
	return entry(avl_neighbour(&node->avl, 0));
}

struct dtree_node *dtree_find(const struct dtree *tree, uint64_t start)
{
	struct avl_node *n = tree->root;

	while (n && entry(n)->start != start)
		n = n->child[start > entry(n)->start];
	return entry(n);
}

struct dtree_node *dtree_first_in(const struct dtree *tree, uint64_t a, uint64_t b)
{
	struct dtree_node *found = NULL;

	/* The first one that does not end before a; where one covers a, it is that one. */
	for (struct avl_node *n = tree->root; n;) {
		if (entry(n)->last < a) {
			n = n->child[1];
			continue;
		}
		found = entry(n);
		n = found->start <= a ? NULL : n->child[0];
	}
	return found && found->start <= b ? found : NULL;
}

struct dtree_node *dtree_next_in(const struct dtree_node *node, uint64_t a, uint64_t b)
{
	struct dtree_node *next = dtree_next(node);

	while (next && next->last < a)
		next = dtree_next(next);
	return next && next->start <= b ? next : NULL;
}

int dtree_check(const struct dtree *tree)
{
	const struct dtree_node *prev = NULL;

	if (avl_check(tree->root, tree->count))
		return -EUCLEAN;
	for (const struct dtree_node *n = dtree_first(tree); n; n = dtree_next(n)) {
		if (n->start > n->last || (prev && prev->last >= n->start))
			return -EUCLEAN;
		prev = n;
	}
	return 0;
}
