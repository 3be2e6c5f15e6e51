// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/trace.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/json.h"

void trace_count(struct trace_summary *s, const struct ioas_event *ev)
{
	if (ev->kind == IOAS_EV_FAULT) {
		s->faults++;
		return;
	}
	if (ev->kind != IOAS_EV_OP) {
		s->changes++;
		return;
	}
	if (ev->body_op.what < IOAS_OP_MAX)
		s->ops[ev->body_op.what]++;
	if (!(ev->flags & IOAS_F_NO_RESULT) && ev->body_op.result < 0)
		s->failed++;
}

static void ops_text(FILE *out, const struct trace_summary *s)
{
	const char *sep = "";
	__u64 ops = 0;

	for (int i = 0; i < IOAS_OP_MAX; i++)
		ops += s->ops[i];
	fprintf(out, "ops: %" PRIu64 " (%" PRIu64 " failed)", (uint64_t)ops, (uint64_t)s->failed);
	for (int i = 0; i < IOAS_OP_MAX; i++) {
		if (!s->ops[i])
			continue;
		fprintf(out, "%s%s %" PRIu64, *sep ? sep : ": ", ioas_op_name(i),
			(uint64_t)s->ops[i]);
		sep = ", ";
	}
	fputc('\n', out);
}

/* Where there was none nothing is said: most runs have none. */
static void faults_text(FILE *out, const struct trace_summary *s)
{
	__u64 untold = s->recorded ? 0 : s->stats[IOAS_STAT_FAULTS_UNTOLD];

	if (!s->faults && !untold)
		return;
	fprintf(out, "faults: %" PRIu64, (uint64_t)s->faults);
	if (untold)
		fprintf(out,
			", and %" PRIu64 " times the kernel told none, or may not have told all",
			(uint64_t)untold);
	fputc('\n', out);
}

static void live_text(FILE *out, const struct trace_summary *s)
{
	fprintf(out, "events: seen %" PRIu64 " = submitted %" PRIu64 " + dropped %" PRIu64,
		(uint64_t)s->seen, (uint64_t)s->submitted, (uint64_t)s->dropped);
	fprintf(out, " (ring full %" PRIu64 ", too big %" PRIu64 ")\n",
		(uint64_t)s->stats[IOAS_STAT_RING_FULL], (uint64_t)s->stats[IOAS_STAT_TOO_BIG]);
	fprintf(out, "lost besides: state that did not fit %" PRIu64 ", outside any op %" PRIu64,
		(uint64_t)s->stats[IOAS_STAT_MAP_FULL], (uint64_t)s->stats[IOAS_STAT_NO_CONTEXT]);
	fprintf(out, ", arguments changed %" PRIu64 ", probes missed %" PRIu64,
		(uint64_t)s->stats[IOAS_STAT_ARG_CHANGED], (uint64_t)s->missed);
	fprintf(out, ", never came %" PRIu64 ", late %" PRIu64 ", contradictions %" PRIu64 "\n",
		(uint64_t)s->gaps, (uint64_t)s->late, (uint64_t)s->anomalies);
	fprintf(out, "hooks: %zu of %zu\n", s->hooks, s->hooks_all);
}

static void recorded_text(FILE *out, const struct trace_summary *s)
{
	fprintf(out, "events: %" PRIu64 " in the recording", (uint64_t)s->received);
	if (s->totals)
		fprintf(out,
			"; when it was made: seen %" PRIu64 " = submitted %" PRIu64
			" + dropped %" PRIu64 ", probes missed %" PRIu64 ", never came %" PRIu64,
			(uint64_t)s->seen, (uint64_t)s->submitted, (uint64_t)s->dropped,
			(uint64_t)s->missed, (uint64_t)s->gaps);
	else
		fprintf(out, "; it has no end, so what was lost when it was made is not known");
	fprintf(out, "\ncontradictions: %" PRIu64 "\nhooks: %zu\n", (uint64_t)s->anomalies,
		s->hooks);
}

/* As with faults: only with --stale there can be any. */
static void memory_text(FILE *out, const struct trace_summary *s)
{
	if (!s->recorded && s->memory_lost)
		fprintf(out,
			"stale memory: %" PRIu64
			" times or more it was not told what a process let go of\n",
			(uint64_t)s->memory_lost);
}

void trace_summary_text(FILE *out, const struct trace_summary *s)
{
	ops_text(out, s);
	faults_text(out, s);
	memory_text(out, s);
	if (s->recorded)
		recorded_text(out, s);
	else
		live_text(out, s);
}

static void json_known(struct json *j, const char *key, bool known, __u64 v)
{
	if (known)
		json_u64(j, key, v);
	else
		json_null(j, key);
}

static void json_ops(struct json *j, const struct trace_summary *s)
{
	json_object(j, "ops");
	for (int i = 0; i < IOAS_OP_MAX; i++) {
		if (s->ops[i])
			json_u64(j, ioas_op_name(i), s->ops[i]);
	}
	json_end_object(j);
	json_u64(j, "failed", s->failed);
	json_u64(j, "changes", s->changes);
	json_u64(j, "faults", s->faults);
	json_known(j, "faults_untold", !s->recorded, s->stats[IOAS_STAT_FAULTS_UNTOLD]);
}

static void json_loss(struct json *j, const struct trace_summary *s)
{
	bool live = !s->recorded, told = live || s->totals;

	json_known(j, "seen", told, s->seen);
	json_known(j, "submitted", told, s->submitted);
	json_u64(j, "received", s->received);
	json_known(j, "dropped", told, s->dropped);
	json_known(j, "ring_full", live, s->stats[IOAS_STAT_RING_FULL]);
	json_known(j, "too_big", live, s->stats[IOAS_STAT_TOO_BIG]);
	json_known(j, "map_full", live, s->stats[IOAS_STAT_MAP_FULL]);
	json_known(j, "memory_lost", live, s->memory_lost);
	json_known(j, "outside_op", live, s->stats[IOAS_STAT_NO_CONTEXT]);
	json_known(j, "arguments_changed", live, s->stats[IOAS_STAT_ARG_CHANGED]);
	json_known(j, "probes_missed", told, s->missed);
	json_known(j, "gaps", told, s->gaps);
	json_known(j, "missing_by_cpu", live, s->missing);
	json_known(j, "late", live, s->late);
	json_u64(j, "contradictions", s->anomalies);
	json_u64(j, "hooks", s->hooks);
	json_known(j, "hooks_wanted", live, s->hooks_all);
}

void trace_summary_json(FILE *out, const struct trace_summary *s)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	json_str(&j, "kind", "summary");
	json_ops(&j, s);
	json_loss(&j, s);
	json_end_object(&j);
	json_line(&j);
}
