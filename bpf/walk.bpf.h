/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all walks need: to tell files, to descend in trees.
 *
 * No lock is held. Trees whose keys differ are walked by "smallest key not
 * below": each step is one descent from the root, bounded, and robust against
 * rotations; what changes meanwhile may be missed or seen, and the caller looks
 * for that and says so.
 */
#ifndef IOASCOPE_WALK_BPF_H
#define IOASCOPE_WALK_BPF_H

#include "flavours.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <ioascope/walk.h>
#include <linux/bpf.h>

#define TREE_DEPTH 64

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

/* Hands out one file, and the task that holds it. */
static __always_inline void walk_file_tell(struct bpf_iter__task_file *ctx, struct walk_file *f)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return;
	f->who.tgid = BPF_CORE_READ(task, tgid);
	f->who.tid = f->who.tgid;
	f->who.uid = BPF_CORE_READ(task, cred, uid.val);
	BPF_CORE_READ_STR_INTO(&f->who.comm, task, comm);
	bpf_seq_write(ctx->meta->seq, f, sizeof(*f));
}

/*
 * One descent: the node with the smallest key that is not below .from. The
 * node is the first member of what it is in, the key a __u64 at .key_offset.
 */
struct descent {
	__u64 node; /* struct rb_node * */
	__u64 from;
	__u64 best; /* 0: none */
	__u64 best_key;
	__u64 key_offset;
};

static long descend_step(__u32 i, struct descent *d)
{
	struct rb_node *node = (void *)d->node;
	__u64 key = 0;

	if (!node)
		return 1;
	bpf_probe_read_kernel(&key, sizeof(key), (void *)node + d->key_offset);
	if (key >= d->from) {
		d->best = (__u64)node;
		d->best_key = key;
		d->node = (__u64)BPF_CORE_READ(node, rb_left);
	} else {
		d->node = (__u64)BPF_CORE_READ(node, rb_right);
	}
	return 0;
}

#endif
