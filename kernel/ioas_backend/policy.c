// SPDX-License-Identifier: GPL-2.0
/*
 * Points at which a program may refuse: what a function returns that is not 0, a map or a pin fails
 * with, before anything has changed. They do nothing else, and stand in a file of their own as
 * those of note.c do.
 */
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "policy.h"

static bool deniable;
module_param(deniable, bool, 0444);
MODULE_PARM_DESC(deniable, "BPF programs may refuse maps and pins at the points made for that");

__bpf_hook_start();

/* Before MAP, MAP_FILE and COPY: by the caller's uid, of length bytes; iova counts with FIXED. */
__weak noinline int ioasb_policy_map(u64 ctx, u32 ioas_id, u32 uid, u32 flags, u64 iova, u64 length)
{
	return 0;
}

/* Before npages are charged and pinned, by the uid that they are charged to. */
__weak noinline int ioasb_policy_pin(u32 uid, u32 account, u64 npages)
{
	return 0;
}

__bpf_hook_end();

BTF_SET8_START(policy_ids)
BTF_ID_FLAGS(func, ioasb_policy_map)
BTF_ID_FLAGS(func, ioasb_policy_pin)
BTF_SET8_END(policy_ids)

static const struct btf_kfunc_id_set policy_set = {
	.owner = THIS_MODULE,
	.set = &policy_ids,
};

/*
 * The kernel takes one such list for a module, and some other module may have one for this: so only
 * if that is asked for.
 */
int ioasb_policy_init(void)
{
	return deniable ? register_btf_fmodret_id_set(&policy_set) : 0;
}

/* A program may return anything. */
int ioasb_policy_result(int rc)
{
	return rc < 0 && rc >= -MAX_ERRNO ? rc : rc ? -EPERM : 0;
}
