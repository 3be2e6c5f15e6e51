// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/json.h"

#include <inttypes.h>
#include <string.h>

void json_init(struct json *j, FILE *out, bool pretty)
{
	memset(j, 0, sizeof(*j));
	j->out = out;
	j->pretty = pretty;
}

static void quoted(struct json *j, const char *s, size_t max)
{
	fputc('"', j->out);
	for (size_t i = 0; i < max && s[i]; i++) {
		unsigned char c = s[i];

		if (c == '"' || c == '\\')
			fprintf(j->out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			fprintf(j->out, "\\u%04x", c);
		else
			fputc(c, j->out);
	}
	fputc('"', j->out);
}

static void newline(struct json *j)
{
	if (!j->pretty)
		return;
	fputc('\n', j->out);
	for (int i = 0; i < j->depth; i++)
		fputs("  ", j->out);
}

static void member(struct json *j, const char *key)
{
	if (j->members[j->depth])
		fputc(',', j->out);
	if (j->depth)
		newline(j);
	j->members[j->depth] = true;
	if (!key)
		return;
	quoted(j, key, strlen(key));
	fputs(j->pretty ? ": " : ":", j->out);
}

static void begin(struct json *j, const char *key, char c)
{
	member(j, key);
	fputc(c, j->out);
	if (j->depth + 1 < JSON_DEPTH)
		j->depth++;
	j->members[j->depth] = false;
}

static void end(struct json *j, char c)
{
	bool any = j->members[j->depth];

	if (j->depth)
		j->depth--;
	if (any)
		newline(j);
	fputc(c, j->out);
}

void json_object(struct json *j, const char *key)
{
	begin(j, key, '{');
}

void json_end_object(struct json *j)
{
	end(j, '}');
}

void json_array(struct json *j, const char *key)
{
	begin(j, key, '[');
}

void json_end_array(struct json *j)
{
	end(j, ']');
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	member(j, key);
	fprintf(j->out, "%" PRIu64, v);
}

void json_s64(struct json *j, const char *key, int64_t v)
{
	member(j, key);
	fprintf(j->out, "%" PRId64, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	member(j, key);
	fputs(v ? "true" : "false", j->out);
}

void json_null(struct json *j, const char *key)
{
	member(j, key);
	fputs("null", j->out);
}

void json_id(struct json *j, const char *key, uint64_t v)
{
	if (v)
		json_u64(j, key, v);
	else
		json_null(j, key);
}

void json_str(struct json *j, const char *key, const char *v)
{
	json_strn(j, key, v, v ? strlen(v) : 0);
}

void json_strn(struct json *j, const char *key, const char *v, size_t max)
{
	if (!v) {
		json_null(j, key);
		return;
	}
	member(j, key);
	quoted(j, v, max);
}

void json_line(struct json *j)
{
	fputc('\n', j->out);
	j->members[0] = false;
}
