// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pins of accesses that must unpin exactly what they pinned, as ranges: the
 * mirror counts pages. They are known while they make up all that the mirror
 * counts; pins from before the events, or for which there was no memory, are not
 * among them.
 */
#include <errno.h>

#include "core/check_impl.h"

struct hold {
	struct itree_node node; /* [start, last] */
	uint64_t refs;
};

struct check_access {
	uint64_t key; /* IOAS, access */
	struct itree holds;
	uint64_t refs; /* pins on all pages together, modulo 2^64 */
	UT_hash_handle hh;
};

static uint64_t key_of(uint32_t ioas, uint32_t access)
{
	return (uint64_t)ioas << 32 | access;
}

static struct check_access *find(struct check *c, uint64_t key)
{
	struct check_access *my;

	HASH_FIND(hh, c->ledger.accesses, &key, sizeof(key), my);
	return my;
}

static struct check_access *get(struct check *c, uint64_t key)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_access *my = find(c, key);

	if (my)
		return my;
	my = ioas_alloc_zeroed(&c->alloc, sizeof(*my));
	if (!my)
		return NULL;
	my->key = key;
	HASH_ADD(hh, c->ledger.accesses, key, sizeof(my->key), my);
	if (my->hh.tbl)
		return my;
	ioas_alloc_release(&c->alloc, my);
	return NULL;
}

static struct hold *find_hold(const struct check_access *my, uint64_t start, uint64_t last)
{
	struct itree_node *n = itree_find(&my->holds, start);

	/* Of one start they are in order of their ends. */
	while (n && n->start == start && n->last < last)
		n = itree_next(n);
	if (!n || n->start != start || n->last != last)
		return NULL;
	return itree_entry(n, struct hold, node);
}

static void drop_hold(struct check *c, struct check_access *my, struct hold *hold)
{
	itree_remove(&my->holds, &hold->node);
	my->refs -= hold->refs * pin_pages(hold->node.start, hold->node.last);
	ioas_alloc_release(&c->alloc, hold);
}

static void drop_holds(struct check *c, struct check_access *my)
{
	struct itree_node *n;

	while ((n = itree_first(&my->holds)))
		drop_hold(c, my, itree_entry(n, struct hold, node));
}

static void drop(struct check *c, struct check_access *my)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;

	drop_holds(c, my);
	HASH_DEL(c->ledger.accesses, my);
	ioas_alloc_release(&c->alloc, my);
}

void check_access_pin(struct check_at *at, uint32_t access, uint64_t start, uint64_t last,
		      uint64_t refs)
{
	struct check_access *my = get(at->c, key_of(at->ioas->id, access));
	struct hold *hold = my ? find_hold(my, start, last) : NULL;

	if (my && !hold) {
		hold = ioas_alloc_zeroed(&at->c->alloc, sizeof(*hold));
		if (hold) {
			hold->node.start = start;
			hold->node.last = last;
			itree_insert(&my->holds, &hold->node);
		}
	}
	if (!hold) {
		at->c->stats.no_memory++;
		return;
	}
	hold->refs += refs;
	my->refs += refs * pin_pages(start, last);
}

int check_access_unpin(struct check_at *at, uint32_t access, uint64_t start, uint64_t last,
		       uint64_t refs)
{
	const struct mirror_access *theirs = mirror_find_access(at->ioas, access);
	struct check_access *my = find(at->c, key_of(at->ioas->id, access));
	bool known = (my ? my->refs : 0) == (theirs ? theirs->pins.refs : 0);
	struct hold *hold = my && known ? find_hold(my, start, last) : NULL;

	if (!hold || hold->refs < refs) {
		if (my)
			drop(at->c, my);
		return known ? -ENOENT : -ENODATA;
	}
	hold->refs -= refs;
	my->refs -= refs * pin_pages(start, last);
	if (!hold->refs)
		drop_hold(at->c, my, hold);
	if (!itree_count(&my->holds))
		drop(at->c, my);
	return 0;
}

void check_access_drop(struct check_at *at, uint32_t access)
{
	struct check_access *my = find(at->c, key_of(at->ev->ioas, access));

	if (my)
		drop(at->c, my);
}

void check_access_drop_all(struct check_at *at, const struct mirror_ioas *ioas)
{
	const struct mirror_access *a = mirror_access_first(ioas);

	for (; a; a = mirror_access_next(a)) {
		struct check_access *my = find(at->c, key_of(ioas->id, a->id));

		if (my)
			drop(at->c, my);
	}
}

void check_access_free(struct check *c)
{
	while (c->ledger.accesses)
		drop(c, c->ledger.accesses);
}
