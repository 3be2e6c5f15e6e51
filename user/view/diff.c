// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/diff.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/diff_impl.h"
#include "view/show.h"
#include "view/show_table.h"
#include "view/units.h"

const char *diff_change_name(unsigned int bit)
{
	switch (bit) {
	case DIFF_PROT:
		return "prot";
	case DIFF_MEMORY:
		return "memory";
	case DIFF_PAGES:
		return "pages-object";
	case DIFF_PINNED:
		return "pinned";
	default:
		return "state";
	}
}

unsigned int diff_what(const struct diff_view *v, size_t n)
{
	const struct diff_pair *p = &v->pairs[n];
	const struct diff_side *s = p->a.ioas ? &p->a : &p->b;

	/* The charges of a context are compared once, with its first IOAS. */
	if (v->npairs > 1 && s->ioas != s->ctx->ioases)
		return v->what & ~DIFF_CHARGES;
	return v->what;
}

/* ---- lines ---- */

struct lines {
	FILE *out;
	const struct diff_view *view;
	const struct diff_pair *pair;
	bool begun; /* the heads of the pair are printed */
};

static void head(FILE *out, const char *mark, const struct diff_from *from,
		 const struct diff_side *side)
{
	__u64 t = from->state->time_ns;

	if (side->ioas)
		fprintf(out, "%s IOAS %u of context %u", mark, side->ioas->id, side->ctx->id);
	else
		fprintf(out, "%s nothing", mark);
	if (from->file)
		fprintf(out, ", %s at %.6f", from->file,
			t > from->start_ns ? (t - from->start_ns) / 1e9 : 0.0);
	if (side->ctx && side->ctx->uncertain_ns)
		fputs(" (uncertain)", out);
	if (side->ioas && side->ioas->adopted)
		fputs(" (older than the trace)", out);
	fputc('\n', out);
}

static void begin(struct lines *l)
{
	if (l->begun)
		return;
	l->begun = true;
	head(l->out, "---", &l->view->a, &l->pair->a);
	head(l->out, "+++", &l->view->b, &l->pair->b);
}

static void area_line(FILE *out, char sign, const struct state_area *a)
{
	char u[UNITS_LEN];

	fprintf(out, "%carea 0x%" PRIx64 "-0x%" PRIx64 " %s %s", sign, (uint64_t)a->iova,
		(uint64_t)a->last, units_bytes(u, state_bytes(a->iova, a->last)),
		units_prot(a->prot));
	if (state_of_process(a))
		fprintf(out, " va 0x%" PRIx64 " pid %u", (uint64_t)a->va, a->tgid);
	else
		fprintf(out, " %s+0x%" PRIx64 " pid %u", ioas_memory_name(a->memory),
			(uint64_t)a->va, a->tgid);
	if (a->pages_id)
		fprintf(out, " pages %u+0x%" PRIx64, a->pages_id, (uint64_t)a->offset);
	if (a->pinned >= 0)
		fprintf(out, " pinned %s", show_pages(u, a->pinned));
	if (a->going || a->vaddr_invalid)
		fprintf(out, " %s", show_condition(a));
}

static int on_area(const struct state_area *a, const struct state_area *b, unsigned int changed,
		   void *arg)
{
	struct lines *l = arg;
	const char *comma = "  (";

	begin(l);
	if (a) {
		area_line(l->out, '-', a);
		fputc('\n', l->out);
	}
	if (!b)
		return 0;
	area_line(l->out, '+', b);
	for (unsigned int bit = 1; bit <= DIFF_CONDITION; bit <<= 1) {
		if (!(changed & bit))
			continue;
		fprintf(l->out, "%s%s", comma, diff_change_name(bit));
		comma = ", ";
	}
	fputs(changed ? ")\n" : "\n", l->out);
	return 0;
}

static int on_range(const struct state_range *a, const struct state_range *b, void *arg)
{
	const struct state_range *r = a ? a : b;
	struct lines *l = arg;

	begin(l);
	fprintf(l->out, "%crange %s 0x%" PRIx64 "-0x%" PRIx64 "\n", a ? '-' : '+',
		ioas_range_name(r->class), (uint64_t)r->iova, (uint64_t)r->last);
	return 0;
}

static void charge_line(FILE *out, char sign, const struct state_charge *c)
{
	fprintf(out, "%ccharge %s pid %u uid %u: %" PRId64 " pages\n", sign,
		ioas_counter_name(c->counter), c->tgid, c->uid, (int64_t)c->pages);
}

static int on_charge(const struct state_charge *a, const struct state_charge *b, void *arg)
{
	struct lines *l = arg;

	begin(l);
	if (a)
		charge_line(l->out, '-', a);
	if (b)
		charge_line(l->out, '+', b);
	return 0;
}

static void totals_text(FILE *out, const struct diff_totals *t)
{
	char a[UNITS_LEN], b[UNITS_LEN];

	if (diff_equal(t))
		fputs("equal", out);
	else
		fprintf(out,
			"areas: %" PRIu64 " only in the first (%s), %" PRIu64
			" only in the second (%s), %" PRIu64 " changed; ranges: %" PRIu64
			"; charges: %" PRIu64,
			(uint64_t)t->only_a, units_bytes(a, t->bytes_a), (uint64_t)t->only_b,
			units_bytes(b, t->bytes_b), (uint64_t)t->changed, (uint64_t)t->ranges,
			(uint64_t)t->charges);
	fputc('\n', out);
}

bool diff_text(FILE *out, const struct diff_view *v)
{
	static const struct diff_ops ops = { on_area, on_range, on_charge };
	struct diff_totals totals = {};

	for (size_t n = 0; n < v->npairs; n++) {
		struct lines l = { .out = out, .view = v, .pair = &v->pairs[n] };

		if (!l.pair->a.ioas || !l.pair->b.ioas)
			begin(&l);
		diff_ioas(&l.pair->a, &l.pair->b, diff_what(v, n), v->same_ids, &ops, &l, &totals);
	}
	totals_text(out, &totals);
	return diff_equal(&totals);
}
