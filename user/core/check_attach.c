// SPDX-License-Identifier: GPL-2.0-or-later
/* R-09, R-10, R-26, R-27, R-42, R-51: users that come and go, and what it does to ranges. */
#include <inttypes.h>

#include "core/check_impl.h"

/* ---- R-42: a user comes once ---- */

static const struct itree *users_of(const struct mirror_ioas *ioas, unsigned int kind)
{
	switch (kind) {
	case IOAS_EV_GROUP_ATTACH:
	case IOAS_EV_GROUP_DETACH:
		return &ioas->groups;
	case IOAS_EV_DOMAIN_ATTACH:
	case IOAS_EV_DOMAIN_DETACH:
		return &ioas->domains;
	case IOAS_EV_DEVICE_ATTACH:
	case IOAS_EV_DEVICE_DETACH:
		return &ioas->devices;
	case IOAS_EV_ACCESS_ATTACH:
	case IOAS_EV_ACCESS_DETACH:
		return &ioas->accesses;
	default:
		return NULL;
	}
}

static bool is_attach(unsigned int kind)
{
	return kind == IOAS_EV_GROUP_ATTACH || kind == IOAS_EV_DOMAIN_ATTACH ||
	       kind == IOAS_EV_DEVICE_ATTACH || kind == IOAS_EV_ACCESS_ATTACH;
}

void check_attach_before(struct check_at *at)
{
	const struct ioas_event *ev = at->ev;
	bool group = ev->kind == IOAS_EV_GROUP_ATTACH || ev->kind == IOAS_EV_GROUP_DETACH;
	uint32_t number = group ? ev->body_obj.group : ev->body_obj.object;
	const struct itree *users;
	bool there;

	users = at->ioas ? users_of(at->ioas, ev->kind) : NULL;
	if (!users || (ev->flags & IOAS_F_ADOPTED))
		return;
	there = itree_find(users, number);
	/* What was there before we looked may go now. */
	if (!is_attach(ev->kind) && !there && at->ioas->adopted)
		return;
	if (!check_judge(at, RULE_DOMAIN_ONCE) || there != is_attach(ev->kind))
		return;
	check_fail(at, RULE_DOMAIN_ONCE, NULL, "%s of %u, which is %s", ioas_kind_name(ev->kind),
		   number, there ? "attached already" : "not attached");
}

/* ---- ops ---- */

static bool attaches(const struct ioas_event *ev)
{
	return ev->body_op.what == IOAS_OP_ATTACH;
}

/* R-09, R-10: against the valid ranges before the op's first change of them. */
static void judge_ranges(struct check_at *at, const struct check_ranges *now)
{
	const struct check_ranges *before = at->op->ranges;
	unsigned int what = at->ev->body_op.what;

	if (at->ev->body_op.result < 0)
		return;
	if (what == IOAS_OP_ATTACH && check_judge(at, RULE_ATTACH_NARROWS)) {
		if (!check_ranges_inside(now, before))
			check_fail(at, RULE_ATTACH_NARROWS, NULL,
				   "after the attach there are valid ranges that were not valid "
				   "before");
	} else if (what == IOAS_OP_DETACH && check_judge(at, RULE_DETACH_WIDENS)) {
		if (!check_ranges_inside(before, now))
			check_fail(at, RULE_DETACH_WIDENS, NULL,
				   "after the detach there are ranges that are not valid any more");
	}
}

/* The first area in what is not valid; NULL: none. O(ranges). */
static const struct mirror_area *outside(const struct mirror_ioas *ioas,
					 const struct check_ranges *valid)
{
	const struct mirror_area *area;
	uint64_t next = 0;

	for (size_t i = 0; i < valid->count; i++) {
		if (valid->at[i].iova > next) {
			area = mirror_area_first_in(ioas, next, valid->at[i].iova - 1);
			if (area)
				return area;
		}
		if (valid->at[i].last == UINT64_MAX)
			return NULL;
		next = valid->at[i].last + 1;
	}
	return mirror_area_first_in(ioas, next, UINT64_MAX);
}

/*
 * What an attach that failed has left behind; NULL: nothing. Memory may be shared: who let go of it
 * meanwhile has left it to this op to unpin.
 */
static const char *left_behind(const struct check_at *at, const struct check_ranges *now)
{
	const struct check_op *op = at->op;
	bool alone = !check_others(&at->my_ctx->changes, op->number, check_op_start(at->ev));

	if (op->attached != op->detached)
		return "a user";
	if (op->added != op->undone || op->removed)
		return "areas changed";
	if (op->pinned && alone)
		return "pages pinned or unpinned";
	if (op->charged && alone)
		return "a charge";
	if (now && (!check_ranges_inside(now, op->ranges) || !check_ranges_inside(op->ranges, now)))
		return "ranges changed";
	return NULL;
}

/* R-27: all or nothing. An area where it may not be any more must have been a refusal. */
static void judge_atomic(struct check_at *at, const struct check_ranges *now)
{
	const struct mirror_area *area;
	struct check_range r;
	const char *what;

	if (!attaches(at->ev) || !check_judge(at, RULE_ATTACH_ATOMIC))
		return;
	if (at->ev->body_op.result < 0) {
		what = left_behind(at, now);
		if (what)
			check_fail(at, RULE_ATTACH_ATOMIC, NULL,
				   "an attach that failed with %" PRId64 " has left behind: %s",
				   (int64_t)at->ev->body_op.result, what);
		return;
	}
	/* What is reserved over an area is R-04's matter. */
	area = now && mirror_range_count(at->ioas, IOAS_RANGE_VALID) ? outside(at->ioas, now)
								     : NULL;
	if (!area)
		return;
	r = (struct check_range){ area->node.start, area->node.last };
	check_fail(at, RULE_ATTACH_ATOMIC, &r,
		   "the attach succeeded, and area [%#" PRIx64 ", %#" PRIx64
		   "] is not in a valid range any more",
		   r.iova, r.last);
}

/* Ranges now, if the op has changed any and nobody else has since it began. NULL: no. */
static struct check_ranges *ranges_now(struct check_at *at)
{
	struct check_ranges *now;

	if (!at->op->ranges || at->op->ranges_ioas != at->ioas->id ||
	    check_others(&at->mine->ranges, at->op->number, check_op_start(at->ev)))
		return NULL;
	now = check_ranges_copy(&at->c->alloc, at->ioas);
	if (!now)
		check_no_memory(at);
	return now;
}

/* Ranges, not what a VFIO container can do or which IOAS it has. */
static bool asks_for_ranges(const struct ioas_event *ev)
{
	return ev->backend != IOAS_BACKEND_COMPAT || !ev->body_op.cmd ||
	       ev->body_op.cmd == CHECK_VFIO_GET_INFO;
}

/* R-26: a program that has once asked, or mapped, knows ranges that may not hold now. */
static void note_unqueried(struct check_at *at)
{
	const struct ioas_op_body *op = &at->ev->body_op;

	if (op->result < 0)
		return;
	switch (op->what) {
	case IOAS_OP_ATTACH:
	case IOAS_OP_DETACH:
	case IOAS_OP_REPLACE:
		if (!at->op->hardware || !at->mine->asked)
			return;
		at->mine->unqueried_ns = at->ev->time_ns;
		at->mine->unqueried_op = op->what;
		break;
	case IOAS_OP_QUERY:
		if (!asks_for_ranges(at->ev))
			return;
		at->mine->unqueried_ns = 0;
		at->mine->asked = true;
		break;
	default:
		break;
	}
}

static void judge_query(struct check_at *at)
{
	struct check_ioas *mine = at->mine;
	struct check_range r;

	if (at->ev->body_op.what != IOAS_OP_MAP || at->ev->body_op.result < 0 ||
	    check_is_vaddr(at->ev))
		return;
	mine->asked = true;
	if (!check_judge(at, RULE_QUERY_AFTER_ATTACH) || !mine->unqueried_ns)
		return;
	check_fail(at, RULE_QUERY_AFTER_ATTACH, check_asked(at->ev, &r) ? NULL : &r,
		   "a map after the %s at %" PRIu64 " ns, and the valid ranges were not asked for",
		   ioas_op_name(mine->unqueried_op), mine->unqueried_ns);
	mine->unqueried_ns = 0;
}

/* R-51: no hardware, no pins of its own; no user, no area. */
static void judge_last(struct check_at *at)
{
	const struct mirror_ioas *ioas = at->ioas;

	if (at->ev->body_op.what != IOAS_OP_DETACH || !at->op->detached ||
	    check_raced(at, check_op_start(at->ev)) || !check_judge_whole(at, RULE_LAST_DETACH))
		return;
	if (!mirror_group_count(ioas)) {
		if (mirror_area_count(ioas))
			check_fail(at, RULE_LAST_DETACH, NULL,
				   "the last user has gone, and %zu areas are left",
				   mirror_area_count(ioas));
	} else if (at->op->hardware && !mirror_has_hardware(ioas) && ioas->pinned) {
		check_fail(at, RULE_LAST_DETACH, NULL,
			   "the last hardware user has gone, and %" PRId64 " pages are pinned",
			   ioas->pinned);
	}
}

void check_attach_op(struct check_at *at)
{
	struct check_ranges *now;

	if (!at->ioas || !at->mine)
		return;
	now = ranges_now(at);
	if (now)
		judge_ranges(at, now);
	judge_atomic(at, now);
	ioas_alloc_release(&at->c->alloc, now);
	judge_last(at);
	judge_query(at);
	note_unqueried(at);
}
