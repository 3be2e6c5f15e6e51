/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: devices that come and go.
 *
 * What makes it ordered: they are told before (detach) and after (attach, replace)
 * the group's lock (igroup->lock) is held, and so by the one task that has the device: VFIO
 * lets one at a time attach and detach it. While it is attached it holds the page table, so
 * that the end of the domain and of the IOAS come after its detach is told. What another
 * device of the group does meanwhile changes neither, but for a replace, which moves the
 * group as a whole, and with it the reference: then the context is uncertain.
 */
#ifndef IOASCOPE_IOMMUFD_DEVICES_BPF_H
#define IOASCOPE_IOMMUFD_DEVICES_BPF_H

#include "iommufd.bpf.h"

/* The IOAS that a page table maps: its own, or that of the one it is nested in. */
static __always_inline __u64 fd_hwpt_iopt(struct iommufd_hw_pagetable *hwpt)
{
	struct iommufd_hwpt_paging *paging = (void *)hwpt;
	struct iommufd_hwpt_nested *nested = (void *)hwpt;
	__u32 type;

	if (!hwpt)
		return 0;
	type = BPF_CORE_READ(hwpt, obj.type);
	/* Older kernels have no nesting. */
	if (bpf_core_enum_value_exists(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_NESTED) &&
	    type == bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_HWPT_NESTED))
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
	struct fd_object *d = fd_find(domain, FD_DOMAIN);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct fd_object *o;
	struct ioas_event *e;

	if (!s)
		return 0;
	if (kind == IOAS_EV_DEVICE_ATTACH)
		d = fd_domain(ctx_of(s), domain, s->ctx_key, iopt);
	o = fd_get(ctx_of(s), device ^ (__u64)pasid << 44, FD_DEVICE, s->ctx_key, 0);
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

/*
 * fexit: inside of the group's lock there is no place for it. iopt_table_enforce_dev_resv_regions
 * runs there for each device (of no PASID), and iommu_attach_group for the first of a
 * group, but the attach may still fail behind either, and behind the second nothing is called
 * that could be hooked: the device is put into the group's list, and the lock is let go.
 */
HOOK("fexit/iommufd_hw_pagetable_attach", fd_hw_attached)
{
	if (!(int)ret_of(ctx))
		fd_device_tell((void *)arg(ctx, ARG_FD_HWATTACH_IDEV),
			       (void *)arg(ctx, ARG_FD_HWATTACH_HWPT),
			       arg(ctx, ARG_FD_HWATTACH_PASID), IOAS_EV_DEVICE_ATTACH);
	return 0;
}

/*
 * fentry: the group forgets its page table inside. The device cannot be in another one by
 * then, but by the replace of a neighbour, see above: the lock would order it with that alone.
 * iopt_remove_reserved_iova runs inside of it, but not for a PASID, and when the group has
 * forgotten which domain it was.
 */
HOOK("fentry/iommufd_hw_pagetable_detach", fd_hw_detach)
{
	struct iommufd_device *idev = (void *)arg(ctx, ARG_FD_HWDETACH_IDEV);
	__u32 pasid = arg(ctx, ARG_FD_HWDETACH_PASID);

	fd_device_tell(idev, fd_device_hwpt(idev, pasid), pasid, IOAS_EV_DEVICE_DETACH);
	return 0;
}

/* Whether the group has other devices that use an IOAS: they move with it. */
static __always_inline bool fd_group_shared(struct iommufd_device *idev)
{
	struct iommufd_group *group = BPF_CORE_READ(idev, igroup);
	struct iommufd_group___list *listed = (void *)group;
	struct list_head *first;

	if (!bpf_core_field_exists(listed->device_list))
		return false;
	first = BPF_CORE_READ(listed, device_list.next);
	return (__u64)BPF_CORE_READ(first, next) !=
	       (__u64)group + bpf_core_field_offset(struct iommufd_group___list, device_list);
}

/* fexit: returns the old page table, NULL if it was the same, or an error. */
HOOK("fexit/iommufd_device_do_replace", fd_do_replaced)
{
	struct iommufd_device *idev = (void *)arg(ctx, ARG_FD_DOREPLACE_IDEV);
	__u32 pasid = arg(ctx, ARG_FD_DOREPLACE_PASID);
	__u64 old = ret_of(ctx), key;

	if (!old || IS_ERR_VALUE(old))
		return 0;
	if (fd_group_shared(idev)) {
		key = (__u64)BPF_CORE_READ(idev, ictx);
		mark_uncertain(bpf_map_lookup_elem(&ioas_ctx, &key));
	}
	fd_device_tell(idev, (void *)old, pasid, IOAS_EV_DEVICE_DETACH);
	fd_device_tell(idev, (void *)arg(ctx, ARG_FD_DOREPLACE_HWPT), pasid, IOAS_EV_DEVICE_ATTACH);
	return 0;
}

#endif
