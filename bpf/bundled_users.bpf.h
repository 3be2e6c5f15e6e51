/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: devices, and ranges.
 *
 * What makes it ordered: the lock of the IOAS, for writing.
 */
#ifndef IOASCOPE_BUNDLED_USERS_BPF_H
#define IOASCOPE_BUNDLED_USERS_BPF_H

#include "bundled.bpf.h"

/* A device has a domain of its own in each IOAS, which lasts as long as it is attached. */
static __noinline int bd_device_tell(const struct ioasb_note_device *n, __u32 kind, __u32 device,
				     __u32 domain)
{
	struct ioas_ioas *s = bd_ioas(&n->at);
	struct op *op = bd_op(n->at.ioas);
	__u64 id = n->id;
	struct ioas_event *e;

	e = s ? event_begin(ctx_of(s), s, kind, fd_op_num(op)) : NULL;
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	if (kind == IOAS_EV_DOMAIN_ATTACH || kind == IOAS_EV_DOMAIN_DETACH) {
		e->body_obj.object = domain;
		e->body_obj.page_size = n->page_size;
	} else {
		e->body_obj.object = device;
		e->body_obj.domain = domain;
		BPF_SNPRINTF(e->body_obj.name, sizeof(e->body_obj.name), "dev%d", id);
	}
	event_end(e);
	return 0;
}

static __noinline int bd_attach(const struct ioasb_note_device *n)
{
	struct ioas_ioas *s = bd_ioas(&n->at);
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *device, *domain;

	if (!c)
		return 0;
	device = fd_get(c, n->device, FD_DEVICE, n->at.ctx, n->at.ioas);
	domain = fd_new(c, n->attachment, FD_DOMAIN, n->at.ctx, n->at.ioas);
	if (!device || !domain)
		return 0;
	device->ioas_key = n->at.ioas;
	s->domains++;
	bd_device_tell(n, IOAS_EV_DOMAIN_ATTACH, device->id, domain->id);
	return bd_device_tell(n, IOAS_EV_DEVICE_ATTACH, device->id, domain->id);
}

HOOK("fentry/ioasb_hook_attached", bd_attached)
{
	BD_NOTE(ioasb_note_device, n, ARG_BD_ATTACHED);

	return bd_attach(&n);
}

/* One that moves is in its new IOAS before it leaves the old one: it keeps its number. */
static __noinline int bd_detach(const struct ioasb_note_device *n)
{
	struct ioas_ioas *s = bd_ioas(&n->at);
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *device, *domain;

	if (!c)
		return 0;
	device = fd_get(c, n->device, FD_DEVICE, n->at.ctx, n->at.ioas);
	domain = fd_get(c, n->attachment, FD_DOMAIN, n->at.ctx, n->at.ioas);
	if (!device || !domain)
		return 0;
	bd_device_tell(n, IOAS_EV_DEVICE_DETACH, device->id, domain->id);
	bd_device_tell(n, IOAS_EV_DOMAIN_DETACH, device->id, domain->id);
	if (s->domains)
		s->domains--;
	if (device->ioas_key == n->at.ioas)
		fd_forget(n->device);
	fd_forget(n->attachment);
	return 0;
}

HOOK("fentry/ioasb_hook_detached", bd_detached)
{
	BD_NOTE(ioasb_note_device, n, ARG_BD_DETACHED);

	return bd_detach(&n);
}

static __always_inline __u32 bd_range_class(__u32 kind)
{
	switch (kind) {
	case IOASB_REC_RESERVED:
		return IOAS_RANGE_RESERVED;
	case IOASB_REC_ALLOWED:
		return IOAS_RANGE_ALLOWED;
	default:
		return IOAS_RANGE_NONE;
	}
}

static __noinline int bd_range_tell(const struct ioasb_note_range *n, __u32 kind)
{
	struct ioas_ioas *s = bd_ioas(&n->at);
	struct op *op = bd_op(n->at.ioas);
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	__u32 class = bd_range_class(n->kind);
	struct fd_object *o = NULL;
	struct ioas_event *e;

	if (!c || !class)
		return 0;
	/* A device asks before it is attached. */
	if (n->device)
		o = fd_get(c, n->device, FD_DEVICE, n->at.ctx, n->at.ioas);
	e = event_begin(c, s, kind, fd_op_num(op));
	if (!e)
		return 0;
	e->body_range.iova = n->start;
	e->body_range.last = n->last;
	e->body_range.class = class;
	e->body_range.owner = o ? o->id : 0;
	event_end(e);
	return 0;
}

HOOK("fentry/ioasb_hook_range_added", bd_range_added)
{
	BD_NOTE(ioasb_note_range, n, ARG_BD_RANGE_ADDED);

	return bd_range_tell(&n, IOAS_EV_RANGE_ADD);
}

HOOK("fentry/ioasb_hook_range_gone", bd_range_gone)
{
	BD_NOTE(ioasb_note_range, n, ARG_BD_RANGE_GONE);

	return bd_range_tell(&n, IOAS_EV_RANGE_DEL);
}

#endif
