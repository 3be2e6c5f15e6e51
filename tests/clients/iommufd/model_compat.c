// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IOAS that a VFIO container is, by the rules of vfio_compat.c.
 */
#include <errno.h>
#include <linux/vfio.h>

#include "model_impl.h"
#include "util.h"

int model_vfio_set_ioas(struct model *m, uint32_t id)
{
	if (id && !model_ioas(m, id))
		return -ENOENT;
	m->vfio_ioas = id;
	return 0;
}

/* v1 cuts areas: that needs small pages, which v2 does not take back. */
int model_vfio_set_iommu(struct model *m, uint32_t type)
{
	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -EINVAL;
	if (!m->vfio_ioas)
		return -ENODEV;
	return type == VFIO_TYPE1_IOMMU ? model_huge_pages(m, m->vfio_ioas, 0) : 0;
}

/* No permission at all is no mistake here. */
int model_vfio_map(struct model *m, uint32_t flags, uint64_t va, uint64_t size, uint64_t iova)
{
	bool writable = flags & VFIO_DMA_MAP_FLAG_WRITE;
	struct area piece = { .va = va, .size = size, .writable = writable };
	uint32_t prot = FD_MAP_FIXED | (writable ? FD_MAP_WRITE : 0) |
			(flags & VFIO_DMA_MAP_FLAG_READ ? FD_MAP_READ : 0);
	struct ioas *ioas = model_ioas(m, m->vfio_ioas);
	int ret;

	if (flags & ~(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return -EINVAL;
	if (!ioas)
		return -ENODEV;
	ret = model_check_memory(va, size);
	return ret ? ret : model_place(m, ioas, prot, &piece, 1, size, &iova);
}

/* The area that has @at ends there. Not if it begins there, and hardware needs whole pages. */
static int model_cut(struct model *m, struct ioas *ioas, uint64_t at)
{
	uint64_t mask = model_alignment(m, ioas) - 1;
	struct area *area = model_area(ioas, at), right;

	if (!area || at == area->iova || at == area_last(area))
		return 0;
	right = *area;
	right.iova = at + 1;
	right.va += right.iova - area->iova;
	right.size = area_last(area) - at;
	if ((right.iova | right.va) & mask)
		return -EINVAL;
	area->size -= right.size;
	ioas->mapped -= right.size;
	m->splits++;
	return model_insert(ioas, &right);
}

int model_vfio_unmap(struct model *m, uint32_t flags, uint64_t iova, uint64_t size,
		     uint64_t *returned)
{
	struct ioas *ioas = model_ioas(m, m->vfio_ioas);
	int ret = 0;

	*returned = 0;
	if (flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (!ioas)
		return -ENODEV;
	if (flags)
		return iova || size ? -EINVAL : model_unmap_range(m, ioas, 0, UINT64_MAX, returned);
	/* Done before the range is looked at: one that is refused splits areas, too. */
	if (ioas->small_pages)
		ret = model_cut(m, ioas, iova + size - 1);
	if (ioas->small_pages && !ret && iova)
		ret = model_cut(m, ioas, iova - 1);
	if (ret)
		return ret;
	if (!size)
		return -EINVAL;
	if (iova + size - 1 < iova)
		return -EOVERFLOW;
	ret = model_unmap_range(m, ioas, iova, iova + size - 1, returned);
	return !ret && !*returned ? m->vfio_unmap_nothing : ret;
}
