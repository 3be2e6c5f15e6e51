// SPDX-License-Identifier: GPL-2.0
/*
 * Map and unmap in mode TCE. All pages of a map are pinned before the first word is exchanged, so
 * that it is done whole or not at all.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "tce.h"

/*
 * A word has no room for whom it is charged to: all are charged to who made the IOAS, so nobody
 * else may map, nor who may not lock memory any more if that was not limited.
 */
static bool is_owner(const struct ioasb_charge *charge)
{
	return charge->mm == current->mm && charge->user == current_user() &&
	       uid_eq(charge->owner->uid, current_uid()) &&
	       (!charge->unlimited || capable(CAP_IPC_LOCK));
}

static int check_place(const struct ioasb_tce *tce, const struct ioasb_map *cmd,
		       unsigned long *first)
{
	unsigned long last;

	if (!(cmd->flags & IOASB_FIXED) || (cmd->flags & IOASB_WATCH))
		return -EOPNOTSUPP;
	if (cmd->reservation)
		return -ENOENT;
	if (offset_in_page(cmd->iova))
		return -EINVAL;
	if (check_add_overflow(cmd->iova, cmd->length - 1, &last))
		return -EOVERFLOW;
	if (cmd->iova < tce->start || last > ioasb_tce_last(tce))
		return -ENXIO;
	*first = (cmd->iova - tce->start) >> PAGE_SHIFT;
	return 0;
}

/* The pages become words, in their place. */
static void make_words(u64 *words, unsigned long n, u32 prot)
{
	struct page **pages = (struct page **)words;
	unsigned long i;

	for (i = 0; i < n; i++)
		words[i] = (u64)page_to_pfn(pages[i]) << PAGE_SHIFT | prot;
}

/* All n, or none. */
static int pin_words(u64 *words, unsigned long va, unsigned long n, u32 prot)
{
	unsigned int flags = FOLL_LONGTERM | (prot & IOASB_WRITEABLE ? FOLL_WRITE : 0);
	unsigned long done = 0;
	long got = -EINTR;

	while (done < n && !fatal_signal_pending(current)) {
		got = pin_user_pages_fast(va + (done << PAGE_SHIFT),
					  min(n - done, IOASB_CHUNK_PAGES), flags,
					  (struct page **)(words + done));
		if (got <= 0)
			break;
		make_words(words + done, got, prot);
		done += got;
		got = -EINTR;
		cond_resched();
	}
	if (done == n)
		return 0;
	ioasb_tce_unpin(words, done);
	return got ?: -EFAULT;
}

/* From here on nothing fails. What was there is unpinned and given back; returns how much. */
static unsigned long enter(struct ioasb_ioas *ioas, unsigned long first, u64 *words,
			   unsigned long n)
{
	struct ioasb_tce *tce = ioas->tce;
	unsigned long i, replaced;

	/* Counted first, so that who clears them at once does not count below 0. */
	atomic64_add(n, &tce->npinned);
	for (i = 0; i < n; i++) {
		words[i] = ioasb_tce_exchange(ioas, first + i, words[i]);
		if (!(i % IOASB_CHUNK_PAGES))
			cond_resched();
	}
	ioasb_tce_settle(tce);
	replaced = ioasb_tce_unpin(words, n);
	atomic64_sub(replaced, &tce->npinned);
	atomic64_add(replaced, &tce->replaced);
	return replaced;
}

static int pin_and_enter(struct ioasb_ioas *ioas, struct ioasb_map *cmd, unsigned long first,
			 unsigned long n)
{
	struct ioasb_tce *tce = ioas->tce;
	u64 *words = kvmalloc_array(n, sizeof(*words), GFP_KERNEL_ACCOUNT);
	unsigned long replaced;
	int rc;

	if (!words)
		return -ENOMEM;
	rc = pin_words(words, cmd->user_va, n, cmd->flags & IOASB_TCE_PROT);
	if (!rc && !percpu_ref_tryget_live(&tce->busy)) {
		ioasb_tce_unpin(words, n);
		rc = -ENOENT;
	}
	if (!rc) {
		replaced = enter(ioas, first, words, n);
		percpu_ref_put(&tce->busy);
		ioasb_tce_uncharge(ioas, replaced);
		cmd->out_replaced = (u64)replaced << PAGE_SHIFT;
	}
	kvfree(words);
	return rc;
}

/*
 * The arguments are those of a map, checked. What is written over is given back after the new pages
 * are charged, so both need room for as long as that takes.
 */
int ioasb_tce_map(struct ioasb_ioas *ioas, struct ioasb_map *cmd)
{
	struct ioasb_tce *tce = ioas->tce;
	unsigned long first, n = cmd->length >> PAGE_SHIFT;
	int rc = check_place(tce, cmd, &first);

	if (rc)
		return rc;
	if (!is_owner(&tce->charge))
		return -EPERM;
	rc = ioasb_charge(&tce->charge, n);
	if (rc)
		return rc;
	ioasb_note_tce_charged(ioas, n, ioasb_order(ioas->obj.ctx));
	rc = pin_and_enter(ioas, cmd, first, n);
	if (rc)
		ioasb_tce_uncharge(ioas, n);
	return rc;
}

/* Any range of whole pages; what of it is outside of the window is not mapped. */
int ioasb_tce_unmap(struct ioasb_ioas *ioas, unsigned long start, unsigned long last, u64 *unmapped)
{
	struct ioasb_tce *tce = ioas->tce;

	if ((start | (last + 1)) & ~PAGE_MASK)
		return -EINVAL;
	if (!percpu_ref_tryget_live(&tce->busy))
		return -ENOENT;
	start = max(start, tce->start);
	last = min(last, ioasb_tce_last(tce));
	if (start <= last)
		*unmapped = (u64)ioasb_tce_clear(ioas, (start - tce->start) >> PAGE_SHIFT,
						 (last - tce->start) >> PAGE_SHIFT)
			    << PAGE_SHIFT;
	percpu_ref_put(&tce->busy);
	return 0;
}
