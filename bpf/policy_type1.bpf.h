/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits in VFIO type1. What is counted is what the kernel charges (mm_lock_acct), to whom it does:
 * the task that made the mapping; by the mapping, and for mediated drivers by the container.
 *
 * All of it happens under iommu->lock, but for the ends of ioctl, attach, detach and release, which
 * look at nothing but their own thread's op.
 */
#ifndef IOASCOPE_POLICY_TYPE1_BPF_H
#define IOASCOPE_POLICY_TYPE1_BPF_H

#include "policy_judge.bpf.h"

/* What a charge is for: policy_op.phase. */
enum {
	T1_IDLE,
	T1_PIN, /* judged, .reserved is what it may take */
	T1_UNPIN,
	T1_CLIENT, /* a mediated driver pins or unpins; .object is the container */
	T1_REMOVE, /* a mapping ends: .reserved is all that it had */
	T1_LATE, /* no program was asked about the pin; judged at the charge */
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vfio_batch {
	int size;
};

#pragma clang attribute pop

static __always_inline struct policy_op *t1_op(void)
{
	struct policy_op *op = op_get();

	return op && op->scope == POLICY_TYPE1 ? op : NULL;
}

/*
 * The first fence, before anything is pinned. The kernel asks for all that is left of the mapping
 * and comes back with the next contiguous run; what it has pinned beyond a run waits in its batch,
 * and in our books, for the next call.
 */
static __always_inline __s64 t1_pin(void *ctx, bool refuse)
{
	__u64 dma = arg(ctx, POLICY_ARG_T1_PIN_DMA);
	__s64 need = arg(ctx, POLICY_ARG_T1_PIN_NPAGE), left = 0, rc;
	struct policy_op next = { .object = dma, .scope = POLICY_TYPE1, .phase = T1_PIN };
	struct policy_held *held;
	struct policy_op *op;

	if (!live(POLICY_TYPE1) || need <= 0)
		return 0;
	held = held_get(dma);
	if (held) {
		next.owner = held->owner;
	} else {
		owner_of_task(&next.owner, (void *)BPF_CORE_READ((struct vfio_dma *)dma, task));
		held = held_new(dma, &next.owner, POLICY_TYPE1);
	}
	/* Pages that could not be given back afterwards are not taken. */
	if (!held)
		return refuse ? -ENOMEM : 0;
	op = t1_op();
	if (op && op->object == dma)
		left = op->reserved;
	need = need > left ? need - left : 0;
	rc = reserve(&next.owner, POLICY_TYPE1, need, refuse);
	if (rc)
		return rc;
	next.reserved = left + need;
	if (op && op->object == dma)
		op->reserved = 0;
	op_put(&next);
	return 0;
}

SEC("fmod_ret/vfio_pin_pages_remote")
__s64 pg_t1_pin(void *ctx)
{
	return t1_pin(ctx, true);
}

SEC("fentry/vfio_pin_pages_remote")
int pw_t1_pin(void *ctx)
{
	t1_pin(ctx, false);
	return 0;
}

SEC("fexit/vfio_pin_pages_remote")
int ps_t1_pinned(void *ctx)
{
	__u64 dma = arg(ctx, POLICY_ARG_T1_PIN_DMA);
	struct vfio_batch *batch = (void *)arg(ctx, POLICY_ARG_T1_PIN_BATCH);
	struct policy_op *op = t1_op();
	__s64 ret = ret_of(ctx), left = 0;
	struct policy_held *held;

	if (!live(POLICY_TYPE1))
		return 0;
	if (!op || (op->phase != T1_PIN && op->phase != T1_LATE)) {
		if (ret > 0)
			count(POLICY_STAT_UNJUDGED);
		return 0;
	}
	if (op->phase == T1_LATE)
		count(POLICY_STAT_UNJUDGED);
	/* On failure nothing stays, neither of this run nor in the batch. */
	if (ret >= 0)
		left = BPF_CORE_READ(batch, size);
	held = held_get(dma);
	if (!held)
		held = held_new(dma, &op->owner, POLICY_TYPE1);
	if (held)
		__sync_fetch_and_add(&held->pages, op->charged);
	book(&op->owner, POLICY_TYPE1, op->charged + left - op->reserved);
	op->reserved = left;
	op->charged = 0;
	op->object = dma;
	op->phase = T1_IDLE;
	return 0;
}

/*
 * The second fence: for mediated drivers, whose single pages have no other, and for pins about
 * which nobody was asked. The kernel unpins what it may not charge.
 */
static __always_inline __s64 t1_charge(void *ctx, bool refuse)
{
	__s64 n = arg(ctx, POLICY_ARG_T1_ACCT_NPAGE), rc;
	struct policy_op next = { .scope = POLICY_TYPE1, .phase = T1_LATE, .reserved = n };
	struct policy_op *op;

	/* A decrement is never refused. */
	if (!live(POLICY_TYPE1) || n <= 0)
		return 0;
	op = t1_op();
	if (op && (op->phase == T1_PIN || op->phase == T1_UNPIN || op->phase == T1_REMOVE))
		return 0;
	owner_of_task(&next.owner, (void *)arg(ctx, POLICY_ARG_T1_ACCT_TASK));
	if (op && op->phase == T1_CLIENT) {
		struct policy_held *held = held_get(op->object);

		if (!held)
			held = held_new(op->object, &next.owner, POLICY_TYPE1);
		if (!held)
			return refuse ? -ENOMEM : 0;
		next.owner = held->owner;
		next.object = op->object;
		next.phase = T1_CLIENT;
	}
	rc = reserve(&next.owner, POLICY_TYPE1, n, refuse);
	if (rc)
		return rc;
	op_put(&next);
	return 0;
}

SEC("fmod_ret/mm_lock_acct")
__s64 pg_t1_charge(void *ctx)
{
	return t1_charge(ctx, true);
}

SEC("fentry/mm_lock_acct")
int pw_t1_charge(void *ctx)
{
	t1_charge(ctx, false);
	return 0;
}

static __always_inline void t1_settle(__u64 object, __s64 n)
{
	struct policy_held *held = held_get(object);

	if (!held)
		return;
	__sync_fetch_and_add(&held->pages, n);
	if (n < 0)
		book(&held->owner, POLICY_TYPE1, n);
}

SEC("fexit/mm_lock_acct")
int ps_t1_charged(void *ctx)
{
	__s64 n = arg(ctx, POLICY_ARG_T1_ACCT_NPAGE);
	struct policy_op *op = t1_op();
	bool done = !(__s32)ret_of(ctx);

	if (!live(POLICY_TYPE1) || !op)
		return 0;
	if (op->phase == T1_PIN || op->phase == T1_LATE) {
		if (done && n > 0)
			op->charged += n;
		return 0;
	}
	if (op->phase == T1_UNPIN && done)
		t1_settle(op->object, n);
	if (op->phase != T1_CLIENT)
		return 0;
	if (done)
		t1_settle(op->object, n);
	else
		book(&op->owner, POLICY_TYPE1, -op->reserved);
	op->reserved = 0;
	return 0;
}

/* What is left over in the batch stays reserved: the map that fails unpins it last. */
static __always_inline void t1_enter(__u64 object, __u32 phase)
{
	struct policy_op next = { .object = object, .scope = POLICY_TYPE1, .phase = phase };
	struct policy_op *op = t1_op();

	if (!live(POLICY_TYPE1))
		return;
	if (!op) {
		op_put(&next);
		return;
	}
	/* What it unpins has been taken from the books of the mapping as a whole. */
	if (op->phase == T1_REMOVE && op->object == object)
		return;
	op->object = object;
	op->phase = phase;
}

SEC("fentry/vfio_unpin_pages_remote")
int ps_t1_unpin(void *ctx)
{
	t1_enter(arg(ctx, POLICY_ARG_T1_UNPIN_DMA), T1_UNPIN);
	return 0;
}

SEC("fentry/vfio_unmap_unpin")
int ps_t1_unmap(void *ctx)
{
	t1_enter(arg(ctx, POLICY_ARG_T1_UNMAP_DMA), T1_UNPIN);
	return 0;
}

SEC("fentry/vfio_iommu_type1_pin_pages")
int ps_t1_client_pin(void *ctx)
{
	t1_enter(arg(ctx, POLICY_ARG_T1_CPIN_IOMMU), T1_CLIENT);
	return 0;
}

SEC("fentry/vfio_iommu_type1_unpin_pages")
int ps_t1_client_unpin(void *ctx)
{
	t1_enter(arg(ctx, POLICY_ARG_T1_CUNPIN_IOMMU), T1_CLIENT);
	return 0;
}

/* Where the process is gone the kernel no longer uncharges, and a mapping just ends. */
SEC("fentry/vfio_remove_dma")
int ps_t1_remove(void *ctx)
{
	if (live(POLICY_TYPE1))
		held_move(arg(ctx, POLICY_ARG_T1_REMOVE_DMA), POLICY_TYPE1, T1_REMOVE);
	return 0;
}

SEC("fexit/vfio_remove_dma")
int ps_t1_removed(void *ctx)
{
	struct policy_op *op = t1_op();

	if (!op || op->phase != T1_REMOVE)
		return 0;
	book(&op->owner, POLICY_TYPE1, -op->reserved);
	op->reserved = 0;
	op->phase = T1_IDLE;
	return 0;
}

static __always_inline int t1_end(void)
{
	struct policy_op *op = t1_op();

	if (!op)
		return 0;
	book(&op->owner, POLICY_TYPE1, -op->reserved);
	op_end();
	return 0;
}

SEC("fexit/vfio_iommu_type1_ioctl")
int ps_t1_ioctl_end(void *ctx)
{
	return t1_end();
}

SEC("fexit/vfio_iommu_type1_attach_group")
int ps_t1_attach_end(void *ctx)
{
	return t1_end();
}

SEC("fexit/vfio_iommu_type1_detach_group")
int ps_t1_detach_end(void *ctx)
{
	return t1_end();
}

SEC("fexit/vfio_iommu_type1_pin_pages")
int ps_t1_client_pin_end(void *ctx)
{
	return t1_end();
}

/* Mediated drivers have gone before it. */
SEC("fentry/vfio_iommu_type1_release")
int ps_t1_release(void *ctx)
{
	if (live(POLICY_TYPE1))
		held_end(arg(ctx, POLICY_ARG_T1_RELEASE_IOMMU));
	return 0;
}

SEC("fexit/vfio_iommu_type1_release")
int ps_t1_release_end(void *ctx)
{
	return t1_end();
}

#endif
