/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the history share. Not for others.
 *
 *   history.c        what events do to it
 *   history_index.c  mappings that went: kept, found, forgotten
 *   history_who.c    who did it
 */
#ifndef CORE_HISTORY_IMPL_H
#define CORE_HISTORY_IMPL_H

#include "core/dtree.h"
#include "core/hash.h"
#include "core/history.h"
#include "core/slab.h"

#define HISTORY_LEVELS 65 /* blocks of 2^0 to 2^64 bytes */
#define HISTORY_BLOCKS_EACH 8 /* of a mapping, on average, at most */

struct who_slot {
	struct history_who who; /* the key, and first */
	size_t refs;
	UT_hash_handle hh;
};

/*
 * A mapping lies in the index as the aligned blocks that it is made of: so what
 * covers an address is found by one key for each size of block.
 */
struct block {
	struct avl_node node; /* by level, start, time, sequence */
	struct gone *gone;
	struct block *next; /* of the same mapping */
	uint64_t start;
	uint32_t level;
};

struct gone {
	struct history_mapping m;
	uint64_t key_ns; /* .gone_ns, but never before that of the one that went earlier */
	uint64_t sequence;
	struct gone *older;
	struct gone *newer;
	struct block *blocks;
};

/* Of an area that is there. */
struct born {
	struct dtree_node node;
	struct who_slot *mapped_by;
	struct who_slot *going_by;
	uint64_t going_ns;
	uint8_t what; /* enum ioas_op */
};

struct history_ioas {
	uint32_t id;
	struct history_reach reach; /* but .kept */
	struct dtree born;
	struct gone *oldest;
	struct gone *newest;
	size_t count;
	uint64_t sequence;
	struct avl_node *root; /* of blocks */
	size_t nblocks;
	size_t level[HISTORY_LEVELS]; /* blocks of each */
	struct itree_node node; /* [id, id] */
	struct history_ioas *next_gone;
};

struct history {
	struct ioas_alloc alloc;
	size_t kept;
	bool no_births;
	struct itree ioases;
	struct history_ioas *first_gone; /* IOASes that are gone, the one that went first */
	struct history_ioas *last_gone;
	size_t ngone;
	struct slab gones;
	struct slab blocks;
	struct slab borns;
	struct who_slot *whos;
};

/* ---- history_who.c ---- */

/* Whoever ran the event, counted once more; NULL: nobody is known, or no memory. */
struct who_slot *history_who_get(struct history *h, const struct ioas_event *ev);

/* The same once more, and once less; NULL is fine. */
struct who_slot *history_who_share(struct who_slot *who);
void history_who_put(struct history *h, struct who_slot *who);

/* ---- history_index.c ---- */

/*
 * Takes in what went, with the references that it holds, as the newest. What is too
 * much is forgotten. False: no memory, and it is as if it were forgotten at once.
 */
bool history_keep(struct history *h, struct history_ioas *ioas, const struct history_mapping *m);

/* Forgets all. */
void history_forget_all(struct history *h, struct history_ioas *ioas);

struct history_ioas *history_find(const struct history *h, uint32_t id);

#endif
