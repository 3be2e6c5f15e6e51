// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each ioctl of a VFIO container, asked of the model and of the kernel.
 */
#include <errno.h>

#include "checked.h"

int s_vfio_ioas(struct session *s, uint32_t ioas)
{
	uint16_t op = ioas ? FD_VFIO_IOAS_SET : FD_VFIO_IOAS_CLEAR;
	int want = model_vfio_set_ioas(&s->model, ioas);

	return checked(s, "vfio ioas", ioas, 0, fd_vfio_ioas(&s->fd, op, &ioas), want);
}

int s_vfio_set_iommu(struct session *s, uint32_t type)
{
	uint32_t ioas = s->model.vfio_ioas;
	int want = model_vfio_set_iommu(&s->model, type);

	return checked(s, "set iommu", type, ioas, fd_vfio_set_iommu(&s->fd, ioas, type), want);
}

int s_vfio_map(struct session *s, uint32_t flags, uint64_t va, uint64_t size, uint64_t iova)
{
	int want = model_vfio_map(&s->model, flags, va, size, iova);

	if (!(flags & VFIO_DMA_MAP_FLAG_WRITE))
		checked_touch(s, va, size);
	return checked(s, "vfio map", iova, size,
		       fd_vfio_map(&s->fd, s->model.vfio_ioas, flags, va, size, iova), want);
}

int s_vfio_unmap(struct session *s, uint32_t flags, uint64_t iova, uint64_t size,
		 uint64_t *returned)
{
	uint64_t gone = 0;
	int want = model_vfio_unmap(&s->model, flags, iova, size, &gone), got;

	got = checked(s, "vfio unmap", iova, size,
		      fd_vfio_unmap(&s->fd, s->model.vfio_ioas, flags, iova, size, returned), want);
	if (got == want && (!got || got == -ENOENT))
		checked_number(s, "vfio unmap: bytes", iova, *returned, gone);
	return got;
}
