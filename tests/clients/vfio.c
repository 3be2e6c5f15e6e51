// SPDX-License-Identifier: GPL-2.0-or-later
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

#define VFIO_CONTAINER_PATH "/dev/vfio/vfio"
#define VFIO_INFO_BYTES 4096

/* An ioctl without an answer of its own: 0 or positive, else -errno. */
static int vfio_ioctl(const struct vfio *vfio, unsigned long request, unsigned long arg)
{
	int ret = ioctl(vfio->fd, request, arg);

	return ret < 0 ? -errno : ret;
}

const char *vfio_prot_name(uint32_t map_flags)
{
	bool r = map_flags & VFIO_DMA_MAP_FLAG_READ;
	bool w = map_flags & VFIO_DMA_MAP_FLAG_WRITE;

	if (r)
		return w ? "rw" : "r";
	return w ? "w" : "-";
}

int vfio_open(struct vfio *vfio, struct log *log, int context)
{
	int ret = 0;

	vfio->log = log;
	vfio->context = context;
	vfio->fd = open(VFIO_CONTAINER_PATH, O_RDWR | O_CLOEXEC);
	if (vfio->fd < 0)
		ret = -errno;
	log_write(log, &(struct log_op){ .op = "open", .context = context, .result = ret });
	return ret;
}

void vfio_close(struct vfio *vfio)
{
	if (vfio->fd < 0)
		return;
	close(vfio->fd);
	vfio->fd = -1;
	log_write(vfio->log, &(struct log_op){ .op = "close", .context = vfio->context });
}

static void vfio_log_query(struct vfio *vfio, const char *what, int ret, uint64_t value)
{
	log_write(vfio->log, &(struct log_op){ .op = "query",
					       .context = vfio->context,
					       .what = what,
					       .fields = ret < 0 ? 0 : LOG_VALUE,
					       .value = value,
					       .result = ret < 0 ? ret : 0 });
}

int vfio_version(struct vfio *vfio)
{
	int ret = vfio_ioctl(vfio, VFIO_GET_API_VERSION, 0);

	vfio_log_query(vfio, "version", ret, (uint64_t)ret);
	return ret;
}

int vfio_extension(struct vfio *vfio, unsigned int extension)
{
	int ret = vfio_ioctl(vfio, VFIO_CHECK_EXTENSION, extension);

	vfio_log_query(vfio, "extension", ret, (uint64_t)ret);
	return ret;
}

int vfio_set_iommu(struct vfio *vfio, unsigned int type)
{
	int ret = vfio_ioctl(vfio, VFIO_SET_IOMMU, type);

	log_write(vfio->log, &(struct log_op){ .op = "set_iommu",
					       .context = vfio->context,
					       .fields = LOG_VALUE,
					       .value = type,
					       .result = ret });
	return ret;
}

static void vfio_parse_ranges(const struct vfio_iommu_type1_info_cap_iova_range *cap,
			      struct vfio_info *info)
{
	unsigned int i;

	for (i = 0; i < cap->nr_iovas && i < VFIO_RANGES_MAX; i++) {
		info->ranges[i].start = cap->iova_ranges[i].start;
		info->ranges[i].last = cap->iova_ranges[i].end;
	}
	info->nranges = i;
}

static void vfio_parse_caps(const unsigned char *buf, uint32_t offset, struct vfio_info *info)
{
	while (offset && offset + sizeof(struct vfio_info_cap_header) <= VFIO_INFO_BYTES) {
		const struct vfio_info_cap_header *cap = (const void *)(buf + offset);

		if (cap->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE)
			vfio_parse_ranges((const void *)cap, info);
		if (cap->id == VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL) {
			const struct vfio_iommu_type1_info_dma_avail *avail = (const void *)cap;

			info->has_avail = true;
			info->avail = avail->avail;
		}
		offset = cap->next;
	}
}

int vfio_get_info(struct vfio *vfio, uint32_t argsz, struct vfio_info *info)
{
	unsigned char buf[VFIO_INFO_BYTES] __attribute__((aligned(8))) = { 0 };
	struct vfio_iommu_type1_info *raw = (void *)buf;
	int ret;

	memset(info, 0, sizeof(*info));
	raw->argsz = argsz ? argsz : sizeof(buf);
	ret = vfio_ioctl(vfio, VFIO_IOMMU_GET_INFO, (unsigned long)raw);
	if (!ret) {
		info->pgsizes = raw->iova_pgsizes;
		if (raw->flags & VFIO_IOMMU_INFO_CAPS)
			vfio_parse_caps(buf, raw->cap_offset, info);
	}
	vfio_log_query(vfio, "info", ret, info->avail);
	return ret;
}

/*
 * Before 6.2 a read-only map of memory that was never written pins the shared
 * zero page, and the device goes on seeing that page when the memory is written
 * (mm/gup.c, FOLL_LONGTERM without FOLL_WRITE): write to it first, as a user
 * who means the device to read something would have.
 */
static void vfio_touch(uint64_t va, uint64_t size, uint32_t flags)
{
	if ((flags & VFIO_DMA_MAP_FLAG_READ) && !(flags & VFIO_DMA_MAP_FLAG_WRITE))
		(void)!madvise((void *)(uintptr_t)va, size, MADV_POPULATE_WRITE);
}

int vfio_map_argsz(struct vfio *vfio, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags,
		   uint32_t argsz)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = argsz, .flags = flags, .vaddr = va, .iova = iova, .size = size
	};
	unsigned int fields = LOG_IOVA | LOG_SIZE | LOG_VA | LOG_PROT | LOG_FLAGS;
	int ret;

	vfio_touch(va, size, flags);
	ret = vfio_ioctl(vfio, VFIO_IOMMU_MAP_DMA, (unsigned long)&map);

	if (argsz != sizeof(map))
		fields |= LOG_ARGSZ;
	log_write(vfio->log, &(struct log_op){ .op = "map",
					       .context = vfio->context,
					       .fields = fields,
					       .iova = iova,
					       .size = size,
					       .va = va,
					       .prot = vfio_prot_name(flags),
					       .flags = flags,
					       .argsz = argsz,
					       .result = ret });
	return ret;
}

int vfio_map(struct vfio *vfio, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags)
{
	return vfio_map_argsz(vfio, iova, size, va, flags, sizeof(struct vfio_iommu_type1_dma_map));
}

/* The unmap structure, with room for the description of a bitmap. */
union vfio_unmap_arg {
	struct vfio_iommu_type1_dma_unmap unmap;
	unsigned char bytes[sizeof(struct vfio_iommu_type1_dma_unmap) + sizeof(struct vfio_bitmap)];
};

static int vfio_unmap_arg(struct vfio *vfio, union vfio_unmap_arg *arg, uint64_t *returned)
{
	struct vfio_iommu_type1_dma_unmap *unmap = &arg->unmap;
	struct log_op op = { .op = "unmap",
			     .context = vfio->context,
			     .fields = LOG_IOVA | LOG_SIZE | LOG_FLAGS,
			     .iova = unmap->iova,
			     .size = unmap->size,
			     .flags = unmap->flags,
			     .argsz = unmap->argsz };

	op.result = vfio_ioctl(vfio, VFIO_IOMMU_UNMAP_DMA, (unsigned long)arg);
	if (!op.result) {
		op.fields |= LOG_RETURNED;
		op.returned = unmap->size;
		if (returned)
			*returned = unmap->size;
	}
	if (unmap->argsz != sizeof(*unmap) && unmap->argsz != sizeof(*arg))
		op.fields |= LOG_ARGSZ;
	log_write(vfio->log, &op);
	return (int)op.result;
}

int vfio_unmap_argsz(struct vfio *vfio, uint64_t iova, uint64_t size, uint32_t flags,
		     uint32_t argsz, uint64_t *returned)
{
	union vfio_unmap_arg arg = {
		.unmap = { .argsz = argsz, .flags = flags, .iova = iova, .size = size }
	};

	return vfio_unmap_arg(vfio, &arg, returned);
}

int vfio_unmap(struct vfio *vfio, uint64_t iova, uint64_t size, uint32_t flags, uint64_t *returned)
{
	return vfio_unmap_argsz(vfio, iova, size, flags, sizeof(struct vfio_iommu_type1_dma_unmap),
				returned);
}

int vfio_unmap_dirty(struct vfio *vfio, uint64_t iova, uint64_t size,
		     const struct vfio_dirty_buffer *buffer, uint64_t *returned)
{
	struct vfio_bitmap bitmap = { .pgsize = buffer->pgsize,
				      .size = buffer->bytes,
				      .data = (void *)buffer->bits };
	union vfio_unmap_arg arg = { .unmap = { .argsz = sizeof(arg),
						.flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
						.iova = iova,
						.size = size } };

	memcpy(arg.bytes + sizeof(arg.unmap), &bitmap, sizeof(bitmap));
	return vfio_unmap_arg(vfio, &arg, returned);
}

int vfio_dirty(struct vfio *vfio, uint32_t flags)
{
	struct vfio_iommu_type1_dirty_bitmap dirty = { .argsz = sizeof(dirty), .flags = flags };
	int ret = vfio_ioctl(vfio, VFIO_IOMMU_DIRTY_PAGES, (unsigned long)&dirty);

	log_write(vfio->log, &(struct log_op){ .op = "dirty",
					       .context = vfio->context,
					       .fields = LOG_FLAGS,
					       .flags = flags,
					       .result = ret });
	return ret;
}

int vfio_dirty_get(struct vfio *vfio, uint64_t iova, uint64_t size,
		   const struct vfio_dirty_buffer *buffer)
{
	struct {
		struct vfio_iommu_type1_dirty_bitmap head;
		struct vfio_iommu_type1_dirty_bitmap_get get;
	} arg = { .head = { .argsz = sizeof(arg), .flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP },
		  .get = { .iova = iova,
			   .size = size,
			   .bitmap = { .pgsize = buffer->pgsize,
				       .size = buffer->bytes,
				       .data = (void *)buffer->bits } } };
	int ret = vfio_ioctl(vfio, VFIO_IOMMU_DIRTY_PAGES, (unsigned long)&arg);

	log_write(vfio->log, &(struct log_op){ .op = "dirty",
					       .context = vfio->context,
					       .fields = LOG_IOVA | LOG_SIZE | LOG_FLAGS,
					       .iova = iova,
					       .size = size,
					       .flags = arg.head.flags,
					       .result = ret });
	return ret;
}
