/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An emulated test device (tests/modules/ioas_testdev) as a client drives it. Every call is one
 * ioctl and one log line.
 */
#ifndef CLIENT_TESTDEV_H
#define CLIENT_TESTDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "../modules/ioas_testdev/ioas_testdev.h"
#include "log.h"

struct testdev {
	struct log *log;
	int context;
	int fd; /* the VFIO device file */
	const char *name;
};

/* @prot: IOAS_TEST_READ and IOAS_TEST_WRITE. All pages or none. */
int testdev_pin(struct testdev *dev, uint64_t iova, uint64_t npages, uint32_t prot);
int testdev_unpin(struct testdev *dev, uint64_t iova, uint64_t npages);
/* One kernel call with this very count; its answer through @answer. */
int testdev_pin_raw(struct testdev *dev, uint64_t iova, int64_t npages, uint32_t prot, int *answer);
/* One kernel call, whether the device has pins there or not. */
int testdev_unpin_raw(struct testdev *dev, uint64_t iova, int64_t npages);
int testdev_rw(struct testdev *dev, uint64_t iova, void *buf, uint64_t len, bool write);
int testdev_stats(struct testdev *dev, struct ioas_test_stats *stats);
/* @flags: IOAS_TEST_IGNORE_WORKER */
int testdev_ignore(struct testdev *dev, uint32_t count, uint32_t flags);
/* The device does not know its pins any more; the kernel does. Not logged: it is not asked. */
int testdev_forget(struct testdev *dev);

#endif
