// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/report_impl.h"

#include "core/event.h"
#include "view/units.h"

/* ---- one violation ---- */

static void json_who(struct json *j, const struct check_violation *v)
{
	const struct ioas_event *who = report_who(v);

	if (!who)
		return;
	json_u64(j, "pid", who->tgid);
	json_u64(j, "tid", who->tid);
	json_u64(j, "uid", who->uid);
	json_strn(j, "comm", who->comm, sizeof(who->comm));
}

static void json_event(struct json *j, const char *key, const struct ioas_event *ev)
{
	if (!ev) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	trace_json_members(j, ev);
	json_end_object(j);
}

static void json_area(struct json *j, const struct check_violation *v, const struct mirror_area *a)
{
	const struct mirror_pages *pages = mirror_area_pages(a);

	json_object(j, NULL);
	json_id(j, "area", a->number);
	json_u64(j, "iova", a->node.start);
	json_u64(j, "last", a->node.last);
	json_bool(j, "overlaps", report_overlaps(v, a->node.start, a->node.last));
	json_u64(j, "va", mirror_area_va(a));
	json_str(j, "prot", units_prot(a->prot));
	if (pages) {
		json_u64(j, "pages_object", pages->id);
		json_u64(j, "offset", mirror_area_offset(a));
	} else {
		json_s64(j, "pinned_pages", mirror_area_pinned(a));
	}
	json_bool(j, "going", a->going);
	json_end_object(j);
}

static void json_users(struct json *j, const struct mirror_ioas *ioas)
{
	json_array(j, "groups");
	for (const struct mirror_group *g = mirror_group_first(ioas); g; g = mirror_group_next(g)) {
		json_object(j, NULL);
		json_u64(j, "group", g->number);
		json_bool(j, "emulated", g->emulated);
		json_end_object(j);
	}
	json_end_array(j);
	json_array(j, "domains");
	for (const struct mirror_domain *d = mirror_domain_first(ioas); d;
	     d = mirror_domain_next(d)) {
		json_object(j, NULL);
		json_u64(j, "domain", d->id);
		json_u64(j, "page_size", d->page_size);
		json_s64(j, "mapped_bytes", d->mapped);
		json_end_object(j);
	}
	json_end_array(j);
	json_array(j, "accesses");
	for (const struct mirror_access *a = mirror_access_first(ioas); a;
	     a = mirror_access_next(a))
		json_u64(j, NULL, a->id);
	json_end_array(j);
}

static void json_pins(struct json *j, const struct check_violation *v,
		      const struct mirror_ioas *ioas)
{
	size_t n = 0;

	json_array(j, "pins");
	for (const struct pin_range *p = report_pins_first(v, ioas); p && n++ < AROUND_MAX;
	     p = report_pins_next(v, p)) {
		json_object(j, NULL);
		json_u64(j, "iova", p->node.start);
		json_u64(j, "last", p->node.last);
		json_u64(j, "times", p->count);
		json_end_object(j);
	}
	json_end_array(j);
}

/* Absent where there is no IOAS (any more): then nothing is around it. */
static void json_around(struct json *j, const struct check_violation *v)
{
	struct report_around around;

	report_around(v, &around);
	if (!around.ioas)
		return;
	json_object(j, "around");
	json_array(j, "areas");
	for (size_t i = 0; i < around.nareas; i++)
		json_area(j, v, around.areas[i]);
	json_end_array(j);
	json_u64(j, "areas_more", around.more);
	json_users(j, around.ioas);
	json_pins(j, v, around.ioas);
	json_end_object(j);
}

void report_json_violation(struct report *r, const struct check_violation *v)
{
	const struct rule *rule = rule_get(v->rule);
	char id[REPORT_ID_LEN];
	struct json json, *j = &json;

	json_init(j, r->opt.out, false);
	json_object(j, NULL);
	json_u64(j, "schema", REPORT_SCHEMA);
	json_str(j, "kind", "violation");
	json_u64(j, "number", v->number);
	json_str(j, "rule", report_id(id, v->rule));
	json_str(j, "name", rule ? rule->name : NULL);
	json_str(j, "severity", rule_severity_name(v->severity));
	json_u64(j, "time_ns", v->time_ns);
	json_s64(j, "relative_ns", (int64_t)(v->time_ns - r->start_ns));
	json_str(j, "backend", ioas_backend_name(v->backend));
	json_id(j, "context", v->ctx);
	json_id(j, "ioas", v->ioas);
	if (v->has_range) {
		json_u64(j, "iova", v->iova);
		json_u64(j, "last", v->last);
	}
	json_who(j, v);
	json_str(j, "text", v->text);
	json_str(j, "statement", rule ? rule->statement : NULL);
	json_event(j, "event", v->event);
	json_array(j, "history");
	for (size_t i = 0; i < v->nhistory; i++)
		json_event(j, NULL, v->history[i]);
	json_end_array(j);
	json_around(j, v);
	json_end_object(j);
	json_line(j);
}

/* ---- the summary ---- */

/* One member for each rule of which it was more than 0. */
static void json_by_rule(struct json *j, const char *key, const uint64_t counts[RULE_COUNT])
{
	char id[REPORT_ID_LEN];

	json_object(j, key);
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (counts[n])
			json_u64(j, report_id(id, n), counts[n]);
	}
	json_end_object(j);
}

static void json_rules(struct json *j, const struct report *r, const struct check_stats *s)
{
	struct report_tally t = report_tally(r, s);

	json_object(j, "violations");
	for (unsigned int i = RULE_INFO; i < RULE_SEVERITIES; i++)
		json_u64(j, rule_severity_name(i), s->by_severity[i]);
	json_end_object(j);
	json_by_rule(j, "by_rule", s->violations);
	json_u64(j, "rules", t.rules);
	json_u64(j, "rules_judged", t.judged);
	json_u64(j, "rules_off", t.off);
	json_by_rule(j, "judged", s->judged);
	json_u64(j, "unjudged", s->unjudged);
}

static void json_seen(struct json *j, const struct report_end *end)
{
	const struct check_stats *s = end->check;
	uint64_t ops = 0;

	for (int i = 0; i < IOAS_OP_MAX; i++)
		ops += end->trace->ops[i];
	json_u64(j, "events", s->events);
	json_u64(j, "ops", ops);
	json_u64(j, "failed", end->trace->failed);
	json_u64(j, "changes", end->trace->changes);
	json_object(j, "unmaps");
	for (unsigned int c = 0; c < CHECK_UNMAP_CLASSES; c++)
		json_u64(j, check_unmap_name(c), s->unmaps[c]);
	json_end_object(j);
	json_u64(j, "areas_added", s->areas_added);
	json_u64(j, "areas_removed", s->areas_removed);
	json_u64(j, "areas_split", s->areas_split);
	json_u64(j, "contexts", end->contexts);
	json_u64(j, "adopted_contexts", s->adopted_contexts);
	json_u64(j, "uncertain_contexts", s->uncertain_contexts);
	json_id(j, "uncertain_since_ns", s->uncertain_since);
}

static void json_loss(struct json *j, const struct trace_summary *t)
{
	static const char *const keys[] = { "seen", "submitted", "dropped", "gaps",
					    "probes_missed" };
	const __u64 values[] = { t->seen, t->submitted, t->dropped, t->gaps, t->missed };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (t->recorded && !t->totals)
			json_null(j, keys[i]);
		else
			json_u64(j, keys[i], values[i]);
	}
}

void report_json_finish(struct report *r, const struct report_end *end)
{
	struct json json, *j = &json;

	json_init(j, r->opt.out, false);
	json_object(j, NULL);
	json_u64(j, "schema", REPORT_SCHEMA);
	json_str(j, "kind", "summary");
	json_str(j, "result", report_result(end));
	json_array(j, "doubts");
	for (size_t i = 0; i < end->ndoubts; i++)
		json_str(j, NULL, end->doubts[i]);
	json_end_array(j);
	json_rules(j, r, end->check);
	json_seen(j, end);
	json_loss(j, end->trace);
	json_end_object(j);
	json_line(j);
}
