/* SPDX-License-Identifier: GPL-2.0 */
/*
 * iommufd: pages objects, the memory behind areas, and what is charged for it.
 *
 * What makes it ordered:
 *   memory born: entry of iopt_area_fill_domains, its first use; memory gone:
 *     entry of iopt_release_pages, the last reference.
 *   pinned, charged: exit of do_update_pinned, under pages->mutex. What is
 *     pinned is read from the object there, what is charged from the arguments.
 *   what readers of the state find (ioas_pages; the programs themselves need
 *     fd_objects only): written where the same is told, by fd_pages_tell().
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

static __always_inline __u32 fd_memory(struct iopt_pages *pages)
{
	struct iopt_pages___typed *typed = (void *)pages;
	__u32 type;

	if (!bpf_core_field_exists(typed->type))
		return IOAS_MEMORY_USER;
	type = BPF_CORE_READ(typed, type);
	return type == IOPT_ADDRESS_USER   ? IOAS_MEMORY_USER
	       : type == IOPT_ADDRESS_FILE ? IOAS_MEMORY_FILE
					   : IOAS_MEMORY_DMABUF;
}

/* Files have none: what is there in its place is no address of a process. */
static __always_inline __u64 fd_va(struct iopt_pages *pages)
{
	return fd_memory(pages) == IOAS_MEMORY_USER ? (__u64)BPF_CORE_READ(pages, uptr) : 0;
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
	v.memory = fd_memory(pages);
	v.va = fd_va(pages);
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

/* ---- what is told ---- */

static __always_inline __u32 fd_counter(struct iopt_pages *pages)
{
	__u8 mode = BPF_CORE_READ(pages, account_mode);

	return mode == FD_ACCOUNT_USER ? IOAS_COUNTER_USER_LOCKED
	       : mode == FD_ACCOUNT_MM ? IOAS_COUNTER_MM_LOCKED
				       : IOAS_COUNTER_NONE;
}

/*
 * Whoever is charged. Nobody tells when one goes, so the address alone does not
 * say who it is: somebody else at the same one is another payer.
 */
struct fd_payer {
	__u64 address; /* of the user_struct or mm_struct that counts */
	__u64 who; /* the user or process that it is of */
};

struct fd_pays {
	__u32 id; /* our number */
	__u32 pages; /* pages objects for which it pays; 0: it may be forgotten, see
			fd_payers_sweep() */
};

#define FD_PAYERS 65536
#define FD_PAYERS_MANY (FD_PAYERS / 2)
#define FD_SWEEP_NS 1000000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, FD_PAYERS);
	__type(key, struct fd_payer);
	__type(value, struct fd_pays);
} fd_payers SEC(".maps");

__u32 fd_payers_known; /* in the map */
__u64 fd_payers_swept_ns;

/*
 * Our number of who pays for @pages, which is @o: of the user's counter, or the mm's; 0: nobody.
 * It is kept in @o until that has another owner: whatever becomes of the map's entry meanwhile,
 * what is charged for one pages object is taken back from the same payer.
 */
static __noinline __u32 fd_payer(struct ioas_ctx *c, struct fd_object *o, struct iopt_pages *pages)
{
	__u32 counter = fd_counter(pages);
	struct fd_pays fresh = { .pages = 1 }, *known;
	struct fd_payer key = {};

	if (!o || counter == IOAS_COUNTER_NONE)
		return 0;
	if (o->payer)
		return o->payer;
	if (counter == IOAS_COUNTER_USER_LOCKED) {
		key.address = (__u64)BPF_CORE_READ(pages, source_user);
		key.who = BPF_CORE_READ(pages, source_user, uid.val);
	} else {
		key.address = (__u64)BPF_CORE_READ(pages, source_mm);
		key.who = BPF_CORE_READ(pages, source_task, tgid);
	}
	o->payer_who = key.who;
	known = bpf_map_lookup_elem(&fd_payers, &key);
	if (!known) {
		/* No lock is held by all who may see a payer first: one of them names it. */
		fresh.id = new_id();
		if (!bpf_map_update_elem(&fd_payers, &key, &fresh, BPF_NOEXIST)) {
			__sync_fetch_and_add(&fd_payers_known, 1);
			o->payer = fresh.id;
			return fresh.id;
		}
		known = bpf_map_lookup_elem(&fd_payers, &key);
	}
	if (known) {
		__sync_fetch_and_add(&known->pages, 1);
		o->payer = known->id;
		return known->id;
	}
	stat_inc(IOAS_STAT_MAP_FULL);
	mark_uncertain(c);
	return 0;
}

/* It pays for @o no more. */
static __noinline int fd_payer_left(struct fd_object *o, struct iopt_pages *pages)
{
	struct fd_payer key = {};
	struct fd_pays *known;

	if (!o || !o->payer)
		return 0;
	key.address = fd_counter(pages) == IOAS_COUNTER_USER_LOCKED ? o->user : o->mm;
	key.who = o->payer_who;
	known = bpf_map_lookup_elem(&fd_payers, &key);
	if (known && known->id == o->payer)
		__sync_fetch_and_add(&known->pages, -1);
	o->payer = 0;
	return 0;
}

static long fd_payer_sweep(struct bpf_map *map, struct fd_payer *payer, struct fd_pays *pays,
			   void *arg)
{
	struct fd_payer key = *payer;

	if (!pays->pages && !bpf_map_delete_elem(&fd_payers, &key))
		__sync_fetch_and_add(&fd_payers_known, -1);
	return 0;
}

/*
 * Makes room where there are many, at most once a second. Nobody tells when a payer goes for
 * good: one that pays for nothing may only rest, and has another number afterwards. Who
 * begins to pay at this moment may keep a number that is not found any more; see fd_payer().
 */
static __noinline int fd_payers_sweep(void)
{
	__u64 now = bpf_ktime_get_boot_ns(), was = fd_payers_swept_ns;

	if (fd_payers_known < FD_PAYERS_MANY || now - was < FD_SWEEP_NS ||
	    __sync_val_compare_and_swap(&fd_payers_swept_ns, was, now) != was)
		return 0;
	bpf_for_each_map_elem(&fd_payers, fd_payer_sweep, NULL, 0);
	return 0;
}

static __always_inline void fd_pages_owned(struct fd_object *o, struct iopt_pages *pages)
{
	fd_payer_left(o, pages);
	o->mm = (__u64)BPF_CORE_READ(pages, source_mm);
	o->user = (__u64)BPF_CORE_READ(pages, source_user);
	o->task = (__u64)BPF_CORE_READ(pages, source_task);
}

static __always_inline void fd_pages_watch(struct iopt_pages *pages)
{
	__u64 va = fd_va(pages);

	if (memory_watched && fd_memory(pages) == IOAS_MEMORY_USER)
		memory_mapped((__u64)BPF_CORE_READ(pages, source_mm), va,
			      va + (BPF_CORE_READ(pages, npages) << PAGE_SHIFT) - 1,
			      BPF_CORE_READ(pages, source_task, tgid),
			      BPF_CORE_READ(pages, source_user, uid.val));
}

static __always_inline void fd_pages_tell(struct ioas_ctx *c, struct ioas_ioas *s,
					  struct iopt_pages *pages, struct fd_object *o, __u16 kind,
					  __s64 pinned, __u64 op)
{
	__u32 owner = fd_payer(c, o, pages);
	struct ioas_event *e;

	fd_pages_keep(pages, o, kind, owner, fd_counter(pages));
	/* Also if the event is lost. */
	if (kind == IOAS_EV_PAGES_NEW)
		fd_pages_watch(pages);
	e = event_begin(c, s, kind, op);
	if (!e)
		return;
	e->body_pages.pages_id = o->id;
	e->body_pages.owner = owner;
	e->body_pages.va = fd_va(pages);
	e->body_pages.npages = BPF_CORE_READ(pages, npages);
	e->body_pages.pinned = pinned;
	e->body_pages.memory = fd_memory(pages);
	e->body_pages.account = fd_counter(pages);
	e->body_pages.writable = BPF_CORE_READ_BITFIELD_PROBED(pages, writable);
	e->body_pages.owner_tgid = BPF_CORE_READ(pages, source_task, tgid);
	e->body_pages.owner_uid = BPF_CORE_READ(pages, source_user, uid.val);
	event_end(e);
}

/* The pages object, announced at first sight. */
static __noinline struct fd_object *fd_pages(struct ioas_ioas *s, struct iopt_pages *pages)
{
	struct ioas_ctx *c = s ? ctx_of(s) : NULL;
	struct fd_object *o = fd_find((__u64)pages, FD_PAGES);
	struct op *op = op_get(LEVEL_DRIVER);

	if (o || !c)
		return o;
	o = fd_new(c, (__u64)pages, FD_PAGES, s->ctx_key, 0);
	if (!o)
		return o;
	fd_pages_owned(o, pages);
	fd_pages_tell(c, s, pages, o, IOAS_EV_PAGES_NEW, 0, fd_op_num(op));
	return o;
}

HOOK("fentry/iopt_release_pages", fd_release_pages)
{
	__u64 key = arg(ctx, ARG_FD_RELEASE_KREF) - bpf_core_field_offset(struct iopt_pages, kref);
	struct fd_object *o = fd_find(key, FD_PAGES);
	struct op *op = op_get(LEVEL_DRIVER);
	struct ioas_ctx *c;
	__u64 ctx_key;

	if (!o)
		return 0;
	ctx_key = o->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &ctx_key);
	if (c)
		fd_pages_tell(c, NULL, (void *)key, o, IOAS_EV_PAGES_GONE, 0, fd_op_num(op));
	fd_payer_left(o, (void *)key);
	fd_forget(key);
	fd_payers_sweep();
	return 0;
}

static __noinline int fd_charge_tell(struct ioas_ctx *c, struct iopt_pages *pages,
				     struct fd_object *o, __s64 npages, __u64 op)
{
	struct ioas_event *e;
	__u32 owner;

	if (!c || !o || fd_counter(pages) == IOAS_COUNTER_NONE)
		return 0;
	owner = fd_payer(c, o, pages);
	e = event_begin(c, NULL, IOAS_EV_CHARGE, op);
	if (!e)
		return 0;
	e->body_charge.owner = owner;
	e->body_charge.counter = fd_counter(pages);
	e->body_charge.pages = npages;
	e->body_charge.owner_tgid = BPF_CORE_READ(pages, source_task, tgid);
	e->body_charge.owner_uid = BPF_CORE_READ(pages, source_user, uid.val);
	e->body_charge.pages_id = o->id;
	event_end(e);
	return 0;
}

/* The limit is that of the task that mapped it. Who is above it is charged nothing. */
static __noinline int fd_charge_refused(struct iopt_pages *pages, __u64 npages)
{
	struct fd_object *o = fd_find((__u64)pages, FD_PAGES);
	__u64 key = o ? o->ctx_key : 0, ioas = 0, used;
	__u32 counter = fd_counter(pages);
	struct op *op = op_innermost();

	if (op)
		ioas = op->ioas_key;
	used = counter == IOAS_COUNTER_USER_LOCKED
		       ? (__u64)BPF_CORE_READ(pages, source_user, locked_vm.counter)
		       : BPF_CORE_READ(pages, source_mm, locked_vm);
	if (key && counter != IOAS_COUNTER_NONE)
		refused_charge(bpf_map_lookup_elem(&ioas_ctx, &key),
			       bpf_map_lookup_elem(&ioas_ioas, &ioas),
			       BPF_CORE_READ(pages, source_task), counter, npages, used);
	return 0;
}

/*
 * fexit, under pages->mutex. Only here .npinned is what it says: in between it
 * runs ahead. The 7.x name is iopt_pages_update_pinned. A change of process calls
 * it without the mutex and with all IOASes locked: once for the sum of what the
 * new one is to pay, with a pages object that nobody knows, then for each object,
 * to take it back from the old one. Then nothing is pinned or unpinned.
 */
HOOK("fexit/do_update_pinned", fd_update_pinned)
{
	struct iopt_pages *pages = (void *)arg(ctx, ARG_FD_ACCT_PAGES);
	__s64 npages = arg(ctx, ARG_FD_ACCT_NPAGES);
	struct fd_object *o = fd_find((__u64)pages, FD_PAGES);
	struct op *op = op_innermost();
	struct ioas_ctx *c;
	__s64 now, delta;
	__u64 key;

	if ((int)ret_of(ctx) == REFUSED_ENOMEM)
		return fd_charge_refused(pages, npages);
	if (!(__u8)arg(ctx, ARG_FD_ACCT_INC))
		npages = -npages;
	if (!o || (int)ret_of(ctx))
		return 0;
	key = o->ctx_key;
	c = bpf_map_lookup_elem(&ioas_ctx, &key);
	if (!c)
		return 0;
	now = BPF_CORE_READ(pages, npinned);
	delta = now - o->pinned;
	o->pinned = now;
	if (op && delta > 0)
		op->pinned += delta;
	else if (op)
		op->unpinned -= delta;
	if (op && op->what == IOAS_OP_CHANGE_PROCESS)
		o->moving = -npages;
	else
		fd_pages_tell(c, NULL, pages, o, IOAS_EV_PAGES_PINNED, delta, fd_op_num(op));
	return fd_charge_tell(c, pages, o, npages, fd_op_num(op));
}

#endif
