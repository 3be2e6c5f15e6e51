/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States made by hand, for the tests of what looks at states. */
#ifndef TESTS_UNIT_STATE_H
#define TESTS_UNIT_STATE_H

#include "core/state.h"
#include "unit.h"

#define PAGE 4096ULL

static inline struct state_ctx *unit_ctx(struct state *s, __u32 id, __u8 backend)
{
	struct state_ctx v = { .id = id, .backend = backend, .closed = -1 }, *out;

	v.pages_known = backend != IOAS_BACKEND_TYPE1;
	assert_int_equal(state_add_ctx(s, &v, &out), 0);
	return out;
}

/* Without users; .pins_known holds. Of type1 neither users nor ranges are known. */
static inline struct state_ioas *unit_ioas(struct state_ctx *c, __u32 id)
{
	struct state_ioas v = { .id = id, .backend = c->backend, .pins_known = true }, *out;

	v.users_known = v.ranges_known = c->pages_known;
	assert_int_equal(state_add_ioas(c, &v, &out), 0);
	return out;
}

/* An area of its own memory of process 100, rw, nothing pinned. */
static inline struct state_area *unit_area(struct state_ioas *i, __u64 iova, __u64 size, __u64 va)
{
	struct state_area v = {
		.iova = iova,
		.last = iova + size - 1,
		.va = va,
		.prot = IOAS_PROT_READ | IOAS_PROT_WRITE,
		.tgid = 100,
		.uid = 1000,
		.area = (__u32)i->nareas + 1,
	};

	assert_int_equal(state_add_area(i, &v), 0);
	return &i->areas[i->nareas - 1];
}

/* The same, showing a pages object of process memory from a byte in it on. */
static inline struct state_area *unit_shared(struct state_ioas *i, __u64 iova, __u64 size,
					     const struct state_pages *p, __u64 offset)
{
	struct state_area *a = unit_area(i, iova, size, p->va + offset);

	a->pages_id = p->id;
	a->offset = offset;
	a->memory = p->memory;
	return a;
}

/* All of it pinned, and charged to the user. */
static inline struct state_pages unit_pages(struct state_ctx *c, __u32 id, __u64 va, __u64 npages)
{
	struct state_pages v = {
		.id = id,
		.va = va,
		.npages = npages,
		.pinned = (__s64)npages,
		.charged = (__s64)npages,
		.tgid = 100,
		.memory = IOAS_MEMORY_USER,
		.account = IOAS_COUNTER_USER_LOCKED,
	};

	assert_int_equal(state_add_pages(c, &v), 0);
	return v;
}

static inline void unit_pin(struct state_ioas *i, __u64 iova, __u64 size, __u64 count)
{
	struct state_pin v = { iova, iova + size - 1, count };

	assert_int_equal(state_add_pin(i, &v), 0);
}

static inline void unit_range(struct state_ioas *i, unsigned int class, __u64 iova, __u64 last)
{
	struct state_range v = { .iova = iova, .last = last, .owner = 77, .class = (__u8) class };

	assert_int_equal(state_add_range(i, &v), 0);
}

static inline void unit_hardware(struct state_ioas *i)
{
	i->groups[i->ngroups++].id = 5;
}

#endif
