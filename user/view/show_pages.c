// SPDX-License-Identifier: GPL-2.0-or-later
/* The pages objects of a context: who pays for them, and where all they are mapped. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/event.h"
#include "view/show_impl.h"
#include "view/show_table.h"

#define PLACES_SHOWN 3

/* Where a pages object is mapped: the first areas that show it. */
struct places {
	size_t count;
	struct {
		__u32 ioas;
		__u64 iova;
	} at[PLACES_SHOWN];
};

static void add_place(struct places *p, const struct state_ioas *i, const struct state_area *a)
{
	if (p->count < PLACES_SHOWN) {
		p->at[p->count].ioas = i->id;
		p->at[p->count].iova = a->iova;
	}
	p->count++;
}

/* For each of c->pages, in one pass over all areas; to be freed. NULL: no memory. */
static struct places *find_places(const struct state_ctx *c)
{
	struct places *places = calloc(c->npages + 1, sizeof(*places));

	for (size_t n = 0; places && n < c->nioases; n++) {
		const struct state_ioas *i = &c->ioases[n];

		for (size_t a = 0; a < i->nareas; a++) {
			const struct state_pages *p =
				i->areas[a].pages_id ? state_find_pages(c, i->areas[a].pages_id)
						     : NULL;

			if (p)
				add_place(&places[p - c->pages], i, &i->areas[a]);
		}
	}
	return places;
}

/* IOAS and IOVA of each, as IOAS:IOVA. */
static void cell_places(struct show_table *t, const struct places *p, __u32 areas)
{
	char text[128] = "";
	size_t len = 0, shown = p && p->count < PLACES_SHOWN ? p->count : PLACES_SHOWN;

	for (size_t i = 0; p && i < shown; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u:0x%" PRIx64,
					i ? " " : "", p->at[i].ioas, (uint64_t)p->at[i].iova);
	if (p && areas > shown)
		snprintf(text + len, sizeof(text) - len, " +%zu", areas - shown);
	show_cell(t, "%s", *text ? text : "-");
}

static void pages_row(struct show_table *t, const struct state_pages *p,
		      const struct places *places)
{
	char u[UNITS_LEN];

	show_cell(t, "%u", p->id);
	show_cell(t, "%s", ioas_memory_name(p->memory));
	if (p->memory == IOAS_MEMORY_USER)
		show_cell(t, "0x%" PRIx64, (uint64_t)p->va);
	else
		show_cell(t, "-");
	show_cell(t, "%s", units_bytes(u, show_page_bytes(p->npages)));
	show_cell(t, "%s", p->writable ? "rw" : "r");
	show_cell(t, "%u", p->areas);
	show_cell_pages(t, p->pinned);
	show_cell_pages(t, p->charged > 0 ? p->charged : 0);
	show_cell(t, "%s", ioas_counter_name(p->account));
	show_cell(t, "[%u] uid %u", p->tgid, p->uid);
	cell_places(t, places, p->areas);
}

int show_pages_table(FILE *out, const struct state_ctx *c, const struct show_filter *f)
{
	static const struct show_column columns[] = {
		{ "PAGES", 1 },	  { "MEMORY", 0 }, { "VA", 1 },	       { "SIZE", 1 },
		{ "PROT", 0 },	  { "AREAS", 1 },  { "PINNED", 1 },    { "CHARGED", 1 },
		{ "COUNTER", 0 }, { "OWNER", 0 },  { "MAPPED-AT", 0 },
	};
	struct show_table t;
	struct places *places;
	__u32 *ids;
	size_t n;

	if (!c->npages && !c->ncharges)
		return 0;
	ids = show_wanted_pages(f, c, &n);
	places = find_places(c);
	fprintf(out, "  %zu pages objects, each pinned and charged once\n", c->npages);
	show_charges_text(out, c->charges, c->ncharges);
	show_table_begin(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t p = 0; p < c->npages; p++) {
		if (show_wants_pages(ids, n, c->pages[p].id))
			pages_row(&t, &c->pages[p], places ? &places[p] : NULL);
	}
	free(places);
	free(ids);
	return show_table_end(&t, out, "");
}
