// SPDX-License-Identifier: GPL-2.0-or-later
#include "model_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define PIECES_MAX 4096

void model_exit(struct model *m)
{
	unsigned int i;

	for (i = 0; i < MODEL_IOASES; i++)
		free(m->ioas[i].areas);
	memset(m, 0, sizeof(*m));
}

size_t model_first(const struct ioas *ioas, uint64_t iova)
{
	size_t low = 0, high = ioas->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (area_last(&ioas->areas[mid]) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct area *model_area(const struct ioas *ioas, uint64_t iova)
{
	size_t i = model_first(ioas, iova);

	return i < ioas->n && ioas->areas[i].iova <= iova ? &ioas->areas[i] : NULL;
}

int model_insert(struct ioas *ioas, const struct area *area)
{
	size_t i = model_first(ioas, area->iova);

	if (ioas->n == ioas->cap) {
		size_t cap = ioas->cap ? 2 * ioas->cap : 64;
		struct area *more = realloc(ioas->areas, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		ioas->areas = more;
		ioas->cap = cap;
	}
	memmove(&ioas->areas[i + 1], &ioas->areas[i], (ioas->n - i) * sizeof(*area));
	ioas->areas[i] = *area;
	ioas->n++;
	ioas->mapped += area->size;
	return 0;
}

/* What map and copy check alike before they look at any IOAS. */
static int check_flags(uint32_t flags, uint64_t iova, uint64_t size, uint64_t other)
{
	if (flags & ~(FD_MAP_FIXED | FD_MAP_READ | FD_MAP_WRITE))
		return -EOPNOTSUPP;
	if (iova == UINT64_MAX || size == UINT64_MAX || other == UINT64_MAX)
		return -EOVERFLOW;
	return flags & (FD_MAP_READ | FD_MAP_WRITE) ? 0 : -EINVAL;
}

int model_place(struct model *m, struct ioas *ioas, uint32_t flags, struct area *pieces, size_t n,
		uint64_t size, uint64_t *iova)
{
	uint64_t mask = model_alignment(m, ioas) - 1, at;
	size_t i;
	int ret;

	if (size & mask || !size)
		return -EINVAL;
	ret = flags & FD_MAP_FIXED ? model_check_iova(m, ioas, *iova, size)
				   : model_choose_iova(m, ioas, pieces[0].va, size, iova);
	for (i = 0, at = *iova; i < n && !ret; i++, at += pieces[i - 1].size) {
		pieces[i].iova = at;
		pieces[i].prot = flags & (FD_MAP_READ | FD_MAP_WRITE);
		if ((flags & FD_MAP_WRITE) && !pieces[i].writable)
			ret = -EPERM;
		else if ((pieces[i].va % PAGE) & mask)
			ret = -EINVAL;
		else if (!pieces[i].prot && model_domains(m, ioas))
			ret = -EINVAL; /* no page table maps for nothing */
	}
	for (i = 0; i < n && !ret; i++)
		ret = model_insert(ioas, &pieces[i]);
	return ret;
}

int model_check_memory(uint64_t va, uint64_t size)
{
	if (!size || size > UINT64_MAX - PAGE)
		return -EINVAL;
	return va + size < va ? -EOVERFLOW : 0;
}

int model_map(struct model *m, uint32_t id, uint32_t flags, uint64_t va, uint64_t size,
	      uint64_t *iova)
{
	struct area piece = { .va = va, .size = size, .writable = flags & FD_MAP_WRITE };
	struct ioas *ioas = model_ioas(m, id);
	int ret = check_flags(flags, *iova, size, 0);

	if (ret)
		return ret;
	if (!ioas)
		return -ENOENT;
	ret = model_check_memory(va, size);
	return ret ? ret : model_place(m, ioas, flags, &piece, 1, size, iova);
}

/* The pieces of areas that lie in the range. */
static int model_pieces(const struct ioas *ioas, uint64_t iova, uint64_t size, struct area *pieces,
			size_t *n)
{
	uint64_t last = iova + size - 1, at = iova;
	size_t i = model_first(ioas, iova);

	if (!size)
		return -EINVAL;
	if (last < iova)
		return -EOVERFLOW;
	for (*n = 0; i < ioas->n && ioas->areas[i].iova <= at && *n < PIECES_MAX; i++) {
		const struct area *area = &ioas->areas[i];
		uint64_t end = min_u64(last, area_last(area));

		pieces[*n] = *area;
		pieces[*n].va = area->va + (at - area->iova);
		pieces[*n].size = end - at + 1;
		++*n;
		if (end == last)
			return 0;
		at = end + 1;
	}
	return -ENOENT;
}

int model_copy(struct model *m, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova,
	       uint64_t size, uint64_t *iova)
{
	struct area pieces[PIECES_MAX];
	int ret = check_flags(flags, *iova, size, src_iova);
	struct ioas *ioas = model_ioas(m, src);
	size_t n;

	if (ret)
		return ret;
	if (!ioas)
		return -ENOENT;
	ret = model_pieces(ioas, src_iova, size, pieces, &n);
	if (ret)
		return ret;
	ioas = model_ioas(m, dst);
	return ioas ? model_place(m, ioas, flags, pieces, n, size, iova) : -ENOENT;
}

int model_unmap_range(struct model *m, struct ioas *ioas, uint64_t iova, uint64_t last,
		      uint64_t *returned)
{
	size_t i = model_first(ioas, iova), end = i;
	int ret = 0;

	*returned = 0;
	for (; end < ioas->n && ioas->areas[end].iova <= last && !ret; end++) {
		if (ioas->areas[end].iova < iova || area_last(&ioas->areas[end]) > last) {
			ret = -ENOENT;
			break;
		}
		model_let_go(m, ioas, &ioas->areas[end]);
		*returned += ioas->areas[end].size;
	}
	memmove(&ioas->areas[i], &ioas->areas[end], (ioas->n - end) * sizeof(ioas->areas[0]));
	ioas->n -= end - i;
	ioas->mapped -= *returned;
	return ret;
}

int model_unmap(struct model *m, uint32_t id, uint64_t iova, uint64_t size, uint64_t *returned)
{
	struct ioas *ioas = model_ioas(m, id);
	int ret;

	if (!ioas)
		return -ENOENT;
	if (!iova && size == UINT64_MAX)
		return model_unmap_range(m, ioas, 0, UINT64_MAX, returned);
	if (iova == UINT64_MAX || size == UINT64_MAX)
		return -EOVERFLOW;
	if (!size)
		return -EINVAL;
	if (iova + size - 1 < iova)
		return -EOVERFLOW;
	ret = model_unmap_range(m, ioas, iova, iova + size - 1, returned);
	return !ret && !*returned ? m->unmap_nothing : ret;
}
