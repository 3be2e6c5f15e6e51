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
	{ ioas_mode_name, ioas_mode_from_name, IOAS_MODE_TCE + 1 },
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

/* Those that nobody spells on a command line. */
static void test_more_names(void **state)
{
	(void)state;

	assert_string_equal(ioas_memory_name(IOAS_MEMORY_NONE), "none");
	assert_string_equal(ioas_memory_name(IOAS_MEMORY_USER), "user");
	assert_string_equal(ioas_memory_name(IOAS_MEMORY_FILE), "file");
	assert_string_equal(ioas_memory_name(IOAS_MEMORY_DMABUF), "dmabuf");
	assert_null(ioas_memory_name(IOAS_MEMORY_DMABUF + 1));
	assert_string_equal(ioas_range_name(IOAS_RANGE_NONE), "none");
	assert_string_equal(ioas_range_name(IOAS_RANGE_VALID), "valid");
	assert_string_equal(ioas_range_name(IOAS_RANGE_RESERVED), "reserved");
	assert_string_equal(ioas_range_name(IOAS_RANGE_ALLOWED), "allowed");
	assert_string_equal(ioas_range_name(IOAS_RANGE_CLAIMED), "claimed");
	assert_null(ioas_range_name(IOAS_RANGE_CLASSES));
	assert_string_equal(ioas_option_name(IOAS_OPTION_NONE), "none");
	assert_string_equal(ioas_option_name(IOAS_OPTION_RLIMIT_MODE), "rlimit-mode");
	assert_string_equal(ioas_option_name(IOAS_OPTION_HUGE_PAGES), "huge-pages");
	assert_null(ioas_option_name(IOAS_OPTION_HUGE_PAGES + 1));
	assert_string_equal(ioas_cause_name(IOAS_GONE_NONE), "none");
	assert_string_equal(ioas_cause_name(IOAS_GONE_UNMAPPED), "unmapped");
	assert_string_equal(ioas_cause_name(IOAS_GONE_MOVED), "moved");
	assert_string_equal(ioas_cause_name(IOAS_GONE_DISCARDED), "discarded");
	assert_null(ioas_cause_name(IOAS_GONE_DISCARDED + 1));
}

/* An event of the kind with a body that is possible. */
static struct ioas_event good(unsigned int kind)
{
	struct ioas_event ev = unit_event(kind);

	if (kind == IOAS_EV_OP)
		ev.body_op.what = IOAS_OP_MAP;
	else if (kind == IOAS_EV_CHARGE)
		ev.body_charge.counter = IOAS_COUNTER_MM_LOCKED;
	else if (kind == IOAS_EV_OPTION)
		ev.body_obj.option = IOAS_OPTION_HUGE_PAGES;
	else if (kind >= IOAS_EV_DOMAIN_ATTACH && kind <= IOAS_EV_ACCESS_DETACH)
		ev.body_obj.object = 3;
	if (ioas_event_is_area(&ev))
		ev.body_area.last = 8191;
	if (kind == IOAS_EV_AREA_SPLIT || kind == IOAS_EV_AREA_MERGED)
		ev.body_area.at = 4096;
	if (kind == IOAS_EV_AREA_FILLED)
		ev.body_area.object = 3;
	if (ioas_event_is_pages(&ev)) {
		ev.body_pages.pages_id = 4;
		ev.body_pages.npages = 1;
	}
	if (ioas_event_is_range(&ev))
		ev.body_range.class = IOAS_RANGE_VALID;
	if (kind == IOAS_EV_MEMORY_GONE) {
		ev.ctx = 0;
		ev.ioas = 0;
		ev.body_memory.owner_tgid = 100;
		ev.body_memory.cause = IOAS_GONE_MOVED;
	}
	if (kind == IOAS_EV_MEMORY_LOST)
		ev.ctx = ev.ioas = 0;
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
		assert_int_equal(ioas_event_is_change(&ev),
				 kind != IOAS_EV_OP && kind != IOAS_EV_FAULT);
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
	REFUSED_WITH(IOAS_EV_IOAS_NEW, body_obj.mode = IOAS_MODE_TCE + 1);
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
			REFUSED_WITH(kind, body_area.iova = 8192);
	}
}

#define PAGES_MAX (1ULL << 52) /* of 4096 bytes: 2^64 bytes */

/* Kinds that the backends other than type1 brought. */
static void test_more_fields(void **state)
{
	(void)state;

	REFUSED_WITH(IOAS_EV_AREA_ADD, body_area.pages = PAGES_MAX + 1);
	REFUSED_WITH(IOAS_EV_AREA_ADD, body_area.pfnmap = PAGES_MAX + 1);
	REFUSED_WITH(IOAS_EV_AREA_SPLIT, body_area.at = 0);
	REFUSED_WITH(IOAS_EV_AREA_SPLIT, body_area.at = 8192);
	REFUSED_WITH(IOAS_EV_AREA_MERGED, body_area.at = 0);
	REFUSED_WITH(IOAS_EV_AREA_MERGED, body_area.at = 8192);
	REFUSED_WITH(IOAS_EV_AREA_FILLED, body_area.object = 0);
	REFUSED_WITH(IOAS_EV_AREA_FILLED, ioas = 0);
	REFUSED_WITH(IOAS_EV_DOMAIN_ATTACH, body_obj.object = 0);
	REFUSED_WITH(IOAS_EV_DOMAIN_ATTACH, body_obj.page_size = 4097);
	REFUSED_WITH(IOAS_EV_DEVICE_DETACH, body_obj.object = 0);
	REFUSED_WITH(IOAS_EV_DEVICE_ATTACH, body_obj.name[23] = 'x');
	REFUSED_WITH(IOAS_EV_ACCESS_ATTACH, body_obj.exact = 2);
	REFUSED_WITH(IOAS_EV_ACCESS_ATTACH, ioas = 0);
	REFUSED_WITH(IOAS_EV_PAGES_NEW, body_pages.pages_id = 0);
	REFUSED_WITH(IOAS_EV_PAGES_NEW, body_pages.npages = 0);
	REFUSED_WITH(IOAS_EV_PAGES_NEW, body_pages.npages = PAGES_MAX + 1);
	REFUSED_WITH(IOAS_EV_PAGES_NEW, body_pages.memory = IOAS_MEMORY_DMABUF + 1);
	REFUSED_WITH(IOAS_EV_PAGES_NEW, body_pages.writable = 2);
	REFUSED_WITH(IOAS_EV_PAGES_OWNER, body_pages.account = IOAS_COUNTER_MM_PINNED + 1);
	REFUSED_WITH(IOAS_EV_RANGE_ADD, body_range.class = IOAS_RANGE_NONE);
	REFUSED_WITH(IOAS_EV_RANGE_DEL, body_range.class = IOAS_RANGE_CLASSES);
	REFUSED_WITH(IOAS_EV_RANGE_ADD, body_range.iova = 1);
	REFUSED_WITH(IOAS_EV_RANGE_CLEAR, ioas = 0);
	REFUSED_WITH(IOAS_EV_OPTION, body_obj.option = IOAS_OPTION_NONE);
	REFUSED_WITH(IOAS_EV_OPTION, body_obj.option = IOAS_OPTION_HUGE_PAGES + 1);
	REFUSED_WITH(IOAS_EV_OPTION, ioas = 0); /* this option is one of an IOAS */
	REFUSED_WITH(IOAS_EV_MEMORY_GONE, order = 1);
	REFUSED_WITH(IOAS_EV_MEMORY_GONE, ctx = 1);
	REFUSED_WITH(IOAS_EV_MEMORY_GONE, body_memory.va = 1);
	REFUSED_WITH(IOAS_EV_MEMORY_GONE, body_memory.owner_tgid = 0);
	REFUSED_WITH(IOAS_EV_MEMORY_GONE, body_memory.cause = IOAS_GONE_NONE);
	REFUSED_WITH(IOAS_EV_MEMORY_GONE, body_memory.cause = IOAS_GONE_DISCARDED + 1);
	REFUSED_WITH(IOAS_EV_MEMORY_LOST, order = 1);
	REFUSED_WITH(IOAS_EV_MEMORY_LOST, ctx = 1);
	REFUSED_WITH(IOAS_EV_MEMORY_LOST, ioas = 1);
	REFUSED_WITH(IOAS_EV_FAULT, order = 1);
	REFUSED_WITH(IOAS_EV_FAULT, ctx = 0); /* whose IOAS? */
	REFUSED_WITH(IOAS_EV_FAULT, body_fault.source = IOAS_FAULT_REPORTED + 1);
	REFUSED_WITH(IOAS_EV_FAULT, body_fault.access = 8);
	REFUSED_WITH(IOAS_EV_FAULT, body_fault.known = IOAS_FAULT_KNOWN + 1);
	REFUSED_WITH(IOAS_EV_FAULT, body_fault.rid = 0x10000);
	REFUSED_WITH(IOAS_EV_FAULT, body_fault.name[23] = 'x');
}

/* What belongs to a context needs no IOAS, what is of all contexts needs none of them. */
static void test_of_context(void **state)
{
	struct ioas_event ev;
	(void)state;

	for (unsigned int kind = IOAS_EV_PAGES_NEW; kind <= IOAS_EV_PAGES_OWNER; kind++) {
		ev = good(kind);
		ev.ioas = 0;
		assert_int_equal(ioas_event_check_fields(&ev), 0);
	}
	ev = good(IOAS_EV_OPTION);
	ev.body_obj.option = IOAS_OPTION_RLIMIT_MODE;
	ev.ioas = 0;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_CHARGE);
	ev.body_charge.pages_id = 4;
	ev.ioas = 0;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	/* The sum of a context, which only a keyframe tells. */
	ev.body_charge.pages_id = 0;
	ev.flags = IOAS_F_ADOPTED;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_UNCERTAIN);
	ev.ctx = 0;
	ev.ioas = 0;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_FAULT);
	ev.ctx = 0;
	ev.ioas = 0;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
}

/* The slice of a pages object that an area shows, up to the last byte there is. */
static void test_slices(void **state)
{
	struct ioas_event ev = good(IOAS_EV_AREA_ADD);
	(void)state;

	ev.body_area.at = UINT64_MAX - 8191;
	ev.body_area.pages_id = 4;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev.body_area.at++;
	assert_int_equal(ioas_event_check_fields(&ev), -EBADMSG);
	ev.body_area.pages_id = 0; /* then .at says nothing */
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_PAGES_NEW);
	ev.body_pages.npages = PAGES_MAX;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
	ev = good(IOAS_EV_AREA_ADD);
	ev.body_area.pages = PAGES_MAX;
	assert_int_equal(ioas_event_check_fields(&ev), 0);
}

/* Bodies by kind: each kind has one of them. */
static void test_bodies(void **state)
{
	static const unsigned int ranged[] = {
		IOAS_EV_AREA_ADD,    IOAS_EV_AREA_GOING,    IOAS_EV_AREA_GONE,
		IOAS_EV_AREA_UPDATE, IOAS_EV_VADDR_INVALID, IOAS_EV_PINNED,
		IOAS_EV_ACCESS_PIN,  IOAS_EV_ACCESS_UNPIN,  IOAS_EV_AREA_SPLIT,
		IOAS_EV_AREA_FILLED, IOAS_EV_AREA_MERGED,
	};
	size_t areas = 0, pages = 0, ranges = 0;
	(void)state;

	for (unsigned int kind = 0; kind < IOAS_EV_KIND_MAX; kind++) {
		struct ioas_event ev = good(kind);

		areas += ioas_event_is_area(&ev);
		pages += ioas_event_is_pages(&ev);
		ranges += ioas_event_is_range(&ev);
		assert_true(ioas_event_is_area(&ev) + ioas_event_is_pages(&ev) +
				    ioas_event_is_range(&ev) <=
			    1);
	}
	assert_int_equal(areas, UNIT_COUNT(ranged));
	assert_int_equal(pages, 4); /* new, gone, pinned, owner */
	assert_int_equal(ranges, 3); /* add, del, clear */
	for (size_t i = 0; i < UNIT_COUNT(ranged); i++) {
		struct ioas_event ev = good(ranged[i]);

		assert_true(ioas_event_is_area(&ev));
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
		cmocka_unit_test(test_names),	   cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_lengths),	   cmocka_unit_test(test_unknown_kind),
		cmocka_unit_test(test_fields),	   cmocka_unit_test(test_possible_fields),
		cmocka_unit_test(test_more_names), cmocka_unit_test(test_more_fields),
		cmocka_unit_test(test_of_context), cmocka_unit_test(test_slices),
		cmocka_unit_test(test_bodies),	   cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
