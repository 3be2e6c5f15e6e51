// SPDX-License-Identifier: GPL-2.0
/*
 * What user space can ask of a device, see ioas_testdev.h.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "books.h"
#include "ioas_testdev.h"

/* After so many callbacks in a row for one area new pins in it have to wait. */
#define TESTDEV_STREAK_THROTTLE 3

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
	if (ignore.size < sizeof(ignore) || ignore.flags & ~IOAS_TEST_IGNORE_WORKER ||
	    ignore.reserved || ignore.count > IOAS_TEST_IGNORE_MAX)
		return -EINVAL;
	mutex_lock(&td->lock);
	fresh = td->streak &&
		time_before(jiffies, td->streak_time + msecs_to_jiffies(TESTDEV_STREAK_MS));
	mutex_unlock(&td->lock);
	if (fresh && msleep_interruptible(TESTDEV_STREAK_MS + 10))
		return -EINTR;
	mutex_lock(&td->lock);
	td->ignore_left = ignore.count;
	td->by_worker = ignore.flags & IOAS_TEST_IGNORE_WORKER;
	mutex_unlock(&td->lock);
	return 0;
}

static long testdev_ioctl_forget(struct testdev *td, void __user *arg)
{
	struct ioas_test_forget forget;

	if (copy_from_user(&forget, arg, sizeof(forget)))
		return -EFAULT;
	if (forget.size < sizeof(forget) || forget.flags)
		return -EINVAL;
	mutex_lock(&td->lock);
	testdev_forget(td);
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

long testdev_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
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
	case IOAS_TEST_FORGET:
		return testdev_ioctl_forget(td, uarg);
	case VFIO_DEVICE_GET_INFO:
		return testdev_ioctl_get_info(td, uarg);
	default:
		return -ENOTTY;
	}
}
