/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often each page of an address space is pinned by software users: a map
 * from page to count, kept as ranges of equal count. Neighbours of equal count
 * are one range and nothing is stored for a count of 0, so memory follows the
 * number of different ranges, not of pages.
 *
 * Addresses are in bytes. A range [start, last] is made of whole 4 KiB pages:
 * start is a multiple of 4096 and last is one less than one (or UINT64_MAX).
 * A change over k ranges costs O(k + log n). Not locked.
 */
#ifndef CORE_PINCOUNT_H
#define CORE_PINCOUNT_H

#include "core/alloc.h"
#include "core/itree.h"

struct pin_range {
	struct itree_node node; /* .start, .last: the range */
	uint64_t count; /* pins on each of its pages, > 0 */
};

/* All zero is an empty map. */
struct pincount {
	struct itree ranges; /* of struct pin_range, disjoint */
	uint64_t pages; /* pages with a count above 0, each once */
	uint64_t refs; /* sum of the counts of all pages */
};

/* The 4 KiB pages in a range of whole pages; at most 2^52. */
static inline uint64_t pin_pages(uint64_t start, uint64_t last)
{
	return ((last - start) >> 12) + 1;
}

/*
 * Counts each page of [start, last] `refs` times more (> 0). 0, or -ENOMEM with
 * nothing changed. Memory comes from `alloc`, the same one for all calls on a map.
 */
int pincount_add(struct pincount *p, const struct ioas_alloc *alloc, uint64_t start, uint64_t last,
		 uint64_t refs);

/*
 * Counts each page of [start, last] `refs` times less (> 0), or down to 0 where
 * its count is lower; what was missing there, over all pages (modulo 2^64), is
 * stored in *stray. 0, or -ENOMEM (a range had to be split) with neither the
 * map nor *stray changed.
 */
int pincount_sub(struct pincount *p, const struct ioas_alloc *alloc, uint64_t start, uint64_t last,
		 uint64_t refs, uint64_t *stray);

/*
 * Ranges taken in advance, so that several changes that belong together cannot
 * fail halfway: pincount_reserve() as many as they need together, then the
 * changes, then pincount_unreserve() what is left. All zero holds none.
 */
struct pin_spare {
	struct avl_node *head;
};

/* A pincount_sub() needs no more. */
#define PINCOUNT_SUB_NEEDS 2

/* How many ranges a pincount_add() of [start, last] needs now. */
size_t pincount_add_needs(const struct pincount *p, uint64_t start, uint64_t last);

/* 0, or -ENOMEM with nothing held. */
int pincount_reserve(struct pin_spare *spare, const struct ioas_alloc *alloc, size_t count);
void pincount_unreserve(struct pin_spare *spare, const struct ioas_alloc *alloc);

/* As pincount_add() and pincount_sub(), the latter with *stray counted on. */
void pincount_add_reserved(struct pincount *p, struct pin_spare *spare, uint64_t start,
			   uint64_t last, uint64_t refs);
void pincount_sub_reserved(struct pincount *p, struct pin_spare *spare, uint64_t start,
			   uint64_t last, uint64_t refs, uint64_t *stray);

/* Frees all ranges: the map is empty afterwards and can be used again. */
void pincount_clear(struct pincount *p, const struct ioas_alloc *alloc);

/* The count of the page that holds the byte at `addr`. */
uint64_t pincount_at(const struct pincount *p, uint64_t addr);

/* Whether the ranges and sums are as described above: 0 or -EUCLEAN. For tests. */
int pincount_check(const struct pincount *p);

#endif
