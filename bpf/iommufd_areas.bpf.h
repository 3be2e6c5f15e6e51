/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: areas.
 *
 * What makes it ordered:
 *   area added: exit of iopt_area_fill_domains. The area is in the tree with its
 *     .pages not set, so that nobody can remove it and its IOVA is taken; holds
 *     domains_rwsem for reading. iopt_map_pages publishes it after that.
 *   area going, gone: entry and exit of iopt_area_unfill_domains. Its .pages was
 *     taken away under iova_rwsem, it leaves the tree after the exit.
 */
#ifndef IOASCOPE_IOMMUFD_AREAS_BPF_H
#define IOASCOPE_IOMMUFD_AREAS_BPF_H

#include "iommufd_domains.bpf.h"

static __always_inline __u64 fd_start_byte(struct iopt_area *area)
{
	return ((__u64)BPF_CORE_READ(area, pages_node.start) << PAGE_SHIFT) +
	       BPF_CORE_READ(area, page_offset);
}

static __always_inline void fd_area_body(struct ioas_area_body *a, struct iopt_area *area,
					 struct iopt_pages *pages, __u32 pages_id)
{
	a->iova = BPF_CORE_READ(area, node.start);
	a->last = BPF_CORE_READ(area, node.last);
	a->at = fd_start_byte(area);
	a->va = fd_va(pages) + a->at;
	a->prot = BPF_CORE_READ(area, iommu_prot) & (IOAS_PROT_READ | IOAS_PROT_WRITE);
	a->owner_tgid = BPF_CORE_READ(pages, source_task, tgid);
	a->owner_uid = BPF_CORE_READ(pages, source_user, uid.val);
	a->pages_id = pages_id;
}

HOOK("fentry/iopt_area_fill_domains", fd_fill)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_FILL_AREA);

	fd_pages(fd_ioas((__u64)BPF_CORE_READ(area, iopt)), (void *)arg(ctx, ARG_FD_FILL_PAGES));
	return 0;
}

static __noinline int fd_area_added(struct ioas_ioas *s, struct iopt_area *area,
				    struct iopt_pages *pages)
{
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *o = fd_find((__u64)pages, FD_PAGES);
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_area_body *a;
	struct ioas_event *e;

	if (!c || !op || !o)
		return 0;
	/* Too large for the stack: the op has room for one. */
	a = &op->removal.area;
	__builtin_memset(a, 0, sizeof(*a));
	fd_area_body(a, area, pages, o->id);
	a->area = new_id();
	op->announced = 1;
	__sync_fetch_and_add(&s->areas, 1);
	__sync_fetch_and_add(&s->bytes, a->last - a->iova + 1);
	area_keep(c, s, a, op->num);
	e = event_begin(c, s, IOAS_EV_AREA_ADD, op->num);
	if (!e)
		return 0;
	e->body_area = *a;
	event_end(e);
	return 0;
}

HOOK("fexit/iopt_area_fill_domains", fd_filled_area)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_FILL_AREA);
	__u64 iopt = (__u64)BPF_CORE_READ(area, iopt);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct op *op = fd_op(iopt);

	if ((int)ret_of(ctx)) {
		if (op)
			__builtin_memset(op->fill, 0, sizeof(op->fill));
		return 0;
	}
	fd_area_added(s, area, (void *)arg(ctx, ARG_FD_FILL_PAGES));
	fd_fills_tell(s, op, area);
	return 0;
}

HOOK("fentry/iopt_area_unfill_domains", fd_unfill)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_UNFILL_AREA);
	struct iopt_pages *pages = (void *)arg(ctx, ARG_FD_UNFILL_PAGES);
	__u64 iopt = (__u64)BPF_CORE_READ(area, iopt);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct op *op = fd_op(iopt);
	struct ioas_slot *slot;
	struct op_removal *r;
	struct fd_object *o;
	struct ioas_event *e;
	__u32 n = 0;

	if (!s)
		return 0;
	if (!op)
		op = op_new(LEVEL_DRIVER, IOAS_OP_NONE);
	if (!op) {
		stat_inc(IOAS_STAT_NO_CONTEXT);
		return 0;
	}
	r = &op->removal;
	o = fd_find((__u64)pages, FD_PAGES);
	__builtin_memset(&r->area, 0, sizeof(r->area));
	fd_area_body(&r->area, area, pages, o ? o->id : 0);
	slot = area_find(s->id, r->area.iova, &n);
	r->active = 1;
	r->unseen = !slot;
	if (slot) {
		r->area.area = slot->area;
		slot_write_begin(slot);
		slot->going = 1;
		slot_write_end(slot);
	}
	e = event_begin(ctx_of(s), s, IOAS_EV_AREA_GOING, op->num);
	if (!e)
		return 0;
	e->flags = r->unseen ? IOAS_F_UNSEEN : 0;
	e->body_area = r->area;
	event_end(e);
	return 0;
}

/* The kernel's list of domains: one alone is its head, more are in a node. */
static __always_inline __u64 fd_domain_at(struct io_pagetable *iopt, __u32 i)
{
	__u64 head = (__u64)BPF_CORE_READ(iopt, domains.xa_head), domain = 0;

	if ((head & 3) != 2)
		return i ? 0 : head;
	bpf_probe_read_kernel(&domain, sizeof(domain),
			      (void *)(head - 2 + bpf_core_field_offset(struct xa_node, slots) +
				       i * sizeof(domain)));
	return domain;
}

#define FD_DOMAINS_MAX 16

/*
 * Told for all domains at once: all of them have let go of the whole area. None
 * comes or goes here, where domains_rwsem is held.
 */
static __noinline int fd_unfilled_domains(struct ioas_ioas *s, struct iopt_area *area)
{
	__u64 size = BPF_CORE_READ(area, node.last) - BPF_CORE_READ(area, node.start) + 1;
	struct io_pagetable *iopt = BPF_CORE_READ(area, iopt);
	__u32 n = BPF_CORE_READ(iopt, next_domain_id);
	struct op *op = op_get(LEVEL_DRIVER);

	if (n > FD_DOMAINS_MAX)
		mark_uncertain(ctx_of(s));
	for (int i = 0; i < FD_DOMAINS_MAX; i++) {
		if (i < n)
			fd_filled(ctx_of(s), s, op, area, fd_domain_at(iopt, i), -size);
	}
	return 0;
}

HOOK("fexit/iopt_area_unfill_domains", fd_unfilled)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_UNFILL_AREA);
	struct ioas_ioas *s = fd_ioas((__u64)BPF_CORE_READ(area, iopt));
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_event *e;
	struct op_removal *r;

	if (!s || !op || !op->removal.active)
		return 0;
	r = &op->removal;
	r->active = 0;
	fd_unfilled_domains(s, area);
	op->areas++;
	op->removed += r->area.last - r->area.iova + 1;
	if (!r->unseen) {
		__sync_fetch_and_add(&s->areas, -1ULL);
		__sync_fetch_and_add(&s->bytes, -(r->area.last - r->area.iova + 1));
		area_drop(s->id, r->area.iova);
	}
	e = event_begin(ctx_of(s), s, IOAS_EV_AREA_GONE, op->num);
	if (e) {
		e->flags = r->unseen ? IOAS_F_UNSEEN : 0;
		e->body_area = r->area;
		event_end(e);
	}
	if (op->what == IOAS_OP_NONE)
		op_del(LEVEL_DRIVER);
	return 0;
}

#endif
