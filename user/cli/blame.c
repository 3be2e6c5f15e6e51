// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope blame: why a device could not reach an address. */
#include <errno.h>
#include <stdio.h>

#include "cli/blame_options.h"
#include "cli/blame_stacks.h"
#include "cli/blame_watch.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "core/recording.h"
#include "core/state_events.h"
#include "live/device.h"
#include "live/log.h"

/* ---- a recording ---- */

struct recorded {
	struct watch *watch;
	bool faults;
};

static void on_recorded(const struct mirror *m, const struct ioas_event *ev, uint64_t old_ns,
			void *arg)
{
	struct recorded *r = arg;

	watch_see(r->watch, m, ev, old_ns);
	if (r->faults && ev->kind == IOAS_EV_FAULT)
		watch_fault(r->watch, m, ev);
}

static int answer_recorded(struct watch *w, struct recording *r)
{
	struct recorded arg = { .watch = w, .faults = w->opt->faults };
	const struct recording_watch watch = { .event = on_recorded, .arg = &arg };
	const struct source *s = &w->opt->source;
	int status = EXIT_FINE, err;
	struct mirror *m;
	__u64 time_ns;

	err = source_time(s, r, &time_ns);
	if (err)
		return exit_status(err);
	w->start_ns = recording_info(r)->start_boot_ns;
	err = recording_watch(r, s->at ? time_ns : UINT64_MAX, &watch, &m);
	if (err == -ENODATA)
		log_warn("%s: it holds no state: it ends before its first keyframe", s->file);
	if (err)
		return exit_status(err == -ENODATA ? err : log_err(err, "%s", s->file));
	err = source_end(s, r, &status);
	if (w->opt->faults)
		watch_summary(w);
	else
		status = watch_answer(w, m, time_ns) ?: status;
	mirror_free(m);
	return err ? exit_status(err) : status;
}

static int blame_recorded(struct watch *w)
{
	_cleanup_recording_ struct recording *r = NULL;
	const char *file = w->opt->source.file;
	char why[256];
	int err = recording_open(file, &r, why, sizeof(why));

	if (err) {
		log_warn("%s: %s", file, why);
		return exit_status(err);
	}
	return answer_recorded(w, r);
}

/* ---- what is now: it tells nothing of what was ---- */

struct now {
	struct watch *watch;
	struct mirror *mirror;
	__u64 time_ns;
};

static int on_state(const struct ioas_event *ev, void *arg)
{
	struct now *n = arg;

	watch_see(n->watch, n->mirror, ev, n->time_ns);
	return mirror_apply(n->mirror, ev) == -ENOMEM ? -ENOMEM : 0;
}

/* Containers know groups only. */
static int find_group(struct watch *w)
{
	_cleanup_device_ struct device d = {};
	char why[DEVICE_WHY];
	int err = device_find(NULL, w->opt->device, &d, why);

	if (err) {
		log_warn("%s: %s", w->opt->device, why);
		return err;
	}
	w->has_group = d.desc.group >= 0;
	w->group = (__u32)d.desc.group;
	return 0;
}

static int answer_now(struct watch *w, struct mirror *m, const struct state *s)
{
	struct now n = { .watch = w, .mirror = m, .time_ns = s->time_ns };
	int err = state_events(s, on_state, &n);

	if (err)
		return exit_status(log_err(err, "reading the state"));
	source_warn_uncertain(s);
	return watch_answer(w, m, s->time_ns);
}

static int blame_now(struct watch *w)
{
	_cleanup_state_ struct state s = {};
	int status = EXIT_FINE, err;
	struct mirror *m;

	err = w->opt->device ? find_group(w) : 0;
	if (!err)
		err = source_take(&w->opt->source, &s, NULL, &status);
	if (err)
		return exit_status(err);
	m = mirror_new(NULL);
	status = m ? answer_now(w, m, &s) : exit_status(log_err(-ENOMEM, "starting"));
	mirror_free(m);
	return status;
}

/* ---- live ---- */

struct live {
	struct watch *watch;
	struct mirror *mirror;
	struct run *run;
};

static int on_attached(const struct instance *i, void *arg)
{
	struct live *l = arg;

	l->watch->start_ns = instance_maps(i)->start_ns;
	if (!l->watch->opt->run.instance.stacks)
		return 0;
	l->watch->stacks = blame_stacks_new(i);
	return l->watch->stacks ? 0 : -ENOMEM;
}

static void on_event(const struct ioas_event *ev, void *arg)
{
	struct live *l = arg;

	watch_see(l->watch, l->mirror, ev, 0);
	mirror_apply(l->mirror, ev); /* what contradicts makes its context uncertain */
	if (ev->kind != IOAS_EV_FAULT)
		return;
	l->watch->lost = l->watch->lost || run_lost(l->run);
	watch_fault(l->watch, l->mirror, ev);
}

static void on_uncertain(__u32 ctx, __u64 time_ns, void *arg)
{
	struct live *l = arg;

	mirror_mark_uncertain(l->mirror, ctx, time_ns);
}

static int on_tick(void *arg)
{
	const struct live *l = arg;
	int err = run_check_output();

	return err ? err : l->watch->opt->count && l->watch->shown >= l->watch->opt->count;
}

static const struct mirror *get_mirror(void *arg)
{
	const struct live *l = arg;

	return l->mirror;
}

static int watch_live(struct live *l)
{
	const struct run_sink sink = { .attached = on_attached,
				       .event = on_event,
				       .uncertain = on_uncertain,
				       .tick = on_tick,
				       .mirror = get_mirror,
				       .arg = l };
	int err = run_begin(&l->run, &l->watch->opt->run, &sink);

	if (err)
		return exit_status(err);
	err = run_loop(l->run);
	watch_summary(l->watch);
	err = run_check_output() ?: err;
	blame_stacks_free(l->watch->stacks);
	l->watch->stacks = NULL;
	return run_end(&l->run, err);
}

static int blame_live(struct watch *w)
{
	struct live l = { .watch = w, .mirror = mirror_new(NULL) };
	int status;

	if (!l.mirror)
		return exit_status(log_err(-ENOMEM, "starting"));
	status = watch_live(&l);
	mirror_free(l.mirror);
	return status;
}

int cmd_blame(int argc, char **argv)
{
	struct blame_options o = { .run.instance = INSTANCE_DEFAULTS };
	int status = EXIT_FINE;
	struct watch w;

	log_verbose(false);
	if (blame_parse(argc, argv, &o, &status))
		return status;
	if (watch_begin(&w, &o))
		return EXIT_RUNTIME;
	if (o.source.file)
		status = blame_recorded(&w);
	else
		status = o.faults ? blame_live(&w) : blame_now(&w);
	watch_end(&w);
	if (fflush(stdout))
		status = exit_status(log_err(-errno, "writing"));
	return status;
}
