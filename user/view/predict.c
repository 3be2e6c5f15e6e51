// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>

#include "core/event.h"
#include "view/predict_impl.h"
#include "view/show.h"
#include "view/show_table.h"

#define ROWS_MAX 20 /* conflicts told in full for each device and IOAS */

static const char *name_of(const struct predict_subject *s)
{
	return s->dev.name[0] ? s->dev.name : "the device";
}

/* ---- devices ---- */

static void aperture_line(FILE *out, const struct predict_subject *s)
{
	if (s->dev.emulated)
		return;
	if (!s->dev.aperture_known) {
		fprintf(out, "  aperture not known\n");
		return;
	}
	fprintf(out, "  aperture 0x%" PRIx64 "-0x%" PRIx64 " (%s)\n", (uint64_t)s->dev.aperture,
		(uint64_t)s->dev.aperture_last, s->aperture_from);
}

static void subject_text(FILE *out, const struct predict_subject *s)
{
	const struct predict_device *d = &s->dev;

	fputs(name_of(s), out);
	if (d->group >= 0)
		fprintf(out, "  group %" PRId64, (int64_t)d->group);
	if (*s->iommu)
		fprintf(out, "  %s", s->iommu);
	fputs(d->emulated ? "  mediated: behind no IOMMU\n" : "\n", out);
	for (size_t n = 0; n < d->nregions; n++)
		fprintf(out, "  %s 0x%" PRIx64 "-0x%" PRIx64 "%s\n",
			predict_type_name(d->regions[n].type), (uint64_t)d->regions[n].iova,
			(uint64_t)d->regions[n].last,
			predict_enforced(&d->regions[n]) ? "" : " (keeps no area out)");
	if (!d->regions_known)
		fprintf(out, "  reserved regions not known\n");
	aperture_line(out, s);
}

/* ---- conflicts ---- */

struct rows {
	struct show_table table;
	const struct predict_device *dev;
	__u64 n;
};

static void cell_of_cause(struct show_table *t, const struct predict_conflict *c,
			  const struct predict_device *d)
{
	switch (c->cause) {
	case PREDICT_BY_REGION:
		show_cell(t, "%s region 0x%" PRIx64 "-0x%" PRIx64,
			  predict_type_name(c->region->type), (uint64_t)c->region->iova,
			  (uint64_t)c->region->last);
		break;
	case PREDICT_BY_APERTURE:
		show_cell(t, "outside the aperture 0x%" PRIx64 "-0x%" PRIx64, (uint64_t)d->aperture,
			  (uint64_t)d->aperture_last);
		break;
	case PREDICT_BY_ALIGNMENT:
		show_cell(t, "not aligned to pages of the IOMMU");
		break;
	case PREDICT_BY_PAGE_SIZE:
		show_cell(t, "the IOMMU's smallest page is larger than the CPU's");
		break;
	case PREDICT_BY_NOTHING_LEFT:
		show_cell(t, "no valid address would be left");
		break;
	case PREDICT_BY_VADDR:
		show_cell(t, "areas wait for their memory (VADDR)");
		break;
	default:
		show_cell(t, "another device of its group uses another IOAS");
	}
}

static int add_row(const struct predict_conflict *c, void *arg)
{
	struct rows *r = arg;
	struct show_table *t = &r->table;
	__u64 iova = c->area ? c->area->iova : c->allowed ? c->allowed->iova : 0;
	__u64 last = c->area ? c->area->last : c->allowed ? c->allowed->last : 0;
	char u[UNITS_LEN];

	if (r->n++ >= ROWS_MAX)
		return 0;
	if (c->area && c->area->area)
		show_cell(t, "area %u", c->area->area);
	else
		show_cell(t, "%s", c->area ? "area" : c->allowed ? "allowed" : "IOAS");
	if (c->area || c->allowed) {
		show_cell(t, "0x%" PRIx64, (uint64_t)iova);
		show_cell(t, "0x%" PRIx64, (uint64_t)last);
		show_cell(t, "%s", units_bytes(u, state_bytes(iova, last)));
	} else {
		for (int n = 0; n < 3; n++)
			show_cell(t, "%s", "");
	}
	cell_of_cause(t, c, r->dev);
	return t->err;
}

/* ---- ranges ---- */

static void ranges_line(FILE *out, const char *what, const struct predict_ranges *r)
{
	fprintf(out, "  %s:", what);
	for (size_t n = 0; n < r->n; n++)
		fprintf(out, " 0x%" PRIx64 "-0x%" PRIx64, (uint64_t)r->range[n].iova,
			(uint64_t)r->range[n].last);
	fputs(r->n ? "\n" : " none\n", out);
}

int predict_ranges_then(const struct state_ioas *i, const struct predict_subject *s, size_t n,
			struct predict_ranges *out)
{
	int err = predict_ranges_now(i, out);

	for (; n && !err; n--, s++)
		err = predict_ranges_narrow(out, &s->dev);
	return err;
}

/* What would be left with all of @n devices: one, or the whole host. */
static int after_text(FILE *out, const char *what, const struct state_ioas *i,
		      const struct predict_subject *s, size_t n)
{
	char words[64];
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	bool whole = true;
	int err = predict_ranges_then(i, s, n, &r);

	if (err)
		return err == -ENODATA ? 0 : err;
	for (size_t k = 0; k < n; k++)
		whole = whole &&
			(s[k].dev.emulated || (s[k].dev.regions_known && s[k].dev.aperture_known));
	snprintf(words, sizeof(words), "%s%s", what, whole ? "" : ", at most");
	ranges_line(out, words, &r);
	return 0;
}

static int now_text(FILE *out, const struct state_ioas *i)
{
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	int err = predict_ranges_now(i, &r);

	if (err == -ENODATA)
		fprintf(out, "  valid ranges are not known here\n");
	else if (!err)
		ranges_line(out, "valid now", &r);
	return err == -ENODATA ? 0 : err;
}

/* ---- answers as text ---- */

static void verdict_line(FILE *out, const struct predict_subject *s, const struct predict_result *r)
{
	char u[UNITS_LEN];

	fprintf(out, "  %s: ", name_of(s));
	if (r->attached)
		fprintf(out, "is attached already\n");
	else if (r->verdict == PREDICT_SUCCEEDS)
		fprintf(out, "would be attached\n");
	else if (r->verdict == PREDICT_UNKNOWN)
		fprintf(out, "cannot be told\n");
	else if (r->err)
		fprintf(out, "would fail with %s\n", units_errno(u, r->err));
	else
		fprintf(out, "would fail with an error of the IOMMU driver\n");
}

static void notes(FILE *out, const struct predict_result *r)
{
	if (r->held && r->moves)
		fprintf(out, "  it would be taken out of IOAS %u\n", r->held->id);
	else if (r->held)
		fprintf(out,
			"  its group is in use by IOAS %u of context %u, which must let go first\n",
			r->held->id, r->held_by->id);
	for (unsigned int n = 0; n < PREDICT_DOUBTS; n++) {
		if (r->doubts & 1U << n)
			fprintf(out, "  not sure: %s\n", predict_doubt_words(1U << n));
	}
}

void predict_count(struct predict_tally *t, const struct predict_result *r)
{
	t->fails += r->verdict == PREDICT_FAILS;
	t->unknown += r->verdict == PREDICT_UNKNOWN;
}

static int answer_text(FILE *out, const struct predict_view *v, const struct state_ctx *c,
		       const struct state_ioas *i, const struct predict_subject *s,
		       struct predict_tally *tally)
{
	static const struct show_column columns[] = {
		{ "WHAT", 0 }, { "IOVA", 1 }, { "LAST", 1 }, { "SIZE", 1 }, { "IN THE WAY", 0 },
	};
	struct rows rows = { .dev = &s->dev };
	struct predict_result r;
	int err;

	show_table_begin(&rows.table, columns, sizeof(columns) / sizeof(columns[0]));
	err = predict_attach(v->state, c, i, &s->dev, add_row, &rows, &r);
	verdict_line(out, s, &r);
	err = show_table_end(&rows.table, out, "    ") ?: err;
	if (rows.n > ROWS_MAX)
		fprintf(out, "    and %" PRIu64 " more\n", (uint64_t)rows.n - ROWS_MAX);
	notes(out, &r);
	predict_count(tally, &r);
	if (err || v->common || r.attached || r.verdict == PREDICT_FAILS)
		return err;
	return after_text(out, "valid then", i, s, 1);
}

static int ioas_text(FILE *out, const struct predict_view *v, const struct state_ctx *c,
		     const struct state_ioas *i, struct predict_tally *tally)
{
	char u[UNITS_LEN];
	int err;

	fprintf(out, "\nIOAS %u  %s %s  context %u  %zu areas, %s mapped\n", i->id,
		ioas_backend_name(i->backend), ioas_mode_name(i->mode), c->id, i->nareas,
		units_bytes(u, i->bytes));
	err = now_text(out, i);
	for (size_t n = 0; n < v->n && !err; n++)
		err = answer_text(out, v, c, i, &v->subjects[n], tally);
	if (!err && v->common)
		err = after_text(out, "valid with all", i, v->subjects, v->n);
	return err;
}

int predict_text(FILE *out, const struct predict_view *v, struct predict_tally *tally)
{
	*tally = (struct predict_tally){};
	for (size_t n = 0; n < v->n; n++)
		subject_text(out, &v->subjects[n]);
	for (size_t c = 0; c < v->state->nctxs; c++) {
		const struct state_ctx *ctx = &v->state->ctxs[c];

		for (size_t i = 0; i < ctx->nioases; i++) {
			int err;

			if (v->ioas && ctx->ioases[i].id != v->ioas)
				continue;
			tally->ioases++;
			err = ioas_text(out, v, ctx, &ctx->ioases[i], tally);
			if (err)
				return err;
		}
	}
	return 0;
}
