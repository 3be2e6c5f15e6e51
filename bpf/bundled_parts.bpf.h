/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend: what readers of the state find of users and ranges. It is written where the
 * same is told, in the same order.
 */
#ifndef IOASCOPE_BUNDLED_PARTS_BPF_H
#define IOASCOPE_BUNDLED_PARTS_BPF_H

#include "bundled.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct ioas_part_key);
	__type(value, struct ioas_part);
} ioas_parts SEC(".maps");

static const struct ioas_part no_part;

static __always_inline struct ioas_part_key bd_part_key(const struct ioas_ioas *s, __u32 kind,
							__u32 id)
{
	struct ioas_part_key key = { .ioas = s->id, .id = id, .kind = kind };

	return key;
}

/* The part, new if it was not there; NULL: no room. */
static __always_inline struct ioas_part *bd_part(struct ioas_ioas *s,
						 const struct ioas_part_key *key)
{
	struct ioas_part *p = bpf_map_lookup_elem(&ioas_parts, key);

	if (p)
		return p;
	if (bpf_map_update_elem(&ioas_parts, key, &no_part, BPF_NOEXIST)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(ctx_of(s));
		return NULL;
	}
	return bpf_map_lookup_elem(&ioas_parts, key);
}

/* The event of a user, as it goes out, is what is kept of it. */
static __noinline int bd_user_keep(struct ioas_ioas *s, const struct ioas_event *e)
{
	struct ioas_part_key key;
	struct ioas_part *p;
	__u32 kind;

	if (!s || !e)
		return 0;
	kind = e->kind == IOAS_EV_DOMAIN_ATTACH || e->kind == IOAS_EV_DOMAIN_DETACH
		       ? IOAS_PART_DOMAIN
	       : e->kind == IOAS_EV_DEVICE_ATTACH || e->kind == IOAS_EV_DEVICE_DETACH
		       ? IOAS_PART_DEVICE
		       : IOAS_PART_ACCESS;
	key = bd_part_key(s, kind, e->body_obj.object);
	if (e->kind == IOAS_EV_DOMAIN_DETACH || e->kind == IOAS_EV_DEVICE_DETACH ||
	    e->kind == IOAS_EV_ACCESS_DETACH)
		return bpf_map_delete_elem(&ioas_parts, &key);
	p = bd_part(s, &key);
	if (!p)
		return 0;
	p->page_size = e->body_obj.page_size;
	p->domain = e->body_obj.domain;
	p->exact = e->body_obj.exact;
	__builtin_memcpy(p->name, e->body_obj.name, sizeof(p->name));
	return 0;
}

/* What a domain maps, or a client has pinned, changes. */
static __noinline int bd_part_add(struct ioas_ioas *s, __u32 kind, __u32 id, __s64 delta)
{
	struct ioas_part_key key;
	struct ioas_part *p;

	if (!s)
		return 0;
	key = bd_part_key(s, kind, id);
	p = bpf_map_lookup_elem(&ioas_parts, &key);
	if (p)
		__sync_fetch_and_add(&p->count, delta);
	return 0;
}

/* The same range may be reserved more than once; the lock of the IOAS is held. */
static __noinline int bd_range_keep(struct ioas_ioas *s, const struct ioas_range_body *r,
				    __s64 delta)
{
	struct ioas_part_key key;
	struct ioas_part *p;

	if (!s || !r)
		return 0;
	key = bd_part_key(s, IOAS_PART_RANGE, r->owner);
	key.class = r->class;
	key.iova = r->iova;
	key.last = r->last;
	p = bd_part(s, &key);
	if (!p)
		return 0;
	p->count += delta;
	if (p->count <= 0)
		bpf_map_delete_elem(&ioas_parts, &key);
	return 0;
}

#endif
