/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: devices, and ranges.
 *
 * What makes it ordered: the lock of the IOAS, for writing.
 */
#ifndef IOASCOPE_BUNDLED_USERS_BPF_H
#define IOASCOPE_BUNDLED_USERS_BPF_H

#include "bundled_parts.bpf.h"

/* A device has a domain of its own in each IOAS, which lasts as long as it is attached. */
static __noinline int bd_device_tell(struct ioas_ioas *s, __u64 note, __u32 kind, __u32 device,
				     __u32 domain)
{
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	__u64 id = BD(ioasb_note_device, note, id);
	struct ioas_event *e;

	e = s ? event_begin(ctx_of(s), s, kind, fd_op_num(op)) : NULL;
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	if (kind == IOAS_EV_DOMAIN_ATTACH || kind == IOAS_EV_DOMAIN_DETACH) {
		e->body_obj.object = domain;
		e->body_obj.page_size = BD(ioasb_note_device, note, page_size);
	} else {
		e->body_obj.object = device;
		e->body_obj.domain = domain;
		BPF_SNPRINTF(e->body_obj.name, sizeof(e->body_obj.name), "dev%d", id);
	}
	bd_user_keep(s, e);
	event_end(e);
	return 0;
}

static __noinline int bd_attach(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *device, *domain;

	if (!c)
		return 0;
	device = fd_get(c, BD(ioasb_note_device, note, device), FD_DEVICE,
			BD(ioasb_note, note, ctx), BD(ioasb_note, note, ioas));
	domain = fd_new(c, BD(ioasb_note_device, note, attachment), FD_DOMAIN,
			BD(ioasb_note, note, ctx), BD(ioasb_note, note, ioas));
	if (!device || !domain)
		return 0;
	device->ioas_key = BD(ioasb_note, note, ioas);
	s->domains++;
	bd_device_tell(s, note, IOAS_EV_DOMAIN_ATTACH, device->id, domain->id);
	return bd_device_tell(s, note, IOAS_EV_DEVICE_ATTACH, device->id, domain->id);
}

HOOK("fentry/ioasb_hook_attached", bd_attached)
{
	__u64 note = arg(ctx, ARG_BD_ATTACHED);

	return bd_attach(note);
}

/* One that moves is in its new IOAS before it leaves the old one: it keeps its number. */
static __noinline int bd_detach(__u64 note)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *device, *domain;

	if (!c)
		return 0;
	device = fd_get(c, BD(ioasb_note_device, note, device), FD_DEVICE,
			BD(ioasb_note, note, ctx), BD(ioasb_note, note, ioas));
	domain = fd_get(c, BD(ioasb_note_device, note, attachment), FD_DOMAIN,
			BD(ioasb_note, note, ctx), BD(ioasb_note, note, ioas));
	if (!device || !domain)
		return 0;
	bd_device_tell(s, note, IOAS_EV_DEVICE_DETACH, device->id, domain->id);
	bd_device_tell(s, note, IOAS_EV_DOMAIN_DETACH, device->id, domain->id);
	if (s->domains)
		s->domains--;
	if (device->ioas_key == BD(ioasb_note, note, ioas))
		fd_forget(BD(ioasb_note_device, note, device));
	fd_forget(BD(ioasb_note_device, note, attachment));
	return 0;
}

HOOK("fentry/ioasb_hook_detached", bd_detached)
{
	__u64 note = arg(ctx, ARG_BD_DETACHED);

	return bd_detach(note);
}

static __always_inline __u32 bd_range_class(__u32 kind)
{
	switch (kind) {
	case IOASB_REC_RESERVED:
		return IOAS_RANGE_RESERVED;
	case IOASB_REC_ALLOWED:
		return IOAS_RANGE_ALLOWED;
	case IOASB_REC_RESERVATION:
		return IOAS_RANGE_CLAIMED;
	default:
		return IOAS_RANGE_NONE;
	}
}

static __noinline int bd_range_tell(__u64 note, __u32 kind)
{
	struct ioas_ioas *s = bd_ioas(note);
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	__u32 class = bd_range_class(BD(ioasb_note_range, note, kind));
	struct fd_object *o = NULL;
	struct ioas_event *e;

	if (!c || !class)
		return 0;
	/* A device asks before it is attached. */
	if (BD(ioasb_note_range, note, device))
		o = fd_get(c, BD(ioasb_note_range, note, device), FD_DEVICE,
			   BD(ioasb_note, note, ctx), BD(ioasb_note, note, ioas));
	e = event_begin(c, s, kind, fd_op_num(op));
	if (!e)
		return 0;
	e->body_range.iova = BD(ioasb_note_range, note, start);
	e->body_range.last = BD(ioasb_note_range, note, last);
	e->body_range.class = class;
	e->body_range.owner = o ? o->id : 0;
	bd_range_keep(s, &e->body_range, kind == IOAS_EV_RANGE_ADD ? 1 : -1);
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_range_added", bd_range_added)
{
	__u64 note = arg(ctx, ARG_BD_RANGE_ADDED);

	return bd_range_tell(note, IOAS_EV_RANGE_ADD);
}

HOOK("fentry/ioasb_hook_range_gone", bd_range_gone)
{
	__u64 note = arg(ctx, ARG_BD_RANGE_GONE);

	return bd_range_tell(note, IOAS_EV_RANGE_DEL);
}

#endif
