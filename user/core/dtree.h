/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of ranges that do not overlap, whose nodes live inside the caller's
 * objects: core/itree.h without what only overlaps need, and 8 bytes smaller.
 *
 * A node covers [start, last], both ends included. Operations are O(log n), a
 * walk over k nodes O(k + log n). The tree allocates nothing and owns nothing.
 * It is not locked. A node's .start and .last are set before the insertion and
 * may change while it is in only if its neighbours stay apart and in order.
 */
#ifndef CORE_DTREE_H
#define CORE_DTREE_H

#include <stddef.h>
#include <stdint.h>

#include "core/avl.h"

struct dtree_node {
	struct avl_node avl; /* private */
	uint64_t start;
	uint64_t last; /* inclusive, >= start */
};

_Static_assert(sizeof(struct dtree_node) <= 40, "node size");

/* All zero is an empty tree. */
struct dtree {
	struct avl_node *root;
	size_t count;
};

/* The object of `type` whose member `member` is `node`; NULL for NULL. */
#define dtree_entry(node, type, member) ((type *)dtree_entry_offset((node), offsetof(type, member)))

static inline void *dtree_entry_offset(const struct dtree_node *node, size_t offset)
{
	return node ? (char *)(uintptr_t)node - offset : NULL;
}

static inline size_t dtree_count(const struct dtree *tree)
{
	return tree->count;
}

/* Puts `node` in, which must overlap none that is in: 0, or -EEXIST with nothing changed. */
int dtree_insert(struct dtree *tree, struct dtree_node *node);

/* Takes `node`, which must be in this tree, out of it. It is not freed. */
void dtree_remove(struct dtree *tree, struct dtree_node *node);

/* The ends, and the neighbours of a node; NULL: none (any more). */
struct dtree_node *dtree_first(const struct dtree *tree);
struct dtree_node *dtree_last(const struct dtree *tree);
struct dtree_node *dtree_next(const struct dtree_node *node);
struct dtree_node *dtree_prev(const struct dtree_node *node);

/* The node with .start == start, NULL if there is none. */
struct dtree_node *dtree_find(const struct dtree *tree, uint64_t start);

/* The first node that overlaps [a, b], a <= b, and the next one after `node`; NULL: none. */
struct dtree_node *dtree_first_in(const struct dtree *tree, uint64_t a, uint64_t b);
struct dtree_node *dtree_next_in(const struct dtree_node *node, uint64_t a, uint64_t b);

/* Whether the tree is in order, balanced and linked both ways: 0 or -EUCLEAN. O(n), for tests. */
int dtree_check(const struct dtree *tree);

#endif
