/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the walks share. Not for others. */
#ifndef IOASCOPE_LIVE_SNAPSHOT_IMPL_H
#define IOASCOPE_LIVE_SNAPSHOT_IMPL_H

#include <ioascope/walk.h>

#include "core/state.h"

struct bpf_program;

#define WALK_TRIES 5

/* The files found, one for each context: it may be held by several tasks. */
struct walk_files {
	struct walk_file *file;
	size_t n;
};

/*
 * Runs an iterator over the files of all tasks that hands out struct walk_file.
 * A context's own file goes before one that only keeps it. To be freed with
 * walk_files_free(), also after an error. -ENOMEM; others from the kernel.
 */
int walk_files_find(const struct bpf_program *iter, struct walk_files *out);
void walk_files_free(struct walk_files *f);

/* The walks add the contexts of a backend to @s, behind those that are there. They say errors. */
int snapshot_type1(struct state *s);
int snapshot_iommufd(struct state *s);

#define _cleanup_walk_files_ __attribute__((cleanup(walk_files_free)))

#endif
