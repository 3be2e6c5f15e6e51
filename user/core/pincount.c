// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A change takes all the nodes it may need first and cannot fail after that:
 * it splits the ranges that stick out at either end, walks what is inside, and
 * merges at the two ends. Inside, neighbours differed by their counts before
 * and do so after, because all of them move by the same step.
 */
#include "core/pincount.h"

#include <errno.h>
#include <stdbool.h>

#define PAGE_BITS 0xfffULL

static struct pin_range *entry(struct itree_node *node)
{
	return itree_entry(node, struct pin_range, node);
}

/* Ranges not in use are linked through .node.avl.child[0]. */
static void put_spare(struct pin_spare *spare, struct pin_range *r)
{
	r->node.avl.child[0] = spare->head;
	spare->head = &r->node.avl;
}

static struct pin_range *take_spare(struct pin_spare *spare)
{
	struct pin_range *r = avl_entry(spare->head, struct pin_range, node.avl);

	spare->head = r->node.avl.child[0];
	return r;
}

void pincount_unreserve(struct pin_spare *spare, const struct ioas_alloc *alloc)
{
	while (spare->head)
		ioas_alloc_release(alloc, take_spare(spare));
}

int pincount_reserve(struct pin_spare *spare, const struct ioas_alloc *alloc, size_t count)
{
	for (; count; count--) {
		struct pin_range *r = ioas_alloc_zeroed(alloc, sizeof(*r));

		if (!r) {
			pincount_unreserve(spare, alloc);
			return -ENOMEM;
		}
		put_spare(spare, r);
	}
	return 0;
}

/* Sums follow what is in the tree, whatever way it gets in and out. */
static void put_range(struct pincount *p, struct pin_range *r, uint64_t start, uint64_t last)
{
	r->node.start = start;
	r->node.last = last;
	itree_insert(&p->ranges, &r->node);
	p->pages += pin_pages(start, last);
	p->refs += pin_pages(start, last) * r->count;
}

static void take_range(struct pincount *p, struct pin_range *r)
{
	itree_remove(&p->ranges, &r->node);
	p->pages -= pin_pages(r->node.start, r->node.last);
	p->refs -= pin_pages(r->node.start, r->node.last) * r->count;
}

static void set_count(struct pincount *p, struct pin_range *r, uint64_t count)
{
	p->refs += pin_pages(r->node.start, r->node.last) * (count - r->count);
	r->count = count;
}

/* How many ranges stick out of [start, last]: each end is one split. */
static size_t count_splits(const struct pincount *p, uint64_t start, uint64_t last)
{
	const struct itree_node *low = itree_first_in(&p->ranges, start, start);
	const struct itree_node *high = itree_first_in(&p->ranges, last, last);

	return (low && low->start < start) + (high && high->last > last);
}

/* How many ranges without a count lie in [start, last]. */
static size_t count_gaps(const struct pincount *p, uint64_t start, uint64_t last)
{
	const struct itree_node *n;
	uint64_t at = start;
	size_t gaps = 0;

	itree_for_each_in(n, &p->ranges, start, last) {
		gaps += n->start > at;
		if (n->last >= last)
			return gaps;
		at = n->last + 1;
	}
	return gaps + 1;
}

/* Makes a range begin at `at` if one goes over it; at > 0. */
static void split(struct pincount *p, struct pin_spare *spare, uint64_t at)
{
	struct pin_range *low = entry(itree_first_in(&p->ranges, at, at));
	struct pin_range *high;
	uint64_t start, last;

	if (!low || low->node.start == at)
		return;
	start = low->node.start;
	last = low->node.last;
	high = take_spare(spare);
	high->count = low->count;
	take_range(p, low);
	put_range(p, low, start, at - 1);
	put_range(p, high, at, last);
}

static void split_ends(struct pincount *p, struct pin_spare *spare, uint64_t start, uint64_t last)
{
	if (start > 0)
		split(p, spare, start);
	if (last < UINT64_MAX)
		split(p, spare, last + 1);
}

/* Joins the ranges on both sides of `at` (> 0) if they are of equal count. */
static void merge(struct pincount *p, struct pin_spare *spare, uint64_t at)
{
	struct pin_range *low = entry(itree_first_in(&p->ranges, at - 1, at - 1));
	struct pin_range *high = entry(itree_find(&p->ranges, at));
	uint64_t start, last;

	if (!low || !high || low->count != high->count)
		return;
	start = low->node.start;
	last = high->node.last;
	take_range(p, low);
	take_range(p, high);
	put_spare(spare, high);
	put_range(p, low, start, last);
}

static void merge_ends(struct pincount *p, struct pin_spare *spare, uint64_t start, uint64_t last)
{
	if (start > 0)
		merge(p, spare, start);
	if (last < UINT64_MAX)
		merge(p, spare, last + 1);
}

static void put_first_pins(struct pincount *p, struct pin_spare *spare, uint64_t start,
			   uint64_t last, uint64_t refs)
{
	struct pin_range *r = take_spare(spare);

	r->count = refs;
	put_range(p, r, start, last);
}

/* More on each page; no range sticks out of [start, last] any more. */
static void raise_counts(struct pincount *p, struct pin_spare *spare, uint64_t start, uint64_t last,
			 uint64_t refs)
{
	struct itree_node *n = itree_first_in(&p->ranges, start, last);
	uint64_t at = start;

	for (; n; n = itree_next_in(n, start, last)) {
		if (n->start > at)
			put_first_pins(p, spare, at, n->start - 1, refs);
		set_count(p, entry(n), entry(n)->count + refs);
		if (n->last >= last)
			return;
		at = n->last + 1;
	}
	put_first_pins(p, spare, at, last, refs);
}

size_t pincount_add_needs(const struct pincount *p, uint64_t start, uint64_t last)
{
	return count_splits(p, start, last) + count_gaps(p, start, last);
}

void pincount_add_reserved(struct pincount *p, struct pin_spare *spare, uint64_t start,
			   uint64_t last, uint64_t refs)
{
	split_ends(p, spare, start, last);
	raise_counts(p, spare, start, last, refs);
	merge_ends(p, spare, start, last);
}

int pincount_add(struct pincount *p, const struct ioas_alloc *alloc, uint64_t start, uint64_t last,
		 uint64_t refs)
{
	struct pin_spare spare = { NULL };
	int err = pincount_reserve(&spare, alloc, pincount_add_needs(p, start, last));

	if (err)
		return err;
	pincount_add_reserved(p, &spare, start, last, refs);
	pincount_unreserve(&spare, alloc);
	return 0;
}

/* Less on each page; returns how many pins there were to let go. */
static uint64_t lower_counts(struct pincount *p, struct pin_spare *spare, uint64_t start,
			     uint64_t last, uint64_t refs)
{
	struct itree_node *n = itree_first_in(&p->ranges, start, last);
	uint64_t before = p->refs;

	while (n) {
		struct pin_range *r = entry(n);

		n = itree_next_in(n, start, last);
		if (r->count > refs) {
			set_count(p, r, r->count - refs);
		} else {
			take_range(p, r);
			put_spare(spare, r);
		}
	}
	return before - p->refs;
}

void pincount_sub_reserved(struct pincount *p, struct pin_spare *spare, uint64_t start,
			   uint64_t last, uint64_t refs, uint64_t *stray)
{
	split_ends(p, spare, start, last);
	*stray += pin_pages(start, last) * refs - lower_counts(p, spare, start, last, refs);
	merge_ends(p, spare, start, last);
}

int pincount_sub(struct pincount *p, const struct ioas_alloc *alloc, uint64_t start, uint64_t last,
		 uint64_t refs, uint64_t *stray)
{
	struct pin_spare spare = { NULL };
	int err = pincount_reserve(&spare, alloc, count_splits(p, start, last));

	if (err)
		return err;
	*stray = 0;
	pincount_sub_reserved(p, &spare, start, last, refs, stray);
	pincount_unreserve(&spare, alloc);
	return 0;
}

void pincount_clear(struct pincount *p, const struct ioas_alloc *alloc)
{
	while (itree_count(&p->ranges)) {
		struct pin_range *r = entry(itree_first(&p->ranges));

		take_range(p, r);
		ioas_alloc_release(alloc, r);
	}
}

uint64_t pincount_at(const struct pincount *p, uint64_t addr)
{
	struct pin_range *r = entry(itree_first_in(&p->ranges, addr, addr));

	return r ? r->count : 0;
}

static bool follows(const struct pin_range *prev, const struct pin_range *r)
{
	if (!prev)
		return true;
	if (prev->node.last >= r->node.start)
		return false;
	return prev->node.last + 1 < r->node.start || prev->count != r->count;
}

int pincount_check(const struct pincount *p)
{
	const struct pin_range *prev = NULL;
	uint64_t pages = 0, refs = 0;
	struct itree_node *n;

	if (itree_check(&p->ranges))
		return -EUCLEAN;
	itree_for_each(n, &p->ranges) {
		const struct pin_range *r = entry(n);

		if (!follows(prev, r) || !r->count || (r->node.start & PAGE_BITS) ||
		    (~r->node.last & PAGE_BITS))
			return -EUCLEAN;
		pages += pin_pages(r->node.start, r->node.last);
		refs += pin_pages(r->node.start, r->node.last) * r->count;
		prev = r;
	}
	return pages == p->pages && refs == p->refs ? 0 : -EUCLEAN;
}
