// SPDX-License-Identifier: GPL-2.0-or-later
/* The history: what went, found by address and time. */
#include <errno.h>

#include "core/history_impl.h"

static struct block *entry(const struct avl_node *n)
{
	return avl_entry(n, struct block, node);
}

struct history_ioas *history_find(const struct history *h, uint32_t id)
{
	return itree_entry(itree_find(&h->ioases, id), struct history_ioas, node);
}

/* ---- blocks ---- */

/* A place in the order of blocks. */
struct key {
	uint32_t level;
	uint64_t start;
	uint64_t time_ns;
	uint64_t sequence;
};

static struct key key_of(const struct block *b)
{
	return (struct key){ b->level, b->start, b->gone->key_ns, b->gone->sequence };
}

static bool before(const struct key *a, const struct key *b)
{
	if (a->level != b->level)
		return a->level < b->level;
	if (a->start != b->start)
		return a->start < b->start;
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns;
	return a->sequence < b->sequence;
}

static void insert(struct history_ioas *ioas, struct block *b)
{
	struct avl_node *parent = NULL;
	struct key key = key_of(b);
	int side = 0;

	for (struct avl_node *n = ioas->root; n; n = n->child[side]) {
		struct key there = key_of(entry(n));

		parent = n;
		side = before(&there, &key);
	}
	avl_insert(&ioas->root, &b->node, parent, side, NULL);
	ioas->level[b->level]++;
	ioas->nblocks++;
}

/* The level of the largest aligned block that begins at `start` and ends at `last` or before. */
static uint32_t level_at(uint64_t start, uint64_t last)
{
	uint64_t size = last - start + 1; /* 0: 2^64 */
	uint32_t fits = size ? 63 - (uint32_t)__builtin_clzll(size) : 64;
	uint32_t aligned = start ? (uint32_t)__builtin_ctzll(start) : 64;

	return fits < aligned ? fits : aligned;
}

static uint64_t last_of(uint64_t start, uint32_t level)
{
	return level == 64 ? UINT64_MAX : start + ((1ULL << level) - 1);
}

static void free_blocks(struct history *h, struct block *b)
{
	struct block *next;

	for (; b; b = next) {
		next = b->next;
		slab_give(&h->blocks, &h->alloc, b);
	}
}

/* The blocks that `g` is made of, not in the tree yet. False: no memory, and there are none. */
static bool cut(struct history *h, struct gone *g)
{
	uint64_t start = g->m.iova, last;

	for (;; start = last + 1) {
		struct block *b = slab_take(&h->blocks, &h->alloc);

		if (!b) {
			free_blocks(h, g->blocks);
			g->blocks = NULL;
			return false;
		}
		*b = (struct block){ .gone = g, .next = g->blocks, .start = start };
		b->level = level_at(start, g->m.last);
		g->blocks = b;
		last = last_of(start, b->level);
		if (last >= g->m.last)
			return true;
	}
}

/* ---- in and out ---- */

static void release(struct history *h, struct gone *g)
{
	free_blocks(h, g->blocks);
	history_who_put(h, (struct who_slot *)(uintptr_t)g->m.mapped_by);
	history_who_put(h, (struct who_slot *)(uintptr_t)g->m.unmapped_by);
	slab_give(&h->gones, &h->alloc, g);
}

static void forget_oldest(struct history *h, struct history_ioas *ioas)
{
	struct gone *g = ioas->oldest;

	for (struct block *b = g->blocks; b; b = b->next) {
		avl_remove(&ioas->root, &b->node, NULL);
		ioas->level[b->level]--;
		ioas->nblocks--;
	}
	ioas->oldest = g->newer;
	if (g->newer)
		g->newer->older = NULL;
	else
		ioas->newest = NULL;
	ioas->count--;
	ioas->reach.whole = false;
	ioas->reach.forgotten++;
	if (g->key_ns > ioas->reach.since_ns)
		ioas->reach.since_ns = g->key_ns;
	release(h, g);
}

void history_forget_all(struct history *h, struct history_ioas *ioas)
{
	while (ioas->oldest)
		forget_oldest(h, ioas);
}

static void append(struct history_ioas *ioas, struct gone *g)
{
	g->key_ns = g->m.gone_ns;
	if (ioas->newest && ioas->newest->key_ns > g->key_ns)
		g->key_ns = ioas->newest->key_ns;
	g->sequence = ioas->sequence++;
	g->older = ioas->newest;
	if (ioas->newest)
		ioas->newest->newer = g;
	else
		ioas->oldest = g;
	ioas->newest = g;
	ioas->count++;
	for (struct block *b = g->blocks; b; b = b->next)
		insert(ioas, b);
}

bool history_keep(struct history *h, struct history_ioas *ioas, const struct history_mapping *m)
{
	struct gone *g = slab_take(&h->gones, &h->alloc);

	if (!g)
		return false;
	*g = (struct gone){ .m = *m };
	if (!cut(h, g)) {
		slab_give(&h->gones, &h->alloc, g);
		return false;
	}
	append(ioas, g);
	/* The one that came last stays, whatever it takes. */
	while (ioas->count > 1 &&
	       (ioas->count > h->kept || ioas->nblocks > HISTORY_BLOCKS_EACH * h->kept))
		forget_oldest(h, ioas);
	return true;
}

/* ---- lookups ---- */

/* The last block before `key`, or (side 1) the first one that is not. */
static const struct block *beside(const struct history_ioas *ioas, const struct key *key, int side)
{
	const struct block *found = NULL;

	for (const struct avl_node *n = ioas->root; n;) {
		struct key there = key_of(entry(n));
		int is_before = before(&there, key);

		if (is_before != side)
			found = entry(n);
		n = n->child[is_before];
	}
	return found;
}

/* Of what covers the address: the last that went up to the time, or (side 1) the first after it. */
static const struct gone *nearest(const struct history_ioas *ioas, uint64_t iova, uint64_t time_ns,
				  int side)
{
	const struct gone *found = NULL;

	for (uint32_t level = 0; level < HISTORY_LEVELS; level++) {
		struct key key = { level, 0, time_ns, UINT64_MAX };
		const struct block *b;

		if (!ioas->level[level])
			continue;
		if (level < 64)
			key.start = iova >> level << level;
		b = beside(ioas, &key, side);
		if (!b || b->level != level || b->start != key.start)
			continue;
		if (!found || (b->gone->sequence < found->sequence) == side)
			found = b->gone;
	}
	return found;
}

bool history_before(const struct history *h, uint32_t id, uint64_t iova, uint64_t time_ns,
		    struct history_mapping *out)
{
	const struct history_ioas *ioas = history_find(h, id);
	const struct gone *g = ioas ? nearest(ioas, iova, time_ns, 0) : NULL;

	if (g)
		*out = g->m;
	return g;
}

bool history_at(const struct history *h, uint32_t id, uint64_t iova, uint64_t time_ns,
		struct history_mapping *out)
{
	const struct history_ioas *ioas = history_find(h, id);
	const struct gone *g = ioas ? nearest(ioas, iova, time_ns, 1) : NULL;

	if (!g || g->m.mapped_ns > time_ns)
		return false;
	*out = g->m;
	return true;
}

bool history_next(const struct history *h, uint32_t id, const void **at,
		  struct history_mapping *out)
{
	const struct history_ioas *ioas = *at ? NULL : history_find(h, id);
	const struct gone *g = *at ? ((const struct gone *)*at)->older : ioas ? ioas->newest : NULL;

	if (!g)
		return false;
	*at = g;
	*out = g->m;
	return true;
}

/* ---- for tests ---- */

static int check_blocks(const struct history_ioas *ioas)
{
	const struct block *prev = NULL;
	size_t levels = 0;

	for (const struct avl_node *n = avl_end(ioas->root, 0); n; n = avl_neighbour(n, 1)) {
		const struct block *b = entry(n);
		struct key key = key_of(b), was = prev ? key_of(prev) : key;

		if (prev && !before(&was, &key))
			return -EUCLEAN;
		if (b->start < b->gone->m.iova || last_of(b->start, b->level) > b->gone->m.last)
			return -EUCLEAN;
		prev = b;
	}
	for (uint32_t l = 0; l < HISTORY_LEVELS; l++)
		levels += ioas->level[l];
	return levels == ioas->nblocks ? avl_check(ioas->root, ioas->nblocks) : -EUCLEAN;
}

static int check_ioas(const struct history_ioas *ioas)
{
	size_t count = 0, blocks = 0;

	for (const struct gone *g = ioas->oldest; g; g = g->newer) {
		if (g->newer ? g->newer->older != g || g->newer->key_ns < g->key_ns
			     : ioas->newest != g)
			return -EUCLEAN;
		for (const struct block *b = g->blocks; b; b = b->next)
			blocks++;
		count++;
	}
	if (count != ioas->count || blocks != ioas->nblocks || dtree_check(&ioas->born))
		return -EUCLEAN;
	return check_blocks(ioas);
}

int history_check(const struct history *h)
{
	struct itree_node *node;
	size_t gone = 0;

	itree_for_each(node, &h->ioases) {
		const struct history_ioas *ioas = itree_entry(node, struct history_ioas, node);

		gone += ioas->reach.gone;
		if (check_ioas(ioas))
			return -EUCLEAN;
	}
	return gone == h->ngone ? itree_check(&h->ioases) : -EUCLEAN;
}
