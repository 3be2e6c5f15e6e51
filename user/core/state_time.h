/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments of a recording, as people write them. */
#ifndef IOASCOPE_CORE_STATE_TIME_H
#define IOASCOPE_CORE_STATE_TIME_H

#include <linux/types.h>

/*
 * "12.5" or "+12.5": seconds after @start_ns; "-3": seconds before @end_ns;
 * "123456789ns": CLOCK_BOOTTIME itself. Up to nine digits after the point. 0 and
 * *out in ns, or with *out untouched -EINVAL (no time) or -ERANGE (before
 * @start_ns, or too large for 64 bits). What is after @end_ns is fine.
 */
int state_time_parse(const char *text, __u64 start_ns, __u64 end_ns, __u64 *out);

#endif
