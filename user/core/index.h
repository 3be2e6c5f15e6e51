/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Areas of a state found by what is behind them. An index is built once, in
 * O(n log n) and 40 bytes for each area, and refers to the state, which must not
 * change meanwhile. A query for k areas costs O((k + 1) log n).
 *
 * By IOVA no index is needed: areas of an IOAS are in order and lie apart.
 */
#ifndef IOASCOPE_CORE_INDEX_H
#define IOASCOPE_CORE_INDEX_H

#include "core/state.h"

enum index_by {
	INDEX_VA, /* key: process; range: addresses. Memory of processes only */
	INDEX_PAGES, /* key: number of the pages object; range: bytes in it */
	INDEX_PID, /* key: process whose memory it is; range: IOVAs */
	INDEX_UID, /* key: its user; range: IOVAs */
};

/* An area, and where it is. */
struct index_hit {
	const struct state_ctx *ctx;
	const struct state_ioas *ioas;
	const struct state_area *area;
};

struct index_item {
	__u64 start;
	__u64 last; /* inclusive */
	__u64 max_last; /* highest .last of the part of the tree that this is the root of */
	__u32 key;
	__u32 place; /* of the table of IOASes */
	__u32 area; /* in its IOAS */
};

struct index_place {
	const struct state_ctx *ctx;
	const struct state_ioas *ioas;
};

/*
 * Items by key, then start. Those of one key are a balanced tree: the root of
 * [lo, hi) is in the middle.
 */
struct index {
	struct index_item *items;
	size_t n;
	struct index_place *places;
	size_t nplaces;
};

/* Called for each hit in the order of the index; other than 0 ends the query. */
typedef int (*index_fn)(const struct index_hit *hit, void *arg);

/*
 * Builds an index of all areas; memory that is void for now (VADDR) counts by
 * the address that it had. 0 and *out, for index_free(); -ENOMEM, or -E2BIG
 * (2^32 areas in an IOAS), with *out untouched. @s is finished and stays.
 */
int index_build(const struct state *s, enum index_by by, struct index *out);

/* Frees what it owns; @x itself is the caller's. */
void index_free(struct index *x);

/*
 * Areas of @key that overlap [first, last], by start. 0, or what @fn returned.
 */
int index_find(const struct index *x, __u32 key, __u64 first, __u64 last, index_fn fn, void *arg);

/* The first key above @key, if @after, or from it on: true and *out, or false. */
bool index_next_key(const struct index *x, bool after, __u32 key, __u32 *out);

/* What item @n is. */
struct index_hit index_hit(const struct index *x, size_t n);

/* The area of @i that holds @iova, or NULL. O(log n). */
const struct state_area *index_area_at(const struct state_ioas *i, __u64 iova);

/* Number of the first area of @i that ends at @iova or behind it; .nareas if none does. */
size_t index_areas_from(const struct state_ioas *i, __u64 iova);

#define _cleanup_index_ __attribute__((cleanup(index_free)))

#endif
