// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are really pinned, by windows of 512 of a pages object. Memory that is contiguous is
 * one run of a window; a window costs 72 bytes and 16 for each run. pages->lock is held.
 */
#include <linux/bitmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "ioasb.h"

/* A window while it is being pinned. */
struct work {
	struct page *page[IOASB_CHUNK_PAGES];
	unsigned long pfn[IOASB_CHUNK_PAGES];
	DECLARE_BITMAP(pinned, IOASB_CHUNK_PAGES);
	DECLARE_BITMAP(fresh, IOASB_CHUNK_PAGES);
};

static_assert(sizeof(struct ioasb_chunk) == 72);
static_assert(sizeof(struct ioasb_run) == 16);

static size_t chunk_size(u32 nruns)
{
	return sizeof(struct ioasb_chunk) + nruns * sizeof(struct ioasb_run);
}

/* What of [first, last] lies in the window of index i. */
static void window(unsigned long i, unsigned long first, unsigned long last, u32 *lo, u32 *hi)
{
	unsigned long base = i << IOASB_CHUNK_SHIFT;

	*lo = first > base ? first - base : 0;
	*hi = min(last - base, IOASB_CHUNK_PAGES - 1);
}

static u32 weight(const struct ioasb_chunk *chunk, u32 lo, u32 hi)
{
	return bitmap_weight(chunk->pinned, hi + 1) - bitmap_weight(chunk->pinned, lo);
}

unsigned long ioasb_count_pinned(struct ioasb_pages *pages, unsigned long first, unsigned long last)
{
	struct ioasb_chunk *chunk;
	unsigned long i, n = 0;
	u32 lo, hi;

	xa_for_each_range(&pages->chunks, i, chunk, first >> IOASB_CHUNK_SHIFT,
			  last >> IOASB_CHUNK_SHIFT) {
		window(i, first, last, &lo, &hi);
		n += weight(chunk, lo, hi);
		cond_resched();
	}
	return n;
}

static long pin_remote(struct ioasb_pages *pages, unsigned long va, u32 n, unsigned int flags,
		       struct page **page)
{
	int locked = 1;
	long got;

	if (!mmget_not_zero(pages->charge.mm))
		return -EFAULT;
	if (mmap_read_lock_killable(pages->charge.mm)) {
		mmput(pages->charge.mm);
		return -EINTR;
	}
	got = pin_user_pages_remote(pages->charge.mm, va, n, flags, page, &locked);
	if (locked)
		mmap_read_unlock(pages->charge.mm);
	mmput(pages->charge.mm);
	return got;
}

/* Pin n pages of the window from lo on. What it got stays marked as fresh, on failure too. */
static int pin_hole(struct ioasb_pages *pages, struct work *work, unsigned long i, u32 lo, u32 n)
{
	unsigned int flags = FOLL_LONGTERM | (pages->writeable ? FOLL_WRITE : 0);
	unsigned long va = pages->user_va + (((i << IOASB_CHUNK_SHIFT) + lo) << PAGE_SHIFT);
	u32 k;

	while (n) {
		long got;

		if (pages->file)
			got = ioasb_file_pin(pages, (i << IOASB_CHUNK_SHIFT) + lo, n,
					     work->page + lo);
		else if (pages->charge.mm == current->mm)
			got = pin_user_pages_fast(va, n, flags, work->page + lo);
		else
			got = pin_remote(pages, va, n, flags, work->page + lo);
		if (got <= 0)
			return got ?: -EFAULT;
		for (k = lo; k < lo + got; k++)
			work->pfn[k] = page_to_pfn(work->page[k]);
		bitmap_set(work->fresh, lo, got);
		va += (unsigned long)got << PAGE_SHIFT;
		lo += got;
		n -= got;
	}
	return 0;
}

static void drop_fresh(struct work *work)
{
	unsigned int k;

	for_each_set_bit(k, work->fresh, IOASB_CHUNK_PAGES)
		unpin_user_page(work->page[k]);
}

static void load_chunk(struct work *work, const struct ioasb_chunk *chunk)
{
	u32 r, k;

	bitmap_zero(work->fresh, IOASB_CHUNK_PAGES);
	bitmap_zero(work->pinned, IOASB_CHUNK_PAGES);
	if (!chunk)
		return;
	bitmap_copy(work->pinned, chunk->pinned, IOASB_CHUNK_PAGES);
	for (r = 0; r < chunk->nruns; r++)
		for (k = 0; k < chunk->runs[r].npages; k++)
			work->pfn[chunk->runs[r].first + k] = chunk->runs[r].pfn + k;
}

/* The runs of the window; counts them if runs is NULL. */
static u32 compress(const struct work *work, struct ioasb_run *runs)
{
	unsigned int k, prev = IOASB_CHUNK_PAGES;
	u32 n = 0;

	for_each_set_bit(k, work->pinned, IOASB_CHUNK_PAGES) {
		bool more = k && prev == k - 1 && work->pfn[k] == work->pfn[prev] + 1;

		prev = k;
		if (!more)
			n++;
		if (!runs)
			continue;
		if (more)
			runs[n - 1].npages++;
		else
			runs[n - 1] = (struct ioasb_run){ work->pfn[k], k, 1 };
	}
	return n;
}

static int store_chunk(struct ioasb_pages *pages, unsigned long i, const struct work *work,
		       struct ioasb_chunk *old)
{
	u32 nruns = compress(work, NULL);
	struct ioasb_chunk *chunk = kmalloc(chunk_size(nruns), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!chunk)
		return -ENOMEM;
	chunk->nruns = nruns;
	compress(work, chunk->runs);
	bitmap_copy(chunk->pinned, work->pinned, IOASB_CHUNK_PAGES);
	rc = xa_err(xa_store(&pages->chunks, i, chunk, GFP_KERNEL_ACCOUNT));
	if (rc) {
		kfree(chunk);
		return rc;
	}
	pages->bytes += chunk_size(nruns);
	if (old)
		pages->bytes -= chunk_size(old->nruns);
	kfree(old);
	return 0;
}

/* All of the window or nothing. */
static int pin_window(struct ioasb_pages *pages, struct work *work, unsigned long i, u32 lo, u32 hi)
{
	struct ioasb_chunk *chunk = xa_load(&pages->chunks, i);
	u32 start, end, n = 0;
	int rc;

	load_chunk(work, chunk);
	for (start = lo; start <= hi; start = end) {
		start = find_next_zero_bit(work->pinned, hi + 1, start);
		end = find_next_bit(work->pinned, hi + 1, start);
		if (start > hi)
			break;
		rc = pin_hole(pages, work, i, start, end - start);
		if (rc)
			goto drop;
		n += end - start;
	}
	if (!n)
		return 0;
	bitmap_or(work->pinned, work->pinned, work->fresh, IOASB_CHUNK_PAGES);
	rc = store_chunk(pages, i, work, chunk);
	if (rc)
		goto drop;
	pages->npinned += n;
	return 0;
drop:
	drop_fresh(work);
	return rc;
}

/* Pin what is not pinned yet. On failure some of it may stay so. */
int ioasb_pin(struct ioasb_pages *pages, unsigned long first, unsigned long last)
{
	struct work *work = kmalloc(sizeof(*work), GFP_KERNEL_ACCOUNT);
	unsigned long i;
	u32 lo, hi;
	int rc = 0;

	if (!work)
		return -ENOMEM;
	for (i = first >> IOASB_CHUNK_SHIFT; i <= last >> IOASB_CHUNK_SHIFT; i++) {
		if (fatal_signal_pending(current)) {
			rc = -EINTR;
			break;
		}
		window(i, first, last, &lo, &hi);
		rc = pin_window(pages, work, i, lo, hi);
		if (rc)
			break;
		cond_resched();
	}
	kfree(work);
	return rc;
}

/* What of the run is pinned and in [lo, hi] is let go. */
static u32 unpin_run(struct ioasb_pages *pages, struct ioasb_chunk *chunk,
		     const struct ioasb_run *run, u32 lo, u32 hi)
{
	u32 end = min_t(u32, run->first + run->npages, hi + 1);
	u32 start = max_t(u32, run->first, lo), stop, n = 0;

	for (; start < end; start = stop) {
		start = find_next_bit(chunk->pinned, end, start);
		stop = find_next_zero_bit(chunk->pinned, end, start);
		if (start >= end)
			break;
		unpin_user_page_range_dirty_lock(pfn_to_page(run->pfn + start - run->first),
						 stop - start, pages->writeable);
		bitmap_clear(chunk->pinned, start, stop - start);
		n += stop - start;
	}
	return n;
}

static u32 unpin_window(struct ioasb_pages *pages, struct ioasb_chunk *chunk, unsigned long i,
			u32 lo, u32 hi)
{
	u32 r, n = 0;

	for (r = 0; r < chunk->nruns; r++)
		n += unpin_run(pages, chunk, &chunk->runs[r], lo, hi);
	if (bitmap_empty(chunk->pinned, IOASB_CHUNK_PAGES)) {
		xa_erase(&pages->chunks, i);
		pages->bytes -= chunk_size(chunk->nruns);
		kfree(chunk);
	}
	return n;
}

/* Unpin what is pinned there: from our own record, whatever became of the mapping. */
unsigned long ioasb_unpin(struct ioasb_pages *pages, unsigned long first, unsigned long last)
{
	struct ioasb_chunk *chunk;
	unsigned long i, n = 0;
	u32 lo, hi;

	xa_for_each_range(&pages->chunks, i, chunk, first >> IOASB_CHUNK_SHIFT,
			  last >> IOASB_CHUNK_SHIFT) {
		window(i, first, last, &lo, &hi);
		n += unpin_window(pages, chunk, i, lo, hi);
		cond_resched();
	}
	pages->npinned -= n;
	return n;
}

/* The pinned page, or NULL; valid as long as the lock is held. */
struct page *ioasb_pinned_page(struct ioasb_pages *pages, unsigned long index)
{
	struct ioasb_chunk *chunk = xa_load(&pages->chunks, index >> IOASB_CHUNK_SHIFT);
	u32 k = index & (IOASB_CHUNK_PAGES - 1), lo = 0, hi;

	if (!chunk || !test_bit(k, chunk->pinned))
		return NULL;
	/* The last run that begins at or before k. */
	for (hi = chunk->nruns; hi - lo > 1;) {
		u32 mid = (lo + hi) / 2;

		if (chunk->runs[mid].first <= k)
			lo = mid;
		else
			hi = mid;
	}
	return pfn_to_page(chunk->runs[lo].pfn + k - chunk->runs[lo].first);
}
