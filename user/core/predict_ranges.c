// SPDX-License-Identifier: GPL-2.0-or-later
/* Valid ranges as they are, and without what a device forbids. */
#include <errno.h>
#include <stdlib.h>

#include "core/predict.h"

void predict_ranges_clear(struct predict_ranges *r)
{
	free(r->range);
	*r = (struct predict_ranges){};
}

/* Its memory doubles whenever it is full, so that a long list costs no more than its length. */
static int append(struct predict_ranges *r, __u64 first, __u64 last)
{
	struct state_range *more = r->range;

	if (!(r->n & (r->n - 1)))
		more = realloc(r->range, (r->n ? 2 * r->n : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->range = more;
	r->range[r->n++] = (struct state_range){ .iova = first, .last = last };
	return 0;
}

/* The same for ranges that come by their first address, and may overlap: those are joined. */
static int join(struct predict_ranges *r, __u64 first, __u64 last)
{
	struct state_range *end = r->n ? &r->range[r->n - 1] : NULL;

	if (!end || end->last < first)
		return append(r, first, last);
	if (end->last < last)
		end->last = last;
	return 0;
}

/* Appends what of [first, last] is in no range of @cuts from *k on; *k follows the addresses. */
static int append_rest(struct predict_ranges *out, __u64 first, __u64 last,
		       const struct predict_ranges *cuts, size_t *k)
{
	int err = 0;

	while (*k < cuts->n && cuts->range[*k].last < first)
		(*k)++;
	for (; *k < cuts->n && cuts->range[*k].iova <= last && !err; (*k)++) {
		const struct state_range *cut = &cuts->range[*k];

		if (cut->iova > first)
			err = append(out, first, cut->iova - 1);
		if (cut->last >= last)
			return err;
		first = cut->last + 1;
	}
	return err ?: append(out, first, last);
}

/* Takes @cuts out of *r; both are by address and apart. -ENOMEM leaves *r as it was. */
static int take_out(struct predict_ranges *r, const struct predict_ranges *cuts)
{
	_cleanup_predict_ranges_ struct predict_ranges out = {};
	size_t k = 0;
	int err = 0;

	for (size_t n = 0; n < r->n && !err; n++)
		err = append_rest(&out, r->range[n].iova, r->range[n].last, cuts, &k);
	if (err)
		return err;
	free(r->range);
	*r = out;
	out = (struct predict_ranges){};
	return 0;
}

/* What is not reserved, by whomever: iommufd_ioas_iova_ranges(). */
static int not_reserved(const struct state_ioas *i, struct predict_ranges *r)
{
	_cleanup_predict_ranges_ struct predict_ranges cuts = {};
	int err = append(r, 0, UINT64_MAX);

	for (size_t n = 0; n < i->nranges && !err; n++) {
		if (i->ranges[n].class == IOAS_RANGE_RESERVED)
			err = join(&cuts, i->ranges[n].iova, i->ranges[n].last);
	}
	return err ?: take_out(r, &cuts);
}

/* The driver's own list; it has none before the first hardware group. */
static int listed(const struct state_ioas *i, struct predict_ranges *r)
{
	int err = 0;

	for (size_t n = 0; n < i->nranges && !err; n++) {
		if (i->ranges[n].class == IOAS_RANGE_VALID)
			err = append(r, i->ranges[n].iova, i->ranges[n].last);
	}
	if (err || r->n)
		return err;
	for (__u32 g = 0; g < i->ngroups; g++) {
		if (!i->groups[g].emulated)
			return -ENODATA;
	}
	return i->adopted ? -ENODATA : append(r, 0, UINT64_MAX);
}

int predict_ranges_now(const struct state_ioas *i, struct predict_ranges *out)
{
	struct predict_ranges r = {};
	int err;

	predict_ranges_clear(out);
	if (i->truncated || i->raced)
		err = -ENODATA;
	else if (i->backend == IOAS_BACKEND_TYPE1)
		err = listed(i, &r);
	else
		err = i->ranges_known && !i->adopted ? not_reserved(i, &r) : -ENODATA;
	if (err) {
		predict_ranges_clear(&r);
		return err;
	}
	*out = r;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct state_range *x = a, *y = b;

	return x->iova < y->iova ? -1 : x->iova > y->iova;
}

/*
 * What the device forbids, as it comes: iopt_table_enforce_dev_resv_regions() and
 * iopt_table_add_domain(); vfio_iommu_aper_resize() and vfio_iommu_resv_exclude().
 */
static int forbidden(const struct predict_device *dev, struct predict_ranges *out)
{
	int err = 0;

	for (size_t n = 0; n < dev->nregions && !err; n++) {
		if (predict_enforced(&dev->regions[n]))
			err = append(out, dev->regions[n].iova, dev->regions[n].last);
	}
	if (!err && dev->aperture_known && dev->aperture)
		err = append(out, 0, dev->aperture - 1);
	if (!err && dev->aperture_known && dev->aperture_last != UINT64_MAX)
		err = append(out, dev->aperture_last + 1, UINT64_MAX);
	return err;
}

int predict_ranges_narrow(struct predict_ranges *r, const struct predict_device *dev)
{
	_cleanup_predict_ranges_ struct predict_ranges list = {};
	_cleanup_predict_ranges_ struct predict_ranges cuts = {};
	int err;

	if (dev->emulated)
		return 0;
	err = forbidden(dev, &list);
	if (list.n)
		qsort(list.range, list.n, sizeof(*list.range), by_address);
	for (size_t n = 0; n < list.n && !err; n++)
		err = join(&cuts, list.range[n].iova, list.range[n].last);
	return err ?: take_out(r, &cuts);
}

bool predict_domain_aperture(const struct state_ioas *i, __u32 domain, __u64 *first, __u64 *last)
{
	__u64 from = 0, to = UINT64_MAX;

	if (!domain || !i->ranges_known || !i->users_known || !state_complete(i))
		return false;
	for (size_t n = 0; n < i->nranges; n++) {
		const struct state_range *r = &i->ranges[n];

		if (r->class != IOAS_RANGE_RESERVED || r->owner != domain)
			continue;
		if (!r->iova && r->last != UINT64_MAX)
			from = r->last + 1;
		else if (r->iova && r->last == UINT64_MAX)
			to = r->iova - 1;
		else
			return false;
	}
	*first = from;
	*last = to;
	return from <= to;
}
