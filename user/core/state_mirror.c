// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_mirror.h"

#include <errno.h>
#include <string.h>

#include "core/state_pins.h"

/*
 * Pages of @a that clients hold. Areas and ranges of pins both come by IOVA, so
 * that *r, the first range that may reach into @a, only moves on.
 */
static __s64 client_pages(const struct mirror_area *a, const struct pin_range **r)
{
	const struct pin_range *p;
	__s64 pages = 0;

	while (*r && (*r)->node.last < a->node.start)
		*r = mirror_pins_next(*r);
	for (p = *r; p && p->node.start <= a->node.last; p = mirror_pins_next(p)) {
		__u64 from = p->node.start > a->node.start ? p->node.start : a->node.start;
		__u64 to = p->node.last < a->node.last ? p->node.last : a->node.last;

		pages += pin_pages(from, to);
	}
	return pages;
}

/*
 * Pages pinned for an area of a hardware user whose memory is shared: all of
 * them, unless the object's own count tells that it has not come so far. A
 * dma-buf is never pinned by the page.
 */
static __s64 shared_pages(const struct mirror_area *a, const struct mirror_pages *p)
{
	__s64 pages = pin_pages(a->node.start, a->node.last);

	if (p->memory == IOAS_MEMORY_DMABUF || !p->pinned)
		return 0;
	return p->pinned >= pages ? pages : -1;
}

static void fill_area(const struct mirror *m, const struct mirror_area *a, struct state_area *v)
{
	const struct mirror_pages *p = mirror_area_pages(a);
	struct mirror_owner owner = mirror_area_owner(m, a);

	v->iova = a->node.start;
	v->last = a->node.last;
	v->va = mirror_area_va(a);
	v->offset = mirror_area_offset(a);
	v->pfnmap = a->pfnmap;
	v->time_ns = a->time_ns;
	v->area = a->number;
	v->prot = a->prot;
	v->tgid = owner.tgid;
	v->uid = owner.uid;
	v->pages_id = p ? p->id : 0;
	v->memory = p ? p->memory : IOAS_MEMORY_NONE;
	v->going = a->going;
	v->vaddr_invalid = a->vaddr_invalid;
}

static int add_areas(const struct mirror *m, const struct mirror_ioas *i, struct state_ioas *out)
{
	const struct pin_range *pins = mirror_pins_first(i);
	bool hardware = mirror_has_hardware(i);
	int err = state_reserve_areas(out, mirror_area_count(i));

	for (const struct mirror_area *a = mirror_area_first(i); a && !err;
	     a = mirror_area_next(a)) {
		const struct mirror_pages *p = mirror_area_pages(a);
		struct state_area v = {};

		fill_area(m, a, &v);
		if (!hardware)
			v.pinned = client_pages(a, &pins);
		else
			v.pinned = p ? shared_pages(a, p) : mirror_area_pinned(a);
		err = state_add_area(out, &v);
		out->vaddr_invalid += v.vaddr_invalid;
		out->pfnmap += v.pfnmap;
	}
	if (!err)
		err = state_sum_pinned(out);
	return err;
}

static void fill_charge(const struct mirror_charge *c, struct state_charge *v)
{
	*v = (struct state_charge){
		.owner = c->owner,
		.counter = c->counter,
		.tgid = c->tgid,
		.uid = c->uid,
		.pages = c->pages,
		.peak = c->peak,
	};
}

static int add_charges(const struct mirror_ioas *i, struct state_ioas *out)
{
	for (const struct mirror_charge *c = mirror_charge_first(i); c; c = mirror_charge_next(c)) {
		struct state_charge v;
		int err;

		fill_charge(c, &v);
		err = c->pages ? state_add_ioas_charge(out, &v) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int add_pins(const struct mirror_ioas *i, struct state_ioas *out)
{
	for (const struct pin_range *r = mirror_pins_first(i); r; r = mirror_pins_next(r)) {
		struct state_pin v = {
			.iova = r->node.start,
			.last = r->node.last,
			.count = r->count,
		};
		int err = state_add_pin(out, &v);

		if (err)
			return err;
	}
	return 0;
}

static int add_ranges(const struct mirror_ioas *i, struct state_ioas *out)
{
	for (unsigned int c = IOAS_RANGE_VALID; c < IOAS_RANGE_CLASSES; c++) {
		for (const struct mirror_range *r = mirror_range_first(i, c); r;
		     r = mirror_range_next(r)) {
			struct state_range v = {
				.iova = r->node.start,
				.last = r->node.last,
				.owner = r->owner,
				.class = r->class,
			};
			int err = state_add_range(out, &v);

			if (err)
				return err;
		}
	}
	return 0;
}

static int add_devices(const struct mirror_ioas *i, struct state_ioas *out)
{
	for (const struct mirror_device *d = mirror_device_first(i); d; d = mirror_device_next(d)) {
		struct state_device v = { .id = d->id, .domain = d->domain, .group = d->group };
		int err;

		memcpy(v.name, d->name, sizeof(v.name));
		err = state_add_device(out, &v);
		if (err)
			return err;
	}
	return 0;
}

/* Of one that is older nothing was told, nor in a recording that has it for the IOAS only. */
static __s8 domain_dirty(const struct mirror_ioas *i, const struct mirror_domain *d)
{
	if (d->dirty)
		return 1;
	return i->adopted || i->dirty ? -1 : 0;
}

static int add_users(const struct mirror_ioas *i, struct state_ioas *out)
{
	int err = 0;

	for (const struct mirror_domain *d = mirror_domain_first(i); d && !err;
	     d = mirror_domain_next(d)) {
		struct state_domain v = {
			.id = d->id,
			.page_size = d->page_size,
			.mapped = d->mapped,
			.dirty = domain_dirty(i, d),
		};

		err = state_add_domain(out, &v);
	}
	for (const struct mirror_access *a = mirror_access_first(i); a && !err;
	     a = mirror_access_next(a)) {
		struct state_access v = {
			.id = a->id,
			.exact = a->exact,
			.alignment = a->alignment,
			.pins = a->pins.refs,
		};

		err = state_add_access(out, &v);
	}
	return err ? err : add_devices(i, out);
}

static void fill_ioas(const struct mirror_ioas *i, struct state_ioas *v)
{
	v->id = i->id;
	v->backend = i->ctx->backend;
	v->mode = i->mode;
	v->adopted = i->adopted;
	v->dirty = mirror_tracks_dirty(i);
	v->non_pinned_groups = i->non_pinned_groups;
	v->client_pins = i->pins.refs;
	v->entries_left = -1; /* what was told once is not what is left now */
	v->pins_known = !i->adopted;
	v->users_known = i->ctx->backend != IOAS_BACKEND_TYPE1;
	/* Of type1 not every kernel and source tells them: none may mean not known. */
	v->ranges_known = v->users_known || mirror_range_count(i, IOAS_RANGE_VALID);
	for (const struct mirror_group *g = mirror_group_first(i); g; g = mirror_group_next(g)) {
		if (v->ngroups == IOAS_GROUPS_MAX)
			break;
		v->groups[v->ngroups].id = g->number;
		v->groups[v->ngroups++].emulated = g->emulated;
	}
}

static int add_ioas(const struct mirror *m, const struct mirror_ioas *i, struct state_ctx *c)
{
	struct state_ioas v = {};
	struct state_ioas *out;
	int err;

	fill_ioas(i, &v);
	err = state_add_ioas(c, &v, &out);
	if (!err)
		err = add_users(i, out);
	if (!err)
		err = add_areas(m, i, out);
	if (!err)
		err = add_pins(i, out);
	if (!err)
		err = add_ranges(i, out);
	return err ? err : add_charges(i, out);
}

static int add_pages(const struct mirror_ctx *c, struct state_ctx *out)
{
	for (const struct mirror_pages *p = mirror_pages_first(c); p; p = mirror_pages_next(p)) {
		struct state_pages v = {
			.id = p->id,
			.areas = p->areas,
			.va = p->va,
			.npages = p->npages,
			.pinned = p->pinned,
			.charged = p->charged,
			.owner = p->owner,
			.tgid = p->owner_tgid,
			.uid = p->owner_uid,
			.memory = p->memory,
			.account = p->account,
			.writable = p->writable,
		};
		int err = state_add_pages(out, &v);

		if (err)
			return err;
	}
	return 0;
}

static int add_ctx_charges(const struct mirror_ctx *c, struct state_ctx *out)
{
	for (const struct mirror_charge *p = mirror_ctx_charge_first(c); p;
	     p = mirror_charge_next(p)) {
		struct state_charge v;
		int err;

		fill_charge(p, &v);
		err = p->pages ? state_add_ctx_charge(out, &v) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int add_ctx(const struct mirror *m, const struct mirror_ctx *c, struct state *s)
{
	struct state_ctx v = {
		.id = c->id,
		.backend = c->backend,
		.adopted = c->adopted,
		.closed = -1,
		.opened_ns = c->opened_ns,
		.uncertain_ns = c->uncertain_since,
		.who = { .tgid = c->tgid, .tid = c->tgid, .uid = c->uid },
		.pages_known = c->backend != IOAS_BACKEND_TYPE1,
	};
	struct state_ctx *out;
	int err;

	memcpy(v.who.comm, c->comm, sizeof(v.who.comm));
	err = state_add_ctx(s, &v, &out);
	if (!err)
		err = add_pages(c, out);
	if (!err)
		err = add_ctx_charges(c, out);
	for (const struct mirror_ioas *i = mirror_ioas_first(c); i && !err; i = mirror_ioas_next(i))
		err = add_ioas(m, i, out);
	return err;
}

int state_from_mirror(const struct mirror *m, __u64 now_ns, struct state *out)
{
	struct state s = { .source = STATE_FROM_EVENTS, .time_ns = now_ns };
	int err = 0;

	for (const struct mirror_ctx *c = mirror_ctx_first(m); c && !err; c = mirror_ctx_next(c))
		err = add_ctx(m, c, &s);
	if (!err)
		err = state_mark_stale(m, &s);
	if (err) {
		state_clear(&s);
		return err;
	}
	state_finish(&s);
	*out = s;
	return 0;
}
