/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the unit tests share: cmocka, numbers that look random but come again,
 * an allocator that counts and can be told to fail, and a blank event.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/alloc.h"
#include "core/event.h"

#define UNIT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct unit_random {
	uint64_t state;
	uint64_t seed;
};

static inline uint64_t unit_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* IOASCOPE_SEED chooses the numbers, IOASCOPE_SCALE how many steps are taken. */
static inline struct unit_random unit_random_new(void)
{
	uint64_t seed = unit_env("IOASCOPE_SEED", 20161108);

	return (struct unit_random){ .state = seed, .seed = seed };
}

static inline size_t unit_steps(size_t steps)
{
	return steps * (size_t)unit_env("IOASCOPE_SCALE", 1);
}

/* SplitMix64. */
static inline uint64_t unit_random(struct unit_random *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* 0 .. below - 1 */
static inline uint64_t unit_below(struct unit_random *r, uint64_t below)
{
	return unit_random(r) % below;
}

/* Fails the test, and says how to see it again. */
static inline void unit_require(bool holds, const struct unit_random *r, size_t step,
				const char *what)
{
	if (holds)
		return;
	print_error("IOASCOPE_SEED=%llu, step %zu: %s\n", (unsigned long long)r->seed, step, what);
	fail();
}

#define UNIT_REQUIRE(cond, r, step) unit_require((cond), (r), (step), #cond)

struct unit_alloc {
	size_t live; /* given out and not taken back */
	size_t calls;
	size_t fail_from; /* calls from this one on fail, counted from 0 */
	size_t fail_count; /* so many of them */
};

static inline void *unit_alloc_take(size_t size, void *arg)
{
	struct unit_alloc *a = arg;
	size_t call = a->calls++;
	void *mem;

	if (call >= a->fail_from && call - a->fail_from < a->fail_count)
		return NULL;
	mem = malloc(size);
	assert_non_null(mem);
	a->live++;
	return mem;
}

static inline void unit_alloc_release(void *mem, void *arg)
{
	struct unit_alloc *a = arg;

	a->live--;
	free(mem);
}

static inline struct ioas_alloc unit_alloc_use(struct unit_alloc *a)
{
	return (struct ioas_alloc){ .alloc = unit_alloc_take,
				    .release = unit_alloc_release,
				    .arg = a };
}

/* An event of context 1 and IOAS 2 that passes the check but for its body. */
static inline struct ioas_event unit_event(unsigned int kind)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = IOAS_BACKEND_TYPE1;
	ev.time_ns = 1000;
	ev.ctx = 1;
	ev.ioas = kind == IOAS_EV_CTX_NEW || kind == IOAS_EV_CTX_GONE ? 0 : 2;
	ev.tgid = 100;
	ev.tid = 101;
	ev.uid = 1000;
	strcpy(ev.comm, "unit");
	return ev;
}

#endif
