/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a part of the library takes its memory from. Given by the owner when
 * the part is made, so that memory can be counted, bounded, or made to fail.
 */
#ifndef CORE_ALLOC_H
#define CORE_ALLOC_H

#include <stddef.h>

struct ioas_alloc {
	/* `size` bytes aligned for any object, or NULL. */
	void *(*alloc)(size_t size, void *arg);
	/* Takes back what .alloc gave; never called with NULL. */
	void (*release)(void *mem, void *arg);
	void *arg;
};

/* malloc() and free(), as a value to copy. */
struct ioas_alloc ioas_alloc_default(void);

/* `size` bytes of zeros, or NULL. */
void *ioas_alloc_zeroed(const struct ioas_alloc *a, size_t size);

/* Gives `mem` back; NULL is fine. */
void ioas_alloc_release(const struct ioas_alloc *a, void *mem);

#endif
