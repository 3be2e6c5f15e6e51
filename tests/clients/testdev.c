// SPDX-License-Identifier: GPL-2.0-or-later
#include "testdev.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "util.h"

static const char *testdev_prot_name(uint32_t prot)
{
	static const char *const names[] = { "-", "r", "w", "rw" };

	return names[prot & (IOAS_TEST_READ | IOAS_TEST_WRITE)];
}

static void testdev_log(struct testdev *dev, const struct log_op *op)
{
	struct log_op line = *op;

	line.context = dev->context;
	line.device = dev->name;
	log_write(dev->log, &line);
}

int testdev_pin(struct testdev *dev, uint64_t iova, uint64_t npages, uint32_t prot)
{
	struct ioas_test_pin pin = {
		.size = sizeof(pin), .iova = iova, .npages = (int64_t)npages, .prot = prot
	};
	int ret = ioctl(dev->fd, IOAS_TEST_PIN, &pin) ? -errno : 0;

	testdev_log(dev, &(struct log_op){ .op = "pin",
					   .fields = LOG_IOVA | LOG_SIZE | LOG_PROT,
					   .iova = iova,
					   .size = npages * PAGE,
					   .prot = testdev_prot_name(prot),
					   .result = ret });
	return ret;
}

int testdev_pin_raw(struct testdev *dev, uint64_t iova, int64_t npages, uint32_t prot, int *answer)
{
	struct ioas_test_pin pin = { .size = sizeof(pin),
				     .flags = IOAS_TEST_PIN_RAW,
				     .iova = iova,
				     .npages = npages,
				     .prot = prot };
	int ret = ioctl(dev->fd, IOAS_TEST_PIN, &pin) ? -errno : 0;

	if (!ret)
		*answer = pin.result;
	testdev_log(dev, &(struct log_op){ .op = "pin",
					   .what = "raw",
					   .fields = LOG_IOVA | LOG_SIZE | LOG_PROT,
					   .iova = iova,
					   .size = npages > 0 ? (uint64_t)npages * PAGE : 0,
					   .prot = testdev_prot_name(prot),
					   .result = ret	      ? ret
						     : pin.result < 0 ? pin.result
								      : 0 });
	return ret;
}

int testdev_unpin(struct testdev *dev, uint64_t iova, uint64_t npages)
{
	struct ioas_test_unpin unpin = { .size = sizeof(unpin),
					 .iova = iova,
					 .npages = (int64_t)npages };
	int ret = ioctl(dev->fd, IOAS_TEST_UNPIN, &unpin) ? -errno : 0;

	testdev_log(dev, &(struct log_op){ .op = "unpin",
					   .fields = LOG_IOVA | LOG_SIZE,
					   .iova = iova,
					   .size = npages * PAGE,
					   .result = ret });
	return ret;
}

int testdev_unpin_raw(struct testdev *dev, uint64_t iova, int64_t npages)
{
	struct ioas_test_unpin unpin = {
		.size = sizeof(unpin), .flags = IOAS_TEST_UNPIN_RAW, .iova = iova, .npages = npages
	};
	int ret = ioctl(dev->fd, IOAS_TEST_UNPIN, &unpin) ? -errno : 0;

	testdev_log(dev, &(struct log_op){ .op = "unpin",
					   .what = "raw",
					   .fields = LOG_IOVA | LOG_SIZE,
					   .iova = iova,
					   .size = npages > 0 ? (uint64_t)npages * PAGE : 0,
					   .result = ret });
	return ret;
}

int testdev_rw(struct testdev *dev, uint64_t iova, void *buf, uint64_t len, bool write)
{
	struct ioas_test_rw rw = { .size = sizeof(rw),
				   .flags = write ? IOAS_TEST_RW_WRITE : 0,
				   .iova = iova,
				   .len = len,
				   .buf = (uintptr_t)buf };
	int ret = ioctl(dev->fd, IOAS_TEST_RW, &rw) ? -errno : 0;

	testdev_log(dev, &(struct log_op){ .op = "rw",
					   .dir = write ? "write" : "read",
					   .fields = LOG_IOVA | LOG_SIZE,
					   .iova = iova,
					   .size = len,
					   .result = ret });
	return ret;
}

int testdev_stats(struct testdev *dev, struct ioas_test_stats *stats)
{
	int ret;

	*stats = (struct ioas_test_stats){ .size = sizeof(*stats) };
	ret = ioctl(dev->fd, IOAS_TEST_STATS, stats) ? -errno : 0;
	testdev_log(dev, &(struct log_op){ .op = "query",
					   .what = "stats",
					   .fields = LOG_VALUE,
					   .value = stats->pages_pinned,
					   .result = ret });
	return ret;
}

int testdev_ignore(struct testdev *dev, uint32_t count, uint32_t flags)
{
	struct ioas_test_ignore ignore = { .size = sizeof(ignore), .flags = flags, .count = count };

	return ioctl(dev->fd, IOAS_TEST_IGNORE, &ignore) ? -errno : 0;
}

int testdev_forget(struct testdev *dev)
{
	struct ioas_test_forget forget = { .size = sizeof(forget) };

	return ioctl(dev->fd, IOAS_TEST_FORGET, &forget) ? -errno : 0;
}
