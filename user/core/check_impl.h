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
#include "core/check_ranges.h"
#include "core/check_use.h"
#include "core/event.h"
#include "core/hash.h"

/* op.cmd of a VFIO container's ioctls, which iommufd answers too: linux/vfio.h. */
#define CHECK_VFIO_GET_INFO 0x3b70
#define CHECK_VFIO_UNMAP 0x3b72

/* Ops in flight that are remembered; the oldest is given up for a new one. */
#define CHECK_OPS_MAX 65536

/* IOASes in which one op may change something and still be followed. */
#define CHECK_OP_IOASES 4

/* Ops told lately, of each context. */
#define CHECK_TOLD_KEPT 16

/* Unmaps that succeeded and left areas of what was asked for, lately. */
#define CHECK_STALE_KEPT 32

/*
 * What an op has done so far, from its first change to its own event. _before
 * sees it without the change at hand, _after with it. An op that changed nothing
 * has one of zeros.
 */
struct check_op {
	uint64_t number;
	uint32_t ctx;
	uint32_t ioas; /* of its first change that had one */
	uint32_t tid;
	uint64_t first_ns; /* of its first change */
	uint64_t last_ns; /* of its last change so far */
	bool partial; /* it began before we looked, or something of it was lost: no verdict */
	bool hardware; /* a user that pins all, or its device, has come or gone */
	uint32_t foreign_ctx; /* of a change elsewhere than in .ctx; 0: none */
	uint32_t foreign_tid; /* of a change by another task than .tid; 0: none */
	uint32_t pending[CHECK_OP_IOASES]; /* it counts in the .pending of these IOASes */
	unsigned int npending;
	/* areas */
	uint32_t added;
	uint64_t added_iova; /* of the first area that it added ... */
	uint64_t added_last; /* ... the last */
	uint64_t added_va;
	uint32_t added_prot;
	bool added_file; /* .added_va is no address of a process */
	uint64_t added_bytes;
	uint32_t removed; /* areas gone, without those that it added itself */
	uint64_t removed_bytes;
	uint32_t undone; /* areas that it had added itself and took back */
	uint64_t undone_bytes;
	uint64_t removed_ns; /* when the first went */
	uint64_t removed_first; /* lowest and highest address that went */
	uint64_t removed_last;
	uint64_t removed_start; /* highest first address of an area that went */
	bool removed_descending; /* an area went after one that lies higher */
	uint32_t splits;
	struct check_range split; /* the area that it split first, as it was */
	struct check_range vaddr; /* what was renewed without being void, if .vaddr_bad */
	bool vaddr_bad;
	/* pins and charges */
	int64_t pinned; /* pages, of areas and pages objects, signed */
	int64_t charged; /* pages, signed */
	int64_t access_pins; /* pages that clients pinned less those they unpinned */
	uint32_t attached; /* groups, domains, devices, accesses */
	uint32_t detached;
	struct check_ranges *ranges; /* valid ranges before it touched them; NULL: it did not */
	uint32_t ranges_ioas; /* whose */
	UT_hash_handle hh;
};

/* Who has changed something last, and who before. */
struct check_last {
	uint64_t ns; /* of the last change ... */
	uint64_t by; /* ... by which op; 0: none */
	uint64_t other_ns; /* of the last change by another op than .by */
};

/* An unmap that succeeded and left something there. */
struct check_stale {
	struct check_range range; /* that was asked for */
	uint64_t start_ns; /* when it began: areas from before were there */
	uint64_t time_ns; /* when it ended: its program believes since then */
};

/* Areas and entries left, as told once. See check_answer.c for when that can be trusted. */
struct check_entries {
	uint64_t op; /* that told it; 0: there is none to look at */
	uint64_t time_ns;
	int64_t sum;
	bool told; /* .op has ended, and nobody was between */
	bool settled; /* an op that began later has changed areas */
};

/* What the checker knows of an IOAS beyond the mirror. */
struct check_ioas {
	uint32_t id;
	uint32_t pending; /* ops that have changed something and are not told yet */
	uint32_t ranging; /* of these, those that have changed ranges */
	bool shaken; /* a change of no op, or of an op that was not told: no verdict at rest */
	bool asked; /* its ranges were asked for, or something was mapped */
	uint64_t small_ns; /* when pages became small; UINT64_MAX: they were large again */
	struct check_last areas;
	struct check_last ranges;
	struct check_last users; /* attaches and detaches */
	uint64_t unqueried_ns; /* of an attach or detach after which nobody asked; 0: none */
	uint32_t unqueried_op; /* enum ioas_op of it */
	int64_t entries; /* areas plus entries left; -1: not known */
	struct check_entries sample;
	uint64_t nstale; /* ever; number i is in slot i % CHECK_STALE_KEPT */
	struct check_stale stale[CHECK_STALE_KEPT];
	struct check_use use;
	struct check_ioas *next; /* of the same context */
	struct check_ioas **self; /* what points to this one, in that list */
	UT_hash_handle hh;
};

struct check_ctx {
	uint32_t id;
	uint64_t first_ns; /* of its first event */
	uint64_t next_order; /* 0: not known yet */
	uint64_t uncertain_since; /* 0: certain */
	bool adopted;
	bool shaken; /* as of an IOAS, for what IOASes share */
	struct check_last changes; /* of whatever is in it */
	uint32_t pending; /* ops that have changed something and are not told yet */
	uint64_t told[CHECK_TOLD_KEPT]; /* ring of op numbers */
	uint64_t ntold; /* ever */
	struct check_ioas *ioases;
	struct ioas_event *history; /* ring of .history_size events */
	size_t history_size;
	uint64_t history_count; /* ever */
	UT_hash_handle hh;
};

struct check {
	struct ioas_alloc alloc;
	struct rule_policy policy;
	void (*violation)(const struct check_violation *v, void *arg);
	void *arg;
	size_t history; /* events of each context, at most */
	struct mirror *mirror;
	struct check_op *ops; /* oldest first */
	struct check_ioas *ioases;
	struct check_ctx *ctxs;
	uint64_t begin_ns;
	uint64_t given_up; /* highest number of an op that was given up */
	uint64_t came; /* events, but for those that the reader made itself */
	uint64_t gone; /* contexts that went while they were certain */
	uint64_t reported; /* violations */
	struct check_ledger ledger;
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
	struct check_op *op; /* NULL: the event names none, or no memory; never NULL in _op */
	int rc; /* of mirror_apply(), after; below 0: the state is not what the event says */
	unsigned int failed; /* violations that this event has shown */
};

/*
 * Whether `rule` may be judged here: it is for this backend, the context is
 * certain (before this event), the op is whole. Counts it as judged. To be called once for each
 * thing that a rule is held against, also where it holds.
 */
bool check_judge(struct check_at *at, enum rule_id rule);

/* As check_judge(), and the IOAS was not there before we looked. */
bool check_judge_whole(struct check_at *at, enum rule_id rule);

/* A violation of the event (op or change) at hand, with the range it is about (NULL: none). */
void check_fail(struct check_at *at, enum rule_id rule, const struct check_range *range,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whether another op than `op` was at it since `since_ns`. */
bool check_others(const struct check_last *last, uint64_t op, uint64_t since_ns);

/* Whether another op than the event's has changed areas of the IOAS since `since_ns`. */
bool check_raced(const struct check_at *at, uint64_t since_ns);

/* The range of an event: 0, or -ENOENT if it has none. */
int check_range_of(const struct ioas_event *ev, struct check_range *out);

/* ---- the books (check_books.c) ---- */

struct check_ctx *check_find_ctx(struct check *c, uint32_t id);
struct check_ioas *check_find_ioas(struct check *c, uint32_t id);
struct check_op *check_find_op(struct check *c, uint64_t number);

/* As above, and new if there is none. NULL: no memory, which is counted. */
struct check_ctx *check_get_ctx(struct check *c, const struct ioas_event *ev);
struct check_ioas *check_get_ioas(struct check_at *at);

/* The op of a change; NULL: it has none that can still be told, or there is no memory. */
struct check_op *check_get_op(struct check_at *at);

/* What is known of them is forgotten. Those of a context: its IOASes and ops as well. */
void check_drop_ctx(struct check *c, struct check_ctx *my);
void check_drop_ioas(struct check *c, struct check_ioas *mine);
void check_drop_op(struct check *c, struct check_op *op);

/* The op is told: it is pending nowhere any more. */
void check_settle_op(struct check *c, struct check_op *op);

/* Takes a change into the books. The mirror has not taken it yet. */
void check_book(struct check_at *at);

/* The context is uncertain from time_ns on, or from earlier: no verdict any more. */
void check_doubt(struct check *c, struct check_ctx *my, uint64_t time_ns);

/* Something could not be kept, so that the context cannot be judged any more. */
void check_no_memory(struct check_at *at);

/* ---- history (check_history.c) ---- */

/* Keeps a copy of the event to show it with a later violation. */
void check_remember(struct check *c, struct check_ctx *my, const struct ioas_event *ev);
void check_forget(struct check *c, struct check_ctx *my);

/*
 * Fills v->history: events that meet the range, or if there is none the last ones
 * of the IOAS; v->event, .ctx, .ioas and the range are set. `my` may be NULL.
 */
void check_pick_history(const struct check_ctx *my, struct check_violation *v);

/* ---- the families ---- */

/* where areas and ranges may be. */
void check_area_before(struct check_at *at);
void check_area_op(struct check_at *at);

/* what an unmap removes and says. */
void check_unmap_before(struct check_at *at);
void check_unmap_op(struct check_at *at);

/* what other ops do and answer. */
void check_answer_before(struct check_at *at);
void check_answer_after(struct check_at *at);
void check_answer_op(struct check_at *at);
void check_answer_rest(struct check_at *at);

/* what a map or copy leaves. */
void check_map_op(struct check_at *at);

/* users that come and go, and what it does to ranges. */
void check_attach_before(struct check_at *at);
void check_attach_op(struct check_at *at);

/* pins of clients. */
void check_pin_before(struct check_at *at);
void check_pin_op(struct check_at *at);

/* memory and the domains that map it. */
void check_pages_before(struct check_at *at);
void check_pages_after(struct check_at *at);
void check_pages_op(struct check_at *at);
void check_pages_rest(struct check_at *at);

/* who pays. */
void check_charge_before(struct check_at *at);
void check_charge_after(struct check_at *at);
void check_charge_op(struct check_at *at);
void check_charge_rest(struct check_at *at);

/* what a change says of its object is what was told of it. Where no other has failed. */
void check_known_before(struct check_at *at);

/* ends. */
void check_end_before(struct check_at *at);

/*
 * the events themselves. check_stream_order() says whether the
 * event may be taken; _after comes last, when the others have explained theirs.
 */
bool check_stream_order(struct check_at *at);
void check_stream_before(struct check_at *at);
void check_stream_after(struct check_at *at);
void check_stream_op(struct check_at *at);

#endif
