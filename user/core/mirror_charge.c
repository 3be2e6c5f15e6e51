// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: who pays. Type1 charges an IOAS; the others charge a pages
 * object, whose sums per owner the context keeps, because the object may be gone
 * before the charge is.
 */
#include <errno.h>

#include "core/mirror_impl.h"

static uint64_t charge_key(const struct ioas_charge_body *body)
{
	return (uint64_t)body->owner << 32 | body->counter;
}

static struct mirror_charge *find_or_add(struct mirror *m, struct itree *charges,
					 const struct ioas_charge_body *body)
{
	struct itree_node *node = itree_find(charges, charge_key(body));
	struct mirror_charge *charge;

	if (node)
		return itree_entry(node, struct mirror_charge, node);
	charge = ioas_alloc_zeroed(&m->alloc, sizeof(*charge));
	if (!charge)
		return NULL;
	charge->owner = body->owner;
	charge->counter = body->counter;
	charge->tgid = body->owner_tgid;
	charge->uid = body->owner_uid;
	charge->node.start = charge_key(body);
	charge->node.last = charge_key(body);
	itree_insert(charges, &charge->node);
	return charge;
}

/* False: the sum cannot be. What was charged before we looked may be given back now. */
static bool add(struct mirror_charge *charge, int64_t pages, bool adopted)
{
	bool possible = mirror_add_count(&charge->pages, pages, INT64_MIN, INT64_MAX);

	if (charge->pages > charge->peak)
		charge->peak = charge->pages;
	return possible && (charge->pages >= 0 || adopted);
}

int mirror_apply_charge(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct mirror_charge *charge = find_or_add(m, &ioas->charges, &ev->body_charge);
	bool adopted = ioas->adopted || (ev->flags & IOAS_F_ADOPTED);

	if (!charge)
		return -ENOMEM;
	if (!add(charge, ev->body_charge.pages, adopted))
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNDERFLOW);
	return 0;
}

/*
 * What counts as charged for a pages object: the counter that it names. While
 * it is handed from one owner to another it is that of either, so any but the
 * count of pins, which goes along with them all.
 */
static bool add_to_pages(struct mirror_pages *pages, const struct ioas_charge_body *body,
			 bool adopted)
{
	bool possible;

	if (body->counter == IOAS_COUNTER_MM_PINNED && pages->account != IOAS_COUNTER_MM_PINNED)
		return true;
	possible = mirror_add_count(&pages->charged, body->pages, INT64_MIN, INT64_MAX);
	return possible && (pages->charged >= 0 || adopted || pages->adopted);
}

/*
 * In a keyframe (IOAS_F_ADOPTED) the sums of the context are told by themselves,
 * without a pages object, and those of an object are not counted in them again.
 */
int mirror_apply_ctx_charge(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev)
{
	const struct ioas_charge_body *body = &ev->body_charge;
	struct itree_node *node = itree_find(&ctx->pages, body->pages_id);
	struct mirror_pages *pages = itree_entry(node, struct mirror_pages, node);
	bool told = ev->flags & IOAS_F_ADOPTED;
	struct mirror_charge *charge = NULL;
	bool possible = true;

	if (!told || !body->pages_id) {
		charge = find_or_add(m, &ctx->charges, body);
		if (!charge)
			return -ENOMEM;
		possible = add(charge, body->pages, told || ctx->adopted);
	}
	if (pages)
		possible &= add_to_pages(pages, body, told || ctx->adopted);
	if (!possible)
		return mirror_anomaly(m, ctx, ev, MIRROR_UNDERFLOW);
	if (!pages && body->pages_id)
		return mirror_unknown_object(m, ctx, ctx->adopted, ev);
	return 0;
}

void mirror_drop_charges(struct mirror *m, struct itree *charges)
{
	struct itree_node *node;

	while ((node = itree_first(charges))) {
		struct mirror_charge *charge = itree_entry(node, struct mirror_charge, node);

		if (charge->pages)
			m->stats.charges_dropped++;
		itree_remove(charges, node);
		ioas_alloc_release(&m->alloc, charge);
	}
}

const struct mirror_charge *mirror_charge_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->charges), struct mirror_charge, node);
}

const struct mirror_charge *mirror_ctx_charge_first(const struct mirror_ctx *ctx)
{
	return itree_entry(itree_first(&ctx->charges), struct mirror_charge, node);
}

const struct mirror_charge *mirror_charge_next(const struct mirror_charge *charge)
{
	return itree_entry(itree_next(&charge->node), struct mirror_charge, node);
}
