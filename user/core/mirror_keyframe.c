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
#include "core/mirror_keyframe_impl.h"

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
	if (rc || !c->rlimit_mm)
		return rc;
	ev = blank(k, IOAS_EV_OPTION, NULL);
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	ev.body_obj.value = 1;
	return tell(k, &ev);
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
			ev.time_ns = p->pinned_since;
			ev.body_pages.pinned = p->pinned;
			rc = tell(k, &ev);
		}
		if (!rc && p->charged)
			rc = tell_pages_charge(k, p);
	}
	return rc;
}

static int tell_ioases(const struct keyframe *k)
{
	int rc = 0;

	for (const struct mirror_ioas *i = mirror_ioas_first(k->ctx); i && !rc;
	     i = mirror_ioas_next(i)) {
		rc = keyframe_tell_ioas(k, i);
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
	return rc ? rc : mirror_gone_tell(m, emit, arg);
}
