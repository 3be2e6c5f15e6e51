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
		if (d->dirty > 0)
			fprintf(out, ", dirty tracking on");
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
