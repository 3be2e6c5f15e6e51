// SPDX-License-Identifier: GPL-2.0
/*
 * What a client has pinned: ranges that do not overlap, each in one area, with one count. A pin of
 * contiguous addresses is one range, however long; where pins overlap, ranges are split. Each range
 * is a user of its pages object, so what several clients and devices need is pinned once.
 *
 * client->lock is held.
 */
#include <linux/sched/signal.h>

#include "ioasb.h"

static struct ioasb_pin *pin_alloc(struct ioasb_pages *pages, unsigned long start,
				   unsigned long last, unsigned long first_page, gfp_t flags)
{
	struct ioasb_pin *pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT | flags);

	if (!pin)
		return NULL;
	kref_get(&pages->kref);
	pin->pages = pages;
	pin->start = start;
	pin->last = last;
	pin->user.first_page = first_page;
	pin->user.last_page = first_page + ((last - start) >> PAGE_SHIFT);
	return pin;
}

static void pin_link(struct ioasb_client *client, struct ioasb_pin *pin)
{
	ioasb_pins_insert(pin, &client->pins);
	client->npins++;
}

static void pin_free(struct ioasb_client *client, struct ioasb_pin *pin)
{
	ioasb_user_deactivate(pin->pages, &pin->user);
	client->npages -= pin->user.last_page - pin->user.first_page + 1;
	ioasb_pins_remove(pin, &client->pins);
	client->npins--;
	ioasb_pages_put(pin->pages);
	kfree(pin);
}

/* pages->lock is held. */
static void split(struct ioasb_client *client, struct ioasb_pin *pin, struct ioasb_pin *tail)
{
	unsigned long npages = tail->user.first_page - pin->user.first_page;

	tail->count = pin->count;
	ioasb_pins_remove(pin, &client->pins);
	pin->last = tail->start - 1;
	ioasb_pins_insert(pin, &client->pins);
	ioasb_user_split_locked(pin->pages, &pin->user, npages, &tail->user);
	pin_link(client, tail);
}

/*
 * Let a range begin at @at if one reaches over it. A pin may fail: -ENOSPC, -ENOMEM, -EINTR. An
 * unpin must not, and what it needs is not much: two ranges at most.
 */
static int cut(struct ioasb_client *client, unsigned long at, bool may_fail)
{
	struct ioasb_pin *pin = ioasb_pins_iter_first(&client->pins, at, at), *tail;
	unsigned long page;

	if (!pin || pin->start == at)
		return 0;
	if (may_fail && client->npins >= ioasb_max_entries())
		return -ENOSPC;
	page = pin->user.first_page + ((at - pin->start) >> PAGE_SHIFT);
	tail = pin_alloc(pin->pages, at, pin->last, page, may_fail ? 0 : __GFP_NOFAIL);
	if (!tail)
		return -ENOMEM;
	if (!may_fail) {
		mutex_lock(&pin->pages->lock);
	} else if (mutex_lock_killable(&pin->pages->lock)) {
		ioasb_pages_put(tail->pages);
		kfree(tail);
		return -EINTR;
	}
	split(client, pin, tail);
	mutex_unlock(&pin->pages->lock);
	return 0;
}

static int cut_both(struct ioasb_client *client, unsigned long start, unsigned long last,
		    bool may_fail)
{
	int rc = cut(client, start, may_fail);

	if (!rc && last != ULONG_MAX)
		rc = cut(client, last + 1, may_fail);
	return rc;
}

/* Add n to the counts of [start, last], which is cut at both ends; ranges at 0 go. */
static void count(struct ioasb_client *client, unsigned long start, unsigned long last, int n)
{
	struct ioasb_pin *pin = ioasb_pins_iter_first(&client->pins, start, last), *next;

	for (; pin; pin = next) {
		next = ioasb_pins_iter_next(pin, start, last);
		pin->count += n;
		if (!pin->count)
			pin_free(client, pin);
		cond_resched();
	}
}

/* Pin [start, last] of an area, with a count of 0. */
static int pin_range(struct ioasb_client *client, struct ioasb_area *area, unsigned long start,
		     unsigned long last)
{
	unsigned long page = area->user.first_page + ((start - area->start) >> PAGE_SHIFT);
	struct ioasb_pin *pin;
	int rc;

	if (client->npins >= ioasb_max_entries())
		return -ENOSPC;
	pin = pin_alloc(area->pages, start, last, page, 0);
	if (!pin)
		return -ENOMEM;
	rc = ioasb_user_activate(area->pages, &pin->user);
	if (rc) {
		ioasb_pages_put(pin->pages);
		kfree(pin);
		return rc;
	}
	client->npages += pin->user.last_page - pin->user.first_page + 1;
	pin_link(client, pin);
	return 0;
}

/* What of [start, last], a part of the area, is not pinned yet. */
static int fill_area(struct ioasb_client *client, struct ioasb_area *area, unsigned long start,
		     unsigned long last)
{
	for (;;) {
		struct ioasb_pin *pin = ioasb_pins_iter_first(&client->pins, start, last);
		int rc = 0;

		if (!pin)
			return pin_range(client, area, start, last);
		if (pin->start > start)
			rc = pin_range(client, area, start, pin->start - 1);
		if (rc || pin->last >= last)
			return rc;
		start = pin->last + 1;
		cond_resched();
	}
}

/* The IOAS is locked, and no area in between is missing. */
static int fill(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_area *area;
	int rc;

	for (area = ioasb_areas_iter_first(&client->ioas->areas, start, last); area;
	     area = ioasb_areas_iter_next(area, start, last)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		rc = fill_area(client, area, max(start, area->start), min(last, area->last));
		if (rc)
			return rc;
	}
	return 0;
}

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
		rc = cut_both(client, start, last, true);
	if (rc)
		return rc;
	rc = fill(client, start, last);
	if (!rc)
		rc = remember(client, start, last);
	/* On failure what is new has a count of 0 and goes. */
	count(client, start, last, rc ? 0 : 1);
	if (!rc)
		ioasb_note_client_pin(client, start, last, prot, ioasb_order(client->obj.ctx));
	return rc;
}

static bool all_pinned(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_pin *pin;

	for (pin = ioasb_pins_iter_first(&client->pins, start, last); pin && pin->start <= start;
	     pin = ioasb_pins_iter_next(pin, start, last)) {
		if (pin->last >= last)
			return true;
		start = pin->last + 1;
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
	cut_both(client, start, last, false);
	ioasb_note_client_unpin(client, start, last, 1, ioasb_order(client->obj.ctx));
	count(client, start, last, -1);
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
	struct ioasb_pin *pin;

	while ((pin = ioasb_pins_iter_first(&client->pins, start, last))) {
		/* By range, each pin is told as it was asked for. */
		if (client->refcount)
			ioasb_note_client_unpin(client, pin->start, pin->last, pin->count,
						ioasb_order(client->obj.ctx));
		pin_free(client, pin);
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

	if (!start && last == ULONG_MAX) {
		drop_all(client);
	} else if (client->refcount) {
		cut_both(client, start, last, false);
		drop_pins(client, start, last);
	} else {
		drop_exact(client, start, last);
	}
	return before - client->npages;
}

/* The pages of a range that is pinned. */
void ioasb_pins_pages(struct ioasb_client *client, unsigned long start, unsigned long npages,
		      struct page **pages)
{
	unsigned long last = start + ((npages << PAGE_SHIFT) - 1);
	struct ioasb_pin *pin;

	for (pin = ioasb_pins_iter_first(&client->pins, start, last); pin;
	     pin = ioasb_pins_iter_next(pin, start, last)) {
		unsigned long at = pin->start, page = pin->user.first_page;

		mutex_lock(&pin->pages->lock);
		for (; page <= pin->user.last_page; page++, at += PAGE_SIZE)
			pages[(at - start) >> PAGE_SHIFT] = ioasb_pinned_page(pin->pages, page);
		mutex_unlock(&pin->pages->lock);
		cond_resched();
	}
}
