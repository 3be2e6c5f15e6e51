// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers and records that are later than ours, strange or hostile. */
#include "forge.h"

/* ---- headers ---- */

static void expect_refused(struct forge *f, int err, const char *text)
{
	struct recording *rec = NULL;
	char why[200] = "";

	assert_int_equal(image_open(&f->image, f->image.size, &rec, why, sizeof(why)), err);
	assert_null(rec);
	if (!strstr(why, text))
		fail_msg("'%s' does not say '%s'", why, text);
	free(f->image.at);
}

static void later_version(void **state)
{
	struct forge f = forge_new();

	(void)state;
	codec_put32(f.image.at + 8, RECORDING_VERSION + 1);
	seal_header(f.image.at, f.image.size);
	expect_refused(&f, -EPROTO, "later version");

	f = forge_new();
	codec_put32(f.image.at + 8, 0);
	seal_header(f.image.at, f.image.size);
	expect_refused(&f, -EBADMSG, "fields");
}

/* Items that are new, longer than known, or too long for us. */
static void later_items(void **state)
{
	static const uint8_t more[] = {
		99, 0, 0, 0, 3,	 0, 0, 0, 'n',	'e', 'w', /* an unknown one */
		7,  0, 0, 0, 6,	 0, 0, 0, 0x31, 0,   0,	  0, 8, 9, /* .missing, and more */
		5,  0, 0, 0, 8,	 0, 0, 0, 1,	0,   0,	  0, 0, 0, 0, 1, /* .start_boot_ns */
		4,  0, 0, 0, 30, 0, 0, 0, /* .tool */
	};
	struct forge f = forge_new();
	struct recording *rec;

	(void)state;
	put(&f, more, sizeof(more));
	put(&f, "123456789012345678901234567890", 30);
	seal_header(f.image.at, f.image.size);
	rec = forge_open(&f);
	assert_int_equal(recording_info(rec)->missing, 0x31);
	assert_int_equal(recording_info(rec)->start_boot_ns, 0x0100000000000001);
	assert_string_equal(recording_info(rec)->host, "host.example");
	assert_int_equal(recording_info(rec)->nhooks, 2);
	assert_memory_equal(recording_info(rec)->tool, "12345678901234567890123", 24);
	recording_close(&rec);
	free(f.image.at);
}

static void many_hooks(void **state)
{
	static const uint8_t hook[] = { 8, 0, 0, 0, 1, 0, 0, 0, 'h' };
	struct forge f = forge_new();
	struct recording *rec;

	(void)state;
	for (size_t i = 0; i < RECORDING_HOOKS_MAX; i++)
		put(&f, hook, sizeof(hook));
	seal_header(f.image.at, f.image.size);
	rec = forge_open(&f);
	assert_int_equal(recording_info(rec)->nhooks, RECORDING_HOOKS_MAX);
	assert_string_equal(recording_info(rec)->hooks[RECORDING_HOOKS_MAX - 1], "h");
	recording_close(&rec);
	free(f.image.at);
}

static void broken_items(void **state)
{
	static const uint8_t items[][13] = {
		{ 99, 0, 0, 0, 6, 0, 0, 0, 1, 2, 3, 4, 5 }, /* longer than the header */
		{ 99, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5 },
		{ 99, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5 }, /* then no room for another */
		{ 5, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 5 }, /* a number that is cut */
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(items); i++) {
		struct forge f = forge_new();

		put(&f, items[i], sizeof(items[i]));
		seal_header(f.image.at, f.image.size);
		expect_refused(&f, -EBADMSG, "damaged: its fields cannot be");
	}
}

static void header_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, REC_HEADER_FIXED - 1, REC_HEADER_MAX + 1,
					    UINT32_MAX };
	struct forge f;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
		f = forge_new();
		codec_put32(f.image.at + 12, lengths[i]);
		expect_refused(&f, -EBADMSG, "damaged");
	}
	f = forge_new();
	codec_put32(f.image.at + 12, REC_HEADER_MAX);
	expect_refused(&f, -EBADMSG, "ends inside its header");
	/* Nothing but the fixed part is a header as well. */
	f = forge_new();
	f.image.size = REC_HEADER_FIXED;
	seal_header(f.image.at, f.image.size);
	expect(&f, 0, RECORDING_CUT, "ends before it");
}

static void not_a_recording(void **state)
{
	struct place *p = *state;
	struct recording *rec = NULL;
	char why[200];
	int fd;

	assert_int_equal(recording_open(p->path, &rec, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, strerror(ENOENT));
	assert_int_equal(recording_open(p->folder, &rec, why, sizeof(why)), -EISDIR);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	assert_int_equal(recording_open(p->path, &rec, why, sizeof(why)), -ESPIPE);
	assert_int_equal(unlink(p->path), 0);
	fd = open(p->path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(recording_open(p->path, &rec, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, "it is empty");
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	assert_int_equal(recording_open(p->path, &rec, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, "it is too short for a recording");
	assert_int_equal(write(fd, "echo a script\n", 14), 14);
	assert_int_equal(recording_open(p->path, &rec, why, sizeof(why)), -EBADMSG);
	assert_string_equal(why, "it is not a recording, or its first bytes are damaged");
	/* No room for a reason is no reason to fail otherwise. */
	assert_int_equal(recording_open(p->path, &rec, NULL, 0), -EBADMSG);
	assert_null(rec);
	close(fd);
}

/* ---- records ---- */

static void later_records(void **state)
{
	struct forge f = forge_new();
	struct ioas_event ev = op_event(1);
	const struct ioas_event *got;
	struct recording *rec;
	struct mirror *m;
	uint8_t raw[2000];
	size_t size = 0;

	(void)state;
	put_keyframe(&f);
	ev = unit_event(IOAS_EV_CTX_NEW);
	ev.order = 1;
	size += put_record(raw + size, &ev, 300);
	ev = op_event(2);
	size += put_record(raw + size, &ev, 100);
	ev.kind = IOAS_EV_KIND_MAX + 5;
	ev.order = 3;
	size += put_record(raw + size, &ev, 400);
	ev = unit_event(IOAS_EV_AREA_ADD);
	ev.order = 4;
	ev.body_area.iova = 1;
	size += put_record(raw + size, &ev, 184);
	ev = op_event(5);
	size += put_record(raw + size, &ev, 184);
	put_chunk(&f, REC_EVENTS, 0, raw, size, 5);
	put_rest(&f);

	rec = forge_open(&f);
	assert_int_equal(recording_next(rec, &got), 1);
	assert_int_equal(got->kind, IOAS_EV_CTX_NEW);
	assert_int_equal(got->len, sizeof(*got));
	assert_int_equal(recording_next(rec, &got), 1);
	assert_int_equal(got->order, 2);
	assert_int_equal(got->body_op.what, IOAS_OP_QUERY);
	assert_int_equal(got->body_op.result, 0);
	assert_int_equal(recording_next(rec, &got), 1);
	assert_int_equal(got->order, 5);
	assert_int_equal(recording_next(rec, &got), 0);
	assert_int_equal(recording_unknown(rec), 1);
	assert_int_equal(recording_malformed(rec), 1);
	assert_non_null(recording_totals(rec));
	/* Nobody knows what the third one changed. */
	assert_int_equal(recording_mirror(rec, UINT64_MAX, &m), 0);
	assert_int_equal(mirror_find_ctx(m, 1)->uncertain_since, 1000);
	mirror_free(m);
	recording_close(&rec);
	expect(&f, 3, RECORDING_WHOLE, "");
}

static void impossible_records(void **state)
{
	static const struct {
		size_t len; /* of the second record */
		size_t size; /* of all */
		uint32_t records;
		size_t events; /* that are read before it is seen */
		const char *why;
	} cases[] = {
		{ 87, 368, 2, 1, "a record is longer or shorter" },
		{ 0, 368, 2, 1, "a record is longer or shorter" },
		{ 185, 368, 2, 1, "a record is longer or shorter" },
		{ 184, 367, 2, 1, "a record is longer or shorter" },
		{ 184, 368, 3, 2, "a record is longer or shorter" },
		{ 184, 368, UINT32_MAX, 2, "a record is longer or shorter" },
		{ 184, 368, 1, 1, "more than its records" },
		{ 184, 368, 0, 0, "more than its records" },
		{ 100, 368, 2, 2, "more than its records" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct forge f = forge_new();
		struct ioas_event ev = op_event(1);
		uint8_t raw[368];

		put_keyframe(&f);
		put_record(raw, &ev, 184);
		put_record(raw + 184, &ev, 184);
		codec_put16(raw + 184, (uint16_t)cases[i].len);
		put_chunk(&f, REC_EVENTS, 0, raw, cases[i].size, cases[i].records);
		put_rest(&f);
		expect(&f, cases[i].events, RECORDING_DAMAGED, cases[i].why);
	}
}

/* Records are promised, and nothing was ever loaded. */
static void no_records(void **state)
{
	struct forge f = forge_new();

	(void)state;
	put_keyframe(&f);
	put_chunk(&f, REC_EVENTS, 0, NULL, 0, 1);
	expect(&f, 0, RECORDING_DAMAGED, "a record is longer or shorter");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(later_version), TEST(later_items),	       TEST(many_hooks),
		TEST(broken_items),  TEST(header_lengths),     TEST(not_a_recording),
		TEST(later_records), TEST(impossible_records), TEST(no_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
