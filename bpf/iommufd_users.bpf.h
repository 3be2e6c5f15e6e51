/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: devices that come and go, and accesses (software users) with their pins.
 *
 * What makes it ordered: attach, replace and detach of a device run under the
 * group's lock; an access is attached and detached under its ioas_lock. A client
 * unpins what its pin call has returned, and an area goes only when its pins are
 * gone, so pin (exit) < unpin (entry) < removal for any client that keeps its books.
 */
#ifndef IOASCOPE_IOMMUFD_USERS_BPF_H
#define IOASCOPE_IOMMUFD_USERS_BPF_H

#include "iommufd.bpf.h"

/* ---- devices ---- */

/* The IOAS that a page table maps: its own, or that of the one it is nested in. */
static __always_inline __u64 fd_hwpt_iopt(struct iommufd_hw_pagetable *hwpt)
{
	struct iommufd_hwpt_paging *paging = (void *)hwpt;
	struct iommufd_hwpt_nested *nested = (void *)hwpt;
	__u32 type;

	if (!hwpt)
		return 0;
	type = BPF_CORE_READ(hwpt, obj.type);
	if (type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_NESTED))
		paging = BPF_CORE_READ(nested, parent);
	return fd_iopt(BPF_CORE_READ(paging, ioas));
}

#define FD_XA_DEPTH 4 /* levels for the 20 bits of a PASID */

/* What an xarray has at an index; an entry alone, at 0, is its head. */
static __noinline __u64 fd_xa_load(__u64 entry, __u64 index)
{
	const __u64 slots = bpf_core_field_size(struct xa_node, slots) / sizeof(entry);
	struct xa_node *node;
	__u64 slot;

	if ((entry & 3) != 2)
		return index ? 0 : entry;
	for (int i = 0; i < FD_XA_DEPTH && (entry & 3) == 2 && entry > 4096; i++) {
		node = (void *)(entry - 2);
		slot = index >> BPF_CORE_READ(node, shift);
		if (!i && slot >= slots)
			return 0;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(struct xa_node, slots) +
					      (slot & (slots - 1)) * sizeof(entry));
	}
	/* The small ones are marks that a place is taken. */
	return (entry & 3) == 2 ? 0 : entry;
}

/* The page table that a device's group uses, of one PASID (0: none). */
static __always_inline struct iommufd_hw_pagetable *fd_device_hwpt(struct iommufd_device *idev,
								   __u32 pasid)
{
	struct iommufd_group *group = BPF_CORE_READ(idev, igroup);
	struct iommufd_group___pasid *many = (void *)group;
	struct iommufd_attach *attach;

	if (!bpf_core_field_exists(many->pasid_attach))
		return BPF_CORE_READ(group, hwpt);
	attach = (void *)fd_xa_load((__u64)BPF_CORE_READ(many, pasid_attach.xa_head), pasid);
	return attach ? BPF_CORE_READ(attach, hwpt) : NULL;
}

static __noinline int fd_device_begin(struct iommufd_device *idev, __u32 pasid, __u32 what)
{
	struct op *op = fd_begin((__u64)BPF_CORE_READ(idev, ictx), what);

	if (!op)
		return 0;
	op->group = BPF_CORE_READ(idev, igroup, group, id);
	op->group_valid = 1;
	if (what == IOAS_OP_DETACH)
		op->ioas_key = fd_hwpt_iopt(fd_device_hwpt(idev, pasid));
	return 0;
}

HOOK("fentry/iommufd_device_attach", fd_attach)
{
	return fd_device_begin((void *)arg(ctx, ARG_FD_ATTACH_IDEV), 0, IOAS_OP_ATTACH);
}

HOOK("fexit/iommufd_device_attach", fd_attached)
{
	return fd_end(IOAS_OP_ATTACH, (int)ret_of(ctx), 0);
}

HOOK("fentry/iommufd_device_replace", fd_replace)
{
	return fd_device_begin((void *)arg(ctx, ARG_FD_REPLACE_IDEV), 0, IOAS_OP_REPLACE);
}

HOOK("fexit/iommufd_device_replace", fd_replaced)
{
	return fd_end(IOAS_OP_REPLACE, (int)ret_of(ctx), 0);
}

HOOK("fentry/iommufd_device_detach", fd_detach)
{
	return fd_device_begin((void *)arg(ctx, ARG_FD_DETACH_IDEV), arg(ctx, ARG_FD_DETACH_PASID),
			       IOAS_OP_DETACH);
}

HOOK("fexit/iommufd_device_detach", fd_detached)
{
	return fd_end(IOAS_OP_DETACH, 0, IOAS_F_NO_RESULT);
}

/*
 * A device with a PASID is a user of its own. Kernel addresses have their upper
 * bits in common, so that the number fits there.
 */
static __noinline int fd_device_tell(struct iommufd_device *idev, struct iommufd_hw_pagetable *hwpt,
				     __u32 pasid, __u16 kind)
{
	__u64 iopt = fd_hwpt_iopt(hwpt), device = (__u64)BPF_CORE_READ(idev, dev);
	__u64 domain = (__u64)BPF_CORE_READ(hwpt, domain);
	struct fd_object *d = fd_find(domain);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct fd_object *o;
	struct ioas_event *e;

	if (!s)
		return 0;
	if (kind == IOAS_EV_DEVICE_ATTACH)
		d = fd_domain(ctx_of(s), domain, s->ctx_key, iopt);
	o = fd_get(ctx_of(s), device ^ (__u64)pasid << 44, s->ctx_key, 0);
	e = o ? event_begin(ctx_of(s), s, kind, fd_op_num(fd_op(iopt))) : NULL;
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.object = o->id;
	e->body_obj.domain = d ? d->id : 0;
	e->body_obj.group = BPF_CORE_READ(idev, igroup, group, id);
	bpf_probe_read_kernel_str(e->body_obj.name, sizeof(e->body_obj.name),
				  BPF_CORE_READ(idev, dev, kobj.name));
	event_end(e);
	return 0;
}

HOOK("fexit/iommufd_hw_pagetable_attach", fd_hw_attached)
{
	if (!(int)ret_of(ctx))
		fd_device_tell((void *)arg(ctx, ARG_FD_HWATTACH_IDEV),
			       (void *)arg(ctx, ARG_FD_HWATTACH_HWPT),
			       arg(ctx, ARG_FD_HWATTACH_PASID), IOAS_EV_DEVICE_ATTACH);
	return 0;
}

/* fentry: the group forgets its page table inside. */
HOOK("fentry/iommufd_hw_pagetable_detach", fd_hw_detach)
{
	struct iommufd_device *idev = (void *)arg(ctx, ARG_FD_HWDETACH_IDEV);
	__u32 pasid = arg(ctx, ARG_FD_HWDETACH_PASID);

	fd_device_tell(idev, fd_device_hwpt(idev, pasid), pasid, IOAS_EV_DEVICE_DETACH);
	return 0;
}

/* fexit: returns the old page table, NULL if it was the same, or an error. */
HOOK("fexit/iommufd_device_do_replace", fd_do_replaced)
{
	struct iommufd_device *idev = (void *)arg(ctx, ARG_FD_DOREPLACE_IDEV);
	__u32 pasid = arg(ctx, ARG_FD_DOREPLACE_PASID);
	__u64 old = ret_of(ctx);

	if (!old || IS_ERR_VALUE(old))
		return 0;
	fd_device_tell(idev, (void *)old, pasid, IOAS_EV_DEVICE_DETACH);
	fd_device_tell(idev, (void *)arg(ctx, ARG_FD_DOREPLACE_HWPT), pasid, IOAS_EV_DEVICE_ATTACH);
	return 0;
}

/* ---- accesses ---- */

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
	o = fd_get(ctx_of(s), (__u64)access, s->ctx_key, iopt);
	e = o ? event_begin(ctx_of(s), s, kind, fd_op_num(fd_op(iopt))) : NULL;
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.object = o->id;
	e->body_obj.page_size = BPF_CORE_READ(access, iova_alignment);
	e->body_obj.exact = 1;
	event_end(e);
	if (kind == IOAS_EV_ACCESS_ATTACH)
		o->ioas_key = iopt;
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
	o = fd_find(access);
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
	struct fd_object *o = fd_get(ctx_of(s), access, s->ctx_key, op->ioas_key);
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
