/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users of an IOAS in the streams of unit/check.h: groups, domains with devices, accesses. */
#ifndef TESTS_CHECK_USERS_H
#define TESTS_CHECK_USERS_H

#include "check.h"

/* ---- type1: groups ---- */

/* Pins (1) or unpins (-1) all areas, as the first and the last hardware user do. */
static inline void cs_replay(struct cs *cs, int sign)
{
	const struct mirror_area *area = mirror_area_first(cs_ioas(cs));

	while (area) {
		uint64_t iova = area->node.start, last = area->node.last;
		struct ioas_event ev = cs_area(cs, IOAS_EV_PINNED, iova, last - iova + 1, 0);
		int64_t pages = (int64_t)((last - iova + 1) / CS_PAGE);

		ev.body_area.area = area->number;
		ev.body_area.pages = sign > 0 ? pages : -mirror_area_pinned(area);
		cs_charge(cs, ev.body_area.pages, 0);
		cs_send(cs, ev);
		if (sign > 0)
			cs->pinned += (uint64_t)pages;
		else
			cs->unpinned += (uint64_t)-ev.body_area.pages;
		area = last == UINT64_MAX ? NULL
					  : mirror_area_first_in(cs_ioas(cs), last + 1, UINT64_MAX);
	}
}

static inline struct ioas_event cs_group(struct cs *cs, unsigned int kind, uint32_t group,
					 bool emulated)
{
	struct ioas_event ev = cs_event(cs, kind);

	ev.body_obj.group = group;
	ev.body_obj.emulated = emulated;
	return ev;
}

static inline struct ioas_event cs_group_op(struct cs *cs, unsigned int what, uint32_t group)
{
	struct ioas_event ev = cs_op(cs, what, 0);

	ev.flags = what == IOAS_OP_DETACH ? IOAS_F_NO_RESULT : 0;
	ev.body_op.group = group;
	ev.body_op.group_valid = 1;
	return ev;
}

static inline void cs_attach(struct cs *cs, uint32_t group, bool emulated)
{
	cs_begin(cs);
	if (!emulated && !mirror_has_hardware(cs_ioas(cs)))
		cs_replay(cs, 1);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_ATTACH, group, emulated));
	cs_end(cs, cs_group_op(cs, IOAS_OP_ATTACH, group));
	cs_ask(cs);
}

/* How many groups with hardware there are. */
static inline size_t cs_hardware_groups(struct cs *cs)
{
	size_t count = 0;

	for (const struct mirror_group *g = mirror_group_first(cs_ioas(cs)); g;
	     g = mirror_group_next(g))
		count += !g->emulated;
	return count;
}

static inline void cs_detach(struct cs *cs, uint32_t group, bool emulated)
{
	cs_begin(cs);
	if (mirror_group_count(cs_ioas(cs)) == 1)
		cs_remove_range(cs, 0, UINT64_MAX);
	else if (!emulated && cs_hardware_groups(cs) == 1)
		cs_replay(cs, -1);
	cs_send(cs, cs_group(cs, IOAS_EV_GROUP_DETACH, group, emulated));
	cs_end(cs, cs_group_op(cs, IOAS_OP_DETACH, group));
	cs_ask(cs);
}

/* ---- iommufd: domains and devices, accesses ---- */

static inline struct ioas_event cs_object(struct cs *cs, unsigned int kind, uint32_t object)
{
	struct ioas_event ev = cs_event(cs, kind);

	ev.body_obj.object = object;
	return ev;
}

/* Pins all memory of all areas that is not pinned yet (1), or lets go of it (-1). */
static inline void cs_pin_memory(struct cs *cs, int sign)
{
	const struct mirror_pages *p = mirror_pages_first(cs_ctx(cs));

	for (; p; p = mirror_pages_next(p))
		cs_pages_pin(cs, p->id, sign > 0 ? (int64_t)p->npages - p->pinned : -p->pinned);
}

/* A domain maps (1) or unmaps (-1) all areas. */
static inline void cs_fill_all(struct cs *cs, uint32_t domain, int sign)
{
	const struct mirror_area *area = mirror_area_first(cs_ioas(cs));

	while (area) {
		uint64_t iova = area->node.start, last = area->node.last;
		struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_FILLED, iova, last - iova + 1, 0);

		ev.body_area.object = domain;
		ev.body_area.bytes = sign * (int64_t)(last - iova + 1);
		cs_send(cs, ev);
		area = last == UINT64_MAX ? NULL
					  : mirror_area_first_in(cs_ioas(cs), last + 1, UINT64_MAX);
	}
}

/* Tests of these use one IOAS in a context, so that all memory is that of its areas. */
static inline void cs_attach_domain(struct cs *cs, uint32_t domain, uint32_t device,
				    uint64_t page_size)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_object(cs, IOAS_EV_DOMAIN_ATTACH, domain);
	ev.body_obj.page_size = page_size;
	cs_send(cs, ev);
	cs_pin_memory(cs, 1);
	cs_fill_all(cs, domain, 1);
	ev = cs_object(cs, IOAS_EV_DEVICE_ATTACH, device);
	ev.body_obj.domain = domain;
	cs_send(cs, ev);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
	cs_ask(cs);
}

static inline void cs_detach_domain(struct cs *cs, uint32_t domain, uint32_t device)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_object(cs, IOAS_EV_DEVICE_DETACH, device);
	ev.body_obj.domain = domain;
	cs_send(cs, ev);
	cs_fill_all(cs, domain, -1);
	if (mirror_domain_count(cs_ioas(cs)) == 1)
		cs_pin_memory(cs, -1);
	cs_send(cs, cs_object(cs, IOAS_EV_DOMAIN_DETACH, domain));
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
	cs_ask(cs);
}

static inline void cs_attach_access(struct cs *cs, uint32_t access, uint64_t alignment, bool exact)
{
	struct ioas_event ev;

	cs_begin(cs);
	ev = cs_object(cs, IOAS_EV_ACCESS_ATTACH, access);
	ev.body_obj.page_size = alignment;
	ev.body_obj.exact = exact;
	cs_send(cs, ev);
	cs_end(cs, cs_op(cs, IOAS_OP_ATTACH, 0));
}

static inline void cs_detach_access(struct cs *cs, uint32_t access)
{
	cs_begin(cs);
	cs_send(cs, cs_object(cs, IOAS_EV_ACCESS_DETACH, access));
	cs_end(cs, cs_op(cs, IOAS_OP_DETACH, 0));
}

/* ---- clients: `client` is a group (type1) or an access ---- */

static inline struct ioas_event cs_client(struct cs *cs, unsigned int kind, uint32_t client,
					  uint64_t iova, uint64_t size)
{
	struct ioas_event ev = cs_area(cs, kind, iova, size, 0);

	ev.body_area.pages = (int64_t)(size / CS_PAGE);
	ev.body_area.prot = kind == IOAS_EV_ACCESS_PIN ? IOAS_PROT_READ : 0;
	if (cs_fd(cs)) {
		ev.body_area.object = client;
	} else {
		ev.body_area.group = client;
		ev.body_area.group_valid = 1;
	}
	return ev;
}

static inline struct ioas_event cs_client_op(struct cs *cs, unsigned int what, uint32_t client,
					     uint64_t iova, uint64_t size, int64_t result)
{
	struct ioas_event ev = cs_op(cs, what, result);
	uint64_t pages = size / CS_PAGE;

	ev.body_op.iova = iova;
	ev.body_op.size = size;
	if (what == IOAS_OP_PIN) {
		ev.body_op.prot = IOAS_PROT_READ;
		ev.body_op.pinned = result >= 0 ? pages : 0;
	} else {
		ev.flags = IOAS_F_NO_RESULT;
		ev.body_op.unpinned = pages;
	}
	if (!cs_fd(cs)) {
		ev.body_op.group = client;
		ev.body_op.group_valid = 1;
	}
	return ev;
}

/* Pins that nobody else holds: without hardware they are charged (type1), or pinned in the
 * pages object of the area (iommufd). */
static inline void cs_client_memory(struct cs *cs, uint64_t iova, int64_t pages)
{
	const struct mirror_area *area = mirror_area_at(cs_ioas(cs), iova);

	if (mirror_has_hardware(cs_ioas(cs)))
		return;
	if (!cs_fd(cs))
		cs_charge(cs, pages, 0);
	else if (area && mirror_area_pages(area))
		cs_pages_pin(cs, mirror_area_pages(area)->id, pages);
}

static inline void cs_pin(struct cs *cs, uint32_t client, uint64_t iova, uint64_t size)
{
	int64_t pages = (int64_t)(size / CS_PAGE);

	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_PIN, client, iova, size));
	cs_client_memory(cs, iova, pages);
	cs_end(cs, cs_client_op(cs, IOAS_OP_PIN, client, iova, size, cs_fd(cs) ? 0 : pages));
}

static inline void cs_unpin(struct cs *cs, uint32_t client, uint64_t iova, uint64_t size)
{
	cs_begin(cs);
	cs_send(cs, cs_client(cs, IOAS_EV_ACCESS_UNPIN, client, iova, size));
	cs_client_memory(cs, iova, -(int64_t)(size / CS_PAGE));
	cs_end(cs, cs_client_op(cs, IOAS_OP_UNPIN, client, iova, size, 0));
}

#endif
