// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: who uses an IOAS (groups, pins of clients) and who pays (charges). */
#include <errno.h>

#include "core/mirror_impl.h"

static int apply_attach(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	struct itree_node *node = itree_find(&ioas->groups, body->group);
	struct mirror_group *group = itree_entry(node, struct mirror_group, node);
	bool known = group;

	if (!known) {
		group = ioas_alloc_zeroed(&m->alloc, sizeof(*group));
		if (!group)
			return -ENOMEM;
		group->number = body->group;
		group->node.start = body->group;
		group->node.last = body->group;
		itree_insert(&ioas->groups, &group->node);
	}
	group->emulated = body->emulated;
	if (known && !(ev->flags & IOAS_F_ADOPTED))
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_DUPLICATE);
	return 0;
}

static void drop_group(struct mirror *m, struct mirror_ioas *ioas, struct mirror_group *group)
{
	itree_remove(&ioas->groups, &group->node);
	ioas_alloc_release(&m->alloc, group);
}

static int apply_detach(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct itree_node *node = itree_find(&ioas->groups, ev->body_obj.group);

	if (node)
		drop_group(m, ioas, itree_entry(node, struct mirror_group, node));
	else if (!ioas->adopted)
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNKNOWN_GROUP);
	return 0;
}

static uint64_t charge_key(const struct ioas_charge_body *body)
{
	return (uint64_t)body->owner << 32 | body->counter;
}

static struct mirror_charge *find_or_add_charge(struct mirror *m, struct mirror_ioas *ioas,
						const struct ioas_charge_body *body)
{
	struct itree_node *node = itree_find(&ioas->charges, charge_key(body));
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
	itree_insert(&ioas->charges, &charge->node);
	return charge;
}

static int apply_charge(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct mirror_charge *charge = find_or_add_charge(m, ioas, &ev->body_charge);
	bool possible;

	if (!charge)
		return -ENOMEM;
	/* What was charged before we looked may be given back now. */
	possible = mirror_add_count(&charge->pages, ev->body_charge.pages, INT64_MIN);
	if (charge->pages > charge->peak)
		charge->peak = charge->pages;
	if (!possible || (charge->pages < 0 && !ioas->adopted))
		return mirror_anomaly(m, ioas->ctx, ev, MIRROR_UNDERFLOW);
	return 0;
}

/* Clients pin whole pages, whatever bytes of them they asked for. */
static int apply_access(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	uint64_t start = ev->body_area.iova & ~(IOAS_PAGE_SIZE - 1);
	uint64_t last = ev->body_area.last | (IOAS_PAGE_SIZE - 1);
	uint64_t stray = 0;
	int err;

	if (ev->kind == IOAS_EV_ACCESS_PIN)
		return pincount_add(&ioas->pins, &m->alloc, start, last);
	err = pincount_sub(&ioas->pins, &m->alloc, start, last, &stray);
	ioas->stray_unpins += stray;
	return err;
}

int mirror_apply_use(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_GROUP_ATTACH:
		return apply_attach(m, ioas, ev);
	case IOAS_EV_GROUP_DETACH:
		return apply_detach(m, ioas, ev);
	case IOAS_EV_CHARGE:
		return apply_charge(m, ioas, ev);
	case IOAS_EV_ACCESS_PIN:
	case IOAS_EV_ACCESS_UNPIN:
		return apply_access(m, ioas, ev);
	default: /* IOAS_EV_DIRTY */
		ioas->dirty = ev->body_obj.dirty;
		ioas->non_pinned_groups = ev->body_obj.non_pinned_groups;
		return 0;
	}
}

void mirror_drop_use(struct mirror *m, struct mirror_ioas *ioas)
{
	struct itree_node *node;

	while ((node = itree_first(&ioas->groups)))
		drop_group(m, ioas, itree_entry(node, struct mirror_group, node));
	while ((node = itree_first(&ioas->charges))) {
		struct mirror_charge *charge = itree_entry(node, struct mirror_charge, node);

		if (charge->pages)
			m->stats.charges_dropped++;
		itree_remove(&ioas->charges, node);
		ioas_alloc_release(&m->alloc, charge);
	}
	m->stats.pins_dropped += ioas->pins.pages;
	pincount_clear(&ioas->pins, &m->alloc);
}
