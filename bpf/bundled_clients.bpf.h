/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: mediated clients and their pins.
 *
 * What makes it ordered: a client comes and goes under the lock of its IOAS, for writing. Its own
 * lock orders its pins: in after the pin, under the IOAS's lock as well; out before the unpin. An
 * unmap looks for pins under both. What it does, and is asked, are ops, and need no order.
 */
#ifndef IOASCOPE_BUNDLED_CLIENTS_BPF_H
#define IOASCOPE_BUNDLED_CLIENTS_BPF_H

#include "bundled_parts.bpf.h"

static __noinline int bd_client_tell(__u64 note, __u32 kind)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *o;
	struct ioas_event *e;

	o = c ? fd_get(c, BD(ioasb_note_client, note, client), FD_ACCESS, BD(ioasb_note, note, ctx),
		       BD(ioasb_note, note, ioas))
	      : NULL;
	e = o ? event_begin(c, s, kind, fd_op_num(op)) : NULL;
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.object = o->id;
	e->body_obj.page_size = 1 << PAGE_SHIFT;
	e->body_obj.exact = !BD(ioasb_note_client, note, rule);
	bd_user_keep(s, e);
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_client_new", bd_client_new)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_NEW);

	return bd_client_tell(note, IOAS_EV_ACCESS_ATTACH);
}

HOOK("fentry/ioasb_hook_client_gone", bd_client_gone)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_GONE);

	bd_client_tell(note, IOAS_EV_ACCESS_DETACH);
	fd_forget(BD(ioasb_note_client, note, client));
	return 0;
}

static __noinline int bd_pin_tell(__u64 note, __u32 kind)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	__u64 count = BD(ioasb_note_client, note, count);
	struct fd_object *o;
	struct ioas_event *e;
	__s64 pages;

	o = c ? fd_get(c, BD(ioasb_note_client, note, client), FD_ACCESS, BD(ioasb_note, note, ctx),
		       BD(ioasb_note, note, ioas))
	      : NULL;
	if (!o)
		return 0;
	pages = BD(ioasb_note_client, note, last) - BD(ioasb_note_client, note, start);
	pages = (pages >> PAGE_SHIFT) + 1;
	bd_part_add(s, IOAS_PART_ACCESS, o->id,
		    kind == IOAS_EV_ACCESS_PIN ? pages * count : -pages * count);
	e = event_begin(c, s, kind, fd_op_num(op));
	if (!e)
		return 0;
	e->body_area.iova = BD(ioasb_note_client, note, start);
	e->body_area.last = BD(ioasb_note_client, note, last);
	e->body_area.pages = pages;
	e->body_area.prot = bd_prot(BD(ioasb_note_client, note, prot));
	e->body_area.object = o->id;
	e->body_area.refs = count > 1 ? count : 0;
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_client_pin", bd_client_pin)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_PIN);

	return bd_pin_tell(note, IOAS_EV_ACCESS_PIN);
}

/* What a client forgets is its own to unpin: not told, it is found to be left when it goes. */
HOOK("fentry/ioasb_hook_client_unpin", bd_client_unpin)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_UNPIN);
	struct op *op = op_get(LEVEL_CLIENT);

	if (op && op->what == IOAS_OP_DETACH && !op->emulated)
		return 0;
	return bd_pin_tell(note, IOAS_EV_ACCESS_UNPIN);
}

/* ---- ops ---- */

static __always_inline __u32 bd_client_what(__u32 nr)
{
	switch (nr) {
	case IOASB_NR_CLIENT_PIN:
	case IOASB_NR_CLIENT_PIN_PAGES:
		return IOAS_OP_PIN;
	case IOASB_NR_CLIENT_UNPIN:
	case IOASB_NR_CLIENT_UNPIN_PAGES:
		return IOAS_OP_UNPIN;
	case IOASB_NR_CLIENT_RW:
		return IOAS_OP_RW;
	default:
		return IOAS_OP_DETACH;
	}
}

/* .emulated: it goes with its process, which cannot unpin any more. */
static __noinline int bd_client_begin(__u64 note)
{
	__u32 nr = BD(ioasb_note_client, note, op);
	struct op *op;

	if (!bd_ioas(note))
		return 0;
	op = op_new(LEVEL_CLIENT, bd_client_what(nr));
	if (!op)
		return 0;
	op->ctx_key = BD(ioasb_note, note, ctx);
	op->ioas_key = BD(ioasb_note, note, ioas);
	op->prot = bd_prot(BD(ioasb_note_client, note, prot));
	op->emulated = BD(ioasb_note_client, note, exiting);
	/* Pages that are scattered have no range. */
	if (op->what == IOAS_OP_DETACH || nr == IOASB_NR_CLIENT_PIN_PAGES ||
	    nr == IOASB_NR_CLIENT_UNPIN_PAGES)
		return 0;
	op->iova = BD(ioasb_note_client, note, start);
	op->size = BD(ioasb_note_client, note, last) - BD(ioasb_note_client, note, start) + 1;
	return 0;
}

HOOK("fentry/ioasb_hook_client_call", bd_client_call)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_CALL);

	return bd_client_begin(note);
}

HOOK("fentry/ioasb_hook_client_answer", bd_client_answer)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_ANSWER);
	struct op *op = op_get(LEVEL_CLIENT);
	struct ioas_ioas *s = bd_ioas(note);

	if (!op)
		return 0;
	if (s)
		op_emit(ctx_of(s), s, op, BD(ioasb_note_client, note, result), 0, 0);
	op_del(LEVEL_CLIENT);
	return 0;
}

/* In a round clients are asked by their numbers: one that is not above the last begins another. */
static __always_inline __u32 bd_round(__u32 client)
{
	struct op *unmap = op_get(LEVEL_DRIVER);

	if (!unmap)
		return 1;
	if (!unmap->rounds || client <= unmap->asked)
		unmap->rounds++;
	unmap->asked = client;
	return unmap->rounds;
}

static __noinline int bd_client_ask(__u64 note)
{
	__u32 round = bd_round(BD(ioasb_note_client, note, id));
	struct fd_object *o;
	struct op *op;

	if (!bd_ioas(note))
		return 0;
	o = fd_find(BD(ioasb_note_client, note, client), FD_ACCESS);
	op = op_new(LEVEL_NOTIFY, IOAS_OP_NOTIFY);
	if (!op)
		return 0;
	op->ctx_key = BD(ioasb_note, note, ctx);
	op->ioas_key = BD(ioasb_note, note, ioas);
	op->iova = BD(ioasb_note_client, note, start);
	op->size = BD(ioasb_note_client, note, last) - BD(ioasb_note_client, note, start) == ~0ULL
			   ? ~0ULL
			   : BD(ioasb_note_client, note, last) -
				     BD(ioasb_note_client, note, start) + 1;
	op->group = o ? o->id : 0;
	op->rounds = round;
	return 0;
}

HOOK("fentry/ioasb_hook_client_asked", bd_client_asked)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_ASKED);

	return bd_client_ask(note);
}

HOOK("fentry/ioasb_hook_client_let_go", bd_client_let_go)
{
	__u64 note = arg(ctx, ARG_BD_CLIENT_LET_GO);
	struct op *op = op_get(LEVEL_NOTIFY);
	struct ioas_ioas *s = bd_ioas(note);

	if (!op)
		return 0;
	op->areas = op->rounds;
	if (s)
		op_emit(ctx_of(s), s, op, BD(ioasb_note_client, note, result), 0, 0);
	op_del(LEVEL_NOTIFY);
	return 0;
}

#endif
