// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "core/index.h"
#include "view/show_impl.h"

bool show_wants_ioas(const struct show_filter *f, const struct state_ctx *c,
		     const struct state_ioas *i)
{
	if (f->ioas && i->id != f->ioas)
		return false;
	if (f->has_iova && !index_area_at(i, f->iova))
		return false;
	if (!f->pid || c->who.tgid == f->pid)
		return true;
	for (size_t n = 0; n < i->nareas; n++) {
		if (i->areas[n].tgid == f->pid)
			return true;
	}
	return false;
}

bool show_wants_ctx(const struct show_filter *f, const struct state_ctx *c)
{
	for (size_t n = 0; n < c->nioases; n++) {
		if (show_wants_ioas(f, c, &c->ioases[n]))
			return true;
	}
	return !f->ioas && !f->has_iova && (!f->pid || c->who.tgid == f->pid);
}

bool show_wants_area(const struct show_filter *f, const struct state_area *a)
{
	return !f->has_iova || (a->iova <= f->iova && f->iova <= a->last);
}

static int order(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

__u32 *show_wanted_pages(const struct show_filter *f, const struct state_ctx *c, size_t *n)
{
	size_t areas = 0;
	__u32 *ids;

	*n = 0;
	if (!f->ioas && !f->has_iova && !f->pid)
		return NULL;
	for (size_t i = 0; i < c->nioases; i++)
		areas += c->ioases[i].nareas;
	ids = calloc(areas + 1, sizeof(*ids));
	for (size_t i = 0; ids && i < c->nioases; i++) {
		const struct state_ioas *ioas = &c->ioases[i];

		for (size_t a = 0; show_wants_ioas(f, c, ioas) && a < ioas->nareas; a++) {
			if (ioas->areas[a].pages_id && show_wants_area(f, &ioas->areas[a]))
				ids[(*n)++] = ioas->areas[a].pages_id;
		}
	}
	if (ids)
		qsort(ids, *n, sizeof(*ids), order);
	return ids;
}

bool show_wants_pages(const __u32 *ids, size_t n, __u32 id)
{
	return !ids || bsearch(&id, ids, n, sizeof(*ids), order);
}
