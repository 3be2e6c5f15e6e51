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

#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "books.h"
#include "ioas_testdev.h"

#define TESTDEV_MAX 16

static unsigned int devices = 4;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "Number of emulated devices, 1 to 16 (default 4)");

static struct device *testdev_devices[TESTDEV_MAX];

static void testdev_count_streak(struct testdev *td, u64 iova, u64 len)
{
	bool same = td->streak && td->streak_iova == iova && td->streak_len == len &&
		    time_before(jiffies, td->streak_time + msecs_to_jiffies(TESTDEV_STREAK_MS));

	td->streak = same ? td->streak + 1 : 1;
	td->streak_iova = iova;
	td->streak_len = len;
	td->streak_time = jiffies;
}

struct testdev_let_go {
	struct work_struct work;
	struct testdev *td;
	u64 first;
	u64 npages;
};

static void testdev_let_go(struct work_struct *work)
{
	struct testdev_let_go *job = container_of(work, struct testdev_let_go, work);
	struct testdev *td = job->td;

	mutex_lock(&td->lock);
	td->callback_unpinned += testdev_release_area(td, job->first, job->npages);
	mutex_unlock(&td->lock);
}

/* The pins are gone when this returns, as a callback promises. */
static void testdev_let_worker_go(struct testdev *td, u64 first, u64 npages)
{
	struct testdev_let_go job = { .td = td, .first = first, .npages = npages };

	INIT_WORK_ONSTACK(&job.work, testdev_let_go);
	queue_work(system_unbound_wq, &job.work);
	flush_work(&job.work);
	destroy_work_on_stack(&job.work);
}

static void testdev_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct testdev *td = to_testdev(vdev);
	u64 first = iova >> PAGE_SHIFT;
	u64 last = (iova + length - 1) >> PAGE_SHIFT;
	bool by_worker = false;

	mutex_lock(&td->lock);
	td->callbacks++;
	testdev_count_streak(td, iova, length);
	if (td->ignore_left && td->streak <= IOAS_TEST_IGNORE_MAX) {
		td->ignore_left--;
		td->ignored++;
	} else if (td->by_worker) {
		by_worker = true;
	} else {
		td->callback_unpinned += testdev_release_area(td, first, last - first + 1);
	}
	mutex_unlock(&td->lock);
	if (by_worker)
		testdev_let_worker_go(td, first, last - first + 1);
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
	td->by_worker = false;
	td->streak = 0;
	mutex_unlock(&td->lock);
	return 0;
}

/* The device is still part of its address space here: pins can be given back. */
static void testdev_close(struct vfio_device *vdev)
{
	struct testdev *td = to_testdev(vdev);
	struct testdev_range *range, *next;
	u64 released = 0;

	mutex_lock(&td->lock);
	list_for_each_entry_safe(range, next, &td->ranges, link)
		released += testdev_release_range(td, range);
	mutex_unlock(&td->lock);
	if (released)
		pr_info("%s: closed with %llu page pins left, released\n", dev_name(vdev->dev),
			released);
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
