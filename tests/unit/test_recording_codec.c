// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as files hold them. */
#include "core/codec.h"

#include <errno.h>

#include "stream.h"

/* A mapping of 8 KiB, byte by byte as docs/recording-format.md has it. */
static const uint8_t area_add[CODEC_EVENT_SIZE] = {
	184,  0,    6,	  0,	2,    1,    3,	  0, /* len, kind, backend, flags, cpu */
	0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* cpu_seq */
	0x40, 0x42, 0x0f, 0,	0,    0,    0,	  0, /* time_ns: 1,000,000 */
	5,    0,    0,	  0,	0,    0,    0,	  0, /* order */
	0x34, 0x12, 0,	  0,	0,    0,    0,	  0, /* op */
	1,    0,    0,	  0,	0,    1,    0,	  0, /* ctx, ioas: 256 */
	100,  0,    0,	  0,	101,  0,    0,	  0, /* tgid, tid */
	0xe8, 3,    0,	  0,	0xe9, 3,    0,	  0, /* uid, gid */
	7,    0,    0,	  0,	1,    0,    0,	  0, /* cgroup: 2^32 + 7 */
	'q',  'e',  'm',  'u',	0,    0,    0,	  0,	0, 0, 0, 0, 0, 0, 0, 0, /* comm */
	0,    0,    0x10, 0,	0,    0,    0,	  0, /* iova */
	0xff, 0x1f, 0x10, 0,	0,    0,    0,	  0, /* last */
	0,    0,    0,	  0,	0xf0, 0x7f, 0,	  0, /* va */
	2,    0,    0,	  0,	0,    0,    0,	  0, /* pages */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* pfnmap: -1 */
	3,    0,    0,	  0,	9,    0,    0,	  0, /* prot, area */
	100,  0,    0,	  0,	0xe8, 3,    0,	  0, /* owner_tgid, owner_uid */
	4,    0,    0,	  0,	1,    0,    0,	  0, /* group, group_valid */
	11,   0,    0,	  0,	12,   0,    0,	  0, /* pages_id, object */
	0,    0x10, 0,	  0,	0,    0,    0,	  0, /* at */
	0,    0x20, 0,	  0,	0,    0,    0,	  0, /* bytes */
	13,   0,    0,	  0,	14,   0,    0,	  0, /* area2, refs */
};

static struct ioas_event area_add_event(void)
{
	return (struct ioas_event){
		.len = 184,
		.kind = IOAS_EV_AREA_ADD,
		.backend = IOAS_BACKEND_IOMMUFD,
		.flags = IOAS_F_ADOPTED,
		.cpu = 3,
		.cpu_seq = 0x1122334455667788,
		.time_ns = 1000000,
		.order = 5,
		.op = 0x1234,
		.ctx = 1,
		.ioas = 256,
		.tgid = 100,
		.tid = 101,
		.uid = 1000,
		.gid = 1001,
		.cgroup = (1ULL << 32) + 7,
		.comm = "qemu",
		.body_area = { .iova = 0x100000,
			       .last = 0x101fff,
			       .va = 0x7ff000000000,
			       .pages = 2,
			       .pfnmap = -1,
			       .prot = 3,
			       .area = 9,
			       .owner_tgid = 100,
			       .owner_uid = 1000,
			       .group = 4,
			       .group_valid = 1,
			       .pages_id = 11,
			       .object = 12,
			       .at = 4096,
			       .bytes = 8192,
			       .area2 = 13,
			       .refs = 14 },
	};
}

static void by_hand(void **state)
{
	struct ioas_event ev = area_add_event(), back;
	uint8_t bytes[CODEC_EVENT_SIZE];

	(void)state;
	memset(bytes, 0xaa, sizeof(bytes));
	codec_put_event(bytes, &ev);
	assert_memory_equal(bytes, area_add, sizeof(bytes));
	memset(&back, 0xaa, sizeof(back));
	assert_int_equal(codec_get_event(area_add, sizeof(area_add), &back), 184);
	assert_memory_equal(&back, &ev, sizeof(ev));
}

/*
 * The format is the record's layout on a little-endian host, whatever the kind:
 * there, which is where this runs, coding must change nothing.
 */
static void all_kinds(void **state)
{
	struct unit_random r = unit_random_new();
	bool seen[IOAS_EV_KIND_MAX] = { false };

	(void)state;
	for (size_t step = 0; step < unit_steps(20000); step++) {
		struct ioas_event ev = stream_any(&r, 5000 + step), back;
		uint8_t bytes[CODEC_EVENT_SIZE];

		assert_int_equal(ioas_event_check_fields(&ev), 0);
		seen[ev.kind] = true;
		codec_put_event(bytes, &ev);
		UNIT_REQUIRE(__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ ||
				     memcmp(bytes, &ev, sizeof(ev)) == 0,
			     &r, step);
		UNIT_REQUIRE(codec_get_event(bytes, sizeof(bytes), &back) == sizeof(bytes), &r,
			     step);
		UNIT_REQUIRE(memcmp(&back, &ev, sizeof(ev)) == 0, &r, step);
	}
	for (size_t i = 1; i < IOAS_EV_KIND_MAX; i++)
		assert_true(seen[i]);
}

/* What lies behind a body does not get into a file. */
static void nothing_else(void **state)
{
	struct ioas_event ev = unit_event(IOAS_EV_RANGE_ADD);
	uint8_t bytes[CODEC_EVENT_SIZE];

	(void)state;
	memset(&ev.body_area, 0xee, sizeof(ev.body_area));
	ev.body_range = (struct ioas_range_body){ .iova = 1, .last = 2, .class = 3, .owner = 4 };
	codec_put_event(bytes, &ev);
	assert_int_equal(bytes[88], 1);
	assert_int_equal(bytes[108], 4);
	for (size_t i = IOAS_EVENT_HEADER + sizeof(ev.body_range); i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 0);
}

/* An older writer's record ends earlier: what it did not know is 0. */
static void shorter(void **state)
{
	struct ioas_event ev = area_add_event();

	(void)state;
	for (uint16_t len = IOAS_EVENT_HEADER; len < CODEC_EVENT_SIZE; len++) {
		struct ioas_event back, want = ev;
		uint8_t bytes[CODEC_EVENT_SIZE];

		memcpy(bytes, area_add, sizeof(bytes));
		memset(bytes + len, 0xaa, sizeof(bytes) - len);
		bytes[0] = (uint8_t)len;
		memset((char *)&want + len, 0, sizeof(want) - len);
		assert_int_equal(codec_get_event(bytes, len, &back), len);
		assert_memory_equal(&back, &want, sizeof(want));
		/* All of it must be there. */
		assert_int_equal(codec_get_event(bytes, len - 1, &back), -EBADMSG);
	}
}

/* A newer one's has more. */
static void longer(void **state)
{
	struct ioas_event ev = area_add_event(), back;
	uint8_t bytes[300];

	(void)state;
	memset(bytes, 0xaa, sizeof(bytes));
	memcpy(bytes, area_add, sizeof(area_add));
	bytes[0] = 250;
	assert_int_equal(codec_get_event(bytes, sizeof(bytes), &back), 250);
	assert_memory_equal(&back, &ev, sizeof(ev));
	assert_int_equal(codec_get_event(bytes, 249, &back), -EBADMSG);
}

static void not_a_record(void **state)
{
	struct ioas_event ev, untouched;
	uint8_t bytes[CODEC_EVENT_SIZE];

	(void)state;
	memset(&ev, 0x55, sizeof(ev));
	untouched = ev;
	memcpy(bytes, area_add, sizeof(bytes));
	assert_int_equal(codec_get_event(bytes, 0, &ev), -EBADMSG);
	assert_int_equal(codec_get_event(bytes, 1, &ev), -EBADMSG);
	bytes[0] = IOAS_EVENT_HEADER - 1;
	assert_int_equal(codec_get_event(bytes, sizeof(bytes), &ev), -EBADMSG);
	bytes[0] = 0;
	assert_int_equal(codec_get_event(bytes, sizeof(bytes), &ev), -EBADMSG);
	assert_memory_equal(&ev, &untouched, sizeof(ev));
}

/* Who it was and when is the same in all kinds; the rest is not guessed. */
static void unknown_kind(void **state)
{
	struct ioas_event ev;
	uint8_t bytes[CODEC_EVENT_SIZE];

	(void)state;
	memcpy(bytes, area_add, sizeof(bytes));
	bytes[2] = 0x39;
	bytes[3] = 0x30;
	assert_int_equal(codec_get_event(bytes, sizeof(bytes), &ev), 184);
	assert_int_equal(ev.kind, 12345);
	assert_int_equal(ev.ctx, 1);
	assert_int_equal(ev.order, 5);
	assert_string_equal(ev.comm, "qemu");
	assert_int_equal(ev.body_area.iova, 0);
	assert_int_equal(ioas_event_check_fields(&ev), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),	cmocka_unit_test(all_kinds),
		cmocka_unit_test(nothing_else), cmocka_unit_test(shorter),
		cmocka_unit_test(longer),	cmocka_unit_test(not_a_record),
		cmocka_unit_test(unknown_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
