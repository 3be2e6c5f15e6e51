// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror with a million areas: what it asks of memory for each, and gives back. */
#include "mirror_unit.h"

#ifdef __SANITIZE_ADDRESS__
#define AREAS 100000U
#else
#define AREAS 1000000U
#endif

/* Bytes that are out, counted by a header before each allocation. */
struct meter {
	size_t bytes;
	size_t most;
};

union header {
	size_t size;
	max_align_t align;
};

static void *meter_take(size_t size, void *arg)
{
	union header *h = malloc(sizeof(*h) + size);
	struct meter *meter = arg;

	assert_non_null(h);
	h->size = size;
	meter->bytes += size;
	if (meter->bytes > meter->most)
		meter->most = meter->bytes;
	return h + 1;
}

static void meter_release(void *mem, void *arg)
{
	union header *h = (union header *)mem - 1;
	struct meter *meter = arg;

	meter->bytes -= h->size;
	free(h);
}

/* 0 .. AREAS - 1, each once, in no order. */
static uint32_t *shuffled(struct unit_random *r)
{
	uint32_t *order = malloc(AREAS * sizeof(*order));

	assert_non_null(order);
	for (uint32_t i = 0; i < AREAS; i++)
		order[i] = i;
	for (uint32_t i = AREAS - 1; i > 0; i--) {
		uint32_t j = (uint32_t)unit_below(r, i + 1);
		uint32_t was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
	return order;
}

/* Area number i of two pages, with a hole after it. */
static struct ioas_event numbered(unsigned int kind, uint32_t i)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_area.iova = i * 3 * PAGE;
	ev.body_area.last = i * 3 * PAGE + 2 * PAGE - 1;
	ev.body_area.va = i * PAGE;
	ev.body_area.area = i + 1;
	ev.body_area.pages = kind == IOAS_EV_AREA_ADD ? 2 : 0;
	ev.body_area.owner_tgid = 100 + i % 5;
	return ev;
}

static void apply_each(struct mirror *m, unsigned int kind, const uint32_t *order)
{
	for (uint32_t i = 0; i < AREAS; i++) {
		struct ioas_event ev = numbered(kind, order[i]);

		assert_int_equal(mirror_apply(m, &ev), 0);
	}
}

static void look_up(const struct mirror *m, const uint32_t *order)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(m, 2);

	for (uint32_t i = 0; i < AREAS; i += 4) {
		uint64_t at = order[i] * 3 * PAGE;
		const struct mirror_area *area = mirror_area_at(ioas, at + PAGE);

		assert_true(area && area->number == order[i] + 1);
		assert_true(mirror_area_owner(m, area).tgid == 100 + order[i] % 5);
		assert_null(mirror_area_at(ioas, at + 2 * PAGE));
	}
}

static void test_million(void **state)
{
	struct meter meter = { .bytes = 0 };
	struct ioas_alloc alloc = { meter_take, meter_release, &meter };
	struct unit_random r = unit_random_new();
	struct mirror *m = mirror_new(&alloc);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	uint32_t *order = shuffled(&r);
	size_t before;
	(void)state;

	assert_int_equal(mirror_apply(m, &ev), 0);
	ev = unit_event(IOAS_EV_IOAS_NEW);
	assert_int_equal(mirror_apply(m, &ev), 0);
	before = meter.bytes;
	apply_each(m, IOAS_EV_AREA_ADD, order);
	assert_int_equal(mirror_check(m), 0);
	assert_int_equal(mirror_stats(m)->areas, AREAS);
	assert_true((meter.most - before) / AREAS < 96);
	free(order);
	order = shuffled(&r);
	look_up(m, order);
	apply_each(m, IOAS_EV_AREA_GONE, order);
	assert_int_equal(mirror_check(m), 0);
	assert_int_equal(mirror_stats(m)->areas, 0);
	/* What is kept does not depend on how many there were. */
	assert_true(meter.bytes - before < 300 * 1024);
	assert_int_equal(mirror_anomalies(m)->total, 0);
	free(order);
	mirror_free(m);
	assert_int_equal(meter.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
