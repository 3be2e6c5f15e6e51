/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI files, read strictly: what inih would cut, join or pass over in silence is
 * an error, and the first error is said with file and line. A reader of one kind
 * of file gives two functions; each may refuse.
 */
#ifndef CORE_INI_H
#define CORE_INI_H

#include <stddef.h>
#include <stdio.h>

struct ini;

struct ini_reader {
	/* A section begins; `name` is all between its brackets. 0, or as ini_refuse(). */
	int (*section)(struct ini *ini, const char *name, void *arg);
	/* NAME = VALUE in the section that began last, if one did. 0, or as ini_refuse(). */
	int (*entry)(struct ini *ini, const char *name, const char *value, void *arg);
	/* The file has ended well; NULL: nothing is left to do. 0, or as ini_refuse(). */
	int (*end)(struct ini *ini, void *arg);
	void *arg;
};

/*
 * Refuses what is read at the moment: the message is what `format` makes, with
 * file and line before it. Returns -EINVAL, for a reader to return.
 */
int ini_refuse(struct ini *ini, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As ini_refuse(), for another line than that one, and with another (negative) errno. */
int ini_refuse_at(struct ini *ini, int line, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The number, from 1, of the line that is read at the moment. */
int ini_line(const struct ini *ini);

/*
 * Reads `in` to its end or first error; `name` is what errors call it. 0; or, with
 * a line in `why` (of `size` bytes): -EINVAL for what was refused, -EIO, -ENOMEM.
 */
int ini_read(FILE *in, const char *name, const struct ini_reader *reader, char *why, size_t size);

#endif
