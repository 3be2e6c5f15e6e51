// SPDX-License-Identifier: GPL-2.0
/*
 * Where a client's device finds the pages that the client has pinned. The driver that mapped them
 * for the device says so, page by page, or says nothing: then it is where they are.
 */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>

#include "dump.h"

/* The most pages of one call. */
#define MAX_PAGES BIT(20)

static bool all_pinned(struct ioasb_client *client, unsigned long first, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++) {
		if (!ioasb_pins_count(client, (first + i) << PAGE_SHIFT))
			return false;
		cond_resched();
	}
	return true;
}

/* Room for all of them, so that storing them cannot fail. */
static int reserve(struct ioasb_client *client, unsigned long first, unsigned long n)
{
	unsigned long i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++) {
		rc = fatal_signal_pending(current)
			     ? -EINTR
			     : xa_reserve(&client->dma, first + i, GFP_KERNEL_ACCOUNT);
		cond_resched();
	}
	if (rc)
		while (i--)
			xa_release(&client->dma, first + i);
	return rc;
}

static void note(struct ioasb_client *client, unsigned long page, u64 dma)
{
	ioasb_note_client_dma(client, page << PAGE_SHIFT, (page << PAGE_SHIFT) | ~PAGE_MASK, dma,
			      ioasb_order(client->obj.ctx));
}

static void erase(struct ioasb_client *client, unsigned long page)
{
	if (xa_erase(&client->dma, page))
		note(client, page, U64_MAX);
}

static int set_locked(struct ioasb_client *client, unsigned long first, unsigned long n,
		      const u64 *dma)
{
	unsigned long i;
	int rc;

	if (!all_pinned(client, first, n))
		return -ENOENT;
	if (!dma) {
		for (i = 0; i < n; i++)
			erase(client, first + i);
		return 0;
	}
	rc = reserve(client, first, n);
	if (rc)
		return rc;
	for (i = 0; i < n; i++) {
		xa_store(&client->dma, first + i, xa_mk_value((*dma >> PAGE_SHIFT) + i),
			 GFP_KERNEL_ACCOUNT);
		note(client, first + i, *dma + (i << PAGE_SHIFT));
		cond_resched();
	}
	return 0;
}

int ioasb_client_set_dma(struct ioasb_client *client, u64 iova, u64 npages, const u64 *dma)
{
	u64 last;
	int rc;

	if (!npages || offset_in_page(iova) || (dma && offset_in_page(*dma)))
		return -EINVAL;
	if (npages > MAX_PAGES)
		return -E2BIG;
	if (check_add_overflow(iova, (npages << PAGE_SHIFT) - 1, &last) ||
	    (dma && check_add_overflow(*dma, (npages << PAGE_SHIFT) - 1, &last)))
		return -EOVERFLOW;
	if (mutex_lock_killable(&client->lock))
		return -EINTR;
	ioasb_begin(client->obj.ctx);
	rc = set_locked(client, iova >> PAGE_SHIFT, npages, dma);
	ioasb_end(client->obj.ctx);
	mutex_unlock(&client->lock);
	return rc;
}
EXPORT_SYMBOL_GPL(ioasb_client_set_dma);

int ioasb_client_set(struct ioasb_client *client, const struct ioasb_client_set_dma *cmd)
{
	bool identity = cmd->flags & IOASB_DMA_IDENTITY;

	if (cmd->flags & ~IOASB_DMA_IDENTITY)
		return -EOPNOTSUPP;
	if (offset_in_page(cmd->length) || (identity && cmd->dma))
		return -EINVAL;
	return ioasb_client_set_dma(client, cmd->iova, cmd->length >> PAGE_SHIFT,
				    identity ? NULL : &cmd->dma);
}

static int get_locked(struct ioasb_client *client, struct ioasb_client_get_dma *cmd)
{
	void *entry = xa_load(&client->dma, cmd->iova >> PAGE_SHIFT);
	unsigned long iova = cmd->iova & PAGE_MASK;

	if (!ioasb_pins_count(client, iova))
		return -ENOENT;
	cmd->out_flags = entry ? 0 : IOASB_DMA_IDENTITY;
	cmd->out_dma = 0;
	if (entry) {
		cmd->out_dma = (xa_to_value(entry) << PAGE_SHIFT) + offset_in_page(cmd->iova);
	} else if (capable(CAP_SYS_ADMIN)) {
		cmd->out_dma = PFN_PHYS(page_to_pfn(ioasb_pins_page(client, iova))) +
			       offset_in_page(cmd->iova);
	}
	return 0;
}

int ioasb_client_get(struct ioasb_client *client, struct ioasb_client_get_dma *cmd)
{
	int rc;

	if (mutex_lock_killable(&client->lock))
		return -EINTR;
	rc = get_locked(client, cmd);
	mutex_unlock(&client->lock);
	return rc;
}

/* Something of [start, last] was unpinned: what is not pinned any more has no address. */
void ioasb_dma_prune(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	unsigned long page;
	void *entry;

	xa_for_each_range(&client->dma, page, entry, start >> PAGE_SHIFT, last >> PAGE_SHIFT) {
		if (!ioasb_pins_count(client, page << PAGE_SHIFT))
			erase(client, page);
		cond_resched();
	}
}

/* Addresses that follow one another are one record. */
bool ioasb_dma_dump(struct ioasb_out *out, struct ioasb_client *client)
{
	unsigned long page = out->at.key;
	struct ioasb_rec *rec;
	void *entry;

	xa_for_each_start(&client->dma, page, entry, out->at.key) {
		unsigned long first = page, frame = xa_to_value(entry);

		rec = ioasb_out_next(out, IOASB_REC_CLIENT_DMA, client->obj.id);
		if (!rec)
			return false;
		while (xa_load(&client->dma, page + 1) == xa_mk_value(frame + page + 1 - first))
			page++;
		rec->client_dma.start = first << PAGE_SHIFT;
		rec->client_dma.last = (page << PAGE_SHIFT) | ~PAGE_MASK;
		rec->client_dma.dma = frame << PAGE_SHIFT;
		out->at.key = page + 1;
		cond_resched();
	}
	ioasb_out_object(out, STAGE_OBJECT);
	return true;
}
