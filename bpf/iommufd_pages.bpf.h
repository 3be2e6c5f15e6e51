/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: what readers of the state find of memory. The programs themselves need
 * fd_objects only.
 *
 * What makes it ordered: it is written where the same is told, by fd_pages_tell().
 */
#ifndef IOASCOPE_IOMMUFD_PAGES_BPF_H
#define IOASCOPE_IOMMUFD_PAGES_BPF_H

#include "iommufd.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct ioas_pages);
} ioas_pages SEC(".maps");

/* Newer than 6.12; before it all memory is of a process. */
enum iopt_address_type___kept {
	IOPT_ADDRESS_USER___kept,
	IOPT_ADDRESS_FILE___kept,
};

struct iopt_pages___kept {
	enum iopt_address_type___kept type;
} __attribute__((preserve_access_index));

static __always_inline __u8 fd_kept_memory(struct iopt_pages *pages)
{
	struct iopt_pages___kept *typed = (void *)pages;
	__u32 type;

	if (!bpf_core_field_exists(typed->type))
		return IOAS_MEMORY_USER;
	type = BPF_CORE_READ(typed, type);
	return type == IOPT_ADDRESS_USER___kept	  ? IOAS_MEMORY_USER
	       : type == IOPT_ADDRESS_FILE___kept ? IOAS_MEMORY_FILE
						  : IOAS_MEMORY_DMABUF;
}

/*
 * Keeps what an event of that kind is about to tell of @pages, which is @o;
 * @owner pays by @account.
 */
static __noinline int fd_pages_keep(struct iopt_pages *pages, const struct fd_object *o, __u16 kind,
				    __u32 owner, __u8 account)
{
	struct ioas_pages v = { .owner = owner, .account = account };
	__u64 key = (__u64)pages, ctx_key;
	struct ioas_pages *kept;
	struct ioas_ctx *c;

	if (!o)
		return 0;
	ctx_key = o->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &ctx_key);
	if (!c)
		return 0;
	kept = bpf_map_lookup_elem(&ioas_pages, &key);
	if (kept && kind == IOAS_EV_PAGES_GONE)
		return bpf_map_delete_elem(&ioas_pages, &key);
	if (kept && kind == IOAS_EV_PAGES_PINNED) {
		kept->pinned = o->pinned;
		return 0;
	}
	v.id = o->id;
	v.ctx = c->id;
	v.memory = fd_kept_memory(pages);
	if (v.memory == IOAS_MEMORY_USER)
		v.va = (__u64)BPF_CORE_READ(pages, uptr);
	v.npages = BPF_CORE_READ(pages, npages);
	v.pinned = o->pinned;
	v.tgid = BPF_CORE_READ(pages, source_task, tgid);
	v.uid = BPF_CORE_READ(pages, source_user, uid.val);
	v.writable = BPF_CORE_READ_BITFIELD_PROBED(pages, writable);
	if (kind != IOAS_EV_PAGES_GONE && bpf_map_update_elem(&ioas_pages, &key, &v, BPF_ANY)) {
		stat_inc(IOAS_STAT_MAP_FULL);
		mark_uncertain(c);
	}
	return 0;
}

#endif
