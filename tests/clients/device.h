/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VFIO device as part of a container: its group, its file, and what drives it (the DMA engine
 * of a PCI device, or the ioctls of an emulated test device).
 */
#ifndef CLIENT_DEVICE_H
#define CLIENT_DEVICE_H

#include <stdbool.h>

#include "edu.h"
#include "testdev.h"
#include "vfio.h"

struct device {
	char name[40]; /* PCI address, or ioas_testN */
	bool emulated;
	bool attached; /* the group is in a container */
	int group;
	int group_fd;
	int fd; /* -1: not open */
	struct edu edu;
	struct testdev testdev;
};

/* Finds and opens the group. */
int device_init(struct device *dev, const char *name, bool emulated);
void device_exit(struct device *dev);

/* VFIO_GROUP_FLAGS_* or -errno. */
int device_group_status(struct device *dev);
int device_attach(struct device *dev, struct vfio *vfio);
int device_detach(struct device *dev, struct vfio *vfio);
/* The device file; the container must have its IOMMU set. */
int device_open(struct device *dev, struct vfio *vfio);
void device_close(struct device *dev);

#endif
