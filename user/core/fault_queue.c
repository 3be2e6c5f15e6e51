// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/fault_queue.h"

bool fault_queue_full(const struct fault_queue *f)
{
	return f->count == FAULT_QUEUE_ROOM;
}

void fault_queue_put(struct fault_queue *f, const struct ioas_event *ev)
{
	f->at[(f->first + f->count++) % FAULT_QUEUE_ROOM] = *ev;
}

const struct ioas_event *fault_queue_take(struct fault_queue *f, const struct order *order,
					  bool any)
{
	struct ioas_event *ev = &f->at[f->first];
	uint64_t held_ns;

	if (!f->count)
		return NULL;
	if (!any && !order_oldest(order, &held_ns) && held_ns <= ev->time_ns)
		return NULL;
	f->first = (f->first + 1) % FAULT_QUEUE_ROOM;
	f->count--;
	return ev;
}
