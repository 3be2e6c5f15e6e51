/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the trackers by page have in common: a slot for each page, found by the number of the page,
 * which is its address without the offset. They differ in how slots are stored.
 */
#ifndef IOASB_TRACKER_PAGES_H
#define IOASB_TRACKER_PAGES_H

#include "tracker.h"

/* Slots of the same pages object at the same distance from the addresses share one. */
struct ioasb_origin {
	struct rb_node rb;
	struct ioasb_pages *pages; /* with a reference */
	unsigned long delta; /* page of the object = number of the page + delta */
	unsigned long nslots;
};

struct ioasb_slot {
	struct ioasb_origin *origin;
	u64 count; /* 0: not in use */
};

/* Begins each store. */
struct ioasb_store {
	struct rb_root origins;
	unsigned long nslots; /* in use, or prepared */
};

struct ioasb_store_ops {
	/* A slot for each page in [first, last]: -ENOSPC, -ENOMEM, -EINTR, then trim is called. */
	int (*prepare)(struct ioasb_store *store, unsigned long first, unsigned long last);
	/* NULL: there is none. Valid until the next call of prepare or trim. */
	struct ioasb_slot *(*slot)(struct ioasb_store *store, unsigned long at);
	/* May be NULL: a slot is in use from now on (1), or no more (-1). */
	void (*used)(struct ioasb_store *store, unsigned long at, int n);
	/* The first slot in [*at, last] that is in use, and where. */
	struct ioasb_slot *(*next)(struct ioasb_store *store, unsigned long *at,
				   unsigned long last);
	/* Slots in [first, last] that are not in use go. Does not fail. */
	void (*trim)(struct ioasb_store *store, unsigned long first, unsigned long last);
};

int ioasb_slots_add(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		    const struct ioasb_span *span);
void ioasb_slots_sub(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		     unsigned long start, unsigned long last, bool all);
bool ioasb_slots_find(struct ioasb_client *client, const struct ioasb_store_ops *ops,
		      unsigned long start, unsigned long last, struct ioasb_pinned *entry);

/* The tracker of a store. */
#define IOASB_PAGE_TRACKER(name, store_ops, alloc_store, free_store)                               \
	static int name##_add(struct ioasb_client *client, const struct ioasb_span *span)          \
	{                                                                                          \
		return ioasb_slots_add(client, store_ops, span);                                   \
	}                                                                                          \
	static void name##_sub(struct ioasb_client *client, unsigned long start,                   \
			       unsigned long last, bool all)                                       \
	{                                                                                          \
		ioasb_slots_sub(client, store_ops, start, last, all);                              \
	}                                                                                          \
	static bool name##_find(struct ioasb_client *client, unsigned long start,                  \
				unsigned long last, struct ioasb_pinned *entry)                    \
	{                                                                                          \
		return ioasb_slots_find(client, store_ops, start, last, entry);                    \
	}                                                                                          \
	const struct ioasb_tracker_ops ioasb_tracker_##name = {                                    \
		.alloc = alloc_store,                                                              \
		.free = free_store,                                                                \
		.add = name##_add,                                                                 \
		.sub = name##_sub,                                                                 \
		.find = name##_find,                                                               \
	}

#endif
