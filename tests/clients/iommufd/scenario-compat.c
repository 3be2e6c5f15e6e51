// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scenario "compat": a tour of the ioctls of a VFIO container on a file of /dev/iommu.
 */
#include <errno.h>
#include <stdio.h>

#include "tour.h"

#define AREA (64 * KIB)
#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define UNMAP_ALL VFIO_DMA_UNMAP_FLAG_ALL

static void vfio_map(struct tour *t, const char *what, uint64_t offset, uint64_t size,
		     uint32_t flags, int want)
{
	tour_check(t, what, s_vfio_map(t->s, flags, tour_va(t, offset), size, IOVA_BASE + offset),
		   want);
}

/* @gone: bytes, looked at where the kernel says them. */
static void vfio_unmap(struct tour *t, const char *what, uint64_t offset, uint64_t size, int want,
		       uint64_t gone)
{
	uint64_t returned = 0;

	if (tour_check(t, what, s_vfio_unmap(t->s, 0, IOVA_BASE + offset, size, &returned), want) &&
	    (!want || want == -ENOENT))
		tour_check(t, what, (long long)returned, (long long)gone);
}

static void vfio_unmap_all(struct tour *t, const char *what, uint64_t gone)
{
	uint64_t returned = 0;

	tour_check(t, what, s_vfio_unmap(t->s, UNMAP_ALL, 0, 0, &returned), 0);
	tour_check(t, what, (long long)returned, (long long)gone);
}

static uint32_t vfio_ioas(struct tour *t, uint32_t type)
{
	uint32_t ioas = tour_ioas(t), now = 0;

	tour_check(t, "this IOAS", s_vfio_ioas(t->s, ioas), 0);
	tour_check(t, "which IOAS", fd_vfio_ioas(&t->s->fd, FD_VFIO_IOAS_GET, &now), 0);
	tour_check(t, "which IOAS: number", now, ioas);
	tour_check(t, "set iommu", s_vfio_set_iommu(t->s, type), 0);
	return ioas;
}

/*
 * A container without an IOMMU is refused here: no device without one is in it. That it succeeds
 * cannot be shown: Debian's kernels are built without CONFIG_VFIO_NOIOMMU (the modules of iommufd
 * in the lab with the same options), so that vfio has no enable_unsafe_noiommu_mode, and the
 * branch of iommufd_vfio_set_iommu() that would accept it is not compiled. That is asked first.
 */
static void compat_no_iommu(struct tour *t)
{
	tour_check(t, "has no way without IOMMU", fd_vfio_extension(&t->s->fd, VFIO_NOIOMMU_IOMMU),
		   0);
	tour_check(t, "set no iommu", s_vfio_set_iommu(t->s, VFIO_NOIOMMU_IOMMU), -EINVAL);
}

/* Without an IOAS there is not much. */
static void compat_none(struct tour *t)
{
	struct fd *fd = &t->s->fd;
	uint32_t none = 0;
	uint64_t pages;

	tour_check(t, "version", fd_vfio_version(fd), VFIO_API_VERSION);
	tour_check(t, "has v1", fd_vfio_extension(fd, VFIO_TYPE1_IOMMU), 1);
	tour_check(t, "has v2", fd_vfio_extension(fd, VFIO_TYPE1v2_IOMMU), 1);
	tour_check(t, "has unmap all", fd_vfio_extension(fd, VFIO_UNMAP_ALL), 1);
	tour_check(t, "has no VADDR", fd_vfio_extension(fd, VFIO_UPDATE_VADDR), 0);
	tour_check(t, "coherent?", fd_vfio_extension(fd, VFIO_DMA_CC_IOMMU), -ENODEV);
	tour_check(t, "which IOAS, none", fd_vfio_ioas(fd, FD_VFIO_IOAS_GET, &none), -ENODEV);
	tour_check(t, "an unknown op", fd_vfio_ioas(fd, 7, &none), -EOPNOTSUPP);
	tour_check(t, "no such IOAS", s_vfio_ioas(t->s, 0x7fffffff), -ENOENT);
	tour_check(t, "set iommu", s_vfio_set_iommu(t->s, VFIO_TYPE1_IOMMU), -ENODEV);
	compat_no_iommu(t);
	tour_check(t, "info", fd_vfio_info(fd, 0, &pages), -ENODEV);
	vfio_map(t, "map", 0, AREA, RW, -ENODEV);
	vfio_unmap(t, "unmap", 0, AREA, -ENODEV, 0);
}

static void compat_maps(struct tour *t)
{
	struct fd *fd = &t->s->fd;
	uint32_t ioas = vfio_ioas(t, VFIO_TYPE1v2_IOMMU);
	uint64_t pages = 0;

	tour_check(t, "info", fd_vfio_info(fd, 0, &pages), 0);
	tour_check(t, "info: pages", !!(pages & PAGE), 1);
	tour_check(t, "info, too short", fd_vfio_info(fd, 4, &pages), -EINVAL);
	tour_check(t, "coherent? Without domains", fd_vfio_extension(fd, VFIO_DMA_CC_IOMMU), 1);
	vfio_map(t, "map rw", 0, AREA, RW, 0);
	vfio_map(t, "map r", AREA, AREA, VFIO_DMA_MAP_FLAG_READ, 0);
	vfio_map(t, "map without permission", 2 * AREA, AREA, 0, 0);
	tour_check(t, "attach to that", s_attach(t->s, &t->s->devices[0], ioas), -EINVAL);
	vfio_map(t, "map the same", 0, AREA, RW, -EEXIST);
	vfio_map(t, "map nothing", 4 * AREA, 0, RW, -EINVAL);
	vfio_map(t, "map an address", 0, AREA, VFIO_DMA_MAP_FLAG_VADDR, -EINVAL);
	tour_map(t, "map, not as VFIO", ioas, 4 * AREA, AREA, MAP_RW, 0);
	tour_copy(t, "copy what VFIO mapped", ioas, 8 * AREA, ioas, 0, 2 * AREA, FD_MAP_READ, 0);
	vfio_unmap_all(t, "unmap all", 6 * AREA);
	vfio_unmap_all(t, "unmap all again", 0);
	tour_destroy(t, ioas);
	tour_check(t, "the IOAS is gone", s_vfio_set_iommu(t->s, VFIO_TYPE1_IOMMU), -ENODEV);
}

static void compat_v2(struct tour *t)
{
	uint32_t ioas = vfio_ioas(t, VFIO_TYPE1v2_IOMMU);
	uint64_t gone;
	unsigned int i;

	for (i = 0; i < 6; i++)
		vfio_map(t, "map", i * AREA, AREA, RW, 0);
	vfio_unmap(t, "unmap one", 0, AREA, 0, AREA);
	vfio_unmap(t, "unmap it again", 0, AREA, t->s->model.vfio_unmap_nothing, 0);
	vfio_unmap(t, "unmap the beginning of one", AREA, PAGE, -ENOENT, 0);
	vfio_unmap(t, "unmap the middle of one", AREA + PAGE, PAGE, -ENOENT, 0);
	vfio_unmap(t, "unmap more than two", 0, 3 * AREA, 0, 2 * AREA);
	vfio_unmap(t, "unmap one and a half: one is gone", 3 * AREA, AREA + PAGE, -ENOENT, AREA);
	vfio_unmap(t, "unmap nothing", 4 * AREA, 0, -EINVAL, 0);
	vfio_unmap(t, "unmap that wraps", 4 * AREA, 0 - PAGE, -EOVERFLOW, 0);
	tour_check(t, "unmap all, with a range",
		   s_vfio_unmap(t->s, UNMAP_ALL, IOVA_BASE, PAGE, &gone), -EINVAL);
	tour_check(t, "unmap an address",
		   s_vfio_unmap(t->s, VFIO_DMA_UNMAP_FLAG_VADDR, IOVA_BASE, PAGE, &gone), -EINVAL);
	vfio_unmap_all(t, "unmap all", 2 * AREA);
	tour_destroy(t, ioas);
}

static void reach(struct tour *t, const char *what, uint64_t offset, int want)
{
	tour_check(t, what, dma_probe(t->s, &t->s->devices[0], EDU_WRITE, IOVA_BASE + offset, 64),
		   want);
}

/* One area of eight parts. */
static void compat_split(struct tour *t, uint32_t ioas)
{
	vfio_map(t, "map", 0, 8 * AREA, RW, 0);
	vfio_unmap(t, "unmap the beginning", 0, AREA, 0, AREA);
	vfio_unmap(t, "unmap the end", 7 * AREA, AREA, 0, AREA);
	vfio_unmap(t, "unmap the middle", 3 * AREA, AREA, 0, AREA);
	reach(t, "what is gone at the beginning", AREA - PAGE, DMA_FAULT);
	reach(t, "the left part: begin", AREA, DMA_OK);
	reach(t, "the left part: end", 3 * AREA - PAGE, DMA_OK);
	reach(t, "what is gone in the middle", 3 * AREA, DMA_FAULT);
	reach(t, "the right part", 4 * AREA, DMA_OK);
	reach(t, "what is gone at the end", 7 * AREA, DMA_FAULT);
	tour_unmap(t, "unmap a part, not as VFIO", ioas, 4 * AREA, AREA, -ENOENT, 0);
	tour_copy(t, "copy parts of a part", ioas, 16 * AREA, ioas, 4 * AREA + PAGE, AREA, MAP_RW,
		  0);
	vfio_unmap(t, "unmap what reaches into both", 2 * AREA, 3 * AREA, 0, 2 * AREA);
	reach(t, "the copy", 16 * AREA, DMA_OK);
	vfio_unmap(t, "unmap inside a page", AREA + 0x200, PAGE, -EINVAL, 0);
	vfio_unmap(t, "unmap nothing: only cuts", 6 * AREA, 0, -EINVAL, 0);
	tour_check(t, "splits", t->s->model.splits, 7);
	vfio_map(t, "map without permission, with a device", 0, AREA, 0, -EINVAL);
	vfio_map(t, "map into a hole", 0, AREA, RW, 0);
	vfio_map(t, "map over a part", 5 * AREA, AREA, RW, -EEXIST);
}

static void compat_v1(struct tour *t)
{
	struct cdev *dev = &t->s->devices[0];
	uint32_t ioas = vfio_ioas(t, VFIO_TYPE1_IOMMU), other;
	uint64_t value = 7;

	tour_check(t, "large pages?", fd_get_option(&t->s->fd, FD_OPTION_HUGE_PAGES, ioas, &value),
		   0);
	tour_check(t, "large pages: no", (long long)value, 0);
	tour_check(t, "attach", s_attach(t->s, dev, ioas), 0);
	compat_split(t, ioas);
	tour_check(t, "set iommu again", s_vfio_set_iommu(t->s, VFIO_TYPE1_IOMMU), 0);
	compat_no_iommu(t); /* nor with an IOAS and a device */
	other = tour_ioas(t);
	tour_copy(t, "copy parts", other, 0, ioas, AREA, AREA, MAP_RW, 0);
	tour_check(t, "replace", s_attach(t->s, dev, other), 0);
	vfio_unmap(t, "unmap, without the device", AREA, PAGE, 0, PAGE);
	vfio_unmap_all(t, "unmap all", t->s->model.ioas[0].mapped);
	tour_check(t, "the other IOAS", s_vfio_ioas(t->s, other), 0);
	tour_check(t, "v1, with areas that are mapped", s_vfio_set_iommu(t->s, VFIO_TYPE1_IOMMU),
		   -EINVAL);
	vfio_unmap(t, "unmap a part, with large pages", 0, PAGE, -ENOENT, 0);
	tour_check(t, "detach", s_detach(t->s, dev), 0);
	tour_check(t, "no IOAS", s_vfio_ioas(t->s, 0), 0);
	vfio_unmap(t, "unmap, without IOAS", 0, AREA, -ENODEV, 0);
	tour_destroy(t, ioas);
	tour_destroy(t, other);
}

int scenario_compat(struct session *s)
{
	struct tour t = { .s = s };
	int ret = session_buffer(s, TOUR_BUFFER);

	if (ret)
		return ret;
	compat_none(&t);
	compat_maps(&t);
	compat_v2(&t);
	compat_v1(&t);
	tour_group(&t);
	fprintf(stderr, "compat: %u checks, %u wrong, %u unlike the model, %u splits\n", t.checks,
		t.wrong, s->wrong, s->model.splits);
	return t.wrong || s->wrong ? -EPROTO : 0;
}
