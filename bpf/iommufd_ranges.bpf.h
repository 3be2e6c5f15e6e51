/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: ranges where no area may be, and where the kernel may choose addresses.
 *
 * What makes it ordered:
 *   reserved ranges: exit of iopt_reserve_iova, entry of
 *     __iopt_remove_reserved_iova, both under iova_rwsem (write).
 *   domains: with the ranges that they reserve, in the same places.
 *   allowed ranges: exit of iopt_set_allow_iova, after the lock: two that race
 *     may be told in the wrong order.
 */
#ifndef IOASCOPE_IOMMUFD_RANGES_BPF_H
#define IOASCOPE_IOMMUFD_RANGES_BPF_H

#include "iommufd.bpf.h"

static __noinline int fd_range_tell(__u64 iopt, const struct ioas_range_body *range, __u16 kind)
{
	struct ioas_ioas *s = fd_ioas(iopt);
	struct ioas_event *e;

	e = s ? event_begin(ctx_of(s), s, kind, fd_op_num(fd_op(iopt))) : NULL;
	if (!e)
		return 0;
	e->body_range = *range;
	event_end(e);
	return 0;
}

/* The map has one word for all domains: off for one of several leaves open what the others do. */
static __always_inline void fd_tracks_dirty(struct ioas_ioas *s, __u32 enable)
{
	s->dirty = enable ? 1 : s->dirty && s->domains > 1 ? 2 : 0;
}

static __noinline int fd_domain_tell(__u64 iopt, struct iommu_domain *domain, __u32 id, __u16 kind)
{
	struct ioas_ioas *s = fd_ioas(iopt);
	struct op *op = fd_op(iopt);
	struct ioas_event *e;
	__u64 sizes;

	if (s && kind == IOAS_EV_DOMAIN_ATTACH)
		s->domains++;
	else if (s && s->domains)
		s->domains--;
	if (s && s->dirty && kind == IOAS_EV_DOMAIN_DETACH)
		s->dirty = s->domains ? 2 : 0;
	e = s ? event_begin(ctx_of(s), s, kind, fd_op_num(op)) : NULL;
	if (!e)
		return 0;
	sizes = BPF_CORE_READ(domain, pgsize_bitmap);
	e->body_obj.mode = s->mode;
	e->body_obj.object = id;
	e->body_obj.page_size = sizes & -sizes;
	event_end(e);
	return 0;
}

/* It asks for what it cannot reach while it is added; that it came is told once. */
static __noinline int fd_domain_comes(__u64 iopt, __u64 domain)
{
	struct fd_object *o = fd_find(domain, FD_DOMAIN);

	if (!o || o->told)
		return 0;
	o->told = 1;
	fd_domain_tell(iopt, (void *)domain, o->id, IOAS_EV_DOMAIN_ATTACH);
	return 0;
}

/* One that was just being added may still be named by a device: it is not forgotten. */
static __noinline int fd_domain_leaves(__u64 iopt, __u64 domain)
{
	struct fd_object *o = fd_find(domain, FD_DOMAIN);
	struct op *op = op_get(LEVEL_DRIVER);
	bool adding = op && op->adding == domain;

	if (!o || (adding && !o->told))
		return 0;
	fd_domain_tell(iopt, (void *)domain, o->id, IOAS_EV_DOMAIN_DETACH);
	if (adding)
		o->told = 0;
	else
		fd_forget(domain);
	return 0;
}

/* Who asks for a range: a domain or a device. */
static __always_inline struct fd_object *fd_owner(__u64 owner)
{
	struct fd_object *o = fd_find(owner, FD_DOMAIN);

	return o ? o : fd_find(owner, FD_DEVICE);
}

/* An area or an allowed range is in the way, or there is no memory. */
static __noinline int fd_reserve_refused(__u64 iopt, __u64 start, __u64 last, __u64 owner, int ret)
{
	struct ioas_ioas *s = fd_ioas(iopt);
	struct fd_object *o = fd_owner(owner);
	struct ioas_event *e;

	e = s ? refused_begin(ctx_of(s), s, IOAS_OP_RESERVE, ret) : NULL;
	if (!e)
		return 0;
	e->body_op.iova = start;
	e->body_op.size = last - start + 1;
	e->body_op.group = o ? o->id : 0;
	event_end(e);
	return 0;
}

HOOK("fexit/iopt_reserve_iova", fd_reserve)
{
	__u64 iopt = arg(ctx, ARG_FD_RESERVE_IOPT), owner = arg(ctx, ARG_FD_RESERVE_OWNER);
	struct ioas_ioas *s = fd_ioas(iopt);
	struct ioas_range_body range = { .class = IOAS_RANGE_RESERVED };
	struct fd_object *o;

	if (!s)
		return 0;
	if ((int)ret_of(ctx))
		return fd_reserve_refused(iopt, arg(ctx, ARG_FD_RESERVE_START),
					  arg(ctx, ARG_FD_RESERVE_LAST), owner, (int)ret_of(ctx));
	fd_domain_comes(iopt, owner);
	/* A device asks before it is attached. */
	o = fd_owner(owner);
	if (!o)
		o = fd_new(ctx_of(s), owner, FD_DEVICE, s->ctx_key, 0);
	range.iova = arg(ctx, ARG_FD_RESERVE_START);
	range.last = arg(ctx, ARG_FD_RESERVE_LAST);
	range.owner = o ? o->id : 0;
	fd_range_tell(iopt, &range, IOAS_EV_RANGE_ADD);
	return 0;
}

/* For a domain it is called when that leaves, and nothing is mapped in it any more. */
HOOK("fentry/__iopt_remove_reserved_iova", fd_unreserve)
{
	struct ioas_range_body range = { .last = ~0ULL, .class = IOAS_RANGE_RESERVED };
	__u64 iopt = arg(ctx, ARG_FD_FREE_IOPT), owner = arg(ctx, ARG_FD_FREE_OWNER);
	struct fd_object *o = fd_owner(owner);

	if (!o)
		return 0;
	range.owner = o->id;
	fd_range_tell(iopt, &range, IOAS_EV_RANGE_CLEAR);
	if (o->kind == FD_DOMAIN)
		fd_domain_leaves(iopt, owner);
	return 0;
}

/* The smallest range that begins behind the cursor: by a descent from the root. */
struct fd_descent {
	__u64 node;
	__u64 best;
	__u64 after;
	__u32 first; /* there is no cursor yet */
	__u32 pad;
};

static long fd_descend(__u32 depth, void *data)
{
	struct fd_descent *d = data;
	struct interval_tree_node *n = (void *)d->node;
	struct rb_node *rb = (void *)d->node;

	if (!d->node)
		return 1;
	if (d->first || BPF_CORE_READ(n, start) > d->after) {
		d->best = d->node;
		d->node = (__u64)BPF_CORE_READ(rb, rb_left);
	} else {
		d->node = (__u64)BPF_CORE_READ(rb, rb_right);
	}
	return 0;
}

#define FD_ALLOWED_MAX 64

struct fd_allowed {
	__u64 iopt;
	__u64 after;
	__u32 count;
	__u32 done;
};

static long fd_allowed_one(__u32 index, void *data)
{
	struct ioas_range_body range = { .class = IOAS_RANGE_ALLOWED };
	struct fd_allowed *w = data;
	struct io_pagetable *iopt = (void *)w->iopt;
	struct fd_descent d = { .after = w->after, .first = !w->count };
	struct interval_tree_node *n;

	d.node = (__u64)BPF_CORE_READ(iopt, allowed_itree.rb_root.rb_node);
	bpf_loop(64, fd_descend, &d, 0);
	n = (void *)d.best;
	if (!n) {
		w->done = 1;
		return 1;
	}
	w->after = BPF_CORE_READ(n, start);
	w->count++;
	range.iova = w->after;
	range.last = BPF_CORE_READ(n, last);
	fd_range_tell(w->iopt, &range, IOAS_EV_RANGE_ADD);
	return 0;
}

HOOK("fexit/iopt_set_allow_iova", fd_allowed)
{
	struct ioas_range_body range = { .last = ~0ULL, .class = IOAS_RANGE_ALLOWED };
	struct fd_allowed w = { .iopt = arg(ctx, ARG_FD_ALLOWED_IOPT) };
	struct ioas_ioas *s = fd_ioas(w.iopt);

	if (!s || (int)ret_of(ctx))
		return 0;
	fd_range_tell(w.iopt, &range, IOAS_EV_RANGE_CLEAR);
	bpf_loop(FD_ALLOWED_MAX, fd_allowed_one, &w, 0);
	if (!w.done)
		mark_uncertain(ctx_of(s));
	return 0;
}

#endif
