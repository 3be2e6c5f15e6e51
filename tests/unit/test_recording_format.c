// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that no writer of today makes: later ones, strange ones, hostile ones. */
#include <zstd.h>

#include "core/codec.h"
#include "core/crc32c.h"
#include "recording_unit.h"

/* A file that is put together by hand. */
struct forge {
	struct image image;
	uint64_t sequence, events;
	struct rec_chunk next; /* what a test wants otherwise is set here */
	size_t last; /* where the last chunk begins */
};

static void put(struct forge *f, const void *bytes, size_t size)
{
	if (!size)
		return;
	f->image.at = realloc(f->image.at, f->image.size + size);
	assert_non_null(f->image.at);
	memcpy(f->image.at + f->image.size, bytes, size);
	f->image.size += size;
}

static void seal_header(uint8_t *at, size_t size)
{
	codec_put32(at + 12, (uint32_t)size);
	codec_put32(at + 16, crc32c(crc32c(0, at, 16), at + 20, size - 20));
}

static struct forge forge_new(void)
{
	struct recording_info info = some_info();
	struct forge f = { .image = { malloc(rec_header_size(&info)), rec_header_size(&info) } };

	assert_non_null(f.image.at);
	rec_put_header(f.image.at, &info);
	return f;
}

/* Puts a chunk whose payload is already what the file holds. */
static void put_stored(struct forge *f, const void *payload, size_t stored, size_t raw)
{
	struct rec_chunk chunk = f->next;
	uint8_t header[REC_CHUNK_HEADER];

	chunk.stored = (uint32_t)stored;
	chunk.raw = (uint32_t)raw;
	chunk.sequence = f->sequence++;
	chunk.first_event = f->events;
	chunk.payload_crc = crc32c(0, payload, stored);
	if (chunk.type == REC_EVENTS)
		f->events += chunk.records;
	rec_put_chunk(header, &chunk);
	f->last = f->image.size;
	put(f, header, sizeof(header));
	put(f, payload, stored);
	f->next = (struct rec_chunk){ 0 };
}

static void put_chunk(struct forge *f, unsigned int type, unsigned int flags, const void *raw,
		      size_t size, uint32_t records)
{
	size_t bound = ZSTD_compressBound(size), stored;
	uint8_t *payload = malloc(bound);

	assert_non_null(payload);
	stored = ZSTD_compress(payload, bound, raw, size, 1);
	assert_false(ZSTD_isError(stored));
	f->next.type = (uint16_t)type;
	f->next.flags = (uint16_t)flags;
	f->next.records = records;
	put_stored(f, payload, stored, size);
	free(payload);
}

static void put_keyframe(struct forge *f)
{
	put_chunk(f, REC_KEYFRAME, REC_FIRST | REC_LAST, NULL, 0, 0);
}

static void put_end(struct forge *f)
{
	uint8_t raw[REC_END_SIZE + 16] = { 0 };

	/* Later totals may be more. */
	codec_put64(raw, f->events);
	put_chunk(f, REC_END, REC_TOTALS, raw, sizeof(raw), 0);
}

static void put_trailer(struct forge *f, uint64_t index, uint32_t flags, uint64_t more)
{
	struct rec_trailer trailer = { .flags = flags, .index = index };
	uint8_t bytes[REC_TRAILER];

	trailer.size = f->image.size + REC_TRAILER + more;
	rec_put_trailer(bytes, &trailer);
	put(f, bytes, sizeof(bytes));
}

/* All that closes a file; an index that is of no use. */
static void put_rest(struct forge *f)
{
	uint8_t raw[REC_INDEX_HEADER] = { REC_INDEX_ENTRY };

	put_end(f);
	put_chunk(f, REC_INDEX, 0, raw, sizeof(raw), 0);
	put_trailer(f, f->last, REC_TOTALS, 0);
}

static struct ioas_event op_event(uint64_t order)
{
	struct ioas_event ev = unit_event(IOAS_EV_OP);

	ev.order = order;
	ev.time_ns = 1000 + order;
	ev.body_op.what = IOAS_OP_QUERY;
	return ev;
}

/* An event as a record of that length, what is behind it filled with 0xee; its end. */
static size_t put_record(uint8_t *at, const struct ioas_event *ev, size_t len)
{
	uint8_t bytes[CODEC_EVENT_SIZE];

	codec_put_event(bytes, ev);
	memset(at, 0xee, len);
	memcpy(at, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
	codec_put16(at, (uint16_t)len);
	return len;
}

static void put_events(struct forge *f, uint64_t order)
{
	uint8_t raw[CODEC_EVENT_SIZE];
	struct ioas_event ev = op_event(order);

	put_record(raw, &ev, sizeof(raw));
	put_chunk(f, REC_EVENTS, 0, raw, sizeof(raw), 1);
}

static struct recording *forge_open(const struct forge *f)
{
	struct recording *rec;
	char why[200] = "";

	if (image_open(&f->image, f->image.size, &rec, why, sizeof(why)))
		fail_msg("%s", why);
	return rec;
}

/* Reads all: how many events, and how it ended. Frees the file. */
static void expect(struct forge *f, size_t events, enum recording_end end, const char *text)
{
	struct recording *rec = forge_open(f);
	const struct ioas_event *ev;
	struct mirror *m;
	const char *why;

	for (size_t i = 0; i < events; i++)
		assert_int_equal(recording_next(rec, &ev), 1);
	assert_int_equal(recording_next(rec, &ev), 0);
	assert_int_equal(recording_ended(rec, &why), end);
	if (!strstr(why, text))
		fail_msg("'%s' does not say '%s'", why, text);
	/* No way in does harm. */
	if (recording_mirror(rec, 1500, &m) == 0)
		mirror_free(m);
	recording_close(&rec);
	free(f->image.at);
}

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
		TEST(later_version),   TEST(later_items),	   TEST(many_hooks),
		TEST(broken_items),    TEST(header_lengths),	   TEST(not_a_recording),
		TEST(later_records),   TEST(impossible_records),   TEST(no_records),
		TEST(later_chunks),    TEST(wrong_chunks),	   TEST(wrong_payloads),
		TEST(wrong_keyframes), TEST(wrong_ends),	   TEST(later_index),
		TEST(wrong_index),     TEST(interrupted_keyframe), TEST(misleading_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
