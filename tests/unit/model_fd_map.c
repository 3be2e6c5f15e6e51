// SPDX-License-Identifier: GPL-2.0-or-later
/* iommufd, compat, bundled: maps and copies. */
#include "model_impl.h"

#include <errno.h>
#include <stdlib.h>

/* ---- map ---- */

int model_fd_free(const struct model_ioas *s, uint64_t iova, uint64_t last)
{
	if (model_range_in(s, IOAS_RANGE_RESERVED, iova, last))
		return -EINVAL;
	if (s->mode != IOAS_MODE_TCE && model_area_in(s, iova, last) < s->nareas)
		return -EEXIST;
	return 0;
}

/* The first place from `from` on in [from, to], 0: there is none. */
static uint64_t place_in(const struct model_ioas *s, uint64_t from, uint64_t to, uint64_t size)
{
	for (;;) {
		uint64_t last = from + (size - 1), next = 0;
		size_t i = model_area_in(s, from, last);

		if (last < from || last > to)
			return 0;
		if (i < s->nareas)
			next = s->areas[i].last;
		for (i = 0; i < s->nranges; i++) {
			const struct model_range *r = &s->ranges[i];

			if (r->class == IOAS_RANGE_RESERVED &&
			    model_meet(r->iova, r->last, from, last) && r->last > next)
				next = r->last;
		}
		if (!next)
			return from;
		from = next + 1;
		if (!from)
			return 0;
	}
}

static uint64_t place(const struct model_ioas *s, uint64_t size)
{
	uint64_t top = UINT64_MAX - MODEL_PAGE, found = 0;
	bool any = false;

	for (size_t i = 0; i < s->nranges && !found; i++) {
		const struct model_range *r = &s->ranges[i];

		if (r->class != IOAS_RANGE_ALLOWED)
			continue;
		any = true;
		found = place_in(s, r->iova > MODEL_PAGE ? r->iova : MODEL_PAGE,
				 r->last < top ? r->last : top, size);
	}
	return any ? found : place_in(s, MODEL_PAGE, top, size);
}

/*
 * Where it goes, or the error; -EAGAIN: nobody asks for that. A table (TCE) is
 * overwritten: 0 also then.
 */
static int choose(const struct model_at *at, uint64_t *iova, uint64_t *last)
{
	const struct model_op *o = at->asked;

	if (!o->size || o->size % MODEL_PAGE)
		return -EINVAL;
	*iova = o->iova;
	if (!(o->flags & MODEL_FIXED)) {
		*iova = place(at->s, o->size);
		if (!*iova)
			return -ENOSPC;
	}
	if (!model_range_is(*iova, o->size, last))
		return -EINVAL;
	if (model_stale_in(at->s, *iova, *last))
		return -EAGAIN;
	return model_fd_free(at->s, *iova, *last);
}

static int overwrite(struct model_at *at, uint64_t iova, uint64_t last)
{
	size_t i;
	int err = 0;

	if (at->s->mode != IOAS_MODE_TCE)
		return 0;
	if (last != UINT64_MAX)
		err = model_fd_split(at, last + 1);
	if (!err)
		err = model_fd_split(at, iova);
	while (!err && (i = model_area_in(at->s, iova, last)) < at->s->nareas)
		model_fd_remove(at, i);
	return err;
}

static void asked(struct model_at *at, unsigned int what)
{
	const struct model_op *o = at->asked;
	struct ioas_op_body *op = &at->op.body_op;

	model_begin(at, what);
	op->iova = o->iova;
	op->size = o->size;
	op->va = o->va;
	op->prot = o->prot;
	at->op.flags = o->flags & MODEL_FIXED ? IOAS_F_FIXED : 0;
}

static int prot_error(const struct model_at *at)
{
	return !at->asked->prot && at->c->backend != IOAS_BACKEND_COMPAT ? -EINVAL : 0;
}

void model_fd_map(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_area area = { .prot = o->prot };
	struct model_pages *p;
	int err = choose(at, &area.iova, &area.last);

	if (err == -EAGAIN)
		return;
	asked(at, IOAS_OP_MAP);
	if (prot_error(at))
		err = prot_error(at);
	if (!err && !(o->flags & MODEL_FAIL))
		err = overwrite(at, area.iova, area.last);
	if (err) {
		model_end(at, err, 0);
		return;
	}
	/* The kernel writes back what it chose. */
	at->op.body_op.iova = area.iova;
	p = model_fd_pages_new(at);
	p->areas = 1;
	if (o->flags & MODEL_FAIL) {
		model_fd_pages_put(at, p->id);
		at->op.body_op.iova = o->iova;
		model_end(at, -ENOMEM, 0);
		return;
	}
	area.number = model_id(at->m);
	area.op = at->op.op;
	area.pages = p->id;
	model_fd_fill(at, model_area_put(at->s, &area));
	model_end(at, 0, 0);
}

/* ---- copy ---- */

/* The pieces of the source, as areas at the destination; 0: it has a hole. */
static size_t pieces(const struct model_ioas *from, uint64_t iova, uint64_t last, uint64_t to,
		     struct model_area *out)
{
	uint64_t next = iova;
	size_t n = 0;

	for (size_t i = model_area_in(from, iova, last); i < from->nareas; i++) {
		const struct model_area *a = &from->areas[i];
		uint64_t end = a->last < last ? a->last : last;

		if (a->iova > next)
			return 0;
		out[n++] = (struct model_area){ .iova = to + (next - iova),
						.last = to + (end - iova),
						.at = a->at + (next - a->iova),
						.pages = a->pages };
		if (end == last)
			return n;
		next = end + 1;
	}
	return 0;
}

static void copy_pieces(struct model_at *at, struct model_area *piece, size_t n)
{
	const struct model_op *o = at->asked;
	size_t done, some = o->flags & MODEL_FAIL ? n / 2 : n;

	/* All hold their memory from here. */
	for (size_t i = 0; i < some; i++)
		model_pages(at->c, piece[i].pages)->areas++;
	for (done = 0; done < some; done++) {
		piece[done].number = model_id(at->m);
		piece[done].op = at->op.op;
		piece[done].prot = o->prot;
		model_fd_fill(at, model_area_put(at->s, &piece[done]));
	}
	for (size_t i = 0; some < n && i < some; i++)
		model_fd_remove(at, model_area_in(at->s, piece[i].iova, piece[i].iova));
	if (some == n)
		at->op.body_op.iova = piece[0].iova;
	model_end(at, some < n ? -ENOMEM : 0, 0);
}

void model_fd_copy(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_ioas *from = &at->c->ioas[o->from];
	struct model_area *piece;
	uint64_t iova, last, src_last;
	size_t n;
	int err = choose(at, &iova, &last);

	if (err == -EAGAIN || !from->id || !model_range_is(o->va, o->size, &src_last) ||
	    (from == at->s && at->s->mode == IOAS_MODE_TCE))
		return;
	piece = calloc(from->nareas + 1, sizeof(*piece));
	if (!piece)
		abort();
	asked(at, IOAS_OP_COPY);
	at->op.body_op.group = from->id;
	n = pieces(from, o->va, src_last, iova, piece);
	if (prot_error(at))
		err = prot_error(at);
	else if (!n)
		err = -ENOENT;
	for (size_t i = 0; !err && i < n; i++) {
		if (o->prot & IOAS_PROT_WRITE && !model_pages(at->c, piece[i].pages)->writable)
			err = -EPERM;
	}
	if (!err && !(o->flags & MODEL_FAIL))
		err = overwrite(at, iova, last);
	if (err || (o->flags & MODEL_FAIL && at->s->mode == IOAS_MODE_TCE))
		model_end(at, err ? err : -ENOMEM, 0);
	else
		copy_pieces(at, piece, n);
	free(piece);
}
