// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Accesses: what mediated devices may pin, read and write, and when they let go
 * (drivers/iommu/iommufd/device.c, from iommufd_access_change_ioas() on).
 */
#include <errno.h>
#include <string.h>

#include "model_impl.h"
#include "util.h"

unsigned int model_accesses(const struct model *m, const struct ioas *ioas)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->naccesses; i++)
		n += m->access[i].ioas == ioas;
	return n;
}

/* Moved, an access is in the new IOAS before it lets go of the old one. */
int model_access_attach(struct model *m, struct model_access *access, uint32_t pt)
{
	struct ioas *ioas = model_ioas(m, pt);

	if (!ioas)
		return -ENOENT;
	if (ioas == access->ioas)
		return 0;
	if (!model_aligned(ioas))
		return -EADDRINUSE;
	access->ioas = ioas;
	access->npins = 0;
	return 0;
}

void model_access_detach(struct model_access *access)
{
	access->ioas = NULL;
	access->npins = 0;
}

static void drop_pin(struct model_access *access, unsigned int i)
{
	access->npins--;
	memmove(&access->pins[i], &access->pins[i + 1],
		(access->npins - i) * sizeof(access->pins[0]));
}

void model_let_go(struct model *m, const struct ioas *ioas, const struct area *area)
{
	unsigned int i, j;

	for (i = 0; i < m->naccesses; i++) {
		struct model_access *access = &m->access[i];

		for (j = access->npins; access->ioas == ioas && j-- > 0;) {
			const struct model_pin *pin = &access->pins[j];

			if (pin->iova <= area_last(area) && pin->iova + pin->size - 1 >= area->iova)
				drop_pin(access, j);
		}
	}
}

/* By address: the first hole, or area that does not permit it, is the answer. */
int model_rw(const struct model_access *access, uint64_t iova, uint64_t size, uint32_t prot)
{
	const struct ioas *ioas = access->ioas;
	uint64_t last = iova + size - 1, at = iova;

	if (!size)
		return -EINVAL;
	if (last < iova)
		return -EOVERFLOW;
	if (!ioas)
		return -ENOENT;
	for (size_t i = model_first(ioas, iova); i < ioas->n && ioas->areas[i].iova <= at; i++) {
		/* Who writes is not asked whether it may read, too. */
		if (!(ioas->areas[i].prot & (prot & FD_MAP_WRITE ? FD_MAP_WRITE : FD_MAP_READ)))
			return -EPERM;
		if (area_last(&ioas->areas[i]) >= last)
			return 0;
		at = area_last(&ioas->areas[i]) + 1;
	}
	return -ENOENT;
}

static struct model_pin *find_pin(struct model_access *access, uint64_t iova, uint64_t size)
{
	unsigned int i;

	for (i = 0; i < access->npins; i++)
		if (access->pins[i].iova == iova && access->pins[i].size == size)
			return &access->pins[i];
	return NULL;
}

int model_pin(struct model_access *access, uint64_t iova, uint64_t size, uint32_t prot)
{
	struct model_pin *pin = find_pin(access, iova, size);
	int ret;

	/* The test device refuses what is no range of pages. */
	if (iova % PAGE || !size || iova + size - 1 < iova)
		return -EINVAL;
	ret = model_rw(access, iova, size, prot);
	if (ret)
		return ret;
	if (!pin && access->npins == MODEL_PINS)
		return -ENOMEM;
	if (!pin) {
		pin = &access->pins[access->npins++];
		*pin = (struct model_pin){ .iova = iova, .size = size };
	}
	pin->times++;
	return 0;
}

int model_unpin(struct model_access *access, uint64_t iova, uint64_t size)
{
	struct model_pin *pin = find_pin(access, iova, size);

	if (!pin)
		return -EINVAL;
	if (!--pin->times)
		drop_pin(access, (unsigned int)(pin - access->pins));
	return 0;
}
