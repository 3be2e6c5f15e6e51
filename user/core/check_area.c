// SPDX-License-Identifier: GPL-2.0-or-later
/* R-01 to R-08, R-11: where areas and ranges may be. */
#include <inttypes.h>

#include "core/check_impl.h"

#define RANGE "[%#" PRIx64 ", %#" PRIx64 "]"

/* IOAS_F_ADOPTED: found by a walk, and known from its event already. */
static bool known_already(const struct ioas_event *ev, const struct mirror_area *area)
{
	return (ev->flags & IOAS_F_ADOPTED) && area->node.start == ev->body_area.iova &&
	       area->node.last == ev->body_area.last;
}

static void judge_overlap(struct check_at *at, struct check_range r)
{
	const struct mirror_area *area = mirror_area_first_in(at->ioas, r.iova, r.last);

	if (!check_judge(at, RULE_AREA_OVERLAP))
		return;
	if (area && !known_already(at->ev, area))
		check_fail(at, RULE_AREA_OVERLAP, &r, "area " RANGE " over area " RANGE, r.iova,
			   r.last, area->node.start, area->node.last);
}

/* iommufd can do with bytes where no hardware is; its alignment is R-03's matter. */
static void judge_range(struct check_at *at, struct check_range r)
{
	bool bytes =
		at->ev->backend == IOAS_BACKEND_IOMMUFD || at->ev->backend == IOAS_BACKEND_COMPAT;

	if (!check_judge(at, RULE_AREA_RANGE))
		return;
	if (r.last < r.iova)
		check_fail(at, RULE_AREA_RANGE, NULL,
			   "area from %#" PRIx64 " to %#" PRIx64 " wraps", r.iova, r.last);
	else if (!bytes && r.last - r.iova < IOAS_PAGE_SIZE - 1)
		check_fail(at, RULE_AREA_RANGE, &r,
			   "area " RANGE " of %" PRIu64 " bytes is less than a page", r.iova,
			   r.last, check_range_bytes(r));
}

/* I8: of iommufd the largest that a user asks for; without users it is a byte. */
static uint64_t alignment_of(const struct check_at *at)
{
	const struct mirror_ioas *ioas = at->ioas;
	uint64_t most = 1;

	if (at->ev->backend == IOAS_BACKEND_TYPE1)
		return IOAS_PAGE_SIZE;
	if (ioas->small_pages)
		most = IOAS_PAGE_SIZE;
	for (const struct mirror_domain *d = mirror_domain_first(ioas); d;
	     d = mirror_domain_next(d)) {
		if (d->page_size > most)
			most = d->page_size;
	}
	for (const struct mirror_access *a = mirror_access_first(ioas); a;
	     a = mirror_access_next(a)) {
		if (a->alignment > most)
			most = a->alignment;
	}
	return most;
}

/*
 * Type1 has no offset: its area begins where its memory does. The devices of the bundled backend
 * ask for addresses only: a copy may begin in any page.
 */
static void judge_alignment(struct check_at *at, struct check_range r)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	uint64_t offset = body->pages_id ? body->at : body->va;
	uint64_t mask = alignment_of(at) - 1;

	if (!check_judge(at, RULE_AREA_ALIGNMENT))
		return;
	if (at->ev->backend == IOAS_BACKEND_BUNDLED)
		offset &= IOAS_PAGE_SIZE - 1;
	if ((r.iova | check_range_bytes(r) | offset) & mask)
		check_fail(at, RULE_AREA_ALIGNMENT, &r,
			   "area " RANGE " at %#" PRIx64
			   " of its memory, and the alignment is %" PRIu64,
			   r.iova, r.last, offset, mask + 1);
}

static void judge_reserved(struct check_at *at, struct check_range r)
{
	const struct mirror_range *reserved =
		mirror_range_first_in(at->ioas, IOAS_RANGE_RESERVED, r.iova, r.last);

	if (!check_judge(at, RULE_AREA_RESERVED))
		return;
	if (reserved)
		check_fail(at, RULE_AREA_RESERVED, &r,
			   "area " RANGE " reaches into reserved range " RANGE, r.iova, r.last,
			   reserved->node.start, reserved->node.last);
}

/* While ranges are being changed they are told one by one, and mean nothing yet. */
static void judge_valid(struct check_at *at, struct check_range r)
{
	const struct mirror_range *valid;

	if (!mirror_range_count(at->ioas, IOAS_RANGE_VALID) || (at->mine && at->mine->ranging) ||
	    !check_judge(at, RULE_AREA_VALID))
		return;
	valid = mirror_range_first_in(at->ioas, IOAS_RANGE_VALID, r.iova, r.last);
	if (!valid || valid->node.start > r.iova || valid->node.last < r.last)
		check_fail(at, RULE_AREA_VALID, &r, "area " RANGE " lies in no valid range", r.iova,
			   r.last);
}

/* A range that wraps can be held against nothing else. */
static void area_added(struct check_at *at)
{
	struct check_range r = { at->ev->body_area.iova, at->ev->body_area.last };

	judge_range(at, r);
	if (!at->ioas || r.last < r.iova)
		return;
	judge_overlap(at, r);
	judge_reserved(at, r);
	judge_valid(at, r);
	if (!at->failed)
		judge_alignment(at, r);
}

/* None is reserved over an area, or over what may be given out. */
static void reserved_added(struct check_at *at, struct check_range r)
{
	const struct mirror_area *area = mirror_area_first_in(at->ioas, r.iova, r.last);
	const struct mirror_range *allowed =
		mirror_range_first_in(at->ioas, IOAS_RANGE_ALLOWED, r.iova, r.last);

	if (check_judge(at, RULE_AREA_RESERVED) && area)
		check_fail(at, RULE_AREA_RESERVED, &r, RANGE " is reserved over area " RANGE,
			   r.iova, r.last, area->node.start, area->node.last);
	if (check_judge(at, RULE_ALLOWED_RESERVED) && allowed)
		check_fail(at, RULE_ALLOWED_RESERVED, &r,
			   RANGE " is reserved over allowed range " RANGE, r.iova, r.last,
			   allowed->node.start, allowed->node.last);
}

static void allowed_added(struct check_at *at, struct check_range r)
{
	const struct mirror_range *reserved =
		mirror_range_first_in(at->ioas, IOAS_RANGE_RESERVED, r.iova, r.last);
	const struct mirror_range *other =
		mirror_range_first_in(at->ioas, IOAS_RANGE_ALLOWED, r.iova, r.last);

	if (check_judge(at, RULE_ALLOWED_RESERVED) && reserved)
		check_fail(at, RULE_ALLOWED_RESERVED, &r,
			   RANGE " is allowed, and " RANGE " is reserved", r.iova, r.last,
			   reserved->node.start, reserved->node.last);
	if (check_judge(at, RULE_ALLOWED_DISJOINT) && other &&
	    !((at->ev->flags & IOAS_F_ADOPTED) && other->node.start == r.iova &&
	      other->node.last == r.last))
		check_fail(at, RULE_ALLOWED_DISJOINT, &r,
			   RANGE " is allowed, and so is " RANGE " already", r.iova, r.last,
			   other->node.start, other->node.last);
}

static void range_added(struct check_at *at)
{
	struct check_range r = { at->ev->body_range.iova, at->ev->body_range.last };

	if (at->ev->body_range.class == IOAS_RANGE_RESERVED)
		reserved_added(at, r);
	else if (at->ev->body_range.class == IOAS_RANGE_ALLOWED)
		allowed_added(at, r);
}

/* What is new can have nothing in it, also where we had heard of it before. */
static void ioas_new(struct check_at *at)
{
	size_t areas = at->ioas ? mirror_area_count(at->ioas) : 0;
	size_t reserved = at->ioas ? mirror_range_count(at->ioas, IOAS_RANGE_RESERVED) : 0;

	if ((at->ev->flags & IOAS_F_ADOPTED) || !check_judge(at, RULE_FRESH_FULL))
		return;
	if (areas || reserved)
		check_fail(at, RULE_FRESH_FULL, NULL,
			   "a new IOAS has %zu areas and %zu reserved ranges", areas, reserved);
}

void check_area_before(struct check_at *at)
{
	switch (at->ev->kind) {
	case IOAS_EV_AREA_ADD:
		area_added(at);
		break;
	case IOAS_EV_RANGE_ADD:
		if (at->ioas)
			range_added(at);
		break;
	case IOAS_EV_IOAS_NEW:
		ioas_new(at);
		break;
	default:
		break;
	}
}

/* Whether all of the range lies in one that its map may have named (bundled). */
static bool claimed(const struct mirror_ioas *ioas, struct check_range r)
{
	const struct mirror_range *c =
		mirror_range_first_in(ioas, IOAS_RANGE_CLAIMED, r.iova, r.iova);

	return c && c->node.last >= r.last;
}

/* Whether all of the range is allowed; where nothing is, anything is. */
static bool allowed(const struct mirror_ioas *ioas, struct check_range r)
{
	const struct mirror_range *a;

	if (!mirror_range_count(ioas, IOAS_RANGE_ALLOWED) || claimed(ioas, r))
		return true;
	for (a = mirror_range_first_in(ioas, IOAS_RANGE_ALLOWED, r.iova, r.last); a;
	     a = mirror_range_next_in(a, r.iova, r.last)) {
		if (a->node.start > r.iova)
			return false;
		if (a->node.last >= r.last)
			return true;
		r.iova = a->node.last + 1;
	}
	return false;
}

/*
 * I7: what the kernel gives out. What is allowed must not have been changed since
 * the op began, and a copy's offset is that of its source, which has a rule (R-24).
 */
void check_area_op(struct check_at *at)
{
	const struct ioas_op_body *body = &at->ev->body_op;
	const struct check_op *op = at->op;
	struct check_range r = { op->added_iova, op->added_iova + (op->added_bytes - 1) };

	if ((body->what != IOAS_OP_MAP && body->what != IOAS_OP_COPY) || body->result ||
	    (at->ev->flags & (IOAS_F_FIXED | IOAS_F_ARGS_UNREAD)) || !op->added || !at->ioas ||
	    check_others(&at->mine->ranges, op->number, check_op_start(at->ev)) ||
	    !check_judge(at, RULE_ALLOCATED_IOVA))
		return;
	if (at->ev->backend != IOAS_BACKEND_BUNDLED &&
	    (r.iova < IOAS_PAGE_SIZE || r.last > UINT64_MAX - IOAS_PAGE_SIZE))
		check_fail(at, RULE_ALLOCATED_IOVA, &r, "the kernel chose " RANGE ", at an end",
			   r.iova, r.last);
	else if (!allowed(at->ioas, r))
		check_fail(at, RULE_ALLOCATED_IOVA, &r,
			   "the kernel chose " RANGE ", which is not allowed", r.iova, r.last);
	else if (body->what == IOAS_OP_MAP && (r.iova - op->added_va) % IOAS_PAGE_SIZE)
		check_fail(at, RULE_ALLOCATED_IOVA, &r,
			   "the kernel chose %#" PRIx64 " for memory at %#" PRIx64
			   ": another offset in the page",
			   r.iova, op->added_va);
}
