/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mirror with all in it that it can hold, and who listens to its keyframe. */
#ifndef TESTS_MIRROR_FILL_H
#define TESTS_MIRROR_FILL_H

#include "mirror_unit.h"

/* A context with one of each thing that is its own. */
static inline void fill_ctx(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);

	ev.order = 12;
	apply(f, ev);
	ev = unit_event(IOAS_EV_OPTION);
	ev.ioas = 0;
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	ev.body_obj.value = 1;
	apply(f, ev);
	apply(f, pages_event(IOAS_EV_PAGES_NEW, 7));
	ev = pages_event(IOAS_EV_PAGES_PINNED, 7);
	ev.body_pages.pinned = 8;
	apply(f, ev);
	ev = unit_event(IOAS_EV_CHARGE);
	ev.body_charge.counter = IOAS_COUNTER_USER_LOCKED;
	ev.body_charge.owner = 5;
	ev.body_charge.pages_id = 7;
	ev.body_charge.pages = 8;
	apply(f, ev);
}

/* All that a mirror can hold, each thing once or twice. */
static inline void fill(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	fill_ctx(f);
	ev.body_obj.mode = IOAS_MODE_COVER;
	apply(f, ev);
	ev = unit_event(IOAS_EV_DIRTY);
	ev.body_obj.dirty = 1;
	ev.body_obj.entries_left = 99;
	apply(f, ev);
	ev = unit_event(IOAS_EV_OPTION);
	ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	apply(f, ev);
	apply(f, range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 4));
	apply(f, range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xfedfffff, 0));
	group(f, IOAS_EV_GROUP_ATTACH, 17, true);
	apply(f, object_event(IOAS_EV_DOMAIN_ATTACH, 3));
	ev = area_event(IOAS_EV_AREA_FILLED, 0x1000, 0x2fff, 0);
	ev.body_area.object = 3;
	ev.body_area.bytes = 0x2000;
	apply(f, ev);
	ev = object_event(IOAS_EV_DEVICE_ATTACH, 4);
	strcpy(ev.body_obj.name, "0000:00:05.0");
	apply(f, ev);
	apply(f, object_event(IOAS_EV_ACCESS_ATTACH, 5));
	add(f, 0x1000, 0x2fff);
	apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x1000, 0x2fff, 0));
	apply(f, shared_event(0x8000, 0x9fff, 7, 0x1000));
	apply(f, area_event(IOAS_EV_AREA_GOING, 0x8000, 0x9fff, 0));
	ev = area_event(IOAS_EV_ACCESS_PIN, 0x8000, 0x9fff, 0);
	ev.body_area.object = 5;
	apply(f, ev);
	ev.body_area.object = 0;
	ev.body_area.refs = 3;
	apply(f, ev);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, 9);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, -4);
	assert_no_anomaly(f);
	mirror_mark_uncertain(f->m, 1, 900);
}

struct heard {
	struct ioas_event events[64];
	size_t count;
	size_t stop_after;
};

static inline int hear(const struct ioas_event *ev, void *arg)
{
	struct heard *h = arg;

	assert_true(h->count < UNIT_COUNT(h->events));
	h->events[h->count++] = *ev;
	return h->count == h->stop_after ? 1234 : 0;
}

#endif
