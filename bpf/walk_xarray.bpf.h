/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's tables of objects by number (include/linux/xarray.h), read without
 * their locks: each look is one way down from the head, and bounded.
 */
#ifndef IOASCOPE_WALK_XARRAY_BPF_H
#define IOASCOPE_WALK_XARRAY_BPF_H

#include "walk.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xarray {
	void *xa_head;
};

struct xa_node {
	unsigned char shift;
	void *slots[64];
};

#pragma clang attribute pop

#define XA_LEVELS 11

/* The entry at .index; where there is none, how much around it is empty. */
struct look {
	__u64 head; /* in: of the xarray */
	__u64 index; /* in */
	__u64 entry; /* out; 0: none, or a number that is reserved for one */
	__u64 span; /* out: .index is in a slot of so many numbers; 0: it is behind the last */
};

/* Of the internal entries, those above 4096 are nodes. */
static __always_inline bool xa_is_node(__u64 entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static __noinline int xa_look(struct look *l)
{
	__u32 slots = bpf_core_field_size(struct xa_node, slots) / sizeof(void *);
	__u64 entry = l->head, index = l->index;

	l->entry = 0;
	l->span = index ? 0 : 1;
	if (!xa_is_node(entry) && index)
		return 0;
	for (int i = 0; i < XA_LEVELS && xa_is_node(entry); i++) {
		struct xa_node *node = (void *)(entry - 2);
		__u64 at = index >> (BPF_CORE_READ(node, shift) & 63);

		if (!i && at >= slots)
			return 0;
		l->span = 1ULL << (BPF_CORE_READ(node, shift) & 63);
		entry = 0;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(struct xa_node, slots) +
					      (at & (slots - 1)) * sizeof(entry));
	}
	/* Pointers are aligned: what is left has a value, a sibling, or is reserved. */
	if (!(entry & 3))
		l->entry = entry;
	return 0;
}

/* The next slot; false: there is none any more. */
static __always_inline bool xa_next(struct look *l)
{
	xa_look(l);
	if (!l->span)
		return false;
	l->index = (l->index & ~(l->span - 1)) + l->span;
	return l->index;
}

#endif
