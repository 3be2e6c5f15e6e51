// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: areas. Those of an IOAS never overlap. */
#include <errno.h>

#include "core/mirror_impl.h"

static struct mirror_area *entry(struct dtree_node *node)
{
	return dtree_entry(node, struct mirror_area, node);
}

static struct mirror_area *find_area(const struct mirror_ioas *ioas, uint64_t iova)
{
	return entry(dtree_find(&ioas->areas, iova));
}

/* Totals wrap instead of stopping: what goes in comes out again, whatever it was. */
static void add_total(int64_t *total, uint64_t delta)
{
	*total = (int64_t)((uint64_t)*total + delta);
}

static void put_area(struct mirror *m, struct mirror_ioas *ioas, struct mirror_area *area)
{
	dtree_insert(&ioas->areas, &area->node);
	ioas->mapped += area->node.last - area->node.start + 1;
	add_total(&ioas->pinned, (uint64_t)mirror_area_pinned(area));
	add_total(&ioas->pfnmap, area->pfnmap);
	if (area->shared)
		area->pages->areas++;
	m->stats.areas++;
}

static void drop_area(struct mirror *m, struct mirror_ioas *ioas, struct mirror_area *area)
{
	dtree_remove(&ioas->areas, &area->node);
	ioas->mapped -= area->node.last - area->node.start + 1;
	add_total(&ioas->pinned, 0 - (uint64_t)mirror_area_pinned(area));
	add_total(&ioas->pfnmap, 0 - (uint64_t)area->pfnmap);
	if (area->shared)
		area->pages->areas--;
	else
		mirror_owner_put(m, area->owner);
	m->stats.areas--;
	slab_give(&m->areas, &m->alloc, area);
}

size_t mirror_drop_areas(struct mirror *m, struct mirror_ioas *ioas)
{
	size_t dropped = dtree_count(&ioas->areas);
	struct dtree_node *node;

	while ((node = dtree_first(&ioas->areas)))
		drop_area(m, ioas, entry(node));
	return dropped;
}

static size_t drop_shown(struct mirror *m, struct mirror_ioas *ioas,
			 const struct mirror_pages *pages)
{
	struct dtree_node *next;
	size_t dropped = 0;

	for (struct dtree_node *n = dtree_first(&ioas->areas); n && pages->areas; n = next) {
		next = dtree_next(n);
		if (mirror_area_pages(entry(n)) != pages)
			continue;
		drop_area(m, ioas, entry(n));
		dropped++;
	}
	return dropped;
}

size_t mirror_drop_areas_of(struct mirror *m, struct mirror_ctx *ctx, struct mirror_pages *pages)
{
	struct itree_node *node;
	size_t dropped = 0;

	itree_for_each(node, &ctx->ioases)
		dropped += drop_shown(m, itree_entry(node, struct mirror_ioas, node), pages);
	return dropped;
}

/* Drops what overlaps the event's range and cannot be there. Returns how many. */
static size_t drop_overlap(struct mirror *m, struct mirror_ioas *ioas,
			   const struct ioas_area_body *body)
{
	struct dtree_node *node;
	size_t dropped = 0;

	while ((node = dtree_first_in(&ioas->areas, body->iova, body->last))) {
		drop_area(m, ioas, entry(node));
		dropped++;
	}
	m->stats.areas_dropped += dropped;
	return dropped;
}

/* Where the memory of a new area comes from. 0, an anomaly, or -ENOMEM with nothing changed. */
static int set_memory(struct mirror *m, struct mirror_ioas *ioas, struct mirror_area *area,
		      const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_owner owner = { body->owner_tgid, body->owner_uid };
	bool unknown, grown;
	uint32_t number;
	int rc = 0;

	if (!body->pages_id) {
		if (mirror_owner_get(m, owner, &number))
			return -ENOMEM;
		area->owner = number;
		area->pinned = body->pages;
		area->pfnmap = (uint64_t)body->pfnmap;
		area->va = body->va;
		return 0;
	}
	area->pages = mirror_pages_of_area(m, ioas->ctx, ev, &unknown, &grown);
	if (!area->pages)
		return -ENOMEM;
	area->shared = true;
	area->va = body->at;
	if (unknown)
		rc = mirror_unknown_object(m, ioas->ctx, ioas->adopted || ioas->ctx->adopted, ev);
	return grown ? mirror_anomaly(m, ioas->ctx, ev, MIRROR_OUTSIDE) : rc;
}

static int apply_add(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct dtree_node *old = dtree_first_in(&ioas->areas, body->iova, body->last);
	bool adopted = ev->flags & IOAS_F_ADOPTED;
	struct mirror_area *area;
	int rc;

	if (adopted && old && old->start == body->iova && old->last == body->last)
		return 0;
	area = slab_take(&m->areas, &m->alloc);
	if (!area)
		return -ENOMEM;
	*area = (struct mirror_area){
		.node = { .start = body->iova, .last = body->last },
		.time_ns = ev->time_ns,
		.op = ev->op,
		.number = body->area,
		.prot = body->prot,
		.adopted = adopted,
	};
	rc = set_memory(m, ioas, area, ev);
	if (rc == -ENOMEM) {
		slab_give(&m->areas, &m->alloc, area);
		return rc;
	}
	if (old && drop_overlap(m, ioas, body))
		rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_OVERLAP);
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

/* Whether the event names the memory of the area, as far as it names any. */
static bool same_memory(const struct mirror_area *area, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;

	if (body->pages_id)
		return area->shared && area->pages->id == body->pages_id;
	return area->shared || (ev->flags & IOAS_F_UNSEEN) || area->va == body->va;
}

/* Whether the event describes the area that we hold at its IOVA. */
static bool same_area(const struct mirror_area *area, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;

	if (area->node.last != body->last)
		return false;
	if (area->number && body->area && area->number != body->area)
		return false;
	return same_memory(area, ev);
}

static int apply_removal(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct mirror_area *area = find_area(ioas, ev->body_area.iova);
	uint64_t last;
	int rc = 0;

	if (!area)
		return remove_unknown(m, ioas, ev);
	if (!same_area(area, ev))
		rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	if (ev->kind == IOAS_EV_AREA_GOING) {
		area->going = true;
		return rc;
	}
	last = area->node.last;
	drop_area(m, ioas, area);
	/* If our area ended too early, what follows it was not there either. */
	if (last < ev->body_area.last)
		drop_overlap(m, ioas, &ev->body_area);
	return rc;
}

/* Where the memory is shared, its owner and its address are those of the pages object. */
static int apply_update(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_owner owner = { body->owner_tgid, body->owner_uid };
	struct mirror_area *area = find_area(ioas, body->iova);
	uint32_t number;

	if (!area || area->node.last != body->last)
		return unknown_area(m, ioas, ev);
	if (area->shared) {
		area->vaddr_invalid = false;
		if (body->va == mirror_area_va(area))
			return 0;
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	}
	if (mirror_owner_get(m, owner, &number))
		return -ENOMEM;
	mirror_owner_put(m, area->owner);
	mirror_gone_clear(m, owner.tgid, body->va, body->va + (body->last - body->iova),
			  ev->time_ns);
	area->owner = number;
	area->va = body->va;
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
	struct dtree_node *node = dtree_first_in(&ioas->areas, body->iova, body->last);
	bool v1 = ioas->mode == IOAS_MODE_V1;
	bool sticks_out = false;

	for (; node; node = dtree_next_in(node, body->iova, body->last)) {
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
	int64_t before, pfnmap;
	bool possible;

	if (!area)
		return unknown_area(m, ioas, ev);
	if (area->shared) /* its pins are those of its pages object */
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	before = area->pinned;
	possible = mirror_add_count(&area->pinned, body->pages, 0, INT64_MAX);
	add_total(&ioas->pinned, (uint64_t)(area->pinned - before));
	before = pfnmap = area->pfnmap;
	possible &= mirror_add_count(&pfnmap, body->pfnmap, 0, MIRROR_PFNMAP_MAX);
	area->pfnmap = (uint64_t)pfnmap;
	add_total(&ioas->pfnmap, (uint64_t)(pfnmap - before));
	return possible ? 0 : mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNDERFLOW);
}

static int64_t lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * `left` ends before `at` from now on, `right` is what follows. Which pages of an
 * area are pinned is not known: the left part keeps as many as it can have.
 */
static void split_memory(struct mirror_area *left, struct mirror_area *right, uint64_t at)
{
	int64_t pages = (int64_t)((at - 1 - left->node.start) >> IOAS_PAGE_SHIFT) + 1;
	int64_t pinned, pfnmap;

	right->va += at - left->node.start;
	if (left->shared)
		return;
	pinned = lower(left->pinned, pages);
	pfnmap = lower(left->pfnmap, pages - pinned);
	right->pinned = left->pinned - pinned;
	right->pfnmap = left->pfnmap - (uint64_t)pfnmap;
	left->pinned = pinned;
	left->pfnmap = (uint64_t)pfnmap;
}

/* Both parts are the mapping that the area was: its time, op and flags. */
static int apply_split(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_area *left = find_area(ioas, body->iova);
	struct mirror_area *right;
	int rc = 0;

	if (!left)
		return unknown_area(m, ioas, ev);
	if (left->node.last < body->at)
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	right = slab_take(&m->areas, &m->alloc);
	if (!right)
		return -ENOMEM;
	if (!same_area(left, ev))
		rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	*right = *left;
	right->number = body->area2;
	right->node.start = body->at;
	split_memory(left, right, body->at);
	left->node.last = body->at - 1;
	dtree_insert(&ioas->areas, &right->node);
	if (right->shared)
		right->pages->areas++;
	else
		mirror_owner_share(m, right->owner);
	m->stats.areas++;
	return rc;
}

/* Of two areas only one was seen to be mapped: what they became neither sender nor mirror knows. */
static int merge_unknown(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	if (!(ev->flags & IOAS_F_UNSEEN))
		return remove_unknown(m, ioas, ev);
	drop_overlap(m, ioas, &ev->body_area);
	return unknown_area(m, ioas, ev);
}

static bool go_on(const struct mirror_area *left, const struct mirror_area *right,
		  const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;

	return left && right && left != right && left->shared && right->shared &&
	       left->pages == right->pages && left->node.last == body->at - 1 &&
	       right->node.last == body->last && left->va + (body->at - body->iova) == right->va &&
	       left->prot == right->prot;
}

/*
 * The left area becomes both: its number, time and op. Only areas of pages objects do that, which
 * have no pins of their own.
 */
static int apply_merge(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_area *left = find_area(ioas, body->iova);
	struct mirror_area *right = find_area(ioas, body->at);
	int rc = 0;

	if (!go_on(left, right, ev))
		return merge_unknown(m, ioas, ev);
	if ((left->number && body->area && left->number != body->area) ||
	    (right->number && body->area2 && right->number != body->area2) ||
	    !same_memory(left, ev))
		rc = mirror_anomaly(m, ioas->ctx, ev, MIRROR_MISMATCH);
	drop_area(m, ioas, right);
	ioas->mapped += body->last - left->node.last;
	left->node.last = body->last;
	return rc;
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
	case IOAS_EV_AREA_SPLIT:
		return apply_split(m, ioas, ev);
	case IOAS_EV_AREA_MERGED:
		return apply_merge(m, ioas, ev);
	default:
		return apply_pinned(m, ioas, ev);
	}
}
