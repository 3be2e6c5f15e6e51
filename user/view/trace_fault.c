// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/trace_fault.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/trace.h"
#include "view/units.h"

/* ---- text ---- */

/* What is known of the address now; 18 columns are there. */
static void result(char *buf, size_t size, const struct ioas_event *ev,
		   const struct fault_story *story)
{
	char time[UNITS_LEN];

	if (!(ev->body_fault.known & IOAS_FAULT_HAS_IOVA) || !story)
		snprintf(buf, size, "-");
	else if (!story->placed)
		snprintf(buf, size, "no IOAS known");
	else if (fault_allowed(ev, story))
		snprintf(buf, size, "mapped");
	else if (story->mapped)
		snprintf(buf, size, "mapped %s only", units_prot(story->prot));
	else if (story->was_mapped)
		snprintf(buf, size, "unmapped %s ago", units_time(time, story->ago_ns));
	else
		snprintf(buf, size, story->certain ? "not mapped" : "not known");
}

/* Who wanted it, why it was refused, and who has taken it away. */
static void who(char *buf, size_t size, const struct ioas_event *ev,
		const struct fault_story *story)
{
	const struct ioas_fault_body *f = &ev->body_fault;
	const char *name = fault_reason_name(f);
	char comm[UNITS_LEN];
	size_t n;

	n = snprintf(buf, size, "%.23s", f->name[0] ? f->name : "device not known");
	if (f->known & IOAS_FAULT_HAS_PASID)
		n += snprintf(buf + n, size - n, " PASID 0x%x", f->pasid);
	if (f->known & IOAS_FAULT_HAS_REASON)
		n += snprintf(buf + n, size - n, ", reason 0x%02x%s%s%s", f->reason,
			      name ? " (" : "", name ? name : "", name ? ")" : "");
	if (story && story->was_mapped)
		n += snprintf(buf + n, size - n, "; unmapped by %s[%u]",
			      units_comm(comm, story->comm), story->tid);
	if (f->untold)
		snprintf(buf + n, size - n, "; %" PRIu64 " more before, not told",
			 (uint64_t)f->untold);
}

void trace_fault_line(FILE *out, const struct ioas_event *ev, const struct fault_story *story,
		      __u64 start_ns)
{
	const struct ioas_fault_body *f = &ev->body_fault;
	struct trace_columns c = { .where = "-", .size = "-", .latency = "-" };

	snprintf(c.what, sizeof(c.what), "fault%s%s%s", f->access & IOAS_FAULT_READ ? " read" : "",
		 f->access & IOAS_FAULT_WRITE ? " write" : "",
		 f->access & IOAS_FAULT_EXEC ? " exec" : "");
	if (f->known & IOAS_FAULT_HAS_IOVA) {
		snprintf(c.where, sizeof(c.where), "0x%" PRIx64, (uint64_t)f->iova);
		result(c.result, sizeof(c.result), ev, story);
		who(c.who, sizeof(c.who), ev, story);
	} else {
		snprintf(c.result, sizeof(c.result), "%" PRIu64 " not told", (uint64_t)f->untold);
		snprintf(c.who, sizeof(c.who), "the kernel keeps silent: its rate limit");
	}
	trace_columns(out, ev, &c, start_ns);
}

/* ---- JSON ---- */

static void json_request(struct json *j, const struct ioas_fault_body *f)
{
	const char *name = fault_reason_name(f);

	if (f->known & IOAS_FAULT_HAS_IOVA) {
		json_u64(j, "iova", f->iova);
		json_str(j, "access",
			 f->access & IOAS_FAULT_WRITE  ? "write"
			 : f->access & IOAS_FAULT_EXEC ? "exec"
			 : f->access & IOAS_FAULT_READ ? "read"
						       : NULL);
	}
	if (f->known & IOAS_FAULT_HAS_REASON)
		json_u64(j, "reason", f->reason);
	if (name)
		json_str(j, "reason_text", name);
	if (f->known & IOAS_FAULT_HAS_PASID)
		json_u64(j, "pasid", f->pasid);
}

void trace_fault_members(struct json *j, const struct ioas_event *ev)
{
	static const char *const sources[] = { "none", "vtd", "reported" };
	const struct ioas_fault_body *f = &ev->body_fault;

	json_str(j, "source", sources[f->source <= IOAS_FAULT_REPORTED ? f->source : 0]);
	json_request(j, f);
	if (f->name[0])
		json_strn(j, "name", f->name, sizeof(f->name));
	if (f->known & IOAS_FAULT_HAS_RID) {
		json_u64(j, "segment", f->segment);
		json_u64(j, "rid", f->rid);
	}
	if (f->known & IOAS_FAULT_HAS_GROUP)
		json_u64(j, "group", f->group);
	json_id(j, "device", f->object);
	json_id(j, "domain", f->domain);
	json_u64(j, "untold", f->untold);
}

static void json_story(struct json *j, const struct fault_story *s)
{
	if (s->mapped || (s->placed && s->certain))
		json_bool(j, "mapped", s->mapped);
	else
		json_null(j, "mapped");
	if (s->mapped)
		json_str(j, "prot", units_prot(s->prot));
	if (!s->was_mapped)
		return;
	json_u64(j, "unmapped_before_ns", s->ago_ns);
	json_u64(j, "unmapped_by_pid", s->tgid);
	json_u64(j, "unmapped_by_tid", s->tid);
	json_strn(j, "unmapped_by_comm", s->comm, sizeof(s->comm));
}

void trace_fault_json(FILE *out, const struct ioas_event *ev, const struct fault_story *story)
{
	struct json j;

	json_init(&j, out, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	trace_json_members(&j, ev);
	if (story && ev->body_fault.known & IOAS_FAULT_HAS_IOVA)
		json_story(&j, story);
	json_end_object(&j);
	json_line(&j);
}
