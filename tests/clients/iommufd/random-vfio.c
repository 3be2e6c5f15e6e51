// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random operations through the ioctls of a VFIO container.
 */
#include "random.h"

static uint32_t random_type(struct run *run)
{
	uint64_t dice = rng_below(run->rng, 100);

	if (dice < 4)
		return VFIO_NOIOMMU_IOMMU;
	if (dice < 10)
		return VFIO_TYPE1v2_IOMMU;
	return run->s->opt->vfio == VFIO_V1 ? VFIO_TYPE1_IOMMU : VFIO_TYPE1v2_IOMMU;
}

/* v1 is refused where a page table maps areas: then they go, or it stays as it is. */
void random_vfio_ioas(struct run *run, uint32_t ioas)
{
	struct session *s = run->s;
	uint32_t type = random_type(run);
	uint64_t gone;

	s_vfio_ioas(s, ioas);
	if (!s_vfio_set_iommu(s, type) || rng_percent(run->rng, 50))
		return;
	s_vfio_unmap(s, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0, &gone);
	s_vfio_set_iommu(s, type);
}

static void random_vfio_map(struct run *run)
{
	static const uint32_t prots[] = { 3, 3, 3, 1, 2, 0 };
	struct session *s = run->s;
	uint32_t flags = prots[rng_below(run->rng, ARRAY_SIZE(prots))];
	uint64_t size = rng_size(run->rng, run->max_size);
	uint64_t iova = random_place(run, s->model.vfio_ioas, size);
	uint64_t va = (uintptr_t)s->buffer + random_page(run, s->buffer_bytes - size + PAGE);

	switch (rng_below(run->rng, 60)) {
	case 0:
		size = 0;
		break;
	case 1:
		flags |= VFIO_DMA_MAP_FLAG_VADDR;
		break;
	case 2:
		iova = 0 - PAGE;
		size = 2 * PAGE;
		break;
	default:
		break;
	}
	s_vfio_map(s, flags, va, size, iova);
}

/* What of an area is asked for: all, or more or less of it, at one end or both. */
static void random_cut(struct run *run, const struct area *area, uint64_t *iova, uint64_t *size)
{
	uint64_t dice = rng_below(run->rng, 100), skip = random_page(run, area->size);
	uint64_t less = min_u64(area->iova, random_page(run, run->max_size));

	*iova = area->iova;
	*size = area->size;
	if (dice < 40) {
		*iova += skip;
		*size = PAGE + random_page(run, area->size - skip);
	} else if (dice < 55) {
		*iova += skip;
		*size += random_page(run, run->max_size);
	} else if (dice < 70) {
		*iova -= less;
		*size = less + PAGE + skip;
	} else if (dice < 85) {
		*iova -= less;
		*size += less + random_page(run, run->max_size);
	}
}

static void random_vfio_unmap(struct run *run)
{
	struct session *s = run->s;
	struct area *area = random_area(run, s->model.vfio_ioas);
	uint64_t iova = IOVA_BASE + random_page(run, run->window), gone;
	uint64_t size = rng_size(run->rng, run->max_size);
	uint32_t flags = 0;

	if (area && rng_percent(run->rng, 90))
		random_cut(run, area, &iova, &size);
	switch (rng_below(run->rng, 60)) {
	case 0:
		size = 0;
		break;
	case 1:
		flags = VFIO_DMA_UNMAP_FLAG_ALL;
		iova = 0;
		size = 0;
		break;
	case 2:
		flags = VFIO_DMA_UNMAP_FLAG_ALL;
		break;
	case 3:
		iova += 0x200;
		break;
	case 4:
		size = 0 - iova / 2;
		break;
	case 5:
		flags = VFIO_DMA_UNMAP_FLAG_VADDR;
		break;
	default:
		break;
	}
	s_vfio_unmap(s, flags, iova, size, &gone);
}

void random_vfio(struct run *run)
{
	uint64_t dice = rng_below(run->rng, 100);

	if (dice < 45)
		random_vfio_map(run);
	else if (dice < 94)
		random_vfio_unmap(run);
	else if (dice < 97)
		s_vfio_set_iommu(run->s, random_type(run));
	else
		random_vfio_ioas(run, rng_percent(run->rng, 10) ? 0 : random_ioas(run));
}
