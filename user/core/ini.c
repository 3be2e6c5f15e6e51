// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inih splits lines into section, name and value; it goes on after an error, so
 * the first one is kept here. Our reader hands it one line at a time, which gives
 * each its number, and refuses what inih would cut or join silently.
 */
#include "core/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <string.h>

struct ini {
	FILE *in;
	const char *name;
	const struct ini_reader *reader;
	char *why;
	size_t size;
	int line; /* of what was read last */
	int error; /* negative errno: nothing more is taken */
};

/* Says the first error only. */
static int refuse(struct ini *f, int line, int error, const char *format, va_list args)
{
	int at;

	if (f->error)
		return f->error;
	f->error = error;
	at = snprintf(f->why, f->size, "%s:%d: ", f->name, line);
	if (at >= 0 && (size_t)at < f->size)
		vsnprintf(f->why + at, f->size - (size_t)at, format, args);
	return error;
}

int ini_refuse(struct ini *ini, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = refuse(ini, ini->line, -EINVAL, format, args);
	va_end(args);
	return err;
}

int ini_refuse_at(struct ini *ini, int line, int error, const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = refuse(ini, line, error, format, args);
	va_end(args);
	return err;
}

int ini_line(const struct ini *ini)
{
	return ini->line;
}

/* inih tells of a section with its first entry only, and cuts long names: it is read here. */
static void take_section(struct ini *f, const char *line)
{
	const char *end = strchr(line, ']');
	char name[INI_MAX_LINE];

	if (*line != '[' || !end)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
	end += 1 + strspn(end + 1, " \t\r\n");
	if (*end && !strchr(";#", *end))
		ini_refuse(f, "something stands behind [%s]", name);
	else
		f->reader->section(f, name, f->reader->arg);
}

/*
 * One line, without the blanks before it: to inih these would make it the
 * continuation of the line above. NULL at the end, and to stop.
 */
static char *read_line(char *line, int size, void *stream)
{
	struct ini *f = stream;
	size_t blanks;

	if (f->error)
		return NULL;
	if (!fgets(line, size, f->in)) {
		if (ferror(f->in))
			ini_refuse_at(f, f->line, -EIO, "cannot be read on");
		return NULL;
	}
	f->line++;
	if (!strchr(line, '\n') && !feof(f->in)) {
		ini_refuse(f, "a line has %d characters at most, and no NUL", size - 2);
		return NULL;
	}
	blanks = strspn(line, " \t");
	memmove(line, line + blanks, strlen(line + blanks) + 1);
	take_section(f, line);
	return f->error ? NULL : line;
}

static int take_entry(void *user, const char *section, const char *name, const char *value)
{
	struct ini *f = user;

	(void)section; /* it has been cut */
	return !f->error && !f->reader->entry(f, name, value, f->reader->arg);
}

int ini_read(FILE *in, const char *name, const struct ini_reader *reader, char *why, size_t size)
{
	struct ini f = { .in = in, .name = name, .reader = reader, .why = why, .size = size };
	int ret = ini_parse_stream(read_line, &f, take_entry, &f);

	/* A line that inih could not split, and none before it that was refused. */
	if (ret > 0 && (!f.error || ret < f.line)) {
		f.error = 0;
		ini_refuse_at(&f, ret, -EINVAL, "neither [SECTION] nor NAME = VALUE");
	}
	if (ret < 0)
		ini_refuse_at(&f, f.line, -ENOMEM, "no memory");
	if (!f.error && reader->end)
		reader->end(&f, reader->arg);
	return f.error;
}
