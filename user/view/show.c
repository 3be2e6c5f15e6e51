// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/show.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <string.h>

#include "core/event.h"
#include "view/json.h"
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

static bool holds(const struct state_ioas *i, __u64 iova)
{
	for (size_t n = 0; n < i->nareas; n++) {
		if (i->areas[n].iova <= iova && iova <= i->areas[n].last)
			return true;
	}
	return false;
}

static bool wanted(const struct show_filter *f, const struct state_ctx *c,
		   const struct state_ioas *i)
{
	if (f->ioas && i->id != f->ioas)
		return false;
	if (f->has_iova && !holds(i, f->iova))
		return false;
	if (!f->pid || c->who.tgid == f->pid)
		return true;
	for (size_t n = 0; n < i->nareas; n++) {
		if (i->areas[n].tgid == f->pid)
			return true;
	}
	return false;
}

/* A context is shown for its own sake, or for an IOAS of it that is wanted. */
static bool wanted_ctx(const struct show_filter *f, const struct state_ctx *c)
{
	for (size_t n = 0; n < c->nioases; n++) {
		if (wanted(f, c, &c->ioases[n]))
			return true;
	}
	return !f->ioas && !f->has_iova && (!f->pid || c->who.tgid == f->pid);
}

static bool wanted_area(const struct show_filter *f, const struct state_area *a)
{
	return !f->has_iova || (a->iova <= f->iova && f->iova <= a->last);
}

/* "one word" of an area's condition */
static const char *condition(const struct state_area *a)
{
	if (a->going)
		return "going";
	return a->vaddr_invalid > 0 ? "no-va" : a->vaddr_invalid ? "unknown" : "live";
}

static int add_columns(struct libscols_table *t)
{
	static const struct {
		const char *name;
		int flags;
	} cols[] = {
		{ "AREA", SCOLS_FL_RIGHT },
		{ "IOVA", SCOLS_FL_RIGHT },
		{ "LAST", SCOLS_FL_RIGHT },
		{ "SIZE", SCOLS_FL_RIGHT },
		{ "VA", SCOLS_FL_RIGHT },
		{ "PROT", 0 },
		{ "PINNED", SCOLS_FL_RIGHT },
		{ "NOT-RAM", SCOLS_FL_RIGHT },
		{ "STATE", 0 },
		{ "OWNER", 0 },
	};

	for (size_t i = 0; i < sizeof(cols) / sizeof(cols[0]); i++) {
		if (!scols_table_new_column(t, cols[i].name, 0, cols[i].flags))
			return -ENOMEM;
	}
	return 0;
}

static int add_row(struct libscols_table *t, const struct state_area *a)
{
	struct libscols_line *l = scols_table_new_line(t, NULL);
	char text[10][64], u[UNITS_LEN];

	if (!l)
		return -ENOMEM;
	snprintf(text[0], 64, a->area ? "%u" : "-", a->area);
	snprintf(text[1], 64, "0x%" PRIx64, (uint64_t)a->iova);
	snprintf(text[2], 64, "0x%" PRIx64, (uint64_t)a->last);
	snprintf(text[3], 64, "%s", units_bytes(u, a->last - a->iova + 1));
	snprintf(text[4], 64, "0x%" PRIx64, (uint64_t)a->va);
	snprintf(text[5], 64, "%s", units_prot(a->prot));
	snprintf(text[6], 64, "%s",
		 a->pinned < 0 ? "?" : units_bytes(u, a->pinned << IOAS_PAGE_SHIFT));
	snprintf(text[7], 64, "%s",
		 a->pfnmap < 0 ? "?" : units_bytes(u, a->pfnmap << IOAS_PAGE_SHIFT));
	snprintf(text[8], 64, "%s", condition(a));
	snprintf(text[9], 64, "%s[%u] uid %u", units_comm(u, a->comm), a->tgid, a->uid);
	for (size_t i = 0; i < 10; i++) {
		if (scols_line_set_data(l, i, text[i]))
			return -ENOMEM;
	}
	return 0;
}

static int areas_table(FILE *out, const struct state_ioas *i, const struct show_filter *f)
{
	struct libscols_table *t = scols_new_table();
	int err = t ? add_columns(t) : -ENOMEM;
	size_t rows = 0;

	for (size_t n = 0; n < i->nareas && !err; n++) {
		if (!wanted_area(f, &i->areas[n]))
			continue;
		err = add_row(t, &i->areas[n]);
		rows++;
	}
	if (!err) {
		scols_table_set_stream(t, out);
		scols_table_enable_noheadings(t, !rows);
		err = rows ? scols_print_table(t) : 0;
	}
	scols_unref_table(t);
	return err;
}

static void groups_line(FILE *out, const struct state_ioas *i)
{
	char devices[256];

	for (__u32 g = 0; g < i->ngroups; g++) {
		fprintf(out, "  group %u: %s%s\n", i->groups[g].id,
			show_group_devices(devices, sizeof(devices), NULL, i->groups[g].id),
			i->groups[g].emulated ? " (mediated: pins on demand)" : "");
	}
	if (!i->ngroups)
		fprintf(out, "  no group attached\n");
}

static void charges_line(FILE *out, const struct state_ioas *i)
{
	char u[UNITS_LEN], comm[UNITS_LEN];

	for (size_t n = 0; n < i->ncharges; n++) {
		const struct state_charge *c = &i->charges[n];

		fprintf(out, "  charged to %s[%u] uid %u: %s (mm->locked_vm)\n",
			units_comm(comm, c->comm), c->tgid, c->uid,
			units_bytes(u, c->pages > 0 ? c->pages << IOAS_PAGE_SHIFT : 0));
	}
}

static char *pages_or_unknown(char buf[UNITS_LEN], __s64 pages, __u32 missing)
{
	if (pages < 0 || missing & IOAS_MISSING_PINS)
		snprintf(buf, UNITS_LEN, "?");
	else
		units_bytes(buf, pages << IOAS_PAGE_SHIFT);
	return buf;
}

static int ioas_text(FILE *out, const struct state *s, const struct state_ioas *i,
		     const struct show_filter *f)
{
	char bytes[UNITS_LEN], pinned[UNITS_LEN], other[UNITS_LEN];

	fprintf(out, "  IOAS %u  %s %s  %zu areas, %s mapped, %s pinned", i->id,
		ioas_backend_name(i->backend), ioas_mode_name(i->mode), i->nareas,
		units_bytes(bytes, i->bytes), pages_or_unknown(pinned, i->pinned, s->missing));
	if (i->pfnmap > 0)
		fprintf(out, ", %s not RAM", units_bytes(other, i->pfnmap << IOAS_PAGE_SHIFT));
	if (i->client_pins > 0)
		fprintf(out, ", %" PRId64 " client pins", (int64_t)i->client_pins);
	if (i->entries_left >= 0)
		fprintf(out, ", %" PRId64 " entries left", (int64_t)i->entries_left);
	fputc('\n', out);
	groups_line(out, i);
	charges_line(out, i);
	if (i->dirty)
		fprintf(out, "  dirty tracking on: %s\n",
			i->non_pinned_groups ? "every mapped page counts as dirty"
					     : "pinned pages only");
	if (i->vaddr_invalid)
		fprintf(out, "  %u areas wait for their memory (VADDR update)\n", i->vaddr_invalid);
	if (i->adopted)
		fprintf(out, "  older than the trace: areas mapped before it are not listed\n");
	if (i->truncated)
		fprintf(out, "  more client pins than were counted\n");
	return areas_table(out, i, f);
}

int show_text(FILE *out, const struct state *s, const struct show_filter *f)
{
	char comm[UNITS_LEN];
	size_t shown = 0;
	int err = 0;

	for (size_t c = 0; c < s->nctxs && !err; c++) {
		const struct state_ctx *ctx = &s->ctxs[c];

		if (!wanted_ctx(f, ctx))
			continue;
		fprintf(out, "%sCONTEXT %u  %s container%s  %s[%u] uid %u\n", shown ? "\n" : "",
			ctx->id, ioas_backend_name(ctx->backend),
			ctx->closed > 0 ? " (file closed)" : "", units_comm(comm, ctx->who.comm),
			ctx->who.tgid, ctx->who.uid);
		shown++;
		if (ctx->uncertain_ns)
			fprintf(out,
				"  UNCERTAIN: events were lost; what is listed may be wrong\n");
		for (size_t i = 0; i < ctx->nioases && !err; i++) {
			if (wanted(f, ctx, &ctx->ioases[i]))
				err = ioas_text(out, s, &ctx->ioases[i], f);
		}
	}
	if (!shown)
		fprintf(out, s->nctxs ? "nothing matches\n" : "no VFIO container is open\n");
	return err;
}

/* What no hook counts is null, never 0. */
static void json_count(struct json *j, const char *key, bool known, __s64 v)
{
	if (known)
		json_s64(j, key, v);
	else
		json_null(j, key);
}

static void json_area(struct json *j, const struct state_area *a)
{
	json_object(j, NULL);
	if (a->area)
		json_u64(j, "area", a->area);
	else
		json_null(j, "area");
	json_u64(j, "iova", a->iova);
	json_u64(j, "last", a->last);
	json_u64(j, "size", a->last - a->iova + 1);
	json_u64(j, "va", a->va);
	json_str(j, "prot", units_prot(a->prot));
	json_count(j, "pinned_pages", a->pinned >= 0, a->pinned);
	if (a->pfnmap < 0)
		json_null(j, "pfnmap_pages");
	else
		json_s64(j, "pfnmap_pages", a->pfnmap);
	json_str(j, "state", condition(a));
	json_u64(j, "owner_pid", a->tgid);
	json_u64(j, "owner_uid", a->uid);
	json_strn(j, "owner_comm", a->comm[0] ? a->comm : NULL, sizeof(a->comm));
	if (a->time_ns)
		json_u64(j, "mapped_ns", a->time_ns);
	else
		json_null(j, "mapped_ns");
	json_end_object(j);
}

static void json_groups(struct json *j, const struct state_ioas *i)
{
	char devices[256];

	json_array(j, "groups");
	for (__u32 g = 0; g < i->ngroups; g++) {
		json_object(j, NULL);
		json_u64(j, "group", i->groups[g].id);
		json_bool(j, "emulated", i->groups[g].emulated);
		json_str(j, "devices",
			 show_group_devices(devices, sizeof(devices), NULL, i->groups[g].id));
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_charges(struct json *j, const struct state_ioas *i)
{
	json_array(j, "charges");
	for (size_t n = 0; n < i->ncharges; n++) {
		const struct state_charge *c = &i->charges[n];

		json_object(j, NULL);
		json_str(j, "counter", ioas_counter_name(IOAS_COUNTER_MM_LOCKED));
		json_u64(j, "pid", c->tgid);
		json_u64(j, "uid", c->uid);
		json_strn(j, "comm", c->comm[0] ? c->comm : NULL, sizeof(c->comm));
		json_s64(j, "pages", c->pages);
		json_end_object(j);
	}
	json_end_array(j);
}

static void json_ioas(struct json *j, const struct state_ioas *i, const struct show_filter *f,
		      __u32 missing)
{
	bool pins = !(missing & IOAS_MISSING_PINS) && i->pinned >= 0;

	json_object(j, NULL);
	json_u64(j, "ioas", i->id);
	json_str(j, "backend", ioas_backend_name(i->backend));
	json_str(j, "mode", ioas_mode_name(i->mode));
	json_bool(j, "complete", !i->adopted && !i->truncated);
	json_u64(j, "mapped_bytes", i->bytes);
	json_count(j, "pinned_pages", pins, i->pinned);
	json_count(j, "pfnmap_pages", pins, i->pfnmap);
	json_count(j, "client_pins", i->client_pins >= 0 && !i->adopted, i->client_pins);
	json_count(j, "charged_pages", !(missing & IOAS_MISSING_CHARGES), state_charged(i));
	if (i->entries_left < 0)
		json_null(j, "entries_left");
	else
		json_s64(j, "entries_left", i->entries_left);
	json_bool(j, "dirty_tracking", i->dirty);
	json_u64(j, "non_pinned_groups", i->non_pinned_groups);
	json_u64(j, "vaddr_invalid", i->vaddr_invalid);
	json_groups(j, i);
	json_charges(j, i);
	json_array(j, "areas");
	for (size_t n = 0; n < i->nareas; n++) {
		if (wanted_area(f, &i->areas[n]))
			json_area(j, &i->areas[n]);
	}
	json_end_array(j);
	json_end_object(j);
}

static void json_ctx(struct json *j, const struct state_ctx *c, const struct show_filter *f,
		     __u32 missing)
{
	json_object(j, NULL);
	json_u64(j, "context", c->id);
	json_str(j, "backend", ioas_backend_name(c->backend));
	json_u64(j, "pid", c->who.tgid);
	json_u64(j, "uid", c->who.uid);
	json_strn(j, "comm", c->who.comm, sizeof(c->who.comm));
	if (c->closed < 0)
		json_null(j, "closed");
	else
		json_bool(j, "closed", c->closed);
	if (c->uncertain_ns)
		json_u64(j, "uncertain_since_ns", c->uncertain_ns);
	else
		json_null(j, "uncertain_since_ns");
	json_array(j, "ioases");
	for (size_t i = 0; i < c->nioases; i++) {
		if (wanted(f, c, &c->ioases[i]))
			json_ioas(j, &c->ioases[i], f, missing);
	}
	json_end_array(j);
	json_end_object(j);
}

void show_json(FILE *out, const struct state *s, const struct show_filter *f, bool pretty)
{
	struct json j;

	json_init(&j, out, pretty);
	json_object(&j, NULL);
	json_u64(&j, "schema", SHOW_SCHEMA);
	json_str(&j, "source", s->source == STATE_FROM_KERNEL ? "kernel" : "events");
	json_u64(&j, "time_ns", s->time_ns);
	json_array(&j, "contexts");
	for (size_t c = 0; c < s->nctxs; c++) {
		if (wanted_ctx(f, &s->ctxs[c]))
			json_ctx(&j, &s->ctxs[c], f, s->missing);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}
