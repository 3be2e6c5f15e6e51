// SPDX-License-Identifier: GPL-2.0-or-later
#include "compat.h"

#include <errno.h>

static int answer(int ret)
{
	return ret < 0 ? -errno : ret;
}

/* Failures are the kernel's number, answers above 0 are a value. */
static int logged(const struct fd *fd, const char *what, uint32_t flags, int ret)
{
	log_write(fd->log, &(struct log_op){ .op = "vfio-query",
					     .context = fd->context,
					     .fields = LOG_VALUE | LOG_FLAGS,
					     .what = what,
					     .flags = flags,
					     .value = ret < 0 ? 0 : (uint64_t)ret,
					     .result = ret < 0 ? ret : 0 });
	return ret;
}

int fd_vfio_set_iommu(struct fd *fd, uint32_t ioas, uint32_t type)
{
	int ret = answer(ioctl(fd->fd, VFIO_SET_IOMMU, type));

	log_write(fd->log, &(struct log_op){ .op = "set_iommu",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_VALUE,
					     .ioas = ioas,
					     .value = type,
					     .result = ret });
	return ret;
}

int fd_vfio_extension(struct fd *fd, uint32_t extension)
{
	return logged(fd, "extension", extension,
		      answer(ioctl(fd->fd, VFIO_CHECK_EXTENSION, extension)));
}

int fd_vfio_version(struct fd *fd)
{
	return logged(fd, "version", 0, answer(ioctl(fd->fd, VFIO_GET_API_VERSION)));
}

int fd_vfio_info(struct fd *fd, uint32_t argsz, uint64_t *pages)
{
	struct vfio_iommu_type1_info info = { .argsz = argsz ? argsz : sizeof(info) };
	int ret = answer(ioctl(fd->fd, VFIO_IOMMU_GET_INFO, &info));

	if (!ret)
		*pages = info.iova_pgsizes;
	return logged(fd, "info", 0, ret);
}

static const char *prot_name(uint32_t flags)
{
	return fd_prot_name((flags & VFIO_DMA_MAP_FLAG_READ ? FD_MAP_READ : 0) |
			    (flags & VFIO_DMA_MAP_FLAG_WRITE ? FD_MAP_WRITE : 0));
}

int fd_vfio_map(struct fd *fd, uint32_t ioas, uint32_t flags, uint64_t va, uint64_t size,
		uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .vaddr = va, .iova = iova, .size = size
	};
	int ret = answer(ioctl(fd->fd, VFIO_IOMMU_MAP_DMA, &map));

	log_write(fd->log, &(struct log_op){ .op = "vfio-map",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_IOVA | LOG_SIZE | LOG_VA |
						       LOG_PROT | LOG_FLAGS,
					     .ioas = ioas,
					     .iova = iova,
					     .size = size,
					     .va = va,
					     .prot = prot_name(flags),
					     .flags = flags,
					     .result = ret });
	return ret;
}

int fd_vfio_unmap(struct fd *fd, uint32_t ioas, uint32_t flags, uint64_t iova, uint64_t size,
		  uint64_t *returned)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = flags, .iova = iova, .size = size
	};
	int ret = answer(ioctl(fd->fd, VFIO_IOMMU_UNMAP_DMA, &unmap));
	bool told = !ret || ret == -ENOENT;

	if (told)
		*returned = unmap.size;
	log_write(fd->log, &(struct log_op){ .op = "vfio-unmap",
					     .context = fd->context,
					     .fields = LOG_IOAS | LOG_IOVA | LOG_SIZE | LOG_FLAGS |
						       (told ? LOG_RETURNED : 0),
					     .ioas = ioas,
					     .iova = iova,
					     .size = size,
					     .flags = flags,
					     .returned = unmap.size,
					     .result = ret });
	return ret;
}

int fd_vfio_ioas(struct fd *fd, uint16_t op, uint32_t *ioas)
{
	static const char *const names[] = { "get", "set", "clear" };
	struct fd_arg_vfio_ioas arg = { .size = sizeof(arg), .ioas = *ioas, .op = op };
	int ret = answer(ioctl(fd->fd, FD_VFIO_IOAS, &arg));

	if (!ret && op == FD_VFIO_IOAS_GET)
		*ioas = arg.ioas;
	log_write(fd->log, &(struct log_op){ .op = "vfio-ioas",
					     .context = fd->context,
					     .fields = LOG_IOAS,
					     .ioas = arg.ioas,
					     .what = op < 3 ? names[op] : "?",
					     .result = ret });
	return ret;
}
