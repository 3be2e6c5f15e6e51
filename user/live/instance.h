/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An instance: programs attached, their maps, and the ring they write to.
 * It is private to the process; nothing is pinned, so nothing is left when the
 * process dies in whatever way.
 */
#ifndef IOASCOPE_LIVE_INSTANCE_H
#define IOASCOPE_LIVE_INSTANCE_H

#include "core/state.h"
#include "live/hooks.h"
#include "live/maps.h"

struct instance;

struct instance_options {
	__u64 ring_bytes; /* power of two, at least a page */
	__u32 slots; /* areas kept at once, all IOASes together */
	bool stale; /* also watch what processes do to memory that is mapped */
	bool stacks; /* also where ops that map and unmap are called from */
	const char *without; /* a function to do without, as if the kernel lacked it */
};

#define INSTANCE_DEFAULTS                                                                          \
	{                                                                                          \
		.ring_bytes = 8 << 20, .slots = 128 << 10                                          \
	}

/* Called for each record as it lies in the ring; @size is what the ring says. */
typedef void (*instance_record_fn)(const void *record, size_t size, void *arg);

/* True when the modules that the hooks live in are loaded. */
bool instance_possible(void);

/*
 * Loads and attaches. Hooks that this kernel lacks are left out with one line
 * each on stderr; without a needed one, or without BTF: -EOPNOTSUPP; without
 * privilege: -EPERM. What failed has been said, but for -ENODEV: the modules are
 * not loaded.
 */
int instance_open(struct instance **out, const struct instance_options *opt, instance_record_fn fn,
		  void *arg);
void instance_close(struct instance **i);

/* Hands over what is in the ring, waits up to @timeout_ms for the first. Records, or -errno. */
int instance_poll(struct instance *i, int timeout_ms);

/*
 * No event happens after it: hooks do nothing from now on, and what was under
 * way has reached the ring, for instance_poll() to read.
 */
void instance_stop(struct instance *i);

/* The maps, owned by the instance. */
const struct maps *instance_maps(const struct instance *i);

/*
 * Where an op was called from, if instance_options.stacks is set: 0, or -ENOENT: it was
 * not seen, or that was too long ago.
 */
int instance_stack(const struct instance *i, __u64 op, struct ioas_stack *out);

/* Times a program of ours was skipped because it was already running on that CPU. */
__u64 instance_missed(const struct instance *i);

/* The same of those that watch what processes do to their memory, which are not among the former.
 */
__u64 instance_memory_missed(const struct instance *i);

/* Hooks attached, and those that should have been: of the backends whose modules are there. */
void instance_hooks(const struct instance *i, size_t *attached, size_t *all);

/* One loaded program, for a table. */
struct instance_program {
	const char *name;
	const char *func; /* attached to */
	const char *when; /* "entry" or "exit" of a function; "event": a tracepoint */
	__u32 verified; /* instructions that the verifier went through */
	__u32 jited; /* bytes of machine code */
};

/* Program number @n from 0 of those attached; -ENOENT after the last. */
int instance_program(const struct instance *i, size_t n, struct instance_program *out);

#define _cleanup_instance_ __attribute__((cleanup(instance_close)))

#endif
