/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events as lines, for people and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_TRACE_H
#define IOASCOPE_VIEW_TRACE_H

#include <ioascope/state.h>
#include <stdio.h>

#include "core/explain.h"
#include "view/json.h"
#include "view/units.h"

#define TRACE_SCHEMA 1

/* The column heads of trace_line(). */
void trace_header(FILE *out);

/*
 * One line for @ev; times are given relative to @start_ns (CLOCK_BOOTTIME). What @why
 * (may be NULL) says of it stands in lines below.
 */
void trace_line(FILE *out, const struct ioas_event *ev, __u64 start_ns,
		const struct explanation *why);

/* The columns of one line that its kind fills. */
struct trace_columns {
	char what[40];
	char where[80];
	char size[UNITS_LEN];
	char result[48];
	char latency[UNITS_LEN];
	char who[192];
};

/* A line of these, with the time, backend and IOAS of the event. */
void trace_columns(FILE *out, const struct ioas_event *ev, const struct trace_columns *c,
		   __u64 start_ns);

/* One JSON object and a newline; all numbers in bytes, pages and nanoseconds. @why may be NULL. */
void trace_json(FILE *out, const struct ioas_event *ev, const struct explanation *why);

/* What that object holds, without .schema, into an object that the caller began. */
void trace_json_members(struct json *j, const struct ioas_event *ev);

/* What a run counted, for the end of it. */
struct trace_summary {
	bool recorded; /* read from a recording: .stats, .memory_lost, .missing, .late, .hooks_all
			  do not hold */
	bool totals; /* of a recording: .seen to .gaps hold; live, .stats tells the first three */
	__u64 seen;
	__u64 submitted;
	__u64 dropped;
	__u64 ops[IOAS_OP_MAX]; /* shown or not */
	__u64 failed; /* of these */
	__u64 changes;
	__u64 faults;
	__u64 stats[IOAS_STAT_MAX];
	__u64 received; /* events that came */
	__u64 missed; /* probes skipped while already running on that CPU */
	__u64 memory_lost; /* times that it was not told what a process let go of */
	__u64 gaps; /* events that never came, by order number */
	__u64 missing; /* events that never came, by the numbers of each CPU */
	__u64 late; /* events that came after their gap was given up */
	__u64 anomalies; /* events that contradict the state */
	size_t hooks;
	size_t hooks_all;
};

/* Counts an event among .ops and .failed, .changes, or .faults. */
void trace_count(struct trace_summary *s, const struct ioas_event *ev);

void trace_summary_text(FILE *out, const struct trace_summary *s);
void trace_summary_json(FILE *out, const struct trace_summary *s);

#endif
