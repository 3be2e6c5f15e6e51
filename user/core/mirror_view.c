// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: reading it. */
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
		[MIRROR_OVERLAP] = "overlap",
		[MIRROR_UNKNOWN_AREA] = "unknown-area",
		[MIRROR_MISMATCH] = "mismatch",
		[MIRROR_UNKNOWN_IOAS] = "unknown-ioas",
		[MIRROR_DUPLICATE] = "duplicate",
		[MIRROR_UNKNOWN_GROUP] = "unknown-group",
		[MIRROR_LEFTOVER] = "leftover",
		[MIRROR_UNDERFLOW] = "underflow",
		[MIRROR_UNKNOWN_OBJECT] = "unknown-object",
		[MIRROR_OUTSIDE] = "outside",
	};

	return kind < MIRROR_ANOMALY_KINDS ? names[kind] : NULL;
}

const struct mirror_ctx *mirror_find_ctx(const struct mirror *m, uint32_t id)
{
	return mirror_get_ctx(m, id);
}

const struct mirror_ioas *mirror_find_ioas(const struct mirror *m, uint32_t id)
{
	return mirror_get_ioas(m, id);
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
	return !ioas->mapped && dtree_count(&ioas->areas) ? UINT64_MAX : ioas->mapped;
}

size_t mirror_area_count(const struct mirror_ioas *ioas)
{
	return dtree_count(&ioas->areas);
}

const struct mirror_area *mirror_area_first(const struct mirror_ioas *ioas)
{
	return dtree_entry(dtree_first(&ioas->areas), struct mirror_area, node);
}

const struct mirror_area *mirror_area_next(const struct mirror_area *area)
{
	return dtree_entry(dtree_next(&area->node), struct mirror_area, node);
}

const struct mirror_area *mirror_area_first_in(const struct mirror_ioas *ioas, uint64_t a,
					       uint64_t b)
{
	return dtree_entry(dtree_first_in(&ioas->areas, a, b), struct mirror_area, node);
}

const struct mirror_area *mirror_area_next_in(const struct mirror_area *area, uint64_t a,
					      uint64_t b)
{
	return dtree_entry(dtree_next_in(&area->node, a, b), struct mirror_area, node);
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

const struct pin_range *mirror_pins_first_in(const struct mirror_ioas *ioas, uint64_t a, uint64_t b)
{
	return itree_entry(itree_first_in(&ioas->pins.ranges, a, b), struct pin_range, node);
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

size_t mirror_domain_count(const struct mirror_ioas *ioas)
{
	return itree_count(&ioas->domains);
}

const struct mirror_domain *mirror_domain_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->domains), struct mirror_domain, node);
}

const struct mirror_domain *mirror_domain_next(const struct mirror_domain *domain)
{
	return itree_entry(itree_next(&domain->node), struct mirror_domain, node);
}

const struct mirror_domain *mirror_find_domain(const struct mirror_ioas *ioas, uint32_t id)
{
	return itree_entry(itree_find(&ioas->domains, id), struct mirror_domain, node);
}

const struct mirror_device *mirror_device_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->devices), struct mirror_device, node);
}

const struct mirror_device *mirror_device_next(const struct mirror_device *device)
{
	return itree_entry(itree_next(&device->node), struct mirror_device, node);
}

const struct mirror_device *mirror_find_device(const struct mirror_ioas *ioas, uint32_t id)
{
	return itree_entry(itree_find(&ioas->devices, id), struct mirror_device, node);
}

size_t mirror_access_count(const struct mirror_ioas *ioas)
{
	return itree_count(&ioas->accesses);
}

const struct mirror_access *mirror_access_first(const struct mirror_ioas *ioas)
{
	return itree_entry(itree_first(&ioas->accesses), struct mirror_access, node);
}

const struct mirror_access *mirror_access_next(const struct mirror_access *access)
{
	return itree_entry(itree_next(&access->node), struct mirror_access, node);
}

const struct mirror_access *mirror_find_access(const struct mirror_ioas *ioas, uint32_t id)
{
	return itree_entry(itree_find(&ioas->accesses, id), struct mirror_access, node);
}

bool mirror_tracks_dirty(const struct mirror_ioas *ioas)
{
	bool any = ioas->dirty;

	for (const struct mirror_domain *d = mirror_domain_first(ioas); d && !any;
	     d = mirror_domain_next(d))
		any = d->dirty;
	return any;
}

bool mirror_has_hardware(const struct mirror_ioas *ioas)
{
	if (itree_count(&ioas->domains))
		return true;
	for (const struct mirror_group *g = mirror_group_first(ioas); g; g = mirror_group_next(g)) {
		if (!g->emulated)
			return true;
	}
	return false;
}
