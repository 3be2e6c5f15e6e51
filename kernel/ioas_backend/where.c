// SPDX-License-Identifier: GPL-2.0
/*
 * WHERE: at which addresses of an IOAS some memory is. There is no index for that: all areas are
 * gone through.
 */
#include <linux/capability.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "tce.h"

#define MAX_IOVAS 4096

struct answer {
	u64 *iovas;
	u32 n;
	u32 room;
	unsigned long from;
	bool more; /* there is one at from for which there was no room */
};

/* Ascending. False: it is full. */
static bool put(struct answer *a, unsigned long iova)
{
	if (iova < a->from)
		return true;
	if (a->n == a->room) {
		a->more = true;
		a->from = iova;
		return false;
	}
	a->iovas[a->n++] = iova;
	return true;
}

static bool put_at(struct answer *a, const struct ioasb_area *area, unsigned long page,
		   unsigned long offset)
{
	if (page < area->user.first_page || page > area->user.last_page)
		return true;
	return put(a, area->start + ((page - area->user.first_page) << PAGE_SHIFT) + offset);
}

static bool by_va(struct answer *a, const struct ioasb_area *area, u64 va)
{
	const struct ioasb_pages *pages = area->pages;

	if (pages->file || pages->charge.mm != current->mm || va < pages->user_va)
		return true;
	return put_at(a, area, (va - pages->user_va) >> PAGE_SHIFT, offset_in_page(va));
}

/* Frames of a run are as many pages, in their order. */
static bool in_chunk(struct answer *a, const struct ioasb_area *area,
		     const struct ioasb_chunk *chunk, unsigned long base, u64 pfn)
{
	u32 r;

	for (r = 0; r < chunk->nruns; r++) {
		const struct ioasb_run *run = &chunk->runs[r];
		u32 k = run->first + (pfn - run->pfn);

		if (pfn < run->pfn || pfn - run->pfn >= run->npages || !test_bit(k, chunk->pinned))
			continue;
		if (!put_at(a, area, base + k, 0))
			return false;
	}
	return true;
}

/* 1: go on, 0: full, -EINTR. */
static int by_pfn(struct answer *a, struct ioasb_area *area, u64 pfn)
{
	struct ioasb_pages *pages = area->pages;
	struct ioasb_chunk *chunk;
	unsigned long i;
	bool go_on = true;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	xa_for_each_range(&pages->chunks, i, chunk, area->user.first_page >> IOASB_CHUNK_SHIFT,
			  area->user.last_page >> IOASB_CHUNK_SHIFT) {
		go_on = in_chunk(a, area, chunk, i << IOASB_CHUNK_SHIFT, pfn);
		if (!go_on || fatal_signal_pending(current))
			break;
		cond_resched();
	}
	mutex_unlock(&pages->lock);
	return go_on;
}

static int in_area(struct answer *a, struct ioasb_area *area, const struct ioasb_where *cmd)
{
	switch (cmd->by) {
	case IOASB_WHERE_VA:
		return by_va(a, area, cmd->value);
	case IOASB_WHERE_PAGE:
		return area->pages->id != cmd->pages_id || put_at(a, area, cmd->value, 0);
	default:
		return by_pfn(a, area, cmd->value);
	}
}

/* Of a table, only page frames are known. */
static int in_table(struct answer *a, struct ioasb_ioas *ioas, const struct ioasb_where *cmd)
{
	unsigned long iova = max(a->from & PAGE_MASK, ioas->tce->start);
	unsigned long last = ioasb_tce_last(ioas->tce);

	if (cmd->by != IOASB_WHERE_PFN)
		return -EOPNOTSUPP;
	while (iova < last) {
		iova = ioasb_tce_next(ioas, iova, last, true);
		if (iova == last)
			break;
		if (ioasb_tce_frame(ioas, iova) == cmd->value && !put(a, iova))
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (last - iova < PAGE_SIZE)
			break;
		iova += PAGE_SIZE;
	}
	return 0;
}

static int collect(struct answer *a, struct ioasb_ioas *ioas, const struct ioasb_where *cmd)
{
	struct ioasb_area *area;
	int rc;

	if (ioas->tce)
		return in_table(a, ioas, cmd);
	for (area = ioasb_areas_iter_first(&ioas->areas, a->from, ULONG_MAX); area;
	     area = ioasb_areas_iter_next(area, a->from, ULONG_MAX)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		rc = in_area(a, area, cmd);
		if (rc <= 0)
			return rc;
		cond_resched();
	}
	return 0;
}

static int where(struct ioasb_ioas *ioas, struct ioasb_where *cmd)
{
	struct answer a = { .room = min_t(u32, cmd->num_iovas, MAX_IOVAS), .from = cmd->iova };
	int rc;

	a.iovas = kvmalloc_array(a.room, sizeof(*a.iovas), GFP_KERNEL_ACCOUNT);
	if (!a.iovas)
		return -ENOMEM;
	rc = ioasb_ioas_read(ioas);
	if (!rc) {
		rc = collect(&a, ioas, cmd);
		up_read(&ioas->lock);
	}
	if (!rc &&
	    copy_to_user(u64_to_user_ptr(cmd->iovas), a.iovas, array_size(a.n, sizeof(*a.iovas))))
		rc = -EFAULT;
	kvfree(a.iovas);
	if (rc)
		return rc;
	cmd->num_iovas = a.n;
	cmd->out_more = a.more;
	cmd->iova = a.from;
	return 0;
}

int ioasb_where(struct ioasb_ctx *ctx, struct ioasb_where *cmd)
{
	struct ioasb_ioas *ioas;
	int rc;

	if (cmd->by > IOASB_WHERE_PFN || (cmd->pages_id && cmd->by != IOASB_WHERE_PAGE))
		return -EOPNOTSUPP;
	if (!cmd->num_iovas)
		return -EINVAL;
	if (cmd->by == IOASB_WHERE_PFN && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = where(ioas, cmd);
	ioasb_object_put(&ioas->obj);
	return rc;
}
