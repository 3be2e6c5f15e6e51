// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: areas. Those of an IOAS never overlap. */
#include <errno.h>

#include "core/mirror_impl.h"

static struct mirror_area *entry(struct itree_node *node)
{
	return itree_entry(node, struct mirror_area, node);
}

static struct mirror_area *find_area(const struct mirror_ioas *ioas, uint64_t iova)
{
	return entry(itree_find(&ioas->areas, iova));
}

/* Totals wrap instead of stopping: what goes in comes out again, whatever it was. */
static void add_total(int64_t *total, int64_t delta)
{
	*total = (int64_t)((uint64_t)*total + (uint64_t)delta);
}

static void put_area(struct mirror *m, struct mirror_ioas *ioas, struct mirror_area *area)
{
	itree_insert(&ioas->areas, &area->node);
	ioas->mapped += area->node.last - area->node.start + 1;
	add_total(&ioas->pinned, area->pinned);
	add_total(&ioas->pfnmap, area->pfnmap);
	m->stats.areas++;
}

static void drop_area(struct mirror *m, struct mirror_ioas *ioas, struct mirror_area *area)
{
	itree_remove(&ioas->areas, &area->node);
	ioas->mapped -= area->node.last - area->node.start + 1;
	add_total(&ioas->pinned, -area->pinned);
	add_total(&ioas->pfnmap, -area->pfnmap);
	m->stats.areas--;
	ioas_alloc_release(&m->alloc, area);
}

size_t mirror_drop_areas(struct mirror *m, struct mirror_ioas *ioas)
{
	size_t dropped = itree_count(&ioas->areas);
	struct itree_node *node;

	while ((node = itree_first(&ioas->areas)))
		drop_area(m, ioas, entry(node));
	return dropped;
}

/* Drops what overlaps the event's range and cannot be there. Returns how many. */
static size_t drop_overlap(struct mirror *m, struct mirror_ioas *ioas,
			   const struct ioas_area_body *body)
{
	struct itree_node *node;
	size_t dropped = 0;

	while ((node = itree_first_in(&ioas->areas, body->iova, body->last))) {
		drop_area(m, ioas, entry(node));
		dropped++;
	}
	m->stats.areas_dropped += dropped;
	return dropped;
}

static int apply_add(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_area *area = find_area(ioas, body->iova);
	bool adopted = ev->flags & IOAS_F_ADOPTED;
	int rc = 0;

	if (adopted && area && area->node.last == body->last)
		return 0;
	area = ioas_alloc_zeroed(&m->alloc, sizeof(*area));
	if (!area)
		return -ENOMEM;
	if (drop_overlap(m, ioas, body))
		rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_OVERLAP);
	area->node.start = body->iova;
	area->node.last = body->last;
	area->va = body->va;
	area->time_ns = ev->time_ns;
	area->op = ev->op;
	area->pinned = body->pages;
	area->pfnmap = body->pfnmap;
	area->number = body->area;
	area->owner_tgid = body->owner_tgid;
	area->owner_uid = body->owner_uid;
	area->prot = (uint8_t)body->prot;
	area->adopted = adopted;
	put_area(m, ioas, area);
	return rc;
}

/*
 * A change of an area that we do not hold. In an IOAS that was there before us,
 * and where the sender has no number for the area either, there may well be one.
 */
static int unknown_area(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct mirror_ctx *ctx = ioas->ctx;

	if (ioas->adopted && !ev->body_area.area)
		return 0;
	if (!(ev->flags & IOAS_F_UNSEEN))
		return mirror_anomaly(m, ctx, ev, MIRROR_UNKNOWN_AREA);
	if (!ctx->adopted)
		mirror_set_uncertain(ctx, ev->time_ns);
	return 0;
}

/*
 * A removal of what we do not hold: what we hold in its place is wrong. That
 * contradicts us even where the sender had not seen the mapping either.
 */
static int remove_unknown(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	if (drop_overlap(m, ioas, &ev->body_area))
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNKNOWN_AREA);
	return unknown_area(m, ioas, ev);
}

/* Whether the event describes the area that we hold at its IOVA. */
static bool same_area(const struct mirror_area *area, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;

	if (area->node.last != body->last)
		return false;
	if (area->number && body->area && area->number != body->area)
		return false;
	return (ev->flags & IOAS_F_UNSEEN) || area->va == body->va;
}

static int apply_removal(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct mirror_area *area = find_area(ioas, ev->body_area.iova);
	int rc = 0;

	if (!area)
		return remove_unknown(m, ioas, ev);
	if (!same_area(area, ev))
		rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	if (ev->kind == IOAS_EV_AREA_GOING) {
		area->going = true;
		return rc;
	}
	drop_area(m, ioas, area);
	/* If our area ended too early, what follows it was not there either. */
	drop_overlap(m, ioas, &ev->body_area);
	return rc;
}

static int apply_update(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_area *area = find_area(ioas, body->iova);

	if (!area || area->node.last != body->last)
		return unknown_area(m, ioas, ev);
	area->va = body->va;
	area->owner_tgid = body->owner_tgid;
	area->owner_uid = body->owner_uid;
	area->vaddr_invalid = false;
	return 0;
}

/*
 * Areas lie inside the range, or not in it at all. Only v1 answers otherwise: an
 * area that starts inside counts as a whole, one that starts before is left out.
 */
static int apply_vaddr_invalid(struct mirror *m, struct mirror_ioas *ioas,
			       const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	bool v1 = ioas->mode == IOAS_MODE_V1;
	bool sticks_out = false;
	struct itree_node *node;

	itree_for_each_in(node, &ioas->areas, body->iova, body->last) {
		bool starts = node->start >= body->iova;

		if (starts && (v1 || node->last <= body->last))
			entry(node)->vaddr_invalid = true;
		else if (!v1)
			sticks_out = true;
	}
	return sticks_out ? mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH) : 0;
}

static int apply_pinned(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_area *area = find_area(ioas, body->iova);
	bool possible;
	int64_t before;

	if (!area)
		return unknown_area(m, ioas, ev);
	before = area->pinned;
	possible = mirror_add_count(&area->pinned, body->pages, 0);
	add_total(&ioas->pinned, area->pinned - before);
	before = area->pfnmap;
	possible &= mirror_add_count(&area->pfnmap, body->pfnmap, 0);
	add_total(&ioas->pfnmap, area->pfnmap - before);
	return possible ? 0 : mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNDERFLOW);
}

int mirror_apply_area(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
		return apply_add(m, ioas, ev);
	case IOAS_EV_AREA_GOING:
	case IOAS_EV_AREA_GONE:
		return apply_removal(m, ioas, ev);
	case IOAS_EV_AREA_UPDATE:
		return apply_update(m, ioas, ev);
	case IOAS_EV_VADDR_INVALID:
		return apply_vaddr_invalid(m, ioas, ev);
	default:
		return apply_pinned(m, ioas, ev);
	}
}
