// SPDX-License-Identifier: GPL-2.0
/*
 * COPY: areas of another IOAS that share their memory with the source's. References are taken
 * under the source's lock, which is dropped before the destination's is taken: so source and
 * destination may be one, and two copies in opposite directions do not wait for each other.
 */
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "ioasb.h"

static int check_copy(const struct ioasb_copy *cmd, unsigned long *last)
{
	int rc = ioasb_map_flags(cmd->flags);

	if (rc)
		return rc;
	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->length || ((cmd->src_iova | cmd->length) & ~PAGE_MASK))
		return -EINVAL;
	return check_add_overflow(cmd->src_iova, cmd->length - 1, last) ? -EOVERFLOW : 0;
}

/* An area like the part [start, last] of another. */
static int add_piece(struct list_head *list, const struct ioasb_area *area, unsigned long start,
		     unsigned long last, struct ioasb_place *place)
{
	unsigned long page = area->user.first_page + ((start - area->start) >> PAGE_SHIFT);
	struct ioasb_area *piece;

	if ((place->flags & IOASB_WRITEABLE) && !area->pages->writeable)
		return -EPERM;
	if (place->nareas >= ioasb_max_entries())
		return -ENOSPC;
	piece = ioasb_area_alloc(area->pages, page, page + ((last - start) >> PAGE_SHIFT));
	if (!piece)
		return -ENOMEM;
	if (!place->nareas++)
		place->user_va = area->pages->user_va + (page << PAGE_SHIFT);
	list_add_tail(&piece->entry, list);
	return 0;
}

/* What covers [start, last] without a hole; -ENOENT if there is one. */
static int collect(struct ioasb_ioas *src, unsigned long start, unsigned long last,
		   struct list_head *list, struct ioasb_place *place)
{
	struct ioasb_area *area;
	int rc;

	for (area = ioasb_areas_iter_first(&src->areas, start, last); area;
	     area = ioasb_areas_iter_next(area, start, last)) {
		if (area->start > start)
			return -ENOENT;
		rc = add_piece(list, area, start, min(area->last, last), place);
		if (rc)
			return rc;
		if (area->last >= last)
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		start = area->last + 1;
		cond_resched();
	}
	return -ENOENT;
}

static int collect_locked(struct ioasb_ctx *ctx, const struct ioasb_copy *cmd, unsigned long last,
			  struct list_head *list, struct ioasb_place *place)
{
	struct ioasb_ioas *src = ioasb_ioas_get(ctx, cmd->src_ioas_id);
	int rc;

	if (!src)
		return -ENOENT;
	rc = src->tce ? -EOPNOTSUPP : ioasb_ioas_read(src);
	if (!rc) {
		rc = collect(src, cmd->src_iova, last, list, place);
		up_read(&src->lock);
	}
	ioasb_object_put(&src->obj);
	return rc;
}

int ioasb_copy(struct ioasb_ctx *ctx, struct ioasb_copy *cmd)
{
	struct ioasb_place place = {
		.flags = cmd->flags,
		.claim = cmd->reservation,
		.length = cmd->length,
		.iova = cmd->dst_iova,
	};
	struct ioasb_ioas *dst;
	unsigned long last;
	LIST_HEAD(list);
	int rc = check_copy(cmd, &last);

	if (rc)
		return rc;
	dst = ioasb_ioas_get(ctx, cmd->dst_ioas_id);
	if (!dst)
		return -ENOENT;
	rc = dst->tce ? -EOPNOTSUPP
		      : ioasb_map_allowed(dst, cmd->flags, cmd->dst_iova, cmd->length);
	if (!rc)
		rc = collect_locked(ctx, cmd, last, &list, &place);
	if (!rc)
		rc = ioasb_map_list(dst, &list, &place);
	ioasb_area_list_free(&list);
	if (!rc)
		cmd->dst_iova = place.iova;
	ioasb_map_told(dst, cmd->flags, cmd->dst_iova, cmd->length, rc);
	ioasb_object_put(&dst->obj);
	return rc;
}
