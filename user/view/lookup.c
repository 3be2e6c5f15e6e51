// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/lookup.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/json.h"
#include "view/show.h"
#include "view/show_table.h"

static const char *const kinds[LOOKUP_KINDS] = {
	[LOOKUP_IOVA] = "iova", [LOOKUP_VA] = "va",   [LOOKUP_PAGES] = "pages-object",
	[LOOKUP_PID] = "owner", [LOOKUP_UID] = "uid",
};

char *lookup_words(char *buf, size_t len, const struct lookup_query *q)
{
	uint64_t v = q->value;
	int n = 0;

	switch (q->by) {
	case LOOKUP_IOVA:
		n = snprintf(buf, len, "IOVA 0x%" PRIx64, v);
		break;
	case LOOKUP_VA:
		n = snprintf(buf, len, "address 0x%" PRIx64, v);
		if (q->pid && (size_t)n < len)
			n += snprintf(buf + n, len - n, " of process %u", q->pid);
		break;
	case LOOKUP_PAGES:
		n = snprintf(buf, len, "pages object %" PRIu64, v);
		break;
	default:
		n = snprintf(buf, len, "memory of %s %" PRIu64,
			     q->by == LOOKUP_PID ? "process" : "user", v);
	}
	if (q->ioas && (size_t)n < len)
		snprintf(buf + n, len - n, " in IOAS %u", q->ioas);
	return buf;
}

/* ---- text ---- */

static const struct show_column columns[] = {
	{ "ASKED", 0 }, { "CONTEXT", 1 }, { "IOAS", 1 },  { "AREA", 1 },  { "IOVA", 1 },
	{ "VA", 1 },	{ "FIRST", 1 },	  { "LAST", 1 },  { "PAGES", 1 }, { "AT", 1 },
	{ "PROT", 0 },	{ "PINNED", 0 },  { "STATE", 0 }, { "OWNER", 0 },
};

struct rows {
	struct show_table table;
	const struct lookup_query *q;
	bool several; /* queries */
	size_t hits;
};

static const char *pinned_word(int pinned)
{
	return pinned < 0 ? "?" : pinned ? "yes" : "no";
}

static void cells_memory(struct show_table *t, const struct lookup_hit *h)
{
	const struct state_area *a = h->at.area;

	if (state_of_process(a))
		show_cell(t, "0x%" PRIx64, (uint64_t)h->va);
	else
		show_cell(t, "%s+0x%" PRIx64, ioas_memory_name(a->memory), (uint64_t)h->va);
	show_cell(t, "0x%" PRIx64, (uint64_t)a->iova);
	show_cell(t, "0x%" PRIx64, (uint64_t)a->last);
	if (a->pages_id) {
		show_cell(t, "%u", a->pages_id);
		show_cell(t, "0x%" PRIx64, (uint64_t)(a->offset + (h->iova - a->iova)));
	} else {
		show_cell(t, "-");
		show_cell(t, "-");
	}
}

static int add_row(const struct lookup_hit *h, void *arg)
{
	const struct state_area *a = h->at.area;
	struct rows *r = arg;
	struct show_table *t = &r->table;
	char words[96], u[UNITS_LEN];

	r->hits++;
	if (r->several)
		show_cell(t, "%s", lookup_words(words, sizeof(words), r->q));
	show_cell(t, "%u", h->at.ctx->id);
	show_cell(t, "%u", h->at.ioas->id);
	if (a->area)
		show_cell(t, "%u", a->area);
	else
		show_cell(t, "-");
	show_cell(t, "0x%" PRIx64, (uint64_t)h->iova);
	cells_memory(t, h);
	show_cell(t, "%s", units_prot(a->prot));
	show_cell(t, "%s", pinned_word(h->pinned));
	show_cell(t, "%s", show_condition(a));
	show_cell(t, "%s[%u] uid %u", units_comm(u, a->comm), a->tgid, a->uid);
	return t->err;
}

int lookup_text(FILE *out, struct lookup *l, const struct lookup_query *q, size_t n, size_t *hits)
{
	struct rows r = { .several = n > 1 };
	size_t skip = !r.several, all = sizeof(columns) / sizeof(columns[0]);
	int err = 0, end;

	show_table_begin(&r.table, columns + skip, all - skip);
	for (size_t i = 0; i < n && !err; i++) {
		r.q = &q[i];
		r.hits = 0;
		err = lookup(l, r.q, add_row, &r);
		hits[i] = r.hits;
	}
	end = show_table_end(&r.table, out, "");
	return err ? err : end;
}

/* ---- JSON ---- */

struct objects {
	struct json j;
	size_t hits;
};

static int add_object(const struct lookup_hit *h, void *arg)
{
	struct objects *o = arg;
	struct json *j = &o->j;

	o->hits++;
	json_object(j, NULL);
	json_u64(j, "context", h->at.ctx->id);
	json_u64(j, "ioas", h->at.ioas->id);
	json_u64(j, "iova", h->iova);
	json_u64(j, "va", h->va);
	if (h->pinned < 0)
		json_null(j, "pinned");
	else
		json_bool(j, "pinned", h->pinned);
	show_json_area(j, "in", h->at.area);
	json_end_object(j);
	return 0;
}

int lookup_json(FILE *out, struct lookup *l, const struct lookup_query *q, size_t n, size_t *hits)
{
	struct objects o = {};
	struct json *j = &o.j;
	int err = 0;

	json_init(j, out, true);
	json_object(j, NULL);
	show_json_head(j, l->state);
	json_array(j, "queries");
	for (size_t i = 0; i < n && !err; i++) {
		o.hits = 0;
		json_object(j, NULL);
		json_str(j, "by", kinds[q[i].by]);
		json_u64(j, "value", q[i].value);
		json_array(j, "hits");
		err = lookup(l, &q[i], add_object, &o);
		json_end_array(j);
		json_end_object(j);
		hits[i] = o.hits;
	}
	json_end_array(j);
	json_end_object(j);
	json_line(j);
	return err;
}
