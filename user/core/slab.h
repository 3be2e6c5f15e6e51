/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of one size, packed into large chunks: 8 bytes of overhead on a page
 * of 4 KiB instead of 16 bytes on each object. For objects of which there may be
 * a million.
 *
 * A chunk whose last object has gone goes back to the allocator, except one
 * that is kept for the next objects. An object costs O(1). Not locked.
 */
#ifndef CORE_SLAB_H
#define CORE_SLAB_H

#include <stddef.h>

#include "core/alloc.h"

struct slab_chunk;

/* All zero but .size is an empty slab. */
struct slab {
	size_t size; /* bytes of an object, a multiple of 8, at most 1024 */
	size_t used; /* objects that are out */
	/* private */
	struct slab_chunk *room; /* chunks with free objects */
	struct slab_chunk *empty; /* the one of these that has nothing else, or NULL */
};

/*
 * An object, not cleared, aligned to 8 bytes; NULL: no memory. Chunks come from
 * `alloc`, the same one for all calls on a slab.
 */
void *slab_take(struct slab *slab, const struct ioas_alloc *alloc);

/* Gives an object of this slab back. */
void slab_give(struct slab *slab, const struct ioas_alloc *alloc, void *object);

/* Gives back the chunk that is kept. All objects must have been given back. */
void slab_clear(struct slab *slab, const struct ioas_alloc *alloc);

#endif
