// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iommufd, the VFIO container on top of it (compat), and the bundled backend:
 * contexts and IOASes.
 */
#include "model_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	at->s = NULL; /* asked for by its number, which is free now */
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

		model_fd_charge(at, p, -n);
		p->owner = owner;
		p->who = who;
		model_fd_tell_pages(at, IOAS_EV_PAGES_OWNER, p);
		model_fd_charge(at, p, n);
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
