/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which device was in which IOAS, and when: what the mirror forgets when a device
 * leaves. Of type1 groups are told, of the others devices. Not locked.
 */
#ifndef CORE_STAYS_H
#define CORE_STAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/alloc.h"
#include "core/mirror.h"
#include "ioascope/event.h"

#define STAYS_KEPT 1024 /* that ended */

struct stay {
	char name[24]; /* of the device, terminated; empty: the whole group */
	uint32_t group; /* IOMMU group */
	uint32_t object; /* our number of the device; 0: a group */
	uint32_t ctx;
	uint32_t ioas;
	uint64_t from_ns; /* 0: not known */
	uint64_t to_ns; /* 0: it is there */
	uint64_t to_op; /* the op that it left in; 0: not known */
	uint32_t tgid; /* who made it leave */
	uint32_t tid;
	char comm[IOAS_COMM_LEN]; /* terminated */
	uint8_t backend; /* enum ioas_backend */
};

struct stays;

/* NULL: no memory; @alloc is copied (NULL: the heap). stays_free() takes NULL. */
struct stays *stays_new(const struct ioas_alloc *alloc);
void stays_free(struct stays *s);

/* Looks at an event that has passed ioas_event_check(), before the mirror takes it. */
void stays_see(struct stays *s, const struct ioas_event *ev);

/*
 * Stays of the device of a fault, or of its group, which began up to @time_ns: the one that it is
 * in, if any, first, then those that ended, the last first. Start with NULL; NULL: no more. Valid
 * until the next stays_see().
 */
const struct stay *stays_next(const struct stays *s, const struct ioas_fault_body *fault,
			      uint64_t time_ns, const struct stay *prev);

/* Stays that ended and are not kept any more. */
uint64_t stays_forgotten(const struct stays *s);

/* Whether want of memory has cost one. */
bool stays_lost(const struct stays *s);

#endif
