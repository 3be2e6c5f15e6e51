// SPDX-License-Identifier: GPL-2.0-or-later
#include "explain_claims.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

const struct mirror_area *claim_lowest(const struct mirror_ioas *ioas, uint64_t a, uint64_t b)
{
	const struct mirror_area *area = mirror_area_first(ioas);

	while (area && (area->node.last < a || area->node.start > b))
		area = mirror_area_next(area);
	return area;
}

static bool there(const struct mirror_ioas *ioas, const struct explain_reason *r)
{
	const struct mirror_area *area = mirror_area_first(ioas);

	while (area && area->node.start != r->area.range.iova)
		area = mirror_area_next(area);
	return area && area->node.last == r->area.range.last;
}

/* A reserved range that meets what was asked for; of that owner, if there is one. */
static bool reserved_in(const struct mirror_ioas *ioas, struct check_range asked, uint32_t owner)
{
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_RESERVED);

	while (r && (r->node.start > asked.last || r->node.last < asked.iova ||
		     (owner && r->owner != owner)))
		r = mirror_range_next(r);
	return r;
}

static bool valid_holds(const struct mirror_ioas *ioas, struct check_range asked)
{
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_VALID);

	while (r && (r->node.start > asked.iova || r->node.last < asked.last))
		r = mirror_range_next(r);
	return r;
}

/* ---- what is certain: each is true of the op and of the state ---- */

struct claim {
	const struct ioas_event *ev;
	const struct ioas_op_body *op;
	const struct explain_reason *r;
	const struct mirror_ioas *ioas; /* that the op is about */
	const struct mirror_ioas *source; /* of a COPY */
	struct check_range asked;
	bool all;
	bool type1, compat;
};

static bool area_meets(const struct claim *c, struct check_range range)
{
	return c->r->has_area && check_range_meets(c->r->area.range, range);
}

/* MAP, COPY and UNMAP: of EINVAL, which are about arguments alone. */
static bool argument_claim(const struct claim *c)
{
	const struct ioas_op_body *op = c->op;
	const char *part = c->r->part;
	uint64_t value, size = op->size;

	if (c->ev->flags & IOAS_F_ARGS_UNREAD)
		return c->r->what == EXPLAIN_WRAPS && op->result == -EOVERFLOW;
	switch (c->r->what) {
	case EXPLAIN_NO_SIZE:
		return op->result == -EINVAL && !size && !c->all;
	case EXPLAIN_NO_PROT:
		return op->result == -EINVAL && !op->prot && !c->compat &&
		       op->what != IOAS_OP_UNMAP;
	case EXPLAIN_ARGUMENT:
		return op->result == -EINVAL && c->compat && (op->uapi_flags & ~3U);
	default:
		break;
	}
	if (c->r->what == EXPLAIN_WRAPS && op->what == IOAS_OP_UNMAP)
		return op->result == -EOVERFLOW || op->iova > UINT64_MAX - (size - 1);
	assert_non_null(part);
	value = !strcmp(part, "size") ? size : !strcmp(part, "iova") ? op->iova : op->va;
	if (c->r->what == EXPLAIN_MISALIGNED)
		return op->result == -EINVAL && value % c->r->bytes;
	return value == UINT64_MAX || (strcmp(part, "size") && value > UINT64_MAX - (size - 1));
}

static bool map_claim(const struct claim *c)
{
	const struct mirror_area *area;

	switch (c->r->what) {
	case EXPLAIN_OVERLAP:
		area = claim_lowest(c->ioas, c->asked.iova, c->asked.last);
		return c->op->result == -EEXIST && area &&
		       area->node.start == c->r->area.range.iova;
	case EXPLAIN_RESERVED:
		return c->op->result == -EINVAL && !c->r->user.domain &&
		       check_range_meets(c->r->range, c->asked) &&
		       reserved_in(c->ioas, c->r->range, 0);
	case EXPLAIN_APERTURE:
		return c->op->result == -EINVAL && c->r->user.domain &&
		       reserved_in(c->ioas, c->asked, c->r->user.id);
	case EXPLAIN_OUTSIDE:
		return c->op->result == -EINVAL && !valid_holds(c->ioas, c->asked) &&
		       mirror_range_first(c->ioas, IOAS_RANGE_VALID);
	case EXPLAIN_ENTRIES:
		return c->op->result == -ENOSPC && c->type1;
	default:
		return c->op->result == -ENOSPC && !c->type1;
	}
}

static bool unmap_claim(const struct claim *c)
{
	bool cut = c->r->area.range.iova < c->asked.iova || c->r->area.range.last > c->asked.last;

	if (c->op->what != IOAS_OP_UNMAP)
		return false;
	if (c->r->what == EXPLAIN_NOTHING)
		return c->op->result == -ENOENT &&
		       !claim_lowest(c->ioas, c->asked.iova, c->asked.last);
	if (!there(c->ioas, c->r))
		return false;
	if (c->r->what == EXPLAIN_HELD)
		return c->op->result == -EDEADLK && area_meets(c, c->asked) &&
		       mirror_pins_first_in(c->ioas, c->r->area.range.iova, c->r->area.range.last);
	if (!cut || !area_meets(c, c->asked))
		return false;
	if (c->r->what == EXPLAIN_INSIDE)
		return c->op->result >= 0 && c->r->area.range.iova < c->asked.iova;
	if (c->op->result == -EINVAL)
		return c->ioas->mode == IOAS_MODE_V2 && !c->all && !(c->op->uapi_flags & 1);
	return c->op->result == -ENOENT && c->ioas->mode != IOAS_MODE_V1;
}

/* Of what is mapped already: the source of a COPY, or what a client pins. */
static bool mapped_claim(const struct claim *c)
{
	bool copy = c->op->what == IOAS_OP_COPY;
	const struct mirror_ioas *ioas = copy ? c->source : c->ioas;
	const struct mirror_area *area;

	if (!ioas || (!copy && c->op->what != IOAS_OP_PIN))
		return false;
	if (c->r->what == EXPLAIN_HOLE)
		return !claim_lowest(ioas, c->r->range.iova, c->r->range.iova) &&
		       c->r->range.iova >= (copy ? c->op->va : c->op->iova) && !ioas->adopted;
	area = claim_lowest(ioas, c->r->area.range.iova, c->r->area.range.iova);
	if (!there(ioas, c->r) || c->op->result != -EPERM)
		return false;
	return copy ? (c->op->prot & IOAS_PROT_WRITE) && !mirror_area_pages(area)->writable
		    : (c->op->prot & ~area->prot);
}

bool claim_has_group(const struct mirror_ioas *ioas, uint32_t number)
{
	const struct mirror_group *g = ioas ? mirror_group_first(ioas) : NULL;

	while (g && g->number != number)
		g = mirror_group_next(g);
	return g;
}

static bool attach_claim(const struct claim *c)
{
	switch (c->r->what) {
	case EXPLAIN_AREA_IN_WAY:
		return area_meets(c, c->r->range);
	case EXPLAIN_ALLOWED_IN_WAY:
		return check_range_meets(c->r->other, c->r->range);
	case EXPLAIN_RESERVED_IN_WAY:
		return c->op->what == IOAS_OP_ALLOW && c->op->result == -EADDRINUSE &&
		       (!c->r->range.last || reserved_in(c->ioas, c->r->range, 0));
	default:
		return c->type1 && c->op->result == -EINVAL &&
		       claim_has_group(c->ioas, c->op->group);
	}
}

static bool no_object_claim(const struct claim *c)
{
	if (c->op->result == -ENODEV)
		return c->compat;
	return c->op->result == -ENOENT && (c->op->what == IOAS_OP_MAP || !c->ioas ||
					    (c->op->what == IOAS_OP_COPY && !c->source));
}

static bool holds(const struct claim *c)
{
	switch (c->r->what) {
	case EXPLAIN_NO_SIZE:
	case EXPLAIN_NO_PROT:
	case EXPLAIN_ARGUMENT:
	case EXPLAIN_MISALIGNED:
	case EXPLAIN_WRAPS:
		return argument_claim(c);
	case EXPLAIN_OVERLAP:
	case EXPLAIN_RESERVED:
	case EXPLAIN_APERTURE:
	case EXPLAIN_OUTSIDE:
	case EXPLAIN_ENTRIES:
	case EXPLAIN_NO_ROOM:
		return map_claim(c);
	case EXPLAIN_NOTHING:
	case EXPLAIN_BISECTS:
	case EXPLAIN_INSIDE:
	case EXPLAIN_HELD:
		return unmap_claim(c);
	case EXPLAIN_HOLE:
	case EXPLAIN_READ_ONLY:
		return mapped_claim(c);
	case EXPLAIN_AREA_IN_WAY:
	case EXPLAIN_ALLOWED_IN_WAY:
	case EXPLAIN_RESERVED_IN_WAY:
	case EXPLAIN_TWICE:
		return attach_claim(c);
	case EXPLAIN_NO_OBJECT:
		return no_object_claim(c);
	case EXPLAIN_MODE:
		return c->op->what == IOAS_OP_PIN && c->op->result == -EACCES;
	case EXPLAIN_LIMIT:
		return c->op->result == -ENOMEM && c->r->limit.exact;
	case EXPLAIN_NO_MEMORY:
		return c->op->result == -ENOMEM;
	default: /* nothing else is ever certain */
		return false;
	}
}

bool claim_holds(const struct mirror *m, const struct ioas_event *ev,
		 const struct explain_reason *r)
{
	const struct ioas_op_body *op = &ev->body_op;
	struct claim c = {
		.ev = ev,
		.op = op,
		.r = r,
		.ioas = mirror_find_ioas(m, ev->ioas),
		.source = op->what == IOAS_OP_COPY ? mirror_find_ioas(m, op->group) : NULL,
		.asked = { op->iova, op->iova + (op->size - 1) },
		.all = (ev->flags & IOAS_F_ALL) ||
		       (ev->backend == IOAS_BACKEND_TYPE1 && op->what == IOAS_OP_UNMAP &&
			(op->uapi_flags & 2)),
		.type1 = ev->backend == IOAS_BACKEND_TYPE1,
		.compat = ev->backend == IOAS_BACKEND_COMPAT,
	};

	if (c.all)
		c.asked = (struct check_range){ 0, UINT64_MAX };
	return holds(&c);
}
