// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of ranges: what may be mapped, and whether one set lies in another. */
#include "core/check_ranges.h"

/* Appends a range that begins behind those before it; one that follows at once is joined. */
static void push(struct check_ranges *set, uint64_t iova, uint64_t last)
{
	struct check_range *end = set->count ? &set->at[set->count - 1] : NULL;

	if (end && end->last != UINT64_MAX && end->last + 1 == iova)
		end->last = last;
	else
		set->at[set->count++] = (struct check_range){ iova, last };
}

/* What of [iova, last] is not reserved. Reserved ranges may overlap each other. */
static void push_free(struct check_ranges *set, const struct mirror_ioas *ioas, uint64_t iova,
		      uint64_t last)
{
	const struct mirror_range *r;

	for (r = mirror_range_first_in(ioas, IOAS_RANGE_RESERVED, iova, last); r;
	     r = mirror_range_next_in(r, iova, last)) {
		if (r->node.start > iova)
			push(set, iova, r->node.start - 1);
		if (r->node.last >= last)
			return;
		if (r->node.last >= iova)
			iova = r->node.last + 1;
	}
	push(set, iova, last);
}

size_t check_ranges_size(const struct mirror_ioas *ioas)
{
	size_t most = mirror_range_count(ioas, IOAS_RANGE_VALID) +
		      mirror_range_count(ioas, IOAS_RANGE_RESERVED) + 1;

	return sizeof(struct check_ranges) + most * sizeof(struct check_range);
}

struct check_ranges *check_ranges_copy(const struct ioas_alloc *alloc,
				       const struct mirror_ioas *ioas)
{
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_VALID);
	struct check_ranges *set;

	set = alloc->alloc(check_ranges_size(ioas), alloc->arg);
	if (!set)
		return NULL;
	set->count = 0;
	if (!r)
		push_free(set, ioas, 0, UINT64_MAX);
	for (; r; r = mirror_range_next(r))
		push_free(set, ioas, r->node.start, r->node.last);
	return set;
}

bool check_ranges_inside(const struct check_ranges *a, const struct check_ranges *b)
{
	size_t j = 0;

	for (size_t i = 0; i < a->count; i++) {
		while (j < b->count && b->at[j].last < a->at[i].iova)
			j++;
		if (j == b->count || b->at[j].iova > a->at[i].iova || b->at[j].last < a->at[i].last)
			return false;
	}
	return true;
}
