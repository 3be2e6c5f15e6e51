/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLIENT_UTIL_H
#define CLIENT_UTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE 4096UL
#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t page_down(uint64_t x)
{
	return x & ~(PAGE - 1);
}

/* A small generator with 64 bits of state: the same numbers on every machine. */
struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline uint64_t rng_below(struct rng *rng, uint64_t n)
{
	return n ? rng_next(rng) % n : 0;
}

static inline bool rng_percent(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

/* A whole number of pages from one page to @max, each power of two equally likely. */
static inline uint64_t rng_size(struct rng *rng, uint64_t max)
{
	uint64_t top = PAGE;
	unsigned int steps = 0;

	while (top < max) {
		top *= 2;
		steps++;
	}
	top = PAGE << rng_below(rng, steps + 1);
	top = page_down(top / 2 + rng_below(rng, top / 2 + 1));
	return max_u64(PAGE, min_u64(top, max));
}

static inline void free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define cleanup_free __attribute__((cleanup(free_ptr)))
#define cleanup_fd __attribute__((cleanup(close_fd)))

#endif
