// SPDX-License-Identifier: GPL-2.0-or-later
/* What of an IOAS's memory is stale: its process has let go of it, devices have not. */
#include <inttypes.h>

#include "core/event.h"
#include "view/show_impl.h"
#include "view/units.h"

#define LINES_MAX 20 /* the areas have it in their column anyway */

static void line(FILE *out, const struct state *s, const struct state_stale *v)
{
	char bytes[UNITS_LEN], ago[UNITS_LEN];

	fputs("  stale: ", out);
	if (v->area)
		fprintf(out, "area %u ", v->area);
	fprintf(out, "at 0x%" PRIx64 ": %s in VA 0x%" PRIx64 "-0x%" PRIx64 " of pid %u, %s",
		(uint64_t)v->iova, units_bytes(bytes, v->bytes), (uint64_t)v->va, (uint64_t)v->last,
		v->tgid, ioas_cause_name(v->cause));
	if (s->time_ns > v->since_ns)
		fprintf(out, " %s ago", units_time(ago, s->time_ns - v->since_ns));
	fputc('\n', out);
}

void show_stale_text(FILE *out, const struct state *s, const struct state_ioas *i)
{
	for (size_t n = 0; n < i->nstales && n < LINES_MAX; n++)
		line(out, s, &i->stales[n]);
	if (i->nstales > LINES_MAX)
		fprintf(out, "  stale: %zu areas more\n", i->nstales - LINES_MAX);
	if (i->stale_lost)
		fprintf(out, "  stale: of %zu areas not known, or not all: events were lost\n",
			i->stale_lost);
}

void show_stale_json(struct json *j, const struct state_ioas *i)
{
	if (i->stale_lost)
		json_u64(j, "stale_unknown", i->stale_lost);
	if (!i->nstales)
		return;
	json_array(j, "stale");
	for (size_t n = 0; n < i->nstales; n++) {
		const struct state_stale *v = &i->stales[n];

		json_object(j, NULL);
		json_id(j, "area", v->area);
		json_u64(j, "iova", v->iova);
		json_u64(j, "va", v->va);
		json_u64(j, "last", v->last);
		json_u64(j, "bytes", v->bytes);
		json_u64(j, "owner_pid", v->tgid);
		json_str(j, "cause", ioas_cause_name(v->cause));
		json_u64(j, "since_ns", v->since_ns);
		json_end_object(j);
	}
	json_end_array(j);
}
