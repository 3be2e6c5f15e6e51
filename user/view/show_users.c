// SPDX-License-Identifier: GPL-2.0-or-later
/* Who uses an IOAS, where areas may be, and what pages objects a context has. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/event.h"
#include "view/show_impl.h"
#include "view/show_table.h"

static void domains_text(FILE *out, const struct state_ioas *i)
{
	char page[UNITS_LEN], mapped[UNITS_LEN];

	for (size_t n = 0; n < i->ndomains; n++) {
		const struct state_domain *d = &i->domains[n];

		fprintf(out, "  domain %u: %s mapped", d->id,
			units_bytes(mapped, d->mapped > 0 ? d->mapped : 0));
		if (d->page_size)
			fprintf(out, ", pages of %s and larger", units_bytes(page, d->page_size));
		fputc('\n', out);
	}
}

static void devices_text(FILE *out, const struct state_ioas *i)
{
	for (size_t n = 0; n < i->ndevices; n++) {
		const struct state_device *d = &i->devices[n];

		fprintf(out, "  device %u: %s group %u", d->id, d->name[0] ? d->name : "?",
			d->group);
		if (d->domain)
			fprintf(out, ", domain %u", d->domain);
		fputc('\n', out);
	}
}

static void accesses_text(FILE *out, const struct state_ioas *i)
{
	for (size_t n = 0; n < i->naccesses; n++) {
		const struct state_access *a = &i->accesses[n];

		fprintf(out, "  access %u: ", a->id);
		if (a->pins >= 0)
			fprintf(out, "%" PRId64 " pages held", (int64_t)a->pins);
		else
			fprintf(out, "some pages of this IOAS may be held");
		fprintf(out, "%s\n", a->exact ? ", let go as they were taken" : "");
	}
}

static void ranges_text(FILE *out, const struct state_ioas *i)
{
	char u[UNITS_LEN];

	for (size_t n = 0; n < i->nranges; n++) {
		const struct state_range *r = &i->ranges[n];

		fprintf(out, "  %s 0x%" PRIx64 "-0x%" PRIx64 " (%s)", ioas_range_name(r->class),
			(uint64_t)r->iova, (uint64_t)r->last,
			units_bytes(u, state_bytes(r->iova, r->last)));
		if (r->owner)
			fprintf(out, " asked for by %u", r->owner);
		fputc('\n', out);
	}
}

void show_users_text(FILE *out, const struct state_ioas *i)
{
	if (i->users_known) {
		domains_text(out, i);
		devices_text(out, i);
		accesses_text(out, i);
		if (!i->ngroups && !i->ndomains && !i->ndevices && !i->naccesses)
			fprintf(out, "  nothing attached\n");
	}
	if (i->ranges_known)
		ranges_text(out, i);
}

static void pages_row(struct show_table *t, const struct state_pages *p)
{
	char u[UNITS_LEN];

	show_cell(t, "%u", p->id);
	show_cell(t, "%s", ioas_memory_name(p->memory));
	if (p->memory == IOAS_MEMORY_USER)
		show_cell(t, "0x%" PRIx64, (uint64_t)p->va);
	else
		show_cell(t, "-");
	show_cell(t, "%s", units_bytes(u, show_page_bytes(p->npages)));
	show_cell(t, "%s", p->writable ? "rw" : "r");
	show_cell(t, "%u", p->areas);
	show_cell_pages(t, p->pinned);
	show_cell_pages(t, p->charged > 0 ? p->charged : 0);
	show_cell(t, "%s", ioas_counter_name(p->account));
	show_cell(t, "[%u] uid %u", p->tgid, p->uid);
}

int show_pages_table(FILE *out, const struct state_ctx *c, const struct show_filter *f)
{
	static const struct show_column columns[] = {
		{ "PAGES", 1 }, { "MEMORY", 0 }, { "VA", 1 },	   { "SIZE", 1 },    { "PROT", 0 },
		{ "AREAS", 1 }, { "PINNED", 1 }, { "CHARGED", 1 }, { "COUNTER", 0 }, { "OWNER", 0 },
	};
	struct show_table t;
	__u32 *ids;
	size_t n;

	if (!c->npages && !c->ncharges)
		return 0;
	ids = show_wanted_pages(f, c, &n);
	fprintf(out, "  %zu pages objects, each pinned and charged once\n", c->npages);
	show_charges_text(out, c->charges, c->ncharges);
	show_table_begin(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t p = 0; p < c->npages; p++) {
		if (show_wants_pages(ids, n, c->pages[p].id))
			pages_row(&t, &c->pages[p]);
	}
	free(ids);
	return show_table_end(&t, out, "");
}
