/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: contexts, IOASes, and the ioctls as ops.
 *
 * What makes it ordered: a file is nobody else's before open returns and after its last release
 * began. An IOAS is told under its lock, taken before its number can be used, and gone under the
 * same, when nothing is in it. Ioctls are ops, and need no order; their arguments are the
 * kernel's own copy.
 */
#ifndef IOASCOPE_BUNDLED_OBJECTS_BPF_H
#define IOASCOPE_BUNDLED_OBJECTS_BPF_H

#include "bundled.bpf.h"
#include "iommufd_objects.bpf.h"

HOOK("fentry/ioasb_hook_opened", bd_opened)
{
	__u64 note = arg(ctx, ARG_BD_OPENED);
	struct ioas_ctx *c = ctx_new(BD(ioasb_note, note, ctx), IOAS_BACKEND_BUNDLED, false);
	struct op op = { .what = IOAS_OP_OPEN };

	if (!c)
		return 0;
	op.num = __sync_fetch_and_add(&last_op, 1) + 1;
	op.start_ns = bpf_ktime_get_boot_ns();
	op_emit(c, NULL, &op, 0, 0, 0);
	return 0;
}

HOOK("fentry/ioasb_hook_closing", bd_closing)
{
	__u64 note = arg(ctx, ARG_BD_CLOSING);
	struct op *op;

	if (!bd_ctx(note))
		return 0;
	op = op_new(LEVEL_DRIVER, IOAS_OP_CLOSE);
	if (op)
		op->ctx_key = BD(ioasb_note, note, ctx);
	return 0;
}

HOOK("fentry/ioasb_hook_closed", bd_closed)
{
	__u64 note = arg(ctx, ARG_BD_CLOSED);
	struct op *op = op_get(LEVEL_DRIVER);
	__u64 key = BD(ioasb_note, note, ctx);
	struct ioas_ctx *c = bpf_map_lookup_elem(&ioas_ctx, &key);

	if (c && op && op->what == IOAS_OP_CLOSE)
		op_emit(c, NULL, op, 0, 0, IOAS_F_NO_RESULT);
	op_del(LEVEL_DRIVER);
	if (c) {
		c->closed = 1;
		ctx_put(key, c);
	}
	return 0;
}

HOOK("fentry/ioasb_hook_ioas_new", bd_ioas_new)
{
	__u64 note = arg(ctx, ARG_BD_IOAS_NEW);
	struct op *op = op_get(LEVEL_DRIVER);

	bd_ioas_add(note, false);
	if (op)
		op->ioas_key = BD(ioasb_note, note, ioas);
	return 0;
}

HOOK("fentry/ioasb_hook_ioas_gone", bd_ioas_gone)
{
	__u64 note = arg(ctx, ARG_BD_IOAS_GONE);
	struct fd_name name = fd_name(BD(ioasb_note, note, ctx), BD(ioasb_note, note, ioas_id));
	struct op *op = bd_op(BD(ioasb_note, note, ioas));
	__u64 key = BD(ioasb_note, note, ioas);
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &key);
	struct ioas_event *e;

	/* Its number is free later than this. */
	bpf_map_delete_elem(&fd_names, &name);
	if (!s)
		return 0;
	e = event_begin(ctx_of(s), s, IOAS_EV_IOAS_GONE, fd_op_num(op));
	if (e) {
		e->body_obj.mode = s->mode;
		event_end(e);
	}
	bpf_map_delete_elem(&ioas_ioas, &key);
	return 0;
}

/* ---- ioctls ---- */

#define BD_NR_LAST IOASB_NR_CHANGE_PROCESS /* that is known here */

/* What is asked without an effect, and what clients are asked for (bundled_clients), is not told.
 */
static __always_inline __u32 bd_what(__u32 nr)
{
	switch (nr) {
	case IOASB_NR_DESTROY:
		return IOAS_OP_DESTROY;
	case IOASB_NR_IOAS_ALLOC:
		return IOAS_OP_ALLOC;
	case IOASB_NR_MAP:
	case IOASB_NR_MAP_FILE:
		return IOAS_OP_MAP;
	case IOASB_NR_COPY:
		return IOAS_OP_COPY;
	case IOASB_NR_UNMAP:
		return IOAS_OP_UNMAP;
	case IOASB_NR_IOVA_RANGES:
		return IOAS_OP_QUERY;
	case IOASB_NR_ALLOW_IOVAS:
		return IOAS_OP_ALLOW;
	case IOASB_NR_RESERVE:
		return IOAS_OP_RESERVE;
	case IOASB_NR_RELEASE:
		return IOAS_OP_UNRESERVE;
	case IOASB_NR_DEVICE_ALLOC:
		return IOAS_OP_BIND;
	case IOASB_NR_ATTACH:
	case IOASB_NR_CLIENT_ALLOC:
		return IOAS_OP_ATTACH;
	case IOASB_NR_DETACH:
		return IOAS_OP_DETACH;
	case IOASB_NR_RW:
		return IOAS_OP_RW;
	case IOASB_NR_MERGE:
		return IOAS_OP_MERGE;
	case IOASB_NR_CHANGE_PROCESS:
		return IOAS_OP_CHANGE_PROCESS;
	default:
		return IOAS_OP_NONE;
	}
}

static __always_inline void bd_ask_map(struct op *op, const void *args)
{
	struct ioasb_map m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
	op->va = m.user_va;
	op->uflags = m.flags;
	op->prot = bd_prot(m.flags);
}

static __always_inline void bd_ask_map_file(struct op *op, const void *args)
{
	struct ioasb_map_file m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
	op->uflags = m.flags;
	op->prot = bd_prot(m.flags);
}

static __always_inline void bd_ask_merge(struct op *op, const void *args)
{
	struct ioasb_merge m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
}

static __always_inline void bd_ask_copy(struct op *op, const void *args)
{
	struct ioasb_copy m = {};
	struct ioas_ioas *src;
	__u64 key;

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.dst_ioas_id);
	op->iova = m.dst_iova;
	op->size = m.length;
	op->va = m.src_iova;
	op->uflags = m.flags;
	op->prot = bd_prot(m.flags);
	key = fd_by_name(op->ctx_key, m.src_ioas_id);
	src = bpf_map_lookup_elem(&ioas_ioas, &key);
	if (src)
		op->group = src->id;
}

/* Everything is spelled in two ways, and becomes one. */
static __always_inline void bd_ask_unmap(struct op *op, const void *args)
{
	struct ioasb_unmap m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
	op->uflags = m.flags;
	if (m.flags & IOASB_UNMAP_ALL && !m.iova && !m.length)
		op->size = ~0ULL;
}

static __always_inline void bd_ask_rw(struct op *op, const void *args)
{
	struct ioasb_rw m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
	op->va = 0;
	op->uflags = m.flags;
	op->prot = m.flags & IOASB_RW_WRITE ? IOAS_PROT_WRITE : IOAS_PROT_READ;
}

static __always_inline void bd_ask_attach(struct op *op, const void *args)
{
	struct ioasb_attach m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->uflags = m.flags;
	if (m.flags & IOASB_ATTACH_REPLACE)
		op->what = IOAS_OP_REPLACE;
}

static __always_inline void bd_ask_reserve(struct op *op, const void *args)
{
	struct ioasb_reserve m = {};

	op->args_ok = !bpf_probe_read_kernel(&m, sizeof(m), args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	op->iova = m.iova;
	op->size = m.length;
	op->uflags = m.flags;
}

/* Those of which no more than the IOAS is told: it stands behind the size, or behind the flags. */
static __always_inline void bd_ask_other(struct op *op, __u32 nr, const void *args)
{
	struct ioasb_allow_iovas m = {};
	struct ioasb_client_alloc a = {};

	if (nr == IOASB_NR_CLIENT_ALLOC) {
		op->args_ok = !bpf_probe_read_kernel(&a, sizeof(a), args);
		op->ioas_key = fd_by_name(op->ctx_key, a.ioas_id);
		op->uflags = a.flags;
		return;
	}
	op->args_ok = 1;
	if (nr != IOASB_NR_IOVA_RANGES && nr != IOASB_NR_ALLOW_IOVAS && nr != IOASB_NR_RELEASE)
		return;
	/* The beginning of all three is the same. */
	op->args_ok = !bpf_probe_read_kernel(&m, 12, args);
	op->ioas_key = fd_by_name(op->ctx_key, m.ioas_id);
	if (nr == IOASB_NR_ALLOW_IOVAS)
		op->areas = m.num_iovas;
}

static __noinline int bd_ask(__u32 nr, __u64 args)
{
	struct op *op = op_get(LEVEL_DRIVER);
	const void *from = (void *)args;

	if (!op)
		return 0;
	switch (nr) {
	case IOASB_NR_MAP:
		bd_ask_map(op, from);
		break;
	case IOASB_NR_MAP_FILE:
		bd_ask_map_file(op, from);
		break;
	case IOASB_NR_MERGE:
		bd_ask_merge(op, from);
		break;
	case IOASB_NR_COPY:
		bd_ask_copy(op, from);
		break;
	case IOASB_NR_UNMAP:
		bd_ask_unmap(op, from);
		break;
	case IOASB_NR_RW:
		bd_ask_rw(op, from);
		break;
	case IOASB_NR_ATTACH:
		bd_ask_attach(op, from);
		break;
	case IOASB_NR_RESERVE:
		bd_ask_reserve(op, from);
		break;
	default:
		bd_ask_other(op, nr, from);
	}
	return 0;
}

HOOK("fentry/ioasb_hook_call", bd_call)
{
	__u32 nr = arg(ctx, ARG_BD_CALL_NR), what = bd_what(nr);
	__u64 key = arg(ctx, ARG_BD_CALL_CTX);
	struct ioas_ctx *c;
	struct op *op;

	if (!what && nr <= BD_NR_LAST)
		return 0;
	c = ctx_get(key, IOAS_BACKEND_BUNDLED);
	/* What a newer module does for a call that is not known here may not be told either. */
	if (nr > BD_NR_LAST)
		mark_uncertain(c);
	if (!c || !what)
		return 0;
	op = op_new(LEVEL_DRIVER, what);
	if (!op)
		return 0;
	op->ctx_key = key;
	return bd_ask(nr, arg(ctx, ARG_BD_CALL_ARGS));
}

/* What was written back: the address that was chosen, the bytes that went. */
static __noinline __u64 bd_answered(struct op *op, __u32 nr, __u64 args)
{
	struct ioasb_unmap u = {};
	struct ioasb_map_file f = {};
	struct ioasb_map m = {};
	struct ioasb_copy p = {};
	struct ioasb_reserve r = {};
	const void *from = (void *)args;

	if (!op)
		return 0;
	switch (op->what) {
	case IOAS_OP_UNMAP:
		bpf_probe_read_kernel(&u, sizeof(u), from);
		return u.out_unmapped;
	case IOAS_OP_MAP:
		if (nr == IOASB_NR_MAP_FILE) {
			if (!bpf_probe_read_kernel(&f, sizeof(f), from))
				op->iova = f.iova;
		} else if (!bpf_probe_read_kernel(&m, sizeof(m), from))
			op->iova = m.iova;
		return 0;
	case IOAS_OP_COPY:
		if (!bpf_probe_read_kernel(&p, sizeof(p), from))
			op->iova = p.dst_iova;
		return 0;
	case IOAS_OP_RESERVE:
		if (!bpf_probe_read_kernel(&r, sizeof(r), from))
			op->iova = r.iova;
		return 0;
	default:
		return 0;
	}
}

static __always_inline __u8 bd_flags(const struct op *op)
{
	__u8 flags = op->args_ok ? 0 : IOAS_F_ARGS_UNREAD;

	switch (op->what) {
	case IOAS_OP_UNMAP:
		flags |= IOAS_F_RETURNED; /* on errors, too */
		return !op->iova && op->size == ~0ULL ? flags | IOAS_F_ALL : flags;
	case IOAS_OP_MAP:
	case IOAS_OP_COPY:
	case IOAS_OP_RESERVE:
		return op->uflags & IOASB_FIXED ? flags | IOAS_F_FIXED : flags;
	default:
		return flags;
	}
}

HOOK("fentry/ioasb_hook_answer", bd_answer)
{
	struct op *op = bd_what(arg(ctx, ARG_BD_ANSWER_NR)) ? op_get(LEVEL_DRIVER) : NULL;
	int result = (int)arg(ctx, ARG_BD_ANSWER_RESULT);
	struct ioas_ioas *s;
	struct ioas_ctx *c;
	__u64 key, returned;

	if (!op)
		return 0;
	key = op->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	key = op->ioas_key;
	s = key ? bpf_map_lookup_elem(&ioas_ioas, &key) : NULL;
	returned = bd_answered(op, arg(ctx, ARG_BD_ANSWER_NR), arg(ctx, ARG_BD_ANSWER_ARGS));
	if (c)
		op_emit(c, s, op, result, returned, bd_flags(op));
	op_del(LEVEL_DRIVER);
	return 0;
}

#endif
