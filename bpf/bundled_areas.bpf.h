/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: areas, and which devices reach them.
 *
 * What makes it ordered: the lock of the IOAS, for writing. A split or merge also has the lock of
 * the memory.
 */
#ifndef IOASCOPE_BUNDLED_AREAS_BPF_H
#define IOASCOPE_BUNDLED_AREAS_BPF_H

#include "bundled_pages.bpf.h"
#include "bundled_parts.bpf.h"
#include "iommufd_splits.bpf.h"

static __always_inline void bd_area_body(struct ioas_area_body *a, __u64 note, __u32 pages_id)
{
	a->iova = BD(ioasb_note_area, note, start);
	a->last = BD(ioasb_note_area, note, last);
	a->at = BD(ioasb_note_area, note, first_page) << PAGE_SHIFT;
	a->va = BD(ioasb_note_pages, note, user_va) + a->at;
	a->prot = bd_prot(BD(ioasb_note_area, note, prot));
	a->owner_tgid = BD(ioasb_note_pages, note, tgid);
	a->owner_uid = BD(ioasb_note_pages, note, uid);
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

static __noinline int bd_area_add(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *o = bd_pages(c, note);
	struct ioas_area_body *a;

	if (!c || !o)
		return 0;
	if (!op) {
		stat_inc(IOAS_STAT_NO_CONTEXT);
		return 0;
	}
	/* Too large for the stack: the op has room for one. */
	a = &op->removal.area;
	__builtin_memset(a, 0, sizeof(*a));
	bd_area_body(a, note, o->id);
	a->area = new_id();
	op->announced = 1;
	__sync_fetch_and_add(&s->areas, 1);
	__sync_fetch_and_add(&s->bytes, a->last - a->iova + 1);
	area_keep(c, s, a, op->num);
	return bd_area_tell(s, a, IOAS_EV_AREA_ADD, 0);
}

HOOK("fentry/ioasb_hook_area_added", bd_area_added)
{
	__u64 note = arg(ctx, ARG_BD_AREA_ADDED);

	return bd_area_add(note);
}

/* The area as it goes, and as it is known; a slot: it was seen to come. */
static __always_inline struct ioas_slot *bd_area_known(struct ioas_ioas *s,
						       struct ioas_area_body *a, __u64 note)
{
	struct fd_object *o = fd_find(BD(ioasb_note_pages, note, key), FD_PAGES);
	struct ioas_slot *slot;
	__u32 i = 0;

	bd_area_body(a, note, o ? o->id : 0);
	slot = area_find(s->id, a->iova, &i);
	if (slot)
		a->area = slot->area;
	return slot;
}

static __noinline int bd_area_goes(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct ioas_area_body a = {};
	struct ioas_slot *slot;

	bd_op(BD(ioasb_note, note, ioas));
	slot = s ? bd_area_known(s, &a, note) : NULL;
	if (slot) {
		slot_write_begin(slot);
		slot->going = 1;
		slot_write_end(slot);
	}
	return bd_area_tell(s, &a, IOAS_EV_AREA_GOING, slot ? 0 : IOAS_F_UNSEEN);
}

HOOK("fentry/ioasb_hook_area_going", bd_area_going)
{
	__u64 note = arg(ctx, ARG_BD_AREA_GOING);

	return bd_area_goes(note);
}

static __noinline int bd_area_went(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	struct ioas_area_body a = {};
	struct ioas_slot *slot;
	__u64 size;

	slot = s ? bd_area_known(s, &a, note) : NULL;
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
	__u64 note = arg(ctx, ARG_BD_AREA_GONE);

	return bd_area_went(note);
}

static __noinline int bd_area_splits(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct ioas_area_body a = {};
	struct ioas_slot *slot;

	bd_op(BD(ioasb_note, note, ioas));
	slot = s ? bd_area_known(s, &a, note) : NULL;
	a.at = BD(ioasb_note_area, note, cut);
	if (slot)
		a.area2 = new_id();
	bd_area_tell(s, &a, IOAS_EV_AREA_SPLIT, slot ? 0 : IOAS_F_UNSEEN);
	return slot ? area_split(ctx_of(s), s, &a, slot) : 0;
}

HOOK("fentry/ioasb_hook_area_split", bd_area_split)
{
	__u64 note = arg(ctx, ARG_BD_AREA_SPLIT);

	return bd_area_splits(note);
}

static __noinline int bd_area_merges(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct ioas_slot *head, *tail = NULL;
	struct ioas_area_body a = {};
	__u32 n = 0;

	bd_op(BD(ioasb_note, note, ioas));
	head = s ? bd_area_known(s, &a, note) : NULL;
	a.at = BD(ioasb_note_area, note, cut);
	if (s)
		tail = area_find(s->id, a.at, &n);
	if (tail)
		a.area2 = tail->area;
	if (head && tail) {
		slot_write_begin(head);
		head->last = a.last;
		slot_write_end(head);
	} else if (s && (head || tail)) {
		/* One was seen to be mapped: what they are then is not known. */
		__sync_fetch_and_add(&s->bytes, head ? a.iova - a.at : a.at - a.last - 1);
		area_drop(s->id, a.iova);
		a.area = 0;
		a.area2 = 0;
	}
	if (s && (head || tail))
		__sync_fetch_and_add(&s->areas, -1ULL);
	if (s && tail)
		area_drop(s->id, a.at);
	return bd_area_tell(s, &a, IOAS_EV_AREA_MERGED, head && tail ? 0 : IOAS_F_UNSEEN);
}

HOOK("fentry/ioasb_hook_area_merged", bd_area_merged)
{
	__u64 note = arg(ctx, ARG_BD_AREA_MERGED);

	return bd_area_merges(note);
}

/* A device is told as a domain of its own, which maps all areas. */
static __noinline int bd_fill(__u64 note, __s64 sign)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	struct fd_object *o = fd_find(BD(ioasb_note_area, note, attachment), FD_DOMAIN);
	__s64 bytes = sign * (__s64)(BD(ioasb_note_area, note, last) -
				     BD(ioasb_note_area, note, start) + 1);
	struct ioas_event *e;

	if (!s || !o)
		return 0;
	bd_part_add(s, IOAS_PART_DOMAIN, o->id, bytes);
	e = event_begin(ctx_of(s), s, IOAS_EV_AREA_FILLED, fd_op_num(op));
	if (!e)
		return 0;
	e->body_area.iova = BD(ioasb_note_area, note, start);
	e->body_area.last = BD(ioasb_note_area, note, last);
	e->body_area.object = o->id;
	e->body_area.bytes = bytes;
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_area_filled", bd_area_filled)
{
	__u64 note = arg(ctx, ARG_BD_AREA_FILLED);

	return bd_fill(note, 1);
}

HOOK("fentry/ioasb_hook_area_emptied", bd_area_emptied)
{
	__u64 note = arg(ctx, ARG_BD_AREA_EMPTIED);

	return bd_fill(note, -1);
}

#endif
