// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/explain.h"

#include <inttypes.h>

#include "core/event.h"
#include "view/units.h"

#define RANGE "0x%" PRIx64 "-0x%" PRIx64
#define INDENT "             "

static const char *name_or(const char *name)
{
	return name ? name : "?";
}

char *explain_class(char *buf, size_t size, const struct explanation *x)
{
	if (!x || !x->has_class)
		return NULL;
	switch (x->class) {
	case CHECK_UNMAP_EXACT:
		snprintf(buf, size, "exact");
		break;
	case CHECK_UNMAP_SUBSET:
		snprintf(buf, size, "inside");
		break;
	case CHECK_UNMAP_BISECT:
		snprintf(buf, size, "bisects");
		break;
	case CHECK_UNMAP_EMPTY:
		snprintf(buf, size, "nothing");
		break;
	default:
		snprintf(buf, size, x->areas == 1 ? "%u area" : "%u areas", x->areas);
	}
	return buf;
}

/* ---- parts of a sentence ---- */

static void print_area(FILE *out, const struct explain_area *a)
{
	fprintf(out, "area ");
	if (a->number)
		fprintf(out, "#%u ", a->number);
	fprintf(out, RANGE, a->range.iova, a->range.last);
	if (a->owner.tgid)
		fprintf(out, " of pid %u uid %u", a->owner.tgid, a->owner.uid);
}

static void print_user(FILE *out, const struct explain_user *u)
{
	if (u->domain)
		fprintf(out, "domain %u", u->id);
	else if (u->name[0])
		fprintf(out, "device %.23s", u->name);
	else if (u->has_group)
		fprintf(out, "group %u", u->group);
	else if (u->id)
		fprintf(out, "%u", u->id);
	else
		fprintf(out, "somebody not known");
	if (u->domain && u->name[0])
		fprintf(out, " (of device %.23s)", u->name);
	else if (!u->domain && !u->id && u->name[0])
		fprintf(out, " (group %u)", u->group);
}

static void print_ranges(FILE *out, const struct check_range *r, size_t shown, size_t count)
{
	for (size_t i = 0; i < shown; i++)
		fprintf(out, "%s" RANGE, i ? ", " : "", r[i].iova, r[i].last);
	if (count > shown)
		fprintf(out, ", %zu more", count - shown);
	if (!count)
		fprintf(out, "none");
}

static void print_valid(FILE *out, const struct explain_reason *r)
{
	size_t shown = r->nvalid < EXPLAIN_VALID ? r->nvalid : EXPLAIN_VALID;

	if (!r->nvalid)
		return;
	fprintf(out, "; valid: ");
	print_ranges(out, r->valid, shown, r->nvalid);
}

static void print_limit(FILE *out, const struct explain_limit *l)
{
	char used[UNITS_LEN], asked[UNITS_LEN], limit[UNITS_LEN], by[UNITS_LEN];

	fprintf(out, "over RLIMIT_MEMLOCK");
	if (l->counter == IOAS_COUNTER_NONE)
		return;
	if (l->counter == IOAS_COUNTER_USER_LOCKED)
		fprintf(out, ": %s of uid %u", ioas_counter_name(l->counter), l->owner.uid);
	else
		fprintf(out, ": %s of pid %u", name_or(ioas_counter_name(l->counter)),
			l->owner.tgid);
	fprintf(out, " has %s", units_bytes(used, l->used));
	if (!l->exact) {
		fprintf(out, " seen here, and %s were asked for", units_bytes(asked, l->asked));
		return;
	}
	fprintf(out, " of %s, and %s more were to be charged", units_bytes(limit, l->limit),
		units_bytes(asked, l->asked));
	if (l->used + l->asked > l->limit)
		fprintf(out, ": %s short", units_bytes(by, l->used + l->asked - l->limit));
}

/* ---- reasons ---- */

/* What has no field, or only .part. */
static const char *plain(enum explain_what what)
{
	switch (what) {
	case EXPLAIN_NO_SIZE:
		return "the size is 0";
	case EXPLAIN_NO_PROT:
		return "neither readable nor writable";
	case EXPLAIN_NO_MEMORY:
		return "the kernel had no memory";
	case EXPLAIN_NOTHING:
		return "nothing is mapped there";
	case EXPLAIN_BUSY:
		return "somebody else maps or unmaps there";
	case EXPLAIN_BAD_LIST:
		return "ranges of the list are empty or overlap";
	case EXPLAIN_NO_OBJECT:
		return "what it names is not there";
	case EXPLAIN_IN_USE:
		return "something uses it";
	case EXPLAIN_TWICE:
		return "the group is attached already";
	case EXPLAIN_VADDR:
		return "addresses of memory are void and not updated, or the other way round";
	case EXPLAIN_MODE:
		return "a v1 container has no pins of clients";
	case EXPLAIN_INTERRUPTS:
		return "interrupts of the device are not isolated";
	case EXPLAIN_INCOMPATIBLE:
		return "the group has another page table, or device and page table do not go "
		       "together";
	case EXPLAIN_REFUSED_BY_DRIVER:
		return "the IOMMU driver refused";
	case EXPLAIN_ARGUMENT:
		return "a flag that is unknown or does not go with the rest, or arguments that "
		       "cannot be read";
	case EXPLAIN_OUTSIDE:
		return "outside the valid ranges";
	default:
		return NULL;
	}
}

static void area_reason(FILE *out, const struct explain_reason *r)
{
	static const char *const verb[EXPLAIN_WHATS] = {
		[EXPLAIN_OVERLAP] = "overlaps",
		[EXPLAIN_BISECTS] = "would cut",
		[EXPLAIN_INSIDE] = "nothing goes: begins inside",
		[EXPLAIN_HELD] = "a client holds pages and does not let go of",
		[EXPLAIN_READ_ONLY] = "more access is asked for than is allowed by",
	};
	char u[UNITS_LEN];

	fprintf(out, "%s ", name_or(verb[r->what]));
	if (r->has_area)
		print_area(out, &r->area);
	else
		fprintf(out, "an area");
	if (r->what == EXPLAIN_BISECTS && r->bytes)
		fprintf(out, ", after %s were unmapped", units_bytes(u, r->bytes));
}

static void in_way(FILE *out, const struct explain_reason *r)
{
	bool known = r->range.last;

	if (r->what == EXPLAIN_RESERVED_IN_WAY) {
		fprintf(out, "a range of the list is reserved");
		if (known) {
			fprintf(out, ": " RANGE " for ", r->range.iova, r->range.last);
			print_user(out, &r->user);
		}
		print_valid(out, r);
		return;
	}
	if (r->what == EXPLAIN_ALLOWED_IN_WAY && r->other.last)
		fprintf(out, "allowed range " RANGE, r->other.iova, r->other.last);
	else if (r->what == EXPLAIN_ALLOWED_IN_WAY)
		fprintf(out, "an allowed range");
	else if (r->has_area)
		print_area(out, &r->area);
	else
		fprintf(out, "an area");
	if (known) {
		fprintf(out, " lies in " RANGE ", to be reserved for ", r->range.iova,
			r->range.last);
		print_user(out, &r->user);
	} else {
		fprintf(out, " lies in what must be reserved");
	}
}

static void range_reason(FILE *out, const struct explain_reason *r)
{
	char u[UNITS_LEN];

	switch (r->what) {
	case EXPLAIN_RESERVED:
		fprintf(out, "reserved");
		if (r->range.last) {
			fprintf(out, ": " RANGE " for ", r->range.iova, r->range.last);
			print_user(out, &r->user);
		}
		break;
	case EXPLAIN_APERTURE:
		fprintf(out, "outside the aperture " RANGE " of ", r->range.iova, r->range.last);
		print_user(out, &r->user);
		break;
	case EXPLAIN_NOT_THERE:
		fprintf(out, "no memory that can be pinned");
		if (r->range.last)
			fprintf(out, " at va " RANGE, r->range.iova, r->range.last);
		fprintf(out, " (nothing mapped there, no right to write, or device memory)");
		if (r->now[0])
			fprintf(out, "; now it has there: %.79s", r->now);
		break;
	case EXPLAIN_HOLE:
		fprintf(out, "nothing is mapped at ");
		if (r->range.last)
			fprintf(out, "0x%" PRIx64, r->range.iova);
		else
			fprintf(out, "some address of the range");
		break;
	case EXPLAIN_NO_ROOM:
		fprintf(out, "no free addresses for %s", units_bytes(u, r->bytes));
		print_valid(out, r);
		break;
	default:
		break;
	}
}

static void number_reason(FILE *out, const struct explain_reason *r)
{
	char u[UNITS_LEN];

	if (r->what == EXPLAIN_MISALIGNED && r->part)
		fprintf(out, "%s is not a multiple of %s", r->part, units_bytes(u, r->bytes));
	else if (r->what == EXPLAIN_MISALIGNED)
		fprintf(out, "an address or size is not aligned");
	else if (r->what == EXPLAIN_WRAPS)
		fprintf(out, "%s goes beyond the last address", r->part ? r->part : "the range");
	else
		fprintf(out,
			"no entry left: %" PRIu64
			" areas are there (vfio_iommu_type1.dma_entry_limit)",
			r->bytes);
}

static void print_reason(FILE *out, const struct explain_reason *r)
{
	switch (r->what) {
	case EXPLAIN_OVERLAP:
	case EXPLAIN_BISECTS:
	case EXPLAIN_INSIDE:
	case EXPLAIN_HELD:
	case EXPLAIN_READ_ONLY:
		area_reason(out, r);
		break;
	case EXPLAIN_AREA_IN_WAY:
	case EXPLAIN_ALLOWED_IN_WAY:
	case EXPLAIN_RESERVED_IN_WAY:
		in_way(out, r);
		break;
	case EXPLAIN_RESERVED:
	case EXPLAIN_APERTURE:
	case EXPLAIN_NOT_THERE:
	case EXPLAIN_HOLE:
	case EXPLAIN_NO_ROOM:
		range_reason(out, r);
		break;
	case EXPLAIN_MISALIGNED:
	case EXPLAIN_WRAPS:
	case EXPLAIN_ENTRIES:
		number_reason(out, r);
		break;
	case EXPLAIN_LIMIT:
		print_limit(out, &r->limit);
		break;
	default:
		fprintf(out, "%s", name_or(plain(r->what)));
		print_valid(out, r);
	}
}

static void print_reasons(FILE *out, const struct explanation *x)
{
	for (size_t i = 0; i < x->nreasons; i++) {
		fprintf(out, INDENT "%s ", x->certain ? "why:" : i ? "or:" : "maybe:");
		print_reason(out, &x->reasons[i]);
		fputc('\n', out);
	}
}

/* ---- valid ranges ---- */

static void print_cause(FILE *out, const struct explain_cause *c)
{
	fprintf(out, INDENT "because of ");
	print_user(out, &c->user);
	if (c->class == IOAS_RANGE_RESERVED)
		fprintf(out, ": %s" RANGE "%s", c->aperture ? "aperture " : "reserved ",
			c->range.iova, c->range.last, c->gone ? ", no more" : "");
	fputc('\n', out);
}

size_t explain_shown_from(const struct explanation *x, const struct check_ranges *list)
{
	const struct check_ranges *a = x->before, *b = x->after;
	size_t from = 0;

	while (from < a->count && from < b->count && a->at[from].iova == b->at[from].iova &&
	       a->at[from].last == b->at[from].last)
		from++;
	from -= from < EXPLAIN_SHOWN / 4 ? from : EXPLAIN_SHOWN / 4;
	if (list->count < EXPLAIN_SHOWN)
		return 0;
	return from < list->count - EXPLAIN_SHOWN ? from : list->count - EXPLAIN_SHOWN;
}

static void print_side(FILE *out, const struct explanation *x, const struct check_ranges *list)
{
	size_t shown = list->count < EXPLAIN_SHOWN ? list->count : EXPLAIN_SHOWN;

	print_ranges(out, list->at + explain_shown_from(x, list), shown, list->count);
}

static void print_change(FILE *out, const struct explanation *x)
{
	size_t shown = x->ncauses < EXPLAIN_CAUSES ? x->ncauses : EXPLAIN_CAUSES;

	if (!x->before && !x->unkept)
		return;
	fprintf(out, INDENT "valid ranges: ");
	if (x->unkept) {
		fprintf(out, "not known; there were too many to keep");
	} else {
		print_side(out, x, x->before);
		fprintf(out, " -> ");
		print_side(out, x, x->after);
	}
	fputc('\n', out);
	for (size_t i = 0; i < shown; i++)
		print_cause(out, &x->causes[i]);
	if (x->ncauses > shown)
		fprintf(out, INDENT "and %zu more\n", x->ncauses - shown);
}

void explain_lines(FILE *out, const struct explanation *x)
{
	print_reasons(out, x);
	print_change(out, x);
}
