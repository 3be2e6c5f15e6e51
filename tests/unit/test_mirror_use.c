// SPDX-License-Identifier: GPL-2.0-or-later
/* The mirror: who uses an IOAS, how it is set, and who pays. */
#include "mirror_unit.h"

static void test_charges(void **state)
{
	struct fixture *f = *state;
	const struct mirror_charge *c;

	open_ioas(f);
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_PINNED, 8), 0);
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_LOCKED, 3), 0);
	assert_int_equal(charge(f, 4, IOAS_COUNTER_MM_PINNED, 1LL << 33), 0);
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_PINNED, -8), 0);
	c = mirror_charge_first(the_ioas(f));
	assert_int_equal(c->owner, 4);
	assert_int_equal(c->pages, 1LL << 33);
	c = mirror_charge_next(c);
	assert_int_equal(c->owner, 5);
	assert_int_equal(c->counter, IOAS_COUNTER_MM_LOCKED);
	c = mirror_charge_next(c);
	assert_int_equal(c->pages, 0);
	assert_int_equal(c->peak, 8);
	assert_int_equal(c->tgid, 15);
	assert_int_equal(c->uid, 25);
	assert_null(mirror_charge_next(c));
	assert_int_equal(charge(f, 5, IOAS_COUNTER_MM_PINNED, -1), -ERANGE);
	assert_anomalies(f, MIRROR_UNDERFLOW, 1);
	assert_int_equal(c->pages, -1);
	apply(f, unit_event(IOAS_EV_IOAS_GONE));
	assert_int_equal(mirror_stats(f->m)->charges_dropped, 3);
	assert_anomalies(f, MIRROR_UNDERFLOW, 1);
}

static void test_groups(void **state)
{
	struct fixture *f = *state;
	const struct mirror_group *g;

	open_ioas(f);
	assert_int_equal(group(f, IOAS_EV_GROUP_ATTACH, 9, false), 0);
	assert_int_equal(group(f, IOAS_EV_GROUP_ATTACH, 0, true), 0);
	assert_int_equal(mirror_group_count(the_ioas(f)), 2);
	g = mirror_group_first(the_ioas(f));
	assert_int_equal(g->number, 0);
	assert_true(g->emulated);
	g = mirror_group_next(g);
	assert_int_equal(g->number, 9);
	assert_false(g->emulated);
	assert_null(mirror_group_next(g));
	assert_int_equal(group(f, IOAS_EV_GROUP_DETACH, 0, true), 0);
	assert_anomalies(f, MIRROR_DUPLICATE, 0);
	assert_int_equal(group(f, IOAS_EV_GROUP_ATTACH, 9, true), -EEXIST);
	assert_true(mirror_group_first(the_ioas(f))->emulated);
	assert_anomalies(f, MIRROR_DUPLICATE, 1);
	assert_int_equal(group(f, IOAS_EV_GROUP_DETACH, 3, false), -ENOENT);
	assert_int_equal(mirror_anomalies(f->m)->count[MIRROR_UNKNOWN_GROUP], 1);
	assert_int_equal(mirror_anomalies(f->m)->doubtful[MIRROR_UNKNOWN_GROUP], 1);
	assert_int_equal(mirror_anomalies(f->m)->doubtful[MIRROR_DUPLICATE], 0);
}

static void test_dirty(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_DIRTY);

	open_ioas(f);
	ev.body_obj.dirty = 1;
	ev.body_obj.non_pinned_groups = 2;
	assert_int_equal(apply(f, ev), 0);
	assert_true(the_ioas(f)->dirty);
	assert_int_equal(the_ioas(f)->non_pinned_groups, 2);
	ev.body_obj.dirty = 0;
	apply(f, ev);
	assert_false(the_ioas(f)->dirty);
}

static void track(struct fixture *f, uint32_t domain, bool on, int want)
{
	struct ioas_event ev = unit_event(IOAS_EV_DIRTY);

	ev.body_obj.object = domain;
	ev.body_obj.dirty = on;
	assert_int_equal(apply(f, ev), want);
}

static void domain(struct fixture *f, unsigned int kind, uint32_t id)
{
	struct ioas_event ev = unit_event(kind);

	ev.body_obj.object = id;
	assert_int_equal(apply(f, ev), 0);
}

/* iommufd: of one domain, and nothing else of the IOAS is said with it. */
static void test_dirty_domain(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	domain(f, IOAS_EV_DOMAIN_ATTACH, 7);
	domain(f, IOAS_EV_DOMAIN_ATTACH, 8);
	assert_false(mirror_tracks_dirty(the_ioas(f)));
	track(f, 7, true, 0);
	track(f, 8, true, 0);
	track(f, 8, false, 0);
	assert_true(mirror_find_domain(the_ioas(f), 7)->dirty);
	assert_false(mirror_find_domain(the_ioas(f), 8)->dirty);
	assert_false(the_ioas(f)->dirty);
	assert_true(mirror_tracks_dirty(the_ioas(f)));
	assert_int_equal(the_ioas(f)->entries_left, -1);
	/* With the domain it goes. */
	domain(f, IOAS_EV_DOMAIN_DETACH, 7);
	assert_false(mirror_tracks_dirty(the_ioas(f)));
	/* Of one never heard of: it must be there. */
	track(f, 9, true, -ENOENT);
	assert_true(mirror_find_domain(the_ioas(f), 9)->dirty);
	assert_int_equal(mirror_anomalies(f->m)->count[MIRROR_UNKNOWN_OBJECT], 1);
}

/* What is told of dirty tracking brings along how many areas there may still be. */
static void test_entries_left(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_DIRTY);

	open_ioas(f);
	assert_int_equal(the_ioas(f)->entries_left, -1);
	ev.body_obj.entries_left = 65535;
	apply(f, ev);
	assert_int_equal(the_ioas(f)->entries_left, 65535);
	ev.body_obj.entries_left = UINT64_MAX;
	apply(f, ev);
	assert_int_equal(the_ioas(f)->entries_left, -1);
	ev.body_obj.entries_left = 1ULL << 63;
	apply(f, ev);
	assert_int_equal(the_ioas(f)->entries_left, -1);
}

static void test_options(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = unit_event(IOAS_EV_OPTION);

	open_ioas(f);
	assert_false(the_ioas(f)->small_pages);
	ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	apply(f, ev);
	assert_true(the_ioas(f)->small_pages);
	ev.body_obj.value = 1;
	apply(f, ev);
	assert_false(the_ioas(f)->small_pages);
	ev.ioas = 0;
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	apply(f, ev);
	assert_true(the_ctx(f)->rlimit_mm);
	ev.body_obj.value = 0;
	apply(f, ev);
	assert_false(the_ctx(f)->rlimit_mm);
	assert_no_anomaly(f);
}

static void test_domains(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = object_event(IOAS_EV_DOMAIN_ATTACH, 6);

	open_ioas(f);
	assert_false(mirror_has_hardware(the_ioas(f)));
	group(f, IOAS_EV_GROUP_ATTACH, 1, true);
	assert_false(mirror_has_hardware(the_ioas(f)));
	ev.body_obj.page_size = 0x200000;
	assert_int_equal(apply(f, ev), 0);
	assert_true(mirror_has_hardware(the_ioas(f)));
	assert_int_equal(apply(f, object_event(IOAS_EV_DOMAIN_ATTACH, 4)), 0);
	assert_int_equal(mirror_domain_count(the_ioas(f)), 2);
	assert_int_equal(mirror_domain_first(the_ioas(f))->id, 4);
	assert_int_equal(mirror_domain_next(mirror_domain_first(the_ioas(f)))->id, 6);
	assert_int_equal(mirror_find_domain(the_ioas(f), 6)->page_size, 0x200000);
	assert_null(mirror_find_domain(the_ioas(f), 5));
	assert_int_equal(apply(f, object_event(IOAS_EV_DOMAIN_DETACH, 4)), 0);
	assert_int_equal(apply(f, object_event(IOAS_EV_DOMAIN_DETACH, 6)), 0);
	assert_false(mirror_has_hardware(the_ioas(f)));
	group(f, IOAS_EV_GROUP_ATTACH, 2, false);
	assert_true(mirror_has_hardware(the_ioas(f)));
	assert_no_anomaly(f);
	assert_int_equal(apply(f, object_event(IOAS_EV_DOMAIN_DETACH, 6)), -ENOENT);
	apply(f, ev);
	assert_int_equal(apply(f, ev), -EEXIST);
	ev.flags = IOAS_F_ADOPTED;
	assert_int_equal(apply(f, ev), 0);
	assert_anomaly(f, MIRROR_UNKNOWN_OBJECT, 1);
	assert_anomaly(f, MIRROR_DUPLICATE, 1);
}

static int filled(struct fixture *f, uint32_t domain, int64_t bytes)
{
	struct ioas_event ev = area_event(IOAS_EV_AREA_FILLED, 0x1000, 0x4fff, 0);

	ev.body_area.object = domain;
	ev.body_area.bytes = bytes;
	return apply(f, ev);
}

static void test_filled(void **state)
{
	struct fixture *f = *state;

	open_ioas(f);
	apply(f, object_event(IOAS_EV_DOMAIN_ATTACH, 6));
	assert_int_equal(filled(f, 6, 0x3000), 0);
	assert_int_equal(filled(f, 6, 0x1000), 0);
	assert_int_equal(mirror_find_domain(the_ioas(f), 6)->mapped, 0x4000);
	assert_int_equal(filled(f, 6, -0x4000), 0);
	assert_no_anomaly(f);
	assert_int_equal(filled(f, 6, -1), -ERANGE);
	assert_int_equal(mirror_find_domain(the_ioas(f), 6)->mapped, -1);
	assert_int_equal(filled(f, 3, 0x1000), -ENOENT);
	assert_int_equal(mirror_find_domain(the_ioas(f), 3)->mapped, 0x1000);
	assert_anomaly(f, MIRROR_UNDERFLOW, 1);
	assert_anomaly(f, MIRROR_UNKNOWN_OBJECT, 1);
}

static void test_devices(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = object_event(IOAS_EV_DEVICE_ATTACH, 8);
	const struct mirror_device *d;

	open_ioas(f);
	ev.body_obj.domain = 6;
	ev.body_obj.group = 17;
	strcpy(ev.body_obj.name, "0000:00:05.0");
	assert_int_equal(apply(f, ev), 0);
	d = mirror_find_device(the_ioas(f), 8);
	assert_int_equal(d->id, 8);
	assert_int_equal(d->domain, 6);
	assert_int_equal(d->group, 17);
	assert_string_equal(d->name, "0000:00:05.0");
	assert_int_equal(apply(f, object_event(IOAS_EV_DEVICE_ATTACH, 9)), 0);
	assert_ptr_equal(mirror_device_first(the_ioas(f)), d);
	assert_int_equal(mirror_device_next(d)->id, 9);
	assert_int_equal(apply(f, object_event(IOAS_EV_DEVICE_DETACH, 8)), 0);
	assert_null(mirror_find_device(the_ioas(f), 8));
	assert_no_anomaly(f);
	assert_int_equal(apply(f, object_event(IOAS_EV_DEVICE_DETACH, 8)), -ENOENT);
	assert_int_equal(apply(f, object_event(IOAS_EV_DEVICE_ATTACH, 9)), -EEXIST);
}

/* In an IOAS that was there before us, who leaves may have been there too. */
static void test_adopted_users(void **state)
{
	struct fixture *f = *state;
	struct ioas_event ev = area_event(IOAS_EV_ACCESS_UNPIN, 0x1000, 0x1fff, 0);

	assert_int_equal(apply(f, object_event(IOAS_EV_DOMAIN_DETACH, 6)), 0);
	assert_true(the_ioas(f)->adopted);
	assert_int_equal(apply(f, object_event(IOAS_EV_DEVICE_DETACH, 6)), 0);
	assert_int_equal(apply(f, object_event(IOAS_EV_ACCESS_DETACH, 6)), 0);
	assert_int_equal(apply(f, range_event(IOAS_EV_RANGE_DEL, IOAS_RANGE_RESERVED, 0, 0xfff, 1)),
			 0);
	assert_int_equal(filled(f, 6, -0x1000), 0);
	assert_int_equal(mirror_find_domain(the_ioas(f), 6)->mapped, -0x1000);
	ev.body_area.object = 7;
	assert_int_equal(apply(f, ev), 0);
	assert_int_equal(the_ioas(f)->stray_unpins, 1);
	assert_no_anomaly(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_charges),	 WITH_FIXTURE(test_groups),
		WITH_FIXTURE(test_dirty),	 WITH_FIXTURE(test_dirty_domain),
		WITH_FIXTURE(test_entries_left), WITH_FIXTURE(test_options),
		WITH_FIXTURE(test_domains),	 WITH_FIXTURE(test_filled),
		WITH_FIXTURE(test_devices),	 WITH_FIXTURE(test_adopted_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
