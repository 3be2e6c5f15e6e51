/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc says of a process. */
#ifndef IOASCOPE_LIVE_PROC_H
#define IOASCOPE_LIVE_PROC_H

#include <stdint.h>

/*
 * Its path in cgroup v2, in *out, to be freed: 0; -ENOENT: there is no such process,
 * or no cgroup v2; -ENOMEM; another -errno.
 */
int proc_cgroup(uint32_t pid, char **out);

#endif
