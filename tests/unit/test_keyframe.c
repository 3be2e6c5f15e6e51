// SPDX-License-Identifier: GPL-2.0-or-later
/* Keyframes: a mirror told as events is the same mirror again. */
#include "mirror_random.h"

struct rebuild {
	struct mirror *m;
	uint64_t events;
	int rc; /* first answer that was not 0 */
};

static int take(const struct ioas_event *ev, void *arg)
{
	struct rebuild *to = arg;
	const struct ioas_event *out;
	int rc = ioas_event_check(ev, sizeof(*ev), &out);

	if (!rc)
		rc = mirror_apply(to->m, ev);
	if (rc && !to->rc) {
		print_error("event %llu, kind %s: %d\n", (unsigned long long)to->events,
			    ioas_kind_name(ev->kind), rc);
		to->rc = rc;
	}
	to->events++;
	return 0;
}

static void require_same(const struct mirror *a, const struct mirror *b, struct unit_random *r,
			 size_t step)
{
	char why[200] = "";

	if (mirror_compare(a, b, why, sizeof(why)))
		print_error("%s\n", why);
	UNIT_REQUIRE(why[0] == '\0', r, step);
}

/* A second mirror from the first one's keyframe, which must be the same. */
static struct mirror *rebuild(const struct mirror *m, struct unit_random *r, size_t step)
{
	struct rebuild to = { .m = mirror_new(NULL) };

	assert_non_null(to.m);
	UNIT_REQUIRE(mirror_keyframe(m, take, &to) == 0, r, step);
	UNIT_REQUIRE(to.rc == 0, r, step);
	UNIT_REQUIRE(mirror_anomalies(to.m)->total == 0, r, step);
	UNIT_REQUIRE(mirror_check(to.m) == 0, r, step);
	require_same(m, to.m, r, step);
	return to.m;
}

/* All kinds, sense or not, with and without memory: from time to time a keyframe. */
static void test_random(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(60000);
	size_t keyframes = 0, areas = 0;

	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = random_event(&r, f->m);

		if (unit_below(&r, 8) == 0) {
			f->memory.fail_from = f->memory.calls + unit_below(&r, 10);
			f->memory.fail_count = 1;
		}
		mirror_apply(f->m, &ev);
		f->memory.fail_count = 0;
		if (step % 4 == 0 || step < 2000)
			UNIT_REQUIRE(mirror_check(f->m) == 0, &r, step);
		if (step % 29)
			continue;
		mirror_free(rebuild(f->m, &r, step));
		keyframes++;
		areas += mirror_stats(f->m)->areas;
	}
	assert_true(keyframes > 100);
	UNIT_REQUIRE(areas / keyframes > 10, &r, areas / keyframes);
	UNIT_REQUIRE(mirror_stats(f->m)->no_memory > 0, &r, steps);
	for (unsigned int i = 0; i < MIRROR_ANOMALY_KINDS; i++)
		UNIT_REQUIRE(mirror_anomalies(f->m)->count[i] > 0, &r, i);
}

/* One that was rebuilt goes on as the first one does: same answers, same state. */
static void test_goes_on(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(20000);
	struct mirror *again = NULL;

	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = random_event(&r, f->m);
		int rc = mirror_apply(f->m, &ev);

		if (again)
			UNIT_REQUIRE(mirror_apply(again, &ev) == rc, &r, step);
		if (again)
			require_same(f->m, again, &r, step);
		if (step % 50)
			continue;
		mirror_free(again);
		again = rebuild(f->m, &r, step);
	}
	mirror_free(again);
}

/* All that a mirror can hold, each thing once or twice. */
static void fill(struct fixture *f)
{
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);

	ev.order = 12;
	apply(f, ev);
	ev = unit_event(IOAS_EV_OPTION);
	ev.ioas = 0;
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	ev.body_obj.value = 1;
	apply(f, ev);
	apply(f, pages_event(IOAS_EV_PAGES_NEW, 7));
	ev = pages_event(IOAS_EV_PAGES_PINNED, 7);
	ev.body_pages.pinned = 8;
	apply(f, ev);
	ev = unit_event(IOAS_EV_CHARGE);
	ev.body_charge.counter = IOAS_COUNTER_USER_LOCKED;
	ev.body_charge.owner = 5;
	ev.body_charge.pages_id = 7;
	ev.body_charge.pages = 8;
	apply(f, ev);
	ev = unit_event(IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = IOAS_MODE_COVER;
	apply(f, ev);
	ev = unit_event(IOAS_EV_DIRTY);
	ev.body_obj.dirty = 1;
	ev.body_obj.entries_left = 99;
	apply(f, ev);
	ev = unit_event(IOAS_EV_OPTION);
	ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	apply(f, ev);
	apply(f, range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_RESERVED, 0xfee00000, 0xfeefffff, 4));
	apply(f, range_event(IOAS_EV_RANGE_ADD, IOAS_RANGE_VALID, 0, 0xfedfffff, 0));
	group(f, IOAS_EV_GROUP_ATTACH, 17, true);
	apply(f, object_event(IOAS_EV_DOMAIN_ATTACH, 3));
	ev = area_event(IOAS_EV_AREA_FILLED, 0x1000, 0x2fff, 0);
	ev.body_area.object = 3;
	ev.body_area.bytes = 0x2000;
	apply(f, ev);
	ev = object_event(IOAS_EV_DEVICE_ATTACH, 4);
	strcpy(ev.body_obj.name, "0000:00:05.0");
	apply(f, ev);
	apply(f, object_event(IOAS_EV_ACCESS_ATTACH, 5));
	add(f, 0x1000, 0x2fff);
	apply(f, area_event(IOAS_EV_VADDR_INVALID, 0x1000, 0x2fff, 0));
	apply(f, shared_event(0x8000, 0x9fff, 7, 0x1000));
	apply(f, area_event(IOAS_EV_AREA_GOING, 0x8000, 0x9fff, 0));
	ev = area_event(IOAS_EV_ACCESS_PIN, 0x8000, 0x9fff, 0);
	ev.body_area.object = 5;
	apply(f, ev);
	ev.body_area.object = 0;
	ev.body_area.refs = 3;
	apply(f, ev);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, 9);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, -4);
	assert_no_anomaly(f);
	mirror_mark_uncertain(f->m, 1, 900);
}

/* One field of one event is another: the mirrors differ. */
static void require_differs(const struct ioas_event *events, size_t count, const struct mirror *m,
			    const char *field)
{
	struct mirror *other = mirror_new(NULL);

	for (size_t i = 0; i < count; i++)
		mirror_apply(other, &events[i]);
	if (mirror_compare(m, other, NULL, 0) != -EUCLEAN)
		fail_msg("%s makes no difference", field);
	mirror_free(other);
}

struct heard {
	struct ioas_event events[64];
	size_t count;
	size_t stop_after;
};

static int hear(const struct ioas_event *ev, void *arg)
{
	struct heard *h = arg;

	assert_true(h->count < UNIT_COUNT(h->events));
	h->events[h->count++] = *ev;
	return h->count == h->stop_after ? 1234 : 0;
}

/* The sequence, which others read too, and what is not seen by comparing mirrors. */
static void test_sequence(void **state)
{
	static const unsigned int kinds[] = {
		IOAS_EV_CTX_NEW,      IOAS_EV_OPTION,	     IOAS_EV_PAGES_NEW,
		IOAS_EV_PAGES_PINNED, IOAS_EV_CHARGE,	     IOAS_EV_IOAS_NEW,
		IOAS_EV_DIRTY,	      IOAS_EV_OPTION,	     IOAS_EV_RANGE_ADD,
		IOAS_EV_RANGE_ADD,    IOAS_EV_GROUP_ATTACH,  IOAS_EV_DOMAIN_ATTACH,
		IOAS_EV_AREA_FILLED,  IOAS_EV_DEVICE_ATTACH, IOAS_EV_ACCESS_ATTACH,
		IOAS_EV_AREA_ADD,     IOAS_EV_VADDR_INVALID, IOAS_EV_AREA_ADD,
		IOAS_EV_AREA_GOING,   IOAS_EV_ACCESS_PIN,    IOAS_EV_ACCESS_PIN,
		IOAS_EV_CHARGE,	      IOAS_EV_CHARGE,	     IOAS_EV_CHARGE,
		IOAS_EV_UNCERTAIN,
	};
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	static struct heard h;

	h = (struct heard){ .count = 0 };
	fill(f);
	assert_int_equal(mirror_keyframe(f->m, hear, &h), 0);
	assert_int_equal(h.count, UNIT_COUNT(kinds));
	for (size_t i = 0; i < h.count; i++) {
		assert_int_equal(h.events[i].kind, kinds[i]);
		assert_int_equal(h.events[i].backend, IOAS_BACKEND_TYPE1);
		assert_int_equal(h.events[i].ctx, 1);
	}
	assert_int_equal(h.events[0].order, 12);
	assert_int_equal(h.events[0].time_ns, 1001);
	assert_int_equal(h.events[0].tgid, 100);
	assert_int_equal(h.events[0].flags, 0);
	assert_int_equal(h.events[15].op, 77);
	assert_int_equal(h.events[15].body_area.pages, 1);
	assert_int_equal(h.events[17].body_area.pages_id, 7);
	assert_int_equal(h.events[17].body_area.at, 0x1000);
	assert_int_equal(h.events[19].body_area.object, 5);
	assert_int_equal(h.events[19].body_area.refs, 1);
	assert_int_equal(h.events[20].body_area.object, 0);
	assert_int_equal(h.events[20].body_area.refs, 3);
	assert_int_equal(h.events[21].body_charge.pages, 9); /* up to the peak, */
	assert_int_equal(h.events[22].body_charge.pages, -4); /* and down to now */
	assert_int_equal(h.events[24].body_obj.value, 900);
	mirror_free(rebuild(f->m, &r, 0));
}

/* Each of these makes one thing differ, and the line says which. */
static void test_differences(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	static struct heard h;
	size_t told = 0;

	h = (struct heard){ .count = 0 };
	fill(f);
	assert_int_equal(mirror_keyframe(f->m, hear, &h), 0);
	/* Without the last event, the mirror is another one; so it is without any before. */
	for (size_t skip = 0; skip < h.count; skip++) {
		struct mirror *m = mirror_new(NULL);
		char why[200] = "";

		for (size_t i = 0; i < h.count; i++) {
			if (i != skip)
				mirror_apply(m, &h.events[i]);
		}
		if (mirror_compare(f->m, m, why, sizeof(why)) != -EUCLEAN)
			print_error("without event %zu, %s\n", skip,
				    ioas_kind_name(h.events[skip].kind));
		UNIT_REQUIRE(mirror_compare(f->m, m, NULL, 0) == -EUCLEAN, &r, skip);
		UNIT_REQUIRE(mirror_compare(m, f->m, why, sizeof(why)) == -EUCLEAN, &r, skip);
		told += why[0] != '\0';
		mirror_free(m);
	}
	assert_int_equal(told, h.count);
}

#define OTHER(i, field)                                                                            \
	do {                                                                                       \
		struct ioas_event was = h.events[i];                                               \
		h.events[i].field ^= 1;                                                            \
		require_differs(h.events, h.count, f->m, "event " #i ", " #field);                 \
		h.events[i] = was;                                                                 \
	} while (0)

/* The events are those of test_sequence(). */
static void test_fields(void **state)
{
	struct fixture *f = *state;
	static struct heard h;

	h = (struct heard){ .count = 0 };
	fill(f);
	assert_int_equal(mirror_keyframe(f->m, hear, &h), 0);
	OTHER(0, backend);
	OTHER(0, time_ns);
	OTHER(0, order);
	OTHER(0, tgid);
	OTHER(0, uid);
	OTHER(0, comm[0]);
	OTHER(0, flags);
	OTHER(2, time_ns);
	OTHER(2, body_pages.owner);
	OTHER(2, body_pages.va);
	OTHER(2, body_pages.npages);
	OTHER(2, body_pages.memory);
	OTHER(2, body_pages.account);
	OTHER(2, body_pages.writable);
	OTHER(2, body_pages.owner_tgid);
	OTHER(2, body_pages.owner_uid);
	OTHER(2, flags);
	OTHER(3, body_pages.pinned);
	OTHER(4, body_charge.pages);
	OTHER(5, time_ns);
	OTHER(5, body_obj.mode);
	OTHER(5, flags);
	OTHER(6, body_obj.dirty);
	OTHER(6, body_obj.non_pinned_groups);
	OTHER(6, body_obj.entries_left);
	OTHER(8, body_range.iova);
	OTHER(8, body_range.last);
	OTHER(8, body_range.owner);
	OTHER(10, body_obj.group);
	OTHER(10, body_obj.emulated);
	OTHER(11, body_obj.object);
	OTHER(11, body_obj.page_size);
	OTHER(12, body_area.bytes);
	OTHER(13, body_obj.object);
	OTHER(13, body_obj.domain);
	OTHER(13, body_obj.group);
	OTHER(13, body_obj.name[3]);
	OTHER(14, body_obj.page_size);
	OTHER(14, body_obj.exact);
	OTHER(15, time_ns);
	OTHER(15, op);
	OTHER(15, body_area.iova);
	OTHER(15, body_area.last);
	OTHER(15, body_area.va);
	OTHER(15, body_area.prot);
	OTHER(15, body_area.area);
	OTHER(15, body_area.pages);
	OTHER(15, body_area.pfnmap);
	OTHER(15, body_area.owner_tgid);
	OTHER(15, body_area.owner_uid);
	OTHER(15, flags);
	OTHER(17, body_area.pages_id);
	OTHER(17, body_area.at);
	OTHER(19, body_area.object);
	OTHER(20, body_area.refs);
	OTHER(21, body_charge.owner);
	OTHER(21, body_charge.counter);
	OTHER(21, body_charge.owner_tgid);
	OTHER(21, body_charge.owner_uid);
	OTHER(21, body_charge.pages);
	OTHER(22, body_charge.pages);
	OTHER(23, body_charge.pages);
	OTHER(24, body_obj.value);
}

static void test_words(void **state)
{
	struct fixture *f = *state;
	struct mirror *m = mirror_new(NULL);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	char why[200];

	assert_int_equal(mirror_compare(f->m, m, why, sizeof(why)), 0);
	open_ioas(f);
	assert_int_equal(mirror_compare(f->m, m, why, sizeof(why)), -EUCLEAN);
	assert_string_equal(why, "contexts: the first has more");
	ev.time_ns = 1001;
	mirror_apply(m, &ev);
	ev = unit_event(IOAS_EV_IOAS_NEW);
	ev.body_obj.mode = IOAS_MODE_V1;
	ev.time_ns = 1002;
	mirror_apply(m, &ev);
	assert_int_equal(mirror_compare(f->m, m, why, sizeof(why)), -EUCLEAN);
	assert_string_equal(why, "context 1: IOAS 2, mode: 2 and 1");
	assert_int_equal(mirror_compare(f->m, m, why, 10), -EUCLEAN);
	assert_string_equal(why, "context 1");
	mirror_free(m);
}

/* Who is told may end it; and what it takes of memory it says. */
static void test_ends(void **state)
{
	struct fixture *f = *state;
	static struct heard h;
	size_t live;

	fill(f);
	live = f->memory.live;
	for (size_t n = 1; n <= 25; n++) {
		h = (struct heard){ .stop_after = n };
		assert_int_equal(mirror_keyframe(f->m, hear, &h), 1234);
		assert_int_equal(h.count, n);
		assert_int_equal(f->memory.live, live);
	}
	/* Two accesses' pins are told apart with memory. */
	h = (struct heard){ .count = 0 };
	f->memory.fail_from = f->memory.calls;
	f->memory.fail_count = 1;
	assert_int_equal(mirror_keyframe(f->m, hear, &h), -ENOMEM);
	f->memory.fail_count = 0;
	assert_int_equal(f->memory.live, live);
	assert_int_equal(mirror_check(f->m), 0);
}

/* What the kernel never counts, but events may have said. */
static void test_large_counts(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();

	open_ioas(f);
	add(f, 0x1000, 0x1fff);
	pinned(f, 0x1000, INT64_MAX - 1, 5);
	add(f, 0x2000, 0x2fff);
	pinned(f, 0x2000, 0, (1LL << 56) - 1);
	mirror_free(rebuild(f->m, &r, 0));
}

/* A change that could not be placed: contexts that are adopted later are uncertain. */
static void test_unplaced(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct mirror *again;

	open_ioas(f);
	ev.ctx = 8;
	f->memory.fail_from = f->memory.calls;
	f->memory.fail_count = 1;
	assert_int_equal(apply(f, ev), -ENOMEM);
	assert_int_equal(mirror_mark_uncertain(f->m, 9, 1), 0);
	again = rebuild(f->m, &r, 0);
	assert_int_equal(mirror_stats(again)->unplaced_since, f->now);
	assert_int_equal(mirror_find_ctx(again, 1)->uncertain_since, 0);
	assert_int_equal(mirror_mark_uncertain(again, 0, 900), 0);
	mirror_free(again);
}

/* Sums too far apart for one step. */
static void test_far_charges(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();

	open_ioas(f);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, INT64_MAX);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, -INT64_MAX);
	charge(f, 5, IOAS_COUNTER_MM_LOCKED, INT64_MIN);
	charge(f, 6, IOAS_COUNTER_MM_LOCKED, 0);
	assert_int_equal(mirror_charge_first(the_ioas(f))->pages, INT64_MIN);
	assert_int_equal(mirror_charge_first(the_ioas(f))->peak, INT64_MAX);
	mirror_free(rebuild(f->m, &r, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_random),	 WITH_FIXTURE(test_goes_on),
		WITH_FIXTURE(test_sequence),	 WITH_FIXTURE(test_differences),
		WITH_FIXTURE(test_words),	 WITH_FIXTURE(test_ends),
		WITH_FIXTURE(test_far_charges),	 WITH_FIXTURE(test_fields),
		WITH_FIXTURE(test_large_counts), WITH_FIXTURE(test_unplaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
