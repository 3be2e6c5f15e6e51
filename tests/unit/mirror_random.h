/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random changes of all kinds. They often make no sense, but numbers are small
 * and repeat, so that enough of them do: areas are mapped, split, and go.
 */
#ifndef TESTS_MIRROR_RANDOM_H
#define TESTS_MIRROR_RANDOM_H

#include "mirror_unit.h"

#define RANDOM_CTXS 3
#define RANDOM_PAGES 48

static inline void random_area(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_area_body *body = &ev->body_area;

	body->iova = unit_below(r, RANDOM_PAGES) * PAGE;
	body->last = body->iova + (1 + unit_below(r, 8)) * PAGE - 1;
	if (unit_below(r, 200) == 0)
		body->last = UINT64_MAX;
	body->va = unit_below(r, 2) * PAGE;
	body->prot = (uint32_t)unit_below(r, 4);
	body->area = (uint32_t)unit_below(r, 3);
	body->area2 = (uint32_t)unit_below(r, 9);
	body->owner_tgid = (uint32_t)unit_below(r, 3);
	body->owner_uid = (uint32_t)unit_below(r, 2);
	body->object = (uint32_t)unit_below(r, 3);
	body->refs = (uint32_t)unit_below(r, 3);
	body->bytes = (int64_t)unit_below(r, 16 * PAGE) - 4 * (int64_t)PAGE;
	body->pages = (int64_t)unit_below(r, 6);
	body->pfnmap = (int64_t)unit_below(r, 3);
	if (unit_below(r, 2))
		body->pages_id = 1 + (uint32_t)unit_below(r, 3);
	if (ev->kind == IOAS_EV_AREA_SPLIT || ev->kind == IOAS_EV_AREA_MERGED)
		body->at = body->iova + (1 + unit_below(r, 4)) * PAGE - unit_below(r, 2);
	else
		body->at = unit_below(r, 4) * PAGE;
	if (ev->kind == IOAS_EV_PINNED) {
		body->pages -= 2;
		body->pfnmap -= 1;
		if (unit_below(r, 50) == 0)
			body->pages = (int64_t)unit_random(r) >> unit_below(r, 64);
		if (unit_below(r, 50) == 0)
			body->pfnmap = (int64_t)unit_random(r) >> unit_below(r, 64);
	}
}

static inline void random_obj(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_obj_body *body = &ev->body_obj;

	body->mode = (uint32_t)unit_below(r, IOAS_MODE_TCE + 1);
	body->group = (uint32_t)unit_below(r, 3);
	body->emulated = (uint32_t)unit_below(r, 2);
	body->dirty = (uint32_t)unit_below(r, 2);
	body->non_pinned_groups = unit_below(r, 3);
	body->entries_left = unit_random(r) >> unit_below(r, 64);
	body->object = (uint32_t)unit_below(r, 4);
	body->domain = (uint32_t)unit_below(r, 3);
	body->page_size = PAGE << unit_below(r, 3);
	body->value = unit_below(r, 3) * 500;
	body->option = (uint32_t)unit_below(r, 3);
	body->exact = (uint32_t)unit_below(r, 2);
	snprintf(body->name, sizeof(body->name), "device%u", (unsigned int)unit_below(r, 9));
}

static inline void random_pages(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_pages_body *body = &ev->body_pages;

	body->pages_id = 1 + (uint32_t)unit_below(r, 3);
	body->owner = (uint32_t)unit_below(r, 3);
	body->va = unit_below(r, 100) * PAGE;
	body->npages = unit_below(r, 16);
	body->pinned = (int64_t)unit_below(r, 12) - 4;
	body->memory = (uint32_t)unit_below(r, IOAS_MEMORY_DMABUF + 1);
	body->account = (uint32_t)unit_below(r, IOAS_COUNTER_MM_PINNED + 1);
	body->writable = (uint32_t)unit_below(r, 2);
	body->owner_tgid = (uint32_t)unit_below(r, 5);
	body->owner_uid = (uint32_t)unit_below(r, 5);
}

static inline void random_charge(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_charge_body *body = &ev->body_charge;

	body->owner = (uint32_t)unit_below(r, 3);
	body->counter = (uint32_t)unit_below(r, 4);
	body->pages = (int64_t)unit_below(r, 64) - 24;
	if (unit_below(r, 50) == 0)
		body->pages = (int64_t)unit_random(r) >> unit_below(r, 64);
	body->owner_tgid = (uint32_t)unit_below(r, 5);
	body->owner_uid = (uint32_t)unit_below(r, 5);
	body->pages_id = (uint32_t)unit_below(r, 4);
}

static inline void random_range(struct unit_random *r, struct ioas_event *ev)
{
	struct ioas_range_body *body = &ev->body_range;

	body->iova = unit_below(r, 16) * PAGE;
	body->last = body->iova + (1 + unit_below(r, 3)) * PAGE - 1;
	body->class = (uint32_t)unit_below(r, IOAS_RANGE_CLASSES);
	body->owner = (uint32_t)unit_below(r, 3);
}

static inline unsigned int random_kind(struct unit_random *r)
{
	unsigned int kind = (unsigned int)unit_below(r, IOAS_EV_KIND_MAX);

	if (unit_below(r, 4) == 0)
		return IOAS_EV_AREA_ADD;
	/* Ends are rare, so that something is there in between. */
	switch (kind) {
	case IOAS_EV_CTX_GONE:
	case IOAS_EV_IOAS_GONE:
	case IOAS_EV_PAGES_GONE:
	case IOAS_EV_RANGE_CLEAR:
	case IOAS_EV_UNCERTAIN:
		return unit_below(r, 16) ? IOAS_EV_ACCESS_PIN : kind;
	default:
		return kind;
	}
}

/* At an area that is there, as it is: otherwise hardly any would ever be met. */
static inline void random_aim(struct unit_random *r, const struct mirror *m, struct ioas_event *ev)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(m, ev->ioas);
	struct ioas_area_body *body = &ev->body_area;
	const struct mirror_area *area = NULL;

	if (ioas)
		area = mirror_area_first_in(ioas, body->iova, UINT64_MAX);
	if (!area)
		return;
	body->iova = area->node.start;
	body->last = area->node.last;
	body->va = mirror_area_va(area);
	body->area = area->number;
	body->pages_id = area->shared ? area->pages->id : 0;
	if (ev->kind == IOAS_EV_AREA_SPLIT && body->last > body->iova)
		body->at = body->iova + 1 + unit_below(r, body->last - body->iova);
}

/* Any of context 1 to RANDOM_CTXS, each with two IOASes of its own. `m` is only read. */
static inline struct ioas_event random_event(struct unit_random *r, const struct mirror *m)
{
	struct ioas_event ev = unit_event(random_kind(r));

	ev.ctx = 1 + (uint32_t)unit_below(r, RANDOM_CTXS);
	ev.ioas = 10 * ev.ctx + (uint32_t)unit_below(r, 2);
	ev.backend = (__u8)(1 + unit_below(r, 3));
	ev.time_ns = 1000 + unit_below(r, 1000);
	ev.order = unit_below(r, 1000);
	ev.op = unit_below(r, 100);
	if (unit_below(r, 100) == 0)
		ev.ctx = (uint32_t)unit_below(r, RANDOM_CTXS + 1);
	if (unit_below(r, 4) == 0)
		ev.flags = IOAS_F_ADOPTED;
	if (unit_below(r, 50) == 0)
		ev.flags |= IOAS_F_UNSEEN;
	/* Half of what is new is introduced. */
	if (!mirror_find_ctx(m, ev.ctx) && unit_below(r, 2))
		ev.kind = IOAS_EV_CTX_NEW;
	else if (!mirror_find_ioas(m, ev.ioas) && unit_below(r, 2))
		ev.kind = IOAS_EV_IOAS_NEW;
	if (ioas_event_is_area(&ev))
		random_area(r, &ev);
	else if (ioas_event_is_pages(&ev))
		random_pages(r, &ev);
	else if (ioas_event_is_range(&ev))
		random_range(r, &ev);
	else if (ev.kind == IOAS_EV_CHARGE)
		random_charge(r, &ev);
	else
		random_obj(r, &ev);
	if (ioas_event_is_area(&ev) && ev.kind != IOAS_EV_AREA_ADD && unit_below(r, 4))
		random_aim(r, m, &ev);
	return ev;
}

#endif
