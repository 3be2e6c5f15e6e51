// SPDX-License-Identifier: GPL-2.0-or-later
/* The checker's books: what changes add up to, for each op and each IOAS. */
#include "core/check_impl.h"

static void touch(struct check_last *last, const struct ioas_event *ev)
{
	if (!ev->op || ev->op != last->by)
		last->other_ns = last->ns;
	last->by = ev->op;
	last->ns = ev->time_ns;
}

bool check_others(const struct check_last *last, uint64_t op, uint64_t since_ns)
{
	uint64_t ns = last->by && last->by == op ? last->other_ns : last->ns;

	return ns && ns >= since_ns;
}

bool check_raced(const struct check_at *at, uint64_t since_ns)
{
	return !at->mine || check_others(&at->mine->areas, at->ev->op, since_ns);
}

/* Sums wrap: whatever an event claims, they stay defined. */
static void add(int64_t *sum, int64_t delta)
{
	*sum = (int64_t)((uint64_t)*sum + (uint64_t)delta);
}

static void take(int64_t *sum, int64_t delta)
{
	*sum = (int64_t)((uint64_t)*sum - (uint64_t)delta);
}

static void book_add(struct check_op *op, const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_pages *pages = NULL;

	if (body->pages_id && at->ctx)
		pages = mirror_find_pages(at->ctx, body->pages_id);
	if (!op->added++) {
		op->added_iova = body->iova;
		op->added_last = body->last;
		op->added_va = pages ? pages->va + body->at : body->va;
		op->added_prot = body->prot;
		op->added_file = pages && pages->memory != IOAS_MEMORY_USER;
	}
	op->added_bytes += body->last - body->iova + 1;
	add(&op->pinned, body->pages);
}

static void book_removed_range(struct check_op *op, const struct ioas_event *ev)
{
	const struct ioas_area_body *body = &ev->body_area;

	if (!op->removed) {
		op->removed_ns = ev->time_ns;
		op->removed_first = body->iova;
		op->removed_last = body->last;
		op->removed_start = body->iova;
		return;
	}
	op->removed_descending |= body->iova < op->removed_start;
	if (body->iova < op->removed_first)
		op->removed_first = body->iova;
	if (body->last > op->removed_last)
		op->removed_last = body->last;
	if (body->iova > op->removed_start)
		op->removed_start = body->iova;
}

static void book_gone(struct check_op *op, const struct check_at *at)
{
	const struct ioas_area_body *body = &at->ev->body_area;
	const struct mirror_area *area = at->ioas ? mirror_area_at(at->ioas, body->iova) : NULL;
	uint64_t bytes = body->last - body->iova + 1;

	take(&op->pinned, area ? mirror_area_pinned(area) : body->pages);
	if (area && area->op == op->number) {
		op->undone++;
		op->undone_bytes += bytes;
		return;
	}
	book_removed_range(op, at->ev);
	op->removed++;
	op->removed_bytes += bytes;
}

/* A user with hardware: an emulated group pins nothing by itself. */
static bool is_hardware(const struct check_at *at)
{
	const struct itree_node *group;

	switch (at->ev->kind) {
	case IOAS_EV_GROUP_ATTACH:
		return !at->ev->body_obj.emulated;
	case IOAS_EV_GROUP_DETACH:
		group = at->ioas ? itree_find(&at->ioas->groups, at->ev->body_obj.group) : NULL;
		return group ? !itree_entry(group, struct mirror_group, node)->emulated
			     : !at->ev->body_obj.emulated;
	case IOAS_EV_DOMAIN_ATTACH:
	case IOAS_EV_DOMAIN_DETACH:
	case IOAS_EV_DEVICE_ATTACH:
	case IOAS_EV_DEVICE_DETACH:
		return true;
	default:
		return false;
	}
}

static void book_user(struct check_op *op, const struct check_at *at)
{
	switch (at->ev->kind) {
	case IOAS_EV_GROUP_ATTACH:
	case IOAS_EV_DOMAIN_ATTACH:
	case IOAS_EV_DEVICE_ATTACH:
	case IOAS_EV_ACCESS_ATTACH:
		op->attached++;
		break;
	case IOAS_EV_GROUP_DETACH:
	case IOAS_EV_DOMAIN_DETACH:
	case IOAS_EV_DEVICE_DETACH:
	case IOAS_EV_ACCESS_DETACH:
		op->detached++;
		break;
	default:
		return;
	}
	op->hardware |= is_hardware(at);
}

static int64_t pins_of(const struct ioas_area_body *body)
{
	return (int64_t)((uint64_t)body->pages * (body->refs ? body->refs : 1));
}

/* Sums of an op: areas, pins, charges, users. */
static void book_sums(struct check_op *op, const struct check_at *at)
{
	const struct ioas_event *ev = at->ev;

	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
		book_add(op, at);
		break;
	case IOAS_EV_AREA_GONE:
		book_gone(op, at);
		break;
	case IOAS_EV_AREA_SPLIT:
		if (!op->splits++)
			check_range_of(ev, &op->split);
		break;
	case IOAS_EV_PINNED:
		add(&op->pinned, ev->body_area.pages);
		break;
	case IOAS_EV_PAGES_PINNED:
		add(&op->pinned, ev->body_pages.pinned);
		break;
	case IOAS_EV_CHARGE:
		add(&op->charged, ev->body_charge.pages);
		break;
	case IOAS_EV_ACCESS_PIN:
		add(&op->access_pins, pins_of(&ev->body_area));
		break;
	case IOAS_EV_ACCESS_UNPIN:
		take(&op->access_pins, pins_of(&ev->body_area));
		break;
	default:
		book_user(op, at);
	}
}

/* It changes something in an IOAS: that one is not at rest until the op is told. */
static void book_pending(struct check_op *op, struct check_at *at)
{
	if (!op->ioas)
		op->ioas = at->ev->ioas;
	for (unsigned int i = 0; i < op->npending; i++) {
		if (op->pending[i] == at->mine->id)
			return;
	}
	if (op->npending == CHECK_OP_IOASES) {
		at->mine->shaken = true;
		return;
	}
	op->pending[op->npending++] = at->mine->id;
	at->mine->pending++;
}

/* The valid ranges as they were, before the op's first change of any. */
static void book_ranges(struct check_op *op, struct check_at *at)
{
	if (op->ranges || !at->ioas)
		return;
	op->ranges = check_ranges_copy(&at->c->alloc, at->ioas);
	if (!op->ranges) {
		op->partial = true;
		check_no_memory(at);
		return;
	}
	op->ranges_ioas = at->mine->id;
	at->mine->ranging++;
}

static void book_op(struct check_op *op, struct check_at *at)
{
	const struct ioas_event *ev = at->ev;

	if (op->ctx != ev->ctx) {
		op->foreign_ctx = ev->ctx;
		return;
	}
	if (op->tid != ev->tid)
		op->foreign_tid = ev->tid;
	if (ev->time_ns < op->first_ns)
		op->first_ns = ev->time_ns;
	if (ev->time_ns > op->last_ns)
		op->last_ns = ev->time_ns;
	if (at->mine) {
		book_pending(op, at);
		if (ioas_event_is_range(ev))
			book_ranges(op, at);
	}
	book_sums(op, at);
}

/* Whether the state is half told after this change, until its op is. */
static bool unsettles(const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_CTX_NEW:
	case IOAS_EV_IOAS_NEW:
	case IOAS_EV_IOAS_GONE:
	case IOAS_EV_DIRTY:
	case IOAS_EV_OPTION:
		return false;
	default:
		return !ioas_event_is_range(ev);
	}
}

static bool changes_areas(const struct ioas_event *ev)
{
	switch (ev->kind) {
	case IOAS_EV_AREA_ADD:
	case IOAS_EV_AREA_GOING:
	case IOAS_EV_AREA_GONE:
	case IOAS_EV_AREA_SPLIT:
	case IOAS_EV_AREA_MERGED:
	case IOAS_EV_AREA_UPDATE:
	case IOAS_EV_VADDR_INVALID:
		return true;
	default:
		return false;
	}
}

static bool changes_users(const struct ioas_event *ev)
{
	return ev->kind == IOAS_EV_GROUP_ATTACH || ev->kind == IOAS_EV_GROUP_DETACH ||
	       (ev->kind >= IOAS_EV_DOMAIN_ATTACH && ev->kind <= IOAS_EV_ACCESS_DETACH);
}

void check_book(struct check_at *at)
{
	const struct ioas_event *ev = at->ev;

	if (at->op)
		book_op(at->op, at);
	else if (unsettles(ev))
		at->my_ctx->shaken = true;
	touch(&at->my_ctx->changes, ev);
	if (!at->mine)
		return;
	if (!at->op && unsettles(ev))
		at->mine->shaken = true;
	if (changes_areas(ev))
		touch(&at->mine->areas, ev);
	if (ioas_event_is_range(ev))
		touch(&at->mine->ranges, ev);
	if (changes_users(ev))
		touch(&at->mine->users, ev);
}
