// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope trace: each operation as it happens, or as it was recorded. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/groups.h"
#include "cli/procmaps.h"
#include "cli/run.h"
#include "cli/trace_options.h"
#include "core/event.h"
#include "core/explain.h"
#include "core/fault.h"
#include "core/mirror.h"
#include "core/recording.h"
#include "core/state_mirror.h"
#include "live/log.h"
#include "view/show.h"
#include "view/trace.h"
#include "view/trace_fault.h"

#define GONE_KEPT 4096 /* areas of an IOAS that are remembered when they are gone */

struct trace {
	const struct trace_options *opt;
	struct run *run; /* NULL: from a recording */
	struct mirror *mirror;
	struct explain *explain;
	struct history *history; /* of what went */
	struct trace_summary sum;
	__u64 start_ns;
	__u64 shown;
	uint64_t looked_ns; /* into a process */
};

/* ---- events ---- */

/* Of a fault: nobody ran it, but the context that the device is in is somebody's. */
static bool by_wanted(const struct trace *t, const struct ioas_event *ev)
{
	const struct trace_options *o = t->opt;
	const struct mirror_ctx *ctx;

	if (ev->kind != IOAS_EV_FAULT)
		return (!o->pid || ev->tgid == o->pid) && (o->uid < 0 || ev->uid == o->uid) &&
		       (!o->cgroup || ev->cgroup == o->cgroup);
	ctx = ev->ctx ? mirror_find_ctx(t->mirror, ev->ctx) : NULL;
	if ((o->pid || o->uid >= 0) && (!ctx || !ctx->owner_known))
		return false;
	return (!o->pid || ctx->tgid == o->pid) && (o->uid < 0 || ctx->uid == o->uid) && !o->cgroup;
}

static bool wanted(const struct trace *t, const struct ioas_event *ev)
{
	const struct trace_options *o = t->opt;

	if (ioas_event_is_change(ev) && !o->changes)
		return false;
	if (!by_wanted(t, ev))
		return false;
	if (o->ioas && ev->ioas != o->ioas)
		return false;
	if (o->backend && ev->backend != o->backend)
		return false;
	return !o->ops || ev->kind != IOAS_EV_OP || o->ops & (1ULL << ev->body_op.what);
}

static bool enough(const struct trace *t)
{
	return t->opt->count && t->shown >= t->opt->count;
}

static void print_fault(const struct trace *t, const struct ioas_event *ev)
{
	struct fault_story story;

	fault_explain(t->mirror, t->history, ev, &story);
	if (t->opt->json)
		trace_fault_json(stdout, ev, &story);
	else
		trace_fault_line(stdout, ev, &story, t->start_ns);
}

static void print_event(struct trace *t, const struct ioas_event *ev)
{
	struct explanation why;
	bool explained = ev->kind == IOAS_EV_OP && explain_op(t->explain, t->mirror, ev, &why);

	if (ev->kind == IOAS_EV_FAULT) {
		print_fault(t, ev);
		return;
	}
	if (explained && t->run) {
		groups_name(&why, NULL);
		procmaps_name(&why, ev->tgid, run_now_ns(), &t->looked_ns);
	}
	if (t->opt->json)
		trace_json(stdout, ev, explained ? &why : NULL);
	else
		trace_line(stdout, ev, t->start_ns, explained ? &why : NULL);
}

static void on_event(const struct ioas_event *ev, void *arg)
{
	struct trace *t = arg;

	trace_count(&t->sum, ev);
	explain_see(t->explain, t->mirror, ev);
	history_see(t->history, t->mirror, ev, 0);
	mirror_apply(t->mirror, ev); /* what contradicts is counted there */
	if (!wanted(t, ev) || enough(t))
		return;
	t->shown++;
	if (!t->opt->quiet)
		print_event(t, ev);
}

static void on_uncertain(__u32 ctx, __u64 time_ns, void *arg)
{
	struct trace *t = arg;

	mirror_mark_uncertain(t->mirror, ctx, time_ns);
}

static void begin_lines(struct trace *t, __u64 start_ns)
{
	t->start_ns = start_ns;
	if (!t->opt->json && !t->opt->quiet)
		trace_header(stdout);
}

/* ---- the end ---- */

static int write_state(struct trace *t, __u64 time_ns, __u32 missing)
{
	_cleanup_state_ struct state s = {};
	struct show_filter all = {};
	bool std = !strcmp(t->opt->state, "-");
	FILE *f = std ? stdout : fopen(t->opt->state, "we");
	int err;

	if (!f)
		return log_err(-errno, "%s", t->opt->state);
	err = state_from_mirror(t->mirror, time_ns, &s);
	s.missing = missing;
	state_hide_missing(&s);
	if (!err)
		show_json(f, &s, &all, !(std && t->opt->json));
	if (!err && (std ? fflush(f) : fclose(f)))
		err = -errno;
	return err ? log_err(err, "%s", t->opt->state) : 0;
}

static void print_summary(struct trace *t)
{
	if (t->opt->json)
		trace_summary_json(stdout, &t->sum);
	else
		trace_summary_text(stderr, &t->sum);
	fflush(stdout);
}

/* ---- live ---- */

static int on_attached(const struct instance *i, void *arg)
{
	begin_lines(arg, instance_maps(i)->start_ns);
	return 0;
}

static int on_tick(void *arg)
{
	int err = run_check_output();

	return err ? err : enough(arg);
}

static const struct mirror *get_mirror(void *arg)
{
	const struct trace *t = arg;

	return t->mirror;
}

static int trace_live(struct trace *t)
{
	const struct run_sink sink = { .attached = on_attached,
				       .event = on_event,
				       .uncertain = on_uncertain,
				       .tick = on_tick,
				       .mirror = get_mirror,
				       .arg = t };
	int err = run_begin(&t->run, &t->opt->run, &sink);

	if (err)
		return exit_status(err);
	err = run_loop(t->run);
	if (t->opt->state && !err) {
		const struct instance *i = run_instance(t->run);

		err = write_state(t, run_now_ns(), i ? instance_maps(i)->missing : 0);
	}
	run_summary(t->run, &t->sum);
	print_summary(t);
	return run_end(&t->run, err);
}

/* ---- recorded ---- */

static void recorded_summary(struct trace *t, const struct recording *r)
{
	const struct recording_totals *totals = recording_totals(r);

	t->sum.recorded = true;
	t->sum.totals = totals != NULL;
	if (totals) {
		t->sum.seen = totals->seen;
		t->sum.submitted = totals->submitted;
		t->sum.dropped = totals->dropped;
		t->sum.missed = totals->missed;
		t->sum.gaps = totals->gaps;
	}
	t->sum.hooks = recording_info(r)->nhooks;
	t->sum.anomalies = mirror_anomalies(t->mirror)->total + recording_malformed(r);
	print_summary(t);
}

/* The keyframe at the beginning is state from before: not news. */
static int replay(struct trace *t, struct recording *r, __u64 *last_ns)
{
	const struct ioas_event *ev;
	int err = 0;

	while (!enough(t) && (err = recording_next(r, &ev)) > 0) {
		if (recording_in_keyframe(r)) {
			mirror_apply(t->mirror, ev);
			continue;
		}
		t->sum.received++;
		*last_ns = ev->time_ns;
		on_event(ev, t);
		if (ferror(stdout))
			return run_check_output();
	}
	return err < 0 ? log_err(err, "%s", t->opt->read) : run_check_output();
}

static int trace_recorded(struct trace *t)
{
	_cleanup_recording_ struct recording *r = NULL;
	char line[256];
	const char *why = "";
	__u64 last_ns = 0;
	int err = recording_open(t->opt->read, &r, line, sizeof(line));

	if (err) {
		log_warn("%s: %s", t->opt->read, line);
		return exit_status(err);
	}
	begin_lines(t, recording_info(r)->start_boot_ns);
	err = replay(t, r, &last_ns);
	if (!err && !enough(t) && recording_ended(r, &why) != RECORDING_WHOLE) {
		log_warn("%s: %s", t->opt->read, why);
		err = -EBADMSG;
	}
	if (t->opt->state)
		err = write_state(t, last_ns, recording_info(r)->missing) ?: err;
	recorded_summary(t, r);
	return exit_status(err);
}

int cmd_trace(int argc, char **argv)
{
	struct trace_options o = { .run.instance = INSTANCE_DEFAULTS, .uid = -1 };
	const struct history_options history = { .kept = GONE_KEPT, .no_births = true };
	struct trace t = { .opt = &o };
	int status = EXIT_FINE;

	log_verbose(false);
	if (trace_parse(argc, argv, &o, &status))
		return status;
	t.mirror = mirror_new(NULL);
	t.explain = explain_new(NULL);
	t.history = history_new(&history);
	if (t.mirror && t.explain && t.history)
		status = o.read ? trace_recorded(&t) : trace_live(&t);
	else
		status = exit_status(log_err(-ENOMEM, "starting"));
	history_free(t.history);
	explain_free(t.explain);
	mirror_free(t.mirror);
	return status;
}
