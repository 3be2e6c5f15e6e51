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
	return left ? area_split(ctx_of(s), s, a, left) : 0;
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
