// SPDX-License-Identifier: GPL-2.0-or-later
/* Why ops fail: what ops in flight do, and who explains which. */
#include "core/explain_impl.h"

#include <errno.h>
#include <string.h>

static const char *const names[EXPLAIN_WHATS] = {
	[EXPLAIN_NONE] = "none",
	[EXPLAIN_OVERLAP] = "overlap",
	[EXPLAIN_RESERVED] = "reserved",
	[EXPLAIN_APERTURE] = "aperture",
	[EXPLAIN_OUTSIDE] = "outside",
	[EXPLAIN_MISALIGNED] = "misaligned",
	[EXPLAIN_WRAPS] = "wraps",
	[EXPLAIN_NO_SIZE] = "no-size",
	[EXPLAIN_NO_PROT] = "no-prot",
	[EXPLAIN_NO_ROOM] = "no-room",
	[EXPLAIN_ENTRIES] = "entry-limit",
	[EXPLAIN_LIMIT] = "limit",
	[EXPLAIN_NO_MEMORY] = "no-memory",
	[EXPLAIN_NOT_THERE] = "not-there",
	[EXPLAIN_READ_ONLY] = "read-only",
	[EXPLAIN_HOLE] = "hole",
	[EXPLAIN_BISECTS] = "bisects",
	[EXPLAIN_INSIDE] = "inside",
	[EXPLAIN_NOTHING] = "nothing",
	[EXPLAIN_BUSY] = "busy",
	[EXPLAIN_HELD] = "held",
	[EXPLAIN_AREA_IN_WAY] = "area-in-the-way",
	[EXPLAIN_ALLOWED_IN_WAY] = "allowed-in-the-way",
	[EXPLAIN_RESERVED_IN_WAY] = "reserved-in-the-way",
	[EXPLAIN_BAD_LIST] = "bad-list",
	[EXPLAIN_NO_OBJECT] = "no-object",
	[EXPLAIN_IN_USE] = "in-use",
	[EXPLAIN_TWICE] = "twice",
	[EXPLAIN_VADDR] = "vaddr",
	[EXPLAIN_MODE] = "mode",
	[EXPLAIN_INTERRUPTS] = "interrupts",
	[EXPLAIN_INCOMPATIBLE] = "incompatible",
	[EXPLAIN_REFUSED_BY_DRIVER] = "driver",
	[EXPLAIN_ARGUMENT] = "argument",
};

const char *explain_name(unsigned int what)
{
	return what < EXPLAIN_WHATS ? names[what] : NULL;
}

struct explain *explain_new(const struct ioas_alloc *alloc)
{
	struct ioas_alloc a = alloc ? *alloc : ioas_alloc_default();
	struct explain *x = ioas_alloc_zeroed(&a, sizeof(*x));

	if (x)
		x->alloc = a;
	return x;
}

/* ---- ops in flight ---- */

static void drop_flight(struct explain *x, struct explain_flight *f)
{
	const struct ioas_alloc *hash_alloc = &x->alloc;

	HASH_DEL(x->flights, f);
	x->held -= f->held;
	ioas_alloc_release(&x->alloc, f->before);
	ioas_alloc_release(&x->alloc, f);
}

static struct explain_flight *find_flight(const struct explain *x, uint64_t number)
{
	struct explain_flight *f = NULL;

	HASH_FIND(hh, x->flights, &number, sizeof(number), f);
	return f;
}

struct explain_flight *explain_flight(struct explain *x, const struct ioas_event *ev)
{
	const struct ioas_alloc *hash_alloc = &x->alloc;
	struct explain_flight *f = ev->op ? find_flight(x, ev->op) : NULL;

	if (f || !ev->op)
		return f;
	if (HASH_COUNT(x->flights) >= EXPLAIN_OPS_MAX)
		drop_flight(x, x->flights);
	f = ioas_alloc_zeroed(&x->alloc, sizeof(*f));
	if (!f)
		return NULL;
	f->number = ev->op;
	HASH_ADD(hh, x->flights, number, sizeof(f->number), f);
	if (f->hh.tbl)
		return f;
	ioas_alloc_release(&x->alloc, f);
	return NULL;
}

/* What was handed out with the last op. */
static void forget_last(struct explain *x)
{
	struct explain_flight *f = x->done ? find_flight(x, x->done) : NULL;

	if (f)
		drop_flight(x, f);
	ioas_alloc_release(&x->alloc, x->after);
	x->after = NULL;
	x->done = 0;
}

void explain_free(struct explain *x)
{
	if (!x)
		return;
	while (x->flights)
		drop_flight(x, x->flights);
	ioas_alloc_release(&x->alloc, x->after);
	ioas_alloc_release(&x->alloc, x);
}

static void see_gone(struct explain_flight *f, const struct ioas_area_body *body)
{
	if (!f)
		return;
	if (!f->removed || body->iova < f->went.iova)
		f->went.iova = body->iova;
	if (!f->removed || body->last > f->went.last)
		f->went.last = body->last;
	f->removed++;
	f->removed_bytes += body->last - body->iova + 1;
}

static void see_split(struct explain_flight *f, const struct ioas_area_body *body)
{
	if (f && !f->splits++)
		f->split = (struct check_range){ body->iova, body->last };
}

static void see_pages(struct explain_flight *f, const struct ioas_pages_body *body)
{
	if (!f)
		return;
	f->has_account = true;
	f->account = (uint8_t)body->account;
	f->owner = (struct mirror_owner){ body->owner_tgid, body->owner_uid };
}

static void see_refusal(struct explain *x, const struct ioas_event *ev)
{
	if ((ev->body_op.what != IOAS_OP_RESERVE && ev->body_op.what != IOAS_OP_CHARGE) ||
	    ev->body_op.result >= 0)
		return;
	x->refusals[x->nrefusals++ % EXPLAIN_REFUSALS] = (struct explain_refusal){
		.tid = ev->tid,
		.time_ns = ev->time_ns,
		.ioas = ev->ioas,
		.body = ev->body_op,
	};
}

void explain_see(struct explain *x, const struct mirror *m, const struct ioas_event *ev)
{
	forget_last(x);
	switch (ev->kind) {
	case IOAS_EV_OP:
		x->done = ev->op;
		see_refusal(x, ev);
		break;
	case IOAS_EV_AREA_GONE:
		see_gone(explain_flight(x, ev), &ev->body_area);
		break;
	case IOAS_EV_AREA_SPLIT:
		see_split(explain_flight(x, ev), &ev->body_area);
		break;
	case IOAS_EV_PAGES_NEW:
		see_pages(explain_flight(x, ev), &ev->body_pages);
		break;
	case IOAS_EV_RANGE_ADD:
	case IOAS_EV_RANGE_DEL:
	case IOAS_EV_RANGE_CLEAR:
	case IOAS_EV_DEVICE_ATTACH:
	case IOAS_EV_DEVICE_DETACH:
		explain_see_range(x, m, ev);
		break;
	}
}

/* ---- reasons ---- */

struct explain_reason *explain_add(struct explain_at *at, enum explain_what what)
{
	struct explanation *out = at->out;
	struct explain_reason *r;

	if (out->nreasons < EXPLAIN_REASONS)
		out->nreasons++;
	r = &out->reasons[out->nreasons - 1];
	*r = (struct explain_reason){ .what = what };
	return r;
}

struct explain_reason *explain_sure(struct explain_at *at, enum explain_what what)
{
	at->out->nreasons = 0;
	at->out->certain = at->ctx && !at->ctx->uncertain_since;
	return explain_add(at, what);
}

void explain_no_object(struct explain_at *at)
{
	explain_sure(at, EXPLAIN_NO_OBJECT);
	at->out->certain = at->out->certain && !at->ctx->adopted;
}

void explain_no_compat(struct explain_at *at)
{
	if (at->ev->backend == IOAS_BACKEND_COMPAT)
		explain_no_object(at);
	else
		explain_add(at, EXPLAIN_REFUSED_BY_DRIVER);
}

void explain_maybe(struct explain_at *at, const enum explain_what *list)
{
	for (; *list != EXPLAIN_NONE; list++)
		explain_add(at, *list);
}

const struct explain_refusal *explain_refused(const struct explain_at *at, unsigned int what)
{
	const struct explain *x = at->x;
	uint64_t start = check_op_start(at->ev);

	for (uint64_t n = x->nrefusals; n && n + EXPLAIN_REFUSALS > x->nrefusals; n--) {
		const struct explain_refusal *r = &x->refusals[(n - 1) % EXPLAIN_REFUSALS];

		if (r->tid == at->ev->tid && r->body.what == what && r->time_ns >= start &&
		    r->time_ns <= at->ev->time_ns)
			return r;
	}
	return NULL;
}

static void explain_failure(struct explain_at *at)
{
	switch (at->ev->body_op.what) {
	case IOAS_OP_MAP:
	case IOAS_OP_COPY:
		explain_map(at);
		break;
	case IOAS_OP_ATTACH:
	case IOAS_OP_REPLACE:
	case IOAS_OP_HWPT_ALLOC:
		explain_attach(at);
		break;
	case IOAS_OP_PIN:
		explain_client(at);
		break;
	case IOAS_OP_ALLOW:
	case IOAS_OP_DESTROY:
		explain_other(at);
		break;
	}
}

static bool failed(const struct ioas_event *ev)
{
	return !(ev->flags & IOAS_F_NO_RESULT) && ev->body_op.result < 0;
}

bool explain_op(struct explain *x, const struct mirror *m, const struct ioas_event *ev,
		struct explanation *out)
{
	struct explain_flight *f = ev->op ? find_flight(x, ev->op) : NULL;
	struct explain_at at = {
		.x = x,
		.m = m,
		.ev = ev,
		.ctx = ev->ctx ? mirror_find_ctx(m, ev->ctx) : NULL,
		.ioas = ev->ioas ? mirror_find_ioas(m, ev->ioas) : NULL,
		.flight = f,
		.out = out,
	};

	memset(out, 0, sizeof(*out));
	if (ev->body_op.what == IOAS_OP_UNMAP)
		explain_unmap(&at);
	else if (failed(ev))
		explain_failure(&at);
	explain_ranges(x, &at);
	return out->nreasons || out->has_class || out->before || out->unkept;
}
