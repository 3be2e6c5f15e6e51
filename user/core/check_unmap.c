// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R-12, R-13, R-16 to R-20: what an unmap removes and says.
 *
 * What was asked comes last, with the op's own event. What was there before it
 * is then what it has removed and what is left, if nobody else was between.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/check_impl.h"
#include "core/unmap_class.h"

#define RANGE "[%#" PRIx64 ", %#" PRIx64 "]"

static const char *const class_names[CHECK_UNMAP_CLASSES] = {
	[CHECK_UNMAP_EXACT] = "exact",	 [CHECK_UNMAP_SUPERSET] = "superset",
	[CHECK_UNMAP_SUBSET] = "subset", [CHECK_UNMAP_BISECT] = "bisect",
	[CHECK_UNMAP_EMPTY] = "empty",	 [CHECK_UNMAP_ALL] = "all",
};

const char *check_unmap_name(unsigned int class)
{
	return class < CHECK_UNMAP_CLASSES ? class_names[class] : NULL;
}

/* ---- changes ---- */

/* R-13. One whose beginning we may have missed says nothing. */
static void judge_going(struct check_at *at, const struct mirror_area *area, struct check_range r)
{
	if (area->adopted || (at->ev->flags & IOAS_F_UNSEEN) ||
	    !check_judge(at, RULE_GOING_BEFORE_GONE))
		return;
	if (!area->going)
		check_fail(at, RULE_GOING_BEFORE_GONE, &r,
			   "area " RANGE " is cut off, and that was not announced", r.iova, r.last);
}

/* R-12: areas go as a whole. What is not there at all is R-56's matter. */
void check_unmap_before(struct check_at *at)
{
	const struct ioas_event *ev = at->ev;
	struct check_range r = { ev->body_area.iova, ev->body_area.last };
	const struct mirror_area *area;

	if (!at->ioas || (ev->kind != IOAS_EV_AREA_GOING && ev->kind != IOAS_EV_AREA_GONE))
		return;
	area = mirror_area_first_in(at->ioas, r.iova, r.last);
	if (!area || !check_judge(at, RULE_REMOVED_INSIDE))
		return;
	if (area->node.start <= r.iova && area->node.last >= r.last &&
	    (area->node.start != r.iova || area->node.last != r.last))
		check_fail(at, RULE_REMOVED_INSIDE, &r, RANGE " goes, a part of area " RANGE,
			   r.iova, r.last, area->node.start, area->node.last);
	else if (ev->kind == IOAS_EV_AREA_GONE && area->node.start == r.iova)
		judge_going(at, area, r);
}

/* ---- the op ---- */

/* An unmap, as far as it is told, and what is left of what it asked for. */
struct unmap {
	struct check_range asked;
	uint8_t mode;
	bool all;
	bool has_range; /* .asked holds */
	bool raced; /* another op was between */
	int64_t result;
	const struct mirror_area *left; /* the first area left that meets .asked */
};

/*
 * From when on nobody else may have been there. Type1 holds its lock from the
 * first removal on. iommufd lets others in between two areas: what it has passed
 * may be taken again (iopt_unmap_iova_range).
 */
static uint64_t since(const struct check_at *at)
{
	bool locked =
		at->ev->backend != IOAS_BACKEND_IOMMUFD && at->ev->backend != IOAS_BACKEND_COMPAT;

	return locked && at->op->removed ? at->op->removed_ns : check_op_start(at->ev);
}

/*
 * iommufd answers its own ioctl and that of a VFIO container otherwise: only the
 * latter splits areas, and where pages are small (iommufd_vfio_unmap_dma). What it
 * does then keeps the promises of the former, too: where it is not sure that they
 * were small all the time, those are judged.
 */
static uint8_t mode_of(const struct check_at *at)
{
	const struct ioas_event *ev = at->ev;
	bool vfio = ev->backend == IOAS_BACKEND_COMPAT && ev->body_op.cmd == CHECK_VFIO_UNMAP;

	if (vfio && at->ioas->mode == IOAS_MODE_COVER && at->ioas->small_pages &&
	    at->mine->small_ns <= check_op_start(ev))
		return IOAS_MODE_ANY;
	return at->ioas->mode;
}

static struct unmap look(struct check_at *at)
{
	struct unmap u = {
		.mode = mode_of(at),
		.all = check_asks_for_all(at->ev),
		.result = at->ev->body_op.result,
	};

	u.has_range = !u.all && !check_asked(at->ev, &u.asked);
	if (u.all)
		u.asked = (struct check_range){ 0, UINT64_MAX };
	u.raced = check_raced(at, since(at));
	if (u.all || u.has_range)
		u.left = mirror_area_first_in(at->ioas, u.asked.iova, u.asked.last);
	return u;
}

/* Whether an area goes whole because its first address is reached. */
static bool by_first(const struct unmap *u)
{
	return u->mode == IOAS_MODE_V1 || u->mode == IOAS_MODE_FIRST;
}

/* R-12: no other area than those in the range. True: it holds. */
static bool judge_inside(struct check_at *at, const struct unmap *u)
{
	const struct check_op *op = at->op;
	struct check_range r = { op->removed_first, op->removed_last };

	if (!u->has_range || !op->removed || u->mode == IOAS_MODE_NONE ||
	    !check_judge(at, RULE_REMOVED_INSIDE))
		return true;
	if (r.iova >= u->asked.iova && (by_first(u) ? op->removed_start : r.last) <= u->asked.last)
		return true;
	check_fail(at, RULE_REMOVED_INSIDE, &r,
		   "areas in " RANGE " went, and " RANGE " was asked for", r.iova, r.last,
		   u->asked.iova, u->asked.last);
	return false;
}

/* What is wrong with the answer, for each mode; NULL: nothing. */
static const char *wrong_first(const struct unmap *u, const struct check_op *op)
{
	bool inside = u->left && u->left->node.start < u->asked.iova;

	if (u->result)
		return NULL;
	if (inside)
		return op->removed ? "it begins inside an area: nothing goes" : NULL;
	return u->left ? "an area that begins in the range goes" : NULL;
}

static const char *wrong_v2(const struct unmap *u, const struct check_op *op)
{
	if (u->result == -EINVAL)
		return op->removed ? "one that is refused removes nothing" : NULL;
	return !u->result && u->left ? "no area of the range is left" : NULL;
}

/* Up to the first area that sticks out. Nothing there: older kernels say -ENOENT. */
static const char *wrong_cover(const struct unmap *u, const struct check_op *op)
{
	bool sticks_out = u->left && (u->left->node.start < u->asked.iova ||
				      u->left->node.last > u->asked.last);

	if (!u->result)
		return u->left ? "no area of the range is left" : NULL;
	if (u->result != -ENOENT)
		return NULL;
	if (u->left && !sticks_out)
		return "an area inside the range goes";
	if (u->left && op->removed && op->removed_last >= u->left->node.start)
		return "it stops at the first area that it would cut";
	return !u->left && op->removed ? "one that leaves nothing succeeds" : NULL;
}

static const char *wrong_exact(const struct unmap *u, const struct check_op *op)
{
	if (!u->result)
		return op->removed == 1 && op->removed_first == u->asked.iova &&
				       op->removed_last == u->asked.last
			       ? NULL
			       : "one area goes, that of the range";
	if (op->removed)
		return "one that fails removes nothing";
	return u->result == -ENOENT && u->left && u->left->node.start == u->asked.iova &&
			       u->left->node.last == u->asked.last
		       ? "the area of the range goes"
		       : NULL;
}

/* Where it has cut areas, none is in its way; iommufd does not cut inside a page. */
static const char *wrong_any(const struct unmap *u)
{
	bool pages =
		!(u->asked.iova & (IOAS_PAGE_SIZE - 1)) && !(~u->asked.last & (IOAS_PAGE_SIZE - 1));

	if (!u->left || (u->result && (u->result != -ENOENT || !pages)))
		return NULL;
	return u->result ? "areas are cut where the range ends"
			 : "all that is mapped in the range goes";
}

static const char *wrong(const struct unmap *u, const struct check_op *op)
{
	switch (u->mode) {
	case IOAS_MODE_V1:
	case IOAS_MODE_FIRST:
		return wrong_first(u, op);
	case IOAS_MODE_V2:
		return wrong_v2(u, op);
	case IOAS_MODE_COVER:
		return wrong_cover(u, op);
	case IOAS_MODE_EXACT:
		return wrong_exact(u, op);
	case IOAS_MODE_ANY:
	case IOAS_MODE_TCE:
		return wrong_any(u);
	default:
		return NULL;
	}
}

/* R-16 */
static void judge_size(struct check_at *at, const struct unmap *u)
{
	const char *promise;

	if (!u->has_range || u->raced || u->mode == IOAS_MODE_NONE ||
	    !check_judge_whole(at, RULE_UNMAP_SIZE))
		return;
	promise = wrong(u, at->op);
	if (promise)
		check_fail(at, RULE_UNMAP_SIZE, &u->asked,
			   "unmap of " RANGE " removed %" PRIu64 " bytes, result %" PRId64
			   "; mode %s: %s",
			   u->asked.iova, u->asked.last, at->op->removed_bytes, u->result,
			   ioas_mode_name(u->mode), promise);
}

/* R-17 */
static void judge_returned(struct check_at *at, const struct unmap *u)
{
	uint64_t returned = at->ev->body_op.returned;

	if (!(at->ev->flags & IOAS_F_RETURNED) || !check_judge(at, RULE_UNMAP_RETURNED))
		return;
	if (returned != at->op->removed_bytes)
		check_fail(at, RULE_UNMAP_RETURNED, u->has_range ? &u->asked : NULL,
			   "unmap returned %" PRIu64 " bytes, and areas of %" PRIu64 " bytes went",
			   returned, at->op->removed_bytes);
}

/* R-18 */
static void judge_order(struct check_at *at, const struct unmap *u)
{
	if (at->op->removed < 2 || !check_judge(at, RULE_UNMAP_ORDER))
		return;
	if (at->op->removed_descending)
		check_fail(at, RULE_UNMAP_ORDER, u->has_range ? &u->asked : NULL,
			   "an area went after one that lies higher");
}

/* R-19 */
static void judge_all(struct check_at *at, const struct unmap *u)
{
	struct check_range r;

	if (!u->all || u->result || u->raced || !check_judge_whole(at, RULE_UNMAP_ALL))
		return;
	if (!u->left)
		return;
	r = (struct check_range){ u->left->node.start, u->left->node.last };
	check_fail(at, RULE_UNMAP_ALL, &r,
		   "unmap of everything left %zu areas, the first at " RANGE,
		   mirror_area_count(at->ioas), r.iova, r.last);
}

/* What a program may take for unmapped from here, and is not: R-21 looks at it. */
static void keep_stale(struct check_at *at, const struct unmap *u)
{
	struct check_ioas *mine = at->mine;

	if (u->left)
		mine->stale[mine->nstale++ % CHECK_STALE_KEPT] =
			(struct check_stale){ u->asked, check_op_start(at->ev), at->ev->time_ns };
}

/* R-20. Where the kernel has broken its promise, that is what there is to say. */
static void judge_short(struct check_at *at, const struct unmap *u)
{
	uint64_t bytes = check_range_bytes(u->asked);

	if (!u->has_range || u->result || !check_judge_whole(at, RULE_UNMAP_SHORT))
		return;
	if (at->op->removed_bytes >= bytes)
		return;
	keep_stale(at, u);
	if (at->failed)
		return;
	check_fail(at, RULE_UNMAP_SHORT, &u->asked,
		   "unmap of " RANGE " succeeded and removed %" PRIu64 " of %" PRIu64 " bytes",
		   u->asked.iova, u->asked.last, at->op->removed_bytes, bytes);
}

/* Semantics row 4.1. */
static void count_class(struct check_at *at, const struct unmap *u)
{
	const struct check_op *op = at->op;
	struct unmap_facts f = {
		.asked = u->asked,
		.all = u->all,
		.removed = op->removed,
		.went = { op->removed_first, op->removed_last },
		.splits = op->splits,
		.split = op->split,
	};

	if ((!u->all && !u->has_range) || u->raced || op->partial || at->ioas->adopted)
		return;
	unmap_facts_left(&f, at->ioas);
	at->c->stats.unmaps[unmap_class(&f)]++;
}

void check_unmap_op(struct check_at *at)
{
	struct unmap u;

	if (at->ev->body_op.what != IOAS_OP_UNMAP || !at->ioas || !at->mine ||
	    check_is_vaddr(at->ev))
		return;
	u = look(at);
	count_class(at, &u);
	if (judge_inside(at, &u))
		judge_size(at, &u);
	judge_returned(at, &u);
	judge_order(at, &u);
	judge_all(at, &u);
	judge_short(at, &u);
}
