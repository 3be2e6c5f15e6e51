// SPDX-License-Identifier: GPL-2.0
/* Areas of an IOAS. The IOAS is locked for writing, unless it says otherwise. */
#include "ioasb.h"

/* Takes a reference to the pages of its own. The area belongs to no IOAS yet; no lock. */
struct ioasb_area *ioasb_area_alloc(struct ioasb_pages *pages, unsigned long first_page,
				    unsigned long last_page)
{
	struct ioasb_area *area = kzalloc(sizeof(*area), GFP_KERNEL_ACCOUNT);

	if (!area)
		return NULL;
	kref_get(&pages->kref);
	area->pages = pages;
	area->user.first_page = first_page;
	area->user.last_page = last_page;
	INIT_LIST_HEAD(&area->entry);
	return area;
}

/* Not active, in no tree; no lock. */
void ioasb_area_free(struct ioasb_area *area)
{
	ioasb_pages_put(area->pages);
	kfree(area);
}

void ioasb_area_list_free(struct list_head *list)
{
	struct ioasb_area *area, *next;

	list_for_each_entry_safe(area, next, list, entry) {
		list_del(&area->entry);
		ioasb_area_free(area);
		cond_resched();
	}
}

/* If a device needs them, the pages of all areas of the list are pinned, or none are. */
int ioasb_areas_fill(struct ioasb_ioas *ioas, struct list_head *list)
{
	struct ioasb_area *area;
	int rc;

	if (!ioas->nattached)
		return 0;
	list_for_each_entry(area, list, entry) {
		rc = ioasb_user_activate(area->pages, &area->user);
		if (rc)
			goto undo;
	}
	return 0;
undo:
	list_for_each_entry_continue_reverse(area, list, entry)
		ioasb_user_deactivate(area->pages, &area->user);
	return rc;
}

void ioasb_area_link(struct ioasb_ioas *ioas, struct ioasb_area *area)
{
	area->id = ++ioas->last_area;
	ioasb_areas_insert(area, &ioas->areas);
	ioas->nareas++;
	ioas->nentries++;
	ioas->mapped += area->last - area->start + 1;
	ioasb_note_area_added(ioas, area, ioasb_order(ioas->obj.ctx));
}

static void unlink_area(struct ioasb_ioas *ioas, struct ioasb_area *area)
{
	ioasb_areas_remove(area, &ioas->areas);
	ioas->nareas--;
	ioas->nentries--;
	ioas->mapped -= area->last - area->start + 1;
	ioasb_note_area_gone(ioas, area, ioasb_order(ioas->obj.ctx));
	ioasb_area_free(area);
}

/* -EINTR, and nothing has changed, if killed while others pin the same memory. */
int ioasb_area_remove(struct ioasb_ioas *ioas, struct ioasb_area *area)
{
	struct ioasb_pages *pages = area->user.active ? area->pages : NULL;

	if (pages && mutex_lock_killable(&pages->lock))
		return -EINTR;
	ioasb_note_area_going(ioas, area, ioasb_order(ioas->obj.ctx));
	if (pages) {
		ioasb_user_deactivate_locked(pages, &area->user);
		mutex_unlock(&pages->lock);
	}
	unlink_area(ioas, area);
	return 0;
}

/* The last part of the area, from address `at` on, becomes tail: no page is touched. */
int ioasb_area_split(struct ioasb_ioas *ioas, struct ioasb_area *area, unsigned long at,
		     struct ioasb_area *tail)
{
	struct ioasb_pages *pages = area->pages;
	unsigned long head_pages = (at - area->start) >> PAGE_SHIFT;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ioasb_areas_remove(area, &ioas->areas);
	kref_get(&pages->kref);
	tail->pages = pages;
	tail->prot = area->prot;
	tail->start = at;
	tail->last = area->last;
	tail->id = ++ioas->last_area;
	area->last = at - 1;
	ioasb_areas_insert(area, &ioas->areas);
	ioasb_areas_insert(tail, &ioas->areas);
	ioasb_user_split_locked(pages, &area->user, head_pages, &tail->user);
	ioas->nareas++;
	ioas->nentries++;
	ioasb_note_area_split(ioas, area, tail, ioasb_order(ioas->obj.ctx));
	mutex_unlock(&pages->lock);
	return 0;
}

/* No device is attached any more, so none is active. */
void ioasb_areas_clear(struct ioasb_ioas *ioas)
{
	struct ioasb_area *area;

	while ((area = ioasb_areas_iter_first(&ioas->areas, 0, ULONG_MAX))) {
		ioasb_note_area_going(ioas, area, ioasb_order(ioas->obj.ctx));
		unlink_area(ioas, area);
		cond_resched();
	}
}
