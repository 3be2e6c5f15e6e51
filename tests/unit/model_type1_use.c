// SPDX-License-Identifier: GPL-2.0-or-later
/* VFIO type1: mediated clients and their pins, and memory that moves (VADDR). */
#include "model_type1.h"

#include <errno.h>
#include <linux/vfio.h>

#define PIN_MAX 512 /* pages of one pin: the container refuses more */

/* ---- clients ---- */

/* Pages that are held now and were not, or the other way round, are charged. */
static void charge_pins(struct model_at *at, const struct model_pin *pin, bool add)
{
	struct model_ioas *s = at->s;

	for (size_t i = 0; i < s->nareas; i++) {
		struct model_area *a = &s->areas[i];
		uint64_t from = a->iova > pin->iova ? a->iova : pin->iova;
		uint64_t to = a->last < pin->last ? a->last : pin->last;
		int64_t held;

		if (from > to)
			continue;
		held = (int64_t)model_pages_in(from, to) - model_pinned_in(s, from, to);
		t1_charge(at, a->who, add ? held : -held);
	}
}

static void tell_access(struct model_at *at, unsigned int kind, const struct model_pin *pin)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_area.iova = pin->iova;
	ev->body_area.last = pin->last;
	ev->body_area.pages = (int64_t)model_pages_in(pin->iova, pin->last);
	ev->body_area.group = GROUP_BASE + pin->user;
	ev->body_area.group_valid = 1;
	if (kind == IOAS_EV_ACCESS_PIN)
		ev->body_area.prot = at->asked->prot;
}

static int pin_error(const struct model_at *at, uint64_t last)
{
	const struct model_op *o = at->asked;
	uint64_t next = o->iova;

	if (at->s->mode == IOAS_MODE_V1)
		return -EACCES;
	if (t1_has_invalid(at->s))
		return -EBUSY;
	for (size_t i = 0; i < at->s->nareas && next <= last; i++) {
		const struct model_area *a = &at->s->areas[i];

		if (a->last < next)
			continue;
		if (a->iova > next)
			break;
		if (o->prot & ~a->prot)
			return -EPERM;
		if (a->mem)
			return -EINVAL;
		if (a->last == UINT64_MAX)
			return 0;
		next = a->last + 1;
	}
	return next > last ? 0 : -EINVAL;
}

void t1_pin(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_pin p = { .iova = o->iova, .user = o->user };
	struct ioas_op_body *op = &at->op.body_op;
	uint64_t pages;
	int err;

	if (o->user < MODEL_HARDWARE || !at->s->attached[o->user] || at->s->npins == MODEL_PINS ||
	    !model_range_is(o->iova, o->size, &p.last))
		return;
	pages = model_pages_in(p.iova, p.last);
	if (pages > PIN_MAX)
		return;
	model_begin(at, IOAS_OP_PIN);
	op->iova = o->iova;
	op->size = o->size;
	op->prot = o->prot;
	op->group = GROUP_BASE + o->user;
	op->group_valid = 1;
	err = pin_error(at, p.last);
	if (!err) {
		op->pinned = pages;
		if (!model_has_hardware(at->c, at->s))
			charge_pins(at, &p, true);
		tell_access(at, IOAS_EV_ACCESS_PIN, &p);
		t1_charge_tell(at);
		at->s->pins[at->s->npins++] = p;
	}
	model_end(at, err ? err : (int64_t)pages, 0);
}

/* In an op of its own, which may run inside another one. */
void t1_let_go(const struct model_at *outer, size_t i, bool half)
{
	struct model_at at = *outer;
	struct model_ioas *s = at.s;
	struct model_pin p = s->pins[i];

	if (half && p.last - p.iova >= MODEL_PAGE) {
		uint64_t middle = p.iova + (p.last - p.iova) / 2 / MODEL_PAGE * MODEL_PAGE;

		p.last = middle + (MODEL_PAGE - 1);
		if (p.last < s->pins[i].last)
			s->pins[i].iova = p.last + 1;
		else
			half = false;
	} else {
		half = false;
	}
	if (!half)
		s->pins[i] = s->pins[--s->npins];
	model_begin(&at, IOAS_OP_UNPIN);
	at.op.body_op.iova = p.iova;
	at.op.body_op.size = p.last - p.iova + 1;
	at.op.body_op.unpinned = model_pages_in(p.iova, p.last);
	at.op.body_op.group = GROUP_BASE + p.user;
	at.op.body_op.group_valid = 1;
	tell_access(&at, IOAS_EV_ACCESS_UNPIN, &p);
	if (!model_has_hardware(at.c, s))
		charge_pins(&at, &p, false);
	t1_charge_tell(&at);
	model_end(&at, 0, IOAS_F_NO_RESULT);
}

void t1_let_go_in(const struct model_at *at, uint64_t iova, uint64_t last)
{
	for (size_t i = at->s->npins; i-- > 0;) {
		if (model_meet(at->s->pins[i].iova, at->s->pins[i].last, iova, last))
			t1_let_go(at, i, false);
	}
}

void t1_let_go_group(const struct model_at *at, unsigned int user)
{
	for (size_t i = at->s->npins; i-- > 0;) {
		if (at->s->pins[i].user == user)
			t1_let_go(at, i, false);
	}
}

/* ---- VADDR ---- */

static bool invalid_fits(const struct model_at *at, uint64_t iova, uint64_t last)
{
	const struct model_ioas *s = at->s;

	for (size_t i = 0; i < s->nareas; i++) {
		if (model_meet(s->areas[i].iova, s->areas[i].last, iova, last) &&
		    s->areas[i].invalid)
			return false;
	}
	return true;
}

static void tell_void(struct model_at *at, uint64_t iova, uint64_t last)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_VADDR_INVALID);

	ev->body_area.iova = iova;
	ev->body_area.last = last;
	ev->body_area.owner_tgid = model_tgid(at->asked->who);
	ev->body_area.owner_uid = model_uid(at->asked->who);
}

void t1_vaddr_invalid(struct model_at *at)
{
	const struct model_op *o = at->asked;
	bool all = o->flags & MODEL_ALL;
	uint64_t iova = all ? 0 : o->iova, last = UINT64_MAX;
	struct ioas_op_body *op = &at->op.body_op;
	int err = 0;

	/* Nobody does it with v1. */
	if (at->s->mode != IOAS_MODE_V2 || (!all && !model_range_is(o->iova, o->size, &last)))
		return;
	model_begin(at, IOAS_OP_UNMAP);
	op->iova = iova;
	op->size = all ? 0 : o->size;
	op->cmd = VFIO_IOMMU_UNMAP_DMA;
	op->uapi_flags = VFIO_DMA_UNMAP_FLAG_VADDR | (all ? VFIO_DMA_UNMAP_FLAG_ALL : 0);
	at->op.flags = all ? IOAS_F_ALL : 0;
	if (t1_has_mediated(at->s))
		err = -EBUSY;
	if (!err)
		err = t1_unmap_error(at, iova, last);
	if (!err && !invalid_fits(at, iova, last))
		err = -EINVAL;
	for (size_t i = 0; !err && i < at->s->nareas; i++) {
		struct model_area *a = &at->s->areas[i];

		if (!model_meet(a->iova, a->last, iova, last))
			continue;
		a->invalid = true;
		op->returned += a->last - a->iova + 1;
	}
	if (!err)
		tell_void(at, iova, last);
	model_end(at, err, err ? 0 : IOAS_F_RETURNED);
}

static int update_error(const struct model_at *at, size_t i, uint64_t last)
{
	const struct model_area *a = &at->s->areas[i];

	if (t1_has_mediated(at->s))
		return -EBUSY;
	if (i == at->s->nareas)
		return -ENOENT;
	return a->invalid && a->iova == at->asked->iova && a->last == last ? 0 : -EINVAL;
}

void t1_vaddr_update(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct ioas_op_body *op = &at->op.body_op;
	struct model_area *a;
	struct ioas_event *ev;
	uint64_t last;
	uint8_t old;
	size_t i;
	int err;

	if (at->s->mode != IOAS_MODE_V2 || !model_range_is(o->iova, o->size, &last))
		return;
	model_begin(at, IOAS_OP_MAP);
	op->iova = o->iova;
	op->size = o->size;
	op->va = o->va;
	op->cmd = VFIO_IOMMU_MAP_DMA;
	op->uapi_flags = VFIO_DMA_MAP_FLAG_VADDR;
	i = model_area_in(at->s, o->iova, last);
	err = update_error(at, i, last);
	if (!err) {
		a = &at->s->areas[i];
		old = a->who;
		if (old != o->who) {
			t1_charge(at, o->who, a->pinned);
			t1_charge(at, old, -a->pinned);
		}
		a->who = o->who;
		a->va = o->va;
		a->invalid = false;
		ev = model_tell(at, IOAS_EV_AREA_UPDATE);
		ev->body_area.iova = a->iova;
		ev->body_area.last = a->last;
		ev->body_area.va = a->va;
		ev->body_area.prot = a->prot;
		ev->body_area.area = a->number;
		ev->body_area.owner_tgid = model_tgid(a->who);
		ev->body_area.owner_uid = model_uid(a->who);
		t1_charge_tell(at);
	}
	model_end(at, err, 0);
}
