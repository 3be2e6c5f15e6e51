// SPDX-License-Identifier: GPL-2.0
/*
 * What a client pins and unpins, by its rule: what may be pinned, what an unpin may be, what is
 * told. How often which addresses are pinned is what its tracker keeps.
 *
 * client->lock is held.
 */
#include <linux/sched/signal.h>

#include "tracker.h"

static int check(struct ioasb_ioas *ioas, unsigned long start, unsigned long last, u32 prot)
{
	struct ioasb_area *area;

	for (area = ioasb_areas_iter_first(&ioas->areas, start, last); area;
	     area = ioasb_areas_iter_next(area, start, last)) {
		if (area->start > start)
			return -ENOENT;
		if (!(area->prot & prot))
			return -EPERM;
		if (area->last >= last)
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		start = area->last + 1;
		cond_resched();
	}
	return -ENOENT;
}

/* What of [start, last] is in the area. */
static int add_area(struct ioasb_client *client, struct ioasb_area *area, unsigned long start,
		    unsigned long last)
{
	struct ioasb_span span = { .pages = area->pages,
				   .page = area->user.first_page,
				   .start = max(start, area->start),
				   .last = min(last, area->last) };

	span.page += (span.start - area->start) >> PAGE_SHIFT;
	return client->tracker->add(client, &span);
}

/* The IOAS is locked, and no area in between is missing. All or nothing. */
static int add(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_area *area;
	int rc = 0;

	for (area = ioasb_areas_iter_first(&client->ioas->areas, start, last); area;
	     area = ioasb_areas_iter_next(area, start, last)) {
		rc = fatal_signal_pending(current) ? -EINTR : add_area(client, area, start, last);
		if (rc)
			break;
		cond_resched();
	}
	if (rc && area->start > start)
		client->tracker->sub(client, start, area->start - 1, false);
	return rc;
}

static int remember(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_range *range;

	if (client->refcount)
		return 0;
	if (client->nexact >= ioasb_max_entries())
		return -ENOSPC;
	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	range->start = start;
	range->last = last;
	ioasb_ranges_insert(range, &client->exact);
	client->nexact++;
	return 0;
}

/* The IOAS is locked, too. All or nothing. */
int ioasb_pins_add(struct ioasb_client *client, unsigned long start, unsigned long last, u32 prot)
{
	int rc = check(client->ioas, start, last, prot);

	if (!rc)
		rc = add(client, start, last);
	if (rc)
		return rc;
	rc = remember(client, start, last);
	if (rc)
		client->tracker->sub(client, start, last, false);
	else
		ioasb_note_client_pin(client, start, last, prot, ioasb_order(client->obj.ctx));
	return rc;
}

static bool all_pinned(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_pinned entry;

	while (client->tracker->find(client, start, start, &entry)) {
		if (entry.last >= last)
			return true;
		start = entry.last + 1;
		cond_resched();
	}
	return false;
}

/* One pin of just that range, if there was one. */
static struct ioasb_range *find_exact(struct ioasb_client *client, unsigned long start,
				      unsigned long last)
{
	struct ioasb_range *range = ioasb_ranges_iter_first(&client->exact, start, start);

	for (; range; range = ioasb_ranges_iter_next(range, start, start)) {
		if (range->start == start && range->last == last)
			return range;
		cond_resched();
	}
	return NULL;
}

static void forget(struct ioasb_client *client, struct ioasb_range *range)
{
	ioasb_ranges_remove(range, &client->exact);
	client->nexact--;
	kfree(range);
}

/* All of it is pinned, and any pin of just that range is forgotten. */
static void unpin(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	ioasb_note_client_unpin(client, start, last, 1, ioasb_order(client->obj.ctx));
	client->tracker->sub(client, start, last, false);
}

int ioasb_pins_remove_range(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_range *range = find_exact(client, start, last);

	if (client->refcount ? !all_pinned(client, start, last) : !range)
		return -ENOENT;
	if (range)
		forget(client, range);
	unpin(client, start, last);
	return 0;
}

static void drop_pins(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_pinned run;

	while (ioasb_tracker_next(client, start, last, &run)) {
		/* By range, each pin is told as it was asked for. */
		if (client->refcount)
			ioasb_note_client_unpin(client, run.start, run.last, run.count,
						ioasb_order(client->obj.ctx));
		client->tracker->sub(client, run.start, run.last, true);
		cond_resched();
	}
}

/* Everything: not one pin after the other, as many that overlap would take quadratic time. */
static void drop_all(struct ioasb_client *client)
{
	struct ioasb_range *range;

	while ((range = ioasb_ranges_iter_first(&client->exact, 0, ULONG_MAX))) {
		ioasb_note_client_unpin(client, range->start, range->last, 1,
					ioasb_order(client->obj.ctx));
		forget(client, range);
		cond_resched();
	}
	drop_pins(client, 0, ULONG_MAX);
}

static void drop_exact(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_range *range;

	while ((range = ioasb_ranges_iter_first(&client->exact, start, last))) {
		unsigned long from = range->start, to = range->last;

		/* Only an unmap asks for a part, and it looks again. */
		if (fatal_signal_pending(current))
			return;
		forget(client, range);
		unpin(client, from, to);
	}
}

/*
 * Unpin what keeps [start, last] from being unmapped, as often as it was pinned: with a count for
 * each page just that range, otherwise each pin that reaches into it. Returns how many pages went.
 * If killed, a part may remain.
 */
unsigned long ioasb_pins_drop(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	unsigned long before = client->npages;

	if (!start && last == ULONG_MAX)
		drop_all(client);
	else if (client->refcount)
		drop_pins(client, start, last);
	else
		drop_exact(client, start, last);
	return before - client->npages;
}

/* Is anything pinned there? */
bool ioasb_pins_any(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_pinned entry;

	return client->tracker->find(client, start, last, &entry);
}

/* The pages of a range that is pinned. */
void ioasb_pins_pages(struct ioasb_client *client, unsigned long start, unsigned long npages,
		      struct page **pages)
{
	unsigned long last = start + ((npages << PAGE_SHIFT) - 1), at = start;
	struct ioasb_pinned run;

	while (at - start < npages << PAGE_SHIFT && ioasb_tracker_next(client, at, last, &run)) {
		mutex_lock(&run.pages->lock);
		for (at = run.start; at <= run.last && at >= run.start; at += PAGE_SIZE, run.page++)
			pages[(at - start) >> PAGE_SHIFT] = ioasb_pinned_page(run.pages, run.page);
		mutex_unlock(&run.pages->lock);
		cond_resched();
	}
}

/* How often the page at iova is pinned. */
u64 ioasb_pins_count(struct ioasb_client *client, unsigned long iova)
{
	struct ioasb_pinned entry;

	return client->tracker->find(client, iova, iova, &entry) ? entry.count : 0;
}

/* The page at iova, which is pinned. */
struct page *ioasb_pins_page(struct ioasb_client *client, unsigned long iova)
{
	struct page *page;

	ioasb_pins_pages(client, iova, 1, &page);
	return page;
}
