// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/aliases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"

enum paid {
	PAID_NO,
	PAID_UNKNOWN,
	PAID_YES,
};

/* An area in the sweep over the addresses of a process, in pages. */
struct member {
	struct index_hit hit;
	__u64 from;
	__u64 end; /* the first page behind it */
	size_t object; /* number of the member that stands for its pages object */
	size_t prev, next; /* in the list of those that cover the current page */
	enum paid paid;
};

/* What covers the current page of one object. Kept for the member that stands for it. */
struct object {
	size_t areas;
	size_t paid[PAID_YES + 1]; /* of these */
	size_t group; /* the last group that counted it */
};

struct sweep {
	struct member *m; /* by .from */
	size_t n;
	size_t *by_end;
	size_t *by_pages; /* to find the members of one object */
	struct object *objects;
	size_t head; /* of the list; n: empty */
	size_t active; /* objects that cover the current page */
	size_t paid[PAID_YES + 1]; /* of these */
	struct index_hit *hits; /* of the group */
	struct alias_group group;
	bool open;
	size_t groups; /* so far */
	alias_fn fn;
	void *arg;
};

/* ---- who pays ---- */

static enum paid paid_for(const struct index_hit *h)
{
	const struct state_area *a = h->area;
	const struct state_pages *p;
	__s64 pages = state_area_pages(a);

	if (a->pages_id) {
		p = state_find_pages(h->ctx, a->pages_id);
		if (!p)
			return PAID_UNKNOWN;
		if (p->account == IOAS_COUNTER_NONE || !p->charged)
			return PAID_NO;
		/* What another IOAS pinned of it is charged too. */
		return p->charged >= (__s64)p->npages || a->pinned >= pages ? PAID_YES
									    : PAID_UNKNOWN;
	}
	if (!a->pinned)
		return PAID_NO;
	return a->pinned >= pages ? PAID_YES : PAID_UNKNOWN;
}

static enum paid paid_of(const struct object *o)
{
	if (!o->areas)
		return PAID_NO;
	return o->paid[PAID_YES] ? PAID_YES : o->paid[PAID_UNKNOWN] ? PAID_UNKNOWN : PAID_NO;
}

/* ---- the page at hand ---- */

static void count(struct sweep *s, size_t n, bool in)
{
	struct member *m = &s->m[n];
	struct object *o = &s->objects[m->object];

	if (o->areas) {
		s->active--;
		s->paid[paid_of(o)]--;
	}
	o->areas += in ? 1 : -1;
	o->paid[m->paid] += in ? 1 : -1;
	if (o->areas) {
		s->active++;
		s->paid[paid_of(o)]++;
	}
}

static void enter(struct sweep *s, size_t n)
{
	s->m[n].prev = s->n;
	s->m[n].next = s->head;
	if (s->head != s->n)
		s->m[s->head].prev = n;
	s->head = n;
	count(s, n, true);
}

static void leave(struct sweep *s, size_t n)
{
	struct member *m = &s->m[n];

	if (m->prev == s->n)
		s->head = m->next;
	else
		s->m[m->prev].next = m->next;
	if (m->next != s->n)
		s->m[m->next].prev = m->prev;
	count(s, n, false);
}

/* ---- the group at hand ---- */

static void join(struct sweep *s, size_t n)
{
	struct member *m = &s->m[n];
	struct object *o = &s->objects[m->object];
	struct alias_group *g = &s->group;

	s->hits[g->nareas] = m->hit;
	if (g->nareas && m->hit.ctx != s->hits[0].ctx)
		g->one_ctx = false;
	g->nareas++;
	if (o->group != s->groups) {
		o->group = s->groups;
		g->objects++;
	}
}

static void open_group(struct sweep *s, __u64 page)
{
	s->group = (struct alias_group){
		.pid = s->m[s->head].hit.area->tgid,
		.va = page << IOAS_PAGE_SHIFT,
		.one_ctx = true,
		.areas = s->hits,
	};
	s->open = true;
	s->groups++;
	for (size_t n = s->head; n != s->n; n = s->m[n].next)
		join(s, n);
}

static int by_place(const void *a, const void *b)
{
	const struct index_hit *x = a, *y = b;

	if (x->ctx->id != y->ctx->id)
		return x->ctx->id < y->ctx->id ? -1 : 1;
	if (x->ioas->id != y->ioas->id)
		return x->ioas->id < y->ioas->id ? -1 : 1;
	return x->area->iova < y->area->iova ? -1 : x->area->iova > y->area->iova;
}

static int close_group(struct sweep *s, __u64 page)
{
	struct alias_group *g = &s->group;

	s->open = false;
	g->last = (page << IOAS_PAGE_SHIFT) - 1;
	g->pages = page - (g->va >> IOAS_PAGE_SHIFT);
	qsort(s->hits, g->nareas, sizeof(*s->hits), by_place);
	return s->fn(g, s->arg);
}

/* @pages pages are covered as they are now. */
static void add_up(struct sweep *s, __u64 pages)
{
	size_t yes = s->paid[PAID_YES], maybe = s->paid[PAID_UNKNOWN];

	s->group.again += pages * (s->active - 1);
	s->group.charged_min += yes ? pages * (yes - 1) : 0;
	s->group.charged_max += yes + maybe ? pages * (yes + maybe - 1) : 0;
}

/* From page to page where something begins or ends. */
static int run(struct sweep *s)
{
	size_t in = 0, out = 0, first;
	__u64 page, before = 0;
	int rc = 0;

	while (out < s->n && !rc) {
		page = s->m[s->by_end[out]].end;
		if (in < s->n && s->m[in].from < page)
			page = s->m[in].from;
		if (s->open)
			add_up(s, page - before);
		while (out < s->n && s->m[s->by_end[out]].end == page)
			leave(s, s->by_end[out++]);
		for (first = in; in < s->n && s->m[in].from == page; in++)
			enter(s, in);
		if (s->open && s->active < 2)
			rc = close_group(s, page);
		else if (!s->open && s->active > 1)
			open_group(s, page);
		else
			for (; s->open && first < in; first++)
				join(s, first);
		before = page;
	}
	return rc;
}

/* ---- making a sweep ---- */

static int by_end(const void *a, const void *b, void *arg)
{
	const struct member *m = arg, *x = &m[*(const size_t *)a], *y = &m[*(const size_t *)b];

	return x->end < y->end ? -1 : x->end > y->end;
}

static int by_pages(const void *a, const void *b, void *arg)
{
	const struct member *m = arg, *x = &m[*(const size_t *)a], *y = &m[*(const size_t *)b];
	__u32 p = x->hit.area->pages_id, q = y->hit.area->pages_id;

	return p < q ? -1 : p > q;
}

static void find_objects(struct sweep *s)
{
	for (size_t k = 0; k < s->n; k++) {
		struct member *m = &s->m[s->by_pages[k]], *before;

		m->object = s->by_pages[k];
		if (!k || !m->hit.area->pages_id)
			continue;
		before = &s->m[s->by_pages[k - 1]];
		if (before->hit.area->pages_id == m->hit.area->pages_id)
			m->object = before->object;
	}
}

static int collect(const struct index_hit *h, void *arg)
{
	const struct state_area *a = h->area;
	__u64 last = a->va + (a->last - a->iova);
	struct sweep *s = arg;

	if (a->vaddr_invalid > 0)
		return 0;
	if (last < a->va)
		last = UINT64_MAX;
	s->m[s->n++] = (struct member){
		.hit = *h,
		.from = a->va >> IOAS_PAGE_SHIFT,
		.end = (last >> IOAS_PAGE_SHIFT) + 1,
		.paid = paid_for(h),
	};
	return 0;
}

/* All of one process. */
static int sweep_process(struct sweep *s, const struct index *x, __u32 pid)
{
	s->n = 0;
	index_find(x, pid, 0, UINT64_MAX, collect, s);
	memset(s->objects, 0, s->n * sizeof(*s->objects));
	memset(s->paid, 0, sizeof(s->paid));
	for (size_t n = 0; n < s->n; n++)
		s->by_end[n] = s->by_pages[n] = n;
	qsort_r(s->by_end, s->n, sizeof(*s->by_end), by_end, s->m);
	qsort_r(s->by_pages, s->n, sizeof(*s->by_pages), by_pages, s->m);
	find_objects(s);
	s->head = s->n;
	s->active = 0;
	s->groups = 0;
	return run(s);
}

static void sweep_free(struct sweep *s)
{
	free(s->m);
	free(s->by_end);
	free(s->by_pages);
	free(s->objects);
	free(s->hits);
}

static int sweep_new(struct sweep *s, size_t n)
{
	s->m = calloc(n + 1, sizeof(*s->m));
	s->by_end = calloc(n + 1, sizeof(*s->by_end));
	s->by_pages = calloc(n + 1, sizeof(*s->by_pages));
	s->objects = calloc(n + 1, sizeof(*s->objects));
	s->hits = calloc(n + 1, sizeof(*s->hits));
	return s->m && s->by_end && s->by_pages && s->objects && s->hits ? 0 : -ENOMEM;
}

int aliases_find(const struct state *state, alias_fn fn, void *arg)
{
	struct sweep s __attribute__((cleanup(sweep_free))) = { .fn = fn, .arg = arg };
	_cleanup_index_ struct index x = {};
	__u32 pid = 0;
	int rc = index_build(state, INDEX_VA, &x);

	if (!rc)
		rc = sweep_new(&s, x.n);
	/* Process 0 is one that is not known: nothing is the same there. */
	while (!rc && index_next_key(&x, true, pid, &pid))
		rc = sweep_process(&s, &x, pid);
	return rc;
}

/* ---- sharing ---- */

struct sharing {
	struct index_hit *hits;
	size_t n;
	__u64 pages; /* of all areas */
};

static int share(const struct index_hit *h, void *arg)
{
	struct sharing *s = arg;

	s->hits[s->n++] = *h;
	s->pages += state_area_pages(h->area);
	return 0;
}

/* Hits come by offset: pages of the object that they show, each once. */
static __u64 shown_pages(const struct sharing *s, __u64 *first, __u64 *last)
{
	__u64 pages = 0, end = 0;

	*first = s->hits[0].area->offset >> IOAS_PAGE_SHIFT;
	for (size_t n = 0; n < s->n; n++) {
		__u64 from = s->hits[n].area->offset >> IOAS_PAGE_SHIFT;
		__u64 to = from + state_area_pages(s->hits[n].area);

		if (to <= end)
			continue;
		pages += to - (from > end ? from : end);
		end = to;
	}
	*last = end - 1;
	return pages;
}

static int tell_sharing(struct sharing *s, __u32 id, alias_fn fn, void *arg)
{
	struct alias_group g = {
		.shared = true,
		.pid = s->hits[0].area->tgid,
		.pages_id = id,
		.objects = 1,
		.one_ctx = true,
		.areas = s->hits,
		.nareas = s->n,
	};
	__u64 first, last;

	g.pages = shown_pages(s, &first, &last);
	g.again = s->pages - g.pages;
	g.va = first << IOAS_PAGE_SHIFT;
	g.last = (last << IOAS_PAGE_SHIFT) | (IOAS_PAGE_SIZE - 1);
	qsort(s->hits, s->n, sizeof(*s->hits), by_place);
	return fn(&g, arg);
}

int aliases_shared(const struct state *state, alias_fn fn, void *arg)
{
	_cleanup_index_ struct index x = {};
	struct sharing s = {};
	__u32 id = 0;
	int rc = index_build(state, INDEX_PAGES, &x);

	if (rc)
		return rc;
	s.hits = calloc(x.n + 1, sizeof(*s.hits));
	if (!s.hits)
		return -ENOMEM;
	while (!rc && index_next_key(&x, true, id, &id)) {
		s.n = s.pages = 0;
		index_find(&x, id, 0, UINT64_MAX, share, &s);
		if (s.n > 1)
			rc = tell_sharing(&s, id, fn, arg);
	}
	free(s.hits);
	return rc;
}
