/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads with a processor each, if $RACE_PIN is set. Where the kernel preempts a BPF program, it
 * skips the same program of the next task on that processor: a trace would say that it missed some.
 */
#ifndef CLIENT_PIN_H
#define CLIENT_PIN_H

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "util.h"

/* No more than there are processors. */
static inline unsigned int pin_threads(uint64_t wanted)
{
	uint64_t most = getenv("RACE_PIN") ? (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) : wanted;

	return (unsigned int)min_u64(wanted, most);
}

/* The calling thread, the @nth of them. */
static inline void pin_thread(unsigned int nth)
{
	cpu_set_t set;

	if (!getenv("RACE_PIN"))
		return;
	CPU_ZERO(&set);
	CPU_SET(nth % (unsigned int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

#endif
