// SPDX-License-Identifier: GPL-2.0-or-later
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "model_compare.h"

static bool is_lint(unsigned int rule)
{
	return rule == RULE_UNMAP_SHORT || rule == RULE_QUERY_AFTER_ATTACH ||
	       rule == RULE_DOUBLE_CHARGE;
}

static void violated(const struct check_violation *v, void *arg)
{
	struct replay *r = arg;

	if (is_lint(v->rule) || *r->why)
		return;
	snprintf(r->why, sizeof(r->why), "R-%02u %s: %s; %s of ctx %u ioas %u, op %llu", v->rule,
		 rule_get(v->rule)->name, v->text,
		 v->event ? ioas_kind_name(v->event->kind) : "the end", v->ctx, v->ioas,
		 v->event ? (unsigned long long)v->event->op : 0);
}

void replay_begin(struct replay *r, const struct replay_options *options)
{
	struct check_options check = { .violation = violated, .arg = r };

	memset(r, 0, sizeof(*r));
	r->options = options;
	r->model = model_new(&options->world);
	if (options->judge) {
		if (check_new(&check, &r->check))
			abort();
		r->mirror = check_mirror(r->check);
		return;
	}
	r->own = mirror_new(NULL);
	if (!r->own)
		abort();
	r->mirror = r->own;
}

static void explain(struct replay *r, const char *what, const struct ioas_event *ev, int rc)
{
	if (*r->why)
		return;
	snprintf(r->why, sizeof(r->why), "%s: %d, event %s of ctx %u ioas %u, order %llu, op %llu",
		 what, rc, ioas_kind_name(ev->kind), ev->ctx, ev->ioas,
		 (unsigned long long)ev->order, (unsigned long long)ev->op);
}

static void feed(struct replay *r, const struct ioas_event *ev)
{
	const struct ioas_event *out;
	int rc;

	if (r->options->lose && r->options->lose(ev))
		return;
	rc = ioas_event_check(ev, sizeof(*ev), &out);
	if (rc) {
		explain(r, "ioas_event_check()", ev, rc);
		return;
	}
	rc = r->check ? check_event(r->check, ev) : mirror_apply(r->own, ev);
	if (rc)
		explain(r, "mirror_apply()", ev, rc);
}

static void feed_all(struct replay *r)
{
	for (size_t i = 0; i < r->stream.events.count && !*r->why; i++)
		feed(r, &r->stream.events.at[i]);
}

static bool due(size_t every, size_t steps)
{
	return every && steps % every == 0;
}

static bool compare(struct replay *r)
{
	if (*r->why)
		return false;
	return model_compare(r->model, r->mirror, !r->stream.mixed, r->why, sizeof(r->why));
}

bool replay_step(struct replay *r, const struct model_op *op)
{
	struct model_events *out = &r->model->out;

	model_run(r->model, op);
	r->steps++;
	if (r->mix) {
		model_stream_two(&r->stream, &r->waiting, out, r->mix);
		r->mix = 0;
	} else if (op->mix && out->count) {
		r->mix = op->mix;
		r->waiting.count = 0;
		for (size_t i = 0; i < out->count; i++)
			model_events_add(&r->waiting, &out->at[i]);
		return true;
	} else {
		model_stream_one(&r->stream, out);
	}
	feed_all(r);
	if (due(r->options->check_every, r->steps) && mirror_check(r->mirror))
		snprintf(r->why, sizeof(r->why), "mirror_check()");
	if (due(r->options->compare_every, r->steps))
		compare(r);
	return !*r->why;
}

/* All came, nothing was lost: no context is in doubt. */
static void finish(struct replay *r)
{
	const struct check_stats *s = check_stats(r->check);

	check_finish(r->check, r->stream.total, r->stream.now);
	if (!*r->why && (s->uncertain_contexts || s->adopted_contexts))
		snprintf(r->why, sizeof(r->why), "%llu contexts uncertain, %llu adopted",
			 (unsigned long long)s->uncertain_contexts,
			 (unsigned long long)s->adopted_contexts);
}

bool replay_end(struct replay *r)
{
	if (r->mix)
		model_stream_one(&r->stream, &r->waiting);
	else if (!r->stream.keep)
		r->stream.events.count = 0;
	r->mix = 0;
	feed_all(r);
	if (!*r->why && mirror_check(r->mirror))
		snprintf(r->why, sizeof(r->why), "mirror_check()");
	compare(r);
	if (r->check)
		finish(r);
	return !*r->why;
}

void replay_free(struct replay *r)
{
	free(r->waiting.at);
	model_stream_free(&r->stream);
	mirror_free(r->own);
	check_free(r->check);
	model_free(r->model);
}

bool replay_list(const struct replay_options *options, const struct model_op *ops, size_t n,
		 char *why)
{
	struct replay r;
	bool well = true;

	replay_begin(&r, options);
	for (size_t i = 0; i < n && well; i++)
		well = replay_step(&r, &ops[i]);
	well = well && replay_end(&r);
	memcpy(why, r.why, REPLAY_WHY);
	replay_free(&r);
	return well;
}
