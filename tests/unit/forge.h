/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings put together by hand, as no writer of today makes them. */
#ifndef TESTS_FORGE_H
#define TESTS_FORGE_H

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

static inline void put(struct forge *f, const void *bytes, size_t size)
{
	if (!size)
		return;
	f->image.at = realloc(f->image.at, f->image.size + size);
	assert_non_null(f->image.at);
	memcpy(f->image.at + f->image.size, bytes, size);
	f->image.size += size;
}

static inline void seal_header(uint8_t *at, size_t size)
{
	codec_put32(at + 12, (uint32_t)size);
	codec_put32(at + 16, crc32c(crc32c(0, at, 16), at + 20, size - 20));
}

static inline struct forge forge_new(void)
{
	struct recording_info info = some_info();
	struct forge f = { .image = { malloc(rec_header_size(&info)), rec_header_size(&info) } };

	assert_non_null(f.image.at);
	rec_put_header(f.image.at, &info);
	return f;
}

/* Puts a chunk whose payload is already what the file holds. */
static inline void put_stored(struct forge *f, const void *payload, size_t stored, size_t raw)
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

static inline void put_chunk(struct forge *f, unsigned int type, unsigned int flags,
			     const void *raw, size_t size, uint32_t records)
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

static inline void put_keyframe(struct forge *f)
{
	put_chunk(f, REC_KEYFRAME, REC_FIRST | REC_LAST, NULL, 0, 0);
}

static inline void put_end(struct forge *f)
{
	uint8_t raw[REC_END_SIZE + 16] = { 0 };

	/* Later totals may be more. */
	codec_put64(raw, f->events);
	put_chunk(f, REC_END, REC_TOTALS, raw, sizeof(raw), 0);
}

static inline void put_trailer(struct forge *f, uint64_t index, uint32_t flags, uint64_t more)
{
	struct rec_trailer trailer = { .flags = flags, .index = index };
	uint8_t bytes[REC_TRAILER];

	trailer.size = f->image.size + REC_TRAILER + more;
	rec_put_trailer(bytes, &trailer);
	put(f, bytes, sizeof(bytes));
}

/* All that closes a file; an index that is of no use. */
static inline void put_rest(struct forge *f)
{
	uint8_t raw[REC_INDEX_HEADER] = { REC_INDEX_ENTRY };

	put_end(f);
	put_chunk(f, REC_INDEX, 0, raw, sizeof(raw), 0);
	put_trailer(f, f->last, REC_TOTALS, 0);
}

static inline struct ioas_event op_event(uint64_t order)
{
	struct ioas_event ev = unit_event(IOAS_EV_OP);

	ev.order = order;
	ev.time_ns = 1000 + order;
	ev.body_op.what = IOAS_OP_QUERY;
	return ev;
}

/* An event as a record of that length, what is behind it filled with 0xee; its end. */
static inline size_t put_record(uint8_t *at, const struct ioas_event *ev, size_t len)
{
	uint8_t bytes[CODEC_EVENT_SIZE];

	codec_put_event(bytes, ev);
	memset(at, 0xee, len);
	memcpy(at, bytes, len < sizeof(bytes) ? len : sizeof(bytes));
	codec_put16(at, (uint16_t)len);
	return len;
}

static inline void put_events(struct forge *f, uint64_t order)
{
	uint8_t raw[CODEC_EVENT_SIZE];
	struct ioas_event ev = op_event(order);

	put_record(raw, &ev, sizeof(raw));
	put_chunk(f, REC_EVENTS, 0, raw, sizeof(raw), 1);
}

static inline struct recording *forge_open(const struct forge *f)
{
	struct recording *rec;
	char why[200] = "";

	if (image_open(&f->image, f->image.size, &rec, why, sizeof(why)))
		fail_msg("%s", why);
	return rec;
}

/* Reads all: how many events, and how it ended. Frees the file. */
static inline void expect(struct forge *f, size_t events, enum recording_end end, const char *text)
{
	struct recording *rec = forge_open(f);
	const struct ioas_event *ev;
	struct mirror *m;
	const char *why;

	for (size_t i = 0; i < events; i++)
		assert_int_equal(recording_next(rec, &ev), 1);
	assert_int_equal(recording_next(rec, &ev), 0);
	assert_int_equal(recording_ended(rec, &why), end);
	if (text[0] && !strstr(why, text))
		fail_msg("'%s' does not say '%s'", why, text);
	/* No way in does harm. */
	if (recording_mirror(rec, 1500, &m) == 0)
		mirror_free(m);
	recording_close(&rec);
	free(f->image.at);
}

#endif
