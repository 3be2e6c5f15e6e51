/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: areas, and which devices reach them.
 *
 * What makes it ordered: the lock of the IOAS, for writing. A split also has the lock of the
 * memory.
 */
#ifndef IOASCOPE_BUNDLED_AREAS_BPF_H
#define IOASCOPE_BUNDLED_AREAS_BPF_H

#include "bundled_pages.bpf.h"
#include "iommufd_splits.bpf.h"

static __always_inline void bd_area_body(struct ioas_area_body *a, const struct ioasb_note_area *n,
					 __u32 pages_id)
{
	a->iova = n->start;
	a->last = n->last;
	a->at = n->first_page << PAGE_SHIFT;
	a->va = n->pages.user_va + a->at;
	a->prot = bd_prot(n->prot);
	a->owner_tgid = n->pages.tgid;
	a->owner_uid = n->pages.uid;
	a->pages_id = pages_id;
}

static __noinline int bd_area_tell(struct ioas_ioas *s, const struct ioas_area_body *a, __u32 kind,
				   __u8 flags)
{
	struct op *op = s ? bd_op(0) : NULL;
	struct ioas_event *e;

	e = s ? event_begin(ctx_of(s), s, kind, fd_op_num(op)) : NULL;
	if (!e)
		return 0;
	e->flags = flags;
	e->body_area = *a;
	event_end(e);
	return 0;
}

static __noinline int bd_area_add(const struct ioasb_note_area *n)
{
	struct ioas_ioas *s = bd_ioas(&n->pages.at);
	struct op *op = bd_op(n->pages.at.ioas);
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *o = bd_pages(c, &n->pages);
	struct ioas_area_body a = {};

	if (!c || !o)
		return 0;
	bd_area_body(&a, n, o->id);
	a.area = new_id();
	if (op)
		op->announced = 1;
	__sync_fetch_and_add(&s->areas, 1);
	__sync_fetch_and_add(&s->bytes, a.last - a.iova + 1);
	area_keep(c, s, &a, fd_op_num(op));
	return bd_area_tell(s, &a, IOAS_EV_AREA_ADD, 0);
}

HOOK("fentry/ioasb_hook_area_added", bd_area_added)
{
	BD_NOTE(ioasb_note_area, n, ARG_BD_AREA_ADDED);

	return bd_area_add(&n);
}

/* The area as it goes, and as it is known; a slot: it was seen to come. */
static __always_inline struct ioas_slot *
bd_area_known(struct ioas_ioas *s, struct ioas_area_body *a, const struct ioasb_note_area *n)
{
	struct fd_object *o = fd_find(n->pages.key, FD_PAGES);
	struct ioas_slot *slot;
	__u32 i = 0;

	bd_area_body(a, n, o ? o->id : 0);
	slot = area_find(s->id, a->iova, &i);
	if (slot)
		a->area = slot->area;
	return slot;
}

static __noinline int bd_area_goes(const struct ioasb_note_area *n)
{
	struct ioas_ioas *s = bd_ioas(&n->pages.at);
	struct ioas_area_body a = {};
	struct ioas_slot *slot;

	bd_op(n->pages.at.ioas);
	slot = s ? bd_area_known(s, &a, n) : NULL;
	if (slot) {
		slot_write_begin(slot);
		slot->going = 1;
		slot_write_end(slot);
	}
	return bd_area_tell(s, &a, IOAS_EV_AREA_GOING, slot ? 0 : IOAS_F_UNSEEN);
}

HOOK("fentry/ioasb_hook_area_going", bd_area_going)
{
	BD_NOTE(ioasb_note_area, n, ARG_BD_AREA_GOING);

	return bd_area_goes(&n);
}

static __noinline int bd_area_went(const struct ioasb_note_area *n)
{
	struct ioas_ioas *s = bd_ioas(&n->pages.at);
	struct op *op = bd_op(n->pages.at.ioas);
	struct ioas_area_body a = {};
	struct ioas_slot *slot;
	__u64 size;

	slot = s ? bd_area_known(s, &a, n) : NULL;
	size = a.last - a.iova + 1;
	if (op && s) {
		op->areas++;
		op->removed += size;
	}
	if (slot) {
		__sync_fetch_and_add(&s->areas, -1ULL);
		__sync_fetch_and_add(&s->bytes, -size);
		area_drop(s->id, a.iova);
	}
	return bd_area_tell(s, &a, IOAS_EV_AREA_GONE, slot ? 0 : IOAS_F_UNSEEN);
}

HOOK("fentry/ioasb_hook_area_gone", bd_area_gone)
{
	BD_NOTE(ioasb_note_area, n, ARG_BD_AREA_GONE);

	return bd_area_went(&n);
}

/* The right part is the mapping that the whole was: its time, its op, its task. */
static __noinline int bd_split_keep(struct ioas_ioas *s, struct ioas_area_body *a)
{
	struct ioas_slot *left, *right;
	__u32 n = 0;

	left = s ? area_find(s->id, a->iova, &n) : NULL;
	if (!left)
		return 0;
	slot_write_begin(left);
	left->last = a->at - 1;
	slot_write_end(left);
	a->va += a->at - a->iova;
	a->iova = a->at;
	a->area = a->area2;
	area_keep(ctx_of(s), s, a, left->op);
	__sync_fetch_and_add(&s->areas, 1);
	right = area_find(s->id, a->iova, &n);
	if (!right)
		return 0;
	slot_write_begin(right);
	right->time_ns = left->time_ns;
	__builtin_memcpy(right->comm, left->comm, sizeof(right->comm));
	slot_write_end(right);
	return 0;
}

static __noinline int bd_area_splits(const struct ioasb_note_area *n)
{
	struct ioas_ioas *s = bd_ioas(&n->pages.at);
	struct ioas_area_body a = {};
	struct ioas_slot *slot;

	bd_op(n->pages.at.ioas);
	slot = s ? bd_area_known(s, &a, n) : NULL;
	a.at = n->cut;
	if (slot)
		a.area2 = new_id();
	bd_area_tell(s, &a, IOAS_EV_AREA_SPLIT, slot ? 0 : IOAS_F_UNSEEN);
	return slot ? bd_split_keep(s, &a) : 0;
}

HOOK("fentry/ioasb_hook_area_split", bd_area_split)
{
	BD_NOTE(ioasb_note_area, n, ARG_BD_AREA_SPLIT);

	return bd_area_splits(&n);
}

/* A device is told as a domain of its own, which maps all areas. */
static __noinline int bd_fill(const struct ioasb_note_area *n, __s64 sign)
{
	struct ioas_ioas *s = bd_ioas(&n->pages.at);
	struct op *op = bd_op(n->pages.at.ioas);
	struct fd_object *o = fd_find(n->attachment, FD_DOMAIN);
	struct ioas_event *e;

	e = s && o ? event_begin(ctx_of(s), s, IOAS_EV_AREA_FILLED, fd_op_num(op)) : NULL;
	if (!e)
		return 0;
	e->body_area.iova = n->start;
	e->body_area.last = n->last;
	e->body_area.object = o->id;
	e->body_area.bytes = sign * (__s64)(n->last - n->start + 1);
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_area_filled", bd_area_filled)
{
	BD_NOTE(ioasb_note_area, n, ARG_BD_AREA_FILLED);

	return bd_fill(&n, 1);
}

HOOK("fentry/ioasb_hook_area_emptied", bd_area_emptied)
{
	BD_NOTE(ioasb_note_area, n, ARG_BD_AREA_EMPTIED);

	return bd_fill(&n, -1);
}

#endif
