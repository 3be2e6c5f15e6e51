/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: the ioctls of a VFIO container that it answers (drivers/iommu/iommufd/
 * vfio_compat.c), as ops. Any of its files takes them, beside its own. They act on
 * one IOAS of the context, which these hooks learn from what is done to it, or, if
 * nothing is, from the context at the op's end.
 *
 * What makes it ordered: they are ops, which explain and need no order; their areas
 * are told by the hooks that tell those of any other ioctl. That large pages are off
 * is told at the exit of iopt_disable_large_pages, after the locks: two that race
 * with the option of the same name may be told in the wrong order. Arguments are a
 * copy of the caller's struct, taken before the kernel takes its own.
 */
#ifndef IOASCOPE_IOMMUFD_COMPAT_BPF_H
#define IOASCOPE_IOMMUFD_COMPAT_BPF_H

#include "iommufd_objects.bpf.h"

#include <linux/errno.h>
#include <linux/vfio.h>

/* IOMMU_VFIO_IOAS of linux/iommufd.h, and its struct. */
#define FD_VFIO_IOAS 0x3b88
#define FD_VFIO_IOAS_SET 1

struct fd_cmd_vfio_ioas {
	__u32 size, ioas_id;
	__u16 op, reserved;
};

/* An op of this interface says so, whatever its context is. */
static __always_inline struct op *fd_compat_begin(__u64 ctx_key, __u32 what)
{
	struct op *op = fd_begin(ctx_key, what);

	if (op)
		op->backend = IOAS_BACKEND_COMPAT;
	return op;
}

/* The IOAS that the next such ioctl will act on; 0: none. */
static __always_inline __u64 fd_compat_iopt(__u64 ctx_key)
{
	struct iommufd_ctx *ictx = (void *)ctx_key;

	return fd_iopt(BPF_CORE_READ(ictx, vfio_ioas));
}

/* ---- the container's ioctls ---- */

static __always_inline void fd_compat_read_map(struct op *op)
{
	struct vfio_iommu_type1_dma_map m = {};

	op->args_ok = !bpf_probe_read_user(&m, sizeof(m), (void *)op->uarg);
	op->iova = m.iova;
	op->size = m.size;
	op->va = m.vaddr;
	op->uflags = m.flags;
	op->prot = (m.flags & VFIO_DMA_MAP_FLAG_READ ? IOAS_PROT_READ : 0) |
		   (m.flags & VFIO_DMA_MAP_FLAG_WRITE ? IOAS_PROT_WRITE : 0);
}

static __always_inline void fd_compat_read_unmap(struct op *op)
{
	struct vfio_iommu_type1_dma_unmap u = {};

	op->args_ok = !bpf_probe_read_user(&u, sizeof(u), (void *)op->uarg);
	op->iova = u.iova;
	op->size = u.size;
	op->uflags = u.flags;
}

/* What is asked for stands in the word itself, or in the struct that it points to. */
static __always_inline void fd_compat_read(struct op *op)
{
	op->args_ok = 1;
	if (op->what == IOAS_OP_MAP)
		fd_compat_read_map(op);
	else if (op->what == IOAS_OP_UNMAP)
		fd_compat_read_unmap(op);
	else if (op->cmd != VFIO_IOMMU_GET_INFO)
		op->uflags = op->uarg;
}

HOOK("fentry/iommufd_vfio_ioctl", fd_vfio)
{
	__u32 cmd = arg(ctx, ARG_FD_VFIO_CMD);
	__u32 what = cmd == VFIO_SET_IOMMU					 ? IOAS_OP_SET_IOMMU
		     : cmd == VFIO_IOMMU_MAP_DMA				 ? IOAS_OP_MAP
		     : cmd == VFIO_IOMMU_UNMAP_DMA				 ? IOAS_OP_UNMAP
		     : cmd == VFIO_IOMMU_GET_INFO || cmd == VFIO_CHECK_EXTENSION ? IOAS_OP_QUERY
										 : IOAS_OP_NONE;
	struct op *op;

	op = what != IOAS_OP_NONE ? fd_compat_begin(arg(ctx, ARG_FD_VFIO_CTX), what) : NULL;
	if (!op)
		return 0;
	op->cmd = cmd;
	op->uarg = arg(ctx, ARG_FD_VFIO_ARG);
	fd_compat_read(op);
	return 0;
}

/*
 * Bytes that an unmap wrote back. Also where it stops at what it would cut; no other
 * step of it fails with that.
 */
static __always_inline __u64 fd_compat_returned(struct op *op, int ret, __u8 *flags)
{
	struct vfio_iommu_type1_dma_unmap u = {};

	if (op->what != IOAS_OP_UNMAP || (ret && ret != -ENOENT) ||
	    bpf_probe_read_user(&u, sizeof(u), (void *)op->uarg))
		return 0;
	*flags |= IOAS_F_RETURNED;
	return u.size;
}

static __noinline int fd_compat_end(struct op *op, int ret)
{
	__u64 ctx_key = op->ctx_key, key = op->ioas_key, returned;
	__u8 flags = op->args_ok ? 0 : IOAS_F_ARGS_UNREAD;

	if (!key)
		key = fd_compat_iopt(ctx_key);
	if (op->what == IOAS_OP_MAP)
		flags |= IOAS_F_FIXED;
	else if (op->what == IOAS_OP_UNMAP && op->uflags & VFIO_DMA_UNMAP_FLAG_ALL)
		flags |= IOAS_F_ALL;
	returned = fd_compat_returned(op, ret, &flags);
	op_emit(bpf_map_lookup_elem(&ioas_ctx, &ctx_key),
		key ? bpf_map_lookup_elem(&ioas_ioas, &key) : NULL, op, ret, returned, flags);
	op_del(LEVEL_DRIVER);
	return 0;
}

HOOK("fexit/iommufd_vfio_ioctl", fd_vfio_done)
{
	struct op *op = op_get(LEVEL_DRIVER);

	return op && op->backend == IOAS_BACKEND_COMPAT ? fd_compat_end(op, (int)ret_of(ctx)) : 0;
}

/* SET_IOMMU for v1; what IOMMU_OPTION asks for is told with that op. */
HOOK("fexit/iopt_disable_large_pages", fd_small_pages)
{
	__u64 iopt = arg(ctx, ARG_FD_SMALL_IOPT);
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct ioas_event *e;

	if (!s || !op || op->what != IOAS_OP_SET_IOMMU || (int)ret_of(ctx))
		return 0;
	e = event_begin(ctx_of(s), s, IOAS_EV_OPTION, fd_op_num(fd_op(iopt)));
	if (!e)
		return 0;
	e->body_obj.option = IOAS_OPTION_HUGE_PAGES;
	event_end(e);
	return 0;
}

/* ---- which IOAS they act on ---- */

/* A group enters a container that is an iommufd: the first one makes the IOAS. */
HOOK("fentry/iommufd_vfio_compat_ioas_create", fd_compat_ioas)
{
	fd_compat_begin(arg(ctx, ARG_FD_COMPAT_CTX), IOAS_OP_ALLOC);
	return 0;
}

HOOK("fexit/iommufd_vfio_compat_ioas_create", fd_compat_ioas_done)
{
	return fd_end(IOAS_OP_ALLOC, (int)ret_of(ctx), 0);
}

/* GET is a question, SET and CLEAR are an option of the context. */
HOOK("fentry/iommufd_vfio_ioas", fd_vfio_ioas)
{
	struct iommufd_ucmd *ucmd = (void *)arg(ctx, ARG_FD_VFIO_IOAS_UCMD);
	__u64 ctx_key = (__u64)BPF_CORE_READ(ucmd, ictx);
	struct fd_cmd_vfio_ioas c = {};
	struct op *op;

	bpf_probe_read_kernel(&c, sizeof(c), BPF_CORE_READ(ucmd, cmd));
	op = fd_compat_begin(ctx_key, c.op ? IOAS_OP_OPTION : IOAS_OP_QUERY);
	if (!op)
		return 0;
	op->cmd = FD_VFIO_IOAS;
	op->uflags = c.op;
	if (c.op == FD_VFIO_IOAS_SET)
		op->ioas_key = fd_by_name(ctx_key, c.ioas_id);
	else
		op->ioas_key = fd_compat_iopt(ctx_key);
	return 0;
}

HOOK("fexit/iommufd_vfio_ioas", fd_vfio_ioas_done)
{
	struct op *op = op_get(LEVEL_DRIVER);

	return op ? fd_end(op->what, (int)ret_of(ctx), 0) : 0;
}

#endif
