// SPDX-License-Identifier: GPL-2.0
/* Unmap, by the mode of the IOAS. */
#include <linux/delay.h>
#include <linux/overflow.h>

#include "ioasb.h"
#include "trace.h"

/* How often clients are asked to unpin. */
#define MAX_ROUNDS 20

struct span {
	unsigned long start;
	unsigned long last;
};

/* What is going to be removed, and what the call returns then. */
struct plan {
	struct span span;
	bool none;
	int rc;
};

static const struct plan nothing = { .none = true };
static const struct plan not_found = { .none = true, .rc = -ENOENT };

static int remove_span(struct ioasb_ioas *ioas, struct span s, u64 *unmapped)
{
	struct ioasb_area *area;

	while ((area = ioasb_areas_iter_first(&ioas->areas, s.start, s.last))) {
		u64 length = area->last - area->start + 1;
		int rc = ioasb_area_remove(ioas, area);

		if (rc)
			return rc;
		/* All of 2^64 bytes do not fit. */
		if (check_add_overflow(*unmapped, length, unmapped))
			*unmapped = U64_MAX;
		cond_resched();
	}
	return 0;
}

static struct plan plan_exact(struct ioasb_ioas *ioas, struct span r)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, r.start, r.last);

	if (!area || area->start != r.start || area->last != r.last)
		return not_found;
	return (struct plan){ .span = r };
}

/*
 * Areas are whole pages, so nothing of what is removed lies in the parts of pages at the ends; and
 * clients are asked for whole pages only. There is an area that begins in the span.
 */
static struct span whole_pages(unsigned long start, unsigned long last)
{
	return (struct span){ PAGE_ALIGN(start), ((last + 1) & PAGE_MASK) - 1 };
}

/* As iommufd: from the first on, until one is not whole in the range. */
static struct plan plan_cover(struct ioasb_ioas *ioas, struct span r)
{
	struct ioasb_area *first = ioasb_areas_iter_first(&ioas->areas, r.start, r.last), *last;

	if (!first || first->start < r.start || first->last > r.last)
		return not_found;
	/* Only the one at the end of the range can reach out of it. */
	last = ioasb_areas_iter_first(&ioas->areas, r.last, r.last);
	if (!last || last->last == r.last)
		return (struct plan){ .span = whole_pages(r.start, r.last) };
	return (struct plan){ .span = whole_pages(r.start, last->start - 1), .rc = -ENOENT };
}

/* As type1 v1: nothing if an area begins before the range; the last may end behind it. */
static struct plan plan_first(struct ioasb_ioas *ioas, struct span r)
{
	struct ioasb_area *first = ioasb_areas_iter_first(&ioas->areas, r.start, r.last), *last;

	if (!first || first->start < r.start)
		return nothing;
	last = ioasb_areas_iter_first(&ioas->areas, r.last, r.last);
	return (struct plan){ .span = whole_pages(r.start, last ? last->last : r.last) };
}

static struct plan plan_any(struct ioasb_ioas *ioas, struct span r)
{
	if ((r.start | (r.last + 1)) & (ioas->alignment - 1))
		return (struct plan){ .none = true, .rc = -EINVAL };
	return (struct plan){ .span = r };
}

static struct plan make_plan(struct ioasb_ioas *ioas, struct span r, bool all)
{
	if (all)
		return (struct plan){ .span = r };
	switch (ioas->mode) {
	case IOASB_MODE_EXACT:
		return plan_exact(ioas, r);
	case IOASB_MODE_COVER:
		return plan_cover(ioas, r);
	case IOASB_MODE_FIRST:
		return plan_first(ioas, r);
	default:
		return plan_any(ioas, r);
	}
}

/* Make an area begin at @at if one reaches over it. */
static int cut(struct ioasb_ioas *ioas, unsigned long at)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, at, at), *tail;
	int rc;

	if (!area || area->start == at)
		return 0;
	tail = kzalloc(sizeof(*tail), GFP_KERNEL_ACCOUNT);
	if (!tail)
		return -ENOMEM;
	INIT_LIST_HEAD(&tail->entry);
	rc = ioasb_area_split(ioas, area, at, tail);
	if (rc)
		kfree(tail);
	return rc;
}

/*
 * What is cut off of an area is removed, so only one that loses its middle becomes more than it
 * was; for as long as the call takes there may be two above the limit.
 */
static bool has_room(struct ioasb_ioas *ioas, struct span s)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, s.start, s.start);

	return !area || area->start == s.start || area->last <= s.last || ioasb_ioas_room(ioas, 1);
}

/*
 * Only in mode any is something reaching out of the span. What is cut and not removed then, because
 * something failed, maps what it did before.
 */
static int carry_out(struct ioasb_ioas *ioas, const struct plan *plan, u64 *unmapped)
{
	int rc;

	if (plan->none)
		return plan->rc;
	if (!has_room(ioas, plan->span))
		return -ENOSPC;
	rc = cut(ioas, plan->span.start);
	if (!rc && plan->span.last != ULONG_MAX)
		rc = cut(ioas, plan->span.last + 1);
	if (!rc)
		rc = remove_span(ioas, plan->span, unmapped);
	return rc ?: plan->rc;
}

/* A round is over and pins may remain: wait for clients that unpin later, longer each time. */
static void next_round(unsigned int *round)
{
	if (++*round > 1)
		fsleep(*round * 1000);
}

/*
 * Who holds some of what is to be removed: NULL, if nobody does. -EDEADLK if somebody still does
 * after the last round, -EINTR.
 */
static struct ioasb_client *find_client(struct ioasb_ioas *ioas, const struct plan *plan, u32 asked,
					unsigned int round)
{
	struct ioasb_client *client;

	if (plan->none)
		return NULL;
	client = ioasb_client_in(ioas, plan->span.start, plan->span.last, asked);
	if (IS_ERR_OR_NULL(client) || round < MAX_ROUNDS)
		return client;
	ioasb_object_put(&client->obj);
	return ERR_PTR(-EDEADLK);
}

/*
 * Clients are asked to unpin before anything is removed, with the IOAS unlocked; so the plan is
 * made anew each time. In a round each is asked once. One that does not let go makes the unmap
 * fail, and that is all.
 */
static int unmap(struct ioasb_ioas *ioas, struct span r, bool all, u64 *unmapped)
{
	unsigned int round = 0;
	u32 asked = 0;

	for (;;) {
		struct ioasb_client *client;
		struct plan plan;
		bool clear;
		int rc = ioasb_ioas_write(ioas);

		if (rc)
			return rc;
		plan = make_plan(ioas, r, all);
		client = find_client(ioas, &plan, asked, round);
		clear = plan.none || (!client && !asked);
		if (clear)
			rc = carry_out(ioas, &plan, unmapped);
		up_write(&ioas->lock);
		if (clear)
			return rc;
		if (IS_ERR(client))
			return PTR_ERR(client);
		asked = client ? client->obj.id : 0;
		if (client)
			rc = ioasb_client_ask(client, plan.span.start, plan.span.last);
		else
			next_round(&round);
		if (rc)
			return rc;
	}
}

/* Both spellings of "all" become the whole range. */
static int check_unmap(const struct ioasb_unmap *cmd, struct span *r, bool *all)
{
	if ((cmd->flags & ~IOASB_UNMAP_ALL) || cmd->__reserved)
		return -EOPNOTSUPP;
	*all = !cmd->iova && cmd->length == U64_MAX;
	if (cmd->flags & IOASB_UNMAP_ALL) {
		if (cmd->iova || cmd->length)
			return -EINVAL;
		*all = true;
	}
	*r = (struct span){ 0, ULONG_MAX };
	if (*all)
		return 0;
	if (!cmd->length)
		return -EINVAL;
	r->start = cmd->iova;
	return check_add_overflow(r->start, (unsigned long)cmd->length - 1, &r->last) ? -EOVERFLOW
										      : 0;
}

int ioasb_unmap(struct ioasb_ctx *ctx, struct ioasb_unmap *cmd)
{
	struct ioasb_ioas *ioas;
	struct span r;
	bool all;
	int rc;

	cmd->out_unmapped = 0;
	rc = check_unmap(cmd, &r, &all);
	if (rc)
		return rc;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioas->tce ? ioasb_tce_unmap(ioas, r.start, r.last, &cmd->out_unmapped)
		       : unmap(ioas, r, all, &cmd->out_unmapped);
	trace_ioasb_unmap(ctx->id, ioas->obj.id, cmd->iova, cmd->length, cmd->out_unmapped, rc);
	ioasb_object_put(&ioas->obj);
	return rc;
}
