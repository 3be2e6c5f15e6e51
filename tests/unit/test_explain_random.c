// SPDX-License-Identifier: GPL-2.0-or-later
/* Random changes and failing ops: what is said to be certain is true, by a plain look at the state.
 */
#include "core/explain.h"
#include "mirror_random.h"
#include "view/explain.h"

struct random_run {
	struct unit_alloc memory;
	struct mirror *m;
	struct explain *x;
	struct unit_random r;
	size_t step;
	size_t certain;
};

static struct ioas_event random_op(struct random_run *run, uint64_t now)
{
	static const int errnos[] = { 0,      EINVAL,	  EEXIST, ENOENT, ENOSPC, ENOMEM,
				      EFAULT, EADDRINUSE, EPERM,  EBUSY,  EACCES, EDEADLK };
	struct ioas_event ev = unit_event(IOAS_EV_OP);
	struct unit_random *r = &run->r;

	ev.time_ns = now;
	ev.ctx = 1 + (uint32_t)unit_below(r, RANDOM_CTXS);
	ev.ioas = ev.ctx * 10 + (uint32_t)unit_below(r, 3);
	if (unit_below(r, 2)) {
		ev.ctx = 1;
		ev.ioas = 10;
	}
	ev.op = unit_below(r, 6);
	ev.backend = (uint8_t)unit_below(r, IOAS_BACKENDS);
	ev.flags = (uint8_t)unit_random(r);
	ev.body_op.what = (uint16_t)(1 + unit_below(r, IOAS_OP_MAX - 1));
	if (unit_below(r, 2))
		ev.body_op.what = unit_below(r, 2) ? IOAS_OP_MAP : IOAS_OP_UNMAP;
	if (ev.body_op.what != IOAS_OP_UNMAP)
		ev.flags &= ~IOAS_F_ALL;
	ev.body_op.result = -errnos[unit_below(r, UNIT_COUNT(errnos))];
	ev.body_op.iova = unit_below(r, RANDOM_PAGES) * PAGE;
	ev.body_op.size = unit_below(r, 12) * PAGE;
	if (unit_below(r, 20) == 0)
		ev.body_op.size = unit_random(r);
	ev.body_op.va = unit_below(r, RANDOM_PAGES) * PAGE;
	ev.body_op.prot = (uint32_t)unit_below(r, 4);
	ev.body_op.group = (uint32_t)unit_below(r, 40);
	ev.body_op.group_valid = (uint16_t)unit_below(r, 2);
	ev.body_op.latency_ns = unit_below(r, 20);
	return ev;
}

/* The lowest area that has an address in the range, by a walk over all. */
static const struct mirror_area *lowest(const struct mirror_ioas *ioas, uint64_t a, uint64_t b)
{
	const struct mirror_area *area = mirror_area_first(ioas);

	while (area && (area->node.last < a || area->node.start > b))
		area = mirror_area_next(area);
	return area;
}

static bool reserved_there(const struct mirror_ioas *ioas, const struct explain_reason *r)
{
	const struct mirror_range *range = mirror_range_first(ioas, IOAS_RANGE_RESERVED);

	while (range && (range->node.start != r->range.iova || range->node.last != r->range.last))
		range = mirror_range_next(range);
	return range;
}

/* What a reason says that is said to be certain. */
static void judge(struct random_run *run, const struct ioas_event *ev,
		  const struct explain_reason *r)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(run->m, ev->ioas);
	uint64_t iova = ev->body_op.iova, last = iova + (ev->body_op.size - 1);
	const struct mirror_area *area;

	if (check_asks_for_all(ev)) {
		iova = 0;
		last = UINT64_MAX;
	}
	switch (r->what) {
	case EXPLAIN_OVERLAP:
		area = lowest(ioas, iova, last);
		UNIT_REQUIRE(area && area->node.start == r->area.range.iova, &run->r, run->step);
		break;
	case EXPLAIN_NOTHING:
		UNIT_REQUIRE(!lowest(ioas, iova, last), &run->r, run->step);
		break;
	case EXPLAIN_BISECTS:
	case EXPLAIN_INSIDE:
		UNIT_REQUIRE(r->area.range.iova < iova || r->area.range.last > last, &run->r,
			     run->step);
		UNIT_REQUIRE(r->area.range.iova <= last && r->area.range.last >= iova, &run->r,
			     run->step);
		break;
	case EXPLAIN_RESERVED:
		UNIT_REQUIRE(reserved_there(ioas, r), &run->r, run->step);
		break;
	default:
		break;
	}
}

static void print(const struct explanation *why)
{
	FILE *out = fopen("/dev/null", "we");
	struct json j;

	assert_non_null(out);
	explain_lines(out, why);
	json_init(&j, out, false);
	json_object(&j, NULL);
	explain_json(&j, why);
	json_end_object(&j);
	json_line(&j);
	fclose(out);
}

static void one_op(struct random_run *run, uint64_t now)
{
	struct ioas_event ev = random_op(run, now);
	const struct mirror_ctx *ctx = mirror_find_ctx(run->m, ev.ctx);
	struct explanation why;

	explain_see(run->x, run->m, &ev);
	mirror_apply(run->m, &ev);
	if (!explain_op(run->x, run->m, &ev, &why))
		return;
	UNIT_REQUIRE(why.nreasons <= EXPLAIN_REASONS, &run->r, run->step);
	UNIT_REQUIRE(!why.certain || why.nreasons == 1, &run->r, run->step);
	UNIT_REQUIRE(!why.certain || (ctx && !ctx->uncertain_since) ||
			     why.reasons[0].what == EXPLAIN_LIMIT,
		     &run->r, run->step);
	run->certain += why.certain;
	if (why.certain)
		judge(run, &ev, &why.reasons[0]);
	if (run->step % 64 == 0)
		print(&why);
}

static void feed(struct random_run *run, struct ioas_event ev, uint64_t now)
{
	ev.time_ns = now;
	explain_see(run->x, run->m, &ev);
	mirror_apply(run->m, &ev);
}

/* Changes that can be: areas where none is come, and those that are there go. */
static struct ioas_event good_event(struct random_run *run)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(run->m, 10);
	uint64_t iova = unit_below(&run->r, RANDOM_PAGES) * PAGE;
	uint64_t last = iova + (1 + unit_below(&run->r, 4)) * PAGE - 1;
	const struct mirror_area *area = lowest(ioas, iova, last);
	struct ioas_event ev;

	if (unit_below(&run->r, 40) == 0) {
		ev = range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, iova, last, 3);
	} else if (area) {
		ev = area_event(area->going ? IOAS_EV_AREA_GONE : IOAS_EV_AREA_GOING,
				area->node.start, area->node.last, mirror_area_va(area));
		ev.body_area.area = area->number;
	} else {
		ev = area_event(IOAS_EV_AREA_ADD, iova, last, 0x700000 + iova);
	}
	ev.ioas = 10;
	ev.op = unit_below(&run->r, 6);
	return ev;
}

static void begin_round(struct random_run *run, const struct ioas_alloc *alloc)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	run->m = mirror_new(alloc);
	run->x = explain_new(alloc);
	assert_true(run->m && run->x);
	ev.ioas = 10;
	ev.body_obj.mode = 1 + (uint32_t)unit_below(&run->r, IOAS_MODE_COVER);
	feed(run, unit_event(IOAS_EV_CTX_NEW), 1000);
	feed(run, ev, 1001);
}

static void test_random(void **state)
{
	struct random_run run = { .r = unit_random_new() };
	struct ioas_alloc alloc = unit_alloc_use(&run.memory);
	uint64_t now = 2000;

	(void)state;
	for (size_t round = 0; round < 40; round++) {
		begin_round(&run, &alloc);
		for (size_t i = 0; i < 200 + unit_steps(200); i++, run.step++) {
			/* In each other round all may be wrong, and soon nothing is certain. */
			feed(&run, round % 2 ? random_event(&run.r, run.m) : good_event(&run),
			     now += 5);
			one_op(&run, now += 5);
		}
		explain_free(run.x);
		mirror_free(run.m);
		assert_int_equal(run.memory.live, 0);
	}
	assert_true(run.certain > run.step / 400);
	print_message("%zu of %zu ops with a certain reason\n", run.certain, run.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
