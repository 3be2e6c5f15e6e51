// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an UNMAP met, and why it failed or left something.
 *
 *   type1: vfio_dma_do_unmap(): alignment, size, wrap, under v2 an area that the
 *     range would cut: EINVAL, and nothing goes. v1: an area that begins before the
 *     range stays, and that is a success. All at once is asked for with an address and
 *     size of 0: anything else is EINVAL, and so are addresses of memory that are void
 *     already.
 *   iommufd: iopt_unmap_iova_range() (io_pagetable.c): areas go one by one up to one
 *     that the range would cut (ENOENT), that somebody else is removing or adding
 *     (EBUSY), or whose client does not let go (EDEADLK); iommufd_ioas_unmap(): ENOENT if
 *     nothing was there. The compat container cuts areas first (iopt_area_split()): EINVAL
 *     where it may not.
 */
#include <errno.h>

#include "core/explain_impl.h"
#include "core/unmap_class.h"

static struct unmap_facts facts_of(const struct explain_at *at, struct check_range asked)
{
	struct unmap_facts f = { .asked = asked, .all = check_asks_for_all(at->ev) };

	if (at->flight) {
		f.removed = at->flight->removed;
		f.went = at->flight->went;
		f.splits = at->flight->splits;
		f.split = at->flight->split;
	}
	unmap_facts_left(&f, at->ioas);
	/* What has come since it began was not there for it. */
	if (f.left && f.left->time_ns > check_op_start(at->ev))
		f.left = NULL;
	return f;
}

/* The area that the range cuts: at its beginning, or at its end. */
static const struct mirror_area *cut(const struct explain_at *at, struct check_range asked)
{
	const struct mirror_area *area = mirror_area_at(at->ioas, asked.iova);

	if (area && area->node.start < asked.iova)
		return area;
	area = mirror_area_at(at->ioas, asked.last);
	return area && area->node.last > asked.last ? area : NULL;
}

static bool bisects(struct explain_at *at, struct check_range asked)
{
	const struct mirror_area *area = cut(at, asked);
	struct explain_reason *r;

	if (!area || at->ioas->mode == IOAS_MODE_V1)
		return false;
	r = explain_sure(at, EXPLAIN_BISECTS);
	r->bytes = at->flight ? at->flight->removed_bytes : 0;
	explain_set_area(at, r, area);
	return true;
}

/* Of everything: no address, no size and no area is in its way. */
static void explain_invalid_all(struct explain_at *at)
{
	explain_add(at, EXPLAIN_ARGUMENT);
	if (check_is_vaddr(at->ev))
		explain_add(at, EXPLAIN_VADDR);
}

/*
 * Whether -EINVAL is because of a cut, if there is one: only v2 looks for it, and after
 * what is asked of dirty pages. iommufd answers ENOENT.
 */
static bool refuses_cuts(const struct explain_at *at)
{
	return at->ioas && at->ioas->mode == IOAS_MODE_V2 &&
	       !(at->ev->body_op.uapi_flags & CHECK_TYPE1_UNMAP_DIRTY);
}

static void maybe_invalid(struct explain_at *at)
{
	explain_add(at, EXPLAIN_MISALIGNED);
	if (!at->ioas || at->ioas->mode != IOAS_MODE_V1)
		explain_add(at, EXPLAIN_BISECTS);
	explain_add(at, EXPLAIN_ARGUMENT);
	if (check_is_vaddr(at->ev))
		explain_add(at, EXPLAIN_VADDR);
}

/* -EINVAL: one of the arguments, or type1 v2 would cut an area. */
static void explain_invalid(struct explain_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;
	bool type1 = at->ev->backend == IOAS_BACKEND_TYPE1;
	uint64_t mask = explain_alignment(at->ioas, at->ev->backend) - 1;
	struct explain_reason *r;
	struct check_range asked;

	if (at->ev->flags & IOAS_F_ARGS_UNREAD) {
		explain_add(at, EXPLAIN_ARGUMENT);
	} else if (check_asks_for_all(at->ev)) {
		explain_invalid_all(at);
	} else if (!op->size) {
		explain_sure(at, EXPLAIN_NO_SIZE);
	} else if (type1 && ((op->iova | op->size) & mask)) {
		r = explain_sure(at, EXPLAIN_MISALIGNED);
		r->part = op->iova & mask ? "iova" : "size";
		r->bytes = mask + 1;
	} else if (op->iova + (op->size - 1) < op->iova) {
		explain_sure(at, EXPLAIN_WRAPS)->part = "iova";
	} else if (!refuses_cuts(at) || check_asked(at->ev, &asked) || !bisects(at, asked)) {
		maybe_invalid(at);
	}
}

static void explain_not_found(struct explain_at *at)
{
	static const enum explain_what maybe[] = { EXPLAIN_BISECTS, EXPLAIN_NOTHING, EXPLAIN_NONE };
	static const enum explain_what any[] = { EXPLAIN_NO_OBJECT, EXPLAIN_BISECTS,
						 EXPLAIN_NOTHING, EXPLAIN_NONE };
	struct check_range asked;

	if (at->ev->flags & IOAS_F_ARGS_UNREAD)
		explain_maybe(at, any);
	else if (!at->ioas)
		explain_no_object(at);
	else if (check_asked(at->ev, &asked) || at->ioas->adopted)
		explain_maybe(at, maybe);
	else if (!bisects(at, asked)) {
		if (mirror_area_first_in(at->ioas, asked.iova, asked.last))
			explain_maybe(at, maybe);
		else
			explain_sure(at, EXPLAIN_NOTHING);
	}
}

/* A client that holds pages in the range; NULL: none is known. */
static void explain_held(struct explain_at *at)
{
	const struct pin_range *pin = NULL;
	const struct mirror_area *area = NULL;
	struct check_range asked;

	if (at->ioas && !check_asked(at->ev, &asked))
		pin = mirror_pins_first_in(at->ioas, asked.iova, asked.last);
	if (pin)
		area = mirror_area_at(at->ioas,
				      pin->node.start < asked.iova ? asked.iova : pin->node.start);
	if (area)
		explain_set_area(at, explain_sure(at, EXPLAIN_HELD), area);
	else
		explain_add(at, EXPLAIN_HELD);
}

static void explain_failure(struct explain_at *at)
{
	switch (at->ev->body_op.result) {
	case -EINVAL:
		explain_invalid(at);
		break;
	case -EOVERFLOW:
		explain_sure(at, EXPLAIN_WRAPS)->part = "iova";
		break;
	case -ENOENT:
		explain_not_found(at);
		break;
	case -EBUSY:
		explain_add(at, check_is_vaddr(at->ev) ? EXPLAIN_VADDR : EXPLAIN_BUSY);
		break;
	case -EDEADLK:
		explain_held(at);
		break;
	case -ENODEV:
		explain_no_compat(at);
		break;
	default:
		explain_add(at, EXPLAIN_ARGUMENT);
	}
}

/* It succeeded, and the area that it begins in is still there: v1. */
static void explain_left(struct explain_at *at, const struct unmap_facts *f)
{
	if (f->left && f->left->node.start < f->asked.iova)
		explain_set_area(at, explain_sure(at, EXPLAIN_INSIDE), f->left);
}

void explain_unmap(struct explain_at *at)
{
	struct explanation *out = at->out;
	struct check_range asked;
	struct unmap_facts f;

	if (at->ev->body_op.result < 0)
		explain_failure(at);
	if (!at->ioas || check_is_vaddr(at->ev) || check_asked(at->ev, &asked))
		return;
	f = facts_of(at, asked);
	if (at->ev->body_op.result >= 0)
		explain_left(at, &f);
	out->areas = f.removed;
	out->class = unmap_class(&f);
	/* Of what is older than the events, a piece may be missing. */
	out->has_class = at->ctx && !at->ctx->uncertain_since && !at->ioas->adopted;
}
