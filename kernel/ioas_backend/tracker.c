// SPDX-License-Identifier: GPL-2.0
/* What all trackers have in common: see tracker.h. */
#include "tracker.h"

const struct ioasb_tracker_ops *ioasb_tracker_of(u32 kind)
{
	switch (kind) {
	case IOASB_TRACKER_INTERVAL:
		return &ioasb_tracker_interval;
	case IOASB_TRACKER_XARRAY:
		return &ioasb_tracker_xarray;
	case IOASB_TRACKER_TABLE:
		return &ioasb_tracker_table;
	case IOASB_TRACKER_ARRAY:
		return &ioasb_tracker_array;
	default:
		return NULL;
	}
}

static bool follows(const struct ioasb_pinned *run, const struct ioasb_pinned *next)
{
	return next->start == run->last + 1 && next->pages == run->pages &&
	       next->count == run->count &&
	       next->page == run->page + ((next->start - run->start) >> PAGE_SHIFT);
}

bool ioasb_tracker_next(struct ioasb_client *client, unsigned long start, unsigned long last,
			struct ioasb_pinned *run)
{
	const struct ioasb_tracker_ops *ops = client->tracker;
	struct ioasb_pinned next;

	if (!ops->find(client, start, last, run))
		return false;
	if (run->start < start) {
		run->page += (start - run->start) >> PAGE_SHIFT;
		run->start = start;
	}
	while (run->last < last && ops->find(client, run->last + 1, run->last + 1, &next) &&
	       follows(run, &next)) {
		run->last = next.last;
		cond_resched();
	}
	run->last = min(run->last, last);
	return true;
}
