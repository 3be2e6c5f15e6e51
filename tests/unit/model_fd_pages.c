// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iommufd, compat, bundled: memory that areas share, and the areas. A pages object
 * is pinned once, however many areas, domains and clients have it.
 */
#include "model_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

/* The page of its memory at which an address of an area lies. */
static uint64_t page_of(const struct model_area *a, uint64_t iova)
{
	return (a->at + (iova - a->iova)) / MODEL_PAGE;
}

static void span_ioas(struct model_spans *spans, const struct model_ioas *s, uint32_t pages)
{
	for (size_t i = 0; i < s->nareas; i++) {
		const struct model_area *a = &s->areas[i];

		if (a->pages != pages)
			continue;
		if (a->filled)
			model_span(spans, page_of(a, a->iova), page_of(a, a->last));
		for (size_t k = 0; k < s->npins; k++) {
			const struct model_pin *p = &s->pins[k];
			uint64_t from = p->iova > a->iova ? p->iova : a->iova;
			uint64_t to = p->last < a->last ? p->last : a->last;

			if (from <= to)
				model_span(spans, page_of(a, from), page_of(a, to));
		}
	}
}

void model_fd_charge(struct model_at *at, struct model_pages *p, int64_t pages)
{
	struct ioas_event *ev;

	if (p->account == IOAS_COUNTER_NONE || !pages)
		return;
	p->charged += pages;
	model_charge_list(at->c->charges, &at->c->ncharges, p->owner, p->account, p->who, pages);
	ev = model_tell(at, IOAS_EV_CHARGE);
	ev->ioas = 0;
	ev->body_charge.owner = p->owner;
	ev->body_charge.counter = p->account;
	ev->body_charge.pages = pages;
	ev->body_charge.owner_tgid = model_tgid(p->who);
	ev->body_charge.owner_uid = model_uid(p->who);
	ev->body_charge.pages_id = p->id;
}

struct ioas_event *model_fd_tell_pages(struct model_at *at, unsigned int kind,
				       const struct model_pages *p)
{
	struct ioas_event *ev = model_tell(at, kind);

	/* What is not told of an area is told of the context. */
	if (kind != IOAS_EV_PAGES_NEW)
		ev->ioas = 0;
	ev->body_pages.pages_id = p->id;
	ev->body_pages.owner = p->owner;
	ev->body_pages.va = p->va;
	ev->body_pages.npages = p->npages;
	ev->body_pages.memory = p->memory;
	ev->body_pages.account = p->account;
	ev->body_pages.writable = p->writable;
	ev->body_pages.owner_tgid = model_tgid(p->who);
	ev->body_pages.owner_uid = model_uid(p->who);
	return ev;
}

void model_fd_settle(struct model_at *at, uint32_t pages)
{
	struct model_pages *p = model_pages(at->c, pages);
	struct model_spans spans = { 0 };
	struct ioas_event *ev;
	int64_t delta;

	if (p->memory == IOAS_MEMORY_DMABUF)
		return;
	for (unsigned int i = 0; i < MODEL_IOASES; i++)
		span_ioas(&spans, &at->c->ioas[i], pages);
	delta = (int64_t)model_spans_sum(&spans) - p->pinned;
	if (!delta)
		return;
	p->pinned += delta;
	if (delta > 0)
		at->op.body_op.pinned += delta;
	else
		at->op.body_op.unpinned -= delta;
	ev = model_fd_tell_pages(at, IOAS_EV_PAGES_PINNED, p);
	ev->body_pages.pinned = delta;
	model_fd_charge(at, p, delta);
}

struct model_pages *model_fd_pages_new(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_ctx *c = at->c;
	bool dmabuf = o->memory == IOAS_MEMORY_DMABUF;
	bool mm = c->rlimit_mm || c->backend == IOAS_BACKEND_COMPAT;
	struct model_pages *p;

	if (c->npages == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->pages = realloc(c->pages, c->room * sizeof(*p));
		if (!c->pages)
			abort();
	}
	p = &c->pages[c->npages++];
	memset(p, 0, sizeof(*p));
	p->id = model_id(at->m);
	p->va = o->memory == IOAS_MEMORY_USER ? o->va : 0;
	p->npages = o->size / MODEL_PAGE;
	p->memory = o->memory;
	p->account = dmabuf || o->flags & MODEL_CAP ? IOAS_COUNTER_NONE
		     : mm			    ? IOAS_COUNTER_MM_LOCKED
						    : IOAS_COUNTER_USER_LOCKED;
	p->writable = !(o->flags & MODEL_READONLY) || o->prot & IOAS_PROT_WRITE;
	p->who = o->who;
	p->owner = model_owner(at->m, p->account, p->who);
	model_fd_tell_pages(at, IOAS_EV_PAGES_NEW, p);
	return p;
}

/* Its last area is gone. */
void model_fd_pages_put(struct model_at *at, uint32_t id)
{
	struct model_pages *p = model_pages(at->c, id);

	if (--p->areas)
		return;
	model_fd_tell_pages(at, IOAS_EV_PAGES_GONE, p);
	*p = at->c->pages[--at->c->npages];
}

/* ---- areas ---- */

void model_area_body(const struct model_at *at, struct ioas_event *ev,
		     const struct model_area *area)
{
	const struct model_pages *p = model_pages(at->c, area->pages);

	ev->body_area.iova = area->iova;
	ev->body_area.last = area->last;
	ev->body_area.va = p->va + area->at;
	ev->body_area.prot = area->prot;
	ev->body_area.area = area->number;
	ev->body_area.owner_tgid = model_tgid(p->who);
	ev->body_area.owner_uid = model_uid(p->who);
	ev->body_area.pages_id = area->pages;
	ev->body_area.at = area->at;
}

void model_fd_tell_filled(struct model_at *at, const struct model_area *area,
			  struct model_domain *domain, int sign)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_AREA_FILLED);
	int64_t bytes = (int64_t)(area->last - area->iova + 1) * sign;

	ev->body_area.iova = area->iova;
	ev->body_area.last = area->last;
	ev->body_area.object = domain->id;
	ev->body_area.bytes = bytes;
	domain->mapped += bytes;
}

void model_fd_fill(struct model_at *at, struct model_area *area)
{
	area->filled = model_has_hardware(at->c, at->s);
	model_fd_settle(at, area->pages);
	model_area_body(at, model_tell(at, IOAS_EV_AREA_ADD), area);
	for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
		if (at->s->domain[i].id)
			model_fd_tell_filled(at, area, &at->s->domain[i], 1);
	}
}

void model_fd_remove(struct model_at *at, size_t i)
{
	struct model_area *a = &at->s->areas[i];
	struct model_area was = *a;

	model_area_body(at, model_tell(at, IOAS_EV_AREA_GOING), a);
	a->filled = false;
	model_fd_settle(at, a->pages);
	for (unsigned int d = 0; d < MODEL_DOMAINS; d++) {
		if (at->s->domain[d].id)
			model_fd_tell_filled(at, a, &at->s->domain[d], -1);
	}
	model_area_body(at, model_tell(at, IOAS_EV_AREA_GONE), a);
	at->op.body_op.areas++;
	at->op.body_op.removed += was.last - was.iova + 1;
	model_area_cut(at->s, i);
	model_fd_pages_put(at, was.pages);
}

static bool has_pins(const struct model_ioas *s, const struct model_area *a)
{
	for (size_t i = 0; i < s->npins; i++) {
		if (model_meet(s->pins[i].iova, s->pins[i].last, a->iova, a->last))
			return true;
	}
	return false;
}

int model_fd_split(struct model_at *at, uint64_t iova)
{
	struct model_ioas *s = at->s;
	size_t i = model_area_in(s, iova, iova);
	struct model_area right;
	struct model_area *a;
	struct ioas_event *ev;

	if (i == s->nareas || s->areas[i].iova == iova)
		return 0;
	a = &s->areas[i];
	if (has_pins(s, a))
		return -EBUSY;
	if (model_pages(at->c, a->pages)->memory == IOAS_MEMORY_DMABUF ||
	    (model_has_hardware(at->c, s) && !s->small_pages))
		return -EINVAL;
	right = *a;
	right.number = model_id(at->m);
	right.iova = iova;
	right.at += iova - a->iova;
	right.op = 0;
	ev = model_tell(at, IOAS_EV_AREA_SPLIT);
	model_area_body(at, ev, a);
	ev->body_area.at = iova;
	ev->body_area.area2 = right.number;
	a->last = iova - 1;
	a->op = 0;
	model_pages(at->c, a->pages)->areas++;
	model_area_put(s, &right);
	return 0;
}
