// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/cli.h"
#include "cli/run_loss.h"
#include "core/event.h"
#include "core/fault.h"
#include "core/fault_queue.h"
#include "core/order.h"
#include "live/fault.h"
#include "live/log.h"

#define POLL_MS 100
#define ORDER_WAIT_NS 500000000ULL /* how long an event may be missing before it is lost */
#define DRAIN_ROUNDS 3
#define CPUS_MAX 4096
#define BATCH 1024 /* events handed over together, at most */
#define HAND_OVER_MS 20 /* how long they are collected: to ask what was lost is not cheap */

struct run {
	const struct run_options *opt;
	const struct run_sink *sink;
	struct instance *instance;
	struct order *order;
	struct child child;
	__u64 loss_ns; /* when loss was last looked at */
	__u64 lost; /* then */
	__u64 gaps;
	__u64 late;
	__u64 malformed;
	__u64 received[CPUS_MAX]; /* events of each CPU */
	__u64 highest[CPUS_MAX]; /* highest number of each CPU */
	bool waiting; /* for the modules; said once */
	bool ready; /* the sink takes events */
	struct loss loss;
	struct fault_queue faults;
	bool fault_in_batch;
	__u64 handed_ns; /* when events were last handed over */
	size_t nbatch;
	struct ioas_event batch[BATCH]; /* UNCERTAIN stands where a gap was */
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int sig)
{
	stop_signal = sig;
}

__u64 run_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

int run_check_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	return errno == EPIPE ? -EPIPE : log_err(errno ? -errno : -EIO, "writing");
}

/* ---- events ---- */

/* Whose device it is follows from what is attached at this place in the stream. */
static void deliver_fault(struct run *r, const struct ioas_event *ev)
{
	struct ioas_event placed = *ev;

	fault_place(r->sink->mirror(r->sink->arg), &placed);
	r->sink->event(&placed, r->sink->arg);
}

static void deliver_one(struct run *r, const struct ioas_event *ev)
{
	if (ev->kind == IOAS_EV_UNCERTAIN) {
		loss_uncertain(&r->loss, ev->ctx, ev->body_obj.value);
		return;
	}
	if (ev->kind == IOAS_EV_FAULT) {
		deliver_fault(r, ev);
		return;
	}
	r->sink->event(ev, r->sink->arg);
	if (ev->kind == IOAS_EV_CTX_NEW)
		loss_born(&r->loss, ev->ctx);
}

static void hand_over(struct run *r)
{
	if (!r->nbatch)
		return;
	loss_look(&r->loss);
	/* A fault is judged by what is there: what was dropped must not wait for its gap. */
	if (r->fault_in_batch)
		loss_look_dropped(&r->loss);
	for (size_t i = 0; i < r->nbatch; i++)
		deliver_one(r, &r->batch[i]);
	r->nbatch = 0;
	r->fault_in_batch = false;
}

static struct ioas_event *batch_next(struct run *r)
{
	if (r->nbatch == BATCH)
		hand_over(r);
	return &r->batch[r->nbatch++];
}

static void batch_uncertain(struct run *r, __u32 ctx, __u64 time_ns)
{
	struct ioas_event *ev = batch_next(r);

	*ev = (struct ioas_event){ .kind = IOAS_EV_UNCERTAIN, .ctx = ctx };
	ev->body_obj.value = time_ns;
}

static void on_event(const struct ioas_event *ev, void *arg)
{
	struct ioas_event *copy = batch_next(arg);

	*copy = *ev;
	copy->len = sizeof(*copy);
}

static void on_gap(const struct order_gap *gap, void *arg)
{
	struct run *r = arg;

	r->gaps += gap->count;
	batch_uncertain(r, gap->ctx, gap->time_ns);
}

/* Too late for its place: the state may have been built without it. */
static void on_late(const struct ioas_event *ev, void *arg)
{
	struct run *r = arg;

	r->late++;
	batch_uncertain(r, ev->ctx, ev->time_ns);
}

/* Those that wait for nothing any more, or (`any`) all. */
static void release_faults(struct run *r, bool any)
{
	const struct ioas_event *ev;

	while ((ev = fault_queue_take(&r->faults, r->order, any))) {
		*batch_next(r) = *ev;
		r->fault_in_batch = true;
	}
}

/* Each CPU numbers its events: what is missing was lost, whoever counted it. */
static void count_sequence(struct run *r, const struct ioas_event *ev)
{
	if (ev->cpu >= CPUS_MAX)
		return;
	r->received[ev->cpu]++;
	if (ev->cpu_seq > r->highest[ev->cpu])
		r->highest[ev->cpu] = ev->cpu_seq;
}

static void on_record(const void *record, size_t size, void *arg)
{
	const struct ioas_event *ev;
	struct run *r = arg;

	if (ioas_event_check(record, size, &ev)) {
		r->malformed++;
		return;
	}
	count_sequence(r, ev);
	if (ev->kind == IOAS_EV_FAULT) {
		struct ioas_event whole;

		live_fault(record, size, &whole);
		if (fault_queue_full(&r->faults))
			release_faults(r, true);
		fault_queue_put(&r->faults, &whole);
	} else {
		order_push(r->order, ev);
	}
	release_faults(r, false);
}

/* ---- the run ---- */

static void report_loss(struct run *r)
{
	__u64 stats[IOAS_STAT_MAX], lost;

	if (run_now_ns() - r->loss_ns < LOSS_EVERY_NS)
		return;
	r->loss_ns = run_now_ns();
	if (maps_stats(instance_maps(r->instance), stats))
		return;
	lost = stats[IOAS_STAT_RING_FULL] + stats[IOAS_STAT_TOO_BIG] + stats[IOAS_STAT_MAP_FULL];
	if (lost > r->lost)
		log_warn("%llu events or states lost; use a larger --ring or --areas",
			 (unsigned long long)(lost - r->lost));
	r->lost = lost;
}

static int attach(struct run *r)
{
	int err = instance_open(&r->instance, &r->opt->instance, on_record, r);

	if (err == -ENODEV) {
		if (!r->waiting)
			log_warn(
				"neither the VFIO modules (vfio, vfio_iommu_type1) nor iommufd nor "
				"ioas_backend are loaded: waiting for them");
		r->waiting = true;
		return 0;
	}
	if (err)
		return err;
	if (r->waiting)
		log_warn("modules are loaded now: attached");
	r->loss.instance = r->instance;
	r->loss_ns = run_now_ns();
	err = r->sink->attached(r->instance, r->sink->arg);
	r->ready = !err;
	/* A command that brought the modules may have used them before we saw it. */
	if (r->ready && r->waiting && r->opt->command)
		loss_uncertain(&r->loss, 0, run_now_ns());
	return err;
}

/* 1: the sink has had enough. */
static int step(struct run *r)
{
	__u64 now;
	int n;

	if (!r->instance) {
		usleep(POLL_MS * 1000);
		return instance_possible() ? attach(r) : 0;
	}
	n = instance_poll(r->instance, r->nbatch ? HAND_OVER_MS : POLL_MS);
	if (n < 0)
		return log_err(n, "reading events");
	now = run_now_ns();
	order_expire(r->order, now, ORDER_WAIT_NS);
	release_faults(r, false);
	if (now - r->handed_ns >= HAND_OVER_MS * 1000000ULL) {
		r->handed_ns = now;
		hand_over(r);
	}
	report_loss(r);
	return r->sink->tick(r->sink->arg);
}

static int steps(struct run *r)
{
	int err;

	for (;;) {
		err = step(r);
		if (err)
			return err > 0 ? 0 : err;
		if (r->opt->command) {
			/* A Ctrl-C reaches the command too; its end is ours. */
			if (stop_signal == SIGTERM)
				child_kill(&r->child, SIGTERM);
			if (child_ended(&r->child))
				return 0;
		} else if (stop_signal) {
			return 0;
		}
	}
}

/* Events that were handed over where they were made, and came last, leave no gap. */
static void look_behind(struct run *r)
{
	__u64 stats[IOAS_STAT_MAX], received = 0;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		received += r->received[cpu];
	if (maps_stats(instance_maps(r->instance), stats) || stats[IOAS_STAT_SUBMITTED] > received)
		loss_uncertain(&r->loss, 0, run_now_ns());
}

static void drain(struct run *r)
{
	if (!r->ready)
		return;
	instance_stop(r->instance);
	for (int dry = 0; dry < DRAIN_ROUNDS;)
		dry = instance_poll(r->instance, 10) > 0 ? 0 : dry + 1;
	order_flush(r->order);
	release_faults(r, true);
	hand_over(r);
	look_behind(r);
	loss_end(&r->loss);
}

int run_loop(struct run *r)
{
	int err = steps(r);

	drain(r);
	return err;
}

static void run_free(struct run *r)
{
	order_free(r->order);
	loss_free(&r->loss);
	free(r);
}

int run_begin(struct run **out, const struct run_options *opt, const struct run_sink *sink)
{
	struct order_sink ordered = { .deliver = on_event, .gap = on_gap, .late = on_late };
	struct sigaction sa = { .sa_handler = on_signal };
	struct run *r;
	int err;

	/* Before anything is attached, and a sink puts a new file in the place of one. */
	err = opt->command ? child_check(opt->command) : 0;
	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r)
		return log_err(-ENOMEM, "starting");
	r->opt = opt;
	r->sink = sink;
	r->loss.sink = sink;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* nohup(1) has said that a hangup is no end. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	ordered.arg = r;
	err = order_new(&ordered, NULL, &r->order);
	err = err ? log_err(err, "starting") : attach(r);
	if (!err && opt->command)
		err = child_start(&r->child, opt->command);
	if (err) {
		instance_close(&r->instance);
		run_free(r);
		return err;
	}
	*out = r;
	return 0;
}

int run_end(struct run **rp, int err)
{
	struct run *r = *rp;
	int status = exit_status(err);

	instance_close(&r->instance);
	/* The command is never left running behind our back. */
	if (r->child.pid > 0) {
		int child = child_wait(&r->child, &stop_signal);

		if (!err)
			status = child;
	}
	run_free(r);
	*rp = NULL;
	return status;
}

/* ---- what it was ---- */

const struct instance *run_instance(const struct run *r)
{
	return r->instance;
}

bool run_lost(const struct run *r)
{
	__u64 stats[IOAS_STAT_MAX];

	if (maps_stats(instance_maps(r->instance), stats))
		return true;
	return stats[IOAS_STAT_RING_FULL] || stats[IOAS_STAT_TOO_BIG] || r->malformed ||
	       instance_missed(r->instance);
}

__u64 run_malformed(const struct run *r)
{
	return r->malformed;
}

void run_summary(const struct run *r, struct trace_summary *sum)
{
	if (r->instance) {
		maps_stats(instance_maps(r->instance), sum->stats);
		sum->missed = instance_missed(r->instance);
		sum->memory_lost =
			sum->stats[IOAS_STAT_MEMORY_LOST] + instance_memory_missed(r->instance);
		instance_hooks(r->instance, &sum->hooks, &sum->hooks_all);
	}
	sum->seen = sum->stats[IOAS_STAT_SEEN];
	sum->submitted = sum->stats[IOAS_STAT_SUBMITTED];
	sum->dropped = sum->stats[IOAS_STAT_RING_FULL] + sum->stats[IOAS_STAT_TOO_BIG];
	for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
		sum->received += r->received[cpu];
		sum->missing += r->highest[cpu] - r->received[cpu];
	}
	sum->gaps = r->gaps;
	sum->late = r->late;
	sum->anomalies = r->malformed;
	if (r->ready)
		sum->anomalies += mirror_anomalies(r->sink->mirror(r->sink->arg))->total;
}
