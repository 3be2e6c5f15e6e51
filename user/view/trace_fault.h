/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults as lines, for people and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_TRACE_FAULT_H
#define IOASCOPE_VIEW_TRACE_FAULT_H

#include "core/fault.h"
#include "view/json.h"

/*
 * As trace_line() and trace_json(), of a fault and what is known of its address;
 * without a story of that not a word.
 */
void trace_fault_line(FILE *out, const struct ioas_event *ev, const struct fault_story *story,
		      __u64 start_ns);
void trace_fault_json(FILE *out, const struct ioas_event *ev, const struct fault_story *story);

/* What the event itself says, into an object that the caller began. */
void trace_fault_members(struct json *j, const struct ioas_event *ev);

#endif
