/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event record on the user side: names of its numbers, and its check. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "ioascope/event.h"

/* One page as the records count them, whatever the page size of the host. */
#define IOAS_PAGE_SHIFT 12
#define IOAS_PAGE_SIZE (1ULL << IOAS_PAGE_SHIFT)

/*
 * The name of a number, lower case, words joined by '-'; 0 is "none" in each
 * enum. NULL for a number that this version does not know. Static strings.
 */
const char *ioas_kind_name(unsigned int kind);
const char *ioas_op_name(unsigned int op);
const char *ioas_backend_name(unsigned int backend);
const char *ioas_mode_name(unsigned int mode);
const char *ioas_counter_name(unsigned int counter);
const char *ioas_memory_name(unsigned int memory);
const char *ioas_range_name(unsigned int class);
const char *ioas_option_name(unsigned int option);
const char *ioas_cause_name(unsigned int cause);

/* The number of a name, exactly as spelled above; -EINVAL if there is none. */
int ioas_kind_from_name(const char *name);
int ioas_op_from_name(const char *name);
int ioas_backend_from_name(const char *name);
int ioas_mode_from_name(const char *name);
int ioas_counter_from_name(const char *name);

/*
 * The length in bytes of the record at `buf`, of which `size` bytes can be
 * read: at least IOAS_EVENT_HEADER, at most `size`. -EBADMSG if the record
 * claims anything else or `size` cannot even hold the claim. `buf` may have
 * any alignment. This is how a reader steps over a record it does not know.
 */
int ioas_event_len(const void *buf, size_t size);

/*
 * Whether what the fields of a whole record say is possible at all: numbers
 * known, ranges with .iova <= .last, .ctx and .ioas set where the kind needs
 * them, .comm terminated, counts not negative where they cannot be. 0,
 * -EOPNOTSUPP for an unknown kind, -EBADMSG for the rest.
 */
int ioas_event_check_fields(const struct ioas_event *ev);

/*
 * Checks the raw record at `buf`, of which `size` bytes can be read. On
 * success *out is `buf` itself, and every field of struct ioas_event may be
 * read. Records may be longer than this version knows; the rest is not looked
 * at. *out is untouched on failure:
 *   -EINVAL      buf is not aligned for the record
 *   -EBADMSG     the length or a field cannot be
 *   -EOPNOTSUPP  unknown kind; the length is right, skip by ioas_event_len()
 */
int ioas_event_check(const void *buf, size_t size, const struct ioas_event **out);

/* Whether the kind is a change (something became true), not an op or a fault. */
bool ioas_event_is_change(const struct ioas_event *ev);

/* Whether the kind is a change whose body is body_area, body_pages, body_range. */
bool ioas_event_is_area(const struct ioas_event *ev);
bool ioas_event_is_pages(const struct ioas_event *ev);
/* Whether it says that something was lost: the reader's own word, which no hook has submitted. */
bool ioas_event_is_mark(const struct ioas_event *ev);

bool ioas_event_is_range(const struct ioas_event *ev);

#endif
