// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/show_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"

#define CELL_MAX 512

void show_table_begin(struct show_table *t, const struct show_column *columns, size_t n)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->ncolumns = n;
	for (size_t c = 0; c < n; c++)
		t->width[c] = strlen(columns[c].name);
}

static int make_room(struct show_table *t, size_t size)
{
	size_t room = t->room ? t->room : 4096;
	char *p;

	if (t->len + size <= t->room)
		return 0;
	while (room < t->len + size)
		room *= 2;
	p = realloc(t->text, room);
	if (!p)
		return -ENOMEM;
	t->text = p;
	t->room = room;
	return 0;
}

void show_cell(struct show_table *t, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (t->err)
		return;
	t->err = make_room(t, CELL_MAX);
	if (t->err)
		return;
	va_start(ap, fmt);
	len = vsnprintf(t->text + t->len, CELL_MAX, fmt, ap);
	va_end(ap);
	if (len >= CELL_MAX)
		len = CELL_MAX - 1;
	if ((size_t)len > t->width[t->column])
		t->width[t->column] = len;
	t->len += len + 1;
	if (++t->column == t->ncolumns) {
		t->column = 0;
		t->rows++;
	}
}

__u64 show_page_bytes(__s64 pages)
{
	if (pages <= 0)
		return 0;
	return (__u64)pages >= 1ULL << (64 - IOAS_PAGE_SHIFT) ? UINT64_MAX
							      : (__u64)pages << IOAS_PAGE_SHIFT;
}

char *show_pages(char buf[UNITS_LEN], __s64 pages)
{
	if (pages >= 0)
		return units_bytes(buf, show_page_bytes(pages));
	memcpy(buf, "?", 2);
	return buf;
}

void show_cell_pages(struct show_table *t, __s64 pages)
{
	char u[UNITS_LEN];

	show_cell(t, "%s", show_pages(u, pages));
}

/* Nothing is padded at the end of a line. */
static void print_cell(const struct show_table *t, FILE *out, size_t c, const char *text)
{
	int width = t->width[c];

	if (t->columns[c].right)
		fprintf(out, "%*s", width, text);
	else if (c + 1 < t->ncolumns)
		fprintf(out, "%-*s", width, text);
	else
		fputs(text, out);
}

static void print_row(const struct show_table *t, FILE *out, const char *indent,
		      const char *const *cells)
{
	fputs(indent, out);
	for (size_t c = 0; c < t->ncolumns; c++) {
		/* Nothing follows the last cell that says something. */
		if (c && (c + 1 < t->ncolumns || cells[c][0]))
			fputc(' ', out);
		print_cell(t, out, c, cells[c]);
	}
	fputc('\n', out);
}

int show_table_end(struct show_table *t, FILE *out, const char *indent)
{
	const char *cells[SHOW_COLUMNS], *p = t->text;

	for (size_t c = 0; c < t->ncolumns; c++)
		cells[c] = t->columns[c].name;
	if (!t->err && t->rows)
		print_row(t, out, indent, cells);
	for (size_t r = 0; !t->err && r < t->rows; r++) {
		for (size_t c = 0; c < t->ncolumns; c++) {
			cells[c] = p;
			p += strlen(p) + 1;
		}
		print_row(t, out, indent, cells);
	}
	free(t->text);
	t->text = NULL;
	return t->err;
}
