// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: its state as events. Of each context: the context, its pages
 * objects with their charges, its IOASes with all that is in them, the sums of
 * its charges, and last since when it is uncertain. What has no time of its own
 * is told with time 0.
 *
 * Sums that events told bit by bit come as one event:
 *   AREA_FILLED  what a domain maps, over the range [0, 0], which means nothing
 *   CHARGE       of an IOAS, a pages object, or (with neither) the context, and
 *                first up to the peak where the sum has come down from it
 * Both carry IOAS_F_ADOPTED: they may be below 0, and are no news.
 */
#include <errno.h>
#include <string.h>

#include "core/mirror_impl.h"

struct keyframe {
	const struct mirror *m;
	const struct mirror_ctx *ctx;
	int (*emit)(const struct ioas_event *ev, void *arg);
	void *arg;
};

/* A blank event of the context; `ioas` may be NULL. */
static struct ioas_event blank(const struct keyframe *k, unsigned int kind,
			       const struct mirror_ioas *ioas)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = k->ctx->backend;
	ev.ctx = k->ctx->id;
	ev.ioas = ioas ? ioas->id : 0;
	return ev;
}

static int tell(const struct keyframe *k, const struct ioas_event *ev)
{
	return k->emit(ev, k->arg);
}

static int tell_option(const struct keyframe *k, const struct mirror_ioas *ioas,
		       enum ioas_option option, uint64_t value)
{
	struct ioas_event ev = blank(k, IOAS_EV_OPTION, ioas);

	ev.body_obj.option = option;
	ev.body_obj.value = value;
	return tell(k, &ev);
}

static int tell_ctx(const struct keyframe *k)
{
	const struct mirror_ctx *c = k->ctx;
	struct ioas_event ev = blank(k, IOAS_EV_CTX_NEW, NULL);
	int rc;

	ev.flags = c->adopted ? IOAS_F_ADOPTED : 0;
	ev.time_ns = c->opened_ns;
	ev.order = c->order;
	if (c->owner_known) {
		ev.tgid = c->tgid;
		ev.tid = c->tgid;
		ev.uid = c->uid;
		memcpy(ev.comm, c->comm, sizeof(ev.comm));
	}
	rc = tell(k, &ev);
	if (!rc && c->rlimit_mm)
		rc = tell_option(k, NULL, IOAS_OPTION_RLIMIT_MODE, 1);
	return rc;
}

/* One sum; `ev` says whose. */
static int tell_charge(const struct keyframe *k, struct ioas_event *ev, int64_t pages)
{
	ev->flags = IOAS_F_ADOPTED;
	ev->body_charge.pages = pages;
	return tell(k, ev);
}

/* To the peak and down again, in steps that can be counted. */
static int tell_charges(const struct keyframe *k, const struct mirror_ioas *ioas,
			const struct mirror_charge *c)
{
	struct ioas_event ev = blank(k, IOAS_EV_CHARGE, ioas);
	int64_t down;
	int rc = 0;

	ev.body_charge.owner = c->owner;
	ev.body_charge.counter = c->counter;
	ev.body_charge.owner_tgid = c->tgid;
	ev.body_charge.owner_uid = c->uid;
	if (c->peak <= 0 || c->peak == c->pages)
		return tell_charge(k, &ev, c->pages);
	rc = tell_charge(k, &ev, c->peak);
	if (!rc && !__builtin_sub_overflow(c->pages, c->peak, &down))
		return tell_charge(k, &ev, down);
	if (!rc)
		rc = tell_charge(k, &ev, -c->peak);
	return rc ? rc : tell_charge(k, &ev, c->pages);
}

static struct ioas_event pages_event(const struct keyframe *k, unsigned int kind,
				     const struct mirror_pages *p)
{
	struct ioas_event ev = blank(k, kind, NULL);

	ev.flags = p->adopted ? IOAS_F_ADOPTED : 0;
	ev.time_ns = p->time_ns;
	ev.body_pages.pages_id = p->id;
	ev.body_pages.owner = p->owner;
	ev.body_pages.va = p->va;
	ev.body_pages.npages = p->npages;
	ev.body_pages.memory = p->memory;
	ev.body_pages.account = p->account;
	ev.body_pages.writable = p->writable;
	ev.body_pages.owner_tgid = p->owner_tgid;
	ev.body_pages.owner_uid = p->owner_uid;
	return ev;
}

static int tell_pages_charge(const struct keyframe *k, const struct mirror_pages *p)
{
	struct ioas_event ev = blank(k, IOAS_EV_CHARGE, NULL);

	ev.body_charge.pages_id = p->id;
	ev.body_charge.owner = p->owner;
	/* It may have been charged while it had an account. */
	ev.body_charge.counter = p->account ? p->account : IOAS_COUNTER_USER_LOCKED;
	ev.body_charge.owner_tgid = p->owner_tgid;
	ev.body_charge.owner_uid = p->owner_uid;
	return tell_charge(k, &ev, p->charged);
}

static int tell_pages(const struct keyframe *k)
{
	const struct mirror_pages *p;
	int rc = 0;

	for (p = mirror_pages_first(k->ctx); p && !rc; p = mirror_pages_next(p)) {
		struct ioas_event ev = pages_event(k, IOAS_EV_PAGES_NEW, p);

		rc = tell(k, &ev);
		if (!rc && p->pinned) {
			ev = pages_event(k, IOAS_EV_PAGES_PINNED, p);
			ev.body_pages.pinned = p->pinned;
			rc = tell(k, &ev);
		}
		if (!rc && p->charged)
			rc = tell_pages_charge(k, p);
	}
	return rc;
}

static int tell_ranges(const struct keyframe *k, const struct mirror_ioas *i, unsigned int class)
{
	const struct mirror_range *r;
	int rc = 0;

	for (r = mirror_range_first(i, class); r && !rc; r = mirror_range_next(r)) {
		struct ioas_event ev = blank(k, IOAS_EV_RANGE_ADD, i);

		ev.body_range.iova = r->node.start;
		ev.body_range.last = r->node.last;
		ev.body_range.class = r->class;
		ev.body_range.owner = r->owner;
		rc = tell(k, &ev);
	}
	return rc;
}

static int tell_ioas(const struct keyframe *k, const struct mirror_ioas *i)
{
	struct ioas_event ev = blank(k, IOAS_EV_IOAS_NEW, i);
	int rc;

	ev.flags = i->adopted ? IOAS_F_ADOPTED : 0;
	ev.time_ns = i->time_ns;
	ev.body_obj.mode = i->mode;
	rc = tell(k, &ev);
	if (rc)
		return rc;
	ev = blank(k, IOAS_EV_DIRTY, i);
	ev.body_obj.dirty = i->dirty;
	ev.body_obj.non_pinned_groups = i->non_pinned_groups;
	ev.body_obj.entries_left = (uint64_t)i->entries_left; /* -1: not told */
	rc = tell(k, &ev);
	if (!rc && i->small_pages)
		rc = tell_option(k, i, IOAS_OPTION_HUGE_PAGES, 0);
	for (unsigned int c = IOAS_RANGE_VALID; c <= IOAS_RANGE_ALLOWED && !rc; c++)
		rc = tell_ranges(k, i, c);
	return rc;
}

static int tell_groups(const struct keyframe *k, const struct mirror_ioas *i)
{
	int rc = 0;

	for (const struct mirror_group *g = mirror_group_first(i); g && !rc;
	     g = mirror_group_next(g)) {
		struct ioas_event ev = blank(k, IOAS_EV_GROUP_ATTACH, i);

		ev.body_obj.group = g->number;
		ev.body_obj.emulated = g->emulated;
		rc = tell(k, &ev);
	}
	return rc;
}

static int tell_domain(const struct keyframe *k, const struct mirror_ioas *i,
		       const struct mirror_domain *d)
{
	struct ioas_event ev = blank(k, IOAS_EV_DOMAIN_ATTACH, i);
	int rc;

	ev.body_obj.object = d->id;
	ev.body_obj.page_size = d->page_size;
	rc = tell(k, &ev);
	if (rc || !d->mapped)
		return rc;
	ev = blank(k, IOAS_EV_AREA_FILLED, i);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_area.object = d->id;
	ev.body_area.bytes = d->mapped;
	return tell(k, &ev);
}

static int tell_device(const struct keyframe *k, const struct mirror_ioas *i,
		       const struct mirror_device *d)
{
	struct ioas_event ev = blank(k, IOAS_EV_DEVICE_ATTACH, i);

	ev.body_obj.object = d->id;
	ev.body_obj.domain = d->domain;
	ev.body_obj.group = d->group;
	memcpy(ev.body_obj.name, d->name, sizeof(ev.body_obj.name));
	return tell(k, &ev);
}

static int tell_access(const struct keyframe *k, const struct mirror_ioas *i,
		       const struct mirror_access *a)
{
	struct ioas_event ev = blank(k, IOAS_EV_ACCESS_ATTACH, i);

	ev.body_obj.object = a->id;
	ev.body_obj.page_size = a->alignment;
	ev.body_obj.exact = a->exact;
	return tell(k, &ev);
}

static int tell_users(const struct keyframe *k, const struct mirror_ioas *i)
{
	int rc = tell_groups(k, i);

	for (const struct mirror_domain *d = mirror_domain_first(i); d && !rc;
	     d = mirror_domain_next(d))
		rc = tell_domain(k, i, d);
	for (const struct mirror_device *d = mirror_device_first(i); d && !rc;
	     d = mirror_device_next(d))
		rc = tell_device(k, i, d);
	for (const struct mirror_access *a = mirror_access_first(i); a && !rc;
	     a = mirror_access_next(a))
		rc = tell_access(k, i, a);
	return rc;
}

static struct ioas_event area_event(const struct keyframe *k, unsigned int kind,
				    const struct mirror_ioas *i, const struct mirror_area *a)
{
	struct mirror_owner owner = mirror_area_owner(k->m, a);
	const struct mirror_pages *pages = mirror_area_pages(a);
	struct ioas_event ev = blank(k, kind, i);

	ev.time_ns = a->time_ns;
	ev.op = a->op;
	ev.body_area.iova = a->node.start;
	ev.body_area.last = a->node.last;
	ev.body_area.va = mirror_area_va(a);
	ev.body_area.prot = a->prot;
	ev.body_area.area = a->number;
	ev.body_area.owner_tgid = owner.tgid;
	ev.body_area.owner_uid = owner.uid;
	ev.body_area.pages_id = pages ? pages->id : 0;
	return ev;
}

static int tell_area(const struct keyframe *k, const struct mirror_ioas *i,
		     const struct mirror_area *a)
{
	struct ioas_event ev = area_event(k, IOAS_EV_AREA_ADD, i, a);
	int64_t pinned = mirror_area_pinned(a);
	int rc;

	ev.flags = a->adopted ? IOAS_F_ADOPTED : 0;
	ev.body_area.at = mirror_area_offset(a);
	/* More than there can be is no news of a mapping, but it may have been counted. */
	if (pinned <= (int64_t)MIRROR_NPAGES_MAX && a->pfnmap <= MIRROR_NPAGES_MAX) {
		ev.body_area.pages = pinned;
		ev.body_area.pfnmap = a->pfnmap;
		return tell(k, &ev);
	}
	rc = tell(k, &ev);
	if (rc)
		return rc;
	ev = area_event(k, IOAS_EV_PINNED, i, a);
	ev.body_area.pages = pinned;
	ev.body_area.pfnmap = a->pfnmap;
	return tell(k, &ev);
}

static int tell_areas(const struct keyframe *k, const struct mirror_ioas *i)
{
	const struct mirror_area *a;
	int rc = 0;

	for (a = mirror_area_first(i); a && !rc; a = mirror_area_next(a)) {
		struct ioas_event ev;

		rc = tell_area(k, i, a);
		if (!rc && a->vaddr_invalid) {
			ev = area_event(k, IOAS_EV_VADDR_INVALID, i, a);
			rc = tell(k, &ev);
		}
		if (!rc && a->going) {
			ev = area_event(k, IOAS_EV_AREA_GOING, i, a);
			rc = tell(k, &ev);
		}
	}
	return rc;
}

/* The pins of an access, or with number 0 those that none is known to hold. */
static int tell_pins(const struct keyframe *k, const struct mirror_ioas *i, uint32_t access,
		     const struct pincount *pins)
{
	const struct itree_node *n;
	int rc = 0;

	itree_for_each(n, &pins->ranges) {
		uint64_t left = itree_entry(n, struct pin_range, node)->count;
		struct ioas_event ev = blank(k, IOAS_EV_ACCESS_PIN, i);

		ev.body_area.iova = n->start;
		ev.body_area.last = n->last;
		ev.body_area.pages = (int64_t)pin_pages(n->start, n->last);
		ev.body_area.object = access;
		for (; left && !rc; left -= ev.body_area.refs) {
			ev.body_area.refs = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
			rc = tell(k, &ev);
		}
		if (rc)
			break;
	}
	return rc;
}

static int tell_all_pins(const struct keyframe *k, const struct mirror_ioas *i)
{
	struct pincount unnamed = { .pages = 0 };
	int rc = 0;

	for (const struct mirror_access *a = mirror_access_first(i); a && !rc;
	     a = mirror_access_next(a))
		rc = tell_pins(k, i, a->id, &a->pins);
	if (rc)
		return rc;
	if (!mirror_access_count(i))
		return tell_pins(k, i, 0, &i->pins);
	rc = mirror_unnamed_pins(k->m, i, 0, UINT64_MAX, &unnamed);
	if (!rc)
		rc = tell_pins(k, i, 0, &unnamed);
	pincount_clear(&unnamed, &k->m->alloc);
	return rc;
}

static int tell_ioases(const struct keyframe *k)
{
	int rc = 0;

	for (const struct mirror_ioas *i = mirror_ioas_first(k->ctx); i && !rc;
	     i = mirror_ioas_next(i)) {
		rc = tell_ioas(k, i);
		if (!rc)
			rc = tell_users(k, i);
		if (!rc)
			rc = tell_areas(k, i);
		if (!rc)
			rc = tell_all_pins(k, i);
		for (const struct mirror_charge *c = mirror_charge_first(i); c && !rc;
		     c = mirror_charge_next(c))
			rc = tell_charges(k, i, c);
	}
	return rc;
}

static int tell_uncertain(const struct keyframe *k)
{
	struct ioas_event ev = blank(k, IOAS_EV_UNCERTAIN, NULL);

	ev.time_ns = k->ctx->uncertain_since;
	ev.body_obj.value = k->ctx->uncertain_since;
	return tell(k, &ev);
}

static int tell_all_of_ctx(const struct keyframe *k)
{
	int rc = tell_ctx(k);

	if (!rc)
		rc = tell_pages(k);
	if (!rc)
		rc = tell_ioases(k);
	for (const struct mirror_charge *c = mirror_ctx_charge_first(k->ctx); c && !rc;
	     c = mirror_charge_next(c))
		rc = tell_charges(k, NULL, c);
	if (!rc && k->ctx->uncertain_since)
		rc = tell_uncertain(k);
	return rc;
}

/* Contexts that are adopted from here on are uncertain (mirror_stats.unplaced_since). */
static int tell_unplaced(struct keyframe *k)
{
	const struct mirror_ctx none = { .id = 0 };
	struct ioas_event ev;

	k->ctx = &none;
	ev = blank(k, IOAS_EV_UNCERTAIN, NULL);
	ev.flags = IOAS_F_ADOPTED;
	ev.time_ns = k->m->stats.unplaced_since;
	ev.body_obj.value = ev.time_ns;
	return tell(k, &ev);
}

int mirror_keyframe(const struct mirror *m, int (*emit)(const struct ioas_event *ev, void *arg),
		    void *arg)
{
	struct keyframe k = { .m = m, .emit = emit, .arg = arg };
	int rc = 0;

	for (const struct mirror_ctx *c = mirror_ctx_first(m); c && !rc; c = mirror_ctx_next(c)) {
		k.ctx = c;
		rc = tell_all_of_ctx(&k);
	}
	if (!rc && m->stats.unplaced_since)
		rc = tell_unplaced(&k);
	return rc;
}
