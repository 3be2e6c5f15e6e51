/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why an op failed, and what it did to the valid ranges: as lines and as JSON. */
#ifndef IOASCOPE_VIEW_EXPLAIN_H
#define IOASCOPE_VIEW_EXPLAIN_H

#include <stdio.h>

#include "core/explain.h"
#include "view/json.h"

/* Lines below that of the op. */
void explain_lines(FILE *out, const struct explanation *x);

/* The members "reason", "unmap" and "valid_ranges", as far as there is something to tell. */
void explain_json(struct json *j, const struct explanation *x);

/* Of long lists of valid ranges, those are shown that are around the first that changed. */
#define EXPLAIN_SHOWN 16

/* The first of @list to show, which is before or after; up to EXPLAIN_SHOWN follow. */
size_t explain_shown_from(const struct explanation *x, const struct check_ranges *list);

/* The class of an unmap in a word or two: "exact", "3 areas"; NULL: none. Returns @buf. */
char *explain_class(char *buf, size_t size, const struct explanation *x);

#endif
