// SPDX-License-Identifier: GPL-2.0
/*
 * GAPS: what of an IOAS is mapped and not pinned, reserved and not mapped, or free. The IOAS is
 * locked; a chunk of the answer is written to the caller when it is not any more.
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ioasb.h"

#define MAX_GAPS 1024
#define ALL_KINDS (IOASB_GAP_UNPINNED | IOASB_GAP_RESERVED | IOASB_GAP_UNMAPPED)

struct walk {
	struct ioasb_ioas *ioas;
	u32 kinds;
	unsigned long pos;
	unsigned long last;
	bool end; /* nothing is left behind pos */
};

/* Everything up to @last has been seen. */
static void advance(struct walk *w, unsigned long last)
{
	if (last >= w->last)
		w->end = true;
	else
		w->pos = last + 1;
}

/* From pos to @last is a gap: true if that kind is wanted. */
static bool found(struct walk *w, struct ioasb_gap *gap, unsigned long last, u32 kind, u32 id)
{
	*gap = (struct ioasb_gap){ w->pos, last, kind, id };
	advance(w, last);
	return w->kinds & kind;
}

/* The first page from @first on that is not pinned; above @last if there is none. */
static unsigned long next_unpinned(struct ioasb_pages *pages, unsigned long first,
				   unsigned long last)
{
	while (first <= last) {
		struct ioasb_chunk *chunk = xa_load(&pages->chunks, first >> IOASB_CHUNK_SHIFT);
		unsigned long k = first & (IOASB_CHUNK_PAGES - 1);

		if (!chunk)
			break;
		first -= k;
		k = find_next_zero_bit(chunk->pinned, IOASB_CHUNK_PAGES, k);
		first += k;
		if (k < IOASB_CHUNK_PAGES)
			break;
		cond_resched();
	}
	return first;
}

/* The first page from @first on that is pinned; above @last if there is none. */
static unsigned long next_pinned(struct ioasb_pages *pages, unsigned long first, unsigned long last)
{
	struct ioasb_chunk *chunk;
	unsigned long i;

	xa_for_each_range(&pages->chunks, i, chunk, first >> IOASB_CHUNK_SHIFT,
			  last >> IOASB_CHUNK_SHIFT) {
		unsigned long base = i << IOASB_CHUNK_SHIFT;
		unsigned long k = find_next_bit(chunk->pinned, IOASB_CHUNK_PAGES,
						first > base ? first - base : 0);

		if (k < IOASB_CHUNK_PAGES)
			return base + k;
		cond_resched();
	}
	return last + 1;
}

/* In an area at pos, to @last at most: 1 (a gap), 0 (look on), -EINTR. */
static int in_area(struct walk *w, struct ioasb_area *area, struct ioasb_gap *gap)
{
	unsigned long last = min(area->last, w->last), offset = area->user.first_page;
	unsigned long from, to, end;

	if (!(w->kinds & IOASB_GAP_UNPINNED)) {
		advance(w, last);
		return 0;
	}
	if (mutex_lock_killable(&area->pages->lock))
		return -EINTR;
	end = offset + ((last - area->start) >> PAGE_SHIFT);
	from = next_unpinned(area->pages, offset + ((w->pos - area->start) >> PAGE_SHIFT), end);
	to = from <= end ? next_pinned(area->pages, from, end) : 0;
	mutex_unlock(&area->pages->lock);
	if (from > end) {
		advance(w, last);
		return 0;
	}
	w->pos = max(w->pos, area->start + ((from - offset) << PAGE_SHIFT));
	if (to <= end)
		last = area->start + ((to - offset) << PAGE_SHIFT) - 1;
	return found(w, gap, last, IOASB_GAP_UNPINNED, area->pages->id);
}

/* Between areas, to @last at most. */
static int in_hole(struct walk *w, unsigned long last, struct ioasb_gap *gap)
{
	struct ioasb_range *r = ioasb_ranges_iter_first(&w->ioas->claims, w->pos, last);

	if (r && r->start <= w->pos)
		return found(w, gap, min(r->last, last), IOASB_GAP_RESERVED, r->id);
	if (r)
		last = r->start - 1;
	r = ioasb_ranges_iter_first(&w->ioas->reserved, w->pos, last);
	if (r && r->start <= w->pos) {
		advance(w, r->last);
		return 0;
	}
	if (r)
		last = r->start - 1;
	return found(w, gap, last, IOASB_GAP_UNMAPPED, 0);
}

/* What is mapped in a table is pinned, and there are no reservations. */
static int in_window(struct walk *w, unsigned long last, struct ioasb_gap *gap)
{
	struct ioasb_range *r = ioasb_ranges_iter_first(&w->ioas->reserved, w->pos, last);
	unsigned long from;

	if (r && r->start <= w->pos) {
		advance(w, r->last);
		return 0;
	}
	if (r)
		last = r->start - 1;
	from = ioasb_tce_next(w->ioas, w->pos, last, false);
	if (from == last) {
		advance(w, last);
		return 0;
	}
	w->pos = from;
	from = ioasb_tce_next(w->ioas, from, last, true);
	return found(w, gap, from == last ? last : from - 1, IOASB_GAP_UNMAPPED, 0);
}

static int step(struct walk *w, struct ioasb_gap *gap)
{
	struct ioasb_area *area;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (w->ioas->tce)
		return in_window(w, w->last, gap);
	area = ioasb_areas_iter_first(&w->ioas->areas, w->pos, w->last);
	if (area && area->start <= w->pos)
		return in_area(w, area, gap);
	return in_hole(w, area ? area->start - 1 : w->last, gap);
}

static int collect(struct walk *w, struct ioasb_gap *gaps, u32 room, u32 *n)
{
	int rc = ioasb_ioas_read(w->ioas);

	if (rc)
		return rc;
	for (*n = 0; *n < room && !w->end; *n += rc) {
		rc = step(w, &gaps[*n]);
		if (rc < 0)
			break;
		cond_resched();
	}
	up_read(&w->ioas->lock);
	return min(rc, 0);
}

static int gaps(struct walk *w, struct ioasb_gaps *cmd)
{
	u32 n, room = min_t(u32, cmd->num_gaps, MAX_GAPS);
	struct ioasb_gap *list = kvmalloc_array(room, sizeof(*list), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!list)
		return -ENOMEM;
	rc = collect(w, list, room, &n);
	if (!rc && copy_to_user(u64_to_user_ptr(cmd->gaps), list, array_size(n, sizeof(*list))))
		rc = -EFAULT;
	kvfree(list);
	if (rc)
		return rc;
	cmd->num_gaps = n;
	cmd->out_more = !w->end;
	if (!w->end)
		cmd->iova = w->pos;
	return 0;
}

int ioasb_gaps(struct ioasb_ctx *ctx, struct ioasb_gaps *cmd)
{
	struct walk w = { .kinds = cmd->kinds, .pos = cmd->iova, .last = cmd->last };
	int rc;

	if ((cmd->kinds & ~ALL_KINDS) || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->kinds || !cmd->num_gaps || cmd->iova > cmd->last ||
	    ((cmd->iova | (cmd->last + 1)) & ~PAGE_MASK))
		return -EINVAL;
	w.ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!w.ioas)
		return -ENOENT;
	rc = gaps(&w, cmd);
	ioasb_object_put(&w.ioas->obj);
	return rc;
}
