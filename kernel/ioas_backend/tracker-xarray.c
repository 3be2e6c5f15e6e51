// SPDX-License-Identifier: GPL-2.0
/* A slot for each page by itself, in an xarray. */
#include <linux/sched/signal.h>

#include "tracker-pages.h"

struct slots {
	struct ioasb_store store;
	struct xarray xa;
};

static struct xarray *xa_of(struct ioasb_store *store)
{
	return &container_of(store, struct slots, store)->xa;
}

static int put_slot(struct ioasb_store *store, unsigned long at)
{
	struct ioasb_slot *slot;
	int rc;

	if (store->nslots >= ioasb_max_entries())
		return -ENOSPC;
	slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return -ENOMEM;
	rc = xa_insert(xa_of(store), at, slot, GFP_KERNEL_ACCOUNT);
	if (rc)
		kfree(slot);
	else
		store->nslots++;
	return rc;
}

static int xarray_prepare(struct ioasb_store *store, unsigned long first, unsigned long last)
{
	unsigned long at;
	int rc;

	if (last - first >= ioasb_max_entries())
		return -ENOSPC;
	for (at = first; at <= last; at++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (xa_load(xa_of(store), at))
			continue;
		rc = put_slot(store, at);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

static struct ioasb_slot *xarray_slot(struct ioasb_store *store, unsigned long at)
{
	return xa_load(xa_of(store), at);
}

static struct ioasb_slot *xarray_next(struct ioasb_store *store, unsigned long *at,
				      unsigned long last)
{
	struct ioasb_slot *slot = xa_find(xa_of(store), at, last, XA_PRESENT);

	while (slot && !slot->count)
		slot = xa_find_after(xa_of(store), at, last, XA_PRESENT);
	return slot;
}

static void xarray_trim(struct ioasb_store *store, unsigned long first, unsigned long last)
{
	struct ioasb_slot *slot;
	unsigned long at;

	xa_for_each_range(xa_of(store), at, slot, first, last) {
		if (!slot->count) {
			xa_erase(xa_of(store), at);
			kfree(slot);
			store->nslots--;
		}
		cond_resched();
	}
}

static const struct ioasb_store_ops store_ops = {
	.prepare = xarray_prepare,
	.slot = xarray_slot,
	.next = xarray_next,
	.trim = xarray_trim,
};

static void *xarray_alloc(void)
{
	struct slots *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return NULL;
	xa_init_flags(&s->xa, XA_FLAGS_ACCOUNT);
	return &s->store;
}

static void xarray_free(void *store)
{
	WARN_ON(!xa_empty(xa_of(store)));
	xa_destroy(xa_of(store));
	kfree(container_of(store, struct slots, store));
}

IOASB_PAGE_TRACKER(xarray, &store_ops, xarray_alloc, xarray_free);
