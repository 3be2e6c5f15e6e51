/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a check found, in the form that its reader wants: text for people, JSON
 * (docs/event-schema.md), JUnit and TAP for test runners, SARIF for what collects
 * findings of any tool.
 */
#ifndef IOASCOPE_VIEW_REPORT_H
#define IOASCOPE_VIEW_REPORT_H

#include <stdio.h>

#include "core/check.h"
#include "view/trace.h"

#define REPORT_SCHEMA 1
#define REPORT_KEPT 20 /* violations of one rule told in full by JUnit and TAP */
#define REPORT_MAX 100 /* by the others, if nothing else is asked for */

enum report_format {
	REPORT_TEXT = 0,
	REPORT_JSON = 1,
	REPORT_JUNIT = 2,
	REPORT_TAP = 3,
	REPORT_SARIF = 4,
	REPORT_FORMATS,
};

/* "text", "json", ...; and back (-EINVAL). */
const char *report_format_name(unsigned int format);
int report_format_from_name(const char *name);

struct report_options {
	enum report_format format;
	bool quiet; /* TEXT: only the summary */
	uint64_t max; /* TEXT, JSON, SARIF: violations of one rule told, others are counted; 0: all
		       */
	FILE *out; /* the caller's, must outlive the report */
	const char *version; /* of ioascope; static */
};

/* What there is to say at the end. All pointers are the caller's. */
struct report_end {
	const struct check_stats *check;
	const struct trace_summary *trace; /* ops, changes and what was lost */
	uint64_t contexts; /* seen, gone ones included */
	const char *const *doubts; /* why not all could be judged, a line each */
	size_t ndoubts;
	bool tolerated; /* doubts are no failure */
};

struct report;

/* 0 and *out, for report_free(); or -ENOMEM with *out untouched. */
int report_new(const struct report_options *options, struct report **out);

/* NULL is fine. */
void report_free(struct report *r);

/*
 * Before anything else: the severities in force (copied), and the time that
 * others are given relative to (CLOCK_BOOTTIME).
 */
void report_begin(struct report *r, const struct rule_policy *policy, uint64_t start_ns);

/* A check_options.violation; `report` is a struct report. */
void report_violation(const struct check_violation *v, void *report);

/* After the last violation. Errors of .out are for the caller to find (ferror). */
void report_finish(struct report *r, const struct report_end *end);

/* "violation", "uncertain" or "clean". */
const char *report_result(const struct report_end *end);

/* The table of rules, with the severities of `policy`. */
void report_rules_text(FILE *out, const struct rule_policy *policy);
void report_rules_json(FILE *out, const struct rule_policy *policy);

#endif
