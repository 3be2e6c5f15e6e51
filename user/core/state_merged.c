// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_merged.h"

static bool memory_goes_on(const struct state_area *a, const struct state_area *b)
{
	__u64 size = b->iova - a->iova;

	if (a->vaddr_invalid || b->vaddr_invalid)
		return false;
	if (state_of_process(a) && state_of_process(b))
		return a->va + size == b->va;
	return a->pages_id && a->pages_id == b->pages_id && a->offset + size == b->offset;
}

static bool goes_on(const struct state_area *a, const struct state_area *b)
{
	return a->last != UINT64_MAX && a->last + 1 == b->iova && a->prot == b->prot &&
	       a->tgid == b->tgid && a->uid == b->uid && a->going == b->going &&
	       a->stale == b->stale && a->stale_lost == b->stale_lost && memory_goes_on(a, b);
}

static __s64 add(__s64 sum, __s64 pages)
{
	return sum < 0 || pages < 0 ? -1 : sum + pages;
}

static void append(struct state_merged *m, const struct state_area *a)
{
	/* The parts of a split area keep the time of their mapping. */
	m->requests += !a->time_ns || a->time_ns != a[-1].time_ns;
	m->last = a->last;
	m->pinned = add(m->pinned, a->pinned);
	m->pfnmap = add(m->pfnmap, a->pfnmap);
	if (a->pages_id != m->pages_id)
		m->pages_id = 0;
	m->areas++;
}

bool state_merged_next(const struct state_ioas *i, size_t *pos, struct state_merged *out)
{
	size_t n = *pos;
	const struct state_area *a;

	if (n >= i->nareas)
		return false;
	a = &i->areas[n];
	*out = (struct state_merged){
		.iova = a->iova,
		.last = a->last,
		.va = a->va,
		.offset = a->offset,
		.pinned = a->pinned,
		.pfnmap = a->pfnmap,
		.first = a,
		.areas = 1,
		.requests = 1,
		.pages_id = a->pages_id,
	};
	while (++n < i->nareas && goes_on(&i->areas[n - 1], &i->areas[n]))
		append(out, &i->areas[n]);
	*pos = n;
	return true;
}
