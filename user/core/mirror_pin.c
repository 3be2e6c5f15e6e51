// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: pages that clients hold. The IOAS counts the pins of all clients
 * together; an access counts its own as well. At each page the total is at
 * least the sum over the accesses, and what it is more was pinned by clients
 * that have no number (type1).
 */
#include <errno.h>

#include "core/mirror_impl.h"

/* Clients pin whole pages, whatever bytes of them they asked for. */
struct pins {
	uint64_t start;
	uint64_t last;
	uint64_t refs;
};

static struct pins pins_of(const struct ioas_area_body *body)
{
	return (struct pins){
		.start = body->iova & ~(IOAS_PAGE_SIZE - 1),
		.last = body->last | (IOAS_PAGE_SIZE - 1),
		.refs = body->refs ? body->refs : 1,
	};
}

/* The part of a range that lies in [start, last], which it overlaps. */
static struct pins clip(const struct itree_node *n, uint64_t start, uint64_t last)
{
	return (struct pins){
		.start = n->start > start ? n->start : start,
		.last = n->last < last ? n->last : last,
		.refs = itree_entry(n, struct pin_range, node)->count,
	};
}

static int pin(struct mirror *m, struct mirror_ioas *ioas, struct mirror_access *access,
	       const struct pins *p)
{
	struct pin_spare spare = { NULL };
	size_t needs = pincount_add_needs(&ioas->pins, p->start, p->last);

	if (access)
		needs += pincount_add_needs(&access->pins, p->start, p->last);
	if (pincount_reserve(&spare, &m->alloc, needs))
		return -ENOMEM;
	pincount_add_reserved(&ioas->pins, &spare, p->start, p->last, p->refs);
	if (access)
		pincount_add_reserved(&access->pins, &spare, p->start, p->last, p->refs);
	pincount_unreserve(&spare, &m->alloc);
	return 0;
}

/* What the subtractions below need for `held`, which is taken out of the total by parts. */
static size_t needs_of(const struct pincount *held, uint64_t start, uint64_t last)
{
	const struct itree_node *n;
	size_t parts = 0;

	itree_for_each_in(n, &held->ranges, start, last)
		parts++;
	return PINCOUNT_SUB_NEEDS * parts;
}

/* Takes out of the total what `held` has in [p->start, p->last], p->refs of each page at most. */
static void lower_total(struct mirror_ioas *ioas, struct pin_spare *spare,
			const struct pincount *held, const struct pins *p)
{
	const struct itree_node *n;
	uint64_t none = 0;

	itree_for_each_in(n, &held->ranges, p->start, p->last) {
		struct pins part = clip(n, p->start, p->last);

		if (part.refs > p->refs)
			part.refs = p->refs;
		pincount_sub_reserved(&ioas->pins, spare, part.start, part.last, part.refs, &none);
	}
}

static int unpin_access(struct mirror *m, struct mirror_ioas *ioas, struct mirror_access *access,
			const struct pins *p)
{
	size_t needs = needs_of(&access->pins, p->start, p->last) + PINCOUNT_SUB_NEEDS;
	struct pin_spare spare = { NULL };

	if (pincount_reserve(&spare, &m->alloc, needs))
		return -ENOMEM;
	lower_total(ioas, &spare, &access->pins, p);
	pincount_sub_reserved(&access->pins, &spare, p->start, p->last, p->refs,
			      &ioas->stray_unpins);
	pincount_unreserve(&spare, &m->alloc);
	return 0;
}

/* Where accesses hold pins, one without a number lets go of what is not theirs. */
static int unpin_unnamed(struct mirror *m, struct mirror_ioas *ioas, const struct pins *p)
{
	struct pincount held = { .pages = 0 };
	struct pin_spare spare = { NULL };
	uint64_t stray = 0;
	int err;

	if (!itree_count(&ioas->accesses)) {
		err = pincount_sub(&ioas->pins, &m->alloc, p->start, p->last, p->refs, &stray);
		ioas->stray_unpins += stray;
		return err;
	}
	err = mirror_unnamed_pins(m, ioas, p->start, p->last, &held);
	if (err)
		return err;
	err = pincount_reserve(&spare, &m->alloc,
			       needs_of(&held, p->start, p->last) + PINCOUNT_SUB_NEEDS);
	if (!err) {
		lower_total(ioas, &spare, &held, p);
		pincount_sub_reserved(&held, &spare, p->start, p->last, p->refs,
				      &ioas->stray_unpins);
	}
	pincount_unreserve(&spare, &m->alloc);
	pincount_clear(&held, &m->alloc);
	return err;
}

int mirror_apply_pin(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	struct pins p = pins_of(&ev->body_area);
	struct mirror_access *access = NULL;
	bool unknown = false;
	int err;

	if (ev->body_area.object) {
		access = mirror_get_access(m, ioas, ev->body_area.object, &unknown);
		if (!access)
			return -ENOMEM;
	}
	if (ev->kind == IOAS_EV_ACCESS_PIN)
		err = pin(m, ioas, access, &p);
	else if (access)
		err = unpin_access(m, ioas, access, &p);
	else
		err = unpin_unnamed(m, ioas, &p);
	if (!unknown)
		return err;
	if (err)
		mirror_forget_access(m, ioas, access);
	else
		err = mirror_unknown_object(m, ioas->ctx, ioas->adopted, ev);
	return err;
}

int mirror_leave_pins(struct mirror *m, struct mirror_ioas *ioas,
		      const struct mirror_access *access)
{
	const struct pins all = { .start = 0, .last = UINT64_MAX, .refs = UINT64_MAX };
	struct pin_spare spare = { NULL };

	if (pincount_reserve(&spare, &m->alloc, needs_of(&access->pins, all.start, all.last)))
		return -ENOMEM;
	lower_total(ioas, &spare, &access->pins, &all);
	pincount_unreserve(&spare, &m->alloc);
	return 0;
}

static int copy(const struct mirror *m, const struct pincount *from, uint64_t start, uint64_t last,
		struct pincount *out)
{
	const struct itree_node *n;
	int err = 0;

	itree_for_each_in(n, &from->ranges, start, last) {
		struct pins part = clip(n, start, last);

		err = pincount_add(out, &m->alloc, part.start, part.last, part.refs);
		if (err)
			break;
	}
	return err;
}

static int subtract(const struct mirror *m, const struct pincount *from, uint64_t start,
		    uint64_t last, struct pincount *out)
{
	const struct itree_node *n;
	uint64_t none = 0;
	int err = 0;

	itree_for_each_in(n, &from->ranges, start, last) {
		struct pins part = clip(n, start, last);

		err = pincount_sub(out, &m->alloc, part.start, part.last, part.refs, &none);
		if (err)
			break;
	}
	return err;
}

int mirror_unnamed_pins(const struct mirror *m, const struct mirror_ioas *ioas, uint64_t start,
			uint64_t last, struct pincount *out)
{
	int err = copy(m, &ioas->pins, start, last, out);

	for (const struct mirror_access *a = mirror_access_first(ioas); a && !err;
	     a = mirror_access_next(a))
		err = subtract(m, &a->pins, start, last, out);
	if (err)
		pincount_clear(out, &m->alloc);
	return err;
}
