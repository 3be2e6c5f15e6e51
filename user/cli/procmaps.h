/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process has at an address now, as /proc tells. */
#ifndef IOASCOPE_CLI_PROCMAPS_H
#define IOASCOPE_CLI_PROCMAPS_H

#include "core/explain.h"

/*
 * Where *x says that there was no memory at an address of process `pid`: adds what is there
 * now, which may be another thing already. At most ten times a second, since a process
 * can have many mappings. For live runs only.
 */
void procmaps_name(struct explanation *x, uint32_t pid, uint64_t now_ns, uint64_t *last_ns);

#endif
