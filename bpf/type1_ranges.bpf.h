/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where areas may be. iommu->iova_list holds the valid ranges; it is empty as
 * long as no hardware user has come: then an area may be anywhere. Only attach and
 * detach replace it, both under container->group_lock (write), which maps and
 * unmaps take for reading: told at their exit it stands before the first map
 * that it holds for. A client's pin that makes an older IOAS known takes no such
 * lock; what it misreads is told anew by the attach that it raced.
 */
#ifndef IOASCOPE_TYPE1_RANGES_BPF_H
#define IOASCOPE_TYPE1_RANGES_BPF_H

#include "objects.bpf.h"

#define RANGES_MAX 64
#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

/* A pass over the list: sums it up, or tells it. */
struct range_walk {
	__u64 key; /* of the IOAS */
	__u64 op;
	__u64 head;
	__u64 at;
	__u64 hash; /* 0: the list is empty */
	__u32 tell;
	__u32 end; /* it was walked to its end */
};

static __always_inline void range_event(struct ioas_ioas *s, __u16 kind, __u64 op, __u64 iova,
					__u64 last)
{
	struct ioas_event *e = event_begin(ctx_of(s), s, kind, op);

	if (!e)
		return;
	e->flags = op ? 0 : IOAS_F_ADOPTED;
	e->body_range.iova = iova;
	e->body_range.last = last;
	e->body_range.class = IOAS_RANGE_VALID;
	event_end(e);
}

static long range_step(__u32 i, struct range_walk *w)
{
	struct list_head *l = (void *)w->at;
	__u64 start, last, key = w->key;
	struct ioas_ioas *s;
	struct vfio_iova *v;

	w->at = (__u64)BPF_CORE_READ(l, next);
	if (!w->at || w->at == w->head) {
		w->end = 1;
		return 1;
	}
	v = (void *)(w->at - bpf_core_field_offset(struct vfio_iova, list));
	start = BPF_CORE_READ(v, start);
	last = BPF_CORE_READ(v, end);
	if (!w->tell) {
		w->hash = ((w->hash ? w->hash : FNV_BASIS) ^ start) * FNV_PRIME;
		w->hash = (w->hash ^ last) * FNV_PRIME;
		return 0;
	}
	s = bpf_map_lookup_elem(&ioas_ioas, &key);
	if (s)
		range_event(s, IOAS_EV_RANGE_ADD, w->op, start, last);
	return 0;
}

/* Tells the valid ranges, if they are not those that were told last. */
static __noinline int ranges_tell(__u64 key, __u64 op)
{
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &key);
	struct range_walk w = { .key = key, .op = op };

	if (!s)
		return 0;
	w.head = key + bpf_core_field_offset(struct vfio_iommu, iova_list);
	w.at = w.head;
	bpf_loop(RANGES_MAX + 1, range_step, &w, 0);
	if (w.hash == s->ranges)
		return 0;
	s->ranges = w.hash;
	range_event(s, IOAS_EV_RANGE_CLEAR, op, 0, 0);
	if (!w.end) {
		/* Too many to tell; part of them would make others look forbidden. */
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(ctx_of(s));
		return 0;
	}
	w.at = w.head;
	w.tell = 1;
	bpf_loop(RANGES_MAX, range_step, &w, 0);
	return 0;
}

#endif
