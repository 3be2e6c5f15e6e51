// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: reading it, and checking that it is whole. */
#include <errno.h>

#include "core/mirror_impl.h"

const struct mirror_stats *mirror_stats(const struct mirror *m)
{
	return &m->stats;
}

const struct mirror_anomalies *mirror_anomalies(const struct mirror *m)
{
	return &m->anomalies;
}

const char *mirror_anomaly_name(unsigned int kind)
{
	static const char *const names[MIRROR_ANOMALY_KINDS] = {
		[MIRROR_OVERLAP] = "overlap",	  [MIRROR_UNKNOWN_AREA] = "unknown-area",
		[MIRROR_MISMATCH] = "mismatch",	  [MIRROR_UNKNOWN_IOAS] = "unknown-ioas",
		[MIRROR_DUPLICATE] = "duplicate", [MIRROR_UNKNOWN_GROUP] = "unknown-group",
		[MIRROR_LEFTOVER] = "leftover",	  [MIRROR_UNDERFLOW] = "underflow",
	};

	return kind < MIRROR_ANOMALY_KINDS ? names[kind] : NULL;
}

const struct mirror_ctx *mirror_ctx_first(const struct mirror *m)
{
	return itree_entry(itree_first(&m->by_id), struct mirror_ctx, node);
}

const struct mirror_ctx *mirror_ctx_next(const struct mirror_ctx *ctx)
{
	return itree_entry(itree_next(&ctx->node), struct mirror_ctx, node);
}

const struct mirror_ioas *mirror_ioas_first(const struct mirror_ctx *ctx)
{
	return itree_entry(itree_first(&ctx->ioases), struct mirror_ioas, node);
}

const struct mirror_ioas *mirror_ioas_next(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_next(&ioas->node), struct mirror_ioas, node);
}

uint64_t mirror_mapped_bytes(const struct mirror_ioas *ioas)
{
	/* Areas do not overlap: the sum wraps only if nothing is left unmapped. */
	return !ioas->mapped && itree_count(&ioas->areas) ? UINT64_MAX : ioas->mapped;
}

size_t mirror_area_count(const struct mirror_ioas *ioas)
{
	return itree_count(&ioas->areas);
}

const struct mirror_area *mirror_area_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->areas), struct mirror_area, node);
}

const struct mirror_area *mirror_area_next(const struct mirror_area *area)
{
	return itree_entry(itree_next(&area->node), struct mirror_area, node);
}

const struct mirror_area *mirror_area_first_in(const struct mirror_ioas *ioas, uint64_t a,
					       uint64_t b)
{
	return itree_entry(itree_first_in(&ioas->areas, a, b), struct mirror_area, node);
}

const struct mirror_area *mirror_area_next_in(const struct mirror_area *area, uint64_t a,
					      uint64_t b)
{
	return itree_entry(itree_next_in(&area->node, a, b), struct mirror_area, node);
}

const struct mirror_area *mirror_area_at(const struct mirror_ioas *ioas, uint64_t iova)
{
	return mirror_area_first_in(ioas, iova, iova);
}

const struct pin_range *mirror_pins_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->pins.ranges), struct pin_range, node);
}

const struct pin_range *mirror_pins_next(const struct pin_range *range)
{
	return itree_entry(itree_next(&range->node), struct pin_range, node);
}

size_t mirror_group_count(const struct mirror_ioas *ioas)
{
	return itree_count(&ioas->groups);
}

const struct mirror_group *mirror_group_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->groups), struct mirror_group, node);
}

const struct mirror_group *mirror_group_next(const struct mirror_group *group)
{
	return itree_entry(itree_next(&group->node), struct mirror_group, node);
}

const struct mirror_charge *mirror_charge_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->charges), struct mirror_charge, node);
}

const struct mirror_charge *mirror_charge_next(const struct mirror_charge *charge)
{
	return itree_entry(itree_next(&charge->node), struct mirror_charge, node);
}

static int check_areas(const struct mirror_ioas *ioas)
{
	const struct mirror_area *prev = NULL;
	const struct mirror_area *area;
	uint64_t mapped = 0;
	uint64_t pinned = 0, pfnmap = 0;

	if (itree_check(&ioas->areas))
		return -EUCLEAN;
	for (area = mirror_area_first(ioas); area; area = mirror_area_next(area)) {
		if (prev && prev->node.last >= area->node.start)
			return -EUCLEAN;
		if (area->pinned < 0 || area->pfnmap < 0)
			return -EUCLEAN;
		mapped += area->node.last - area->node.start + 1;
		pinned += (uint64_t)area->pinned;
		pfnmap += (uint64_t)area->pfnmap;
		prev = area;
	}
	if (mapped != ioas->mapped || pinned != (uint64_t)ioas->pinned ||
	    pfnmap != (uint64_t)ioas->pfnmap)
		return -EUCLEAN;
	return 0;
}

static int check_ioas(const struct mirror *m, const struct mirror_ctx *ctx,
		      const struct mirror_ioas *ioas)
{
	if (ioas->ctx != ctx || mirror_find_ioas(m, ioas->id) != ioas)
		return -EUCLEAN;
	if (itree_check(&ioas->groups) || itree_check(&ioas->charges))
		return -EUCLEAN;
	if (pincount_check(&ioas->pins))
		return -EUCLEAN;
	return check_areas(ioas);
}

int mirror_check(const struct mirror *m)
{
	size_t ctxs = 0, ioases = 0, areas = 0;

	if (itree_check(&m->by_id))
		return -EUCLEAN;
	for (const struct mirror_ctx *c = mirror_ctx_first(m); c; c = mirror_ctx_next(c)) {
		const struct mirror_ioas *i;

		if (mirror_find_ctx(m, c->id) != c || itree_check(&c->ioases))
			return -EUCLEAN;
		for (i = mirror_ioas_first(c); i; i = mirror_ioas_next(i)) {
			if (check_ioas(m, c, i))
				return -EUCLEAN;
			areas += itree_count(&i->areas);
			ioases++;
		}
		ctxs++;
	}
	if (ctxs != m->stats.contexts || ioases != m->stats.ioases || areas != m->stats.areas)
		return -EUCLEAN;
	return 0;
}
