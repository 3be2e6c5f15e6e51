// SPDX-License-Identifier: GPL-2.0
/*
 * Slots in a table of several levels, as an IOMMU's: each node is a page, the lowest holds the
 * slots of 1 MiB of addresses. A node counts what is in it and goes when that is nothing.
 */
#include <linux/sched/signal.h>

#include "tracker-pages.h"

#define LEAF_SHIFT 8
#define NODE_SHIFT 9
#define LEVELS 5 /* above the leaves */

/* The address of a page: its number has 52 bits. */
static_assert(LEAF_SHIFT + LEVELS * NODE_SHIFT >= BITS_PER_LONG - PAGE_SHIFT);
static_assert(sizeof(struct ioasb_slot) << LEAF_SHIFT == PAGE_SIZE);
static_assert(sizeof(void *) << NODE_SHIFT == PAGE_SIZE);

struct table {
	struct ioasb_store store;
	void *root; /* of level LEVELS; 0 is a leaf */
	unsigned long nnodes;
};

static struct table *table_of(struct ioasb_store *store)
{
	return container_of(store, struct table, store);
}

/* How much of a page's number is for what is below that level. */
static unsigned int shift(unsigned int level)
{
	return level ? LEAF_SHIFT + (level - 1) * NODE_SHIFT : 0;
}

static void **child(void *node, unsigned int level, unsigned long at)
{
	return (void **)node + (at >> shift(level) & (BIT(NODE_SHIFT) - 1));
}

static struct ioasb_slot *slot_in(void *leaf, unsigned long at)
{
	return (struct ioasb_slot *)leaf + (at & (BIT(LEAF_SHIFT) - 1));
}

/* The page that a node is has room for a number. */
static unsigned long used(void *node)
{
	return page_private(virt_to_page(node));
}

static void use(void *node, long n)
{
	set_page_private(virt_to_page(node), used(node) + n);
}

/* As many bytes as a range tracker may have, whatever it is that is pinned. */
static unsigned long max_nodes(void)
{
	return ioasb_max_entries() / (PAGE_SIZE / 128) + LEVELS + 1;
}

static void *node_alloc(struct table *t)
{
	struct page *page;

	if (t->nnodes >= max_nodes())
		return ERR_PTR(-ENOSPC);
	page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!page)
		return ERR_PTR(-ENOMEM);
	set_page_private(page, 0);
	t->nnodes++;
	return page_address(page);
}

static void node_free(struct table *t, void *node)
{
	set_page_private(virt_to_page(node), 0);
	free_page((unsigned long)node);
	t->nnodes--;
}

/* NULL: there is none, and below *level there is nothing of the whole that its node would cover. */
static void *find_leaf(struct table *t, unsigned long at, unsigned int *level)
{
	void *node = t->root;

	for (*level = LEVELS; node && *level; --*level)
		node = *child(node, *level, at);
	return node;
}

/* Nodes that are empty afterwards, up to the root, go. */
static void drop_path(struct table *t, unsigned long at)
{
	void **path[LEVELS + 1], *node = t->root;
	int level = LEVELS;

	path[level] = &t->root;
	while (node && level) {
		path[level - 1] = child(node, level, at);
		node = *path[--level];
	}
	if (!node)
		level++;
	for (; level <= LEVELS && *path[level] && !used(*path[level]); level++) {
		node_free(t, *path[level]);
		*path[level] = NULL;
		if (level < LEVELS)
			use(*path[level + 1], -1);
	}
}

static int make_leaf(struct table *t, unsigned long at)
{
	void **link = &t->root, *parent = NULL;
	int level;

	for (level = LEVELS;; level--) {
		if (!*link) {
			void *node = node_alloc(t);

			if (IS_ERR(node)) {
				drop_path(t, at);
				return PTR_ERR(node);
			}
			*link = node;
			if (parent)
				use(parent, 1);
		}
		if (!level)
			return 0;
		parent = *link;
		link = child(parent, level, at);
	}
}

static int table_prepare(struct ioasb_store *store, unsigned long first, unsigned long last)
{
	unsigned long at;
	int rc;

	if ((last - first) >> LEAF_SHIFT > max_nodes())
		return -ENOSPC;
	for (at = first; at <= last; at = (at | (BIT(LEAF_SHIFT) - 1)) + 1) {
		if (fatal_signal_pending(current))
			return -EINTR;
		rc = make_leaf(table_of(store), at);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

static struct ioasb_slot *table_slot(struct ioasb_store *store, unsigned long at)
{
	unsigned int level;
	void *leaf = find_leaf(table_of(store), at, &level);

	return leaf ? slot_in(leaf, at) : NULL;
}

static struct ioasb_slot *table_next(struct ioasb_store *store, unsigned long *at,
				     unsigned long last)
{
	unsigned long i = *at, end;
	unsigned int level;

	for (; i <= last; i = end + 1) {
		void *leaf = find_leaf(table_of(store), i, &level);

		/* Nothing is below the node of that level, or this is its leaf. */
		end = i | (BIT(shift(level + 1)) - 1);
		for (; leaf && i <= min(end, last); i++) {
			if (!slot_in(leaf, i)->count)
				continue;
			*at = i;
			return slot_in(leaf, i);
		}
		cond_resched();
	}
	return NULL;
}

static void table_used(struct ioasb_store *store, unsigned long at, int n)
{
	unsigned int level;

	use(find_leaf(table_of(store), at, &level), n);
	store->nslots += n;
}

static void table_trim(struct ioasb_store *store, unsigned long first, unsigned long last)
{
	unsigned long i, end;
	unsigned int level;

	for (i = first; i <= last; i = end + 1) {
		void *leaf = find_leaf(table_of(store), i, &level);

		end = i | (BIT(shift(level + 1)) - 1);
		if (leaf && !used(leaf))
			drop_path(table_of(store), i);
		cond_resched();
	}
}

static const struct ioasb_store_ops store_ops = {
	.prepare = table_prepare,
	.slot = table_slot,
	.used = table_used,
	.next = table_next,
	.trim = table_trim,
};

static void *table_alloc(void)
{
	struct table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	return t ? &t->store : NULL;
}

static void table_free(void *store)
{
	struct table *t = table_of(store);

	WARN_ON(t->root || t->nnodes);
	kfree(t);
}

IOASB_PAGE_TRACKER(table, &store_ops, table_alloc, table_free);
