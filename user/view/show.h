/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state as text with tables, and as JSON. */
#ifndef IOASCOPE_VIEW_SHOW_H
#define IOASCOPE_VIEW_SHOW_H

#include <stdio.h>

#include "core/state.h"

#define SHOW_SCHEMA 1

/* Which part of the state to show; 0 or NULL fields: all of it. */
struct show_filter {
	__u32 ioas;
	__u32 pid; /* of the context's owner, or of an area's */
	__u64 iova; /* only areas that hold this address, if has_iova */
	bool has_iova;
};

/*
 * Devices of an IOMMU group, as "0000:01:00.0 0000:01:00.1", from @sysfs
 * (NULL: /sys). Returns @buf, empty if the group is not there.
 */
char *show_group_devices(char *buf, size_t len, const char *sysfs, __u32 group);

/* -ENOMEM where a table cannot be built. */
int show_text(FILE *out, const struct state *s, const struct show_filter *f);
void show_json(FILE *out, const struct state *s, const struct show_filter *f, bool pretty);

#endif
