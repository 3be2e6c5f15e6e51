// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults: whose they are, and what is known of the address. */
#include "core/fault.h"

#include <string.h>

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

void fault_explain(const struct mirror *m, const struct history *h, const struct ioas_event *ev,
		   struct fault_story *out)
{
	const struct mirror_ioas *ioas = ev->ioas ? mirror_find_ioas(m, ev->ioas) : NULL;
	uint64_t iova = ev->body_fault.iova;
	const struct mirror_area *area = ioas ? mirror_area_at(ioas, iova) : NULL;
	const struct history_who *who;
	struct history_mapping gone;

	*out = (struct fault_story){ .placed = ioas };
	if (!ioas)
		return;
	out->certain = !ioas->adopted && !ioas->ctx->uncertain_since;
	out->mapped = area;
	out->prot = area ? area->prot : 0;
	/* It may have gone after the fault, if the IOMMU was slow to tell. */
	if (area || !h || !history_before(h, ev->ioas, iova, UINT64_MAX, &gone))
		return;
	out->was_mapped = true;
	out->ago_ns = ev->time_ns > gone.gone_ns ? ev->time_ns - gone.gone_ns : 0;
	who = gone.unmapped_by;
	if (!who)
		return;
	out->tgid = who->tgid;
	out->tid = who->tid;
	memcpy(out->comm, who->comm, sizeof(out->comm));
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
