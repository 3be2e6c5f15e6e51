/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device through the character device that VFIO gives it: bound to an iommufd, attached to its
 * IOASes and page tables. Calls return 0 or -errno.
 */
#ifndef CLIENT_FD_CDEV_H
#define CLIENT_FD_CDEV_H

#include <stdbool.h>

#include "calls.h"
#include "edu.h"

struct cdev {
	char name[33]; /* PCI address, or of a mediated device its name */
	bool mediated; /* of tests/modules/ioas_testdev: no hardware, an access for the iommufd */
	struct fd *iommufd; /* the one it is bound to */
	int fd;
	uint32_t id; /* number that the iommufd gave it */
	struct edu edu;
};

int cdev_open(struct cdev *dev, const char *name, bool mediated);
void cdev_close(struct cdev *dev);
/* Binds for good: only closing ends it. Opens the DMA engine, too, if there is one. */
int cdev_bind(struct cdev *dev, struct fd *iommufd);
/* @pt: an IOAS or a page table; a device that is attached already is moved there. */
int cdev_attach(struct cdev *dev, uint32_t pt);
int cdev_detach(struct cdev *dev);

#endif
