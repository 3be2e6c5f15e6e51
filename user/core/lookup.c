// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/lookup.h"

#include "core/state_pins.h"

struct collect {
	const struct lookup_query *q;
	lookup_fn fn;
	void *arg;
};

/* Of a whole area: pinned, not pinned, or -1 where it is in part or not known. */
static int area_pinned(const struct state_area *a)
{
	if (a->pinned <= 0)
		return (int)a->pinned;
	return a->pinned >= state_area_pages(a) ? 1 : -1;
}

/*
 * What is pinned of a pages object is pinned for all areas that show it, in
 * whichever IOAS somebody asked for it.
 */
static int with_object(const struct index_hit *at, int pinned)
{
	const struct state_pages *p =
		at->area->pages_id ? state_find_pages(at->ctx, at->area->pages_id) : NULL;

	if (pinned == 1 || !p || !p->pinned)
		return pinned;
	return p->pinned >= (__s64)p->npages ? 1 : -1;
}

static int found(const struct index_hit *at, void *arg)
{
	const struct state_area *a = at->area;
	const struct collect *c = arg;
	struct lookup_hit hit = { .at = *at, .iova = a->iova };
	bool address = c->q->by == LOOKUP_IOVA || c->q->by == LOOKUP_VA;

	if (c->q->ioas && at->ioas->id != c->q->ioas)
		return 0;
	if (c->q->by == LOOKUP_IOVA)
		hit.iova = c->q->value;
	else if (c->q->by == LOOKUP_VA)
		hit.iova = a->iova + (c->q->value - a->va);
	hit.va = a->va + (hit.iova - a->iova);
	hit.pinned = address ? state_pinned_at(at->ioas, a, hit.iova) : area_pinned(a);
	hit.pinned = with_object(at, hit.pinned);
	return c->fn(&hit, c->arg);
}

static int by_iova(const struct state *s, __u64 iova, struct collect *c)
{
	for (size_t n = 0; n < s->nctxs; n++) {
		for (size_t i = 0; i < s->ctxs[n].nioases; i++) {
			struct index_hit hit = { &s->ctxs[n], &s->ctxs[n].ioases[i], NULL };
			int rc;

			hit.area = index_area_at(hit.ioas, iova);
			rc = hit.area ? found(&hit, c) : 0;
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int by_va(const struct index *x, const struct lookup_query *q, struct collect *c)
{
	bool after = false;
	__u32 pid = 0;
	int rc = 0;

	if (q->pid)
		return index_find(x, q->pid, q->value, q->value, found, c);
	while (!rc && index_next_key(x, after, pid, &pid)) {
		rc = index_find(x, pid, q->value, q->value, found, c);
		after = true;
	}
	return rc;
}

int lookup(struct lookup *l, const struct lookup_query *q, lookup_fn fn, void *arg)
{
	static const enum index_by kinds[LOOKUP_KINDS] = {
		[LOOKUP_VA] = INDEX_VA,
		[LOOKUP_PAGES] = INDEX_PAGES,
		[LOOKUP_PID] = INDEX_PID,
		[LOOKUP_UID] = INDEX_UID,
	};
	struct collect c = { q, fn, arg };
	int err;

	if (q->by == LOOKUP_IOVA)
		return by_iova(l->state, q->value, &c);
	if (!l->built[q->by]) {
		err = index_build(l->state, kinds[q->by], &l->index[q->by]);
		if (err)
			return err;
		l->built[q->by] = true;
	}
	if (q->by == LOOKUP_VA)
		return by_va(&l->index[q->by], q, &c);
	if (q->value > UINT32_MAX)
		return 0;
	return index_find(&l->index[q->by], q->value, 0, UINT64_MAX, found, &c);
}

void lookup_free(struct lookup *l)
{
	for (int k = 0; k < LOOKUP_KINDS; k++)
		index_free(&l->index[k]);
}
