/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of explain share: a mirror and who explains, fed with the same events. */
#ifndef TESTS_UNIT_EXPLAIN_H
#define TESTS_UNIT_EXPLAIN_H

#include "core/explain.h"
#include "mirror_unit.h"

struct why {
	struct fixture f; /* first: the helpers of the mirror take it */
	struct explain *x;
	struct explanation out;
};

static inline int begin(void **state)
{
	struct why *w = calloc(1, sizeof(*w));
	struct ioas_alloc alloc;

	if (!w)
		return -1;
	alloc = unit_alloc_use(&w->f.memory);
	w->f.m = mirror_new(&alloc);
	w->x = explain_new(&alloc);
	w->f.now = 1000000;
	*state = w;
	return w->f.m && w->x ? 0 : -1;
}

static inline int end(void **state)
{
	struct why *w = *state;
	size_t live;

	explain_free(w->x);
	mirror_free(w->f.m);
	live = w->f.memory.live;
	free(w);
	return live ? -1 : 0;
}

#define WITH_WHY(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* One event through explain and mirror. True: an op with something to tell. */
static inline bool see(struct why *w, struct ioas_event ev)
{
	ev.time_ns = ++w->f.now;
	explain_see(w->x, w->f.m, &ev);
	mirror_apply(w->f.m, &ev);
	return ev.kind == IOAS_EV_OP && explain_op(w->x, w->f.m, &ev, &w->out);
}

static inline struct ioas_event of(struct ioas_event ev, unsigned int backend, uint64_t op)
{
	ev.backend = (uint8_t)backend;
	ev.op = op;
	return ev;
}

/* Context 1, IOAS 2, area 7 at 0x10000-0x13fff of pid 100. */
static inline void open_backend(struct why *w, unsigned int backend, unsigned int mode)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);
	struct ioas_event area = area_event(IOAS_EV_AREA_ADD, 0x10000, 0x13fff, 0x700000);

	ev.body_obj.mode = mode;
	area.body_area.area = 7;
	see(w, of(unit_event(IOAS_EV_CTX_NEW), backend, 0));
	see(w, of(ev, backend, 0));
	see(w, of(area, backend, 5));
	w->f.now += 100; /* before any op began */
}

static inline void open_iommufd(struct why *w)
{
	open_backend(w, IOAS_BACKEND_IOMMUFD, IOAS_MODE_COVER);
}

static inline void open_type1(struct why *w, unsigned int mode)
{
	open_backend(w, IOAS_BACKEND_TYPE1, mode);
}

static inline struct ioas_event op_event(struct why *w, unsigned int what, uint64_t iova,
					 uint64_t size, int64_t result)
{
	const struct mirror_ctx *ctx = mirror_find_ctx(w->f.m, 1);
	struct ioas_event ev = of(unit_event(IOAS_EV_OP), ctx->backend, 90);

	ev.tid = 33;
	ev.tgid = 100;
	ev.uid = 1000;
	ev.flags = IOAS_F_FIXED;
	ev.body_op.what = (uint16_t)what;
	ev.body_op.iova = iova;
	ev.body_op.size = size;
	ev.body_op.va = 0x900000;
	ev.body_op.prot = IOAS_PROT_READ;
	ev.body_op.result = result;
	ev.body_op.latency_ns = 10;
	return ev;
}

/* The op has one reason, and it is certain. */
static inline const struct explain_reason *sure(struct why *w, struct ioas_event ev,
						enum explain_what what)
{
	assert_true(see(w, ev));
	assert_int_equal(w->out.nreasons, 1);
	assert_int_equal(w->out.reasons[0].what, what);
	assert_true(w->out.certain);
	return &w->out.reasons[0];
}

static inline const struct explain_reason *map_fails(struct why *w, uint64_t iova, uint64_t size,
						     int64_t result, enum explain_what what)
{
	return sure(w, op_event(w, IOAS_OP_MAP, iova, size, result), what);
}

/* Not certain, and this is among what it may be. */
static inline void maybe(struct why *w, struct ioas_event ev, enum explain_what what)
{
	bool found = false;

	assert_true(see(w, ev));
	assert_false(w->out.certain);
	for (size_t i = 0; i < w->out.nreasons; i++)
		found = found || w->out.reasons[i].what == what;
	assert_true(found);
}

static inline void add_range(struct why *w, unsigned int class, uint64_t iova, uint64_t last,
			     uint32_t owner)
{
	see(w,
	    of(range_event(IOAS_EV_RANGE_ADD, class, iova, last, owner), IOAS_BACKEND_IOMMUFD, 60));
}

static inline struct ioas_event device_event(unsigned int kind, uint32_t id, uint32_t domain)
{
	struct ioas_event ev = object_event(kind, id);

	ev.body_obj.domain = domain;
	ev.body_obj.group = 12;
	strcpy(ev.body_obj.name, "0000:02:00.0");
	return ev;
}

/* Device 30 behind domain 40 (0x1000-0xffffffff), and what the two reserve. */
static inline void attach_device(struct why *w)
{
	struct ioas_event domain = object_event(IOAS_EV_DOMAIN_ATTACH, 40);

	domain.body_obj.page_size = 0x1000;
	add_range(w, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 30);
	see(w, of(domain, IOAS_BACKEND_IOMMUFD, 60));
	add_range(w, IOAS_RANGE_RESERVED, 0, 0xfff, 40);
	add_range(w, IOAS_RANGE_RESERVED, 0x100000000, UINT64_MAX, 40);
	see(w, of(device_event(IOAS_EV_DEVICE_ATTACH, 30, 40), IOAS_BACKEND_IOMMUFD, 60));
}

static inline bool attach_ends(struct why *w, unsigned int what)
{
	struct ioas_event ev = op_event(w, what, 0, 0, 0);

	ev.op = 60;
	return see(w, ev);
}

static inline void assert_range(struct check_range r, uint64_t iova, uint64_t last)
{
	assert_int_equal(r.iova, iova);
	assert_int_equal(r.last, last);
}

#endif
