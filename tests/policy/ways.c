// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../backend/be.h"
#include "../clients/iommufd_uapi.h"
#include "pinner.h"

/* What be.c wants of the program that it is part of. */
uint64_t be_seed = 1;
double be_scale = 1;
bool be_root;

static int fail(int ret)
{
	return ret < 0 ? -errno : ret;
}

/* ---- type1: the device is the number of a group ---- */

static int t1_container = -1;

static int t1_open(const char *group)
{
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/dev/vfio/%s", group);
	t1_container = open("/dev/vfio/vfio", O_RDWR);
	fd = open(path, O_RDWR);
	if (t1_container < 0 || fd < 0)
		return -errno;
	ret = fail(ioctl(fd, VFIO_GROUP_SET_CONTAINER, &t1_container));
	if (!ret)
		ret = fail(ioctl(t1_container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	return ret;
}

static int t1_map(unsigned int slot, void *va, uint64_t bytes)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = slot_iova(slot),
		.size = bytes,
	};

	return fail(ioctl(t1_container, VFIO_IOMMU_MAP_DMA, &arg));
}

static int t1_unmap(unsigned int slot, uint64_t bytes)
{
	struct vfio_iommu_type1_dma_unmap arg = { .argsz = sizeof(arg),
						  .iova = slot_iova(slot),
						  .size = bytes };

	return fail(ioctl(t1_container, VFIO_IOMMU_UNMAP_DMA, &arg));
}

const struct way way_type1 = { "type1", t1_open, t1_map, t1_unmap };

/* ---- iommufd: the device is a character device of VFIO ---- */

static int fd_iommu = -1;
static uint32_t fd_ioas;

static int fd_open(const char *path)
{
	struct fd_arg_bind bind = { .size = sizeof(bind) };
	struct fd_arg_alloc alloc = { .size = sizeof(alloc) };
	struct fd_arg_attach attach = { .size = sizeof(attach) };
	int dev = open(path, O_RDWR), ret;

	fd_iommu = open("/dev/iommu", O_RDWR);
	if (fd_iommu < 0 || dev < 0)
		return -errno;
	bind.iommufd = fd_iommu;
	ret = fail(ioctl(dev, FD_DEVICE_BIND, &bind));
	if (!ret)
		ret = fail(ioctl(fd_iommu, FD_IOAS_ALLOC, &alloc));
	attach.pt = fd_ioas = alloc.out_id;
	if (!ret)
		ret = fail(ioctl(dev, FD_DEVICE_ATTACH, &attach));
	return ret;
}

static int fd_map(unsigned int slot, void *va, uint64_t bytes)
{
	struct fd_arg_map arg = { .size = sizeof(arg),
				  .flags = FD_MAP_FIXED | FD_MAP_READ | FD_MAP_WRITE,
				  .ioas = fd_ioas,
				  .va = (uintptr_t)va,
				  .length = bytes,
				  .iova = slot_iova(slot) };

	return fail(ioctl(fd_iommu, FD_IOAS_MAP, &arg));
}

static int fd_unmap(unsigned int slot, uint64_t bytes)
{
	struct fd_arg_unmap arg = {
		.size = sizeof(arg), .ioas = fd_ioas, .iova = slot_iova(slot), .length = bytes
	};

	return fail(ioctl(fd_iommu, FD_IOAS_UNMAP, &arg));
}

const struct way way_iommufd = { "iommufd", fd_open, fd_map, fd_unmap };

/* ---- io_uring: a ring for each slot ---- */

static int io_ring[SLOTS];

static int io_open(const char *unused)
{
	(void)unused;
	for (int i = 0; i < SLOTS; i++) {
		struct io_uring_params params = {};

		io_ring[i] = syscall(SYS_io_uring_setup, 4, &params);
		if (io_ring[i] < 0)
			return -errno;
	}
	return 0;
}

static int io_map(unsigned int slot, void *va, uint64_t bytes)
{
	struct iovec vec = { va, bytes };

	return fail(
		syscall(SYS_io_uring_register, io_ring[slot], IORING_REGISTER_BUFFERS, &vec, 1));
}

static int io_unmap(unsigned int slot, uint64_t bytes)
{
	(void)bytes;
	return fail(
		syscall(SYS_io_uring_register, io_ring[slot], IORING_UNREGISTER_BUFFERS, NULL, 0));
}

const struct way way_uring = { "uring", io_open, io_map, io_unmap };

/* ---- the bundled backend ---- */

static int bundled_fd = -1;
static uint32_t bundled_ioas;

static int bundled_open(const char *unused)
{
	(void)unused;
	bundled_fd = be_open();
	bundled_ioas = be_ioas(bundled_fd, IOASB_MODE_COVER, IOASB_ACCOUNT_USER);
	return be_attach(bundled_fd, be_device(bundled_fd, PAGE, 0, TOP, NULL, 0), bundled_ioas, 0);
}

static int bundled_map(unsigned int slot, void *va, uint64_t bytes)
{
	return be_map_at(bundled_fd, bundled_ioas, va, bytes, slot_iova(slot));
}

static int bundled_unmap(unsigned int slot, uint64_t bytes)
{
	uint64_t unmapped;

	return be_unmap(bundled_fd, bundled_ioas, slot_iova(slot), bytes, &unmapped);
}

const struct way way_bundled = { "bundled", bundled_open, bundled_map, bundled_unmap };
