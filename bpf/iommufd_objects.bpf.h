/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: contexts, IOASes, and the ioctls as ops.
 *
 * What makes it ordered: a file is nobody else's before open returns and after
 * its last release began. An IOAS is announced at the entry of
 * iommufd_object_finalize, before its number can be looked up, and is gone at
 * the exit of iommufd_ioas_destroy, when nobody holds it. Ioctls are ops: they
 * explain, and need no order. Their arguments are the kernel's own copy.
 */
#ifndef IOASCOPE_IOMMUFD_OBJECTS_BPF_H
#define IOASCOPE_IOMMUFD_OBJECTS_BPF_H

#include "iommufd.bpf.h"

/* The structures of linux/iommufd.h, which the C library of the host may lack. */
struct fd_cmd_map {
	__u32 size, flags, ioas_id, reserved;
	__u64 user_va, length, iova;
};

struct fd_cmd_copy {
	__u32 size, flags, dst_ioas_id, src_ioas_id;
	__u64 length, dst_iova, src_iova;
};

struct fd_cmd_unmap {
	__u32 size, ioas_id;
	__u64 iova, length;
};

/* Of IOVA_RANGES and ALLOW_IOVAS the part that is the same. */
struct fd_cmd_ranges {
	__u32 size, ioas_id, num_iovas, reserved;
};

struct fd_cmd_option {
	__u32 size, option_id;
	__u16 op, reserved;
	__u32 object_id;
	__u64 val64;
};

#define FD_MAP_FIXED 1
#define FD_MAP_WRITEABLE 2
#define FD_MAP_READABLE 4
#define FD_OPTION_RLIMIT_MODE 0
#define FD_OPTION_HUGE_PAGES 1
#define FD_OPTION_SET 0

/* What /dev/vfio/vfio sets for its files: the mm is charged, as type1 does. */
static __noinline int fd_opened_compat(struct ioas_ctx *c, __u64 op)
{
	struct ioas_event *e = event_begin(c, NULL, IOAS_EV_OPTION, op);

	if (!e)
		return 0;
	e->body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	e->body_obj.value = 1;
	event_end(e);
	return 0;
}

HOOK("fexit/iommufd_fops_open", fd_fops_open)
{
	struct file *f = (void *)arg(ctx, ARG_FD_OPEN_FILE);
	struct iommufd_ctx *ictx = BPF_CORE_READ(f, private_data);
	bool compat = BPF_CORE_READ(ictx, account_mode) == FD_ACCOUNT_MM;
	struct op op = { .what = IOAS_OP_OPEN };
	struct ioas_ctx *c;

	if ((int)ret_of(ctx))
		return 0;
	c = ctx_new((__u64)ictx, compat ? IOAS_BACKEND_COMPAT : IOAS_BACKEND_IOMMUFD, false);
	if (!c)
		return 0;
	op.num = __sync_fetch_and_add(&last_op, 1) + 1;
	op.start_ns = bpf_ktime_get_boot_ns();
	if (compat)
		fd_opened_compat(c, op.num);
	op_emit(c, NULL, &op, 0, 0, 0);
	return 0;
}

/* fentry: what is left in the context is destroyed inside, then the context is freed. */
HOOK("fentry/iommufd_fops_release", fd_fops_release)
{
	struct file *f = (void *)arg(ctx, ARG_FD_RELEASE_FILE);

	fd_begin((__u64)BPF_CORE_READ(f, private_data), IOAS_OP_CLOSE);
	return 0;
}

HOOK("fexit/iommufd_fops_release", fd_fops_released)
{
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ctx *c;
	__u64 key;

	if (!op || op->what != IOAS_OP_CLOSE)
		return 0;
	key = op->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	if (c) {
		op_emit(c, NULL, op, 0, 0, IOAS_F_NO_RESULT);
		c->closed = 1;
		ctx_put(key, c);
	}
	op_del(LEVEL_DRIVER);
	return 0;
}

static __always_inline struct fd_name fd_name(__u64 ctx_key, __u32 id)
{
	struct fd_name name = { .ctx_key = ctx_key, .id = id };

	return name;
}

static __always_inline __u64 fd_by_name(__u64 ctx_key, __u32 id)
{
	struct fd_name name = fd_name(ctx_key, id);
	__u64 *iopt = bpf_map_lookup_elem(&fd_names, &name);

	return iopt ? *iopt : 0;
}

/* fentry: after it other threads may use the number. Ioctl and compat IOASes alike. */
HOOK("fentry/iommufd_object_finalize", fd_finalize)
{
	struct iommufd_object *obj = (void *)arg(ctx, ARG_FD_FINALIZE_OBJ);
	__u64 ctx_key = arg(ctx, ARG_FD_FINALIZE_CTX);
	struct fd_name name = {};
	__u64 iopt;

	if (BPF_CORE_READ(obj, type) !=
	    bpf_core_enum_value(enum iommufd_object_type, IOMMUFD_OBJ_IOAS))
		return 0;
	iopt = fd_iopt((void *)obj - bpf_core_field_offset(struct iommufd_ioas, obj));
	name = fd_name(ctx_key, BPF_CORE_READ(obj, id));
	if (bpf_map_update_elem(&fd_names, &name, &iopt, BPF_ANY)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(bpf_map_lookup_elem(&ioas_ctx, &ctx_key));
	}
	if (ioas_new(iopt, ctx_key, fd_backend(ctx_key), IOAS_MODE_COVER, false))
		fd_op(iopt);
	return 0;
}

/* fexit: its areas have gone inside; the object is freed after it. */
HOOK("fexit/iommufd_ioas_destroy", fd_ioas_destroyed)
{
	struct iommufd_object *obj = (void *)arg(ctx, ARG_FD_DESTROY_OBJ);
	__u64 iopt = fd_iopt((void *)obj - bpf_core_field_offset(struct iommufd_ioas, obj));
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &iopt);
	struct op *op = op_get(LEVEL_DRIVER);
	struct fd_name name = {};
	struct ioas_event *e;

	/* Its number is free since before this: another IOAS may have it by now. */
	name = fd_name(s ? s->ctx_key : op ? op->ctx_key : 0, BPF_CORE_READ(obj, id));
	if (fd_by_name(name.ctx_key, name.id) == iopt)
		bpf_map_delete_elem(&fd_names, &name);
	if (!s)
		return 0;
	e = event_begin(ctx_of(s), s, IOAS_EV_IOAS_GONE, fd_op_num(fd_op(iopt)));
	if (e) {
		e->body_obj.mode = s->mode;
		event_end(e);
	}
	bpf_map_delete_elem(&ioas_ioas, &iopt);
	return 0;
}

/* ---- ioctls ---- */

static __always_inline __u32 fd_prot(__u32 flags)
{
	return (flags & FD_MAP_READABLE ? IOAS_PROT_READ : 0) |
	       (flags & FD_MAP_WRITEABLE ? IOAS_PROT_WRITE : 0);
}

static __always_inline void fd_read_map(struct op *op, void *cmd)
{
	struct fd_cmd_map m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), cmd);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
	op->va = m.user_va;
	op->uflags = m.flags;
	op->prot = fd_prot(m.flags);
}

static __always_inline void fd_read_copy(struct op *op, void *cmd)
{
	struct fd_cmd_copy m = {};
	struct ioas_ioas *src;
	__u64 key;

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), cmd);
	op->ioas_key = fd_by_name(op->ctx_key, m.dst_ioas_id);
	op->iova = m.dst_iova;
	op->size = m.length;
	op->va = m.src_iova;
	op->uflags = m.flags;
	op->prot = fd_prot(m.flags);
	key = fd_by_name(op->ctx_key, m.src_ioas_id);
	src = bpf_map_lookup_elem(&ioas_ioas, &key);
	if (src)
		op->group = src->id;
}

static __always_inline void fd_read_unmap(struct op *op, void *cmd)
{
	struct fd_cmd_unmap m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), cmd);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
}

static __always_inline void fd_read_ranges(struct op *op, void *cmd)
{
	struct fd_cmd_ranges m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), cmd);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->areas = m.num_iovas;
}

static __always_inline void fd_read_option(struct op *op, void *cmd)
{
	struct fd_cmd_option m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), cmd);
	op->ioas_key = fd_by_name(op->ctx_key, m.object_id);
	op->uflags = m.option_id;
	op->va = m.val64;
	op->prot = 0;
	op->group = m.op;
}

static __always_inline void fd_read(struct op *op, void *cmd)
{
	switch (op->what) {
	case IOAS_OP_MAP:
		fd_read_map(op, cmd);
		break;
	case IOAS_OP_COPY:
		fd_read_copy(op, cmd);
		break;
	case IOAS_OP_UNMAP:
		fd_read_unmap(op, cmd);
		break;
	case IOAS_OP_QUERY:
	case IOAS_OP_ALLOW:
		fd_read_ranges(op, cmd);
		break;
	case IOAS_OP_OPTION:
		fd_read_option(op, cmd);
		break;
	default:
		op->args_ok = 1;
	}
}

static __noinline int fd_ucmd_begin(struct iommufd_ucmd *ucmd, __u32 what)
{
	struct op *op = fd_begin((__u64)BPF_CORE_READ(ucmd, ictx), what);

	if (op)
		fd_read(op, BPF_CORE_READ(ucmd, cmd));
	return 0;
}

static __always_inline void fd_option_set(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op)
{
	bool rlimit = op->uflags == FD_OPTION_RLIMIT_MODE;
	struct ioas_event *e;

	if (op->group != FD_OPTION_SET || (!rlimit && !s))
		return;
	e = event_begin(c, rlimit ? NULL : s, IOAS_EV_OPTION, op->num);
	if (!e)
		return;
	e->body_obj.option = rlimit ? IOAS_OPTION_RLIMIT_MODE : IOAS_OPTION_HUGE_PAGES;
	e->body_obj.value = op->va;
	event_end(e);
}

/* What the kernel wrote back into its copy: the IOVA it chose, the bytes that went. */
static __always_inline __u64 fd_answer(struct op *op, void *cmd, __u8 *flags)
{
	struct fd_cmd_unmap u = {};
	struct fd_cmd_map m = {};
	struct fd_cmd_copy p = {};

	switch (op->what) {
	case IOAS_OP_UNMAP:
		if (bpf_probe_read_kernel(&u, sizeof(u), cmd))
			return 0;
		*flags |= IOAS_F_RETURNED;
		return u.length;
	case IOAS_OP_MAP:
		if (!bpf_probe_read_kernel(&m, sizeof(m), cmd))
			op->iova = m.iova;
		return 0;
	case IOAS_OP_COPY:
		if (!bpf_probe_read_kernel(&p, sizeof(p), cmd))
			op->iova = p.dst_iova;
		return 0;
	default:
		return 0;
	}
}

static __noinline int fd_ucmd_end(struct iommufd_ucmd *ucmd, __u32 what, int ret)
{
	struct op *op = op_get(LEVEL_DRIVER);
	__u64 returned = 0, key;
	struct ioas_ioas *s;
	struct ioas_ctx *c;
	__u8 flags = 0;

	if (!op || op->what != what)
		return 0;
	key = op->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	key = op->ioas_key;
	s = key ? bpf_map_lookup_elem(&ioas_ioas, &key) : NULL;
	if (what == IOAS_OP_UNMAP && !op->iova && op->size == ~0ULL)
		flags |= IOAS_F_ALL;
	if ((what == IOAS_OP_MAP || what == IOAS_OP_COPY) && op->uflags & FD_MAP_FIXED)
		flags |= IOAS_F_FIXED;
	if (!op->args_ok)
		flags |= IOAS_F_ARGS_UNREAD;
	if (!ret)
		returned = fd_answer(op, BPF_CORE_READ(ucmd, cmd), &flags);
	if (!ret && what == IOAS_OP_OPTION)
		fd_option_set(c, s, op);
	op_emit(c, s, op, ret, returned, flags);
	op_del(LEVEL_DRIVER);
	return 0;
}

#define FD_IOCTL(func, name, position, what)                                                       \
	HOOK("fentry/" func, fd_##name)                                                            \
	{                                                                                          \
		return fd_ucmd_begin((void *)arg(ctx, position), what);                            \
	}                                                                                          \
	HOOK("fexit/" func, fd_##name##_done)                                                      \
	{                                                                                          \
		return fd_ucmd_end((void *)arg(ctx, position), what, (int)ret_of(ctx));            \
	}

FD_IOCTL("iommufd_ioas_alloc_ioctl", alloc, ARG_FD_ALLOC_UCMD, IOAS_OP_ALLOC)
FD_IOCTL("iommufd_ioas_iova_ranges", ranges, ARG_FD_RANGES_UCMD, IOAS_OP_QUERY)
FD_IOCTL("iommufd_ioas_allow_iovas", allow, ARG_FD_ALLOW_UCMD, IOAS_OP_ALLOW)
FD_IOCTL("iommufd_ioas_map", map, ARG_FD_MAP_UCMD, IOAS_OP_MAP)
FD_IOCTL("iommufd_ioas_copy", copy, ARG_FD_COPY_UCMD, IOAS_OP_COPY)
FD_IOCTL("iommufd_ioas_unmap", unmap, ARG_FD_UNMAP_UCMD, IOAS_OP_UNMAP)
FD_IOCTL("iommufd_option", option, ARG_FD_OPTION_UCMD, IOAS_OP_OPTION)
FD_IOCTL("iommufd_destroy", destroy, ARG_FD_DESTROY_UCMD, IOAS_OP_DESTROY)
FD_IOCTL("iommufd_hwpt_alloc", hwpt, ARG_FD_HWPT_UCMD, IOAS_OP_HWPT_ALLOC)

#endif
