/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Areas as one would map them again: what continues its neighbour is one row. */
#ifndef IOASCOPE_CORE_STATE_MERGED_H
#define IOASCOPE_CORE_STATE_MERGED_H

#include "core/state.h"

/*
 * Areas without a gap between them, whose protection, owner and condition are
 * the same and whose memory goes on from each to the next: by address in one
 * process, or by offset in one pages object.
 */
struct state_merged {
	__u64 iova;
	__u64 last; /* inclusive */
	__u64 va;
	__u64 offset; /* of the first area */
	__s64 pinned; /* sum; -1: not known of one of them */
	__s64 pfnmap;
	const struct state_area *first; /* the row is first[0] .. first[areas - 1] */
	size_t areas;
	size_t requests; /* mappings that made them: parts of a split area are of one */
	__u32 pages_id; /* of all of them; 0: none, or not the same */
};

/*
 * The next row of an IOAS in *out; *pos is 0 at first and moved on. false: there
 * are no more. Needs state_finish(). .first is as valid as the state.
 */
bool state_merged_next(const struct state_ioas *i, size_t *pos, struct state_merged *out);

#endif
