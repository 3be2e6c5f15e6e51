// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: what is in an IOAS, as events (see mirror_keyframe.c). */
#include "core/mirror_keyframe_impl.h"

static int tell_ranges(const struct keyframe *k, const struct mirror_ioas *i, unsigned int class)
{
	const struct mirror_range *r;
	int rc = 0;

	for (r = mirror_range_first(i, class); r && !rc; r = mirror_range_next(r)) {
		struct ioas_event ev = blank(k, IOAS_EV_RANGE_ADD, i);

		ev.body_range.iova = r->node.start;
		ev.body_range.last = r->node.last;
		ev.body_range.class = r->class;
		ev.body_range.owner = r->owner;
		rc = tell(k, &ev);
	}
	return rc;
}

static int tell_ioas(const struct keyframe *k, const struct mirror_ioas *i)
{
	struct ioas_event ev = blank(k, IOAS_EV_IOAS_NEW, i);
	int rc;

	ev.flags = i->adopted ? IOAS_F_ADOPTED : 0;
	ev.time_ns = i->time_ns;
	ev.body_obj.mode = i->mode;
	rc = tell(k, &ev);
	if (rc)
		return rc;
	ev = blank(k, IOAS_EV_DIRTY, i);
	ev.body_obj.dirty = i->dirty;
	ev.body_obj.non_pinned_groups = i->non_pinned_groups;
	ev.body_obj.entries_left = (uint64_t)i->entries_left; /* -1: not told */
	rc = tell(k, &ev);
	if (!rc && i->small_pages) {
		ev = blank(k, IOAS_EV_OPTION, i);
		ev.body_obj.option = IOAS_OPTION_HUGE_PAGES; /* .value 0: none */
		rc = tell(k, &ev);
	}
	for (unsigned int c = IOAS_RANGE_VALID; c < IOAS_RANGE_CLASSES && !rc; c++)
		rc = tell_ranges(k, i, c);
	return rc;
}

static int tell_groups(const struct keyframe *k, const struct mirror_ioas *i)
{
	int rc = 0;

	for (const struct mirror_group *g = mirror_group_first(i); g && !rc;
	     g = mirror_group_next(g)) {
		struct ioas_event ev = blank(k, IOAS_EV_GROUP_ATTACH, i);

		ev.time_ns = i->hardware_since;
		ev.body_obj.group = g->number;
		ev.body_obj.emulated = g->emulated;
		rc = tell(k, &ev);
	}
	return rc;
}

static int tell_domain(const struct keyframe *k, const struct mirror_ioas *i,
		       const struct mirror_domain *d)
{
	struct ioas_event ev = blank(k, IOAS_EV_DOMAIN_ATTACH, i);
	int rc;

	ev.body_obj.object = d->id;
	ev.body_obj.page_size = d->page_size;
	rc = tell(k, &ev);
	if (!rc && d->dirty) {
		ev = blank(k, IOAS_EV_DIRTY, i);
		ev.body_obj.object = d->id;
		ev.body_obj.dirty = 1;
		rc = tell(k, &ev);
	}
	if (rc || !d->mapped)
		return rc;
	ev = blank(k, IOAS_EV_AREA_FILLED, i);
	ev.flags = IOAS_F_ADOPTED;
	ev.body_area.object = d->id;
	ev.body_area.bytes = d->mapped;
	return tell(k, &ev);
}

static int tell_device(const struct keyframe *k, const struct mirror_ioas *i,
		       const struct mirror_device *d)
{
	struct ioas_event ev = blank(k, IOAS_EV_DEVICE_ATTACH, i);

	ev.body_obj.object = d->id;
	ev.body_obj.domain = d->domain;
	ev.body_obj.group = d->group;
	memcpy(ev.body_obj.name, d->name, sizeof(ev.body_obj.name));
	return tell(k, &ev);
}

static int tell_access(const struct keyframe *k, const struct mirror_ioas *i,
		       const struct mirror_access *a)
{
	struct ioas_event ev = blank(k, IOAS_EV_ACCESS_ATTACH, i);

	ev.body_obj.object = a->id;
	ev.body_obj.page_size = a->alignment;
	ev.body_obj.exact = a->exact;
	return tell(k, &ev);
}

static int tell_users(const struct keyframe *k, const struct mirror_ioas *i)
{
	int rc = tell_groups(k, i);

	for (const struct mirror_domain *d = mirror_domain_first(i); d && !rc;
	     d = mirror_domain_next(d))
		rc = tell_domain(k, i, d);
	for (const struct mirror_device *d = mirror_device_first(i); d && !rc;
	     d = mirror_device_next(d))
		rc = tell_device(k, i, d);
	for (const struct mirror_access *a = mirror_access_first(i); a && !rc;
	     a = mirror_access_next(a))
		rc = tell_access(k, i, a);
	return rc;
}

static struct ioas_event area_event(const struct keyframe *k, unsigned int kind,
				    const struct mirror_ioas *i, const struct mirror_area *a)
{
	struct mirror_owner owner = mirror_area_owner(k->m, a);
	const struct mirror_pages *pages = mirror_area_pages(a);
	struct ioas_event ev = blank(k, kind, i);

	ev.time_ns = a->time_ns;
	ev.op = a->op;
	ev.body_area.iova = a->node.start;
	ev.body_area.last = a->node.last;
	ev.body_area.va = mirror_area_va(a);
	ev.body_area.prot = a->prot;
	ev.body_area.area = a->number;
	ev.body_area.owner_tgid = owner.tgid;
	ev.body_area.owner_uid = owner.uid;
	ev.body_area.pages_id = pages ? pages->id : 0;
	return ev;
}

static int tell_area(const struct keyframe *k, const struct mirror_ioas *i,
		     const struct mirror_area *a)
{
	struct ioas_event ev = area_event(k, IOAS_EV_AREA_ADD, i, a);
	int64_t pinned = mirror_area_pinned(a);
	int rc;

	ev.flags = a->adopted ? IOAS_F_ADOPTED : 0;
	ev.body_area.at = mirror_area_offset(a);
	/* More than there can be is no news of a mapping, but it may have been counted. */
	if (pinned <= (int64_t)MIRROR_NPAGES_MAX && a->pfnmap <= MIRROR_NPAGES_MAX) {
		ev.body_area.pages = pinned;
		ev.body_area.pfnmap = a->pfnmap;
		return tell(k, &ev);
	}
	rc = tell(k, &ev);
	if (rc)
		return rc;
	ev = area_event(k, IOAS_EV_PINNED, i, a);
	ev.body_area.pages = pinned;
	ev.body_area.pfnmap = a->pfnmap;
	return tell(k, &ev);
}

static int tell_areas(const struct keyframe *k, const struct mirror_ioas *i)
{
	const struct mirror_area *a;
	int rc = 0;

	for (a = mirror_area_first(i); a && !rc; a = mirror_area_next(a)) {
		struct ioas_event ev;

		rc = tell_area(k, i, a);
		if (!rc && a->vaddr_invalid) {
			ev = area_event(k, IOAS_EV_VADDR_INVALID, i, a);
			rc = tell(k, &ev);
		}
		if (!rc && a->going) {
			ev = area_event(k, IOAS_EV_AREA_GOING, i, a);
			rc = tell(k, &ev);
		}
	}
	return rc;
}

/* The pins of an access, or with number 0 those that none is known to hold. */
static int tell_pins(const struct keyframe *k, const struct mirror_ioas *i, uint32_t access,
		     const struct pincount *pins)
{
	const struct itree_node *n;
	int rc = 0;

	itree_for_each(n, &pins->ranges) {
		uint64_t left = itree_entry(n, struct pin_range, node)->count;
		struct ioas_event ev = blank(k, IOAS_EV_ACCESS_PIN, i);

		ev.body_area.iova = n->start;
		ev.body_area.last = n->last;
		ev.body_area.pages = (int64_t)pin_pages(n->start, n->last);
		ev.body_area.object = access;
		for (; left && !rc; left -= ev.body_area.refs) {
			ev.body_area.refs = left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
			rc = tell(k, &ev);
		}
		if (rc)
			break;
	}
	return rc;
}

static int tell_all_pins(const struct keyframe *k, const struct mirror_ioas *i)
{
	struct pincount unnamed = { .pages = 0 };
	int rc = 0;

	for (const struct mirror_access *a = mirror_access_first(i); a && !rc;
	     a = mirror_access_next(a))
		rc = tell_pins(k, i, a->id, &a->pins);
	if (rc)
		return rc;
	if (!mirror_access_count(i))
		return tell_pins(k, i, 0, &i->pins);
	rc = mirror_unnamed_pins(k->m, i, 0, UINT64_MAX, &unnamed);
	if (!rc)
		rc = tell_pins(k, i, 0, &unnamed);
	pincount_clear(&unnamed, &k->m->alloc);
	return rc;
}

int keyframe_tell_ioas(const struct keyframe *k, const struct mirror_ioas *ioas)
{
	int rc = tell_ioas(k, ioas);

	if (!rc)
		rc = tell_users(k, ioas);
	if (!rc)
		rc = tell_areas(k, ioas);
	if (!rc)
		rc = tell_all_pins(k, ioas);
	return rc;
}
