// SPDX-License-Identifier: GPL-2.0-or-later
/* iommufd, compat, bundled: devices, domains and clients; ranges and options. */
#include "model_impl.h"

#include <errno.h>
#include <stdio.h>

#define GROUP_BASE 20 /* number of the first IOMMU group */

/* ---- users ---- */

bool model_fd_fits(const struct model_ioas *s, const struct model_range *r)
{
	return model_area_in(s, r->iova, r->last) == s->nareas &&
	       !model_range_in(s, IOAS_RANGE_ALLOWED, r->iova, r->last);
}

/* ---- domains ---- */

/* The bundled backend has its domain before its device, and tells each range that goes. */
static bool domain_first(const struct model_ctx *c)
{
	return c->backend == IOAS_BACKEND_BUNDLED;
}

static void tell_domain(struct model_at *at, unsigned int kind, uint32_t id)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_obj.mode = at->s->mode;
	ev->body_obj.object = id;
	ev->body_obj.page_size = MODEL_PAGE;
}

/* Takes ranges that fit, one by one. */
static int reserve_all(struct model_at *at, const struct model_range *want, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!model_fd_fits(at->s, &want[i]))
			return -EADDRINUSE;
		model_range_put(at->s, want[i]);
		model_tell_range(at, IOAS_EV_RANGE_ADD, want[i]);
	}
	return 0;
}

/* The first `n` areas leave a domain; what no other one has is let go. */
static void empty_domain(struct model_at *at, struct model_domain *domain, size_t n)
{
	const struct model_ioas *s = at->s;
	bool other = s->domain[domain == &s->domain[0]].id;

	for (size_t i = 0; i < n; i++) {
		s->areas[i].filled = other;
		model_fd_settle(at, s->areas[i].pages);
		model_fd_tell_filled(at, &s->areas[i], domain, -1);
	}
}

static void end_domain(struct model_at *at, struct model_domain *domain)
{
	uint32_t id = domain->id;

	model_clear_ranges(at, IOAS_RANGE_RESERVED, id);
	tell_domain(at, IOAS_EV_DOMAIN_DETACH, id);
	*domain = (struct model_domain){ 0 };
}

static int fill_domain(struct model_at *at, struct model_domain *domain)
{
	struct model_ioas *s = at->s;
	bool fails = at->asked->flags & MODEL_FAIL && at->asked->flags & MODEL_SPLIT_LATE;
	size_t n = fails ? s->nareas / 2 : s->nareas;

	for (size_t i = 0; i < n; i++) {
		s->areas[i].filled = true;
		model_fd_settle(at, s->areas[i].pages);
		model_fd_tell_filled(at, &s->areas[i], domain, 1);
	}
	if (!fails)
		return 0;
	empty_domain(at, domain, n);
	return -ENOMEM;
}

/* What it cannot reach is reserved on its behalf; then it gets all areas. */
static int add_domain(struct model_at *at, struct model_domain *domain, uint32_t id)
{
	const struct model_range *reach = &at->m->world.aperture[at->asked->user < 2 ? 0 : 2];
	struct model_range want[2];
	size_t n = 0;
	int err;

	if (reach->iova)
		want[n++] = (struct model_range){ 0, reach->iova - 1, IOAS_RANGE_RESERVED, id };
	if (reach->last != UINT64_MAX)
		want[n++] = (struct model_range){ reach->last + 1, UINT64_MAX, IOAS_RANGE_RESERVED,
						  id };
	domain->id = id;
	domain->page_size = MODEL_PAGE;
	tell_domain(at, IOAS_EV_DOMAIN_ATTACH, id);
	err = reserve_all(at, want, n);
	if (!err)
		err = fill_domain(at, domain);
	if (err)
		end_domain(at, domain);
	return err;
}

/* ---- devices ---- */

static void tell_device(struct model_at *at, unsigned int kind, unsigned int user, uint32_t domain)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_obj.mode = at->s->mode;
	ev->body_obj.object = at->c->user[user];
	ev->body_obj.domain = domain;
	ev->body_obj.group = GROUP_BASE + user;
	snprintf(ev->body_obj.name, sizeof(ev->body_obj.name), "0000:00:%02x.0", user);
}

/* What a device keeps for itself; `n` of them. */
static size_t wanted(const struct model_at *at, struct model_range *out)
{
	const struct model_world *w = &at->m->world;
	unsigned int user = at->asked->user;

	for (unsigned int i = 0; i < w->nresv[user]; i++)
		out[i] = (struct model_range){ w->resv[user][i].iova, w->resv[user][i].last,
					       IOAS_RANGE_RESERVED, at->c->user[user] };
	return w->nresv[user];
}

/* A failure takes back what there was up to it. */
static int attach_device(struct model_at *at)
{
	unsigned int user = at->asked->user;
	struct model_domain *domain = &at->s->domain[user < 2 ? 0 : 1];
	uint32_t id = domain->id ? domain->id : model_id(at->m);
	bool first = domain_first(at->c);
	struct model_range want[MODEL_RESV];
	size_t n = wanted(at, want);
	int err = 0;

	if (first && !domain->id)
		err = add_domain(at, domain, id);
	if (err)
		return err;
	err = reserve_all(at, want, n);
	if (!err)
		tell_device(at, IOAS_EV_DEVICE_ATTACH, user, id);
	if (!err && !domain->id) {
		err = add_domain(at, domain, id);
		if (err)
			tell_device(at, IOAS_EV_DEVICE_DETACH, user, id);
	}
	if (err) {
		model_clear_ranges(at, IOAS_RANGE_RESERVED, at->c->user[user]);
		if (first && !domain->users) {
			empty_domain(at, domain, at->s->nareas);
			end_domain(at, domain);
		}
		return err;
	}
	domain->users++;
	at->s->attached[user] = true;
	return 0;
}

static void tell_client(struct model_at *at, unsigned int kind, unsigned int user)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_obj.mode = at->s->mode;
	ev->body_obj.object = at->c->user[user];
	ev->body_obj.page_size = MODEL_PAGE;
	ev->body_obj.exact = model_fd_exact(at->c, user);
}

void model_fd_attach(struct model_at *at)
{
	unsigned int user = at->asked->user;

	for (unsigned int i = 0; i < MODEL_IOASES; i++) {
		if (at->c->ioas[i].attached[user])
			return;
	}
	/* A table has no clients that it would have to ask. */
	if (user >= MODEL_HARDWARE && at->s->mode == IOAS_MODE_TCE)
		return;
	if (at->s->nranges + MODEL_RESV + 2 > MODEL_RANGES)
		return;
	if (!at->c->user[user])
		at->c->user[user] = model_id(at->m);
	at->c->bound[user] = true;
	model_begin(at, IOAS_OP_ATTACH);
	if (user < MODEL_HARDWARE) {
		at->op.body_op.group = GROUP_BASE + user;
		at->op.body_op.group_valid = 1;
		model_end(at, attach_device(at), 0);
		return;
	}
	at->s->attached[user] = true;
	tell_client(at, IOAS_EV_ACCESS_ATTACH, user);
	model_end(at, 0, 0);
}

static void unreserve_device(struct model_at *at, unsigned int user)
{
	struct model_ioas *s = at->s;

	if (!domain_first(at->c)) {
		model_clear_ranges(at, IOAS_RANGE_RESERVED, at->c->user[user]);
		return;
	}
	for (size_t i = s->nranges; i-- > 0;) {
		struct model_range r = s->ranges[i];

		if (r.class != IOAS_RANGE_RESERVED || r.owner != at->c->user[user])
			continue;
		s->ranges[i] = s->ranges[--s->nranges];
		model_tell_range(at, IOAS_EV_RANGE_DEL, r);
	}
}

static void detach_device(struct model_at *at, unsigned int user)
{
	struct model_domain *domain = &at->s->domain[user < 2 ? 0 : 1];

	tell_device(at, IOAS_EV_DEVICE_DETACH, user, domain->id);
	unreserve_device(at, user);
	if (--domain->users)
		return;
	empty_domain(at, domain, at->s->nareas);
	end_domain(at, domain);
}

void model_fd_detach(struct model_at *at)
{
	unsigned int user = at->asked->user;

	if (!at->s->attached[user])
		return;
	at->s->attached[user] = false;
	model_begin(at, IOAS_OP_DETACH);
	if (user < MODEL_HARDWARE) {
		at->op.body_op.group = GROUP_BASE + user;
		at->op.body_op.group_valid = 1;
		detach_device(at, user);
	} else {
		model_fd_let_go_user(at, user);
		tell_client(at, IOAS_EV_ACCESS_DETACH, user);
		at->c->user[user] = 0; /* attached again it is another one to us */
	}
	model_end(at, 0, IOAS_F_NO_RESULT);
}

/* ---- ranges and options ---- */

static void allow(struct model_at *at)
{
	const struct model_op *o = at->asked;
	struct model_range list[2];
	size_t n = 0;
	int err = 0;

	list[0] = (struct model_range){ .iova = o->iova, .class = IOAS_RANGE_ALLOWED };
	list[1] = (struct model_range){ .iova = o->va, .class = IOAS_RANGE_ALLOWED };
	if (o->size && !model_range_is(o->iova, o->size, &list[0].last))
		return;
	n = o->size ? 1 : 0;
	if (n && o->flags & MODEL_VALUE && o->va > list[0].last &&
	    model_range_is(o->va, o->size, &list[1].last))
		n = 2;
	model_begin(at, IOAS_OP_ALLOW);
	at->op.body_op.areas = (uint32_t)n;
	if (n) {
		at->op.body_op.iova = list[0].iova;
		at->op.body_op.size = list[n - 1].last - list[0].iova + 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (model_range_in(at->s, IOAS_RANGE_RESERVED, list[i].iova, list[i].last))
			err = -EADDRINUSE;
	}
	if (!err)
		model_clear_ranges(at, IOAS_RANGE_ALLOWED, 0);
	for (size_t i = 0; !err && i < n; i++) {
		model_range_put(at->s, list[i]);
		model_tell_range(at, IOAS_EV_RANGE_ADD, list[i]);
	}
	model_end(at, err, 0);
}

static void reserve(struct model_at *at)
{
	struct model_range r = { .iova = at->asked->iova, .class = IOAS_RANGE_RESERVED };
	int err;

	if (at->c->backend != IOAS_BACKEND_BUNDLED || at->s->nranges + 4 > MODEL_RANGES / 2 ||
	    !model_range_is(r.iova, at->asked->size, &r.last))
		return;
	model_begin(at, IOAS_OP_RESERVE);
	at->op.body_op.iova = r.iova;
	at->op.body_op.size = at->asked->size;
	err = model_fd_fits(at->s, &r) ? 0 : -EADDRINUSE;
	if (!err) {
		model_range_put(at->s, r);
		model_tell_range(at, IOAS_EV_RANGE_ADD, r);
	}
	model_end(at, err, 0);
}

static void unreserve(struct model_at *at)
{
	struct model_ioas *s = at->s;
	struct model_range r;
	uint64_t last;
	size_t i = 0;

	if (at->c->backend != IOAS_BACKEND_BUNDLED ||
	    !model_range_is(at->asked->iova, at->asked->size, &last))
		return;
	model_begin(at, IOAS_OP_UNRESERVE);
	at->op.body_op.iova = at->asked->iova;
	at->op.body_op.size = at->asked->size;
	while (i < s->nranges &&
	       (s->ranges[i].iova != at->asked->iova || s->ranges[i].last != last ||
		s->ranges[i].owner || s->ranges[i].class != IOAS_RANGE_RESERVED))
		i++;
	if (i == s->nranges) {
		model_end(at, -ENOENT, 0);
		return;
	}
	r = s->ranges[i];
	s->ranges[i] = s->ranges[--s->nranges];
	model_tell_range(at, IOAS_EV_RANGE_DEL, r);
	model_end(at, 0, 0);
}

static void option(struct model_at *at)
{
	bool value = at->asked->flags & MODEL_VALUE, rlimit = at->asked->flags & MODEL_ALL;
	struct ioas_event *ev;
	int err = 0;

	if (rlimit)
		at->s = NULL;
	model_begin(at, IOAS_OP_OPTION);
	at->op.body_op.uapi_flags = rlimit ? 0 : 1; /* its number in linux/iommufd.h */
	at->op.body_op.va = value;
	if (rlimit) {
		for (unsigned int i = 0; i < MODEL_IOASES; i++)
			err = at->c->ioas[i].id ? -EBUSY : err;
		for (unsigned int i = 0; i < MODEL_USERS; i++)
			err = at->c->bound[i] ? -EBUSY : err;
	} else if (at->s->nareas && model_has_hardware(at->c, at->s)) {
		err = -EINVAL;
	}
	if (!err) {
		ev = model_tell(at, IOAS_EV_OPTION);
		ev->body_obj.option = rlimit ? IOAS_OPTION_RLIMIT_MODE : IOAS_OPTION_HUGE_PAGES;
		ev->body_obj.value = value;
		if (rlimit)
			at->c->rlimit_mm = value;
		else
			at->s->small_pages = !value;
	}
	model_end(at, err, 0);
}

/* Of a domain, so that there must be one; the ioctl is no op that is told. */
static void track_dirty(struct model_at *at)
{
	struct model_domain *domain = &at->s->domain[at->asked->user < 2 ? 0 : 1];
	bool on = at->asked->flags & MODEL_VALUE;
	struct ioas_event *ev;

	if (at->c->backend != IOAS_BACKEND_IOMMUFD || !domain->id)
		return;
	domain->dirty = on;
	ev = model_tell(at, IOAS_EV_DIRTY);
	ev->body_obj.mode = at->s->mode;
	ev->body_obj.object = domain->id;
	ev->body_obj.dirty = on;
}

void model_fd_rules(struct model_at *at)
{
	switch (at->asked->what) {
	case MODEL_DIRTY:
		track_dirty(at);
		break;
	case MODEL_ALLOW:
		allow(at);
		break;
	case MODEL_OPTION:
		/* A container decides by its type, before there is anything in it. */
		if (at->c->backend != IOAS_BACKEND_COMPAT)
			option(at);
		break;
	case MODEL_RESERVE:
		reserve(at);
		break;
	case MODEL_UNRESERVE:
		unreserve(at);
		break;
	}
}
