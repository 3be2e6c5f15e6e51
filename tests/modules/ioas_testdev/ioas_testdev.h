/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * User interface of the emulated test devices.
 *
 * The devices are called ioas_test0, ioas_test1, ... Their VFIO group number is the last
 * component of the link /sys/devices/ioas_testN/iommu_group; VFIO_GROUP_GET_DEVICE_FD takes
 * the name. All commands below are ioctls on that device file.
 *
 * Every structure starts with its size, which must be at least the size known here. Unknown
 * flags are refused with -EINVAL.
 */
#ifndef IOAS_TESTDEV_H
#define IOAS_TESTDEV_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* prot of a pin: what the device wants to do with the pages (same values as IOMMU_READ/WRITE) */
#define IOAS_TEST_READ 1
#define IOAS_TEST_WRITE 2

/*
 * PIN: any page count, split into calls of at most 512 pages; all pages or none. Returns 0.
 *
 * With IOAS_TEST_PIN_RAW one kernel call is made with @npages as it is (at most
 * IOAS_TEST_RAW_MAX, may be zero or negative) and its answer is returned through @result;
 * the ioctl itself then returns 0.
 */
#define IOAS_TEST_PIN_RAW 0x1

/*
 * UNPIN: every page of the range must hold a pin of this device, else -EINVAL and nothing
 * changes. Behind an iommufd the range must equal one earlier PIN.
 *
 * With IOAS_TEST_UNPIN_RAW one kernel call is made without any check (the kernel gives no
 * answer, and may WARN). What the device itself had pinned there is taken off its books.
 */
#define IOAS_TEST_UNPIN_RAW 0x1

#define IOAS_TEST_RAW_MAX 65536

struct ioas_test_pin {
	__u32 size;
	__u32 flags;
	__u64 iova;
	__s64 npages;
	__u32 prot;
	__s32 result;
};

struct ioas_test_unpin {
	__u32 size;
	__u32 flags;
	__u64 iova;
	__s64 npages;
};

/* RW: the CPU moves bytes on behalf of the device; at most IOAS_TEST_RW_MAX */
#define IOAS_TEST_RW_WRITE 0x1 /* the device writes: user buffer -> IOVA */
#define IOAS_TEST_RW_MAX 0x100000 /* bytes */

struct ioas_test_rw {
	__u32 size;
	__u32 flags;
	__u64 iova;
	__u64 len;
	__u64 buf;
};

struct ioas_test_stats {
	__u32 size;
	__u32 flags; /* must be 0 */
	__u64 pages_pinned; /* references held now, counted per page */
	__u64 ranges; /* entries in the books */
	__u64 callbacks; /* dma_unmap callbacks seen since the device was opened */
	__u64 ignored; /* of these, ignored on request */
	__u64 callback_unpinned; /* references given back by callbacks */
	__u64 throttled; /* pins that had to wait for an unmap in progress */
	__u32 ignore_left; /* callbacks still to be ignored */
	__u32 iommufd; /* 1: the device is bound to an iommufd */
};

/*
 * IGNORE: do not unpin on the next @count dma_unmap callbacks (at most
 * IOAS_TEST_IGNORE_MAX: the kernel gives up with a BUG after ten retries). May sleep for
 * 100 ms to be sure that no unmap of before is still retrying.
 *
 * With IOAS_TEST_IGNORE_WORKER the callbacks after these have another thread unpin, and wait for
 * it; until IGNORE is called without.
 */
#define IOAS_TEST_IGNORE_WORKER 0x1
#define IOAS_TEST_IGNORE_MAX 8

struct ioas_test_ignore {
	__u32 size;
	__u32 flags;
	__u32 count;
	__u32 reserved; /* must be 0 */
};

/*
 * FORGET: the books are cleared and the kernel is told nothing. Its pins stay: they are leaked,
 * unless UNPIN with IOAS_TEST_UNPIN_RAW gives them back later.
 */
struct ioas_test_forget {
	__u32 size;
	__u32 flags; /* must be 0 */
};

#define IOAS_TEST_TYPE 0xB5
#define IOAS_TEST_PIN _IOWR(IOAS_TEST_TYPE, 0xe0, struct ioas_test_pin)
#define IOAS_TEST_UNPIN _IOW(IOAS_TEST_TYPE, 0xe1, struct ioas_test_unpin)
#define IOAS_TEST_RW _IOW(IOAS_TEST_TYPE, 0xe2, struct ioas_test_rw)
#define IOAS_TEST_STATS _IOWR(IOAS_TEST_TYPE, 0xe3, struct ioas_test_stats)
#define IOAS_TEST_IGNORE _IOW(IOAS_TEST_TYPE, 0xe4, struct ioas_test_ignore)
#define IOAS_TEST_FORGET _IOW(IOAS_TEST_TYPE, 0xe5, struct ioas_test_forget)

#endif
