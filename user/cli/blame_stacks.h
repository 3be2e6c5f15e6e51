/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the ops of a mapping were called from, of a live run. */
#ifndef IOASCOPE_CLI_BLAME_STACKS_H
#define IOASCOPE_CLI_BLAME_STACKS_H

#include "core/history.h"
#include "live/instance.h"
#include "view/blame.h"

struct stack_reader;

/* NULL: no memory (said). The names of the kernel are read once; without them it is addresses. */
struct stack_reader *blame_stacks_new(const struct instance *i);
void blame_stacks_free(struct stack_reader *r);

/* Valid until the next call. */
const struct blame_stacks *blame_stacks_of(struct stack_reader *r, const struct history_mapping *m);

#endif
