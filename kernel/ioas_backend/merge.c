// SPDX-License-Identifier: GPL-2.0
/* MERGE: the opposite of what an unmap in mode any does to areas. */
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "ioasb.h"

static bool goes_on(struct ioasb_ioas *ioas, const struct ioasb_area *head,
		    const struct ioasb_area *tail)
{
	return head->last + 1 == tail->start && head->pages == tail->pages &&
	       head->user.last_page + 1 == tail->user.first_page && head->prot == tail->prot &&
	       ioasb_ranges_iter_first(&ioas->claims, head->last, head->last) ==
		       ioasb_ranges_iter_first(&ioas->claims, tail->start, tail->start);
}

/* No page is touched. -EINTR, and nothing has changed. */
static int merge_two(struct ioasb_ioas *ioas, struct ioasb_area *head, struct ioasb_area *tail)
{
	struct ioasb_pages *pages = head->pages;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ioasb_areas_remove(tail, &ioas->areas);
	ioasb_areas_remove(head, &ioas->areas);
	ioasb_user_merge_locked(pages, &head->user, &tail->user);
	head->last = tail->last;
	ioasb_areas_insert(head, &ioas->areas);
	ioas->nareas--;
	ioas->nentries--;
	ioasb_note_area_merged(ioas, head, tail, ioasb_order(ioas->obj.ctx));
	mutex_unlock(&pages->lock);
	ioasb_area_free(tail);
	return 0;
}

/* Only areas that are whole in the range. */
static int merge(struct ioasb_ioas *ioas, unsigned long start, unsigned long last, u64 *merged)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, start, last), *next;

	if (area && area->start < start)
		area = ioasb_areas_iter_next(area, start, last);
	for (; area; area = next) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		next = ioasb_areas_iter_next(area, start, last);
		if (!next || next->last > last)
			break;
		if (!goes_on(ioas, area, next))
			continue;
		if (merge_two(ioas, area, next))
			return -EINTR;
		++*merged;
		next = area;
	}
	return 0;
}

int ioasb_merge(struct ioasb_ctx *ctx, struct ioasb_merge *cmd)
{
	struct ioasb_ioas *ioas;
	unsigned long last;
	int rc;

	cmd->out_merged = 0;
	if (!cmd->length)
		return -EINVAL;
	if (!cmd->iova && cmd->length == U64_MAX)
		last = ULONG_MAX;
	else if (check_add_overflow(cmd->iova, cmd->length - 1, &last))
		return -EOVERFLOW;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioas->tce ? -EOPNOTSUPP : ioasb_ioas_write(ioas);
	if (!rc) {
		rc = merge(ioas, cmd->iova, last, &cmd->out_merged);
		up_write(&ioas->lock);
	}
	ioasb_object_put(&ioas->obj);
	return rc;
}
