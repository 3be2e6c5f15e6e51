/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of the commands that look at state, cell by cell. */
#ifndef IOASCOPE_VIEW_SHOW_TABLE_H
#define IOASCOPE_VIEW_SHOW_TABLE_H

#include <linux/types.h>
#include <stddef.h>
#include <stdio.h>

#include "view/units.h"

#define SHOW_COLUMNS 16

struct show_column {
	const char *name;
	int right; /* aligned to the right */
};

/* A table being built. What goes wrong on the way is told by show_table_end(). */
struct show_table {
	const struct show_column *columns;
	size_t ncolumns;
	size_t width[SHOW_COLUMNS];
	char *text; /* of all cells, each ended by NUL */
	size_t len;
	size_t room;
	size_t column; /* of the next cell */
	size_t rows;
	int err;
};

/* @columns (at most SHOW_COLUMNS) stay the caller's until the end. */
void show_table_begin(struct show_table *t, const struct show_column *columns, size_t n);

/* The next cell; a row is whole with its last one. */
void show_cell(struct show_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A cell with a number of pages as bytes; '?' below 0. */
void show_cell_pages(struct show_table *t, __s64 pages);

/*
 * Prints what has rows, with heads, each line after @indent, and frees. 0 or
 * -ENOMEM.
 */
int show_table_end(struct show_table *t, FILE *out, const char *indent);

/* Pages as bytes for people: "?" below 0. Returns @buf. */
char *show_pages(char buf[UNITS_LEN], __s64 pages);

/* Pages in bytes; UINT64_MAX also stands for 2^64. */
__u64 show_page_bytes(__s64 pages);

#endif
