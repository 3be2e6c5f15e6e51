// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iommufd, the VFIO container on top of it (compat), and the bundled backend:
 * contexts and IOASes, and the memory that areas share. A pages object is
 * pinned once, however many areas, domains and clients have it.
 */
#include "model_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

/* The page of its memory at which an address of an area lies. */
static uint64_t page_of(const struct model_area *a, uint64_t iova)
{
	return (a->at + (iova - a->iova)) / MODEL_PAGE;
}

static void span_ioas(struct model_spans *spans, const struct model_ioas *s, uint32_t pages)
{
	for (size_t i = 0; i < s->nareas; i++) {
		const struct model_area *a = &s->areas[i];

		if (a->pages != pages)
			continue;
		if (a->filled)
			model_span(spans, page_of(a, a->iova), page_of(a, a->last));
		for (size_t k = 0; k < s->npins; k++) {
			const struct model_pin *p = &s->pins[k];
			uint64_t from = p->iova > a->iova ? p->iova : a->iova;
			uint64_t to = p->last < a->last ? p->last : a->last;

			if (from <= to)
				model_span(spans, page_of(a, from), page_of(a, to));
		}
	}
}

static void tell_charge(struct model_at *at, struct model_pages *p, int64_t pages)
{
	struct ioas_event *ev;

	if (p->account == IOAS_COUNTER_NONE || !pages)
		return;
	p->charged += pages;
	model_charge_list(at->c->charges, &at->c->ncharges, p->owner, p->account, p->who, pages);
	ev = model_tell(at, IOAS_EV_CHARGE);
	ev->body_charge.owner = p->owner;
	ev->body_charge.counter = p->account;
	ev->body_charge.pages = pages;
	ev->body_charge.owner_tgid = model_tgid(p->who);
	ev->body_charge.owner_uid = model_uid(p->who);
	ev->body_charge.pages_id = p->id;
}

static struct ioas_event *tell_pages(struct model_at *at, unsigned int kind,
				     const struct model_pages *p)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_pages.pages_id = p->id;
	ev->body_pages.owner = p->owner;
	ev->body_pages.va = p->va;
	ev->body_pages.npages = p->npages;
	ev->body_pages.memory = p->memory;
	ev->body_pages.account = p->account;
	ev->body_pages.writable = p->writable;
	ev->body_pages.owner_tgid = model_tgid(p->who);
	ev->body_pages.owner_uid = model_uid(p->who);
	return ev;
}

void model_fd_settle(struct model_at *at, uint32_t pages)
{
	struct model_pages *p = model_pages(at->c, pages);
	struct model_spans spans = { 0 };
	struct ioas_event *ev;
	int64_t delta;

	if (p->memory == IOAS_MEMORY_DMABUF)
		return;
	for (unsigned int i = 0; i < MODEL_IOASES; i++)
		span_ioas(&spans, &at->c->ioas[i], pages);
	delta = (int64_t)model_spans_sum(&spans) - p->pinned;
	if (!delta)
		return;
	p->pinned += delta;
	if (delta > 0)
		at->op.body_op.pinned += delta;
	else
		at->op.body_op.unpinned -= delta;
	ev = tell_pages(at, IOAS_EV_PAGES_PINNED, p);
	ev->body_pages.pinned = delta;
	tell_charge(at, p, delta);
}

static struct model_pages *pages_new(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_ctx *c = at->c;
	bool dmabuf = o->memory == IOAS_MEMORY_DMABUF;
	bool mm = c->rlimit_mm || c->backend == IOAS_BACKEND_COMPAT;
	struct model_pages *p;

	if (c->npages == c->room) {
		c->room = c->room ? 2 * c->room : 16;
		c->pages = realloc(c->pages, c->room * sizeof(*p));
		if (!c->pages)
			abort();
	}
	p = &c->pages[c->npages++];
	memset(p, 0, sizeof(*p));
	p->id = model_id(at->m);
	p->va = o->memory == IOAS_MEMORY_USER ? o->va : 0;
	p->npages = o->size / MODEL_PAGE;
	p->memory = o->memory;
	p->account = dmabuf || o->flags & MODEL_CAP ? IOAS_COUNTER_NONE :
		     mm				    ? IOAS_COUNTER_MM_LOCKED :
						      IOAS_COUNTER_USER_LOCKED;
	p->writable = !(o->flags & MODEL_READONLY) || o->prot & IOAS_PROT_WRITE;
	p->who = o->who;
	p->owner = model_owner(at->m, p->account, p->who);
	tell_pages(at, IOAS_EV_PAGES_NEW, p);
	return p;
}

/* Its last area is gone. */
static void pages_put(struct model_at *at, uint32_t id)
{
	struct model_pages *p = model_pages(at->c, id);

	if (--p->areas)
		return;
	tell_pages(at, IOAS_EV_PAGES_GONE, p);
	*p = at->c->pages[--at->c->npages];
}

/* ---- areas ---- */

void model_area_body(const struct model_at *at, struct ioas_event *ev,
		     const struct model_area *area)
{
	const struct model_pages *p = model_pages(at->c, area->pages);

	ev->body_area.iova = area->iova;
	ev->body_area.last = area->last;
	ev->body_area.va = p->va + area->at;
	ev->body_area.prot = area->prot;
	ev->body_area.area = area->number;
	ev->body_area.owner_tgid = model_tgid(p->who);
	ev->body_area.owner_uid = model_uid(p->who);
	ev->body_area.pages_id = area->pages;
	ev->body_area.at = area->at;
}

static void tell_filled(struct model_at *at, const struct model_area *area,
			struct model_domain *domain, int sign)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_AREA_FILLED);
	int64_t bytes = (int64_t)(area->last - area->iova + 1) * sign;

	model_area_body(at, ev, area);
	ev->body_area.at = 0;
	ev->body_area.object = domain->id;
	ev->body_area.bytes = bytes;
	domain->mapped += bytes;
}

void model_fd_fill(struct model_at *at, struct model_area *area)
{
	area->filled = model_has_hardware(at->c, at->s);
	model_fd_settle(at, area->pages);
	model_area_body(at, model_tell(at, IOAS_EV_AREA_ADD), area);
	for (unsigned int i = 0; i < MODEL_DOMAINS; i++) {
		if (at->s->domain[i].id)
			tell_filled(at, area, &at->s->domain[i], 1);
	}
}

void model_fd_remove(struct model_at *at, size_t i)
{
	struct model_area *a = &at->s->areas[i];
	struct model_area was = *a;

	model_area_body(at, model_tell(at, IOAS_EV_AREA_GOING), a);
	for (unsigned int d = 0; d < MODEL_DOMAINS; d++) {
		if (at->s->domain[d].id)
			tell_filled(at, a, &at->s->domain[d], -1);
	}
	a->filled = false;
	model_fd_settle(at, a->pages);
	model_area_body(at, model_tell(at, IOAS_EV_AREA_GONE), a);
	at->op.body_op.areas++;
	at->op.body_op.removed += was.last - was.iova + 1;
	model_area_cut(at->s, i);
	pages_put(at, was.pages);
}

static bool has_pins(const struct model_ioas *s, const struct model_area *a)
{
	for (size_t i = 0; i < s->npins; i++) {
		if (model_meet(s->pins[i].iova, s->pins[i].last, a->iova, a->last))
			return true;
	}
	return false;
}

int model_fd_split(struct model_at *at, uint64_t iova)
{
	struct model_ioas *s = at->s;
	size_t i = model_area_in(s, iova, iova);
	struct model_area right;
	struct model_area *a;
	struct ioas_event *ev;

	if (i == s->nareas || s->areas[i].iova == iova)
		return 0;
	a = &s->areas[i];
	if (has_pins(s, a))
		return -EBUSY;
	if (model_pages(at->c, a->pages)->memory == IOAS_MEMORY_DMABUF ||
	    (model_has_hardware(at->c, s) && !s->small_pages))
		return -EINVAL;
	right = *a;
	right.number = model_id(at->m);
	right.iova = iova;
	right.at += iova - a->iova;
	right.op = 0;
	ev = model_tell(at, IOAS_EV_AREA_SPLIT);
	model_area_body(at, ev, a);
	ev->body_area.at = iova;
	ev->body_area.area2 = right.number;
	a->last = iova - 1;
	a->op = 0;
	model_pages(at->c, a->pages)->areas++;
	model_area_put(s, &right);
	return 0;
}

/* ---- map ---- */

int model_fd_free(const struct model_ioas *s, uint64_t iova, uint64_t last)
{
	if (model_range_in(s, IOAS_RANGE_RESERVED, iova, last))
		return -EINVAL;
	if (s->mode != IOAS_MODE_TCE && model_area_in(s, iova, last) < s->nareas)
		return -EEXIST;
	return 0;
}

/* The first place from `from` on in [from, to], 0: there is none. */
static uint64_t place_in(const struct model_ioas *s, uint64_t from, uint64_t to, uint64_t size)
{
	for (;;) {
		uint64_t last = from + (size - 1), next = 0;
		size_t i = model_area_in(s, from, last);

		if (last < from || last > to)
			return 0;
		if (i < s->nareas)
			next = s->areas[i].last;
		for (i = 0; i < s->nranges; i++) {
			const struct model_range *r = &s->ranges[i];

			if (r->class == IOAS_RANGE_RESERVED &&
			    model_meet(r->iova, r->last, from, last) && r->last > next)
				next = r->last;
		}
		if (!next)
			return from;
		from = next + 1;
		if (!from)
			return 0;
	}
}

static uint64_t place(const struct model_ioas *s, uint64_t size)
{
	uint64_t top = UINT64_MAX - MODEL_PAGE, found = 0;
	bool any = false;

	for (size_t i = 0; i < s->nranges && !found; i++) {
		const struct model_range *r = &s->ranges[i];

		if (r->class != IOAS_RANGE_ALLOWED)
			continue;
		any = true;
		found = place_in(s, r->iova > MODEL_PAGE ? r->iova : MODEL_PAGE,
				 r->last < top ? r->last : top, size);
	}
	return any ? found : place_in(s, MODEL_PAGE, top, size);
}

/* Where it goes, or the error. A table (TCE) is overwritten: 0 also then. */
static int choose(const struct model_at *at, uint64_t *iova, uint64_t *last)
{
	const struct model_op *o = at->asked;
	size_t old;

	if (!o->size || o->size % MODEL_PAGE)
		return -EINVAL;
	*iova = o->iova;
	if (!(o->flags & MODEL_FIXED)) {
		*iova = place(at->s, o->size);
		if (!*iova)
			return -ENOSPC;
	}
	if (!model_range_is(*iova, o->size, last))
		return -EINVAL;
	old = model_area_in(at->s, *iova, *last);
	if (old < at->s->nareas && at->s->areas[old].stale)
		return -EAGAIN; /* no sane program does */
	return model_fd_free(at->s, *iova, *last);
}

static int overwrite(struct model_at *at, uint64_t iova, uint64_t last)
{
	size_t i;
	int err = 0;

	if (at->s->mode != IOAS_MODE_TCE)
		return 0;
	if (last != UINT64_MAX)
		err = model_fd_split(at, last + 1);
	if (!err)
		err = model_fd_split(at, iova);
	while (!err && (i = model_area_in(at->s, iova, last)) < at->s->nareas)
		model_fd_remove(at, i);
	return err;
}

static void asked(struct model_at *at, unsigned int what)
{
	const struct model_op *o = at->asked;
	struct ioas_op_body *op = &at->op.body_op;

	model_begin(at, what);
	op->iova = o->flags & MODEL_FIXED ? o->iova : 0;
	op->size = o->size;
	op->va = o->va;
	op->prot = o->prot;
	at->op.flags = o->flags & MODEL_FIXED ? IOAS_F_FIXED : 0;
}

static int prot_error(const struct model_at *at)
{
	return !at->asked->prot && at->c->backend != IOAS_BACKEND_COMPAT ? -EINVAL : 0;
}

void model_fd_map(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_area area = { .prot = o->prot };
	struct model_pages *p;
	int err = choose(at, &area.iova, &area.last);

	if (err == -EAGAIN)
		return;
	asked(at, IOAS_OP_MAP);
	if (prot_error(at))
		err = prot_error(at);
	if (!err && !(o->flags & MODEL_FAIL))
		err = overwrite(at, area.iova, area.last);
	if (err) {
		model_end(at, err, 0);
		return;
	}
	p = pages_new(at);
	p->areas = 1;
	if (o->flags & MODEL_FAIL) {
		pages_put(at, p->id);
		model_end(at, -ENOMEM, 0);
		return;
	}
	area.number = model_id(at->m);
	area.op = at->op.op;
	area.pages = p->id;
	model_fd_fill(at, model_area_put(at->s, &area));
	model_end(at, 0, 0);
}

/* ---- copy ---- */

/* The pieces of the source, as areas at the destination; 0: it has a hole. */
static size_t pieces(const struct model_ioas *from, uint64_t iova, uint64_t last, uint64_t to,
		     struct model_area *out)
{
	uint64_t next = iova;
	size_t n = 0;

	for (size_t i = model_area_in(from, iova, last); i < from->nareas; i++) {
		const struct model_area *a = &from->areas[i];
		uint64_t end = a->last < last ? a->last : last;

		if (a->iova > next)
			return 0;
		out[n++] = (struct model_area){ .iova = to + (next - iova),
						.last = to + (end - iova),
						.at = a->at + (next - a->iova),
						.pages = a->pages };
		if (end == last)
			return n;
		next = end + 1;
	}
	return 0;
}

static void copy_pieces(struct model_at *at, struct model_area *piece, size_t n)
{
	const struct model_op *o = at->asked;
	size_t done, some = o->flags & MODEL_FAIL ? n / 2 : n;

	/* All hold their memory from here. */
	for (size_t i = 0; i < some; i++)
		model_pages(at->c, piece[i].pages)->areas++;
	for (done = 0; done < some; done++) {
		piece[done].number = model_id(at->m);
		piece[done].op = at->op.op;
		piece[done].prot = o->prot;
		model_fd_fill(at, model_area_put(at->s, &piece[done]));
	}
	for (size_t i = 0; some < n && i < some; i++)
		model_fd_remove(at, model_area_in(at->s, piece[i].iova, piece[i].iova));
	model_end(at, some < n ? -ENOMEM : 0, 0);
}

void model_fd_copy(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_ioas *from = &at->c->ioas[o->from];
	struct model_area *piece;
	uint64_t iova, last, src_last;
	size_t n;
	int err = choose(at, &iova, &last);

	if (err == -EAGAIN || !from->id || !model_range_is(o->va, o->size, &src_last) ||
	    (from == at->s && at->s->mode == IOAS_MODE_TCE))
		return;
	piece = calloc(from->nareas + 1, sizeof(*piece));
	if (!piece)
		abort();
	asked(at, IOAS_OP_COPY);
	at->op.body_op.group = from->id;
	n = pieces(from, o->va, src_last, iova, piece);
	if (prot_error(at))
		err = prot_error(at);
	else if (!n)
		err = -ENOENT;
	for (size_t i = 0; !err && i < n; i++) {
		if (o->prot & IOAS_PROT_WRITE && !model_pages(at->c, piece[i].pages)->writable)
			err = -EPERM;
	}
	if (!err && !(o->flags & MODEL_FAIL))
		err = overwrite(at, iova, last);
	if (err || (o->flags & MODEL_FAIL && at->s->mode == IOAS_MODE_TCE))
		model_end(at, err ? err : -ENOMEM, 0);
	else
		copy_pieces(at, piece, n);
	free(piece);
}

/* ---- contexts and IOASes ---- */

static void alloc(struct model_at *at)
{
	struct model_ioas *s = at->s;
	struct ioas_event *ev;

	s->id = model_id(at->m);
	s->mode = at->c->mode;
	s->entries_left = -1;
	model_begin(at, IOAS_OP_ALLOC);
	ev = model_tell(at, IOAS_EV_IOAS_NEW);
	ev->body_obj.mode = s->mode;
	model_end(at, 0, 0);
	if (at->c->backend != IOAS_BACKEND_COMPAT || s->mode != IOAS_MODE_ANY)
		return;
	/* VFIO_SET_IOMMU: v1 splits areas, so that pages must be small. */
	model_begin(at, IOAS_OP_SET_IOMMU);
	s->small_pages = true;
	ev = model_tell(at, IOAS_EV_OPTION);
	ev->body_obj.option = IOAS_OPTION_HUGE_PAGES;
	model_end(at, 0, 0);
}

static void end_ioas(struct model_at *at)
{
	struct model_ioas *s = at->s;
	struct ioas_event *ev;

	while (s->nareas)
		model_fd_remove(at, 0);
	if (model_range_in(s, IOAS_RANGE_RESERVED, 0, UINT64_MAX))
		model_clear_ranges(at, IOAS_RANGE_RESERVED, 0);
	ev = model_tell(at, IOAS_EV_IOAS_GONE);
	ev->body_obj.mode = s->mode;
}

static void forget_ioas(struct model_ioas *s)
{
	free(s->areas);
	memset(s, 0, sizeof(*s));
}

void model_fd_destroy(struct model_at *at)
{
	struct model_ioas *s = at->s;
	bool used = false;

	for (unsigned int i = 0; i < MODEL_USERS; i++)
		used = used || s->attached[i];
	model_begin(at, IOAS_OP_DESTROY);
	if (!used)
		end_ioas(at);
	model_end(at, used ? -EBUSY : 0, 0);
	if (!used)
		forget_ioas(s);
}

/* Devices and clients hold the file: they go before it. */
static void close_file(struct model_at *at)
{
	for (unsigned int i = 0; i < MODEL_IOASES; i++) {
		at->s = &at->c->ioas[i];
		for (unsigned int user = 0; user < MODEL_USERS; user++) {
			struct model_op o = *at->asked;
			struct model_at inner = *at;

			o.user = (uint8_t)user;
			inner.asked = &o;
			if (at->s->attached[user])
				model_fd_detach(&inner);
		}
	}
	at->s = NULL;
	model_begin(at, IOAS_OP_CLOSE);
	for (unsigned int i = 0; i < MODEL_IOASES; i++) {
		at->s = &at->c->ioas[i];
		if (at->s->id) {
			end_ioas(at);
			forget_ioas(at->s);
		}
	}
	at->s = NULL;
	model_end(at, 0, IOAS_F_NO_RESULT);
	model_tell(at, IOAS_EV_CTX_GONE);
}

/* Only where all memory is of files. */
static void change_process(struct model_at *at)
{
	uint8_t who = at->asked->who;
	int err = 0;

	at->s = NULL;
	model_begin(at, IOAS_OP_CHANGE_PROCESS);
	for (size_t i = 0; i < at->c->npages; i++) {
		if (at->c->pages[i].memory != IOAS_MEMORY_FILE)
			err = -EINVAL;
	}
	for (size_t i = 0; !err && i < at->c->npages; i++) {
		struct model_pages *p = &at->c->pages[i];
		uint32_t owner = model_owner(at->m, p->account, who);
		int64_t n = owner == p->owner ? 0 : p->pinned;

		tell_charge(at, p, -n);
		p->owner = owner;
		p->who = who;
		tell_pages(at, IOAS_EV_PAGES_OWNER, p);
		tell_charge(at, p, n);
	}
	model_end(at, err, 0);
}

static void plain_op(struct model_at *at, unsigned int what)
{
	model_begin(at, what);
	if (what == IOAS_OP_RW) {
		at->op.body_op.iova = at->asked->iova;
		at->op.body_op.size = at->asked->size;
		at->op.body_op.prot = IOAS_PROT_READ;
	}
	model_end(at, 0, 0);
}

/* What needs an IOAS. */
static void on_ioas(struct model_at *at)
{
	switch (at->asked->what) {
	case MODEL_DESTROY:
		model_fd_destroy(at);
		break;
	case MODEL_MAP:
		model_fd_map(at);
		break;
	case MODEL_COPY:
		model_fd_copy(at);
		break;
	case MODEL_UNMAP:
		model_fd_unmap(at);
		break;
	case MODEL_CUT:
		model_fd_cut(at);
		break;
	case MODEL_ATTACH:
		model_fd_attach(at);
		break;
	case MODEL_DETACH:
		model_fd_detach(at);
		break;
	case MODEL_PIN:
		model_fd_pin(at);
		break;
	case MODEL_UNPIN:
		model_fd_unpin(at);
		break;
	case MODEL_QUERY:
		plain_op(at, IOAS_OP_QUERY);
		break;
	case MODEL_RW:
		plain_op(at, IOAS_OP_RW);
		break;
	default:
		model_fd_rules(at);
		break;
	}
}

void model_fd(struct model_at *at)
{
	const struct model_op *o = at->asked;

	if (o->what == MODEL_CLOSE)
		close_file(at);
	else if (o->what == MODEL_CHANGE_PROCESS)
		change_process(at);
	else if (o->what == MODEL_OPTION && o->flags & MODEL_ALL)
		model_fd_rules(at);
	else if (o->what == MODEL_ALLOC && !at->s->id)
		alloc(at);
	else if (o->what != MODEL_ALLOC && at->s->id)
		on_ioas(at);
}
