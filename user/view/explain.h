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

/* The class of an unmap in a word or two: "exact", "3 areas"; NULL: none. Returns @buf. */
char *explain_class(char *buf, size_t size, const struct explanation *x);

#endif
