/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interval tree whose nodes live inside the caller's objects.
 *
 * Each node covers [start, last], both ends included, so an interval may reach
 * UINT64_MAX. Intervals may overlap; users that forbid overlaps look first.
 * Order is (start, last, insertion): of two equal intervals the one inserted
 * earlier comes first. The tree is an AVL tree that keeps in each node the
 * highest `last` below it, so every operation here is O(log n), a walk over k
 * overlapping intervals O(k + log n).
 *
 * The tree allocates nothing and owns nothing. It is not locked. A node's
 * .start and .last are set before the insertion and not changed while it is in.
 */
#ifndef CORE_ITREE_H
#define CORE_ITREE_H

#include <stddef.h>
#include <stdint.h>

#include "core/avl.h"

struct itree_node {
	struct avl_node avl; /* private */
	uint64_t start;
	uint64_t last; /* inclusive, >= start */
	uint64_t max_last; /* private: highest .last of this node and all below it */
};

_Static_assert(sizeof(struct itree_node) <= 48, "node size");

/* All zero is an empty tree. */
struct itree {
	struct avl_node *root;
	size_t count;
};

/* The object of `type` whose member `member` is `node`; NULL for NULL. */
#define itree_entry(node, type, member) ((type *)itree_entry_offset((node), offsetof(type, member)))

static inline void *itree_entry_offset(const struct itree_node *node, size_t offset)
{
	return node ? (char *)(uintptr_t)node - offset : NULL;
}

/* How many nodes are in. */
static inline size_t itree_count(const struct itree *tree)
{
	return tree->count;
}

/*
 * Puts `node` in. The caller has set .start <= .last, and keeps the node alive
 * until it is removed. The other fields may hold anything.
 */
void itree_insert(struct itree *tree, struct itree_node *node);

/* Takes `node`, which must be in this tree, out of it. It is not freed. */
void itree_remove(struct itree *tree, struct itree_node *node);

/* The lowest and the highest node in order, NULL if the tree is empty. */
struct itree_node *itree_first(const struct itree *tree);
struct itree_node *itree_last(const struct itree *tree);

/* The neighbours of a node in order, NULL at the end. */
struct itree_node *itree_next(const struct itree_node *node);
struct itree_node *itree_prev(const struct itree_node *node);

/* The first node in order with .start >= start, NULL if there is none. */
struct itree_node *itree_lower(const struct itree *tree, uint64_t start);

/* The first node in order with .start == start, NULL if there is none. */
struct itree_node *itree_find(const struct itree *tree, uint64_t start);

/* The first node in order that overlaps [a, b], a <= b; NULL if none does. */
struct itree_node *itree_first_in(const struct itree *tree, uint64_t a, uint64_t b);

/* The next one after `node` in order that overlaps [a, b]; NULL if none does. */
struct itree_node *itree_next_in(const struct itree_node *node, uint64_t a, uint64_t b);

/*
 * Whether the tree is in order, balanced, linked both ways, with right sums:
 * 0, or -EUCLEAN. O(n), for tests.
 */
int itree_check(const struct itree *tree);

/* All nodes in order, or those that overlap [a, b]. The current one must stay in. */
#define itree_for_each(node, tree)                                                                 \
	for ((node) = itree_first(tree); (node); (node) = itree_next(node))
#define itree_for_each_in(node, tree, a, b)                                                        \
	for ((node) = itree_first_in((tree), (a), (b)); (node);                                    \
	     (node) = itree_next_in((node), (a), (b)))

#endif
