// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R-56: whether a change says of its object what was told of it before. The
 * mirror looks whether the object is there; here all that comes twice is compared:
 * what a removal says is what the birth said, and what has changed since.
 *
 * A body that was not filled (an area without its number, a pages object without
 * its size) tells nothing. A process may change its uid: what hooks tell as the
 * uid of memory is that of the time when it was mapped.
 */
#include <inttypes.h>

#include "core/check_impl.h"

struct difference {
	const char *what; /* NULL: there is none */
	uint64_t is;
	uint64_t held;
};

/* Keeps the first one. */
static void compare(struct difference *d, const char *what, uint64_t is, uint64_t held)
{
	if (!d->what && is != held)
		*d = (struct difference){ what, is, held };
}

/* ---- areas ---- */

static const struct mirror_area *held_area(const struct check_at *at)
{
	const struct mirror_area *area;

	if (!at->ioas || (at->ev->flags & IOAS_F_UNSEEN))
		return NULL;
	area = mirror_area_at(at->ioas, at->ev->body_area.iova);
	return area && !area->adopted && area->node.start == at->ev->body_area.iova ? area : NULL;
}

static void compare_owner(struct difference *d, const struct check_at *at,
			  const struct mirror_area *area)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	struct mirror_owner owner = mirror_area_owner(at->c->mirror, area);

	if (!owner.tgid)
		return;
	compare(d, "owner", body->owner_tgid, owner.tgid);
	compare(d, "owner's uid", body->owner_uid, owner.uid);
}

/* What is new belongs to who made it. */
static void compare_task(struct difference *d, const struct ioas_event *ev, uint32_t tgid,
			 uint32_t uid)
{
	if (!tgid || (ev->flags & IOAS_F_ADOPTED))
		return;
	compare(d, "task", tgid, ev->tgid);
	compare(d, "user", uid, ev->uid);
}

/* Of an area that goes on in the next one that is known, the last address of that one. */
static uint64_t known_last(const struct check_at *at, const struct mirror_area *area)
{
	const struct mirror_area *next = NULL;

	if (at->ev->kind == IOAS_EV_AREA_MERGED)
		next = mirror_area_at(at->ioas, at->ev->body_area.at);
	return next ? next->node.last : area->node.last;
}

static void compare_memory(struct difference *d, const struct check_at *at,
			   const struct mirror_area *area)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages = mirror_area_pages(area);

	compare(d, "pages object", body->pages_id, pages ? pages->id : 0);
	if (!pages || pages->memory != IOAS_MEMORY_NONE)
		compare(d, "VA", body->va, mirror_area_va(area));
	if (at->ev->kind != IOAS_EV_AREA_SPLIT && at->ev->kind != IOAS_EV_AREA_MERGED) {
		compare(d, "offset", body->at, mirror_area_offset(area));
		compare(d, "pages", (uint64_t)body->pages, (uint64_t)mirror_area_pinned(area));
		compare(d, "pages that are no RAM", (uint64_t)body->pfnmap, area->pfnmap);
	}
}

/* A change of an area that is there. */
static void known_area(struct difference *d, const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_area *area = held_area(at);

	if (!area || !body->area)
		return;
	compare(d, "number", body->area, area->number);
	compare(d, "last address", body->last, known_last(at, area));
	if (at->ev->kind == IOAS_EV_PINNED)
		return;
	compare(d, "protection", body->prot, area->prot);
	if (at->ev->kind == IOAS_EV_AREA_UPDATE)
		return;
	compare_memory(d, at, area);
	compare_owner(d, at, area);
}

/* A new area of memory that is there. */
static void known_memory(struct difference *d, const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages = NULL;

	if (!body->pages_id && at->ev->backend == IOAS_BACKEND_TYPE1)
		compare_task(d, at->ev, body->owner_tgid, body->owner_uid);
	if (at->ctx && body->pages_id)
		pages = mirror_find_pages(at->ctx, body->pages_id);
	if (!pages || pages->adopted || !body->area)
		return;
	if (pages->memory != IOAS_MEMORY_NONE && body->va)
		compare(d, "VA", body->va, pages->va + body->at);
	if (pages->owner_tgid) {
		compare(d, "owner", body->owner_tgid, pages->owner_tgid);
		compare(d, "owner's uid", body->owner_uid, pages->owner_uid);
	}
	compare(d, "pages of its own", (uint64_t)body->pages, 0);
	compare(d, "pages that are no RAM", (uint64_t)body->pfnmap, 0);
}

/* A domain takes and gives whole areas; a dma-buf may be revoked. */
static void known_filled(struct difference *d, const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_area *area = NULL;
	const struct mirror_pages *pages;
	uint64_t size = body->last - body->iova + 1;

	if (at->ioas)
		area = mirror_area_first_in(at->ioas, body->iova, body->last);
	if (!area || area->adopted)
		return;
	compare(d, "first address", body->iova, area->node.start);
	compare(d, "last address", body->last, area->node.last);
	pages = mirror_area_pages(area);
	if (pages && pages->memory == IOAS_MEMORY_DMABUF)
		return;
	compare(d, "bytes", (uint64_t)(body->bytes < 0 ? -body->bytes : body->bytes), size);
}

/* Clients pin whole pages; a group that pins is attached. */
static void known_access(struct difference *d, const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;

	if (!((body->iova | (body->last + 1)) & (IOAS_PAGE_SIZE - 1)))
		compare(d, "pages", (uint64_t)body->pages, pin_pages(body->iova, body->last));
	if (body->group_valid && at->ioas && !at->ioas->adopted &&
	    !itree_find(&at->ioas->groups, body->group))
		compare(d, "group", body->group, UINT32_MAX);
}

/* ---- memory and charges ---- */

static void known_pages(struct difference *d, const struct check_at *at)
{
	const struct ioas_pages_body *body = &at->ev->body_pages;
	const struct mirror_pages *pages = NULL;

	if (at->ctx)
		pages = mirror_find_pages(at->ctx, body->pages_id);
	if (!pages || pages->adopted || !body->npages)
		return;
	compare(d, "size", body->npages, pages->npages);
	compare(d, "memory", body->memory, pages->memory);
	compare(d, "VA", body->va, pages->va);
	compare(d, "counter", body->account, pages->account);
	compare(d, "writable", body->writable, pages->writable);
	if (at->ev->kind == IOAS_EV_PAGES_OWNER)
		return;
	compare(d, "payer", body->owner, pages->owner);
	compare(d, "owner", body->owner_tgid, pages->owner_tgid);
	compare(d, "owner's uid", body->owner_uid, pages->owner_uid);
}

/* Who is charged again is who was charged. */
static void known_charge(struct difference *d, const struct check_at *at)
{
	const struct ioas_charge_body *body = &at->ev->body_charge;
	const struct mirror_pages *pages = NULL;
	const struct mirror_charge *charge;

	if (body->pages_id) {
		pages = at->ctx ? mirror_find_pages(at->ctx, body->pages_id) : NULL;
		if (!pages || pages->adopted || !pages->owner_tgid || pages->owner != body->owner)
			return;
		compare(d, "owner", body->owner_tgid, pages->owner_tgid);
		compare(d, "owner's uid", body->owner_uid, pages->owner_uid);
		return;
	}
	charge = at->ioas ? mirror_charge_first(at->ioas) : NULL;
	while (charge && (charge->owner != body->owner || charge->counter != body->counter))
		charge = mirror_charge_next(charge);
	if (!charge || !body->owner)
		return;
	compare(d, "owner", body->owner_tgid, charge->tgid);
	compare(d, "owner's uid", body->owner_uid, charge->uid);
}

/* ---- users ---- */

static void known_mode(struct difference *d, const struct check_at *at)
{
	uint32_t mode = at->ev->body_obj.mode;

	if (at->ioas && mode && at->ioas->mode != IOAS_MODE_NONE)
		compare(d, "mode", mode, at->ioas->mode);
}

static void known_user(struct difference *d, const struct check_at *at)
{
	const struct ioas_obj_body *body = &at->ev->body_obj;
	const struct mirror_domain *domain;
	const struct mirror_device *device;
	const struct mirror_access *access;
	const struct itree_node *group;

	switch (at->ev->kind) {
	case IOAS_EV_GROUP_DETACH:
		group = itree_find(&at->ioas->groups, body->group);
		if (group)
			compare(d, "emulated", body->emulated,
				itree_entry(group, struct mirror_group, node)->emulated);
		break;
	case IOAS_EV_DOMAIN_DETACH:
		domain = mirror_find_domain(at->ioas, body->object);
		if (domain && body->page_size && domain->page_size)
			compare(d, "page size", body->page_size, domain->page_size);
		break;
	case IOAS_EV_DEVICE_DETACH:
		device = mirror_find_device(at->ioas, body->object);
		if (!device)
			break;
		compare(d, "domain", body->domain, device->domain);
		compare(d, "group", body->group, device->group);
		break;
	case IOAS_EV_ACCESS_DETACH:
		access = mirror_find_access(at->ioas, body->object);
		if (!access || !body->page_size)
			break;
		compare(d, "alignment", body->page_size, access->alignment);
		compare(d, "exact", body->exact, access->exact);
		break;
	}
}

/* ---- the way in ---- */

static void known(struct difference *d, const struct check_at *at)
{
	switch (at->ev->kind) {
	case IOAS_EV_AREA_ADD:
		known_memory(d, at);
		break;
	case IOAS_EV_AREA_GOING:
	case IOAS_EV_AREA_GONE:
	case IOAS_EV_AREA_UPDATE:
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_MERGED:
	case IOAS_EV_PINNED:
		known_area(d, at);
		break;
	case IOAS_EV_AREA_FILLED:
		known_filled(d, at);
		break;
	case IOAS_EV_ACCESS_PIN:
	case IOAS_EV_ACCESS_UNPIN:
		known_access(d, at);
		break;
	case IOAS_EV_CHARGE:
		known_charge(d, at);
		break;
	case IOAS_EV_PAGES_NEW:
		compare_task(d, at->ev, at->ev->body_pages.owner_tgid,
			     at->ev->body_pages.owner_uid);
		break;
	case IOAS_EV_PAGES_GONE:
	case IOAS_EV_PAGES_PINNED:
	case IOAS_EV_PAGES_OWNER:
		known_pages(d, at);
		break;
	case IOAS_EV_RANGE_ADD:
		/* Only reserved ranges are on somebody's behalf. */
		if (at->ev->body_range.class != IOAS_RANGE_RESERVED)
			compare(d, "owner", at->ev->body_range.owner, 0);
		break;
	default:
		break;
	}
}

static bool is_of_ioas(const struct ioas_event *ev)
{
	return ev->kind == IOAS_EV_IOAS_GONE || ev->kind == IOAS_EV_DIRTY ||
	       ev->kind == IOAS_EV_GROUP_ATTACH || ev->kind == IOAS_EV_GROUP_DETACH ||
	       (ev->kind >= IOAS_EV_DOMAIN_ATTACH && ev->kind <= IOAS_EV_ACCESS_DETACH);
}

void check_known_before(struct check_at *at)
{
	struct difference d = { 0 };
	struct check_range range;

	if (at->c->keyframe || at->my_ctx->adopted)
		return;
	known(&d, at);
	if (at->ioas && is_of_ioas(at->ev)) {
		known_mode(&d, at);
		known_user(&d, at);
	}
	if (!d.what || !check_judge(at, RULE_STREAM_KNOWN))
		return;
	check_fail(at, RULE_STREAM_KNOWN, check_range_of(at->ev, &range) ? NULL : &range,
		   "%s tells another %s than was told: %#" PRIx64 ", and %#" PRIx64 " is held",
		   ioas_kind_name(at->ev->kind), d.what, d.is, d.held);
}
