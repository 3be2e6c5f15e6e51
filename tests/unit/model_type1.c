// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VFIO type1: vfio_iommu_type1.c of 6.12, with the end of the address space
 * as 6.18 has it. The sequence of the events is that of the programs in bpf/:
 * charges are summed up for a process and told with what they are for.
 */
#include "model_impl.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#define GROUP_BASE 10 /* number of the first IOMMU group */
#define PIN_MAX 512 /* pages of one pin: the container refuses more */
#define DIRTY_MAX (1ULL << 31) /* pages of an area that can be tracked */

/* ---- charges ---- */

static void charge_tell(struct model_at *at)
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

static void charge(struct model_at *at, uint8_t who, int64_t pages)
{
	struct model_ioas *s = at->s;
	size_t i = 0;

	if (!pages)
		return;
	if (who != at->charged)
		charge_tell(at);
	while (i < s->ncharges && s->charges[i].who != who)
		i++;
	if (i == s->ncharges)
		model_charge_list(s->charges, &s->ncharges, model_id(at->m),
				  IOAS_COUNTER_MM_LOCKED, who, 0);
	at->charged = who;
	at->charge += pages;
}

/* ---- areas ---- */

static bool has_mediated(const struct model_ioas *s)
{
	return s->attached[MODEL_HARDWARE] || s->attached[MODEL_HARDWARE + 1];
}

static bool has_invalid(const struct model_ioas *s)
{
	for (size_t i = 0; i < s->nareas; i++) {
		if (s->areas[i].invalid)
			return true;
	}
	return false;
}

static void tell_area(struct model_at *at, unsigned int kind, const struct model_area *area)
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

static void tell_pinned(struct model_at *at, const struct model_area *area, int64_t pages,
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

static void remove_dma(struct model_at *at, size_t i)
{
	struct model_area area = at->s->areas[i];
	struct ioas_op_body *op = &at->op.body_op;

	tell_area(at, IOAS_EV_AREA_GOING, &area);
	op->unpinned += area.pinned;
	charge(at, area.who, -area.pinned);
	op->areas++;
	op->removed += area.last - area.iova + 1;
	tell_area(at, IOAS_EV_AREA_GONE, &area);
	charge_tell(at);
	model_area_cut(at->s, i);
}

/* ---- ranges ---- */

/* What hardware that is attached leaves: nothing at all if there is none. */
static size_t valid_ranges(const struct model_at *at, const bool *attached,
			   struct model_range *out)
{
	const struct model_world *w = &at->m->world;
	uint64_t first = 0, last = UINT64_MAX;
	size_t n = 0;

	for (unsigned int g = 0; g < MODEL_HARDWARE; g++) {
		if (!attached[g])
			continue;
		first = w->aperture[g].iova > first ? w->aperture[g].iova : first;
		last = w->aperture[g].last < last ? w->aperture[g].last : last;
	}
	/* From one reserved range to the next, lowest first. */
	for (;;) {
		const struct model_range *low = NULL;

		for (unsigned int g = 0; g < MODEL_HARDWARE; g++) {
			for (unsigned int i = 0; attached[g] && i < w->nresv[g]; i++) {
				const struct model_range *r = &w->resv[g][i];

				if (r->last >= first && (!low || r->iova < low->iova))
					low = r;
			}
		}
		if (!low || low->iova > last)
			break;
		if (low->iova > first)
			out[n++] = (struct model_range){ first, low->iova - 1,
							 IOAS_RANGE_VALID, 0 };
		first = low->last + 1;
		if (!first || first > last)
			return n;
	}
	out[n++] = (struct model_range){ first, last, IOAS_RANGE_VALID, 0 };
	return n;
}

static bool in_one(const struct model_range *ranges, size_t n, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < n; i++) {
		if (ranges[i].class == IOAS_RANGE_VALID && ranges[i].iova <= iova &&
		    last <= ranges[i].last)
			return true;
	}
	return n == 0;
}

static void set_ranges(struct model_at *at)
{
	struct model_range now[MODEL_RANGES];
	size_t n = valid_ranges(at, at->s->attached, now);

	model_clear_ranges(at, IOAS_RANGE_VALID, 0);
	for (size_t i = 0; i < n; i++) {
		model_range_put(at->s, now[i]);
		model_tell_range(at, IOAS_EV_RANGE_ADD, now[i]);
	}
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
	if (!in_one(at->s->ranges, at->s->nranges, o->iova, last))
		return -EINVAL;
	if (at->s->dirty && model_pages_in(o->iova, last) > DIRTY_MAX)
		return -EINVAL;
	return 0;
}

/* A map that fails late has pinned, and unpins; it may have been announced. */
static void map_late(struct model_at *at, struct model_area *area)
{
	if (at->asked->flags & MODEL_SPLIT_LATE) {
		charge(at, area->who, area->pinned);
		charge_tell(at);
		area->number = model_id(at->m);
		tell_area(at, IOAS_EV_AREA_ADD, area);
		model_area_put(at->s, area);
		remove_dma(at, model_area_in(at->s, area->iova, area->iova));
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
	size_t old;
	int err;

	if (!model_range_is(o->iova, o->size, &area.last))
		return;
	old = model_area_in(at->s, area.iova, area.last);
	if (old < at->s->nareas && at->s->areas[old].stale)
		return; /* no sane program does */
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
	charge(at, area.who, area.pinned);
	charge_tell(at);
	area.number = model_id(at->m);
	tell_area(at, IOAS_EV_AREA_ADD, &area);
	model_area_put(at->s, &area);
	model_end(at, 0, 0);
}

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
		charge(at, a->who, add ? held : -held);
	}
}

static void tell_access(struct model_at *at, unsigned int kind, const struct model_pin *pin)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_area.iova = pin->iova;
	ev->body_area.last = pin->last;
	ev->body_area.pages = (int64_t)model_pages_in(pin->iova, pin->last);
	if (kind == IOAS_EV_ACCESS_UNPIN)
		return;
	ev->body_area.prot = at->asked->prot;
	ev->body_area.group = GROUP_BASE + pin->user;
	ev->body_area.group_valid = 1;
}

static int pin_error(const struct model_at *at, uint64_t last)
{
	const struct model_op *o = at->asked;
	uint64_t next = o->iova;

	if (at->s->mode == IOAS_MODE_V1)
		return -EACCES;
	if (has_invalid(at->s))
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

static void pin(struct model_at *at)
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
		charge_tell(at);
		at->s->pins[at->s->npins++] = p;
	}
	model_end(at, err ? err : (int64_t)pages, 0);
}

/* In an op of its own, which may run inside another one. */
static void let_go(const struct model_at *outer, size_t i, bool half)
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
	tell_access(&at, IOAS_EV_ACCESS_UNPIN, &p);
	if (!model_has_hardware(at.c, s))
		charge_pins(&at, &p, false);
	charge_tell(&at);
	model_end(&at, 0, IOAS_F_NO_RESULT);
}

static void let_go_in(const struct model_at *at, uint64_t iova, uint64_t last)
{
	for (size_t i = at->s->npins; i-- > 0;) {
		if (model_meet(at->s->pins[i].iova, at->s->pins[i].last, iova, last))
			let_go(at, i, false);
	}
}

static void let_go_group(const struct model_at *at, unsigned int user)
{
	for (size_t i = at->s->npins; i-- > 0;) {
		if (at->s->pins[i].user == user)
			let_go(at, i, false);
	}
}

/* ---- unmap ---- */

static int unmap_error(const struct model_at *at, uint64_t iova, uint64_t last)
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
	err = unmap_error(at, iova, last);
	if (err) {
		model_end(at, err, 0);
		return;
	}
	while ((i = unmap_first(at, iova, last)) < at->s->nareas) {
		let_go_in(at, at->s->areas[i].iova, at->s->areas[i].last);
		remove_dma(at, i);
	}
	unmap_mark_stale(at, iova, last);
	op->returned = op->removed;
	model_end(at, 0, IOAS_F_RETURNED);
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

static void vaddr_invalid(struct model_at *at)
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
	if (has_mediated(at->s))
		err = -EBUSY;
	if (!err)
		err = unmap_error(at, iova, last);
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

	if (has_mediated(at->s))
		return -EBUSY;
	if (i == at->s->nareas)
		return -ENOENT;
	return a->invalid && a->iova == at->asked->iova && a->last == last ? 0 : -EINVAL;
}

static void vaddr_update(struct model_at *at)
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
			charge(at, o->who, a->pinned);
			charge(at, old, -a->pinned);
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
		charge_tell(at);
	}
	model_end(at, err, 0);
}

/* ---- groups ---- */

static void tell_group(struct model_at *at, unsigned int kind, unsigned int user)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_obj.mode = at->s->mode;
	ev->body_obj.group = GROUP_BASE + user;
	ev->body_obj.emulated = user >= MODEL_HARDWARE;
}

static void tell_dirty(struct model_at *at)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_DIRTY);

	at->s->entries_left = MODEL_ENTRIES - (int64_t)at->s->nareas;
	ev->body_obj.mode = at->s->mode;
	ev->body_obj.dirty = at->s->dirty;
	ev->body_obj.non_pinned_groups = at->s->non_pinned_groups;
	ev->body_obj.entries_left = (uint64_t)at->s->entries_left;
}

static int attach_error(const struct model_at *at, unsigned int user)
{
	struct model_range would[MODEL_RANGES];
	bool attached[MODEL_USERS];
	size_t n;

	if (has_invalid(at->s))
		return -EBUSY;
	if (user >= MODEL_HARDWARE)
		return 0;
	memcpy(attached, at->s->attached, sizeof(attached));
	attached[user] = true;
	n = valid_ranges(at, attached, would);
	for (size_t i = 0; i < at->s->nareas; i++) {
		if (!in_one(would, n, at->s->areas[i].iova, at->s->areas[i].last))
			return -EINVAL;
	}
	return 0;
}

/* The first hardware pins what is mapped; what clients hold is charged already. */
static void replay(struct model_at *at)
{
	for (size_t i = 0; i < at->s->nareas; i++) {
		struct model_area *a = &at->s->areas[i];

		a->pinned = a->ram;
		a->pfnmap = a->mem;
		at->op.body_op.pinned += a->ram;
		charge(at, a->who, a->ram - model_pinned_in(at->s, a->iova, a->last));
		charge_tell(at);
		tell_pinned(at, a, a->ram, a->mem);
	}
}

static void attach_group(struct model_at *at)
{
	unsigned int user = at->asked->user;
	int err;

	model_begin(at, IOAS_OP_ATTACH);
	at->op.body_op.group = GROUP_BASE + user;
	at->op.body_op.group_valid = 1;
	err = attach_error(at, user);
	if (!err) {
		if (user < MODEL_HARDWARE && !model_has_hardware(at->c, at->s))
			replay(at);
		at->s->attached[user] = true;
		if (user < MODEL_HARDWARE)
			set_ranges(at);
		tell_group(at, IOAS_EV_GROUP_ATTACH, user);
		if (user < MODEL_HARDWARE) {
			at->s->non_pinned_groups++;
			tell_dirty(at);
		}
	}
	model_end(at, err, 0);
}

/* The first group: with it the driver is chosen, which opens the IOAS. */
static void attach(struct model_at *at)
{
	struct model_at inner;
	struct ioas_event *ev;
	struct model_ioas *s = at->s;

	if (s->attached[at->asked->user])
		return;
	if (s->id) {
		attach_group(at);
		return;
	}
	if (at->c->closed)
		return;
	at->s = NULL;
	model_begin(at, IOAS_OP_SET_IOMMU);
	at->op.body_op.cmd = VFIO_SET_IOMMU;
	at->op.body_op.uapi_flags =
		at->c->mode == IOAS_MODE_V1 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU;
	inner = *at;
	inner.s = s;
	s->id = model_id(at->m);
	s->mode = at->c->mode;
	s->entries_left = -1;
	ev = model_tell(&inner, IOAS_EV_IOAS_NEW);
	ev->body_obj.mode = s->mode;
	attach_group(&inner);
	model_end(at, 0, 0);
}

/* The last hardware goes, clients stay: what they hold is charged for them. */
static void reaccount(struct model_at *at)
{
	for (size_t i = 0; i < at->s->nareas; i++) {
		struct model_area *a = &at->s->areas[i];

		tell_pinned(at, a, -a->pinned, -a->pfnmap);
		at->op.body_op.unpinned += a->pinned;
		charge(at, a->who,
		       model_pinned_in(at->s, a->iova, a->last) - a->pinned);
		a->pinned = 0;
		a->pfnmap = 0;
	}
}

static void tell_end(struct model_at *at, uint64_t op)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_IOAS_GONE);

	ev->op = op;
	ev->body_obj.mode = at->s->mode;
}

static void release(struct model_at *at)
{
	uint64_t op;

	model_begin(at, IOAS_OP_RELEASE);
	op = at->op.op;
	if (!at->m->world.gone_late)
		tell_end(at, op);
	model_end(at, 0, IOAS_F_NO_RESULT);
	if (at->m->world.gone_late)
		tell_end(at, op);
	free(at->s->areas);
	memset(at->s, 0, sizeof(*at->s));
	at->s = NULL;
	if (at->c->closed)
		model_tell(at, IOAS_EV_CTX_GONE);
}

static void detach_hardware(struct model_at *at, bool last)
{
	at->s->non_pinned_groups--;
	if (last && has_mediated(at->s))
		reaccount(at);
}

static void detach(struct model_at *at)
{
	unsigned int user = at->asked->user;
	bool any, hw = user < MODEL_HARDWARE;

	if (!at->s->attached[user])
		return;
	let_go_group(at, user);
	model_begin(at, IOAS_OP_DETACH);
	at->op.body_op.group = GROUP_BASE + user;
	at->op.body_op.group_valid = 1;
	at->s->attached[user] = false;
	any = model_has_hardware(at->c, at->s);
	if (hw)
		detach_hardware(at, !any);
	any = any || has_mediated(at->s);
	while (!any && at->s->nareas)
		remove_dma(at, 0);
	if (hw)
		set_ranges(at);
	charge_tell(at);
	tell_group(at, IOAS_EV_GROUP_DETACH, user);
	if (hw)
		tell_dirty(at);
	model_end(at, 0, IOAS_F_NO_RESULT);
	if (!any)
		release(at);
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
	at->op.body_op.uapi_flags = on ? VFIO_IOMMU_DIRTY_PAGES_FLAG_START :
					 VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP;
	at->op.body_op.cmd = VFIO_IOMMU_DIRTY_PAGES;
	if (!err && at->s->dirty != on) {
		at->s->dirty = on;
		tell_dirty(at);
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
		vaddr_invalid(at);
		break;
	case MODEL_VADDR_UPDATE:
		vaddr_update(at);
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
		attach(at);
		break;
	case MODEL_DETACH:
		detach(at);
		break;
	case MODEL_PIN:
		pin(at);
		break;
	case MODEL_UNPIN:
		if (at->s->npins)
			let_go(at, at->asked->va % at->s->npins, at->asked->flags & MODEL_PART);
		break;
	default:
		if (at->s->id && !at->c->closed)
			ioctl_on(at);
		break;
	}
}
