// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/event.h"
#include "core/state_shared.h"
#include "view/show_impl.h"
#include "view/show_table.h"
#include "view/units.h"

char *show_group_devices(char *buf, size_t len, const char *sysfs, __u32 group)
{
	char path[256];
	struct dirent *d;
	size_t n = 0;
	DIR *dir;

	buf[0] = '\0';
	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%u/devices", sysfs ? sysfs : "/sys",
		 group);
	dir = opendir(path);
	if (!dir)
		return buf;
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		n += snprintf(buf + n, len - n, "%s%s", n ? " " : "", d->d_name);
		if (n >= len)
			break;
	}
	closedir(dir);
	return buf;
}

const char *show_condition(const struct state_area *a)
{
	if (a->going)
		return "going";
	if (a->stale)
		return "stale";
	if (a->stale_lost && a->vaddr_invalid <= 0)
		return "maybe-stale";
	return a->vaddr_invalid > 0 ? "no-va" : a->vaddr_invalid ? "unknown" : "live";
}

const char *show_ctx_noun(const struct state_ctx *c)
{
	return c->backend == IOAS_BACKEND_TYPE1 || c->backend == IOAS_BACKEND_COMPAT ? "container"
										     : "file";
}

static void groups_line(FILE *out, const struct state_ioas *i)
{
	char devices[256];

	for (__u32 g = 0; g < i->ngroups; g++) {
		fprintf(out, "  group %u: %s%s\n", i->groups[g].id,
			show_group_devices(devices, sizeof(devices), NULL, i->groups[g].id),
			i->groups[g].emulated ? " (mediated: pins on demand)" : "");
	}
	if (i->users_known || i->ngroups)
		return;
	fprintf(out, i->backend == IOAS_BACKEND_TYPE1 ? "  no group attached\n"
						      : "  who uses it is not known here\n");
}

void show_charges_text(FILE *out, const struct state_charge *c, size_t n)
{
	static const char *const counters[] = {
		[IOAS_COUNTER_NONE] = "no counter",
		[IOAS_COUNTER_MM_LOCKED] = "mm->locked_vm",
		[IOAS_COUNTER_USER_LOCKED] = "user->locked_vm",
		[IOAS_COUNTER_MM_PINNED] = "mm->pinned_vm",
	};
	char u[UNITS_LEN], comm[UNITS_LEN];

	for (; n; n--, c++) {
		fprintf(out, "  charged to %s[%u] uid %u: %s (%s)\n", units_comm(comm, c->comm),
			c->tgid, c->uid, units_bytes(u, show_page_bytes(c->pages)),
			c->counter < sizeof(counters) / sizeof(counters[0]) ? counters[c->counter]
									    : "?");
	}
}

static char *pages_or_unknown(char buf[UNITS_LEN], __s64 pages, __u32 missing)
{
	return show_pages(buf, missing & IOAS_MISSING_PINS ? -1 : pages);
}

static void ioas_line(FILE *out, const struct state *s, const struct state_ioas *i)
{
	char bytes[UNITS_LEN], pinned[UNITS_LEN], other[UNITS_LEN];

	fprintf(out, "  IOAS %u", i->id);
	if (i->object)
		fprintf(out, " (object %u)", i->object);
	fprintf(out, "  %s %s  %zu areas, %s mapped, %s pinned", ioas_backend_name(i->backend),
		ioas_mode_name(i->mode), i->nareas, units_bytes(bytes, i->bytes),
		pages_or_unknown(pinned, i->pinned, s->missing));
	if (i->pfnmap > 0)
		fprintf(out, ", %s not RAM", units_bytes(other, show_page_bytes(i->pfnmap)));
	if (i->client_pins > 0)
		fprintf(out, ", %" PRId64 " client pins", (int64_t)i->client_pins);
	if (i->entries_left >= 0)
		fprintf(out, ", %" PRId64 " entries left", (int64_t)i->entries_left);
	fputc('\n', out);
}

/* Nobody reaches it: what it holds is for copies, and that is what it is worth. */
static void cache_line(FILE *out, const struct state_ioas *i, const __u64 *shared)
{
	char bytes[UNITS_LEN];

	if (state_use(i) == STATE_USE_NONE && i->nareas && shared)
		fprintf(out, "  a cache: %s of it mapped by other IOASes, too\n",
			units_bytes(bytes, *shared));
}

static int ioas_text(FILE *out, const struct state *s, const struct state_ioas *i,
		     const struct show_filter *f, const __u64 *shared)
{
	int err = 0;

	ioas_line(out, s, i);
	groups_line(out, i);
	show_users_text(out, i);
	cache_line(out, i, shared);
	show_charges_text(out, i->charges, i->ncharges);
	/* Of iommufd the domains have said it, where they are known. */
	if (i->dirty > 0 && !i->ndomains)
		fprintf(out, "  dirty tracking on: %s\n",
			i->non_pinned_groups ? "every mapped page counts as dirty"
					     : "pinned pages only");
	if (i->vaddr_invalid)
		fprintf(out, "  %u areas wait for their memory (VADDR update)\n", i->vaddr_invalid);
	show_stale_text(out, s, i);
	if (i->adopted)
		fprintf(out, "  older than the trace: areas mapped before it are not listed\n");
	if (i->truncated)
		fprintf(out, "  there is more than was counted\n");
	if (i->raced)
		fprintf(out, "  it changed while it was read: areas may be missing or too many\n");
	if (f->histogram)
		err = show_histogram_text(out, i);
	if (err)
		return err;
	return f->merged ? show_merged_table(out, i, f) : show_areas_table(out, i, f);
}

static int ctx_text(FILE *out, const struct state *s, const struct state_ctx *c,
		    const struct show_filter *f)
{
	__u64 *shared = c->pages_known ? state_shared(c) : NULL;
	char comm[UNITS_LEN];
	int err = 0;

	fprintf(out, "CONTEXT %u  %s %s%s  %s[%u] uid %u\n", c->id, ioas_backend_name(c->backend),
		show_ctx_noun(c), c->closed > 0 ? " (file closed)" : "",
		units_comm(comm, c->who.comm), c->who.tgid, c->who.uid);
	if (c->uncertain_ns)
		fprintf(out, "  UNCERTAIN: events were lost; what is listed may be wrong\n");
	for (size_t i = 0; i < c->nioases && !err; i++) {
		if (show_wants_ioas(f, c, &c->ioases[i]))
			err = ioas_text(out, s, &c->ioases[i], f, shared ? &shared[i] : NULL);
	}
	free(shared);
	return err ? err : show_pages_table(out, c, f);
}

int show_text(FILE *out, const struct state *s, const struct show_filter *f)
{
	size_t shown = 0;
	int err = 0;

	for (size_t c = 0; c < s->nctxs && !err; c++) {
		if (!show_wants_ctx(f, &s->ctxs[c]))
			continue;
		if (shown++)
			fputc('\n', out);
		err = ctx_text(out, s, &s->ctxs[c], f);
	}
	if (!shown)
		fprintf(out, s->nctxs ? "nothing matches\n" : "no context is open\n");
	return err;
}
