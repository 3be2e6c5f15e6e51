// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/trace.h"

#include <inttypes.h>
#include <linux/vfio.h>
#include <string.h>

#include "core/event.h"
#include "view/json.h"
#include "view/units.h"

#define LINE "%12s %-8s %4s %-12s %-35s %8s %-18s %9s  %s\n"

void trace_header(FILE *out)
{
	fprintf(out, LINE, "TIME", "BACKEND", "IOAS", "OP", "IOVA", "SIZE", "RESULT", "LATENCY",
		"WHO");
}

static const char *name_or(const char *name)
{
	return name ? name : "?";
}

/* What was returned, with what it did where that is not the same. */
static void op_result(char *buf, size_t len, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;
	char a[UNITS_LEN], b[UNITS_LEN];

	if (ev->flags & IOAS_F_NO_RESULT) {
		if (o->areas)
			snprintf(buf, len, "%u areas, %s gone", o->areas,
				 units_bytes(a, o->removed));
		else
			snprintf(buf, len, "-");
	} else if (o->result < 0) {
		snprintf(buf, len, "%s", units_errno(a, o->result));
	} else if (o->what == IOAS_OP_UNMAP && (ev->flags & IOAS_F_RETURNED)) {
		/* Success that removed less than was asked is how stale maps are born. */
		if (o->returned < o->size)
			snprintf(buf, len, "ok %s of %s", units_bytes(a, o->returned),
				 units_bytes(b, o->size));
		else
			snprintf(buf, len, "ok %s", units_bytes(a, o->returned));
	} else if (o->what == IOAS_OP_PIN) {
		snprintf(buf, len, "%" PRId64 " pages", (int64_t)o->result);
	} else {
		snprintf(buf, len, "ok");
	}
}

static void range(char *buf, size_t len, __u64 iova, __u64 last)
{
	snprintf(buf, len, "0x%" PRIx64 "-0x%" PRIx64, (uint64_t)iova, (uint64_t)last);
}

static void who(char *buf, size_t len, const struct ioas_event *ev)
{
	char comm[UNITS_LEN];

	snprintf(buf, len, "%s[%u] uid %u", units_comm(comm, ev->comm), ev->tid, ev->uid);
}

static void op_name(char *buf, size_t len, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;

	if (o->what == IOAS_OP_MAP && o->uapi_flags & VFIO_DMA_MAP_FLAG_VADDR)
		snprintf(buf, len, "map vaddr");
	else if (o->what == IOAS_OP_MAP)
		snprintf(buf, len, "map %s", units_prot(o->prot));
	else if (o->what == IOAS_OP_UNMAP && o->uapi_flags & VFIO_DMA_UNMAP_FLAG_VADDR)
		snprintf(buf, len, "unmap vaddr");
	else if (o->what == IOAS_OP_UNMAP && o->uapi_flags & VFIO_DMA_UNMAP_FLAG_ALL)
		snprintf(buf, len, "unmap all");
	else if (o->group_valid && (o->what == IOAS_OP_ATTACH || o->what == IOAS_OP_DETACH))
		snprintf(buf, len, "%s g%u", name_or(ioas_op_name(o->what)), o->group);
	else
		snprintf(buf, len, "%s", name_or(ioas_op_name(o->what)));
}

static void op_line(FILE *out, const struct ioas_event *ev, const char *time, const char *ioas)
{
	const struct ioas_op_body *o = &ev->body_op;
	char what[32], result[48], where[48] = "-", size[UNITS_LEN] = "-", lat[UNITS_LEN];
	char by[64];

	op_name(what, sizeof(what), ev);
	op_result(result, sizeof(result), ev);
	who(by, sizeof(by), ev);
	if (o->size) {
		range(where, sizeof(where), o->iova, o->iova + o->size - 1);
		units_bytes(size, o->size);
	}
	fprintf(out, LINE, time, name_or(ioas_backend_name(ev->backend)), ioas, what, where, size,
		result, units_time(lat, o->latency_ns), by);
}

static void area_result(char *buf, size_t len, const struct ioas_event *ev)
{
	const struct ioas_area_body *a = &ev->body_area;

	if (ev->kind == IOAS_EV_AREA_ADD || ev->kind == IOAS_EV_PINNED ||
	    ev->kind == IOAS_EV_ACCESS_PIN || ev->kind == IOAS_EV_ACCESS_UNPIN)
		snprintf(buf, len, "%" PRId64 " pages", (int64_t)a->pages);
	else
		snprintf(buf, len, "-");
}

static void change_line(FILE *out, const struct ioas_event *ev, const char *time, const char *ioas)
{
	char what[32], result[48] = "-", where[48] = "-", size[UNITS_LEN] = "-", by[64];

	snprintf(what, sizeof(what), " +%s", name_or(ioas_kind_name(ev->kind)));
	who(by, sizeof(by), ev);
	if (ioas_event_is_area(ev)) {
		range(where, sizeof(where), ev->body_area.iova, ev->body_area.last);
		units_bytes(size, ev->body_area.last - ev->body_area.iova + 1);
		area_result(result, sizeof(result), ev);
	} else if (ev->kind == IOAS_EV_CHARGE) {
		snprintf(result, sizeof(result), "%+" PRId64 " pages",
			 (int64_t)ev->body_charge.pages);
		snprintf(where, sizeof(where), "%s of pid %u",
			 name_or(ioas_counter_name(ev->body_charge.counter)),
			 ev->body_charge.owner_tgid);
	} else if (ev->kind == IOAS_EV_GROUP_ATTACH || ev->kind == IOAS_EV_GROUP_DETACH) {
		snprintf(where, sizeof(where), "group %u%s", ev->body_obj.group,
			 ev->body_obj.emulated ? " (mediated)" : "");
	} else if (ev->kind == IOAS_EV_DIRTY) {
		snprintf(where, sizeof(where), "tracking %s, %s scope",
			 ev->body_obj.dirty ? "on" : "off",
			 ev->body_obj.non_pinned_groups ? "all mapped" : "pinned-only");
	}
	fprintf(out, LINE, time, name_or(ioas_backend_name(ev->backend)), ioas, what, where, size,
		result, "", by);
}

void trace_line(FILE *out, const struct ioas_event *ev, __u64 start_ns)
{
	char time[32], ioas[16] = "-";
	__s64 ns = (__s64)(ev->time_ns - start_ns);

	snprintf(time, sizeof(time), "%.6f", ns / 1e9);
	if (ev->ioas)
		snprintf(ioas, sizeof(ioas), "%u", ev->ioas);
	if (ev->kind == IOAS_EV_OP)
		op_line(out, ev, time, ioas);
	else
		change_line(out, ev, time, ioas);
}

static void json_op(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;
	bool args = !(ev->flags & IOAS_F_ARGS_UNREAD);
	char name[UNITS_LEN];

	json_str(j, "op", ioas_op_name(o->what));
	if (ev->flags & IOAS_F_NO_RESULT)
		json_null(j, "result");
	else
		json_s64(j, "result", o->result);
	if (!(ev->flags & IOAS_F_NO_RESULT) && o->result < 0)
		json_str(j, "errno", units_errno(name, o->result));
	/* One hook sees these: there is no time between entry and exit. */
	if (o->what == IOAS_OP_OPEN || o->what == IOAS_OP_CLOSE)
		json_null(j, "latency_ns");
	else
		json_u64(j, "latency_ns", o->latency_ns);
	if (o->size && args) {
		json_u64(j, "iova", o->iova);
		json_u64(j, "size", o->size);
	}
	if (o->what == IOAS_OP_MAP && args) {
		json_u64(j, "va", o->va);
		json_str(j, "prot", units_prot(o->prot));
	}
	if (o->cmd)
		json_u64(j, "flags", o->uapi_flags);
	if (ev->flags & IOAS_F_RETURNED)
		json_u64(j, "returned", o->returned);
	json_u64(j, "removed", o->removed);
	json_u64(j, "areas_removed", o->areas);
	json_u64(j, "pages_pinned", o->pinned);
	json_u64(j, "pages_unpinned", o->unpinned);
	if (o->group_valid)
		json_u64(j, "group", o->group);
}

/* Kinds whose record says where the memory is. */
static bool has_va(unsigned int kind)
{
	return kind >= IOAS_EV_AREA_ADD && kind <= IOAS_EV_AREA_UPDATE;
}

static void json_area(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_area_body *a = &ev->body_area;

	json_u64(j, "iova", a->iova);
	json_u64(j, "last", a->last);
	if (a->area)
		json_u64(j, "area", a->area);
	if (has_va(ev->kind))
		json_u64(j, "va", a->va);
	if (has_va(ev->kind) || ev->kind == IOAS_EV_ACCESS_PIN)
		json_str(j, "prot", units_prot(a->prot));
	json_s64(j, "pages", a->pages);
	json_s64(j, "pfnmap_pages", a->pfnmap);
	if (a->owner_tgid) {
		json_u64(j, "owner_pid", a->owner_tgid);
		json_u64(j, "owner_uid", a->owner_uid);
	}
	if (a->group_valid)
		json_u64(j, "group", a->group);
	if (ev->flags & IOAS_F_UNSEEN)
		json_bool(j, "unseen", true);
}

static void json_obj(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_obj_body *o = &ev->body_obj;

	if (o->mode)
		json_str(j, "mode", ioas_mode_name(o->mode));
	if (ev->kind == IOAS_EV_GROUP_ATTACH || ev->kind == IOAS_EV_GROUP_DETACH) {
		json_u64(j, "group", o->group);
		json_bool(j, "emulated", o->emulated);
	}
	if (ev->kind == IOAS_EV_DIRTY) {
		json_bool(j, "dirty_tracking", o->dirty);
		json_u64(j, "non_pinned_groups", o->non_pinned_groups);
		json_u64(j, "entries_left", o->entries_left);
	}
	if (ev->flags & IOAS_F_ADOPTED)
		json_bool(j, "adopted", true);
}

static void json_charge(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_charge_body *c = &ev->body_charge;

	json_str(j, "counter", ioas_counter_name(c->counter));
	json_s64(j, "pages", c->pages);
	if (c->owner)
		json_u64(j, "owner", c->owner);
	else
		json_null(j, "owner");
	json_u64(j, "owner_pid", c->owner_tgid);
	json_u64(j, "owner_uid", c->owner_uid);
}

static void json_head(struct json *j, const struct ioas_event *ev)
{
	json_u64(j, "schema", TRACE_SCHEMA);
	json_str(j, "kind", ioas_kind_name(ev->kind));
	json_u64(j, "time_ns", ev->time_ns);
	json_str(j, "backend", ioas_backend_name(ev->backend));
	if (ev->ctx)
		json_u64(j, "context", ev->ctx);
	else
		json_null(j, "context");
	if (ev->ioas)
		json_u64(j, "ioas", ev->ioas);
	else
		json_null(j, "ioas");
	json_u64(j, "order", ev->order);
	if (ev->op)
		json_u64(j, "op_number", ev->op);
	else
		json_null(j, "op_number");
	json_u64(j, "cpu", ev->cpu);
	json_u64(j, "cpu_seq", ev->cpu_seq);
	json_u64(j, "pid", ev->tgid);
	json_u64(j, "tid", ev->tid);
	json_u64(j, "uid", ev->uid);
	json_u64(j, "gid", ev->gid);
	json_u64(j, "cgroup", ev->cgroup);
	json_strn(j, "comm", ev->comm, sizeof(ev->comm));
}

void trace_json(FILE *out, const struct ioas_event *ev)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_head(&j, ev);
	if (ev->kind == IOAS_EV_OP)
		json_op(&j, ev);
	else if (ioas_event_is_area(ev))
		json_area(&j, ev);
	else if (ev->kind == IOAS_EV_CHARGE)
		json_charge(&j, ev);
	else
		json_obj(&j, ev);
	json_end_object(&j);
	json_line(&j);
}

static __u64 dropped(const struct trace_summary *s)
{
	return s->stats[IOAS_STAT_RING_FULL] + s->stats[IOAS_STAT_TOO_BIG];
}

void trace_summary_text(FILE *out, const struct trace_summary *s)
{
	const char *sep = "";
	__u64 ops = 0;

	for (int i = 0; i < IOAS_OP_MAX; i++)
		ops += s->ops[i];
	fprintf(out, "ops: %" PRIu64 " (%" PRIu64 " failed)", (uint64_t)ops, (uint64_t)s->failed);
	for (int i = 0; i < IOAS_OP_MAX; i++) {
		if (!s->ops[i])
			continue;
		fprintf(out, "%s%s %" PRIu64, *sep ? sep : ": ", name_or(ioas_op_name(i)),
			(uint64_t)s->ops[i]);
		sep = ", ";
	}
	fprintf(out, "\nevents: seen %" PRIu64 " = submitted %" PRIu64 " + dropped %" PRIu64,
		(uint64_t)s->stats[IOAS_STAT_SEEN], (uint64_t)s->stats[IOAS_STAT_SUBMITTED],
		(uint64_t)dropped(s));
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

void trace_summary_json(FILE *out, const struct trace_summary *s)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	json_str(&j, "kind", "summary");
	json_object(&j, "ops");
	for (int i = 0; i < IOAS_OP_MAX; i++) {
		if (s->ops[i])
			json_u64(&j, ioas_op_name(i), s->ops[i]);
	}
	json_end_object(&j);
	json_u64(&j, "failed", s->failed);
	json_u64(&j, "changes", s->changes);
	json_u64(&j, "seen", s->stats[IOAS_STAT_SEEN]);
	json_u64(&j, "submitted", s->stats[IOAS_STAT_SUBMITTED]);
	json_u64(&j, "received", s->received);
	json_u64(&j, "dropped", dropped(s));
	json_u64(&j, "ring_full", s->stats[IOAS_STAT_RING_FULL]);
	json_u64(&j, "too_big", s->stats[IOAS_STAT_TOO_BIG]);
	json_u64(&j, "map_full", s->stats[IOAS_STAT_MAP_FULL]);
	json_u64(&j, "outside_op", s->stats[IOAS_STAT_NO_CONTEXT]);
	json_u64(&j, "arguments_changed", s->stats[IOAS_STAT_ARG_CHANGED]);
	json_u64(&j, "probes_missed", s->missed);
	json_u64(&j, "gaps", s->gaps);
	json_u64(&j, "missing_by_cpu", s->missing);
	json_u64(&j, "late", s->late);
	json_u64(&j, "contradictions", s->anomalies);
	json_u64(&j, "hooks", s->hooks);
	json_u64(&j, "hooks_wanted", s->hooks_all);
	json_end_object(&j);
	json_line(&j);
}
