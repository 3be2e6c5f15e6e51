/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: areas that are split, where a VFIO container of v1 unmaps a part.
 *
 * What makes it ordered: exits of iopt_insert_area in iopt_cut_iova, under
 * iova_rwsem (write).
 */
#ifndef IOASCOPE_IOMMUFD_SPLITS_BPF_H
#define IOASCOPE_IOMMUFD_SPLITS_BPF_H

#include "iommufd_areas.bpf.h"

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
		o = fd_find((__u64)pages, FD_PAGES);
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
