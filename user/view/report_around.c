// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/report_impl.h"

static const struct mirror_area *area_before(const struct mirror_ioas *ioas,
					     const struct mirror_area *area)
{
	struct dtree_node *node = area ? dtree_prev(&area->node) : dtree_last(&ioas->areas);

	return node ? avl_entry(&node->avl, struct mirror_area, node.avl) : NULL;
}

/* The first area that does not end below `iova`. */
static const struct mirror_area *area_from(const struct mirror_ioas *ioas, uint64_t iova)
{
	return mirror_area_first_in(ioas, iova, UINT64_MAX);
}

static void put(struct report_around *a, const struct mirror_area *area)
{
	a->areas[a->nareas++] = area;
}

static void put_before(struct report_around *a, const struct mirror_area *first)
{
	const struct mirror_area *left[AROUND_NEAR];
	size_t n = 0;

	for (const struct mirror_area *l = area_before(a->ioas, first); l && n < AROUND_NEAR;
	     l = area_before(a->ioas, l))
		left[n++] = l;
	while (n)
		put(a, left[--n]);
}

bool report_overlaps(const struct check_violation *v, uint64_t iova, uint64_t last)
{
	return v->has_range && iova <= v->last && last >= v->iova;
}

void report_around(const struct check_violation *v, struct report_around *out)
{
	const struct mirror_area *area;
	size_t n = 0;

	*out = (struct report_around){};
	if (!v->ioas || !v->mirror)
		return;
	out->ioas = mirror_find_ioas(v->mirror, v->ioas);
	if (!out->ioas || !v->has_range)
		return;
	area = area_from(out->ioas, v->iova);
	put_before(out, area);
	for (; area && area->node.start <= v->last; area = mirror_area_next(area)) {
		if (n++ < AROUND_OVERLAP)
			put(out, area);
		else if (++out->more == AROUND_COUNTED)
			return;
	}
	for (n = 0; area && n < AROUND_NEAR; n++, area = mirror_area_next(area))
		put(out, area);
}

const struct pin_range *report_pins_first(const struct check_violation *v,
					  const struct mirror_ioas *ioas)
{
	return v->has_range ? mirror_pins_first_in(ioas, v->iova, v->last) : NULL;
}

const struct pin_range *report_pins_next(const struct check_violation *v,
					 const struct pin_range *range)
{
	const struct pin_range *next = mirror_pins_next(range);

	return next && next->node.start <= v->last ? next : NULL;
}

const struct ioas_event *report_who(const struct check_violation *v)
{
	if (v->event)
		return v->event;
	return v->nhistory ? v->history[v->nhistory - 1] : NULL;
}
