// SPDX-License-Identifier: GPL-2.0-or-later
/* Why an address could not be reached: what is around it, and the names of verdicts. */
#include "core/blame_impl.h"

const char *blame_verdict_name(unsigned int verdict)
{
	static const char *const names[BLAME_VERDICTS] = {
		"unknown",	    "use-after-unmap", "never-mapped",
		"wrong-protection", "reserved",	       "mapped-in-other-ioas",
		"domain-switched",  "still-mapped",    "mapped",
	};

	return verdict < BLAME_VERDICTS ? names[verdict] : NULL;
}

const char *blame_doubt_name(unsigned int doubt)
{
	static const char *const names[BLAME_DOUBTS] = {
		"none", "no-address", "no-ioas", "pasid", "loss", "older", "forgotten", "race",
	};

	return doubt < BLAME_DOUBTS ? names[doubt] : NULL;
}

static struct blame_area area_of(const struct mirror_area *area)
{
	return (struct blame_area){ .iova = area->node.start,
				    .last = area->node.last,
				    .area = area->number,
				    .prot = area->prot };
}

void blame_look_beside(struct judge *j)
{
	struct blame *b = j->out;
	struct dtree_node *after = dtree_first_in(&j->ioas->areas, b->iova, UINT64_MAX);
	struct dtree_node *before = after ? dtree_prev(after) : dtree_last(&j->ioas->areas);

	if (after && after->start <= b->iova)
		after = dtree_next(after);
	b->has_before = before;
	if (before)
		b->before = area_of(dtree_entry(before, struct mirror_area, node));
	b->has_after = after;
	if (after)
		b->after = area_of(dtree_entry(after, struct mirror_area, node));
}

/* Those of the same program go first: there is not room for all. */
static void add_other(struct blame *b, const struct blame_other *o)
{
	size_t n = b->nothers++;

	if (n < BLAME_OTHERS) {
		b->others[n] = *o;
		return;
	}
	for (n = 0; o->same && n < BLAME_OTHERS; n++) {
		if (!b->others[n].same) {
			b->others[n] = *o;
			return;
		}
	}
}

static void look_at_other(struct judge *j, const struct mirror_ioas *ioas)
{
	const struct mirror_area *area = mirror_area_at(ioas, j->out->iova);
	const struct mirror_ctx *ctx = ioas->ctx;
	struct blame_other o = { .ctx = ctx->id, .ioas = ioas->id };

	if (!area || area->time_ns > j->out->time_ns || ioas->id == j->out->ioas)
		return;
	o.same = ctx->id == j->out->ctx ||
		 (ctx->owner_known && j->out->owner_known && ctx->tgid == j->out->tgid);
	o.certain = !ctx->uncertain_since;
	o.area = area_of(area);
	add_other(j->out, &o);
}

void blame_look_elsewhere(struct judge *j)
{
	const struct mirror *m = j->v->mirror;

	for (const struct mirror_ctx *c = mirror_ctx_first(m); c; c = mirror_ctx_next(c)) {
		for (const struct mirror_ioas *i = mirror_ioas_first(c); i; i = mirror_ioas_next(i))
			look_at_other(j, i);
	}
}

bool blame_in_other(const struct blame *b)
{
	for (size_t i = 0; i < b->nothers && i < BLAME_OTHERS; i++) {
		if (b->others[i].same && b->others[i].certain)
			return true;
	}
	return false;
}

/* Whether nothing can be mapped there; a list of valid ranges, where there is one, is all of them.
 */
bool blame_is_reserved(struct judge *j)
{
	struct blame *b = j->out;
	const struct mirror_range *r =
		mirror_range_first_in(j->ioas, IOAS_RANGE_RESERVED, b->iova, b->iova);

	if (r) {
		b->has_range = true;
		b->range = (struct blame_area){ .iova = r->node.start, .last = r->node.last };
		b->range_owner = r->owner;
		return true;
	}
	return mirror_range_count(j->ioas, IOAS_RANGE_VALID) &&
	       !mirror_range_first_in(j->ioas, IOAS_RANGE_VALID, b->iova, b->iova);
}
