// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: pages objects, memory that areas of several IOASes share. One that
 * was never introduced is made up from what others say of it: .adopted, with
 * .memory IOAS_MEMORY_NONE, and as many pages as were needed so far.
 */
#include <errno.h>

#include "core/mirror_impl.h"

static struct mirror_pages *find_pages(const struct mirror_ctx *ctx, uint32_t id)
{
	return itree_entry(itree_find(&ctx->pages, id), struct mirror_pages, node);
}

const struct mirror_pages *mirror_find_pages(const struct mirror_ctx *ctx, uint32_t id)
{
	return find_pages(ctx, id);
}

const struct mirror_pages *mirror_pages_first(const struct mirror_ctx *ctx)
{
	return itree_entry(itree_first(&ctx->pages), struct mirror_pages, node);
}

const struct mirror_pages *mirror_pages_next(const struct mirror_pages *pages)
{
	return itree_entry(itree_next(&pages->node), struct mirror_pages, node);
}

static struct mirror_pages *add_pages(struct mirror *m, struct mirror_ctx *ctx, uint32_t id,
				      uint64_t time_ns)
{
	struct mirror_pages *pages = ioas_alloc_zeroed(&m->alloc, sizeof(*pages));

	if (!pages)
		return NULL;
	pages->ctx = ctx;
	pages->id = id;
	pages->time_ns = time_ns;
	pages->npages = 1;
	pages->node.start = id;
	pages->node.last = id;
	itree_insert(&ctx->pages, &pages->node);
	return pages;
}

static void drop_pages(struct mirror *m, struct mirror_pages *pages)
{
	itree_remove(&pages->ctx->pages, &pages->node);
	ioas_alloc_release(&m->alloc, pages);
}

void mirror_drop_pages(struct mirror *m, struct mirror_ctx *ctx)
{
	struct itree_node *node;

	while ((node = itree_first(&ctx->pages)))
		drop_pages(m, itree_entry(node, struct mirror_pages, node));
}

static bool made_up(const struct mirror_pages *pages)
{
	return pages->adopted && pages->memory == IOAS_MEMORY_NONE;
}

static void set_owner(struct mirror_pages *pages, const struct ioas_pages_body *body)
{
	pages->account = (uint8_t)body->account;
	pages->owner = body->owner;
	pages->owner_tgid = body->owner_tgid;
	pages->owner_uid = body->owner_uid;
}

static void introduce(struct mirror_pages *pages, const struct ioas_pages_body *body)
{
	pages->va = body->va;
	pages->memory = (uint8_t)body->memory;
	pages->writable = body->writable;
	set_owner(pages, body);
}

/* What a change says of a pages object that we do not hold. NULL: no memory. */
static struct mirror_pages *make_up(struct mirror *m, struct mirror_ctx *ctx,
				    const struct ioas_event *ev)
{
	const struct ioas_pages_body *body = &ev->body_pages;
	struct mirror_pages *pages = add_pages(m, ctx, body->pages_id, ev->time_ns);

	if (!pages)
		return NULL;
	pages->adopted = true;
	if (body->npages && body->npages <= MIRROR_NPAGES_MAX) {
		pages->npages = body->npages;
		introduce(pages, body);
	}
	return pages;
}

static int apply_new(struct mirror *m, struct mirror_ctx *ctx, struct mirror_pages *pages,
		     const struct ioas_event *ev)
{
	const struct ioas_pages_body *body = &ev->body_pages;
	bool adopted = ev->flags & IOAS_F_ADOPTED;
	bool known = pages;

	if (known && !made_up(pages))
		return adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_DUPLICATE);
	if (!known)
		pages = add_pages(m, ctx, body->pages_id, ev->time_ns);
	if (!pages)
		return -ENOMEM;
	if (!known)
		pages->adopted = adopted;
	introduce(pages, body);
	if (known && body->npages < pages->npages)
		return mirror_anomaly(m, ctx, ev, MIRROR_OUTSIDE);
	pages->npages = body->npages;
	return 0;
}

static int apply_gone(struct mirror *m, struct mirror_ctx *ctx, struct mirror_pages *pages,
		      const struct ioas_event *ev)
{
	int rc = 0;

	if (!pages)
		return mirror_unknown_object(m, ctx, ctx->adopted, ev);
	if (pages->areas) {
		rc = mirror_anomaly(m, ctx, ev, MIRROR_LEFTOVER);
		m->stats.areas_dropped += mirror_drop_areas_of(m, ctx, pages);
	}
	drop_pages(m, pages);
	return rc;
}

/* What was pinned before we looked may be let go now: not below 0, but no anomaly. */
static int apply_pinned(struct mirror *m, struct mirror_pages *pages, const struct ioas_event *ev)
{
	bool was = pages->pinned;
	bool possible = mirror_add_count(&pages->pinned, ev->body_pages.pinned, 0, INT64_MAX);

	if (!was || !pages->pinned)
		pages->pinned_since = pages->pinned ? ev->time_ns : 0;
	if (possible || (pages->adopted && ev->body_pages.pinned < 0))
		return 0;
	return mirror_anomaly(m, pages->ctx, ev, MIRROR_UNDERFLOW);
}

int mirror_apply_pages(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev)
{
	struct mirror_pages *pages = find_pages(ctx, ev->body_pages.pages_id);
	int rc = 0, err = 0;

	if (ev->kind == IOAS_EV_PAGES_NEW)
		return apply_new(m, ctx, pages, ev);
	if (ev->kind == IOAS_EV_PAGES_GONE)
		return apply_gone(m, ctx, pages, ev);
	if (!pages) {
		pages = make_up(m, ctx, ev);
		if (!pages)
			return -ENOMEM;
		rc = mirror_unknown_object(m, ctx, ctx->adopted, ev);
	}
	if (ev->kind == IOAS_EV_PAGES_PINNED)
		err = apply_pinned(m, pages, ev);
	else
		set_owner(pages, &ev->body_pages);
	return err ? err : rc;
}

/* Pages that a pages object must have for an area's slice of it. */
static uint64_t npages_needed(const struct ioas_area_body *body)
{
	return ((body->at + (body->last - body->iova)) >> IOAS_PAGE_SHIFT) + 1;
}

struct mirror_pages *mirror_pages_of_area(struct mirror *m, struct mirror_ctx *ctx,
					  const struct ioas_event *ev, bool *unknown, bool *grown)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct mirror_pages *pages = find_pages(ctx, body->pages_id);
	bool known = pages;

	if (!known) {
		pages = add_pages(m, ctx, body->pages_id, ev->time_ns);
		if (!pages)
			return NULL;
		pages->adopted = true;
		pages->va = body->va - body->at;
		pages->owner_tgid = body->owner_tgid;
		pages->owner_uid = body->owner_uid;
	}
	*unknown = !known;
	*grown = !made_up(pages) && npages_needed(body) > pages->npages;
	if (npages_needed(body) > pages->npages)
		pages->npages = npages_needed(body);
	return pages;
}
