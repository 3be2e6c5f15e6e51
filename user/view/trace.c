// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/trace.h"

#include <inttypes.h>
#include <linux/vfio.h>
#include <string.h>

#include "core/event.h"
#include "view/explain.h"
#include "view/trace_fault.h"
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

#define SET(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)

static void set_range(struct trace_columns *c, uint64_t iova, uint64_t last)
{
	SET(c->where, "0x%" PRIx64 "-0x%" PRIx64, iova, last);
	/* All 2^64 bytes are more than the difference can say. */
	if (last - iova == UINT64_MAX)
		SET(c->size, "16E");
	else
		units_bytes(c->size, last - iova + 1);
}

/* ---- ops ---- */

static void unmap_result(struct trace_columns *c, const struct ioas_op_body *o)
{
	char a[UNITS_LEN], b[UNITS_LEN];

	/* Success that removed less than was asked is how stale maps are born. */
	if (o->returned < o->size)
		SET(c->result, "ok %s of %s", units_bytes(a, o->returned), units_bytes(b, o->size));
	else
		SET(c->result, "ok %s", units_bytes(a, o->returned));
}

/* What was returned, with what it did where that is not the same. */
static void op_result(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;
	char a[UNITS_LEN];

	if (ev->flags & IOAS_F_NO_RESULT) {
		if (o->what == IOAS_OP_NOTIFY)
			SET(c->result, "round %u", o->areas);
		else if (o->areas)
			SET(c->result, "%u areas, %s gone", o->areas, units_bytes(a, o->removed));
	} else if (o->result < 0) {
		units_errno(a, o->result);
		SET(c->result, "%s", a);
	} else if (o->what == IOAS_OP_UNMAP && (ev->flags & IOAS_F_RETURNED)) {
		unmap_result(c, o);
	} else if (o->what == IOAS_OP_PIN) {
		SET(c->result, "%" PRId64 " pages", (int64_t)o->result);
	} else {
		SET(c->result, "ok");
	}
}

/* The flags word means this in the ioctls of type1 only. */
static bool type1_flag(const struct ioas_event *ev, uint32_t flag)
{
	return ev->backend == IOAS_BACKEND_TYPE1 && ev->body_op.uapi_flags & flag;
}

static void op_name(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_op_body *o = &ev->body_op;
	const char *name = name_or(ioas_op_name(o->what));

	if (o->what == IOAS_OP_MAP && type1_flag(ev, VFIO_DMA_MAP_FLAG_VADDR))
		SET(c->what, "map vaddr");
	else if (o->what == IOAS_OP_MAP || o->what == IOAS_OP_COPY)
		SET(c->what, "%s %s", name, units_prot(o->prot));
	else if (o->what == IOAS_OP_UNMAP && type1_flag(ev, VFIO_DMA_UNMAP_FLAG_VADDR))
		SET(c->what, "unmap vaddr");
	else if (o->what == IOAS_OP_UNMAP &&
		 (ev->flags & IOAS_F_ALL || type1_flag(ev, VFIO_DMA_UNMAP_FLAG_ALL)))
		SET(c->what, "unmap all");
	else if (o->group_valid && (o->what == IOAS_OP_ATTACH || o->what == IOAS_OP_DETACH ||
				    o->what == IOAS_OP_REPLACE))
		SET(c->what, "%s g%u", name, o->group);
	else
		SET(c->what, "%s", name);
}

/* How an unmap met what was there, behind its result. */
static void add_class(struct trace_columns *c, const struct explanation *why)
{
	char class[24];
	size_t used = strlen(c->result);

	if (explain_class(class, sizeof(class), why))
		snprintf(c->result + used, sizeof(c->result) - used, ", %s", class);
}

static void op_columns(struct trace_columns *c, const struct ioas_event *ev,
		       const struct explanation *why)
{
	const struct ioas_op_body *o = &ev->body_op;

	op_name(c, ev);
	op_result(c, ev);
	add_class(c, why);
	if (o->what == IOAS_OP_CHARGE) {
		SET(c->where, "%s of pid %u", name_or(ioas_counter_name(o->prot)), o->group);
		units_bytes(c->size, o->size);
		units_time(c->latency, o->latency_ns);
		return;
	}
	if (o->what == IOAS_OP_CUT)
		SET(c->where, "at 0x%" PRIx64, (uint64_t)o->iova);
	else if (o->size)
		set_range(c, o->iova, o->iova + o->size - 1);
	units_time(c->latency, o->latency_ns);
}

/* ---- changes ---- */

static void area_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_area_body *a = &ev->body_area;

	set_range(c, a->iova, a->last);
	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
	case IOAS_EV_PINNED:
	case IOAS_EV_ACCESS_PIN:
	case IOAS_EV_ACCESS_UNPIN:
		if (a->pages_id && ev->kind == IOAS_EV_AREA_ADD)
			SET(c->result, "of pages %u", a->pages_id);
		else
			SET(c->result, "%" PRId64 " pages", (int64_t)a->pages);
		break;
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_MERGED:
		SET(c->result, "at 0x%" PRIx64, (uint64_t)a->at);
		break;
	case IOAS_EV_AREA_FILLED:
		SET(c->result, "%+" PRId64 " in domain %u", (int64_t)a->bytes, a->object);
		break;
	}
}

static void pages_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_pages_body *p = &ev->body_pages;
	const char *counter = p->account ? name_or(ioas_counter_name(p->account)) : "nobody pays";

	SET(c->where, "pages %u", p->pages_id);
	if (ev->kind == IOAS_EV_PAGES_NEW) {
		SET(c->where, "pages %u: %s of pid %u, %s", p->pages_id,
		    name_or(ioas_memory_name(p->memory)), p->owner_tgid, counter);
		/* 2^52 pages are 2^64 bytes, one too many for the unit's argument. */
		units_bytes(c->size, p->npages > UINT64_MAX >> IOAS_PAGE_SHIFT
					     ? UINT64_MAX
					     : p->npages << IOAS_PAGE_SHIFT);
	} else if (ev->kind == IOAS_EV_PAGES_PINNED) {
		SET(c->result, "%+" PRId64 " pages", (int64_t)p->pinned);
	} else if (ev->kind == IOAS_EV_PAGES_OWNER) {
		SET(c->where, "pages %u: of pid %u, %s", p->pages_id, p->owner_tgid, counter);
	}
}

static void range_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_range_body *r = &ev->body_range;

	set_range(c, r->iova, r->last);
	if (r->owner)
		SET(c->result, "%s for %u", name_or(ioas_range_name(r->class)), r->owner);
	else
		SET(c->result, "%s", name_or(ioas_range_name(r->class)));
}

/* Who uses the IOAS: domains, devices, accesses. */
static void user_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_obj_body *o = &ev->body_obj;
	char size[UNITS_LEN];

	switch (ev->kind) {
	case IOAS_EV_DOMAIN_ATTACH:
	case IOAS_EV_DOMAIN_DETACH:
		SET(c->where, "domain %u", o->object);
		break;
	case IOAS_EV_DEVICE_ATTACH:
	case IOAS_EV_DEVICE_DETACH:
		SET(c->where, "device %u %.23s, domain %u", o->object, o->name, o->domain);
		break;
	default:
		SET(c->where, "access %u%s", o->object, o->exact ? ", exact unpins" : "");
	}
	if (o->page_size)
		SET(c->result, "%s pages", units_bytes(size, o->page_size));
}

static void obj_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_obj_body *o = &ev->body_obj;

	switch (ev->kind) {
	case IOAS_EV_GROUP_ATTACH:
	case IOAS_EV_GROUP_DETACH:
		SET(c->where, "group %u%s", o->group, o->emulated ? " (mediated)" : "");
		break;
	case IOAS_EV_DIRTY:
		if (o->object) {
			SET(c->where, "domain %u: tracking %s", o->object, o->dirty ? "on" : "off");
			break;
		}
		SET(c->where, "tracking %s, %s scope", o->dirty ? "on" : "off",
		    o->non_pinned_groups ? "all mapped" : "pinned-only");
		break;
	case IOAS_EV_OPTION:
		SET(c->where, "%s = %" PRIu64, name_or(ioas_option_name(o->option)),
		    (uint64_t)o->value);
		break;
	case IOAS_EV_UNCERTAIN:
		SET(c->where, ev->ctx ? "context %u: something was lost" : "something was lost",
		    ev->ctx);
		break;
	case IOAS_EV_MEMORY_LOST:
		SET(c->where, "what processes let go of was lost");
		break;
	case IOAS_EV_DOMAIN_ATTACH ... IOAS_EV_ACCESS_DETACH:
		user_columns(c, ev);
		break;
	}
}

/* Addresses of a process stand where those of an IOAS stand else: so they say what they are. */
static void memory_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	const struct ioas_memory_body *m = &ev->body_memory;

	set_range(c, m->va, m->last);
	SET(c->where, "VA 0x%" PRIx64 "-0x%" PRIx64 " of %u", (uint64_t)m->va, (uint64_t)m->last,
	    m->owner_tgid);
	SET(c->result, "%s", name_or(ioas_cause_name(m->cause)));
}

static void change_columns(struct trace_columns *c, const struct ioas_event *ev)
{
	SET(c->what, " +%s", name_or(ioas_kind_name(ev->kind)));
	c->latency[0] = '\0';
	if (ioas_event_is_area(ev)) {
		area_columns(c, ev);
	} else if (ioas_event_is_pages(ev)) {
		pages_columns(c, ev);
	} else if (ioas_event_is_range(ev)) {
		range_columns(c, ev);
	} else if (ev->kind == IOAS_EV_CHARGE) {
		SET(c->result, "%+" PRId64 " pages", (int64_t)ev->body_charge.pages);
		SET(c->where, "%s of pid %u", name_or(ioas_counter_name(ev->body_charge.counter)),
		    ev->body_charge.owner_tgid);
	} else if (ev->kind == IOAS_EV_MEMORY_GONE) {
		memory_columns(c, ev);
	} else {
		obj_columns(c, ev);
	}
}

void trace_columns(FILE *out, const struct ioas_event *ev, const struct trace_columns *c,
		   __u64 start_ns)
{
	__s64 ns = (__s64)(ev->time_ns - start_ns);
	char time[32], ioas[16] = "-";

	SET(time, "%.6f", ns / 1e9);
	if (ev->ioas)
		SET(ioas, "%u", ev->ioas);
	fprintf(out, LINE, time, name_or(ioas_backend_name(ev->backend)), ioas, c->what, c->where,
		c->size, c->result, c->latency, c->who);
}

void trace_line(FILE *out, const struct ioas_event *ev, __u64 start_ns,
		const struct explanation *why)
{
	struct trace_columns c = { .where = "-", .size = "-", .result = "-" };
	char comm[UNITS_LEN];

	if (ev->kind == IOAS_EV_FAULT) {
		trace_fault_line(out, ev, NULL, start_ns);
		return;
	}
	SET(c.who, "%s[%u] uid %u", units_comm(comm, ev->comm), ev->tid, ev->uid);
	if (ev->kind == IOAS_EV_OP)
		op_columns(&c, ev, why);
	else
		change_columns(&c, ev);
	trace_columns(out, ev, &c, start_ns);
	if (why)
		explain_lines(out, why);
}
