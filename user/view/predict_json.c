// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "view/predict_impl.h"
#include "view/show.h"
#include "view/units.h"

static void json_span(struct json *j, __u64 iova, __u64 last)
{
	json_u64(j, "iova", iova);
	json_u64(j, "last", last);
}

static void json_subject(struct json *j, const struct predict_subject *s)
{
	const struct predict_device *d = &s->dev;

	json_object(j, NULL);
	json_str(j, "name", d->name[0] ? d->name : NULL);
	if (d->group >= 0)
		json_s64(j, "group", d->group);
	else
		json_null(j, "group");
	json_str(j, "iommu", *s->iommu ? s->iommu : NULL);
	json_bool(j, "emulated", d->emulated);
	if (d->aperture_known) {
		json_object(j, "aperture");
		json_span(j, d->aperture, d->aperture_last);
		json_str(j, "from", s->aperture_from);
		json_end_object(j);
	} else {
		json_null(j, "aperture");
	}
	if (d->regions_known)
		json_array(j, "regions");
	else
		json_null(j, "regions");
	for (size_t n = 0; n < d->nregions; n++) {
		json_object(j, NULL);
		json_str(j, "type", predict_type_name(d->regions[n].type));
		json_span(j, d->regions[n].iova, d->regions[n].last);
		json_bool(j, "enforced", predict_enforced(&d->regions[n]));
		json_end_object(j);
	}
	if (d->regions_known)
		json_end_array(j);
	json_end_object(j);
}

static int json_conflict(const struct predict_conflict *c, void *arg)
{
	struct json *j = arg;
	char u[UNITS_LEN];

	json_object(j, NULL);
	json_str(j, "cause", predict_cause_name(c->cause));
	json_str(j, "errno", c->err ? units_errno(u, c->err) : NULL);
	if (c->area)
		show_json_area(j, "area", c->area);
	if (c->allowed) {
		json_object(j, "allowed");
		json_span(j, c->allowed->iova, c->allowed->last);
		json_end_object(j);
	}
	if (c->region) {
		json_object(j, "region");
		json_str(j, "type", predict_type_name(c->region->type));
		json_span(j, c->region->iova, c->region->last);
		json_end_object(j);
	}
	json_end_object(j);
	return 0;
}

/* -ENODATA, and a device that has no place there: null. */
static int json_ranges(struct json *j, const char *key, const struct state_ioas *i,
		       const struct predict_subject *s, size_t n)
{
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	int err = predict_ranges_then(i, s, n, &r);

	if (err) {
		json_null(j, key);
		return err == -ENODATA ? 0 : err;
	}
	json_array(j, key);
	for (size_t k = 0; k < r.n; k++) {
		json_object(j, NULL);
		json_span(j, r.range[k].iova, r.range[k].last);
		json_end_object(j);
	}
	json_end_array(j);
	return 0;
}

/* That it does not may be for want of knowing: null. */
static void json_known(struct json *j, const char *key, bool does, const struct predict_result *r)
{
	if (does || !(r->doubts & PREDICT_DOUBT_USERS))
		json_bool(j, key, does);
	else
		json_null(j, key);
}

static void json_result(struct json *j, const struct predict_result *r)
{
	char u[UNITS_LEN];

	json_str(j, "verdict", predict_verdict_name(r->verdict));
	json_str(j, "errno", r->verdict == PREDICT_FAILS && r->err ? units_errno(u, r->err) : NULL);
	json_known(j, "attached", r->attached, r);
	json_id(j, "in_use_by", r->held ? r->held->id : 0);
	json_known(j, "moves", r->moves, r);
	json_u64(j, "areas", r->areas);
	json_u64(j, "allowed_ranges", r->allowed);
	json_array(j, "doubts");
	for (unsigned int n = 0; n < PREDICT_DOUBTS; n++) {
		if (r->doubts & 1U << n)
			json_str(j, NULL, predict_doubt_name(1U << n));
	}
	json_end_array(j);
}

static int json_answer(struct json *j, const struct predict_view *v, const struct state_ctx *c,
		       const struct state_ioas *i, const struct predict_subject *s,
		       struct predict_tally *tally)
{
	struct predict_result r;
	int err;

	json_object(j, NULL);
	json_str(j, "device", s->dev.name[0] ? s->dev.name : NULL);
	json_array(j, "conflicts");
	err = predict_attach(v->state, c, i, &s->dev, json_conflict, j, &r);
	json_end_array(j);
	json_result(j, &r);
	if (r.verdict == PREDICT_FAILS)
		json_null(j, "valid_then");
	else if (!err)
		err = json_ranges(j, "valid_then", i, s, !r.attached);
	json_end_object(j);
	predict_count(tally, &r);
	return err;
}

static int json_ioas(struct json *j, const struct predict_view *v, const struct state_ctx *c,
		     const struct state_ioas *i, struct predict_tally *tally)
{
	int err;

	json_object(j, NULL);
	json_u64(j, "context", c->id);
	json_u64(j, "ioas", i->id);
	json_bool(j, "complete", state_complete(i));
	err = json_ranges(j, "valid_now", i, NULL, 0);
	if (v->common && !err)
		err = json_ranges(j, "valid_with_all", i, v->subjects, v->n);
	json_array(j, "answers");
	for (size_t n = 0; n < v->n && !err; n++)
		err = json_answer(j, v, c, i, &v->subjects[n], tally);
	json_end_array(j);
	json_end_object(j);
	return err;
}

int predict_json(FILE *out, const struct predict_view *v, struct predict_tally *tally)
{
	struct json j;
	int err = 0;

	*tally = (struct predict_tally){};
	json_init(&j, out, true);
	json_object(&j, NULL);
	show_json_head(&j, v->state);
	json_array(&j, "devices");
	for (size_t n = 0; n < v->n; n++)
		json_subject(&j, &v->subjects[n]);
	json_end_array(&j);
	json_array(&j, "ioases");
	for (size_t c = 0; c < v->state->nctxs; c++) {
		const struct state_ctx *ctx = &v->state->ctxs[c];

		for (size_t i = 0; i < ctx->nioases && !err; i++) {
			if (v->ioas && ctx->ioases[i].id != v->ioas)
				continue;
			tally->ioases++;
			err = json_ioas(&j, v, ctx, &ctx->ioases[i], tally);
		}
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
	return err;
}
