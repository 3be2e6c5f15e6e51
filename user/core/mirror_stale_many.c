// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: what is stale of many areas, and which of what is gone matters to any. Both
 * are asked of an index, one process at a time: all areas may be of one memory, and
 * then each of them meets every range.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/mirror_stale_impl.h"

int gone_index_owner(struct gone_owner *o, struct gone_range ***all)
{
	size_t n = itree_count(&o->ranges), i = 0;
	struct gone_range **list = all ? calloc(n ? n : 1, sizeof(*list)) : NULL;

	o->index = gone_index_new(n ? n : 1);
	if (!o->index || (all && !list)) {
		gone_unindex_owner(o);
		free(list);
		return -ENOMEM;
	}
	for (struct itree_node *node = itree_first(&o->ranges); node; node = itree_next(node)) {
		if (list)
			list[i] = gone_range_of(node);
		gone_index_set(o->index, i++, node->start, node->last,
			       gone_range_of(node)->time_ns);
	}
	gone_index_begin(o->index);
	if (all)
		*all = list;
	return 0;
}

void gone_unindex_owner(struct gone_owner *o)
{
	gone_index_free(o->index);
	o->index = NULL;
}

/* ---- what matters to any ---- */

/* What went before an area was pinned is nothing to that area. */
static void need_of_area(struct mirror *m, const struct mirror_ioas *ioas,
			 const struct mirror_area *area)
{
	struct gone_owner *o = gone_find_owner(m, mirror_area_owner(m, area).tgid);
	uint64_t va, last, since;

	if (o && gone_pinned(ioas, area, &va, &last, &since))
		gone_index_need(o->index, va, last, since);
}

static void need_of_all(struct mirror *m)
{
	for (const struct mirror_ctx *c = mirror_ctx_first(m); c; c = mirror_ctx_next(c)) {
		for (const struct mirror_ioas *i = mirror_ioas_first(c); i;
		     i = mirror_ioas_next(i)) {
			for (const struct mirror_area *a = mirror_area_first(i); a;
			     a = mirror_area_next(a))
				need_of_area(m, i, a);
		}
	}
}

static void drop_unneeded(struct mirror *m, struct gone_owner *o,
			  void (*drop)(struct mirror *m, struct gone_owner *o,
				       struct gone_range *r))
{
	struct itree_node *next;
	size_t i = 0;

	for (struct itree_node *node = itree_first(&o->ranges); node; node = next) {
		next = itree_next(node);
		if (!gone_index_needed(o->index, i++))
			drop(m, o, gone_range_of(node));
	}
}

int gone_unneeded(struct mirror *m,
		  void (*drop)(struct mirror *m, struct gone_owner *o, struct gone_range *r))
{
	struct gone_owner *o;
	int err = 0;

	for (o = m->gone; o && !err; o = o->hh.next)
		err = gone_index_owner(o, NULL);
	if (!err)
		need_of_all(m);
	for (o = m->gone; o; o = o->hh.next) {
		if (!err)
			drop_unneeded(m, o, drop);
		gone_unindex_owner(o);
	}
	return err;
}

/* ---- what is stale ---- */

bool mirror_stale_ask(const struct mirror *m, const struct mirror_ioas *ioas,
		      const struct mirror_area *area, struct mirror_stale_ask *out)
{
	struct mirror_stale_ask ask = { .mine = { NULL } };

	if (!m->gone && !m->gone_lost_ns)
		return false;
	ask.owner = gone_find_owner(m, mirror_area_owner(m, area).tgid);
	if ((!ask.owner && !m->gone_lost_ns) ||
	    !gone_pinned(ioas, area, &ask.va, &ask.last, &ask.since))
		return false;
	*out = ask;
	return true;
}

/* By process, and there the one that was pinned last first. */
static int by_owner(const void *a, const void *b)
{
	const struct mirror_stale_ask *x = a, *y = b;

	if (x->owner != y->owner)
		return (uintptr_t)x->owner < (uintptr_t)y->owner ? -1 : 1;
	return x->since > y->since ? -1 : x->since < y->since;
}

static int answer_one(const struct mirror *m, const struct mirror_stale_ask *ask,
		      struct gone_range *const *ranges, mirror_stale_fn fn, void *arg)
{
	struct mirror_stale s = { .lost = ask->since <= m->gone_lost_ns };
	struct gone_sum sum;
	bool found = false;

	if (ask->owner) {
		gone_index_use(ask->owner->index, ask->since);
		found = gone_index_sum(ask->owner->index, ask->va, ask->last, &sum);
	}
	if (found) {
		s.va = sum.first;
		s.last = sum.last;
		s.bytes = sum.bytes;
		s.since_ns = ranges[sum.oldest]->time_ns;
		s.cause = ranges[sum.oldest]->cause;
	}
	return found || s.lost ? fn(ask, &s, arg) : 0;
}

/* Those of one process; *n: how many. */
static int answer_owner(const struct mirror *m, const struct mirror_stale_ask *ask, size_t left,
			size_t *n, mirror_stale_fn fn, void *arg)
{
	struct gone_owner *o = ask->owner;
	struct gone_range **ranges = NULL;
	int rc = o ? gone_index_owner(o, &ranges) : 0;

	for (*n = 0; !rc && *n < left && ask[*n].owner == o; (*n)++)
		rc = answer_one(m, &ask[*n], ranges, fn, arg);
	if (o)
		gone_unindex_owner(o);
	free(ranges);
	return rc;
}

int mirror_stale_answer(const struct mirror *m, struct mirror_stale_ask *ask, size_t n,
			mirror_stale_fn fn, void *arg)
{
	int rc = 0;

	if (n)
		qsort(ask, n, sizeof(*ask), by_owner);
	for (size_t done = 0, one; done < n && !rc; done += one)
		rc = answer_owner(m, ask + done, n - done, &one, fn, arg);
	return rc;
}
