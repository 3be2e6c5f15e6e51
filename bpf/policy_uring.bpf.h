/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits on registered buffers of io_uring, by whom the ring charges, or, where it charges nobody
 * (CAP_IPC_LOCK), by who registers.
 *
 * Registering holds ctx->uring_lock. So does unregistering, but of its own ring: a buffer that
 * several rings share (IORING_REGISTER_CLONE_BUFFERS) ends with the last one, and if two let go of
 * it at the same moment neither sees the end. It stays in the books until its address is used
 * again: too much, never too little.
 */
#ifndef IOASCOPE_POLICY_URING_BPF_H
#define IOASCOPE_POLICY_URING_BPF_H

#include "policy_judge.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_ring_ctx___pol {
	struct user_struct___pol *user;
};

struct io_rsrc_node___pol {
	struct io_mapped_ubuf___pol *buf;
};

struct io_mapped_ubuf___pol {
	struct {
		struct {
			int counter;
		} refs;
	} refs;
};

#pragma clang attribute pop

/* The kernel's copy of the caller's, include/uapi/linux/uio.h. */
struct iovec___uapi {
	__u64 base;
	__u64 len;
};

enum {
	IO_REGISTER,
	IO_UNMAP,
};

static __always_inline __s64 io_pages(const struct iovec___uapi *iov)
{
	if (!iov->base)
		return 0;
	return ((iov->base + iov->len + (1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT) -
	       (iov->base >> PAGE_SHIFT);
}

static __always_inline __s64 io_asked(void *ctx, struct policy_op *op)
{
	struct io_ring_ctx___pol *ring = (void *)arg(ctx, POLICY_ARG_IO_REG_CTX);
	struct task_struct___pol *task = (void *)bpf_get_current_task();
	struct user_struct___pol *user = BPF_CORE_READ(ring, user);
	struct iovec___uapi iov = {};

	bpf_probe_read_kernel(&iov, sizeof(iov), (void *)arg(ctx, POLICY_ARG_IO_REG_IOV));
	if (user)
		owner_of_user(&op->owner, user, task);
	else
		owner_of_task(&op->owner, task);
	return io_pages(&iov);
}

static __always_inline __s64 io_pin(void *ctx, bool refuse)
{
	struct policy_op next = { .scope = POLICY_OTHER };
	__s64 n, rc;

	if (!live(POLICY_OTHER))
		return 0;
	n = io_asked(ctx, &next);
	if (n <= 0)
		return 0;
	rc = reserve(&next.owner, POLICY_OTHER, n, refuse);
	if (rc)
		return rc;
	next.reserved = n;
	op_put(&next);
	return 0;
}

SEC("fmod_ret/io_sqe_buffer_register")
__s64 pg_io_pin(void *ctx)
{
	return io_pin(ctx, true);
}

SEC("fentry/io_sqe_buffer_register")
int pw_io_pin(void *ctx)
{
	io_pin(ctx, false);
	return 0;
}

/*
 * Whether a buffer was registered, and which: older kernels store it and answer 0, newer ones
 * answer the node that has it.
 */
static __always_inline bool io_registered(void *ctx, __u64 *imu)
{
	__u64 pimu = arg(ctx, POLICY_ARG_IO_REG_PIMU), ret = ret_of(ctx);

	*imu = 0;
	if (pimu)
		return !(__s32)ret && !bpf_probe_read_kernel(imu, sizeof(*imu), (void *)pimu);
	/* An error as a pointer. */
	if (!bpf_core_field_exists(((struct io_rsrc_node___pol *)0)->buf) || !ret ||
	    ret >= (__u64)-4095)
		return false;
	*imu = (__u64)BPF_CORE_READ((struct io_rsrc_node___pol *)ret, buf);
	return true;
}

static __always_inline void io_hold(__u64 imu, const struct policy_op *op, __s64 n)
{
	struct policy_held *held;

	held_end(imu);
	held = held_new(imu, &op->owner, POLICY_OTHER);
	if (held)
		held->pages = n;
	else
		book(&op->owner, POLICY_OTHER, -n);
}

SEC("fexit/io_sqe_buffer_register")
int ps_io_pinned(void *ctx)
{
	struct policy_op *op = op_get(), late = { .scope = POLICY_OTHER };
	__u64 imu;
	bool done;
	__s64 n;

	if (!live(POLICY_OTHER))
		return 0;
	done = io_registered(ctx, &imu);
	if (op && op->scope == POLICY_OTHER && op->phase == IO_REGISTER) {
		if (done)
			io_hold(imu, op, op->reserved);
		else
			book(&op->owner, POLICY_OTHER, -op->reserved);
		op_end();
		return 0;
	}
	n = done ? io_asked(ctx, &late) : 0;
	if (n <= 0)
		return 0;
	/* Nobody was asked: it counts, so that the next one is refused. */
	count(POLICY_STAT_UNJUDGED);
	book(&late.owner, POLICY_OTHER, n);
	io_hold(imu, &late, n);
	return 0;
}

SEC("fentry/io_buffer_unmap")
int ps_io_unmap(void *ctx)
{
	__u64 imu = arg(ctx, POLICY_ARG_IO_UNMAP_IMU), slot = arg(ctx, POLICY_ARG_IO_UNMAP_SLOT);

	if (!live(POLICY_OTHER))
		return 0;
	/* Newer kernels call theirs for the last one only. */
	if (slot)
		bpf_probe_read_kernel(&imu, sizeof(imu), (void *)slot);
	if (!imu || !held_get(imu) ||
	    (slot && BPF_CORE_READ((struct io_mapped_ubuf___pol *)imu, refs.refs.counter) > 1))
		return 0;
	held_move(imu, POLICY_OTHER, IO_UNMAP);
	return 0;
}

SEC("fexit/io_buffer_unmap")
int ps_io_unmapped(void *ctx)
{
	struct policy_op *op = op_get();

	if (!op || op->scope != POLICY_OTHER || op->phase != IO_UNMAP)
		return 0;
	book(&op->owner, POLICY_OTHER, -op->reserved);
	op_end();
	return 0;
}

#endif
