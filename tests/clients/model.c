// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define MAP_PROT (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

void model_init(struct model *model, bool v2)
{
	*model = (struct model){ .v2 = v2 };
}

static void area_free(struct area *area)
{
	unsigned int i;

	for (i = 0; i < MODEL_DEVICES; i++)
		free(area->pins[i]);
}

static void model_remove(struct model *model, size_t from, size_t count)
{
	size_t i;

	for (i = from; i < from + count; i++) {
		struct area *area = &model->areas[i];

		if (area->va)
			model->ghosts[model->nghosts++ % MODEL_GHOSTS] = (struct ghost){
				.iova = area->iova, .size = area->size, .va = area->va
			};
		model->mapped -= area->size;
		area_free(area);
	}
	memmove(&model->areas[from], &model->areas[from + count],
		(model->n - from - count) * sizeof(*model->areas));
	model->n -= count;
}

void model_clear(struct model *model)
{
	if (model->n)
		model_remove(model, 0, model->n);
}

void model_exit(struct model *model)
{
	model_clear(model);
	free(model->areas);
	model->areas = NULL;
}

/* Index of the first area that ends behind @iova. */
static size_t model_first(const struct model *model, uint64_t iova)
{
	size_t low = 0, high = model->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (model->areas[mid].iova + (model->areas[mid].size - 1) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct area *model_find(struct model *model, uint64_t iova)
{
	size_t i = model_first(model, iova);

	return i < model->n && model->areas[i].iova <= iova ? &model->areas[i] : NULL;
}

void *model_memory(struct model *model, uint64_t iova, uint64_t len)
{
	struct area *area = model_find(model, iova);
	uint64_t offset;

	if (!area || !area->va)
		return NULL;
	offset = iova - area->iova;
	if (len > area->size - offset)
		return NULL;
	return (void *)(uintptr_t)(area->va + offset);
}

void *model_ghost(struct model *model, uint64_t iova, uint64_t len)
{
	size_t i, n = min_u64(model->nghosts, MODEL_GHOSTS);

	for (i = 0; i < n; i++) {
		const struct ghost *ghost = &model->ghosts[(model->nghosts - 1 - i) % MODEL_GHOSTS];
		uint64_t offset = iova - ghost->iova;

		if (iova >= ghost->iova && offset < ghost->size && len <= ghost->size - offset)
			return (void *)(uintptr_t)(ghost->va + offset);
	}
	return NULL;
}

static bool model_valid(const struct vfio_info *info, uint64_t start, uint64_t last)
{
	unsigned int i;

	for (i = 0; i < info->nranges; i++)
		if (start >= info->ranges[i].start && last <= info->ranges[i].last)
			return true;
	return !info->nranges;
}

int model_expect_map(struct model *model, const struct vfio_info *info, uint64_t iova,
		     uint64_t size, uint64_t va, uint32_t flags)
{
	uint64_t last = iova + size - 1;
	size_t i;

	if (!(flags & MAP_PROT) || flags & ~MAP_PROT)
		return -EINVAL;
	if (!size || (size | iova | va) & (PAGE - 1))
		return -EINVAL;
	if (last < iova || va + size - 1 < va)
		return -EINVAL;
	i = model_first(model, iova);
	if (i < model->n && model->areas[i].iova <= last)
		return -EEXIST;
	return model_valid(info, iova, last) ? 0 : -EINVAL;
}

int model_map(struct model *model, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags)
{
	size_t i = model_first(model, iova);

	if (model->n == model->cap) {
		size_t cap = model->cap ? 2 * model->cap : 64;
		struct area *areas = realloc(model->areas, cap * sizeof(*areas));

		if (!areas)
			return -ENOMEM;
		model->areas = areas;
		model->cap = cap;
	}
	memmove(&model->areas[i + 1], &model->areas[i], (model->n - i) * sizeof(*model->areas));
	model->areas[i] =
		(struct area){ .iova = iova, .size = size, .va = va, .flags = flags & MAP_PROT };
	model->n++;
	model->mapped += size;
	return 0;
}

/* Does a boundary of the request cut an area in two? [iova, last] */
static bool model_bisects(struct model *model, uint64_t iova, uint64_t last)
{
	struct area *area = model_find(model, iova);

	if (area && area->iova != iova)
		return true;
	area = model_find(model, last);
	return area && area->iova + (area->size - 1) != last;
}

/*
 * Which areas a valid request takes away. v1: the ones that begin inside the request, whole,
 * but none at all if the request begins inside an area.
 */
static size_t model_affected(struct model *model, uint64_t iova, uint64_t last, size_t *from)
{
	size_t to;

	*from = model_first(model, iova);
	if (*from < model->n && model->areas[*from].iova < iova)
		return 0;
	for (to = *from; to < model->n && model->areas[to].iova <= last; to++)
		;
	return to - *from;
}

int model_expect_unmap(struct model *model, uint64_t iova, uint64_t size, uint32_t flags,
		       uint64_t *returned)
{
	uint64_t last = iova + size - 1;
	size_t i, from, count;

	*returned = 0;
	if (flags & ~VFIO_DMA_UNMAP_FLAG_ALL || iova & (PAGE - 1))
		return -EINVAL;
	if (flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		if (iova || size)
			return -EINVAL;
		*returned = model->mapped;
		return 0;
	}
	if (!size || size & (PAGE - 1) || last < iova)
		return -EINVAL;
	if (model->v2 && model_bisects(model, iova, last))
		return -EINVAL;
	count = model_affected(model, iova, last, &from);
	for (i = from; i < from + count; i++)
		*returned += model->areas[i].size;
	return 0;
}

void model_unmap(struct model *model, uint64_t iova, uint64_t size, uint32_t flags)
{
	uint64_t returned;
	size_t from, count;

	if (model_expect_unmap(model, iova, size, flags, &returned))
		return;
	if (flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		model_clear(model);
		return;
	}
	count = model_affected(model, iova, iova + size - 1, &from);
	if (count)
		model_remove(model, from, count);
}

int model_expect_pin(struct model *model, uint64_t iova, uint64_t npages, uint32_t prot)
{
	uint64_t i;

	if (!model->v2)
		return -EACCES;
	for (i = 0; i < npages; i++) {
		struct area *area = model_find(model, iova + i * PAGE);

		if (!area)
			return -EINVAL;
		if ((area->flags & prot) != prot)
			return -EPERM;
	}
	return 0;
}

int model_pin(struct model *model, unsigned int dev, uint64_t iova, uint64_t npages)
{
	uint64_t i;

	for (i = 0; i < npages; i++) {
		struct area *area = model_find(model, iova + i * PAGE);

		if (!area->pins[dev])
			area->pins[dev] = calloc(area->size / PAGE, sizeof(uint32_t));
		if (!area->pins[dev])
			return -ENOMEM;
		area->pins[dev][(iova + i * PAGE - area->iova) / PAGE]++;
	}
	return 0;
}

int model_expect_unpin(struct model *model, unsigned int dev, uint64_t iova, uint64_t npages)
{
	uint64_t i;

	for (i = 0; i < npages; i++) {
		struct area *area = model_find(model, iova + i * PAGE);

		if (!area || !area->pins[dev] ||
		    !area->pins[dev][(iova + i * PAGE - area->iova) / PAGE])
			return -EINVAL;
	}
	return 0;
}

void model_unpin(struct model *model, unsigned int dev, uint64_t iova, uint64_t npages)
{
	uint64_t i;

	for (i = 0; i < npages; i++) {
		struct area *area = model_find(model, iova + i * PAGE);

		area->pins[dev][(iova + i * PAGE - area->iova) / PAGE]--;
	}
}

uint64_t model_pinned(struct model *model, unsigned int dev)
{
	uint64_t page, sum = 0;
	size_t i;

	for (i = 0; i < model->n; i++) {
		const struct area *area = &model->areas[i];

		for (page = 0; area->pins[dev] && page < area->size / PAGE; page++)
			sum += area->pins[dev][page];
	}
	return sum;
}

void model_drop_pins(struct model *model, unsigned int dev)
{
	size_t i;

	for (i = 0; i < model->n; i++) {
		free(model->areas[i].pins[dev]);
		model->areas[i].pins[dev] = NULL;
	}
}
