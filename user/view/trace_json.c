// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/trace.h"

#include <string.h>

#include "core/event.h"
#include "view/explain.h"
#include "view/json.h"
#include "view/trace_fault.h"
#include "view/units.h"

/* ---- ops ---- */

static void op_answer(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;
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
}

static void op_asked(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;

	if (ev->flags & IOAS_F_ARGS_UNREAD)
		return;
	if (o->size || o->what == IOAS_OP_CUT) {
		json_u64(j, "iova", o->iova);
		json_u64(j, "size", o->size);
	}
	if (o->what == IOAS_OP_MAP)
		json_u64(j, "va", o->va);
	if (o->what == IOAS_OP_COPY) {
		json_u64(j, "source_iova", o->va);
		json_id(j, "source_ioas", o->group);
	}
	if (o->what == IOAS_OP_MAP || o->what == IOAS_OP_COPY)
		json_str(j, "prot", units_prot(o->prot));
	if (ev->flags & IOAS_F_FIXED)
		json_bool(j, "fixed", true);
	if (ev->flags & IOAS_F_ALL)
		json_bool(j, "all", true);
}

/* Its body is its own, see enum ioas_op. */
static void op_charge(struct json *j, const struct ioas_op_body *o)
{
	json_str(j, "counter", ioas_counter_name(o->prot));
	json_u64(j, "size", o->size);
	json_u64(j, "used", o->va);
	json_u64(j, "limit", o->returned);
	json_u64(j, "owner_pid", o->group);
	json_u64(j, "owner_uid", o->areas);
}

static void json_op(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;

	op_answer(j, ev);
	if (o->what == IOAS_OP_CHARGE) {
		op_charge(j, o);
		return;
	}
	op_asked(j, ev);
	if (o->what == IOAS_OP_RESERVE)
		json_id(j, "asked_by", o->group);
	if (o->cmd)
		json_u64(j, "flags", o->uapi_flags);
	if (ev->flags & IOAS_F_RETURNED)
		json_u64(j, "returned", o->returned);
	json_u64(j, "removed", o->removed);
	if (o->what == IOAS_OP_ALLOW)
		json_u64(j, "ranges", o->areas);
	else if (o->what == IOAS_OP_NOTIFY)
		json_u64(j, "rounds", o->areas);
	else
		json_u64(j, "areas_removed", o->areas);
	json_u64(j, "pages_pinned", o->pinned);
	json_u64(j, "pages_unpinned", o->unpinned);
	if (o->group_valid && o->what != IOAS_OP_COPY)
		json_u64(j, "group", o->group);
}

/* ---- changes ---- */

/* Kinds whose record says where the memory is. */
static bool has_va(unsigned int kind)
{
	return kind >= IOAS_EV_AREA_ADD && kind <= IOAS_EV_AREA_UPDATE;
}

static void area_objects(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_area_body *a = &ev->body_area;

	if (a->pages_id) {
		json_u64(j, "pages_object", a->pages_id);
		if (ev->kind == IOAS_EV_AREA_ADD)
			json_u64(j, "offset", a->at);
	}
	if (ev->kind == IOAS_EV_AREA_SPLIT || ev->kind == IOAS_EV_AREA_MERGED) {
		json_u64(j, "at", a->at);
		json_id(j, "right_area", a->area2);
	}
	if (ev->kind == IOAS_EV_AREA_FILLED) {
		json_u64(j, "domain", a->object);
		json_s64(j, "bytes", a->bytes);
	} else if (a->object) {
		json_u64(j, "access", a->object);
	}
	if (a->refs > 1)
		json_u64(j, "times", a->refs);
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
	area_objects(j, ev);
	if (ev->flags & IOAS_F_UNSEEN)
		json_bool(j, "unseen", true);
}

static void json_pages(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_pages_body *p = &ev->body_pages;

	json_u64(j, "pages_object", p->pages_id);
	json_str(j, "memory", ioas_memory_name(p->memory));
	if (ev->kind == IOAS_EV_PAGES_PINNED)
		json_s64(j, "pages", p->pinned);
	else
		json_u64(j, "pages", p->npages);
	if (p->memory == IOAS_MEMORY_USER)
		json_u64(j, "va", p->va);
	json_bool(j, "writable", p->writable);
	json_str(j, "counter", ioas_counter_name(p->account));
	json_id(j, "owner", p->owner);
	json_u64(j, "owner_pid", p->owner_tgid);
	json_u64(j, "owner_uid", p->owner_uid);
	if (ev->flags & IOAS_F_ADOPTED)
		json_bool(j, "adopted", true);
}

static void json_range(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_range_body *r = &ev->body_range;

	json_u64(j, "iova", r->iova);
	json_u64(j, "last", r->last);
	json_str(j, "class", ioas_range_name(r->class));
	json_id(j, "asked_by", r->owner);
}

/* Who uses the IOAS: domains, devices, accesses. */
static void json_user(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_obj_body *o = &ev->body_obj;

	switch (ev->kind) {
	case IOAS_EV_DOMAIN_ATTACH:
	case IOAS_EV_DOMAIN_DETACH:
		json_u64(j, "domain", o->object);
		break;
	case IOAS_EV_DEVICE_ATTACH:
	case IOAS_EV_DEVICE_DETACH:
		json_u64(j, "device", o->object);
		json_id(j, "domain", o->domain);
		json_u64(j, "group", o->group);
		if (o->name[0])
			json_strn(j, "name", o->name, sizeof(o->name));
		break;
	case IOAS_EV_ACCESS_ATTACH:
	case IOAS_EV_ACCESS_DETACH:
		json_u64(j, "access", o->object);
		json_bool(j, "exact", o->exact);
		break;
	}
	if (o->page_size)
		json_u64(j, "page_size", o->page_size);
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
		if (o->object)
			json_u64(j, "domain", o->object);
		json_bool(j, "dirty_tracking", o->dirty);
		json_u64(j, "non_pinned_groups", o->non_pinned_groups);
		json_u64(j, "entries_left", o->entries_left);
	}
	json_user(j, ev);
	if (ev->kind == IOAS_EV_OPTION) {
		json_str(j, "option", ioas_option_name(o->option));
		json_u64(j, "value", o->value);
	}
	if (ioas_event_is_mark(ev))
		json_u64(j, "since_ns", o->value);
	if (ev->flags & IOAS_F_ADOPTED)
		json_bool(j, "adopted", true);
	if (ev->flags & IOAS_F_UNTOLD)
		json_bool(j, "untold", true);
}

static void json_charge(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_charge_body *c = &ev->body_charge;

	json_str(j, "counter", ioas_counter_name(c->counter));
	json_s64(j, "pages", c->pages);
	json_id(j, "owner", c->owner);
	json_u64(j, "owner_pid", c->owner_tgid);
	json_u64(j, "owner_uid", c->owner_uid);
	if (c->pages_id)
		json_u64(j, "pages_object", c->pages_id);
}

static void json_memory(struct json *j, const struct ioas_event *ev)
{
	const struct ioas_memory_body *m = &ev->body_memory;

	json_u64(j, "va", m->va);
	json_u64(j, "last", m->last);
	json_str(j, "cause", ioas_cause_name(m->cause));
	json_u64(j, "owner_pid", m->owner_tgid);
	json_u64(j, "owner_uid", m->owner_uid);
}

static void json_head(struct json *j, const struct ioas_event *ev)
{
	json_str(j, "kind", ioas_kind_name(ev->kind));
	json_u64(j, "time_ns", ev->time_ns);
	json_str(j, "backend", ioas_backend_name(ev->backend));
	json_id(j, "context", ev->ctx);
	json_id(j, "ioas", ev->ioas);
	json_u64(j, "order", ev->order);
	json_id(j, "op_number", ev->op);
	json_u64(j, "cpu", ev->cpu);
	json_u64(j, "cpu_seq", ev->cpu_seq);
	json_u64(j, "pid", ev->tgid);
	json_u64(j, "tid", ev->tid);
	json_u64(j, "uid", ev->uid);
	json_u64(j, "gid", ev->gid);
	json_u64(j, "cgroup", ev->cgroup);
	json_strn(j, "comm", ev->comm, sizeof(ev->comm));
}

void trace_json_members(struct json *j, const struct ioas_event *ev)
{
	json_head(j, ev);
	if (ev->kind == IOAS_EV_OP)
		json_op(j, ev);
	else if (ioas_event_is_area(ev))
		json_area(j, ev);
	else if (ioas_event_is_pages(ev))
		json_pages(j, ev);
	else if (ioas_event_is_range(ev))
		json_range(j, ev);
	else if (ev->kind == IOAS_EV_CHARGE)
		json_charge(j, ev);
	else if (ev->kind == IOAS_EV_MEMORY_GONE)
		json_memory(j, ev);
	else if (ev->kind == IOAS_EV_FAULT)
		trace_fault_members(j, ev);
	else
		json_obj(j, ev);
}

void trace_json(FILE *out, const struct ioas_event *ev, const struct explanation *why)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	trace_json_members(&j, ev);
	if (why)
		explain_json(&j, why);
	json_end_object(&j);
	json_line(&j);
}
