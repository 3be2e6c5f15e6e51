// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/limits.h"
#include "view/enforced.h"
#include "view/json.h"
#include "view/show_table.h"

#define ENFORCED_SCHEMA 1

static void json_scopes(struct json *j, const char *key, __u32 scopes)
{
	json_array(j, key);
	for (unsigned int s = 0; s < POLICY_SCOPES; s++) {
		if (scopes >> s & 1)
			json_str(j, NULL, limit_scope_name(s));
	}
	json_end_array(j);
}

static void json_backends(struct json *j, const struct enforce_backend b[POLICY_SCOPES])
{
	json_array(j, "backends");
	for (unsigned int s = 0; s < POLICY_SCOPES; s++) {
		json_object(j, NULL);
		json_str(j, "backend", limit_scope_name(s));
		json_str(j, "strength", enforce_strength_name(b[s].strength));
		json_str(j, "why_not_stronger", b[s].why[0] ? b[s].why : NULL);
		json_end_object(j);
	}
	json_end_array(j);
}

void enforced_backends_json(FILE *out, const struct enforce_backend b[POLICY_SCOPES])
{
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", ENFORCED_SCHEMA);
	json_str(&j, "kind", "policy-applied");
	json_backends(&j, b);
	json_end_object(&j);
	json_line(&j);
}

static void json_action(struct json *j, __u32 action, __s32 error)
{
	char buf[UNITS_LEN];

	json_str(j, "action", limit_action_name(action));
	json_str(j, "errno", error ? units_errno(buf, error) : NULL);
}

static void json_limits(struct json *j, const struct enforce_subject *s)
{
	const struct policy_rule *r = &s->rule;
	__u32 done = 0;

	json_array(j, "limits");
	for (unsigned int i = 0; s->limited && !r->exempt && i < POLICY_SCOPES; i++) {
		__s64 used = 0;

		if (r->max[i] == POLICY_NO_LIMIT || done >> i & 1)
			continue;
		done |= r->together[i];
		for (unsigned int t = 0; t < POLICY_SCOPES; t++)
			used += r->together[i] >> t & 1 ? s->use.used[t] : 0;
		json_object(j, NULL);
		json_scopes(j, "backends", r->together[i]);
		json_u64(j, "max_bytes", show_page_bytes(r->max[i]));
		json_u64(j, "used_bytes", show_page_bytes(used > 0 ? used : 0));
		json_action(j, r->action[i], r->action[i] == POLICY_DENY ? r->error[i] : 0);
		json_u64(j, "line", r->line[i]);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_subject(struct json *j, const struct enforce_subject *s)
{
	json_object(j, NULL);
	json_str(j, "subject", s->key.kind == POLICY_CGROUP ? "cgroup" : "user");
	json_u64(j, "id", s->key.id);
	json_strn(j, "name", s->rule.name, s->rule.name[0] ? POLICY_NAME : 0);
	json_bool(j, "exempt", s->limited && s->rule.exempt);
	json_limits(j, s);
	json_object(j, "used_bytes");
	for (unsigned int i = 0; i < POLICY_SCOPES; i++)
		json_u64(j, limit_scope_name(i),
			 show_page_bytes(s->use.used[i] > 0 ? s->use.used[i] : 0));
	json_end_object(j);
	json_u64(j, "peak_bytes", show_page_bytes(s->use.peak));
	json_u64(j, "reached", s->use.over);
	json_u64(j, "denied", s->use.denied);
	json_u64(j, "killed", s->use.killed);
	json_end_object(j);
}

void enforced_json(FILE *out, const struct enforce_state *s)
{
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", ENFORCED_SCHEMA);
	json_str(&j, "kind", "policy-status");
	json_strn(&j, "file", s->about.name, POLICY_NAME);
	json_str(&j, "mode", s->about.action[0] == POLICY_AUDIT ? "audit" : "enforce");
	json_u64(&j, "applied_ns", s->about.max[0]);
	json_backends(&j, s->backend);
	json_array(&j, "subjects");
	for (size_t i = 0; i < s->n; i++)
		json_subject(&j, &s->subjects[i]);
	json_end_array(&j);
	json_u64(&j, "verdicts", s->head.stat[POLICY_STAT_VERDICTS]);
	json_u64(&j, "denied", s->head.stat[POLICY_STAT_DENIED]);
	json_u64(&j, "not_judged", s->head.stat[POLICY_STAT_UNJUDGED]);
	json_u64(&j, "programs_skipped", s->missed);
	json_u64(&j, "no_room", s->head.stat[POLICY_STAT_NO_ROOM]);
	json_u64(&j, "events_lost", s->head.stat[POLICY_STAT_LOST]);
	json_end_object(&j);
	json_line(&j);
}

void enforced_event_json(FILE *out, const struct policy_event *e)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", ENFORCED_SCHEMA);
	json_str(&j, "kind", "policy-event");
	json_u64(&j, "ns", e->ns);
	json_str(&j, "subject", e->kind == POLICY_CGROUP ? "cgroup" : "user");
	json_u64(&j, "id", e->id);
	json_str(&j, "backend", limit_scope_name(e->scope));
	json_u64(&j, "uid", e->uid);
	json_u64(&j, "pid", e->tgid);
	json_u64(&j, "tid", e->tid);
	json_strn(&j, "comm", e->comm, sizeof(e->comm));
	json_action(&j, e->action, e->error);
	json_u64(&j, "line", e->line);
	json_u64(&j, "asked_bytes", show_page_bytes(e->asked));
	json_u64(&j, "used_bytes", show_page_bytes(e->used));
	json_u64(&j, "max_bytes", show_page_bytes(e->max));
	json_u64(&j, "untold", e->untold);
	json_end_object(&j);
	json_line(&j);
}
