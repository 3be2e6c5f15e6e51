/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trackers: how often a client has pinned which addresses. Four ways to keep that, chosen with the
 * IOAS: by range (interval), or by page (xarray, table, array). client->lock is held.
 */
#ifndef IOASB_TRACKER_H
#define IOASB_TRACKER_H

#include "ioasb.h"

/* A part of one area that is to be pinned; whole pages. */
struct ioasb_span {
	struct ioasb_pages *pages;
	unsigned long page; /* of the pages object, at start */
	unsigned long start;
	unsigned long last;
};

/* Addresses of one pages object that are pinned equally often. */
struct ioasb_pinned {
	struct ioasb_pages *pages;
	unsigned long page;
	unsigned long start;
	unsigned long last;
	u64 count;
};

struct ioasb_tracker_ops {
	/* Becomes client->store; NULL: no memory. Freed when nothing is pinned any more. */
	void *(*alloc)(void);
	void (*free)(void *store);
	/*
	 * Count the span once more, and pin what is new. All or nothing: -ENOSPC (too many
	 * entries), -ENOMEM, -EINTR, and as pinning. What is counted there already is of the same
	 * pages.
	 */
	int (*add)(struct ioasb_client *client, const struct ioasb_span *span);
	/*
	 * Once less, all of it being counted; or, with all, whatever is there no more. Unpins what
	 * nobody else needs. Does not fail.
	 */
	void (*sub)(struct ioasb_client *client, unsigned long start, unsigned long last, bool all);
	/* The first entry in [start, last]; it may reach out of that. */
	bool (*find)(struct ioasb_client *client, unsigned long start, unsigned long last,
		     struct ioasb_pinned *entry);
};

extern const struct ioasb_tracker_ops ioasb_tracker_interval;
extern const struct ioasb_tracker_ops ioasb_tracker_xarray;
extern const struct ioasb_tracker_ops ioasb_tracker_table;
extern const struct ioasb_tracker_ops ioasb_tracker_array;

/* By enum ioasb_tracker; NULL: there is none of that number. */
const struct ioasb_tracker_ops *ioasb_tracker_of(u32 kind);
/*
 * The first addresses in [start, last] that are pinned, none of them outside, with what follows and
 * is pinned as often, of the same pages: for a tracker by page, too.
 */
bool ioasb_tracker_next(struct ioasb_client *client, unsigned long start, unsigned long last,
			struct ioasb_pinned *run);

#endif
