// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: the way in for events, anomalies, and what is uncertain. */
#include "core/mirror.h"

#include <errno.h>

#include "core/mirror_impl.h"

struct mirror *mirror_new(const struct ioas_alloc *alloc)
{
	struct ioas_alloc a = alloc ? *alloc : ioas_alloc_default();
	struct mirror *m = ioas_alloc_zeroed(&a, sizeof(*m));

	if (!m)
		return NULL;
	m->alloc = a;
	m->areas.size = sizeof(struct mirror_area);
	return m;
}

void mirror_free(struct mirror *m)
{
	struct itree_node *node;

	if (!m)
		return;
	while ((node = itree_first(&m->by_id)))
		mirror_drop_ctx(m, itree_entry(node, struct mirror_ctx, node));
	slab_clear(&m->areas, &m->alloc);
	mirror_owner_clear(m);
	mirror_gone_free(m);
	ioas_alloc_release(&m->alloc, m);
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
	case MIRROR_OUTSIDE:
		return -ERANGE;
	default:
		return -ENOENT;
	}
}

static void set_range(struct mirror_anomaly *a, const struct ioas_event *ev)
{
	if (ioas_event_is_area(ev)) {
		a->iova = ev->body_area.iova;
		a->last = ev->body_area.last;
	} else if (ioas_event_is_range(ev)) {
		a->iova = ev->body_range.iova;
		a->last = ev->body_range.last;
	}
}

int mirror_anomaly(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev,
		   enum mirror_anomaly_kind what)
{
	struct mirror_anomalies *all = &m->anomalies;
	struct mirror_anomaly *a = &all->recent[all->total % MIRROR_ANOMALIES_KEPT];

	*a = (struct mirror_anomaly){
		.what = what,
		.kind = ev->kind,
		.doubtful = ctx->adopted || ctx->uncertain_since,
		.ctx = ev->ctx,
		.ioas = ev->ioas,
		.time_ns = ev->time_ns,
		.order = ev->order,
	};
	set_range(a, ev);
	all->count[what]++;
	all->doubtful[what] += a->doubtful;
	all->total++;
	mirror_set_uncertain(ctx, ev->time_ns);
	return error_of(what);
}

int mirror_unknown_object(struct mirror *m, struct mirror_ctx *ctx, bool adopted,
			  const struct ioas_event *ev)
{
	return adopted ? 0 : mirror_anomaly(m, ctx, ev, MIRROR_UNKNOWN_OBJECT);
}

bool mirror_add_count(int64_t *count, int64_t delta, int64_t min, int64_t max)
{
	int64_t sum;

	if (__builtin_add_overflow(*count, delta, &sum)) {
		*count = delta > 0 ? max : min;
		return false;
	}
	*count = sum < min ? min : sum > max ? max : sum;
	return *count == sum;
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
	struct mirror_ctx *ctx = mirror_add_ctx(m, id);

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
	ctx = mirror_get_ctx(m, id);
	if (!ctx)
		ctx = adopt_ctx(m, id, time_ns);
	if (!ctx)
		return -ENOMEM;
	mirror_set_uncertain(ctx, time_ns);
	return 0;
}

/* A change inside an IOAS; one never heard of is taken in. */
static int apply_inside(struct mirror *m, struct mirror_ctx *ctx, struct mirror_ioas *ioas,
			const struct ioas_event *ev)
{
	int rc = 0, err;

	if (!ioas) {
		ioas = mirror_add_ioas(m, ctx, ev);
		if (!ioas)
			return -ENOMEM;
		ioas->adopted = true;
		if (!ctx->adopted)
			rc = mirror_anomaly(m, ctx, ev, MIRROR_UNKNOWN_IOAS);
	}
	if (ev->kind == IOAS_EV_ACCESS_PIN || ev->kind == IOAS_EV_ACCESS_UNPIN)
		err = mirror_apply_pin(m, ioas, ev);
	else if (ev->kind == IOAS_EV_CHARGE)
		err = mirror_apply_charge(m, ioas, ev);
	else if (ioas_event_is_range(ev))
		err = mirror_apply_range(m, ioas, ev);
	else if (ioas_event_is_area(ev) && ev->kind != IOAS_EV_AREA_FILLED)
		err = mirror_apply_area(m, ioas, ev);
	else
		err = mirror_apply_use(m, ioas, ev);
	return err ? err : rc;
}

/* Changes of an IOAS, from its birth to its end. */
static int apply_to_ioas(struct mirror *m, struct mirror_ctx *ctx, const struct ioas_event *ev)
{
	struct mirror_ioas *ioas = mirror_get_ioas(m, ev->ioas);

	if (ioas && ioas->ctx != ctx) {
		mirror_set_uncertain(ioas->ctx, ev->time_ns);
		mirror_anomaly(m, ctx, ev, MIRROR_MISMATCH);
		return -EBADMSG;
	}
	if (ev->kind == IOAS_EV_IOAS_NEW)
		return mirror_apply_ioas_new(m, ctx, ioas, ev);
	if (ev->kind == IOAS_EV_IOAS_GONE)
		return mirror_apply_ioas_gone(m, ctx, ioas, ev);
	return apply_inside(m, ctx, ioas, ev);
}

static int apply_change(struct mirror *m, struct mirror_ctx *ctx, bool known,
			const struct ioas_event *ev)
{
	if (ev->kind == IOAS_EV_CTX_NEW)
		return mirror_apply_ctx_new(m, ctx, known, ev);
	if (ev->kind == IOAS_EV_CTX_GONE)
		return mirror_apply_ctx_gone(m, ctx, ev);
	if (ioas_event_is_pages(ev))
		return mirror_apply_pages(m, ctx, ev);
	if (ev->kind == IOAS_EV_CHARGE && (ev->body_charge.pages_id || !ev->ioas))
		return mirror_apply_ctx_charge(m, ctx, ev);
	if (ev->kind == IOAS_EV_OPTION && ev->body_obj.option == IOAS_OPTION_RLIMIT_MODE) {
		ctx->rlimit_mm = ev->body_obj.value;
		return 0;
	}
	return apply_to_ioas(m, ctx, ev);
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
	ctx = mirror_add_ctx(m, ev->ctx);
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

static void set_order(struct mirror_ctx *ctx, const struct ioas_event *ev)
{
	if (ev->order)
		ctx->order = ev->order;
}

static int count_op(struct mirror *m, const struct ioas_event *ev)
{
	struct mirror_ctx *ctx = ev->ctx ? mirror_get_ctx(m, ev->ctx) : NULL;

	m->stats.ops++;
	if (!ctx) {
		m->stats.ops_unplaced++;
		return 0;
	}
	ctx->ops++;
	set_order(ctx, ev);
	return 0;
}

/*
 * Of a context, of all that are held; or with IOAS_F_ADOPTED and no context, of
 * those that will be adopted later (that is how a keyframe tells .unplaced_since).
 */
static int apply_uncertain(struct mirror *m, const struct ioas_event *ev)
{
	uint64_t since = ev->body_obj.value ? ev->body_obj.value : ev->time_ns;
	int err = 0;

	if (!ev->ctx && (ev->flags & IOAS_F_ADOPTED))
		remember_unplaced(m, since);
	else
		err = mirror_mark_uncertain(m, ev->ctx, since);
	if (err)
		m->stats.no_memory++;
	else
		m->stats.changes++;
	return err;
}

static int apply_to_ctx(struct mirror *m, const struct ioas_event *ev)
{
	struct mirror_ctx *ctx = mirror_get_ctx(m, ev->ctx);
	bool known = ctx;
	int rc;

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
	if (ev->kind != IOAS_EV_CTX_GONE) {
		ctx->changes++;
		set_order(ctx, ev);
	}
	return rc;
}

int mirror_apply(struct mirror *m, const struct ioas_event *ev)
{
	int rc;

	if (ev->kind == IOAS_EV_OP)
		return count_op(m, ev);
	rc = ioas_event_check_fields(ev);
	if (rc)
		return refuse(m, ev, rc);
	if (ev->kind == IOAS_EV_UNCERTAIN)
		return apply_uncertain(m, ev);
	/* It tells of a device, and changes nothing: not even which contexts are known. */
	if (ev->kind == IOAS_EV_FAULT) {
		m->stats.faults++;
		return 0;
	}
	if (ev->kind == IOAS_EV_MEMORY_GONE)
		return mirror_apply_gone(m, ev);
	if (ev->kind == IOAS_EV_MEMORY_LOST)
		return mirror_apply_lost(m, ev);
	return apply_to_ctx(m, ev);
}
