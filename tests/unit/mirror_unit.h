/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the mirror share: one that is checked after each event. */
#ifndef TESTS_UNIT_MIRROR_H
#define TESTS_UNIT_MIRROR_H

#include <errno.h>

#include "core/mirror.h"
#include "unit.h"

#define PAGE 4096ULL

struct fixture {
	struct unit_alloc memory;
	struct mirror *m;
	uint64_t now;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ioas_alloc alloc;

	if (!f)
		return -1;
	alloc = unit_alloc_use(&f->memory);
	f->m = mirror_new(&alloc);
	f->now = 1000;
	*state = f;
	return f->m ? 0 : -1;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	size_t live;

	mirror_free(f->m);
	live = f->memory.live;
	free(f);
	return live ? -1 : 0;
}

static inline int apply(struct fixture *f, struct ioas_event ev)
{
	int rc;

	ev.time_ns = ++f->now;
	rc = mirror_apply(f->m, &ev);
	assert_int_equal(mirror_check(f->m), 0);
	return rc;
}

static inline struct ioas_event area_event(unsigned int kind, uint64_t iova, uint64_t last,
					   uint64_t va)
{
	struct ioas_event ev = unit_event(kind);

	ev.op = 77;
	ev.body_area.iova = iova;
	ev.body_area.last = last;
	ev.body_area.va = va;
	if (kind == IOAS_EV_AREA_ADD || kind == IOAS_EV_AREA_UPDATE) {
		ev.body_area.prot = IOAS_PROT_READ;
		ev.body_area.owner_tgid = 100;
		ev.body_area.owner_uid = 1000;
	}
	return ev;
}

static inline int add(struct fixture *f, uint64_t iova, uint64_t last)
{
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, iova, last, 0x700000 + iova);

	ev.body_area.pages = 1;
	return apply(f, ev);
}

static inline int gone(struct fixture *f, uint64_t iova, uint64_t last)
{
	return apply(f, area_event(IOAS_EV_AREA_GONE, iova, last, 0x700000 + iova));
}

/* Context 1 with IOAS 2, both seen from the start. */
static inline void open_ioas(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	ev.body_obj.mode = IOAS_MODE_V2;
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_NEW)), 0);
	assert_int_equal(apply(f, ev), 0);
}

static inline const struct mirror_ctx *the_ctx(struct fixture *f)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(f->m, 1);

	assert_non_null(ctx);
	return ctx;
}

static inline const struct mirror_ioas *the_ioas(struct fixture *f)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(f->m, 2);

	assert_non_null(ioas);
	return ioas;
}

static inline void assert_anomalies(struct fixture *f, enum mirror_anomaly_kind what,
				    uint64_t count)
{
	const struct mirror_anomalies *a = mirror_anomalies(f->m);

	assert_int_equal(a->count[what], count);
	assert_int_equal(a->total, count);
	assert_int_equal(the_ctx(f)->uncertain_since != 0, count != 0);
}

static inline int pinned(struct fixture *f, uint64_t iova, int64_t pages, int64_t pfnmap)
{
	struct ioas_event ev = area_event(IOAS_EV_PINNED, iova, iova, 0);

	ev.body_area.pages = pages;
	ev.body_area.pfnmap = pfnmap;
	return apply(f, ev);
}

static inline int charge(struct fixture *f, uint32_t owner, uint32_t counter, int64_t pages)
{
	struct ioas_event ev = unit_event(IOAS_EV_CHARGE);

	ev.body_charge.owner = owner;
	ev.body_charge.counter = counter;
	ev.body_charge.pages = pages;
	ev.body_charge.owner_tgid = 10 + owner;
	ev.body_charge.owner_uid = 20 + owner;
	return apply(f, ev);
}

static inline int group(struct fixture *f, unsigned int kind, uint32_t number, bool emulated)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_obj.group = number;
	ev.body_obj.emulated = emulated;
	return apply(f, ev);
}

/* Whether the anomalies are `count` of this kind, and any number of others. */
static inline void assert_anomaly(struct fixture *f, enum mirror_anomaly_kind what, uint64_t count)
{
	assert_int_equal(mirror_anomalies(f->m)->count[what], count);
}

static inline void assert_no_anomaly(struct fixture *f)
{
	assert_int_equal(mirror_anomalies(f->m)->total, 0);
}

/* An area that shows the pages object `id` from byte `at` on. */
static inline struct ioas_event shared_event(uint64_t iova, uint64_t last, uint32_t id, uint64_t at)
{
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, iova, last, 0);

	ev.body_area.pages_id = id;
	ev.body_area.at = at;
	return ev;
}

static inline struct ioas_event pages_event(unsigned int kind, uint32_t id)
{
	struct ioas_event ev = unit_event(kind);

	ev.ioas = 0;
	ev.body_pages.pages_id = id;
	if (kind == IOAS_EV_PAGES_NEW) {
		ev.body_pages.va = 0x700000;
		ev.body_pages.npages = 8;
		ev.body_pages.memory = IOAS_MEMORY_USER;
		ev.body_pages.account = IOAS_COUNTER_USER_LOCKED;
		ev.body_pages.writable = 1;
		ev.body_pages.owner = 5;
		ev.body_pages.owner_tgid = 100;
		ev.body_pages.owner_uid = 1000;
	}
	return ev;
}

/* A domain, device or access. */
static inline struct ioas_event object_event(unsigned int kind, uint32_t id)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_obj.object = id;
	return ev;
}

static inline struct ioas_event range_event(unsigned int kind, unsigned int class, uint64_t iova,
					    uint64_t last, uint32_t owner)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_range.class = class;
	ev.body_range.iova = iova;
	ev.body_range.last = last;
	ev.body_range.owner = owner;
	return ev;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
