// SPDX-License-Identifier: GPL-2.0-or-later
/* Why an address could not be reached: as JSON. */
#include "core/event.h"
#include "view/blame.h"
#include "view/trace.h"
#include "view/trace_fault.h"

static void json_who(struct json *j, const char *key, const struct history_who *who)
{
	if (!who) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_u64(j, "pid", who->tgid);
	json_u64(j, "tid", who->tid);
	json_u64(j, "uid", who->uid);
	json_strn(j, "comm", who->comm, sizeof(who->comm));
	json_end_object(j);
}

/* 0 is no time. */
static void json_time(struct json *j, const char *key, uint64_t ns)
{
	json_id(j, key, ns);
}

static void json_op(struct json *j, const char *key, unsigned int what)
{
	json_str(j, key, what ? ioas_op_name(what) : NULL);
}

static void json_removal(struct json *j, const struct history_mapping *m)
{
	json_time(j, "unmap_began_ns", m->going_ns);
	json_time(j, "unmapped_ns", m->gone_ns);
	if (!m->going_ns && !m->gone_ns)
		return;
	json_who(j, "unmapped_by", m->unmapped_by);
	json_id(j, "unmap_op_number", m->unmap_op);
	json_op(j, "unmap_op", m->unmap_what);
	if (!m->unmap_what)
		return;
	json_u64(j, "unmap_size", m->asked);
	if (m->has_returned)
		json_u64(j, "unmap_returned", m->returned);
}

static void json_frames(struct json *j, const char *key, const struct blame_frames *f)
{
	json_array(j, key);
	for (size_t i = 0; i < f->n; i++)
		json_str(j, NULL, f->frame[i]);
	json_end_array(j);
}

void blame_json_mapping(struct json *j, const char *key, const struct history_mapping *m,
			const struct blame_stacks *stacks)
{
	json_object(j, key);
	json_u64(j, "iova", m->iova);
	json_u64(j, "last", m->last);
	json_u64(j, "va", m->va);
	json_id(j, "area", m->area);
	json_str(j, "prot", m->has_prot ? units_prot(m->prot) : NULL);
	json_id(j, "owner_pid", m->owner_tgid);
	json_time(j, "mapped_ns", m->mapped_ns);
	json_who(j, "mapped_by", m->mapped_by);
	json_id(j, "map_op_number", m->map_op);
	json_op(j, "map_op", m->map_what);
	json_removal(j, m);
	if (stacks) {
		json_frames(j, "map_stack", &stacks->mapped);
		json_frames(j, "unmap_stack", &stacks->unmapped);
	}
	json_end_object(j);
}

static void json_area(struct json *j, const char *key, const struct blame_area *a)
{
	if (!a) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_u64(j, "iova", a->iova);
	json_u64(j, "last", a->last);
	json_id(j, "area", a->area);
	json_str(j, "prot", units_prot(a->prot));
	json_end_object(j);
}

static void json_left(struct json *j, const struct blame *b)
{
	const struct stay *s = &b->left;

	json_object(j, "left");
	json_id(j, "context", s->ctx);
	json_id(j, "ioas", s->ioas);
	json_time(j, "attached_ns", s->from_ns);
	json_time(j, "detached_ns", s->to_ns);
	json_u64(j, "pid", s->tgid);
	json_u64(j, "tid", s->tid);
	json_strn(j, "comm", s->comm, sizeof(s->comm));
	json_end_object(j);
}

static void json_others(struct json *j, const struct blame *b)
{
	json_array(j, "others");
	for (size_t i = 0; i < b->nothers && i < BLAME_OTHERS; i++) {
		const struct blame_other *o = &b->others[i];

		json_object(j, NULL);
		json_id(j, "context", o->ctx);
		json_id(j, "ioas", o->ioas);
		json_bool(j, "same_program", o->same);
		json_bool(j, "certain", o->certain);
		json_area(j, "area", &o->area);
		json_end_object(j);
	}
	json_end_array(j);
	json_u64(j, "others_count", b->nothers);
}

static void json_history(struct json *j, const struct blame *b)
{
	if (!b->has_reach) {
		json_null(j, "history");
		return;
	}
	json_object(j, "history");
	json_bool(j, "whole", b->reach.whole);
	json_time(j, "since_ns", b->reach.since_ns);
	json_u64(j, "kept", b->reach.kept);
	json_u64(j, "forgotten", b->reach.forgotten);
	json_end_object(j);
}

static void json_place(struct json *j, const struct blame *b)
{
	json_str(j, "backend", ioas_backend_name(b->backend));
	json_id(j, "context", b->ctx);
	json_id(j, "ioas", b->ioas);
	json_str(j, "mode", b->ioas ? ioas_mode_name(b->mode) : NULL);
	if (b->owner_known) {
		json_u64(j, "opened_by_pid", b->tgid);
		json_u64(j, "opened_by_uid", b->uid);
		json_strn(j, "opened_by_comm", b->comm, sizeof(b->comm));
	}
	json_time(j, "uncertain_since_ns", b->uncertain_ns);
}

static void json_verdict(struct json *j, const struct blame *b)
{
	json_str(j, "verdict", blame_verdict_name(b->verdict));
	if (b->doubt == BLAME_SURE)
		return;
	json_str(j, "because", blame_doubt_name(b->doubt));
	json_str(j, "suspected", b->suspected ? blame_verdict_name(b->suspected) : NULL);
}

static void json_around(struct json *j, const struct blame *b, const struct blame_stacks *stacks)
{
	if (b->has_mapping)
		blame_json_mapping(j, "mapping", &b->mapping, stacks);
	else
		json_null(j, "mapping");
	if (b->has_range) {
		json_object(j, "reserved");
		json_u64(j, "iova", b->range.iova);
		json_u64(j, "last", b->range.last);
		json_id(j, "asked_by", b->range_owner);
		json_end_object(j);
	}
	if (b->has_left)
		json_left(j, b);
	json_area(j, "before", b->has_before ? &b->before : NULL);
	json_area(j, "after", b->has_after ? &b->after : NULL);
	json_others(j, b);
	json_history(j, b);
}

void blame_json(FILE *out, const struct blame *b, const struct ioas_event *fault,
		const struct blame_stacks *stacks)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	json_str(&j, "kind", "blame");
	json_verdict(&j, b);
	json_u64(&j, "time_ns", b->time_ns);
	json_place(&j, b);
	if (fault) {
		json_object(&j, "fault");
		trace_fault_members(&j, fault);
		json_end_object(&j);
	} else {
		json_u64(&j, "iova", b->iova);
	}
	json_around(&j, b, stacks);
	json_end_object(&j);
	json_line(&j);
}
