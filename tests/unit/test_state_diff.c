// SPDX-License-Identifier: GPL-2.0-or-later
/* What differs between two IOASes. */
#include "core/diff.h"
#include "unit_state.h"

/* The differences as a text: "-1" an area at page 1 only in the first, "~2:p" changed. */
struct seen {
	char text[256];
	size_t len;
};

static void note(struct seen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void note(struct seen *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->len += (size_t)vsnprintf(s->text + s->len, sizeof(s->text) - s->len, fmt, ap);
	va_end(ap);
	assert_true(s->len < sizeof(s->text));
}

static int on_area(const struct state_area *a, const struct state_area *b, unsigned int changed,
		   void *arg)
{
	const struct state_area *v = a ? a : b;

	assert_true((a && b) == (changed != 0));
	note(arg, "%c%llu", a && b ? '~' : a ? '-' : '+', (unsigned long long)(v->iova >> 12));
	if (changed)
		note(arg, ":%x", changed);
	note(arg, " ");
	return 0;
}

static int on_range(const struct state_range *a, const struct state_range *b, void *arg)
{
	note(arg, "%cr%llx ", a ? '-' : '+', (unsigned long long)(a ? a : b)->iova);
	return 0;
}

static int on_charge(const struct state_charge *a, const struct state_charge *b, void *arg)
{
	note(arg, "c%lld>%lld ", (long long)(a ? a->pages : 0), (long long)(b ? b->pages : 0));
	return 0;
}

static const struct diff_ops ops = { on_area, on_range, on_charge };

static struct diff_totals compare(const struct state *s, unsigned int what, bool same_ids,
				  const char *want)
{
	struct diff_side a = { &s->ctxs[0], &s->ctxs[0].ioases[0] };
	struct diff_side b = { &s->ctxs[1], &s->ctxs[1].ioases[0] };
	struct diff_totals t = {};
	struct seen seen = {};

	assert_int_equal(diff_ioas(&a, &b, what, same_ids, &ops, &seen, &t), 0);
	assert_string_equal(seen.text, want);
	return t;
}

static void two(struct state *s, struct state_ioas **a, struct state_ioas **b)
{
	unit_ctx(s, 1, IOAS_BACKEND_IOMMUFD);
	unit_ctx(s, 3, IOAS_BACKEND_IOMMUFD);
	*a = unit_ioas(&s->ctxs[0], 2);
	*b = unit_ioas(&s->ctxs[1], 4);
}

/* Numbers of areas and times do not matter. */
static void test_equal(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *a, *b;
	struct diff_totals t;

	(void)arg;
	two(&s, &a, &b);
	unit_area(a, 0x1000, PAGE, 0x5000);
	unit_area(b, 0x1000, PAGE, 0x5000)->area = 99;
	b->areas[0].time_ns = 17;
	state_finish(&s);
	t = compare(&s, DIFF_ALL, true, "");
	assert_true(diff_equal(&t));
}

/* Pages 1, 2, 4 of the first; 2, 3, 4 (of two pages) and 9 of the second. */
static void test_sides(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *a, *b;
	struct diff_totals t;

	(void)arg;
	two(&s, &a, &b);
	unit_area(a, 0x1000, PAGE, 0);
	unit_area(a, 0x2000, PAGE, 0);
	unit_area(a, 0x4000, PAGE, 0);
	unit_area(b, 0x2000, PAGE, 0);
	unit_area(b, 0x3000, PAGE, 0);
	unit_area(b, 0x4000, 2 * PAGE, 0);
	unit_area(b, 0x9000, PAGE, 0);
	state_finish(&s);
	t = compare(&s, DIFF_ALL, true, "-1 +3 -4 +4 +9 ");
	assert_int_equal(t.only_a, 2);
	assert_int_equal(t.only_b, 3);
	assert_int_equal(t.bytes_a, 2 * PAGE);
	assert_int_equal(t.bytes_b, 4 * PAGE);
	assert_int_equal(t.changed, 0);
	assert_false(diff_equal(&t));
}

static void test_changes(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *a, *b;
	struct diff_totals t;

	(void)arg;
	two(&s, &a, &b);
	for (__u64 n = 1; n <= 6; n++) {
		unit_area(a, n * PAGE, PAGE, 0x5000);
		unit_area(b, n * PAGE, PAGE, 0x5000);
	}
	b->areas[0].prot = IOAS_PROT_READ;
	b->areas[1].va = 0x6000;
	b->areas[2].pinned = 1;
	b->areas[3].pages_id = 7; /* the same memory, as an object */
	b->areas[3].memory = IOAS_MEMORY_USER;
	b->areas[4].going = true;
	b->areas[5].pinned = -1; /* not known: no difference */
	state_finish(&s);
	t = compare(&s, DIFF_ALL, true, "~1:1 ~2:2 ~3:8 ~4:4 ~5:10 ");
	assert_int_equal(t.changed, 5);
	/* Numbers of another trace say nothing. */
	compare(&s, DIFF_ALL, false, "~1:1 ~2:2 ~3:8 ~5:10 ");
	compare(&s, DIFF_PROT, true, "~1:1 ");
}

static void charge(struct state_ioas *i, struct state_ctx *c, __u32 tgid, __s64 pages)
{
	struct state_charge v = {
		.counter = IOAS_COUNTER_USER_LOCKED,
		.tgid = tgid,
		.pages = pages,
	};

	if (i)
		assert_int_equal(state_add_ioas_charge(i, &v), 0);
	else
		assert_int_equal(state_add_ctx_charge(c, &v), 0);
}

static void test_ranges_and_charges(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct state_ioas *a, *b;
	struct diff_totals t;

	(void)arg;
	two(&s, &a, &b);
	unit_range(a, IOAS_RANGE_VALID, 0, 0xffff);
	unit_range(a, IOAS_RANGE_RESERVED, 0x10000, 0x1ffff);
	unit_range(b, IOAS_RANGE_VALID, 0, 0xffff);
	unit_range(b, IOAS_RANGE_ALLOWED, 0x3000, 0x4fff);
	b->ranges[0].owner = 5; /* each has its own domains */
	charge(a, NULL, 100, 16);
	charge(b, NULL, 100, 20);
	charge(b, NULL, 101, 1);
	charge(a, NULL, 102, 0); /* nothing, as on the other side */
	charge(NULL, &s.ctxs[0], 100, 3);
	state_finish(&s);
	t = compare(&s, DIFF_ALL, true, "-r10000 +r3000 c16>20 c0>1 c3>0 ");
	assert_int_equal(t.ranges, 2);
	assert_int_equal(t.charges, 3);
	compare(&s, DIFF_ALL & ~DIFF_CHARGES, true, "-r10000 +r3000 c16>20 c0>1 ");
	t = compare(&s, DIFF_PROT, true, "");
	assert_true(diff_equal(&t));
	b->ranges_known = false;
	t = compare(&s, DIFF_ALL, true, "c16>20 c0>1 c3>0 ");
	assert_true(t.ranges_unknown);
}

/* One side has no such IOAS: even an empty one is a difference. */
static void test_absent(void **arg)
{
	_cleanup_state_ struct state s = {};
	struct diff_side side = {}, none = {};
	struct diff_totals t = {};
	struct seen seen = {};
	struct state_ioas *i;

	(void)arg;
	side.ctx = unit_ctx(&s, 1, IOAS_BACKEND_IOMMUFD);
	side.ioas = i = unit_ioas(&s.ctxs[0], 2);
	assert_int_equal(diff_ioas(&side, &none, DIFF_ALL, true, &ops, &seen, &t), 0);
	assert_int_equal(t.ioases, 1);
	assert_false(diff_equal(&t));
	unit_area(i, 0x1000, PAGE, 0);
	assert_int_equal(diff_ioas(&none, &side, DIFF_ALL, true, &ops, &seen, &t), 0);
	assert_string_equal(seen.text, "+1 ");
	assert_int_equal(t.ioases, 2);
}

static void test_pairs(void **arg)
{
	_cleanup_state_ struct state x = {}, y = {};
	struct diff_pair *pairs = NULL;
	size_t n = 0;

	(void)arg;
	unit_ctx(&x, 1, IOAS_BACKEND_IOMMUFD);
	unit_ioas(&x.ctxs[0], 3);
	unit_ioas(&x.ctxs[0], 5);
	unit_ctx(&y, 1, IOAS_BACKEND_IOMMUFD);
	unit_ctx(&y, 2, IOAS_BACKEND_IOMMUFD);
	unit_ioas(&y.ctxs[0], 5);
	unit_ioas(&y.ctxs[0], 7);
	unit_ioas(&y.ctxs[1], 4);
	assert_int_equal(diff_pairs(&x, &y, true, &pairs, &n), 0);
	assert_int_equal(n, 4); /* 3, 4, 5, 7 */
	assert_int_equal(pairs[0].a.ioas->id, 3);
	assert_null(pairs[0].b.ioas);
	assert_null(pairs[1].a.ioas);
	assert_int_equal(pairs[1].b.ctx->id, 2);
	assert_int_equal(pairs[2].a.ioas->id, 5);
	assert_int_equal(pairs[2].b.ioas->id, 5);
	assert_int_equal(pairs[3].b.ioas->id, 7);
	free(pairs);
	assert_int_equal(diff_pairs(&x, &y, false, &pairs, &n), 0);
	assert_int_equal(n, 3); /* 3 and 5, 5 and 7, 4 alone */
	assert_int_equal(pairs[0].a.ioas->id, 3);
	assert_int_equal(pairs[0].b.ioas->id, 5);
	assert_int_equal(pairs[1].b.ioas->id, 7);
	assert_null(pairs[2].a.ioas);
	free(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),	cmocka_unit_test(test_sides),
		cmocka_unit_test(test_changes), cmocka_unit_test(test_ranges_and_charges),
		cmocka_unit_test(test_absent),	cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
