/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ranges of one process that are gone, in a form that answers for many areas at once,
 * however many ranges each of them meets. See mirror_stale.c, which keeps them.
 */
#ifndef CORE_GONE_INDEX_H
#define CORE_GONE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gone_index;

/* Of ranges that are in use; UINT64_MAX bytes also stand for 2^64. */
struct gone_sum {
	uint64_t first; /* address where the first of them begins, in what was asked for */
	uint64_t last; /* where the last ends, in what was asked for; inclusive */
	uint64_t bytes; /* of what was asked for */
	size_t oldest; /* number of that with the smallest time; of equals the first */
};

/* Room for @n > 0 ranges, to be freed with gone_index_free(); NULL: no memory. */
struct gone_index *gone_index_new(size_t n);
void gone_index_free(struct gone_index *x);

/* Range number @i, 0 <= i < n, inclusive: by address, apart from each other. All before the rest.
 */
void gone_index_set(struct gone_index *x, size_t i, uint64_t va, uint64_t last, uint64_t time_ns);

/* After the last gone_index_set(), before what follows. O(n log n). */
void gone_index_begin(struct gone_index *x);

/*
 * Takes into use all ranges that went at @since or later. @since must not grow from call
 * to call. O(log n) for each range that is new.
 */
void gone_index_use(struct gone_index *x, uint64_t since);

/* Sums up those in use that meet [va, last]: true and *out, if there are any. O(log n). */
bool gone_index_sum(const struct gone_index *x, uint64_t va, uint64_t last, struct gone_sum *out);

/* Somebody needs those that meet [va, last] and went at @since or later. O(log n). */
void gone_index_need(struct gone_index *x, uint64_t va, uint64_t last, uint64_t since);

/* Whether somebody does. O(log n). */
bool gone_index_needed(const struct gone_index *x, size_t i);

#endif
