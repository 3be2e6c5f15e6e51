/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every backend keeps and tells in the same way: contexts, IOASes,
 * charges, areas and their pins. The callers are the backends' hooks; each of
 * them says which lock or reference makes its changes ordered.
 */
#ifndef IOASCOPE_OBJECTS_BPF_H
#define IOASCOPE_OBJECTS_BPF_H

#include "areas.bpf.h"
#include "emit.bpf.h"
#include "memory.bpf.h"
#include "op.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct ioas_charge_key);
	__type(value, struct ioas_charge);
} ioas_charge SEC(".maps");

/* ---- contexts and IOASes ---- */

static const struct ioas_ioas no_ioas;

/* Tells the end of a context, once. */
static __always_inline void ctx_gone(struct ioas_ctx *c)
{
	struct ioas_event *e;

	if (__sync_lock_test_and_set(&c->gone, 1))
		return;
	e = event_begin(c, NULL, IOAS_EV_CTX_GONE, 0);
	if (e)
		event_end(e);
}

static __noinline struct ioas_ctx *ctx_new(__u64 key, __u8 backend, bool adopted)
{
	struct ioas_ctx v = {};
	struct ioas_event *e;
	struct ioas_ctx *c;

	c = adopted ? NULL : bpf_map_lookup_elem(&ioas_ctx, &key);
	if (c)
		ctx_gone(c); /* its address lives again: its end came too late for a hook */
	v.id = new_id();
	v.backend = backend;
	v.adopted = adopted;
	v.opened_ns = bpf_ktime_get_boot_ns();
	who_am_i(&v.who);
	if (bpf_map_update_elem(&ioas_ctx, &key, &v, adopted ? BPF_NOEXIST : BPF_ANY)) {
		c = bpf_map_lookup_elem(&ioas_ctx, &key);
		if (!c)
			stat_inc(IOAS_STAT_MAP_FULL);
		return c;
	}
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	if (!c)
		return NULL;
	e = event_begin(c, NULL, IOAS_EV_CTX_NEW, 0);
	if (e) {
		e->flags = adopted ? IOAS_F_ADOPTED : 0;
		event_end(e);
	}
	return c;
}

static __always_inline struct ioas_ctx *ctx_get(__u64 key, __u8 backend)
{
	struct ioas_ctx *c = bpf_map_lookup_elem(&ioas_ctx, &key);

	return c ? c : ctx_new(key, backend, true);
}

static __always_inline struct ioas_ctx *ctx_of(const struct ioas_ioas *s)
{
	__u64 key = s->ctx_key;

	return bpf_map_lookup_elem(&ioas_ctx, &key);
}

/* The container lives while its file is open or a group is in it. */
static __always_inline void ctx_put(__u64 key, struct ioas_ctx *c)
{
	if (!c->closed || c->groups)
		return;
	ctx_gone(c);
	bpf_map_delete_elem(&ioas_ctx, &key);
}

/* The context that an IOAS is seen in first; itself where that is not known. */
static __always_inline __u64 ioas_ctx_key(__u64 key)
{
	struct op *outer = op_get(LEVEL_CONTAINER);

	return outer && outer->ctx_key ? outer->ctx_key : key;
}

static __noinline struct ioas_ioas *ioas_new(__u64 key, __u64 ctx_key, __u8 backend, __u32 mode,
					     bool adopted)
{
	struct op *outer = op_get(backend == IOAS_BACKEND_TYPE1 ? LEVEL_CONTAINER : LEVEL_DRIVER);
	struct ioas_ctx *c = ctx_get(ctx_key, backend);
	struct ioas_event *e;
	struct ioas_ioas *s;

	if (!c)
		return NULL;
	/* Larger than what is left of the stack: a template, filled in place. */
	if (bpf_map_update_elem(&ioas_ioas, &key, &no_ioas, adopted ? BPF_NOEXIST : BPF_ANY)) {
		s = bpf_map_lookup_elem(&ioas_ioas, &key);
		if (!s) {
			stat_inc(IOAS_STAT_MAP_FULL);
			mark_uncertain(c);
		}
		return s;
	}
	s = bpf_map_lookup_elem(&ioas_ioas, &key);
	if (!s)
		return NULL;
	s->ctx = c->id;
	s->ctx_key = ctx_key;
	s->backend = backend;
	s->mode = mode;
	s->adopted = adopted;
	s->id = new_id();
	e = event_begin(c, s, IOAS_EV_IOAS_NEW, outer ? outer->num : 0);
	if (e) {
		e->flags = adopted ? IOAS_F_ADOPTED : 0;
		if (backend == IOAS_BACKEND_BUNDLED &&
		    (mode == IOAS_MODE_TCE || mode == IOAS_MODE_NONE))
			e->flags |= IOAS_F_UNTOLD;
		e->body_obj.mode = mode;
		event_end(e);
	}
	return s;
}

/* ---- charges ---- */

static __always_inline void charge_tell(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op)
{
	struct ioas_charge_key key = { .mm = op->mm, .counter = IOAS_COUNTER_MM_LOCKED };
	struct ioas_charge *ch;
	struct ioas_event *e;

	if (!op->charge)
		return;
	key.ioas = s->id;
	ch = bpf_map_lookup_elem(&ioas_charge, &key);
	e = event_begin(c, s, IOAS_EV_CHARGE, op->num);
	if (e) {
		e->body_charge.counter = key.counter;
		e->body_charge.pages = op->charge;
		if (ch) {
			e->body_charge.owner = ch->owner;
			e->body_charge.owner_tgid = ch->tgid;
			e->body_charge.owner_uid = ch->uid;
		}
		event_end(e);
	}
	op->charge = 0;
}

static __always_inline void charge_count(struct ioas_ctx *c, struct ioas_ioas *s, __u64 mm,
					 struct task_struct *task, __s64 pages)
{
	struct ioas_charge_key key = { .mm = mm, .counter = IOAS_COUNTER_MM_LOCKED };
	struct ioas_charge *ch, v = {};
	__s64 now;

	key.ioas = s->id;
	ch = bpf_map_lookup_elem(&ioas_charge, &key);
	/* No charge and another process: the address of a dead mm lives again. */
	if (ch && !ch->pages && ch->tgid != (__u32)BPF_CORE_READ(task, tgid)) {
		bpf_map_delete_elem(&ioas_charge, &key);
		ch = NULL;
	}
	if (!ch) {
		v.owner = new_id();
		v.tgid = BPF_CORE_READ(task, tgid);
		v.uid = BPF_CORE_READ(task, cred, uid.val);
		BPF_CORE_READ_STR_INTO(&v.comm, task, comm);
		bpf_map_update_elem(&ioas_charge, &key, &v, BPF_NOEXIST);
		ch = bpf_map_lookup_elem(&ioas_charge, &key);
	}
	if (!ch) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(c);
		return;
	}
	now = __sync_fetch_and_add(&ch->pages, pages) + pages;
	if (now > ch->peak)
		ch->peak = now;
}

static long charge_forget(struct bpf_map *map, struct ioas_charge_key *key, struct ioas_charge *ch,
			  __u32 *ioas)
{
	if (key->ioas == *ioas)
		bpf_map_delete_elem(map, key);
	return 0;
}

/* ---- areas ---- */

/* Announces an area; runs under iommu->lock, before the area can be unmapped. */
static __always_inline void area_announce(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
					  __u64 iova, __u64 size, __u64 va, __u32 prot)
{
	struct ioas_area_body a = {
		.iova = iova,
		.last = iova + size - 1,
		.va = va,
		.pages = op->net,
		.pfnmap = op->net_pfnmap,
		.prot = prot,
		.owner_tgid = bpf_get_current_pid_tgid() >> 32,
		.owner_uid = bpf_get_current_uid_gid(),
	};
	struct ioas_event *e;

	a.area = new_id();
	op->announced = 1;
	op->net = 0;
	op->net_pfnmap = 0;
	__sync_fetch_and_add(&s->areas, 1);
	__sync_fetch_and_add(&s->bytes, size);
	__sync_fetch_and_add(&s->pinned, a.pages);
	__sync_fetch_and_add(&s->pfnmap, a.pfnmap);
	area_keep(c, s, &a, op->num);
	memory_mapped_here(a.va, a.va + size - 1);
	e = event_begin(c, s, IOAS_EV_AREA_ADD, op->num);
	if (!e)
		return;
	e->body_area = a;
	event_end(e);
}

/* Tells what was pinned or unpinned for one mapping since the last telling. */
static __always_inline void pins_tell(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op)
{
	struct ioas_slot *slot;
	struct ioas_event *e;
	__u32 n = 0;

	if (!op->net && !op->net_pfnmap)
		return;
	slot = area_find(s->id, op->dma_iova, &n);
	if (slot) {
		__sync_fetch_and_add(&s->pinned, op->net);
		__sync_fetch_and_add(&s->pfnmap, op->net_pfnmap);
		slot_write_begin(slot);
		slot->pinned += op->net;
		slot->pfnmap += op->net_pfnmap;
		slot_write_end(slot);
	}
	e = event_begin(c, s, IOAS_EV_PINNED, op->num);
	if (e) {
		e->body_area.iova = op->dma_iova;
		e->body_area.last = op->dma_last;
		e->body_area.pages = op->net;
		e->body_area.pfnmap = op->net_pfnmap;
		e->body_area.area = slot ? slot->area : 0;
		event_end(e);
	}
	op->net = 0;
	op->net_pfnmap = 0;
}

#endif
