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

/* The lowest area that has an address in the range, by a walk over all. */
static const struct mirror_area *lowest(const struct mirror_ioas *ioas, uint64_t a, uint64_t b)
{
	const struct mirror_area *area = mirror_area_first(ioas);

	while (area && (area->node.last < a || area->node.start > b))
		area = mirror_area_next(area);
	return area;
}

static bool there(const struct mirror_ioas *ioas, const struct explain_reason *r)
{
	const struct mirror_area *area = mirror_area_first(ioas);

	while (area && area->node.start != r->area.range.iova)
		area = mirror_area_next(area);
	return area && area->node.last == r->area.range.last;
}

/* A reserved range that meets what was asked for; of that owner, if there is one. */
static bool reserved_in(const struct mirror_ioas *ioas, struct check_range asked, uint32_t owner)
{
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_RESERVED);

	while (r && (r->node.start > asked.last || r->node.last < asked.iova ||
		     (owner && r->owner != owner)))
		r = mirror_range_next(r);
	return r;
}

static bool valid_holds(const struct mirror_ioas *ioas, struct check_range asked)
{
	const struct mirror_range *r = mirror_range_first(ioas, IOAS_RANGE_VALID);

	while (r && (r->node.start > asked.iova || r->node.last < asked.last))
		r = mirror_range_next(r);
	return r;
}

/* ---- what is certain: each is true of the op and of the state ---- */

struct claim {
	const struct ioas_event *ev;
	const struct ioas_op_body *op;
	const struct explain_reason *r;
	const struct mirror_ioas *ioas; /* that the op is about */
	const struct mirror_ioas *source; /* of a COPY */
	struct check_range asked;
	bool all;
	bool type1, compat;
};

static bool area_meets(const struct claim *c, struct check_range range)
{
	return c->r->has_area && check_range_meets(c->r->area.range, range);
}

/* MAP, COPY and UNMAP: of EINVAL, which are about arguments alone. */
static bool argument_claim(const struct claim *c)
{
	const struct ioas_op_body *op = c->op;
	const char *part = c->r->part;
	uint64_t value, size = op->size;

	if (c->ev->flags & IOAS_F_ARGS_UNREAD)
		return c->r->what == EXPLAIN_WRAPS && op->result == -EOVERFLOW;
	switch (c->r->what) {
	case EXPLAIN_NO_SIZE:
		return op->result == -EINVAL && !size && !c->all;
	case EXPLAIN_NO_PROT:
		return op->result == -EINVAL && !op->prot && !c->compat &&
		       op->what != IOAS_OP_UNMAP;
	case EXPLAIN_ARGUMENT:
		return op->result == -EINVAL && c->compat && (op->uapi_flags & ~3U);
	default:
		break;
	}
	if (c->r->what == EXPLAIN_WRAPS && op->what == IOAS_OP_UNMAP)
		return op->result == -EOVERFLOW || op->iova > UINT64_MAX - (size - 1);
	assert_non_null(part);
	value = !strcmp(part, "size") ? size : !strcmp(part, "iova") ? op->iova : op->va;
	if (c->r->what == EXPLAIN_MISALIGNED)
		return op->result == -EINVAL && value % c->r->bytes;
	return value == UINT64_MAX || (strcmp(part, "size") && value > UINT64_MAX - (size - 1));
}

static bool map_claim(const struct claim *c)
{
	const struct mirror_area *area;

	switch (c->r->what) {
	case EXPLAIN_OVERLAP:
		area = lowest(c->ioas, c->asked.iova, c->asked.last);
		return c->op->result == -EEXIST && area &&
		       area->node.start == c->r->area.range.iova;
	case EXPLAIN_RESERVED:
		return c->op->result == -EINVAL && !c->r->user.domain &&
		       check_range_meets(c->r->range, c->asked) &&
		       reserved_in(c->ioas, c->r->range, 0);
	case EXPLAIN_APERTURE:
		return c->op->result == -EINVAL && c->r->user.domain &&
		       reserved_in(c->ioas, c->asked, c->r->user.id);
	case EXPLAIN_OUTSIDE:
		return c->op->result == -EINVAL && !valid_holds(c->ioas, c->asked) &&
		       mirror_range_first(c->ioas, IOAS_RANGE_VALID);
	case EXPLAIN_ENTRIES:
		return c->op->result == -ENOSPC && c->type1;
	default:
		return c->op->result == -ENOSPC && !c->type1;
	}
}

static bool unmap_claim(const struct claim *c)
{
	bool cut = c->r->area.range.iova < c->asked.iova || c->r->area.range.last > c->asked.last;

	if (c->op->what != IOAS_OP_UNMAP)
		return false;
	if (c->r->what == EXPLAIN_NOTHING)
		return c->op->result == -ENOENT && !lowest(c->ioas, c->asked.iova, c->asked.last);
	if (!there(c->ioas, c->r))
		return false;
	if (c->r->what == EXPLAIN_HELD)
		return c->op->result == -EDEADLK && area_meets(c, c->asked) &&
		       mirror_pins_first_in(c->ioas, c->r->area.range.iova, c->r->area.range.last);
	if (!cut || !area_meets(c, c->asked))
		return false;
	if (c->r->what == EXPLAIN_INSIDE)
		return c->op->result >= 0 && c->r->area.range.iova < c->asked.iova;
	if (c->op->result == -EINVAL)
		return c->ioas->mode == IOAS_MODE_V2 && !c->all && !(c->op->uapi_flags & 1);
	return c->op->result == -ENOENT && c->ioas->mode != IOAS_MODE_V1;
}

/* Of what is mapped already: the source of a COPY, or what a client pins. */
static bool mapped_claim(const struct claim *c)
{
	bool copy = c->op->what == IOAS_OP_COPY;
	const struct mirror_ioas *ioas = copy ? c->source : c->ioas;
	const struct mirror_area *area;

	if (!ioas || (!copy && c->op->what != IOAS_OP_PIN))
		return false;
	if (c->r->what == EXPLAIN_HOLE)
		return !lowest(ioas, c->r->range.iova, c->r->range.iova) &&
		       c->r->range.iova >= (copy ? c->op->va : c->op->iova) && !ioas->adopted;
	area = lowest(ioas, c->r->area.range.iova, c->r->area.range.iova);
	if (!there(ioas, c->r) || c->op->result != -EPERM)
		return false;
	return copy ? (c->op->prot & IOAS_PROT_WRITE) && !mirror_area_pages(area)->writable
		    : (c->op->prot & ~area->prot);
}

static bool has_group(const struct mirror_ioas *ioas, uint32_t number)
{
	const struct mirror_group *g = ioas ? mirror_group_first(ioas) : NULL;

	while (g && g->number != number)
		g = mirror_group_next(g);
	return g;
}

static bool attach_claim(const struct claim *c)
{
	switch (c->r->what) {
	case EXPLAIN_AREA_IN_WAY:
		return area_meets(c, c->r->range);
	case EXPLAIN_ALLOWED_IN_WAY:
		return check_range_meets(c->r->other, c->r->range);
	case EXPLAIN_RESERVED_IN_WAY:
		return c->op->what == IOAS_OP_ALLOW && c->op->result == -EADDRINUSE &&
		       (!c->r->range.last || reserved_in(c->ioas, c->r->range, 0));
	default:
		return c->type1 && c->op->result == -EINVAL && has_group(c->ioas, c->op->group);
	}
}

static bool no_object_claim(const struct claim *c)
{
	if (c->op->result == -ENODEV)
		return c->compat;
	return c->op->result == -ENOENT && (c->op->what == IOAS_OP_MAP || !c->ioas ||
					    (c->op->what == IOAS_OP_COPY && !c->source));
}

static bool holds(const struct claim *c)
{
	switch (c->r->what) {
	case EXPLAIN_NO_SIZE:
	case EXPLAIN_NO_PROT:
	case EXPLAIN_ARGUMENT:
	case EXPLAIN_MISALIGNED:
	case EXPLAIN_WRAPS:
		return argument_claim(c);
	case EXPLAIN_OVERLAP:
	case EXPLAIN_RESERVED:
	case EXPLAIN_APERTURE:
	case EXPLAIN_OUTSIDE:
	case EXPLAIN_ENTRIES:
	case EXPLAIN_NO_ROOM:
		return map_claim(c);
	case EXPLAIN_NOTHING:
	case EXPLAIN_BISECTS:
	case EXPLAIN_INSIDE:
	case EXPLAIN_HELD:
		return unmap_claim(c);
	case EXPLAIN_HOLE:
	case EXPLAIN_READ_ONLY:
		return mapped_claim(c);
	case EXPLAIN_AREA_IN_WAY:
	case EXPLAIN_ALLOWED_IN_WAY:
	case EXPLAIN_RESERVED_IN_WAY:
	case EXPLAIN_TWICE:
		return attach_claim(c);
	case EXPLAIN_NO_OBJECT:
		return no_object_claim(c);
	case EXPLAIN_MODE:
		return c->op->what == IOAS_OP_PIN && c->op->result == -EACCES;
	case EXPLAIN_LIMIT:
		return c->op->result == -ENOMEM && c->r->limit.exact;
	case EXPLAIN_NO_MEMORY:
		return c->op->result == -ENOMEM;
	default: /* nothing else is ever certain */
		return false;
	}
}

static void judge(struct random_run *run, const struct ioas_event *ev,
		  const struct explain_reason *r)
{
	const struct ioas_op_body *op = &ev->body_op;
	struct claim c = {
		.ev = ev,
		.op = op,
		.r = r,
		.ioas = mirror_find_ioas(run->m, ev->ioas),
		.source = op->what == IOAS_OP_COPY ? mirror_find_ioas(run->m, op->group) : NULL,
		.asked = { op->iova, op->iova + (op->size - 1) },
		.all = (ev->flags & IOAS_F_ALL) ||
		       (ev->backend == IOAS_BACKEND_TYPE1 && op->what == IOAS_OP_UNMAP &&
			(op->uapi_flags & 2)),
		.type1 = ev->backend == IOAS_BACKEND_TYPE1,
		.compat = ev->backend == IOAS_BACKEND_COMPAT,
	};

	if (c.all)
		c.asked = (struct check_range){ 0, UINT64_MAX };
	if (!holds(&c))
		print_message("%s: op %u of backend %u, result %lld\n", explain_name(r->what),
			      op->what, ev->backend, (long long)op->result);
	UNIT_REQUIRE(holds(&c), &run->r, run->step);
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
		ev = unit_event(has_group(ioas, group) ? IOAS_EV_GROUP_DETACH
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
	const struct mirror_area *area = lowest(ioas, iova, last);
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
