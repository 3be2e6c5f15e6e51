// SPDX-License-Identifier: GPL-2.0-or-later
/* What led to a violation: the last events of each context. */
#include <errno.h>
#include <string.h>

#include "core/check_impl.h"

#define FIRST_SIZE 16

void check_forget(struct check *c, struct check_ctx *my)
{
	ioas_alloc_release(&c->alloc, my->history);
	my->history = NULL;
	my->history_size = 0;
	my->history_count = 0;
}

/* The ring is full, and is not yet as large as it may be: nothing has been overwritten. */
static void grow(struct check *c, struct check_ctx *my)
{
	size_t size = my->history_size ? 2 * my->history_size : FIRST_SIZE;
	struct ioas_event *ring;

	if (size > c->history)
		size = c->history;
	ring = c->alloc.alloc(size * sizeof(*ring), c->alloc.arg);
	if (!ring)
		return;
	if (my->history)
		memcpy(ring, my->history, my->history_size * sizeof(*ring));
	ioas_alloc_release(&c->alloc, my->history);
	my->history = ring;
	my->history_size = size;
}

void check_remember(struct check *c, struct check_ctx *my, const struct ioas_event *ev)
{
	/* Where it could not grow it is a smaller ring from then on. */
	if (my->history_count == my->history_size && my->history_size < c->history)
		grow(c, my);
	if (my->history_count >= my->history_size)
		c->stats.history_dropped++;
	if (!my->history_size)
		return;
	my->history[my->history_count++ % my->history_size] = *ev;
}

bool check_asks_for_all(const struct ioas_event *ev)
{
	return (ev->flags & IOAS_F_ALL) ||
	       (ev->backend == IOAS_BACKEND_TYPE1 && ev->body_op.what == IOAS_OP_UNMAP &&
		(ev->body_op.uapi_flags & CHECK_TYPE1_UNMAP_ALL));
}

int check_asked(const struct ioas_event *ev, struct check_range *out)
{
	const struct ioas_op_body *op = &ev->body_op;

	if (ev->flags & IOAS_F_ARGS_UNREAD)
		return -ENOENT;
	if (check_asks_for_all(ev)) {
		*out = (struct check_range){ 0, UINT64_MAX };
		return 0;
	}
	if (!op->size || op->iova + (op->size - 1) < op->iova)
		return -ENOENT;
	*out = (struct check_range){ op->iova, op->iova + (op->size - 1) };
	return 0;
}

int check_range_of(const struct ioas_event *ev, struct check_range *out)
{
	if (ev->kind == IOAS_EV_OP)
		return check_asked(ev, out);
	if (ioas_event_is_area(ev))
		*out = (struct check_range){ ev->body_area.iova, ev->body_area.last };
	else if (ioas_event_is_range(ev))
		*out = (struct check_range){ ev->body_range.iova, ev->body_range.last };
	else
		return -ENOENT;
	return 0;
}

/* Whether the event may have to do with the violation. */
static bool matters(const struct check_violation *v, const struct ioas_event *ev)
{
	struct check_range wanted = { v->iova, v->last };
	struct check_range range;

	if (v->ioas && ev->ioas != v->ioas)
		return false;
	if (!v->has_range)
		return true;
	return !check_range_of(ev, &range) && check_range_meets(range, wanted);
}

void check_pick_history(const struct check_ctx *my, struct check_violation *v)
{
	size_t n = CHECK_HISTORY;
	uint64_t held = my ? my->history_count : 0;

	if (v->event)
		v->history[--n] = v->event;
	if (my && held > my->history_size)
		held = my->history_size;
	for (uint64_t i = 1; i <= held && n; i++) {
		const struct ioas_event *ev =
			&my->history[(my->history_count - i) % my->history_size];

		if (matters(v, ev))
			v->history[--n] = ev;
	}
	v->nhistory = CHECK_HISTORY - n;
	memmove(v->history, v->history + n, v->nhistory * sizeof(v->history[0]));
	for (size_t i = v->nhistory; i < CHECK_HISTORY; i++)
		v->history[i] = NULL;
}
