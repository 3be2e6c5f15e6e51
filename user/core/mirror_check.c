// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: checking that it is whole. */
#include <errno.h>

#include "core/mirror_impl.h"

/* What is counted while all is walked. */
struct counts {
	size_t ctxs, ioases, areas;
	size_t owned; /* areas that name an owner of the table */
	size_t shared; /* areas of the pages objects of one context */
};

static int check_area(const struct mirror_ioas *ioas, const struct mirror_area *area,
		      struct counts *counts)
{
	const struct mirror_pages *pages = mirror_area_pages(area);
	uint64_t bytes = area->node.last - area->node.start;

	counts->areas++;
	counts->owned += !pages && area->owner;
	counts->shared += pages != NULL;
	if (!pages)
		return area->pinned < 0 ? -EUCLEAN : 0;
	if (mirror_find_pages(ioas->ctx, pages->id) != pages || !pages->areas || area->pfnmap)
		return -EUCLEAN;
	if (area->va + bytes < bytes || (area->va + bytes) >> IOAS_PAGE_SHIFT >= pages->npages)
		return -EUCLEAN;
	return 0;
}

static int check_areas(const struct mirror_ioas *ioas, struct counts *counts)
{
	const struct mirror_area *area;
	uint64_t mapped = 0;
	uint64_t pinned = 0, pfnmap = 0;

	if (dtree_check(&ioas->areas))
		return -EUCLEAN;
	for (area = mirror_area_first(ioas); area; area = mirror_area_next(area)) {
		if (check_area(ioas, area, counts))
			return -EUCLEAN;
		mapped += area->node.last - area->node.start + 1;
		pinned += (uint64_t)mirror_area_pinned(area);
		pfnmap += area->pfnmap;
	}
	if (mapped != ioas->mapped || pinned != (uint64_t)ioas->pinned ||
	    pfnmap != (uint64_t)ioas->pfnmap)
		return -EUCLEAN;
	return 0;
}

/* Whether the total counts the pins of an access on each page. */
static int check_pins(const struct mirror_ioas *ioas, const struct mirror_access *access)
{
	const struct itree_node *n, *t;

	if (pincount_check(&access->pins))
		return -EUCLEAN;
	itree_for_each(n, &access->pins.ranges) {
		uint64_t pages = 0;

		itree_for_each_in(t, &ioas->pins.ranges, n->start, n->last) {
			if (itree_entry(t, struct pin_range, node)->count <
			    itree_entry(n, struct pin_range, node)->count)
				return -EUCLEAN;
			pages += pin_pages(t->start > n->start ? t->start : n->start,
					   t->last < n->last ? t->last : n->last);
		}
		if (pages != pin_pages(n->start, n->last))
			return -EUCLEAN;
	}
	return 0;
}

static int check_ranges(const struct mirror_ioas *ioas)
{
	for (unsigned int c = 0; c < IOAS_RANGE_CLASSES; c++) {
		const struct mirror_range *prev = NULL;
		const struct mirror_range *r;

		if (itree_check(&ioas->ranges[c]))
			return -EUCLEAN;
		for (r = mirror_range_first(ioas, c); r; r = mirror_range_next(r)) {
			if (r->class != c)
				return -EUCLEAN;
			if (prev && c != IOAS_RANGE_RESERVED && prev->node.last >= r->node.start)
				return -EUCLEAN;
			prev = r;
		}
	}
	return itree_count(&ioas->ranges[IOAS_RANGE_NONE]) ? -EUCLEAN : 0;
}

static int check_ioas(const struct mirror *m, const struct mirror_ctx *ctx,
		      const struct mirror_ioas *ioas, struct counts *counts)
{
	if (ioas->ctx != ctx || mirror_find_ioas(m, ioas->id) != ioas)
		return -EUCLEAN;
	if (itree_check(&ioas->groups) || itree_check(&ioas->charges) ||
	    itree_check(&ioas->domains) || itree_check(&ioas->devices) ||
	    itree_check(&ioas->accesses) || check_ranges(ioas))
		return -EUCLEAN;
	if (pincount_check(&ioas->pins))
		return -EUCLEAN;
	for (const struct mirror_access *a = mirror_access_first(ioas); a;
	     a = mirror_access_next(a)) {
		if (check_pins(ioas, a))
			return -EUCLEAN;
	}
	counts->ioases++;
	return check_areas(ioas, counts);
}

static int check_pages(const struct mirror_ctx *ctx, size_t shared)
{
	const struct mirror_pages *p;
	size_t areas = 0;

	if (itree_check(&ctx->pages))
		return -EUCLEAN;
	for (p = mirror_pages_first(ctx); p; p = mirror_pages_next(p)) {
		if (p->ctx != ctx || p->node.start != p->id || p->pinned < 0)
			return -EUCLEAN;
		if (!p->npages || p->npages > MIRROR_NPAGES_MAX)
			return -EUCLEAN;
		areas += p->areas;
	}
	return areas == shared ? 0 : -EUCLEAN;
}

static int check_ctx(const struct mirror *m, const struct mirror_ctx *ctx, struct counts *counts)
{
	const struct mirror_ioas *i;

	if (mirror_find_ctx(m, ctx->id) != ctx || itree_check(&ctx->ioases) ||
	    itree_check(&ctx->charges))
		return -EUCLEAN;
	counts->ctxs++;
	counts->shared = 0;
	for (i = mirror_ioas_first(ctx); i; i = mirror_ioas_next(i)) {
		if (check_ioas(m, ctx, i, counts))
			return -EUCLEAN;
	}
	return check_pages(ctx, counts->shared);
}

int mirror_check(const struct mirror *m)
{
	struct counts counts = { .ctxs = 0 };

	if (itree_check(&m->by_id))
		return -EUCLEAN;
	for (const struct mirror_ctx *c = mirror_ctx_first(m); c; c = mirror_ctx_next(c)) {
		if (check_ctx(m, c, &counts))
			return -EUCLEAN;
	}
	if (counts.ctxs != m->stats.contexts || counts.ioases != m->stats.ioases ||
	    counts.areas != m->stats.areas || counts.areas != m->areas.used)
		return -EUCLEAN;
	return mirror_owner_check(m, counts.owned);
}
