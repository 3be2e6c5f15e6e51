// SPDX-License-Identifier: GPL-2.0-or-later
/* Chunks, ends and indexes that are later than ours, strange or hostile. */
#include "forge.h"

/* ---- chunks ---- */

static void later_chunks(void **state)
{
	struct forge f = forge_new();

	(void)state;
	put_keyframe(&f);
	put_events(&f, 1);
	put_chunk(&f, 77, 0xffff, "something new", 13, 1000);
	f.next.type = 78;
	put_stored(&f, "not even compressed", 19, 5);
	f.next.min_ns = 1002;
	put_events(&f, 2);
	put_chunk(&f, 79, 0, NULL, 0, 0);
	put_rest(&f);
	expect(&f, 2, RECORDING_WHOLE, "");
}

/* The chunk's own numbers, changed and sealed again. */
static void change_last(struct forge *f, size_t offset, uint64_t value, unsigned int bytes)
{
	uint8_t *at = f->image.at + f->last;

	codec_put(at + offset, value, bytes);
	codec_put32(at + 68, crc32c(0, at, 68));
}

static void wrong_chunks(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		unsigned int bytes;
		enum recording_end end;
		const char *why;
	} cases[] = {
		{ 0, 0, 4, RECORDING_DAMAGED, "no chunk begins there" },
		{ 8, REC_STORED_MAX + 1, 4, RECORDING_DAMAGED, "beyond what the format allows" },
		{ 8, REC_STORED_MAX, 4, RECORDING_CUT, "ends inside it" },
		{ 12, REC_RAW_MAX + 1, 4, RECORDING_DAMAGED, "beyond what the format allows" },
		{ 12, REC_RAW_MAX, 4, RECORDING_DAMAGED, "cannot be decompressed" },
		{ 12, 183, 4, RECORDING_DAMAGED, "cannot be decompressed" },
		{ 16, 1, 8, RECORDING_DAMAGED, "another chunk should stand there" },
		{ 16, 3, 8, RECORDING_DAMAGED, "another chunk should stand there" },
		{ 24, 0, 8, RECORDING_DAMAGED, "another chunk should stand there" },
		{ 36, 0, 4, RECORDING_DAMAGED, "its checksum is wrong" },
	};
	struct forge f;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		f = forge_new();
		put_keyframe(&f);
		put_events(&f, 1);
		put_events(&f, 2);
		change_last(&f, cases[i].offset, cases[i].value, cases[i].bytes);
		expect(&f, 1, cases[i].end, cases[i].why);
	}
}

/* zstd's own header may say anything. */
static void wrong_payloads(void **state)
{
	/* A frame of no known length, and one that says 2^63 bytes; nothing follows. */
	static const uint8_t no_length[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 1, 0, 0 };
	static const uint8_t bomb[] = { 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0,
					0,    0,    0,	  0,	0x80, 1, 0, 0 };
	uint8_t raw[CODEC_EVENT_SIZE] = { 0 }, two[1000];
	size_t one;
	struct forge f;

	(void)state;
	f = forge_new();
	put_keyframe(&f);
	f.next.type = REC_EVENTS;
	put_stored(&f, no_length, sizeof(no_length), 0);
	expect(&f, 0, RECORDING_DAMAGED, "cannot be decompressed");

	f = forge_new();
	put_keyframe(&f);
	f.next.type = REC_EVENTS;
	put_stored(&f, bomb, sizeof(bomb), 184);
	expect(&f, 0, RECORDING_DAMAGED, "cannot be decompressed");

	/* Two frames. */
	one = ZSTD_compress(two, sizeof(two), raw, sizeof(raw), 1);
	memcpy(two + one, two, one);
	f = forge_new();
	put_keyframe(&f);
	f.next.type = REC_EVENTS;
	f.next.records = 1;
	put_stored(&f, two, 2 * one, sizeof(raw));
	expect(&f, 0, RECORDING_DAMAGED, "cannot be decompressed");

	/* The second one is of nothing. */
	one += ZSTD_compress(two + one, sizeof(two) - one, raw, 0, 1);
	f = forge_new();
	put_keyframe(&f);
	f.next.type = REC_EVENTS;
	f.next.records = 1;
	put_stored(&f, two, one, sizeof(raw));
	expect(&f, 0, RECORDING_DAMAGED, "cannot be decompressed");

	f = forge_new();
	put_keyframe(&f);
	f.next.type = REC_EVENTS;
	put_stored(&f, NULL, 0, 0);
	expect(&f, 0, RECORDING_DAMAGED, "cannot be decompressed");
}

static void wrong_keyframes(void **state)
{
	struct forge f;

	(void)state;
	f = forge_new();
	put_events(&f, 1);
	expect(&f, 0, RECORDING_DAMAGED, "a whole keyframe should stand there");
	f = forge_new();
	put_chunk(&f, REC_KEYFRAME, REC_LAST, NULL, 0, 0);
	expect(&f, 0, RECORDING_DAMAGED, "a whole keyframe should stand there");
	f = forge_new();
	put_chunk(&f, REC_KEYFRAME, REC_FIRST, NULL, 0, 0);
	put_events(&f, 1);
	expect(&f, 0, RECORDING_DAMAGED, "a whole keyframe should stand there");
	f = forge_new();
	put_chunk(&f, REC_KEYFRAME, REC_FIRST, NULL, 0, 0);
	put_keyframe(&f);
	expect(&f, 0, RECORDING_DAMAGED, "a whole keyframe should stand there");
	/* One that was not finished is no place to go to. */
	f = forge_new();
	put_keyframe(&f);
	f.next.min_ns = 1001;
	put_events(&f, 1);
	put_chunk(&f, REC_KEYFRAME, REC_FIRST, NULL, 0, 0);
	f.next.min_ns = 1002;
	put_events(&f, 2);
	put_rest(&f);
	expect(&f, 2, RECORDING_WHOLE, "");
}

/* ---- the end ---- */

static void wrong_ends(void **state)
{
	uint8_t totals[REC_END_SIZE] = { 2 };
	struct forge f;

	(void)state;
	f = forge_new();
	put_keyframe(&f);
	put_chunk(&f, REC_END, REC_TOTALS, totals, sizeof(totals) - 1, 0);
	expect(&f, 0, RECORDING_DAMAGED, "the totals are too short");
	f = forge_new();
	put_keyframe(&f);
	put_events(&f, 1);
	put_chunk(&f, REC_END, REC_TOTALS, totals, sizeof(totals), 0);
	expect(&f, 1, RECORDING_DAMAGED, "the totals count other events");
	f = forge_new();
	put_keyframe(&f);
	put_chunk(&f, REC_INDEX, 0, totals, sizeof(totals), 0);
	expect(&f, 0, RECORDING_DAMAGED, "the end should stand before the index");
	f = forge_new();
	put_keyframe(&f);
	put_rest(&f);
	put(&f, "x", 1);
	expect(&f, 0, RECORDING_DAMAGED, "something follows");
	/* The trailer of another file: its index, its size, its end. */
	for (unsigned int i = 0; i < 3; i++) {
		f = forge_new();
		put_keyframe(&f);
		put_end(&f);
		put_chunk(&f, REC_INDEX, 0, totals, sizeof(totals), 0);
		put_trailer(&f, f.last - (i == 0), i == 1 ? 0 : REC_TOTALS, i == 2);
		expect(&f, 0, RECORDING_DAMAGED, "the trailer is damaged");
	}
}

/* ---- the index ---- */

struct entry {
	uint64_t offset, sequence, first_event, before_ns;
};

static void put_index(struct forge *f, const struct entry *entries, size_t count, uint32_t length)
{
	uint8_t raw[1000] = { 0 };

	codec_put32(raw, length);
	for (size_t i = 0; i < count; i++) {
		struct rec_segment segment = { .offset = entries[i].offset,
					       .sequence = entries[i].sequence,
					       .first_event = entries[i].first_event,
					       .before_ns = entries[i].before_ns,
					       .events = 1,
					       .min_ns = 1001,
					       .max_ns = 1002 };

		rec_put_segment(raw + REC_INDEX_HEADER + i * length, &segment);
	}
	put_end(f);
	put_chunk(f, REC_INDEX, 0, raw, REC_INDEX_HEADER + count * length, 0);
	put_trailer(f, f->last, REC_TOTALS, 0);
}

/* Two keyframes, behind each an event; where the second one is. */
static struct forge two_segments(size_t *second)
{
	struct forge f = forge_new();

	put_keyframe(&f);
	f.next.min_ns = f.next.max_ns = 1001;
	put_events(&f, 1);
	f.next.before_ns = 1001;
	*second = f.image.size;
	put_keyframe(&f);
	f.next.min_ns = f.next.max_ns = 1002;
	put_events(&f, 2);
	return f;
}

static size_t segments_of(struct forge *f)
{
	struct recording *rec = forge_open(f);
	size_t count;

	assert_int_equal(rec_survey(rec), 0);
	assert_int_equal(rec->segments[0].offset, rec->start);
	count = rec->nsegments;
	recording_close(&rec);
	return count;
}

static void later_index(void **state)
{
	struct recording_info info = some_info();
	struct entry entries[2] = { { .offset = rec_header_size(&info) }, { 0, 2, 1, 1001 } };
	struct forge f;

	(void)state;
	f = two_segments(&entries[1].offset);
	/* Entries may become longer. One alone shows that it is the index that is used. */
	put_index(&f, entries, 1, REC_INDEX_ENTRY + 24);
	assert_int_equal(segments_of(&f), 1);
	expect(&f, 2, RECORDING_WHOLE, "");
	f = two_segments(&entries[1].offset);
	put_index(&f, entries, 2, REC_INDEX_ENTRY);
	assert_int_equal(segments_of(&f), 2);
	expect(&f, 2, RECORDING_WHOLE, "");
}

/* What cannot be true of an index is found by the chunks themselves. */
static void wrong_index(void **state)
{
	struct recording_info info = some_info();
	size_t start = rec_header_size(&info), second;
	const struct entry wrong[][2] = {
		{ { start + 1, 0, 0, 0 }, { start + 2, 2, 1, 1001 } },
		{ { start, 0, 0, 0 }, { start, 2, 1, 1001 } },
		{ { start, 0, 0, 0 }, { 1ULL << 40, 2, 1, 1001 } },
		{ { start, 0, 0, 0 }, { UINT64_MAX, 2, 1, 1001 } },
		{ { 0, 0, 0, 0 }, { start, 2, 1, 1001 } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
		struct forge f = two_segments(&second);

		put_index(&f, wrong[i], 2, REC_INDEX_ENTRY);
		assert_int_equal(segments_of(&f), 2);
		expect(&f, 2, RECORDING_WHOLE, "");
	}
}

/* Two parts with events between them are no keyframe. */
static void interrupted_keyframe(void **state)
{
	struct forge f = forge_new();

	(void)state;
	put_keyframe(&f);
	put_chunk(&f, REC_KEYFRAME, REC_FIRST, NULL, 0, 0);
	put_events(&f, 1);
	put_chunk(&f, REC_KEYFRAME, REC_LAST, NULL, 0, 0);
	put_rest(&f);
	assert_int_equal(segments_of(&f), 1);
	expect(&f, 1, RECORDING_WHOLE, "");
}

/* An index that could be true but is not: no keyframe stands there. */
static void misleading_index(void **state)
{
	struct recording_info info = some_info();
	struct entry entries[2] = { { .offset = rec_header_size(&info) }, { 0, 2, 1, 1001 } };
	const struct ioas_event *ev;
	struct recording *rec;
	struct forge f;

	(void)state;
	f = two_segments(&entries[1].offset);
	entries[1].offset++;
	put_index(&f, entries, 2, REC_INDEX_ENTRY);
	rec = forge_open(&f);
	assert_int_equal(recording_seek(rec, 5000), 0);
	assert_int_equal(recording_next(rec, &ev), 1);
	assert_int_equal(ev->order, 1);
	recording_close(&rec);
	expect(&f, 2, RECORDING_WHOLE, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(later_chunks),    TEST(wrong_chunks),	   TEST(wrong_payloads),
		TEST(wrong_keyframes), TEST(wrong_ends),	   TEST(later_index),
		TEST(wrong_index),     TEST(interrupted_keyframe), TEST(misleading_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
