/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the checker share. check.c takes events and keeps the
 * books; a family of rules is a file of its own (check_area.c, check_unmap.c,
 * ...) with up to four entry points:
 *
 *   check_FAMILY_before   a change, the mirror has not taken it yet
 *   check_FAMILY_after    a change, the mirror has taken it (.rc says how)
 *   check_FAMILY_op       an op's own event; all its changes have come before
 *   check_FAMILY_rest     an IOAS in which no op is half told: each op that has
 *                         changed something there has been told as well
 *
 * Not for others.
 */
#ifndef CORE_CHECK_IMPL_H
#define CORE_CHECK_IMPL_H

#include "core/check.h"
#include "core/event.h"
#include "core/hash.h"

/* What an op has done so far, from its first change to its own event. */
struct check_op {
	uint64_t number;
	uint32_t ctx;
	uint32_t ioas; /* of its first change that had one */
	uint32_t tid;
	uint64_t first_ns; /* of its first change */
	uint64_t last_ns; /* of its last change so far */
	bool partial; /* it began before we looked, or something of it was lost: no verdict */
	bool pending; /* it counts in its IOAS's .pending */
	/* areas */
	uint32_t added;
	uint64_t added_iova; /* of the first area that it added, and ... */
	uint64_t added_last; /* ... the last */
	uint64_t added_bytes;
	uint32_t removed; /* areas gone, without those that it added itself */
	uint64_t removed_bytes;
	uint32_t undone; /* areas that it had added itself and took back */
	uint64_t removed_first; /* lowest and highest address that went */
	uint64_t removed_last;
	bool removed_descending; /* an area went after one that lies higher */
	uint32_t splits;
	/* what was there when it removed its first area */
	bool had; /* the three below hold */
	uint64_t had_bytes; /* all areas of the IOAS */
	uint64_t expected_bytes; /* what the mode says will go, judged at that moment */
	bool expected_known;
	/* pins and charges */
	int64_t pinned; /* pages, of areas and pages objects, signed */
	int64_t charged; /* pages, signed */
	int64_t access_pins; /* pages that clients pinned less those they unpinned */
	uint32_t attached; /* groups, domains, devices, accesses */
	uint32_t detached;
	struct check_ranges *ranges; /* valid ranges before it touched them; NULL: it did not */
	UT_hash_handle hh;
};

/* A set of disjoint ranges in order, as a copy. */
struct check_range {
	uint64_t iova;
	uint64_t last;
};

struct check_ranges {
	size_t count;
	struct check_range at[];
};

/* Unmaps that succeeded and removed less than was asked for, lately. */
#define CHECK_STALE_KEPT 32

/* What the checker knows of an IOAS beyond the mirror. */
struct check_ioas {
	uint32_t id;
	uint32_t ctx;
	uint32_t pending; /* ops that have changed something and are not told yet */
	bool shaken; /* a change of no op, or of an op that was not told: no verdict at rest */
	uint64_t changed_ns; /* of the last change of an area, and ... */
	uint64_t changed_by; /* ... by which op; 0: none */
	uint64_t other_ns; /* of the last change by another op than .changed_by */
	uint64_t unqueried_ns; /* of an attach or detach after which nobody asked; 0: none */
	uint32_t unqueried_op; /* enum ioas_op of it */
	int64_t entries; /* areas plus entries left, when last told; -1: never */
	bool had_hardware; /* since the last rest */
	uint64_t born_ns;
	unsigned int nstale;
	struct check_range stale[CHECK_STALE_KEPT];
	UT_hash_handle hh;
};

struct check_ctx {
	uint32_t id;
	uint64_t next_order; /* 0: not known yet */
	bool uncertain_counted;
	uint64_t uncertain_since; /* 0: certain */
	bool adopted;
	struct ioas_event *history; /* ring of .size events */
	size_t history_size;
	uint64_t history_count; /* ever */
	UT_hash_handle hh;
};

struct check {
	struct ioas_alloc alloc;
	struct rule_policy policy;
	void (*violation)(const struct check_violation *v, void *arg);
	void *arg;
	size_t history;
	struct mirror *mirror;
	struct check_op *ops;
	struct check_ioas *ioases;
	struct check_ctx *ctxs;
	uint64_t begin_ns;
	bool keyframe; /* what comes now is state */
	struct check_stats stats;
};

/* One event on its way through the rules. Pointers may be NULL where there is none. */
struct check_at {
	struct check *c;
	const struct ioas_event *ev;
	const struct mirror_ctx *ctx; /* before: as it was; after: as it is; NULL: gone */
	const struct mirror_ioas *ioas;
	struct check_ctx *my_ctx;
	struct check_ioas *mine;
	struct check_op *op; /* NULL: the event names none, or no memory */
	int rc; /* of mirror_apply(), after */
};

/*
 * Whether `rule` may be judged here: it is for this backend, the context is
 * certain. Counts it as judged. To be called once for each thing that a rule is
 * held against, also where it holds.
 */
bool check_judge(struct check_at *at, enum rule_id rule);

/* As check_judge(), and the IOAS was not there before we looked. */
bool check_judge_whole(struct check_at *at, enum rule_id rule);

/* A violation of the event (op or change) at hand, with the range it is about (NULL: none). */
void check_fail(struct check_at *at, enum rule_id rule, const struct check_range *range,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whether another op has changed areas of the IOAS since `since_ns`. */
bool check_raced(const struct check_at *at, uint64_t since_ns);

/* When the op whose event this is began, CLOCK_BOOTTIME. */
static inline uint64_t check_op_start(const struct ioas_event *ev)
{
	return ev->time_ns - ev->body_op.latency_ns;
}

/* A copy of the valid ranges, or for iommufd of the gaps between reserved ones; NULL: no memory. */
struct check_ranges *check_ranges_copy(struct check *c, const struct mirror_ioas *ioas);

/* Whether all of `a` lies in `b`. */
bool check_ranges_inside(const struct check_ranges *a, const struct check_ranges *b);

/* ---- the families ---- */

/* where areas and ranges may be. */
void check_area_before(struct check_at *at);
void check_area_after(struct check_at *at);

/* what an unmap removes and says. */
void check_unmap_before(struct check_at *at);
void check_unmap_op(struct check_at *at);

/* what other ops do and answer. */
void check_answer_before(struct check_at *at);
void check_answer_op(struct check_at *at);

/* users that come and go, and what it does to ranges. */
void check_attach_before(struct check_at *at);
void check_attach_after(struct check_at *at);
void check_attach_op(struct check_at *at);
void check_attach_rest(struct check_at *at);

/* pins of clients. */
void check_pin_before(struct check_at *at);
void check_pin_after(struct check_at *at);
void check_pin_op(struct check_at *at);

/* memory and the domains that map it. */
void check_pages_before(struct check_at *at);
void check_pages_after(struct check_at *at);
void check_pages_rest(struct check_at *at);

/* who pays. */
void check_charge_before(struct check_at *at);
void check_charge_after(struct check_at *at);
void check_charge_op(struct check_at *at);
void check_charge_rest(struct check_at *at);

/* ends. */
void check_end_before(struct check_at *at);

/* the events themselves. */
void check_stream_before(struct check_at *at);
void check_stream_after(struct check_at *at);
void check_stream_op(struct check_at *at);

#endif
