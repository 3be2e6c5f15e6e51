// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device that is opened through its VFIO group, whose container is a file of
 * /dev/iommu: what programs do that know nothing of iommufd.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tour.h"

#define AREA (64 * KIB)
#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static int group_open(const char *device)
{
	char link[128], path[128];
	const char *number;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", device);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return -errno;
	link[n] = '\0';
	number = strrchr(link, '/');
	snprintf(path, sizeof(path), "/dev/vfio/%.16s", number ? number + 1 : link);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The IOAS that the kernel has made for the container, as if it had been asked for. */
static uint32_t group_ioas(struct tour *t)
{
	struct session *s = t->s;
	uint32_t ioas = 0;

	tour_check(t, "group: its IOAS", fd_vfio_ioas(&s->fd, FD_VFIO_IOAS_GET, &ioas), 0);
	model_alloc(&s->model, ioas);
	s->model.vfio_ioas = ioas;
	log_write(&s->log, &(struct log_op){ .op = "alloc",
					     .context = s->fd.context,
					     .fields = LOG_IOAS,
					     .ioas = ioas });
	return ioas;
}

static void group_log(struct tour *t, const struct cdev *dev, const char *op, uint32_t ioas)
{
	log_write(&t->s->log, &(struct log_op){ .op = op,
						.context = t->s->fd.context,
						.fields = LOG_PT,
						.pt = ioas,
						.device = dev->name });
}

/* To open the device attaches it, to close it detaches it. */
static void group_device(struct tour *t, int group, struct cdev *dev, uint32_t ioas)
{
	struct session *s = t->s;

	dev->fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, dev->name);
	if (!tour_check(t, "group: device", dev->fd < 0 ? -errno : 0, 0))
		return;
	model_attach(&s->model, session_model_device(s, dev), ioas);
	group_log(t, dev, "attach", ioas);
	tour_check(t, "group: DMA", edu_open(&dev->edu, dev->fd), 0);
	tour_check(t, "group: map", s_vfio_map(s, RW, tour_va(t, AREA), AREA, IOVA_BASE + AREA), 0);
	tour_check(t, "group: reach", dma_probe(s, dev, EDU_READ, IOVA_BASE, 64), DMA_OK);
	tour_check(t, "group: reach", dma_probe(s, dev, EDU_WRITE, IOVA_BASE + AREA, 64), DMA_OK);
	cdev_close(dev);
	model_detach(session_model_device(s, dev));
	group_log(t, dev, "detach", ioas);
}

void tour_group(struct tour *t)
{
	struct session *s = t->s;
	struct cdev *dev = &s->devices[s->ndevices - 1];
	uint64_t gone = 0;
	uint32_t ioas;
	int group;

	cdev_close(dev);
	group = group_open(dev->name);
	if (!tour_check(t, "group", group < 0 ? group : 0, 0))
		return;
	tour_check(t, "group: container",
		   ioctl(group, VFIO_GROUP_SET_CONTAINER, &s->fd.fd) ? -errno : 0, 0);
	ioas = group_ioas(t);
	tour_check(t, "group: v2", s_vfio_set_iommu(s, VFIO_TYPE1v2_IOMMU), 0);
	tour_check(t, "group: map first", s_vfio_map(s, RW, tour_va(t, 0), AREA, IOVA_BASE), 0);
	group_device(t, group, dev, ioas);
	tour_check(t, "group: unmap", s_vfio_unmap(s, 0, IOVA_BASE, 2 * AREA, &gone), 0);
	tour_check(t, "group: unmapped", (long long)gone, 2 * AREA);
	close(group);
	tour_destroy(t, ioas);
}
