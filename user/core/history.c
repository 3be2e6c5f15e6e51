// SPDX-License-Identifier: GPL-2.0-or-later
/* The history: what events do to it. */
#include "core/history.h"

#include <string.h>

#include "core/event.h"
#include "core/history_impl.h"

static struct born *entry(struct dtree_node *node)
{
	return dtree_entry(node, struct born, node);
}

struct history *history_new(const struct history_options *options)
{
	struct ioas_alloc alloc =
		options && options->alloc ? *options->alloc : ioas_alloc_default();
	struct history *h = ioas_alloc_zeroed(&alloc, sizeof(*h));

	if (!h)
		return NULL;
	h->alloc = alloc;
	h->kept = options && options->kept ? options->kept : HISTORY_KEPT_DEFAULT;
	h->no_births = options && options->no_births;
	h->gones.size = sizeof(struct gone);
	h->blocks.size = sizeof(struct block);
	h->borns.size = sizeof(struct born);
	return h;
}

/* ---- areas that are there ---- */

static void drop_born(struct history *h, struct history_ioas *ioas, struct born *b)
{
	dtree_remove(&ioas->born, &b->node);
	history_who_put(h, b->mapped_by);
	history_who_put(h, b->going_by);
	slab_give(&h->borns, &h->alloc, b);
}

static void drop_overlap(struct history *h, struct history_ioas *ioas,
			 const struct ioas_area_body *body)
{
	struct dtree_node *node;

	while ((node = dtree_first_in(&ioas->born, body->iova, body->last)))
		drop_born(h, ioas, entry(node));
}

/* Without memory it is not known who made it, which is no lie. */
static void see_add(struct history *h, struct history_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct dtree_node *old = dtree_find(&ioas->born, body->iova);
	struct born *b;

	if (h->no_births || (old && old->last == body->last && (ev->flags & IOAS_F_ADOPTED)))
		return;
	drop_overlap(h, ioas, body);
	b = slab_take(&h->borns, &h->alloc);
	if (!b)
		return;
	*b = (struct born){ .node = { .start = body->iova, .last = body->last } };
	b->mapped_by = history_who_get(h, ev);
	dtree_insert(&ioas->born, &b->node);
}

static void see_split(struct history *h, struct history_ioas *ioas, const struct ioas_event *ev)
{
	struct born *left = entry(dtree_find(&ioas->born, ev->body_area.iova)), *right;

	if (!left || left->node.last < ev->body_area.at)
		return;
	right = slab_take(&h->borns, &h->alloc);
	if (right) {
		*right = *left;
		right->node.start = ev->body_area.at;
		history_who_share(right->mapped_by);
		history_who_share(right->going_by);
	}
	left->node.last = ev->body_area.at - 1;
	if (right)
		dtree_insert(&ioas->born, &right->node);
}

/* The two are one mapping, which is as old as the first. */
static void see_merge(struct history *h, struct history_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;
	struct born *left = entry(dtree_find(&ioas->born, body->iova));
	struct dtree_node *node;

	if (!left) {
		drop_overlap(h, ioas, body);
		return;
	}
	while (left->node.last < body->last) {
		node = dtree_first_in(&ioas->born, left->node.last + 1, body->last);
		if (!node)
			left->node.last = body->last;
		else
			drop_born(h, ioas, entry(node));
	}
}

static void see_going(struct history *h, struct history_ioas *ioas, const struct ioas_event *ev)
{
	struct born *b = entry(dtree_find(&ioas->born, ev->body_area.iova));

	if (!b || b->going_ns)
		return;
	b->going_ns = ev->time_ns;
	b->going_by = history_who_get(h, ev);
}

static void from_area(const struct mirror *m, const struct mirror_area *area,
		      struct history_mapping *out)
{
	struct mirror_owner owner = mirror_area_owner(m, area);

	out->iova = area->node.start;
	out->last = area->node.last;
	out->va = mirror_area_va(area);
	out->mapped_ns = area->time_ns;
	out->map_op = area->op;
	out->area = area->number;
	out->prot = area->prot;
	out->has_prot = true;
	out->owner_tgid = owner.tgid;
	out->owner_uid = owner.uid;
}

static void from_event(const struct ioas_event *ev, struct history_mapping *out)
{
	const struct ioas_area_body *body = &ev->body_area;

	out->iova = body->iova;
	out->last = body->last;
	out->va = body->va;
	out->area = body->area;
	out->prot = body->prot;
	out->has_prot = !(ev->flags & IOAS_F_UNSEEN) && body->prot;
	out->owner_tgid = body->owner_tgid;
	out->owner_uid = body->owner_uid;
}

static void from_born(const struct born *b, struct history_mapping *out)
{
	if (!b)
		return;
	out->going_ns = b->going_ns;
	out->map_what = b->what;
	out->mapped_by = b->mapped_by ? &b->mapped_by->who : NULL;
	out->unmapped_by = b->going_by ? &b->going_by->who : NULL;
}

/* ---- what went ---- */

static void lost_one(struct history_ioas *ioas, uint64_t time_ns)
{
	ioas->reach.whole = false;
	ioas->reach.forgotten++;
	if (time_ns > ioas->reach.since_ns)
		ioas->reach.since_ns = time_ns;
}

static void see_gone(struct history *h, const struct mirror *m, struct history_ioas *ioas,
		     const struct ioas_event *ev)
{
	const struct mirror_ioas *held = mirror_find_ioas(m, ev->ioas);
	const struct mirror_area *area = held ? mirror_area_at(held, ev->body_area.iova) : NULL;
	struct born *b = entry(dtree_find(&ioas->born, ev->body_area.iova));
	struct history_mapping gone = { .gone_ns = ev->time_ns, .unmap_op = ev->op };
	struct who_slot *mapped_by = b ? history_who_share(b->mapped_by) : NULL;
	struct who_slot *unmapped_by = history_who_get(h, ev);

	from_event(ev, &gone);
	if (area && area->node.start == gone.iova && area->node.last == gone.last)
		from_area(m, area, &gone);
	from_born(b, &gone);
	gone.mapped_by = mapped_by ? &mapped_by->who : NULL;
	gone.unmapped_by = unmapped_by ? &unmapped_by->who : NULL;
	drop_overlap(h, ioas, &ev->body_area);
	if (history_keep(h, ioas, &gone))
		return;
	history_who_put(h, mapped_by);
	history_who_put(h, unmapped_by);
	lost_one(ioas, ev->time_ns);
}

/* ---- IOASes ---- */

static struct history_ioas *add_ioas(struct history *h, const struct ioas_event *ev,
				     uint64_t old_ns)
{
	struct history_ioas *ioas = ioas_alloc_zeroed(&h->alloc, sizeof(*ioas));

	if (!ioas)
		return NULL;
	ioas->id = ev->ioas;
	ioas->node.start = ioas->node.last = ev->ioas;
	ioas->reach.whole =
		ev->kind == IOAS_EV_IOAS_NEW && !old_ns && !(ev->flags & IOAS_F_ADOPTED);
	ioas->reach.since_ns = old_ns ? old_ns : ev->time_ns;
	ioas->reach.ctx = ev->ctx;
	ioas->reach.backend = ev->backend;
	itree_insert(&h->ioases, &ioas->node);
	return ioas;
}

static void drop_all_born(struct history *h, struct history_ioas *ioas)
{
	struct dtree_node *node;

	while ((node = dtree_first(&ioas->born)))
		drop_born(h, ioas, entry(node));
}

static void free_ioas(struct history *h, struct history_ioas *ioas)
{
	drop_all_born(h, ioas);
	history_forget_all(h, ioas);
	itree_remove(&h->ioases, &ioas->node);
	ioas_alloc_release(&h->alloc, ioas);
}

static void free_first_gone(struct history *h)
{
	struct history_ioas *ioas = h->first_gone;

	h->first_gone = ioas->next_gone;
	if (!h->first_gone)
		h->last_gone = NULL;
	h->ngone--;
	free_ioas(h, ioas);
}

static void see_ioas_gone(struct history *h, const struct mirror *m, uint32_t id)
{
	struct history_ioas *ioas = history_find(h, id);
	const struct mirror_ioas *held = mirror_find_ioas(m, id);

	if (!ioas || ioas->reach.gone)
		return;
	drop_all_born(h, ioas);
	ioas->reach.gone = true;
	ioas->reach.uncertain = !held || held->ctx->uncertain_since;
	if (held)
		ioas->reach.mode = held->mode;
	if (h->last_gone)
		h->last_gone->next_gone = ioas;
	else
		h->first_gone = ioas;
	h->last_gone = ioas;
	if (++h->ngone > HISTORY_IOASES_GONE)
		free_first_gone(h);
}

static void see_ctx_gone(struct history *h, const struct mirror *m, uint32_t id)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(m, id);

	for (const struct mirror_ioas *i = ctx ? mirror_ioas_first(ctx) : NULL; i;
	     i = mirror_ioas_next(i))
		see_ioas_gone(h, m, i->id);
}

void history_free(struct history *h)
{
	struct ioas_alloc alloc;
	struct itree_node *node;

	if (!h)
		return;
	while ((node = itree_first(&h->ioases)))
		free_ioas(h, itree_entry(node, struct history_ioas, node));
	slab_clear(&h->gones, &h->alloc);
	slab_clear(&h->blocks, &h->alloc);
	slab_clear(&h->borns, &h->alloc);
	alloc = h->alloc;
	ioas_alloc_release(&alloc, h);
}

/* ---- ops, which are told after what they did ---- */

static void tell_map(const struct mirror *m, struct history_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_op_body *op = &ev->body_op;
	const struct mirror_ioas *held = mirror_find_ioas(m, ev->ioas);
	uint64_t last = op->iova + (op->size - 1);
	struct dtree_node *node;

	if (!held || !op->size || last < op->iova)
		return;
	for (node = dtree_first_in(&ioas->born, op->iova, last); node;
	     node = dtree_next_in(node, op->iova, last)) {
		const struct mirror_area *area = mirror_area_at(held, node->start);

		if (area && area->op == ev->op)
			entry(node)->what = (uint8_t)op->what;
	}
}

/* Two ops may have been at it at the same time: all that went since it began is looked at. */
static void tell_unmap(struct history_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_op_body *op = &ev->body_op;
	uint64_t began = ev->time_ns > op->latency_ns ? ev->time_ns - op->latency_ns : 0;

	for (struct gone *g = ioas->newest; g && g->key_ns >= began; g = g->older) {
		if (g->m.unmap_op != ev->op)
			continue;
		g->m.unmap_what = (uint8_t)op->what;
		g->m.asked = op->size;
		g->m.returned = op->returned;
		g->m.has_returned = ev->flags & IOAS_F_RETURNED;
	}
}

static void see_op(const struct history *h, const struct mirror *m, const struct ioas_event *ev)
{
	struct history_ioas *ioas = ev->ioas ? history_find(h, ev->ioas) : NULL;

	if (!ioas || !ev->op)
		return;
	if (ev->body_op.what == IOAS_OP_MAP || ev->body_op.what == IOAS_OP_COPY)
		tell_map(m, ioas, ev);
	else
		tell_unmap(ioas, ev);
}

static void see_area(struct history *h, const struct mirror *m, const struct ioas_event *ev,
		     struct history_ioas *ioas)
{
	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
		see_add(h, ioas, ev);
		return;
	case IOAS_EV_AREA_SPLIT:
		see_split(h, ioas, ev);
		return;
	case IOAS_EV_AREA_MERGED:
		see_merge(h, ioas, ev);
		return;
	case IOAS_EV_AREA_GOING:
		see_going(h, ioas, ev);
		return;
	case IOAS_EV_AREA_GONE:
		see_gone(h, m, ioas, ev);
		return;
	default:
		return;
	}
}

void history_see(struct history *h, const struct mirror *m, const struct ioas_event *ev,
		 uint64_t old_ns)
{
	struct history_ioas *ioas;

	if (ev->kind == IOAS_EV_OP) {
		see_op(h, m, ev);
		return;
	}
	if (ev->kind == IOAS_EV_CTX_GONE)
		see_ctx_gone(h, m, ev->ctx);
	if (!ev->ioas || !ioas_event_is_change(ev) || ioas_event_check_fields(ev))
		return;
	if (ev->kind == IOAS_EV_IOAS_GONE) {
		see_ioas_gone(h, m, ev->ioas);
		return;
	}
	ioas = history_find(h, ev->ioas);
	if (!ioas)
		ioas = add_ioas(h, ev, old_ns);
	if (ioas && ioas_event_is_area(ev))
		see_area(h, m, ev, ioas);
}

/* ---- what is known ---- */

void history_live(const struct history *h, const struct mirror *m, const struct mirror_ioas *ioas,
		  const struct mirror_area *area, struct history_mapping *out)
{
	const struct history_ioas *mine = history_find(h, ioas->id);
	struct dtree_node *node = mine ? dtree_find(&mine->born, area->node.start) : NULL;

	*out = (struct history_mapping){};
	from_area(m, area, out);
	if (node && node->last == area->node.last)
		from_born(entry(node), out);
}

bool history_reach(const struct history *h, uint32_t id, struct history_reach *out)
{
	const struct history_ioas *ioas = history_find(h, id);

	if (!ioas)
		return false;
	*out = ioas->reach;
	out->kept = ioas->count;
	return true;
}

uint32_t history_ioas_after(const struct history *h, uint32_t id)
{
	const struct itree_node *node =
		id == UINT32_MAX ? NULL : itree_lower(&h->ioases, id + 1ULL);

	return node ? (uint32_t)node->start : 0;
}
