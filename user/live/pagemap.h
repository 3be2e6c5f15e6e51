/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which page frames are behind addresses of a process, as /proc/PID/pagemap has them. */
#ifndef IOASCOPE_LIVE_PAGEMAP_H
#define IOASCOPE_LIVE_PAGEMAP_H

#include <stdint.h>

/*
 * Calls @fn for each page of [va, last] of the process that is page frame @pfn now, with
 * its address. 0; what @fn returned other than 0, which ends it; -ENOENT: there is no
 * such process; -EPERM: frames are not shown to us (CAP_SYS_ADMIN); another -errno.
 */
int pagemap_find(uint32_t pid, uint64_t va, uint64_t last, uint64_t pfn,
		 int (*fn)(uint64_t va, void *arg), void *arg);

#endif
