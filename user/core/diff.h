/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between two IOASes, of one state or of two. They are compared by
 * IOVA and memory; our own numbers of areas say nothing, and those of pages
 * objects only where both sides come from one trace.
 */
#ifndef IOASCOPE_CORE_DIFF_H
#define IOASCOPE_CORE_DIFF_H

#include "core/state.h"

/* What of an area may differ. */
#define DIFF_PROT 0x01
#define DIFF_MEMORY 0x02 /* whose, where, or of what kind */
#define DIFF_PAGES 0x04 /* the same memory, through another pages object */
#define DIFF_PINNED 0x08 /* where both are known */
#define DIFF_CONDITION 0x10 /* being removed, or its memory is void */
#define DIFF_CHARGES 0x20 /* of the contexts; those of the IOASes always count */
#define DIFF_ALL 0x3f

struct diff_side {
	const struct state_ctx *ctx;
	const struct state_ioas *ioas; /* NULL: there is none on this side */
};

struct diff_totals {
	__u64 only_a; /* areas */
	__u64 only_b;
	__u64 changed;
	__u64 bytes_a; /* of .only_a; UINT64_MAX also stands for 2^64 */
	__u64 bytes_b;
	__u64 ioases; /* that are on one side only */
	__u64 ranges; /* that are in one of them only */
	__u64 charges; /* that differ */
	bool ranges_unknown; /* one side was not told any: not compared */
};

/* In each, @a or @b is NULL where it is on the other side only. Not 0 ends it. */
struct diff_ops {
	int (*area)(const struct state_area *a, const struct state_area *b, unsigned int changed,
		    void *arg);
	int (*range)(const struct state_range *a, const struct state_range *b, void *arg);
	int (*charge)(const struct state_charge *a, const struct state_charge *b, void *arg);
};

/*
 * Compares two IOASes, and calls @ops for what differs: areas by IOVA, ranges by
 * class, charges. @what are the DIFF_* that count; without DIFF_MEMORY neither
 * ranges nor charges do. @same_ids: both sides are of one trace. Adds to *totals.
 * 0, or what a function of @ops returned. Needs state_finish().
 */
int diff_ioas(const struct diff_side *a, const struct diff_side *b, unsigned int what,
	      bool same_ids, const struct diff_ops *ops, void *arg, struct diff_totals *totals);

/* Whether nothing was found. */
bool diff_equal(const struct diff_totals *totals);

struct diff_pair {
	struct diff_side a;
	struct diff_side b;
};

/*
 * Which IOAS of one state belongs to which of the other: the same number in one
 * trace, otherwise the first to the first, and so on. 0 with *out (to be freed)
 * and *n, or -ENOMEM. The pairs refer to the states.
 */
int diff_pairs(const struct state *a, const struct state *b, bool same_ids, struct diff_pair **out,
	       size_t *n);

#endif
