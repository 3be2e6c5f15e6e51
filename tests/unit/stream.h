/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams of events for the tests and the benchmark of recordings: a plausible
 * one, as type1 containers make it, and events of all kinds that are only
 * possible one by one.
 */
#ifndef TESTS_STREAM_H
#define TESTS_STREAM_H

#include "unit.h"

#define STREAM_CTXS 4
#define STREAM_AREAS 48
#define STREAM_SLOT (1ULL << 32) /* of addresses, for each area */

struct stream_ctx {
	uint32_t id; /* 0: not open */
	uint32_t ioas;
	uint64_t order;
	struct {
		uint64_t size; /* 0: not mapped */
		uint32_t number;
	} areas[STREAM_AREAS];
};

struct stream {
	struct unit_random r;
	uint64_t now;
	uint64_t cpu_seq[2];
	uint64_t op;
	uint32_t last_id; /* of contexts, IOASes and areas */
	struct stream_ctx ctxs[STREAM_CTXS];
	struct ioas_event queue[16];
	size_t head, tail;
};

static inline struct stream stream_new(uint64_t salt)
{
	struct stream s = { .r = unit_random_new(), .now = 1000000000 };

	s.r.state += salt * 0x632be59bd9b4e019;
	return s;
}

/* The next event of a context, to be filled in. */
static inline struct ioas_event *stream_event(struct stream *s, struct stream_ctx *c,
					      unsigned int kind)
{
	struct ioas_event *ev = &s->queue[s->tail++];
	uint16_t cpu = (uint16_t)unit_below(&s->r, 2);

	*ev = unit_event(kind);
	s->now += 500 + unit_below(&s->r, 20000);
	ev->ctx = c->id;
	if (ev->ioas)
		ev->ioas = c->ioas;
	ev->cpu = cpu;
	ev->cpu_seq = ++s->cpu_seq[cpu];
	ev->order = ++c->order;
	ev->op = s->op;
	/* The order number is taken first, the time a little later: they may disagree. */
	ev->time_ns = s->now + unit_below(&s->r, 2) * unit_below(&s->r, 30000);
	ev->tgid = 1000 + c->id;
	ev->tid = 1000 + c->id;
	ev->cgroup = 77;
	strcpy(ev->comm, "stream");
	return ev;
}

static inline void stream_op(struct stream *s, struct stream_ctx *c, unsigned int what,
			     uint64_t iova, uint64_t size, int64_t result)
{
	struct ioas_event *ev = stream_event(s, c, IOAS_EV_OP);

	ev->body_op.what = (__u16)what;
	ev->body_op.iova = iova;
	ev->body_op.size = size;
	ev->body_op.result = result;
	ev->body_op.latency_ns = 2000 + unit_below(&s->r, 100000);
	ev->body_op.cmd = 0x3b71;
}

static inline void stream_charge(struct stream *s, struct stream_ctx *c, int64_t pages)
{
	struct ioas_event *ev = stream_event(s, c, IOAS_EV_CHARGE);

	ev->body_charge.owner = 9000 + c->id;
	ev->body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	ev->body_charge.pages = pages;
	ev->body_charge.owner_tgid = 1000 + c->id;
	ev->body_charge.owner_uid = 1000;
}

static inline struct ioas_event *stream_area(struct stream *s, struct stream_ctx *c, size_t slot,
					     unsigned int kind)
{
	struct ioas_event *ev = stream_event(s, c, kind);

	ev->body_area.iova = slot * STREAM_SLOT;
	ev->body_area.last = slot * STREAM_SLOT + c->areas[slot].size - 1;
	ev->body_area.va = 0x7f0000000000 + slot * STREAM_SLOT;
	ev->body_area.prot = IOAS_PROT_READ | IOAS_PROT_WRITE;
	ev->body_area.area = c->areas[slot].number;
	ev->body_area.owner_tgid = 1000 + c->id;
	ev->body_area.owner_uid = 1000;
	return ev;
}

static inline void stream_map(struct stream *s, struct stream_ctx *c, size_t slot)
{
	uint64_t size = (1 + unit_below(&s->r, 512)) * 4096;

	c->areas[slot].size = size;
	c->areas[slot].number = ++s->last_id;
	stream_area(s, c, slot, IOAS_EV_AREA_ADD)->body_area.pages = (__s64)(size / 4096);
	stream_charge(s, c, (int64_t)(size / 4096));
	stream_op(s, c, IOAS_OP_MAP, slot * STREAM_SLOT, size, 0);
}

static inline void stream_unmap(struct stream *s, struct stream_ctx *c, size_t slot)
{
	uint64_t size = c->areas[slot].size;

	stream_area(s, c, slot, IOAS_EV_AREA_GOING);
	stream_area(s, c, slot, IOAS_EV_PINNED)->body_area.pages = -(__s64)(size / 4096);
	stream_charge(s, c, -(int64_t)(size / 4096));
	stream_area(s, c, slot, IOAS_EV_AREA_GONE);
	c->areas[slot].size = 0;
	stream_op(s, c, IOAS_OP_UNMAP, slot * STREAM_SLOT, size, 0);
}

static inline void stream_open(struct stream *s, struct stream_ctx *c)
{
	memset(c, 0, sizeof(*c));
	c->id = ++s->last_id;
	c->ioas = ++s->last_id;
	stream_event(s, c, IOAS_EV_CTX_NEW);
	stream_op(s, c, IOAS_OP_OPEN, 0, 0, 0);
	stream_event(s, c, IOAS_EV_IOAS_NEW)->body_obj.mode = IOAS_MODE_V2;
	stream_event(s, c, IOAS_EV_GROUP_ATTACH)->body_obj.group = c->id % 7;
}

static inline bool stream_empty(const struct stream_ctx *c)
{
	for (size_t i = 0; i < STREAM_AREAS; i++) {
		if (c->areas[i].size)
			return false;
	}
	return true;
}

static inline void stream_close(struct stream *s, struct stream_ctx *c)
{
	stream_event(s, c, IOAS_EV_GROUP_DETACH)->body_obj.group = c->id % 7;
	stream_event(s, c, IOAS_EV_IOAS_GONE);
	stream_event(s, c, IOAS_EV_CTX_GONE);
	stream_op(s, c, IOAS_OP_CLOSE, 0, 0, 0);
	c->id = 0;
}

/* The next event, valid until the one after it. */
static inline const struct ioas_event *stream_next(struct stream *s)
{
	struct stream_ctx *c = &s->ctxs[unit_below(&s->r, STREAM_CTXS)];
	size_t slot = unit_below(&s->r, STREAM_AREAS);

	if (s->head < s->tail)
		return &s->queue[s->head++];
	s->head = s->tail = 0;
	s->op++;
	if (!c->id)
		stream_open(s, c);
	else if (c->areas[slot].size)
		stream_unmap(s, c, slot);
	else if (stream_empty(c) && unit_below(&s->r, 4) == 0)
		stream_close(s, c);
	else
		stream_map(s, c, slot);
	return &s->queue[s->head++];
}

/* ---- events of any kind ---- */

static inline void stream_any_area(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_area_body *area = &ev->body_area;

	area->iova = unit_below(r, 64) * 4096;
	area->last = area->iova + (1 + unit_below(r, 16)) * 4096 - 1;
	area->va = unit_below(r, 64) * 4096;
	area->pages = (__s64)unit_below(r, 16);
	area->pfnmap = (__s64)unit_below(r, 4);
	area->prot = (__u32)unit_below(r, 4);
	area->area = (__u32)unit_below(r, 40);
	area->owner_tgid = (__u32)unit_below(r, 3);
	area->owner_uid = (__u32)unit_below(r, 3);
	area->group = (__u32)unit_below(r, 3);
	area->group_valid = (__u32)unit_below(r, 2);
	area->pages_id = ev->backend == IOAS_BACKEND_TYPE1 ? 0 : (__u32)unit_below(r, 4);
	area->object = 1 + (__u32)unit_below(r, 3);
	area->at = ev->kind == IOAS_EV_AREA_SPLIT || ev->kind == IOAS_EV_AREA_MERGED
			   ? area->iova + 2048
			   : unit_below(r, 4) * 4096;
	area->bytes = (__s64)unit_below(r, 3) * 4096;
	area->area2 = (__u32)unit_below(r, 40);
	area->refs = (__u32)unit_below(r, 3);
}

static inline void stream_any_obj(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_obj_body *obj = &ev->body_obj;

	obj->mode = (__u32)unit_below(r, IOAS_MODE_TCE + 1);
	obj->group = (__u32)unit_below(r, 4);
	obj->emulated = (__u32)unit_below(r, 2);
	obj->dirty = (__u32)unit_below(r, 2);
	obj->non_pinned_groups = unit_below(r, 3);
	obj->entries_left = unit_below(r, 65536);
	obj->object = 1 + (__u32)unit_below(r, 3);
	obj->domain = (__u32)unit_below(r, 3);
	obj->page_size = 4096ULL << unit_below(r, 3);
	obj->option = (__u32)(1 + unit_below(r, 2));
	obj->value = ioas_event_is_mark(ev) ? ev->time_ns - unit_below(r, 500) : unit_below(r, 2);
	obj->exact = (__u32)unit_below(r, 2);
	strcpy(obj->name, unit_below(r, 2) ? "0000:01:00.0" : "");
}

static inline void stream_any_pages(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_pages_body *pages = &ev->body_pages;

	pages->pages_id = 1 + (__u32)unit_below(r, 3);
	pages->owner = (__u32)unit_below(r, 3);
	pages->va = unit_below(r, 64) * 4096;
	pages->npages = 1 + unit_below(r, 64);
	pages->pinned = (__s64)unit_below(r, 9) - 2;
	pages->memory = 1 + (__u32)unit_below(r, 3);
	pages->account = (__u32)unit_below(r, 4);
	pages->writable = (__u32)unit_below(r, 2);
	pages->owner_tgid = (__u32)unit_below(r, 3);
	pages->owner_uid = (__u32)unit_below(r, 3);
}

static inline void stream_any_op(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_op_body *op = &ev->body_op;

	op->what = (__u16)(1 + unit_below(r, IOAS_OP_MAX - 1));
	op->group_valid = (__u16)unit_below(r, 2);
	op->group = (__u32)unit_random(r);
	op->result = (__s64)unit_random(r);
	op->latency_ns = unit_random(r);
	op->iova = unit_random(r);
	op->size = unit_random(r);
	op->va = unit_random(r);
	op->returned = unit_random(r);
	op->removed = unit_random(r);
	op->pinned = unit_random(r);
	op->unpinned = unit_random(r);
	op->areas = (__u32)unit_random(r);
	op->uapi_flags = (__u32)unit_random(r);
	op->prot = (__u32)unit_random(r);
	op->cmd = (__u32)unit_random(r);
}

static inline void stream_any_fault(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_fault_body *f = &ev->body_fault;

	f->iova = unit_below(r, 64) * 4096;
	f->untold = unit_below(r, 3);
	f->access = (__u32)unit_below(r, 8);
	f->known = (__u32)unit_below(r, IOAS_FAULT_KNOWN + 1);
	f->reason = (__u32)unit_random(r);
	f->pasid = (__u32)unit_below(r, 1 << 20);
	f->segment = (__u32)unit_below(r, 3);
	f->rid = (__u32)unit_below(r, 1 << 16);
	f->object = (__u32)unit_below(r, 4);
	f->domain = (__u32)unit_below(r, 4);
	f->group = (__u32)unit_below(r, 4);
	f->source = (__u32)unit_below(r, IOAS_FAULT_REPORTED + 1);
	strcpy(f->name, unit_below(r, 2) ? "0000:01:00.0" : "");
}

static inline void stream_any_memory(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_memory_body *memory = &ev->body_memory;

	ev->ctx = 0;
	ev->ioas = 0;
	memory->va = unit_below(r, 64) * 4096;
	memory->last = memory->va + (1 + unit_below(r, 16)) * 4096 - 1;
	memory->owner_tgid = 1 + (__u32)unit_below(r, 3);
	memory->owner_uid = (__u32)unit_below(r, 3);
	memory->cause = 1 + (__u32)unit_below(r, 3);
}

/*
 * An event of a random kind that passes the check, from a few contexts and
 * objects, so that a mirror finds some of them possible and many not.
 */
static inline struct ioas_event stream_any(struct unit_random *r, uint64_t time_ns)
{
	struct ioas_event ev = unit_event(1 + (unsigned int)unit_below(r, IOAS_EV_KIND_MAX - 1));

	ev.time_ns = time_ns;
	ev.ctx = 1 + (__u32)unit_below(r, 3);
	ev.backend = (__u8)(1 + (ev.ctx - 1) % 4);
	ev.flags = unit_below(r, 4) ? 0 : (__u8)unit_below(r, 0x80);
	ev.cpu = (__u16)unit_below(r, 8);
	ev.cpu_seq = unit_random(r);
	ev.op = unit_below(r, 50);
	if (ev.ioas)
		ev.ioas = 10 * ev.ctx + (__u32)unit_below(r, 3);
	ev.tgid = (__u32)unit_random(r);
	ev.cgroup = unit_random(r);
	if (ev.kind == IOAS_EV_OP)
		stream_any_op(r, &ev);
	else if (ioas_event_is_area(&ev))
		stream_any_area(r, &ev);
	else if (ioas_event_is_pages(&ev))
		stream_any_pages(r, &ev);
	else if (ioas_event_is_range(&ev))
		ev.body_range = (struct ioas_range_body){
			.iova = unit_below(r, 8) * 65536,
			.last = 8 * 65536 + unit_below(r, 8) * 65536 - 1,
			.class = 1 + (__u32)unit_below(r, 3),
			.owner = (__u32)unit_below(r, 3),
		};
	else if (ev.kind == IOAS_EV_CHARGE)
		ev.body_charge = (struct ioas_charge_body){
			.owner = 1 + (__u32)unit_below(r, 3),
			.counter = 1 + (__u32)unit_below(r, 3),
			.pages = (__s64)unit_below(r, 9) - 4,
			.owner_tgid = (__u32)unit_below(r, 3),
			.pages_id = (__u32)unit_below(r, 3),
		};
	else if (ev.kind == IOAS_EV_FAULT)
		stream_any_fault(r, &ev);
	else if (ev.kind == IOAS_EV_MEMORY_GONE)
		stream_any_memory(r, &ev);
	else
		stream_any_obj(r, &ev);
	if (ev.kind == IOAS_EV_MEMORY_LOST)
		ev.ctx = ev.ioas = 0;
	return ev;
}

#endif
