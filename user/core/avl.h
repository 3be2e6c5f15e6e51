/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The balancing of a binary tree whose nodes live inside the caller's objects
 * (AVL, with parent links). It knows no keys: who searches does it along
 * .child[], and says where a new node goes. core/itree.h and core/dtree.h stand
 * on it.
 *
 * A user may keep in each node a sum of all that is below it. `augment`, where
 * given, computes the sum of one node anew from itself and its children; it is
 * called from below upwards wherever children have changed. NULL: no sums.
 *
 * Allocates nothing, owns nothing, is not locked. Changes are O(log n).
 */
#ifndef CORE_AVL_H
#define CORE_AVL_H

#include <stddef.h>
#include <stdint.h>

struct avl_node {
	uintptr_t up; /* parent, with the balance + 1 in the two low bits */
	struct avl_node *child[2]; /* before it, after it; beside the keys, for the way down */
};

_Static_assert(sizeof(struct avl_node) <= 24, "node size");

typedef void (*avl_augment)(struct avl_node *node);

/* The object of `type` whose member `member` is `node`; NULL for NULL. */
#define avl_entry(node, type, member) ((type *)avl_entry_offset((node), offsetof(type, member)))

static inline void *avl_entry_offset(const struct avl_node *node, size_t offset)
{
	return node ? (char *)(uintptr_t)node - offset : NULL;
}

static inline struct avl_node *avl_parent(const struct avl_node *node)
{
	return (struct avl_node *)(node->up & ~(uintptr_t)3);
}

/*
 * Puts `node` in as child `side` (0 or 1) of `parent`, where there is none;
 * parent NULL: as the root of an empty tree. Its sum is set and, where there
 * are sums, those of all above it count it already.
 */
void avl_insert(struct avl_node **root, struct avl_node *node, struct avl_node *parent, int side,
		avl_augment augment);

/* Takes `node` out. */
void avl_remove(struct avl_node **root, struct avl_node *node, avl_augment augment);

/* The first (side 0) or last (side 1) node; NULL: the tree is empty. */
struct avl_node *avl_end(struct avl_node *root, int side);

/* The one before (side 0) or after (side 1) `node`; NULL: it is at the end. */
struct avl_node *avl_neighbour(const struct avl_node *node, int side);

/* Whether links and balances are right, and so many nodes are in: 0 or -EUCLEAN. O(n). */
int avl_check(const struct avl_node *root, size_t count);

#endif
