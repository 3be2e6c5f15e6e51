// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults: whose they are, and what is known of the address. */
#include "core/fault.h"

#include <string.h>

#define GONE_KEPT 4096

/* ---- whose ---- */

struct placing {
	struct ioas_event *ev;
	const struct mirror_device *device;
	const struct mirror_ioas *ioas;
};

static bool same_group(const struct ioas_fault_body *f, uint32_t group)
{
	return f->known & IOAS_FAULT_HAS_GROUP && f->group == group;
}

/* A device that has the name is found rather than one that is in its group. */
static void look_at_devices(struct placing *p, const struct mirror_ioas *ioas)
{
	const struct ioas_fault_body *f = &p->ev->body_fault;

	for (const struct mirror_device *d = mirror_device_first(ioas); d;
	     d = mirror_device_next(d)) {
		bool named = f->name[0] && !strcmp(d->name, f->name);

		if (!named && (p->ioas || !same_group(f, d->group)))
			continue;
		p->ioas = ioas;
		p->device = named ? d : NULL;
	}
}

static void look_at_groups(struct placing *p, const struct mirror_ioas *ioas)
{
	for (const struct mirror_group *g = mirror_group_first(ioas); g && !p->ioas;
	     g = mirror_group_next(g)) {
		if (!g->emulated && same_group(&p->ev->body_fault, g->number))
			p->ioas = ioas;
	}
}

static void look_everywhere(struct placing *p, const struct mirror *m)
{
	for (const struct mirror_ctx *c = mirror_ctx_first(m); c && !p->device;
	     c = mirror_ctx_next(c)) {
		for (const struct mirror_ioas *i = mirror_ioas_first(c); i && !p->device;
		     i = mirror_ioas_next(i)) {
			look_at_devices(p, i);
			look_at_groups(p, i);
		}
	}
}

bool fault_place(const struct mirror *m, struct ioas_event *ev)
{
	struct ioas_fault_body *f = &ev->body_fault;
	struct placing p = { .ev = ev };

	look_everywhere(&p, m);
	if (!p.ioas)
		return false;
	if (p.device) {
		f->object = p.device->id;
		if (!f->domain && !(f->known & IOAS_FAULT_HAS_PASID))
			f->domain = p.device->domain;
	}
	if (!ev->ctx) {
		ev->ctx = p.ioas->ctx->id;
		ev->backend = p.ioas->ctx->backend;
	}
	if (!ev->ioas && ev->ctx == p.ioas->ctx->id && !(f->known & IOAS_FAULT_HAS_PASID))
		ev->ioas = p.ioas->id;
	return true;
}

/* ---- what was there ---- */

struct gone {
	uint64_t iova;
	uint64_t last;
	uint64_t time_ns;
	uint32_t ioas;
	uint32_t tgid;
	uint32_t tid;
	char comm[IOAS_COMM_LEN];
};

struct fault_history {
	struct ioas_alloc alloc;
	uint64_t count; /* number i (from 0) is in slot i % GONE_KEPT */
	struct gone gone[GONE_KEPT];
};

struct fault_history *fault_history_new(const struct ioas_alloc *alloc)
{
	struct ioas_alloc a = alloc ? *alloc : ioas_alloc_default();
	struct fault_history *h = ioas_alloc_zeroed(&a, sizeof(*h));

	if (h)
		h->alloc = a;
	return h;
}

void fault_history_free(struct fault_history *h)
{
	struct ioas_alloc alloc;

	if (!h)
		return;
	alloc = h->alloc;
	ioas_alloc_release(&alloc, h);
}

void fault_history_take(struct fault_history *h, const struct ioas_event *ev)
{
	struct gone *g = &h->gone[h->count % GONE_KEPT];

	if (ev->kind != IOAS_EV_AREA_GONE)
		return;
	h->count++;
	*g = (struct gone){ .iova = ev->body_area.iova,
			    .last = ev->body_area.last,
			    .time_ns = ev->time_ns,
			    .ioas = ev->ioas,
			    .tgid = ev->tgid,
			    .tid = ev->tid };
	memcpy(g->comm, ev->comm, sizeof(g->comm));
	g->comm[sizeof(g->comm) - 1] = '\0';
}

/* The last area that was at the address; NULL: none, or too long ago. */
static const struct gone *find_gone(const struct fault_history *h, uint32_t ioas, uint64_t iova)
{
	uint64_t kept = h && h->count < GONE_KEPT ? h->count : GONE_KEPT;

	for (uint64_t i = 1; h && i <= kept; i++) {
		const struct gone *g = &h->gone[(h->count - i) % GONE_KEPT];

		if (g->ioas == ioas && g->iova <= iova && iova <= g->last)
			return g;
	}
	return NULL;
}

void fault_explain(const struct mirror *m, const struct fault_history *h,
		   const struct ioas_event *ev, struct fault_story *out)
{
	const struct mirror_ioas *ioas = ev->ioas ? mirror_find_ioas(m, ev->ioas) : NULL;
	uint64_t iova = ev->body_fault.iova;
	const struct mirror_area *area = ioas ? mirror_area_at(ioas, iova) : NULL;
	const struct gone *g = NULL;

	*out = (struct fault_story){ .placed = ioas };
	if (!ioas)
		return;
	out->certain = !ioas->adopted && !ioas->ctx->uncertain_since;
	out->mapped = area;
	out->prot = area ? area->prot : 0;
	if (!area)
		g = find_gone(h, ev->ioas, iova);
	if (!g)
		return;
	out->was_mapped = true;
	out->ago_ns = ev->time_ns > g->time_ns ? ev->time_ns - g->time_ns : 0;
	out->tgid = g->tgid;
	out->tid = g->tid;
	memcpy(out->comm, g->comm, sizeof(out->comm));
}

bool fault_allowed(const struct ioas_event *ev, const struct fault_story *story)
{
	uint32_t access = ev->body_fault.access, need = 0;

	if (access & (IOAS_FAULT_READ | IOAS_FAULT_EXEC))
		need |= IOAS_PROT_READ;
	if (access & IOAS_FAULT_WRITE)
		need |= IOAS_PROT_WRITE;
	return story->mapped && (story->prot & need) == need;
}
