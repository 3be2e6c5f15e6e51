/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checker: a mirror, and the rules (docs/rules.md) that each event and the
 * state around it are held against.
 *
 * Events go in one by one, those of a context in the sequence of their order
 * numbers. A *violation* is a rule that does not hold. On state that may be
 * wrong no verdict is given: a context that is *uncertain* (core/mirror.h) gets
 * none from that time on, and neither does an IOAS that was there before we
 * looked, where a rule needs what was then. What depends on an op is judged
 * when its event comes, which is after its changes; rules of a state at rest are
 * judged when no op of that IOAS is half told.
 *
 * The cost of an event is O(log n) plus what it touches. Not locked.
 */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/alloc.h"
#include "core/mirror.h"
#include "core/rules.h"
#include "ioascope/event.h"

#define CHECK_TEXT 256
#define CHECK_HISTORY 12 /* ops and changes shown with a violation, at most */

struct check;

/* Valid during the call of .violation only. */
struct check_violation {
	enum rule_id rule;
	enum rule_severity severity; /* never RULE_OFF */
	uint64_t number; /* of the violation in this run, from 1 */
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	const struct ioas_event *event; /* that showed it; NULL: the end of the events */
	uint32_t ctx; /* 0: none in particular */
	uint32_t ioas; /* 0: none in particular */
	uint8_t backend;
	bool has_range;
	uint64_t iova; /* what it is about, if .has_range */
	uint64_t last;
	const char *text; /* one line: what was found and what was promised */
	const struct ioas_event *history[CHECK_HISTORY]; /* what led there, oldest first */
	size_t nhistory;
	const struct mirror *mirror; /* the state; a change that cannot be is not in it yet */
};

/* How unmaps were asked, against what was there (semantics: exact and inexact unmap). */
enum check_unmap_class {
	CHECK_UNMAP_EXACT, /* the range of one area */
	CHECK_UNMAP_SUPERSET, /* whole areas, and more */
	CHECK_UNMAP_SUBSET, /* inside one area */
	CHECK_UNMAP_BISECT, /* cuts an area at one end or at both, and is not inside one */
	CHECK_UNMAP_EMPTY, /* nothing was there */
	CHECK_UNMAP_ALL, /* asked as "all" */
	CHECK_UNMAP_CLASSES,
};

struct check_stats {
	uint64_t events;
	uint64_t violations[RULE_COUNT]; /* also those of rules that are off */
	uint64_t by_severity[RULE_SEVERITIES]; /* not those of rules that are off */
	uint64_t judged[RULE_COUNT]; /* times a rule was held against something */
	uint64_t unmaps[CHECK_UNMAP_CLASSES];
	uint64_t unjudged; /* ops and changes without a verdict: uncertain or older than the events
			    */
	uint64_t uncertain_contexts; /* that became uncertain, gone ones included */
	uint64_t uncertain_since; /* the earliest time of these; 0: none */
	uint64_t all_since; /* from when events of any context may be missing; 0: of none */
	uint64_t adopted_contexts; /* that were there before the events began */
	uint64_t no_memory; /* times that something was not judged for want of memory */
	uint64_t history_dropped; /* events that no violation can show any more */
	uint64_t areas_split; /* areas that became two, and ... */
	uint64_t areas_added;
	uint64_t areas_removed;
};

struct check_options {
	const struct rule_policy *policy; /* copied; NULL: rules_default_policy() */
	const struct ioas_alloc *alloc; /* copied; NULL: the heap */
	void (*violation)(const struct check_violation *v, void *arg); /* NULL: only counted */
	void *arg;
	size_t history; /* events remembered in each context; 0: 256 */
};

/* 0 and *out, for check_free(); or -ENOMEM with *out untouched. NULL options: defaults. */
int check_new(const struct check_options *options, struct check **out);

/* NULL is fine. */
void check_free(struct check *c);

/*
 * Takes one event that has passed ioas_event_check(), applies it to the mirror
 * and judges. 0, or what mirror_apply() returned; the checker goes on in any case.
 */
int check_event(struct check *c, const struct ioas_event *ev);

/*
 * Takes one event of a keyframe: state, not news. Only what a state at rest
 * promises is judged (overlaps, alignment, ranges).
 */
int check_keyframe(struct check *c, const struct ioas_event *ev);

/* What was there when the events began is known from here: no op that began before is judged. */
void check_begin(struct check *c, uint64_t time_ns);

/* Events of a context (0: of all) may have been lost. */
void check_uncertain(struct check *c, uint32_t ctx, uint64_t time_ns);

/*
 * No more events. `submitted` is how many were handed over where they were made
 * (UINT64_MAX: not known): if more than came, all is uncertain. Ends what is
 * half told without a verdict.
 */
void check_finish(struct check *c, uint64_t submitted, uint64_t time_ns);

const struct mirror *check_mirror(const struct check *c);
const struct check_stats *check_stats(const struct check *c);

/* "exact", "superset", ...; NULL: no such class. */
const char *check_unmap_name(unsigned int class);

#endif
