// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: memory that areas share, and who pays for it. */
#include "mirror_unit.h"

static const struct mirror_pages *the_pages(struct fixture *f, uint32_t id)
{
	const struct mirror_pages *pages = mirror_find_pages(the_ctx(f), id);

	assert_non_null(pages);
	return pages;
}

/* Context 1 with IOASes 2 and 3, and pages object 7: 8 pages at 0x700000. */
static void open_pages(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	open_ioas(f);
	ev.ioas = 3;
	ev.body_obj.mode = IOAS_MODE_COVER;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_NEW, 7)), 0);
}

static void test_pages(void **state)
{
	struct fixture *f = *state;
	const struct mirror_pages *pages;
	struct ioas_event ev;

	open_pages(f);
	pages = the_pages(f, 7);
	assert_int_equal(pages->id, 7);
	assert_ptr_equal(pages->ctx, the_ctx(f));
	assert_int_equal(pages->npages, 8);
	assert_int_equal(pages->memory, IOAS_MEMORY_USER);
	assert_int_equal(pages->account, IOAS_COUNTER_USER_LOCKED);
	assert_true(pages->writable);
	assert_false(pages->adopted);
	assert_int_equal(pages->owner, 5);
	assert_int_equal(pages->owner_tgid, 100);
	assert_int_equal(pages->time_ns, f->now);
	assert_int_equal(pages->areas, 0);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_NEW, 4)), 0);
	assert_int_equal(mirror_pages_first(the_ctx(f))->id, 4);
	assert_ptr_equal(mirror_pages_next(mirror_pages_first(the_ctx(f))), pages);
	assert_null(mirror_pages_next(pages));
	ev = pages_event(IOAS_EV_PAGES_OWNER, 7);
	ev.body_pages.owner = 6;
	ev.body_pages.owner_tgid = 200;
	ev.body_pages.owner_uid = 2000;
	ev.body_pages.account = IOAS_COUNTER_MM_LOCKED;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(pages->owner, 6);
	assert_int_equal(pages->owner_tgid, 200);
	assert_int_equal(pages->owner_uid, 2000);
	assert_int_equal(pages->account, IOAS_COUNTER_MM_LOCKED);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_GONE, 7)), 0);
	assert_null(mirror_find_pages(the_ctx(f), 7));
	assert_no_anomaly(f);
}

/* A copy in another IOAS shares the object, each area a slice of its own. */
static void test_shared(void **state)
{
	struct fixture *f = *state;
	const struct mirror_area *area;
	struct ioas_event ev;

	open_pages(f);
	ev = shared_event(0x10000, 0x12fff, 7, 0x1000);
	ev.body_area.owner_tgid = 0; /* that of the pages object holds */
	assert_int_equal(apply(f, ev), 0);
	ev = shared_event(0x4000, 0x4fff, 7, 0x7000);
	ev.ioas = 3;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_pages(f, 7)->areas, 2);
	area = mirror_area_at(the_ioas(f), 0x10000);
	assert_ptr_equal(mirror_area_pages(area), the_pages(f, 7));
	assert_int_equal(mirror_area_offset(area), 0x1000);
	assert_int_equal(mirror_area_va(area), 0x701000);
	assert_int_equal(mirror_area_pinned(area), 0);
	assert_int_equal(mirror_area_owner(f->m, area).tgid, 100);
	assert_int_equal(mirror_area_owner(f->m, area).uid, 1000);
	area = mirror_area_first(mirror_find_ioas(f->m, 3));
	assert_int_equal(mirror_area_va(area), 0x707000);
	ev = pages_event(IOAS_EV_PAGES_PINNED, 7);
	ev.body_pages.pinned = 8;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_pages(f, 7)->pinned, 8);
	assert_int_equal(the_ioas(f)->pinned, 0);
	ev.body_pages.pinned = -8;
	assert_int_equal(apply(f, ev), 0);
	/* One goes with its range, the other with its IOAS; the object stays until it goes. */
	ev = area_event(IOAS_EV_AREA_GONE, 0x10000, 0x12fff, 0);
	ev.body_area.pages_id = 7;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_pages(f, 7)->areas, 1);
	assert_no_anomaly(f);
	ev = unit_event(IOAS_EV_IOAS_GONE);
	ev.ioas = 3;
	assert_int_equal(apply(f, ev), -ENOTEMPTY);
	assert_int_equal(the_pages(f, 7)->areas, 0);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_GONE, 7)), 0);
}

static void test_shared_split(void **state)
{
	struct fixture *f = *state;
	const struct mirror_area *right;
	struct ioas_event ev;

	open_pages(f);
	apply(f, shared_event(0x10000, 0x13fff, 7, 0x2000));
	ev = area_event(IOAS_EV_AREA_SPLIT, 0x10000, 0x13fff, 0);
	ev.body_area.pages_id = 7;
	ev.body_area.at = 0x11000;
	assert_int_equal(apply(f, ev), 0);
	right = mirror_area_at(the_ioas(f), 0x11000);
	assert_int_equal(mirror_area_offset(right), 0x3000);
	assert_int_equal(mirror_area_va(right), 0x703000);
	assert_int_equal(mirror_area_offset(mirror_area_at(the_ioas(f), 0x10fff)), 0x2000);
	assert_int_equal(the_pages(f, 7)->areas, 2);
	assert_no_anomaly(f);
}

/* [0x10000, 0x11fff] and [0x12000, 0x13fff] of pages object 7, which go on in its memory, as one.
 */
static struct ioas_event two_to_merge(struct fixture *f)
{
	struct ioas_event ev = shared_event(0x10000, 0x11fff, 7, 0x2000);

	open_pages(f);
	ev.body_area.area = 4;
	assert_int_equal(apply(f, ev), 0);
	ev = shared_event(0x12000, 0x13fff, 7, 0x4000);
	ev.body_area.area = 5;
	assert_int_equal(apply(f, ev), 0);
	ev = area_event(IOAS_EV_AREA_MERGED, 0x10000, 0x13fff, 0);
	ev.body_area.pages_id = 7;
	ev.body_area.area = 4;
	ev.body_area.area2 = 5;
	ev.body_area.at = 0x12000;
	return ev;
}

static void test_merge(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = two_to_merge(f);
	const struct mirror_area *area;

	assert_int_equal(apply(f, ev), 0);
	area = mirror_area_at(the_ioas(f), 0x13fff);
	assert_int_equal(area->node.start, 0x10000);
	assert_int_equal(area->node.last, 0x13fff);
	assert_int_equal(area->number, 4);
	assert_int_equal(mirror_area_offset(area), 0x2000);
	assert_int_equal(mirror_area_count(the_ioas(f)), 1);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0x4000);
	assert_int_equal(the_pages(f, 7)->areas, 1);
	assert_no_anomaly(f);
	ev.kind = IOAS_EV_AREA_GONE;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0);
	assert_int_equal(the_pages(f, 7)->areas, 0);
	assert_no_anomaly(f);
}

/* Another number of the second part; then there is but one area. */
static void test_merge_contradictions(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = two_to_merge(f);

	ev.body_area.area2 = 6;
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 1);
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_int_equal(the_pages(f, 7)->areas, 0);
}

/* Of two areas the sender had seen one: nobody knows what they are as one. */
static void test_merge_unseen(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = two_to_merge(f), gone = ev;

	gone.kind = IOAS_EV_AREA_GONE;
	gone.body_area.last = 0x11fff;
	gone.body_area.at = 0;
	assert_int_equal(apply(f, gone), 0);
	ev.flags = IOAS_F_UNSEEN;
	ev.body_area.area = ev.body_area.area2 = 0;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0);
	assert_int_not_equal(the_ctx(f)->uncertain_since, 0);
}

/* A table tells nothing of what it maps. */
static void test_table(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	open_pages(f);
	assert_int_equal(the_ctx(f)->uncertain_since, 0);
	ev.ioas = 4;
	ev.body_obj.mode = IOAS_MODE_TCE;
	ev.flags = IOAS_F_UNTOLD;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	assert_no_anomaly(f);
}

/* What only areas with memory of their own can have. */
static void test_shared_contradictions(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_pages(f);
	apply(f, shared_event(0x10000, 0x13fff, 7, 0));
	assert_int_equal(pinned(f, 0x10000, 1, 0), -ESTALE);
	assert_int_equal(the_ioas(f)->pinned, 0);
	ev = area_event(IOAS_EV_AREA_UPDATE, 0x10000, 0x13fff, 0x700000);
	assert_int_equal(apply(f, ev), 0);
	ev.body_area.va = 0x800000;
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_int_equal(mirror_area_va(mirror_area_at(the_ioas(f), 0x10000)), 0x700000);
	/* A removal names other memory. */
	apply(f, pages_event(IOAS_EV_PAGES_NEW, 8));
	ev = area_event(IOAS_EV_AREA_GONE, 0x10000, 0x13fff, 0);
	ev.body_area.pages_id = 8;
	assert_int_equal(apply(f, ev), -ESTALE);
	add(f, 0x1000, 0x1fff);
	ev = area_event(IOAS_EV_AREA_GONE, 0x1000, 0x1fff, 0x701000);
	ev.body_area.pages_id = 8;
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_int_equal(the_pages(f, 7)->areas, 0);
	assert_anomalies(f, MIRROR_MISMATCH, 4);
}

static void test_outside(void **state)
{
	struct fixture *f = *state;

	open_pages(f);
	assert_int_equal(apply(f, shared_event(0x10000, 0x10fff, 7, 0x7000)), 0);
	assert_no_anomaly(f);
	assert_int_equal(apply(f, shared_event(0x20000, 0x20fff, 7, 0x7001)), -ERANGE);
	assert_anomalies(f, MIRROR_OUTSIDE, 1);
	assert_int_equal(the_pages(f, 7)->npages, 9); /* the area is believed */
	assert_int_equal(mirror_area_count(the_ioas(f)), 2);
}

static void test_unknown_pages(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = shared_event(0x10000, 0x10fff, 9, 0x4800);

	open_ioas(f);
	ev.body_area.va = 0x704800;
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_true(the_pages(f, 9)->adopted);
	assert_int_equal(the_pages(f, 9)->npages, 6); /* up to the byte 0x57ff */
	assert_int_equal(the_pages(f, 9)->va, 0x700000);
	assert_int_equal(the_pages(f, 9)->owner_tgid, 100);
	/* How large it is nobody has said: more is no contradiction. */
	assert_int_equal(apply(f, shared_event(0x20000, 0x20fff, 9, 0x9000)), 0);
	assert_int_equal(the_pages(f, 9)->npages, 10);
	ev = pages_event(IOAS_EV_PAGES_NEW, 9);
	ev.body_pages.npages = 12;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_pages(f, 9)->adopted);
	assert_int_equal(the_pages(f, 9)->npages, 12);
	assert_int_equal(the_pages(f, 9)->memory, IOAS_MEMORY_USER);
	assert_int_equal(the_pages(f, 9)->areas, 2);
	assert_int_equal(apply(f, ev), -EEXIST);
	ev.flags = IOAS_F_ADOPTED;
	assert_int_equal(apply(f, ev), 0);
	assert_anomaly(f, MIRROR_UNKNOWN_OBJECT, 1);
	assert_anomaly(f, MIRROR_DUPLICATE, 1);
	assert_anomaly(f, MIRROR_OUTSIDE, 0);
	/* Too small for what was seen of it. */
	apply(f, shared_event(0x30000, 0x30fff, 3, 0x9000));
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_NEW, 3)), -ERANGE);
	assert_int_equal(the_pages(f, 3)->npages, 10);
}

/* Each change of an object that is not there, and its end. */
static void test_unknown_changes(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = pages_event(IOAS_EV_PAGES_PINNED, 9);

	open_ioas(f);
	ev.body_pages.pinned = 3;
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_int_equal(the_pages(f, 9)->pinned, 3);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_OWNER, 8)), -ENOENT);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_GONE, 6)), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_OBJECT, 3);
}

/* In a context that was there before us nothing of that is a contradiction. */
static void test_adopted_pages(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = pages_event(IOAS_EV_PAGES_PINNED, 9);

	ev.body_pages.pinned = -3;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ctx(f)->adopted);
	assert_int_equal(the_pages(f, 9)->pinned, 0);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_OWNER, 8)), 0);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_GONE, 6)), 0);
	assert_int_equal(apply(f, shared_event(0x1000, 0x1fff, 5, 0)), 0);
	ev = unit_event(IOAS_EV_CHARGE);
	ev.body_charge.pages_id = 4;
	ev.body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	ev.body_charge.pages = -3;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_ctx_charge_first(the_ctx(f))->pages, -3);
	assert_no_anomaly(f);
}

/* Gone, and areas still show it: they cannot be. */
static void test_leftover_areas(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_pages(f);
	apply(f, shared_event(0x10000, 0x10fff, 7, 0));
	apply(f, shared_event(0x20000, 0x20fff, 7, 0));
	add(f, 0x30000, 0x30fff);
	ev = shared_event(0x10000, 0x10fff, 7, 0);
	ev.ioas = 3;
	apply(f, ev);
	assert_int_equal(apply(f, pages_event(IOAS_EV_PAGES_GONE, 7)), -ENOTEMPTY);
	assert_null(mirror_find_pages(the_ctx(f), 7));
	assert_int_equal(mirror_area_count(the_ioas(f)), 1);
	assert_int_equal(mirror_area_count(mirror_find_ioas(f->m, 3)), 0);
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 3);
	assert_anomalies(f, MIRROR_LEFTOVER, 1);
}

static void test_pinned_limits(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = pages_event(IOAS_EV_PAGES_PINNED, 7);

	open_pages(f);
	ev.body_pages.pinned = -1;
	assert_int_equal(apply(f, ev), -ERANGE);
	assert_int_equal(the_pages(f, 7)->pinned, 0);
	ev.body_pages.pinned = INT64_MAX;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(apply(f, ev), -ERANGE);
	assert_int_equal(the_pages(f, 7)->pinned, INT64_MAX);
	assert_anomalies(f, MIRROR_UNDERFLOW, 2);
}

static int charge_pages(struct fixture *f, uint32_t id, uint32_t owner, uint32_t counter,
			int64_t pages)
{
	struct ioas_event ev = unit_event(IOAS_EV_CHARGE);

	ev.ioas = 0;
	ev.body_charge.pages_id = id;
	ev.body_charge.owner = owner;
	ev.body_charge.counter = counter;
	ev.body_charge.pages = pages;
	ev.body_charge.owner_tgid = 10 + owner;
	return apply(f, ev);
}

static void test_pages_charges(void **state)
{
	struct fixture *f = *state;
	const struct mirror_charge *c;

	open_pages(f);
	assert_int_equal(charge_pages(f, 7, 5, IOAS_COUNTER_USER_LOCKED, 8), 0);
	assert_int_equal(charge_pages(f, 7, 5, IOAS_COUNTER_MM_PINNED, 8), 0);
	apply(f, pages_event(IOAS_EV_PAGES_NEW, 4));
	assert_int_equal(charge_pages(f, 4, 5, IOAS_COUNTER_USER_LOCKED, 3), 0);
	assert_int_equal(the_pages(f, 7)->charged, 8);
	assert_int_equal(the_pages(f, 4)->charged, 3);
	c = mirror_ctx_charge_first(the_ctx(f));
	assert_int_equal(c->owner, 5);
	assert_int_equal(c->counter, IOAS_COUNTER_USER_LOCKED);
	assert_int_equal(c->pages, 11);
	assert_int_equal(c->tgid, 15);
	assert_int_equal(mirror_charge_next(c)->counter, IOAS_COUNTER_MM_PINNED);
	assert_int_equal(mirror_charge_next(c)->pages, 8);
	assert_null(mirror_charge_first(the_ioas(f)));
	assert_int_equal(charge_pages(f, 7, 5, IOAS_COUNTER_USER_LOCKED, -8), 0);
	assert_int_equal(c->pages, 3);
	assert_int_equal(c->peak, 11);
	assert_no_anomaly(f);
	/* What is not charged is taken back. */
	assert_int_equal(charge_pages(f, 7, 5, IOAS_COUNTER_USER_LOCKED, -1), -ERANGE);
	assert_int_equal(charge_pages(f, 3, 5, IOAS_COUNTER_USER_LOCKED, 1), -ENOENT);
	assert_int_equal(c->pages, 3);
	assert_null(mirror_find_pages(the_ctx(f), 3));
	apply(f, unit_event(IOAS_EV_CTX_GONE));
	assert_int_equal(mirror_stats(f->m)->charges_dropped, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_pages),
		WITH_FIXTURE(test_shared),
		WITH_FIXTURE(test_shared_split),
		WITH_FIXTURE(test_merge),
		WITH_FIXTURE(test_merge_contradictions),
		WITH_FIXTURE(test_merge_unseen),
		WITH_FIXTURE(test_table),
		WITH_FIXTURE(test_shared_contradictions),
		WITH_FIXTURE(test_outside),
		WITH_FIXTURE(test_unknown_pages),
		WITH_FIXTURE(test_unknown_changes),
		WITH_FIXTURE(test_adopted_pages),
		WITH_FIXTURE(test_leftover_areas),
		WITH_FIXTURE(test_pinned_limits),
		WITH_FIXTURE(test_pages_charges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
