// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/unmap_class.h"

void unmap_facts_left(struct unmap_facts *f, const struct mirror_ioas *ioas)
{
	const struct mirror_area *end = mirror_area_at(ioas, f->asked.last);

	f->left = mirror_area_first_in(ioas, f->asked.iova, f->asked.last);
	f->cuts_end = end && end->node.last > f->asked.last;
}

/* Whether what went, or what is left, reaches over an end of the range. */
static bool cuts(const struct unmap_facts *f)
{
	if (f->splits || f->cuts_end || (f->left && f->left->node.start < f->asked.iova))
		return true;
	return f->removed && (f->went.iova < f->asked.iova || f->went.last > f->asked.last);
}

enum check_unmap_class unmap_class(const struct unmap_facts *f)
{
	struct check_range one =
		f->left ? (struct check_range){ f->left->node.start, f->left->node.last }
			: f->asked;

	if (f->all)
		return CHECK_UNMAP_ALL;
	if (!f->removed && !f->left)
		return CHECK_UNMAP_EMPTY;
	if (f->splits)
		one = f->split;
	else if (f->removed == 1)
		one = f->went;
	/* One area, before anything happened to it, that the range lies in. */
	if ((f->removed <= 1 || f->splits) && one.iova <= f->asked.iova &&
	    one.last >= f->asked.last)
		return one.iova == f->asked.iova && one.last == f->asked.last ? CHECK_UNMAP_EXACT
									      : CHECK_UNMAP_SUBSET;
	return cuts(f) ? CHECK_UNMAP_BISECT : CHECK_UNMAP_SUPERSET;
}
