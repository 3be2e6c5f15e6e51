/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a live run may have lost without a hole in the order numbers, and which
 * contexts are uncertain for it.
 */
#ifndef IOASCOPE_CLI_RUN_LOSS_H
#define IOASCOPE_CLI_RUN_LOSS_H

#include "cli/run.h"

#define LOSS_EVERY_NS 1000000000ULL

/* All zero but the sink: nothing was looked at yet. The instance is set when it is there. */
struct loss {
	const struct run_sink *sink;
	const struct instance *instance;
	__u64 missed; /* probes missed and hooks outside any op, when they were last counted */
	__u64 watched; /* with areas that were not what had been announced */
	__u64 map_full;
	__u64 memory; /* times that it was not told what a process let go of */
	__u64 memory_ns; /* when that was last looked at; 0: not yet */
	__u64 spread_ns; /* when the marks of the hooks were last read */
	__u64 dropped; /* events, when the marks for these were last read */
	__u64 dropped_ns; /* when it was last seen to rise */
	__u64 all_since; /* contexts that are born now are uncertain, too; 0: no */
	/* Uncertain by the hooks' word, and not held by the sink's mirror yet. */
	struct loss_mark {
		__u32 ctx;
		__u64 since;
	} * marks;
	size_t nmarks;
};

void loss_free(struct loss *l);

/* Tells the sink, unless it has been told of that context already. */
void loss_uncertain(struct loss *l, __u32 ctx, __u64 time_ns);

/*
 * Before the events that have come are handed over: what the hooks have counted
 * until now. The state maps are large: where they are full for long, they are
 * read once a second only.
 */
void loss_look(struct loss *l);

/*
 * The same of events that were dropped, of which the order numbers tell only when a later
 * event has waited for them. Reads the state maps while events are dropped.
 */
void loss_look_dropped(struct loss *l);

/* After the birth of a context was handed over. */
void loss_born(struct loss *l, __u32 ctx);

/* When all events were handed over and no hook runs any more. */
void loss_end(struct loss *l);

#endif
