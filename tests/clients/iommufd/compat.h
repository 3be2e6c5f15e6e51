/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ioctls of a VFIO container, on a file of /dev/iommu. They act on the IOAS that
 * fd_vfio_ioas() has named; the log names it, too. As in calls.h: 0 or -errno.
 */
#ifndef CLIENT_FD_COMPAT_H
#define CLIENT_FD_COMPAT_H

#include <linux/vfio.h>

#include "calls.h"

/* @type, @extension: VFIO_TYPE1_IOMMU and its like; an extension's answer is a number. */
int fd_vfio_set_iommu(struct fd *fd, uint32_t ioas, uint32_t type);
int fd_vfio_extension(struct fd *fd, uint32_t extension);
int fd_vfio_version(struct fd *fd);

/* @argsz: of the struct, 0: as it should be. @pages: bits of the page sizes. */
int fd_vfio_info(struct fd *fd, uint32_t argsz, uint64_t *pages);
int fd_vfio_map(struct fd *fd, uint32_t ioas, uint32_t flags, uint64_t va, uint64_t size,
		uint64_t iova);
/* @returned: what the kernel wrote back; also with -ENOENT. */
int fd_vfio_unmap(struct fd *fd, uint32_t ioas, uint32_t flags, uint64_t iova, uint64_t size,
		  uint64_t *returned);

/* @op: FD_VFIO_IOAS_*; GET sets @ioas. */
int fd_vfio_ioas(struct fd *fd, uint16_t op, uint32_t *ioas);

#endif
