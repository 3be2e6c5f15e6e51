// SPDX-License-Identifier: GPL-2.0-or-later
/* VFIO type1: groups that come and go, and where areas may be then. */
#include "model_type1.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ranges ---- */

/* What hardware that is attached leaves: nothing at all if there is none. */
static size_t valid_ranges(const struct model_at *at, const bool *attached, struct model_range *out)
{
	const struct model_world *w = &at->m->world;
	uint64_t first = 0, last = UINT64_MAX;
	size_t n = 0;

	for (unsigned int g = 0; g < MODEL_HARDWARE; g++) {
		if (!attached[g])
			continue;
		first = w->aperture[g].iova > first ? w->aperture[g].iova : first;
		last = w->aperture[g].last < last ? w->aperture[g].last : last;
	}
	if (first > last)
		return 0;
	/* From one reserved range to the next, lowest first. */
	for (;;) {
		const struct model_range *low = NULL;

		for (unsigned int g = 0; g < MODEL_HARDWARE; g++) {
			for (unsigned int i = 0; attached[g] && i < w->nresv[g]; i++) {
				const struct model_range *r = &w->resv[g][i];

				if (r->last >= first && (!low || r->iova < low->iova))
					low = r;
			}
		}
		if (!low || low->iova > last)
			break;
		if (low->iova > first)
			out[n++] =
				(struct model_range){ first, low->iova - 1, IOAS_RANGE_VALID, 0 };
		first = low->last + 1;
		if (!first || first > last)
			return n;
	}
	out[n++] = (struct model_range){ first, last, IOAS_RANGE_VALID, 0 };
	return n;
}

bool t1_in_one(const struct model_range *ranges, size_t n, uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < n; i++) {
		if (ranges[i].class == IOAS_RANGE_VALID && ranges[i].iova <= iova &&
		    last <= ranges[i].last)
			return true;
	}
	return n == 0;
}

/* Told only if it is not what was told last. */
static void set_ranges(struct model_at *at)
{
	struct model_range now[MODEL_RANGES];
	size_t n = valid_ranges(at, at->s->attached, now);

	if (n == at->s->nranges && !memcmp(now, at->s->ranges, n * sizeof(now[0])))
		return;
	model_clear_ranges(at, IOAS_RANGE_VALID, 0);
	for (size_t i = 0; i < n; i++) {
		model_range_put(at->s, now[i]);
		model_tell_range(at, IOAS_EV_RANGE_ADD, now[i]);
	}
}

/* ---- groups ---- */

static void tell_group(struct model_at *at, unsigned int kind, unsigned int user)
{
	struct ioas_event *ev = model_tell(at, kind);

	ev->body_obj.mode = at->s->mode;
	ev->body_obj.group = GROUP_BASE + user;
	ev->body_obj.emulated = user >= MODEL_HARDWARE;
}

void t1_tell_dirty(struct model_at *at)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_DIRTY);

	at->s->entries_left = MODEL_ENTRIES - (int64_t)at->s->nareas;
	ev->body_obj.mode = at->s->mode;
	ev->body_obj.dirty = at->s->dirty;
	ev->body_obj.non_pinned_groups = at->s->non_pinned_groups;
	ev->body_obj.entries_left = (uint64_t)at->s->entries_left;
}

static int attach_error(const struct model_at *at, unsigned int user)
{
	struct model_range would[MODEL_RANGES];
	bool attached[MODEL_USERS];
	size_t n;

	if (t1_has_invalid(at->s))
		return -EBUSY;
	if (user >= MODEL_HARDWARE)
		return 0;
	memcpy(attached, at->s->attached, sizeof(attached));
	attached[user] = true;
	n = valid_ranges(at, attached, would);
	if (!n)
		return -EINVAL;
	for (size_t i = 0; i < at->s->nareas; i++) {
		if (!t1_in_one(would, n, at->s->areas[i].iova, at->s->areas[i].last))
			return -EINVAL;
	}
	return 0;
}

/* The first hardware pins what is mapped; what clients hold is charged already. */
static void replay(struct model_at *at)
{
	for (size_t i = 0; i < at->s->nareas; i++) {
		struct model_area *a = &at->s->areas[i];

		a->pinned = a->ram;
		a->pfnmap = a->mem;
		at->op.body_op.pinned += a->ram;
		t1_charge(at, a->who, a->ram - model_pinned_in(at->s, a->iova, a->last));
		t1_charge_tell(at);
		t1_tell_pinned(at, a, a->ram, a->mem);
	}
}

static void attach_group(struct model_at *at)
{
	unsigned int user = at->asked->user;
	int err;

	model_begin(at, IOAS_OP_ATTACH);
	at->op.body_op.group = GROUP_BASE + user;
	at->op.body_op.group_valid = 1;
	err = attach_error(at, user);
	if (!err) {
		if (user < MODEL_HARDWARE && !model_has_hardware(at->c, at->s))
			replay(at);
		at->s->attached[user] = true;
		tell_group(at, IOAS_EV_GROUP_ATTACH, user);
		if (user < MODEL_HARDWARE) {
			set_ranges(at);
			at->s->non_pinned_groups++;
			t1_tell_dirty(at);
		}
	}
	model_end(at, err, 0);
}

/* The first group: with it the driver is chosen, which opens the IOAS. */
void t1_attach(struct model_at *at)
{
	struct model_at inner;
	struct ioas_event *ev;
	struct model_ioas *s = at->s;

	if (s->attached[at->asked->user])
		return;
	if (s->id) {
		attach_group(at);
		return;
	}
	if (at->c->closed)
		return;
	at->s = NULL;
	model_begin(at, IOAS_OP_SET_IOMMU);
	at->op.body_op.cmd = VFIO_SET_IOMMU;
	at->op.body_op.uapi_flags =
		at->c->mode == IOAS_MODE_V1 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU;
	inner = *at;
	inner.s = s;
	s->id = model_id(at->m);
	s->mode = at->c->mode;
	s->entries_left = -1;
	ev = model_tell(&inner, IOAS_EV_IOAS_NEW);
	ev->body_obj.mode = s->mode;
	attach_group(&inner);
	model_end(at, 0, 0);
}

/* The last hardware goes, clients stay: what they hold is charged for them. */
static void reaccount(struct model_at *at)
{
	for (size_t i = 0; i < at->s->nareas; i++) {
		struct model_area *a = &at->s->areas[i];

		t1_tell_pinned(at, a, -a->pinned, -a->pfnmap);
		at->op.body_op.unpinned += a->pinned;
		t1_charge(at, a->who, model_pinned_in(at->s, a->iova, a->last) - a->pinned);
		a->pinned = 0;
		a->pfnmap = 0;
	}
}

static void tell_end(struct model_at *at, uint64_t op)
{
	struct ioas_event *ev = model_tell(at, IOAS_EV_IOAS_GONE);

	ev->op = op;
	ev->body_obj.mode = at->s->mode;
}

static void release(struct model_at *at)
{
	uint64_t op;

	model_begin(at, IOAS_OP_RELEASE);
	op = at->op.op;
	if (!at->m->world.gone_late)
		tell_end(at, op);
	model_end(at, 0, IOAS_F_NO_RESULT);
	if (at->m->world.gone_late)
		tell_end(at, op);
	free(at->s->areas);
	memset(at->s, 0, sizeof(*at->s));
	at->s = NULL;
	if (at->c->closed)
		model_tell(at, IOAS_EV_CTX_GONE);
}

static void detach_hardware(struct model_at *at, bool last)
{
	at->s->non_pinned_groups--;
	if (last && t1_has_mediated(at->s))
		reaccount(at);
}

void t1_detach(struct model_at *at)
{
	unsigned int user = at->asked->user;
	bool any, hw = user < MODEL_HARDWARE;

	if (!at->s->attached[user])
		return;
	t1_let_go_group(at, user);
	model_begin(at, IOAS_OP_DETACH);
	at->op.body_op.group = GROUP_BASE + user;
	at->op.body_op.group_valid = 1;
	at->s->attached[user] = false;
	any = model_has_hardware(at->c, at->s);
	if (hw)
		detach_hardware(at, !any);
	any = any || t1_has_mediated(at->s);
	while (!any && at->s->nareas)
		t1_remove(at, 0);
	t1_charge_tell(at);
	tell_group(at, IOAS_EV_GROUP_DETACH, user);
	if (hw) {
		set_ranges(at);
		t1_tell_dirty(at);
	}
	model_end(at, 0, IOAS_F_NO_RESULT);
	if (!any)
		release(at);
}
