// SPDX-License-Identifier: GPL-2.0
/* What test_policy() expects to be refused, and nothing else. */
#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("fmod_ret/ioasb_policy_map")
int BPF_PROG(refuse_map, __u64 ctx_id, __u32 ioas_id, __u32 uid, __u32 flags, __u64 iova,
	     __u64 length, int ret)
{
	if (ret)
		return ret;
	if (iova == 0xdead0000)
		return -EDQUOT;
	/* Not an errno. */
	return iova == 0xbeef0000 ? 5 : 0;
}

SEC("fmod_ret/ioasb_policy_pin")
int BPF_PROG(refuse_pin, __u32 uid, __u32 account, __u64 npages, int ret)
{
	if (ret)
		return ret;
	return npages == 13 ? -EDQUOT : 0;
}

char LICENSE[] SEC("license") = "GPL";
