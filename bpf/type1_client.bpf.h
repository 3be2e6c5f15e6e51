/* SPDX-License-Identifier: GPL-2.0 */
/* Mediated clients: pins, unpins, reads and writes through the IOAS. */
#ifndef IOASCOPE_TYPE1_CLIENT_BPF_H
#define IOASCOPE_TYPE1_CLIENT_BPF_H

#include "type1.bpf.h"

static __always_inline struct op *client_op(__u64 key, __u32 what, __u64 iova, __s64 bytes)
{
	struct op *op;

	if (!ioas_get(key))
		return NULL;
	op = op_new(LEVEL_CLIENT, what);
	if (!op)
		return NULL;
	op->ioas_key = key;
	op->iova = iova;
	op->size = bytes;
	return op;
}

static __always_inline void client_tell(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
					__u16 kind)
{
	__s64 pages = op->size >> PAGE_SHIFT;
	struct ioas_event *e;

	e = event_begin(c, s, kind, op->num);
	if (!e)
		return;
	e->body_area.iova = op->iova;
	e->body_area.last = op->iova + op->size - 1;
	e->body_area.pages = pages;
	e->body_area.prot = op->prot;
	e->body_area.group = op->group;
	e->body_area.group_valid = op->group_valid;
	event_end(e);
}

HOOK("fentry/vfio_iommu_type1_pin_pages", t1_client_pin)
{
	struct iommu_group *g = (void *)arg(ctx, ARG_CPIN_GROUP);
	__s64 npage = (__s32)arg(ctx, ARG_CPIN_NPAGE);
	struct op *op = client_op(arg(ctx, ARG_CPIN_DATA), IOAS_OP_PIN, arg(ctx, ARG_CPIN_IOVA),
				  npage << PAGE_SHIFT);

	if (!op)
		return 0;
	op->prot = arg(ctx, ARG_CPIN_PROT);
	op->group = BPF_CORE_READ(g, id);
	op->group_valid = 1;
	return 0;
}

/* fexit: all or nothing; a failed pin has let go of what it had. */
HOOK("fexit/vfio_iommu_type1_pin_pages", t1_client_pinned)
{
	struct op *op = op_get(LEVEL_CLIENT);
	int ret = ret_of(ctx);
	struct ioas_ioas *s;
	struct ioas_ctx *c;

	if (!op)
		return 0;
	s = ioas_get(op->ioas_key);
	if (s) {
		c = ctx_of(s);
		if (ret > 0 && (__s64)op->size == (__s64)ret << PAGE_SHIFT) {
			op->pinned = ret;
			client_tell(c, s, op, IOAS_EV_ACCESS_PIN);
		}
		charge_tell(c, s, op);
		ioas_refresh(s, op->ioas_key, op);
		op_emit(c, s, op, ret, 0, 0);
	}
	op_del(LEVEL_CLIENT);
	return 0;
}

/*
 * The IOMMU driver's unpin is not told whose it is: module vfio is. Kept for the
 * time of the call, an iommufd's unpins included, which nobody asks about.
 */
HOOK("fentry/vfio_unpin_pages", t1_unpin_caller)
{
	struct vfio_device *d = (void *)arg(ctx, ARG_VUNPIN_DEVICE);
	struct iommu_group *g = BPF_CORE_READ(d, group, iommu_group);
	struct op *op = g ? op_new(LEVEL_CALLER, IOAS_OP_UNPIN) : NULL;

	if (!op)
		return 0;
	op->group = BPF_CORE_READ(g, id);
	op->group_valid = 1;
	return 0;
}

HOOK("fexit/vfio_unpin_pages", t1_unpin_caller_done)
{
	op_del(LEVEL_CALLER);
	return 0;
}

/* fentry: told before the kernel lets go, so that it stands before a removal. */
HOOK("fentry/vfio_iommu_type1_unpin_pages", t1_client_unpin)
{
	struct op *caller = op_get(LEVEL_CALLER);
	__s64 npage = (__s32)arg(ctx, ARG_CUNPIN_NPAGE);
	struct op *op = client_op(arg(ctx, ARG_CUNPIN_DATA), IOAS_OP_UNPIN,
				  arg(ctx, ARG_CUNPIN_IOVA), npage << PAGE_SHIFT);
	struct ioas_ioas *s;

	if (!op)
		return 0;
	if (caller) {
		op->group = caller->group;
		op->group_valid = caller->group_valid;
	}
	if (npage <= 0)
		return 0;
	s = ioas_get(op->ioas_key);
	op->unpinned = npage;
	if (s)
		client_tell(ctx_of(s), s, op, IOAS_EV_ACCESS_UNPIN);
	return 0;
}

HOOK("fexit/vfio_iommu_type1_unpin_pages", t1_client_unpinned)
{
	struct op *op = op_get(LEVEL_CLIENT);
	struct ioas_ioas *s;
	struct ioas_ctx *c;

	if (!op)
		return 0;
	s = ioas_get(op->ioas_key);
	if (s) {
		c = ctx_of(s);
		charge_tell(c, s, op);
		op_emit(c, s, op, 0, 0, IOAS_F_NO_RESULT);
	}
	op_del(LEVEL_CLIENT);
	return 0;
}

HOOK("fentry/vfio_iommu_type1_dma_rw", t1_client_rw)
{
	struct op *op = client_op(arg(ctx, ARG_RW_DATA), IOAS_OP_RW, arg(ctx, ARG_RW_IOVA),
				  arg(ctx, ARG_RW_COUNT));

	if (op)
		op->prot = (__u8)arg(ctx, ARG_RW_WRITE) ? IOAS_PROT_WRITE : IOAS_PROT_READ;
	return 0;
}

HOOK("fexit/vfio_iommu_type1_dma_rw", t1_client_rw_done)
{
	struct op *op = op_get(LEVEL_CLIENT);
	struct ioas_ioas *s;

	if (!op)
		return 0;
	s = ioas_get(op->ioas_key);
	if (s)
		op_emit(ctx_of(s), s, op, (int)ret_of(ctx), 0, 0);
	op_del(LEVEL_CLIENT);
	return 0;
}

#endif
