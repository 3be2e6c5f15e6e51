// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope trace: each operation as it happens. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/cli.h"
#include "core/event.h"
#include "core/mirror.h"
#include "core/order.h"
#include "core/state_mirror.h"
#include "live/instance.h"
#include "live/log.h"
#include "view/show.h"
#include "view/trace.h"

#define POLL_MS 100
#define ORDER_WAIT_NS 500000000ULL /* how long an event may be missing before it is lost */
#define LOSS_EVERY_NS 1000000000ULL
#define DRAIN_ROUNDS 3
#define CPUS_MAX 4096

struct trace_options {
	struct instance_options instance;
	bool json;
	bool changes;
	bool quiet;
	__u32 pid;
	__s64 uid; /* -1: all */
	__u64 cgroup;
	__u32 ioas;
	__u32 backend;
	__u64 ops; /* bits of enum ioas_op; 0: all */
	__u64 count; /* 0: no end */
	const char *state; /* file for the state at the end */
	char **command;
};

struct trace {
	const struct trace_options *opt;
	struct instance *instance;
	struct order *order;
	struct mirror *mirror;
	struct trace_summary sum;
	struct child child;
	__u64 start_ns;
	__u64 loss_ns; /* when loss was last looked at */
	__u64 lost; /* then */
	__u64 shown;
	__u64 malformed;
	__u64 received[CPUS_MAX]; /* events of each CPU */
	__u64 highest[CPUS_MAX]; /* highest number of each CPU */
	bool waiting; /* for the modules; said once */
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

static const char help[] =
	"Usage: ioascope trace [OPTION]... [-- COMMAND [ARG]...]\n\n"
	"Prints a line for each operation on an I/O address space: when, which, what was\n"
	"asked, what was answered, how long it took and who asked. Runs until interrupted,\n"
	"or while COMMAND runs, and exits with its status.\n\n"
	"  -j, --json         a JSON object a line (docs/event-schema.md)\n"
	"      --changes      also what became true: areas, pins, charges, groups\n"
	"      --pid N        only by that process\n"
	"      --uid N        only by that user\n"
	"      --cgroup PATH  only by that cgroup (a path below /sys/fs/cgroup, or its id)\n"
	"      --ioas N       only on that I/O address space\n"
	"      --backend B    only of that backend (type1)\n"
	"      --op OP[,OP]   of the operations only these: map, unmap, attach, detach, ...\n"
	"  -c, --count N      stop after N lines\n"
	"  -q, --quiet        no lines, only the summary\n"
	"      --state FILE   at the end write the state rebuilt from the events, as\n"
	"                     'ioascope show --json' prints it; - for standard output\n"
	"      --ring SIZE    room for events not yet read (default 8M; a power of two)\n"
	"      --areas N      areas that can be kept at once (default 131072)\n"
	"      --without F    do without the kernel function F, as on a kernel that lacks it\n"
	"  -v, --verbose      also what libbpf says\n"
	"  -h, --help         this text\n\n"
	"Examples:\n"
	"  ioascope trace --op map,unmap --uid 107\n"
	"  ioascope trace --json -- ./my-driver-test | jq 'select(.errno)'\n"
	"  ioascope trace -q --state - -- ./my-driver-test\n";

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* ---- events ---- */

static bool wanted(const struct trace_options *o, const struct ioas_event *ev)
{
	if (ev->kind != IOAS_EV_OP && !o->changes)
		return false;
	if (o->pid && ev->tgid != o->pid)
		return false;
	if (o->uid >= 0 && ev->uid != o->uid)
		return false;
	if (o->cgroup && ev->cgroup != o->cgroup)
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

static void count_event(struct trace *t, const struct ioas_event *ev)
{
	if (ev->kind != IOAS_EV_OP) {
		t->sum.changes++;
		return;
	}
	if (ev->body_op.what < IOAS_OP_MAX)
		t->sum.ops[ev->body_op.what]++;
	if (!(ev->flags & IOAS_F_NO_RESULT) && ev->body_op.result < 0)
		t->sum.failed++;
}

/* From the reorder stage: in the order that the kernel's locks gave. */
static void deliver(const struct ioas_event *ev, void *arg)
{
	struct trace *t = arg;

	count_event(t, ev);
	mirror_apply(t->mirror, ev); /* what contradicts is counted there */
	if (!wanted(t->opt, ev) || enough(t))
		return;
	t->shown++;
	if (t->opt->quiet)
		return;
	if (t->opt->json)
		trace_json(stdout, ev);
	else
		trace_line(stdout, ev, t->start_ns);
}

static void on_gap(const struct order_gap *gap, void *arg)
{
	struct trace *t = arg;

	t->sum.gaps += gap->count;
	mirror_mark_uncertain(t->mirror, gap->ctx, gap->time_ns);
}

/* Too late for its place: the state may have been built without it. */
static void on_late(const struct ioas_event *ev, void *arg)
{
	struct trace *t = arg;

	t->sum.late++;
	mirror_mark_uncertain(t->mirror, ev->ctx, ev->time_ns);
}

/* Each CPU numbers its events: what is missing was lost, whoever counted it. */
static void count_sequence(struct trace *t, const struct ioas_event *ev)
{
	if (ev->cpu >= CPUS_MAX)
		return;
	t->received[ev->cpu]++;
	if (ev->cpu_seq > t->highest[ev->cpu])
		t->highest[ev->cpu] = ev->cpu_seq;
}

static void on_record(const void *record, size_t size, void *arg)
{
	const struct ioas_event *ev;
	struct trace *t = arg;

	if (ioas_event_check(record, size, &ev)) {
		t->malformed++;
		return;
	}
	count_sequence(t, ev);
	order_push(t->order, ev);
}

/* ---- the run ---- */

static void look_at_loss(struct trace *t)
{
	__u64 stats[IOAS_STAT_MAX], lost;

	if (now_ns() - t->loss_ns < LOSS_EVERY_NS)
		return;
	t->loss_ns = now_ns();
	if (maps_stats(instance_maps(t->instance), stats))
		return;
	lost = stats[IOAS_STAT_RING_FULL] + stats[IOAS_STAT_TOO_BIG] + stats[IOAS_STAT_MAP_FULL];
	if (lost > t->lost)
		log_warn("%llu events or states lost; use a larger --ring or --areas",
			 (unsigned long long)(lost - t->lost));
	t->lost = lost;
}

static int start(struct trace *t)
{
	int err = instance_open(&t->instance, &t->opt->instance, on_record, t);

	if (err == -ENODEV) {
		if (!t->waiting)
			log_warn("the VFIO modules are not loaded (vfio, vfio_iommu_type1): "
				 "waiting for them");
		t->waiting = true;
		return 0;
	}
	if (err)
		return err;
	if (t->waiting)
		log_warn("the VFIO modules are loaded now: attached");
	t->start_ns = instance_maps(t->instance)->start_ns;
	t->loss_ns = now_ns();
	if (!t->opt->json && !t->opt->quiet)
		trace_header(stdout);
	return 0;
}

/* Whoever read our lines may be done; a full disk is worth a word. */
static int check_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return errno == EPIPE ? -EPIPE : log_err(errno ? -errno : -EIO, "writing");
}

static int step(struct trace *t)
{
	int n;

	if (!t->instance) {
		usleep(POLL_MS * 1000);
		return instance_possible() ? start(t) : 0;
	}
	n = instance_poll(t->instance, POLL_MS);
	if (n < 0)
		return log_err(n, "reading events");
	order_expire(t->order, now_ns(), ORDER_WAIT_NS);
	look_at_loss(t);
	return check_output();
}

/*
 * Where events were dropped the hooks have marked the contexts; one that they
 * no longer know may be gone without our having been told.
 */
static void spread_uncertainty(struct trace *t)
{
	_cleanup_state_ struct state mine = {}, theirs = {};
	__u64 stats[IOAS_STAT_MAX], now = now_ns();

	if (maps_stats(instance_maps(t->instance), stats))
		return;
	if (instance_missed(t->instance) || stats[IOAS_STAT_NO_CONTEXT])
		mirror_mark_uncertain(t->mirror, 0, now);
	if (state_from_mirror(t->mirror, now, &mine) ||
	    maps_state(instance_maps(t->instance), &theirs)) {
		mirror_mark_uncertain(t->mirror, 0, now);
		return;
	}
	for (size_t i = 0; i < mine.nctxs; i++) {
		const struct state_ctx *c = state_find_ctx(&theirs, mine.ctxs[i].id);

		if (!c || c->uncertain_ns)
			mirror_mark_uncertain(t->mirror, mine.ctxs[i].id,
					      c ? c->uncertain_ns : now);
	}
}

static void drain(struct trace *t)
{
	if (!t->instance)
		return;
	instance_stop(t->instance);
	for (int dry = 0; dry < DRAIN_ROUNDS;)
		dry = instance_poll(t->instance, 10) > 0 ? 0 : dry + 1;
	order_flush(t->order);
	spread_uncertainty(t);
}

static int run(struct trace *t)
{
	int err;

	for (;;) {
		err = step(t);
		if (err || enough(t))
			return err;
		if (t->opt->command) {
			/* A Ctrl-C reaches the command too; its end is ours. */
			if (stop_signal == SIGTERM)
				child_kill(&t->child, SIGTERM);
			if (child_ended(&t->child))
				return 0;
		} else if (stop_signal) {
			return 0;
		}
	}
}

static int write_state(struct trace *t)
{
	_cleanup_state_ struct state s = {};
	struct show_filter all = {};
	bool std = !strcmp(t->opt->state, "-");
	FILE *f = std ? stdout : fopen(t->opt->state, "we");
	int err;

	if (!f)
		return log_err(-errno, "%s", t->opt->state);
	err = state_from_mirror(t->mirror, now_ns(), &s);
	if (t->instance)
		s.missing = instance_maps(t->instance)->missing;
	state_hide_missing(&s);
	if (!err)
		show_json(f, &s, &all, !(std && t->opt->json));
	if (!err && (std ? fflush(f) : fclose(f)))
		err = -errno;
	return err ? log_err(err, "%s", t->opt->state) : 0;
}

static void summary(struct trace *t)
{
	if (t->instance) {
		maps_stats(instance_maps(t->instance), t->sum.stats);
		t->sum.missed = instance_missed(t->instance);
		instance_hooks(t->instance, &t->sum.hooks, &t->sum.hooks_all);
	}
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		t->sum.received += t->received[cpu];
		t->sum.missing += t->highest[cpu] - t->received[cpu];
	}
	t->sum.anomalies = mirror_anomalies(t->mirror)->total + t->malformed;
	if (t->opt->json)
		trace_summary_json(stdout, &t->sum);
	else
		trace_summary_text(stderr, &t->sum);
	fflush(stdout);
}

static int prepare(struct trace *t)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct order_sink sink = { .deliver = deliver, .gap = on_gap, .late = on_late, .arg = t };
	int err;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	t->mirror = mirror_new(NULL);
	err = t->mirror ? order_new(&sink, NULL, &t->order) : -ENOMEM;
	if (err)
		return log_err(err, "starting");
	return start(t);
}

static int trace(const struct trace_options *opt)
{
	struct trace t = { .opt = opt, .child = CHILD_NONE };
	int err = prepare(&t), status;

	if (!err && opt->command)
		err = child_start(&t.child, opt->command);
	if (!err) {
		err = run(&t);
		drain(&t);
		if (opt->state && !err)
			err = write_state(&t);
		summary(&t);
	}
	instance_close(&t.instance);
	status = exit_status(err);
	/* The command is never left running behind our back. */
	if (opt->command && t.child.pid > 0)
		status = err ? (child_wait(&t.child, &stop_signal), status)
			     : child_wait(&t.child, &stop_signal);
	order_free(t.order);
	mirror_free(t.mirror);
	return status;
}

/* ---- options ---- */

static int parse_ops(const char *text, __u64 *ops)
{
	char *save = NULL, list[256];

	if (snprintf(list, sizeof(list), "%s", text) >= (int)sizeof(list))
		return -EINVAL;
	for (char *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		int op = ioas_op_from_name(s);

		if (op <= 0)
			return -EINVAL;
		*ops |= 1ULL << op;
	}
	return *ops ? 0 : -EINVAL;
}

static int parse_cgroup(const char *text, __u64 *id)
{
	char path[4096];
	struct stat st;

	if (!parse_number(text, false, 1, ~0ULL, id))
		return 0;
	snprintf(path, sizeof(path), "%s%s%s",
		 *text == '/' && !strncmp(text, "/sys/", 5) ? "" : "/sys/fs/cgroup",
		 *text == '/' ? "" : "/", text);
	/* A cgroup v2 id is the inode number of its folder. */
	if (stat(path, &st))
		return -errno;
	*id = st.st_ino;
	return 0;
}

enum {
	OPT_PID = 256,
	OPT_UID,
	OPT_CGROUP,
	OPT_IOAS,
	OPT_BACKEND,
	OPT_OP,
	OPT_CHANGES,
	OPT_STATE,
	OPT_WITHOUT,
	OPT_RING,
	OPT_AREAS
};

static int parse_filter(int c, struct trace_options *o)
{
	__u64 v = 0;
	int err;

	switch (c) {
	case OPT_PID:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->pid = v;
		return err;
	case OPT_UID:
		err = parse_number(optarg, false, 0, ~0U, &v);
		o->uid = v;
		return err;
	case OPT_CGROUP:
		return parse_cgroup(optarg, &o->cgroup);
	case OPT_IOAS:
		err = parse_number(optarg, false, 1, ~0U, &v);
		o->ioas = v;
		return err;
	case OPT_BACKEND:
		err = ioas_backend_from_name(optarg);
		o->backend = IOAS_BACKEND_TYPE1;
		return err == IOAS_BACKEND_TYPE1 ? 0 : -EINVAL;
	default:
		return parse_ops(optarg, &o->ops);
	}
}

static int parse_size(int c, struct trace_options *o)
{
	__u64 v = 0;
	int err;

	if (c == 'c')
		return parse_number(optarg, false, 1, ~0ULL, &o->count);
	if (c == OPT_RING) {
		err = parse_number(optarg, true, 4096, 1ULL << 31, &v);
		o->instance.ring_bytes = v;
		return err ? err : v & (v - 1) ? -EINVAL : 0;
	}
	err = parse_number(optarg, true, 1, 1 << 24, &v);
	o->instance.slots = v;
	return err;
}

/* 0: go on; 1: *status is the exit status. */
static int parse_one(int c, struct trace_options *o, int *status)
{
	int err = 0;

	if (c == 'j')
		o->json = true;
	else if (c == 'q')
		o->quiet = true;
	else if (c == 'v')
		log_verbose(true);
	else if (c == OPT_CHANGES)
		o->changes = true;
	else if (c == OPT_STATE)
		o->state = optarg;
	else if (c == OPT_WITHOUT)
		o->instance.without = optarg;
	else if (c == 'c' || c == OPT_RING || c == OPT_AREAS)
		err = parse_size(c, o);
	else if (c == 'h') {
		fputs(help, stdout);
		*status = EXIT_FINE;
		return 1;
	} else
		err = parse_filter(c, o);
	if (!err)
		return 0;
	*status = usage_error("trace", "bad value '%s'", optarg);
	return 1;
}

static int parse(int argc, char **argv, struct trace_options *o, int *status)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "changes", no_argument, NULL, OPT_CHANGES },
		{ "pid", required_argument, NULL, OPT_PID },
		{ "uid", required_argument, NULL, OPT_UID },
		{ "cgroup", required_argument, NULL, OPT_CGROUP },
		{ "ioas", required_argument, NULL, OPT_IOAS },
		{ "backend", required_argument, NULL, OPT_BACKEND },
		{ "op", required_argument, NULL, OPT_OP },
		{ "count", required_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "without", required_argument, NULL, OPT_WITHOUT },
		{ "ring", required_argument, NULL, OPT_RING },
		{ "areas", required_argument, NULL, OPT_AREAS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int c;

	opterr = 0;
	/* '+': the command's own options are not ours. */
	while ((c = getopt_long(argc, argv, "+:jqc:vh", options, NULL)) != -1) {
		if (c == '?' || c == ':') {
			*status = option_error("trace", c, argv);
			return 1;
		}
		if (parse_one(c, o, status))
			return 1;
	}
	if (optind < argc && strcmp(argv[optind - 1], "--")) {
		*status = usage_error("trace", "unexpected argument '%s'; a command follows '--'",
				      argv[optind]);
		return 1;
	}
	o->command = optind < argc ? argv + optind : NULL;
	return 0;
}

int cmd_trace(int argc, char **argv)
{
	struct trace_options o = { .instance = INSTANCE_DEFAULTS, .uid = -1 };
	int status = EXIT_FINE;

	log_verbose(false);
	if (parse(argc, argv, &o, &status))
		return status;
	return trace(&o);
}
