/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device and its books: what it has pinned, exactly as the kernel holds it.
 */
#ifndef IOAS_TESTDEV_BOOKS_H
#define IOAS_TESTDEV_BOOKS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/version.h>
#include <linux/vfio.h>

#define TESTDEV_CHUNK ((int)VFIO_PIN_PAGES_MAX_ENTRIES)
/* Callbacks further apart than this belong to different unmaps. */
#define TESTDEV_STREAK_MS 100

/* Pages @first .. @first + @npages - 1, pinned once, @chunk pages per call. */
struct testdev_range {
	struct list_head link;
	u64 first;
	u64 npages;
	int chunk;
};

struct testdev {
	struct vfio_device vdev;
	struct mutex lock; /* everything below */
	struct list_head ranges;
	struct page **pages; /* answer buffer of vfio_pin_pages(), TESTDEV_CHUNK entries */
	u64 pages_pinned;
	u64 nranges;
	u64 callbacks;
	u64 ignored;
	u64 callback_unpinned;
	u64 throttled;
	u32 ignore_left;
	bool by_worker; /* callbacks have another thread unpin */
	/* The area of the last callback, and how many in a row were for it. */
	u64 streak_iova;
	u64 streak_len;
	unsigned long streak_time;
	unsigned int streak;
};

static inline struct testdev *to_testdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct testdev, vdev);
}

static inline bool testdev_is_iommufd(struct testdev *td)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return td->vdev.iommufd_access;
#else
	return false;
#endif
}

/* The caller holds td->lock in all of these. */

/* Pages [first, first + npages) were pinned; @range is from the caller, who could still fail. */
void testdev_record(struct testdev *td, struct testdev_range *range, u64 first, u64 npages,
		    int chunk);
struct testdev_range *testdev_find_exact(struct testdev *td, u64 first, u64 npages);
/* Is there at least one pin on each page? */
bool testdev_covered(struct testdev *td, u64 first, u64 npages);

/* Pins all pages or none; for testdev_record(). */
int testdev_pin_chunks(struct testdev *td, u64 first, u64 npages, u32 prot);
/* One call with the caller's count, whatever it is. Returns the kernel's answer. */
int testdev_pin_raw(struct testdev *td, u64 iova, int npages, u32 prot,
		    struct testdev_range **range);

/* Gives back what one PIN took. Returns the pages. */
u64 testdev_release_range(struct testdev *td, struct testdev_range *range);
/* Gives back every reference in the area, however often a page was pinned. Returns the pages. */
u64 testdev_release_area(struct testdev *td, u64 first, u64 npages);
/* Drops one reference from each page that has one, with or without telling the kernel. */
void testdev_drop(struct testdev *td, u64 first, u64 npages, bool unpin);
/* Clears the books. The kernel is told nothing: the pins stay. */
void testdev_forget(struct testdev *td);

long testdev_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg);

#endif
