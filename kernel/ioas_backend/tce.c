// SPDX-License-Identifier: GPL-2.0
/* The table of an IOAS of mode TCE: its life, and the exchange of its words. */
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/vmalloc.h>

#include "tce.h"

static unsigned int max_window = 1U << 24;
module_param(max_window, uint, 0644);
MODULE_PARM_DESC(max_window, "pages of the window of one IOAS of mode TCE, at most");

static void now_idle(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct ioasb_tce, busy)->idle);
}

static void take_outside(struct ioasb_ioas *ioas, unsigned long start, unsigned long last)
{
	struct ioasb_range *range = &ioas->tce->outside[ioas->tce->noutside++];

	range->start = start;
	range->last = last;
	ioasb_ranges_insert(range, &ioas->reserved);
	ioas->nentries++;
}

static int check_window(const struct ioasb_ioas_alloc *cmd)
{
	unsigned long last;

	if (!cmd->window_length || ((cmd->window_start | cmd->window_length) & ~PAGE_MASK))
		return -EINVAL;
	if (check_add_overflow(cmd->window_start, cmd->window_length - 1, &last))
		return -EOVERFLOW;
	return cmd->window_length >> PAGE_SHIFT > READ_ONCE(max_window) ? -ENOSPC : 0;
}

static int table_init(struct ioasb_tce *tce, enum ioasb_account account)
{
	int rc;

	tce->words = __vmalloc(array_size(tce->npages, sizeof(*tce->words)),
			       GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!tce->words)
		return -ENOMEM;
	rc = percpu_ref_init(&tce->busy, now_idle, 0, GFP_KERNEL_ACCOUNT);
	if (!rc) {
		rc = ioasb_charge_init(&tce->charge, account);
		if (rc)
			percpu_ref_exit(&tce->busy);
	}
	if (rc)
		vfree(tce->words);
	return rc;
}

/*
 * Nobody else knows the IOAS. -EINVAL (an empty window, or not of whole pages), -EOVERFLOW, -ENOSPC
 * (too many pages), -ENOMEM.
 */
int ioasb_tce_alloc(struct ioasb_ioas *ioas, const struct ioasb_ioas_alloc *cmd)
{
	struct ioasb_tce *tce;
	int rc = check_window(cmd);

	if (rc)
		return rc;
	tce = kzalloc(sizeof(*tce), GFP_KERNEL_ACCOUNT);
	if (!tce)
		return -ENOMEM;
	tce->start = cmd->window_start;
	tce->npages = cmd->window_length >> PAGE_SHIFT;
	init_completion(&tce->idle);
	init_rwsem(&tce->access);
	rc = table_init(tce, cmd->account);
	if (rc) {
		kfree(tce);
		return rc;
	}
	ioas->tce = tce;
	if (tce->start)
		take_outside(ioas, 0, tce->start - 1);
	if (ioasb_tce_last(tce) != ULONG_MAX)
		take_outside(ioas, ioasb_tce_last(tce) + 1, ULONG_MAX);
	return 0;
}

/* Told after the IOAS, which is locked. */
void ioasb_tce_tell(struct ioasb_ioas *ioas)
{
	u32 i;

	for (i = 0; i < ioas->tce->noutside; i++)
		ioasb_note_range_added(ioas, &ioas->tce->outside[i], IOASB_REC_RESERVED, NULL,
				       ioasb_order(ioas->obj.ctx));
}

/*
 * The IOAS is dead. Calls that are exchanging words are waited for. They pin nothing meanwhile, so
 * they do not wait for user space.
 */
void ioasb_tce_end(struct ioasb_ioas *ioas)
{
	struct ioasb_tce *tce = ioas->tce;
	u32 i;

	percpu_ref_kill(&tce->busy);
	wait_for_completion(&tce->idle);
	ioasb_tce_clear(ioas, 0, tce->npages - 1);
	for (i = 0; i < tce->noutside; i++)
		ioasb_note_range_gone(ioas, &tce->outside[i], IOASB_REC_RESERVED, NULL,
				      ioasb_order(ioas->obj.ctx));
}

const struct ioasb_charge *ioasb_tce_charge(const struct ioasb_ioas *ioas)
{
	return &ioas->tce->charge;
}

void ioasb_tce_free(struct ioasb_tce *tce)
{
	WARN_ON(atomic64_read(&tce->npinned));
	percpu_ref_exit(&tce->busy);
	ioasb_charge_exit(&tce->charge);
	vfree(tce->words);
	kfree(tce);
}

/* The word is in the table then; what was there is the caller's. */
u64 ioasb_tce_exchange(struct ioasb_ioas *ioas, unsigned long index, u64 word)
{
	struct ioasb_tce *tce = ioas->tce;
	unsigned long iova = ioasb_tce_iova(tce, index);
	u64 old = xchg(&tce->words[index], word);

	if (word)
		ioasb_note_tce_set(ioas, iova, old, word, ioasb_order(ioas->obj.ctx));
	else if (old)
		ioasb_note_tce_cleared(ioas, iova, old, ioasb_order(ioas->obj.ctx));
	return old;
}

/*
 * Wait until nobody uses the page of a word that was exchanged. The exchange was a full barrier,
 * and so is what comes between the lock and the look at the word in tce-read.c: either that finds
 * the new word, or this finds the lock taken.
 */
void ioasb_tce_settle(struct ioasb_tce *tce)
{
	if (!rwsem_is_locked(&tce->access))
		return;
	down_write(&tce->access);
	up_write(&tce->access);
}

/* Returns how many there were; some of the words may be 0. */
unsigned long ioasb_tce_unpin(const u64 *words, unsigned long n)
{
	unsigned long i, count = 0;

	for (i = 0; i < n; i++) {
		if (!words[i])
			continue;
		unpin_user_page_range_dirty_lock(pfn_to_page(ioasb_tce_pfn(words[i])), 1,
						 words[i] & IOASB_WRITEABLE);
		count++;
		if (!(count % IOASB_CHUNK_PAGES))
			cond_resched();
	}
	return count;
}

void ioasb_tce_uncharge(struct ioasb_ioas *ioas, unsigned long npages)
{
	if (!npages)
		return;
	ioasb_uncharge(&ioas->tce->charge, npages);
	ioasb_note_tce_charged(ioas, -(long)npages, ioasb_order(ioas->obj.ctx));
}

/* Entries of which nothing is left; returns how many mapped something. */
unsigned long ioasb_tce_clear(struct ioasb_ioas *ioas, unsigned long first, unsigned long last)
{
	struct ioasb_tce *tce = ioas->tce;
	u64 words[64];
	unsigned long i, n, count = 0;

	for (; first <= last; first += n) {
		n = min(last - first + 1, ARRAY_SIZE(words));
		for (i = 0; i < n; i++)
			words[i] = READ_ONCE(tce->words[first + i])
					   ? ioasb_tce_exchange(ioas, first + i, 0)
					   : 0;
		ioasb_tce_settle(tce);
		count += ioasb_tce_unpin(words, n);
		cond_resched();
	}
	atomic64_sub(count, &tce->npinned);
	ioasb_tce_uncharge(ioas, count);
	return count;
}
