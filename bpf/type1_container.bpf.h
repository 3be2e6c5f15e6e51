/* SPDX-License-Identifier: GPL-2.0 */
/* The container (module vfio): its file, and the groups that keep it. */
#ifndef IOASCOPE_TYPE1_CONTAINER_BPF_H
#define IOASCOPE_TYPE1_CONTAINER_BPF_H

#include "type1.bpf.h"

static __always_inline __u64 container_of_file(__u64 file)
{
	struct file *f = (void *)file;

	return (__u64)BPF_CORE_READ(f, private_data);
}

/* fexit: nobody else has the file before open returns. */
HOOK("fexit/vfio_fops_open", t1_fops_open)
{
	struct op op = { .what = IOAS_OP_OPEN };
	struct ioas_ctx *c;

	if ((int)ret_of(ctx))
		return 0;
	c = ctx_new(container_of_file(arg(ctx, ARG_FOPEN_FILE)), IOAS_BACKEND_TYPE1, false);
	if (!c)
		return 0;
	op.num = __sync_fetch_and_add(&last_op, 1) + 1;
	op.start_ns = bpf_ktime_get_boot_ns();
	op_emit(c, NULL, &op, 0, 0, 0);
	return 0;
}

/* fentry: the last reference to the file; groups may keep the container. */
HOOK("fentry/vfio_fops_release", t1_fops_release)
{
	__u64 key = container_of_file(arg(ctx, ARG_FRELEASE_FILE));
	struct op op = { .what = IOAS_OP_CLOSE };
	struct ioas_ctx *c = bpf_map_lookup_elem(&ioas_ctx, &key);

	if (!c)
		return 0;
	op.num = __sync_fetch_and_add(&last_op, 1) + 1;
	op.start_ns = bpf_ktime_get_boot_ns();
	op_emit(c, NULL, &op, 0, 0, IOAS_F_NO_RESULT);
	c->closed = 1;
	ctx_put(key, c);
	return 0;
}

/* The groups in a container; its group_lock is held, or a caller that is in it. */
static __always_inline __u32 count_groups(__u64 key)
{
	__u64 head = key + bpf_core_field_offset(struct vfio_container, group_list);
	struct list_head *l = (void *)head;
	__u32 n = 0;

	for (int i = 0; i < IOAS_GROUPS_MAX; i++) {
		l = BPF_CORE_READ(l, next);
		if (!l || (__u64)l == head)
			break;
		n++;
	}
	return n;
}

/* A container that was opened before we looked is known from here, with its groups. */
static __always_inline struct ioas_ctx *container_get(__u64 key)
{
	struct ioas_ctx *c = bpf_map_lookup_elem(&ioas_ctx, &key);

	if (c)
		return c;
	c = ctx_new(key, IOAS_BACKEND_TYPE1, true);
	if (c)
		c->groups = count_groups(key);
	return c;
}

/* An ioctl on an older container: its IOAS belongs to it, not to itself. */
static __always_inline void container_adopt(__u64 key)
{
	struct vfio_container *container = (void *)key;
	__u64 iommu = (__u64)BPF_CORE_READ(container, iommu_data);

	if (!iommu || bpf_map_lookup_elem(&ioas_ioas, &iommu) || !container_get(key))
		return;
	ioas_adopt(iommu, key);
}

static __always_inline struct op *container_op(__u64 key, __u32 what)
{
	struct op *op = op_new(LEVEL_CONTAINER, what);

	if (op)
		op->ctx_key = key;
	return op;
}

HOOK("fentry/vfio_fops_unl_ioctl", t1_fops_ioctl)
{
	__u32 cmd = arg(ctx, ARG_FIOCTL_CMD);
	struct op *op;

	__u64 key = container_of_file(arg(ctx, ARG_FIOCTL_FILE));

	if (cmd != VFIO_SET_IOMMU) {
		container_adopt(key);
		return 0;
	}
	op = container_op(key, IOAS_OP_SET_IOMMU);
	if (!op)
		return 0;
	op->cmd = cmd;
	op->uflags = arg(ctx, ARG_FIOCTL_ARG);
	return 0;
}

HOOK("fexit/vfio_fops_unl_ioctl", t1_fops_ioctl_done)
{
	struct op *op = op_get(LEVEL_CONTAINER);
	struct ioas_ctx *c;

	if (!op || op->what != IOAS_OP_SET_IOMMU)
		return 0;
	c = container_get(op->ctx_key);
	if (c)
		op_emit(c, NULL, op, ret_of(ctx), 0, 0);
	op_del(LEVEL_CONTAINER);
	return 0;
}

/* Both under group->group_lock and, inside, container->group_lock. */
HOOK("fentry/vfio_container_attach_group", t1_join)
{
	__u64 key = arg(ctx, ARG_CATTACH_CONTAINER);

	/* Before the group is in it: those that are get counted. */
	container_get(key);
	container_op(key, IOAS_OP_ATTACH);
	return 0;
}

HOOK("fexit/vfio_container_attach_group", t1_joined)
{
	struct op *op = op_get(LEVEL_CONTAINER);
	struct ioas_ctx *c;

	if (!op || op->what != IOAS_OP_ATTACH)
		return 0;
	c = container_get(op->ctx_key);
	if (c && !(int)ret_of(ctx))
		__sync_fetch_and_add(&c->groups, 1);
	op_del(LEVEL_CONTAINER);
	return 0;
}

HOOK("fentry/vfio_group_detach_container", t1_leave)
{
	struct vfio_group *g = (void *)arg(ctx, ARG_CDETACH_GROUP);

	container_op((__u64)BPF_CORE_READ(g, container), IOAS_OP_DETACH);
	return 0;
}

/* fexit: the container may be freed by now; only its address is used. */
HOOK("fexit/vfio_group_detach_container", t1_left)
{
	struct op *op = op_get(LEVEL_CONTAINER);
	struct ioas_ctx *c;
	__u64 key;

	if (!op || op->what != IOAS_OP_DETACH)
		return 0;
	key = op->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	if (c) {
		if (c->groups)
			__sync_fetch_and_add(&c->groups, -1);
		ctx_put(key, c);
	}
	op_del(LEVEL_CONTAINER);
	return 0;
}

#endif
