/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: what domains map of the areas.
 *
 * What makes it ordered:
 *   domain filled: exit of batch_to_domain (summed up), told at the exit of what
 *     fills; domain_rwsem and pages->mutex.
 *   domain comes: exit of iopt_reserve_iova in iopt_table_add_domain, leaves: entry
 *     of __iopt_remove_reserved_iova (iommufd_ranges); iova_rwsem (write).
 */
#ifndef IOASCOPE_IOMMUFD_DOMAINS_BPF_H
#define IOASCOPE_IOMMUFD_DOMAINS_BPF_H

#include "iommufd_pages.bpf.h"
#include "iommufd_ranges.bpf.h"

/* What was put into each domain and not told yet; more domains make it uncertain. */
static __always_inline void fd_fill_add(struct op *op, __u64 domain, __s64 bytes)
{
	__u64 key = op->ctx_key;

	for (int i = 0; i < OP_FILLS; i++) {
		if (op->fill[i].domain && op->fill[i].domain != domain)
			continue;
		op->fill[i].domain = domain;
		op->fill[i].bytes += bytes;
		return;
	}
	mark_uncertain(bpf_map_lookup_elem(&ioas_ctx, &key));
}

static __always_inline void fd_filled(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
				      struct iopt_area *area, __u64 domain, __s64 bytes)
{
	struct fd_object *o = fd_find(domain, FD_DOMAIN);
	struct ioas_event *e;

	if (!o || !bytes)
		return;
	e = event_begin(c, s, IOAS_EV_AREA_FILLED, fd_op_num(op));
	if (!e)
		return;
	e->body_area.iova = BPF_CORE_READ(area, node.start);
	e->body_area.last = BPF_CORE_READ(area, node.last);
	e->body_area.object = o->id;
	e->body_area.bytes = bytes;
	event_end(e);
}

static __noinline int fd_fills_tell(struct ioas_ioas *s, struct op *op, struct iopt_area *area)
{
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;

	if (!s || !op)
		return 0;
	for (int i = 0; i < OP_FILLS; i++) {
		if (op->fill[i].domain)
			fd_filled(c, s, op, area, op->fill[i].domain, op->fill[i].bytes);
		op->fill[i].domain = 0;
		op->fill[i].bytes = 0;
	}
	return 0;
}

HOOK("fexit/batch_to_domain", fd_batch)
{
	struct pfn_batch *batch = (void *)arg(ctx, ARG_FD_BATCH_BATCH);
	struct op *op = op_get(LEVEL_DRIVER);

	if (op && !(int)ret_of(ctx))
		fd_fill_add(op, arg(ctx, ARG_FD_BATCH_DOMAIN),
			    (__u64)BPF_CORE_READ(batch, total_pfns) << PAGE_SHIFT);
	return 0;
}

/* The attach of a domain fills it area by area; what fails is taken back inside. */
HOOK("fexit/iopt_area_fill_domain", fd_fill1)
{
	struct iopt_area *area = (void *)arg(ctx, ARG_FD_FILL1_AREA);
	struct ioas_ioas *s = fd_ioas((__u64)BPF_CORE_READ(area, iopt));
	struct op *op = op_get(LEVEL_DRIVER);

	if (!(int)ret_of(ctx))
		fd_fills_tell(s, op, area);
	else if (op)
		__builtin_memset(op->fill, 0, sizeof(op->fill));
	return 0;
}

/* Whether a part was put into the domain that was not told yet: a fill fails just now. */
static __always_inline bool fd_fill_pending(const struct op *op, __u64 domain)
{
	for (int i = 0; i < OP_FILLS; i++) {
		if (op->fill[i].domain == domain)
			return true;
	}
	return false;
}

/* The whole area leaves a domain: the last one that has it, or another. */
static __noinline int fd_emptied(struct iopt_area *area, __u64 domain)
{
	struct ioas_ioas *s = fd_ioas((__u64)BPF_CORE_READ(area, iopt));
	__u64 size = BPF_CORE_READ(area, node.last) - BPF_CORE_READ(area, node.start) + 1;
	struct op *op = op_get(LEVEL_DRIVER);

	/* A removal tells it for all domains; of a fill that fails nothing was told. */
	if (s && (!op || (!op->removal.active && !fd_fill_pending(op, domain))))
		fd_filled(ctx_of(s), s, op, area, domain, -size);
	return 0;
}

HOOK("fexit/__iopt_area_unfill_domain", fd_unfill1)
{
	return fd_emptied((void *)arg(ctx, ARG_FD_UNFILL1_AREA), arg(ctx, ARG_FD_UNFILL1_DOMAIN));
}

HOOK("fexit/iopt_area_unmap_domain", fd_unmap1)
{
	return fd_emptied((void *)arg(ctx, ARG_FD_UNMAP1_AREA), arg(ctx, ARG_FD_UNMAP1_DOMAIN));
}

/*
 * Told inside of the locks: when it reserves what it cannot reach. One that reaches
 * everything is told before them, so that it is known when it is filled.
 */
HOOK("fentry/iopt_table_add_domain", fd_add_domain)
{
	__u64 iopt = arg(ctx, ARG_FD_ADD_IOPT), key = arg(ctx, ARG_FD_ADD_DOMAIN);
	struct iommu_domain *domain = (void *)key;
	struct ioas_ioas *s = fd_ioas(iopt);
	struct op *op = fd_op(iopt);
	struct fd_object *o;

	/* A device that is attached first has named it. */
	o = s ? fd_domain(ctx_of(s), key, s->ctx_key, iopt) : NULL;
	if (!o)
		return 0;
	if (op)
		op->adding = key;
	if (!op || (!BPF_CORE_READ(domain, geometry.aperture_start) &&
		    !~BPF_CORE_READ(domain, geometry.aperture_end)))
		fd_domain_comes(iopt, key);
	return 0;
}

HOOK("fexit/iopt_table_add_domain", fd_added_domain)
{
	struct fd_object *o = fd_find(arg(ctx, ARG_FD_ADD_DOMAIN), FD_DOMAIN);
	struct op *op = op_get(LEVEL_DRIVER);

	if ((int)ret_of(ctx)) {
		fd_domain_leaves(arg(ctx, ARG_FD_ADD_IOPT), arg(ctx, ARG_FD_ADD_DOMAIN));
		if (o)
			o->failed = 1;
	} else if (op && op->adding) {
		fd_domain_comes(arg(ctx, ARG_FD_ADD_IOPT), arg(ctx, ARG_FD_ADD_DOMAIN));
	}
	if (op)
		op->adding = 0;
	return 0;
}

/*
 * A property of the domain. Outside of iova_rwsem, which is held for reading only anyway: of
 * two tasks that switch it for one domain at the same moment, the one that is told last need
 * not be the last. The domain is there: the ioctl holds its object.
 */
HOOK("fexit/iopt_set_dirty_tracking", fd_dirty)
{
	__u64 iopt = arg(ctx, ARG_FD_DIRTY_IOPT);
	__u32 enable = (__u8)arg(ctx, ARG_FD_DIRTY_ENABLE);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct ioas_event *e;
	struct fd_object *o;

	if (!s || (int)ret_of(ctx))
		return 0;
	o = fd_domain(ctx_of(s), arg(ctx, ARG_FD_DIRTY_DOMAIN), s->ctx_key, iopt);
	if (!o)
		return 0;
	fd_tracks_dirty(s, enable);
	e = event_begin(ctx_of(s), s, IOAS_EV_DIRTY, fd_op_num(fd_op(iopt)));
	if (!e)
		return 0;
	e->body_obj.mode = s->mode;
	e->body_obj.object = o->id;
	e->body_obj.dirty = enable;
	event_end(e);
	return 0;
}

#endif
