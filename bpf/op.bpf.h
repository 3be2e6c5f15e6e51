/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a task is in the middle of. An op spans the entry and exit hooks of one
 * kernel function; ops of one task nest to a fixed depth, a level each:
 * a container's ioctl, the IOMMU driver's op, a client's pin inside of it.
 * One task, one level, one op: no lock is needed.
 */
#ifndef IOASCOPE_OP_BPF_H
#define IOASCOPE_OP_BPF_H

#include "emit.bpf.h"
#include "stacks.bpf.h"

enum op_level {
	LEVEL_CONTAINER = 0,
	LEVEL_DRIVER = 1,
	LEVEL_CLIENT = 2,
	LEVEL_CALLER = 3, /* who calls, where the op itself is not told */
	LEVEL_NOTIFY = 4, /* around calls of clients that unmap */
};

struct op_key {
	__u32 tid;
	__u32 level;
};

/* An area on its way out, kept from the entry of its removal to the exit. */
struct op_removal {
	struct ioas_area_body area;
	__u32 active;
	__u32 silent; /* never announced: nothing to take back */
	__u32 unseen; /* mapped before we looked */
	__u32 uncharge_lost; /* the kernel cannot take back what it charged */
	__u64 mm; /* what was charged for it, to whom */
	__u64 task;
	__s64 locked;
	__s64 accounted; /* op.accounted when it began */
};

/* What a domain was given of one area, and not yet told. */
struct op_fill {
	__u64 domain;
	__s64 bytes;
};

#define OP_FILLS 4

struct op {
	__u64 num;
	__u64 start_ns;
	__u64 ioas_key;
	__u64 ctx_key;
	__u32 what; /* enum ioas_op; NONE: the entry was missed */
	__u32 cmd;
	__u64 uarg;
	__u64 iova;
	__u64 size;
	__u64 va;
	__u32 uflags;
	__u32 prot;
	__u32 args_ok;
	__u32 group;
	__u32 group_valid;
	__u32 emulated;
	__u32 announced; /* MAP: the area has been announced */
	__u32 areas;
	__u32 ioas_id; /* RELEASE: outlives the object */
	__u32 pad;
	__u64 removed;
	__u64 pinned;
	__u64 unpinned;
	/* what was pinned for one mapping and not yet told */
	__u64 dma;
	__u64 dma_iova;
	__u64 dma_last;
	__s64 net;
	__s64 net_pfnmap;
	__u64 locked; /* pages charged for .dma when it was last looked at */
	/* charged to one mm and not yet told */
	__u64 mm;
	__s64 charge;
	__s64 accounted; /* all that was charged in this op, told or not */
	struct op_removal removal;
	/* iommufd */
	struct op_fill fill[OP_FILLS];
	__u32 cutting; /* splits are under way; 2: the left part is in */
	__u32 rounds; /* of asking clients to let go of the area at .asked */
	__u64 asked;
	__u64 adding; /* a domain that is being added */
	__u32 refused; /* a charge was refused, and told */
	__u32 backend; /* through which it was asked; 0: that of its context */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct op_key);
	__type(value, struct op);
} ioas_ops SEC(".maps");

static const struct op no_op;

static __always_inline struct op_key op_key(__u32 level)
{
	struct op_key key = { .tid = bpf_get_current_pid_tgid(), .level = level };

	return key;
}

static __always_inline struct op *op_get(__u32 level)
{
	struct op_key key = op_key(level);

	return bpf_map_lookup_elem(&ioas_ops, &key);
}

static __always_inline struct op *op_new(__u32 level, __u32 what)
{
	struct op_key key = op_key(level);
	struct op *op;

	if (bpf_map_update_elem(&ioas_ops, &key, &no_op, BPF_ANY)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		stat_inc(IOAS_STAT_NO_CONTEXT); /* its hooks will find no op */
		return NULL;
	}
	op = bpf_map_lookup_elem(&ioas_ops, &key);
	if (!op)
		return NULL;
	op->num = __sync_fetch_and_add(&last_op, 1) + 1;
	op->start_ns = bpf_ktime_get_boot_ns();
	op->what = what;
	if (stack_worth(what))
		stack_take(op->num);
	return op;
}

static __always_inline void op_del(__u32 level)
{
	struct op_key key = op_key(level);

	bpf_map_delete_elem(&ioas_ops, &key);
}

/* The op that the hook at hand belongs to: the innermost one that runs. */
static __always_inline struct op *op_innermost(void)
{
	struct op *op = op_get(LEVEL_CLIENT);

	return op ? op : op_get(LEVEL_DRIVER);
}

static __always_inline void op_emit(struct ioas_ctx *c, struct ioas_ioas *s, const struct op *op,
				    __s64 result, __u64 returned, __u8 flags)
{
	struct ioas_event *e = event_begin(c, s, IOAS_EV_OP, op->num);

	if (!e)
		return;
	e->flags = flags;
	if (op->backend)
		e->backend = op->backend;
	e->body_op.what = op->what;
	e->body_op.group_valid = op->group_valid;
	e->body_op.group = op->group;
	e->body_op.result = result;
	e->body_op.latency_ns = e->time_ns - op->start_ns;
	e->body_op.iova = op->iova;
	e->body_op.size = op->size;
	e->body_op.va = op->va;
	e->body_op.returned = returned;
	e->body_op.removed = op->removed;
	e->body_op.pinned = op->pinned;
	e->body_op.unpinned = op->unpinned;
	e->body_op.areas = op->areas;
	e->body_op.uapi_flags = op->uflags;
	e->body_op.prot = op->prot;
	e->body_op.cmd = op->cmd;
	event_end(e);
}

#endif
