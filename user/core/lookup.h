/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which areas an address, a pages object or an owner has, translated both ways. */
#ifndef IOASCOPE_CORE_LOOKUP_H
#define IOASCOPE_CORE_LOOKUP_H

#include "core/index.h"

enum lookup_by {
	LOOKUP_IOVA,
	LOOKUP_VA,
	LOOKUP_PAGES,
	LOOKUP_PID,
	LOOKUP_UID,
	LOOKUP_KINDS,
};

struct lookup_query {
	enum lookup_by by;
	__u64 value; /* address, or number */
	__u32 ioas; /* only in this IOAS; 0: in all */
	__u32 pid; /* VA: only in this process; 0: in all */
};

struct lookup_hit {
	struct index_hit at;
	__u64 iova; /* the address, or where the area begins if none was asked for */
	__u64 va; /* the same byte in the process; of a file or dma-buf the offset */
	int pinned; /* that page, or all of the area, for whomever: 1, 0, -1: not known, or in part
		     */
};

typedef int (*lookup_fn)(const struct lookup_hit *hit, void *arg);

/* The indexes that queries have needed so far. All zero: none. */
struct lookup {
	const struct state *state;
	struct index index[LOOKUP_KINDS];
	bool built[LOOKUP_KINDS];
};

/*
 * Calls @fn for each hit, by context and IOAS (IOVA), or by process and address.
 * The first query of a kind builds its index. 0, -ENOMEM, or what @fn returned
 * other than 0, which ends the query.
 */
int lookup(struct lookup *l, const struct lookup_query *q, lookup_fn fn, void *arg);

void lookup_free(struct lookup *l);

#define _cleanup_lookup_ __attribute__((cleanup(lookup_free)))

#endif
