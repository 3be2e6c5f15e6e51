// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AVL tree with parent links. The balance of a node (height of the right side
 * minus height of the left one: -1, 0, 1) is kept in the low bits of the
 * parent link. A side is given as 0 (left) or 1 (right), a lean as -1 or 1.
 */
#include "core/itree.h"

#include <errno.h>
#include <stdbool.h>

#define BALANCE_MASK ((uintptr_t)3)

static struct itree_node *parent_of(const struct itree_node *n)
{
	return (struct itree_node *)(n->up & ~BALANCE_MASK);
}

static int balance_of(const struct itree_node *n)
{
	return (int)(n->up & BALANCE_MASK) - 1;
}

static void set_parent(struct itree_node *n, struct itree_node *parent)
{
	n->up = (uintptr_t)parent | (n->up & BALANCE_MASK);
}

static void set_balance(struct itree_node *n, int balance)
{
	n->up = (n->up & ~BALANCE_MASK) | (uintptr_t)(balance + 1);
}

static int lean_of(const struct itree_node *parent, const struct itree_node *n)
{
	return parent->child[1] == n ? 1 : -1;
}

static uint64_t max_last_of(const struct itree_node *n)
{
	uint64_t max = n->last;

	for (int side = 0; side < 2; side++) {
		if (n->child[side] && n->child[side]->max_last > max)
			max = n->child[side]->max_last;
	}
	return max;
}

/* Puts `to` (may be NULL) where `from` hangs below `parent` (NULL: the root). */
static void replace_child(struct itree *tree, struct itree_node *parent, struct itree_node *from,
			  struct itree_node *to)
{
	if (!parent)
		tree->root = to;
	else
		parent->child[parent->child[1] == from] = to;
	if (to)
		set_parent(to, parent);
}

/* Turns `top` down to `side`: its other child takes its place. */
static struct itree_node *rotate(struct itree *tree, struct itree_node *top, int side)
{
	struct itree_node *rise = top->child[!side];
	struct itree_node *inner = rise->child[side];

	replace_child(tree, parent_of(top), top, rise);
	top->child[!side] = inner;
	if (inner)
		set_parent(inner, top);
	rise->child[side] = top;
	set_parent(top, rise);
	top->max_last = max_last_of(top);
	rise->max_last = max_last_of(rise);
	return rise;
}

/*
 * `top` is two levels higher on the side it leans to. Returns the new top of
 * this part; its balance is not 0 only if the height stayed what it was.
 */
static struct itree_node *level(struct itree *tree, struct itree_node *top, int lean)
{
	int heavy = lean > 0;
	struct itree_node *child = top->child[heavy];
	struct itree_node *grand;
	int was;

	if (balance_of(child) != -lean) {
		was = balance_of(child);
		rotate(tree, top, !heavy);
		set_balance(top, was ? 0 : lean);
		set_balance(child, was ? 0 : -lean);
		return child;
	}
	grand = child->child[!heavy];
	was = balance_of(grand);
	rotate(tree, child, heavy);
	rotate(tree, top, !heavy);
	set_balance(top, was == lean ? -lean : 0);
	set_balance(child, was == -lean ? lean : 0);
	set_balance(grand, 0);
	return grand;
}

static bool goes_left(const struct itree_node *node, const struct itree_node *at)
{
	return node->start < at->start || (node->start == at->start && node->last < at->last);
}

void itree_insert(struct itree *tree, struct itree_node *node)
{
	struct itree_node *parent = NULL;
	struct itree_node **link = &tree->root;

	while (*link) {
		parent = *link;
		if (parent->max_last < node->last)
			parent->max_last = node->last;
		link = &parent->child[!goes_left(node, parent)];
	}
	node->max_last = node->last;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->up = (uintptr_t)parent;
	set_balance(node, 0);
	*link = node;
	tree->count++;

	for (; parent; node = parent, parent = parent_of(node)) {
		int lean = lean_of(parent, node);
		int balance = balance_of(parent) + lean;

		if (balance == 2 * lean) {
			level(tree, parent, lean);
			break;
		}
		set_balance(parent, balance);
		if (balance == 0)
			break;
	}
}

/* The part of `at` on the side of `lean` has become one level lower. */
static void level_after_remove(struct itree *tree, struct itree_node *at, int lean)
{
	while (at) {
		int balance = balance_of(at) - lean;
		struct itree_node *parent;

		if (balance == -2 * lean)
			at = level(tree, at, -lean);
		else
			set_balance(at, balance);
		if (balance_of(at) != 0)
			break;
		parent = parent_of(at);
		if (parent)
			lean = lean_of(parent, at);
		at = parent;
	}
}

/* Puts `heir`, already taken out of its own place, into the place of `node`. */
static void inherit(struct itree *tree, struct itree_node *node, struct itree_node *heir)
{
	replace_child(tree, parent_of(node), node, heir);
	for (int side = 0; side < 2; side++) {
		heir->child[side] = node->child[side];
		if (heir->child[side])
			set_parent(heir->child[side], heir);
	}
	set_balance(heir, balance_of(node));
}

void itree_remove(struct itree *tree, struct itree_node *node)
{
	struct itree_node *out = node; /* what leaves its place: has one child at most */
	struct itree_node *low; /* the lowest node with something new below it */
	int lean = 0;

	if (node->child[0] && node->child[1])
		out = itree_next(node);
	low = parent_of(out);
	if (low)
		lean = lean_of(low, out);
	replace_child(tree, low, out, out->child[out->child[0] == NULL]);
	if (out != node) {
		inherit(tree, node, out);
		if (low == node)
			low = out;
	}
	tree->count--;
	for (struct itree_node *n = low; n; n = parent_of(n))
		n->max_last = max_last_of(n);
	level_after_remove(tree, low, lean);
}

static struct itree_node *outermost(struct itree_node *n, int side)
{
	while (n && n->child[side])
		n = n->child[side];
	return n;
}

static struct itree_node *neighbour(const struct itree_node *n, int side)
{
	struct itree_node *parent;

	if (n->child[side])
		return outermost(n->child[side], !side);
	for (parent = parent_of(n); parent && parent->child[side] == n; parent = parent_of(n))
		n = parent;
	return parent;
}

struct itree_node *itree_first(const struct itree *tree)
{
	return outermost(tree->root, 0);
}

struct itree_node *itree_last(const struct itree *tree)
{
	return outermost(tree->root, 1);
}

struct itree_node *itree_next(const struct itree_node *node)
{
	return neighbour(node, 1);
}

struct itree_node *itree_prev(const struct itree_node *node)
{
	return neighbour(node, 0);
}

struct itree_node *itree_lower(const struct itree *tree, uint64_t start)
{
	struct itree_node *found = NULL;

	for (struct itree_node *n = tree->root; n;) {
		if (n->start >= start) {
			found = n;
			n = n->child[0];
		} else {
			n = n->child[1];
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
		if (n->child[0] && n->child[0]->max_last >= a) {
			n = n->child[0];
			continue;
		}
		if (n->start > b)
			return NULL;
		if (n->last >= a)
			return n;
		n = n->child[1];
	}
	return NULL;
}

struct itree_node *itree_first_in(const struct itree *tree, uint64_t a, uint64_t b)
{
	return search(tree->root, a, b);
}

struct itree_node *itree_next_in(const struct itree_node *node, uint64_t a, uint64_t b)
{
	struct itree_node *parent;

	for (;;) {
		if (node->child[1] && node->child[1]->max_last >= a)
			return search(node->child[1], a, b);
		for (parent = parent_of(node); parent && parent->child[1] == node;
		     parent = parent_of(node))
			node = parent;
		if (!parent || parent->start > b)
			return NULL;
		if (parent->last >= a)
			return parent;
		node = parent;
	}
}

/* The height of a part, or -1 if something is wrong in it. Depth is O(log n). */
static int check_part(const struct itree_node *n, const struct itree_node *parent, size_t *count)
{
	int left, right;

	if (!n)
		return 0;
	if (parent_of(n) != parent || n->start > n->last || n->max_last != max_last_of(n))
		return -1;
	(*count)++;
	left = check_part(n->child[0], n, count);
	right = check_part(n->child[1], n, count);
	if (left < 0 || right < 0 || right - left != balance_of(n))
		return -1;
	return 1 + (left > right ? left : right);
}

int itree_check(const struct itree *tree)
{
	const struct itree_node *prev = NULL;
	const struct itree_node *n;
	size_t count = 0;

	if (check_part(tree->root, NULL, &count) < 0 || count != tree->count)
		return -EUCLEAN;
	itree_for_each(n, tree) {
		if (prev && goes_left(n, prev))
			return -EUCLEAN;
		prev = n;
	}
	return 0;
}
