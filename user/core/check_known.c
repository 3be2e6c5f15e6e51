// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * R-56, the part that the mirror has no need of: what a change says beside its
 * news agrees with what is known. What differs is not news, but an event that is
 * wrong, or a state that is.
 */
#include <inttypes.h>

#include "core/check_impl.h"

static bool both_differ(uint64_t a, uint64_t b)
{
	return a && b && a != b;
}

/* Task 0: the owner is not known, or there is none. */
static bool other_owner(const struct ioas_area_body *body, uint32_t tgid, uint32_t uid)
{
	return body->owner_tgid && tgid && (body->owner_tgid != tgid || body->owner_uid != uid);
}

/* What an area says of memory that it shares: nothing but where it begins, and whose it is. */
static const char *wrong_memory(const struct ioas_area_body *body, const struct mirror_pages *pages,
				uint64_t offset)
{
	if (pages->memory == IOAS_MEMORY_NONE)
		return NULL; /* never introduced */
	if (body->pages || body->pfnmap)
		return "its pages are those of its memory";
	if (pages->memory == IOAS_MEMORY_USER && both_differ(body->va, pages->va + offset))
		return "its address is not that of its memory";
	if (other_owner(body, pages->owner_tgid, pages->owner_uid))
		return "its owner is not that of its memory";
	return NULL;
}

static const char *wrong_add(const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages =
		at->ctx && body->pages_id ? mirror_find_pages(at->ctx, body->pages_id) : NULL;

	if (pages)
		return wrong_memory(body, pages, body->at);
	if (at->ev->backend == IOAS_BACKEND_TYPE1 &&
	    (body->owner_tgid != at->ev->tgid || body->owner_uid != at->ev->uid))
		return "it is not of the task that maps it";
	return NULL;
}

/* New memory is that of who maps it. A dma-buf is nobody's. */
static const char *wrong_pages(const struct check_at *at)
{
	const struct ioas_pages_body *body = &at->ev->body_pages;

	return body->owner_tgid &&
			       (body->owner_tgid != at->ev->tgid || body->owner_uid != at->ev->uid)
		       ? "it is not of the task that maps it"
		       : NULL;
}

/* A removal says what the area was. */
static const char *wrong_area(const struct check_at *at, const struct mirror_area *area)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages = mirror_area_pages(area);
	struct mirror_owner owner = mirror_area_owner(at->c->mirror, area);

	if (body->prot != area->prot)
		return "its permissions differ";
	if (body->area != area->number)
		return "its number differs";
	if (body->pages_id != (pages ? pages->id : 0))
		return "its memory differs";
	if (body->at && body->at != mirror_area_offset(area))
		return "it begins elsewhere in its memory";
	if (pages)
		return wrong_memory(body, pages, mirror_area_offset(area));
	if (body->pages != mirror_area_pinned(area) || body->pfnmap != (int64_t)area->pfnmap)
		return "its pages differ";
	if (other_owner(body, owner.tgid, owner.uid))
		return "its owner differs";
	return NULL;
}

static const char *wrong_removal(const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_area *area = mirror_area_at(at->ioas, body->iova);

	if (!area || area->adopted || (at->ev->flags & IOAS_F_UNSEEN) ||
	    area->node.start != body->iova || area->node.last != body->last)
		return NULL;
	return wrong_area(at, area);
}

/* No domain maps more of an area than there is. */
static const char *wrong_fill(const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	uint64_t bytes = body->bytes < 0 ? 0 - (uint64_t)body->bytes : (uint64_t)body->bytes;

	return bytes && bytes - 1 > body->last - body->iova ? "it is larger than its range" : NULL;
}

static const char *wrong_user(const struct check_at *at)
{
	const struct ioas_obj_body *body = &at->ev->body_obj;
	const struct mirror_device *device;
	const struct itree_node *group;

	if (at->ev->kind == IOAS_EV_DEVICE_DETACH) {
		device = mirror_find_device(at->ioas, body->object);
		return device && both_differ(body->domain, device->domain) ? "its domain differs"
									   : NULL;
	}
	group = itree_find(&at->ioas->groups, body->group);
	return group && itree_entry(group, struct mirror_group, node)->emulated !=
				       (bool)body->emulated
		       ? "its hardware differs"
		       : NULL;
}

/* An owner's number stands for one user, or for one mm; type1 tells the process of the first. */
static const char *wrong_charge(const struct check_at *at)
{
	const struct ioas_charge_body *body = &at->ev->body_charge;
	uint64_t key = (uint64_t)body->owner << 32 | body->counter;
	const struct itree *charges = NULL;
	const struct mirror_charge *charge;

	if (body->pages_id && at->ctx)
		charges = &at->ctx->charges;
	else if (at->ioas)
		charges = &at->ioas->charges;
	if (!charges)
		return NULL;
	charge = itree_entry(itree_find(charges, key), struct mirror_charge, node);
	if (!charge)
		return NULL;
	if (body->counter == IOAS_COUNTER_USER_LOCKED)
		return both_differ(charge->uid, body->owner_uid) ? "its owner is another user"
								 : NULL;
	if (at->ev->backend != IOAS_BACKEND_TYPE1)
		return NULL;
	return charge->tgid != body->owner_tgid || charge->uid != body->owner_uid
		       ? "its owner is another process"
		       : NULL;
}

/* What is wrong with the change; NULL: nothing. */
static const char *wrong(const struct check_at *at)
{
	if (at->ev->flags & IOAS_F_ADOPTED)
		return NULL;
	if (at->ev->kind == IOAS_EV_CHARGE)
		return wrong_charge(at);
	if (at->ev->kind == IOAS_EV_PAGES_NEW)
		return wrong_pages(at);
	if (!at->ioas)
		return NULL;
	switch (at->ev->kind) {
	case IOAS_EV_AREA_ADD:
		return wrong_add(at);
	case IOAS_EV_AREA_GOING:
	case IOAS_EV_AREA_GONE:
		return wrong_removal(at);
	case IOAS_EV_AREA_FILLED:
		return wrong_fill(at);
	case IOAS_EV_GROUP_DETACH:
	case IOAS_EV_DEVICE_DETACH:
		return wrong_user(at);
	case IOAS_EV_IOAS_GONE:
		return both_differ(at->ev->body_obj.mode, at->ioas->mode) ? "its mode differs"
									  : NULL;
	default:
		return NULL;
	}
}

void check_known_before(struct check_at *at)
{
	struct check_range range;
	const char *what;

	if (at->my_ctx->adopted || at->failed)
		return;
	what = wrong(at);
	if (!what || !check_judge(at, RULE_STREAM_KNOWN))
		return;
	check_fail(at, RULE_STREAM_KNOWN, check_range_of(at->ev, &range) ? NULL : &range,
		   "%s contradicts what was told before: %s", ioas_kind_name(at->ev->kind), what);
	mirror_mark_uncertain(at->c->mirror, at->ev->ctx, at->ev->time_ns);
}
