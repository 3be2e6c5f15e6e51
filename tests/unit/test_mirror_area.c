// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: areas, and what contradicts them. */
#include "mirror_unit.h"

static void test_areas(void **state)
{
	struct fixture *f = *state;
	const struct mirror_ioas *ioas;
	const struct mirror_area *area;

	open_ioas(f);
	assert_int_equal(add(f, 0x4000, 0x4fff), 0);
	assert_int_equal(add(f, 0x1000, 0x2fff), 0);
	assert_int_equal(add(f, UINT64_MAX - 0xfff, UINT64_MAX), 0);
	assert_int_equal(add(f, 0, 0xfff), 0);
	ioas = the_ioas(f);
	assert_int_equal(ioas->mode, IOAS_MODE_V2);
	assert_ptr_equal(ioas->ctx, the_ctx(f));
	assert_int_equal(mirror_area_count(ioas), 4);
	assert_int_equal(mirror_mapped_bytes(ioas), 0x5000);
	assert_int_equal(ioas->pinned, 4);
	area = mirror_area_first(ioas);
	assert_int_equal(area->node.start, 0);
	area = mirror_area_next(area);
	assert_int_equal(area->node.last, 0x2fff);
	assert_int_equal(area->va, 0x701000);
	assert_int_equal(area->op, 77);
	assert_int_equal(area->prot, IOAS_PROT_READ);
	assert_int_equal(mirror_area_owner(f->m, area).tgid, 100);
	assert_ptr_equal(mirror_area_at(ioas, 0x2fff), area);
	assert_null(mirror_area_at(ioas, 0x3000));
	assert_int_equal(mirror_area_at(ioas, UINT64_MAX)->node.start, UINT64_MAX - 0xfff);
	area = mirror_area_first_in(ioas, 0x2000, 0x4000);
	assert_int_equal(area->node.start, 0x1000);
	area = mirror_area_next_in(area, 0x2000, 0x4000);
	assert_int_equal(area->node.start, 0x4000);
	assert_null(mirror_area_next_in(area, 0x2000, 0x4000));

	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_GOING, 0x1000, 0x2fff, 0x701000)), 0);
	assert_true(mirror_area_at(ioas, 0x1000)->going);
	assert_int_equal(gone(f, 0x1000, 0x2fff), 0);
	assert_null(mirror_area_at(ioas, 0x1000));
	assert_int_equal(mirror_mapped_bytes(ioas), 0x3000);
	assert_anomalies(f, MIRROR_OVERLAP, 0);
}

static void test_whole_space(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0);
	assert_int_equal(add(f, 0, UINT64_MAX), 0);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), UINT64_MAX);
	assert_int_equal(gone(f, 0, UINT64_MAX), 0);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0);
}

static void test_vaddr(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x2000, 0x2fff);
	add(f, 0x5000, 0x6fff);
	assert_int_equal(apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x1000, 0x4fff, 0)), 0);
	assert_true(mirror_area_at(the_ioas(f), 0x1000)->vaddr_invalid);
	assert_true(mirror_area_at(the_ioas(f), 0x2000)->vaddr_invalid);
	assert_false(mirror_area_at(the_ioas(f), 0x5000)->vaddr_invalid);
	ev = area_event(IOAS_EV_AREA_UPDATE, 0x2000, 0x2fff, 0x900000);
	ev.body_area.owner_tgid = 200;
	ev.body_area.owner_uid = 2000;
	assert_int_equal(apply(f, ev), 0);
	assert_false(mirror_area_at(the_ioas(f), 0x2000)->vaddr_invalid);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x2000)->va, 0x900000);
	assert_int_equal(mirror_area_owner(f->m, mirror_area_at(the_ioas(f), 0x2000)).tgid, 200);
	assert_int_equal(mirror_area_owner(f->m, mirror_area_at(the_ioas(f), 0x2000)).uid, 2000);
	assert_anomalies(f, MIRROR_MISMATCH, 0);
	/* v2 does not cut an area. */
	ev = area_event(IOAS_EV_VADDR_INVALID, 0x5000, 0x5fff, 0);
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_false(mirror_area_at(the_ioas(f), 0x5000)->vaddr_invalid);
	assert_anomalies(f, MIRROR_MISMATCH, 1);
}

static void test_vaddr_v1(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_IOAS_NEW);

	ev.body_obj.mode = IOAS_MODE_V1;
	apply(f, unit_event(IOAS_EV_CTX_NEW));
	apply(f, ev);
	add(f, 0x1000, 0x2fff);
	add(f, 0x5000, 0x6fff);
	assert_int_equal(apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x2000, 0x5fff, 0)), 0);
	assert_false(mirror_area_at(the_ioas(f), 0x1000)->vaddr_invalid);
	assert_true(mirror_area_at(the_ioas(f), 0x5000)->vaddr_invalid);
	assert_anomalies(f, MIRROR_MISMATCH, 0);
}

static void test_pinned(void **state)
{
	struct fixture *f = *state;
	const struct mirror_area *area;

	open_ioas(f);
	add(f, 0x1000, 0x4fff);
	add(f, 0x8000, 0x8fff);
	assert_int_equal(pinned(f, 0x1000, 2, 3), 0);
	area = mirror_area_at(the_ioas(f), 0x1000);
	assert_int_equal(area->pinned, 3);
	assert_int_equal(area->pfnmap, 3);
	assert_int_equal(the_ioas(f)->pinned, 4);
	assert_int_equal(the_ioas(f)->pfnmap, 3);
	assert_int_equal(pinned(f, 0x1000, 1LL << 31, 0), 0);
	assert_int_equal(area->pinned, (1LL << 31) + 3);
	assert_int_equal(pinned(f, 0x1000, -(1LL << 31) - 3, -3), 0);
	assert_int_equal(area->pinned, 0);
	assert_anomalies(f, MIRROR_UNDERFLOW, 0);
	assert_int_equal(pinned(f, 0x1000, -1, 0), -ERANGE);
	assert_int_equal(area->pinned, 0);
	assert_int_equal(the_ioas(f)->pinned, 1);
	assert_int_equal(pinned(f, 0x1000, INT64_MAX, 0), 0);
	assert_int_equal(pinned(f, 0x1000, 1, 0), -ERANGE);
	assert_int_equal(area->pinned, INT64_MAX);
	assert_int_equal(pinned(f, 0x1000, INT64_MIN, INT64_MIN), -ERANGE);
	assert_int_equal(area->pinned, 0);
	assert_int_equal(the_ioas(f)->pinned, 1);
	assert_anomalies(f, MIRROR_UNDERFLOW, 3);
}

static void test_pinned_unknown(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	add(f, 0x1000, 0x4fff);
	assert_int_equal(pinned(f, 0x2000, 1, 0), -ENOENT); /* not where it starts */
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 1);
}

static void test_overlap(void **state)
{
	struct fixture *f = *state;
	const struct mirror_anomaly *a = &mirror_anomalies(f->m)->recent[0];

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x2000, 0x2fff);
	add(f, 0x3000, 0x3fff);
	assert_int_equal(add(f, 0x1800, 0x2fff), -EEXIST);
	assert_int_equal(mirror_area_count(the_ioas(f)), 2);
	assert_int_equal(mirror_area_first(the_ioas(f))->node.start, 0x1800);
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 2);
	assert_anomalies(f, MIRROR_OVERLAP, 1);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	assert_int_equal(a->what, MIRROR_OVERLAP);
	assert_int_equal(a->kind, IOAS_EV_AREA_ADD);
	assert_int_equal(a->iova, 0x1800);
	assert_int_equal(a->last, 0x2fff);
	assert_int_equal(a->ctx, 1);
	assert_int_equal(a->ioas, 2);
	assert_int_equal(a->time_ns, f->now);
	assert_false(a->doubtful);
}

static void test_removal_of_unknown(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GONE, 0x9000, 0x9fff, 0);

	open_ioas(f);
	add(f, 0x1000, 0x2fff);
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 1);
	/* What we hold over it cannot be: dropped. */
	assert_int_equal(gone(f, 0x2000, 0x2fff), -ENOENT);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_int_equal(mirror_stats(f->m)->areas_dropped, 1);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 2);
	ev.kind = IOAS_EV_AREA_UPDATE;
	assert_int_equal(apply(f, ev), -ENOENT);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 3);
}

static void test_unseen(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_AREA_GONE, 0x9000, 0x9fff, 0);

	ev.flags = IOAS_F_UNSEEN;
	/* Of an adopted context: to be expected. */
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ctx(f)->adopted);
	assert_true(the_ioas(f)->adopted);
	assert_anomalies(f, MIRROR_UNKNOWN_AREA, 0);
	apply(f, unit_event(IOAS_EV_CTX_GONE));
	/* Of one seen from the start: no contradiction, but something was missed. */
	open_ioas(f);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_anomalies(f->m)->total, 0);
	assert_int_equal(the_ctx(f)->uncertain_since, f->now);
	/* The mapping was seen here, only the sender did not know its VA. */
	add(f, 0x9000, 0x9fff);
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
}

static void test_mismatch(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	add(f, 0x2000, 0x2fff);
	assert_int_equal(apply(f, area_event(IOAS_EV_AREA_GOING, 0x1000, 0x1fff, 1)), -ESTALE);
	assert_true(mirror_area_at(the_ioas(f), 0x1000)->going);
	assert_int_equal(gone(f, 0x1000, 0x2fff), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x1fff, 0x5000);
	ev.body_area.area = 4;
	apply(f, ev);
	ev.kind = IOAS_EV_AREA_GONE;
	ev.body_area.area = 5;
	assert_int_equal(apply(f, ev), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 0);
	assert_anomalies(f, MIRROR_MISMATCH, 3);
}

/* The area at 0x1000 becomes [0x1000, at - 1] and [at, ...]. */
static struct ioas_event split_event(uint64_t last, uint64_t at)
{
	struct ioas_event ev = area_event(IOAS_EV_AREA_SPLIT, 0x1000, last, 0x701000);

	ev.body_area.area = 4;
	ev.body_area.area2 = 5;
	ev.body_area.at = at;
	return ev;
}

static void add_numbered(struct fixture *f, int64_t pages, int64_t pfnmap)
{
	struct ioas_event ev = area_event(IOAS_EV_AREA_ADD, 0x1000, 0x8fff, 0x701000);

	ev.flags = IOAS_F_ADOPTED;
	ev.body_area.area = 4;
	ev.body_area.pages = pages;
	ev.body_area.pfnmap = pfnmap;
	assert_int_equal(apply(f, ev), 0);
}

static void test_split(void **state)
{
	struct fixture *f = *state;
	const struct mirror_area *left, *right;

	open_ioas(f);
	add(f, 0x9000, 0x9fff);
	add_numbered(f, 5, 3);
	apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x1000, 0x8fff, 0));
	assert_int_equal(apply(f, split_event(0x8fff, 0x7000)), 0);
	left = mirror_area_at(the_ioas(f), 0x6fff);
	right = mirror_area_at(the_ioas(f), 0x7000);
	assert_int_equal(left->node.start, 0x1000);
	assert_int_equal(left->node.last, 0x6fff);
	assert_int_equal(left->number, 4);
	assert_int_equal(left->va, 0x701000);
	assert_int_equal(right->node.start, 0x7000);
	assert_int_equal(right->node.last, 0x8fff);
	assert_int_equal(right->number, 5);
	assert_int_equal(right->va, 0x707000);
	/* Six pages left: all five that are pinned, and one that is no RAM. */
	assert_int_equal(left->pinned, 5);
	assert_int_equal(left->pfnmap, 1);
	assert_int_equal(right->pinned, 0);
	assert_int_equal(right->pfnmap, 2);
	assert_int_equal(right->time_ns, left->time_ns);
	assert_int_equal(right->op, 77);
	assert_int_equal(right->prot, IOAS_PROT_READ);
	assert_true(left->vaddr_invalid && right->vaddr_invalid);
	assert_true(left->adopted && right->adopted);
	assert_int_equal(mirror_area_owner(f->m, right).tgid, 100);
	assert_int_equal(mirror_area_count(the_ioas(f)), 3);
	assert_int_equal(mirror_mapped_bytes(the_ioas(f)), 0x9000);
	assert_int_equal(the_ioas(f)->pinned, 6);
	assert_int_equal(the_ioas(f)->pfnmap, 3);
	assert_no_anomaly(f);
	/* The parts go one by one. */
	assert_int_equal(gone(f, 0x1000, 0x6fff), 0);
	assert_int_equal(gone(f, 0x7000, 0x8fff), 0);
	assert_int_equal(the_ioas(f)->pfnmap, 0);
	assert_no_anomaly(f);
}

/* More pinned than the left part has pages; and an end within a page, which counts as one. */
static void test_split_pins(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	add_numbered(f, 8, 0);
	assert_int_equal(apply(f, split_event(0x8fff, 0x3001)), 0);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x3000)->pinned, 3);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x3001)->pinned, 5);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x3001)->va, 0x703001);
	assert_int_equal(the_ioas(f)->pinned, 8);
	/* Down to one byte. */
	assert_int_equal(apply(f, split_event(0x3000, 0x3000)), 0);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x3000)->node.start, 0x3000);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x3000)->node.last, 0x3000);
	assert_int_equal(mirror_area_count(the_ioas(f)), 3);
	assert_no_anomaly(f);
}

static void test_split_contradictions(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	assert_int_equal(apply(f, split_event(0x8fff, 0x3000)), -ENOENT);
	assert_anomaly(f, MIRROR_UNKNOWN_AREA, 1);
	add_numbered(f, 8, 0);
	/* It ends elsewhere, but it can be split there. */
	assert_int_equal(apply(f, split_event(0xffff, 0x3000)), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 2);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x3000)->node.last, 0x8fff);
	/* This one ends before. */
	assert_int_equal(apply(f, split_event(0xffff, 0x4000)), -ESTALE);
	assert_int_equal(mirror_area_count(the_ioas(f)), 2);
	assert_anomaly(f, MIRROR_MISMATCH, 2);
}

/* In an IOAS that was there before us. */
static void test_split_unknown(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = split_event(0x8fff, 0x3000);

	ev.body_area.area = 0;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ioas(f)->adopted);
	assert_no_anomaly(f);
}

/* Areas keep no more than a number of their owner: many owners, who come and go. */
static void test_owners(void **state)
{
	struct fixture *f = *state;
	struct mirror_owner owner;
	struct ioas_event ev;

	open_ioas(f);
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			ev = area_event(IOAS_EV_AREA_ADD, i * PAGE, i * PAGE + PAGE - 1, 0);
			ev.body_area.owner_tgid = 1000 * round + i / 2;
			ev.body_area.owner_uid = round;
			assert_int_equal(apply(f, ev), 0);
		}
		for (uint32_t i = 0; i < 100; i++) {
			owner = mirror_area_owner(f->m, mirror_area_at(the_ioas(f), i * PAGE));
			assert_int_equal(owner.tgid, 1000 * round + i / 2);
			assert_int_equal(owner.uid, round);
		}
		for (uint32_t i = 0; i < 100; i++) {
			ev = area_event(IOAS_EV_AREA_GONE, i * PAGE, i * PAGE + PAGE - 1, 0);
			assert_int_equal(apply(f, ev), 0);
		}
	}
	assert_no_anomaly(f);
}

/* As many pages that are no RAM as an area can count. */
static void test_pfnmap_limit(void **state)
{
	struct fixture *f = *state;
	const int64_t most = (1LL << 56) - 1;

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	assert_int_equal(pinned(f, 0x1000, 0, most), 0);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x1000)->pfnmap, most);
	assert_no_anomaly(f);
	assert_int_equal(pinned(f, 0x1000, 0, 1), -ERANGE);
	assert_int_equal(mirror_area_at(the_ioas(f), 0x1000)->pfnmap, most);
	assert_int_equal(the_ioas(f)->pfnmap, most);
	assert_int_equal(pinned(f, 0x1000, 0, -most), 0);
	assert_int_equal(the_ioas(f)->pfnmap, 0);
	assert_anomaly(f, MIRROR_UNDERFLOW, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_areas),
		WITH_FIXTURE(test_whole_space),
		WITH_FIXTURE(test_vaddr),
		WITH_FIXTURE(test_vaddr_v1),
		WITH_FIXTURE(test_pinned),
		WITH_FIXTURE(test_pinned_unknown),
		WITH_FIXTURE(test_overlap),
		WITH_FIXTURE(test_removal_of_unknown),
		WITH_FIXTURE(test_unseen),
		WITH_FIXTURE(test_mismatch),
		WITH_FIXTURE(test_split),
		WITH_FIXTURE(test_split_pins),
		WITH_FIXTURE(test_split_contradictions),
		WITH_FIXTURE(test_split_unknown),
		WITH_FIXTURE(test_owners),
		WITH_FIXTURE(test_pfnmap_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
