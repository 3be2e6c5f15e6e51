// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util.h"

/* The group number is the last component of the device's iommu_group link. */
static int device_find_group(const char *name, bool emulated)
{
	const char *bus = emulated ? "/sys/devices" : "/sys/bus/pci/devices";
	char path[128], target[256];
	char *last;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s/iommu_group", bus, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	last = strrchr(target, '/');
	return last ? atoi(last + 1) : -ENODEV;
}

int device_init(struct device *dev, const char *name, bool emulated)
{
	char path[64];

	*dev = (struct device){ .emulated = emulated, .group_fd = -1, .fd = -1 };
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	dev->group = device_find_group(name, emulated);
	if (dev->group < 0) {
		fprintf(stderr, "%s: no IOMMU group: %s\n", name, strerror(-dev->group));
		return dev->group;
	}
	snprintf(path, sizeof(path), "/dev/vfio/%d", dev->group);
	dev->group_fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->group_fd < 0) {
		int ret = -errno;

		fprintf(stderr, "%s: %s: %s\n", name, path, strerror(-ret));
		return ret;
	}
	return 0;
}

void device_exit(struct device *dev)
{
	device_close(dev);
	if (dev->group_fd >= 0)
		close(dev->group_fd);
	dev->group_fd = -1;
}

int device_group_status(struct device *dev)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(dev->group_fd, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	return (int)status.flags;
}

static void device_log(struct device *dev, struct vfio *vfio, const char *op, int result)
{
	log_write(vfio->log, &(struct log_op){ .op = op,
					       .context = vfio->context,
					       .fields = LOG_GROUP,
					       .group = dev->group,
					       .device = dev->name,
					       .result = result });
}

int device_attach(struct device *dev, struct vfio *vfio)
{
	int ret = ioctl(dev->group_fd, VFIO_GROUP_SET_CONTAINER, &vfio->fd) ? -errno : 0;

	if (!ret)
		dev->attached = true;
	device_log(dev, vfio, "attach", ret);
	return ret;
}

int device_detach(struct device *dev, struct vfio *vfio)
{
	int ret = ioctl(dev->group_fd, VFIO_GROUP_UNSET_CONTAINER) ? -errno : 0;

	if (!ret)
		dev->attached = false;
	device_log(dev, vfio, "detach", ret);
	return ret;
}

int device_open(struct device *dev, struct vfio *vfio)
{
	int fd = ioctl(dev->group_fd, VFIO_GROUP_GET_DEVICE_FD, dev->name);
	int ret;

	if (fd < 0) {
		ret = -errno;
		fprintf(stderr, "%s: device file: %s\n", dev->name, strerror(-ret));
		return ret;
	}
	dev->fd = fd;
	if (dev->emulated) {
		dev->testdev = (struct testdev){
			.log = vfio->log, .context = vfio->context, .fd = fd, .name = dev->name
		};
		return 0;
	}
	ret = edu_open(&dev->edu, fd);
	if (ret) {
		fprintf(stderr, "%s: DMA engine: %s\n", dev->name, strerror(-ret));
		device_close(dev);
	}
	return ret;
}

void device_close(struct device *dev)
{
	if (dev->fd < 0)
		return;
	if (!dev->emulated)
		edu_close(&dev->edu);
	close(dev->fd);
	dev->fd = -1;
}
