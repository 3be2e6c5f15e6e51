// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IOASes, page tables and devices, and what addresses they leave.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_impl.h"
#include "util.h"

#define HUGE_PAGE (2 * MIB)

struct ioas *model_ioas(struct model *m, uint32_t id)
{
	unsigned int i;

	for (i = 0; id && i < MODEL_IOASES; i++)
		if (m->ioas[i].id == id)
			return &m->ioas[i];
	return NULL;
}

struct hwpt *model_hwpt(struct model *m, uint32_t id)
{
	unsigned int i;

	for (i = 0; id && i < MODEL_HWPTS; i++)
		if (m->hwpt[i].id == id)
			return &m->hwpt[i];
	return NULL;
}

unsigned int model_devices(const struct model *m, const struct ioas *ioas)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->ndevices; i++)
		n += m->device[i].ioas == ioas;
	return n;
}

/* Those that were asked for, and one of the kernel's choice if any device needs it. */
unsigned int model_domains(const struct model *m, const struct ioas *ioas)
{
	unsigned int i, n = 0, own = 0;

	for (i = 0; i < MODEL_HWPTS; i++)
		n += m->hwpt[i].id && m->hwpt[i].ioas == ioas;
	for (i = 0; i < m->ndevices; i++)
		own |= m->device[i].ioas == ioas && !m->device[i].hwpt;
	return n + own;
}

uint64_t model_alignment(const struct model *m, const struct ioas *ioas)
{
	return ioas->small_pages || model_domains(m, ioas) || model_accesses(m, ioas) ? PAGE : 1;
}

void model_ranges(const struct model *m, const struct ioas *ioas, struct fd_ranges *ranges)
{
	static const struct fd_ranges all = { .n = 1, .range = { { 0, UINT64_MAX } } };

	*ranges = model_devices(m, ioas)   ? m->with_device
		  : model_domains(m, ioas) ? m->with_domain
					   : all;
	ranges->alignment = model_alignment(m, ioas);
}

bool model_valid(const struct fd_ranges *ranges, uint64_t start, uint64_t last)
{
	unsigned int i;

	for (i = 0; i < ranges->n; i++)
		if (ranges->range[i].start <= start && last <= ranges->range[i].last)
			return true;
	return false;
}

int model_check_iova(const struct model *m, const struct ioas *ioas, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + size - 1;
	struct fd_ranges ranges;
	size_t i;

	model_ranges(m, ioas, &ranges);
	if (iova & (ranges.alignment - 1))
		return -EINVAL;
	if (last < iova)
		return -EOVERFLOW;
	if (!model_valid(&ranges, iova, last))
		return -EINVAL;
	i = model_first(ioas, iova);
	return i < ioas->n && ioas->areas[i].iova <= last ? -EEXIST : 0;
}

static uint64_t choice_alignment(uint64_t va, uint64_t size)
{
	uint64_t align = PAGE;

	while (align < size && align < HUGE_PAGE)
		align *= 2;
	return va ? min_u64(align, va & -va) : align;
}

/* The lowest place at or behind @at that is free up to @last; 0: none. */
static uint64_t choose_in(const struct fd_ranges *valid, const struct ioas *ioas, uint64_t at,
			  uint64_t last, uint64_t size, uint64_t align)
{
	unsigned int i;

	for (i = 0; i < valid->n; i++) {
		uint64_t top = min_u64(last, valid->range[i].last);
		uint64_t start = max_u64(at, valid->range[i].start);

		while (start <= top && (start = (start + align - 1) & -align) <= top && start &&
		       top - start >= size - 1) {
			size_t next = model_first(ioas, start);

			if (next == ioas->n || ioas->areas[next].iova > start + size - 1)
				return start;
			start = area_last(&ioas->areas[next]) + 1;
		}
	}
	return 0;
}

int model_choose_iova(const struct model *m, const struct ioas *ioas, uint64_t va, uint64_t size,
		      uint64_t *iova)
{
	static const struct fd_range everywhere = { PAGE, UINT64_MAX - PAGE };
	const struct fd_range *allowed = ioas->nallowed ? ioas->allowed : &everywhere;
	uint64_t align = choice_alignment(va, size), found;
	struct fd_ranges valid;
	unsigned int i;

	if (!size || size >= UINT64_MAX / 2)
		return -EOVERFLOW;
	model_ranges(m, ioas, &valid);
	if (align < valid.alignment)
		return -EINVAL;
	for (i = 0; i < max_u64(ioas->nallowed, 1); i++) {
		found = choose_in(&valid, ioas, max_u64(allowed[i].start, PAGE),
				  min_u64(allowed[i].last, UINT64_MAX - PAGE), size, align);
		if (found) {
			*iova = found;
			return 0;
		}
	}
	return -ENOSPC;
}

int model_alloc(struct model *m, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < MODEL_IOASES; i++) {
		if (!m->ioas[i].id) {
			m->ioas[i] = (struct ioas){ .id = id };
			return 0;
		}
	}
	return -ENOMEM;
}

int model_destroy(struct model *m, uint32_t id)
{
	struct ioas *ioas = model_ioas(m, id);
	struct hwpt *hwpt = model_hwpt(m, id);
	unsigned int i;

	if (ioas && !model_domains(m, ioas) && !model_accesses(m, ioas)) {
		if (m->vfio_ioas == id)
			m->vfio_ioas = 0;
		free(ioas->areas);
		memset(ioas, 0, sizeof(*ioas));
		return 0;
	}
	for (i = 0; i < m->ndevices; i++)
		if (m->device[i].id == id || (hwpt && m->device[i].hwpt == hwpt))
			return -EBUSY;
	for (i = 0; i < m->naccesses; i++)
		if (m->access[i].id == id)
			return -EBUSY;
	if (!hwpt)
		return ioas ? -EBUSY : -ENOENT;
	memset(hwpt, 0, sizeof(*hwpt));
	return 0;
}

static int allowed_order(const void *a, const void *b)
{
	const struct fd_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int model_allow(struct model *m, uint32_t id, const struct fd_range *ranges, unsigned int n)
{
	struct ioas *ioas = model_ioas(m, id);
	struct fd_ranges valid;
	unsigned int i, j;

	if (!ioas)
		return -ENOENT;
	for (i = 0; i < n; i++) {
		if (ranges[i].start >= ranges[i].last)
			return -EINVAL;
		for (j = 0; j < i; j++)
			if (ranges[i].start <= ranges[j].last && ranges[j].start <= ranges[i].last)
				return -EINVAL;
	}
	model_ranges(m, ioas, &valid);
	for (i = 0; i < n; i++)
		if (!model_valid(&valid, ranges[i].start, ranges[i].last))
			return -EADDRINUSE;
	ioas->nallowed = n;
	memcpy(ioas->allowed, ranges, n * sizeof(*ranges));
	qsort(ioas->allowed, n, sizeof(*ranges), allowed_order);
	return 0;
}

bool model_aligned(const struct ioas *ioas)
{
	size_t i;

	for (i = 0; i < ioas->n; i++)
		if ((ioas->areas[i].iova | ioas->areas[i].size | ioas->areas[i].va) % PAGE)
			return false;
	return true;
}

int model_huge_pages(struct model *m, uint32_t id, uint64_t value)
{
	struct ioas *ioas = model_ioas(m, id);

	if (!ioas)
		return -ENOENT;
	if (value > 1)
		return -EINVAL;
	if (!value && !ioas->small_pages) {
		if (model_domains(m, ioas) && ioas->n)
			return -EINVAL;
		if (!model_aligned(ioas))
			return -EADDRINUSE;
	}
	ioas->small_pages = !value;
	return 0;
}

/* Whether what is in the IOAS would fit a page table, and a device. No table maps for nothing. */
static int model_fits(const struct ioas *ioas, const struct fd_ranges *valid)
{
	size_t i;

	if (!model_aligned(ioas))
		return -EADDRINUSE;
	for (i = 0; i < ioas->n; i++)
		if (!model_valid(valid, ioas->areas[i].iova, area_last(&ioas->areas[i])))
			return -EADDRINUSE;
	for (i = 0; i < ioas->nallowed; i++)
		if (!model_valid(valid, ioas->allowed[i].start, ioas->allowed[i].last))
			return -EADDRINUSE;
	for (i = 0; i < ioas->n; i++)
		if (!ioas->areas[i].prot)
			return -EINVAL;
	return 0;
}

int model_new_hwpt(struct model *m, uint32_t pt, uint32_t hwpt)
{
	struct ioas *ioas = model_ioas(m, pt);
	unsigned int i;
	int ret;

	if (!ioas)
		return -EINVAL;
	ret = model_fits(ioas, &m->with_domain);
	for (i = 0; i < MODEL_HWPTS && !ret; i++) {
		if (!m->hwpt[i].id) {
			m->hwpt[i] = (struct hwpt){ .id = hwpt, .ioas = ioas };
			return 0;
		}
	}
	return ret ? ret : -ENOMEM;
}

int model_attach(struct model *m, struct model_device *dev, uint32_t pt)
{
	struct ioas *ioas = model_ioas(m, pt);
	struct hwpt *hwpt = model_hwpt(m, pt);
	unsigned int i;
	int ret;

	if (!ioas && !hwpt) {
		for (i = 0; i < m->ndevices; i++)
			if (m->device[i].id == pt)
				return -EINVAL;
		return -ENOENT;
	}
	if (hwpt)
		ioas = hwpt->ioas;
	/* A replacement fills a page table of its own before it asks for the device's regions. */
	ret = dev->ioas ? model_fits(ioas, &m->with_domain) : 0;
	if (!ret)
		ret = model_fits(ioas, &m->with_device);
	if (ret)
		return ret;
	dev->ioas = ioas;
	dev->hwpt = hwpt;
	return 0;
}

void model_detach(struct model_device *dev)
{
	dev->ioas = NULL;
	dev->hwpt = NULL;
}
