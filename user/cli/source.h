/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a command that looks at state takes it from: a recording, or what is live. */
#ifndef IOASCOPE_CLI_SOURCE_H
#define IOASCOPE_CLI_SOURCE_H

#include <getopt.h>

#include "core/recording.h"
#include "core/state.h"

enum source_live {
	SOURCE_AUTO,
	SOURCE_EVENTS,
	SOURCE_KERNEL,
};

/* All zero: live, the best that there is. */
struct source {
	const char *file; /* a recording; NULL: live */
	const char *at; /* a time of it, as its user wrote it; NULL: the end */
	enum source_live live;
	bool live_set; /* the user chose */
	bool numbered; /* IOASes are asked for by number: those of the trace, where there is one */
	bool users; /* who uses IOASes matters: what a trace does not keep of it, a walk tells */
};

/* Lines of the help text. */
#define SOURCE_HELP                                                                                \
	"  -r, --read FILE    what 'ioascope record' wrote, not what is now\n"                     \
	"      --at TIME      of FILE: seconds since its start, as 'trace -r' prints them;\n"      \
	"                     -3: before its end; 123ns: CLOCK_BOOTTIME\n"                         \
	"      --from SOURCE  events: the state of a running trace\n"                              \
	"                     kernel: walk the kernel's lists\n"                                   \
	"                     auto: the first if it is complete (default)\n"

/* Rows for getopt_long() with "r:v" among the letters. */
enum {
	SOURCE_OPT_AT = 512,
	SOURCE_OPT_FROM,
};

/* clang-format off */
#define SOURCE_OPTIONS                                                                             \
	{ "read", required_argument, NULL, 'r' },                                                  \
	{ "at", required_argument, NULL, SOURCE_OPT_AT },                                          \
	{ "from", required_argument, NULL, SOURCE_OPT_FROM },                                      \
	{ "verbose", no_argument, NULL, 'v' }
/* clang-format on */

/* Takes one of them: 0, 1 if @c is not one of these, -EINVAL for a bad value. */
int source_option(struct source *s, int c, const char *value);

/* Whether what was given goes together: 0, or the exit status (said). */
int source_check(const struct source *s, const char *command);

/*
 * The state, finished, in *out for state_clear(). 0, or -errno (said) with *out
 * untouched. *status becomes EXIT_RUNTIME (said) if a recording is damaged and
 * *out is what could be read of it; otherwise it is left alone. *start_ns, if
 * not NULL, is what times are printed relative to: 0 if live.
 */
int source_take(const struct source *s, struct state *out, __u64 *start_ns, int *status);

/* The moment of a recording that was asked for, in *out: 0, or -errno (said). */
int source_time(const struct source *s, struct recording *r, __u64 *out);

/* How the recording ended, after recording_mirror() or recording_watch(): as source_take(). */
int source_end(const struct source *s, struct recording *r, int *status);

/* Says on stderr which contexts of the state are uncertain. */
void source_warn_uncertain(const struct state *s);

#endif
