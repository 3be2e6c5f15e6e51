// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a process still has the memory that was pinned for it. The kernel announces before it
 * takes pages out of a process, also if it then cannot: so what is counted is an upper bound, and
 * one page can be compared.
 */
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>

#include "ioasb.h"

#ifdef CONFIG_MMU_NOTIFIER

struct ioasb_watch {
	struct mmu_interval_notifier sub;
	struct ioasb_pages *pages;
	spinlock_t lock; /* all that follows */
	struct task_struct *pinner; /* what it does to the memory is part of pinning */
	u64 generation;
	u64 pinned; /* the generation when the first page was pinned */
	unsigned long first; /* of what went since */
	unsigned long last;
};

/* Is the page that the process has there going to be another one? */
static bool takes_pages(const struct mmu_notifier_range *range)
{
	switch (range->event) {
	case MMU_NOTIFY_UNMAP:
	case MMU_NOTIFY_CLEAR:
	case MMU_NOTIFY_MIGRATE:
	case MMU_NOTIFY_RELEASE:
		return true;
	default:
		return false;
	}
}

static void lose(struct ioasb_watch *watch, unsigned long start, unsigned long end)
{
	struct ioasb_pages *pages = watch->pages;
	unsigned long first = 0, last = pages->npages - 1;

	if (start > pages->user_va)
		first = (start - pages->user_va) >> PAGE_SHIFT;
	if (end - 1 - pages->user_va < pages->npages << PAGE_SHIFT)
		last = (end - 1 - pages->user_va) >> PAGE_SHIFT;
	watch->generation++;
	watch->first = min(watch->first, first);
	watch->last = max(watch->last, last);
	ioasb_note_replaced(pages, first, last, ioasb_order(pages->ctx));
}

/* With locks of the memory management held, and also in the middle of a pin of ours. */
static bool invalidate(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	struct ioasb_watch *watch = container_of(sub, struct ioasb_watch, sub);

	spin_lock(&watch->lock);
	mmu_interval_set_seq(sub, seq);
	if (takes_pages(range) && watch->pinner != current)
		lose(watch, range->start, range->end);
	spin_unlock(&watch->lock);
	return true;
}

static const struct mmu_interval_notifier_ops watch_ops = { .invalidate = invalidate };

static void forget(struct ioasb_watch *watch)
{
	watch->pinned = watch->generation;
	watch->first = ULONG_MAX;
	watch->last = 0;
}

/* The memory is that of the caller, and nobody else uses the object. -ENOMEM, -EINTR. */
int ioasb_watch_start(struct ioasb_pages *pages)
{
	struct ioasb_watch *watch = kzalloc(sizeof(*watch), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!watch)
		return -ENOMEM;
	spin_lock_init(&watch->lock);
	watch->pages = pages;
	forget(watch);
	rc = mmu_interval_notifier_insert(&watch->sub, pages->charge.mm, pages->user_va,
					  pages->npages << PAGE_SHIFT, &watch_ops);
	if (rc) {
		kfree(watch);
		return rc;
	}
	/* It may be on a list until an invalidation that is going on has ended. */
	mmu_interval_read_begin(&watch->sub);
	/* A dump may have found the object by its id. */
	mutex_lock(&pages->lock);
	pages->watch = watch;
	mutex_unlock(&pages->lock);
	return 0;
}

/* The last reference to the object. */
void ioasb_watch_stop(struct ioasb_pages *pages)
{
	mmu_interval_notifier_remove(&pages->watch->sub);
	kfree(pages->watch);
}

/* Around a pin, with pages->lock. What went while nothing was pinned does no harm. */
void ioasb_watch_pinning(struct ioasb_pages *pages, bool begin)
{
	struct ioasb_watch *watch = pages->watch;

	spin_lock(&watch->lock);
	watch->pinner = begin ? current : NULL;
	if (begin && !pages->npinned)
		forget(watch);
	spin_unlock(&watch->lock);
}

void ioasb_watch_state(struct ioasb_pages *pages, struct ioasb_watch_state *state)
{
	struct ioasb_watch *watch = pages->watch;

	spin_lock(&watch->lock);
	*state = (struct ioasb_watch_state){ .generation = watch->generation,
					     .pinned = watch->pinned,
					     .first = watch->first,
					     .last = watch->last };
	spin_unlock(&watch->lock);
	if (state->first <= state->last && ioasb_count_pinned(pages, state->first, state->last))
		state->flags = IOASB_WATCH_STALE;
}

#else

/* Nothing can be watched, so there is no state to ask for. */
int ioasb_watch_start(struct ioasb_pages *pages)
{
	return -EOPNOTSUPP;
}

void ioasb_watch_stop(struct ioasb_pages *pages)
{
}

void ioasb_watch_pinning(struct ioasb_pages *pages, bool begin)
{
}

void ioasb_watch_state(struct ioasb_pages *pages, struct ioasb_watch_state *state)
{
	*state = (struct ioasb_watch_state){};
}

#endif

/* Which page the process has there, with a reference; NULL: none. No fault is taken. */
static struct page *present_page(struct mm_struct *mm, unsigned long va)
{
	struct page *page = NULL;
	int locked = 1;

	if (!mmget_not_zero(mm))
		return NULL;
	if (mmap_read_lock_killable(mm)) {
		mmput(mm);
		return ERR_PTR(-EINTR);
	}
	if (get_user_pages_remote(mm, va, 1, FOLL_NOFAULT, &page, &locked) != 1)
		page = NULL;
	if (locked)
		mmap_read_unlock(mm);
	mmput(mm);
	return page;
}

/* pages->lock is held, so that what is pinned stays so. */
static int compare(struct ioasb_pages *pages, unsigned long index, u32 *flags)
{
	struct page *pinned = ioasb_pinned_page(pages, index), *page;

	if (!pinned)
		return 0;
	page = present_page(pages->charge.mm, pages->user_va + (index << PAGE_SHIFT));
	if (IS_ERR(page))
		return PTR_ERR(page);
	*flags |= page == pinned ? IOASB_WATCH_SAME : IOASB_WATCH_OTHER;
	if (page)
		put_page(page);
	return 0;
}

static int tell(struct ioasb_area *area, struct ioasb_generation *cmd)
{
	unsigned long index = area->user.first_page + ((cmd->iova - area->start) >> PAGE_SHIFT);
	struct ioasb_pages *pages = area->pages;
	struct ioasb_watch_state state;
	int rc;

	if (!pages->watch)
		return -ENODATA;
	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ioasb_watch_state(pages, &state);
	rc = compare(pages, index, &state.flags);
	mutex_unlock(&pages->lock);
	if (rc)
		return rc;
	cmd->out_flags = state.flags;
	cmd->out_generation = state.generation;
	cmd->out_pinned = state.pinned;
	cmd->out_first_page = state.first;
	cmd->out_last_page = state.last;
	return 0;
}

int ioasb_generation(struct ioasb_ctx *ctx, struct ioasb_generation *cmd)
{
	struct ioasb_ioas *ioas;
	struct ioasb_area *area;
	int rc;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioasb_ioas_read(ioas);
	if (!rc) {
		area = ioasb_areas_iter_first(&ioas->areas, cmd->iova, cmd->iova);
		rc = area ? tell(area, cmd) : -ENOENT;
		up_read(&ioas->lock);
	}
	ioasb_object_put(&ioas->obj);
	return rc;
}
