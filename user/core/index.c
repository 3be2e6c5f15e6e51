// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The last address of @size bytes (less one) at @start; unknown memory may not wrap. */
static __u64 last_of(__u64 start, __u64 size_less_one)
{
	return start + size_less_one < start ? UINT64_MAX : start + size_less_one;
}

/* Whether the area belongs in; then its key and range. */
static bool fill(const struct state_area *a, enum index_by by, struct index_item *out)
{
	__u64 size = a->last - a->iova;

	switch (by) {
	case INDEX_VA:
		out->key = a->tgid;
		out->start = a->va;
		out->last = last_of(a->va, size);
		return state_of_process(a);
	case INDEX_PAGES:
		out->key = a->pages_id;
		out->start = a->offset;
		out->last = last_of(a->offset, size);
		return a->pages_id;
	default:
		out->key = by == INDEX_PID ? a->tgid : a->uid;
		out->start = a->iova;
		out->last = a->last;
		return true;
	}
}

static int order(const void *a, const void *b)
{
	const struct index_item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->area < y->area ? -1 : x->area > y->area;
}

/* Sets .max_last in the tree [lo, hi); returns that of the root, 0 if it is empty. */
static __u64 set_max(struct index_item *items, size_t lo, size_t hi)
{
	size_t mid = lo + (hi - lo) / 2;
	__u64 left, right, max;

	if (lo == hi)
		return 0;
	left = set_max(items, lo, mid);
	right = set_max(items, mid + 1, hi);
	max = left > right ? left : right;
	if (max < items[mid].last)
		max = items[mid].last;
	return items[mid].max_last = max;
}

/* The first item whose key is not below @key. */
static size_t lower_key(const struct index *x, __u64 key)
{
	size_t lo = 0, hi = x->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->items[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void make_trees(struct index *x)
{
	for (size_t lo = 0; lo < x->n;) {
		size_t hi = lower_key(x, (__u64)x->items[lo].key + 1);

		set_max(x->items, lo, hi);
		lo = hi;
	}
}

static void add_ioas(struct index *x, __u32 place, enum index_by by)
{
	const struct state_ioas *i = x->places[place].ioas;

	for (size_t a = 0; a < i->nareas; a++) {
		struct index_item *v = &x->items[x->n];

		v->place = place;
		v->area = a;
		x->n += fill(&i->areas[a], by, v);
	}
}

/* Counts areas and IOASes. */
static int measure(const struct state *s, size_t *areas, size_t *ioases)
{
	*areas = *ioases = 0;
	for (size_t c = 0; c < s->nctxs; c++) {
		*ioases += s->ctxs[c].nioases;
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			if (s->ctxs[c].ioases[i].nareas > UINT32_MAX)
				return -E2BIG;
			*areas += s->ctxs[c].ioases[i].nareas;
		}
	}
	return *ioases > UINT32_MAX ? -E2BIG : 0;
}

int index_build(const struct state *s, enum index_by by, struct index *out)
{
	struct index x = {};
	size_t areas, ioases;
	int err = measure(s, &areas, &ioases);

	if (err)
		return err;
	x.items = calloc(areas + 1, sizeof(*x.items));
	x.places = calloc(ioases + 1, sizeof(*x.places));
	if (!x.items || !x.places) {
		index_free(&x);
		return -ENOMEM;
	}
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			x.places[x.nplaces].ctx = &s->ctxs[c];
			x.places[x.nplaces].ioas = &s->ctxs[c].ioases[i];
			add_ioas(&x, x.nplaces++, by);
		}
	}
	qsort(x.items, x.n, sizeof(*x.items), order);
	make_trees(&x);
	*out = x;
	return 0;
}

void index_free(struct index *x)
{
	free(x->items);
	free(x->places);
	memset(x, 0, sizeof(*x));
}

struct index_hit index_hit(const struct index *x, size_t n)
{
	const struct index_item *v = &x->items[n];
	const struct index_place *p = &x->places[v->place];

	return (struct index_hit){ p->ctx, p->ioas, &p->ioas->areas[v->area] };
}

struct query {
	const struct index *x;
	__u64 first;
	__u64 last;
	index_fn fn;
	void *arg;
};

static int visit(const struct query *q, size_t lo, size_t hi)
{
	size_t mid = lo + (hi - lo) / 2;
	const struct index_item *v = &q->x->items[mid];
	struct index_hit hit;
	int rc;

	if (lo == hi || v->max_last < q->first)
		return 0;
	rc = visit(q, lo, mid);
	if (rc || v->start > q->last)
		return rc;
	if (v->last >= q->first) {
		hit = index_hit(q->x, mid);
		rc = q->fn(&hit, q->arg);
	}
	return rc ? rc : visit(q, mid + 1, hi);
}

int index_find(const struct index *x, __u32 key, __u64 first, __u64 last, index_fn fn, void *arg)
{
	struct query q = { x, first, last, fn, arg };

	return visit(&q, lower_key(x, key), lower_key(x, (__u64)key + 1));
}

bool index_next_key(const struct index *x, bool after, __u32 key, __u32 *out)
{
	size_t n = lower_key(x, (__u64)key + after);

	if (n == x->n)
		return false;
	*out = x->items[n].key;
	return true;
}

size_t index_areas_from(const struct state_ioas *i, __u64 iova)
{
	size_t lo = 0, hi = i->nareas;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (i->areas[mid].last < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct state_area *index_area_at(const struct state_ioas *i, __u64 iova)
{
	size_t n = index_areas_from(i, iova);

	return n < i->nareas && i->areas[n].iova <= iova ? &i->areas[n] : NULL;
}
