// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/aliases.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/json.h"
#include "view/show.h"
#include "view/show_table.h"

struct totals {
	__u64 groups;
	__u64 again;
	__u64 charged_min;
	__u64 charged_max;
	bool all_one_ctx;
	bool copies; /* some backend of them can copy */
};

static void add_up(struct totals *t, const struct alias_group *g)
{
	t->groups++;
	t->again += g->again;
	t->charged_min += g->charged_min;
	t->charged_max += g->charged_max;
	t->all_one_ctx &= g->one_ctx;
	t->copies |= g->one_ctx && g->areas[0].ctx->backend != IOAS_BACKEND_TYPE1;
}

/* ---- text ---- */

struct text {
	FILE *out;
	struct totals totals;
};

static char *pages_words(char *buf, size_t len, __u64 pages)
{
	char u[UNITS_LEN];

	snprintf(buf, len, "%" PRIu64 " pages (%s)", (uint64_t)pages,
		 units_bytes(u, show_page_bytes(pages)));
	return buf;
}

static int members(FILE *out, const struct alias_group *g)
{
	static const struct show_column columns[] = {
		{ "CONTEXT", 1 }, { "IOAS", 1 }, { "AREA", 1 },	 { "IOVA", 1 },	  { "LAST", 1 },
		{ "VA", 1 },	  { "PROT", 0 }, { "PAGES", 1 }, { "PINNED", 1 },
	};
	struct show_table t;

	show_table_begin(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t n = 0; n < g->nareas; n++) {
		const struct state_area *a = g->areas[n].area;

		show_cell(&t, "%u", g->areas[n].ctx->id);
		show_cell(&t, "%u", g->areas[n].ioas->id);
		if (a->area)
			show_cell(&t, "%u", a->area);
		else
			show_cell(&t, "-");
		show_cell(&t, "0x%" PRIx64, (uint64_t)a->iova);
		show_cell(&t, "0x%" PRIx64, (uint64_t)a->last);
		show_cell(&t, "0x%" PRIx64, (uint64_t)a->va);
		show_cell(&t, "%s", units_prot(a->prot));
		if (a->pages_id)
			show_cell(&t, "%u", a->pages_id);
		else
			show_cell(&t, "own");
		show_cell_pages(&t, a->pinned);
	}
	return show_table_end(&t, out, "  ");
}

static void print_charged(FILE *out, __u64 min, __u64 max)
{
	char low[64], high[64];

	if (min == max)
		fprintf(out, "%s", pages_words(high, sizeof(high), max));
	else if (min)
		fprintf(out, "%s to %s", pages_words(low, sizeof(low), min),
			pages_words(high, sizeof(high), max));
	else
		fprintf(out, "at most %s", pages_words(high, sizeof(high), max));
}

static int group_text(const struct alias_group *g, void *arg)
{
	struct text *t = arg;
	char pages[64];

	if (g->shared) {
		fprintf(t->out, "PAGES OBJECT %u  bytes 0x%" PRIx64 "-0x%" PRIx64 "  %s",
			g->pages_id, (uint64_t)g->va, (uint64_t)g->last,
			pages_words(pages, sizeof(pages), g->pages));
		fprintf(t->out, " shared by %zu areas, saves %s\n", g->nareas,
			pages_words(pages, sizeof(pages), g->again));
		return members(t->out, g);
	}
	fprintf(t->out, "PROCESS %u  0x%" PRIx64 "-0x%" PRIx64 "  %s", g->pid, (uint64_t)g->va,
		(uint64_t)g->last, pages_words(pages, sizeof(pages), g->pages));
	fprintf(t->out, " mapped as %zu, charged again: ", g->objects);
	print_charged(t->out, g->charged_min, g->charged_max);
	fputc('\n', t->out);
	add_up(&t->totals, g);
	return members(t->out, g);
}

static void sum_text(const struct text *t)
{
	const struct totals *s = &t->totals;

	if (!s->groups) {
		fprintf(t->out, "no memory is mapped as new more than once\n");
		return;
	}
	fprintf(t->out, "%" PRIu64 " aliases: COPY would save ", (uint64_t)s->groups);
	print_charged(t->out, s->charged_min, s->charged_max);
	if (!s->copies)
		fputs(", if these were IOASes of one iommufd context", t->out);
	else if (!s->all_one_ctx)
		fputs(", partly only between IOASes of one context", t->out);
	fputc('\n', t->out);
}

int aliases_text(FILE *out, const struct state *s, bool shared)
{
	struct text t = { .out = out, .totals.all_one_ctx = true };
	int err = aliases_find(s, group_text, &t);

	if (!err && shared)
		err = aliases_shared(s, group_text, &t);
	if (!err)
		sum_text(&t);
	return err;
}

/* ---- JSON ---- */

struct objects {
	struct json j;
	struct totals totals;
};

static void json_members(struct json *j, const struct alias_group *g)
{
	json_array(j, "areas");
	for (size_t n = 0; n < g->nareas; n++) {
		json_object(j, NULL);
		json_u64(j, "context", g->areas[n].ctx->id);
		json_u64(j, "ioas", g->areas[n].ioas->id);
		show_json_area(j, "mapped", g->areas[n].area);
		json_end_object(j);
	}
	json_end_array(j);
}

static int group_json(const struct alias_group *g, void *arg)
{
	struct objects *o = arg;
	struct json *j = &o->j;

	json_object(j, NULL);
	if (g->shared)
		json_u64(j, "pages_object", g->pages_id);
	json_id(j, "pid", g->pid);
	json_u64(j, "first", g->va);
	json_u64(j, "last", g->last);
	json_u64(j, "pages", g->pages);
	json_u64(j, "again_pages", g->again);
	if (!g->shared) {
		json_u64(j, "objects", g->objects);
		json_u64(j, "charged_again_min", g->charged_min);
		json_u64(j, "charged_again_max", g->charged_max);
		json_bool(j, "one_context", g->one_ctx);
		add_up(&o->totals, g);
	}
	json_members(j, g);
	json_end_object(j);
	return 0;
}

int aliases_json(FILE *out, const struct state *s, bool shared)
{
	struct objects o = {};
	struct json *j = &o.j;
	int err;

	json_init(j, out, true);
	json_object(j, NULL);
	show_json_head(j, s);
	json_array(j, "aliases");
	err = aliases_find(s, group_json, &o);
	json_end_array(j);
	if (shared) {
		json_array(j, "shared");
		err = aliases_shared(s, group_json, &o) ?: err;
		json_end_array(j);
	}
	json_object(j, "totals");
	json_u64(j, "again_pages", o.totals.again);
	json_u64(j, "charged_again_min", o.totals.charged_min);
	json_u64(j, "charged_again_max", o.totals.charged_max);
	json_end_object(j);
	json_end_object(j);
	json_line(j);
	return err;
}
