// SPDX-License-Identifier: GPL-2.0-or-later
#include "cdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The name of the device's only entry in vfio-dev. */
static int cdev_path(const char *name, bool mediated, char *path, size_t room)
{
	char folder[128];
	struct dirent *entry;
	int ret = -ENOENT;
	DIR *dir;

	snprintf(folder, sizeof(folder), "/sys/bus/%s/devices/%s/vfio-dev",
		 mediated ? "ioas_test" : "pci", name);
	dir = opendir(folder);
	if (!dir)
		return -errno;
	while (ret && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, room, "/dev/vfio/devices/%.32s", entry->d_name);
		ret = 0;
	}
	closedir(dir);
	return ret;
}

int cdev_open(struct cdev *dev, const char *name, bool mediated)
{
	char path[64];
	int ret;

	*dev = (struct cdev){ .fd = -1, .mediated = mediated };
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	ret = cdev_path(name, mediated, path, sizeof(path));
	if (!ret)
		dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (!ret && dev->fd < 0)
		ret = -errno;
	if (ret)
		fprintf(stderr, "%s: no character device: %s\n", name, strerror(-ret));
	return ret;
}

void cdev_close(struct cdev *dev)
{
	if (dev->fd < 0)
		return;
	edu_close(&dev->edu);
	close(dev->fd);
	dev->fd = -1;
}

static void cdev_log(struct cdev *dev, const char *op, unsigned int fields, uint32_t pt,
		     uint32_t hwpt, int ret)
{
	log_write(dev->iommufd->log, &(struct log_op){ .op = op,
						       .context = dev->iommufd->context,
						       .fields = fields,
						       .pt = pt,
						       .hwpt = hwpt,
						       .device = dev->name,
						       .result = ret });
}

int cdev_bind(struct cdev *dev, struct fd *iommufd)
{
	struct fd_arg_bind arg = { .size = sizeof(arg), .iommufd = iommufd->fd };
	int ret = ioctl(dev->fd, FD_DEVICE_BIND, &arg) ? -errno : 0;

	dev->iommufd = iommufd;
	dev->id = arg.out_device;
	cdev_log(dev, "bind", ret ? 0 : LOG_PT, dev->id, 0, ret);
	return ret || dev->mediated ? ret : edu_open(&dev->edu, dev->fd);
}

int cdev_attach(struct cdev *dev, uint32_t pt)
{
	struct fd_arg_attach arg = { .size = sizeof(arg), .pt = pt };
	int ret = ioctl(dev->fd, FD_DEVICE_ATTACH, &arg) ? -errno : 0;

	cdev_log(dev, "attach", LOG_PT | (ret ? 0 : LOG_HWPT), pt, arg.pt, ret);
	return ret;
}

int cdev_detach(struct cdev *dev)
{
	struct fd_arg_detach arg = { .size = sizeof(arg) };
	int ret = ioctl(dev->fd, FD_DEVICE_DETACH, &arg) ? -errno : 0;

	cdev_log(dev, "detach", 0, 0, 0, ret);
	return ret;
}
