// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: contexts and IOASes come and go. */
#include <errno.h>
#include <string.h>

#include "core/mirror_impl.h"

struct mirror_ctx *mirror_get_ctx(const struct mirror *m, uint32_t id)
{
	struct ctx_slot *slot;

	HASH_FIND(hh, m->ctxs, &id, sizeof(id), slot);
	return slot ? &slot->pub : NULL;
}

struct mirror_ioas *mirror_get_ioas(const struct mirror *m, uint32_t id)
{
	struct ioas_slot *slot;

	HASH_FIND(hh, m->ioases, &id, sizeof(id), slot);
	return slot ? &slot->pub : NULL;
}

struct mirror_ctx *mirror_add_ctx(struct mirror *m, uint32_t id)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ctx_slot *slot = ioas_alloc_zeroed(&m->alloc, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->pub.id = id;
	HASH_ADD(hh, m->ctxs, pub.id, sizeof(slot->pub.id), slot);
	if (!slot->hh.tbl) {
		ioas_alloc_release(&m->alloc, slot);
		return NULL;
	}
	slot->pub.node.start = id;
	slot->pub.node.last = id;
	itree_insert(&m->by_id, &slot->pub.node);
	m->stats.contexts++;
	return &slot->pub;
}

struct mirror_ioas *mirror_add_ioas(struct mirror *m, struct mirror_ctx *ctx,
				    const struct ioas_event *ev)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ioas_slot *slot = ioas_alloc_zeroed(&m->alloc, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->pub.id = ev->ioas;
	HASH_ADD(hh, m->ioases, pub.id, sizeof(slot->pub.id), slot);
	if (!slot->hh.tbl) {
		ioas_alloc_release(&m->alloc, slot);
		return NULL;
	}
	slot->pub.ctx = ctx;
	slot->pub.time_ns = ev->time_ns;
	slot->pub.entries_left = -1;
	slot->pub.node.start = ev->ioas;
	slot->pub.node.last = ev->ioas;
	itree_insert(&ctx->ioases, &slot->pub.node);
	m->stats.ioases++;
	return &slot->pub;
}

/* Frees an IOAS with all that is in it. Returns how many areas that were. */
static size_t drop_ioas(struct mirror *m, struct mirror_ioas *ioas)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ioas_slot *slot = (struct ioas_slot *)ioas;
	size_t areas = mirror_drop_areas(m, ioas);

	mirror_drop_use(m, ioas);
	mirror_drop_ranges(m, ioas);
	mirror_drop_charges(m, &ioas->charges);
	itree_remove(&ioas->ctx->ioases, &ioas->node);
	HASH_DEL(m->ioases, slot);
	ioas_alloc_release(&m->alloc, slot);
	m->stats.ioases--;
	return areas;
}

size_t mirror_drop_ctx(struct mirror *m, struct mirror_ctx *ctx)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ctx_slot *slot = (struct ctx_slot *)ctx;
	struct itree_node *node;
	size_t areas = 0;

	while ((node = itree_first(&ctx->ioases)))
		areas += drop_ioas(m, itree_entry(node, struct mirror_ioas, node));
	mirror_drop_pages(m, ctx);
	mirror_drop_charges(m, &ctx->charges);
	itree_remove(&m->by_id, &ctx->node);
	HASH_DEL(m->ctxs, slot);
	ioas_alloc_release(&m->alloc, slot);
	m->stats.contexts--;
	return areas;
}

int mirror_apply_ctx_new(struct mirror *m, struct mirror_ctx *ctx, bool known,
			 const struct ioas_event *ev)
{
	bool adopted = ev->flags & IOAS_F_ADOPTED;

	/* Only one that was adopted may be introduced after its first word. */
	if (known && (!ctx->adopted || ctx->owner_known))
		return adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_DUPLICATE);
	ctx->adopted = adopted || known;
	ctx->backend = ev->backend;
	/* One that is adopted may be told without its owner: nobody opens files as task 0. */
	ctx->owner_known = !adopted || ev->tgid || ev->comm[0];
	ctx->tgid = ev->tgid;
	ctx->uid = ev->uid;
	memcpy(ctx->comm, ev->comm, sizeof(ctx->comm));
	ctx->comm[sizeof(ctx->comm) - 1] = '\0';
	ctx->opened_ns = ctx->adopted ? 0 : ev->time_ns;
	if (adopted && m->stats.unplaced_since)
		mirror_set_uncertain(ctx, m->stats.unplaced_since);
	return 0;
}

int mirror_apply_ctx_gone(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev)
{
	bool left = false;
	int rc = 0;

	for (struct itree_node *n = itree_first(&ctx->ioases); n && !left; n = itree_next(n))
		left = mirror_area_count(itree_entry(n, struct mirror_ioas, node));
	if (left)
		rc = mirror_anomaly(m, ctx, ev, MIRROR_LEFTOVER);
	m->stats.areas_dropped += mirror_drop_ctx(m, ctx);
	return rc;
}

int mirror_apply_ioas_new(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			  const struct ioas_event *ev)
{
	bool adopted = ev->flags & IOAS_F_ADOPTED;

	if (ioas && (!ioas->adopted || ioas->mode != IOAS_MODE_NONE))
		return adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_DUPLICATE);
	if (!ioas) {
		ioas = mirror_add_ioas(m, ctx, ev);
		if (!ioas)
			return -ENOMEM;
		ioas->adopted = adopted;
	}
	ioas->mode = (uint8_t)ev->body_obj.mode;
	if (ev->flags & IOAS_F_UNTOLD)
		mirror_set_uncertain(ctx, ev->time_ns);
	return 0;
}

int mirror_apply_ioas_gone(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			   const struct ioas_event *ev)
{
	size_t areas;

	if (!ioas)
		return ctx->adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_UNKNOWN_IOAS);
	areas = drop_ioas(m, ioas);
	m->stats.areas_dropped += areas;
	return areas ? mirror_anomaly(m, ctx, ev, MIRROR_LEFTOVER) : 0;
}
