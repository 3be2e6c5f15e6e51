/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a BPF iterator writes, record by record. */
#ifndef IOASCOPE_LIVE_ITER_H
#define IOASCOPE_LIVE_ITER_H

#include <stddef.h>

struct bpf_program;

/*
 * Runs a loaded iterator program that writes records of `size` bytes (at most
 * 4096), and hands each to `take`, in the order of the kernel. 0; -EPROTO: it wrote
 * something else; -errno from the kernel or `take`, which ends it.
 */
int iter_read(const struct bpf_program *prog, size_t size,
	      int (*take)(const void *record, void *arg), void *arg);

#endif
