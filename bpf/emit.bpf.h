/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one way out: every event of every backend is numbered, counted and
 * handed over here.
 *
 * Numbers. A per-CPU sequence counts all events that should exist, so that a
 * reader sees each gap; the per-context order number is taken by the program
 * that runs at the in-lock point, just before the record is reserved, so that
 * sorting by it gives the order the kernel's lock gave. A number is consumed
 * even when the record is dropped: the hole is how the reader learns of it.
 */
#ifndef IOASCOPE_EMIT_BPF_H
#define IOASCOPE_EMIT_BPF_H

#include "flavours.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <ioascope/state.h>
#include <linux/bpf.h>

struct bpf_map;

#define MAX_ERRNO 4095
#define IS_ERR_VALUE(x) ((__u64)(x) >= (__u64)-MAX_ERRNO)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ioas_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IOAS_STAT_MAX);
	__type(key, __u32);
	__type(value, __u64);
} ioas_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct ioas_ctx);
} ioas_ctx SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct ioas_ioas);
} ioas_ioas SEC(".maps");

/* Numbers for contexts, IOASes, areas and owners, in order of first sight. */
__u32 last_id;
__u64 last_op;

static __always_inline __u32 new_id(void)
{
	return __sync_fetch_and_add(&last_id, 1) + 1;
}

static __always_inline __u64 stat_inc(__u32 stat)
{
	__u64 *n = bpf_map_lookup_elem(&ioas_stats, &stat);

	return n ? __sync_fetch_and_add(n, 1) + 1 : 0;
}

static __always_inline void mark_uncertain(struct ioas_ctx *c)
{
	if (c && !c->uncertain_ns)
		c->uncertain_ns = bpf_ktime_get_boot_ns();
}

static __always_inline void who_am_i(struct ioas_who *w)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 ug = bpf_get_current_uid_gid();

	w->tgid = id >> 32;
	w->tid = id;
	w->uid = ug;
	w->gid = ug >> 32;
	w->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(w->comm, sizeof(w->comm));
}

/* As who_am_i(), straight into the record: stack is what programs have least of. */
static __always_inline void event_who(struct ioas_event *e)
{
	__u64 id = bpf_get_current_pid_tgid();
	__u64 ug = bpf_get_current_uid_gid();

	e->tgid = id >> 32;
	e->tid = id;
	e->uid = ug;
	e->gid = ug >> 32;
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

/*
 * Reserves and fills the head of a record; NULL when it was dropped (counted,
 * and the context is uncertain from then on). The caller fills the body and
 * calls event_end(). @size is a constant: that of the record, all of which is 0 then.
 */
static __always_inline struct ioas_event *event_begin_of(struct ioas_ctx *c, struct ioas_ioas *s,
							 __u16 kind, __u64 op, __u64 size)
{
	__u64 seq = stat_inc(IOAS_STAT_SEEN);
	__u64 order = c ? __sync_fetch_and_add(&c->order, 1) + 1 : 0;
	struct ioas_event *e;

	e = bpf_ringbuf_reserve(&ioas_ring, size, 0);
	if (!e) {
		stat_inc(IOAS_STAT_RING_FULL);
		mark_uncertain(c);
		return NULL;
	}
	__builtin_memset(e, 0, size);
	e->len = size;
	e->kind = kind;
	e->cpu = bpf_get_smp_processor_id();
	e->cpu_seq = seq;
	e->time_ns = bpf_ktime_get_boot_ns();
	e->order = order;
	e->op = op;
	if (c) {
		e->ctx = c->id;
		e->backend = c->backend;
	}
	if (s) {
		e->ioas = s->id;
		e->backend = s->backend;
	}
	event_who(e);
	return e;
}

static __always_inline struct ioas_event *event_begin(struct ioas_ctx *c, struct ioas_ioas *s,
						      __u16 kind, __u64 op)
{
	return event_begin_of(c, s, kind, op, sizeof(struct ioas_event));
}

static __always_inline void event_end(struct ioas_event *e)
{
	stat_inc(IOAS_STAT_SUBMITTED);
	bpf_ringbuf_submit(e, 0);
}

#endif
