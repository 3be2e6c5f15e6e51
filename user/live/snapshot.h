/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own answer: containers and their areas, read without events. */
#ifndef IOASCOPE_LIVE_SNAPSHOT_H
#define IOASCOPE_LIVE_SNAPSHOT_H

#include "core/state.h"

/*
 * Walks every VFIO container and every context of iommufd that a task holds open.
 * Takes no kernel lock: what changes during the walk may be missed, and is marked
 * (state_ioas.raced). Nothing is left behind.
 * Errors: -EPERM; -EOPNOTSUPP: no BTF; others from the kernel; all are said.
 * Without the modules of VFIO and iommufd the state is empty, which is the truth.
 */
int snapshot_take(struct state *out);

#endif
