// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mirror: ranges where areas may be, or not. Those of VALID and of ALLOWED
 * lie apart from their like, and a newer one takes the place of what it
 * overlaps. RESERVED ones overlap as their owners wish, even the same one twice.
 */
#include <errno.h>

#include "core/mirror_impl.h"

static struct mirror_range *entry(struct itree_node *node)
{
	return itree_entry(node, struct mirror_range, node);
}

static void drop_range(struct mirror *m, struct itree *ranges, struct itree_node *node)
{
	itree_remove(ranges, node);
	ioas_alloc_release(&m->alloc, entry(node));
}

/* NULL: there is none that is the same. */
static struct itree_node *find_range(const struct itree *ranges, const struct ioas_range_body *body)
{
	struct itree_node *n = itree_lower(ranges, body->iova);

	for (; n && n->start == body->iova && n->last <= body->last; n = itree_next(n)) {
		if (n->last == body->last && entry(n)->owner == body->owner)
			return n;
	}
	return NULL;
}

static int apply_add(struct mirror *m, struct mirror_ioas *ioas, struct itree *ranges,
		     const struct ioas_event *ev)
{
	const struct ioas_range_body *body = &ev->body_range;
	struct itree_node *node;
	struct mirror_range *range;
	int rc = 0;

	if ((ev->flags & IOAS_F_ADOPTED) && find_range(ranges, body))
		return 0;
	range = ioas_alloc_zeroed(&m->alloc, sizeof(*range));
	if (!range)
		return -ENOMEM;
	while (body->class != IOAS_RANGE_RESERVED &&
	       (node = itree_first_in(ranges, body->iova, body->last))) {
		drop_range(m, ranges, node);
		rc = -EEXIST;
	}
	range->node.start = body->iova;
	range->node.last = body->last;
	range->owner = body->owner;
	range->class = (uint8_t)body->class;
	itree_insert(ranges, &range->node);
	return rc ? mirror_anomaly(m, ioas->ctx, ev, MIRROR_OVERLAP) : 0;
}

static void clear(struct mirror *m, struct itree *ranges, uint32_t owner)
{
	struct itree_node *next;

	for (struct itree_node *n = itree_first(ranges); n; n = next) {
		next = itree_next(n);
		if (!owner || entry(n)->owner == owner)
			drop_range(m, ranges, n);
	}
}

int mirror_apply_range(struct mirror *m, struct mirror_ioas *ioas, const struct ioas_event *ev)
{
	const struct ioas_range_body *body = &ev->body_range;
	struct itree *ranges = &ioas->ranges[body->class];
	struct itree_node *node;

	if (ev->kind == IOAS_EV_RANGE_ADD)
		return apply_add(m, ioas, ranges, ev);
	if (ev->kind == IOAS_EV_RANGE_CLEAR) {
		clear(m, ranges, body->owner);
		return 0;
	}
	node = find_range(ranges, body);
	if (!node)
		return mirror_unknown_object(m, ioas->ctx, ioas->adopted, ev);
	drop_range(m, ranges, node);
	return 0;
}

void mirror_drop_ranges(struct mirror *m, struct mirror_ioas *ioas)
{
	for (unsigned int c = 0; c < IOAS_RANGE_CLASSES; c++)
		clear(m, &ioas->ranges[c], 0);
}

static const struct itree *ranges_of(const struct mirror_ioas *ioas, unsigned int class)
{
	return class < IOAS_RANGE_CLASSES ? &ioas->ranges[class] : &ioas->ranges[IOAS_RANGE_NONE];
}

size_t mirror_range_count(const struct mirror_ioas *ioas, unsigned int class)
{
	return itree_count(ranges_of(ioas, class));
}

const struct mirror_range *mirror_range_first(const struct mirror_ioas *ioas, unsigned int class)
{
	return entry(itree_first(ranges_of(ioas, class)));
}

const struct mirror_range *mirror_range_next(const struct mirror_range *range)
{
	return entry(itree_next(&range->node));
}

const struct mirror_range *mirror_range_first_in(const struct mirror_ioas *ioas, unsigned int class,
						 uint64_t a, uint64_t b)
{
	return entry(itree_first_in(ranges_of(ioas, class), a, b));
}

const struct mirror_range *mirror_range_next_in(const struct mirror_range *range, uint64_t a,
						uint64_t b)
{
	return entry(itree_next_in(&range->node, a, b));
}
