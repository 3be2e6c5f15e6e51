// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that areas share. Pinned is what its active users cover, each page once, and just that
 * is charged.
 */
#include "ioasb.h"

struct ioasb_pages *ioasb_pages_alloc(struct ioasb_ioas *ioas, const struct ioasb_source *source)
{
	struct ioasb_ctx *ctx = ioas->obj.ctx;
	struct ioasb_pages *pages = kzalloc(sizeof(*pages), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!pages)
		return ERR_PTR(-ENOMEM);
	kref_init(&pages->kref);
	mutex_init(&pages->lock);
	spin_lock_init(&pages->owner_lock);
	xa_init_flags(&pages->chunks, XA_FLAGS_ACCOUNT);
	xa_init_flags(&pages->needs, XA_FLAGS_ACCOUNT);
	xa_init_flags(&pages->more, XA_FLAGS_ACCOUNT);
	pages->users = RB_ROOT_CACHED;
	pages->ctx = ctx;
	pages->user_va = source->user_va;
	pages->npages = source->npages;
	pages->file = source->file;
	pages->writeable = source->writeable;
	rc = ioasb_charge_init(&pages->charge, ioas->account);
	if (rc)
		goto free;
	rc = xa_alloc(&ctx->pages, &pages->id, pages, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (rc)
		goto exit;
	ioasb_note_pages_new(pages, ioasb_order(ctx));
	if (!source->watch)
		return pages;
	rc = ioasb_watch_start(pages);
	if (!rc)
		return pages;
	/* The file, if there is one, stays the caller's; but only other memory is watched. */
	ioasb_pages_put(pages);
	return ERR_PTR(rc);
exit:
	ioasb_charge_exit(&pages->charge);
free:
	kfree(pages);
	return ERR_PTR(rc);
}

static void pages_free(struct kref *kref)
{
	struct ioasb_pages *pages = container_of(kref, struct ioasb_pages, kref);

	WARN_ON(pages->npinned || pages->nusers);
	WARN_ON(!xa_empty(&pages->needs) || !xa_empty(&pages->more));
	/* Before it is told that they are gone: until then it may tell that they were replaced. */
	if (pages->watch)
		ioasb_watch_stop(pages);
	ioasb_note_pages_gone(pages, ioasb_order(pages->ctx));
	xa_erase(&pages->ctx->pages, pages->id);
	xa_destroy(&pages->chunks);
	xa_destroy(&pages->needs);
	xa_destroy(&pages->more);
	ioasb_charge_exit(&pages->charge);
	if (pages->file)
		ioasb_file_put(pages->file, pages->writeable);
	kfree(pages);
}

void ioasb_pages_put(struct ioasb_pages *pages)
{
	kref_put(&pages->kref, pages_free);
}

static void charged(struct ioasb_pages *pages, long npages)
{
	if (npages)
		ioasb_note_charged(pages, npages, ioasb_order(pages->ctx));
}

/* Without tell, nobody has been told that they were pinned. */
static unsigned long unpin(struct ioasb_pages *pages, unsigned long first, unsigned long last,
			   bool tell)
{
	unsigned long n = ioasb_unpin(pages, first, last);

	if (n && tell)
		ioasb_note_unpinned(pages, ioasb_order(pages->ctx));
	return n;
}

/* No user covers it: unpin what no client needs by page. */
static unsigned long unpin_unneeded(struct ioasb_pages *pages, unsigned long first,
				    unsigned long last, bool tell)
{
	unsigned long n = 0, lo = first, hi = last;

	for (; ioasb_needs_next(pages, &lo, &hi); lo = first, hi = last) {
		if (lo > first)
			n += unpin(pages, first, lo - 1, tell);
		if (hi >= last)
			return n;
		first = hi + 1;
		cond_resched();
	}
	return n + unpin(pages, first, last, tell);
}

/* Unpin what no user covers. Returns how many pages that were. */
static unsigned long unpin_unused(struct ioasb_pages *pages, unsigned long first,
				  unsigned long last, bool tell)
{
	unsigned long n = 0;

	for (;;) {
		struct ioasb_user *user = ioasb_users_iter_first(&pages->users, first, last);

		if (!user)
			return n + unpin_unneeded(pages, first, last, tell);
		if (user->first_page > first)
			n += unpin_unneeded(pages, first, user->first_page - 1, tell);
		if (user->last_page >= last)
			return n;
		first = user->last_page + 1;
	}
}

/* Unpin, and uncharge, what nobody needs any more. pages->lock is held. */
void ioasb_pages_release(struct ioasb_pages *pages, unsigned long first, unsigned long last)
{
	unsigned long n = unpin_unused(pages, first, last, true);

	ioasb_uncharge(&pages->charge, n);
	charged(pages, -(long)n);
}

/*
 * Pin what is not pinned yet: all or nothing. The whole charge is taken before the first page is
 * pinned. pages->lock is held.
 */
int ioasb_pages_pin(struct ioasb_pages *pages, unsigned long first, unsigned long last)
{
	unsigned long missing = last - first + 1 - ioasb_count_pinned(pages, first, last);
	int rc;

	if (!missing)
		return 0;
	rc = ioasb_charge(&pages->charge, missing);
	if (rc)
		return rc;
	charged(pages, missing);
	if (pages->watch)
		ioasb_watch_pinning(pages, true);
	rc = ioasb_pin(pages, first, last);
	if (pages->watch)
		ioasb_watch_pinning(pages, false);
	if (rc) {
		unpin_unused(pages, first, last, false);
		ioasb_uncharge(&pages->charge, missing);
		charged(pages, -(long)missing);
		return rc;
	}
	ioasb_note_pinned(pages, ioasb_order(pages->ctx));
	return 0;
}

/* Somebody needs the pages: they are in afterwards, or nothing has changed. */
int ioasb_user_activate(struct ioasb_pages *pages, struct ioasb_user *user)
{
	int rc;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	rc = ioasb_pages_pin(pages, user->first_page, user->last_page);
	if (!rc) {
		ioasb_users_insert(user, &pages->users);
		pages->nusers++;
		user->active = true;
	}
	mutex_unlock(&pages->lock);
	return rc;
}

/* It is active, and pages->lock is held. */
void ioasb_user_deactivate_locked(struct ioasb_pages *pages, struct ioasb_user *user)
{
	ioasb_users_remove(user, &pages->users);
	pages->nusers--;
	user->active = false;
	ioasb_pages_release(pages, user->first_page, user->last_page);
}

void ioasb_user_deactivate(struct ioasb_pages *pages, struct ioasb_user *user)
{
	if (!user->active)
		return;
	mutex_lock(&pages->lock);
	ioasb_user_deactivate_locked(pages, user);
	mutex_unlock(&pages->lock);
}

/* Behind the first npages it becomes tail, which needs its pages just as well. */
void ioasb_user_split_locked(struct ioasb_pages *pages, struct ioasb_user *user,
			     unsigned long npages, struct ioasb_user *tail)
{
	if (user->active)
		ioasb_users_remove(user, &pages->users);
	tail->active = user->active;
	tail->first_page = user->first_page + npages;
	tail->last_page = user->last_page;
	user->last_page = tail->first_page - 1;
	if (!user->active)
		return;
	ioasb_users_insert(user, &pages->users);
	ioasb_users_insert(tail, &pages->users);
	pages->nusers++;
}

/* The tail goes on where it ends, and is as active: it becomes a part of it. */
void ioasb_user_merge_locked(struct ioasb_pages *pages, struct ioasb_user *user,
			     struct ioasb_user *tail)
{
	if (user->active) {
		ioasb_users_remove(tail, &pages->users);
		ioasb_users_remove(user, &pages->users);
		pages->nusers--;
		tail->active = false;
	}
	user->last_page = tail->last_page;
	if (user->active)
		ioasb_users_insert(user, &pages->users);
}
