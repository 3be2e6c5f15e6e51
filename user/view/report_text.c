// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/report_impl.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/units.h"

/* ---- one violation ---- */

static double seconds(const struct check_violation *v, uint64_t start_ns)
{
	return (int64_t)(v->time_ns - start_ns) / 1e9;
}

static void print_place(FILE *out, const struct check_violation *v)
{
	const char *backend = ioas_backend_name(v->backend);

	if (v->backend && backend)
		fprintf(out, "%s ", backend);
	if (v->ctx)
		fprintf(out, "context %u", v->ctx);
	else
		fputs("no context in particular", out);
	if (v->ioas)
		fprintf(out, ", IOAS %u", v->ioas);
	if (v->has_range)
		fprintf(out, ", 0x%" PRIx64 "-0x%" PRIx64, v->iova, v->last);
}

void report_text_line(FILE *out, const struct check_violation *v, uint64_t start_ns)
{
	fprintf(out, "%.6f s, ", seconds(v, start_ns));
	print_place(out, v);
	fprintf(out, ": %s", v->text);
}

static void print_head(FILE *out, const struct check_violation *v, uint64_t start_ns)
{
	const struct rule *rule = rule_get(v->rule);
	const struct ioas_event *who = report_who(v);
	char id[REPORT_ID_LEN], comm[UNITS_LEN];

	fprintf(out, "%s %s (%s): %s\n", report_id(id, v->rule), rule ? rule->name : "?",
		rule_severity_name(v->severity), v->text);
	fprintf(out, "  when   %.6f s (%" PRIu64 " ns)\n", seconds(v, start_ns), v->time_ns);
	fputs("  where  ", out);
	print_place(out, v);
	fputc('\n', out);
	if (who)
		fprintf(out, "  who    %s, pid %u, tid %u, uid %u\n", units_comm(comm, who->comm),
			who->tgid, who->tid, who->uid);
	if (rule)
		fprintf(out, "  rule   %s\n", rule->statement);
}

static void print_history(FILE *out, const struct check_violation *v, uint64_t start_ns)
{
	if (!v->nhistory)
		return;
	fputs("  what led there\n", out);
	for (size_t i = 0; i < v->nhistory; i++) {
		fputs("  ", out);
		trace_line(out, v->history[i], start_ns, NULL);
	}
}

static void print_area(FILE *out, const struct check_violation *v, const struct mirror_area *a)
{
	bool hit = report_overlaps(v, a->node.start, a->node.last);
	const struct mirror_pages *pages = mirror_area_pages(a);
	char size[UNITS_LEN];

	fprintf(out, "    %c 0x%" PRIx64 "-0x%" PRIx64 " %s %s, area ", hit ? '*' : ' ',
		a->node.start, a->node.last, units_bytes(size, a->node.last - a->node.start + 1),
		units_prot(a->prot));
	if (a->number)
		fprintf(out, "%u", a->number);
	else
		fputc('?', out);
	if (pages)
		fprintf(out, ", of pages %u from 0x%" PRIx64, pages->id, mirror_area_offset(a));
	else
		fprintf(out, ", %" PRId64 " pages pinned", mirror_area_pinned(a));
	fprintf(out, "%s%s\n", a->going ? ", going" : "", a->vaddr_invalid ? ", no VA" : "");
}

static void print_areas(FILE *out, const struct check_violation *v, const struct report_around *a)
{
	if (!v->has_range)
		return;
	fprintf(out, "  areas there (of %zu; * overlaps)%s\n", mirror_area_count(a->ioas),
		a->nareas ? "" : ": none");
	for (size_t i = 0; i < a->nareas; i++)
		print_area(out, v, a->areas[i]);
	if (a->more)
		fprintf(out, "    * and %s%zu more\n", a->more == AROUND_COUNTED ? "at least " : "",
			a->more);
}

static const char *next_sep(size_t n)
{
	return n ? ", " : "  users  ";
}

/* How many were printed already decides what goes before the next. */
static size_t print_groups(FILE *out, const struct mirror_ioas *ioas, size_t n)
{
	for (const struct mirror_group *g = mirror_group_first(ioas); g && n < AROUND_MAX;
	     g = mirror_group_next(g), n++)
		fprintf(out, "%sgroup %u%s", next_sep(n), g->number,
			g->emulated ? " (mediated)" : "");
	return n;
}

static size_t print_domains(FILE *out, const struct mirror_ioas *ioas, size_t n)
{
	char size[UNITS_LEN];

	for (const struct mirror_domain *d = mirror_domain_first(ioas); d && n < 2 * AROUND_MAX;
	     d = mirror_domain_next(d), n++)
		fprintf(out, "%sdomain %u (%s mapped)", next_sep(n), d->id,
			units_bytes(size, d->mapped > 0 ? (uint64_t)d->mapped : 0));
	for (const struct mirror_access *a = mirror_access_first(ioas); a && n < 3 * AROUND_MAX;
	     a = mirror_access_next(a), n++)
		fprintf(out, "%saccess %u", next_sep(n), a->id);
	return n;
}

static void print_users(FILE *out, const struct mirror_ioas *ioas)
{
	size_t all =
		mirror_group_count(ioas) + mirror_domain_count(ioas) + mirror_access_count(ioas);
	size_t n = print_domains(out, ioas, print_groups(out, ioas, 0));

	if (!all)
		fputs("  users  none", out);
	else if (n < all)
		fprintf(out, " and %zu more", all - n);
	fputc('\n', out);
}

static void print_pins(FILE *out, const struct check_violation *v, const struct mirror_ioas *ioas)
{
	size_t n = 0;

	for (const struct pin_range *p = report_pins_first(v, ioas); p && n < AROUND_MAX;
	     p = report_pins_next(v, p))
		fprintf(out, "%s0x%" PRIx64 "-0x%" PRIx64 " %" PRIu64 "x", n++ ? ", " : "  pins   ",
			p->node.start, p->node.last, (uint64_t)p->count);
	if (n)
		fputc('\n', out);
}

void report_text_violation(FILE *out, const struct check_violation *v, uint64_t start_ns)
{
	struct report_around around;

	report_around(v, &around);
	print_head(out, v, start_ns);
	if (around.ioas) {
		print_users(out, around.ioas);
		print_pins(out, v, around.ioas);
		print_areas(out, v, &around);
	}
	print_history(out, v, start_ns);
	fputc('\n', out);
}

/* ---- the summary ---- */

static void print_counts(FILE *out, const struct report *r, const struct report_end *end)
{
	const struct check_stats *s = end->check;
	char id[REPORT_ID_LEN];
	uint64_t all = 0;

	for (unsigned int i = RULE_INFO; i < RULE_SEVERITIES; i++)
		all += s->by_severity[i];
	fprintf(out,
		"violations: %" PRIu64 " (%" PRIu64 " error, %" PRIu64 " warning, %" PRIu64
		" info)\n",
		all, s->by_severity[RULE_ERROR], s->by_severity[RULE_WARNING],
		s->by_severity[RULE_INFO]);
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (s->violations[n] && r->policy.severity[n] != RULE_OFF)
			fprintf(out, "  %s %-18s %-8s %" PRIu64 "\n", report_id(id, n),
				rule_get(n)->name, rule_severity_name(r->policy.severity[n]),
				s->violations[n]);
	}
}

static void print_judged(FILE *out, const struct report *r, const struct report_end *end)
{
	struct report_tally t = report_tally(r, end->check);

	fprintf(out, "rules: %u, %u judged at least once (%" PRIu64 " times in all)", t.rules,
		t.judged, t.times);
	if (t.off)
		fprintf(out, ", %u off", t.off);
	if (end->check->unjudged)
		fprintf(out, "; %" PRIu64 " events without a verdict", end->check->unjudged);
	fputc('\n', out);
}

static void print_seen(FILE *out, const struct report_end *end)
{
	const struct check_stats *s = end->check;
	const char *sep = "unmaps: ";
	uint64_t ops = 0;

	for (int i = 0; i < IOAS_OP_MAX; i++)
		ops += end->trace->ops[i];
	fprintf(out,
		"events: %" PRIu64 " (%" PRIu64 " ops, %" PRIu64 " of them failed); areas: %" PRIu64
		" added, %" PRIu64 " removed, %" PRIu64 " split\n",
		s->events, ops, (uint64_t)end->trace->failed, s->areas_added, s->areas_removed,
		s->areas_split);
	for (unsigned int c = 0; c < CHECK_UNMAP_CLASSES; c++) {
		if (!s->unmaps[c])
			continue;
		fprintf(out, "%s%s %" PRIu64, sep, check_unmap_name(c), s->unmaps[c]);
		sep = ", ";
	}
	if (*sep == ',')
		fputc('\n', out);
}

static void print_contexts(FILE *out, const struct report *r, const struct report_end *end)
{
	const struct check_stats *s = end->check;

	fprintf(out, "contexts: %" PRIu64 "\n", end->contexts);
	if (s->adopted_contexts)
		fprintf(out, "  %" PRIu64 " %s older and %s checked in part\n", s->adopted_contexts,
			s->adopted_contexts == 1 ? "was" : "were",
			s->adopted_contexts == 1 ? "was" : "were");
	if (s->uncertain_contexts)
		fprintf(out, "  %" PRIu64 " became uncertain, the first at %.6f s\n",
			s->uncertain_contexts, (int64_t)(s->uncertain_since - r->start_ns) / 1e9);
}

static void print_loss(FILE *out, const struct trace_summary *t)
{
	if (t->recorded && !t->totals) {
		fputs("lost: not known, the recording has no end\n", out);
		return;
	}
	fprintf(out,
		"lost: dropped %" PRIu64 " of %" PRIu64 ", never came %" PRIu64
		", probes missed %" PRIu64,
		(uint64_t)t->dropped, (uint64_t)t->seen, (uint64_t)t->gaps, (uint64_t)t->missed);
	if (!t->recorded)
		fprintf(out, ", late %" PRIu64 ", state that did not fit %" PRIu64,
			(uint64_t)t->late, (uint64_t)t->stats[IOAS_STAT_MAP_FULL]);
	fputc('\n', out);
}

void report_text_finish(struct report *r, const struct report_end *end)
{
	FILE *out = r->opt.out;

	print_counts(out, r, end);
	print_judged(out, r, end);
	print_seen(out, end);
	print_contexts(out, r, end);
	print_loss(out, end->trace);
	for (size_t i = 0; i < end->ndoubts; i++)
		fprintf(out, "uncertain: %s\n", end->doubts[i]);
	fprintf(out, "result: %s%s\n", report_result(end),
		end->ndoubts && end->tolerated ? " as far as it could be judged" : "");
}
