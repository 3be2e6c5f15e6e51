/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory management under what is pinned: a process unmaps, moves or discards
 * memory, and devices go on reaching the pages that were pinned. On request only,
 * for these functions are on the path of every process.
 *
 * A process that owns no pinned memory costs one look into a hash. One that does is
 * told of where the range meets what it ever had mapped, from first byte to last.
 *
 * What makes it ordered: unmap_vmas() runs when the range is out of the process's
 * tree already, under mmap_lock for writing, so that whoever pins there from then on
 * finds nothing, or something new; move_page_tables() under the same lock. Under
 * zap_page_range_single() (on 7.x zap_vma_range_batched()) the lock is held for
 * reading, or none: a pin at the same moment may get the old page or the new one.
 * With the areas themselves nothing orders these events: they have no order number,
 * and stand where they lie in the ring.
 *
 * They belong to no context, so that one that is lost makes none uncertain. It is counted
 * (MEMORY_LOST), as the kernel counts runs of these programs that it skipped, and the
 * reader makes a mark of it: what is stale of areas that were pinned by then is not known.
 */
#ifndef IOASCOPE_MEMORY_BPF_H
#define IOASCOPE_MEMORY_BPF_H

#include "hook.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct vm_area_struct {
	struct mm_struct *vm_mm;
};

/* What 7.x passes instead of parameters. */
struct unmap_desc {
	struct vm_area_struct *first;
	unsigned long vma_start;
	unsigned long vma_end;
};

struct pagetable_move_control {
	struct vm_area_struct *old;
	unsigned long old_addr;
	unsigned long len_in;
};

#pragma clang attribute pop

/* Set by the loader: without it nothing of this is there. */
const volatile bool memory_watched;

/* A process whose memory is, or was, mapped for devices. */
struct memory_mm {
	__u32 tgid;
	__u32 uid;
	__u64 va; /* all that was ever mapped lies in it */
	__u64 last;
	/* moved away: the kernel unmaps the same next, under the same lock */
	__u64 moved_va;
	__u64 moved_last;
	__u64 moved_by; /* pid_tgid; 0: nothing */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u64); /* kernel address of the mm */
	__type(value, struct memory_mm);
} memory_mms SEC(".maps");

#define WIDEN_TRIES 8

/*
 * Two threads may map at once: what one has widened the other must not narrow. Where none of
 * the tries succeeds, what lies outside is not watched, and that counts as lost.
 */
static __always_inline void memory_widen(struct memory_mm *v, __u64 va, __u64 last)
{
	for (int i = 0; i < WIDEN_TRIES; i++) {
		__u64 was = v->va;

		if (va >= was || __sync_val_compare_and_swap(&v->va, was, va) == was)
			break;
	}
	for (int i = 0; i < WIDEN_TRIES; i++) {
		__u64 was = v->last;

		if (last <= was || __sync_val_compare_and_swap(&v->last, was, last) == was)
			break;
	}
	if (v->va > va || v->last < last)
		stat_inc(IOAS_STAT_MEMORY_LOST);
}

/* Memory of a process is mapped for devices from now on; it is watched until the process ends. */
static __noinline int memory_mapped(__u64 mm, __u64 va, __u64 last, __u32 tgid, __u32 uid)
{
	struct memory_mm fresh = { .tgid = tgid, .uid = uid, .va = va, .last = last };
	struct memory_mm *v;

	if (!memory_watched || !mm || !tgid)
		return 0;
	v = bpf_map_lookup_elem(&memory_mms, &mm);
	if (!v) {
		if (!bpf_map_update_elem(&memory_mms, &mm, &fresh, BPF_NOEXIST))
			return 0;
		v = bpf_map_lookup_elem(&memory_mms, &mm);
	}
	if (!v) {
		stat_inc(IOAS_STAT_MAP_FULL);
		stat_inc(IOAS_STAT_MEMORY_LOST);
		return 0;
	}
	/* Its end may have been missed, and somebody else has its address. */
	if (v->tgid != tgid) {
		v->tgid = tgid;
		v->uid = uid;
	}
	/* Not the unmap that follows a move, then: MREMAP_DONTUNMAP left the addresses. */
	if (va <= v->moved_last && last >= v->moved_va)
		v->moved_by = 0;
	memory_widen(v, va, last);
	return 0;
}

/* The same of the task that runs. */
static __always_inline void memory_mapped_here(__u64 va, __u64 last)
{
	struct task_struct *me = (void *)bpf_get_current_task();

	if (memory_watched)
		memory_mapped((__u64)BPF_CORE_READ(me, mm), va, last,
			      bpf_get_current_pid_tgid() >> 32, bpf_get_current_uid_gid());
}

static __noinline int memory_gone(struct memory_mm *v, __u64 va, __u64 last, __u32 cause)
{
	struct ioas_event *e;

	if (!v || va > v->last || last < v->va)
		return 0;
	e = event_begin(NULL, NULL, IOAS_EV_MEMORY_GONE, 0);
	if (!e) {
		stat_inc(IOAS_STAT_MEMORY_LOST);
		return 0;
	}
	e->body_memory.va = va;
	e->body_memory.last = last;
	e->body_memory.owner_tgid = v->tgid;
	e->body_memory.owner_uid = v->uid;
	e->body_memory.cause = cause;
	event_end(e);
	return 0;
}

#define UNMAP_ARG(ctx, name, field) ARG_OR_FIELD(ctx, ARG_MM_UNMAP_##name, unmap_desc, field)
#define MOVE_ARG(ctx, name, field)                                                                 \
	ARG_OR_FIELD(ctx, ARG_MM_MOVE_##name, pagetable_move_control, field)

/* Of a process that ends nothing is told: it is known by its end, and its address is free then. */
HOOK("fentry/unmap_vmas", mm_unmap)
{
	struct vm_area_struct *vma = (void *)UNMAP_ARG(ctx, VMA, first);
	struct mm_struct *mm = BPF_CORE_READ(vma, vm_mm);
	__u64 key = (__u64)mm, va, last;
	struct memory_mm *v = bpf_map_lookup_elem(&memory_mms, &key);

	if (!v)
		return 0;
	if (!BPF_CORE_READ(mm, mm_users.counter)) {
		bpf_map_delete_elem(&memory_mms, &key);
		return 0;
	}
	va = UNMAP_ARG(ctx, START, vma_start);
	last = UNMAP_ARG(ctx, END, vma_end) - 1;
	if (v->moved_by == bpf_get_current_pid_tgid() && v->moved_va == va &&
	    v->moved_last == last) {
		v->moved_by = 0;
		return 0;
	}
	v->moved_by = 0;
	return memory_gone(v, va, last, IOAS_GONE_UNMAPPED);
}

HOOK("fentry/zap_page_range_single", mm_zap)
{
	struct vm_area_struct *vma = (void *)arg(ctx, ARG_MM_ZAP_VMA);
	__u64 key = (__u64)BPF_CORE_READ(vma, vm_mm), va, size;
	struct memory_mm *v = bpf_map_lookup_elem(&memory_mms, &key);

	if (!v)
		return 0;
	va = arg(ctx, ARG_MM_ZAP_ADDRESS);
	size = arg(ctx, ARG_MM_ZAP_SIZE);
	return size ? memory_gone(v, va, va + size - 1, IOAS_GONE_DISCARDED) : 0;
}

HOOK("fentry/move_page_tables", mm_move)
{
	struct vm_area_struct *vma = (void *)MOVE_ARG(ctx, VMA, old);
	__u64 key = (__u64)BPF_CORE_READ(vma, vm_mm), va, len;
	struct memory_mm *v = bpf_map_lookup_elem(&memory_mms, &key);

	if (!v)
		return 0;
	va = MOVE_ARG(ctx, ADDRESS, old_addr);
	len = MOVE_ARG(ctx, LEN, len_in);
	if (!len)
		return 0;
	v->moved_va = va;
	v->moved_last = va + len - 1;
	v->moved_by = bpf_get_current_pid_tgid();
	return memory_gone(v, va, va + len - 1, IOAS_GONE_MOVED);
}

#endif
