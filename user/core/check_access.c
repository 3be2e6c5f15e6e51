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
	uint32_t id;
	struct itree holds;
	uint64_t refs; /* pins on all pages together, modulo 2^64 */
	UT_hash_handle hh;
};

static struct check_access *find(const struct check_use *use, uint32_t id)
{
	struct check_access *my;

	HASH_FIND(hh, use->accesses, &id, sizeof(id), my);
	return my;
}

static struct check_access *get(struct check *c, struct check_use *use, uint32_t id)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct check_access *my = find(use, id);

	if (my)
		return my;
	my = ioas_alloc_zeroed(&c->alloc, sizeof(*my));
	if (!my)
		return NULL;
	my->id = id;
	HASH_ADD(hh, use->accesses, id, sizeof(my->id), my);
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

static void drop(struct check *c, struct check_use *use, struct check_access *my)
{
	const struct ioas_alloc *hash_alloc = &c->alloc;
	struct itree_node *n;

	while ((n = itree_first(&my->holds)))
		drop_hold(c, my, itree_entry(n, struct hold, node));
	HASH_DEL(use->accesses, my);
	ioas_alloc_release(&c->alloc, my);
}

void check_access_pin(struct check_at *at, uint32_t access, uint64_t start, uint64_t last,
		      uint64_t refs)
{
	struct check_access *my = get(at->c, &at->mine->use, access);
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
	struct check_use *use = &at->mine->use;
	struct check_access *my = find(use, access);
	bool known = (my ? my->refs : 0) == (theirs ? theirs->pins.refs : 0);
	struct hold *hold = my && known ? find_hold(my, start, last) : NULL;

	if (!hold || hold->refs < refs) {
		if (my)
			drop(at->c, use, my);
		return known ? -ENOENT : -ENODATA;
	}
	hold->refs -= refs;
	my->refs -= refs * pin_pages(start, last);
	if (!hold->refs)
		drop_hold(at->c, my, hold);
	if (!itree_count(&my->holds))
		drop(at->c, use, my);
	return 0;
}

void check_access_drop(struct check_at *at, uint32_t access)
{
	struct check_access *my = find(&at->mine->use, access);

	if (my)
		drop(at->c, &at->mine->use, my);
}

void check_access_free(struct check *c, struct check_use *use)
{
	while (use->accesses)
		drop(c, use, use->accesses);
}
