// SPDX-License-Identifier: GPL-2.0
/*
 * The books of a device, and the calls into VFIO that they are about.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "books.h"

void testdev_record(struct testdev *td, struct testdev_range *range, u64 first, u64 npages,
		    int chunk)
{
	range->first = first;
	range->npages = npages;
	range->chunk = chunk;
	list_add(&range->link, &td->ranges);
	td->nranges++;
	td->pages_pinned += npages;
}

static struct testdev_range *testdev_find(struct testdev *td, u64 page)
{
	struct testdev_range *range;

	list_for_each_entry(range, &td->ranges, link)
		if (page >= range->first && page - range->first < range->npages)
			return range;
	return NULL;
}

struct testdev_range *testdev_find_exact(struct testdev *td, u64 first, u64 npages)
{
	struct testdev_range *range;

	list_for_each_entry(range, &td->ranges, link)
		if (range->first == first && range->npages == npages)
			return range;
	return NULL;
}

bool testdev_covered(struct testdev *td, u64 first, u64 npages)
{
	u64 page = first;
	u64 end = first + npages;

	while (page < end) {
		struct testdev_range *range = testdev_find(td, page);

		if (!range)
			return false;
		page = range->first + range->npages;
		cond_resched();
	}
	return true;
}

/*
 * Take pages [first, end) out of @range, which contains them. A cut out of the middle needs a
 * second entry; it must not fail, as the pages are about to be given back, and it is small.
 */
static void testdev_cut(struct testdev *td, struct testdev_range *range, u64 first, u64 end)
{
	u64 range_end = range->first + range->npages;

	td->pages_pinned -= end - first;
	if (range->first == first && range_end == end) {
		list_del(&range->link);
		kfree(range);
		td->nranges--;
		return;
	}
	if (range->first < first && range_end > end) {
		struct testdev_range *tail;

		tail = kzalloc(sizeof(*tail), GFP_KERNEL_ACCOUNT | __GFP_NOFAIL);
		tail->first = end;
		tail->npages = range_end - end;
		tail->chunk = range->chunk;
		list_add(&tail->link, &td->ranges);
		td->nranges++;
	}
	if (range->first < first) {
		range->npages = first - range->first;
	} else {
		range->first = end;
		range->npages = range_end - end;
	}
}

/* Give back what one PIN took: in the same pieces, which an iommufd insists on. */
static void testdev_release_pages(struct testdev *td, u64 first, u64 npages, int max)
{
	while (npages) {
		int chunk = min_t(u64, npages, max);

		vfio_unpin_pages(&td->vdev, first << PAGE_SHIFT, chunk);
		first += chunk;
		npages -= chunk;
		cond_resched();
	}
}

u64 testdev_release_range(struct testdev *td, struct testdev_range *range)
{
	u64 npages = range->npages;

	testdev_release_pages(td, range->first, npages, range->chunk);
	testdev_cut(td, range, range->first, range->first + npages);
	return npages;
}

void testdev_drop(struct testdev *td, u64 first, u64 npages, bool unpin)
{
	u64 page = first;
	u64 end = first + npages;

	while (page < end) {
		struct testdev_range *range = testdev_find(td, page);
		u64 stop;

		if (!range) {
			page++;
			continue;
		}
		stop = min(end, range->first + range->npages);
		if (unpin)
			testdev_release_pages(td, page, stop - page, TESTDEV_CHUNK);
		testdev_cut(td, range, page, stop);
		page = stop;
		cond_resched();
	}
}

int testdev_pin_chunks(struct testdev *td, u64 first, u64 npages, u32 prot)
{
	u64 done = 0;

	while (done < npages) {
		int chunk = min_t(u64, npages - done, TESTDEV_CHUNK);
		int ret;

		ret = vfio_pin_pages(&td->vdev, (first + done) << PAGE_SHIFT, chunk, prot,
				     td->pages);
		if (ret > 0 && ret < chunk) {
			/* Not seen in any backend; a short count would be a partial success. */
			testdev_release_pages(td, first + done, ret, ret);
			ret = -EFAULT;
		}
		if (ret < 0) {
			testdev_release_pages(td, first, done, TESTDEV_CHUNK);
			return ret;
		}
		done += chunk;
		if (fatal_signal_pending(current)) {
			testdev_release_pages(td, first, done, TESTDEV_CHUNK);
			return -EINTR;
		}
		cond_resched();
	}
	return 0;
}

int testdev_pin_raw(struct testdev *td, u64 iova, int npages, u32 prot,
		    struct testdev_range **range)
{
	struct page **pages;
	int ret;

	pages = kvcalloc(max(npages, 1), sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	ret = vfio_pin_pages(&td->vdev, iova, npages, prot, pages);
	if (ret > 0) {
		testdev_record(td, *range, iova >> PAGE_SHIFT, ret, ret);
		*range = NULL;
	}
	kvfree(pages);
	return ret;
}

u64 testdev_release_area(struct testdev *td, u64 first, u64 npages)
{
	bool whole = testdev_is_iommufd(td);
	struct testdev_range *range, *next;
	u64 end = first + npages;
	u64 released = 0;

	list_for_each_entry_safe(range, next, &td->ranges, link) {
		u64 range_end = range->first + range->npages;
		u64 from, to;

		if (range->first >= end || range_end <= first)
			continue;
		if (whole) {
			released += testdev_release_range(td, range);
			continue;
		}
		from = max(first, range->first);
		to = min(end, range_end);
		testdev_release_pages(td, from, to - from, TESTDEV_CHUNK);
		testdev_cut(td, range, from, to);
		released += to - from;
	}
	return released;
}

void testdev_forget(struct testdev *td)
{
	struct testdev_range *range, *next;

	list_for_each_entry_safe(range, next, &td->ranges, link)
		testdev_cut(td, range, range->first, range->first + range->npages);
}
