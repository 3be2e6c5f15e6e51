// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the record's numbers, and what its check lets through. */
#include "core/event.h"

#include <errno.h>

#include "unit.h"

struct naming {
	const char *(*name)(unsigned int number);
	int (*from_name)(const char *name);
	unsigned int count;
};

static const struct naming namings[] = {
	{ ioas_kind_name, ioas_kind_from_name, IOAS_EV_KIND_MAX },
	{ ioas_op_name, ioas_op_from_name, IOAS_OP_MAX },
	{ ioas_backend_name, ioas_backend_from_name, IOAS_BACKEND_BUNDLED + 1 },
	{ ioas_mode_name, ioas_mode_from_name, IOAS_MODE_V2 + 1 },
	{ ioas_counter_name, ioas_counter_from_name, IOAS_COUNTER_MM_PINNED + 1 },
};

static void test_names(void **state)
{
	(void)state;

	for (size_t i = 0; i < UNIT_COUNT(namings); i++) {
		const struct naming *n = &namings[i];

		assert_string_equal(n->name(0), "none");
		for (unsigned int k = 0; k < n->count; k++) {
			assert_non_null(n->name(k));
			assert_int_equal(n->from_name(n->name(k)), k);
		}
		assert_null(n->name(n->count));
		assert_null(n->name(UINT32_MAX));
		assert_int_equal(n->from_name("no such thing"), -EINVAL);
		assert_int_equal(n->from_name(""), -EINVAL);
	}
	assert_string_equal(ioas_op_name(IOAS_OP_SET_IOMMU), "set-iommu");
	assert_string_equal(ioas_kind_name(IOAS_EV_VADDR_INVALID), "vaddr-invalid");
	assert_int_equal(ioas_backend_from_name("type1"), IOAS_BACKEND_TYPE1);
}

/* An event of the kind with a body that is possible. */
static struct ioas_event good(unsigned int kind)
{
	struct ioas_event ev = unit_event(kind);

	if (kind == IOAS_EV_OP)
		ev.body_op.what = IOAS_OP_MAP;
	else if (kind == IOAS_EV_CHARGE)
		ev.body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	else if (ioas_event_is_area(&ev))
		ev.body_area.last = 4095;
	return ev;
}

static void test_all_kinds(void **state)
{
	const struct ioas_event *out;
	(void)state;

	for (unsigned int kind = 1; kind < IOAS_EV_KIND_MAX; kind++) {
		struct ioas_event ev = good(kind);

		out = NULL;
		assert_int_equal(ioas_event_check(&ev, sizeof(ev), &out), 0);
		assert_ptr_equal(out, &ev);
		assert_int_equal(ioas_event_is_change(&ev), kind != IOAS_EV_OP);
	}
}

static void refused(const struct ioas_event *ev, size_t size, int err)
{
	const struct ioas_event *out = (void *)1;

	assert_int_equal(ioas_event_check(ev, size, &out), err);
	assert_ptr_equal(out, (void *)1);
}

static void test_lengths(void **state)
{
	struct ioas_event ev = good(IOAS_EV_AREA_ADD);
	union {
		struct ioas_event ev;
		char bytes[sizeof(struct ioas_event) + 64];
	} big;
	const struct ioas_event *out;
	(void)state;

	for (size_t size = 0; size < sizeof(ev); size++)
		refused(&ev, size, -EBADMSG);
	for (__u16 len = 0; len < sizeof(ev); len++) {
		ev.len = len;
		refused(&ev, sizeof(ev), -EBADMSG);
	}
	ev.len = sizeof(ev) + 1;
	refused(&ev, sizeof(ev), -EBADMSG);

	/* A longer record of a later version is fine. */
	memset(&big, 0xff, sizeof(big));
	big.ev = good(IOAS_EV_AREA_ADD);
	big.ev.len = sizeof(big);
	assert_int_equal(ioas_event_check(&big, sizeof(big), &out), 0);
	assert_int_equal(ioas_event_len(&big, sizeof(big)), sizeof(big));
}

static void test_unknown_kind(void **state)
{
	struct ioas_event ev = good(IOAS_EV_OP);
	char shifted[sizeof(ev) + 1];
	const struct ioas_event *out = NULL;
	(void)state;

	ev.kind = IOAS_EV_KIND_MAX;
	refused(&ev, sizeof(ev), -EOPNOTSUPP);
	assert_false(ioas_event_is_change(&ev));
	ev.kind = IOAS_KIND_NONE;
	refused(&ev, sizeof(ev), -EOPNOTSUPP);
	assert_false(ioas_event_is_change(&ev));
	/* A short one of a kind we do not know may still be skipped. */
	ev.kind = 999;
	ev.len = IOAS_EVENT_HEADER;
	refused(&ev, sizeof(ev), -EOPNOTSUPP);
	assert_int_equal(ioas_event_len(&ev, sizeof(ev)), IOAS_EVENT_HEADER);
	/* But not one that is a lie. */
	ev.len = IOAS_EVENT_HEADER - 1;
	refused(&ev, sizeof(ev), -EBADMSG);

	ev = good(IOAS_EV_OP);
	memcpy(shifted + 1, &ev, sizeof(ev));
	assert_int_equal(ioas_event_len(shifted + 1, sizeof(ev)), sizeof(ev));
	if ((uintptr_t)(shifted + 1) % _Alignof(struct ioas_event))
		assert_int_equal(ioas_event_check(shifted + 1, sizeof(ev), &out), -EINVAL);
}

#define REFUSED_WITH(of_kind, assignment)                                                          \
	do {                                                                                       \
		struct ioas_event bad = good(of_kind);                                             \
		bad.assignment;                                                                    \
		refused(&bad, sizeof(bad), -EBADMSG);                                              \
		assert_int_equal(ioas_event_check_fields(&bad), -EBADMSG);                         \
	} while (0)

static void test_fields(void **state)
{
	(void)state;

	REFUSED_WITH(IOAS_EV_OP, backend = IOAS_BACKEND_BUNDLED + 1);
	REFUSED_WITH(IOAS_EV_OP, comm[IOAS_COMM_LEN - 1] = 'x');
	REFUSED_WITH(IOAS_EV_OP, body_op.what = IOAS_OP_NONE);
	REFUSED_WITH(IOAS_EV_OP, body_op.what = IOAS_OP_MAX);
	REFUSED_WITH(IOAS_EV_OP, body_op.group_valid = 2);
	REFUSED_WITH(IOAS_EV_CTX_NEW, ctx = 0);
	REFUSED_WITH(IOAS_EV_IOAS_NEW, ioas = 0);
	REFUSED_WITH(IOAS_EV_IOAS_NEW, body_obj.mode = IOAS_MODE_V2 + 1);
	REFUSED_WITH(IOAS_EV_GROUP_ATTACH, body_obj.emulated = 2);
	REFUSED_WITH(IOAS_EV_DIRTY, body_obj.dirty = 2);
	REFUSED_WITH(IOAS_EV_CHARGE, body_charge.counter = IOAS_COUNTER_NONE);
	REFUSED_WITH(IOAS_EV_CHARGE, body_charge.counter = IOAS_COUNTER_MM_PINNED + 1);
	REFUSED_WITH(IOAS_EV_CHARGE, ioas = 0);
	REFUSED_WITH(IOAS_EV_AREA_ADD, body_area.prot = 4);
	REFUSED_WITH(IOAS_EV_AREA_ADD, body_area.pages = -1);
	REFUSED_WITH(IOAS_EV_ACCESS_PIN, body_area.pages = -1);
	REFUSED_WITH(IOAS_EV_ACCESS_PIN, body_area.group_valid = 2);
	for (unsigned int kind = 1; kind < IOAS_EV_KIND_MAX; kind++) {
		struct ioas_event ev = good(kind);

		if (ioas_event_is_area(&ev))
			REFUSED_WITH(kind, body_area.iova = 4096);
	}
}

static void test_possible_fields(void **state)
{
	struct ioas_event ev = good(IOAS_EV_PINNED);
	(void)state;

	ev.body_area.pages = INT64_MIN;
	ev.body_area.pfnmap = -1;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_AREA_GONE);
	ev.body_area.pages = -1; /* means nothing there */
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_AREA_ADD);
	ev.body_area.last = UINT64_MAX;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev.body_area.iova = UINT64_MAX;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	/* An op may ask for nonsense, and belong to nothing. */
	ev = good(IOAS_EV_OP);
	ev.ctx = 0;
	ev.ioas = 0;
	ev.body_op.prot = UINT32_MAX;
	ev.body_op.iova = UINT64_MAX;
	ev.body_op.size = UINT64_MAX;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
}

/* Any bytes at all: an answer, and no read outside. */
static void test_noise(void **state)
{
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(200000);
	(void)state;

	for (size_t step = 0; step < steps; step++) {
		size_t size = unit_below(&r, sizeof(struct ioas_event) + 16);
		const struct ioas_event *out = NULL;
		uint64_t *buf = malloc(size ? size : 1);
		int rc;

		assert_non_null(buf);
		for (size_t i = 0; i < size; i++)
			((unsigned char *)buf)[i] = (unsigned char)unit_random(&r);
		if (size > 4 && unit_below(&r, 2)) {
			((__u16 *)buf)[0] = (__u16)(size - unit_below(&r, 2));
			((__u16 *)buf)[1] = (__u16)unit_below(&r, IOAS_EV_KIND_MAX + 1);
		}
		rc = ioas_event_check(buf, size, &out);
		UNIT_REQUIRE((rc == 0) == (out != NULL), &r, step);
		UNIT_REQUIRE(rc == 0 || rc == -EBADMSG || rc == -EOPNOTSUPP, &r, step);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_unknown_kind),
		cmocka_unit_test(test_fields),	cmocka_unit_test(test_possible_fields),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
