/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook table: which program attaches where, what may stand in, and what
 * is lost without it.
 */
#ifndef IOASCOPE_LIVE_HOOKS_H
#define IOASCOPE_LIVE_HOOKS_H

#include <ioascope/hooks.h>
#include <ioascope/state.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "live/probe.h"

#define HOOK_FUNCS_MAX 3

struct hook {
	const char *prog; /* name of the BPF program */
	const char *funcs[HOOK_FUNCS_MAX]; /* best first */
	bool stale; /* with instance_options.stale only */
	bool tracepoint; /* .funcs are tracepoints of the kernel, not functions */
	const char *module; /* NULL: the kernel itself */
	bool needed; /* without it areas cannot be mirrored */
	const char *cost; /* what is missing without it */
	bool newer; /* what it tells of, older kernels do not have */
	__u32 missing; /* IOAS_MISSING_*: numbers that are not known without it */
	__u8 backend; /* enum ioas_backend; NONE: of all */
};

/* How one hook of the table turned out on this kernel. */
struct hook_use {
	const struct hook *hook;
	const char *func; /* chosen; the wanted one where result is not PROBE_OK */
	enum probe_result result;
};

extern const struct hook hook_table[];
extern const size_t hook_count;

#define HOOK_NAMES_MAX 512

/* Names of all functions in the table, NULL-terminated, for probe_new(). */
void hook_functions(const char *names[HOOK_NAMES_MAX]);

/*
 * Chooses a function for each hook; uses[] has hook_count elements. Fills
 * argn[] with the positions of the parameters that the programs read.
 */
void hooks_resolve(struct probe *p, struct hook_use *uses, __u8 argn[ARG_MAX]);

#endif
