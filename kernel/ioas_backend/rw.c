// SPDX-License-Identifier: GPL-2.0
/*
 * Data through an IOAS. A page at a time, by way of a buffer, so that no lock is held while the
 * caller's memory is touched: what an unmap has cut off is out of reach once the unmap returns.
 */
#include <linux/capability.h>
#include <linux/highmem.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "ioasb.h"

static void move(struct page *page, u32 offset, void *buf, u32 n, bool write)
{
	if (write)
		memcpy_to_page(page, offset, buf, n);
	else
		memcpy_from_page(buf, page, offset, n);
}

static int access_file(struct ioasb_pages *pages, unsigned long index, u32 offset, void *buf, u32 n,
		       bool write)
{
	struct page *page;
	long got = ioasb_file_pin(pages, index, 1, &page);

	if (got < 0)
		return got;
	move(page, offset, buf, n, write);
	unpin_user_pages_dirty_lock(&page, 1, write);
	return 0;
}

/* Memory that no device needs is looked up in its process, for as long as the access takes. */
static int access_unpinned(struct ioasb_pages *pages, unsigned long index, u32 offset, void *buf,
			   u32 n, bool write)
{
	unsigned long va = pages->user_va + (index << PAGE_SHIFT);
	struct mm_struct *mm = pages->charge.mm;
	struct page *page;
	int locked = 1;
	long got;

	if (pages->file)
		return access_file(pages, index, offset, buf, n, write);
	if (!mmget_not_zero(mm))
		return -EFAULT;
	if (mmap_read_lock_killable(mm)) {
		mmput(mm);
		return -EINTR;
	}
	got = pin_user_pages_remote(mm, va, 1, write ? FOLL_WRITE : 0, &page, &locked);
	if (locked)
		mmap_read_unlock(mm);
	mmput(mm);
	if (got != 1)
		return got < 0 ? got : -EFAULT;
	move(page, offset, buf, n, write);
	unpin_user_pages_dirty_lock(&page, 1, write);
	return 0;
}

/* The IOAS is locked, so the area stays. */
static int access_area(struct ioasb_area *area, unsigned long iova, void *buf, u32 n, bool write)
{
	unsigned long index = area->user.first_page + ((iova - area->start) >> PAGE_SHIFT);
	struct ioasb_pages *pages = area->pages;
	struct page *page;

	if (!(area->prot & (write ? IOASB_WRITEABLE : IOASB_READABLE)))
		return -EPERM;
	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	page = ioasb_pinned_page(pages, index);
	if (page)
		move(page, offset_in_page(iova), buf, n, write);
	mutex_unlock(&pages->lock);
	return page ? 0 : access_unpinned(pages, index, offset_in_page(iova), buf, n, write);
}

/* n bytes of one page, between the IOAS and buf. */
int ioasb_access(struct ioasb_ioas *ioas, unsigned long iova, void *buf, u32 n, bool write)
{
	struct ioasb_area *area;
	int rc = ioasb_ioas_read(ioas);

	if (rc)
		return rc;
	area = ioasb_areas_iter_first(&ioas->areas, iova, iova);
	if (ioas->tce)
		rc = ioasb_tce_access(ioas, iova, buf, n, write);
	else
		rc = area ? access_area(area, iova, buf, n, write) : -ENOENT;
	up_read(&ioas->lock);
	return rc;
}

static int transfer(struct ioasb_ioas *ioas, struct ioasb_rw *cmd, void *buf)
{
	bool write = cmd->flags & IOASB_RW_WRITE;

	while (cmd->out_done < cmd->length) {
		unsigned long iova = cmd->iova + cmd->out_done;
		void __user *user = u64_to_user_ptr(cmd->user_va + cmd->out_done);
		u32 n = min_t(u64, PAGE_SIZE - offset_in_page(iova), cmd->length - cmd->out_done);
		int rc;

		if (signal_pending(current))
			return -EINTR;
		if (write && copy_from_user(buf, user, n))
			return -EFAULT;
		rc = ioasb_access(ioas, iova, buf, n, write);
		if (rc)
			return rc;
		if (!write && copy_to_user(user, buf, n))
			return -EFAULT;
		cmd->out_done += n;
		cond_resched();
	}
	return 0;
}

int ioasb_rw(struct ioasb_ctx *ctx, struct ioasb_rw *cmd)
{
	struct ioasb_ioas *ioas;
	unsigned long last;
	void *buf;
	int rc = -ENOMEM;

	cmd->out_done = 0;
	if ((cmd->flags & ~IOASB_RW_WRITE) || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->length)
		return -EINVAL;
	if (check_add_overflow(cmd->iova, cmd->length - 1, &last) ||
	    check_add_overflow(cmd->user_va, cmd->length - 1, &last))
		return -EOVERFLOW;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	buf = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (buf)
		rc = transfer(ioas, cmd, buf);
	free_page((unsigned long)buf);
	ioasb_object_put(&ioas->obj);
	return rc;
}

static int lookup(struct ioasb_ioas *ioas, struct ioasb_lookup *cmd)
{
	struct ioasb_area *area = ioasb_areas_iter_first(&ioas->areas, cmd->iova, cmd->iova);
	unsigned long index;
	struct page *page;

	if (!area)
		return -ENOENT;
	if (mutex_lock_killable(&area->pages->lock))
		return -EINTR;
	index = area->user.first_page + ((cmd->iova - area->start) >> PAGE_SHIFT);
	page = ioasb_pinned_page(area->pages, index);
	cmd->out_flags = area->prot | (page ? IOASB_LOOKUP_PINNED : 0) |
			 (area->pages->file ? IOASB_LOOKUP_FILE : 0);
	cmd->out_pages_id = area->pages->id;
	cmd->out_start = area->start;
	cmd->out_last = area->last;
	cmd->out_user_va = area->pages->user_va + (index << PAGE_SHIFT) + offset_in_page(cmd->iova);
	cmd->out_pfn = page && capable(CAP_SYS_ADMIN) ? page_to_pfn(page) : 0;
	mutex_unlock(&area->pages->lock);
	return 0;
}

int ioasb_lookup(struct ioasb_ctx *ctx, struct ioasb_lookup *cmd)
{
	struct ioasb_ioas *ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	int rc;

	if (!ioas)
		return -ENOENT;
	rc = ioasb_ioas_read(ioas);
	if (!rc) {
		rc = ioas->tce ? ioasb_tce_lookup(ioas, cmd) : lookup(ioas, cmd);
		up_read(&ioas->lock);
	}
	ioasb_object_put(&ioas->obj);
	return rc;
}
