/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: areas, the memory behind them, domains, charges.
 *
 * What makes it ordered:
 *   area added: exit of iopt_area_fill_domains. The area is in the tree with its
 *     .pages not set, so that nobody can remove it and its IOVA is taken; holds
 *     domains_rwsem for reading. iopt_map_pages publishes it after that.
 *   area going, gone: entry and exit of iopt_area_unfill_domains. Its .pages was
 *     taken away under iova_rwsem, it leaves the tree after the exit.
 *   memory born: entry of iopt_area_fill_domains, its first use; memory gone:
 *     entry of iopt_release_pages, the last reference.
 *   pinned, charged: exit of do_update_pinned, under pages->mutex. What is
 *     pinned is read from the object there, what is charged from the arguments.
 *   domain filled: exit of batch_to_domain (summed up), told at the exit of what
 *     fills; domain_rwsem and pages->mutex.
 *   domain comes: exit of iopt_reserve_iova in iopt_table_add_domain, leaves: entry
 *     of __iopt_remove_reserved_iova (iommufd_ranges); iova_rwsem (write).
 *   split: exits of iopt_insert_area in iopt_cut_iova, under iova_rwsem (write).
 */
#ifndef IOASCOPE_IOMMUFD_AREAS_BPF_H
#define IOASCOPE_IOMMUFD_AREAS_BPF_H

#include "iommufd_pages.bpf.h"
#include "iommufd_ranges.bpf.h"

/* ---- memory ---- */

static __always_inline __u32 fd_counter(struct iopt_pages *pages)
{
	__u8 mode = BPF_CORE_READ(pages, account_mode);

	return mode == FD_ACCOUNT_USER ? IOAS_COUNTER_USER_LOCKED
	       : mode == FD_ACCOUNT_MM ? IOAS_COUNTER_MM_LOCKED
				       : IOAS_COUNTER_NONE;
}

/* Our number of who pays: the user's counter, or the mm's; 0: nobody. */
static __always_inline __u32 fd_payer(struct ioas_ctx *c, struct iopt_pages *pages)
{
	__u32 counter = fd_counter(pages);
	struct fd_object *o;
	__u64 key;

	if (counter == IOAS_COUNTER_NONE)
		return 0;
	key = counter == IOAS_COUNTER_USER_LOCKED ? (__u64)BPF_CORE_READ(pages, source_user)
						  : (__u64)BPF_CORE_READ(pages, source_mm);
	o = fd_get(c, key, 0, 0);
	return o ? o->id : 0;
}

static __always_inline void fd_pages_owned(struct fd_object *o, struct iopt_pages *pages)
{
	o->mm = (__u64)BPF_CORE_READ(pages, source_mm);
	o->user = (__u64)BPF_CORE_READ(pages, source_user);
	o->task = (__u64)BPF_CORE_READ(pages, source_task);
}

static __always_inline void fd_pages_tell(struct ioas_ctx *c, struct ioas_ioas *s,
					  struct iopt_pages *pages, struct fd_object *o, __u16 kind,
					  __s64 pinned, __u64 op)
{
	__u32 owner = fd_payer(c, pages);
	struct ioas_event *e;

	fd_pages_keep(pages, o, kind, owner, fd_counter(pages));
	e = event_begin(c, s, kind, op);
	if (!e)
		return;
	e->body_pages.pages_id = o->id;
	e->body_pages.owner = owner;
	e->body_pages.va = fd_va(pages);
	e->body_pages.npages = BPF_CORE_READ(pages, npages);
	e->body_pages.pinned = pinned;
	e->body_pages.memory = fd_memory(pages);
	e->body_pages.account = fd_counter(pages);
	e->body_pages.writable = BPF_CORE_READ_BITFIELD_PROBED(pages, writable);
	e->body_pages.owner_tgid = BPF_CORE_READ(pages, source_task, tgid);
	e->body_pages.owner_uid = BPF_CORE_READ(pages, source_user, uid.val);
	if (memory_watched && kind == IOAS_EV_PAGES_NEW && e->body_pages.memory == IOAS_MEMORY_USER)
		memory_mapped((__u64)BPF_CORE_READ(pages, source_mm), e->body_pages.va,
			      e->body_pages.va + (e->body_pages.npages << PAGE_SHIFT) - 1,
			      e->body_pages.owner_tgid, e->body_pages.owner_uid);
	event_end(e);
}

/* The pages object, announced at first sight. */
static __noinline struct fd_object *fd_pages(struct ioas_ioas *s, struct iopt_pages *pages)
{
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *o = fd_find((__u64)pages);
	struct op *op = op_get(LEVEL_DRIVER);

	if (o || !c)
		return o;
	o = fd_new(c, (__u64)pages, s->ctx_key, 0);
	if (!o)
		return o;
	fd_pages_owned(o, pages);
	fd_pages_tell(c, s, pages, o, IOAS_EV_PAGES_NEW, 0, fd_op_num(op));
	return o;
}

HOOK("fentry/iopt_release_pages", fd_release_pages)
{
	__u64 key = arg(ctx, ARG_FD_RELEASE_KREF) - bpf_core_field_offset(struct iopt_pages, kref);
	struct fd_object *o = fd_find(key);
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ctx *c;
	__u64 ctx_key;

	if (!o)
		return 0;
	ctx_key = o->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &ctx_key);
	if (c)
		fd_pages_tell(c, NULL, (void *)key, o, IOAS_EV_PAGES_GONE, 0, fd_op_num(op));
	fd_forget(key);
	return 0;
}

static __noinline int fd_charge_tell(struct ioas_ctx *c, struct iopt_pages *pages,
				     struct fd_object *o, __s64 npages, __u64 op)
{
	struct ioas_event *e;

	if (!c || !o || fd_counter(pages) == IOAS_COUNTER_NONE)
		return 0;
	e = event_begin(c, NULL, IOAS_EV_CHARGE, op);
	if (!e)
		return 0;
	e->body_charge.owner = fd_payer(c, pages);
	e->body_charge.counter = fd_counter(pages);
	e->body_charge.pages = npages;
	e->body_charge.owner_tgid = BPF_CORE_READ(pages, source_task, tgid);
	e->body_charge.owner_uid = BPF_CORE_READ(pages, source_user, uid.val);
	e->body_charge.pages_id = o->id;
	event_end(e);
	return 0;
}

/* The limit is that of the task that mapped it. Who is above it is charged nothing. */
static __noinline int fd_charge_refused(struct iopt_pages *pages, __u64 npages)
{
	struct fd_object *o = fd_find((__u64)pages);
	__u64 key = o ? o->ctx_key : 0, ioas = 0, used;
	__u32 counter = fd_counter(pages);
	struct op *op = op_innermost();

	if (op)
		ioas = op->ioas_key;
	used = counter == IOAS_COUNTER_USER_LOCKED
		       ? (__u64)BPF_CORE_READ(pages, source_user, locked_vm.counter)
		       : BPF_CORE_READ(pages, source_mm, locked_vm);
	if (key && counter != IOAS_COUNTER_NONE)
		refused_charge(bpf_map_lookup_elem(&ioas_ctx, &key),
			       bpf_map_lookup_elem(&ioas_ioas, &ioas),
			       BPF_CORE_READ(pages, source_task), counter, npages, used);
	return 0;
}

/*
 * fexit, under pages->mutex. Only here .npinned is what it says: in between it
 * runs ahead. The 7.x name is iopt_pages_update_pinned. A change of process calls
 * it without the mutex and with all IOASes locked: once for the sum of what the
 * new one is to pay, with a pages object that nobody knows, then for each object,
 * to take it back from the old one. Then nothing is pinned or unpinned.
 */
HOOK("fexit/do_update_pinned", fd_update_pinned)
{
	struct iopt_pages *pages = (void *)arg(ctx, ARG_FD_ACCT_PAGES);
	__s64 npages = arg(ctx, ARG_FD_ACCT_NPAGES);
	struct fd_object *o = fd_find((__u64)pages);
	struct op *op = op_innermost();
	struct ioas_ctx *c;
	__s64 now, delta;
	__u64 key;

	if ((int)ret_of(ctx) == REFUSED_ENOMEM)
		return fd_charge_refused(pages, npages);
	if (!(__u8)arg(ctx, ARG_FD_ACCT_INC))
		npages = -npages;
	if (!o || (int)ret_of(ctx))
		return 0;
	key = o->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	if (!c)
		return 0;
	now = BPF_CORE_READ(pages, npinned);
	delta = now - o->pinned;
	o->pinned = now;
	if (op && delta > 0)
		op->pinned += delta;
	else if (op)
		op->unpinned -= delta;
	if (op && op->what == IOAS_OP_CHANGE_PROCESS)
		o->moving = -npages;
	else
		fd_pages_tell(c, NULL, pages, o, IOAS_EV_PAGES_PINNED, delta, fd_op_num(op));
	return fd_charge_tell(c, pages, o, npages, fd_op_num(op));
}

/* ---- domains ---- */

/* What was put into each domain and not told yet; more domains make it uncertain. */
static __always_inline void fd_fill_add(struct op *op, __u64 domain, __s64 bytes)
{
	__u64 key = op->ctx_key;

	for (int i = 0; i < OP_FILLS; i++) {
		if (op->fill[i].domain && op->fill[i].domain != domain)
			continue;
		op->fill[i].domain = domain;
		op->fill[i].bytes += bytes;
		return;
	}
	mark_uncertain(bpf_map_lookup_elem(&ioas_ctx, &key));
}

static __always_inline void fd_filled(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
				      struct iopt_area *area, __u64 domain, __s64 bytes)
{
	struct fd_object *o = fd_find(domain);
	struct ioas_event *e;

	if (!o || !bytes)
		return;
	e = event_begin(c, s, IOAS_EV_AREA_FILLED, fd_op_num(op));
	if (!e)
		return;
	e->body_area.iova = BPF_CORE_READ(area, node.start);
	e->body_area.last = BPF_CORE_READ(area, node.last);
	e->body_area.object = o->id;
	e->body_area.bytes = bytes;
	event_end(e);
}

static __noinline int fd_fills_tell(struct ioas_ioas *s, struct op *op, struct iopt_area *area)
{
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;

	if (!s || !op)
		return 0;
	for (int i = 0; i < OP_FILLS; i++) {
		if (op->fill[i].domain)
			fd_filled(c, s, op, area, op->fill[i].domain, op->fill[i].bytes);
		op->fill[i].domain = 0;
		op->fill[i].bytes = 0;
	}
	return 0;
}

HOOK("fexit/batch_to_domain", fd_batch)
{
	struct pfn_batch *batch = (void *)arg(ctx, ARG_FD_BATCH_BATCH);
	struct op *op = op_get(LEVEL_DRIVER);

	if (op && !(int)ret_of(ctx))
		fd_fill_add(op, arg(ctx, ARG_FD_BATCH_DOMAIN),
			    (__u64)BPF_CORE_READ(batch, total_pfns) << PAGE_SHIFT);
	return 0;
}

/* The attach of a domain fills it area by area; what fails is taken back inside. */
HOOK("fexit/iopt_area_fill_domain", fd_fill1)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_FILL1_AREA);
	struct ioas_ioas *s = fd_ioas((__u64)BPF_CORE_READ(area, iopt));
	struct op *op = op_get(LEVEL_DRIVER);

	if (!(int)ret_of(ctx))
		fd_fills_tell(s, op, area);
	else if (op)
		__builtin_memset(op->fill, 0, sizeof(op->fill));
	return 0;
}

/* Whether a part was put into the domain that was not told yet: a fill fails just now. */
static __always_inline bool fd_fill_pending(const struct op *op, __u64 domain)
{
	for (int i = 0; i < OP_FILLS; i++) {
		if (op->fill[i].domain == domain)
			return true;
	}
	return false;
}

/* The whole area leaves a domain: the last one that has it, or another. */
static __noinline int fd_emptied(struct iopt_area *area, __u64 domain)
{
	struct ioas_ioas *s = fd_ioas((__u64)BPF_CORE_READ(area, iopt));
	__u64 size = BPF_CORE_READ(area, node.last) - BPF_CORE_READ(area, node.start) + 1;
	struct op *op = op_get(LEVEL_DRIVER);

	/* A removal tells it for all domains; of a fill that fails nothing was told. */
	if (s && (!op || (!op->removal.active && !fd_fill_pending(op, domain))))
		fd_filled(ctx_of(s), s, op, area, domain, -size);
	return 0;
}

HOOK("fexit/__iopt_area_unfill_domain", fd_unfill1)
{
	return fd_emptied((void *)arg(ctx, ARG_FD_UNFILL1_AREA), arg(ctx, ARG_FD_UNFILL1_DOMAIN));
}

HOOK("fexit/iopt_area_unmap_domain", fd_unmap1)
{
	return fd_emptied((void *)arg(ctx, ARG_FD_UNMAP1_AREA), arg(ctx, ARG_FD_UNMAP1_DOMAIN));
}

/*
 * Told inside of the locks: when it reserves what it cannot reach. One that reaches
 * everything is told before them, so that it is known when it is filled.
 */
HOOK("fentry/iopt_table_add_domain", fd_add_domain)
{
	__u64 iopt = arg(ctx, ARG_FD_ADD_IOPT), key = arg(ctx, ARG_FD_ADD_DOMAIN);
	struct iommu_domain *domain = (void *)key;
	struct ioas_ioas *s = fd_ioas(iopt);
	struct op *op = fd_op(iopt);
	struct fd_object *o;

	/* A device that is attached first has named it. */
	o = s ? fd_domain(ctx_of(s), key, s->ctx_key, iopt) : NULL;
	if (!o)
		return 0;
	if (op) {
		op->adding = key;
		op->added = 0;
	}
	if (!op || (!BPF_CORE_READ(domain, geometry.aperture_start) &&
		    !~BPF_CORE_READ(domain, geometry.aperture_end)))
		fd_domain_comes(iopt, key);
	return 0;
}

HOOK("fexit/iopt_table_add_domain", fd_added_domain)
{
	struct fd_object *o = fd_find(arg(ctx, ARG_FD_ADD_DOMAIN));
	struct op *op = op_get(LEVEL_DRIVER);

	if ((int)ret_of(ctx)) {
		fd_domain_leaves(arg(ctx, ARG_FD_ADD_IOPT), arg(ctx, ARG_FD_ADD_DOMAIN));
		if (o)
			o->failed = 1;
	} else if (op && op->adding) {
		fd_domain_comes(arg(ctx, ARG_FD_ADD_IOPT), arg(ctx, ARG_FD_ADD_DOMAIN));
	}
	if (op)
		op->adding = 0;
	return 0;
}

HOOK("fexit/iopt_set_dirty_tracking", fd_dirty)
{
	__u64 iopt = arg(ctx, ARG_FD_DIRTY_IOPT);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct ioas_event *e;

	if (!s || (int)ret_of(ctx))
		return 0;
	s->dirty = (__u8)arg(ctx, ARG_FD_DIRTY_ENABLE);
	e = event_begin(ctx_of(s), s, IOAS_EV_DIRTY, fd_op_num(fd_op(iopt)));
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.dirty = s->dirty;
	event_end(e);
	return 0;
}

/* ---- areas ---- */

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
	struct fd_object *o = fd_find((__u64)pages);
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
	o = fd_find((__u64)pages);
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

/* ---- splits (the compat container) ---- */

HOOK("fentry/iopt_cut_iova", fd_cut)
{
	struct op *op = fd_op(arg(ctx, ARG_FD_CUT_IOPT));

	if (op)
		op->cutting = 1;
	return 0;
}

HOOK("fexit/iopt_cut_iova", fd_cut_done)
{
	struct op *op = op_get(LEVEL_DRIVER);

	if (op)
		op->cutting = 0;
	return 0;
}

/* The right part is the mapping that the whole was: its time, its op, its task. */
static __noinline int fd_split_keep(struct ioas_ioas *s, struct op *op, struct ioas_slot *left)
{
	struct ioas_area_body *a = &op->removal.area;
	struct ioas_slot *right;
	__u32 n = 0;

	slot_write_begin(left);
	left->last = a->at - 1;
	slot_write_end(left);
	a->va += a->at - a->iova;
	a->iova = a->at;
	a->area = a->area2;
	area_keep(ctx_of(s), s, a, left->op);
	__sync_fetch_and_add(&s->areas, 1);
	right = area_find(s->id, a->iova, &n);
	if (!right)
		return 0;
	slot_write_begin(right);
	right->time_ns = left->time_ns;
	__builtin_memcpy(right->comm, left->comm, sizeof(right->comm));
	slot_write_end(right);
	return 0;
}

/* Of an area whose mapping was not seen neither part is known. */
static __noinline int fd_split(struct ioas_ioas *s, struct op *op)
{
	struct ioas_area_body *a = &op->removal.area;
	struct ioas_slot *left;
	struct ioas_event *e;
	__u32 n = 0;

	left = area_find(s->id, a->iova, &n);
	if (left) {
		a->area = left->area;
		a->area2 = new_id();
	}
	e = event_begin(ctx_of(s), s, IOAS_EV_AREA_SPLIT, op->num);
	if (e) {
		e->flags = left ? 0 : IOAS_F_UNSEEN;
		e->body_area = *a;
		event_end(e);
	}
	return left ? fd_split_keep(s, op, left) : 0;
}

/* Two insertions are one split: the left part, then the right one. */
HOOK("fexit/iopt_insert_area", fd_insert)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_INSERT_AREA);
	struct iopt_pages *pages = (void *)arg(ctx, ARG_FD_INSERT_PAGES);
	struct ioas_ioas *s = fd_ioas(arg(ctx, ARG_FD_INSERT_IOPT));
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_area_body *a;
	struct fd_object *o;

	if (!op || !op->cutting || !s || (int)ret_of(ctx))
		return 0;
	a = &op->removal.area;
	if (op->cutting == 1) {
		__builtin_memset(a, 0, sizeof(*a));
		o = fd_find((__u64)pages);
		fd_area_body(a, area, pages, o ? o->id : 0);
		op->cutting = 2;
		return 0;
	}
	op->cutting = 1;
	a->at = BPF_CORE_READ(area, node.start);
	a->last = BPF_CORE_READ(area, node.last);
	return fd_split(s, op);
}

#endif
