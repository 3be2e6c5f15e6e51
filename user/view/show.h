/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state as text with tables, and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_SHOW_H
#define IOASCOPE_VIEW_SHOW_H

#include <stdio.h>

#include "core/state.h"
#include "view/json.h"

#define SHOW_SCHEMA 1

/* Which part of the state to show, and how; 0 or NULL fields: all of it. */
struct show_filter {
	__u32 ioas;
	__u32 pid; /* of the context's owner, or of an area's */
	__u64 iova; /* only areas that hold this address, if has_iova */
	bool has_iova;
	bool merged; /* areas that continue each other are one row */
	bool histogram; /* how finely clients pin */
};

/*
 * Devices of an IOMMU group, as "0000:01:00.0 0000:01:00.1", from @sysfs
 * (NULL: /sys). Returns @buf, empty if the group is not there.
 */
char *show_group_devices(char *buf, size_t len, const char *sysfs, __u32 group);

/* -ENOMEM where a table cannot be built. */
int show_text(FILE *out, const struct state *s, const struct show_filter *f);
void show_json(FILE *out, const struct state *s, const struct show_filter *f, bool pretty);

/* ---- for the views of other commands ---- */

/* "one word" of an area's condition */
const char *show_condition(const struct state_area *a);

/* "container", or "file" where a context is nothing of VFIO. */
const char *show_ctx_noun(const struct state_ctx *c);

/* Members "schema", "source", "time_ns" of the object that stands alone. */
void show_json_head(struct json *j, const struct state *s);

/* An area as an object. */
void show_json_area(struct json *j, const char *key, const struct state_area *a);

/* Members of a charge but the pages, and of a range, without the braces. */
void show_json_charge(struct json *j, const struct state_charge *c);
void show_json_range(struct json *j, const struct state_range *r);

#endif
