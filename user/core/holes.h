/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an IOAS does not map, or maps and does not pin. */
#ifndef IOASCOPE_CORE_HOLES_H
#define IOASCOPE_CORE_HOLES_H

#include "core/state.h"

enum hole_kind {
	HOLE_GAP, /* between two areas */
	HOLE_UNPINNED, /* mapped, and no client holds the pages */
	HOLE_RESERVED, /* no area may be there */
	HOLE_ALLOWED, /* the kernel may choose addresses there, and nothing is mapped */
	HOLE_VALID, /* areas may be there, and none is */
	HOLE_KINDS,
};

#define HOLE_BIT(kind) (1U << (kind))

struct hole {
	enum hole_kind kind;
	__u64 iova;
	__u64 last; /* inclusive */
	/*
	 * UNPINNED: pages of it that are not pinned. If .exact is not set, it is not
	 * known which ones (the range is the area), and -1: nor how many.
	 */
	__s64 pages;
	bool exact;
	__u32 owner; /* RESERVED: the domain or device that asks for it; 0: not known */
};

struct holes_totals {
	__u64 count[HOLE_KINDS];
	/*
	 * Each address once, and of UNPINNED what is known not to be pinned;
	 * UINT64_MAX also stands for 2^64.
	 */
	__u64 bytes[HOLE_KINDS];
	__u64 unknown; /* areas of which it is not known how much is pinned */
};

typedef int (*hole_fn)(const struct hole *hole, void *arg);

/* The name of a kind: "gap", ... */
const char *hole_name(enum hole_kind kind);

/*
 * Calls @fn for each hole of @i of the @kinds (bits), by kind, then IOVA, and
 * counts all of them in *totals, which starts empty. @fn may be NULL. 0, or what
 * @fn returned other than 0, which ends it. Needs state_finish().
 * O(areas + pin ranges + ranges * log(areas) + holes).
 */
int holes_find(const struct state_ioas *i, unsigned int kinds, hole_fn fn, void *arg,
	       struct holes_totals *totals);

#endif
