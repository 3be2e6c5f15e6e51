/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits in the bundled backend, whose charge is one function, called before anything is pinned
 * and with the owner at hand. pages->lock is held; an object's end is its last reference.
 */
#ifndef IOASCOPE_POLICY_BUNDLED_BPF_H
#define IOASCOPE_POLICY_BUNDLED_BPF_H

#include "policy_judge.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ioasb_charge {
	struct user_struct___pol *user;
	struct task_struct___pol *task;
};

#pragma clang attribute pop

static __always_inline __s64 be_charge(void *ctx, bool refuse)
{
	__u64 object = arg(ctx, POLICY_ARG_BE_CHARGE);
	struct ioasb_charge *charge = (void *)object;
	__s64 n = arg(ctx, POLICY_ARG_BE_CHARGE_NPAGES), rc;
	struct policy_op next = { .object = object, .scope = POLICY_BUNDLED, .reserved = n };
	struct policy_held *held;

	if (!live(POLICY_BUNDLED) || n <= 0)
		return 0;
	held = held_get(object);
	if (!held) {
		owner_of_user(&next.owner, BPF_CORE_READ(charge, user),
			      BPF_CORE_READ(charge, task));
		held = held_new(object, &next.owner, POLICY_BUNDLED);
	}
	if (!held)
		return refuse ? -ENOMEM : 0;
	next.owner = held->owner;
	rc = reserve(&next.owner, POLICY_BUNDLED, n, refuse);
	if (!rc)
		op_put(&next);
	return rc;
}

SEC("fmod_ret/ioasb_charge")
__s64 pg_be_charge(void *ctx)
{
	return be_charge(ctx, true);
}

SEC("fentry/ioasb_charge")
int pw_be_charge(void *ctx)
{
	be_charge(ctx, false);
	return 0;
}

SEC("fexit/ioasb_charge")
int ps_be_charged(void *ctx)
{
	__s64 n = arg(ctx, POLICY_ARG_BE_CHARGE_NPAGES);
	struct policy_op *op = op_get();
	struct policy_held *held = held_get(arg(ctx, POLICY_ARG_BE_CHARGE));
	bool done = !(__s32)ret_of(ctx);

	if (!live(POLICY_BUNDLED) || n <= 0)
		return 0;
	if (op && op->scope == POLICY_BUNDLED) {
		if (!done)
			book(&op->owner, POLICY_BUNDLED, -op->reserved);
		else if (held)
			__sync_fetch_and_add(&held->pages, op->reserved);
		op_end();
	} else if (done) {
		/* Nobody was asked: it counts, so that the next one is refused. */
		count(POLICY_STAT_UNJUDGED);
		if (held) {
			book(&held->owner, POLICY_BUNDLED, n);
			__sync_fetch_and_add(&held->pages, n);
		}
	}
	return 0;
}

SEC("fexit/ioasb_uncharge")
int ps_be_uncharged(void *ctx)
{
	__s64 n = arg(ctx, POLICY_ARG_BE_UNCHARGE_NPAGES);
	struct policy_held *held = held_get(arg(ctx, POLICY_ARG_BE_UNCHARGE));

	if (!live(POLICY_BUNDLED) || !held)
		return 0;
	/* What was charged before we came is not in the books. */
	if (n > held->pages)
		n = held->pages;
	__sync_fetch_and_add(&held->pages, -n);
	book(&held->owner, POLICY_BUNDLED, -n);
	return 0;
}

SEC("fentry/ioasb_charge_exit")
int ps_be_gone(void *ctx)
{
	if (live(POLICY_BUNDLED))
		held_end(arg(ctx, POLICY_ARG_BE_EXIT));
	return 0;
}

#endif
