// SPDX-License-Identifier: GPL-2.0-or-later
#include "mutate.h"

#include <stddef.h>
#include <string.h>

#define T1 (1U << IOAS_BACKEND_TYPE1)
#define FD                                                                                         \
	((1U << IOAS_BACKEND_IOMMUFD) | (1U << IOAS_BACKEND_COMPAT) | (1U << IOAS_BACKEND_BUNDLED))

#define FIELD_AS(text, member, limit, who)                                                         \
	{                                                                                          \
		.name = text, .offset = offsetof(struct ioas_event, member),                       \
		.size = sizeof(((struct ioas_event *)0)->member), .below = limit, .backends = who  \
	}
#define HEAD(name, limit) FIELD_AS(#name, name, limit, 0)
#define AREA(name, limit, who) FIELD_AS(#name, body_area.name, limit, who)
#define OBJ(name, limit) FIELD_AS(#name, body_obj.name, limit, 0)
#define CHARGE(name, limit) FIELD_AS(#name, body_charge.name, limit, 0)
#define PAGES(name, limit) FIELD_AS(#name, body_pages.name, limit, 0)
#define RANGE(name, limit) FIELD_AS(#name, body_range.name, limit, 0)

static const struct mutate_field head[] = {
	HEAD(order, 0),
	HEAD(ctx, 0),
	HEAD(ioas, 0),
	HEAD(kind, IOAS_EV_KIND_MAX),
};

static const struct mutate_field area[] = {
	AREA(iova, 0, 0),      AREA(last, 0, 0),      AREA(va, 0, 0),	AREA(prot, 4, 0),
	AREA(pages, 0, 0),     AREA(pfnmap, 0, 0),    AREA(area, 0, 0), AREA(owner_tgid, 0, 0),
	AREA(owner_uid, 0, 0), AREA(pages_id, 0, FD), AREA(at, 0, FD),
};

static const struct mutate_field update[] = {
	AREA(iova, 0, 0), AREA(last, 0, 0),	  AREA(va, 0, 0),	 AREA(prot, 4, 0),
	AREA(area, 0, 0), AREA(owner_tgid, 0, 0), AREA(owner_uid, 0, 0),
};

static const struct mutate_field invalid[] = { AREA(iova, 0, 0), AREA(last, 0, 0) };

static const struct mutate_field pinned[] = {
	AREA(iova, 0, 0), AREA(last, 0, 0), AREA(pages, 0, 0), AREA(pfnmap, 0, 0), AREA(area, 0, 0),
};

static const struct mutate_field charge[] = {
	CHARGE(owner, 0),      CHARGE(counter, 4),   CHARGE(pages, 0),
	CHARGE(owner_tgid, 0), CHARGE(owner_uid, 0), CHARGE(pages_id, 0),
};

static const struct mutate_field group[] = { OBJ(group, 0), OBJ(emulated, 2) };

static const struct mutate_field access_pin[] = {
	AREA(iova, 0, 0), AREA(last, 0, 0),   AREA(pages, 0, 0),
	AREA(prot, 4, 0), AREA(group, 0, T1), AREA(object, 0, FD),
};

static const struct mutate_field access_unpin[] = {
	AREA(iova, 0, 0),
	AREA(last, 0, 0),
	AREA(pages, 0, 0),
	AREA(object, 0, FD),
};

static const struct mutate_field dirty[] = { OBJ(dirty, 2), OBJ(non_pinned_groups, 0),
					     OBJ(entries_left, 0) };

static const struct mutate_field split[] = {
	AREA(iova, 0, 0), AREA(last, 0, 0), AREA(va, 0, 0),    AREA(prot, 4, 0),
	AREA(area, 0, 0), AREA(at, 0, 0),   AREA(area2, 0, 0), AREA(pages_id, 0, 0),
};

static const struct mutate_field filled[] = {
	AREA(iova, 0, 0),
	AREA(last, 0, 0),
	AREA(object, 0, 0),
	AREA(bytes, 0, 0),
};

static const struct mutate_field pages_whole[] = {
	PAGES(pages_id, 0), PAGES(owner, 0),	  PAGES(va, 0),
	PAGES(npages, 0),   PAGES(memory, 4),	  PAGES(account, 4),
	PAGES(writable, 2), PAGES(owner_tgid, 0), PAGES(owner_uid, 0),
};

static const struct mutate_field pages_gone[] = { PAGES(pages_id, 0) };
static const struct mutate_field pages_pinned[] = { PAGES(pages_id, 0), PAGES(pinned, 0) };

static const struct mutate_field pages_owner[] = {
	PAGES(pages_id, 0),   PAGES(owner, 0),	   PAGES(account, 4),
	PAGES(owner_tgid, 0), PAGES(owner_uid, 0),
};

static const struct mutate_field domain[] = { OBJ(object, 0), OBJ(page_size, 0) };
static const struct mutate_field object[] = { OBJ(object, 0) };
static const struct mutate_field device[] = { OBJ(object, 0), OBJ(domain, 0), OBJ(group, 0) };
static const struct mutate_field device_end[] = { OBJ(object, 0), OBJ(domain, 0) };
static const struct mutate_field client[] = { OBJ(object, 0), OBJ(page_size, 0), OBJ(exact, 2) };

static const struct mutate_field range[] = { RANGE(iova, 0), RANGE(last, 0), RANGE(class, 4),
					     RANGE(owner, 0) };

static const struct mutate_field range_clear[] = { RANGE(class, 4), RANGE(owner, 0) };
static const struct mutate_field option[] = { OBJ(option, 3), OBJ(value, 2) };
static const struct mutate_field mode[] = { OBJ(mode, 8) };

#define FIELDS(list)                                                                               \
	{                                                                                          \
		list, UNIT_COUNT(list)                                                             \
	}

static const struct {
	const struct mutate_field *list;
	size_t count;
} bodies[IOAS_EV_KIND_MAX] = {
	[IOAS_EV_IOAS_NEW] = FIELDS(mode),
	[IOAS_EV_IOAS_GONE] = FIELDS(mode),
	[IOAS_EV_AREA_ADD] = FIELDS(area),
	[IOAS_EV_AREA_GOING] = FIELDS(area),
	[IOAS_EV_AREA_GONE] = FIELDS(area),
	[IOAS_EV_AREA_UPDATE] = FIELDS(update),
	[IOAS_EV_VADDR_INVALID] = FIELDS(invalid),
	[IOAS_EV_PINNED] = FIELDS(pinned),
	[IOAS_EV_CHARGE] = FIELDS(charge),
	[IOAS_EV_GROUP_ATTACH] = FIELDS(group),
	[IOAS_EV_GROUP_DETACH] = FIELDS(group),
	[IOAS_EV_ACCESS_PIN] = FIELDS(access_pin),
	[IOAS_EV_ACCESS_UNPIN] = FIELDS(access_unpin),
	[IOAS_EV_DIRTY] = FIELDS(dirty),
	[IOAS_EV_AREA_SPLIT] = FIELDS(split),
	[IOAS_EV_AREA_MERGED] = FIELDS(split),
	[IOAS_EV_AREA_FILLED] = FIELDS(filled),
	[IOAS_EV_PAGES_NEW] = FIELDS(pages_whole),
	[IOAS_EV_PAGES_GONE] = FIELDS(pages_gone),
	[IOAS_EV_PAGES_PINNED] = FIELDS(pages_pinned),
	[IOAS_EV_PAGES_OWNER] = FIELDS(pages_owner),
	[IOAS_EV_DOMAIN_ATTACH] = FIELDS(domain),
	[IOAS_EV_DOMAIN_DETACH] = FIELDS(object),
	[IOAS_EV_DEVICE_ATTACH] = FIELDS(device),
	[IOAS_EV_DEVICE_DETACH] = FIELDS(device_end),
	[IOAS_EV_ACCESS_ATTACH] = FIELDS(client),
	[IOAS_EV_ACCESS_DETACH] = FIELDS(object),
	[IOAS_EV_RANGE_ADD] = FIELDS(range),
	[IOAS_EV_RANGE_DEL] = FIELDS(range),
	[IOAS_EV_RANGE_CLEAR] = FIELDS(range_clear),
	[IOAS_EV_OPTION] = FIELDS(option),
};

size_t mutate_fields(const struct ioas_event *ev, const struct mutate_field **out)
{
	size_t n = 0;

	for (size_t i = 0; i < UNIT_COUNT(head); i++) {
		/* Memory is the context's: through which IOAS it came is no state. */
		bool ioas = ev->ioas && ev->kind != IOAS_EV_PAGES_NEW;

		if (ioas || strcmp(head[i].name, "ioas"))
			out[n++] = &head[i];
	}
	for (size_t i = 0; i < bodies[ev->kind].count; i++) {
		const struct mutate_field *field = &bodies[ev->kind].list[i];

		if (!field->backends || field->backends & 1U << ev->backend)
			out[n++] = field;
	}
	return n;
}

uint64_t mutate_get(const struct ioas_event *ev, const struct mutate_field *field)
{
	uint64_t value = 0;

	memcpy(&value, (const char *)ev + field->offset, field->size);
	return value;
}

static uint64_t near(struct unit_random *r, uint64_t value)
{
	static const uint64_t steps[] = { 1, 2, MODEL_PAGE, 1ULL << 21 };
	uint64_t step = steps[unit_below(r, UNIT_COUNT(steps))];

	return unit_below(r, 2) ? value + step : value - step;
}

/* The same field of another event of the same kind. */
static uint64_t other(struct unit_random *r, const struct ioas_event *ev,
		      const struct mutate_field *field, const struct model_events *events)
{
	size_t from = unit_below(r, events->count);

	for (size_t i = 0; i < events->count; i++) {
		const struct ioas_event *e = &events->at[(from + i) % events->count];

		if (e->kind == ev->kind && mutate_get(e, field) != mutate_get(ev, field))
			return mutate_get(e, field);
	}
	return unit_random(r);
}

bool mutate_change(struct ioas_event *ev, const struct mutate_field *field, struct unit_random *r,
		   const struct model_events *events)
{
	uint64_t was = mutate_get(ev, field), now;

	if (field->below) {
		now = unit_below(r, field->below);
	} else {
		switch (unit_below(r, 4)) {
		case 0:
			now = near(r, was);
			break;
		case 1:
			now = unit_random(r) >> unit_below(r, 64);
			break;
		case 2:
			now = 0;
			break;
		default:
			now = other(r, ev, field, events);
			break;
		}
	}
	memcpy((char *)ev + field->offset, &now, field->size);
	return mutate_get(ev, field) != was;
}
