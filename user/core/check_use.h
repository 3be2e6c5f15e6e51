/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rules on pins, memory and charges (R-31 to R-41, R-43 to R-50, R-54)
 * keep for themselves. Part of core/check_impl.h; not for others.
 */
#ifndef CORE_CHECK_USE_H
#define CORE_CHECK_USE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/check.h"
#include "core/itree.h"
#include "core/pincount.h"
#include "core/slab.h"

struct check;
struct check_at;
struct check_ioas;

/* Two uint64_t in a text: first and last address. */
#define CHECK_RANGE "[%#" PRIx64 ", %#" PRIx64 "]"

/*
 * How long a mismatch has to stand where an op may have done its work and not
 * be told yet: its hook lies behind the lock that orders the IOAS, and between
 * the two its task may have to wait for a CPU.
 */
#define CHECK_STAND_NS 1000000000ULL

/* A mismatch at rest that is not reported yet. */
struct check_stand {
	uint64_t since_ns; /* 0: there is none */
	int64_t by; /* how much */
	bool reported;
};

/* Of an IOAS. */
struct check_use {
	struct check_access *accesses; /* their pins, as ranges: check_access.c */
	struct check_group *groups; /* how much their clients pin: check_group.c */
	bool anonymous; /* not all pins and unpins of clients say of which group */
	uint64_t pin_ns; /* when a client pinned last; 0: never */
	bool let_go; /* pins were taken back for an unmap (bundled) */
	bool hardware_pins; /* a device of a hardware group pins as a client */
	bool readonly_pins; /* a client pins where an area is only read */
	uint64_t leaked; /* pins that were reported to be left */
	uint64_t void_ns; /* when addresses became void last; 0: never */
	uint64_t void_pin_ns; /* a pin of void addresses was told then; 0: none */
	uint64_t void_iova; /* its range */
	uint64_t void_last;
	bool dmabuf; /* one was mapped */
	int64_t charged; /* pages, all owners, modulo 2^64 */
	int64_t forgotten; /* of these, charged to an mm that was gone when it was left */
	struct check_stand unpinned; /* R-40 */
	struct check_stand unbalanced; /* R-48 */
};

/* Of the checker. All zero is empty. */
struct check_ledger {
	struct check_balance *balances; /* ops with pins that are not charged: check_balance.c */
	size_t nbalances; /* pages objects in them */
	struct check_space *spaces; /* memory of processes: check_double.c */
	struct check_memory *memory; /* of all spaces, by what it is the memory of */
	struct slab nodes; /* of the spaces */
};

/* Frees what the ledger holds. */
void check_use_free(struct check *c);

/* Frees what is kept of an IOAS, and of an op, that is forgotten. */
void check_use_drop_ioas(struct check *c, struct check_ioas *mine);
void check_use_drop_op(struct check *c, uint64_t number);

/* ---- check_void.c: R-36, R-38 ---- */

void check_void_before(struct check_at *at);
void check_void_op(struct check_at *at);

/* ---- check_access.c: accesses that unpin exactly what they pinned ---- */

/* A pin of pages that `refs` times more; the mirror has not taken it yet. */
void check_access_pin(struct check_at *at, uint32_t access, uint64_t start, uint64_t last,
		      uint64_t refs);

/*
 * An unpin of that range: 0, and it is taken out; -ENOENT if no pin has it; or
 * -ENODATA if not all pins of the access are known as ranges. In the last two
 * cases its ranges are forgotten. The mirror has not taken it yet.
 */
int check_access_unpin(struct check_at *at, uint32_t access, uint64_t start, uint64_t last,
		       uint64_t refs);

/* It leaves the IOAS. */
void check_access_drop(struct check_at *at, uint32_t access);

void check_access_free(struct check *c, struct check_use *use);

/* ---- check_group.c: how much the client of a group pins ---- */

/* A pin (refs > 0) or unpin of a client, in references of pages. */
void check_group_add(struct check_at *at, const struct ioas_area_body *body, int64_t refs);

/* A group leaves: what its client has pinned and not unpinned. 0 also where it is not known. */
uint64_t check_group_take(struct check_at *at, uint32_t number);

void check_group_free(struct check *c, struct check_use *use);

/* ---- check_balance.c: what an op pins of a pages object, and charges for it ---- */

/* What an op has pinned and not charged, or the other way round (< 0). */
struct check_balance_left {
	uint32_t pages_id;
	int64_t pages;
};

/*
 * Adds pages that the op of a change pinned, or, negative, charged. If that
 * cannot be kept, the op is partial from here on.
 */
void check_balance_add(struct check_at *at, uint32_t pages_id, int64_t pages);

/* Takes one that is left out of the books of the op at hand: whether there was one. */
bool check_balance_take(struct check_at *at, struct check_balance_left *out);

/* A charge of the op to somebody else than the owner; the last one is kept. */
void check_balance_foreign(struct check_at *at, uint32_t pages_id, uint32_t owner);

/* Whether there was one. */
bool check_balance_had_foreign(struct check_at *at, uint32_t *pages_id, uint32_t *owner);

void check_balance_drop(struct check *c, uint64_t number);
void check_balance_free(struct check *c);

/* ---- check_double.c: R-54 ---- */

void check_double_before(struct check_at *at);
void check_double_after(struct check_at *at);
void check_double_free(struct check *c);

/* ---- check_stand.c ---- */

/*
 * A mismatch of `by` (not 0) at rest: whether it stands long enough to be
 * reported, once. `at_once`: nothing but a broken promise can explain it.
 */
bool check_stands(struct check_at *at, struct check_stand *stand, int64_t by, bool at_once);

/* There is none (any more). */
static inline void check_stand_clear(struct check_stand *stand)
{
	*stand = (struct check_stand){ .since_ns = 0 };
}

/* ---- what several of them ask ---- */

/* A range of whole pages. */
struct check_run {
	uint64_t start;
	uint64_t last;
	uint64_t refs;
};

/* What a client pins or unpins: all pages that it touches. */
struct check_run check_run_of(const struct ioas_area_body *body);

/*
 * Pages of the range with fewer than run.refs pins; *out is the first run of them,
 * if there are any. O(log n + ranges in it).
 */
uint64_t check_pins_missing(const struct pincount *pins, struct check_run run,
			    struct check_run *out);

/* Pages of the range with pins; *out is the first run of them, if there are any. */
uint64_t check_pins_held(const struct pincount *pins, struct check_run run, struct check_run *out);

/* The pages object of an event: NULL if it is not held, or not known but by its number. */
const struct mirror_pages *check_pages_known(const struct check_at *at, uint32_t pages_id);

#endif
