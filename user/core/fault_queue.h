/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults that wait until what came before them is in its place: they have no order
 * number, and the order stage may still hold older events. Not locked.
 */
#ifndef CORE_FAULT_QUEUE_H
#define CORE_FAULT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/order.h"
#include "ioascope/event.h"

#define FAULT_QUEUE_ROOM 256

/* All zero: none waits. */
struct fault_queue {
	size_t first;
	size_t count;
	struct ioas_event at[FAULT_QUEUE_ROOM];
};

/* Puts a copy of one in; there must be room (fault_queue_full()). */
void fault_queue_put(struct fault_queue *f, const struct ioas_event *ev);
bool fault_queue_full(const struct fault_queue *f);

/* The first that waits for nothing that `order` holds, or (`any`) the first; NULL: none. Valid
 * until the next fault_queue_put(). */
const struct ioas_event *fault_queue_take(struct fault_queue *f, const struct order *order,
					  bool any);

#endif
