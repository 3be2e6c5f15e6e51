// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: pins of clients, all together and each for itself; and ranges. */
#include "mirror_unit.h"

static void test_access_pins(void **state)
{
	struct fixture *f = *state;
	const struct mirror_ioas *ioas;
	const struct pin_range *range;

	open_ioas(f);
	ioas = the_ioas(f);
	apply(f, area_event(IOAS_EV_ACCESS_PIN, 0x1000, 0x4fff, 0));
	apply(f, area_event(IOAS_EV_ACCESS_PIN, 0x2080, 0x207f + 0x1000, 0)); /* parts of pages */
	range = mirror_pins_first(ioas);
	assert_int_equal(range->node.start, 0x1000);
	assert_int_equal(range->count, 1);
	range = mirror_pins_next(range);
	assert_int_equal(range->node.start, 0x2000);
	assert_int_equal(range->node.last, 0x3fff);
	assert_int_equal(range->count, 2);
	range = mirror_pins_next(range);
	assert_int_equal(range->node.start, 0x4000);
	assert_null(mirror_pins_next(range));
	assert_int_equal(ioas->pins.pages, 4);
	assert_int_equal(ioas->pins.refs, 6);
	assert_int_equal(apply(f, area_event(IOAS_EV_ACCESS_UNPIN, 0, 0x5fff, 0)), 0);
	assert_int_equal(ioas->stray_unpins, 2);
	assert_int_equal(ioas->pins.pages, 2);
	assert_int_equal(apply(f, unit_event(IOAS_EV_IOAS_GONE)), 0);
	assert_int_equal(mirror_stats(f->m)->pins_dropped, 2);
	assert_anomalies(f, MIRROR_OVERLAP, 0);
}

/* `refs` pins of access `id` (0: of nobody in particular) on pages first to last. */
static int pin(struct fixture *f, unsigned int kind, uint32_t id, uint64_t first, uint64_t last,
	       uint32_t refs)
{
	struct ioas_event ev = area_event(kind, first * PAGE, last * PAGE + PAGE - 1, 0);

	ev.body_area.object = id;
	ev.body_area.refs = refs;
	return apply(f, ev);
}

static uint64_t total_at(struct fixture *f, uint64_t page)
{
	return pincount_at(&the_ioas(f)->pins, page * PAGE);
}

static uint64_t held_at(struct fixture *f, uint32_t id, uint64_t page)
{
	return pincount_at(&mirror_find_access(the_ioas(f), id)->pins, page * PAGE);
}

static void attach_access(struct fixture *f, uint32_t id)
{
	struct ioas_event ev = object_event(IOAS_EV_ACCESS_ATTACH, id);

	ev.body_obj.exact = 1;
	ev.body_obj.page_size = PAGE;
	assert_int_equal(apply(f, ev), 0);
}

static void test_accesses(void **state)
{
	struct fixture *f = *state;
	const struct mirror_access *a;

	open_ioas(f);
	attach_access(f, 6);
	attach_access(f, 3);
	assert_int_equal(mirror_access_count(the_ioas(f)), 2);
	a = mirror_access_first(the_ioas(f));
	assert_int_equal(a->id, 3);
	assert_true(a->exact);
	assert_int_equal(a->alignment, PAGE);
	assert_ptr_equal(mirror_access_next(a), mirror_find_access(the_ioas(f), 6));
	assert_int_equal(apply(f, object_event(IOAS_EV_ACCESS_DETACH, 3)), 0);
	assert_null(mirror_find_access(the_ioas(f), 3));
	assert_no_anomaly(f);
	assert_int_equal(apply(f, object_event(IOAS_EV_ACCESS_DETACH, 3)), -ENOENT);
	assert_int_equal(apply(f, object_event(IOAS_EV_ACCESS_ATTACH, 6)), -EEXIST);
	assert_anomaly(f, MIRROR_UNKNOWN_OBJECT, 1);
	assert_anomaly(f, MIRROR_DUPLICATE, 1);
}

/* What one holds another cannot let go. */
static void test_pins_of_accesses(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	attach_access(f, 3);
	attach_access(f, 6);
	pin(f, IOAS_EV_ACCESS_PIN, 3, 0, 9, 0);
	pin(f, IOAS_EV_ACCESS_PIN, 6, 5, 14, 2);
	assert_int_equal(total_at(f, 0), 1);
	assert_int_equal(total_at(f, 5), 3);
	assert_int_equal(total_at(f, 10), 2);
	assert_int_equal(held_at(f, 3, 5), 1);
	assert_int_equal(held_at(f, 6, 5), 2);
	assert_int_equal(held_at(f, 6, 0), 0);
	/* Access 3 lets go of pages 8 to 12, and holds 8 and 9 only. */
	assert_int_equal(pin(f, IOAS_EV_ACCESS_UNPIN, 3, 8, 12, 1), 0);
	assert_int_equal(the_ioas(f)->stray_unpins, 3);
	assert_int_equal(total_at(f, 7), 3);
	assert_int_equal(total_at(f, 8), 2);
	assert_int_equal(total_at(f, 12), 2);
	/* More often than it is held: down to what the other one has. */
	assert_int_equal(pin(f, IOAS_EV_ACCESS_UNPIN, 3, 5, 5, 4), 0);
	assert_int_equal(the_ioas(f)->stray_unpins, 6);
	assert_int_equal(total_at(f, 5), 2);
	assert_int_equal(held_at(f, 3, 5), 0);
	/* Who leaves takes along what it holds: pages 0 to 4, 6, and 7. */
	assert_int_equal(apply(f, object_event(IOAS_EV_ACCESS_DETACH, 3)), 0);
	assert_int_equal(mirror_stats(f->m)->pins_dropped, 7);
	assert_int_equal(total_at(f, 0), 0);
	assert_int_equal(total_at(f, 7), 2);
	assert_int_equal(the_ioas(f)->pins.pages, 10);
	assert_int_equal(the_ioas(f)->pins.refs, 20);
	assert_no_anomaly(f);
}

/* A client without a number lets go of what no access holds, and of nothing else. */
static void test_unnamed(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	attach_access(f, 3);
	pin(f, IOAS_EV_ACCESS_PIN, 3, 0, 9, 2);
	pin(f, IOAS_EV_ACCESS_PIN, 0, 5, 14, 3);
	assert_int_equal(total_at(f, 5), 5);
	assert_int_equal(pin(f, IOAS_EV_ACCESS_UNPIN, 0, 0, 19, 2), 0);
	assert_int_equal(the_ioas(f)->stray_unpins, 2 * 5 + 2 * 5);
	assert_int_equal(total_at(f, 0), 2);
	assert_int_equal(total_at(f, 5), 3);
	assert_int_equal(total_at(f, 14), 1);
	assert_int_equal(held_at(f, 3, 5), 2);
	assert_int_equal(pin(f, IOAS_EV_ACCESS_UNPIN, 0, 0, 19, 2), 0);
	assert_int_equal(the_ioas(f)->stray_unpins, 20 + 2 * 20 - 10);
	assert_int_equal(total_at(f, 5), 2);
	assert_int_equal(total_at(f, 14), 0);
	assert_no_anomaly(f);
}

/* An access that never came: it is held from its first word on. */
static void test_unknown_access(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(pin(f, IOAS_EV_ACCESS_PIN, 4, 0, 0, 1), -ENOENT);
	assert_int_equal(held_at(f, 4, 0), 1);
	assert_int_equal(pin(f, IOAS_EV_ACCESS_UNPIN, 4, 0, 0, 1), 0);
	assert_anomalies(f, MIRROR_UNKNOWN_OBJECT, 1);
}

/* An access that is moved is in two IOASes for a moment, with pins in the first. */
static void test_moved_access(void **state)
{
	struct fixture *f = *state;
	struct ioas_event other = unit_event(IOAS_EV_IOAS_NEW);
	struct ioas_event ev = object_event(IOAS_EV_ACCESS_ATTACH, 4);
	const struct mirror_ioas *second;

	open_ioas(f);
	attach_access(f, 4);
	pin(f, IOAS_EV_ACCESS_PIN, 4, 1, 3, 1);
	other.ioas = ev.ioas = 3;
	assert_int_equal(apply(f, other), 0);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(held_at(f, 4, 2), 1);
	assert_int_equal(pin(f, IOAS_EV_ACCESS_UNPIN, 4, 1, 3, 1), 0);
	assert_int_equal(apply(f, object_event(IOAS_EV_ACCESS_DETACH, 4)), 0);
	assert_null(mirror_find_access(the_ioas(f), 4));
	ev = area_event(IOAS_EV_ACCESS_PIN, PAGE, 2 * PAGE - 1, 0);
	ev.ioas = 3;
	ev.body_area.object = 4;
	assert_int_equal(apply(f, ev), 0);
	second = mirror_find_ioas(f->m, 3);
	assert_int_equal(mirror_find_access(second, 4)->pins.refs, 1);
	assert_int_equal(the_ioas(f)->pins.refs, 0);
	assert_no_anomaly(f);
}

static int range(struct fixture *f, unsigned int kind, unsigned int class, uint64_t iova,
		 uint64_t last, uint32_t owner)
{
	return apply(f, range_event(kind, class, iova, last, owner));
}

static void test_ranges(void **state)
{
	struct fixture *f = *state;
	const struct mirror_range *r;
	const struct mirror_ioas *i;

	open_ioas(f);
	i = the_ioas(f);
	range(f, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0x100000, UINT64_MAX, 0);
	range(f, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xfffff - 1, 0);
	range(f, IOAS_EV_RANGE_ADD, IOAS_RANGE_ALLOWED, 0x100000, 0x1fffff, 0);
	assert_int_equal(mirror_range_count(i, IOAS_RANGE_VALID), 2);
	assert_int_equal(mirror_range_count(i, IOAS_RANGE_ALLOWED), 1);
	assert_int_equal(mirror_range_count(i, IOAS_RANGE_RESERVED), 0);
	assert_int_equal(mirror_range_count(i, 99), 0);
	r = mirror_range_first(i, IOAS_RANGE_VALID);
	assert_int_equal(r->node.start, 0);
	assert_int_equal(r->class, IOAS_RANGE_VALID);
	r = mirror_range_next(r);
	assert_int_equal(r->node.last, UINT64_MAX);
	assert_null(mirror_range_next(r));
	assert_null(mirror_range_first_in(i, IOAS_RANGE_VALID, 0xfffff, 0xfffff));
	r = mirror_range_first_in(i, IOAS_RANGE_VALID, 0xffffe, 0x100000);
	assert_int_equal(r->node.start, 0);
	r = mirror_range_next_in(r, 0xffffe, 0x100000);
	assert_int_equal(r->node.start, 0x100000);
	assert_null(mirror_range_next_in(r, 0xffffe, 0x100000));
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, IOAS_RANGE_VALID, 0x100000, UINT64_MAX, 0), 0);
	assert_int_equal(mirror_range_count(i, IOAS_RANGE_VALID), 1);
	assert_no_anomaly(f);
	/* A newer one is believed, where there can only be one. */
	assert_int_equal(range(f, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0x8000, 0x8fff, 0), -EEXIST);
	assert_int_equal(mirror_range_count(i, IOAS_RANGE_VALID), 1);
	assert_int_equal(mirror_range_first(i, IOAS_RANGE_VALID)->node.start, 0x8000);
	assert_int_equal(mirror_anomalies(f->m)->recent[0].iova, 0x8000);
	assert_int_equal(mirror_anomalies(f->m)->recent[0].last, 0x8fff);
	assert_anomalies(f, MIRROR_OVERLAP, 1);
}

/* Of ranges that begin at one address the one that ends there, too. */
static void test_same_start(void **state)
{
	struct fixture *f = *state;
	const unsigned int class = IOAS_RANGE_RESERVED;

	open_ioas(f);
	range(f, IOAS_EV_RANGE_ADD, class, 0x1000, 0x1fff, 1);
	range(f, IOAS_EV_RANGE_ADD, class, 0x1000, 0x3fff, 1);
	range(f, IOAS_EV_RANGE_ADD, class, 0x1000, 0x2fff, 1);
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, class, 0x1000, 0x2fff, 1), 0);
	assert_int_equal(mirror_range_first(the_ioas(f), class)->node.last, 0x1fff);
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, class, 0x1000, 0x3fff, 1), 0);
	assert_int_equal(mirror_range_count(the_ioas(f), class), 1);
	assert_no_anomaly(f);
}

/* Each owner for itself: the same range twice, and one over another. */
static void test_reserved(void **state)
{
	struct fixture *f = *state;
	const unsigned int class = IOAS_RANGE_RESERVED;
	const struct mirror_ioas *i;

	open_ioas(f);
	i = the_ioas(f);
	range(f, IOAS_EV_RANGE_ADD, class, 0xfee00000, 0xfeefffff, 1);
	range(f, IOAS_EV_RANGE_ADD, class, 0xfee00000, 0xfeefffff, 2);
	range(f, IOAS_EV_RANGE_ADD, class, 0xfee00000, 0xfeefffff, 2);
	range(f, IOAS_EV_RANGE_ADD, class, 0, 0xffffffff, 1);
	assert_int_equal(mirror_range_count(i, class), 4);
	/* Only what is the same in all: not with another owner, nor with another end. */
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, class, 0xfee00000, 0xfeefffff, 2), 0);
	assert_int_equal(mirror_range_count(i, class), 3);
	assert_no_anomaly(f);
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, class, 0xfee00000, 0xfeefffff, 3), -ENOENT);
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, class, 0xfee00000, 0xfeefff, 1), -EBADMSG);
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, class, 0xfee00000, 0xfeeffffe, 1), -ENOENT);
	assert_int_equal(range(f, IOAS_EV_RANGE_DEL, IOAS_RANGE_ALLOWED, 0, 0xffffffff, 1),
			 -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_OBJECT, 3);
	assert_int_equal(mirror_range_count(i, class), 3);
	assert_int_equal(range(f, IOAS_EV_RANGE_CLEAR, class, 0, 0, 1), 0);
	assert_int_equal(mirror_range_count(i, class), 1);
	assert_int_equal(mirror_range_first(i, class)->owner, 2);
	range(f, IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xfff, 0);
	assert_int_equal(range(f, IOAS_EV_RANGE_CLEAR, class, 0, 0, 0), 0);
	assert_int_equal(mirror_range_count(i, class), 0);
	assert_int_equal(mirror_range_count(i, IOAS_RANGE_VALID), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_access_pins),	     WITH_FIXTURE(test_accesses),
		WITH_FIXTURE(test_pins_of_accesses), WITH_FIXTURE(test_unnamed),
		WITH_FIXTURE(test_unknown_access),   WITH_FIXTURE(test_ranges),
		WITH_FIXTURE(test_moved_access),     WITH_FIXTURE(test_same_start),
		WITH_FIXTURE(test_reserved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
