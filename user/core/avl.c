// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The balance of a node is the height of the right side minus that of the left
 * one: -1, 0, 1. A side is given as 0 (left) or 1 (right), a lean as -1 or 1.
 */
#include "core/avl.h"

#include <errno.h>
#include <stdbool.h>

#define BALANCE_MASK ((uintptr_t)3)

static int balance_of(const struct avl_node *n)
{
	return (int)(n->up & BALANCE_MASK) - 1;
}

static void set_parent(struct avl_node *n, struct avl_node *parent)
{
	n->up = (uintptr_t)parent | (n->up & BALANCE_MASK);
}

static void set_balance(struct avl_node *n, int balance)
{
	n->up = (n->up & ~BALANCE_MASK) | (uintptr_t)(balance + 1);
}

static int lean_of(const struct avl_node *parent, const struct avl_node *n)
{
	return parent->child[1] == n ? 1 : -1;
}

/* Puts `to` (may be NULL) where `from` hangs below `parent` (NULL: the root). */
static void replace_child(struct avl_node **root, struct avl_node *parent, struct avl_node *from,
			  struct avl_node *to)
{
	if (!parent)
		*root = to;
	else
		parent->child[parent->child[1] == from] = to;
	if (to)
		set_parent(to, parent);
}

/* Turns `top` down to `side`: its other child takes its place. */
static void rotate(struct avl_node **root, struct avl_node *top, int side, avl_augment augment)
{
	struct avl_node *rise = top->child[!side];
	struct avl_node *inner = rise->child[side];

	replace_child(root, avl_parent(top), top, rise);
	top->child[!side] = inner;
	if (inner)
		set_parent(inner, top);
	rise->child[side] = top;
	set_parent(top, rise);
	if (augment) {
		augment(top);
		augment(rise);
	}
}

/*
 * `top` is two levels higher on the side it leans to. Returns the new top of
 * this part; its balance is not 0 only if the height stayed what it was.
 */
static struct avl_node *level(struct avl_node **root, struct avl_node *top, int lean,
			      avl_augment augment)
{
	int heavy = lean > 0;
	struct avl_node *child = top->child[heavy];
	struct avl_node *grand;
	int was;

	if (balance_of(child) != -lean) {
		was = balance_of(child);
		rotate(root, top, !heavy, augment);
		set_balance(top, was ? 0 : lean);
		set_balance(child, was ? 0 : -lean);
		return child;
	}
	grand = child->child[!heavy];
	was = balance_of(grand);
	rotate(root, child, heavy, augment);
	rotate(root, top, !heavy, augment);
	set_balance(top, was == lean ? -lean : 0);
	set_balance(child, was == -lean ? lean : 0);
	set_balance(grand, 0);
	return grand;
}

void avl_insert(struct avl_node **root, struct avl_node *node, struct avl_node *parent, int side,
		avl_augment augment)
{
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->up = (uintptr_t)parent;
	set_balance(node, 0);
	if (parent)
		parent->child[side] = node;
	else
		*root = node;

	for (; parent; node = parent, parent = avl_parent(node)) {
		int lean = lean_of(parent, node);
		int balance = balance_of(parent) + lean;

		if (balance == 2 * lean) {
			level(root, parent, lean, augment);
			break;
		}
		set_balance(parent, balance);
		if (balance == 0)
			break;
	}
}

/* The part of `at` on the side of `lean` has become one level lower. */
static void level_after_remove(struct avl_node **root, struct avl_node *at, int lean,
			       avl_augment augment)
{
	while (at) {
		int balance = balance_of(at) - lean;
		struct avl_node *parent;

		if (balance == -2 * lean)
			at = level(root, at, -lean, augment);
		else
			set_balance(at, balance);
		if (balance_of(at) != 0)
			break;
		parent = avl_parent(at);
		if (parent)
			lean = lean_of(parent, at);
		at = parent;
	}
}

/* Puts `heir`, already taken out of its own place, into the place of `node`. */
static void inherit(struct avl_node **root, struct avl_node *node, struct avl_node *heir)
{
	replace_child(root, avl_parent(node), node, heir);
	for (int side = 0; side < 2; side++) {
		heir->child[side] = node->child[side];
		if (heir->child[side])
			set_parent(heir->child[side], heir);
	}
	set_balance(heir, balance_of(node));
}

void avl_remove(struct avl_node **root, struct avl_node *node, avl_augment augment)
{
	struct avl_node *out = node; /* what leaves its place: has one child at most */
	struct avl_node *low; /* the lowest node with something new below it */
	int lean = 0;

	if (node->child[0] && node->child[1])
		out = avl_neighbour(node, 1);
	low = avl_parent(out);
	if (low)
		lean = lean_of(low, out);
	replace_child(root, low, out, out->child[out->child[0] == NULL]);
	if (out != node) {
		inherit(root, node, out);
		if (low == node)
			low = out;
	}
	for (struct avl_node *n = low; n && augment; n = avl_parent(n))
		augment(n);
	level_after_remove(root, low, lean, augment);
}

struct avl_node *avl_end(struct avl_node *root, int side)
{
	while (root && root->child[side])
		root = root->child[side];
	return root;
}

struct avl_node *avl_neighbour(const struct avl_node *n, int side)
{
	struct avl_node *parent;

	if (n->child[side])
		return avl_end(n->child[side], !side);
	for (parent = avl_parent(n); parent && parent->child[side] == n; parent = avl_parent(n))
		n = parent;
	return parent;
}

/* The height of a part, or -1 if something is wrong in it. Depth is O(log n). */
static int check_part(const struct avl_node *n, const struct avl_node *parent, size_t *count)
{
	int left, right;

	if (!n)
		return 0;
	if (avl_parent(n) != parent)
		return -1;
	(*count)++;
	left = check_part(n->child[0], n, count);
	right = check_part(n->child[1], n, count);
	if (left < 0 || right < 0 || right - left != balance_of(n))
		return -1;
	return 1 + (left > right ? left : right);
}

int avl_check(const struct avl_node *root, size_t count)
{
	size_t seen = 0;

	return check_part(root, NULL, &seen) < 0 || seen != count ? -EUCLEAN : 0;
}
