// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/event.h"
#include "view/explain.h"

static const char *const class_names[CHECK_UNMAP_CLASSES] = {
	[CHECK_UNMAP_EXACT] = "exact",	 [CHECK_UNMAP_SUPERSET] = "covers",
	[CHECK_UNMAP_SUBSET] = "inside", [CHECK_UNMAP_BISECT] = "bisects",
	[CHECK_UNMAP_EMPTY] = "nothing", [CHECK_UNMAP_ALL] = "all",
};

static void json_range(struct json *j, const char *key, struct check_range r)
{
	json_object(j, key);
	json_u64(j, "iova", r.iova);
	json_u64(j, "last", r.last);
	json_end_object(j);
}

static void json_ranges(struct json *j, const char *key, const struct check_range *r, size_t count)
{
	json_array(j, key);
	for (size_t i = 0; i < count; i++)
		json_range(j, NULL, r[i]);
	json_end_array(j);
}

static void json_user(struct json *j, const struct explain_user *u)
{
	json_id(j, "asked_by", u->id);
	if (u->domain)
		json_bool(j, "domain", true);
	if (u->has_group)
		json_u64(j, "group", u->group);
	if (u->name[0])
		json_strn(j, "device", u->name, sizeof(u->name));
}

static void json_limit(struct json *j, const struct explain_limit *l)
{
	json_str(j, "counter", ioas_counter_name(l->counter));
	json_bool(j, "exact", l->exact);
	json_u64(j, "used", l->used);
	json_u64(j, "asked", l->asked);
	if (l->exact)
		json_u64(j, "limit", l->limit);
	else
		json_null(j, "limit");
	json_u64(j, "owner_pid", l->owner.tgid);
	json_u64(j, "owner_uid", l->owner.uid);
}

static void json_area(struct json *j, const struct explain_area *a)
{
	json_object(j, "area");
	json_id(j, "area", a->number);
	json_u64(j, "iova", a->range.iova);
	json_u64(j, "last", a->range.last);
	if (a->owner.tgid) {
		json_u64(j, "owner_pid", a->owner.tgid);
		json_u64(j, "owner_uid", a->owner.uid);
	}
	json_u64(j, "mapped_ns", a->time_ns);
	json_end_object(j);
}

static void json_reason(struct json *j, const struct explain_reason *r)
{
	size_t nvalid = r->nvalid < EXPLAIN_VALID ? r->nvalid : EXPLAIN_VALID;

	json_object(j, NULL);
	json_str(j, "what", explain_name(r->what));
	if (r->part)
		json_str(j, "argument", r->part);
	if (r->has_area)
		json_area(j, &r->area);
	if (r->range.last) {
		json_range(j, "range", r->range);
		if (r->user.id || r->user.has_group)
			json_user(j, &r->user);
	}
	if (r->now[0])
		json_strn(j, "now", r->now, sizeof(r->now));
	if (r->other.last)
		json_range(j, "allowed", r->other);
	if (r->bytes)
		json_u64(j, r->what == EXPLAIN_ENTRIES ? "areas" : "bytes", r->bytes);
	if (r->what == EXPLAIN_LIMIT)
		json_limit(j, &r->limit);
	if (nvalid) {
		json_ranges(j, "valid", r->valid, nvalid);
		json_u64(j, "valid_count", r->nvalid);
	}
	json_end_object(j);
}

static void json_cause(struct json *j, const struct explain_cause *c)
{
	json_object(j, NULL);
	json_user(j, &c->user);
	json_str(j, "what", c->aperture ? "aperture" : ioas_range_name(c->class));
	json_bool(j, "gone", c->gone);
	if (c->class == IOAS_RANGE_RESERVED)
		json_range(j, "range", c->range);
	json_end_object(j);
}

static void json_side(struct json *j, const char *key, const char *count,
		      const struct explanation *x, const struct check_ranges *list)
{
	if (!list) {
		json_null(j, key);
		json_null(j, count);
		return;
	}
	json_ranges(j, key, list->at + explain_shown_from(x, list),
		    list->count < EXPLAIN_SHOWN ? list->count : EXPLAIN_SHOWN);
	json_u64(j, count, list->count);
}

static void json_change(struct json *j, const struct explanation *x)
{
	size_t shown = x->ncauses < EXPLAIN_CAUSES ? x->ncauses : EXPLAIN_CAUSES;

	json_object(j, "valid_ranges");
	json_side(j, "before", "before_count", x, x->before);
	json_side(j, "after", "after_count", x, x->after);
	json_array(j, "because");
	for (size_t i = 0; i < shown; i++)
		json_cause(j, &x->causes[i]);
	json_end_array(j);
	json_u64(j, "because_count", x->ncauses);
	json_end_object(j);
}

void explain_json(struct json *j, const struct explanation *x)
{
	if (x->has_class)
		json_str(j, "unmap", class_names[x->class]);
	if (x->nreasons) {
		json_object(j, "why");
		json_bool(j, "certain", x->certain);
		json_array(j, "reasons");
		for (size_t i = 0; i < x->nreasons; i++)
			json_reason(j, &x->reasons[i]);
		json_end_array(j);
		json_end_object(j);
	}
	if (x->before || x->unkept)
		json_change(j, x);
}
