// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an op does to the valid ranges, and because of whom.
 *
 * iommufd: a device asks for what it reserves before it is told as attached, and
 * gives it back after it is told as detached: names are joined with ranges by number when
 * the op ends. Type1 tells the new list as a whole: the op's group is the cause.
 */
#include <errno.h>
#include <string.h>

#include "core/explain_impl.h"

static void see_device(struct explain_flight *f, const struct ioas_obj_body *body)
{
	struct explain_user *u;

	if (!f || f->nnames == EXPLAIN_NAMES)
		return;
	u = &f->names[f->nnames++];
	*u = (struct explain_user){ .id = body->object, .has_group = true, .group = body->group };
	memcpy(u->name, body->name, sizeof(u->name));
	u->name[sizeof(u->name) - 1] = '\0';
}

static void add_cause(struct explain_flight *f, struct explain_cause cause)
{
	if (f->ncauses < EXPLAIN_CAUSES)
		f->causes[f->ncauses] = cause;
	f->ncauses++;
}

/* What a domain reserves is what it does not reach. That is one cause, not two. */
static bool joins(struct explain_flight *f, const struct explain_cause *c)
{
	for (size_t i = 0; i < f->ncauses && i < EXPLAIN_CAUSES; i++) {
		struct explain_cause *was = &f->causes[i];

		if (!was->aperture || !c->aperture || was->user.id != c->user.id ||
		    was->gone != c->gone)
			continue;
		if (c->range.iova > was->range.iova)
			was->range.iova = c->range.iova;
		if (c->range.last < was->range.last)
			was->range.last = c->range.last;
		return true;
	}
	return false;
}

static void see_one(struct explain_flight *f, const struct mirror_ioas *ioas, uint32_t owner,
		    struct check_range r, bool gone)
{
	struct explain_cause c = { .class = IOAS_RANGE_RESERVED, .gone = gone, .range = r };

	c.user = explain_user_of(ioas, owner);
	c.aperture = c.user.domain && (!r.iova != (r.last == UINT64_MAX));
	if (c.aperture)
		c.range = r.iova ? (struct check_range){ 0, r.iova - 1 }
				 : (struct check_range){ r.last + 1, UINT64_MAX };
	if (!joins(f, &c))
		add_cause(f, c);
}

/* Ranges of an owner that go together; owner 0: all. */
static void see_clear(struct explain_flight *f, const struct mirror_ioas *ioas, uint32_t owner)
{
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_RESERVED);

	for (; r; r = mirror_range_next(r)) {
		if (!owner || r->owner == owner)
			see_one(f, ioas, r->owner,
				(struct check_range){ r->node.start, r->node.last }, true);
	}
}

/* As they were, if there is room: programs may make any number of ranges, in many ops at once. */
static void keep_before(struct explain *x, struct explain_flight *f, const struct mirror_ioas *ioas)
{
	size_t size = check_ranges_size(ioas);

	f->ioas = ioas->id;
	if (size <= EXPLAIN_HELD_MAX - x->held)
		f->before = check_ranges_copy(&x->alloc, ioas);
	f->unkept = !f->before;
	f->held = f->before ? size : 0;
	x->held += f->held;
}

static void see_range(struct explain *x, struct explain_flight *f, const struct mirror_ioas *ioas,
		      const struct ioas_event *ev)
{
	const struct ioas_range_body *body = &ev->body_range;

	if (!f || !ioas || body->class >= IOAS_RANGE_ALLOWED)
		return;
	if (!f->before && !f->unkept)
		keep_before(x, f, ioas);
	if (f->ioas != ioas->id || body->class != IOAS_RANGE_RESERVED)
		return;
	if (ev->kind == IOAS_EV_RANGE_CLEAR)
		see_clear(f, ioas, body->owner);
	else
		see_one(f, ioas, body->owner, (struct check_range){ body->iova, body->last },
			ev->kind == IOAS_EV_RANGE_DEL);
}

void explain_see_range(struct explain *x, const struct mirror *m, const struct ioas_event *ev)
{
	struct explain_flight *f = explain_flight(x, ev);

	if (ev->kind == IOAS_EV_DEVICE_ATTACH || ev->kind == IOAS_EV_DEVICE_DETACH)
		see_device(f, &ev->body_obj);
	else
		see_range(x, f, ev->ioas ? mirror_find_ioas(m, ev->ioas) : NULL, ev);
}

/* ---- the end of the op ---- */

/* The device that has come or gone is behind the domain that has come or gone, too. */
static void name_cause(const struct explain_at *at, struct explain_cause *c)
{
	const struct explain_flight *f = at->flight;

	for (size_t i = 0; i < f->nnames; i++) {
		if (f->names[i].id != c->user.id && !(c->user.domain && !c->user.name[0]))
			continue;
		c->user.has_group = true;
		c->user.group = f->names[i].group;
		memcpy(c->user.name, f->names[i].name, sizeof(c->user.name));
		return;
	}
}

static void set_causes(struct explain_at *at)
{
	const struct explain_flight *f = at->flight;
	struct explanation *out = at->out;

	out->ncauses = f->ncauses;
	for (size_t i = 0; i < f->ncauses && i < EXPLAIN_CAUSES; i++) {
		out->causes[i] = f->causes[i];
		name_cause(at, &out->causes[i]);
	}
	if (!f->ncauses && at->ev->body_op.group_valid) {
		out->ncauses = 1;
		out->causes[0] = (struct explain_cause){
			.class = IOAS_RANGE_VALID,
			.gone = at->ev->body_op.what == IOAS_OP_DETACH,
			.user = { .has_group = true, .group = at->ev->body_op.group },
		};
	}
}

static bool same(const struct check_ranges *a, const struct check_ranges *b)
{
	return check_ranges_inside(a, b) && check_ranges_inside(b, a);
}

void explain_ranges(struct explain *x, struct explain_at *at)
{
	const struct explain_flight *f = at->flight;
	const struct mirror_ioas *ioas = f && f->ioas ? mirror_find_ioas(at->m, f->ioas) : NULL;

	/* An IOAS that has gone has no ranges to speak of. */
	if (!ioas)
		return;
	at->out->unkept = f->unkept;
	if (f->unkept) {
		set_causes(at);
		return;
	}
	x->after = check_ranges_copy(&x->alloc, ioas);
	if (!x->after || same(f->before, x->after))
		return;
	at->out->before = f->before;
	at->out->after = x->after;
	set_causes(at);
}
