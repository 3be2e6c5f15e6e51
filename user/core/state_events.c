// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_events.h"

#include <string.h>

struct teller {
	int (*emit)(const struct ioas_event *ev, void *arg);
	void *arg;
	__u64 time_ns;
	const struct state_ctx *ctx;
	const struct state_ioas *ioas; /* NULL: of the context */
};

static struct ioas_event blank(const struct teller *t, unsigned int kind)
{
	struct ioas_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.len = sizeof(ev);
	ev.kind = (__u16)kind;
	ev.backend = t->ioas ? t->ioas->backend : t->ctx->backend;
	ev.time_ns = t->time_ns;
	ev.ctx = t->ctx->id;
	ev.ioas = t->ioas ? t->ioas->id : 0;
	return ev;
}

static int tell_ctx(const struct teller *t)
{
	const struct state_ctx *c = t->ctx;
	struct ioas_event ev = blank(t, IOAS_EV_CTX_NEW);

	ev.flags = c->adopted ? IOAS_F_ADOPTED : 0;
	ev.tgid = c->who.tgid;
	ev.tid = c->who.tid;
	ev.uid = c->who.uid;
	memcpy(ev.comm, c->who.comm, sizeof(ev.comm) - 1);
	return t->emit(&ev, t->arg);
}

static int tell_ioas(const struct teller *t)
{
	struct ioas_event ev = blank(t, IOAS_EV_IOAS_NEW);

	ev.flags = state_complete(t->ioas) ? 0 : IOAS_F_ADOPTED;
	ev.body_obj.mode = t->ioas->mode;
	return t->emit(&ev, t->arg);
}

static int tell_areas(const struct teller *t)
{
	int rc = 0;

	for (size_t n = 0; n < t->ioas->nareas && !rc; n++) {
		const struct state_area *a = &t->ioas->areas[n];
		struct ioas_event ev = blank(t, IOAS_EV_AREA_ADD);

		ev.time_ns = a->time_ns;
		ev.body_area = (struct ioas_area_body){ .iova = a->iova,
							.last = a->last,
							.va = a->va,
							.prot = a->prot,
							.area = a->area,
							.owner_tgid = a->tgid,
							.owner_uid = a->uid };
		rc = t->emit(&ev, t->arg);
	}
	return rc;
}

static int tell_ranges(const struct teller *t)
{
	int rc = 0;

	for (size_t n = 0; n < t->ioas->nranges && !rc; n++) {
		const struct state_range *r = &t->ioas->ranges[n];
		struct ioas_event ev = blank(t, IOAS_EV_RANGE_ADD);

		ev.body_range = (struct ioas_range_body){
			.iova = r->iova, .last = r->last, .class = r->class, .owner = r->owner
		};
		rc = t->emit(&ev, t->arg);
	}
	return rc;
}

static int tell_groups(const struct teller *t)
{
	int rc = 0;

	for (size_t n = 0; n < t->ioas->ngroups && n < IOAS_GROUPS_MAX && !rc; n++) {
		struct ioas_event ev = blank(t, IOAS_EV_GROUP_ATTACH);

		ev.flags = IOAS_F_ADOPTED; /* since when is not known */
		ev.body_obj.group = t->ioas->groups[n].id;
		ev.body_obj.emulated = t->ioas->groups[n].emulated;
		rc = t->emit(&ev, t->arg);
	}
	return rc;
}

static int tell_devices(const struct teller *t)
{
	int rc = 0;

	for (size_t n = 0; n < t->ioas->ndevices && !rc; n++) {
		const struct state_device *d = &t->ioas->devices[n];
		struct ioas_event ev = blank(t, IOAS_EV_DEVICE_ATTACH);

		ev.flags = IOAS_F_ADOPTED;
		ev.body_obj.object = d->id;
		ev.body_obj.domain = d->domain;
		ev.body_obj.group = d->group;
		memcpy(ev.body_obj.name, d->name, sizeof(ev.body_obj.name) - 1);
		rc = t->emit(&ev, t->arg);
	}
	return rc;
}

static int tell_inside(const struct teller *t)
{
	int rc = tell_ioas(t);

	rc = rc ? rc : tell_groups(t);
	rc = rc ? rc : tell_devices(t);
	rc = rc ? rc : tell_ranges(t);
	return rc ? rc : tell_areas(t);
}

static int tell_uncertain(const struct teller *t)
{
	struct ioas_event ev = blank(t, IOAS_EV_UNCERTAIN);

	if (!t->ctx->uncertain_ns)
		return 0;
	ev.body_obj.value = t->ctx->uncertain_ns;
	return t->emit(&ev, t->arg);
}

int state_events(const struct state *s, int (*emit)(const struct ioas_event *ev, void *arg),
		 void *arg)
{
	struct teller t = { .emit = emit, .arg = arg, .time_ns = s->time_ns };
	int rc = 0;

	for (size_t c = 0; c < s->nctxs && !rc; c++) {
		t.ctx = &s->ctxs[c];
		t.ioas = NULL;
		rc = tell_ctx(&t);
		for (size_t i = 0; i < t.ctx->nioases && !rc; i++) {
			t.ioas = &t.ctx->ioases[i];
			rc = tell_inside(&t);
		}
		t.ioas = NULL;
		rc = rc ? rc : tell_uncertain(&t);
	}
	return rc;
}
