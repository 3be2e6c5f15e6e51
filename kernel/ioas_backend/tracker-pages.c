// SPDX-License-Identifier: GPL-2.0
/*
 * Trackers by page. The client's slots are changed under the lock of the pages object they belong
 * to, which is told of each page when its first slot comes and its last one goes: see needs.c.
 */
#include "tracker-pages.h"

/* As a key, an origin is looked for by its pages and distance. */
static int compare(const struct ioasb_origin *a, const struct ioasb_origin *b)
{
	if (a->pages != b->pages)
		return a->pages < b->pages ? -1 : 1;
	if (a->delta != b->delta)
		return a->delta < b->delta ? -1 : 1;
	return 0;
}

static int compare_nodes(struct rb_node *a, const struct rb_node *b)
{
	return compare(rb_entry(a, struct ioasb_origin, rb), rb_entry(b, struct ioasb_origin, rb));
}

static int compare_key(const void *key, const struct rb_node *node)
{
	return compare(key, rb_entry(node, struct ioasb_origin, rb));
}

/* An existing one, or one without slots. */
static struct ioasb_origin *origin_of(struct ioasb_store *store, const struct ioasb_span *span)
{
	struct ioasb_origin key = { .pages = span->pages,
				    .delta = span->page - (span->start >> PAGE_SHIFT) };
	struct rb_node *node = rb_find(&key, &store->origins, compare_key);
	struct ioasb_origin *origin;

	if (node)
		return rb_entry(node, struct ioasb_origin, rb);
	origin = kmalloc(sizeof(*origin), GFP_KERNEL_ACCOUNT);
	if (!origin)
		return NULL;
	*origin = key;
	kref_get(&origin->pages->kref);
	rb_find_add(&origin->rb, &store->origins, compare_nodes);
	return origin;
}

static void origin_drop_unused(struct ioasb_store *store, struct ioasb_origin *origin)
{
	if (origin->nslots)
		return;
	rb_erase(&origin->rb, &store->origins);
	ioasb_pages_put(origin->pages);
	kfree(origin);
}

static void told(struct ioasb_store *store, const struct ioasb_store_ops *ops, unsigned long at,
		 int n)
{
	if (ops->used)
		ops->used(store, at, n);
}

/* pages->lock is held, and the page is pinned. */
static int raise(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		 struct ioasb_origin *origin, unsigned long at)
{
	struct ioasb_slot *slot = ops->slot(client->store, at);
	int rc;

	if (!slot->count) {
		rc = ioasb_needs_add(origin->pages, at + origin->delta);
		if (rc)
			return rc;
		slot->origin = origin;
		if (!origin->nslots++)
			origin->pages->nusers++;
		client->npages++;
		told(client->store, ops, at, 1);
	}
	slot->count++;
	return 0;
}

/* pages->lock is held. */
static void lower(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		  struct ioasb_slot *slot, unsigned long at, bool all)
{
	struct ioasb_origin *origin = slot->origin;

	slot->count -= all ? slot->count : 1;
	if (slot->count)
		return;
	slot->origin = NULL;
	ioasb_needs_sub(origin->pages, at + origin->delta);
	if (!--origin->nslots)
		origin->pages->nusers--;
	client->npages--;
	told(client->store, ops, at, -1);
}

/*
 * Slots from at on, as long as they are of one origin. Returns where that ends. Unpinned is at the
 * end of it: a page that another address needs stays.
 */
static unsigned long sub_run(struct ioasb_client *client, const struct ioasb_store_ops *ops,
			     unsigned long at, unsigned long last, bool all)
{
	struct ioasb_slot *slot = ops->slot(client->store, at);
	struct ioasb_origin *origin = slot->origin;
	unsigned long i;

	mutex_lock(&origin->pages->lock);
	for (i = at; slot && slot->count && slot->origin == origin;) {
		lower(client, ops, slot, i, all);
		slot = i++ < last ? ops->slot(client->store, i) : NULL;
		cond_resched();
	}
	ioasb_pages_release(origin->pages, at + origin->delta, i - 1 + origin->delta);
	mutex_unlock(&origin->pages->lock);
	origin_drop_unused(client->store, origin);
	return i;
}

static void sub(struct ioasb_client *client, const struct ioasb_store_ops *ops, unsigned long first,
		unsigned long last, bool all)
{
	struct ioasb_store *store = client->store;
	unsigned long at = first;

	/* Numbers of pages end long before those of their type do. */
	while (at <= last && ops->next(store, &at, last)) {
		at = sub_run(client, ops, at, last, all);
		cond_resched();
	}
	ops->trim(store, first, last);
	client->npins = store->nslots;
}

void ioasb_slots_sub(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		     unsigned long start, unsigned long last, bool all)
{
	sub(client, ops, start >> PAGE_SHIFT, last >> PAGE_SHIFT, all);
}

/* pages->lock is held, there is a slot for each, and their pages are pinned. All or none. */
static int raise_all(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		     struct ioasb_origin *origin, unsigned long first, unsigned long last)
{
	unsigned long at;
	int rc;

	for (at = first; at <= last; at++) {
		rc = raise(client, ops, origin, at);
		if (rc)
			break;
		cond_resched();
	}
	if (at > last)
		return 0;
	while (at-- > first)
		lower(client, ops, ops->slot(client->store, at), at, false);
	return rc;
}

static int take(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		struct ioasb_origin *origin, unsigned long first, unsigned long last)
{
	struct ioasb_pages *pages = origin->pages;
	int rc;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	rc = ioasb_pages_pin(pages, first + origin->delta, last + origin->delta);
	if (!rc) {
		rc = raise_all(client, ops, origin, first, last);
		if (rc)
			ioasb_pages_release(pages, first + origin->delta, last + origin->delta);
	}
	mutex_unlock(&pages->lock);
	return rc;
}

int ioasb_slots_add(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		    const struct ioasb_span *span)
{
	unsigned long first = span->start >> PAGE_SHIFT, last = span->last >> PAGE_SHIFT;
	struct ioasb_store *store = client->store;
	struct ioasb_origin *origin;
	int rc;

	origin = origin_of(store, span);
	if (!origin)
		return -ENOMEM;
	rc = ops->prepare(store, first, last);
	if (!rc)
		rc = take(client, ops, origin, first, last);
	if (rc)
		ops->trim(store, first, last);
	origin_drop_unused(store, origin);
	client->npins = store->nslots;
	return rc;
}

bool ioasb_slots_find(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		      unsigned long start, unsigned long last, struct ioasb_pinned *entry)
{
	unsigned long at = start >> PAGE_SHIFT;
	struct ioasb_slot *slot = ops->next(client->store, &at, last >> PAGE_SHIFT);

	if (!slot)
		return false;
	entry->pages = slot->origin->pages;
	entry->page = at + slot->origin->delta;
	entry->start = at << PAGE_SHIFT;
	entry->last = entry->start + (PAGE_SIZE - 1);
	entry->count = slot->count;
	return true;
}
