// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/holes.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/json.h"
#include "view/show.h"
#include "view/show_table.h"

/* ---- text ---- */

/* What a size of holes of that kind is called in the totals. */
static const char *const words[HOLE_KINDS] = {
	[HOLE_GAP] = "between areas",	       [HOLE_UNPINNED] = "mapped and not pinned",
	[HOLE_RESERVED] = "reserved",	       [HOLE_ALLOWED] = "allowed and not mapped",
	[HOLE_VALID] = "valid and not mapped",
};

static int add_row(const struct hole *h, void *arg)
{
	struct show_table *t = arg;
	char u[UNITS_LEN];

	show_cell(t, "%s", hole_name(h->kind));
	show_cell(t, "0x%" PRIx64, (uint64_t)h->iova);
	show_cell(t, "0x%" PRIx64, (uint64_t)h->last);
	show_cell(t, "%s", units_bytes(u, state_bytes(h->iova, h->last)));
	if (h->kind == HOLE_UNPINNED && !h->exact && h->pages < 0)
		show_cell(t, "it is not known how much is pinned");
	else if (h->kind == HOLE_UNPINNED && !h->exact)
		show_cell(t, "%s somewhere in it", show_pages(u, h->pages));
	else if (h->kind == HOLE_RESERVED && h->owner)
		show_cell(t, "for %u", h->owner);
	else
		show_cell(t, "%s", "");
	return t->err;
}

static void print_totals(FILE *out, const struct holes_totals *t)
{
	const char *comma = "  ";
	char u[UNITS_LEN];

	for (unsigned int k = 0; k < HOLE_KINDS; k++) {
		if (!t->count[k])
			continue;
		fprintf(out, "%s%s %s (%" PRIu64 ")", comma, units_bytes(u, t->bytes[k]), words[k],
			(uint64_t)t->count[k]);
		comma = ", ";
	}
	fputs(*comma == ',' ? "\n" : "  no holes\n", out);
	if (t->unknown)
		fprintf(out, "  of %" PRIu64 " areas it is not known how much is pinned\n",
			(uint64_t)t->unknown);
}

/* Where ranges are not told, their absence means nothing. */
static unsigned int known(const struct state_ioas *i, unsigned int kinds)
{
	const unsigned int ranges =
		HOLE_BIT(HOLE_RESERVED) | HOLE_BIT(HOLE_ALLOWED) | HOLE_BIT(HOLE_VALID);

	return i->ranges_known ? kinds : kinds & ~ranges;
}

static int ioas_text(FILE *out, const struct state_ctx *c, const struct state_ioas *i,
		     unsigned int kinds)
{
	static const struct show_column columns[] = {
		{ "KIND", 0 }, { "IOVA", 1 }, { "LAST", 1 }, { "SIZE", 1 }, { "NOTE", 0 },
	};
	struct holes_totals totals;
	struct show_table t;
	char u[UNITS_LEN];
	int err;

	fprintf(out, "IOAS %u  %s %s  context %u  %zu areas, %s mapped\n", i->id,
		ioas_backend_name(i->backend), ioas_mode_name(i->mode), c->id, i->nareas,
		units_bytes(u, i->bytes));
	if (i->adopted)
		fprintf(out, "  older than the trace: areas mapped before it look like holes\n");
	show_table_begin(&t, columns, sizeof(columns) / sizeof(columns[0]));
	err = holes_find(i, known(i, kinds), add_row, &t, &totals);
	if (!err)
		print_totals(out, &totals);
	if (!i->ranges_known)
		fprintf(out, "  reserved and valid ranges are not known here\n");
	return show_table_end(&t, out, "") ?: err;
}

int holes_text(FILE *out, const struct state *s, __u32 ioas, unsigned int kinds)
{
	int n = 0;

	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			const struct state_ioas *v = &s->ctxs[c].ioases[i];
			int err;

			if (ioas && v->id != ioas)
				continue;
			if (n++)
				fputc('\n', out);
			err = ioas_text(out, &s->ctxs[c], v, kinds);
			if (err)
				return err;
		}
	}
	return n;
}

/* ---- JSON ---- */

static int add_object(const struct hole *h, void *arg)
{
	struct json *j = arg;

	json_object(j, NULL);
	json_str(j, "kind", hole_name(h->kind));
	json_u64(j, "iova", h->iova);
	json_u64(j, "last", h->last);
	json_u64(j, "size", state_bytes(h->iova, h->last));
	if (h->kind == HOLE_UNPINNED) {
		if (h->pages < 0)
			json_null(j, "pages");
		else
			json_s64(j, "pages", h->pages);
		json_bool(j, "exact", h->exact);
	}
	if (h->kind == HOLE_RESERVED)
		json_id(j, "asked_by", h->owner);
	json_end_object(j);
	return 0;
}

static void json_totals(struct json *j, const struct holes_totals *t, unsigned int kinds)
{
	json_object(j, "totals");
	for (unsigned int k = 0; k < HOLE_KINDS; k++) {
		if (!(kinds & HOLE_BIT(k)))
			continue;
		json_object(j, hole_name(k));
		json_u64(j, "count", t->count[k]);
		json_u64(j, "bytes", t->bytes[k]);
		json_end_object(j);
	}
	json_u64(j, "unknown_areas", t->unknown);
	json_end_object(j);
}

static void ioas_json(struct json *j, const struct state_ctx *c, const struct state_ioas *i,
		      unsigned int kinds)
{
	struct holes_totals totals;

	json_object(j, NULL);
	json_u64(j, "context", c->id);
	json_u64(j, "ioas", i->id);
	json_bool(j, "complete", state_complete(i));
	json_array(j, "holes");
	holes_find(i, known(i, kinds), add_object, j, &totals);
	json_end_array(j);
	json_totals(j, &totals, known(i, kinds));
	json_end_object(j);
}

int holes_json(FILE *out, const struct state *s, __u32 ioas, unsigned int kinds)
{
	struct json j;
	int n = 0;

	json_init(&j, out, true);
	json_object(&j, NULL);
	show_json_head(&j, s);
	json_array(&j, "ioases");
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			if (ioas && s->ctxs[c].ioases[i].id != ioas)
				continue;
			ioas_json(&j, &s->ctxs[c], &s->ctxs[c].ioases[i], kinds);
			n++;
		}
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
	return n;
}
