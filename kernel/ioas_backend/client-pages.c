// SPDX-License-Identifier: GPL-2.0
/* Pins and unpins of pages that are scattered: a list of addresses, all or none. */
#include <linux/capability.h>
#include <linux/export.h>
#include <linux/sched/signal.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "ioasb.h"

#define MAX_LIST BIT(16)

static int check_list(const u64 *iovas, u32 n)
{
	u32 i;

	if (!n)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (offset_in_page(iovas[i]))
			return -EINVAL;
	return 0;
}

static unsigned long end(u64 iova)
{
	return iova | ~PAGE_MASK;
}

/* What is pinned is unpinned again if one fails; each of them succeeds, as it is there. */
static int add_all(struct ioasb_client *client, const u64 *iovas, u32 n, u32 prot)
{
	int rc = 0;
	u32 i;

	for (i = 0; i < n && !rc; i++) {
		rc = fatal_signal_pending(current)
			     ? -EINTR
			     : ioasb_pins_add(client, iovas[i], end(iovas[i]), prot);
		cond_resched();
	}
	if (!rc)
		return 0;
	for (i--; i--;) {
		WARN_ON(ioasb_pins_remove_range(client, iovas[i], end(iovas[i])));
		cond_resched();
	}
	return rc;
}

static int pin_locked(struct ioasb_client *client, const u64 *iovas, u32 n, u32 prot,
		      struct page **pages)
{
	int rc;
	u32 i;

	if (mutex_lock_killable(&client->lock))
		return -EINTR;
	rc = add_all(client, iovas, n, prot);
	for (i = 0; !rc && pages && i < n; i++)
		ioasb_pins_pages(client, iovas[i], 1, &pages[i]);
	mutex_unlock(&client->lock);
	return rc;
}

static int pin_list(struct ioasb_client *client, const u64 *iovas, u32 n, u32 prot,
		    struct page **pages)
{
	int rc = ioasb_ioas_read(client->ioas);

	if (rc)
		return rc;
	ioasb_begin(client->obj.ctx);
	rc = pin_locked(client, iovas, n, prot, pages);
	ioasb_end(client->obj.ctx);
	up_read(&client->ioas->lock);
	return rc;
}

int ioasb_client_pin_pages(struct ioasb_client *client, const u64 *iovas, u32 n, bool write,
			   struct page **pages)
{
	u32 prot = write ? IOASB_WRITEABLE : IOASB_READABLE;
	int rc = check_list(iovas, n);

	if (rc)
		return rc;
	ioasb_note_client_call(client, IOASB_NR_CLIENT_PIN_PAGES, 0, ULONG_MAX, prot);
	rc = pin_list(client, iovas, n, prot, pages);
	ioasb_note_client_answer(client, IOASB_NR_CLIENT_PIN_PAGES, rc);
	return rc;
}
EXPORT_SYMBOL_GPL(ioasb_client_pin_pages);

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Can the page be unpinned that often? By range, only as often as it was one pin by itself. */
static bool is_pinned(struct ioasb_client *client, unsigned long iova, u64 times)
{
	struct ioasb_range *range;

	if (client->refcount)
		return ioasb_pins_count(client, iova) >= times;
	for (range = ioasb_ranges_iter_first(&client->exact, iova, iova); range && times;
	     range = ioasb_ranges_iter_next(range, iova, iova)) {
		times -= range->start == iova && range->last == end(iova);
		cond_resched();
	}
	return !times;
}

/* Sorted, so that a page that is listed more than once is counted. */
static bool all_pinned(struct ioasb_client *client, const u64 *sorted, u32 n)
{
	u32 i, times;

	for (i = 0; i < n; i += times) {
		for (times = 1; i + times < n && sorted[i + times] == sorted[i];)
			times++;
		if (!is_pinned(client, sorted[i], times))
			return false;
		cond_resched();
	}
	return true;
}

static int unpin_sorted(struct ioasb_client *client, const u64 *sorted, u32 n)
{
	int rc = -ENOENT;
	u32 i;

	ioasb_begin(client->obj.ctx);
	mutex_lock(&client->lock);
	if (all_pinned(client, sorted, n)) {
		for (i = 0; i < n; i++) {
			WARN_ON(ioasb_pins_remove_range(client, sorted[i], end(sorted[i])));
			ioasb_dma_prune(client, sorted[i], end(sorted[i]));
			cond_resched();
		}
		rc = 0;
	}
	mutex_unlock(&client->lock);
	ioasb_end(client->obj.ctx);
	return rc;
}

int ioasb_client_unpin_pages(struct ioasb_client *client, const u64 *iovas, u32 n)
{
	u64 *sorted;
	int rc = check_list(iovas, n);

	if (rc)
		return rc;
	sorted = kvmalloc_array(n, sizeof(*sorted), GFP_KERNEL_ACCOUNT);
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, iovas, array_size(n, sizeof(*sorted)));
	sort(sorted, n, sizeof(*sorted), compare, NULL);
	ioasb_note_client_call(client, IOASB_NR_CLIENT_UNPIN_PAGES, 0, ULONG_MAX, 0);
	rc = unpin_sorted(client, sorted, n);
	ioasb_note_client_answer(client, IOASB_NR_CLIENT_UNPIN_PAGES, rc);
	kvfree(sorted);
	return rc;
}
EXPORT_SYMBOL_GPL(ioasb_client_unpin_pages);

/* The caller's list, to be freed; or an ERR_PTR. */
static u64 *copy_list(u64 uptr, u32 n)
{
	u64 *iovas;

	if (n > MAX_LIST)
		return ERR_PTR(-E2BIG);
	if (!n)
		return ERR_PTR(-EINVAL);
	iovas = kvmalloc_array(n, sizeof(*iovas), GFP_KERNEL_ACCOUNT);
	if (!iovas)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(iovas, u64_to_user_ptr(uptr), array_size(n, sizeof(*iovas))))
		return iovas;
	kvfree(iovas);
	return ERR_PTR(-EFAULT);
}

static int pin_and_tell(struct ioasb_client *client, const struct ioasb_client_pin_pages *cmd,
			const u64 *iovas)
{
	struct page **pages = kvmalloc_array(cmd->num_iovas, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!pages)
		return -ENOMEM;
	rc = ioasb_client_pin_pages(client, iovas, cmd->num_iovas, cmd->flags & IOASB_PIN_WRITE,
				    pages);
	if (!rc) {
		rc = ioasb_client_tell_pfns(pages, cmd->num_iovas, cmd->pfns);
		if (rc)
			ioasb_client_unpin_pages(client, iovas, cmd->num_iovas);
	}
	kvfree(pages);
	return rc;
}

int ioasb_client_pin_list(struct ioasb_client *client, const struct ioasb_client_pin_pages *cmd)
{
	u64 *iovas;
	int rc;

	if ((cmd->flags & ~IOASB_PIN_WRITE) || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->pfns && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	iovas = copy_list(cmd->iovas, cmd->num_iovas);
	if (IS_ERR(iovas))
		return PTR_ERR(iovas);
	if (cmd->pfns)
		rc = pin_and_tell(client, cmd, iovas);
	else
		rc = ioasb_client_pin_pages(client, iovas, cmd->num_iovas,
					    cmd->flags & IOASB_PIN_WRITE, NULL);
	kvfree(iovas);
	return rc;
}

int ioasb_client_unpin_list(struct ioasb_client *client, const struct ioasb_client_unpin_pages *cmd)
{
	u64 *iovas;
	int rc;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	iovas = copy_list(cmd->iovas, cmd->num_iovas);
	if (IS_ERR(iovas))
		return PTR_ERR(iovas);
	rc = ioasb_client_unpin_pages(client, iovas, cmd->num_iovas);
	kvfree(iovas);
	return rc;
}
