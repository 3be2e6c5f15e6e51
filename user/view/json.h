/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A streaming JSON writer: no tree, constant memory. Commas and escaping are
 * its business, matching begin with end is the caller's. Numbers are integers;
 * what is not known is null.
 */
#ifndef IOASCOPE_VIEW_JSON_H
#define IOASCOPE_VIEW_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 16

struct json {
	FILE *out;
	int depth;
	bool pretty; /* a member a line */
	bool members[JSON_DEPTH]; /* this level has one already */
};

/* @out stays the caller's. */
void json_init(struct json *j, FILE *out, bool pretty);

/* @key is NULL inside arrays and at the top. */
void json_object(struct json *j, const char *key);
void json_end_object(struct json *j);
void json_array(struct json *j, const char *key);
void json_end_array(struct json *j);
void json_u64(struct json *j, const char *key, uint64_t v);
void json_s64(struct json *j, const char *key, int64_t v);
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);

/* A number of ours: 0 is none, and is written as null. */
void json_id(struct json *j, const char *key, uint64_t v);

/* Bytes above 0x7e and control characters are escaped; NULL writes null. */
void json_str(struct json *j, const char *key, const char *v);

/* As json_str() for a field of @max bytes that need not end in NUL. */
void json_strn(struct json *j, const char *key, const char *v, size_t max);

/* Ends a top-level value: a newline. */
void json_line(struct json *j);

#endif
