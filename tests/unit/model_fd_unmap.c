// SPDX-License-Identifier: GPL-2.0-or-later
/* iommufd, compat, bundled: unmaps of each mode, and the pins of clients. */
#include "model_impl.h"

#include <errno.h>

/* ---- unmap ---- */

/* Clients are told to let go of an area, in an op of its own. */
static void notify(const struct model_at *outer, const struct model_area *area, uint32_t rounds)
{
	struct model_at at = *outer;
	struct model_area a = *area;

	model_begin(&at, IOAS_OP_NOTIFY);
	at.op.body_op.iova = a.iova;
	at.op.body_op.size = a.last - a.iova + 1;
	at.op.body_op.areas = rounds;
	model_fd_let_go_in(&at, a.iova, a.last);
	model_end(&at, 0, IOAS_F_NO_RESULT);
}

static void remove_told(struct model_at *at, size_t i, uint32_t *rounds)
{
	const struct model_area *a = &at->s->areas[i];

	for (size_t k = 0; k < at->s->npins; k++) {
		if (model_meet(at->s->pins[k].iova, at->s->pins[k].last, a->iova, a->last)) {
			notify(at, a, ++*rounds);
			break;
		}
	}
	model_fd_remove(at, i);
}

static int unmap_cover(struct model_at *at, uint64_t iova, uint64_t last)
{
	uint32_t rounds = 0;
	struct model_ioas *s = at->s;
	size_t i;

	while ((i = model_area_in(s, iova, last)) < s->nareas) {
		if (s->areas[i].iova < iova || s->areas[i].last > last)
			return -ENOENT;
		remove_told(at, i, &rounds);
	}
	return 0;
}

static int unmap_first(struct model_at *at, uint64_t iova, uint64_t last)
{
	uint32_t rounds = 0;
	struct model_ioas *s = at->s;
	size_t i;

	while ((i = model_area_in(s, iova, last)) < s->nareas && s->areas[i].iova >= iova)
		remove_told(at, i, &rounds);
	for (i = 0; i < s->nareas; i++) {
		if (model_meet(s->areas[i].iova, s->areas[i].last, iova, last))
			s->areas[i].stale = true;
	}
	return 0;
}

static int unmap_exact(struct model_at *at, uint64_t iova, uint64_t last)
{
	size_t i = model_area_in(at->s, iova, last);
	uint32_t rounds = 0;

	if (i == at->s->nareas || at->s->areas[i].iova != iova || at->s->areas[i].last != last)
		return -ENOENT;
	remove_told(at, i, &rounds);
	return 0;
}

static int unmap_any(struct model_at *at, uint64_t iova, uint64_t last, bool *cut)
{
	int err = 0;

	if (last != UINT64_MAX)
		err = model_fd_split(at, last + 1);
	if (!err)
		err = model_fd_split(at, iova);
	*cut = !err;
	return err ? err : unmap_cover(at, iova, last);
}

static int unmap_by_mode(struct model_at *at, uint64_t iova, uint64_t last, bool *cut)
{
	if (at->asked->flags & MODEL_ALL)
		return unmap_cover(at, 0, UINT64_MAX);
	switch (at->s->mode) {
	case IOAS_MODE_EXACT:
		return unmap_exact(at, iova, last);
	case IOAS_MODE_FIRST:
		return unmap_first(at, iova, last);
	case IOAS_MODE_ANY:
	case IOAS_MODE_TCE:
		return unmap_any(at, iova, last, cut);
	default:
		return unmap_cover(at, iova, last);
	}
}

void model_fd_unmap(struct model_at *at)
{
	const struct model_op *o = at->asked;
	bool all = o->flags & MODEL_ALL, cut = true, returns;
	struct ioas_op_body *op = &at->op.body_op;
	uint64_t last;
	int err;

	model_begin(at, IOAS_OP_UNMAP);
	op->iova = all ? 0 : o->iova;
	op->size = all ? UINT64_MAX : o->size;
	at->op.flags = all ? IOAS_F_ALL : 0;
	if (!all && !model_range_is(o->iova, o->size, &last)) {
		model_end(at, -EINVAL,
			  at->c->backend == IOAS_BACKEND_BUNDLED ? IOAS_F_RETURNED : 0);
		return;
	}
	err = unmap_by_mode(at, o->iova, last, &cut);
	if (!err && !all && !op->removed && at->m->world.empty_fails &&
	    at->c->backend != IOAS_BACKEND_BUNDLED)
		err = -ENOENT;
	returns = at->c->backend == IOAS_BACKEND_BUNDLED || !err ||
		  (at->c->backend == IOAS_BACKEND_COMPAT && cut);
	if (returns)
		op->returned = op->removed;
	model_end(at, err, returns ? IOAS_F_RETURNED : 0);
}

void model_fd_cut(struct model_at *at)
{
	const struct model_op *o = at->asked;

	if (at->c->backend != IOAS_BACKEND_BUNDLED || o->iova % MODEL_PAGE)
		return;
	model_begin(at, IOAS_OP_CUT);
	at->op.body_op.iova = o->iova;
	model_end(at, model_fd_split(at, o->iova), 0);
}

/* ---- pins ---- */

/* A client that may write does not say that it reads. */
static uint32_t pin_prot(const struct model_at *at)
{
	return at->asked->prot & IOAS_PROT_WRITE ? IOAS_PROT_WRITE : IOAS_PROT_READ;
}

static void tell_access(struct model_at *at, unsigned int kind, const struct model_pin *p)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_area.iova = p->iova;
	ev->body_area.last = p->last;
	ev->body_area.pages = (int64_t)model_pages_in(p->iova, p->last);
	ev->body_area.prot = kind == IOAS_EV_ACCESS_PIN ? pin_prot(at) : 0;
	ev->body_area.object = at->c->user[p->user];
}

static void settle_in(struct model_at *at, uint64_t iova, uint64_t last)
{
	const struct model_ioas *s = at->s;

	for (size_t i = 0; i < s->nareas; i++) {
		if (model_meet(s->areas[i].iova, s->areas[i].last, iova, last))
			model_fd_settle(at, s->areas[i].pages);
	}
}

static int pin_error(const struct model_at *at, uint64_t last)
{
	const struct model_op *o = at->asked;
	const struct model_ioas *s = at->s;
	uint64_t next = o->iova;

	for (size_t i = model_area_in(s, o->iova, last); i < s->nareas; i++) {
		const struct model_area *a = &s->areas[i];

		if (a->iova > next)
			return -ENOENT;
		if (pin_prot(at) & ~a->prot)
			return -EPERM;
		if (model_pages(at->c, a->pages)->memory == IOAS_MEMORY_DMABUF)
			return -EINVAL;
		if (a->last >= last)
			return 0;
		next = a->last + 1;
	}
	return -ENOENT;
}

void model_fd_pin(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_pin p = { .iova = o->iova, .user = o->user };
	int err;

	if (o->user < MODEL_HARDWARE || !at->s->attached[o->user] || at->s->npins == MODEL_PINS ||
	    !o->prot || !model_range_is(o->iova, o->size, &p.last))
		return;
	model_begin(at, IOAS_OP_PIN);
	at->op.body_op.iova = o->iova;
	at->op.body_op.size = o->size;
	at->op.body_op.prot = pin_prot(at);
	err = pin_error(at, p.last);
	if (!err) {
		at->s->pins[at->s->npins++] = p;
		settle_in(at, p.iova, p.last);
		tell_access(at, IOAS_EV_ACCESS_PIN, &p);
	}
	model_end(at, err, 0);
}

void model_fd_let_go(const struct model_at *outer, size_t i, bool half)
{
	struct model_at at = *outer;
	struct model_pin *held = &at.s->pins[i];
	struct model_pin p = *held;

	if (half && p.last - p.iova >= MODEL_PAGE) {
		p.last =
			p.iova + (p.last - p.iova) / 2 / MODEL_PAGE * MODEL_PAGE + (MODEL_PAGE - 1);
		held->iova = p.last + 1;
	} else {
		*held = at.s->pins[--at.s->npins];
	}
	model_begin(&at, IOAS_OP_UNPIN);
	at.op.body_op.iova = p.iova;
	at.op.body_op.size = p.last - p.iova + 1;
	tell_access(&at, IOAS_EV_ACCESS_UNPIN, &p);
	settle_in(&at, p.iova, p.last);
	model_end(&at, 0, IOAS_F_NO_RESULT);
}

void model_fd_let_go_in(const struct model_at *outer, uint64_t iova, uint64_t last)
{
	for (size_t i = outer->s->npins; i-- > 0;) {
		if (model_meet(outer->s->pins[i].iova, outer->s->pins[i].last, iova, last))
			model_fd_let_go(outer, i, false);
	}
}

void model_fd_let_go_user(const struct model_at *outer, unsigned int user)
{
	for (size_t i = outer->s->npins; i-- > 0;) {
		if (outer->s->pins[i].user == user)
			model_fd_let_go(outer, i, false);
	}
}

/* iommufd takes back the range of a pin only; the second client of the bundled backend, any. */
bool model_fd_exact(const struct model_ctx *c, unsigned int user)
{
	return c->backend != IOAS_BACKEND_BUNDLED || user == MODEL_HARDWARE;
}

void model_fd_unpin(struct model_at *at)
{
	const struct model_op *o = at->asked;
	size_t i;

	if (!at->s->npins)
		return;
	i = o->va % at->s->npins;
	model_fd_let_go(at, i,
			o->flags & MODEL_PART && !model_fd_exact(at->c, at->s->pins[i].user));
}
