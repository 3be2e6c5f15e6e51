// SPDX-License-Identifier: GPL-2.0-or-later
/* R-21 to R-25: what a map or copy leaves behind. */
#include <errno.h>
#include <inttypes.h>

#include "core/check_impl.h"

#define RANGE "[%#" PRIx64 ", %#" PRIx64 "]"

/* ---- R-21 ---- */

/* An area in the range that was there when `stale` was unmapped, as its program believes. */
static const struct mirror_area *
believed_gone(const struct mirror_ioas *ioas, const struct check_stale *stale, struct check_range r)
{
	const struct mirror_area *area;

	if (!check_range_meets(stale->range, r))
		return NULL;
	if (stale->range.iova > r.iova)
		r.iova = stale->range.iova;
	if (stale->range.last < r.last)
		r.last = stale->range.last;
	area = mirror_area_first_in(ioas, r.iova, r.last);
	while (area && area->time_ns > stale->start_ns)
		area = mirror_area_next_in(area, r.iova, r.last);
	return area;
}

static void judge_stale(struct check_at *at)
{
	const struct check_ioas *mine = at->mine;
	const struct mirror_area *area = NULL;
	struct check_range r;

	if (at->ev->body_op.what != IOAS_OP_MAP || at->ev->body_op.result != -EEXIST ||
	    check_asked(at->ev, &r) || !check_judge_whole(at, RULE_MAP_OVER_STALE))
		return;
	for (unsigned int i = 0; i < CHECK_STALE_KEPT && i < mine->nstale && !area; i++) {
		/* A map that began before the unmap had ended believes nothing of it. */
		if (mine->stale[i].time_ns <= check_op_start(at->ev))
			area = believed_gone(at->ioas, &mine->stale[i], r);
	}
	if (area)
		check_fail(at, RULE_MAP_OVER_STALE, &r,
			   "map of " RANGE " found area " RANGE
			   ", which an unmap that succeeded had left",
			   r.iova, r.last, area->node.start, area->node.last);
}

/* ---- R-22, R-23 ---- */

/* What differs between the area that a map added and what was asked; NULL: nothing. */
static const char *differs(const struct check_at *at)
{
	const struct ioas_op_body *body = &at->ev->body_op;
	const struct check_op *op = at->op;
	bool fixed = at->ev->backend == IOAS_BACKEND_TYPE1 || (at->ev->flags & IOAS_F_FIXED);

	if (at->ev->flags & IOAS_F_ARGS_UNREAD)
		return NULL;
	if (fixed && op->added_iova != body->iova)
		return "its address differs";
	if (op->added_bytes != body->size)
		return "its size differs";
	if (!op->added_file && op->added_va != body->va)
		return "its memory differs";
	return op->added_prot != body->prot ? "its permissions differ" : NULL;
}

static void judge_success(struct check_at *at)
{
	const struct check_op *op = at->op;
	struct check_range r = { op->added_iova, op->added_last };
	const char *what;

	if (op->added != 1 || op->undone) {
		check_fail(at, RULE_MAP_ANSWER, NULL,
			   "a map succeeded, and added %u areas and took %u back", op->added,
			   op->undone);
		return;
	}
	what = differs(at);
	if (what)
		check_fail(at, RULE_MAP_ANSWER, &r,
			   "a map asked for %" PRIu64 " bytes at %#" PRIx64 " and left area " RANGE
			   ": %s",
			   (uint64_t)at->ev->body_op.size, (uint64_t)at->ev->body_op.iova, r.iova,
			   r.last, what);
}

/* With iommufd an answer that cannot be written to the caller is a failure, and the area stays. */
static void judge_failure(struct check_at *at)
{
	const struct check_op *op = at->op;
	struct check_range r = { op->added_iova, op->added_last };

	if (op->added == op->undone)
		return;
	if (at->ev->body_op.result == -EFAULT && at->ev->backend != IOAS_BACKEND_TYPE1)
		return;
	check_fail(at, RULE_MAP_ANSWER, &r,
		   "an op failed with %" PRId64 " and left areas: %u added, %u taken back",
		   (int64_t)at->ev->body_op.result, op->added, op->undone);
}

static void judge_answer(struct check_at *at)
{
	bool failed = at->ev->body_op.result < 0;

	if (at->ev->body_op.what == IOAS_OP_COPY && !failed)
		return; /* R-24 */
	if (check_is_vaddr(at->ev) || !check_judge(at, RULE_MAP_ANSWER))
		return;
	if (failed)
		judge_failure(at);
	else
		judge_success(at);
}

static void judge_prot(struct check_at *at)
{
	const struct ioas_op_body *body = &at->ev->body_op;

	if (body->result < 0 || (at->ev->flags & IOAS_F_ARGS_UNREAD) || check_is_vaddr(at->ev) ||
	    !check_judge(at, RULE_MAP_PROT))
		return;
	if (!body->prot)
		check_fail(at, RULE_MAP_PROT, NULL, "a map without any permission succeeded");
}

/* ---- R-24, R-25 ---- */

/* A copy between two IOASes that nobody else has touched since it began. */
struct copy {
	const struct mirror_ioas *from;
	uint64_t from_iova;
	uint64_t to_iova;
	uint64_t size;
};

static bool find_copy(const struct check_at *at, struct copy *out)
{
	const struct ioas_op_body *body = &at->ev->body_op;
	const struct check_ioas *source = check_find_ioas(at->c, body->group);
	uint64_t start = check_op_start(at->ev);

	*out = (struct copy){ .from = mirror_find_ioas(at->c->mirror, body->group),
			      .from_iova = body->va,
			      .to_iova = at->op->added_iova,
			      .size = body->size };
	if (!out->from || !source || out->from->adopted || !out->size ||
	    (at->ev->flags & IOAS_F_ARGS_UNREAD))
		return false;
	return !check_raced(at, start) && !check_others(&source->areas, at->ev->op, start);
}

/* Bytes of an area from `iova` on; 0: all 2^64. */
static uint64_t rest_of(const struct mirror_area *area, uint64_t iova)
{
	return area->node.last - iova + 1;
}

/* What is wrong with the pieces; NULL: nothing. O(pieces). */
static const char *wrong_pieces(const struct check_at *at, const struct copy *c)
{
	uint64_t done = 0;

	while (done < c->size) {
		uint64_t from = c->from_iova + done, to = c->to_iova + done;
		const struct mirror_area *a = mirror_area_at(c->from, from);
		const struct mirror_area *b = mirror_area_at(at->ioas, to);

		if (!a)
			return "its source has a hole";
		if (!b || b->node.start != to)
			return "a piece is missing";
		if (mirror_area_pages(a) != mirror_area_pages(b) ||
		    mirror_area_offset(a) + (from - a->node.start) != mirror_area_offset(b))
			return "a piece has other memory";
		if (!rest_of(b, to) || rest_of(b, to) > rest_of(a, from) ||
		    rest_of(b, to) > c->size - done)
			return "a piece is too long";
		done += rest_of(b, to);
	}
	return NULL;
}

/* Whether the memory was pinned in full before, or the target pins nothing. */
static bool needs_no_pins(const struct check_at *at, const struct copy *c)
{
	const struct check_ioas *source = check_find_ioas(at->c, c->from->id);
	uint64_t start = check_op_start(at->ev);

	/* Who has come or left meanwhile is not who was there. */
	if (check_others(&source->users, at->ev->op, start) ||
	    check_others(&at->mine->users, at->ev->op, start))
		return false;
	return mirror_has_hardware(c->from) || !mirror_has_hardware(at->ioas);
}

static void judge_copy(struct check_at *at)
{
	struct check_range r = { at->op->added_iova, at->op->added_last };
	const struct check_op *op = at->op;
	const char *what;
	struct copy c;

	if (at->ev->body_op.result < 0 || !find_copy(at, &c) ||
	    !check_judge_whole(at, RULE_COPY_SOURCE))
		return;
	what = op->added_bytes != c.size ? "its length differs" : wrong_pieces(at, &c);
	if (what)
		check_fail(at, RULE_COPY_SOURCE, op->added ? &r : NULL,
			   "a copy of %" PRIu64 " bytes from %#" PRIx64 " of IOAS %u: %s", c.size,
			   c.from_iova, c.from->id, what);
	/* A table's copy lets go of what it overwrites. */
	if (op->removed || !needs_no_pins(at, &c) || !check_judge(at, RULE_COPY_PINS_NOTHING))
		return;
	if (op->pinned || op->charged)
		check_fail(at, RULE_COPY_PINS_NOTHING, op->added ? &r : NULL,
			   "a copy of pinned memory pinned %" PRId64 " pages and charged %" PRId64,
			   op->pinned, op->charged);
}

void check_map_op(struct check_at *at)
{
	unsigned int what = at->ev->body_op.what;

	if (what != IOAS_OP_MAP && what != IOAS_OP_COPY)
		return;
	judge_prot(at);
	judge_answer(at);
	if (!at->ioas || !at->mine)
		return;
	if (what == IOAS_OP_COPY)
		judge_copy(at);
	else
		judge_stale(at);
}
