/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of addresses of code, of the kernel and of processes. */
#ifndef IOASCOPE_LIVE_SYMBOLS_H
#define IOASCOPE_LIVE_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct symbols;

/*
 * Reads lines as /proc/kallsyms has them, and keeps those of functions. 0 and *out, for
 * symbols_free(); -EPERM: addresses are hidden from us; -ENOMEM.
 */
int symbols_read(FILE *in, struct symbols **out);
void symbols_free(struct symbols *s);

/* "vfio_ioctl+0x12 [vfio]", or the address; @s may be NULL. Returns @buf. */
char *symbols_kernel(const struct symbols *s, uint64_t addr, char *buf, size_t size);

/*
 * What of a process is at the address: reads lines as /proc/PID/maps has them (NULL: it is
 * gone) until it is found. "/usr/bin/qemu+0x1234", the byte in the file, or the address.
 * Returns @buf.
 */
char *symbols_user(FILE *maps, uint64_t addr, char *buf, size_t size);

#endif
