// SPDX-License-Identifier: GPL-2.0-or-later
/* Comparing mirrors: no difference that an event can make is overlooked. */
#include "mirror_fill.h"

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

/* The events are those of the keyframe; test_keyframe.c has their sequence. */
static void test_fields_of_ctx(void **state)
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
	OTHER(23, body_charge.pages);
	OTHER(24, body_obj.value);
}

static void test_fields_of_users(void **state)
{
	struct fixture *f = *state;
	static struct heard h;

	h = (struct heard){ .count = 0 };
	fill(f);
	assert_int_equal(mirror_keyframe(f->m, hear, &h), 0);
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
}

static void test_fields_of_areas(void **state)
{
	struct fixture *f = *state;
	static struct heard h;

	h = (struct heard){ .count = 0 };
	fill(f);
	assert_int_equal(mirror_keyframe(f->m, hear, &h), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_differences),	    WITH_FIXTURE(test_fields_of_ctx),
		WITH_FIXTURE(test_fields_of_users), WITH_FIXTURE(test_fields_of_areas),
		WITH_FIXTURE(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
