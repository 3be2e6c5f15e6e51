// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_mirror.h"

#include <errno.h>
#include <string.h>

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

static __s64 client_refs(const struct mirror_ioas *i)
{
	__s64 refs = 0;

	for (const struct pin_range *r = mirror_pins_first(i); r; r = mirror_pins_next(r))
		refs += pin_pages(r->node.start, r->node.last) * r->count;
	return refs;
}

/* Pages of @a that are pinned; -1: not known, they are those of its pages object. */
static __s64 pinned_pages(const struct mirror_area *a, bool hardware, const struct pin_range **pins)
{
	if (mirror_area_pages(a))
		return -1;
	return hardware ? mirror_area_pinned(a) : client_pages(a, pins);
}

static int add_areas(const struct mirror *m, const struct mirror_ioas *i, struct state_ioas *out)
{
	const struct pin_range *pins = mirror_pins_first(i);
	bool hardware = mirror_has_hardware(i);

	for (const struct mirror_area *a = mirror_area_first(i); a; a = mirror_area_next(a)) {
		struct mirror_owner owner = mirror_area_owner(m, a);
		struct state_area v = {
			.iova = a->node.start,
			.last = a->node.last,
			.va = mirror_area_va(a),
			.pinned = pinned_pages(a, hardware, &pins),
			.pfnmap = a->pfnmap,
			.time_ns = a->time_ns,
			.area = a->number,
			.prot = a->prot,
			.tgid = owner.tgid,
			.uid = owner.uid,
			.going = a->going,
			.vaddr_invalid = a->vaddr_invalid,
		};
		int err = state_add_area(out, &v);

		if (err)
			return err;
		out->vaddr_invalid += v.vaddr_invalid;
		out->pinned += v.pinned > 0 ? v.pinned : 0;
		out->pfnmap += v.pfnmap;
	}
	return 0;
}

static int add_charges(const struct mirror_ioas *i, struct state_ioas *out)
{
	for (const struct mirror_charge *c = mirror_charge_first(i); c; c = mirror_charge_next(c)) {
		struct ioas_charge v = {
			.owner = c->owner,
			.tgid = c->tgid,
			.uid = c->uid,
			.pages = c->pages,
			.peak = c->peak,
		};
		int err = c->pages ? state_add_charge(out, &v) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int add_ioas(const struct mirror *m, const struct mirror_ioas *i, struct state_ctx *c)
{
	struct state_ioas v = {
		.id = i->id,
		.backend = i->ctx->backend,
		.mode = i->mode,
		.adopted = i->adopted,
		.dirty = i->dirty,
		.non_pinned_groups = i->non_pinned_groups,
		.client_pins = client_refs(i),
		.entries_left = -1,
	};
	struct state_ioas *out;
	int err;

	for (const struct mirror_group *g = mirror_group_first(i); g; g = mirror_group_next(g)) {
		if (v.ngroups == IOAS_GROUPS_MAX)
			break;
		v.groups[v.ngroups].id = g->number;
		v.groups[v.ngroups++].emulated = g->emulated;
	}
	err = state_add_ioas(c, &v, &out);
	if (!err)
		err = add_areas(m, i, out);
	return err ? err : add_charges(i, out);
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
	};
	struct state_ctx *out;
	int err;

	memcpy(v.who.comm, c->comm, sizeof(v.who.comm));
	err = state_add_ctx(s, &v, &out);
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
	if (err) {
		state_clear(&s);
		return err;
	}
	state_finish(&s);
	*out = s;
	return 0;
}
