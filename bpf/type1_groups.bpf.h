/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Groups that come and go, and what that does to the mappings: a replay pins
 * them for new hardware, the last detach drops them. Attach and detach run
 * under container->group_lock (write); what they do to areas is told by the
 * hooks inside iommu->lock.
 */
#ifndef IOASCOPE_TYPE1_GROUPS_BPF_H
#define IOASCOPE_TYPE1_GROUPS_BPF_H

#include "type1.bpf.h"

static __always_inline void group_tell(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op,
				       __u16 kind)
{
	struct ioas_event *e = event_begin(c, s, kind, op->num);

	if (!e)
		return;
	e->body_obj.mode = s->mode;
	e->body_obj.group = op->group;
	e->body_obj.emulated = op->emulated;
	event_end(e);
}

static __always_inline void group_add(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op)
{
	__u32 n = s->ngroups;

	if (n < IOAS_GROUPS_MAX) {
		s->groups[n].id = op->group;
		s->groups[n].emulated = op->emulated;
		s->ngroups = n + 1;
	} else {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(c);
	}
	group_tell(c, s, op, IOAS_EV_GROUP_ATTACH);
}

static __always_inline void group_del(struct ioas_ctx *c, struct ioas_ioas *s, struct op *op)
{
	__u32 i, last = s->ngroups - 1;

	for (i = 0; i < IOAS_GROUPS_MAX; i++) {
		if (i >= s->ngroups || s->groups[i].id != op->group)
			continue;
		op->emulated = s->groups[i].emulated;
		if (last < IOAS_GROUPS_MAX)
			s->groups[i] = s->groups[last];
		s->ngroups--;
		break;
	}
	group_tell(c, s, op, IOAS_EV_GROUP_DETACH);
}

static __always_inline struct op *group_op(__u64 key, __u64 group, __u32 what)
{
	struct iommu_group *g = (void *)group;
	struct op *op;

	if (!ioas_get(key))
		return NULL;
	op = op_new(LEVEL_DRIVER, what);
	if (!op)
		return NULL;
	op->ioas_key = key;
	op->group = BPF_CORE_READ(g, id);
	op->group_valid = 1;
	return op;
}

HOOK("fentry/vfio_iommu_type1_attach_group", t1_attach)
{
	struct op *op =
		group_op(arg(ctx, ARG_ATTACH_DATA), arg(ctx, ARG_ATTACH_GROUP), IOAS_OP_ATTACH);

	if (op)
		op->emulated = (__u32)arg(ctx, ARG_ATTACH_TYPE) == VFIO_EMULATED_GROUP;
	return 0;
}

HOOK("fexit/vfio_iommu_type1_attach_group", t1_attached)
{
	struct op *op = op_get(LEVEL_DRIVER);
	int ret = ret_of(ctx);
	struct ioas_ioas *s;
	struct ioas_ctx *c;

	if (!op || op->what != IOAS_OP_ATTACH)
		return 0;
	s = ioas_get(op->ioas_key);
	if (s) {
		c = ctx_of(s);
		pins_tell(c, s, op);
		charge_tell(c, s, op);
		if (!ret)
			group_add(c, s, op);
		ranges_tell(op->ioas_key, op->num);
		ioas_refresh(s, op->ioas_key, op);
		op_emit(c, s, op, ret, 0, 0);
	}
	op_del(LEVEL_DRIVER);
	return 0;
}

HOOK("fentry/vfio_iommu_type1_detach_group", t1_detach)
{
	group_op(arg(ctx, ARG_DETACH_DATA), arg(ctx, ARG_DETACH_GROUP), IOAS_OP_DETACH);
	return 0;
}

HOOK("fexit/vfio_iommu_type1_detach_group", t1_detached)
{
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ioas *s;
	struct ioas_ctx *c;

	if (!op || op->what != IOAS_OP_DETACH)
		return 0;
	s = ioas_get(op->ioas_key);
	if (s) {
		c = ctx_of(s);
		pins_tell(c, s, op);
		charge_tell(c, s, op);
		group_del(c, s, op);
		ranges_tell(op->ioas_key, op->num);
		ioas_refresh(s, op->ioas_key, op);
		op_emit(c, s, op, 0, 0, IOAS_F_NO_RESULT);
	}
	op_del(LEVEL_DRIVER);
	return 0;
}

#endif
