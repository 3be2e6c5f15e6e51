// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A chunk is cut into aligned blocks of a page, each of which begins with a
 * pointer to its chunk: so an object finds its chunk by its address. Blocks are
 * touched only when they are needed, so that a chunk of which little is used
 * takes little memory. The allocator promises no alignment to pages; what is
 * lost at the ends is one block in a chunk.
 */
#include "core/slab.h"

#include <stdint.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define BLOCK 4096
#define BLOCKS 64
#define CHUNK ((BLOCKS + 1) * BLOCK)

struct block {
	struct slab_chunk *chunk;
	char objects[];
};

struct slab_chunk {
	struct slab_chunk *prev, *next; /* among those with room */
	void *free; /* objects given back, linked by their first word */
	char *blocks; /* the first block */
	size_t used; /* objects that are out */
	size_t touched; /* objects that were ever out */
};

static size_t per_block(const struct slab *slab)
{
	return (BLOCK - sizeof(struct block)) / slab->size;
}

static size_t per_chunk(const struct slab *slab)
{
	return BLOCKS * per_block(slab);
}

static struct slab_chunk *chunk_of(const void *object)
{
	const struct block *b = (const void *)((uintptr_t)object & ~(uintptr_t)(BLOCK - 1));

	return b->chunk;
}

static void link_room(struct slab *slab, struct slab_chunk *c)
{
	c->prev = NULL;
	c->next = slab->room;
	if (c->next)
		c->next->prev = c;
	slab->room = c;
}

static void unlink_room(struct slab *slab, struct slab_chunk *c)
{
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		slab->room = c->next;
}

static struct slab_chunk *add_chunk(struct slab *slab, const struct ioas_alloc *alloc)
{
	size_t size = sizeof(struct slab_chunk) + CHUNK;
	struct slab_chunk *c = alloc->alloc(size, alloc->arg);
	uintptr_t first;

	if (!c)
		return NULL;
	first = ((uintptr_t)(c + 1) + BLOCK - 1) & ~(uintptr_t)(BLOCK - 1);
	*c = (struct slab_chunk){ .blocks = (char *)first };
	link_room(slab, c);
	slab->empty = c;
	return c;
}

static void drop_chunk(struct slab *slab, const struct ioas_alloc *alloc, struct slab_chunk *c)
{
	unlink_room(slab, c);
	ASAN_UNPOISON_MEMORY_REGION(c, sizeof(*c) + CHUNK);
	ioas_alloc_release(alloc, c);
}

/* An object that was never out; its block becomes one with its first. */
static void *touch(const struct slab *slab, struct slab_chunk *c)
{
	size_t in_block = c->touched % per_block(slab);
	struct block *b = (void *)(c->blocks + c->touched / per_block(slab) * BLOCK);

	if (!in_block) {
		b->chunk = c;
		ASAN_POISON_MEMORY_REGION(b->objects, BLOCK - sizeof(*b));
	}
	c->touched++;
	return b->objects + in_block * slab->size;
}

void *slab_take(struct slab *slab, const struct ioas_alloc *alloc)
{
	struct slab_chunk *c = slab->room ? slab->room : add_chunk(slab, alloc);
	void *object;

	if (!c)
		return NULL;
	object = c->free;
	if (!object)
		object = touch(slab, c);
	ASAN_UNPOISON_MEMORY_REGION(object, slab->size);
	if (object == c->free)
		c->free = *(void **)object;
	if (slab->empty == c)
		slab->empty = NULL;
	slab->used++;
	if (++c->used == per_chunk(slab))
		unlink_room(slab, c);
	return object;
}

void slab_give(struct slab *slab, const struct ioas_alloc *alloc, void *object)
{
	struct slab_chunk *c = chunk_of(object);

	if (c->used-- == per_chunk(slab))
		link_room(slab, c);
	slab->used--;
	*(void **)object = c->free;
	c->free = object;
	ASAN_POISON_MEMORY_REGION(object, slab->size);
	if (c->used)
		return;
	if (slab->empty)
		drop_chunk(slab, alloc, c);
	else
		slab->empty = c;
}

void slab_clear(struct slab *slab, const struct ioas_alloc *alloc)
{
	if (slab->empty)
		drop_chunk(slab, alloc, slab->empty);
	slab->empty = NULL;
}
