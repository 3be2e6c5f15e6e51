// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/event.h"
#include "view/diff_impl.h"
#include "view/json.h"
#include "view/show.h"

static void json_from(struct json *j, const char *key, const struct diff_from *from)
{
	json_object(j, key);
	json_str(j, "file", from->file);
	json_str(j, "source", from->state->source == STATE_FROM_KERNEL ? "kernel" : "events");
	json_u64(j, "time_ns", from->state->time_ns);
	json_end_object(j);
}

static void json_side(struct json *j, const char *key, const struct diff_side *s)
{
	if (!s->ioas) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_u64(j, "context", s->ctx->id);
	json_u64(j, "ioas", s->ioas->id);
	json_bool(j, "complete", state_complete(s->ioas));
	json_id(j, "uncertain_since_ns", s->ctx->uncertain_ns);
	json_end_object(j);
}

static void area_or_null(struct json *j, const char *key, const struct state_area *a)
{
	if (a)
		show_json_area(j, key, a);
	else
		json_null(j, key);
}

static int on_area(const struct state_area *a, const struct state_area *b, unsigned int changed,
		   void *arg)
{
	struct json *j = arg;

	json_object(j, NULL);
	json_str(j, "what", "area");
	area_or_null(j, "a", a);
	area_or_null(j, "b", b);
	json_array(j, "changed");
	for (unsigned int bit = 1; bit <= DIFF_CONDITION; bit <<= 1) {
		if (changed & bit)
			json_str(j, NULL, diff_change_name(bit));
	}
	json_end_array(j);
	json_end_object(j);
	return 0;
}

static void range_or_null(struct json *j, const char *key, const struct state_range *r)
{
	if (!r) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	show_json_range(j, r);
	json_end_object(j);
}

static int on_range(const struct state_range *a, const struct state_range *b, void *arg)
{
	struct json *j = arg;

	json_object(j, NULL);
	json_str(j, "what", "range");
	range_or_null(j, "a", a);
	range_or_null(j, "b", b);
	json_end_object(j);
	return 0;
}

static void charge_or_null(struct json *j, const char *key, const struct state_charge *c)
{
	if (!c) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	show_json_charge(j, c);
	json_s64(j, "pages", c->pages);
	json_end_object(j);
}

static int on_charge(const struct state_charge *a, const struct state_charge *b, void *arg)
{
	struct json *j = arg;

	json_object(j, NULL);
	json_str(j, "what", "charge");
	charge_or_null(j, "a", a);
	charge_or_null(j, "b", b);
	json_end_object(j);
	return 0;
}

static void json_totals(struct json *j, const struct diff_totals *t)
{
	json_bool(j, "equal", diff_equal(t));
	json_object(j, "totals");
	json_u64(j, "ioases", t->ioases);
	json_u64(j, "only_a", t->only_a);
	json_u64(j, "only_b", t->only_b);
	json_u64(j, "changed", t->changed);
	json_u64(j, "bytes_a", t->bytes_a);
	json_u64(j, "bytes_b", t->bytes_b);
	if (t->ranges_unknown)
		json_null(j, "ranges");
	else
		json_u64(j, "ranges", t->ranges);
	json_u64(j, "charges", t->charges);
	json_end_object(j);
}

bool diff_json(FILE *out, const struct diff_view *v)
{
	static const struct diff_ops ops = { on_area, on_range, on_charge };
	struct diff_totals totals = {};
	struct json j;

	json_init(&j, out, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", SHOW_SCHEMA);
	json_from(&j, "a", &v->a);
	json_from(&j, "b", &v->b);
	json_array(&j, "pairs");
	for (size_t n = 0; n < v->npairs; n++) {
		json_object(&j, NULL);
		json_side(&j, "a", &v->pairs[n].a);
		json_side(&j, "b", &v->pairs[n].b);
		json_array(&j, "differences");
		diff_ioas(&v->pairs[n].a, &v->pairs[n].b, diff_what(v, n), v->same_ids, &ops, &j,
			  &totals);
		json_end_array(&j);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_totals(&j, &totals);
	json_end_object(&j);
	json_line(&j);
	return diff_equal(&totals);
}
