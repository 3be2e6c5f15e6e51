// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO type1: vfio_iommu_type1.c of 6.12, with the end of the address space
 * as 6.18 has it. The sequence of the events is that of the programs in bpf/:
 * charges are summed up for a process and told with what they are for.
 */
#include "model_type1.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#define DIRTY_MAX (1ULL << 31) /* pages of an area that can be tracked */

/* ---- charges ---- */

void t1_charge_tell(struct model_at *at)
{
	struct model_ioas *s = at->s;
	struct ioas_event *ev;
	size_t i = 0;

	if (!at->charge)
		return;
	while (i < s->ncharges && s->charges[i].who != at->charged)
		i++;
	ev = model_tell(at, IOAS_EV_CHARGE);
	ev->body_charge.owner = s->charges[i].owner;
	ev->body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	ev->body_charge.pages = at->charge;
	ev->body_charge.owner_tgid = model_tgid(at->charged);
	ev->body_charge.owner_uid = model_uid(at->charged);
	/* The peak is that of what was told. */
	model_charge_list(s->charges, &s->ncharges, s->charges[i].owner, IOAS_COUNTER_MM_LOCKED,
			  at->charged, at->charge);
	at->charge = 0;
}

void t1_charge(struct model_at *at, uint8_t who, int64_t pages)
{
	struct model_ioas *s = at->s;
	size_t i = 0;

	if (!pages)
		return;
	if (who != at->charged)
		t1_charge_tell(at);
	while (i < s->ncharges && s->charges[i].who != who)
		i++;
	if (i == s->ncharges)
		model_charge_list(s->charges, &s->ncharges, model_id(at->m), IOAS_COUNTER_MM_LOCKED,
				  who, 0);
	at->charged = who;
	at->charge += pages;
}

/* ---- areas ---- */

bool t1_has_mediated(const struct model_ioas *s)
{
	return s->attached[MODEL_HARDWARE] || s->attached[MODEL_HARDWARE + 1];
}

bool t1_has_invalid(const struct model_ioas *s)
{
	for (size_t i = 0; i < s->nareas; i++) {
		if (s->areas[i].invalid)
			return true;
	}
	return false;
}

void t1_tell_area(struct model_at *at, unsigned int kind, const struct model_area *area)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_area.iova = area->iova;
	ev->body_area.last = area->last;
	ev->body_area.va = area->va;
	ev->body_area.pages = area->pinned;
	ev->body_area.pfnmap = area->pfnmap;
	ev->body_area.prot = area->prot;
	ev->body_area.area = area->number;
	ev->body_area.owner_tgid = model_tgid(area->who);
	ev->body_area.owner_uid = model_uid(area->who);
}

void t1_tell_pinned(struct model_at *at, const struct model_area *area, int64_t pages,
		    int64_t pfnmap)
{
	struct ioas_event *ev;

	if (!pages && !pfnmap)
		return;
	ev = model_tell(at, IOAS_EV_PINNED);
	ev->body_area.iova = area->iova;
	ev->body_area.last = area->last;
	ev->body_area.pages = pages;
	ev->body_area.pfnmap = pfnmap;
	ev->body_area.area = area->number;
}

void t1_remove(struct model_at *at, size_t i)
{
	struct model_area area = at->s->areas[i];
	struct ioas_op_body *op = &at->op.body_op;

	t1_tell_area(at, IOAS_EV_AREA_GOING, &area);
	op->unpinned += area.pinned;
	t1_charge(at, area.who, -area.pinned);
	op->areas++;
	op->removed += area.last - area.iova + 1;
	t1_tell_area(at, IOAS_EV_AREA_GONE, &area);
	t1_charge_tell(at);
	model_area_cut(at->s, i);
}

/* ---- map ---- */

static int map_error(const struct model_at *at, uint64_t last)
{
	const struct model_op *o = at->asked;

	if (!o->prot)
		return -EINVAL;
	if (model_area_in(at->s, o->iova, last) < at->s->nareas)
		return -EEXIST;
	if (at->s->nareas >= MODEL_ENTRIES)
		return -ENOSPC;
	if (!t1_in_one(at->s->ranges, at->s->nranges, o->iova, last))
		return -EINVAL;
	if (at->s->dirty && model_pages_in(o->iova, last) > DIRTY_MAX)
		return -EINVAL;
	return 0;
}

/* A map that fails late has pinned, and unpins; it may have been announced. */
static void map_late(struct model_at *at, struct model_area *area)
{
	if (at->asked->flags & MODEL_SPLIT_LATE) {
		t1_charge(at, area->who, area->pinned);
		t1_charge_tell(at);
		area->number = model_id(at->m);
		t1_tell_area(at, IOAS_EV_AREA_ADD, area);
		model_area_put(at->s, area);
		t1_remove(at, model_area_in(at->s, area->iova, area->iova));
	} else {
		at->op.body_op.unpinned += area->pinned;
	}
	model_end(at, -ENOMEM, 0);
}

static void map(struct model_at *at)
{
	const struct model_op *o = at->asked;
	bool hw = model_has_hardware(at->c, at->s);
	struct model_area area = { .iova = o->iova, .va = o->va, .prot = o->prot, .who = o->who };
	int err;

	if (!model_range_is(o->iova, o->size, &area.last))
		return;
	if (model_stale_in(at->s, area.iova, area.last))
		return;
	model_begin(at, IOAS_OP_MAP);
	at->op.body_op.iova = o->iova;
	at->op.body_op.size = o->size;
	at->op.body_op.va = o->va;
	at->op.body_op.prot = o->prot;
	at->op.body_op.uapi_flags = o->prot;
	at->op.body_op.cmd = VFIO_IOMMU_MAP_DMA;
	err = map_error(at, area.last);
	if (err) {
		model_end(at, err, 0);
		return;
	}
	area.ram = (int64_t)model_pages_in(area.iova, area.last);
	area.mem = o->memory == 1 ? area.ram : o->memory == 2 ? area.ram / 2 : 0;
	area.ram -= area.mem;
	area.pinned = hw ? area.ram : 0;
	area.pfnmap = hw ? area.mem : 0;
	area.op = at->op.op;
	at->op.body_op.pinned += area.pinned;
	if (hw && o->flags & MODEL_FAIL) {
		map_late(at, &area);
		return;
	}
	t1_charge(at, area.who, area.pinned);
	t1_charge_tell(at);
	area.number = model_id(at->m);
	t1_tell_area(at, IOAS_EV_AREA_ADD, &area);
	model_area_put(at->s, &area);
	model_end(at, 0, 0);
}

/* ---- unmap ---- */

int t1_unmap_error(const struct model_at *at, uint64_t iova, uint64_t last)
{
	const struct model_ioas *s = at->s;

	if (s->mode != IOAS_MODE_V2 || at->asked->flags & MODEL_ALL)
		return 0;
	for (size_t i = 0; i < s->nareas; i++) {
		const struct model_area *a = &s->areas[i];

		if ((a->iova < iova && a->last >= iova) || (a->iova <= last && a->last > last))
			return -EINVAL;
	}
	return 0;
}

/* Where v1 starts: it stops at once if the first area that is met begins before. */
static size_t unmap_first(const struct model_at *at, uint64_t iova, uint64_t last)
{
	size_t i = model_area_in(at->s, iova, last);

	return i < at->s->nareas && at->s->areas[i].iova < iova ? at->s->nareas : i;
}

static void unmap_mark_stale(struct model_at *at, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < at->s->nareas; i++) {
		struct model_area *a = &at->s->areas[i];

		if (model_meet(a->iova, a->last, iova, last))
			a->stale = true;
	}
}

static void unmap(struct model_at *at)
{
	const struct model_op *o = at->asked;
	bool all = o->flags & MODEL_ALL;
	uint64_t iova = all ? 0 : o->iova, last = UINT64_MAX;
	struct ioas_op_body *op = &at->op.body_op;
	size_t i;
	int err;

	if (!all && !model_range_is(o->iova, o->size, &last))
		return;
	model_begin(at, IOAS_OP_UNMAP);
	op->iova = iova;
	op->size = all ? 0 : o->size;
	op->cmd = VFIO_IOMMU_UNMAP_DMA;
	op->uapi_flags = all ? VFIO_DMA_UNMAP_FLAG_ALL : 0;
	at->op.flags = all ? IOAS_F_ALL : 0;
	err = t1_unmap_error(at, iova, last);
	if (err) {
		model_end(at, err, 0);
		return;
	}
	while ((i = unmap_first(at, iova, last)) < at->s->nareas) {
		t1_let_go_in(at, at->s->areas[i].iova, at->s->areas[i].last);
		t1_remove(at, i);
	}
	unmap_mark_stale(at, iova, last);
	op->returned = op->removed;
	model_end(at, 0, IOAS_F_RETURNED);
}

/* ---- the rest ---- */

static void dirty(struct model_at *at)
{
	bool on = at->asked->flags & MODEL_VALUE;
	int err = at->s->mode == IOAS_MODE_V1 ? -EACCES : 0;

	for (size_t i = 0; on && !at->s->dirty && i < at->s->nareas; i++) {
		if (model_pages_in(at->s->areas[i].iova, at->s->areas[i].last) > DIRTY_MAX)
			err = -EINVAL;
	}
	model_begin(at, IOAS_OP_DIRTY);
	at->op.body_op.uapi_flags =
		on ? VFIO_IOMMU_DIRTY_PAGES_FLAG_START : VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP;
	at->op.body_op.cmd = VFIO_IOMMU_DIRTY_PAGES;
	if (!err && at->s->dirty != on) {
		at->s->dirty = on;
		t1_tell_dirty(at);
	}
	model_end(at, err, 0);
}

static void close_file(struct model_at *at)
{
	bool alone = !at->s->id;

	at->s = NULL;
	model_begin(at, IOAS_OP_CLOSE);
	model_end(at, 0, IOAS_F_NO_RESULT);
	at->c->closed = true;
	if (alone)
		model_tell(at, IOAS_EV_CTX_GONE);
}

static void query(struct model_at *at)
{
	model_begin(at, IOAS_OP_QUERY);
	at->op.body_op.cmd = VFIO_IOMMU_GET_INFO;
	model_end(at, 0, 0);
}

/* Needs the file. */
static void ioctl_on(struct model_at *at)
{
	switch (at->asked->what) {
	case MODEL_MAP:
		map(at);
		break;
	case MODEL_UNMAP:
		unmap(at);
		break;
	case MODEL_VADDR_INVALID:
		t1_vaddr_invalid(at);
		break;
	case MODEL_VADDR_UPDATE:
		t1_vaddr_update(at);
		break;
	case MODEL_DIRTY:
		dirty(at);
		break;
	case MODEL_QUERY:
		query(at);
		break;
	}
}

void model_t1(struct model_at *at)
{
	switch (at->asked->what) {
	case MODEL_CLOSE:
		if (!at->c->closed)
			close_file(at);
		break;
	case MODEL_ATTACH:
		t1_attach(at);
		break;
	case MODEL_DETACH:
		t1_detach(at);
		break;
	case MODEL_PIN:
		t1_pin(at);
		break;
	case MODEL_UNPIN:
		if (at->s->npins)
			t1_let_go(at, at->asked->va % at->s->npins, at->asked->flags & MODEL_PART);
		break;
	default:
		if (at->s->id && !at->c->closed)
			ioctl_on(at);
		break;
	}
}
