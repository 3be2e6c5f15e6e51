// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of what an IOAS maps. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/event.h"
#include "core/state_merged.h"
#include "core/state_pins.h"
#include "view/show_impl.h"
#include "view/show_table.h"

/* Whether an area that is shown belongs to a pages object: only then it has columns. */
static bool any_pages(const struct state_ioas *i, const struct show_filter *f)
{
	for (size_t n = 0; n < i->nareas; n++) {
		if (i->areas[n].pages_id && show_wants_area(f, &i->areas[n]))
			return true;
	}
	return false;
}

static void cell_owner(struct show_table *t, const struct state_area *a)
{
	char u[UNITS_LEN];

	show_cell(t, "%s[%u] uid %u", units_comm(u, a->comm), a->tgid, a->uid);
}

static void cells_pages(struct show_table *t, __u32 pages_id, __u64 offset)
{
	if (pages_id) {
		show_cell(t, "%u", pages_id);
		show_cell(t, "0x%" PRIx64, (uint64_t)offset);
	} else {
		show_cell(t, "-");
		show_cell(t, "-");
	}
}

static void cells_range(struct show_table *t, __u64 iova, __u64 last)
{
	char u[UNITS_LEN];

	show_cell(t, "0x%" PRIx64, (uint64_t)iova);
	show_cell(t, "0x%" PRIx64, (uint64_t)last);
	show_cell(t, "%s", units_bytes(u, state_bytes(iova, last)));
}

static void area_row(struct show_table *t, const struct state_area *a, bool pages)
{
	if (a->area)
		show_cell(t, "%u", a->area);
	else
		show_cell(t, "-");
	cells_range(t, a->iova, a->last);
	show_cell(t, "0x%" PRIx64, (uint64_t)a->va);
	if (pages)
		cells_pages(t, a->pages_id, a->offset);
	show_cell(t, "%s", units_prot(a->prot));
	show_cell_pages(t, a->pinned);
	show_cell_pages(t, a->pfnmap);
	show_cell(t, "%s", show_condition(a));
	cell_owner(t, a);
}

int show_areas_table(FILE *out, const struct state_ioas *i, const struct show_filter *f)
{
	static const struct show_column plain[] = {
		{ "AREA", 1 }, { "IOVA", 1 },	{ "LAST", 1 },	  { "SIZE", 1 },  { "VA", 1 },
		{ "PROT", 0 }, { "PINNED", 1 }, { "NOT-RAM", 1 }, { "STATE", 0 }, { "OWNER", 0 },
	};
	static const struct show_column shared[] = {
		{ "AREA", 1 },	 { "IOVA", 1 },	   { "LAST", 1 },  { "SIZE", 1 },
		{ "VA", 1 },	 { "PAGES", 1 },   { "AT", 1 },	   { "PROT", 0 },
		{ "PINNED", 1 }, { "NOT-RAM", 1 }, { "STATE", 0 }, { "OWNER", 0 },
	};
	bool pages = any_pages(i, f);
	struct show_table t;

	if (pages)
		show_table_begin(&t, shared, sizeof(shared) / sizeof(shared[0]));
	else
		show_table_begin(&t, plain, sizeof(plain) / sizeof(plain[0]));
	for (size_t n = 0; n < i->nareas; n++) {
		if (show_wants_area(f, &i->areas[n]))
			area_row(&t, &i->areas[n], pages);
	}
	return show_table_end(&t, out, "");
}

int show_merged_table(FILE *out, const struct state_ioas *i, const struct show_filter *f)
{
	static const struct show_column columns[] = {
		{ "REQUESTS", 1 }, { "AREAS", 1 }, { "IOVA", 1 },  { "LAST", 1 },
		{ "SIZE", 1 },	   { "VA", 1 },	   { "PROT", 0 },  { "PINNED", 1 },
		{ "NOT-RAM", 1 },  { "STATE", 0 }, { "OWNER", 0 },
	};
	struct state_merged m;
	struct show_table t;
	size_t pos = 0;

	show_table_begin(&t, columns, sizeof(columns) / sizeof(columns[0]));
	while (state_merged_next(i, &pos, &m)) {
		if (f->has_iova && (f->iova < m.iova || f->iova > m.last))
			continue;
		show_cell(&t, "%zu", m.requests);
		show_cell(&t, "%zu", m.areas);
		cells_range(&t, m.iova, m.last);
		show_cell(&t, "0x%" PRIx64, (uint64_t)m.va);
		show_cell(&t, "%s", units_prot(m.first->prot));
		show_cell_pages(&t, m.pinned);
		show_cell_pages(&t, m.pfnmap);
		show_cell(&t, "%s", show_condition(m.first));
		cell_owner(&t, m.first);
	}
	return show_table_end(&t, out, "");
}

static size_t merged_rows(const struct state_ioas *i)
{
	struct state_merged m;
	size_t pos = 0, rows = 0;

	while (state_merged_next(i, &pos, &m))
		rows++;
	return rows;
}

int show_histogram_text(FILE *out, const struct state_ioas *i)
{
	static const struct show_column columns[] = { { "PIN-RANGES", 1 }, { "AREAS", 1 } };
	struct state_histogram h;
	struct show_table t;

	if (!i->pins_known) {
		fprintf(out, "  %zu areas, %zu if merged; pin ranges are not known here\n",
			i->nareas, merged_rows(i));
		return 0;
	}
	state_histogram(i, &h);
	fprintf(out, "  %zu areas, %zu if merged; clients hold %" PRIu64 " ranges of pages",
		i->nareas, merged_rows(i), (uint64_t)h.ranges);
	if (h.outside)
		fprintf(out, ", %" PRIu64 " of them in no area", (uint64_t)h.outside);
	fputc('\n', out);
	show_table_begin(&t, columns, 2);
	for (unsigned int b = 0; b < STATE_BINS; b++) {
		__u64 from, to;

		if (!h.areas[b])
			continue;
		state_bin_limits(b, &from, &to);
		if (from == to)
			show_cell(&t, "%" PRIu64, (uint64_t)from);
		else
			show_cell(&t, "%" PRIu64 "-%" PRIu64, (uint64_t)from, (uint64_t)to);
		show_cell(&t, "%" PRIu64, (uint64_t)h.areas[b]);
	}
	return show_table_end(&t, out, "  ");
}
