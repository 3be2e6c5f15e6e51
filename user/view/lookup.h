/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of 'ioascope lookup', as text and as JSON (docs/event-schema.md). */
#ifndef IOASCOPE_VIEW_LOOKUP_H
#define IOASCOPE_VIEW_LOOKUP_H

#include <stdio.h>

#include "core/lookup.h"

/* A query in words: "IOVA 0x1000", "pages object 7". Returns @buf. */
char *lookup_words(char *buf, size_t len, const struct lookup_query *q);

/*
 * Answers @n queries, each hit on a line. hits[i] becomes the number of hits of
 * query i. 0 or -ENOMEM, -E2BIG.
 */
int lookup_text(FILE *out, struct lookup *l, const struct lookup_query *q, size_t n, size_t *hits);
int lookup_json(FILE *out, struct lookup *l, const struct lookup_query *q, size_t n, size_t *hits);

#endif
