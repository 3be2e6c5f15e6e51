/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the formats of a report share. Not for others. */
#ifndef IOASCOPE_VIEW_REPORT_IMPL_H
#define IOASCOPE_VIEW_REPORT_IMPL_H

#include "view/report.h"

#define AROUND_NEAR 2 /* areas shown on each side of a range */
#define AROUND_OVERLAP 8 /* areas shown of those that overlap it */
#define AROUND_COUNTED 10000 /* areas counted besides those */
#define AROUND_MAX 8 /* groups, domains, ... shown at most */

/* The violations of one rule, as text. */
struct report_kept {
	uint64_t count; /* all */
	size_t n;
	char *line[REPORT_KEPT]; /* when, where and what */
	char *text[REPORT_KEPT]; /* in full */
};

struct report {
	struct report_options opt;
	struct rule_policy policy;
	uint64_t start_ns;
	struct json json; /* SARIF: open between begin and finish */
	struct report_kept kept[RULE_COUNT]; /* JUNIT, TAP */
	uint64_t told[RULE_COUNT]; /* the others */
};

/* The state around a violation, as it is in the mirror. */
struct report_around {
	const struct mirror_ioas *ioas; /* NULL: not there (any more), or none in particular */
	const struct mirror_area *areas[2 * AROUND_NEAR + AROUND_OVERLAP]; /* by IOVA */
	size_t nareas;
	size_t more; /* that overlap and are not in .areas; AROUND_COUNTED: at least */
};

void report_around(const struct check_violation *v, struct report_around *out);

/* Whether it overlaps what the violation is about. */
bool report_overlaps(const struct check_violation *v, uint64_t iova, uint64_t last);

/* The pins of clients that overlap it, by IOVA; NULL: none (any more). */
const struct pin_range *report_pins_first(const struct check_violation *v,
					  const struct mirror_ioas *ioas);
const struct pin_range *report_pins_next(const struct check_violation *v,
					 const struct pin_range *range);

/* The event that tells who it was: the one that showed it, or the last before; NULL: none. */
const struct ioas_event *report_who(const struct check_violation *v);

/* "R-07" */
#define REPORT_ID_LEN 8
char *report_id(char buf[REPORT_ID_LEN], unsigned int rule);

/* "type1,iommufd" of bits; `buf` of at least 48 bytes. */
#define REPORT_BACKENDS_LEN 48
char *report_backends(char buf[REPORT_BACKENDS_LEN], uint32_t bits);

/* Rules of the table; those that were judged; those that are off. */
struct report_tally {
	unsigned int rules;
	unsigned int judged;
	unsigned int off;
	uint64_t times; /* judged, all together */
};

struct report_tally report_tally(const struct report *r, const struct check_stats *stats);

void report_text_violation(FILE *out, const struct check_violation *v, uint64_t start_ns);
void report_text_line(FILE *out, const struct check_violation *v, uint64_t start_ns);
void report_text_finish(struct report *r, const struct report_end *end);

void report_json_violation(struct report *r, const struct check_violation *v);
void report_json_finish(struct report *r, const struct report_end *end);

void report_junit_finish(struct report *r, const struct report_end *end);
void report_tap_finish(struct report *r, const struct report_end *end);

void report_sarif_begin(struct report *r);
void report_sarif_violation(struct report *r, const struct check_violation *v);
void report_sarif_finish(struct report *r, const struct report_end *end);

#endif
