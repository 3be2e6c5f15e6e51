// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "core/event.h"
#include "core/state_merged.h"
#include "core/state_pins.h"
#include "core/state_shared.h"
#include "view/show_impl.h"
#include "view/units.h"

/* What no hook counts is null, never 0. */
static void json_count(struct json *j, const char *key, bool known, __s64 v)
{
	if (known)
		json_s64(j, key, v);
	else
		json_null(j, key);
}

static void json_owner(struct json *j, const struct state_area *a)
{
	json_u64(j, "owner_pid", a->tgid);
	json_u64(j, "owner_uid", a->uid);
	json_strn(j, "owner_comm", a->comm[0] ? a->comm : NULL, sizeof(a->comm));
}

void show_json_area(struct json *j, const char *key, const struct state_area *a)
{
	json_object(j, key);
	json_id(j, "area", a->area);
	json_u64(j, "iova", a->iova);
	json_u64(j, "last", a->last);
	json_u64(j, "size", state_bytes(a->iova, a->last));
	json_u64(j, "va", a->va);
	json_str(j, "prot", units_prot(a->prot));
	json_count(j, "pinned_pages", a->pinned >= 0, a->pinned);
	json_count(j, "pfnmap_pages", a->pfnmap >= 0, a->pfnmap);
	json_str(j, "state", show_condition(a));
	json_owner(j, a);
	json_id(j, "mapped_ns", a->time_ns);
	if (a->pages_id) {
		json_u64(j, "pages_object", a->pages_id);
		json_u64(j, "offset", a->offset);
		json_str(j, "memory", ioas_memory_name(a->memory));
	}
	json_end_object(j);
}

static void json_groups(struct json *j, const struct state_ioas *i)
{
	char devices[256];

	json_array(j, "groups");
	for (__u32 g = 0; g < i->ngroups; g++) {
		json_object(j, NULL);
		json_u64(j, "group", i->groups[g].id);
		json_bool(j, "emulated", i->groups[g].emulated);
		json_str(j, "devices",
			 show_group_devices(devices, sizeof(devices), NULL, i->groups[g].id));
		json_end_object(j);
	}
	json_end_array(j);
}

void show_json_charge(struct json *j, const struct state_charge *c)
{
	json_str(j, "counter", ioas_counter_name(c->counter));
	json_u64(j, "pid", c->tgid);
	json_u64(j, "uid", c->uid);
	json_strn(j, "comm", c->comm[0] ? c->comm : NULL, sizeof(c->comm));
}

static void json_charges(struct json *j, const struct state_charge *c, size_t n)
{
	json_array(j, "charges");
	for (; n; n--, c++) {
		json_object(j, NULL);
		show_json_charge(j, c);
		json_s64(j, "pages", c->pages);
		json_end_object(j);
	}
	json_end_array(j);
}

/* ---- who uses it, and where areas may be ---- */

static void json_dirty(struct json *j, __s8 dirty)
{
	if (dirty < 0)
		json_null(j, "dirty_tracking");
	else
		json_bool(j, "dirty_tracking", dirty);
}

static void json_domains(struct json *j, const struct state_ioas *i)
{
	json_array(j, "domains");
	for (size_t n = 0; n < i->ndomains; n++) {
		json_object(j, NULL);
		json_u64(j, "domain", i->domains[n].id);
		json_id(j, "page_size", i->domains[n].page_size);
		json_s64(j, "mapped_bytes", i->domains[n].mapped);
		json_dirty(j, i->domains[n].dirty);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_devices(struct json *j, const struct state_ioas *i)
{
	json_array(j, "devices");
	for (size_t n = 0; n < i->ndevices; n++) {
		const struct state_device *d = &i->devices[n];

		json_object(j, NULL);
		json_u64(j, "device", d->id);
		json_id(j, "domain", d->domain);
		json_u64(j, "group", d->group);
		json_strn(j, "name", d->name[0] ? d->name : NULL, sizeof(d->name));
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_accesses(struct json *j, const struct state_ioas *i)
{
	json_array(j, "accesses");
	for (size_t n = 0; n < i->naccesses; n++) {
		const struct state_access *a = &i->accesses[n];

		json_object(j, NULL);
		json_u64(j, "access", a->id);
		json_bool(j, "exact", a->exact);
		json_id(j, "page_size", a->alignment);
		json_count(j, "client_pins", a->pins >= 0, a->pins);
		json_end_object(j);
	}
	json_end_array(j);
}

void show_json_range(struct json *j, const struct state_range *r)
{
	json_str(j, "class", ioas_range_name(r->class));
	json_u64(j, "iova", r->iova);
	json_u64(j, "last", r->last);
	json_id(j, "asked_by", r->owner);
}

static void json_ranges(struct json *j, const struct state_ioas *i)
{
	json_array(j, "ranges");
	for (size_t n = 0; n < i->nranges; n++) {
		json_object(j, NULL);
		show_json_range(j, &i->ranges[n]);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_users(struct json *j, const struct state_ioas *i)
{
	if (i->users_known) {
		json_domains(j, i);
		json_devices(j, i);
		json_accesses(j, i);
	} else {
		json_null(j, "domains");
		json_null(j, "devices");
		json_null(j, "accesses");
	}
	if (i->ranges_known)
		json_ranges(j, i);
	else
		json_null(j, "ranges");
}

/* ---- views that are asked for ---- */

static void json_merged(struct json *j, const struct state_ioas *i, const struct show_filter *f)
{
	struct state_merged m;
	size_t pos = 0;

	json_array(j, "merged");
	while (state_merged_next(i, &pos, &m)) {
		if (f->has_iova && (f->iova < m.iova || f->iova > m.last))
			continue;
		json_object(j, NULL);
		json_u64(j, "requests", m.requests);
		json_u64(j, "areas", m.areas);
		json_u64(j, "iova", m.iova);
		json_u64(j, "last", m.last);
		json_u64(j, "size", state_bytes(m.iova, m.last));
		json_u64(j, "va", m.va);
		json_str(j, "prot", units_prot(m.first->prot));
		json_count(j, "pinned_pages", m.pinned >= 0, m.pinned);
		json_count(j, "pfnmap_pages", m.pfnmap >= 0, m.pfnmap);
		json_str(j, "state", show_condition(m.first));
		json_owner(j, m.first);
		json_id(j, "pages_object", m.pages_id);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_histogram(struct json *j, const struct state_ioas *i)
{
	struct state_histogram h;

	if (!i->pins_known) {
		json_null(j, "pin_histogram");
		return;
	}
	state_histogram(i, &h);
	json_object(j, "pin_histogram");
	json_u64(j, "areas", h.total);
	json_u64(j, "pin_ranges", h.ranges);
	json_u64(j, "outside", h.outside);
	json_array(j, "bins");
	for (unsigned int b = 0; b < STATE_BINS; b++) {
		__u64 from, to;

		if (!h.areas[b])
			continue;
		state_bin_limits(b, &from, &to);
		json_object(j, NULL);
		json_u64(j, "from", from);
		json_u64(j, "to", to);
		json_u64(j, "areas", h.areas[b]);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
}

/* ---- all of it ---- */

static void json_totals(struct json *j, const struct state_ioas *i, __u32 missing)
{
	bool pins = !(missing & IOAS_MISSING_PINS);

	json_bool(j, "complete", state_complete(i));
	json_u64(j, "mapped_bytes", i->bytes);
	json_count(j, "pinned_pages", pins && i->pinned >= 0, i->pinned);
	json_count(j, "pfnmap_pages", pins, i->pfnmap);
	json_count(j, "client_pins", i->client_pins >= 0 && !i->adopted, i->client_pins);
	json_count(j, "pin_ranges", i->pins_known, i->npins);
	json_count(j, "charged_pages", !(missing & IOAS_MISSING_CHARGES), state_charged(i));
	json_count(j, "entries_left", i->entries_left >= 0, i->entries_left);
	json_dirty(j, i->dirty);
	json_u64(j, "non_pinned_groups", i->non_pinned_groups);
	json_u64(j, "vaddr_invalid", i->vaddr_invalid);
}

/* @shared: bytes that other IOASes map, too; NULL: not known. */
static void json_use(struct json *j, const struct state_ioas *i, const __u64 *shared)
{
	json_str(j, "used_by", state_use_name(state_use(i)));
	if (shared)
		json_u64(j, "shared_bytes", *shared);
	else
		json_null(j, "shared_bytes");
}

static void json_ioas(struct json *j, const struct state_ioas *i, const struct show_filter *f,
		      __u32 missing, const __u64 *shared)
{
	json_object(j, NULL);
	json_u64(j, "ioas", i->id);
	json_id(j, "object_id", i->object);
	json_str(j, "backend", ioas_backend_name(i->backend));
	json_str(j, "mode", ioas_mode_name(i->mode));
	json_totals(j, i, missing);
	json_use(j, i, shared);
	json_groups(j, i);
	json_users(j, i);
	json_charges(j, i->charges, i->ncharges);
	show_stale_json(j, i);
	if (f->histogram)
		json_histogram(j, i);
	if (f->merged)
		json_merged(j, i, f);
	json_array(j, "areas");
	for (size_t n = 0; n < i->nareas; n++) {
		if (show_wants_area(f, &i->areas[n]))
			show_json_area(j, NULL, &i->areas[n]);
	}
	json_end_array(j);
	json_end_object(j);
}

static void json_pages_object(struct json *j, const struct state_pages *p)
{
	json_object(j, NULL);
	json_u64(j, "pages_object", p->id);
	json_str(j, "memory", ioas_memory_name(p->memory));
	if (p->memory == IOAS_MEMORY_USER)
		json_u64(j, "va", p->va);
	else
		json_null(j, "va");
	json_u64(j, "pages", p->npages);
	json_bool(j, "writable", p->writable);
	json_u64(j, "areas", p->areas);
	json_s64(j, "pinned_pages", p->pinned);
	json_s64(j, "charged_pages", p->charged);
	json_str(j, "counter", ioas_counter_name(p->account));
	json_id(j, "owner", p->owner);
	json_u64(j, "owner_pid", p->tgid);
	json_u64(j, "owner_uid", p->uid);
	json_end_object(j);
}

static void json_pages(struct json *j, const struct state_ctx *c, const struct show_filter *f)
{
	__u32 *ids;
	size_t n;

	if (!c->pages_known) {
		json_null(j, "pages_objects");
		json_null(j, "charges");
		return;
	}
	ids = show_wanted_pages(f, c, &n);
	json_array(j, "pages_objects");
	for (size_t p = 0; p < c->npages; p++) {
		if (show_wants_pages(ids, n, c->pages[p].id))
			json_pages_object(j, &c->pages[p]);
	}
	json_end_array(j);
	json_charges(j, c->charges, c->ncharges);
	free(ids);
}

static void json_ctx(struct json *j, const struct state_ctx *c, const struct show_filter *f,
		     __u32 missing)
{
	__u64 *shared = c->pages_known ? state_shared(c) : NULL;

	json_object(j, NULL);
	json_u64(j, "context", c->id);
	json_str(j, "backend", ioas_backend_name(c->backend));
	json_u64(j, "pid", c->who.tgid);
	json_u64(j, "uid", c->who.uid);
	json_strn(j, "comm", c->who.comm, sizeof(c->who.comm));
	if (c->closed < 0)
		json_null(j, "closed");
	else
		json_bool(j, "closed", c->closed);
	json_id(j, "uncertain_since_ns", c->uncertain_ns);
	json_array(j, "ioases");
	for (size_t i = 0; i < c->nioases; i++) {
		if (show_wants_ioas(f, c, &c->ioases[i]))
			json_ioas(j, &c->ioases[i], f, missing, shared ? &shared[i] : NULL);
	}
	json_end_array(j);
	free(shared);
	json_pages(j, c, f);
	json_end_object(j);
}

void show_json_head(struct json *j, const struct state *s)
{
	json_u64(j, "schema", SHOW_SCHEMA);
	json_str(j, "source", s->source == STATE_FROM_KERNEL ? "kernel" : "events");
	json_u64(j, "time_ns", s->time_ns);
}

void show_json(FILE *out, const struct state *s, const struct show_filter *f, bool pretty)
{
	struct json j;

	json_init(&j, out, pretty);
	json_object(&j, NULL);
	show_json_head(&j, s);
	json_array(&j, "contexts");
	for (size_t c = 0; c < s->nctxs; c++) {
		if (show_wants_ctx(f, &s->ctxs[c]))
			json_ctx(&j, &s->ctxs[c], f, s->missing);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}
