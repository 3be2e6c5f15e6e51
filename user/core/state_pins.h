/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is pinned of a state: sums, single addresses, how finely clients pin. */
#ifndef IOASCOPE_CORE_STATE_PINS_H
#define IOASCOPE_CORE_STATE_PINS_H

#include "core/state.h"

/*
 * Sets .pinned of an IOAS from its areas, in any order. Memory that several of
 * its areas show of one pages object counts once; -1 if that cannot be told, or
 * is not known of an area. -ENOMEM leaves it as it was. O(n log n).
 */
int state_sum_pinned(struct state_ioas *i);

/*
 * Whether the page at @iova, which @a of @i holds, is pinned: 1, 0, or -1 if
 * that is not known. O(log n) of the pin ranges. Needs state_finish().
 */
int state_pinned_at(const struct state_ioas *i, const struct state_area *a, __u64 iova);

/* The first pin range of @i that ends at @iova or behind it; .npins if none does. */
size_t state_pins_from(const struct state_ioas *i, __u64 iova);

#define STATE_BINS 53

/*
 * Areas by how many pin ranges of clients reach into them: bin 0 none, bin 1
 * one, bin b 2^(b-1) to 2^b - 1.
 */
struct state_histogram {
	__u64 areas[STATE_BINS];
	__u64 total; /* areas */
	__u64 ranges; /* pin ranges, also those outside of areas */
	__u64 outside; /* of these, that touch no area */
};

/* Needs state_finish() and .pins_known. O(areas + ranges + their meetings). */
void state_histogram(const struct state_ioas *i, struct state_histogram *out);

/* The lowest and the highest number of bin @b. */
void state_bin_limits(unsigned int b, __u64 *from, __u64 *to);

#endif
