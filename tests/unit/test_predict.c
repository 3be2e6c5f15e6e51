// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a device could be attached, and what stands in the way; all expected by hand. */
#include <errno.h>

#include "predict_unit.h"

#define END UINT64_MAX
struct list {
	struct predict_conflict c[16];
	size_t n;
};

static int keep(const struct predict_conflict *c, void *arg)
{
	struct list *l = arg;

	assert_true(l->n < UNIT_COUNT(l->c));
	l->c[l->n++] = *c;
	return 0;
}

static struct predict_result ask(struct state *s, const struct predict_device *dev, struct list *l)
{
	struct state_ctx *c = &s->ctxs[0];
	struct predict_result r;

	state_finish(s);
	l->n = 0;
	assert_int_equal(predict_attach(s, c, &c->ioases[0], dev, keep, l, &r), 0);
	return r;
}

static void conflict(const struct list *l, size_t n, enum predict_cause cause, int err, __u64 area)
{
	assert_true(n < l->n);
	assert_int_equal(l->c[n].cause, cause);
	assert_int_equal(l->c[n].err, err);
	assert_non_null(l->c[n].area);
	assert_int_equal(l->c[n].area->iova, area);
}

/* Areas of page-aligned memory at the addresses that follow, a page each. */
static struct state_ioas *ioas_of(struct state *s, unsigned int backend)
{
	return unit_ioas(unit_ctx(s, 1, (__u8)backend), 2);
}

/* Up to the region on both sides is fine; a page into it at either end is not. */
static void test_region_edges(void **arg)
{
	const struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	struct predict_result r;
	struct list l;

	(void)arg;
	unit_area(i, MSI_FIRST - PAGE, PAGE, 0);
	unit_area(i, MSI_LAST + 1, PAGE, 0);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_SUCCEEDS);
	assert_int_equal(l.n, 0);
	assert_int_equal(r.doubts, 0);
	unit_area(&s.ctxs[0].ioases[0], MSI_LAST + 1 - PAGE, PAGE, 0);
	unit_area(&s.ctxs[0].ioases[0], MSI_FIRST, PAGE, 0);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_FAILS);
	assert_int_equal(r.err, EADDRINUSE);
	assert_int_equal(r.areas, 2);
	assert_int_equal(l.n, 2);
	conflict(&l, 0, PREDICT_BY_REGION, EADDRINUSE, MSI_FIRST);
	conflict(&l, 1, PREDICT_BY_REGION, EADDRINUSE, MSI_LAST + 1 - PAGE);
	assert_ptr_equal(l.c[0].region, &msi);
}

/* Of all types only direct-relaxable keeps nothing out, with both backends. */
static void test_region_types(void **arg)
{
	(void)arg;
	for (unsigned int backend = IOAS_BACKEND_TYPE1; backend <= IOAS_BACKEND_COMPAT; backend++) {
		for (unsigned int t = 0; t < PREDICT_TYPES; t++) {
			const struct predict_region region = { 0x1000, 0x1fff, t };
			struct predict_device dev = device();
			_cleanup_state_ struct state s = {};
			struct predict_result r;
			struct list l;

			unit_area(ioas_of(&s, backend), 0x1000, PAGE, 0);
			dev.regions = &region;
			r = ask(&s, &dev, &l);
			assert_int_equal(r.verdict, t == PREDICT_DIRECT_RELAXABLE ? PREDICT_SUCCEEDS
										  : PREDICT_FAILS);
			assert_int_equal(l.n, t != PREDICT_DIRECT_RELAXABLE);
			if (l.n)
				assert_int_equal(r.err, backend == IOAS_BACKEND_TYPE1 ? EINVAL
										      : EADDRINUSE);
		}
	}
}

/* The last page inside and the first outside, below and above, and the end of all addresses. */
static void test_aperture(void **arg)
{
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	struct predict_result r;
	struct list l;

	(void)arg;
	dev.aperture = 0x10000;
	dev.aperture_last = 0x7fffffff;
	dev.nregions = 0;
	unit_area(i, 0x10000, PAGE, 0);
	unit_area(i, 0x7ffff000, PAGE, 0);
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	i = &s.ctxs[0].ioases[0];
	unit_area(i, 0xf000, PAGE, 0);
	unit_area(i, 0x80000000, PAGE, 0);
	unit_area(i, END - PAGE + 1, PAGE, 0);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.err, EADDRINUSE);
	assert_int_equal(l.n, 3);
	conflict(&l, 0, PREDICT_BY_APERTURE, EADDRINUSE, 0xf000);
	conflict(&l, 1, PREDICT_BY_APERTURE, EADDRINUSE, 0x80000000);
	conflict(&l, 2, PREDICT_BY_APERTURE, EADDRINUSE, END - PAGE + 1);
	/* Nothing is outside of all addresses. */
	dev.aperture = 0;
	dev.aperture_last = END;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	assert_int_equal(l.n, 0);
}

/* A region that is the last page of all, and one that is all there is. */
static void test_ends_of_addresses(void **arg)
{
	struct predict_region region = { END - PAGE + 1, END, PREDICT_RESERVED };
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	struct list l;

	(void)arg;
	dev.regions = &region;
	dev.aperture_last = END;
	unit_area(i, END - 2 * PAGE + 1, PAGE, 0);
	unit_area(i, 0, PAGE, 0);
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	region.last = region.iova = END - 2 * PAGE + 1; /* one byte */
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_FAILS);
	region.iova = 0;
	region.last = END;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_FAILS);
	assert_int_equal(l.n, 2);
	conflict(&l, 0, PREDICT_BY_REGION, EADDRINUSE, 0);
	conflict(&l, 1, PREDICT_BY_REGION, EADDRINUSE, END - 2 * PAGE + 1);
}

/* Allowed ranges count as areas do; reserved and valid ones are not in the way. */
static void test_allowed(void **arg)
{
	const struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	struct predict_result r;
	struct list l;

	(void)arg;
	unit_range(i, IOAS_RANGE_ALLOWED, 0, MSI_FIRST - 1);
	unit_range(i, IOAS_RANGE_ALLOWED, MSI_LAST + 1, (1ULL << 39) - 1);
	unit_range(i, IOAS_RANGE_RESERVED, MSI_FIRST, MSI_LAST);
	unit_range(i, IOAS_RANGE_VALID, 0, END);
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	unit_range(&s.ctxs[0].ioases[0], IOAS_RANGE_ALLOWED, MSI_LAST, 1ULL << 39);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_FAILS);
	assert_int_equal(r.err, EADDRINUSE);
	assert_int_equal(r.areas, 0);
	assert_int_equal(r.allowed, 2); /* for its first byte and for its last */
	assert_int_equal(l.c[0].cause, PREDICT_BY_REGION);
	assert_int_equal(l.c[1].cause, PREDICT_BY_APERTURE);
	assert_int_equal(l.c[1].allowed->iova, MSI_LAST);
}

/* An IOAS without hardware maps at any byte; the first domain wants pages. */
static void test_alignment(void **arg)
{
	static const struct {
		__u64 iova, size, va;
	} odd[] = { { 0x1800, 0x800, 0x7000 },
		    { 0x1000, 0x800, 0x7000 },
		    { 0x1000, PAGE, 0x7001 } };
	struct predict_device dev = device();
	struct list l;

	(void)arg;
	for (size_t n = 0; n < UNIT_COUNT(odd); n++) {
		_cleanup_state_ struct state s = {};
		struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);

		unit_area(i, odd[n].iova, odd[n].size, odd[n].va);
		unit_area(i, 0x10000, PAGE, 0x9000);
		assert_int_equal(ask(&s, &dev, &l).err, EADDRINUSE);
		assert_int_equal(l.n, 1);
		conflict(&l, 0, PREDICT_BY_ALIGNMENT, EADDRINUSE, odd[n].iova);
	}
	_cleanup_state_ struct state s = {};
	ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	dev.page_size = 65536;
	assert_int_equal(ask(&s, &dev, &l).err, EINVAL);
	assert_int_equal(l.c[0].cause, PREDICT_BY_PAGE_SIZE);
}

/* A mediated device has neither regions nor aperture. */
static void test_emulated(void **arg)
{
	struct predict_device dev = device();
	struct list l;

	(void)arg;
	dev.emulated = true;
	for (unsigned int backend = IOAS_BACKEND_TYPE1; backend <= IOAS_BACKEND_IOMMUFD;
	     backend++) {
		_cleanup_state_ struct state s = {};
		struct state_ioas *i = ioas_of(&s, backend);

		unit_area(i, MSI_FIRST, PAGE, 0);
		unit_area(i, END - PAGE + 1, PAGE, 0);
		assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
		assert_int_equal(l.n, 0);
	}
}

/* Type1 compares the aperture with its list, which is there with the first hardware group. */
static void test_type1_aperture(void **arg)
{
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_TYPE1);
	struct predict_result r;
	struct list l;

	(void)arg;
	unit_area(i, 1ULL << 39, PAGE, 0);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_FAILS);
	assert_int_equal(r.err, 0); /* the driver's map function says no */
	unit_hardware(&s.ctxs[0].ioases[0]);
	assert_int_equal(ask(&s, &dev, &l).err, EINVAL);
	conflict(&l, 0, PREDICT_BY_APERTURE, EINVAL, 1ULL << 39);
	dev.aperture_width = true;
	assert_int_equal(ask(&s, &dev, &l).err, 0);
}

static void test_type1_others(void **arg)
{
	struct predict_region all = { 0x1000, 0xffff, PREDICT_RESERVED };
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_TYPE1);
	struct list l;

	(void)arg;
	unit_hardware(i);
	unit_range(i, IOAS_RANGE_VALID, 0x1000, 0xffff);
	i->ranges_known = true;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	dev.regions = &all;
	assert_int_equal(ask(&s, &dev, &l).err, EINVAL);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.c[0].cause, PREDICT_BY_NOTHING_LEFT);
	all.last = 0xfffe;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	s.ctxs[0].ioases[0].vaddr_invalid = 1;
	assert_int_equal(ask(&s, &dev, &l).err, EBUSY);
	assert_int_equal(l.c[0].cause, PREDICT_BY_VADDR);
}

/* ---- who uses the device ---- */

static void attach(struct state_ioas *i, const char *name, __u32 group)
{
	struct state_device d = { .id = 50, .domain = 60, .group = group };

	snprintf(d.name, sizeof(d.name), "%s", name);
	assert_int_equal(state_add_device(i, &d), 0);
}

static void test_users(void **arg)
{
	const struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct predict_result r;
	struct list l;

	(void)arg;
	unit_area(unit_ioas(c, 2), MSI_FIRST, PAGE, 0);
	attach(unit_ioas(c, 3), "0000:02:00.0", 9);
	r = ask(&s, &dev, &l); /* it is moved: the same checks */
	assert_int_equal(r.verdict, PREDICT_FAILS);
	assert_int_equal(r.err, EADDRINUSE);
	assert_true(r.moves);
	assert_int_equal(r.held->id, 3);
	/* Its neighbour is there: a group has one page table. */
	strcpy(s.ctxs[0].ioases[1].devices[0].name, "0000:02:00.1");
	r = ask(&s, &dev, &l);
	assert_int_equal(r.err, EINVAL);
	assert_int_equal(l.c[0].cause, PREDICT_BY_GROUP);
	assert_false(r.moves);
	/* It is here already: nothing is checked again. */
	attach(&s.ctxs[0].ioases[0], "0000:02:00.0", 9);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_SUCCEEDS);
	assert_true(r.attached);
	assert_int_equal(l.n, 0);
}

/* Another context must let go first; that is told, and does not change the answer. */
static void test_other_context(void **arg)
{
	const struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i;
	struct predict_result r;
	struct list l;

	(void)arg;
	unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD), 2);
	i = unit_ioas(unit_ctx(&s, 5, IOAS_BACKEND_TYPE1), 6);
	i->groups[i->ngroups++].id = 9;
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_SUCCEEDS);
	assert_int_equal(r.held_by->id, 5);
	assert_int_equal(r.held->id, 6);
	assert_false(r.moves);
}

/* A running trace has no devices of iommufd: it may be here already, or its group elsewhere. */
static void test_users_unknown(void **arg)
{
	const struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ctx *c = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	struct predict_result r;
	struct list l;

	(void)arg;
	unit_ioas(c, 2);
	unit_ioas(c, 3)->users_known = false;
	r = ask(&s, &dev, &l); /* the other one may have the group */
	assert_int_equal(r.verdict, PREDICT_UNKNOWN);
	assert_int_equal(r.doubts, PREDICT_DOUBT_USERS);
	assert_false(r.attached || r.moves);
	assert_null(r.held);
	unit_area(&s.ctxs[0].ioases[0], MSI_FIRST, PAGE, 0);
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_FAILS); /* wherever it is */
	s.ctxs[0].ioases[1].users_known = true;
	assert_int_equal(ask(&s, &dev, &l).doubts, 0);
	/* Another context is none of its business, and type1 tells its groups. */
	s.ctxs[0].ioases[0].nareas = 0;
	unit_ioas(unit_ctx(&s, 5, IOAS_BACKEND_COMPAT), 6)->users_known = false;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS);
	s.ctxs[0].backend = s.ctxs[0].ioases[0].backend = IOAS_BACKEND_TYPE1;
	s.ctxs[0].ioases[0].users_known = false;
	assert_int_equal(ask(&s, &dev, &l).doubts, 0);
}

/* ---- doubts ---- */

static void test_doubts(void **arg)
{
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	struct predict_result r;
	struct list l;

	(void)arg;
	dev.aperture_known = false;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_SUCCEEDS); /* nothing is there */
	unit_area(i, 0x1000, PAGE, 0);
	r = ask(&s, &dev, &l);
	assert_int_equal(r.verdict, PREDICT_UNKNOWN);
	assert_int_equal(r.doubts, PREDICT_DOUBT_APERTURE);
	dev.regions_known = false;
	dev.nregions = 0;
	assert_int_equal(ask(&s, &dev, &l).doubts, PREDICT_DOUBT_APERTURE | PREDICT_DOUBT_REGIONS);
	dev = device();
	s.ctxs[0].ioases[0].ranges_known = false;
	r = ask(&s, &dev, &l); /* few programs allow ranges */
	assert_int_equal(r.verdict, PREDICT_SUCCEEDS);
	assert_int_equal(r.doubts, PREDICT_DOUBT_ALLOWED);
	s.ctxs[0].ioases[0].adopted = true;
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_UNKNOWN);
	unit_area(&s.ctxs[0].ioases[0], MSI_FIRST, PAGE, 0);
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_FAILS); /* that one is known */
	s.ctxs[0].uncertain_ns = 1; /* and may be gone */
	assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_UNKNOWN);
}

/* An IOAS of which a part was not read, or that changed meanwhile, is no better than an old one. */
static void test_incomplete(void **arg)
{
	const struct predict_device dev = device();

	(void)arg;
	for (unsigned int n = 0; n < 4; n++) {
		_cleanup_predict_ranges_ struct predict_ranges ranges = {};
		unsigned int backend = n & 2 ? IOAS_BACKEND_TYPE1 : IOAS_BACKEND_IOMMUFD;
		_cleanup_state_ struct state s = {};
		struct state_ioas *i = ioas_of(&s, backend);
		struct predict_result r;
		struct list l;
		__u64 first, last;

		unit_range(i, IOAS_RANGE_VALID, 0, END);
		assert_int_equal(predict_ranges_now(i, &ranges), 0);
		i->truncated = n & 1;
		i->raced = !i->truncated;
		r = ask(&s, &dev, &l);
		assert_int_equal(r.verdict, PREDICT_UNKNOWN);
		assert_int_equal(r.doubts, PREDICT_DOUBT_AREAS);
		i = &s.ctxs[0].ioases[0];
		assert_int_equal(predict_ranges_now(i, &ranges), -ENODATA);
		assert_false(predict_domain_aperture(i, 77, &first, &last));
		unit_area(i, MSI_FIRST, PAGE, 0);
		assert_int_equal(ask(&s, &dev, &l).verdict, PREDICT_FAILS); /* that was seen */
	}
}

/* iommufd reserves what the device itself asks for, sysfs tells of its whole group. */
static void test_shared_group(void **arg)
{
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	struct list l;

	(void)arg;
	dev.shared = true;
	assert_int_equal(ask(&s, &dev, &l).doubts, 0);
	unit_area(i, MSI_FIRST, PAGE, 0);
	assert_int_equal(ask(&s, &dev, &l).doubts, PREDICT_DOUBT_SHARED);
}

/* ---- valid ranges ---- */

static void check_ranges(const struct predict_ranges *r, const __u64 *want, size_t n)
{
	assert_int_equal(r->n, n);
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(r->range[k].iova, want[2 * k]);
		assert_int_equal(r->range[k].last, want[2 * k + 1]);
	}
}

static void test_ranges(void **arg)
{
	static const __u64 fresh[] = { 0, END };
	static const __u64 then[] = { 0, MSI_FIRST - 1, MSI_LAST + 1, (1ULL << 39) - 1 };
	static const __u64 more[] = {
		0, 0xfff, 0x3000, MSI_FIRST - 1, MSI_LAST + 1, (1ULL << 39) - 1
	};
	const struct predict_region regions[] = { { 0x1000, 0x1fff, PREDICT_DIRECT },
						  { 0x1800, 0x2fff, PREDICT_RESERVED },
						  { 0x5000, 0x5fff, PREDICT_DIRECT_RELAXABLE } };
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);

	(void)arg;
	assert_int_equal(predict_ranges_now(i, &r), 0);
	check_ranges(&r, fresh, 1);
	assert_int_equal(predict_ranges_narrow(&r, &dev), 0);
	check_ranges(&r, then, 2);
	dev.regions = regions;
	dev.nregions = UNIT_COUNT(regions);
	assert_int_equal(predict_ranges_narrow(&r, &dev), 0);
	check_ranges(&r, more, 3);
	/* What is reserved already, twice, counts as it is; valid ranges are the events' own. */
	unit_range(i, IOAS_RANGE_RESERVED, MSI_FIRST, MSI_LAST);
	unit_range(i, IOAS_RANGE_RESERVED, MSI_FIRST, MSI_LAST);
	unit_range(i, IOAS_RANGE_RESERVED, 1ULL << 39, END);
	unit_range(i, IOAS_RANGE_VALID, 0, 0x1000);
	assert_int_equal(predict_ranges_now(i, &r), 0);
	check_ranges(&r, then, 2);
	dev.aperture = 0;
	dev.aperture_last = 0;
	assert_int_equal(predict_ranges_narrow(&r, &dev), 0);
	assert_int_equal(r.n, 1); /* address 0 is all that is left */
	assert_int_equal(r.range[0].last, 0);
	i->ranges_known = false;
	assert_int_equal(predict_ranges_now(i, &r), -ENODATA);
	assert_null(r.range);
}

/* As many as a program can have made: every other page, each twice, and one across them. */
static void test_many_ranges(void **arg)
{
	const size_t count = 80000;
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	const struct predict_region across[] = { { 100 * PAGE, 200 * PAGE - 1, PREDICT_RESERVED },
						 { 7 * PAGE, 8 * PAGE - 1, PREDICT_DIRECT } };
	struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);

	(void)arg;
	for (size_t n = 0; n < count; n++) {
		unit_range(i, IOAS_RANGE_RESERVED, 2 * n * PAGE, (2 * n + 1) * PAGE - 1);
		unit_range(i, IOAS_RANGE_RESERVED, 2 * n * PAGE, 2 * n * PAGE);
	}
	assert_int_equal(predict_ranges_now(i, &r), 0);
	assert_int_equal(r.n, count);
	for (size_t n = 0; n < count; n++) {
		assert_int_equal(r.range[n].iova, (2 * n + 1) * PAGE);
		assert_int_equal(r.range[n].last, n + 1 == count ? END : (2 * n + 2) * PAGE - 1);
	}
	/* Pages 101, 103, .. 199 go, and page 7; the order of regions is anybody's. */
	dev.regions = across;
	dev.nregions = UNIT_COUNT(across);
	assert_int_equal(predict_ranges_narrow(&r, &dev), 0);
	assert_int_equal(r.n, count - 51);
	assert_int_equal(r.range[3].iova, 9 * PAGE);
	assert_int_equal(r.range[48].iova, 99 * PAGE);
	assert_int_equal(r.range[49].iova, 201 * PAGE);
	assert_int_equal(r.range[r.n - 1].last, (1ULL << 39) - 1);
}

/* Type1 has its own list, and no limits before the first hardware group. */
static void test_ranges_type1(void **arg)
{
	static const __u64 fresh[] = { 0, END };
	static const __u64 listed[] = { 0x1000, 0x1fff, 0x3000, 0x3fff };
	_cleanup_predict_ranges_ struct predict_ranges r = {};
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_TYPE1);

	(void)arg;
	assert_int_equal(predict_ranges_now(i, &r), 0);
	check_ranges(&r, fresh, 1);
	unit_hardware(i);
	assert_int_equal(predict_ranges_now(i, &r), -ENODATA);
	unit_range(i, IOAS_RANGE_VALID, 0x1000, 0x1fff);
	unit_range(i, IOAS_RANGE_VALID, 0x3000, 0x3fff);
	assert_int_equal(predict_ranges_now(i, &r), 0);
	check_ranges(&r, listed, 2);
}

/* What a domain reserved around its aperture; what others reserved does not count. */
static void test_domain_aperture(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *i = ioas_of(&s, IOAS_BACKEND_IOMMUFD);
	__u64 first = 1, last = 1;

	(void)arg;
	assert_true(predict_domain_aperture(i, 77, &first, &last));
	assert_int_equal(first, 0);
	assert_int_equal(last, END);
	unit_range(i, IOAS_RANGE_RESERVED, 1ULL << 39, END); /* for 77 */
	unit_range(i, IOAS_RANGE_RESERVED, 0, 0xfff);
	assert_true(predict_domain_aperture(i, 77, &first, &last));
	assert_int_equal(first, 0x1000);
	assert_int_equal(last, (1ULL << 39) - 1);
	assert_true(predict_domain_aperture(i, 78, &first, &last));
	assert_int_equal(last, END);
	unit_range(i, IOAS_RANGE_RESERVED, MSI_FIRST, MSI_LAST); /* no aperture is like that */
	assert_false(predict_domain_aperture(i, 77, &first, &last));
	assert_false(predict_domain_aperture(i, 0, &first, &last));
	i->adopted = true;
	assert_false(predict_domain_aperture(i, 78, &first, &last));
}

/* An answer that the caller ends. */
static int stop(const struct predict_conflict *c, void *arg)
{
	(void)c;
	(*(int *)arg)++;
	return 42;
}

static void test_stop(void **arg)
{
	const struct predict_device dev = device();
	_cleanup_state_ struct state s = {};
	struct predict_result r;
	int calls = 0;

	(void)arg;
	unit_area(ioas_of(&s, IOAS_BACKEND_IOMMUFD), MSI_FIRST, PAGE, 0);
	unit_area(&s.ctxs[0].ioases[0], 1ULL << 39, PAGE, 0);
	state_finish(&s);
	assert_int_equal(predict_attach(&s, s.ctxs, s.ctxs[0].ioases, &dev, stop, &calls, &r), 42);
	assert_int_equal(calls, 1);
	assert_int_equal(predict_attach(&s, s.ctxs, s.ctxs[0].ioases, &dev, NULL, NULL, &r), 0);
	assert_int_equal(r.areas, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_region_edges),	cmocka_unit_test(test_region_types),
		cmocka_unit_test(test_aperture),	cmocka_unit_test(test_ends_of_addresses),
		cmocka_unit_test(test_allowed),		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_emulated),	cmocka_unit_test(test_type1_aperture),
		cmocka_unit_test(test_type1_others),	cmocka_unit_test(test_users),
		cmocka_unit_test(test_other_context),	cmocka_unit_test(test_users_unknown),
		cmocka_unit_test(test_doubts),		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_shared_group),	cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_many_ranges),	cmocka_unit_test(test_ranges_type1),
		cmocka_unit_test(test_domain_aperture), cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
