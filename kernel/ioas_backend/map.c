// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/overflow.h>

#include "ioasb.h"
#include "policy.h"
#include "trace.h"

int ioasb_map_flags(u32 flags)
{
	if (flags & ~(IOASB_FIXED | IOASB_READABLE | IOASB_WRITEABLE))
		return -EOPNOTSUPP;
	return flags & (IOASB_READABLE | IOASB_WRITEABLE) ? 0 : -EINVAL;
}

/* What a program says of it; before anything is done. */
int ioasb_map_allowed(struct ioasb_ioas *ioas, u32 flags, u64 iova, u64 length)
{
	u32 uid = from_kuid_munged(&init_user_ns, current_uid());

	return ioasb_policy_result(
		ioasb_policy_map(ioas->obj.ctx->id, ioas->obj.id, uid, flags, iova, length));
}

void ioasb_map_told(struct ioasb_ioas *ioas, u32 flags, u64 iova, u64 length, int rc)
{
	trace_ioasb_map(ioas->obj.ctx->id, ioas->obj.id, iova, length, flags, rc);
}

/* Give the areas of the list their addresses, one behind the other. */
static int lay_out(struct ioasb_ioas *ioas, struct list_head *list, const struct ioasb_place *place)
{
	unsigned long iova = place->iova;
	struct ioasb_area *area;

	list_for_each_entry(area, list, entry) {
		unsigned long length = (area->user.last_page - area->user.first_page + 1)
				       << PAGE_SHIFT;

		if ((iova | length) & (ioas->alignment - 1))
			return -EINVAL;
		area->start = iova;
		area->last = iova + (length - 1);
		area->prot = place->flags & (IOASB_READABLE | IOASB_WRITEABLE);
		iova += length;
	}
	return 0;
}

static int map_list(struct ioasb_ioas *ioas, struct list_head *list, struct ioasb_place *place)
{
	struct ioasb_area *area, *next;
	int rc;

	if (!ioasb_ioas_room(ioas, place->nareas))
		return -ENOSPC;
	rc = ioasb_iova_place(ioas, place);
	if (rc)
		return rc;
	rc = lay_out(ioas, list, place);
	if (rc)
		return rc;
	rc = ioasb_areas_fill(ioas, list);
	if (rc)
		return rc;
	list_for_each_entry_safe(area, next, list, entry) {
		list_del_init(&area->entry);
		ioasb_area_link(ioas, area);
	}
	ioasb_iova_taken(ioas, place);
	return 0;
}

/* Map all areas of the list, which is empty then, or none: it is still the caller's. */
int ioasb_map_list(struct ioasb_ioas *ioas, struct list_head *list, struct ioasb_place *place)
{
	int rc = ioasb_ioas_write(ioas);

	if (rc)
		return rc;
	rc = map_list(ioas, list, place);
	up_write(&ioas->lock);
	return rc;
}

static int check_map(const struct ioasb_map *cmd)
{
	unsigned long end;
	int rc = ioasb_map_flags(cmd->flags & ~IOASB_WATCH);

	if (rc)
		return rc;
	if (!cmd->length || ((cmd->user_va | cmd->length) & ~PAGE_MASK))
		return -EINVAL;
	return check_add_overflow(cmd->user_va, cmd->length, &end) ? -EOVERFLOW : 0;
}

/* One area of all of them; the caller's reference is gone then, on failure too. */
int ioasb_map_pages(struct ioasb_ioas *ioas, struct ioasb_pages *pages, struct ioasb_place *place)
{
	struct ioasb_area *area = ioasb_area_alloc(pages, 0, pages->npages - 1);
	LIST_HEAD(list);
	int rc;

	ioasb_pages_put(pages);
	if (!area)
		return -ENOMEM;
	list_add(&area->entry, &list);
	rc = ioasb_map_list(ioas, &list, place);
	ioasb_area_list_free(&list);
	return rc;
}

static int map_user(struct ioasb_ioas *ioas, struct ioasb_map *cmd)
{
	struct ioasb_place place = {
		.flags = cmd->flags,
		.claim = cmd->reservation,
		.nareas = 1,
		.length = cmd->length,
		.user_va = cmd->user_va,
		.iova = cmd->iova,
	};
	struct ioasb_source source = {
		.user_va = cmd->user_va,
		.npages = cmd->length >> PAGE_SHIFT,
		.writeable = cmd->flags & IOASB_WRITEABLE,
		.watch = cmd->flags & IOASB_WATCH,
	};
	struct ioasb_pages *pages = ioasb_pages_alloc(ioas, &source);
	int rc;

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	rc = ioasb_map_pages(ioas, pages, &place);
	if (!rc)
		cmd->iova = place.iova;
	return rc;
}

int ioasb_map(struct ioasb_ctx *ctx, struct ioasb_map *cmd)
{
	struct ioasb_ioas *ioas;
	int rc = check_map(cmd);

	cmd->out_replaced = 0;
	if (rc)
		return rc;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioasb_map_allowed(ioas, cmd->flags, cmd->iova, cmd->length);
	if (!rc)
		rc = ioas->tce ? ioasb_tce_map(ioas, cmd) : map_user(ioas, cmd);
	ioasb_map_told(ioas, cmd->flags, cmd->iova, cmd->length, rc);
	ioasb_object_put(&ioas->obj);
	return rc;
}
