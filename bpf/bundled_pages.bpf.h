/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: pages objects, the memory behind areas, and what is charged for it.
 *
 * What makes it ordered:
 *   memory born: before its first area, when nobody else knows it; gone: with its last reference.
 *   pinned, unpinned, charged, owned by somebody else: its own lock.
 */
#ifndef IOASCOPE_BUNDLED_PAGES_BPF_H
#define IOASCOPE_BUNDLED_PAGES_BPF_H

#include "bundled.bpf.h"
#include "iommufd_pages.bpf.h"

static __always_inline __u32 bd_counter(__u64 note)
{
	if (!BD(ioasb_note_pages, note, payer))
		return IOAS_COUNTER_NONE;
	return BD(ioasb_note_pages, note, account) == IOASB_ACCOUNT_MM ? IOAS_COUNTER_MM_LOCKED
								       : IOAS_COUNTER_USER_LOCKED;
}

static __always_inline __u32 bd_memory(__u64 note)
{
	return BD(ioasb_note_pages, note, memory) == IOASB_MEMORY_FILE ? IOAS_MEMORY_FILE
								       : IOAS_MEMORY_USER;
}

/* Our number of who pays; 0: nobody. */
static __noinline __u32 bd_payer_of(struct ioas_ctx *c, __u64 address, __u32 who)
{
	struct fd_payer key = { .address = address, .who = who };
	__u32 *known, id;

	if (!address)
		return 0;
	known = bpf_map_lookup_elem(&fd_payers, &key);
	if (known)
		return *known;
	/* As fd_payer(): no lock is held by all who may see one first. */
	id = new_id();
	bpf_map_update_elem(&fd_payers, &key, &id, BPF_NOEXIST);
	known = bpf_map_lookup_elem(&fd_payers, &key);
	if (known)
		return *known;
	stat_inc(IOAS_STAT_MAP_FULL);
	mark_uncertain(c);
	return 0;
}

static __always_inline __u32 bd_payer(struct ioas_ctx *c, __u64 note)
{
	return bd_payer_of(c, BD(ioasb_note_pages, note, payer),
			   BD(ioasb_note_pages, note, account) == IOASB_ACCOUNT_MM
				   ? BD(ioasb_note_pages, note, tgid)
				   : BD(ioasb_note_pages, note, uid));
}

/* What readers of the state find. */
static __noinline int bd_pages_keep(struct ioas_ctx *c, __u64 note, const struct fd_object *o,
				    __u32 owner)
{
	struct ioas_pages v = { .owner = owner };
	__u64 key = BD(ioasb_note_pages, note, key);

	if (!c || !o)
		return 0;
	v.id = o->id;
	v.ctx = c->id;
	v.va = BD(ioasb_note_pages, note, user_va);
	v.npages = BD(ioasb_note_pages, note, npages);
	v.pinned = o->pinned;
	v.tgid = BD(ioasb_note_pages, note, tgid);
	v.uid = BD(ioasb_note_pages, note, uid);
	v.memory = bd_memory(note);
	v.account = bd_counter(note);
	v.writable = BD(ioasb_note_pages, note, writeable);
	if (bpf_map_update_elem(&ioas_pages, &key, &v, BPF_ANY)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(c);
	}
	return 0;
}

static __noinline int bd_pages_tell(struct ioas_ctx *c, __u64 note, struct fd_object *o, __u32 kind,
				    __s64 pinned)
{
	struct op *op = bd_op(0);
	__u32 owner = bd_payer(c, note);
	__u64 key = BD(ioasb_note_pages, note, key);
	struct ioas_event *e;

	if (!c || !o)
		return 0;
	if (kind == IOAS_EV_PAGES_GONE)
		bpf_map_delete_elem(&ioas_pages, &key);
	else
		bd_pages_keep(c, note, o, owner);
	e = event_begin(c, NULL, kind, fd_op_num(op));
	if (!e)
		return 0;
	e->body_pages.pages_id = o->id;
	e->body_pages.owner = owner;
	e->body_pages.va = BD(ioasb_note_pages, note, user_va);
	e->body_pages.npages = BD(ioasb_note_pages, note, npages);
	e->body_pages.pinned = pinned;
	e->body_pages.memory = bd_memory(note);
	e->body_pages.account = bd_counter(note);
	e->body_pages.writable = BD(ioasb_note_pages, note, writeable);
	e->body_pages.owner_tgid = BD(ioasb_note_pages, note, tgid);
	e->body_pages.owner_uid = BD(ioasb_note_pages, note, uid);
	event_end(e);
	return 0;
}

/* At first sight; what is older than the trace is told as if it came now. */
static __noinline struct fd_object *bd_pages(struct ioas_ctx *c, __u64 note)
{
	struct fd_object *o = fd_find(BD(ioasb_note_pages, note, key), FD_PAGES);

	if (o || !c)
		return o;
	o = fd_new(c, BD(ioasb_note_pages, note, key), FD_PAGES, BD(ioasb_note, note, ctx), 0);
	if (!o)
		return o;
	if (BD(ioasb_note_pages, note, memory) == IOASB_MEMORY_USER)
		memory_mapped(BD(ioasb_note_pages, note, mm), BD(ioasb_note_pages, note, user_va),
			      BD(ioasb_note_pages, note, user_va) +
				      (BD(ioasb_note_pages, note, npages) << PAGE_SHIFT) - 1,
			      BD(ioasb_note_pages, note, tgid), BD(ioasb_note_pages, note, uid));
	bd_pages_tell(c, note, o, IOAS_EV_PAGES_NEW, 0);
	return o;
}

HOOK("fentry/ioasb_hook_pages_new", bd_pages_new)
{
	__u64 note = arg(ctx, ARG_BD_PAGES_NEW);

	/* What it was before has ended unseen, if the number is still there. */
	fd_forget(BD(ioasb_note_pages, note, key));
	bd_pages(bd_ctx(note), note);
	return 0;
}

HOOK("fentry/ioasb_hook_pages_gone", bd_pages_gone)
{
	__u64 note = arg(ctx, ARG_BD_PAGES_GONE);
	struct fd_object *o = fd_find(BD(ioasb_note_pages, note, key), FD_PAGES);

	if (!o)
		return 0;
	bd_pages_tell(bd_ctx(note), note, o, IOAS_EV_PAGES_GONE, 0);
	fd_forget(BD(ioasb_note_pages, note, key));
	return 0;
}

/* What the object has pinned now, against what was told last. */
static __noinline int bd_pinned_now(__u64 note)
{
	struct ioas_ctx *c = bd_ctx(note);
	struct fd_object *o = bd_pages(c, note);
	struct op *op = bd_op(0);
	__s64 delta;

	if (!o)
		return 0;
	delta = (__s64)BD(ioasb_note_pages, note, npinned) - o->pinned;
	if (!delta)
		return 0;
	o->pinned = BD(ioasb_note_pages, note, npinned);
	if (op && delta > 0)
		op->pinned += delta;
	else if (op)
		op->unpinned -= delta;
	return bd_pages_tell(c, note, o, IOAS_EV_PAGES_PINNED, delta);
}

HOOK("fentry/ioasb_hook_pinned", bd_pinned)
{
	__u64 note = arg(ctx, ARG_BD_PINNED);

	return bd_pinned_now(note);
}

HOOK("fentry/ioasb_hook_unpinned", bd_unpinned)
{
	__u64 note = arg(ctx, ARG_BD_UNPINNED);

	return bd_pinned_now(note);
}

static __noinline int bd_charge_tell(__u64 note)
{
	struct ioas_ctx *c = bd_ctx(note);
	struct fd_object *o = bd_pages(c, note);
	struct op *op = bd_op(0);
	__u32 owner = bd_payer(c, note);
	struct ioas_event *e;

	if (!c || !o || !BD(ioasb_note_pages, note, payer))
		return 0;
	e = event_begin(c, NULL, IOAS_EV_CHARGE, fd_op_num(op));
	if (!e)
		return 0;
	e->body_charge.owner = owner;
	e->body_charge.counter = bd_counter(note);
	e->body_charge.pages = BD(ioasb_note_pages, note, charged);
	e->body_charge.owner_tgid = BD(ioasb_note_pages, note, tgid);
	e->body_charge.owner_uid = BD(ioasb_note_pages, note, uid);
	e->body_charge.pages_id = o->id;
	event_end(e);
	return 0;
}

/* Told between the charge that the old one gives back and that of the new one. */
HOOK("fentry/ioasb_hook_owner", bd_owner)
{
	__u64 note = arg(ctx, ARG_BD_OWNER);
	struct ioas_ctx *c = bd_ctx(note);

	return bd_pages_tell(c, note, bd_pages(c, note), IOAS_EV_PAGES_OWNER, 0);
}

HOOK("fentry/ioasb_hook_charged", bd_charged)
{
	__u64 note = arg(ctx, ARG_BD_CHARGED);

	return bd_charge_tell(note);
}

/* A table is charged as a whole. No lock orders it: what comes between is of other maps of it. */
static __noinline int bd_table_tell(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	bool mm = BD(ioasb_note, note, account) == IOASB_ACCOUNT_MM;
	__u32 tgid = BD(ioasb_note_tce, note, tgid), uid = BD(ioasb_note_tce, note, uid);
	__u64 payer = BD(ioasb_note_tce, note, payer);
	struct ioas_event *e;
	__u32 owner;

	if (!s || !payer)
		return 0;
	owner = bd_payer_of(ctx_of(s), payer, mm ? tgid : uid);
	e = event_begin(ctx_of(s), s, IOAS_EV_CHARGE, fd_op_num(op));
	if (!e)
		return 0;
	e->body_charge.owner = owner;
	e->body_charge.counter = mm ? IOAS_COUNTER_MM_LOCKED : IOAS_COUNTER_USER_LOCKED;
	e->body_charge.pages = BD(ioasb_note_tce, note, charged);
	e->body_charge.owner_tgid = tgid;
	e->body_charge.owner_uid = uid;
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_tce_charged", bd_tce_charged)
{
	__u64 note = arg(ctx, ARG_BD_TCE_CHARGED);

	return bd_table_tell(note);
}

#endif
