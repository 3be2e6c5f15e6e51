// SPDX-License-Identifier: GPL-2.0
/*
 * Emulated VFIO devices that pin, unpin, read and write when user space says so.
 *
 * They stand in for mediated devices, which no ordinary PC has, so that the paths
 * vfio_pin_pages(), vfio_unpin_pages(), vfio_dma_rw() and the dma_unmap callback can be
 * exercised from a test program.
 *
 * Locking: each device has one mutex around its books (the list of pinned ranges), held across
 * the calls into VFIO, because the books must say exactly what the kernel holds.
 *
 *   PIN, UNPIN:           testdev->lock, then (inside VFIO) the container's iommu->lock.
 *   dma_unmap callback:   the container's device_list_lock, then testdev->lock, then (inside
 *                         vfio_unpin_pages) iommu->lock. iommu->lock is dropped by the caller
 *                         before the callback.
 *
 * So a callback that waits for testdev->lock waits for a PIN that needs iommu->lock only, which
 * the unmapping task does not hold: no deadlock between one unmap and any number of pins.
 * Two unmaps of pinned areas at the same time (or opening/closing a device during one) are
 * another matter, and not one this module can solve: the type1 backend takes device_list_lock
 * under iommu->lock before it drops the latter, and a callback that unpins takes iommu->lock
 * under device_list_lock. Users of these devices must run such calls one at a time.
 *
 * Behind an iommufd the callback runs without locks that a pin takes exclusively.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vfio.h>

#include "ioas_testdev.h"

#define TESTDEV_MAX 16
#define TESTDEV_CHUNK ((int)VFIO_PIN_PAGES_MAX_ENTRIES)
/* Callbacks further apart than this belong to different unmaps. */
#define TESTDEV_STREAK_MS 100
/* After so many callbacks in a row for one area new pins in it have to wait. */
#define TESTDEV_STREAK_THROTTLE 3

static unsigned int devices = 4;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "Number of emulated devices, 1 to 16 (default 4)");

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
	/* The area of the last callback, and how many in a row were for it. */
	u64 streak_iova;
	u64 streak_len;
	unsigned long streak_time;
	unsigned int streak;
};

static struct device *testdev_devices[TESTDEV_MAX];

static struct testdev *to_testdev(struct vfio_device *vdev)
{
	return container_of(vdev, struct testdev, vdev);
}

static bool testdev_is_iommufd(struct testdev *td)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return td->vdev.iommufd_access;
#else
	return false;
#endif
}

/* The books ---------------------------------------------------------------------------- */

/* Pages [first, first + npages) were pinned; @range is from the caller, who could still fail. */
static void testdev_record(struct testdev *td, struct testdev_range *range, u64 first, u64 npages,
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

static struct testdev_range *testdev_find_exact(struct testdev *td, u64 first, u64 npages)
{
	struct testdev_range *range;

	list_for_each_entry(range, &td->ranges, link)
		if (range->first == first && range->npages == npages)
			return range;
	return NULL;
}

/* Is there at least one pin on each page? */
static bool testdev_covered(struct testdev *td, u64 first, u64 npages)
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

/* The calls into VFIO ------------------------------------------------------------------ */

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

static u64 testdev_release_range(struct testdev *td, struct testdev_range *range)
{
	u64 npages = range->npages;

	testdev_release_pages(td, range->first, npages, range->chunk);
	testdev_cut(td, range, range->first, range->first + npages);
	return npages;
}

/* Drop one reference from each page that has one, with or without telling the kernel. */
static void testdev_drop(struct testdev *td, u64 first, u64 npages, bool unpin)
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

static int testdev_pin_chunks(struct testdev *td, u64 first, u64 npages, u32 prot)
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

/* One call with the caller's count, whatever it is. Returns the kernel's answer. */
static int testdev_pin_raw(struct testdev *td, u64 iova, int npages, u32 prot,
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

/* The ioctls --------------------------------------------------------------------------- */

/* Iova and count from user space: page aligned, and the end does not wrap. */
static bool testdev_range_valid(u64 iova, s64 npages)
{
	if (iova & ~PAGE_MASK || npages <= 0 || npages > S64_MAX >> PAGE_SHIFT)
		return false;
	return iova + ((u64)npages << PAGE_SHIFT) - 1 > iova;
}

static bool testdev_throttled(struct testdev *td, u64 first, u64 npages)
{
	u64 iova = first << PAGE_SHIFT;
	u64 last = iova + (npages << PAGE_SHIFT) - 1;

	if (td->streak < TESTDEV_STREAK_THROTTLE ||
	    time_after(jiffies, td->streak_time + msecs_to_jiffies(TESTDEV_STREAK_MS)))
		return false;
	return iova <= td->streak_iova + td->streak_len - 1 && last >= td->streak_iova;
}

/*
 * An unmap that finds new pins after each callback asks again, and the kernel gives up with a
 * BUG after the tenth time. Pins that keep coming must therefore let it finish.
 */
static int testdev_wait_streak(struct testdev *td, u64 first, u64 npages)
{
	while (testdev_throttled(td, first, npages)) {
		td->throttled++;
		mutex_unlock(&td->lock);
		if (msleep_interruptible(TESTDEV_STREAK_MS / 2)) {
			mutex_lock(&td->lock);
			return -EINTR;
		}
		mutex_lock(&td->lock);
	}
	return 0;
}

static int testdev_pin_locked(struct testdev *td, struct ioas_test_pin *pin,
			      struct testdev_range **range)
{
	u64 first = pin->iova >> PAGE_SHIFT;
	int ret;

	ret = testdev_wait_streak(td, first, max_t(s64, pin->npages, 1));
	if (ret)
		return ret;
	if (pin->flags & IOAS_TEST_PIN_RAW) {
		/* An iommufd would take a negative count for a huge length. */
		if (pin->npages <= 0 && testdev_is_iommufd(td))
			return -EINVAL;
		pin->result = testdev_pin_raw(td, pin->iova, pin->npages, pin->prot, range);
		return 0;
	}
	ret = testdev_pin_chunks(td, first, pin->npages, pin->prot);
	if (ret)
		return ret;
	testdev_record(td, *range, first, pin->npages, TESTDEV_CHUNK);
	*range = NULL;
	return 0;
}

static bool testdev_pin_valid(const struct ioas_test_pin *pin)
{
	if (pin->size < sizeof(*pin) || pin->flags & ~IOAS_TEST_PIN_RAW)
		return false;
	if (!pin->prot || pin->prot & ~(IOAS_TEST_READ | IOAS_TEST_WRITE))
		return false;
	if (!(pin->flags & IOAS_TEST_PIN_RAW))
		return testdev_range_valid(pin->iova, pin->npages);
	return pin->npages >= -IOAS_TEST_RAW_MAX && pin->npages <= IOAS_TEST_RAW_MAX &&
	       testdev_range_valid(pin->iova, max_t(s64, pin->npages, 1));
}

static long testdev_ioctl_pin(struct testdev *td, void __user *arg)
{
	struct testdev_range *range;
	struct ioas_test_pin pin;
	int ret;

	if (copy_from_user(&pin, arg, sizeof(pin)))
		return -EFAULT;
	if (!testdev_pin_valid(&pin))
		return -EINVAL;
	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;

	pin.result = 0;
	mutex_lock(&td->lock);
	ret = testdev_pin_locked(td, &pin, &range);
	mutex_unlock(&td->lock);
	kfree(range);

	if (!ret && copy_to_user(arg, &pin, sizeof(pin)))
		ret = -EFAULT;
	return ret;
}

static long testdev_unpin_locked(struct testdev *td, u64 first, u64 npages)
{
	struct testdev_range *range;

	if (testdev_is_iommufd(td)) {
		range = testdev_find_exact(td, first, npages);
		if (!range)
			return -EINVAL;
		testdev_release_range(td, range);
		return 0;
	}
	if (!testdev_covered(td, first, npages))
		return -EINVAL;
	testdev_drop(td, first, npages, true);
	return 0;
}

static long testdev_ioctl_unpin(struct testdev *td, void __user *arg)
{
	struct ioas_test_unpin unpin;
	long ret = 0;
	u64 first;

	if (copy_from_user(&unpin, arg, sizeof(unpin)))
		return -EFAULT;
	if (unpin.size < sizeof(unpin) || unpin.flags & ~IOAS_TEST_UNPIN_RAW)
		return -EINVAL;
	if (!(unpin.flags & IOAS_TEST_UNPIN_RAW)) {
		if (!testdev_range_valid(unpin.iova, unpin.npages))
			return -EINVAL;
	} else if (unpin.npages < -IOAS_TEST_RAW_MAX || unpin.npages > IOAS_TEST_RAW_MAX ||
		   !testdev_range_valid(unpin.iova, max_t(s64, unpin.npages, 1))) {
		return -EINVAL;
	}

	first = unpin.iova >> PAGE_SHIFT;
	mutex_lock(&td->lock);
	if (!(unpin.flags & IOAS_TEST_UNPIN_RAW)) {
		ret = testdev_unpin_locked(td, first, unpin.npages);
	} else if (unpin.npages <= 0 && testdev_is_iommufd(td)) {
		ret = -EINVAL;
	} else {
		vfio_unpin_pages(&td->vdev, unpin.iova, unpin.npages);
		/* The kernel refuses counts above its cap on a container: nothing happened. */
		if (unpin.npages > 0 && unpin.npages <= TESTDEV_CHUNK)
			testdev_drop(td, first, unpin.npages, false);
	}
	mutex_unlock(&td->lock);
	return ret;
}

/*
 * Needs no lock of ours: it leaves no trace in the books, and VFIO has its own locks.
 */
static long testdev_ioctl_rw(struct testdev *td, void __user *arg)
{
	struct ioas_test_rw rw;
	bool write;
	void *data;
	int ret;

	if (copy_from_user(&rw, arg, sizeof(rw)))
		return -EFAULT;
	if (rw.size < sizeof(rw) || rw.flags & ~IOAS_TEST_RW_WRITE || !rw.len ||
	    rw.len > IOAS_TEST_RW_MAX || rw.iova + rw.len - 1 < rw.iova)
		return -EINVAL;

	data = kvzalloc(rw.len, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	write = rw.flags & IOAS_TEST_RW_WRITE;
	ret = -EFAULT;
	if (write && copy_from_user(data, u64_to_user_ptr(rw.buf), rw.len))
		goto out;
	ret = vfio_dma_rw(&td->vdev, rw.iova, data, rw.len, write);
	if (!ret && !write && copy_to_user(u64_to_user_ptr(rw.buf), data, rw.len))
		ret = -EFAULT;
out:
	kvfree(data);
	return ret;
}

static long testdev_ioctl_stats(struct testdev *td, void __user *arg)
{
	struct ioas_test_stats stats;

	if (copy_from_user(&stats, arg, sizeof(stats)))
		return -EFAULT;
	if (stats.size < sizeof(stats) || stats.flags)
		return -EINVAL;
	mutex_lock(&td->lock);
	stats.pages_pinned = td->pages_pinned;
	stats.ranges = td->nranges;
	stats.callbacks = td->callbacks;
	stats.ignored = td->ignored;
	stats.callback_unpinned = td->callback_unpinned;
	stats.throttled = td->throttled;
	stats.ignore_left = td->ignore_left;
	stats.iommufd = testdev_is_iommufd(td);
	mutex_unlock(&td->lock);
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long testdev_ioctl_ignore(struct testdev *td, void __user *arg)
{
	struct ioas_test_ignore ignore;
	bool fresh;

	if (copy_from_user(&ignore, arg, sizeof(ignore)))
		return -EFAULT;
	if (ignore.size < sizeof(ignore) || ignore.flags || ignore.reserved ||
	    ignore.count > IOAS_TEST_IGNORE_MAX)
		return -EINVAL;
	mutex_lock(&td->lock);
	fresh = td->streak &&
		time_before(jiffies, td->streak_time + msecs_to_jiffies(TESTDEV_STREAK_MS));
	mutex_unlock(&td->lock);
	if (fresh && msleep_interruptible(TESTDEV_STREAK_MS + 10))
		return -EINTR;
	mutex_lock(&td->lock);
	td->ignore_left = ignore.count;
	mutex_unlock(&td->lock);
	return 0;
}

static long testdev_ioctl_get_info(struct testdev *td, void __user *arg)
{
	struct vfio_device_info info = {};
	unsigned long minsz = offsetofend(struct vfio_device_info, num_irqs);
	u32 argsz;

	if (get_user(argsz, (u32 __user *)arg))
		return -EFAULT;
	if (argsz < minsz)
		return -EINVAL;
	info.argsz = argsz;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static long testdev_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	struct testdev *td = to_testdev(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case IOAS_TEST_PIN:
		return testdev_ioctl_pin(td, uarg);
	case IOAS_TEST_UNPIN:
		return testdev_ioctl_unpin(td, uarg);
	case IOAS_TEST_RW:
		return testdev_ioctl_rw(td, uarg);
	case IOAS_TEST_STATS:
		return testdev_ioctl_stats(td, uarg);
	case IOAS_TEST_IGNORE:
		return testdev_ioctl_ignore(td, uarg);
	case VFIO_DEVICE_GET_INFO:
		return testdev_ioctl_get_info(td, uarg);
	default:
		return -ENOTTY;
	}
}

/* The callbacks ------------------------------------------------------------------------ */

static void testdev_count_streak(struct testdev *td, u64 iova, u64 len)
{
	bool same = td->streak && td->streak_iova == iova && td->streak_len == len &&
		    time_before(jiffies, td->streak_time + msecs_to_jiffies(TESTDEV_STREAK_MS));

	td->streak = same ? td->streak + 1 : 1;
	td->streak_iova = iova;
	td->streak_len = len;
	td->streak_time = jiffies;
}

/* An area goes away: give back every reference in it, however often a page was pinned. */
static u64 testdev_release_area(struct testdev *td, u64 first, u64 npages)
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

static void testdev_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct testdev *td = to_testdev(vdev);
	u64 first = iova >> PAGE_SHIFT;
	u64 last = (iova + length - 1) >> PAGE_SHIFT;

	mutex_lock(&td->lock);
	td->callbacks++;
	testdev_count_streak(td, iova, length);
	if (td->ignore_left && td->streak <= IOAS_TEST_IGNORE_MAX) {
		td->ignore_left--;
		td->ignored++;
	} else {
		td->callback_unpinned += testdev_release_area(td, first, last - first + 1);
	}
	mutex_unlock(&td->lock);
}

static int testdev_open(struct vfio_device *vdev)
{
	struct testdev *td = to_testdev(vdev);

	mutex_lock(&td->lock);
	td->callbacks = 0;
	td->ignored = 0;
	td->callback_unpinned = 0;
	td->throttled = 0;
	td->ignore_left = 0;
	td->streak = 0;
	mutex_unlock(&td->lock);
	return 0;
}

/* The device is still part of its address space here: pins can be given back. */
static void testdev_close(struct vfio_device *vdev)
{
	struct testdev *td = to_testdev(vdev);
	u64 released = 0;

	mutex_lock(&td->lock);
	while (!list_empty(&td->ranges))
		released += testdev_release_range(td, list_first_entry(&td->ranges,
								       struct testdev_range, link));
	mutex_unlock(&td->lock);
	if (released)
		pr_info("%s: closed with %llu page pins left, released\n",
			dev_name(vdev->dev), released);
}

static int testdev_init(struct vfio_device *vdev)
{
	struct testdev *td = to_testdev(vdev);

	mutex_init(&td->lock);
	INIT_LIST_HEAD(&td->ranges);
	td->pages = kcalloc(TESTDEV_CHUNK, sizeof(*td->pages), GFP_KERNEL);
	return td->pages ? 0 : -ENOMEM;
}

static void testdev_release(struct vfio_device *vdev)
{
	struct testdev *td = to_testdev(vdev);

	kfree(td->pages);
	mutex_destroy(&td->lock);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	vfio_free_device(vdev);
#endif
}

static const struct vfio_device_ops testdev_ops = {
	.name = "ioas_testdev",
	.init = testdev_init,
	.release = testdev_release,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
#endif
	.open_device = testdev_open,
	.close_device = testdev_close,
	.ioctl = testdev_ioctl,
	.dma_unmap = testdev_dma_unmap,
};

/* Devices and their bus ---------------------------------------------------------------- */

static int testdev_probe(struct device *dev)
{
	struct testdev *td;
	int ret;

	td = vfio_alloc_device(testdev, vdev, dev, &testdev_ops);
	if (IS_ERR(td))
		return PTR_ERR(td);
	ret = vfio_register_emulated_iommu_dev(&td->vdev);
	if (ret) {
		vfio_put_device(&td->vdev);
		return ret;
	}
	dev_set_drvdata(dev, td);
	return 0;
}

static int testdev_remove(struct device *dev)
{
	struct testdev *td = dev_get_drvdata(dev);

	vfio_unregister_group_dev(&td->vdev);
	vfio_put_device(&td->vdev);
	return 0;
}

/*
 * VFIO takes a reference on the module of the device's driver while the device is open, so the
 * devices need a driver and with it a bus. A bus of their own has no side effects.
 */
static struct bus_type testdev_bus = {
	.name = "ioas_test",
};

static struct device_driver testdev_driver = {
	.name = "ioas_testdev",
	.bus = &testdev_bus,
	.owner = THIS_MODULE,
	.probe = testdev_probe,
	.remove = testdev_remove,
	.suppress_bind_attrs = true,
};

static void testdev_free(struct device *dev)
{
	kfree(dev);
}

static int testdev_create(unsigned int index)
{
	struct device *dev;
	int ret;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	device_initialize(dev);
	dev->bus = &testdev_bus;
	dev->release = testdev_free;
	ret = dev_set_name(dev, "ioas_test%u", index);
	if (!ret)
		ret = device_add(dev);
	if (ret) {
		put_device(dev);
		return ret;
	}
	testdev_devices[index] = dev;
	/* A probe that failed does not make device_add() fail. */
	return dev_get_drvdata(dev) ? 0 : -ENODEV;
}

static void testdev_destroy_all(void)
{
	unsigned int i;

	for (i = 0; i < TESTDEV_MAX; i++) {
		if (testdev_devices[i])
			device_unregister(testdev_devices[i]);
		testdev_devices[i] = NULL;
	}
}

static int __init testdev_module_init(void)
{
	unsigned int i;
	int ret;

	if (!devices || devices > TESTDEV_MAX) {
		pr_err("devices=%u: not 1 to %u\n", devices, TESTDEV_MAX);
		return -EINVAL;
	}
	ret = bus_register(&testdev_bus);
	if (ret)
		return ret;
	ret = driver_register(&testdev_driver);
	if (ret)
		goto err_bus;
	for (i = 0; i < devices; i++) {
		ret = testdev_create(i);
		if (ret)
			goto err_devices;
	}
	return 0;

err_devices:
	pr_err("device %u: error %d\n", i, ret);
	testdev_destroy_all();
	driver_unregister(&testdev_driver);
err_bus:
	bus_unregister(&testdev_bus);
	return ret;
}

static void __exit testdev_module_exit(void)
{
	testdev_destroy_all();
	driver_unregister(&testdev_driver);
	bus_unregister(&testdev_bus);
}

module_init(testdev_module_init);
module_exit(testdev_module_exit);
MODULE_DESCRIPTION("Emulated VFIO devices for tests of pinning");
MODULE_LICENSE("GPL");
