/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an unmap was asked, against what was there. */
#ifndef CORE_UNMAP_CLASS_H
#define CORE_UNMAP_CLASS_H

#include "core/check.h"
#include "core/check_ranges.h"

/*
 * An unmap that has been told: what it asked for, what it has removed, and what
 * is left. What was there before is the last two together.
 */
struct unmap_facts {
	struct check_range asked;
	bool all; /* everything was asked for */
	uint32_t removed; /* areas */
	struct check_range went; /* from the lowest to the highest address of these */
	uint32_t splits; /* areas that it split first ... */
	struct check_range split; /* ... and the first of them, as it was */
	const struct mirror_area *left; /* the first one that is left and meets .asked */
	bool cuts_end; /* one that is left sticks out at the upper end */
};

/* Takes .left and .cuts_end from the state after the unmap. O(log n). */
void unmap_facts_left(struct unmap_facts *f, const struct mirror_ioas *ioas);

enum check_unmap_class unmap_class(const struct unmap_facts *f);

#endif
