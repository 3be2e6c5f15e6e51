// SPDX-License-Identifier: GPL-2.0-or-later
#include "model_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Processes 0 and 1 are of one user. */
uint32_t model_tgid(unsigned int who)
{
	return 1000 * (who + 1);
}

uint32_t model_uid(unsigned int who)
{
	return who < 2 ? 100 : 101;
}

static void *grow(void *at, size_t *room, size_t count, size_t size)
{
	if (count < *room)
		return at;
	*room = *room ? 2 * *room : 16;
	at = realloc(at, *room * size);
	if (!at)
		abort();
	return at;
}

bool model_range_is(uint64_t iova, uint64_t size, uint64_t *last)
{
	if (!size || iova % MODEL_PAGE || size % MODEL_PAGE || iova + (size - 1) < iova)
		return false;
	*last = iova + (size - 1);
	return true;
}

/* ---- numbers and events ---- */

uint32_t model_id(struct model *m)
{
	return ++m->last_id;
}

void model_events_add(struct model_events *events, const struct ioas_event *ev)
{
	events->at = grow(events->at, &events->room, events->count, sizeof(*ev));
	events->at[events->count++] = *ev;
}

struct ioas_event *model_tell(struct model_at *at, unsigned int kind)
{
	struct model_events *out = &at->m->out;
	uint32_t tgid = model_tgid(at->asked->who);
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (uint16_t)kind;
	ev.backend = at->c->backend;
	ev.op = at->op.op;
	ev.ctx = at->c->id;
	ev.ioas = at->s ? at->s->id : 0;
	ev.tgid = tgid;
	ev.tid = tgid + 1 + at->asked->ctx;
	ev.uid = model_uid(at->asked->who);
	ev.gid = ev.uid;
	ev.cgroup = 77 + tgid;
	strcpy(ev.comm, "program");
	model_events_add(out, &ev);
	return &out->at[out->count - 1];
}

void model_begin(struct model_at *at, unsigned int what)
{
	memset(&at->op, 0, sizeof(at->op));
	at->op.op = ++at->m->last_op;
	at->op.body_op.what = (uint16_t)what;
	at->charge = 0;
	model_tell(at, MODEL_MARK);
}

void model_end(struct model_at *at, int64_t result, unsigned int flags)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_OP);

	ev->body_op = at->op.body_op;
	ev->body_op.result = result;
	ev->flags = (uint8_t)(flags | at->op.flags);
	at->op.op = 0;
}

/* ---- areas ---- */

struct model_area *model_area_put(struct model_ioas *s, const struct model_area *area)
{
	size_t i = 0;

	s->areas = grow(s->areas, &s->room, s->nareas, sizeof(*area));
	while (i < s->nareas && s->areas[i].iova < area->iova)
		i++;
	memmove(&s->areas[i + 1], &s->areas[i], (s->nareas - i) * sizeof(*area));
	s->areas[i] = *area;
	s->nareas++;
	return &s->areas[i];
}

void model_area_cut(struct model_ioas *s, size_t i)
{
	s->nareas--;
	memmove(&s->areas[i], &s->areas[i + 1], (s->nareas - i) * sizeof(s->areas[0]));
}

size_t model_area_in(const struct model_ioas *s, uint64_t iova, uint64_t last)
{
	size_t i = 0;

	while (i < s->nareas && !model_meet(s->areas[i].iova, s->areas[i].last, iova, last))
		i++;
	return i;
}

bool model_stale_in(const struct model_ioas *s, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < s->nareas; i++) {
		if (s->areas[i].stale && model_meet(s->areas[i].iova, s->areas[i].last, iova, last))
			return true;
	}
	return false;
}

bool model_has_hardware(const struct model_ctx *c, const struct model_ioas *s)
{
	if (!model_is_type1(c))
		return s->domain[0].id || s->domain[1].id;
	for (unsigned int i = 0; i < MODEL_HARDWARE; i++) {
		if (s->attached[i])
			return true;
	}
	return false;
}

/* ---- ranges ---- */

void model_range_put(struct model_ioas *s, struct model_range range)
{
	if (s->nranges == MODEL_RANGES)
		abort();
	s->ranges[s->nranges++] = range;
}

bool model_range_in(const struct model_ioas *s, unsigned int class, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < s->nranges; i++) {
		const struct model_range *r = &s->ranges[i];

		if (r->class == class && model_meet(r->iova, r->last, iova, last))
			return true;
	}
	return false;
}

void model_tell_range(struct model_at *at, unsigned int kind, struct model_range range)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_range.iova = range.iova;
	ev->body_range.last = range.last;
	ev->body_range.class = range.class;
	ev->body_range.owner = range.owner;
}

void model_clear_ranges(struct model_at *at, unsigned int class, uint32_t owner)
{
	struct model_ioas *s = at->s;
	size_t kept = 0;

	for (size_t i = 0; i < s->nranges; i++) {
		if (s->ranges[i].class != class || (owner && s->ranges[i].owner != owner))
			s->ranges[kept++] = s->ranges[i];
	}
	s->nranges = kept;
	model_tell_range(
		at, IOAS_EV_RANGE_CLEAR,
		(struct model_range){ .last = UINT64_MAX, .class = class, .owner = owner });
}

/* ---- charges, pages ---- */

void model_charge_list(struct model_charge *list, size_t *count, uint32_t owner, uint32_t counter,
		       uint8_t who, int64_t pages)
{
	size_t i = 0;

	while (i < *count && (list[i].owner != owner || list[i].counter != counter))
		i++;
	if (i == *count) {
		if (i == MODEL_CHARGES)
			abort();
		list[i] = (struct model_charge){ .owner = owner, .counter = counter, .who = who };
		++*count;
	}
	list[i].pages += pages;
	if (list[i].pages > list[i].peak)
		list[i].peak = list[i].pages;
}

uint32_t model_owner(struct model *m, unsigned int counter, unsigned int who)
{
	uint32_t *id;

	if (counter == IOAS_COUNTER_NONE)
		return 0;
	if (counter == IOAS_COUNTER_USER_LOCKED)
		id = &m->user_id[model_uid(who) - 100];
	else
		id = &m->mm_id[who];
	if (!*id)
		*id = model_id(m);
	return *id;
}

struct model_pages *model_pages(const struct model_ctx *c, uint32_t id)
{
	for (size_t i = 0; i < c->npages; i++) {
		if (c->pages[i].id == id)
			return &c->pages[i];
	}
	return NULL;
}

/* ---- sets of pages ---- */

void model_span(struct model_spans *spans, uint64_t first, uint64_t last)
{
	spans->at = grow(spans->at, &spans->room, spans->count, sizeof(spans->at[0]));
	spans->at[spans->count++] = (struct model_range){ .iova = first, .last = last };
}

static int by_first(const void *a, const void *b)
{
	const struct model_range *x = a, *y = b;

	return x->iova < y->iova ? -1 : x->iova > y->iova;
}

uint64_t model_spans_sum(struct model_spans *spans)
{
	uint64_t sum = 0, next = 0;

	if (spans->count > 1)
		qsort(spans->at, spans->count, sizeof(spans->at[0]), by_first);
	for (size_t i = 0; i < spans->count; i++) {
		const struct model_range *r = &spans->at[i];
		uint64_t from = r->iova > next ? r->iova : next;

		if (r->last < from)
			continue;
		sum += r->last - from + 1;
		next = r->last + 1;
	}
	free(spans->at);
	memset(spans, 0, sizeof(*spans));
	return sum;
}

int64_t model_pinned_in(const struct model_ioas *s, uint64_t iova, uint64_t last)
{
	struct model_spans spans = { 0 };

	for (size_t i = 0; i < s->npins; i++) {
		const struct model_pin *p = &s->pins[i];
		uint64_t from = p->iova > iova ? p->iova : iova;
		uint64_t to = p->last < last ? p->last : last;

		if (from <= to)
			model_span(&spans, from / MODEL_PAGE, to / MODEL_PAGE);
	}
	return (int64_t)model_spans_sum(&spans);
}

/* ---- the model ---- */

struct model *model_new(const struct model_world *world)
{
	struct model *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->world = *world;
	return m;
}

static void ctx_clear(struct model_ctx *c)
{
	for (unsigned int i = 0; i < MODEL_IOASES; i++)
		free(c->ioas[i].areas);
	free(c->pages);
	memset(c, 0, sizeof(*c));
}

void model_free(struct model *m)
{
	for (unsigned int i = 0; i < MODEL_CTXS; i++)
		ctx_clear(&m->ctx[i]);
	free(m->out.at);
	free(m);
}

static void open_ctx(struct model_at *at)
{
	at->c->id = model_id(at->m);
	at->c->backend = at->m->world.backend[at->asked->ctx];
	at->c->mode = at->m->world.mode[at->asked->ctx];
	at->c->who = at->asked->who;
	model_tell(at, IOAS_EV_CTX_NEW);
	model_begin(at, IOAS_OP_OPEN);
	model_end(at, 0, 0);
}

void model_run(struct model *m, const struct model_op *op)
{
	struct model_at at = { .m = m, .c = &m->ctx[op->ctx], .asked = op };

	m->out.count = 0;
	if (op->what == MODEL_OPEN) {
		if (!at.c->id)
			open_ctx(&at);
		return;
	}
	if (!at.c->id)
		return;
	if (model_is_type1(at.c)) {
		at.s = at.c->ioas;
		model_t1(&at);
	} else {
		at.s = &at.c->ioas[op->ioas];
		model_fd(&at);
	}
	/* Its last word is told: the slot is free. */
	if (m->out.count && m->out.at[m->out.count - 1].kind == IOAS_EV_CTX_GONE)
		ctx_clear(at.c);
}

void model_op_text(const struct model_op *op, char *text, size_t size)
{
	static const char *const names[MODEL_WHATS] = {
		"nothing",
		"open",
		"close",
		"alloc",
		"destroy",
		"attach",
		"detach",
		"map",
		"copy",
		"unmap",
		"pin",
		"unpin",
		"allow",
		"option",
		"reserve",
		"unreserve",
		"cut",
		"vaddr-invalid",
		"vaddr-update",
		"dirty",
		"query",
		"rw",
		"change-process",
	};

	snprintf(text, size,
		 "%s ctx %u ioas %u from %u user %u who %u prot %u memory %u flags 0x%02x "
		 "iova 0x%llx size 0x%llx va 0x%llx mix 0x%llx",
		 op->what < MODEL_WHATS ? names[op->what] : "?", op->ctx, op->ioas, op->from,
		 op->user, op->who, op->prot, op->memory, op->flags, (unsigned long long)op->iova,
		 (unsigned long long)op->size, (unsigned long long)op->va,
		 (unsigned long long)op->mix);
}
