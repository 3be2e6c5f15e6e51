/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where pins cannot be refused: a map is refused by what it asks for, before the kernel looks at
 * it. Another thread may rewrite the argument after that, so that this is a fence for programs
 * that mean well; what is pinned is counted behind it all the same.
 *
 * Nothing orders this against other maps of the same user: two that ask at once may both pass.
 */
#ifndef IOASCOPE_POLICY_IOCTL_BPF_H
#define IOASCOPE_POLICY_IOCTL_BPF_H

#include "policy_judge.bpf.h"

#include <ioascope/ioas_backend.h>

#define VFIO_IOMMU_MAP_DMA 0x3b71 /* include/uapi/linux/vfio.h, also on /dev/iommu */
#define IOMMU_IOAS_MAP 0x3b85 /* include/uapi/linux/iommufd.h */
#define LENGTH_AT 24 /* in the argument of each of the three */

_Static_assert(__builtin_offsetof(struct ioasb_map, length) == LENGTH_AT, "as the others");

/* security_file_ioctl(file, cmd, arg): the same on all kernels, include/linux/lsm_hook_defs.h. */
enum {
	IOCTL_FILE,
	IOCTL_CMD,
	IOCTL_ARG
};

/* The scope that is limited here and whose device it is, or POLICY_SCOPES. */
static __always_inline __u32 ioctl_scope(void *ctx)
{
	__u64 file = 0, cmd = 0;
	struct policy_head *h = head();
	__u32 rdev;

	bpf_get_func_arg(ctx, IOCTL_CMD, &cmd);
	if (!h || (cmd != VFIO_IOMMU_MAP_DMA && cmd != IOMMU_IOAS_MAP && cmd != IOASB_MAP))
		return POLICY_SCOPES;
	bpf_get_func_arg(ctx, IOCTL_FILE, &file);
	rdev = BPF_CORE_READ((struct file *)file, f_inode, i_rdev);
	for (__u32 s = 0; s < POLICY_SCOPES; s++) {
		if (rdev && h->rdev[s] == rdev && h->live >> s & 1 &&
		    h->strength[s] == POLICY_S_IOCTL)
			return s;
	}
	return POLICY_SCOPES;
}

/* What is asked for is taken and given back: what will be pinned of it is counted there. */
static __noinline int ioctl_judge(__u32 scope, __u64 length)
{
	struct policy_owner o = {};
	__s64 n = length >> PAGE_SHIFT, rc;

	owner_of_task(&o, (void *)bpf_get_current_task());
	rc = reserve(&o, scope, n, true);
	if (!rc)
		book(&o, scope, -n);
	return rc;
}

SEC("lsm.s/file_ioctl")
int pi_lsm(void *ctx)
{
	__u64 length = 0, arg = 0;
	__u32 scope = ioctl_scope(ctx);
	int rc;

	if (scope >= POLICY_SCOPES)
		return 0;
	bpf_get_func_arg(ctx, IOCTL_ARG, &arg);
	/* The kernel will not be able to read it either. */
	if (bpf_copy_from_user(&length, sizeof(length), (void *)(arg + LENGTH_AT)))
		return 0;
	rc = ioctl_judge(scope, length);
	/* The verifier wants to know that it is an errno. */
	return rc < 0 && rc >= -4095 ? rc : 0;
}

/* Where bpf is none of the kernel's LSMs. What is not in memory cannot be read here. */
SEC("fmod_ret/security_file_ioctl")
__s64 pi_fmod(void *ctx)
{
	__u64 length = 0, arg = 0;
	__u32 scope = ioctl_scope(ctx);

	if (scope >= POLICY_SCOPES)
		return 0;
	bpf_get_func_arg(ctx, IOCTL_ARG, &arg);
	if (bpf_probe_read_user(&length, sizeof(length), (void *)(arg + LENGTH_AT)))
		return -EFAULT;
	return ioctl_judge(scope, length);
}

#endif
