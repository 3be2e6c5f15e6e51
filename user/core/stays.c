// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/stays.h"

#include <string.h>

struct open_stay {
	struct stay stay; /* first */
	struct open_stay *next;
};

struct stays {
	struct ioas_alloc alloc;
	struct open_stay *open;
	uint64_t ended; /* number i (from 0) is in slot i % STAYS_KEPT */
	bool lost;
	struct stay past[STAYS_KEPT];
};

struct stays *stays_new(const struct ioas_alloc *alloc)
{
	struct ioas_alloc a = alloc ? *alloc : ioas_alloc_default();
	struct stays *s = ioas_alloc_zeroed(&a, sizeof(*s));

	if (s)
		s->alloc = a;
	return s;
}

void stays_free(struct stays *s)
{
	struct ioas_alloc alloc;
	struct open_stay *o;

	if (!s)
		return;
	alloc = s->alloc;
	while ((o = s->open)) {
		s->open = o->next;
		ioas_alloc_release(&alloc, o);
	}
	ioas_alloc_release(&alloc, s);
}

static bool of_device(const struct ioas_event *ev)
{
	return ev->kind == IOAS_EV_DEVICE_ATTACH || ev->kind == IOAS_EV_DEVICE_DETACH;
}

/* The stay that the event begins or ends. */
static struct open_stay **find(struct stays *s, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	struct open_stay **at = &s->open;

	for (; *at; at = &(*at)->next) {
		const struct stay *o = &(*at)->stay;

		if (o->ioas != ev->ioas)
			continue;
		if (of_device(ev) ? o->object == body->object
				  : !o->object && o->group == body->group)
			break;
	}
	return at;
}

static void begin(struct stays *s, const struct ioas_event *ev)
{
	const struct ioas_obj_body *body = &ev->body_obj;
	struct open_stay *o;

	if (body->emulated || *find(s, ev))
		return;
	o = ioas_alloc_zeroed(&s->alloc, sizeof(*o));
	if (!o) {
		s->lost = true;
		return;
	}
	o->stay = (struct stay){ .group = body->group,
				 .ctx = ev->ctx,
				 .ioas = ev->ioas,
				 .from_ns = ev->flags & IOAS_F_ADOPTED ? 0 : ev->time_ns,
				 .backend = ev->backend };
	if (of_device(ev)) {
		o->stay.object = body->object;
		memcpy(o->stay.name, body->name, sizeof(o->stay.name) - 1);
	}
	o->next = s->open;
	s->open = o;
}

static void end(struct stays *s, struct open_stay **at, const struct ioas_event *ev)
{
	struct open_stay *o = *at;
	struct stay *past = &s->past[s->ended++ % STAYS_KEPT];

	*at = o->next;
	*past = o->stay;
	past->to_ns = ev->time_ns;
	past->to_op = ev->op;
	past->tgid = ev->tgid;
	past->tid = ev->tid;
	memcpy(past->comm, ev->comm, sizeof(past->comm) - 1);
	past->comm[sizeof(past->comm) - 1] = '\0';
	ioas_alloc_release(&s->alloc, o);
}

static void end_all(struct stays *s, const struct ioas_event *ev)
{
	struct open_stay **at = &s->open;

	while (*at) {
		const struct stay *o = &(*at)->stay;

		if (ev->kind == IOAS_EV_CTX_GONE ? o->ctx == ev->ctx : o->ioas == ev->ioas)
			end(s, at, ev);
		else
			at = &(*at)->next;
	}
}

/* It was there before us. */
static void end_unknown(struct stays *s, const struct ioas_event *ev)
{
	struct ioas_event began = *ev;

	began.flags |= IOAS_F_ADOPTED;
	begin(s, &began);
	if (*find(s, ev))
		end(s, find(s, ev), ev);
}

void stays_see(struct stays *s, const struct ioas_event *ev)
{
	struct open_stay **at;

	switch (ev->kind) {
	case IOAS_EV_GROUP_ATTACH:
	case IOAS_EV_DEVICE_ATTACH:
		begin(s, ev);
		return;
	case IOAS_EV_GROUP_DETACH:
	case IOAS_EV_DEVICE_DETACH:
		at = find(s, ev);
		if (*at)
			end(s, at, ev);
		else if (!ev->body_obj.emulated)
			end_unknown(s, ev);
		return;
	case IOAS_EV_IOAS_GONE:
	case IOAS_EV_CTX_GONE:
		end_all(s, ev);
		return;
	default:
		return;
	}
}

static bool is_of(const struct stay *s, const struct ioas_fault_body *f, uint64_t time_ns)
{
	if (s->from_ns > time_ns)
		return false;
	if (s->name[0] && !strcmp(s->name, f->name))
		return true;
	return f->known & IOAS_FAULT_HAS_GROUP && s->group == f->group;
}

static uint64_t kept(const struct stays *s)
{
	return s->ended < STAYS_KEPT ? s->ended : STAYS_KEPT;
}

/* Of those that ended, the i-th from the last. */
static const struct stay *past(const struct stays *s, uint64_t i)
{
	return &s->past[(s->ended - 1 - i) % STAYS_KEPT];
}

const struct stay *stays_next(const struct stays *s, const struct ioas_fault_body *f,
			      uint64_t time_ns, const struct stay *prev)
{
	const struct open_stay *o = s->open;
	uint64_t i = 0;

	if (prev && !prev->to_ns)
		o = ((const struct open_stay *)prev)->next;
	else if (prev)
		o = NULL;
	for (; o; o = o->next) {
		if (is_of(&o->stay, f, time_ns))
			return &o->stay;
	}
	if (prev && prev->to_ns) {
		while (past(s, i) != prev)
			i++;
		i++;
	}
	for (; i < kept(s); i++) {
		if (is_of(past(s, i), f, time_ns))
			return past(s, i);
	}
	return NULL;
}

uint64_t stays_forgotten(const struct stays *s)
{
	return s->ended - kept(s);
}

bool stays_lost(const struct stays *s)
{
	return s->lost;
}
