/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The areas of all IOASes, in slots on self-describing pages, with a hash as
 * index. Slots are taken, filled and given back under the lock that orders the
 * changes of the area's IOAS; readers check slot.seq. The one writer outside of
 * that lock (a VADDR update) looks again whether the slot is still the area's.
 */
#ifndef IOASCOPE_AREAS_BPF_H
#define IOASCOPE_AREAS_BPF_H

#include "emit.bpf.h"

/* All sizes are set by the loader before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ioas_page);
} ioas_areas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct ioas_index_key);
	__type(value, __u32);
} ioas_index SEC(".maps");

/* Slots given back; taken before fresh ones. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 1);
	__type(value, __u32);
} ioas_free SEC(".maps");

__u32 next_slot;
const volatile __u32 nslots = 1;

static __always_inline struct ioas_slot *slot_at(__u32 n)
{
	__u32 page = n / IOAS_SLOTS_PER_PAGE, i = n % IOAS_SLOTS_PER_PAGE;
	struct ioas_page *p = bpf_map_lookup_elem(&ioas_areas, &page);

	/* The compiler knows that i is small, the verifier wants to see it. */
	barrier_var(i);
	if (!p || i >= IOAS_SLOTS_PER_PAGE)
		return NULL;
	return &p->slot[i];
}

static __always_inline int slot_take(__u32 *n)
{
	if (!bpf_map_pop_elem(&ioas_free, n))
		return 0;
	if (next_slot >= nslots)
		return -1;
	*n = __sync_fetch_and_add(&next_slot, 1);
	return *n < nslots ? 0 : -1;
}

static __always_inline struct ioas_slot *area_find(__u32 ioas, __u64 iova, __u32 *n)
{
	struct ioas_index_key key = { .iova = iova, .ioas = ioas };
	__u32 *i = bpf_map_lookup_elem(&ioas_index, &key);

	if (!i)
		return NULL;
	*n = *i;
	return slot_at(*i);
}

static __always_inline void area_drop(__u32 ioas, __u64 iova);

static __always_inline void slot_write_begin(struct ioas_slot *s)
{
	__sync_fetch_and_add(&s->seq, 1);
}

static __always_inline void slot_write_end(struct ioas_slot *s)
{
	__sync_fetch_and_add(&s->seq, 1);
}

/* Keeps the area of an AREA_ADD; without room the context is uncertain. */
static __always_inline void area_keep(struct ioas_ctx *c, const struct ioas_ioas *ioas,
				      const struct ioas_area_body *a, __u64 op)
{
	struct ioas_index_key key = { .iova = a->iova, .ioas = ioas->id };
	struct ioas_slot *s;
	__u32 n = 0;

	/* Left behind by a removal that named another address: it is no more. */
	area_drop(ioas->id, a->iova);
	if (slot_take(&n))
		goto full;
	s = slot_at(n);
	if (!s)
		goto full;
	if (bpf_map_update_elem(&ioas_index, &key, &n, BPF_ANY)) {
		bpf_map_push_elem(&ioas_free, &n, BPF_ANY);
		goto full;
	}
	slot_write_begin(s);
	s->area = a->area;
	s->ioas = ioas->id;
	s->ctx = ioas->ctx;
	s->iova = a->iova;
	s->last = a->last;
	s->va = a->va;
	s->pinned = a->pages;
	s->pfnmap = a->pfnmap;
	s->time_ns = bpf_ktime_get_boot_ns();
	s->op = op;
	s->prot = a->prot;
	s->going = 0;
	s->tgid = a->owner_tgid;
	s->uid = a->owner_uid;
	s->pages_id = a->pages_id;
	bpf_get_current_comm(s->comm, sizeof(s->comm));
	slot_write_end(s);
	return;
full:
	stat_inc(IOAS_STAT_MAP_FULL);
	mark_uncertain(c);
}

static __always_inline void area_drop(__u32 ioas, __u64 iova)
{
	struct ioas_index_key key = { .iova = iova, .ioas = ioas };
	struct ioas_slot *s;
	__u32 n = 0;

	s = area_find(ioas, iova, &n);
	if (!s)
		return;
	bpf_map_delete_elem(&ioas_index, &key);
	slot_write_begin(s);
	s->area = 0;
	slot_write_end(s);
	bpf_map_push_elem(&ioas_free, &n, BPF_ANY);
}

/*
 * The area of @left ends before a->at, and a new one, a->area2, goes on from there:
 * the mapping that the whole was, with its time, its op, its task.
 */
static __noinline int area_split(struct ioas_ctx *c, struct ioas_ioas *s, struct ioas_area_body *a,
				 struct ioas_slot *left)
{
	struct ioas_slot *right;
	__u32 n = 0;

	slot_write_begin(left);
	left->last = a->at - 1;
	slot_write_end(left);
	a->va += a->at - a->iova;
	a->iova = a->at;
	a->area = a->area2;
	area_keep(c, s, a, left->op);
	__sync_fetch_and_add(&s->areas, 1);
	right = area_find(s->id, a->iova, &n);
	if (!right)
		return 0;
	slot_write_begin(right);
	right->time_ns = left->time_ns;
	__builtin_memcpy(right->comm, left->comm, sizeof(right->comm));
	slot_write_end(right);
	return 0;
}

#endif
