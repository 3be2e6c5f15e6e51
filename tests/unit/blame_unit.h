/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world of contexts, IOASes and devices to blame in, for the tests of it. */
#ifndef TESTS_BLAME_UNIT_H
#define TESTS_BLAME_UNIT_H

#include "core/blame.h"
#include "core/fault.h"
#include "unit.h"

#define MS 1000000ULL
#define SIZE 0x4000ULL

struct world {
	struct mirror *m;
	struct history *h;
	struct stays *s;
	uint64_t now; /* ns */
	uint64_t op;
};

static inline void tell(struct world *w, struct ioas_event *ev)
{
	ev->time_ns = w->now;
	history_see(w->h, w->m, ev, 0);
	stays_see(w->s, ev);
	mirror_apply(w->m, ev);
}

static inline struct world world_new(size_t kept)
{
	struct history_options options = { .kept = kept };
	struct world w = {
		.m = mirror_new(NULL),
		.h = history_new(&options),
		.s = stays_new(NULL),
		.now = 1000 * MS,
		.op = 70,
	};

	assert_non_null(w.m);
	assert_non_null(w.h);
	assert_non_null(w.s);
	return w;
}

static inline void world_free(struct world *w)
{
	assert_int_equal(history_check(w->h), 0);
	history_free(w->h);
	stays_free(w->s);
	mirror_free(w->m);
}

static inline void later(struct world *w, uint64_t ms)
{
	w->now += ms * MS;
}

/* Events of an IOAS; the context's number is a tenth of it. */
static inline struct ioas_event of(const struct world *w, unsigned int kind, uint32_t ioas)
{
	struct ioas_event ev = unit_event(kind);

	ev.backend = IOAS_BACKEND_IOMMUFD;
	ev.ctx = ioas / 10;
	ev.ioas = ev.ioas ? ioas : 0;
	ev.op = w->op;
	ev.tgid = 100 + ev.ctx;
	ev.tid = 200 + ev.ctx;
	return ev;
}

static inline void tell_plain(struct world *w, unsigned int kind, uint32_t ioas)
{
	struct ioas_event ev = of(w, kind, ioas);

	tell(w, &ev);
}

static inline void tell_area(struct world *w, unsigned int kind, uint32_t ioas, uint64_t iova,
			     uint32_t prot)
{
	struct ioas_event ev = of(w, kind, ioas);

	ev.body_area = (struct ioas_area_body){
		.iova = iova, .last = iova + SIZE - 1, .va = 0x7f0000000000 + iova, .prot = prot
	};
	tell(w, &ev);
}

static inline void map(struct world *w, uint32_t ioas, uint64_t iova, uint32_t prot)
{
	struct ioas_event ev;

	w->op++;
	tell_area(w, IOAS_EV_AREA_ADD, ioas, iova, prot);
	ev = of(w, IOAS_EV_OP, ioas);
	ev.body_op.what = IOAS_OP_MAP;
	ev.body_op.iova = iova;
	ev.body_op.size = SIZE;
	tell(w, &ev);
}

static inline void unmap(struct world *w, uint32_t ioas, uint64_t iova, uint32_t prot)
{
	w->op++;
	tell_area(w, IOAS_EV_AREA_GOING, ioas, iova, prot);
	tell_area(w, IOAS_EV_AREA_GONE, ioas, iova, prot);
}

static inline void device_name(char name[24], uint32_t device)
{
	snprintf(name, 24, "0000:%02x:00.0", device);
}

static inline void use(struct world *w, unsigned int kind, uint32_t ioas, uint32_t device)
{
	struct ioas_event ev = of(w, kind, ioas);

	ev.body_obj.object = 1000 + device;
	ev.body_obj.domain = 2000 + ioas;
	ev.body_obj.group = 30 + device;
	device_name(ev.body_obj.name, device);
	tell(w, &ev);
}

static inline void attach(struct world *w, uint32_t ioas, uint32_t device)
{
	w->op++;
	use(w, IOAS_EV_DEVICE_ATTACH, ioas, device);
}

static inline void detach(struct world *w, uint32_t ioas, uint32_t device)
{
	w->op++;
	use(w, IOAS_EV_DEVICE_DETACH, ioas, device);
}

static inline void reserve(struct world *w, uint32_t ioas, uint64_t iova, uint64_t last)
{
	struct ioas_event ev = of(w, IOAS_EV_RANGE_ADD, ioas);

	ev.body_range = (struct ioas_range_body){
		.iova = iova, .last = last, .class = IOAS_RANGE_RESERVED, .owner = 1001
	};
	tell(w, &ev);
}

static inline struct ioas_event fault_of(const struct world *w, uint32_t device, uint64_t iova,
					 uint32_t access)
{
	struct ioas_event ev = unit_event(IOAS_EV_FAULT);

	ev.ctx = 0;
	ev.ioas = 0;
	ev.backend = IOAS_BACKEND_NONE;
	ev.time_ns = w->now;
	ev.body_fault.iova = iova;
	ev.body_fault.access = access;
	ev.body_fault.known = IOAS_FAULT_HAS_IOVA | IOAS_FAULT_HAS_GROUP;
	ev.body_fault.group = 30 + device;
	ev.body_fault.source = IOAS_FAULT_VTD;
	device_name(ev.body_fault.name, device);
	return ev;
}

static inline struct blame judge(const struct world *w, struct ioas_event ev)
{
	const struct blame_view view = { .mirror = w->m, .history = w->h, .stays = w->s };
	struct blame b;

	memset(&b, 0xff, sizeof(b));
	fault_place(w->m, &ev);
	blame_fault(&view, &ev, &b);
	/* Certain, and nothing else, or not, and the reason. */
	assert_int_equal(b.doubt == BLAME_SURE, b.verdict != BLAME_UNKNOWN);
	assert_true(b.doubt != BLAME_SURE || b.suspected == BLAME_UNKNOWN);
	return b;
}

static inline struct blame blame(const struct world *w, uint32_t device, uint64_t iova,
				 uint32_t access)
{
	return judge(w, fault_of(w, device, iova, access));
}

#endif
