/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uthash as this library uses it: with the owner's allocator, and with a
 * failed allocation as a result instead of an exit. A function that adds or
 * deletes names its allocator in a variable `hash_alloc`
 * (const struct ioas_alloc *). An element that could not be added has a NULL
 * .hh.tbl. For .c files of core only.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include "core/alloc.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) ((hash_alloc)->alloc((size), (hash_alloc)->arg))
#define uthash_free(mem, size) ioas_alloc_release(hash_alloc, (mem))
#include <uthash.h>

#endif
