// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope check: what breaks the rules, as it happens or in a recording. */
#include "core/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/check_hooks.h"
#include "cli/check_options.h"
#include "cli/cli.h"
#include "cli/run.h"
#include "core/event.h"
#include "core/recording.h"
#include "live/log.h"
#include "view/report.h"

#define DOUBTS_MAX 12
#define HELD_NS 500000000ULL /* how long the order stage holds an event at most */

struct checking {
	const struct checking_options *opt;
	struct rule_policy policy; /* without what the hooks cannot tell */
	struct check *check; /* NULL: not begun */
	struct report *report;
	FILE *out;
	struct trace_summary sum;
	__u64 contexts; /* whose birth was seen */
	__u64 marks; /* that something was lost: nobody submitted these */
	char doubts[DOUBTS_MAX][192];
	size_t ndoubts;
};

/* ---- the beginning ---- */

/* The hooks decide what can be judged. Once, before the first event. */
static int begin(struct checking *c, const struct recording_info *info)
{
	struct check_options options = {
		.policy = &c->policy,
		.violation = report_violation,
		.arg = c->report,
	};
	int err;

	hooks_turn_off(info, &c->policy);
	err = check_new(&options, &c->check);
	if (err)
		return log_err(err, "starting");
	report_begin(c->report, &c->policy, info->start_boot_ns);
	return 0;
}

static int begin_live(struct checking *c, const struct instance *i, __u64 start_ns)
{
	struct recording_info *info = calloc(1, sizeof(*info));
	int err;

	if (!info)
		return log_err(-ENOMEM, "starting");
	info->start_boot_ns = start_ns;
	if (i)
		hooks_of_instance(i, info);
	err = begin(c, info);
	if (!err)
		check_begin(c->check, start_ns);
	free(info);
	return err;
}

static void take(struct checking *c, const struct ioas_event *ev)
{
	trace_count(&c->sum, ev);
	if (ev->kind == IOAS_EV_CTX_NEW && !(ev->flags & IOAS_F_ADOPTED))
		c->contexts++;
	c->marks += ioas_event_is_mark(ev);
	check_event(c->check, ev); /* what contradicts is judged there */
}

/* ---- the end ---- */

static void __attribute__((format(printf, 2, 3))) doubt(struct checking *c, const char *fmt, ...)
{
	va_list ap;

	if (c->ndoubts == DOUBTS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(c->doubts[c->ndoubts++], sizeof(c->doubts[0]), fmt, ap);
	va_end(ap);
}

static void doubt_count(struct checking *c, __u64 count, const char *what)
{
	if (count)
		doubt(c, "%" PRIu64 " %s", (uint64_t)count, what);
}

static void doubt_loss(struct checking *c)
{
	const struct trace_summary *s = &c->sum;

	doubt_count(c, s->dropped, "events were dropped (use a larger --ring)");
	doubt_count(c, s->gaps, "events never came");
	doubt_count(c, s->late, "events came too late for their place");
	doubt_count(c, s->missed, "times a probe could not run");
	doubt_count(c, s->stats[IOAS_STAT_MAP_FULL],
		    "times state did not fit (use a larger --areas)");
	doubt_count(c, s->stats[IOAS_STAT_NO_CONTEXT], "hooks fired outside any op");
	doubt_count(c, s->stats[IOAS_STAT_ARG_CHANGED], "areas were not what had been announced");
}

static void doubt_check(struct checking *c)
{
	const struct check_stats *s = check_stats(c->check);

	if (s->uncertain_contexts)
		doubt(c,
		      "%" PRIu64 " contexts not judged any more, the first from %" PRIu64
		      " ns on: what is known of them may be wrong",
		      s->uncertain_contexts, s->uncertain_since);
	else if (s->all_since)
		doubt(c,
		      "events of contexts that are not known may be missing from %" PRIu64 " ns on",
		      s->all_since);
	doubt_count(c, s->no_memory, "times memory was missing to judge");
	if (mirror_stats(check_mirror(c->check))->unplaced_since)
		doubt(c, "memory was missing to keep a context");
}

/* Who cannot read the report still learns what came of it. */
static void say_result(const struct checking *c, const struct report_end *end)
{
	const struct check_stats *s = end->check;

	if (!s->events)
		log_warn("no events: nothing was checked");
	if (!end->tolerated) {
		for (size_t i = 0; i < c->ndoubts; i++)
			log_warn("uncertain: %s", c->doubts[i]);
	}
	if (c->opt->format != REPORT_TEXT && !c->opt->quiet)
		log_warn("%s: %" PRIu64 " error, %" PRIu64 " warning, %" PRIu64 " info",
			 report_result(end), s->by_severity[RULE_ERROR],
			 s->by_severity[RULE_WARNING], s->by_severity[RULE_INFO]);
}

static void finish(struct checking *c, __u64 submitted, __u64 time_ns)
{
	const char *lines[DOUBTS_MAX];
	struct report_end end = {
		.trace = &c->sum,
		.doubts = lines,
		.tolerated = !c->policy.strict_uncertain,
	};

	check_finish(c->check, submitted, time_ns);
	end.check = check_stats(c->check);
	end.contexts = c->contexts + end.check->adopted_contexts;
	doubt_check(c);
	for (size_t i = 0; i < c->ndoubts; i++)
		lines[i] = c->doubts[i];
	end.ndoubts = c->ndoubts;
	report_finish(c->report, &end);
	fflush(c->out);
	say_result(c, &end);
}

/* What was found counts before how the command ended, and that before what is not known. */
static int verdict(const struct checking *c, int status)
{
	if (c->check && check_stats(c->check)->by_severity[RULE_ERROR])
		return EXIT_VIOLATION;
	if (status)
		return status;
	return c->ndoubts && c->policy.strict_uncertain ? EXIT_RUNTIME : EXIT_FINE;
}

/* ---- live ---- */

static int on_attached(const struct instance *i, void *arg)
{
	return begin_live(arg, i, instance_maps(i)->start_ns);
}

static void on_event(const struct ioas_event *ev, void *arg)
{
	take(arg, ev);
}

static void on_uncertain(__u32 ctx, __u64 time_ns, void *arg)
{
	struct checking *c = arg;

	check_uncertain(c->check, ctx, time_ns);
}

static const struct mirror *get_mirror(void *arg)
{
	const struct checking *c = arg;

	return check_mirror(c->check);
}

static int check_output(const struct checking *c)
{
	if (c->out == stdout)
		return run_check_output();
	if (!fflush(c->out) && !ferror(c->out))
		return 0;
	return log_err(errno ? -errno : -EIO, "%s", c->opt->output);
}

static int on_tick(void *arg)
{
	return check_output(arg);
}

static int check_live(struct checking *c)
{
	const struct run_sink sink = { .attached = on_attached,
				       .event = on_event,
				       .uncertain = on_uncertain,
				       .tick = on_tick,
				       .mirror = get_mirror,
				       .arg = c };
	struct run *run;
	int err = run_begin(&run, &c->opt->run, &sink);

	if (err)
		return exit_status(err);
	err = run_loop(run);
	run_summary(run, &c->sum);
	doubt_count(c, run_malformed(run), "records could not be read");
	doubt_loss(c);
	if (!c->check)
		err = begin_live(c, NULL, run_now_ns()) ?: err;
	if (c->check)
		finish(c, c->sum.submitted, run_now_ns());
	err = err ?: check_output(c);
	return verdict(c, run_end(&run, err));
}

/* ---- recorded ---- */

/*
 * An op that began before the file, or another file of the set, may have done
 * there what is not seen here.
 */
static void begin_events(struct checking *c, const struct recording_info *info, bool continued,
			 __u64 first_ns)
{
	check_begin(c->check, continued ? first_ns + HELD_NS : info->start_boot_ns);
}

static int replay(struct checking *c, struct recording *r, __u64 *last_ns)
{
	const struct ioas_event *ev;
	bool continued = false;
	int err;

	while ((err = recording_next(r, &ev)) > 0) {
		if (recording_in_keyframe(r)) {
			continued = true;
			check_keyframe(c->check, ev);
			continue;
		}
		if (!c->sum.received++)
			begin_events(c, recording_info(r), continued, ev->time_ns);
		if (ev->time_ns > *last_ns)
			*last_ns = ev->time_ns;
		take(c, ev);
		if (ferror(c->out))
			return check_output(c);
	}
	return err ? log_err(err, "%s", c->opt->read) : 0;
}

static void recorded_totals(struct checking *c, const struct recording *r)
{
	const struct recording_totals *t = recording_totals(r);
	const char *why = "";

	c->sum.recorded = true;
	c->sum.totals = t != NULL;
	c->sum.hooks = recording_info(r)->nhooks;
	if (recording_ended(r, &why) != RECORDING_WHOLE)
		doubt(c, "%s: %s", c->opt->read, why);
	else if (!t && !recording_continues(r))
		doubt(c, "%s: it was not closed in good order", c->opt->read);
	doubt_count(c, recording_unknown(r), "events are of kinds that this version does not know");
	doubt_count(c, recording_malformed(r), "records could not be read");
	if (!t)
		return;
	c->sum.seen = t->seen;
	c->sum.submitted = t->submitted;
	c->sum.dropped = t->dropped;
	c->sum.missed = t->missed;
	c->sum.gaps = t->gaps;
	doubt_loss(c);
}

static int check_recorded(struct checking *c)
{
	_cleanup_recording_ struct recording *r = NULL;
	const struct recording_totals *t;
	char line[256];
	__u64 last_ns = 0;
	int err = recording_open(c->opt->read, &r, line, sizeof(line));

	if (err) {
		log_warn("%s: %s", c->opt->read, line);
		return exit_status(err);
	}
	err = begin(c, recording_info(r));
	if (err)
		return exit_status(err);
	err = replay(c, r, &last_ns);
	recorded_totals(c, r);
	t = recording_totals(r);
	finish(c, t ? t->events - c->marks : UINT64_MAX, last_ns);
	err = err ?: check_output(c);
	return verdict(c, exit_status(err));
}

/* ---- the command ---- */

static int list_rules(const struct checking_options *o)
{
	if (o->format == REPORT_JSON)
		report_rules_json(stdout, &o->policy);
	else
		report_rules_text(stdout, &o->policy);
	return exit_status(run_check_output());
}

/* To open the report would empty what is to be read. */
static bool writes_over(const struct checking_options *o)
{
	struct stat in, out;

	return o->read && o->output && !stat(o->read, &in) && !stat(o->output, &out) &&
	       in.st_dev == out.st_dev && in.st_ino == out.st_ino && S_ISREG(in.st_mode);
}

static int check(const struct checking_options *o)
{
	struct checking c = { .opt = o, .policy = o->policy };
	struct report_options report = {
		.format = o->format,
		.quiet = o->quiet,
		.max = o->max,
		.version = IOASCOPE_VERSION,
	};
	int status;

	if (writes_over(o))
		return usage_error("check", "--output is the recording that --read names");
	c.out = o->output ? fopen(o->output, "we") : stdout;
	if (!c.out)
		return exit_status(log_err(-errno, "%s", o->output));
	report.out = c.out;
	if (report_new(&report, &c.report))
		status = exit_status(log_err(-ENOMEM, "starting"));
	else
		status = o->read ? check_recorded(&c) : check_live(&c);
	report_free(c.report);
	check_free(c.check);
	if (c.out != stdout && fclose(c.out) && status == EXIT_FINE)
		status = exit_status(log_err(-errno, "%s", o->output));
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct checking_options o = { .run.instance = INSTANCE_DEFAULTS, .max = REPORT_MAX };
	int status = EXIT_FINE;

	log_verbose(false);
	if (checking_parse(argc, argv, &o, &status))
		return status;
	return o.list ? list_rules(&o) : check(&o);
}
