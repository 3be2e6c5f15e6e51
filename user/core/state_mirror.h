/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef IOASCOPE_CORE_STATE_MIRROR_H
#define IOASCOPE_CORE_STATE_MIRROR_H

#include "core/mirror.h"
#include "core/state.h"

/*
 * The mirror's picture at @now_ns (CLOCK_BOOTTIME). Pages that clients hold
 * count as pinned in areas of IOASes without hardware users. -ENOMEM leaves
 * *out untouched; otherwise it is the caller's, for state_clear().
 */
int state_from_mirror(const struct mirror *m, __u64 now_ns, struct state *out);

#endif
