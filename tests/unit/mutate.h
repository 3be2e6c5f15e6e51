/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One mistake in a stream of events: what a lost, doubled, late or false record looks like. */
#ifndef TESTS_MUTATE_H
#define TESTS_MUTATE_H

#include "model.h"
#include "unit.h"

/* A field of a record that carries state. */
struct mutate_field {
	const char *name;
	uint8_t offset;
	uint8_t size; /* bytes */
	uint8_t below; /* not 0: values are below this one, as a rule */
	uint8_t backends; /* bits by enum ioas_backend, 0: all */
};

#define MUTATE_FIELDS 16 /* of a kind, at most */

/* The fields of a kind of change; `out` has room for MUTATE_FIELDS. */
size_t mutate_fields(const struct ioas_event *ev, const struct mutate_field **out);

uint64_t mutate_get(const struct ioas_event *ev, const struct mutate_field *field);

/*
 * Another value for a field of event `i`: near, far, none, or that of another event
 * of its kind. Whether it differs from what was there.
 */
bool mutate_change(struct ioas_event *ev, const struct mutate_field *field, struct unit_random *r,
		   const struct model_events *events);

#endif
