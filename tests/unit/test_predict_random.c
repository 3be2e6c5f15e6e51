// SPDX-License-Identifier: GPL-2.0-or-later
/* Predictions against a model: a page of the lowest 64 is a bit. */
#include "predict_unit.h"

#define PAGES 64

static uint64_t bits(unsigned int first, unsigned int last)
{
	uint64_t set = 0;

	for (unsigned int n = first; n <= last; n++)
		set |= 1ULL << n;
	return set;
}

/* A random range of pages in *first and *last; what it is as bits. */
static uint64_t some_pages(struct unit_random *rnd, unsigned int longest, __u64 *first, __u64 *last)
{
	unsigned int from = (unsigned int)unit_below(rnd, PAGES);
	unsigned int to = from + (unsigned int)unit_below(rnd, longest);

	if (to >= PAGES)
		to = PAGES - 1;
	*first = from * PAGE;
	*last = (to + 1) * PAGE - 1;
	return bits(from, to);
}

/* Areas apart from each other, and what may overlap: reserved by others, allowed. */
static uint64_t fill(struct unit_random *rnd, struct state_ioas *i, uint64_t *reserved)
{
	uint64_t used = 0;
	__u64 first, last;

	*reserved = 0;
	for (unsigned int n = 0; n < 6; n++) {
		uint64_t set = some_pages(rnd, 4, &first, &last);

		if (used & set)
			continue;
		unit_area(i, first, last - first + 1, 0);
		used |= set;
	}
	if (unit_below(rnd, 2)) {
		used |= some_pages(rnd, 6, &first, &last);
		unit_range(i, IOAS_RANGE_ALLOWED, first, last);
	}
	for (unsigned int n = 0; n < 3; n++) {
		*reserved |= some_pages(rnd, 6, &first, &last);
		unit_range(i, IOAS_RANGE_RESERVED, first, last);
	}
	return used;
}

static uint64_t random_device(struct unit_random *rnd, struct predict_device *dev,
			      struct predict_region regions[3])
{
	uint64_t forbidden = 0;

	*dev = device();
	dev->regions = regions;
	dev->nregions = unit_below(rnd, 4);
	for (size_t n = 0; n < dev->nregions; n++) {
		uint64_t set = some_pages(rnd, 3, &regions[n].iova, &regions[n].last);

		regions[n].type = (enum predict_type)unit_below(rnd, PREDICT_TYPES);
		if (regions[n].type != PREDICT_DIRECT_RELAXABLE)
			forbidden |= set;
	}
	forbidden |= ~some_pages(rnd, PAGES, &dev->aperture, &dev->aperture_last);
	return forbidden;
}

/* The valid ranges are what the bits say; above them all is as the aperture has it. */
static bool same_ranges(const struct predict_ranges *r, uint64_t valid)
{
	uint64_t found = 0;

	for (size_t n = 0; n < r->n; n++) {
		if (r->range[n].last >= PAGES * PAGE ||
		    (n && r->range[n].iova <= r->range[n - 1].last + 1))
			return false;
		found |= bits((unsigned int)(r->range[n].iova / PAGE),
			      (unsigned int)(r->range[n].last / PAGE));
	}
	return found == valid;
}

static void test_random(void **arg)
{
	struct unit_random rnd = unit_random_new();
	size_t fails = 0, steps = unit_steps(3000);

	(void)arg;
	for (size_t step = 0; step < steps; step++) {
		_cleanup_predict_ranges_ struct predict_ranges r = {};
		_cleanup_state_ struct state s = {};
		struct state_ioas *i = unit_ioas(unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD), 2);
		struct predict_region regions[3];
		uint64_t used, reserved, forbidden;
		struct predict_device dev;
		struct predict_result out;

		used = fill(&rnd, i, &reserved);
		forbidden = random_device(&rnd, &dev, regions);
		state_finish(&s);
		i = &s.ctxs[0].ioases[0];
		assert_int_equal(predict_attach(&s, s.ctxs, i, &dev, NULL, NULL, &out), 0);
		UNIT_REQUIRE((out.verdict == PREDICT_FAILS) == !!(used & forbidden), &rnd, step);
		UNIT_REQUIRE((out.areas + out.allowed > 0) == !!(used & forbidden), &rnd, step);
		assert_int_equal(predict_ranges_now(i, &r), 0);
		assert_int_equal(predict_ranges_narrow(&r, &dev), 0);
		UNIT_REQUIRE(same_ranges(&r, ~(reserved | forbidden)), &rnd, step);
		fails += out.verdict == PREDICT_FAILS;
	}
	assert_true(steps < 100 || (fails > 0 && fails < steps));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
