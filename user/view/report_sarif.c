// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SARIF 2.1.0 (OASIS). Results are written as they come, so memory stays
 * constant. A finding has no place in a file: where it is, is told by logical
 * locations.
 */
#include "view/report_impl.h"

#include "core/event.h"

#define SARIF_SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static const char *level(unsigned int severity)
{
	static const char *const levels[] = { "none", "note", "warning", "error" };

	return severity < RULE_SEVERITIES ? levels[severity] : "none";
}

static void json_text(struct json *j, const char *key, const char *text)
{
	json_object(j, key);
	json_str(j, "text", text);
	json_end_object(j);
}

static void rule_descriptor(struct json *j, const struct rule *rule, unsigned int severity)
{
	char id[REPORT_ID_LEN], backends[REPORT_BACKENDS_LEN];

	json_object(j, NULL);
	json_str(j, "id", report_id(id, rule->id));
	json_str(j, "name", rule->name);
	json_text(j, "shortDescription", rule->statement);
	json_text(j, "help", rule->statement);
	json_object(j, "defaultConfiguration");
	json_bool(j, "enabled", severity != RULE_OFF);
	json_str(j, "level", level(severity));
	json_end_object(j);
	json_object(j, "properties");
	json_str(j, "backends", report_backends(backends, rule->backends));
	json_str(j, "promises", rule->promises);
	json_end_object(j);
	json_end_object(j);
}

void report_sarif_begin(struct report *r)
{
	struct json *j = &r->json;

	json_init(j, r->opt.out, false);
	json_object(j, NULL);
	json_str(j, "$schema", SARIF_SCHEMA);
	json_str(j, "version", "2.1.0");
	json_array(j, "runs");
	json_object(j, NULL);
	json_object(j, "tool");
	json_object(j, "driver");
	json_str(j, "name", "ioascope");
	json_str(j, "version", r->opt.version);
	json_array(j, "rules");
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (rule_get(n))
			rule_descriptor(j, rule_get(n), r->policy.severity[n]);
	}
	json_end_array(j);
	json_end_object(j);
	json_end_object(j);
	json_array(j, "results");
}

/* The place of the rule in the table above. */
static unsigned int rule_index(unsigned int rule)
{
	unsigned int index = 0;

	for (unsigned int n = 1; n < rule; n++)
		index += rule_get(n) != NULL;
	return index;
}

static void json_location(struct json *j, const struct check_violation *v)
{
	const char *backend = ioas_backend_name(v->backend);
	char name[32], full[64];

	if (v->ioas)
		snprintf(name, sizeof(name), "ioas-%u", v->ioas);
	else
		snprintf(name, sizeof(name), "context-%u", v->ctx);
	snprintf(full, sizeof(full), "%s/context-%u%s%s", backend ? backend : "none", v->ctx,
		 v->ioas ? "/" : "", v->ioas ? name : "");
	json_array(j, "locations");
	json_object(j, NULL);
	json_array(j, "logicalLocations");
	json_object(j, NULL);
	json_str(j, "name", name);
	json_str(j, "fullyQualifiedName", full);
	json_str(j, "kind", "resource");
	json_end_object(j);
	json_end_array(j);
	json_end_object(j);
	json_end_array(j);
}

static void json_properties(struct report *r, const struct check_violation *v)
{
	const struct ioas_event *who = report_who(v);
	struct json *j = &r->json;

	json_object(j, "properties");
	json_u64(j, "time_ns", v->time_ns);
	json_s64(j, "relative_ns", (int64_t)(v->time_ns - r->start_ns));
	json_id(j, "context", v->ctx);
	json_id(j, "ioas", v->ioas);
	if (v->has_range) {
		json_u64(j, "iova", v->iova);
		json_u64(j, "last", v->last);
	}
	if (who) {
		json_u64(j, "pid", who->tgid);
		json_u64(j, "tid", who->tid);
		json_u64(j, "uid", who->uid);
		json_strn(j, "comm", who->comm, sizeof(who->comm));
	}
	json_end_object(j);
}

void report_sarif_violation(struct report *r, const struct check_violation *v)
{
	struct json *j = &r->json;
	char id[REPORT_ID_LEN];

	json_object(j, NULL);
	json_str(j, "ruleId", report_id(id, v->rule));
	json_u64(j, "ruleIndex", rule_index(v->rule));
	json_str(j, "level", level(v->severity));
	json_text(j, "message", v->text);
	if (v->ctx || v->ioas)
		json_location(j, v);
	json_properties(r, v);
	json_end_object(j);
}

static void json_notifications(struct json *j, const struct report_end *end)
{
	json_array(j, "toolExecutionNotifications");
	for (size_t i = 0; i < end->ndoubts; i++) {
		json_object(j, NULL);
		json_str(j, "level", end->tolerated ? "warning" : "error");
		json_text(j, "message", end->doubts[i]);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_judged(struct json *j, const struct check_stats *stats)
{
	char id[REPORT_ID_LEN];

	json_object(j, "judged");
	for (unsigned int n = 1; n < RULE_COUNT; n++) {
		if (stats->judged[n])
			json_u64(j, report_id(id, n), stats->judged[n]);
	}
	json_end_object(j);
}

void report_sarif_finish(struct report *r, const struct report_end *end)
{
	struct json *j = &r->json;

	json_end_array(j); /* results */
	json_array(j, "invocations");
	json_object(j, NULL);
	json_bool(j, "executionSuccessful", !end->ndoubts || end->tolerated);
	json_notifications(j, end);
	json_end_object(j);
	json_end_array(j);
	json_object(j, "properties");
	json_str(j, "result", report_result(end));
	json_u64(j, "events", end->check->events);
	json_judged(j, end->check);
	json_end_object(j);
	json_end_object(j); /* run */
	json_end_array(j); /* runs */
	json_end_object(j);
	json_line(j);
}
