/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of an iommufd context from what a walk has read of it: numbers for
 * addresses, memory that areas share, what the kernel does not keep as such.
 */
#ifndef IOASCOPE_CORE_STATE_WALKED_H
#define IOASCOPE_CORE_STATE_WALKED_H

#include <ioascope/walk_iommufd.h>

#include "core/state.h"

/* One walk: it numbers what it meets by kernel address, from 1. */
struct walked;

/* To be freed with walked_free(); NULL: no memory. */
struct walked *walked_new(void);
void walked_free(struct walked **w);

/* Another context, or the same once more: its memory is forgotten, numbers stay. */
void walked_begin(struct walked *w);

/*
 * What was read goes into @i, which is of the context at hand: an IOAS itself
 * (its domains and ranges), a device or access that uses it, an area that has its
 * memory (.pages is not 0). -ENOMEM: @i may have a part of it.
 */
int walked_ioas(struct walked *w, struct state_ioas *i, const struct walk_fd_ioas *v);
int walked_object(struct walked *w, struct state_ioas *i, const struct walk_fd_object *v);
int walked_area(struct walked *w, struct state_ioas *i, const struct walk_fd_area *v);

/*
 * After the last one: pages objects and charges of the context, and what follows
 * from all of it. A domain maps each area whole (drivers/iommu/iommufd/io_pagetable.h),
 * and what it maps is pinned. What software users pin is not counted by area: it is
 * 0 or not known. -ENOMEM.
 */
int walked_end(struct walked *w, struct state_ctx *c);

/*
 * Whether two pictures of an IOAS, one after the other in one walk, are the same
 * in all that events would tell. Only then it has been so at one moment.
 */
bool walked_same(const struct state_ioas *a, const struct state_ioas *b);

#define _cleanup_walked_ __attribute__((cleanup(walked_free)))

#endif
