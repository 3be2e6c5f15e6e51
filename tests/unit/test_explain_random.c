// SPDX-License-Identifier: GPL-2.0-or-later
/* Random changes and failing ops: what is said to be certain is true, by a plain look at the state.
 */
#include "core/explain.h"
#include "explain_claims.h"
#include "mirror_random.h"
#include "view/explain.h"

struct random_run {
	struct unit_alloc memory;
	struct mirror *m;
	struct explain *x;
	struct unit_random r;
	size_t step;
	size_t certain;
	size_t told[EXPLAIN_WHATS]; /* so often, as certain */
};

static struct ioas_event random_op(struct random_run *run, uint64_t now)
{
	static const int errnos[] = {
		0,	    EINVAL, EEXIST, ENOENT, ENOSPC,  ENOMEM, EFAULT,
		EADDRINUSE, EPERM,  EBUSY,  EACCES, EDEADLK, ENODEV, EOVERFLOW
	};
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
	ev.body_op.uapi_flags = unit_below(r, 3) ? 0 : (uint32_t)unit_below(r, 16);
	ev.body_op.group = (uint32_t)unit_below(r, 40);
	ev.body_op.group_valid = (uint16_t)unit_below(r, 2);
	ev.body_op.latency_ns = unit_below(r, 20);
	return ev;
}

static void judge(struct random_run *run, const struct ioas_event *ev,
		  const struct explain_reason *r)
{
	bool holds = claim_holds(run->m, ev, r);

	if (!holds)
		print_message("%s: op %u of backend %u, result %lld\n", explain_name(r->what),
			      ev->body_op.what, ev->backend, (long long)ev->body_op.result);
	UNIT_REQUIRE(holds, &run->r, run->step);
	run->told[r->what]++;
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

/* What else ops may meet: users, ranges of all classes, pins, and pages that nobody pays for. */
static struct ioas_event beside(struct random_run *run, uint64_t iova, uint64_t last)
{
	unsigned int class = IOAS_RANGE_VALID + (unsigned int)unit_below(&run->r, 3);
	const struct mirror_ioas *ioas = mirror_find_ioas(run->m, 10);
	struct ioas_event ev;
	uint32_t group;
	bool domain;

	switch (unit_below(&run->r, 8)) {
	case 0:
	case 1:
		domain = mirror_find_domain(ioas, 4);
		ev = object_event(domain ? IOAS_EV_DOMAIN_DETACH : IOAS_EV_DOMAIN_ATTACH, 4);
		ev.body_obj.page_size = PAGE << unit_below(&run->r, 2);
		return ev;
	case 2:
		group = (uint32_t)unit_below(&run->r, 40);
		ev = unit_event(claim_has_group(ioas, group) ? IOAS_EV_GROUP_DETACH
							     : IOAS_EV_GROUP_ATTACH);
		ev.body_obj.group = group;
		return ev;
	case 3:
		ev = pages_event(IOAS_EV_PAGES_NEW, 50 + (uint32_t)run->step);
		ev.body_pages.account = (uint32_t)unit_below(&run->r, 2);
		return ev;
	case 4:
		return area_event(IOAS_EV_ACCESS_PIN, iova, last, 0);
	case 5:
		return range_event(IOAS_EV_RANGE_CLEAR, class, 0, UINT64_MAX, 0);
	default:
		return range_event(IOAS_EV_RANGE_ADD, class, iova, last,
				   3 + (uint32_t)unit_below(&run->r, 2));
	}
}

/* Changes that can be: areas where none is come, and those that are there go. */
static struct ioas_event good_event(struct random_run *run)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(run->m, 10);
	uint64_t iova = unit_below(&run->r, RANDOM_PAGES) * PAGE;
	uint64_t last = iova + (1 + unit_below(&run->r, 4)) * PAGE - 1;
	const struct mirror_area *area = claim_lowest(ioas, iova, last);
	struct ioas_event ev;

	if (unit_below(&run->r, 20) == 0) {
		ev = beside(run, iova, last);
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
	/* Rounds are short: in a long one something is sure to become uncertain. */
	for (size_t round = 0; round < 20 + unit_steps(20); round++) {
		begin_round(&run, &alloc);
		for (size_t i = 0; i < 400; i++, run.step++) {
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
	for (unsigned int n = 0; n < EXPLAIN_WHATS; n++) {
		if (run.told[n])
			print_message("%s: %zu\n", explain_name(n), run.told[n]);
	}
	print_message("%zu of %zu ops with a certain reason\n", run.certain, run.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
