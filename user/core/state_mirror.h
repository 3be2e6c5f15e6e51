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

/*
 * Marks areas of @s that are stale, or may be, and says beside them what of it is. @s has been
 * made of @m, and neither was changed or sorted since. Part of state_from_mirror(). -ENOMEM.
 * O((areas + ranges) * log(areas + ranges)), ranges of memory that is gone.
 */
int state_mark_stale(const struct mirror *m, struct state *s);

#endif
