// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a verdict may be given, and the report of one that is bad. */
#include <stdarg.h>
#include <stdio.h>

#include "core/check_impl.h"

/* What a keyframe tells is state: nothing has been asked or done. */
static bool of_state(enum rule_id rule)
{
	return rule >= RULE_AREA_OVERLAP && rule <= RULE_ALLOWED_DISJOINT;
}

static uint8_t backend_of(const struct check_at *at)
{
	return at->ev->backend || !at->ctx ? at->ev->backend : at->ctx->backend;
}

bool check_judge(struct check_at *at, enum rule_id rule)
{
	if (!at->my_ctx || at->my_ctx->uncertain_since)
		return false;
	if (!(rule_get(rule)->backends & (1U << backend_of(at))))
		return false;
	if (at->c->keyframe && !of_state(rule))
		return false;
	if (at->ev->kind == IOAS_EV_OP && (!at->op || at->op->partial))
		return false;
	at->c->stats.judged[rule]++;
	return true;
}

bool check_judge_whole(struct check_at *at, enum rule_id rule)
{
	return at->ioas && !at->ioas->adopted && check_judge(at, rule);
}

static void report(struct check_at *at, struct check_violation *v, const char *fmt, va_list args)
{
	char text[CHECK_TEXT];

	vsnprintf(text, sizeof(text), fmt, args);
	v->text = text;
	check_pick_history(at->my_ctx, v);
	at->c->violation(v, at->c->arg);
}

void check_fail(struct check_at *at, enum rule_id rule, const struct check_range *range,
		const char *fmt, ...)
{
	struct check *c = at->c;
	struct check_violation v = {
		.rule = rule,
		.severity = c->policy.severity[rule],
		.time_ns = at->ev->time_ns,
		.event = at->ev,
		.ctx = at->ev->ctx,
		.ioas = at->mine ? at->mine->id : at->ev->ioas,
		.backend = backend_of(at),
		.has_range = range,
		.iova = range ? range->iova : 0,
		.last = range ? range->last : 0,
		.mirror = c->mirror,
	};
	va_list args;

	at->failed++;
	c->stats.violations[rule]++;
	if (v.severity == RULE_OFF)
		return;
	c->stats.by_severity[v.severity]++;
	v.number = ++c->reported;
	if (!c->violation)
		return;
	va_start(args, fmt);
	report(at, &v, fmt, args);
	va_end(args);
}
