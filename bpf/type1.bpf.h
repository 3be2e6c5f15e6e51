/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the type1 programs share: how an IOAS is found.
 * type1_driver.bpf.h says what orders them.
 */
#ifndef IOASCOPE_TYPE1_BPF_H
#define IOASCOPE_TYPE1_BPF_H

#include "hook.bpf.h"
#include "objects.bpf.h"
#include "refused.bpf.h"
#include "type1_ranges.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/bpf.h>
#include <linux/vfio.h>

#define CAP_IPC_LOCK 14
#define VFIO_EMULATED_GROUP 1 /* enum vfio_group_type of drivers/vfio/vfio.h */

/* MAPs in flight: keeps security_capable's hook to one load when there are none. */
__u32 maps_in_flight;

/* An IOAS that is older than we are. */
static __noinline int ioas_adopt(__u64 key, __u64 ctx_key)
{
	struct vfio_iommu *iommu = (void *)key;

	if (ioas_new(key, ctx_key, IOAS_BACKEND_TYPE1,
		     BPF_CORE_READ(iommu, v2) ? IOAS_MODE_V2 : IOAS_MODE_V1, true))
		ranges_tell(key, 0);
	return 0;
}

static __always_inline struct ioas_ioas *ioas_get(__u64 key)
{
	struct ioas_ioas *s = bpf_map_lookup_elem(&ioas_ioas, &key);

	if (s || !key)
		return s;
	ioas_adopt(key, ioas_ctx_key(key));
	return bpf_map_lookup_elem(&ioas_ioas, &key);
}

/* Takes over what the IOMMU driver holds in plain fields, as hints. */
static __always_inline void ioas_refresh(struct ioas_ioas *s, __u64 key, const struct op *op)
{
	struct vfio_iommu *iommu = (void *)key;
	__u64 non_pinned = BPF_CORE_READ(iommu, num_non_pinned_groups);
	__u8 dirty = BPF_CORE_READ(iommu, dirty_page_tracking);
	struct ioas_event *e;

	s->entries_left = BPF_CORE_READ(iommu, dma_avail);
	s->vaddr_invalid = BPF_CORE_READ(iommu, vaddr_invalid_count);
	if (s->dirty == dirty && s->non_pinned_groups == non_pinned)
		return;
	s->dirty = dirty;
	s->non_pinned_groups = non_pinned;
	e = event_begin(ctx_of(s), s, IOAS_EV_DIRTY, op->num);
	if (!e)
		return;
	e->body_obj.mode = s->mode;
	e->body_obj.dirty = dirty;
	e->body_obj.non_pinned_groups = non_pinned;
	e->body_obj.entries_left = s->entries_left;
	event_end(e);
}

#endif
