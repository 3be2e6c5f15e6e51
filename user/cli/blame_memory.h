/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 'ioascope blame' of memory: through which mappings devices reach it, or did. */
#ifndef IOASCOPE_CLI_BLAME_MEMORY_H
#define IOASCOPE_CLI_BLAME_MEMORY_H

#include "cli/blame_watch.h"

/* Prints those that show an address of a process, as of @time_ns. */
void memory_ask(struct watch *w, const struct mirror *m, __u64 va, __u64 time_ns);

/* Those whose process has that page frame behind them now. Goes through all their pages. */
void memory_ask_frame(struct watch *w, const struct mirror *m, __u64 pfn, __u64 time_ns);

#endif
