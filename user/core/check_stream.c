// SPDX-License-Identifier: GPL-2.0-or-later
/* whether the events themselves can be. */
#include <errno.h>
#include <inttypes.h>

#include "core/check_impl.h"

/*
 * A number that is missing is a loss, and no violation: the context is uncertain
 * from here. One that has come already, or is lower, cannot be believed.
 */
bool check_stream_order(struct check_at *at)
{
	const struct ioas_event *ev = at->ev;
	struct check_ctx *my = at->my_ctx;

	if (!my)
		return true;
	if (!ev->order) {
		/* Nothing follows that would show that a number is missing. */
		if (my->next_order && ev->kind == IOAS_EV_CTX_GONE)
			mirror_mark_uncertain(at->c->mirror, ev->ctx, ev->time_ns);
		return true;
	}
	/* The first one that has a number, and it is not the first of the context. */
	if (!my->next_order && !my->adopted && ev->order > 1)
		mirror_mark_uncertain(at->c->mirror, ev->ctx, ev->time_ns);
	if (my->next_order && ev->order > my->next_order)
		mirror_mark_uncertain(at->c->mirror, ev->ctx, ev->time_ns);
	if (my->next_order && ev->order < my->next_order) {
		if (check_judge(at, RULE_STREAM_ORDER))
			check_fail(at, RULE_STREAM_ORDER, NULL,
				   "order number %" PRIu64 " comes after %" PRIu64,
				   (uint64_t)ev->order, my->next_order - 1);
		mirror_mark_uncertain(at->c->mirror, ev->ctx, ev->time_ns);
		return false;
	}
	if (my->next_order && ev->order == my->next_order)
		check_judge(at, RULE_STREAM_ORDER);
	my->next_order = ev->order + 1;
	return true;
}

/* The end of an object may be told after the op that ended it. */
void check_stream_before(struct check_at *at)
{
	const struct ioas_event *ev = at->ev;

	if (!ev->op || ev->kind == IOAS_EV_IOAS_GONE || ev->kind == IOAS_EV_CTX_GONE)
		return;
	for (unsigned int i = 0; i < CHECK_TOLD_KEPT; i++) {
		if (at->my_ctx->told[i] != ev->op)
			continue;
		if (check_judge(at, RULE_STREAM_OP))
			check_fail(at, RULE_STREAM_OP, NULL,
				   "%s belongs to op %" PRIu64 ", which has ended",
				   ioas_kind_name(ev->kind), (uint64_t)ev->op);
		return;
	}
}

static const char *last_anomaly(const struct check *c)
{
	const struct mirror_anomalies *all = mirror_anomalies(c->mirror);

	if (!all->total)
		return NULL;
	return mirror_anomaly_name(all->recent[(all->total - 1) % MIRROR_ANOMALIES_KEPT].what);
}

/* What the mirror cannot believe and no other rule has explained. */
void check_stream_after(struct check_at *at)
{
	struct check_range range;
	const char *what;

	if (at->my_ctx->adopted || at->rc == -ENOMEM || at->rc == -EOPNOTSUPP ||
	    !check_judge(at, RULE_STREAM_KNOWN))
		return;
	if (!at->rc || at->failed)
		return;
	what = last_anomaly(at->c);
	check_fail(at, RULE_STREAM_KNOWN, check_range_of(at->ev, &range) ? NULL : &range,
		   "%s contradicts what was told before: %s", ioas_kind_name(at->ev->kind),
		   at->rc == -EBADMSG || !what ? "it cannot be" : what);
}

/* Where the beginning of an op was seen, its changes lie between it and its end. */
static void judge_times(struct check_at *at)
{
	uint64_t start = check_op_start(at->ev);

	if (!at->ev->body_op.latency_ns)
		return;
	if (at->op->first_ns < start || at->op->last_ns > at->ev->time_ns)
		check_fail(at, RULE_STREAM_OP, NULL,
			   "changes of op %" PRIu64 " from %" PRIu64 " to %" PRIu64
			   " ns, and it ran from %" PRIu64 " to %" PRIu64 " ns",
			   at->op->number, at->op->first_ns, at->op->last_ns, start,
			   (uint64_t)at->ev->time_ns);
}

void check_stream_op(struct check_at *at)
{
	const struct check_op *op = at->op;

	if (!op->first_ns || !check_judge(at, RULE_STREAM_OP))
		return;
	if (op->ctx != at->ev->ctx || op->foreign_ctx)
		check_fail(at, RULE_STREAM_OP, NULL,
			   "op %" PRIu64 " of context %u has changed context %u", op->number,
			   at->ev->ctx, op->foreign_ctx ? op->foreign_ctx : op->ctx);
	else if (op->tid != at->ev->tid || op->foreign_tid)
		check_fail(at, RULE_STREAM_OP, NULL,
			   "op %" PRIu64 " of task %u has a change by task %u", op->number,
			   at->ev->tid, op->foreign_tid ? op->foreign_tid : op->tid);
	else
		judge_times(at);
}
