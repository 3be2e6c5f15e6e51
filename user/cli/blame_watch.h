/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What 'ioascope blame' keeps while events go by, and how it answers. */
#ifndef IOASCOPE_CLI_BLAME_WATCH_H
#define IOASCOPE_CLI_BLAME_WATCH_H

#include "cli/blame_options.h"
#include "core/blame.h"

struct watch {
	const struct blame_options *opt;
	struct history *history;
	struct stays *stays;
	struct stack_reader *stacks; /* NULL: not wanted */
	bool lost; /* events were, in this run */
	__u64 start_ns; /* times are printed relative to it */
	__u64 shown;
	__u64 verdicts[BLAME_VERDICTS];
	__u64 untold; /* faults of which the kernel has not said which */
	__u32 group; /* of opt->device, if .has_group */
	bool has_group;
};

/* 0, or -ENOMEM (said). */
int watch_begin(struct watch *w, const struct blame_options *opt);
void watch_end(struct watch *w);

/* Before the mirror takes the event; see history_see(). */
void watch_see(struct watch *w, const struct mirror *m, const struct ioas_event *ev,
	       uint64_t old_ns);

/* Prints a fault, if it is wanted. */
void watch_fault(struct watch *w, const struct mirror *m, const struct ioas_event *ev);

/* How many there were, after --faults. */
void watch_summary(const struct watch *w);

/* Answers the addresses that were asked for, as of @time_ns: 0, or the exit status. */
int watch_answer(struct watch *w, const struct mirror *m, __u64 time_ns);

#endif
