/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VFIO type1: containers of drivers/vfio/container.c with the IOMMU driver of
 * drivers/vfio/vfio_iommu_type1.c.
 *
 * What makes it ordered: all changes of one IOAS happen under iommu->lock.
 * Hooks inside that lock, so the order number is taken under it:
 *   vfio_pin_pages_remote, vfio_unpin_pages_remote, vfio_unmap_unpin,
 *   vfio_remove_dma, mm_lock_acct, and security_capable when it is called by a
 *   MAP (vfio_dma_do_map asks for CAP_IPC_LOCK after its last check).
 * Hooks outside of it:
 *   the ioctl's entry and exit: they carry ops, and the VADDR changes, which
 *     have no hook inside (two threads racing UPDATE_VADDR on one range may be
 *     seen in the wrong order);
 *   attach and detach: serialized by container->group_lock, held by their
 *     callers, against each other, open and release;
 *   the client's pin (exit) and unpin (entry): a client unpins what its pin
 *     call has returned, and a mapping goes only when its pins are gone, so
 *     MAP < pin exit < unpin entry < removal holds for any client that keeps
 *     its own books.
 * Objects are known by kernel address from their birth to the hook that ends
 * them. An address may live again before that hook runs: the end of an IOAS
 * compares our id, and the birth of a context ends the one it finds.
 */
#ifndef IOASCOPE_TYPE1_DRIVER_BPF_H
#define IOASCOPE_TYPE1_DRIVER_BPF_H

#include "type1.bpf.h"

/* ---- charges ---- */

/* By mm_lock_acct(), or before it is called, by vfio_pin_pages_remote(). */
static __noinline int t1_charge_refused(struct task_struct *task, struct mm_struct *mm, __u64 pages)
{
	struct op *op = op_innermost();
	struct ioas_ioas *s = op ? ioas_get(op->ioas_key) : NULL;

	if (s)
		refused_charge(ctx_of(s), s, task, IOAS_COUNTER_MM_LOCKED, pages,
			       BPF_CORE_READ(mm, locked_vm));
	return 0;
}

/* fexit: success, but for what is lost. Under iommu->lock, in whichever op runs. */
HOOK("fexit/mm_lock_acct", t1_lock_acct)
{
	__u64 mm = arg(ctx, ARG_ACCT_MM);
	__s64 pages = arg(ctx, ARG_ACCT_NPAGE);
	struct op *op = op_innermost();
	struct ioas_ioas *s;
	struct ioas_ctx *c;

	if ((int)ret_of(ctx)) {
		if (op && pages < 0)
			op->removal.uncharge_lost = 1;
		if ((int)ret_of(ctx) == REFUSED_ENOMEM && pages > 0) {
			t1_charge_refused((void *)arg(ctx, ARG_ACCT_TASK), (void *)mm, pages);
			if (op)
				op->refused = 1;
		}
		return 0;
	}
	s = op ? ioas_get(op->ioas_key) : NULL;
	if (!s) {
		stat_inc(IOAS_STAT_NO_CONTEXT);
		return 0;
	}
	c = ctx_of(s);
	if (op->mm != mm)
		charge_tell(c, s, op);
	charge_count(c, s, mm, (void *)arg(ctx, ARG_ACCT_TASK), pages);
	op->mm = mm;
	op->charge += pages;
	op->accounted += pages;
	return 0;
}

/* ---- areas ---- */

/* Pages are summed per mapping; a hook that sees another mapping tells the sum. */
static __always_inline void op_on_dma(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
				      struct vfio_dma *dma)
{
	if (op->dma == (__u64)dma)
		return;
	if (op->dma)
		pins_tell(c, s, op);
	op->dma = (__u64)dma;
	op->dma_iova = BPF_CORE_READ(dma, iova);
	op->dma_last = op->dma_iova + BPF_CORE_READ(dma, size) - 1;
	op->locked = 0;
}

/*
 * Whether it may have been the limit, which is held against the first pages before
 * they are charged; memory that cannot be had or moved gives the same error. What
 * mm_lock_acct() has refused it has told.
 */
static __always_inline bool t1_over_limit(struct vfio_dma *dma, struct op *op, __u64 pages)
{
	__u64 limit = BPF_CORE_READ(dma, task, signal, rlim[REFUSED_RLIMIT_MEMLOCK].rlim_cur);
	bool told = op && op->refused;

	if (op)
		op->refused = 0;
	return !told && !BPF_CORE_READ(dma, lock_cap) &&
	       BPF_CORE_READ(dma, mm, locked_vm) + pages > limit >> PAGE_SHIFT;
}

/*
 * fexit. The chunk that satisfies all that was asked for is a MAP's last: what
 * can still fail after it goes through vfio_remove_dma. A replay asks in the same
 * way for all of a mapping that has no pages yet. A chunk without a charge is
 * no RAM (reserved memory is never charged), unless clients have pinned here
 * before, whose pages are not charged twice. Pins and charges are told here,
 * under iommu->lock: after it another task may already have taken them back.
 */
HOOK("fexit/vfio_pin_pages_remote", t1_pin)
{
	struct vfio_dma *dma = (void *)arg(ctx, ARG_PIN_DMA);
	struct op *op = op_get(LEVEL_DRIVER);
	__s64 got = ret_of(ctx);
	struct ioas_ioas *s;
	struct ioas_ctx *c;
	__u64 va, vaddr, locked;

	if (got == REFUSED_ENOMEM && t1_over_limit(dma, op, arg(ctx, ARG_PIN_NPAGE)))
		t1_charge_refused(BPF_CORE_READ(dma, task), BPF_CORE_READ(dma, mm),
				  arg(ctx, ARG_PIN_NPAGE));
	if (got <= 0)
		return 0;
	s = op ? ioas_get(op->ioas_key) : NULL;
	if (!s) {
		stat_inc(IOAS_STAT_NO_CONTEXT);
		return 0;
	}
	c = ctx_of(s);
	op_on_dma(c, s, op, dma);
	locked = BPF_CORE_READ(dma, locked_vm);
	if (locked != op->locked || BPF_CORE_READ(dma, pfn_list.rb_node)) {
		op->pinned += got;
		op->net += got;
	} else {
		op->net_pfnmap += got;
	}
	op->locked = locked;
	if (got != (__s64)arg(ctx, ARG_PIN_NPAGE))
		return 0;
	charge_tell(c, s, op);
	if (op->what == IOAS_OP_ATTACH)
		pins_tell(c, s, op);
	if (op->what != IOAS_OP_MAP)
		return 0;
	va = BPF_CORE_READ(dma, vaddr);
	vaddr = arg(ctx, ARG_PIN_VADDR);
	area_announce(c, s, op, BPF_CORE_READ(dma, iova), vaddr - va + (got << PAGE_SHIFT), va,
		      BPF_CORE_READ(dma, prot));
	return 0;
}

HOOK("fexit/vfio_unpin_pages_remote", t1_unpin)
{
	struct vfio_dma *dma = (void *)arg(ctx, ARG_UNPIN_DMA);
	__s64 asked = arg(ctx, ARG_UNPIN_NPAGE);
	struct op *op = op_get(LEVEL_DRIVER);
	__s64 ram = ret_of(ctx);
	struct ioas_ioas *s;

	s = op ? ioas_get(op->ioas_key) : NULL;
	if (!s) {
		stat_inc(IOAS_STAT_NO_CONTEXT);
		return 0;
	}
	op_on_dma(ctx_of(s), s, op, dma);
	op->unpinned += ram;
	op->net -= ram;
	op->net_pfnmap -= asked - ram;
	/* A replay that is taken back ends its op outside of the lock. */
	if (op->what == IOAS_OP_ATTACH) {
		charge_tell(ctx_of(s), s, op);
		pins_tell(ctx_of(s), s, op);
	}
	return 0;
}

/*
 * fexit. Outside of a removal this is the last hardware user's detach: the
 * mapping stays for the mediated ones, its pages do not.
 */
HOOK("fexit/vfio_unmap_unpin", t1_unmap_unpin)
{
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ioas *s;

	if (!op || op->removal.active)
		return 0;
	s = ioas_get(arg(ctx, ARG_UNMAP_IOMMU));
	if (s)
		pins_tell(ctx_of(s), s, op);
	return 0;
}

/* Its last task has gone; what is charged to it goes with it. */
static __always_inline bool mm_gone(__u64 mm)
{
	struct mm_struct *m = (void *)mm;

	return !mm || !BPF_CORE_READ(m, mm_users.counter);
}

/* Keeps what is known of the area that is about to go; NULL: it was never announced. */
static __always_inline struct op_removal *removal_begin(struct ioas_ctx *c, struct ioas_ioas *s,
							struct op *op, struct vfio_dma *dma)
{
	struct op_removal *r = &op->removal;
	struct ioas_slot *slot;
	__u32 n = 0;

	r->active = 1;
	r->unseen = 0;
	r->mm = (__u64)BPF_CORE_READ(dma, mm);
	r->task = (__u64)BPF_CORE_READ(dma, task);
	r->locked = BPF_CORE_READ(dma, locked_vm);
	r->accounted = op->accounted;
	r->uncharge_lost = mm_gone(r->mm);
	/* Without a size it was linked, and never grew. */
	r->silent = (op->what == IOAS_OP_MAP && !op->announced) || !BPF_CORE_READ(dma, size);
	if (r->silent)
		return NULL;
	/* What was pinned for another mapping must not be told as this one's. */
	op_on_dma(c, s, op, dma);
	r->area.iova = op->dma_iova;
	r->area.last = op->dma_last;
	r->area.va = BPF_CORE_READ(dma, vaddr);
	r->area.prot = BPF_CORE_READ(dma, prot);
	r->area.owner_tgid = BPF_CORE_READ(dma, task, tgid);
	r->area.owner_uid = 0;
	r->area.area = 0;
	r->area.pages = 0;
	r->area.pfnmap = 0;
	slot = area_find(s->id, op->dma_iova, &n);
	if (!slot) {
		r->unseen = 1;
		if (!s->adopted && !c->uncertain_ns) {
			stat_inc(IOAS_STAT_ARG_CHANGED);
			mark_uncertain(c);
		}
		return r;
	}
	r->area.area = slot->area;
	r->area.owner_uid = slot->uid;
	r->area.pages = slot->pinned;
	r->area.pfnmap = slot->pfnmap;
	/* A MAP that fails after its announcement has not grown to full size. */
	if (op->what == IOAS_OP_MAP) {
		r->area.last = slot->last;
	} else if (slot->last != r->area.last) {
		stat_inc(IOAS_STAT_ARG_CHANGED);
		mark_uncertain(c);
	}
	slot_write_begin(slot);
	slot->going = 1;
	slot_write_end(slot);
	return r;
}

/* fentry: dma is freed inside. The device still reaches the area. */
HOOK("fentry/vfio_remove_dma", t1_remove)
{
	struct vfio_dma *dma = (void *)arg(ctx, ARG_REMOVE_DMA);
	__u64 key = arg(ctx, ARG_REMOVE_IOMMU);
	struct ioas_ioas *s = ioas_get(key);
	struct op *op = op_get(LEVEL_DRIVER);
	struct op_removal *r;
	struct ioas_event *e;
	struct ioas_ctx *c;

	if (!op) {
		op = op_new(LEVEL_DRIVER, IOAS_OP_NONE);
		if (op)
			op->ioas_key = key;
	}
	if (!op || !s) {
		stat_inc(IOAS_STAT_NO_CONTEXT);
		return 0;
	}
	c = ctx_of(s);
	if (!c)
		return 0;
	r = removal_begin(c, s, op, dma);
	e = r ? event_begin(c, s, IOAS_EV_AREA_GOING, op->num) : NULL;
	if (!e)
		return 0;
	e->flags = r->unseen ? IOAS_F_UNSEEN : 0;
	e->body_area = r->area;
	event_end(e);
	return 0;
}

/*
 * The kernel does not uncharge a process that is gone (vfio_lock_acct), nor one
 * that is being killed and whose mm is busy: what was charged for the area is
 * settled with it all the same. What it could take back and did not is left.
 */
static __always_inline void removal_settle(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op)
{
	struct op_removal *r = &op->removal;
	__s64 left = r->locked + op->accounted - r->accounted;
	struct ioas_charge_key key = { .mm = r->mm, .counter = IOAS_COUNTER_MM_LOCKED };

	key.ioas = s->id;
	if (left <= 0 || !(r->uncharge_lost || mm_gone(r->mm)))
		return;
	if (!bpf_map_lookup_elem(&ioas_charge, &key))
		return;
	if (op->mm != r->mm)
		charge_tell(c, s, op);
	charge_count(c, s, r->mm, (void *)r->task, -left);
	op->mm = r->mm;
	op->charge -= left;
	op->accounted -= left;
}

/* fexit: cut off; iommu->lock is still held, so the IOVA cannot be in use again. */
HOOK("fexit/vfio_remove_dma", t1_removed)
{
	__u64 key = arg(ctx, ARG_REMOVE_IOMMU);
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_event *e;
	struct op_removal *r;
	struct ioas_ioas *s;
	struct ioas_ctx *c;

	if (!op || !op->removal.active)
		return 0;
	r = &op->removal;
	r->active = 0;
	op->net = 0;
	op->net_pfnmap = 0;
	op->dma = 0;
	s = ioas_get(key);
	if (r->silent || !s)
		goto out;
	c = ctx_of(s);
	if (!c)
		goto out;
	removal_settle(c, s, op);
	op->areas++;
	op->removed += r->area.last - r->area.iova + 1;
	if (!r->unseen) {
		__sync_fetch_and_add(&s->areas, -1ULL);
		__sync_fetch_and_add(&s->bytes, -(r->area.last - r->area.iova + 1));
		__sync_fetch_and_add(&s->pinned, -r->area.pages);
		__sync_fetch_and_add(&s->pfnmap, -r->area.pfnmap);
		area_drop(s->id, r->area.iova);
	}
	e = event_begin(c, s, IOAS_EV_AREA_GONE, op->num);
	if (e) {
		e->flags = r->unseen ? IOAS_F_UNSEEN : 0;
		e->body_area = r->area;
		event_end(e);
	}
	charge_tell(c, s, op);
out:
	if (op->what == IOAS_OP_NONE)
		op_del(LEVEL_DRIVER);
	return 0;
}

/* ---- the driver's ioctl: ops, and the changes that have no hook inside ---- */

static __always_inline void op_read_map(struct op *op)
{
	struct vfio_iommu_type1_dma_map m = {};

	if (op->args_ok || bpf_probe_read_user(&m, sizeof(m), (void *)op->uarg))
		return;
	op->iova = m.iova;
	op->size = m.size;
	op->va = m.vaddr;
	op->uflags = m.flags;
	op->prot = (m.flags & VFIO_DMA_MAP_FLAG_READ ? IOAS_PROT_READ : 0) |
		   (m.flags & VFIO_DMA_MAP_FLAG_WRITE ? IOAS_PROT_WRITE : 0);
	op->args_ok = 1;
}

static __always_inline void op_read_unmap(struct op *op)
{
	struct vfio_iommu_type1_dma_unmap u = {};

	if (op->args_ok || bpf_probe_read_user(&u, sizeof(u), (void *)op->uarg))
		return;
	op->iova = u.iova;
	op->size = u.size;
	op->uflags = u.flags;
	op->args_ok = 1;
}

static __always_inline void op_read_dirty(struct op *op)
{
	struct vfio_iommu_type1_dirty_bitmap_get get = {};
	struct vfio_iommu_type1_dirty_bitmap head = {};

	if (op->args_ok || bpf_probe_read_user(&head, sizeof(head), (void *)op->uarg))
		return;
	op->uflags = head.flags;
	if (head.flags == VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP &&
	    !bpf_probe_read_user(&get, sizeof(get), (void *)op->uarg + sizeof(head))) {
		op->iova = get.iova;
		op->size = get.size;
	}
	op->args_ok = 1;
}

static __always_inline void op_read_args(struct op *op)
{
	if (op->what == IOAS_OP_MAP)
		op_read_map(op);
	else if (op->what == IOAS_OP_UNMAP)
		op_read_unmap(op);
	else if (op->what == IOAS_OP_DIRTY)
		op_read_dirty(op);
	else
		op->args_ok = 1;
}

HOOK("fentry/vfio_iommu_type1_ioctl", t1_ioctl)
{
	__u64 key = arg(ctx, ARG_IOCTL_DATA);
	__u32 cmd = arg(ctx, ARG_IOCTL_CMD);
	__u32 what = cmd == VFIO_IOMMU_MAP_DMA	     ? IOAS_OP_MAP
		     : cmd == VFIO_IOMMU_UNMAP_DMA   ? IOAS_OP_UNMAP
		     : cmd == VFIO_IOMMU_DIRTY_PAGES ? IOAS_OP_DIRTY
		     : cmd == VFIO_IOMMU_GET_INFO    ? IOAS_OP_QUERY
						     : IOAS_OP_NONE;
	struct op *op;

	if (!key || what == IOAS_OP_NONE || !ioas_get(key))
		return 0;
	op = op_new(LEVEL_DRIVER, what);
	if (!op)
		return 0;
	op->ioas_key = key;
	op->cmd = cmd;
	op->uarg = arg(ctx, ARG_IOCTL_ARG);
	op_read_args(op);
	if (what == IOAS_OP_MAP)
		__sync_fetch_and_add(&maps_in_flight, 1);
	return 0;
}

/*
 * fentry. vfio_dma_do_map's last question before it publishes the mapping:
 * under iommu->lock, and in an IOAS without hardware users nothing can fail
 * after it but what goes through vfio_remove_dma. The arguments are our copy
 * of the caller's struct; a caller that rewrites it meanwhile is found out when
 * the area is removed, and by the walk.
 */
HOOK("fentry/security_capable", t1_capable)
{
	struct vfio_iommu *iommu;
	struct ioas_ioas *s;
	__u64 head;
	struct op *op;

	if (!maps_in_flight || (int)arg(ctx, ARG_CAP_CAP) != CAP_IPC_LOCK)
		return 0;
	op = op_get(LEVEL_DRIVER);
	if (!op || op->what != IOAS_OP_MAP || op->announced)
		return 0;
	op_read_map(op);
	if (!op->args_ok || (op->uflags & VFIO_DMA_MAP_FLAG_VADDR))
		return 0;
	iommu = (void *)op->ioas_key;
	head = op->ioas_key + bpf_core_field_offset(struct vfio_iommu, domain_list);
	if ((__u64)BPF_CORE_READ(iommu, domain_list.next) != head)
		return 0;
	s = ioas_get(op->ioas_key);
	if (s)
		area_announce(ctx_of(s), s, op, op->iova, op->size, op->va, op->prot);
	return 0;
}

/* VADDR: the memory behind a range is gone (UNMAP) or is now here (MAP). */
static __always_inline void vaddr_tell(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
				       __u16 kind)
{
	struct ioas_area_body a = {
		.iova = op->iova,
		.last = op->iova + op->size - 1,
		.va = op->va,
		.owner_tgid = bpf_get_current_pid_tgid() >> 32,
		.owner_uid = bpf_get_current_uid_gid(),
	};
	struct ioas_slot *slot;
	struct ioas_event *e;
	__u32 n = 0;

	if (op->uflags & VFIO_DMA_UNMAP_FLAG_ALL && kind == IOAS_EV_VADDR_INVALID)
		a.last = ~0ULL;
	if (kind == IOAS_EV_AREA_UPDATE) {
		slot = area_find(s->id, a.iova, &n);
		if (slot) {
			slot_write_begin(slot);
			if (slot->ioas == s->id && slot->iova == a.iova) {
				slot->va = a.va;
				slot->tgid = a.owner_tgid;
				slot->uid = a.owner_uid;
				bpf_get_current_comm(slot->comm, sizeof(slot->comm));
				a.area = slot->area;
				a.prot = slot->prot;
			}
			slot_write_end(slot);
		}
	}
	if (kind == IOAS_EV_AREA_UPDATE)
		memory_mapped_here(a.va, a.va + op->size - 1);
	e = event_begin(c, s, kind, op->num);
	if (!e)
		return;
	e->body_area = a;
	event_end(e);
}

static __always_inline void op_map_done(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
					__s64 ret)
{
	if (ret)
		return;
	if (op->uflags & VFIO_DMA_MAP_FLAG_VADDR)
		vaddr_tell(c, s, op, IOAS_EV_AREA_UPDATE);
	else if (!op->announced && op->args_ok)
		/* No in-lock hook was there: late, another thread may have been faster. */
		area_announce(c, s, op, op->iova, op->size, op->va, op->prot);
	else if (!op->announced)
		mark_uncertain(c);
}

static __always_inline __u64 op_unmap_done(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
					   __s64 ret, __u8 *flags)
{
	struct vfio_iommu_type1_dma_unmap u = {};

	if (ret)
		return 0;
	if (op->uflags & VFIO_DMA_UNMAP_FLAG_VADDR)
		vaddr_tell(c, s, op, IOAS_EV_VADDR_INVALID);
	if (bpf_probe_read_user(&u, sizeof(u), (void *)op->uarg))
		return 0;
	*flags |= IOAS_F_RETURNED;
	return u.size;
}

HOOK("fexit/vfio_iommu_type1_ioctl", t1_ioctl_done)
{
	struct op *op = op_get(LEVEL_DRIVER);
	__s64 ret = ret_of(ctx);
	__u64 returned = 0;
	struct ioas_ioas *s;
	struct ioas_ctx *c;
	__u8 flags = 0;

	if (!op || !op->cmd || op->cmd != (__u32)arg(ctx, ARG_IOCTL_CMD))
		return 0;
	if (op->what == IOAS_OP_MAP)
		__sync_fetch_and_add(&maps_in_flight, -1);
	s = ioas_get(op->ioas_key);
	if (!s)
		goto out;
	c = ctx_of(s);
	op_read_args(op);
	if (!op->args_ok)
		flags |= IOAS_F_ARGS_UNREAD;
	if (op->what == IOAS_OP_MAP)
		op_map_done(c, s, op, ret);
	else if (op->what == IOAS_OP_UNMAP)
		returned = op_unmap_done(c, s, op, ret, &flags);
	charge_tell(c, s, op);
	ioas_refresh(s, op->ioas_key, op);
	op_emit(c, s, op, ret, returned, flags);
out:
	op_del(LEVEL_DRIVER);
	return 0;
}

/* ---- birth and death of the IOAS ---- */

HOOK("fexit/vfio_iommu_type1_open", t1_open)
{
	__u64 key = ret_of(ctx);
	__u32 type = arg(ctx, ARG_OPEN_ARG);

	if (!key || IS_ERR_VALUE(key))
		return 0;
	ioas_new(key, ioas_ctx_key(key), IOAS_BACKEND_TYPE1,
		 type == VFIO_TYPE1_IOMMU ? IOAS_MODE_V1 : IOAS_MODE_V2, false);
	return 0;
}

HOOK("fentry/vfio_iommu_type1_release", t1_release)
{
	__u64 key = arg(ctx, ARG_RELEASE_DATA);
	struct ioas_ioas *s = ioas_get(key);
	struct op *op;

	if (!s)
		return 0;
	op = op_new(LEVEL_DRIVER, IOAS_OP_RELEASE);
	if (!op)
		return 0;
	op->ioas_key = key;
	op->ioas_id = s->id;
	return 0;
}

/* fexit: the object is freed, its address may live again; our id tells. */
HOOK("fexit/vfio_iommu_type1_release", t1_released)
{
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_event *e;
	struct ioas_ioas *s;
	struct ioas_ctx *c;
	__u64 key;
	__u32 id;

	if (!op || op->what != IOAS_OP_RELEASE)
		return 0;
	key = op->ioas_key;
	id = op->ioas_id;
	s = bpf_map_lookup_elem(&ioas_ioas, &key);
	if (s && s->id == id) {
		c = ctx_of(s);
		charge_tell(c, s, op);
		op_emit(c, s, op, 0, 0, IOAS_F_NO_RESULT);
		e = event_begin(c, s, IOAS_EV_IOAS_GONE, op->num);
		if (e) {
			e->body_obj.mode = s->mode;
			event_end(e);
		}
		bpf_for_each_map_elem(&ioas_charge, charge_forget, &id, 0);
		bpf_map_delete_elem(&ioas_ioas, &key);
		/* Stood in for a container whose file we have not seen. */
		if (c && s->ctx_key == key) {
			c->closed = 1;
			ctx_put(key, c);
		}
	}
	op_del(LEVEL_DRIVER);
	return 0;
}

#endif
