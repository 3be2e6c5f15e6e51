// SPDX-License-Identifier: GPL-2.0-or-later
/* Why an address could not be reached: each verdict, and each reason to give none. */
#include "blame_unit.h"

#define RW (IOAS_PROT_READ | IOAS_PROT_WRITE)
#define READ IOAS_FAULT_READ
#define WRITE IOAS_FAULT_WRITE
#define AT 0x100000ULL
#define HOLE 0x900000ULL

/*
 * Context 1 with IOASes 11 and 12, context 2 with IOAS 21, all of process 101 or (2)
 * of process 102; device 1 is in IOAS 11.
 */
static struct world world_of(size_t kept)
{
	struct world w = world_new(kept);

	tell_plain(&w, IOAS_EV_CTX_NEW, 11);
	tell_plain(&w, IOAS_EV_IOAS_NEW, 11);
	tell_plain(&w, IOAS_EV_IOAS_NEW, 12);
	tell_plain(&w, IOAS_EV_CTX_NEW, 21);
	tell_plain(&w, IOAS_EV_IOAS_NEW, 21);
	attach(&w, 11, 1);
	later(&w, 100);
	return w;
}

static struct world world(void)
{
	return world_of(0);
}

static void must_be(const struct blame *b, enum blame_verdict verdict)
{
	assert_string_equal(blame_verdict_name(b->verdict), blame_verdict_name(verdict));
	assert_string_equal(blame_doubt_name(b->doubt), "none");
}

static void must_doubt(const struct blame *b, enum blame_doubt doubt, enum blame_verdict suspected)
{
	assert_string_equal(blame_verdict_name(b->verdict), "unknown");
	assert_string_equal(blame_doubt_name(b->doubt), blame_doubt_name(doubt));
	assert_string_equal(blame_verdict_name(b->suspected), blame_verdict_name(suspected));
}

/* ---- verdicts ---- */

static void test_use_after_unmap(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 11, AT - SIZE, RW);
	map(&w, 11, AT, RW);
	map(&w, 11, AT + 2 * SIZE, IOAS_PROT_READ);
	later(&w, 100);
	unmap(&w, 11, AT, RW);
	later(&w, 3);
	b = blame(&w, 1, AT + 0x1000, READ);
	must_be(&b, BLAME_USE_AFTER_UNMAP);
	assert_int_equal(b.ioas, 11);
	assert_int_equal(b.ctx, 1);
	assert_int_equal(b.tgid, 101);
	assert_true(b.has_mapping);
	assert_int_equal(b.mapping.iova, AT);
	assert_int_equal(b.time_ns - b.mapping.gone_ns, 3 * MS);
	assert_int_equal(b.mapping.gone_ns - b.mapping.mapped_ns, 100 * MS);
	assert_int_equal(b.mapping.unmapped_by->tid, 201);
	assert_true(b.has_before && b.has_after);
	assert_int_equal(b.before.iova, AT - SIZE);
	assert_int_equal(b.after.iova, AT + 2 * SIZE);
	assert_int_equal(b.after.prot, IOAS_PROT_READ);
	assert_int_equal(b.nothers, 0);

	/* What is being removed is cut off at some moment before it is gone. */
	tell_area(&w, IOAS_EV_AREA_GOING, 11, AT - SIZE, RW);
	b = blame(&w, 1, AT - SIZE, WRITE);
	must_be(&b, BLAME_USE_AFTER_UNMAP);
	assert_int_equal(b.mapping.gone_ns, 0);
	assert_int_equal(b.mapping.going_ns, w.now);
	world_free(&w);
}

static void test_never_mapped(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 11, AT, RW);
	later(&w, 100);
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	assert_false(b.has_mapping);
	assert_true(b.has_before && !b.has_after);
	/* Of another program that has it mapped nobody is the wiser. */
	map(&w, 21, HOLE, RW);
	later(&w, 100);
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	assert_int_equal(b.nothers, 1);
	assert_int_equal(b.others[0].ioas, 21);
	assert_false(b.others[0].same);
	world_free(&w);
}

static void test_wrong_protection(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 11, AT, IOAS_PROT_READ);
	map(&w, 11, AT + SIZE, IOAS_PROT_WRITE);
	later(&w, 100);
	b = blame(&w, 1, AT, WRITE);
	must_be(&b, BLAME_WRONG_PROTECTION);
	assert_int_equal(b.mapping.prot, IOAS_PROT_READ);
	b = blame(&w, 1, AT + SIZE, READ);
	must_be(&b, BLAME_WRONG_PROTECTION);
	b = blame(&w, 1, AT + SIZE, IOAS_FAULT_EXEC);
	must_be(&b, BLAME_WRONG_PROTECTION);
	world_free(&w);
}

static void test_reserved(void **state)
{
	struct world w = world();
	struct ioas_event ev;
	struct blame b;
	(void)state;

	reserve(&w, 11, 0xfee00000, 0xfeefffff);
	b = blame(&w, 1, 0xfee01000, READ);
	must_be(&b, BLAME_RESERVED);
	assert_true(b.has_range);
	assert_int_equal(b.range.iova, 0xfee00000);
	assert_int_equal(b.range_owner, 1001);
	b = blame(&w, 1, 0xfef00000, READ);
	must_be(&b, BLAME_NEVER_MAPPED);

	/* A list of what is valid (type1): all else is not. */
	ev = of(&w, IOAS_EV_RANGE_ADD, 11);
	ev.body_range = (struct ioas_range_body){ .last = 0xffffff, .class = IOAS_RANGE_VALID };
	tell(&w, &ev);
	b = blame(&w, 1, 0x1000000, READ);
	must_be(&b, BLAME_RESERVED);
	assert_false(b.has_range);
	b = blame(&w, 1, 0xfff000, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	world_free(&w);
}

static void test_other_ioas(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 12, AT, IOAS_PROT_WRITE);
	map(&w, 21, AT, RW);
	later(&w, 100);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_OTHER_IOAS);
	assert_int_equal(b.nothers, 2);
	assert_int_equal(b.others[0].ioas, 12);
	assert_true(b.others[0].same && b.others[0].certain);
	/* If that is not certain, it is certain all the same that it is not mapped here. */
	unmap(&w, 12, AT, IOAS_PROT_WRITE);
	later(&w, 100);
	mirror_mark_uncertain(w.m, 2, w.now);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	assert_false(b.others[0].certain);
	world_free(&w);
}

static void test_domain_switched(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 11, AT, RW);
	later(&w, 100);
	detach(&w, 11, 1);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	assert_int_equal(b.ioas, 0);
	assert_int_equal(b.left.ioas, 11);
	assert_int_equal(b.left.tid, 201);
	assert_int_equal(b.mapping.iova, AT);
	/* It was nowhere mapped, but the device is nowhere any more. */
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	assert_false(b.has_mapping);

	attach(&w, 12, 1);
	later(&w, 100);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	assert_int_equal(b.ioas, 12);
	assert_int_equal(b.left.ioas, 11);
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	/* What was unmapped there after the device had left was there when it left. */
	unmap(&w, 11, AT, RW);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	/* What was mapped there after that was not. */
	map(&w, 11, HOLE, RW);
	later(&w, 100);
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_OTHER_IOAS);
	/* Mapped and unmapped where it is: that is later, and counts. */
	map(&w, 12, AT, RW);
	unmap(&w, 12, AT, RW);
	later(&w, 100);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_USE_AFTER_UNMAP);
	world_free(&w);
}

/* Type1: the last group that leaves takes all with it, in one op, and the container is closed. */
static void test_left_and_gone(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 11, AT, RW);
	later(&w, 100);
	w.op++;
	tell_area(&w, IOAS_EV_AREA_GONE, 11, AT, RW);
	later(&w, 1);
	use(&w, IOAS_EV_DEVICE_DETACH, 11, 1);
	tell_plain(&w, IOAS_EV_IOAS_GONE, 11);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	assert_int_equal(b.mapping.iova, AT);
	/* A group is as good as a device. */
	tell_plain(&w, IOAS_EV_CTX_GONE, 11);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	b = blame(&w, 2, AT, READ);
	must_doubt(&b, BLAME_NO_IOAS, BLAME_UNKNOWN);
	world_free(&w);
}

static void test_still_mapped(void **state)
{
	struct world w = world();
	struct ioas_event ev;
	struct blame b;
	(void)state;

	map(&w, 11, AT, RW);
	later(&w, 100);
	b = blame(&w, 1, AT + SIZE - 1, WRITE);
	must_be(&b, BLAME_STILL_MAPPED);
	b = blame(&w, 1, AT + SIZE, WRITE);
	must_be(&b, BLAME_NEVER_MAPPED);
	/* Nothing was refused: it is a question. */
	ev = fault_of(&w, 1, AT, READ);
	ev.body_fault.source = IOAS_FAULT_NONE;
	b = judge(&w, ev);
	must_be(&b, BLAME_MAPPED);
	world_free(&w);
}

/* ---- no verdict ---- */

static void test_loss(void **state)
{
	struct world w = world();
	struct blame_view view;
	struct ioas_event ev;
	struct blame b;
	(void)state;

	map(&w, 11, AT, IOAS_PROT_READ);
	map(&w, 11, AT + SIZE, RW);
	unmap(&w, 11, AT + SIZE, RW);
	later(&w, 100);
	mirror_mark_uncertain(w.m, 1, w.now);
	b = blame(&w, 1, AT, READ);
	must_doubt(&b, BLAME_LOSS, BLAME_STILL_MAPPED);
	assert_int_equal(b.uncertain_ns, w.now);
	b = blame(&w, 1, AT, WRITE);
	must_doubt(&b, BLAME_LOSS, BLAME_WRONG_PROTECTION);
	b = blame(&w, 1, AT + SIZE, READ);
	must_doubt(&b, BLAME_LOSS, BLAME_USE_AFTER_UNMAP);
	b = blame(&w, 1, HOLE, READ);
	must_doubt(&b, BLAME_LOSS, BLAME_NEVER_MAPPED);
	/* Of a device that is nowhere: its attach may have been in the other context. */
	detach(&w, 11, 1);
	b = blame(&w, 1, AT, READ);
	must_doubt(&b, BLAME_LOSS, BLAME_DOMAIN_SWITCHED);
	world_free(&w);

	/* ... or in one that nobody knows. */
	w = world();
	detach(&w, 11, 1);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	view = (struct blame_view){ .mirror = w.m, .history = w.h, .stays = w.s, .lost = true };
	ev = fault_of(&w, 1, AT, READ);
	blame_fault(&view, &ev, &b);
	must_doubt(&b, BLAME_LOSS, BLAME_DOMAIN_SWITCHED);
	world_free(&w);
}

static void test_older(void **state)
{
	struct world w = world();
	struct ioas_event ev = of(&w, IOAS_EV_IOAS_NEW, 13);
	struct blame b;
	(void)state;

	ev.flags = IOAS_F_ADOPTED;
	tell(&w, &ev);
	attach(&w, 13, 2);
	map(&w, 13, AT, RW);
	later(&w, 100);
	b = blame(&w, 2, HOLE, READ);
	must_doubt(&b, BLAME_OLDER, BLAME_NEVER_MAPPED);
	b = blame(&w, 2, AT, READ);
	must_be(&b, BLAME_STILL_MAPPED);
	/* What was seen to go is gone, whatever else there is. */
	unmap(&w, 13, AT, RW);
	b = blame(&w, 2, AT, READ);
	must_be(&b, BLAME_USE_AFTER_UNMAP);
	reserve(&w, 13, HOLE, HOLE + 0xfff);
	b = blame(&w, 2, HOLE, READ);
	must_be(&b, BLAME_RESERVED);
	world_free(&w);
}

static void test_forgotten(void **state)
{
	struct world w = world_of(2);
	uint64_t first;
	struct blame b;
	(void)state;

	for (uint64_t i = 0; i < 2; i++) {
		map(&w, 11, AT + i * SIZE, RW);
		unmap(&w, 11, AT + i * SIZE, RW);
		later(&w, 100);
	}
	first = w.now - 200 * MS;
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	map(&w, 11, HOLE, RW);
	unmap(&w, 11, HOLE, RW);
	later(&w, 100);
	b = blame(&w, 1, AT, READ);
	must_doubt(&b, BLAME_FORGOTTEN, BLAME_NEVER_MAPPED);
	assert_int_equal(b.reach.since_ns, first);
	assert_int_equal(b.reach.forgotten, 1);
	b = blame(&w, 1, AT + SIZE, READ);
	must_be(&b, BLAME_USE_AFTER_UNMAP);

	/* It left another IOAS after all that was forgotten: so that was not it. */
	map(&w, 11, AT, RW);
	later(&w, 100);
	detach(&w, 11, 1);
	attach(&w, 12, 1);
	later(&w, 100);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_DOMAIN_SWITCHED);
	for (uint64_t i = 0; i < 3; i++) {
		map(&w, 12, HOLE, RW);
		unmap(&w, 12, HOLE, RW);
	}
	later(&w, 100);
	b = blame(&w, 1, AT, READ);
	must_doubt(&b, BLAME_FORGOTTEN, BLAME_DOMAIN_SWITCHED);
	world_free(&w);
}

/* What has become true just before may not have been when the device asked. */
static void test_race(void **state)
{
	struct world w = world();
	struct blame b;
	(void)state;

	map(&w, 11, AT, IOAS_PROT_READ);
	later(&w, 9);
	b = blame(&w, 1, AT, READ);
	must_doubt(&b, BLAME_RACE, BLAME_STILL_MAPPED);
	b = blame(&w, 1, AT, WRITE);
	must_doubt(&b, BLAME_RACE, BLAME_WRONG_PROTECTION);
	later(&w, 1);
	b = blame(&w, 1, AT, READ);
	must_be(&b, BLAME_STILL_MAPPED);
	/* The op has not ended. */
	w.op++;
	tell_area(&w, IOAS_EV_AREA_ADD, 11, AT + SIZE, RW);
	later(&w, 100);
	b = blame(&w, 1, AT + SIZE, READ);
	must_doubt(&b, BLAME_RACE, BLAME_STILL_MAPPED);
	/* It was refused in the IOAS where it was, or where it is. */
	detach(&w, 11, 1);
	attach(&w, 12, 1);
	later(&w, 9);
	b = blame(&w, 1, HOLE, READ);
	must_doubt(&b, BLAME_RACE, BLAME_NEVER_MAPPED);
	later(&w, 1);
	b = blame(&w, 1, HOLE, READ);
	must_be(&b, BLAME_NEVER_MAPPED);
	world_free(&w);
}

static void test_no_place(void **state)
{
	struct world w = world();
	struct ioas_event ev = fault_of(&w, 1, HOLE, READ);
	struct blame b;
	(void)state;

	b = blame(&w, 9, AT, READ);
	must_doubt(&b, BLAME_NO_IOAS, BLAME_UNKNOWN);
	ev.body_fault.known |= IOAS_FAULT_HAS_PASID;
	b = judge(&w, ev);
	must_doubt(&b, BLAME_PASID, BLAME_UNKNOWN);
	ev.body_fault.known = 0;
	b = judge(&w, ev);
	must_doubt(&b, BLAME_NO_ADDRESS, BLAME_UNKNOWN);
	world_free(&w);
}

/* ---- questions ---- */

static void test_address(void **state)
{
	struct world w = world();
	const struct blame_view view = { .mirror = w.m, .history = w.h, .stays = w.s };
	struct blame b;
	(void)state;

	map(&w, 11, AT, IOAS_PROT_READ);
	blame_address(&view, 11, AT, 0, w.now, &b);
	must_be(&b, BLAME_MAPPED); /* what is now needs no patience */
	blame_address(&view, 11, AT, WRITE, w.now, &b);
	must_be(&b, BLAME_WRONG_PROTECTION);
	unmap(&w, 11, AT, IOAS_PROT_READ);
	blame_address(&view, 11, AT, 0, w.now, &b);
	must_be(&b, BLAME_USE_AFTER_UNMAP);
	blame_address(&view, 11, HOLE, 0, w.now, &b);
	must_be(&b, BLAME_NEVER_MAPPED);
	blame_address(&view, 99, AT, 0, w.now, &b);
	must_doubt(&b, BLAME_NO_IOAS, BLAME_UNKNOWN);
	detach(&w, 11, 1);
	tell_plain(&w, IOAS_EV_IOAS_GONE, 11);
	blame_address(&view, 11, AT, 0, w.now, &b);
	must_be(&b, BLAME_USE_AFTER_UNMAP);
	assert_true(b.has_reach && b.reach.gone);
	assert_int_equal(b.ctx, 1);
	world_free(&w);
}

static void test_names(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BLAME_VERDICTS; v++)
		assert_non_null(blame_verdict_name(v));
	assert_null(blame_verdict_name(BLAME_VERDICTS));
	for (unsigned int d = 0; d < BLAME_DOUBTS; d++)
		assert_non_null(blame_doubt_name(d));
	assert_null(blame_doubt_name(BLAME_DOUBTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_use_after_unmap),
		cmocka_unit_test(test_never_mapped),
		cmocka_unit_test(test_wrong_protection),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_other_ioas),
		cmocka_unit_test(test_domain_switched),
		cmocka_unit_test(test_left_and_gone),
		cmocka_unit_test(test_still_mapped),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
