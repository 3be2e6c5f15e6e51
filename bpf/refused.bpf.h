/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel refuses inside of an op, which says why that failed: ops of
 * their own, told when they fail only, by the task whose op it is and before that ends.
 */
#ifndef IOASCOPE_REFUSED_BPF_H
#define IOASCOPE_REFUSED_BPF_H

#include "hook.bpf.h"
#include "op.bpf.h"

#define REFUSED_ENOMEM (-12)
#define REFUSED_RLIMIT_MEMLOCK 8

static __always_inline struct ioas_event *refused_begin(struct ioas_ctx *c, struct ioas_ioas *s,
							__u32 what, __s64 result)
{
	struct ioas_event *e = event_begin(c, s, IOAS_EV_OP, __sync_fetch_and_add(&last_op, 1) + 1);

	if (!e)
		return NULL;
	e->body_op.what = what;
	e->body_op.result = result;
	return e;
}

/* A charge of so many pages to a counter that has `used` of them, by the limit of `task`. */
static __always_inline void refused_charge(struct ioas_ctx *c, struct ioas_ioas *s,
					   struct task_struct *task, __u32 counter, __u64 pages,
					   __u64 used)
{
	struct ioas_event *e = refused_begin(c, s, IOAS_OP_CHARGE, REFUSED_ENOMEM);

	if (!e)
		return;
	e->body_op.size = pages << PAGE_SHIFT;
	e->body_op.va = used << PAGE_SHIFT;
	e->body_op.returned = BPF_CORE_READ(task, signal, rlim[REFUSED_RLIMIT_MEMLOCK].rlim_cur);
	e->body_op.group = BPF_CORE_READ(task, tgid);
	e->body_op.areas = BPF_CORE_READ(task, cred, uid.val);
	e->body_op.prot = counter;
	event_end(e);
}

#endif
