/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A live run: an instance, its events put in order, the command that is watched,
 * and what was lost. What is done with the events is the business of a sink.
 */
#ifndef IOASCOPE_CLI_RUN_H
#define IOASCOPE_CLI_RUN_H

#include "core/mirror.h"
#include "live/instance.h"
#include "view/trace.h"

struct run;

/*
 * Events come in the order that the kernel's locks gave, some milliseconds after
 * they happened. Before each is handed over, what the hooks have counted as lost until then has
 * been told, so that the sink never takes a state for certain that is not.
 */
struct run_sink {
	/* The hooks are attached, no event has come. 0, or -errno (said) ends the run. */
	int (*attached)(const struct instance *i, void *arg);
	void (*event)(const struct ioas_event *ev, void *arg);
	/* Events of a context (0: of all) may have been lost at that time. */
	void (*uncertain)(__u32 ctx, __u64 time_ns, void *arg);
	/* Ten times a second or more. 0: go on, 1: it is enough, -errno (said). */
	int (*tick)(void *arg);
	/* The mirror that .event and .uncertain keep; asked for after .attached only. */
	const struct mirror *(*mirror)(void *arg);
	void *arg;
};

struct run_options {
	struct instance_options instance;
	char **command; /* NULL: until a signal */
};

/*
 * Attaches, or waits for the modules (which is said), and starts the command.
 * `opt` and `sink` must stay until run_end(). 0 and *out, or -errno (said) with
 * *out untouched.
 */
int run_begin(struct run **out, const struct run_options *opt, const struct run_sink *sink);

/* Hands over events until the end, and all that is left then. 0 or -errno (said). */
int run_loop(struct run *r);

/* NULL: the modules have not come. */
const struct instance *run_instance(const struct run *r);

/*
 * What was counted, into all of *sum but the ops and changes, which the sink
 * counts. If nothing was ever attached all of it is 0.
 */
void run_summary(const struct run *r, struct trace_summary *sum);

/*
 * Takes the hooks off, waits for the command and frees. The exit status: the
 * command's, or that of `err` (the result of run_loop() or what came after).
 */
int run_end(struct run **r, int err);

/* Whether events were lost so far, told or not yet. */
bool run_lost(const struct run *r);

/* Records that could not be read; .anomalies above counts them, too. */
__u64 run_malformed(const struct run *r);

/* Values of --ring and --areas: 0, or -EINVAL, -ERANGE with *o untouched. */
int run_parse_ring(const char *text, struct run_options *o);
int run_parse_areas(const char *text, struct run_options *o);

/*
 * What stands behind the options of command `name` (argv from optind on): the
 * command to watch, after a "--". 0, or EXIT_USAGE (said).
 */
int run_parse_command(const char *name, int argc, char **argv, struct run_options *o);

/* Whether nothing was asked for that only a live run can give: 0, or EXIT_USAGE (said). */
int run_check_read(const char *name, const struct run_options *o);

__u64 run_now_ns(void); /* CLOCK_BOOTTIME */

/* Whoever reads standard output may be gone (-EPIPE, not said); a full disk is said. */
int run_check_output(void);

#endif
