/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: accesses (software users) and their pins.
 *
 * What makes it ordered: an access is attached and detached under its ioas_lock. A
 * client unpins what its pin call has returned, and an area goes only when its pins
 * are gone, so pin (exit) < unpin (entry) < removal for any client that keeps its books.
 */
#ifndef IOASCOPE_IOMMUFD_ACCESSES_BPF_H
#define IOASCOPE_IOMMUFD_ACCESSES_BPF_H

#include "iommufd.bpf.h"

/*
 * The IOAS of an access; one that is older than the hooks is adopted, with its context.
 * Accesses that newer kernels use themselves do not know their context.
 */
static __noinline struct ioas_ioas *fd_access_ioas(struct iommufd_access *access, __u64 iopt)
{
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &iopt);
	__u64 ctx_key = (__u64)BPF_CORE_READ(access, ictx);

	if (s || !iopt)
		return s;
	return ioas_new(iopt, ctx_key ? ctx_key : iopt, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER,
			true);
}

static __noinline int fd_access_tell(__u64 iopt, struct iommufd_access *access, __u16 kind)
{
	struct ioas_ioas *s = fd_access_ioas(access, iopt);
	struct fd_object *o;
	struct ioas_event *e;

	if (!s)
		return 0;
	o = fd_get(ctx_of(s), (__u64)access, FD_ACCESS, s->ctx_key, iopt);
	/* Also if the event is lost: one that is moved is not forgotten for that. */
	if (o && kind == IOAS_EV_ACCESS_ATTACH)
		o->ioas_key = iopt;
	e = o ? event_begin(ctx_of(s), s, kind, fd_op_num(fd_op(iopt))) : NULL;
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.object = o->id;
	e->body_obj.page_size = BPF_CORE_READ(access, iova_alignment);
	e->body_obj.exact = 1;
	event_end(e);
	return 0;
}

HOOK("fexit/iopt_add_access", fd_add_access)
{
	if (!(int)ret_of(ctx))
		fd_access_tell(arg(ctx, ARG_FD_AADD_IOPT), (void *)arg(ctx, ARG_FD_AADD_ACCESS),
			       IOAS_EV_ACCESS_ATTACH);
	return 0;
}

/* One that is moved is in its new IOAS before it leaves the old one: it keeps its number. */
HOOK("fentry/iopt_remove_access", fd_del_access)
{
	__u64 access = arg(ctx, ARG_FD_ADEL_ACCESS), iopt = arg(ctx, ARG_FD_ADEL_IOPT);
	struct fd_object *o;

	fd_access_tell(iopt, (void *)access, IOAS_EV_ACCESS_DETACH);
	o = fd_find(access, FD_ACCESS);
	if (o && o->ioas_key == iopt)
		fd_forget(access);
	return 0;
}

static __noinline int fd_access_begin(struct iommufd_access *access, __u32 what)
{
	struct op *op = fd_begin((__u64)BPF_CORE_READ(access, ictx), what);

	if (op && what == IOAS_OP_DETACH)
		op->ioas_key = fd_iopt(BPF_CORE_READ(access, ioas));
	return 0;
}

HOOK("fentry/iommufd_access_attach", fd_aattach)
{
	return fd_access_begin((void *)arg(ctx, ARG_FD_AATTACH_ACCESS), IOAS_OP_ATTACH);
}

HOOK("fexit/iommufd_access_attach", fd_aattached)
{
	return fd_end(IOAS_OP_ATTACH, (int)ret_of(ctx), 0);
}

HOOK("fentry/iommufd_access_replace", fd_areplace)
{
	return fd_access_begin((void *)arg(ctx, ARG_FD_AREPLACE_ACCESS), IOAS_OP_REPLACE);
}

HOOK("fexit/iommufd_access_replace", fd_areplaced)
{
	return fd_end(IOAS_OP_REPLACE, (int)ret_of(ctx), 0);
}

HOOK("fentry/iommufd_access_detach", fd_adetach)
{
	return fd_access_begin((void *)arg(ctx, ARG_FD_ADETACH_ACCESS), IOAS_OP_DETACH);
}

HOOK("fexit/iommufd_access_detach", fd_adetached)
{
	return fd_end(IOAS_OP_DETACH, 0, IOAS_F_NO_RESULT);
}

/* ---- pins, reads and writes of accesses ---- */

static __noinline struct op *fd_client_begin(struct iommufd_access *access,
					     struct iommufd_ioas *ioas, __u32 what, __u64 iova,
					     __u64 size)
{
	__u64 ctx_key = (__u64)BPF_CORE_READ(access, ictx), iopt = fd_iopt(ioas);
	struct ioas_ioas *s = fd_access_ioas(access, iopt);
	struct op *op;

	if (s)
		ctx_key = s->ctx_key;
	if (!ctx_key || !ctx_get(ctx_key, IOAS_BACKEND_IOMMUFD))
		return NULL;
	op = op_new(LEVEL_CLIENT, what);
	if (!op)
		return NULL;
	op->ctx_key = ctx_key;
	op->ioas_key = iopt;
	op->iova = iova;
	op->size = size;
	return op;
}

static __noinline int fd_client_tell(struct ioas_ioas *s, struct op *op, __u64 access, __u16 kind)
{
	struct fd_object *o = fd_get(ctx_of(s), access, FD_ACCESS, s->ctx_key, op->ioas_key);
	struct ioas_event *e;

	e = event_begin(ctx_of(s), s, kind, op->num);
	if (!e)
		return 0;
	e->body_area.iova = op->iova;
	e->body_area.last = op->iova + op->size - 1;
	e->body_area.pages = (op->size + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT;
	e->body_area.prot = op->prot;
	e->body_area.object = o ? o->id : 0;
	event_end(e);
	return 0;
}

static __noinline int fd_client_end(__u32 what, __s64 ret, __u8 flags)
{
	struct op *op = op_get(LEVEL_CLIENT);
	struct ioas_ctx *c;
	__u64 key;

	if (!op || op->what != what)
		return 0;
	key = op->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	key = op->ioas_key;
	if (c)
		op_emit(c, key ? bpf_map_lookup_elem(&ioas_ioas, &key) : NULL, op, ret, 0, flags);
	op_del(LEVEL_CLIENT);
	return 0;
}

/* include/linux/iommufd.h: IOMMUFD_ACCESS_RW_WRITE */
#define FD_RW_WRITE 1

static __always_inline __u32 fd_client_prot(__u32 flags)
{
	return flags & FD_RW_WRITE ? IOAS_PROT_WRITE : IOAS_PROT_READ;
}

HOOK("fentry/iommufd_access_pin_pages", fd_pin)
{
	struct iommufd_access *access = (void *)arg(ctx, ARG_FD_PIN_ACCESS);
	struct op *op = fd_client_begin(access, BPF_CORE_READ(access, ioas), IOAS_OP_PIN,
					arg(ctx, ARG_FD_PIN_IOVA), arg(ctx, ARG_FD_PIN_LENGTH));

	if (op)
		op->prot = fd_client_prot((__u32)arg(ctx, ARG_FD_PIN_FLAGS));
	return 0;
}

/*
 * fexit: all or nothing. The access may have been moved while the pin waited for its
 * lock. Where it is now it stays until it lets go, which it cannot before it knows.
 */
HOOK("fexit/iommufd_access_pin_pages", fd_pinned)
{
	struct iommufd_access *access = (void *)arg(ctx, ARG_FD_PIN_ACCESS);
	struct op *op = op_get(LEVEL_CLIENT);
	int ret = ret_of(ctx);
	struct ioas_ioas *s;

	if (!op || op->what != IOAS_OP_PIN)
		return 0;
	if (!ret) {
		op->ioas_key = fd_iopt(BPF_CORE_READ(access, ioas_unpin));
		s = fd_access_ioas(access, op->ioas_key);
		if (s)
			fd_client_tell(s, op, (__u64)access, IOAS_EV_ACCESS_PIN);
	}
	return fd_client_end(IOAS_OP_PIN, ret, 0);
}

/* fentry: before its pages can go. */
HOOK("fentry/iommufd_access_unpin_pages", fd_unpin)
{
	struct iommufd_access *access = (void *)arg(ctx, ARG_FD_UNPIN_ACCESS);
	struct op *op = fd_client_begin(access, BPF_CORE_READ(access, ioas_unpin), IOAS_OP_UNPIN,
					arg(ctx, ARG_FD_UNPIN_IOVA), arg(ctx, ARG_FD_UNPIN_LENGTH));
	struct ioas_ioas *s = op ? fd_access_ioas(access, op->ioas_key) : NULL;

	if (s && op->size)
		fd_client_tell(s, op, (__u64)access, IOAS_EV_ACCESS_UNPIN);
	return 0;
}

HOOK("fexit/iommufd_access_unpin_pages", fd_unpinned)
{
	return fd_client_end(IOAS_OP_UNPIN, 0, IOAS_F_NO_RESULT);
}

HOOK("fentry/iommufd_access_rw", fd_rw)
{
	struct iommufd_access *access = (void *)arg(ctx, ARG_FD_RW_ACCESS);
	struct op *op = fd_client_begin(access, BPF_CORE_READ(access, ioas), IOAS_OP_RW,
					arg(ctx, ARG_FD_RW_IOVA), arg(ctx, ARG_FD_RW_LENGTH));

	if (op)
		op->prot = fd_client_prot((__u32)arg(ctx, ARG_FD_RW_FLAGS));
	return 0;
}

HOOK("fexit/iommufd_access_rw", fd_rw_done)
{
	return fd_client_end(IOAS_OP_RW, (int)ret_of(ctx), 0);
}

/* Clients are asked to let go of a range; inside of it they unpin. */
HOOK("fentry/iommufd_access_notify_unmap", fd_notify)
{
	__u64 iopt = arg(ctx, ARG_FD_NOTIFY_IOPT), iova = arg(ctx, ARG_FD_NOTIFY_IOVA);
	struct op *unmap = op_get(LEVEL_DRIVER);
	struct op *op;

	if (!fd_ioas(iopt))
		return 0;
	if (unmap) {
		/* What one area took says nothing of the next. */
		if (unmap->asked != iova)
			unmap->rounds = 0;
		unmap->asked = iova;
		unmap->rounds++;
	}
	op = op_new(LEVEL_NOTIFY, IOAS_OP_NOTIFY);
	if (!op)
		return 0;
	op->ioas_key = iopt;
	op->iova = iova;
	op->size = arg(ctx, ARG_FD_NOTIFY_LENGTH);
	op->areas = unmap ? unmap->rounds : 1;
	return 0;
}

HOOK("fexit/iommufd_access_notify_unmap", fd_notified)
{
	struct op *op = op_get(LEVEL_NOTIFY);
	struct ioas_ioas *s;
	__u64 key;

	if (!op)
		return 0;
	key = op->ioas_key;
	s = bpf_map_lookup_elem(&ioas_ioas, &key);
	if (s)
		op_emit(ctx_of(s), s, op, 0, 0, IOAS_F_NO_RESULT);
	op_del(LEVEL_NOTIFY);
	return 0;
}

#endif
