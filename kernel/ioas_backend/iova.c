// SPDX-License-Identifier: GPL-2.0
/* Where a mapping or a reservation may go. The IOAS is locked for writing. */
#include <linux/overflow.h>
#include <linux/pgtable.h>

#include "ioasb.h"

/* All of the range inside of the reservation, or outside of all reservations. */
static int check_claim(struct ioasb_ioas *ioas, u32 claim, unsigned long start, unsigned long last)
{
	struct ioasb_range *range;

	if (!claim)
		return ioasb_ranges_iter_first(&ioas->claims, start, last) ? -EADDRINUSE : 0;
	range = xa_load(&ioas->claim_ids, claim);
	if (!range)
		return -ENOENT;
	return start >= range->start && last <= range->last ? 0 : -EINVAL;
}

static int check_fixed(struct ioasb_ioas *ioas, const struct ioasb_place *place)
{
	unsigned long last;

	if (place->iova & (ioas->alignment - 1))
		return -EINVAL;
	if (check_add_overflow(place->iova, place->length - 1, &last))
		return -EOVERFLOW;
	if (ioasb_ranges_iter_first(&ioas->reserved, place->iova, last))
		return -EINVAL;
	if (ioasb_areas_iter_first(&ioas->areas, place->iova, last))
		return -EEXIST;
	return check_claim(ioas, place->claim, place->iova, last);
}

struct search {
	unsigned long align;
	unsigned long phase; /* of the address, below align */
	unsigned long length;
	bool claims; /* keep out of reservations */
};

/* The first address from @from on with the right phase; false if there is none. */
static bool align_up(const struct search *s, unsigned long from, unsigned long *out)
{
	unsigned long step = (s->phase - from) & (s->align - 1);

	return !check_add_overflow(from, step, out);
}

/* Is anything in the way, and where does the farthest of it end? */
static bool blocked(struct ioasb_ioas *ioas, const struct search *s, unsigned long start,
		    unsigned long last, unsigned long *end)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, start, last);
	struct ioasb_range *reserved = ioasb_ranges_iter_first(&ioas->reserved, start, last);
	struct ioasb_range *claim =
		s->claims ? ioasb_ranges_iter_first(&ioas->claims, start, last) : NULL;

	*end = 0;
	if (area)
		*end = area->last;
	if (reserved)
		*end = max(*end, reserved->last);
	if (claim)
		*end = max(*end, claim->last);
	return area || reserved || claim;
}

static bool find_hole(struct ioasb_ioas *ioas, const struct search *s, unsigned long lo,
		      unsigned long hi, unsigned long *iova)
{
	unsigned long start = lo, last, end;

	for (;;) {
		if (!align_up(s, start, &start) ||
		    check_add_overflow(start, s->length - 1, &last) || last > hi)
			return false;
		if (!blocked(ioas, s, start, last, &end)) {
			*iova = start;
			return true;
		}
		if (end == ULONG_MAX)
			return false;
		start = end + 1;
		cond_resched();
	}
}

/* From address @from on, in what is allowed, if anything is. */
static bool find_allowed(struct ioasb_ioas *ioas, const struct search *s, unsigned long from,
			 unsigned long *iova)
{
	struct ioasb_range *range;

	if (RB_EMPTY_ROOT(&ioas->allowed.rb_root))
		return find_hole(ioas, s, from, ULONG_MAX, iova);
	for (range = ioasb_ranges_iter_first(&ioas->allowed, from, ULONG_MAX); range;
	     range = ioasb_ranges_iter_next(range, from, ULONG_MAX))
		if (find_hole(ioas, s, max(range->start, from), range->last, iova))
			return true;
	return false;
}

/*
 * Large mappings get addresses of the same offset in a huge page as their memory. The search goes
 * on where the last one ended, or many mappings would take quadratic time.
 */
static int choose(struct ioasb_ioas *ioas, struct ioasb_place *place)
{
	struct search s = { ioas->alignment, 0, place->length, !place->claim };
	struct ioasb_range *claim;

	if (place->length >= PMD_SIZE && ioas->alignment < PMD_SIZE) {
		s.align = PMD_SIZE;
		s.phase = place->user_va & (PMD_SIZE - 1) & ~(ioas->alignment - 1);
	}
	if (place->claim) {
		claim = xa_load(&ioas->claim_ids, place->claim);
		if (!claim)
			return -ENOENT;
		s.align = ioas->alignment;
		s.phase = 0;
		return find_hole(ioas, &s, claim->start, claim->last, &place->iova) ? 0 : -ENOSPC;
	}
	if (!find_allowed(ioas, &s, ioas->hint, &place->iova) &&
	    !find_allowed(ioas, &s, 0, &place->iova))
		return -ENOSPC;
	return 0;
}

/* What was placed there is there now: go on behind it, at the end of the addresses from 0 on. */
void ioasb_iova_taken(struct ioasb_ioas *ioas, const struct ioasb_place *place)
{
	if (!(place->flags & IOASB_FIXED) && !place->claim)
		ioas->hint = place->iova + place->length;
}

/*
 * Check place->iova if it is fixed, or choose it. -EINVAL (misaligned, reserved, not in the
 * reservation), -EOVERFLOW, -EEXIST (an area), -EADDRINUSE (a reservation), -ENOENT (no such
 * reservation), -ENOSPC.
 */
int ioasb_iova_place(struct ioasb_ioas *ioas, struct ioasb_place *place)
{
	if (!place->length || (place->length & (ioas->alignment - 1)))
		return -EINVAL;
	if (place->flags & IOASB_FIXED)
		return check_fixed(ioas, place);
	return choose(ioas, place);
}
