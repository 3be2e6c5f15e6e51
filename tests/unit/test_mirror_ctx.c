// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: contexts and IOASes, what is uncertain and what is adopted. */
#include "mirror_unit.h"

static void test_contexts(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	const struct mirror_ctx *ctx;

	assert_null(mirror_ctx_first(f->m));
	for (uint32_t i = 0; i < 20; i++) {
		ev.ctx = 1 + (i * 7) % 20;
		assert_int_equal(apply(f, ev), 0);
	}
	ctx = mirror_ctx_first(f->m);
	for (uint32_t id = 1; id <= 20; id++, ctx = mirror_ctx_next(ctx))
		assert_int_equal(ctx->id, id);
	assert_null(ctx);
	ctx = the_ctx(f);
	assert_int_equal(ctx->backend, IOAS_BACKEND_TYPE1);
	assert_int_equal(ctx->tgid, 100);
	assert_int_equal(ctx->uid, 1000);
	assert_string_equal(ctx->comm, "unit");
	assert_true(ctx->owner_known);
	assert_false(ctx->adopted);
	assert_int_equal(ctx->opened_ns, 1001);
	assert_int_equal(ctx->uncertain_since, 0);
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_GONE)), 0);
	assert_null(mirror_find_ctx(f->m, 1));
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_GONE)), 0);
	assert_int_equal(mirror_stats(f->m)->contexts, 19);
}

static void test_ops(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_OP);

	ev.body_op.what = IOAS_OP_MAP;
	assert_int_equal(apply(f, ev), 0);
	assert_null(mirror_ctx_first(f->m));
	open_ioas(f);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_ctx(f)->ops, 1);
	assert_int_equal(the_ctx(f)->changes, 2);
	assert_int_equal(mirror_stats(f->m)->ops, 2);
	assert_int_equal(mirror_stats(f->m)->ops_unplaced, 1);
}

static void test_wrong_context(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0, 0xfff, 0);

	open_ioas(f);
	ev.ctx = 7;
	assert_int_equal(apply(f, ev), -EBADMSG);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_anomalies(f, MIRROR_MISMATCH, 1);
	assert_true(mirror_find_ctx(f->m, 7)->uncertain_since != 0);
}

static void test_unknown_ioas(void **state)
{
	struct fixture *f = *state;

	apply(f, unit_event(IOAS_EV_CTX_NEW));
	assert_int_equal(add(f, 0x1000, 0x1fff), -ENOENT);
	assert_true(the_ioas(f)->adopted);
	assert_int_equal(mirror_area_count(the_ioas(f)), 1);
	assert_anomalies(f, MIRROR_UNKNOWN_IOAS, 1);
	assert_int_equal(add(f, 0x2000, 0x2fff), 0);
	gone(f, 0x1000, 0x1fff);
	gone(f, 0x2000, 0x2fff);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), 0);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_IOAS, 2);
}

static void test_adopted(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	assert_int_equal(add(f, 0x1000, 0x1fff), 0);
	assert_true(the_ctx(f)->adopted);
	assert_false(the_ctx(f)->owner_known);
	assert_int_equal(the_ctx(f)->backend, IOAS_BACKEND_TYPE1);
	/* Who it is comes later; so does the mode; both may come twice. */
	for (int i = 0; i < 2; i++) {
		ev = unit_event(IOAS_EV_CTX_NEW);
		ev.flags = IOAS_F_ADOPTED;
		assert_int_equal(apply(f, ev), 0);
		ev = unit_event(IOAS_EV_IOAS_NEW);
		ev.flags = IOAS_F_ADOPTED;
		ev.body_obj.mode = IOAS_MODE_V1;
		assert_int_equal(apply(f, ev), 0);
		/* A walk tells of an area that is known. */
		ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x1fff, 0);
		ev.flags = IOAS_F_ADOPTED;
		assert_int_equal(apply(f, ev), 0);
	}
	assert_true(the_ctx(f)->owner_known);
	assert_int_equal(the_ctx(f)->opened_ns, 0);
	assert_int_equal(the_ioas(f)->mode, IOAS_MODE_V1);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x1000)->va, 0x701000);
	assert_false(mirror_area_at(the_ioas(f), 0x1000)->adopted);
	assert_int_equal(group(f, IOAS_EV_GROUP_DETACH, 3, false), 0);
	/* Areas older than us are pinned, get a new owner, and go. */
	assert_int_equal(pinned(f, 0x8000, -4, 0), 0);
	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_UPDATE, 0x8000, 0x8fff, 0)), 0);
	assert_int_equal(gone(f, 0x8000, 0x8fff), 0);
	assert_int_equal(charge(f, 1, IOAS_COUNTER_MM_LOCKED, -5), 0);
	assert_int_equal(mirror_charge_first(the_ioas(f))->pages, -5);
	assert_anomalies(f, MIRROR_OVERLAP, 0);
	/* But not one that has a number: we should have heard of it. */
	ev = area_event(IOAS_EV_AREA_GONE, 0x8000, 0x8fff, 0);
	ev.body_area.area = 6;
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 1);
}

static void test_twice(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_NEW)), -EEXIST);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_NEW)), -EEXIST);
	assert_anomalies(f, MIRROR_DUPLICATE, 2);
	assert_int_equal(the_ioas(f)->mode, IOAS_MODE_V2);
}

static void test_leftovers(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x3000, 0x3fff);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), -ENOTEMPTY);
	assert_null(mirror_find_ioas(f->m, 2));
	assert_null(mirror_ioas_first(the_ctx(f)));
	assert_anomalies(f, MIRROR_LEFTOVER, 1);
	apply(f, unit_event(IOAS_EV_IOAS_NEW));
	add(f, 0x1000, 0x1fff);
	assert_int_equal(apply(f, unit_event(IOAS_EV_CTX_GONE)), -ENOTEMPTY);
	assert_null(mirror_ctx_first(f->m));
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 3);
	assert_int_equal(mirror_stats(f->m)->areas, 0);
	assert_int_equal(mirror_stats(f->m)->ioases, 0);
	assert_int_equal(mirror_anomalies(f->m)->count[MIRROR_LEFTOVER], 2);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_ioas(f);
	ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0xfff, 0);
	assert_int_equal(apply(f, ev), -EBADMSG);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	ev = unit_event(IOAS_EV_KIND_MAX);
	ev.ctx = 5;
	assert_int_equal(apply(f, ev), -EOPNOTSUPP);
	assert_int_equal(mirror_find_ctx(f->m, 5)->uncertain_since, f->now);
	assert_int_equal(mirror_stats(f->m)->refused, 2);
}

static void test_mark_uncertain(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(mirror_mark_uncertain(f->m, 1, 500), 0);
	assert_int_equal(the_ctx(f)->uncertain_since, 500);
	mirror_mark_uncertain(f->m, 1, 600);
	assert_int_equal(the_ctx(f)->uncertain_since, 500);
	mirror_mark_uncertain(f->m, 9, 0);
	assert_int_equal(mirror_find_ctx(f->m, 9)->uncertain_since, 1);
	assert_true(mirror_find_ctx(f->m, 9)->adopted);
	mirror_mark_uncertain(f->m, 0, 400);
	assert_int_equal(the_ctx(f)->uncertain_since, 400);
	assert_int_equal(mirror_find_ctx(f->m, 9)->uncertain_since, 1);
}

static void test_recent_anomalies(void **state)
{
	struct fixture *f = *state;
	const struct mirror_anomalies *a = mirror_anomalies(f->m);
	const uint64_t total = MIRROR_ANOMALIES_KEPT + 5;

	open_ioas(f);
	for (uint64_t i = 0; i < total; i++)
		gone(f, i * PAGE, i * PAGE + PAGE - 1);
	assert_int_equal(a->total, total);
	for (uint64_t i = total - MIRROR_ANOMALIES_KEPT; i < total; i++)
		assert_int_equal(a->recent[i % MIRROR_ANOMALIES_KEPT].iova, i * PAGE);
	assert_int_equal(a->doubtful[MIRROR_UNKNOWN_AREA], total - 1);
	for (unsigned int i = 0; i < MIRROR_ANOMALY_KINDS; i++)
		assert_non_null(mirror_anomaly_name(i));
	assert_null(mirror_anomaly_name(MIRROR_ANOMALY_KINDS));
}

/* The order number of what was taken last, op or change; what has none changes nothing. */
static void test_order(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);

	ev.order = 41;
	apply(f, ev);
	assert_int_equal(the_ctx(f)->order, 41);
	ev = unit_event(IOAS_EV_IOAS_NEW);
	ev.order = 42;
	apply(f, ev);
	assert_int_equal(the_ctx(f)->order, 42);
	ev = unit_event(IOAS_EV_OP);
	ev.body_op.what = IOAS_OP_MAP;
	ev.order = 43;
	apply(f, ev);
	assert_int_equal(the_ctx(f)->order, 43);
	add(f, 0x1000, 0x1fff);
	assert_int_equal(the_ctx(f)->order, 43);
	ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0xfff, 0); /* refused */
	ev.order = 44;
	apply(f, ev);
	assert_int_equal(the_ctx(f)->order, 43);
}

/* What the reader of the events says about them. */
static void test_uncertain_event(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_UNCERTAIN);

	open_ioas(f);
	ev.ioas = 0;
	ev.body_obj.value = 700;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_ctx(f)->uncertain_since, 700);
	ev.ctx = 8; /* not known: held from here */
	ev.body_obj.value = 0;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_find_ctx(f->m, 8)->uncertain_since, f->now);
	assert_true(mirror_find_ctx(f->m, 8)->adopted);
	ev.ctx = 0;
	ev.body_obj.value = 600;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_ctx(f)->uncertain_since, 600);
	assert_int_equal(mirror_find_ctx(f->m, 8)->uncertain_since, 600);
	assert_int_equal(mirror_stats(f->m)->changes, 5);
	assert_no_anomaly(f);
}

/* Something was lost of a context that could not be held: those adopted later may be it. */
static void test_unplaced(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_UNCERTAIN);

	ev.ctx = 0;
	ev.flags = IOAS_F_ADOPTED;
	ev.body_obj.value = 600;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_stats(f->m)->unplaced_since, 600);
	open_ioas(f);
	assert_int_equal(the_ctx(f)->uncertain_since, 0);
	ev = unit_event(IOAS_EV_CTX_NEW);
	ev.ctx = 7;
	ev.flags = IOAS_F_ADOPTED;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_find_ctx(f->m, 7)->uncertain_since, 600);
	ev = area_event(IOAS_EV_AREA_ADD, 0, 0xfff, 0);
	ev.ctx = 8;
	ev.ioas = 9;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_find_ctx(f->m, 8)->uncertain_since, 600);
}

/* An adopted context is told with its owner, or without; then the owner may come later. */
static void test_adopted_owner(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);

	ev.flags = IOAS_F_ADOPTED;
	ev.tgid = 0;
	ev.comm[0] = '\0';
	ev.order = 17;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ctx(f)->adopted);
	assert_false(the_ctx(f)->owner_known);
	assert_int_equal(the_ctx(f)->order, 17);
	ev = unit_event(IOAS_EV_CTX_NEW);
	ev.flags = IOAS_F_ADOPTED;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ctx(f)->owner_known);
	assert_int_equal(the_ctx(f)->tgid, 100);
	assert_string_equal(the_ctx(f)->comm, "unit");
	assert_no_anomaly(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_contexts),	   WITH_FIXTURE(test_ops),
		WITH_FIXTURE(test_wrong_context),  WITH_FIXTURE(test_unknown_ioas),
		WITH_FIXTURE(test_adopted),	   WITH_FIXTURE(test_twice),
		WITH_FIXTURE(test_leftovers),	   WITH_FIXTURE(test_refused),
		WITH_FIXTURE(test_mark_uncertain), WITH_FIXTURE(test_recent_anomalies),
		WITH_FIXTURE(test_order),	   WITH_FIXTURE(test_uncertain_event),
		WITH_FIXTURE(test_unplaced),	   WITH_FIXTURE(test_adopted_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
