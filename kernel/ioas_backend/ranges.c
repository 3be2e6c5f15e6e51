// SPDX-License-Identifier: GPL-2.0
/* Valid and allowed addresses, and reservations. */
#include <linux/uaccess.h>

#include "ioasb.h"

/* No lock: nobody else uses the tree. */
void ioasb_ranges_free(struct rb_root_cached *root)
{
	struct ioasb_range *range;

	while ((range = ioasb_ranges_iter_first(root, 0, ULONG_MAX))) {
		ioasb_ranges_remove(range, root);
		kfree(range);
		cond_resched();
	}
}

/* n ranges of the caller: -EFAULT, or -EINVAL if one ends before it begins. No lock is held. */
int ioasb_ranges_copy_in(struct ioasb_iova_range *to, u64 uptr, u32 n)
{
	u32 i;

	if (copy_from_user(to, u64_to_user_ptr(uptr), array_size(n, sizeof(*to))))
		return -EFAULT;
	for (i = 0; i < n; i++)
		if (to[i].start > to[i].last)
			return -EINVAL;
	return 0;
}

/* The first that somebody takes at or behind @from: a device of the IOAS, or one of @more. */
static struct ioasb_range *first_taken(struct ioasb_ioas *ioas, struct rb_root_cached *more,
				       unsigned long from)
{
	struct ioasb_range *a = ioasb_ranges_iter_first(&ioas->reserved, from, ULONG_MAX);
	struct ioasb_range *b = ioasb_ranges_iter_first(more, from, ULONG_MAX);

	return !a || (b && b->start < a->start) ? b : a;
}

/* The first valid range that ends at or behind *cursor, which moves behind it; false: no more. */
static bool next_valid(struct ioasb_ioas *ioas, struct rb_root_cached *more, unsigned long *cursor,
		       bool *end, struct ioasb_iova_range *out)
{
	while (!*end) {
		struct ioasb_range *r = first_taken(ioas, more, *cursor);
		bool found = !r || r->start > *cursor;

		if (found)
			*out = (struct ioasb_iova_range){ *cursor, r ? r->start - 1 : ULONG_MAX };
		if (!r || r->last == ULONG_MAX)
			*end = true;
		else
			*cursor = r->last + 1;
		if (found)
			return true;
	}
	return false;
}

static u32 list_valid(struct ioasb_ioas *ioas, struct rb_root_cached *more,
		      struct ioasb_iova_range *out, u32 room)
{
	struct ioasb_iova_range range;
	unsigned long cursor = 0;
	bool end = false;
	u32 n = 0;

	while (next_valid(ioas, more, &cursor, &end, &range)) {
		if (n < room)
			out[n] = range;
		n++;
		cond_resched();
	}
	return n;
}

/* *list is the caller's to free, whatever is returned. */
static int get_valid(struct ioasb_ioas *ioas, struct rb_root_cached *more,
		     struct ioasb_iova_ranges *cmd, struct ioasb_iova_range **list)
{
	u32 room = cmd->num_iovas;

	cmd->num_iovas = list_valid(ioas, more, NULL, 0);
	cmd->out_alignment = max(cmd->out_alignment, ioas->alignment);
	cmd->out_generation = ioas->generation;
	if (cmd->num_iovas > room)
		return -EMSGSIZE;
	*list = kvmalloc_array(cmd->num_iovas, sizeof(**list), GFP_KERNEL_ACCOUNT);
	if (!*list)
		return -ENOMEM;
	list_valid(ioas, more, *list, cmd->num_iovas);
	return 0;
}

int ioasb_iova_ranges(struct ioasb_ctx *ctx, struct ioasb_iova_ranges *cmd)
{
	struct rb_root_cached more = RB_ROOT_CACHED;
	struct ioasb_iova_range *list = NULL;
	unsigned long alignment = PAGE_SIZE;
	struct ioasb_ioas *ioas;
	int rc = 0;

	if (cmd->flags & ~IOASB_RANGES_ALL)
		return -EOPNOTSUPP;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	if (cmd->flags & IOASB_RANGES_ALL)
		rc = ioasb_known_ranges(ctx, &more, &alignment);
	cmd->out_alignment = alignment;
	if (!rc)
		rc = ioasb_ioas_read(ioas);
	if (!rc) {
		rc = get_valid(ioas, &more, cmd, &list);
		up_read(&ioas->lock);
	}
	ioasb_ranges_free(&more);
	ioasb_object_put(&ioas->obj);
	if (!rc && copy_to_user(u64_to_user_ptr(cmd->iovas), list,
				array_size(cmd->num_iovas, sizeof(*list))))
		rc = -EFAULT;
	kvfree(list);
	return rc;
}

/* A tree of what may be allowed; what was put in is the caller's, on failure too. */
static int build(struct rb_root_cached *root, const struct ioasb_iova_range *list, u32 n)
{
	struct ioasb_range *range;
	u32 i;

	for (i = 0; i < n; i++) {
		if (list[i].start == list[i].last ||
		    ioasb_ranges_iter_first(root, list[i].start, list[i].last))
			return -EINVAL;
		range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
		if (!range)
			return -ENOMEM;
		range->start = list[i].start;
		range->last = list[i].last;
		ioasb_ranges_insert(range, root);
		cond_resched();
	}
	return 0;
}

static int load_allowed(const struct ioasb_allow_iovas *cmd, struct rb_root_cached *root)
{
	struct ioasb_iova_range *list;
	int rc;

	if (cmd->num_iovas > ioasb_max_entries())
		return -ENOSPC;
	if (!cmd->num_iovas)
		return 0;
	list = kvmalloc_array(cmd->num_iovas, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	rc = ioasb_ranges_copy_in(list, cmd->iovas, cmd->num_iovas);
	if (!rc)
		rc = build(root, list, cmd->num_iovas);
	kvfree(list);
	return rc;
}

/* Tell of each range, and count them. */
static unsigned long tell_allowed(struct ioasb_ioas *ioas, bool added)
{
	struct ioasb_range *r;
	unsigned long n = 0;

	for (r = ioasb_ranges_iter_first(&ioas->allowed, 0, ULONG_MAX); r;
	     r = ioasb_ranges_iter_next(r, 0, ULONG_MAX), n++) {
		u64 order = ioasb_order(ioas->obj.ctx);

		if (added)
			ioasb_note_range_added(ioas, r, IOASB_REC_ALLOWED, NULL, order);
		else
			ioasb_note_range_gone(ioas, r, IOASB_REC_ALLOWED, NULL, order);
		cond_resched();
	}
	return n;
}

/* With the IOAS all of them go, reservations too. */
void ioasb_ranges_tell_gone(struct ioasb_ioas *ioas)
{
	struct ioasb_range *r;

	tell_allowed(ioas, false);
	for (r = ioasb_ranges_iter_first(&ioas->claims, 0, ULONG_MAX); r;
	     r = ioasb_ranges_iter_next(r, 0, ULONG_MAX)) {
		ioasb_note_range_gone(ioas, r, IOASB_REC_RESERVATION, NULL,
				      ioasb_order(ioas->obj.ctx));
		cond_resched();
	}
}

static unsigned long count_allowed(struct ioasb_ioas *ioas)
{
	struct ioasb_range *r;
	unsigned long n = 0;

	for (r = ioasb_ranges_iter_first(&ioas->allowed, 0, ULONG_MAX); r;
	     r = ioasb_ranges_iter_next(r, 0, ULONG_MAX))
		n++;
	return n;
}

/* The old tree and the new one change places. */
static int swap_allowed(struct ioasb_ioas *ioas, struct rb_root_cached *root, u32 n)
{
	unsigned long old = count_allowed(ioas);
	struct ioasb_range *r;

	for (r = ioasb_ranges_iter_first(root, 0, ULONG_MAX); r;
	     r = ioasb_ranges_iter_next(r, 0, ULONG_MAX))
		if (ioasb_ranges_iter_first(&ioas->reserved, r->start, r->last))
			return -EADDRINUSE;
	/* The old ones go: fewer than there were have room in any case. */
	if (n > old && !ioasb_ioas_room(ioas, n - old))
		return -ENOSPC;
	ioas->nentries -= tell_allowed(ioas, false);
	swap(ioas->allowed, *root);
	ioas->nentries += tell_allowed(ioas, true);
	ioas->generation++;
	return 0;
}

int ioasb_allow_iovas(struct ioasb_ctx *ctx, struct ioasb_allow_iovas *cmd)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct ioasb_ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioas->tce ? -EOPNOTSUPP : load_allowed(cmd, &root);
	if (!rc)
		rc = ioasb_ioas_write(ioas);
	if (!rc) {
		rc = swap_allowed(ioas, &root, cmd->num_iovas);
		up_write(&ioas->lock);
	}
	ioasb_ranges_free(&root);
	ioasb_object_put(&ioas->obj);
	return rc;
}

/* Takes the range over if it succeeds. */
static int reserve(struct ioasb_ioas *ioas, struct ioasb_range *range, struct ioasb_place *place)
{
	int rc;

	if (!ioasb_ioas_room(ioas, 1))
		return -ENOSPC;
	rc = ioasb_iova_place(ioas, place);
	if (rc)
		return rc;
	rc = xa_alloc(&ioas->claim_ids, &range->id, range, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (rc)
		return rc;
	range->start = place->iova;
	range->last = place->iova + (place->length - 1);
	ioasb_ranges_insert(range, &ioas->claims);
	ioas->nentries++;
	ioasb_iova_taken(ioas, place);
	ioasb_note_range_added(ioas, range, IOASB_REC_RESERVATION, NULL,
			       ioasb_order(ioas->obj.ctx));
	return 0;
}

static int reserve_in(struct ioasb_ioas *ioas, struct ioasb_reserve *cmd)
{
	struct ioasb_place place = { .flags = cmd->flags,
				     .length = cmd->length,
				     .iova = cmd->iova };
	struct ioasb_range *range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!range)
		return -ENOMEM;
	rc = ioasb_ioas_write(ioas);
	if (!rc) {
		rc = reserve(ioas, range, &place);
		if (!rc) {
			cmd->iova = range->start;
			cmd->out_reservation = range->id;
		}
		up_write(&ioas->lock);
	}
	if (rc)
		kfree(range);
	return rc;
}

int ioasb_reserve(struct ioasb_ctx *ctx, struct ioasb_reserve *cmd)
{
	struct ioasb_ioas *ioas;
	int rc;

	if (cmd->flags & ~IOASB_FIXED)
		return -EOPNOTSUPP;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioas->tce ? -EOPNOTSUPP : reserve_in(ioas, cmd);
	ioasb_object_put(&ioas->obj);
	return rc;
}

static int release(struct ioasb_ioas *ioas, u32 id)
{
	struct ioasb_range *range = xa_load(&ioas->claim_ids, id);

	if (!range)
		return -ENOENT;
	if (ioasb_areas_iter_first(&ioas->areas, range->start, range->last))
		return -EBUSY;
	xa_erase(&ioas->claim_ids, id);
	ioasb_ranges_remove(range, &ioas->claims);
	ioas->nentries--;
	ioasb_note_range_gone(ioas, range, IOASB_REC_RESERVATION, NULL, ioasb_order(ioas->obj.ctx));
	kfree(range);
	return 0;
}

int ioasb_release(struct ioasb_ctx *ctx, struct ioasb_release *cmd)
{
	struct ioasb_ioas *ioas;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioasb_ioas_write(ioas);
	if (!rc) {
		rc = release(ioas, cmd->reservation);
		up_write(&ioas->lock);
	}
	ioasb_object_put(&ioas->obj);
	return rc;
}
