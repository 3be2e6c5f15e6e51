// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/holes.h"

#include <string.h>

#include "core/event.h"
#include "core/index.h"
#include "core/state_pins.h"

struct walk {
	const struct state_ioas *ioas;
	hole_fn fn;
	void *arg;
	struct holes_totals *totals;
};

const char *hole_name(enum hole_kind kind)
{
	static const char *const names[HOLE_KINDS] = {
		[HOLE_GAP] = "gap",	      [HOLE_UNPINNED] = "unpinned",
		[HOLE_RESERVED] = "reserved", [HOLE_ALLOWED] = "allowed",
		[HOLE_VALID] = "valid",
	};

	return names[kind];
}

/* @bytes: what it adds to the total, which may be less than its length. */
static int tell(struct walk *w, const struct hole *h, __u64 bytes)
{
	w->totals->count[h->kind]++;
	w->totals->bytes[h->kind] = state_bytes_add(w->totals->bytes[h->kind], bytes);
	return w->fn ? w->fn(h, w->arg) : 0;
}

static int gaps(struct walk *w)
{
	const struct state_ioas *i = w->ioas;

	for (size_t n = 1; n < i->nareas; n++) {
		struct hole h = {
			.kind = HOLE_GAP,
			.iova = i->areas[n - 1].last + 1,
			.last = i->areas[n].iova - 1,
		};
		int rc;

		if (h.iova == i->areas[n].iova)
			continue;
		rc = tell(w, &h, state_bytes(h.iova, h.last));
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- mapped, not pinned ---- */

static int unpinned_range(struct walk *w, __u64 iova, __u64 last)
{
	struct hole h = {
		.kind = HOLE_UNPINNED,
		.iova = iova,
		.last = last,
		.pages = ((last - iova) >> IOAS_PAGE_SHIFT) + 1,
		.exact = true,
	};

	return tell(w, &h, state_bytes(iova, last));
}

/* What no pin range covers of an area; *p is the first range that may reach in. */
static int unpinned_exact(struct walk *w, const struct state_area *a, size_t *p)
{
	const struct state_ioas *i = w->ioas;
	__u64 from = a->iova;
	int rc;

	while (*p < i->npins && i->pins[*p].last < a->iova)
		++*p;
	for (size_t n = *p; n < i->npins && i->pins[n].iova <= a->last; n++) {
		if (i->pins[n].iova > from) {
			rc = unpinned_range(w, from, i->pins[n].iova - 1);
			if (rc)
				return rc;
		}
		if (i->pins[n].last >= a->last)
			return 0;
		from = i->pins[n].last + 1;
	}
	return unpinned_range(w, from, a->last);
}

/* How much is missing, where it is not known which pages. */
static int unpinned_count(struct walk *w, const struct state_area *a)
{
	struct hole h = { .kind = HOLE_UNPINNED, .iova = a->iova, .last = a->last, .pages = -1 };
	__s64 pages = state_area_pages(a);

	if (a->memory == IOAS_MEMORY_DMABUF)
		return 0; /* is never pinned by the page */
	if (a->pinned >= 0 && a->pfnmap >= 0) {
		h.pages = pages - a->pinned - a->pfnmap;
		h.exact = h.pages == pages;
		if (h.pages <= 0)
			return 0;
		return tell(w, &h,
			    h.exact ? state_bytes(a->iova, a->last)
				    : (__u64)h.pages << IOAS_PAGE_SHIFT);
	}
	w->totals->unknown++;
	return tell(w, &h, 0);
}

static int unpinned(struct walk *w)
{
	bool exact = w->ioas->pins_known && !state_has_hardware(w->ioas);
	size_t p = 0;
	int rc = 0;

	for (size_t n = 0; n < w->ioas->nareas && !rc; n++) {
		const struct state_area *a = &w->ioas->areas[n];

		rc = exact ? unpinned_exact(w, a, &p) : unpinned_count(w, a);
	}
	return rc;
}

/* ---- ranges without areas ---- */

struct piece {
	__u32 owner;
	__u64 counted; /* addresses below are in the total already */
	bool all; /* so is UINT64_MAX */
};

/* Ranges may overlap; what was counted for an earlier one is not counted again. */
static __u64 fresh_bytes(struct piece *p, __u64 iova, __u64 last)
{
	__u64 from = iova > p->counted ? iova : p->counted;

	if (p->all || from > last)
		return 0;
	p->counted = last + 1;
	p->all = last == UINT64_MAX;
	return state_bytes(from, last);
}

static int free_piece(struct walk *w, enum hole_kind kind, struct piece *p, __u64 iova, __u64 last)
{
	struct hole h = { .kind = kind, .iova = iova, .last = last, .owner = p->owner };

	return tell(w, &h, fresh_bytes(p, iova, last));
}

/* What no area covers of a range. */
static int free_of_areas(struct walk *w, enum hole_kind kind, const struct state_range *r,
			 struct piece *p)
{
	const struct state_ioas *i = w->ioas;
	__u64 from = r->iova;
	int rc;

	for (size_t n = index_areas_from(i, from); n < i->nareas; n++) {
		const struct state_area *a = &i->areas[n];

		if (a->iova > r->last)
			break;
		if (a->iova > from) {
			rc = free_piece(w, kind, p, from, a->iova - 1);
			if (rc)
				return rc;
		}
		if (a->last >= r->last)
			return 0;
		from = a->last + 1;
	}
	return free_piece(w, kind, p, from, r->last);
}

static int ranges(struct walk *w, enum hole_kind kind, unsigned int class)
{
	static const struct state_range anywhere = { .last = UINT64_MAX };
	const struct state_ioas *i = w->ioas;
	struct piece p = {};
	bool any = false;
	int rc = 0;

	for (size_t n = 0; n < i->nranges && !rc; n++) {
		if (i->ranges[n].class != class)
			continue;
		any = true;
		p.owner = i->ranges[n].owner;
		rc = free_of_areas(w, kind, &i->ranges[n], &p);
	}
	/* An IOAS that was given no valid range has no limits. */
	if (!any && i->ranges_known && class == IOAS_RANGE_VALID)
		rc = free_of_areas(w, kind, &anywhere, &p);
	return rc;
}

int holes_find(const struct state_ioas *i, unsigned int kinds, hole_fn fn, void *arg,
	       struct holes_totals *totals)
{
	struct walk w = { i, fn, arg, totals };
	int rc = 0;

	memset(totals, 0, sizeof(*totals));
	if (kinds & HOLE_BIT(HOLE_GAP))
		rc = gaps(&w);
	if (!rc && kinds & HOLE_BIT(HOLE_UNPINNED))
		rc = unpinned(&w);
	if (!rc && kinds & HOLE_BIT(HOLE_RESERVED))
		rc = ranges(&w, HOLE_RESERVED, IOAS_RANGE_RESERVED);
	if (!rc && kinds & HOLE_BIT(HOLE_ALLOWED))
		rc = ranges(&w, HOLE_ALLOWED, IOAS_RANGE_ALLOWED);
	if (!rc && kinds & HOLE_BIT(HOLE_VALID))
		rc = ranges(&w, HOLE_VALID, IOAS_RANGE_VALID);
	return rc;
}
