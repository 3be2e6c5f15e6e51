/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's counters of locked and pinned memory, of all processes. */
#ifndef IOASCOPE_LIVE_USAGE_H
#define IOASCOPE_LIVE_USAGE_H

#include "core/usage.h"

/*
 * Reads the counters of each process, and takes what IOASes have charged from `s`.
 * 0 and *out, for usage_clear(); or, said and with *out untouched: -EPERM,
 * -EOPNOTSUPP (no BTF), -ENOMEM, others from the kernel. Counters that move
 * meanwhile are each from a moment of their own.
 */
int usage_take(const struct state *s, struct usage *out);

#endif
