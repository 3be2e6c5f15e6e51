/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes, times and protections as people read them. */
#ifndef IOASCOPE_VIEW_UNITS_H
#define IOASCOPE_VIEW_UNITS_H

#include <stdint.h>

#define UNITS_LEN 24

/* Bytes: "0", "4K", "2M", "1.50G"; exact sizes have no fraction. Returns @buf. */
char *units_bytes(char buf[UNITS_LEN], uint64_t bytes);

/* Nanoseconds: "870ns", "12.3us", "4.56ms", "1.20s". Returns @buf. */
char *units_time(char buf[UNITS_LEN], uint64_t ns);

/* "r", "w", "rw" or "-" */
const char *units_prot(uint32_t prot);

/*
 * A command name for a terminal: its owner chose it, so that anything but plain
 * ASCII is shown as '?'. Returns @buf.
 */
char *units_comm(char buf[UNITS_LEN], const char *comm);

/* "ENOENT" for 2 or -2; "E123" for one without a name. Returns @buf. */
char *units_errno(char buf[UNITS_LEN], int err);

#endif
