/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state maps of an instance: ours, or one that another process runs.
 */
#ifndef IOASCOPE_LIVE_MAPS_H
#define IOASCOPE_LIVE_MAPS_H

#include "core/state.h"

struct maps {
	int ctx;
	int ioas;
	int charge;
	int areas;
	int stats;
	int pages; /* and .names: -1: no hooks of iommufd are there */
	int names;
	int parts; /* -1: no hooks of the bundled backend are there */
	__u32 pid; /* of the tool that runs the instance */
	__u64 start_ns; /* CLOCK_BOOTTIME of its start */
	__u64 missed; /* runs of its programs that were skipped when it was found */
	__u32 missing; /* IOAS_MISSING_* */
};

#define MAPS_NONE                                                                                  \
	{                                                                                          \
		.ctx = -1, .ioas = -1, .charge = -1, .areas = -1, .stats = -1, .pages = -1,        \
		.names = -1, .parts = -1                                                           \
	}

/*
 * Finds the running instance whose programs were loaded first. The descriptors are the
 * caller's: maps_close(). Errors: -ENOENT: none runs; -EPROTO: it speaks
 * another layout version; -EPERM.
 */
int maps_find(struct maps *out);
void maps_close(struct maps *m);

/*
 * Reads the whole state. Each area is read whole, the picture as such is as
 * consistent as the moment allows: areas may come and go while it is taken.
 */
int maps_state(const struct maps *m, struct state *out);

/* Sums the counters over all CPUs. */
int maps_stats(const struct maps *m, __u64 stats[IOAS_STAT_MAX]);

#define _cleanup_maps_ __attribute__((cleanup(maps_close)))

#endif
