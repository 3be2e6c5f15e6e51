// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: contexts and IOASes, anomalies, and the way in for events. */
#include "core/mirror.h"

#include <errno.h>
#include <string.h>

#include "core/mirror_impl.h"

struct mirror *mirror_new(const struct ioas_alloc *alloc)
{
	struct ioas_alloc a = alloc ? *alloc : ioas_alloc_default();
	struct mirror *m = ioas_alloc_zeroed(&a, sizeof(*m));

	if (m)
		m->alloc = a;
	return m;
}

void mirror_set_uncertain(struct mirror_ctx *ctx, uint64_t time_ns)
{
	if (!time_ns)
		time_ns = 1;
	if (!ctx->uncertain_since || time_ns < ctx->uncertain_since)
		ctx->uncertain_since = time_ns;
}

static int error_of(enum mirror_anomaly_kind what)
{
	switch (what) {
	case MIRROR_OVERLAP:
	case MIRROR_DUPLICATE:
		return -EEXIST;
	case MIRROR_MISMATCH:
		return -ESTALE;
	case MIRROR_LEFTOVER:
		return -ENOTEMPTY;
	case MIRROR_UNDERFLOW:
		return -ERANGE;
	default:
		return -ENOENT;
	}
}

int mirror_anomaly(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev,
		   enum mirror_anomaly_kind what)
{
	struct mirror_anomalies *all = &m->anomalies;
	struct mirror_anomaly *a = &all->recent[all->total % MIRROR_ANOMALIES_KEPT];
	bool ranged = ioas_event_is_area(ev);

	*a = (struct mirror_anomaly){
		.what = what,
		.kind = ev->kind,
		.doubtful = ctx->adopted || ctx->uncertain_since,
		.ctx = ev->ctx,
		.ioas = ev->ioas,
		.time_ns = ev->time_ns,
		.order = ev->order,
		.iova = ranged ? ev->body_area.iova : 0,
		.last = ranged ? ev->body_area.last : 0,
	};
	all->count[what]++;
	all->doubtful[what] += a->doubtful;
	all->total++;
	mirror_set_uncertain(ctx, ev->time_ns);
	return error_of(what);
}

bool mirror_add_count(int64_t *count, int64_t delta, int64_t min)
{
	int64_t sum;

	if (__builtin_add_overflow(*count, delta, &sum)) {
		*count = delta > 0 ? INT64_MAX : min;
		return false;
	}
	*count = sum < min ? min : sum;
	return sum >= min;
}

static struct mirror_ctx *find_ctx(const struct mirror *m, uint32_t id)
{
	struct ctx_slot *slot;

	HASH_FIND(hh, m->ctxs, &id, sizeof(id), slot);
	return slot ? &slot->pub : NULL;
}

static struct mirror_ioas *find_ioas(const struct mirror *m, uint32_t id)
{
	struct ioas_slot *slot;

	HASH_FIND(hh, m->ioases, &id, sizeof(id), slot);
	return slot ? &slot->pub : NULL;
}

const struct mirror_ctx *mirror_find_ctx(const struct mirror *m, uint32_t id)
{
	return find_ctx(m, id);
}

const struct mirror_ioas *mirror_find_ioas(const struct mirror *m, uint32_t id)
{
	return find_ioas(m, id);
}

/* A context of which nothing but the number is known; NULL: no memory. */
static struct mirror_ctx *add_ctx(struct mirror *m, uint32_t id)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ctx_slot *slot = ioas_alloc_zeroed(&m->alloc, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->pub.id = id;
	HASH_ADD(hh, m->ctxs, pub.id, sizeof(slot->pub.id), slot);
	if (!slot->hh.tbl) {
		ioas_alloc_release(&m->alloc, slot);
		return NULL;
	}
	slot->pub.node.start = id;
	slot->pub.node.last = id;
	itree_insert(&m->by_id, &slot->pub.node);
	m->stats.contexts++;
	return &slot->pub;
}

static struct mirror_ioas *add_ioas(struct mirror *m, struct mirror_ctx *ctx,
				    const struct ioas_event *ev)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ioas_slot *slot = ioas_alloc_zeroed(&m->alloc, sizeof(*slot));

	if (!slot)
		return NULL;
	slot->pub.id = ev->ioas;
	HASH_ADD(hh, m->ioases, pub.id, sizeof(slot->pub.id), slot);
	if (!slot->hh.tbl) {
		ioas_alloc_release(&m->alloc, slot);
		return NULL;
	}
	slot->pub.ctx = ctx;
	slot->pub.time_ns = ev->time_ns;
	slot->pub.node.start = ev->ioas;
	slot->pub.node.last = ev->ioas;
	itree_insert(&ctx->ioases, &slot->pub.node);
	m->stats.ioases++;
	return &slot->pub;
}

/* Frees an IOAS with all that is in it. Returns how many areas that were. */
static size_t drop_ioas(struct mirror *m, struct mirror_ioas *ioas)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ioas_slot *slot = (struct ioas_slot *)ioas;
	size_t areas = mirror_drop_areas(m, ioas);

	mirror_drop_use(m, ioas);
	itree_remove(&ioas->ctx->ioases, &ioas->node);
	HASH_DEL(m->ioases, slot);
	ioas_alloc_release(&m->alloc, slot);
	m->stats.ioases--;
	return areas;
}

static size_t drop_ioases(struct mirror *m, struct mirror_ctx *ctx)
{
	struct itree_node *node;
	size_t areas = 0;

	while ((node = itree_first(&ctx->ioases)))
		areas += drop_ioas(m, itree_entry(node, struct mirror_ioas, node));
	return areas;
}

static void drop_ctx(struct mirror *m, struct mirror_ctx *ctx)
{
	const struct ioas_alloc *hash_alloc = &m->alloc;
	struct ctx_slot *slot = (struct ctx_slot *)ctx;

	itree_remove(&m->by_id, &ctx->node);
	HASH_DEL(m->ctxs, slot);
	ioas_alloc_release(&m->alloc, slot);
	m->stats.contexts--;
}

void mirror_free(struct mirror *m)
{
	struct itree_node *node;

	if (!m)
		return;
	while ((node = itree_first(&m->by_id))) {
		struct mirror_ctx *ctx = itree_entry(node, struct mirror_ctx, node);

		drop_ioases(m, ctx);
		drop_ctx(m, ctx);
	}
	ioas_alloc_release(&m->alloc, m);
}

/* A change of a context we cannot hold is lost: who is adopted later, is uncertain. */
static void remember_unplaced(struct mirror *m, uint64_t time_ns)
{
	if (!time_ns)
		time_ns = 1;
	if (!m->stats.unplaced_since || time_ns < m->stats.unplaced_since)
		m->stats.unplaced_since = time_ns;
}

/* A context that was there before its first word; NULL: no memory. */
static struct mirror_ctx *adopt_ctx(struct mirror *m, uint32_t id, uint64_t time_ns)
{
	struct mirror_ctx *ctx = add_ctx(m, id);

	if (!ctx) {
		remember_unplaced(m, time_ns);
		return NULL;
	}
	ctx->adopted = true;
	if (m->stats.unplaced_since)
		mirror_set_uncertain(ctx, m->stats.unplaced_since);
	return ctx;
}

int mirror_mark_uncertain(struct mirror *m, uint32_t id, uint64_t time_ns)
{
	struct mirror_ctx *ctx;
	struct itree_node *node;

	if (!id) {
		itree_for_each(node, &m->by_id) {
			ctx = itree_entry(node, struct mirror_ctx, node);
			mirror_set_uncertain(ctx, time_ns);
		}
		return 0;
	}
	ctx = find_ctx(m, id);
	if (!ctx)
		ctx = adopt_ctx(m, id, time_ns);
	if (!ctx)
		return -ENOMEM;
	mirror_set_uncertain(ctx, time_ns);
	return 0;
}

/* `ctx` is held; `known` says whether it was before this event. */
static int apply_ctx_new(struct mirror *m, struct mirror_ctx *ctx, bool known,
			 const struct ioas_event *ev)
{
	bool adopted = ev->flags & IOAS_F_ADOPTED;

	/* Only one that was adopted may be introduced after its first word. */
	if (known && (!ctx->adopted || ctx->owner_known))
		return adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_DUPLICATE);
	ctx->adopted = adopted || known;
	ctx->backend = ev->backend;
	ctx->owner_known = true;
	ctx->tgid = ev->tgid;
	ctx->uid = ev->uid;
	memcpy(ctx->comm, ev->comm, sizeof(ctx->comm));
	ctx->comm[sizeof(ctx->comm) - 1] = '\0';
	ctx->opened_ns = adopted ? 0 : ev->time_ns;
	return 0;
}

static int apply_ctx_gone(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev)
{
	size_t areas = drop_ioases(m, ctx);
	int rc = 0;

	m->stats.areas_dropped += areas;
	if (areas)
		rc = mirror_anomaly(m, ctx, ev, MIRROR_LEFTOVER);
	drop_ctx(m, ctx);
	return rc;
}

static int apply_ioas_new(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			  const struct ioas_event *ev)
{
	bool adopted = ev->flags & IOAS_F_ADOPTED;

	if (ioas && (!ioas->adopted || ioas->mode != IOAS_MODE_NONE))
		return adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_DUPLICATE);
	if (!ioas) {
		ioas = add_ioas(m, ctx, ev);
		if (!ioas)
			return -ENOMEM;
		ioas->adopted = adopted;
	}
	ioas->mode = (uint8_t)ev->body_obj.mode;
	return 0;
}

static int apply_ioas_gone(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			   const struct ioas_event *ev)
{
	size_t areas;

	if (!ioas)
		return ctx->adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_UNKNOWN_IOAS);
	areas = drop_ioas(m, ioas);
	m->stats.areas_dropped += areas;
	return areas ? mirror_anomaly(m, ctx, ev, MIRROR_LEFTOVER) : 0;
}

/* A change inside an IOAS; one never heard of is taken in. */
static int apply_inside(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			const struct ioas_event *ev)
{
	int rc = 0, err;

	if (!ioas) {
		ioas = add_ioas(m, ctx, ev);
		if (!ioas)
			return -ENOMEM;
		ioas->adopted = true;
		if (!ctx->adopted)
			rc = mirror_anomaly(m, ctx, ev, MIRROR_UNKNOWN_IOAS);
	}
	if (ioas_event_is_area(ev) && ev->kind != IOAS_EV_ACCESS_PIN &&
	    ev->kind != IOAS_EV_ACCESS_UNPIN)
		err = mirror_apply_area(m, ioas, ev);
	else
		err = mirror_apply_use(m, ioas, ev);
	return err ? err : rc;
}

static int apply_change(struct mirror *m, struct mirror_ctx *ctx, bool known,
			const struct ioas_event *ev)
{
	struct mirror_ioas *ioas = NULL;

	if (ev->kind == IOAS_EV_CTX_NEW)
		return apply_ctx_new(m, ctx, known, ev);
	if (ev->kind == IOAS_EV_CTX_GONE)
		return apply_ctx_gone(m, ctx, ev);
	ioas = find_ioas(m, ev->ioas);
	if (ioas && ioas->ctx != ctx) {
		mirror_set_uncertain(ioas->ctx, ev->time_ns);
		mirror_anomaly(m, ctx, ev, MIRROR_MISMATCH);
		return -EBADMSG;
	}
	if (ev->kind == IOAS_EV_IOAS_NEW)
		return apply_ioas_new(m, ctx, ioas, ev);
	if (ev->kind == IOAS_EV_IOAS_GONE)
		return apply_ioas_gone(m, ctx, ioas, ev);
	return apply_inside(m, ctx, ioas, ev);
}

/* The context of a change; one never heard of is taken in. NULL: no memory. */
static struct mirror_ctx *ctx_of_change(struct mirror *m, const struct ioas_event *ev)
{
	struct mirror_ctx *ctx;

	if (ev->kind != IOAS_EV_CTX_NEW) {
		ctx = adopt_ctx(m, ev->ctx, ev->time_ns);
		if (ctx)
			ctx->backend = ev->backend;
		return ctx;
	}
	ctx = add_ctx(m, ev->ctx);
	if (!ctx)
		remember_unplaced(m, ev->time_ns);
	return ctx;
}

static int refuse(struct mirror *m, const struct ioas_event *ev, int err)
{
	m->stats.refused++;
	if (ev->ctx)
		mirror_mark_uncertain(m, ev->ctx, ev->time_ns);
	return err;
}

static int count_op(struct mirror *m, const struct ioas_event *ev)
{
	struct mirror_ctx *ctx = ev->ctx ? find_ctx(m, ev->ctx) : NULL;

	m->stats.ops++;
	if (ctx)
		ctx->ops++;
	else
		m->stats.ops_unplaced++;
	return 0;
}

int mirror_apply(struct mirror *m, const struct ioas_event *ev)
{
	struct mirror_ctx *ctx;
	bool known;
	int rc;

	if (ev->kind == IOAS_EV_OP)
		return count_op(m, ev);
	rc = ioas_event_check_fields(ev);
	if (rc)
		return refuse(m, ev, rc);
	ctx = find_ctx(m, ev->ctx);
	known = ctx;
	if (!ctx && ev->kind == IOAS_EV_CTX_GONE) {
		m->stats.changes++;
		return 0;
	}
	if (!ctx)
		ctx = ctx_of_change(m, ev);
	rc = ctx ? apply_change(m, ctx, known, ev) : -ENOMEM;
	if (rc == -ENOMEM) {
		m->stats.no_memory++;
		if (ctx)
			mirror_set_uncertain(ctx, ev->time_ns);
		return rc;
	}
	if (rc == -EBADMSG) {
		m->stats.refused++;
		return rc;
	}
	m->stats.changes++;
	if (ev->kind != IOAS_EV_CTX_GONE)
		ctx->changes++;
	return rc;
}
