/* SPDX-License-Identifier: GPL-2.0 */
/* Maps of enforcement, kernel types that it reads, and arguments of the functions it is attached
 * to. */
#ifndef IOASCOPE_POLICY_MAPS_BPF_H
#define IOASCOPE_POLICY_MAPS_BPF_H

#include "flavours.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <ioascope/policy.h>
#include <linux/bpf.h>
#include <linux/errno.h>

#define PAGE_SHIFT 12

/* Argument positions, by parameter name; filled by the loader. */
const volatile __u8 argn[POLICY_ARG_MAX];

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct policy_head);
} policy_head SEC(".maps");

/*
 * The policy that holds: one map, exchanged as a whole, so that nobody is ever judged by parts of
 * two. Empty until the first policy is applied: nothing is limited then.
 */
struct policy_rules_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct policy_key);
	__type(value, struct policy_rule);
} policy_rules_0 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct policy_rules_map);
} policy_rules SEC(".maps") = { .values = { &policy_rules_0 } };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct policy_key);
	__type(value, struct policy_use);
} policy_uses SEC(".maps");

/* Apart, so that cgroups that come and go cannot take the places of users. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct policy_key);
	__type(value, struct policy_use);
} policy_cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4194304);
	__type(key, __u64);
	__type(value, struct policy_held);
} policy_ledger SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct policy_op);
} policy_ops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144);
} policy_events SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node___pol {
	__u64 id;
};

struct cgroup___pol {
	int level;
	struct kernfs_node___pol *kn;
	struct cgroup___pol *ancestors[];
};

struct css_set___pol {
	struct cgroup___pol *dfl_cgrp;
};

struct task_struct___pol {
	const struct cred *cred;
	struct css_set___pol *cgroups;
};

struct user_struct___pol {
	kuid_t uid;
};

#pragma clang attribute pop

static __always_inline __u64 arg(void *ctx, __u32 which)
{
	__u64 v = 0;

	if (which < POLICY_ARG_MAX)
		bpf_get_func_arg(ctx, argn[which], &v);
	return v;
}

static __always_inline __s64 ret_of(void *ctx)
{
	__u64 v = 0;

	bpf_get_func_ret(ctx, &v);
	return v;
}

static __always_inline struct policy_head *head(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&policy_head, &zero);
}

static __always_inline void count(__u32 stat)
{
	struct policy_head *h = head();

	if (h && stat < POLICY_STAT_MAX)
		__sync_fetch_and_add(&h->stat[stat], 1);
}

/* All programs of a backend begin and end to count at one moment. */
static __always_inline bool live(__u32 scope)
{
	struct policy_head *h = head();

	return h && h->live >> scope & 1;
}

#endif
