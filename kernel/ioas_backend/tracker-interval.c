// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges that do not overlap, each of one pages object, with one count. A pin of contiguous
 * addresses is one range, however long; where pins overlap, ranges are split, and what has become
 * alike is one again. Each range is a user of its pages object.
 */
#include <linux/sched/signal.h>

#include "tracker.h"

struct pin {
	struct rb_node rb;
	unsigned long start;
	unsigned long last;
	unsigned long subtree_last;
	u64 count;
	struct ioasb_pages *pages; /* with a reference */
	struct ioasb_user user;
};

#define START(pin) ((pin)->start)
#define LAST(pin) ((pin)->last)
INTERVAL_TREE_DEFINE(struct pin, rb, unsigned long, subtree_last, START, LAST, static, pins)

static struct rb_root_cached *tree(struct ioasb_client *client)
{
	return client->store;
}

static struct pin *first_in(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	return pins_iter_first(tree(client), start, last);
}

static struct pin *pin_alloc(struct ioasb_pages *pages, unsigned long start, unsigned long last,
			     unsigned long first_page, gfp_t flags)
{
	struct pin *pin = kzalloc(sizeof(*pin), GFP_KERNEL_ACCOUNT | flags);

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

/* Nothing counts it, or needs its pages, any more. */
static void pin_put(struct pin *pin)
{
	ioasb_pages_put(pin->pages);
	kfree(pin);
}

static void pin_link(struct ioasb_client *client, struct pin *pin)
{
	pins_insert(pin, tree(client));
	client->npins++;
}

static void pin_unlink(struct ioasb_client *client, struct pin *pin)
{
	pins_remove(pin, tree(client));
	client->npins--;
}

/* Its place in the tree depends on where it ends. */
static void pin_resize(struct ioasb_client *client, struct pin *pin, unsigned long last)
{
	pins_remove(pin, tree(client));
	pin->last = last;
	pins_insert(pin, tree(client));
}

static void pin_free(struct ioasb_client *client, struct pin *pin)
{
	ioasb_user_deactivate(pin->pages, &pin->user);
	client->npages -= pin->user.last_page - pin->user.first_page + 1;
	pin_unlink(client, pin);
	pin_put(pin);
}

/* pages->lock is held. */
static void split(struct ioasb_client *client, struct pin *pin, struct pin *tail)
{
	unsigned long npages = tail->user.first_page - pin->user.first_page;

	tail->count = pin->count;
	pin_resize(client, pin, tail->start - 1);
	ioasb_user_split_locked(pin->pages, &pin->user, npages, &tail->user);
	pin_link(client, tail);
}

/*
 * Let a range begin at @at if one reaches over it. A pin may fail: -ENOSPC, -ENOMEM, -EINTR. An
 * unpin must not, and what it needs is not much: two ranges at most.
 */
static int cut(struct ioasb_client *client, unsigned long at, bool may_fail)
{
	struct pin *pin = first_in(client, at, at), *tail;
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
		pin_put(tail);
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

static bool alike(const struct pin *pin, const struct pin *next)
{
	return pin->last + 1 == next->start && pin->count == next->count &&
	       pin->pages == next->pages && pin->user.last_page + 1 == next->user.first_page;
}

/* Nobody waits for this: it only saves memory, and the next one that comes by does it as well. */
static bool join(struct ioasb_client *client, struct pin *pin, struct pin *next)
{
	unsigned long last = next->last;

	if (!alike(pin, next) || !mutex_trylock(&pin->pages->lock))
		return false;
	pin_unlink(client, next);
	pin_resize(client, pin, last);
	ioasb_user_merge_locked(pin->pages, &pin->user, &next->user);
	mutex_unlock(&pin->pages->lock);
	pin_put(next);
	return true;
}

/* Join what has become alike in the range, and at its ends. */
static void tidy(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	unsigned long from = start ? start - 1 : 0, to = last == ULONG_MAX ? last : last + 1;
	struct pin *pin = first_in(client, from, to), *next;

	while (pin) {
		next = pins_iter_next(pin, from, to);
		if (!next)
			return;
		if (!join(client, pin, next))
			pin = next;
		cond_resched();
	}
}

/* Add n to the counts of [start, last], which is cut at both ends; ranges at 0 go. */
static void count(struct ioasb_client *client, unsigned long start, unsigned long last, int n)
{
	struct pin *pin = first_in(client, start, last), *next;

	for (; pin; pin = next) {
		next = pins_iter_next(pin, start, last);
		pin->count += n;
		if (!pin->count)
			pin_free(client, pin);
		cond_resched();
	}
	tidy(client, start, last);
}

/* Pin [start, last], a part of the span, with a count of 0. */
static int pin_range(struct ioasb_client *client, const struct ioasb_span *span,
		     unsigned long start, unsigned long last)
{
	unsigned long page = span->page + ((start - span->start) >> PAGE_SHIFT);
	struct pin *pin;
	int rc;

	if (client->npins >= ioasb_max_entries())
		return -ENOSPC;
	pin = pin_alloc(span->pages, start, last, page, 0);
	if (!pin)
		return -ENOMEM;
	rc = ioasb_user_activate(span->pages, &pin->user);
	if (rc) {
		pin_put(pin);
		return rc;
	}
	client->npages += pin->user.last_page - pin->user.first_page + 1;
	pin_link(client, pin);
	return 0;
}

/* What of the span is not pinned yet. */
static int fill(struct ioasb_client *client, const struct ioasb_span *span)
{
	unsigned long start = span->start;

	for (;;) {
		struct pin *pin = first_in(client, start, span->last);
		int rc = 0;

		if (!pin)
			return pin_range(client, span, start, span->last);
		if (pin->start > start)
			rc = pin_range(client, span, start, pin->start - 1);
		if (rc || pin->last >= span->last)
			return rc;
		start = pin->last + 1;
		cond_resched();
	}
}

/* On failure what is new has a count of 0 and goes. */
static int interval_add(struct ioasb_client *client, const struct ioasb_span *span)
{
	int rc = cut_both(client, span->start, span->last, true);

	if (!rc)
		rc = fill(client, span);
	count(client, span->start, span->last, rc ? 0 : 1);
	return rc;
}

static void drop(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct pin *pin;

	while ((pin = first_in(client, start, last))) {
		pin_free(client, pin);
		cond_resched();
	}
}

static void interval_sub(struct ioasb_client *client, unsigned long start, unsigned long last,
			 bool all)
{
	cut_both(client, start, last, false);
	if (all)
		drop(client, start, last);
	else
		count(client, start, last, -1);
}

static bool interval_find(struct ioasb_client *client, unsigned long start, unsigned long last,
			  struct ioasb_pinned *entry)
{
	struct pin *pin = first_in(client, start, last);

	if (!pin)
		return false;
	entry->pages = pin->pages;
	entry->page = pin->user.first_page;
	entry->start = pin->start;
	entry->last = pin->last;
	entry->count = pin->count;
	return true;
}

static void *interval_alloc(void)
{
	return kzalloc(sizeof(struct rb_root_cached), GFP_KERNEL_ACCOUNT);
}

static void interval_free(void *store)
{
	WARN_ON(!RB_EMPTY_ROOT(&((struct rb_root_cached *)store)->rb_root));
	kfree(store);
}

const struct ioasb_tracker_ops ioasb_tracker_interval = {
	.alloc = interval_alloc,
	.free = interval_free,
	.add = interval_add,
	.sub = interval_sub,
	.find = interval_find,
};
