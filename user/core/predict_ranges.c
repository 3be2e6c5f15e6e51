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

static int append(struct predict_ranges *r, __u64 first, __u64 last)
{
	struct state_range *more = realloc(r->range, (r->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	r->range = more;
	r->range[r->n++] = (struct state_range){ .iova = first, .last = last };
	return 0;
}

/* Takes [first, last] out of *r; -ENOMEM leaves it as it was. */
static int take_out(struct predict_ranges *r, __u64 first, __u64 last)
{
	struct predict_ranges out = {};
	int err = 0;

	for (size_t n = 0; n < r->n && !err; n++) {
		const struct state_range *x = &r->range[n];

		if (x->iova > last || x->last < first) {
			err = append(&out, x->iova, x->last);
			continue;
		}
		if (x->iova < first)
			err = append(&out, x->iova, first - 1);
		if (!err && x->last > last)
			err = append(&out, last + 1, x->last);
	}
	if (err) {
		predict_ranges_clear(&out);
		return err;
	}
	free(r->range);
	*r = out;
	return 0;
}

/* What is not reserved, by whomever: iommufd_ioas_iova_ranges(). */
static int not_reserved(const struct state_ioas *i, struct predict_ranges *r)
{
	int err = append(r, 0, UINT64_MAX);

	for (size_t n = 0; n < i->nranges && !err; n++) {
		if (i->ranges[n].class == IOAS_RANGE_RESERVED)
			err = take_out(r, i->ranges[n].iova, i->ranges[n].last);
	}
	return err;
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

static int copy(const struct predict_ranges *r, struct predict_ranges *out)
{
	int err = 0;

	for (size_t n = 0; n < r->n && !err; n++)
		err = append(out, r->range[n].iova, r->range[n].last);
	return err;
}

/*
 * iopt_table_enforce_dev_resv_regions() and iopt_table_add_domain();
 * vfio_iommu_aper_resize() and vfio_iommu_resv_exclude().
 */
static int narrow(struct predict_ranges *r, const struct predict_device *dev)
{
	int err = 0;

	for (size_t n = 0; n < dev->nregions && !err; n++) {
		if (predict_enforced(&dev->regions[n]))
			err = take_out(r, dev->regions[n].iova, dev->regions[n].last);
	}
	if (!err && dev->aperture_known && dev->aperture)
		err = take_out(r, 0, dev->aperture - 1);
	if (!err && dev->aperture_known && dev->aperture_last != UINT64_MAX)
		err = take_out(r, dev->aperture_last + 1, UINT64_MAX);
	return err;
}

int predict_ranges_narrow(struct predict_ranges *r, const struct predict_device *dev)
{
	struct predict_ranges out = {};
	int err;

	if (dev->emulated)
		return 0;
	err = copy(r, &out);
	if (!err)
		err = narrow(&out, dev);
	if (err) {
		predict_ranges_clear(&out);
		return err;
	}
	free(r->range);
	*r = out;
	return 0;
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
