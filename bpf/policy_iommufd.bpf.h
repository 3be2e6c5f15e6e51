/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits in iommufd. What is counted is what a pages object has pinned (iopt_pages.npinned), of
 * whoever made it (source_user), charged or not: with CAP_IPC_LOCK nothing is charged before 6.10
 * or so, and it is pinned all the same.
 *
 * All of it happens under pages->mutex; the end of a pages object is its last reference.
 */
#ifndef IOASCOPE_POLICY_IOMMUFD_BPF_H
#define IOASCOPE_POLICY_IOMMUFD_BPF_H

#include "policy_judge.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kref___pol {
	atomic_t refcount;
};

struct iopt_pages___pol {
	unsigned long npinned;
	struct task_struct___pol *source_task;
	struct user_struct___pol *source_user;
	struct kref___pol kref;
};

#pragma clang attribute pop

/* The books follow the kernel's own number; what was pinned before we came is found with it. */
static __always_inline __s64 fd_step(__u64 pages, struct policy_held *held)
{
	__s64 now = BPF_CORE_READ((struct iopt_pages___pol *)pages, npinned);
	__s64 d = now - held->pages;

	held->pages = now;
	return d;
}

static __always_inline void fd_sync(__u64 pages)
{
	struct policy_held *held = held_get(pages);

	if (held)
		book(&held->owner, POLICY_IOMMUFD, fd_step(pages, held));
}

static __noinline struct policy_held *fd_held(__u64 pages)
{
	struct policy_held *held = held_get(pages);
	struct iopt_pages___pol *p = (void *)pages;
	struct policy_owner o = {};

	if (held)
		return held;
	owner_of_user(&o, BPF_CORE_READ(p, source_user), BPF_CORE_READ(p, source_task));
	held = held_new(pages, &o, POLICY_IOMMUFD);
	if (held)
		book(&held->owner, POLICY_IOMMUFD, fd_step(pages, held));
	return held;
}

/* The first fence: all of a hole is asked for at once, and refused before a page of it is pinned.
 */
static __always_inline __s64 fd_pin(void *ctx, bool refuse)
{
	__u64 pages = arg(ctx, POLICY_ARG_FD_PIN_PAGES);
	__s64 n = arg(ctx, POLICY_ARG_FD_PIN_LAST) - arg(ctx, POLICY_ARG_FD_PIN_START) + 1;
	struct policy_op next = { .object = pages, .scope = POLICY_IOMMUFD };
	struct policy_held *held;
	__s64 rc;

	if (!live(POLICY_IOMMUFD))
		return 0;
	held = fd_held(pages);
	/* Pages that could not be given back afterwards are not taken. */
	if (!held)
		return refuse ? -ENOMEM : 0;
	next.owner = held->owner;
	rc = reserve(&next.owner, POLICY_IOMMUFD, n, refuse);
	if (rc)
		return rc;
	next.reserved = n;
	op_put(&next);
	return 0;
}

SEC("fmod_ret/pfn_reader_user_pin")
__s64 pg_fd_pin(void *ctx)
{
	return fd_pin(ctx, true);
}

SEC("fentry/pfn_reader_user_pin")
int pw_fd_pin(void *ctx)
{
	fd_pin(ctx, false);
	return 0;
}

/* Where nobody was asked, the pages stay out of the books for the second fence. */
SEC("fexit/pfn_reader_user_pin")
int ps_fd_pinned(void *ctx)
{
	__u64 pages = arg(ctx, POLICY_ARG_FD_PIN_PAGES);
	struct policy_op *op = op_get();
	struct policy_held *held = held_get(pages);

	if (!live(POLICY_IOMMUFD))
		return 0;
	if (!op || !held || op->scope != POLICY_IOMMUFD || op->object != pages) {
		if (!(__s32)ret_of(ctx))
			count(POLICY_STAT_UNJUDGED);
		return 0;
	}
	book(&op->owner, POLICY_IOMMUFD, fd_step(pages, held) - op->reserved);
	op_end();
	return 0;
}

/* The second fence: pinned pages that are not in the books. */
static __always_inline __s64 fd_charge(void *ctx, bool refuse)
{
	__u64 pages = arg(ctx, POLICY_ARG_FD_ACCT_PAGES);
	struct policy_held *held;
	__s64 n, rc;

	/* A decrement is never refused. */
	if (!live(POLICY_IOMMUFD) || !(arg(ctx, POLICY_ARG_FD_ACCT_INC) & 1))
		return 0;
	held = held_get(pages);
	if (!held)
		held = fd_held(pages);
	if (!held)
		return refuse ? -ENOMEM : 0;
	n = (__s64)BPF_CORE_READ((struct iopt_pages___pol *)pages, npinned) - held->pages;
	if (n <= 0)
		return 0;
	rc = reserve(&held->owner, POLICY_IOMMUFD, n, refuse);
	if (!rc)
		held->pages += n;
	return rc;
}

SEC("fmod_ret/do_update_pinned")
__s64 pg_fd_charge(void *ctx)
{
	return fd_charge(ctx, true);
}

SEC("fentry/do_update_pinned")
int pw_fd_charge(void *ctx)
{
	fd_charge(ctx, false);
	return 0;
}

SEC("fexit/do_update_pinned")
int ps_fd_charged(void *ctx)
{
	if (live(POLICY_IOMMUFD) && !(arg(ctx, POLICY_ARG_FD_ACCT_INC) & 1))
		fd_sync(arg(ctx, POLICY_ARG_FD_ACCT_PAGES));
	return 0;
}

/* What failed has been unpinned by now, and nothing was uncharged for it. */
SEC("fexit/pfn_reader_user_destroy")
int ps_fd_done(void *ctx)
{
	if (live(POLICY_IOMMUFD))
		fd_sync(arg(ctx, POLICY_ARG_FD_DONE_PAGES));
	return 0;
}

SEC("fentry/iopt_release_pages")
int ps_fd_gone(void *ctx)
{
	if (live(POLICY_IOMMUFD))
		held_end(arg(ctx, POLICY_ARG_FD_GONE_KREF) -
			 bpf_core_field_offset(struct iopt_pages___pol, kref));
	return 0;
}

#endif
