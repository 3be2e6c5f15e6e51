// SPDX-License-Identifier: GPL-2.0-or-later
/* Why an address could not be reached: for people. */
#include "view/blame.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "core/fault.h"
#include "view/units.h"

static void put_upper(FILE *out, const char *word)
{
	for (; *word; word++)
		fputc(toupper((unsigned char)*word), out);
}

/* "3.210000"; before the start, or without one, as it is. */
static void put_time(FILE *out, uint64_t ns, uint64_t start_ns)
{
	if (!ns)
		fputs("before that", out);
	else if (ns < start_ns)
		fprintf(out, "-%.6f", (double)(start_ns - ns) / 1e9);
	else
		fprintf(out, "%.6f", (double)(ns - start_ns) / 1e9);
}

static void put_who(FILE *out, const struct history_who *who)
{
	char comm[UNITS_LEN];

	if (!who)
		fputs("somebody not known", out);
	else if (who->tid != who->tgid)
		fprintf(out, "%s[%u/%u] uid %u", units_comm(comm, who->comm), who->tgid, who->tid,
			who->uid);
	else
		fprintf(out, "%s[%u] uid %u", units_comm(comm, who->comm), who->tgid, who->uid);
}

/* ---- a mapping ---- */

static void put_made(FILE *out, const char *indent, const struct history_mapping *m,
		     uint64_t start_ns)
{
	char size[UNITS_LEN];

	fprintf(out, "%smapped    t=", indent);
	put_time(out, m->mapped_ns, start_ns);
	fprintf(out, " 0x%" PRIx64 "-0x%" PRIx64 " %s", m->iova, m->last,
		units_bytes(size, m->last - m->iova + 1));
	if (m->has_prot)
		fprintf(out, " %s", units_prot(m->prot));
	fprintf(out, " va 0x%" PRIx64, m->va);
	if (m->area)
		fprintf(out, " area %u", m->area);
	fputs(" by ", out);
	put_who(out, m->mapped_by);
	if (m->map_what)
		fprintf(out, ", %s", ioas_op_name(m->map_what));
	fputc('\n', out);
}

static void put_removed(FILE *out, const char *indent, const struct history_mapping *m,
			uint64_t time_ns, uint64_t start_ns)
{
	uint64_t ns = m->gone_ns && m->gone_ns <= time_ns ? m->gone_ns : m->going_ns;
	char a[UNITS_LEN], b[UNITS_LEN];

	if (!ns || ns > time_ns)
		return;
	fprintf(out, "%sunmapped  t=", indent);
	put_time(out, ns, start_ns);
	fprintf(out, " (%s before", units_time(a, time_ns - ns));
	fprintf(out, "%s) by ", ns == m->gone_ns ? "" : "; it had begun");
	put_who(out, m->unmapped_by);
	if (m->unmap_what)
		fprintf(out, ", %s", ioas_op_name(m->unmap_what));
	if (m->unmap_what == IOAS_OP_UNMAP && m->has_returned)
		fprintf(out, " returned %s of %s", units_bytes(a, m->returned),
			units_bytes(b, m->asked));
	fputc('\n', out);
}

static void put_frames(FILE *out, const char *indent, const struct blame_frames *f)
{
	for (size_t i = 0; i < f->n; i++)
		fprintf(out, "%s            %s\n", indent, f->frame[i]);
}

void blame_text_mapping(FILE *out, const char *indent, const struct history_mapping *m,
			uint64_t time_ns, uint64_t start_ns, const struct blame_stacks *stacks)
{
	put_made(out, indent, m, start_ns);
	if (stacks)
		put_frames(out, indent, &stacks->mapped);
	put_removed(out, indent, m, time_ns, start_ns);
	if (stacks)
		put_frames(out, indent, &stacks->unmapped);
}

/* ---- head ---- */

static void put_fault(FILE *out, const struct ioas_event *ev, uint64_t start_ns)
{
	const struct ioas_fault_body *f = &ev->body_fault;
	const char *reason = fault_reason_name(f);

	fprintf(out, "FAULT %.23s", f->name[0] ? f->name : "device not known");
	if (f->known & IOAS_FAULT_HAS_IOVA)
		fprintf(out, " %s iova 0x%" PRIx64,
			f->access & IOAS_FAULT_WRITE  ? "WRITE"
			: f->access & IOAS_FAULT_EXEC ? "EXEC"
						      : "READ",
			(uint64_t)f->iova);
	if (f->known & IOAS_FAULT_HAS_PASID)
		fprintf(out, " PASID 0x%x", f->pasid);
	if (f->known & IOAS_FAULT_HAS_REASON)
		fprintf(out, " reason 0x%02x%s%s%s", f->reason, reason ? " (" : "",
			reason ? reason : "", reason ? ")" : "");
	fputs("  t=", out);
	put_time(out, ev->time_ns, start_ns);
	if (f->untold)
		fprintf(out, "; %" PRIu64 " more before, not told", (uint64_t)f->untold);
	fputc('\n', out);
}

/* Through what the device is where it is. */
static void put_way(FILE *out, const struct ioas_event *ev)
{
	const struct ioas_fault_body *f = &ev->body_fault;
	bool group = f->known & IOAS_FAULT_HAS_GROUP;

	if (group)
		fprintf(out, "group %u", f->group);
	if (f->domain)
		fprintf(out, "%sdomain %u", group ? ", " : "", f->domain);
	if (group || f->domain)
		fputs(" -> ", out);
}

static void put_place(FILE *out, const struct blame *b, const struct ioas_event *fault)
{
	char comm[UNITS_LEN];

	if (!b->ioas && b->doubt == BLAME_NO_ADDRESS)
		return;
	fputs("  ", out);
	if (fault)
		put_way(out, fault);
	if (!b->ioas) {
		fputs("no IOAS that is known\n", out);
		return;
	}
	fprintf(out, "IOAS %u (%s %s, context %u", b->ioas, ioas_backend_name(b->backend),
		ioas_mode_name(b->mode), b->ctx);
	if (b->owner_known)
		fprintf(out, ", %s[%u] uid %u", units_comm(comm, b->comm), b->tgid, b->uid);
	fprintf(out, "%s)\n", b->has_reach && b->reach.gone ? ", gone" : "");
}

/* ---- verdict ---- */

static void put_doubt(FILE *out, const struct blame *b, uint64_t start_ns)
{
	char late[UNITS_LEN];

	switch (b->doubt) {
	case BLAME_NO_ADDRESS:
		fputs(": the kernel did not say which address", out);
		return;
	case BLAME_NO_IOAS:
		fputs(": the device is in no IOAS that is known", out);
		return;
	case BLAME_PASID:
		fputs(": the IOAS of a PASID is not known", out);
		return;
	case BLAME_LOSS:
		fputs(": events were lost", out);
		if (b->uncertain_ns) {
			fputs(", since t=", out);
			put_time(out, b->uncertain_ns, start_ns);
		}
		return;
	case BLAME_OLDER:
		fputs(": the IOAS is older than the events", out);
		return;
	case BLAME_FORGOTTEN:
		fputs(": the history reaches back to t=", out);
		put_time(out, b->reach.since_ns, start_ns);
		return;
	default:
		fprintf(out,
			": it has changed less than %s before; the device may have asked earlier",
			units_time(late, BLAME_LATE_NS));
		return;
	}
}

static void put_verdict(FILE *out, const struct blame *b, uint64_t start_ns)
{
	fputs("  verdict: ", out);
	put_upper(out, blame_verdict_name(b->verdict));
	if (b->doubt != BLAME_SURE)
		put_doubt(out, b, start_ns);
	if (b->suspected)
		fprintf(out, "; otherwise %s", blame_verdict_name(b->suspected));
	fputc('\n', out);
}

/* ---- around ---- */

static void put_left(FILE *out, const struct blame *b, uint64_t start_ns)
{
	const struct stay *s = &b->left;
	char time[UNITS_LEN], comm[UNITS_LEN];

	fprintf(out, "  left      IOAS %u t=", s->ioas);
	put_time(out, s->to_ns, start_ns);
	fprintf(out, " (%s before)", units_time(time, b->time_ns - s->to_ns));
	if (s->tid)
		fprintf(out, " by %s[%u]", units_comm(comm, s->comm), s->tid);
	fprintf(out, "%s\n", b->has_mapping ? ", where it could reach it" : "");
}

static void put_reserved(FILE *out, const struct blame *b)
{
	if (!b->has_range) {
		fputs("  reserved  it is in no valid range\n", out);
		return;
	}
	fprintf(out, "  reserved  0x%" PRIx64 "-0x%" PRIx64, b->range.iova, b->range.last);
	if (b->range_owner)
		fprintf(out, ", asked for by object %u", b->range_owner);
	fputc('\n', out);
}

static void put_area(FILE *out, const struct blame_area *a)
{
	char size[UNITS_LEN];

	fprintf(out, "0x%" PRIx64 "-0x%" PRIx64 " %s %s", a->iova, a->last,
		units_bytes(size, a->last - a->iova + 1), units_prot(a->prot));
}

static void put_beside(FILE *out, const struct blame *b)
{
	if (!b->has_before && !b->has_after) {
		fputs("  beside: nothing is mapped\n", out);
		return;
	}
	fputs("  beside: ", out);
	if (b->has_before)
		put_area(out, &b->before);
	if (b->has_before && b->has_after)
		fputs("; ", out);
	if (b->has_after)
		put_area(out, &b->after);
	fputc('\n', out);
}

static void put_lost(FILE *out, const struct blame *b, uint64_t start_ns)
{
	fputs("  events lost: ", out);
	if (b->uncertain_ns) {
		fputs("since t=", out);
		put_time(out, b->uncertain_ns, start_ns);
	} else {
		fputs(b->doubt == BLAME_LOSS ? "yes" : "none", out);
	}
	fputc('\n', out);
}

static void put_others(FILE *out, const struct blame *b)
{
	size_t shown = b->nothers < BLAME_OTHERS ? b->nothers : BLAME_OTHERS;

	fprintf(out, "  other IOASes with that address: %s", b->nothers ? "" : "none");
	for (size_t i = 0; i < shown; i++) {
		const struct blame_other *o = &b->others[i];

		fprintf(out, "%s%u (", i ? ", " : "", o->ioas);
		put_area(out, &o->area);
		fprintf(out, "%s)", o->certain ? "" : ", uncertain");
	}
	if (b->nothers > shown)
		fprintf(out, " and %zu more", b->nothers - shown);
	fputc('\n', out);
}

void blame_text(FILE *out, const struct blame *b, const struct ioas_event *fault, uint64_t start_ns,
		const struct blame_stacks *stacks)
{
	if (fault)
		put_fault(out, fault, start_ns);
	else
		fprintf(out, "ADDRESS iova 0x%" PRIx64 "\n", b->iova);
	put_place(out, b, fault);
	put_verdict(out, b, start_ns);
	if (b->doubt == BLAME_NO_ADDRESS)
		return;
	if (b->has_left)
		put_left(out, b, start_ns);
	if (b->has_mapping)
		blame_text_mapping(out, "  ", &b->mapping, b->time_ns, start_ns, stacks);
	if (b->verdict == BLAME_RESERVED || b->suspected == BLAME_RESERVED)
		put_reserved(out, b);
	if (b->ioas)
		put_beside(out, b);
	put_others(out, b);
	put_lost(out, b, start_ns);
}
