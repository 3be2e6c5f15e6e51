/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of both backends, for tests of the rules about it. */
#ifndef TESTS_CHECK_MEMORY_H
#define TESTS_CHECK_MEMORY_H

#include "check_users.h"

/* Only the change: what the op and the charge say is for others. */
static inline void change(struct cs *cs, struct ioas_event ev)
{
	ev.op = 0;
	cs_send(cs, ev);
}

/* A v2 container with hardware, and 16 pages at 0x10000. */
static inline struct cs *type1(void **state)
{
	struct cs *cs = *state;

	cs_open_type1(cs, IOAS_MODE_V2);
	cs_attach(cs, 7, false);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	return cs;
}

/* An iommufd IOAS with 16 pages at 0x10000, whose memory is number *id. */
static inline struct cs *iommufd(void **state, uint32_t *id)
{
	struct cs *cs = *state;

	cs_open_iommufd(cs);
	cs_map(cs, 0x10000, 16 * CS_PAGE, 0x700000);
	*id = mirror_area_pages(mirror_area_at(cs_ioas(cs), 0x10000))->id;
	return cs;
}

/* An area that shows the pages object, from byte `at` on. */
static inline struct ioas_event shows(struct cs *cs, uint32_t pages, uint64_t iova, uint64_t size,
				      uint64_t at)
{
	struct ioas_event ev = cs_area(cs, IOAS_EV_AREA_ADD, iova, size, 0);

	ev.body_area.pages_id = pages;
	ev.body_area.at = at;
	return ev;
}

#endif
