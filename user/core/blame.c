// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/blame_impl.h"

#include <string.h>

static bool allows(uint32_t prot, uint32_t access)
{
	uint32_t need = 0;

	if (access & (IOAS_FAULT_READ | IOAS_FAULT_EXEC))
		need |= IOAS_PROT_READ;
	if (access & IOAS_FAULT_WRITE)
		need |= IOAS_PROT_WRITE;
	return (prot & need) == need;
}

static void decide(struct judge *j, enum blame_verdict verdict, enum blame_doubt doubt)
{
	j->out->verdict = doubt == BLAME_SURE ? verdict : BLAME_UNKNOWN;
	j->out->suspected = doubt == BLAME_SURE ? BLAME_UNKNOWN : verdict;
	j->out->doubt = doubt;
}

/* Whether that has become true so late that the device may have asked before. */
static bool late(const struct judge *j, uint64_t since_ns)
{
	return j->refused && since_ns && since_ns + BLAME_LATE_NS > j->out->time_ns;
}

/* ---- what was mapped ---- */

/* The area of an IOAS at the address then: one that is there, or has gone since. */
static bool mapped_at(const struct judge *j, uint32_t id, uint64_t time_ns,
		      struct history_mapping *out)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(j->v->mirror, id);
	const struct mirror_area *area = ioas ? mirror_area_at(ioas, j->out->iova) : NULL;

	if (!area || area->time_ns > time_ns)
		return history_at(j->v->history, id, j->out->iova, time_ns, out);
	history_live(j->v->history, j->v->mirror, ioas, area, out);
	return true;
}

/* When a device left: what went in the op that made it leave was there until then. */
static bool mapped_when_left(const struct judge *j, const struct stay *left,
			     struct history_mapping *out)
{
	struct history_mapping went;

	if (mapped_at(j, left->ioas, left->to_ns, out))
		return true;
	if (!left->to_op ||
	    !history_before(j->v->history, left->ioas, j->out->iova, left->to_ns, &went) ||
	    went.unmap_op != left->to_op)
		return false;
	*out = went;
	return true;
}

/* ---- where the device was ---- */

static const struct stay *next_stay(const struct judge *j, const struct stay *prev)
{
	return stays_next(j->v->stays, &j->fault->body_fault, j->out->time_ns, prev);
}

/* The last IOAS but this one that the device has left, and where it could reach the address. */
static const struct stay *find_left(const struct judge *j, struct history_mapping *mapping)
{
	if (!j->fault)
		return NULL;
	for (const struct stay *s = next_stay(j, NULL); s; s = next_stay(j, s)) {
		if (s->to_ns && s->to_ns <= j->out->time_ns && s->ioas != j->out->ioas &&
		    mapped_when_left(j, s, mapping))
			return s;
	}
	return NULL;
}

/* Whether the device has just come from another IOAS. */
static bool came_late(const struct judge *j)
{
	bool came = false, elsewhere = false;

	if (!j->refused)
		return false;
	for (const struct stay *s = next_stay(j, NULL); s; s = next_stay(j, s)) {
		if (!s->to_ns && s->ioas == j->out->ioas)
			came = late(j, s->from_ns);
		else if (s->to_ns && s->ioas != j->out->ioas)
			elsewhere = true;
	}
	return came && elsewhere;
}

static void set_left(struct judge *j, const struct stay *left,
		     const struct history_mapping *mapping)
{
	j->out->has_left = true;
	j->out->left = *left;
	j->out->has_mapping = mapping;
	if (mapping)
		j->out->mapping = *mapping;
}

/* Whether what is known of the IOAS that the device has left holds. */
static bool left_is_certain(const struct judge *j, const struct stay *left)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(j->v->mirror, left->ioas);
	struct history_reach reach;

	if (ioas)
		return !ioas->ctx->uncertain_since;
	return history_reach(j->v->history, left->ioas, &reach) && !reach.uncertain;
}

/* ---- verdicts ---- */

/* What went before the history begins may have been there. */
static bool forgot(const struct blame *b, uint64_t since_ns)
{
	return !b->has_reach || (!b->reach.whole && b->reach.since_ns > since_ns);
}

/* What makes a verdict doubtful whatever it is; the IOAS may be gone. */
static enum blame_doubt doubt_of(const struct judge *j, enum blame_doubt otherwise)
{
	if (j->out->uncertain_ns || (!j->ioas && j->out->reach.uncertain))
		return BLAME_LOSS;
	return otherwise;
}

/* Type1 tells of an area before the device reaches all of it; the end of the op comes after that.
 */
static bool being_mapped(const struct judge *j, const struct history_mapping *m)
{
	return j->refused && m->mapped_by && m->map_op && !m->map_what;
}

static void judge_mapped(struct judge *j)
{
	const struct history_mapping *m = &j->out->mapping;
	enum blame_doubt doubt = BLAME_SURE;

	if (late(j, m->mapped_ns) || being_mapped(j, m) || came_late(j))
		doubt = BLAME_RACE;
	doubt = doubt_of(j, doubt);
	if (!allows(m->prot, j->out->access))
		decide(j, BLAME_WRONG_PROTECTION, doubt);
	else if (m->going_ns && m->going_ns <= j->out->time_ns)
		decide(j, BLAME_USE_AFTER_UNMAP, doubt_of(j, BLAME_SURE));
	else
		decide(j, j->refused ? BLAME_STILL_MAPPED : BLAME_MAPPED, doubt);
}

/* It was here, or the device could reach it where it was before: the later one counts. */
static bool judge_past(struct judge *j)
{
	struct history_mapping here, there;
	const struct stay *left = find_left(j, &there);
	bool was =
		history_before(j->v->history, j->out->ioas, j->out->iova, j->out->time_ns, &here);
	enum blame_doubt doubt = came_late(j) ? BLAME_RACE : BLAME_SURE;

	if (was && (!left || left->to_ns <= here.gone_ns)) {
		j->out->has_mapping = true;
		j->out->mapping = here;
		decide(j, BLAME_USE_AFTER_UNMAP, doubt_of(j, doubt));
		return true;
	}
	if (!left)
		return false;
	set_left(j, left, &there);
	doubt = j->ioas && j->ioas->adopted	     ? BLAME_OLDER
		: forgot(j->out, left->to_ns)	     ? BLAME_FORGOTTEN
		: !left_is_certain(j, &j->out->left) ? BLAME_LOSS
						     : BLAME_SURE;
	decide(j, BLAME_DOMAIN_SWITCHED, doubt_of(j, doubt));
	return true;
}

static void judge_not_mapped(struct judge *j)
{
	enum blame_doubt doubt = came_late(j) ? BLAME_RACE : BLAME_SURE;

	if (judge_past(j))
		return;
	if (j->ioas && blame_is_reserved(j)) {
		decide(j, BLAME_RESERVED, doubt_of(j, doubt));
		return;
	}
	if (j->ioas && j->ioas->adopted)
		doubt = BLAME_OLDER;
	else if (forgot(j->out, 0))
		doubt = BLAME_FORGOTTEN;
	decide(j, blame_in_other(j->out) ? BLAME_OTHER_IOAS : BLAME_NEVER_MAPPED,
	       doubt_of(j, doubt));
}

static void judge_in_ioas(struct judge *j)
{
	j->out->has_mapping = mapped_at(j, j->out->ioas, j->out->time_ns, &j->out->mapping);
	if (j->out->has_mapping)
		judge_mapped(j);
	else
		judge_not_mapped(j);
}

/* An attach that was lost is one of an uncertain context, or of one that is not known. */
static bool all_certain(const struct blame_view *v)
{
	const struct mirror *m = v->mirror;

	for (const struct mirror_ctx *c = mirror_ctx_first(m); c; c = mirror_ctx_next(c)) {
		if (c->uncertain_since)
			return false;
	}
	return !v->lost && !mirror_stats(m)->unplaced_since;
}

/* The device is in no IOAS: it may have left one. */
static void judge_in_none(struct judge *j)
{
	struct history_mapping there;
	const struct stay *left = find_left(j, &there);
	bool mapped = left;

	if (!left) {
		left = next_stay(j, NULL);
		while (left && !left->to_ns)
			left = next_stay(j, left);
	}
	if (!left) {
		decide(j, BLAME_UNKNOWN, BLAME_NO_IOAS);
		return;
	}
	set_left(j, left, mapped ? &there : NULL);
	decide(j, BLAME_DOMAIN_SWITCHED,
	       all_certain(j->v) && left_is_certain(j, left) ? BLAME_SURE : BLAME_LOSS);
}

/* ---- the way in ---- */

static void set_ctx(struct blame *b, const struct mirror_ctx *ctx)
{
	b->ctx = ctx->id;
	b->backend = ctx->backend;
	b->uncertain_ns = ctx->uncertain_since;
	b->owner_known = ctx->owner_known;
	b->tgid = ctx->tgid;
	b->uid = ctx->uid;
	memcpy(b->comm, ctx->comm, sizeof(b->comm));
}

/* Of an IOAS that may be gone. */
static void set_ioas(struct judge *j, uint32_t id)
{
	struct blame *b = j->out;

	b->ioas = id;
	b->has_reach = history_reach(j->v->history, id, &b->reach);
	j->ioas = mirror_find_ioas(j->v->mirror, id);
	if (j->ioas) {
		set_ctx(b, j->ioas->ctx);
		b->mode = j->ioas->mode;
	} else if (b->has_reach) {
		b->ctx = b->reach.ctx;
		b->mode = b->reach.mode;
		b->backend = b->reach.backend;
	}
}

void blame_fault(const struct blame_view *v, const struct ioas_event *fault, struct blame *out)
{
	const struct ioas_fault_body *f = &fault->body_fault;
	struct judge j = { .v = v, .fault = fault, .out = out };
	const struct mirror_ctx *ctx = fault->ctx ? mirror_find_ctx(v->mirror, fault->ctx) : NULL;

	*out = (struct blame){ .iova = f->iova,
			       .access = f->access,
			       .time_ns = fault->time_ns,
			       .backend = fault->backend };
	j.refused = f->source != IOAS_FAULT_NONE;
	if (ctx)
		set_ctx(out, ctx);
	if (fault->ioas)
		set_ioas(&j, fault->ioas);
	if (!(f->known & IOAS_FAULT_HAS_IOVA)) {
		decide(&j, BLAME_UNKNOWN, BLAME_NO_ADDRESS);
		return;
	}
	blame_look_elsewhere(&j);
	if (f->known & IOAS_FAULT_HAS_PASID && !fault->ioas) {
		decide(&j, BLAME_UNKNOWN, BLAME_PASID);
	} else if (j.ioas) {
		blame_look_beside(&j);
		judge_in_ioas(&j);
	} else {
		judge_in_none(&j);
	}
}

void blame_address(const struct blame_view *v, uint32_t ioas, uint64_t iova, uint32_t access,
		   uint64_t time_ns, struct blame *out)
{
	struct judge j = { .v = v, .out = out };

	*out = (struct blame){ .iova = iova, .access = access, .time_ns = time_ns };
	set_ioas(&j, ioas);
	blame_look_elsewhere(&j);
	if (!j.ioas && !out->has_reach) {
		decide(&j, BLAME_UNKNOWN, BLAME_NO_IOAS);
		return;
	}
	if (j.ioas)
		blame_look_beside(&j);
	judge_in_ioas(&j);
}
