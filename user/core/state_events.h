/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A still picture as events, for what works on a mirror. */
#ifndef IOASCOPE_CORE_STATE_EVENTS_H
#define IOASCOPE_CORE_STATE_EVENTS_H

#include "core/state.h"
#include "ioascope/event.h"

/*
 * Contexts, IOASes, areas, ranges and who uses them, as events that make these in an
 * empty mirror, in this sequence. Each area's memory is its own there; pins and charges
 * are left out. `emit` returns 0 to go on; what else it returns ends the walk
 * and is returned. The event is valid during the call.
 */
int state_events(const struct state *s, int (*emit)(const struct ioas_event *ev, void *arg),
		 void *arg);

#endif
