// SPDX-License-Identifier: GPL-2.0-or-later
/* The layouts of docs/recording-format.md, without files and compression. */
#include <errno.h>
#include <string.h>

#include "core/codec.h"
#include "core/crc32c.h"
#include "core/recording_impl.h"

#define STORED(member) (sizeof(((struct recording_info *)NULL)->member) - 1)

/* Its first byte is no text, its line ends show a copy that changed line ends. */
static const uint8_t file_magic[8] = { 0x89, 'I', 'O', 'A', 'S', '\r', '\n', 0x1a };

bool rec_crc_holds(uint32_t computed, uint32_t stored)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	/* A fuzzer could not get past a checksum. */
	(void)computed, (void)stored;
	return true;
#else
	return computed == stored;
#endif
}

static uint8_t *put_item(uint8_t *at, enum rec_item what, const void *value, size_t size)
{
	codec_put32(at, what);
	codec_put32(at + 4, (uint32_t)size);
	memcpy(at + REC_ITEM_HEADER, value, size);
	return at + REC_ITEM_HEADER + size;
}

static uint8_t *put_text(uint8_t *at, enum rec_item what, const char *text, size_t max)
{
	return put_item(at, what, text, strnlen(text, max));
}

static uint8_t *put_number(uint8_t *at, enum rec_item what, uint64_t value, unsigned int bytes)
{
	uint8_t coded[8];

	codec_put(coded, value, bytes);
	return put_item(at, what, coded, bytes);
}

static uint32_t hook_count(const struct recording_info *info)
{
	return info->nhooks < RECORDING_HOOKS_MAX ? info->nhooks : RECORDING_HOOKS_MAX;
}

size_t rec_header_size(const struct recording_info *info)
{
	size_t size = REC_HEADER_FIXED + 7 * REC_ITEM_HEADER + 8 + 8 + 4;

	size += strnlen(info->kernel, STORED(kernel)) + strnlen(info->boot_id, STORED(boot_id)) +
		strnlen(info->host, STORED(host)) + strnlen(info->tool, STORED(tool));
	for (uint32_t i = 0; i < hook_count(info); i++)
		size += REC_ITEM_HEADER + strnlen(info->hooks[i], STORED(hooks[0]));
	return size;
}

void rec_put_header(uint8_t *at, const struct recording_info *info)
{
	uint8_t *item = at + REC_HEADER_FIXED;

	item = put_text(item, REC_ITEM_KERNEL, info->kernel, STORED(kernel));
	item = put_text(item, REC_ITEM_BOOT_ID, info->boot_id, STORED(boot_id));
	item = put_text(item, REC_ITEM_HOST, info->host, STORED(host));
	item = put_text(item, REC_ITEM_TOOL, info->tool, STORED(tool));
	item = put_number(item, REC_ITEM_START_BOOT, info->start_boot_ns, 8);
	item = put_number(item, REC_ITEM_START_REAL, info->start_real_ns, 8);
	item = put_number(item, REC_ITEM_MISSING, info->missing, 4);
	for (uint32_t i = 0; i < hook_count(info); i++)
		item = put_text(item, REC_ITEM_HOOK, info->hooks[i], STORED(hooks[0]));

	memcpy(at, file_magic, sizeof(file_magic));
	codec_put32(at + 8, RECORDING_VERSION);
	codec_put32(at + 12, (uint32_t)(item - at));
	codec_put32(at + 16, crc32c(crc32c(0, at, 16), at + REC_HEADER_FIXED,
				    (size_t)(item - at) - REC_HEADER_FIXED));
}

int rec_header_length(const uint8_t *at)
{
	uint32_t length = codec_get32(at + 12);

	if (memcmp(at, file_magic, sizeof(file_magic)) != 0)
		return -EBADMSG;
	return length >= REC_HEADER_FIXED && length <= REC_HEADER_MAX ? (int)length : -EBADMSG;
}

/* As much as fits, up to a 0 byte; `text` is all 0. */
static void get_text(char *text, size_t max, const uint8_t *value, size_t size)
{
	memcpy(text, value, strnlen((const char *)value, size < max ? size : max));
}

/* An item that is longer than it was has more at its end, for those who know it. */
static int get_number(uint64_t *number, const uint8_t *value, size_t size, unsigned int bytes)
{
	if (size < bytes)
		return -EBADMSG;
	*number = codec_get(value, bytes);
	return 0;
}

static int get_item(struct recording_info *info, uint32_t what, const uint8_t *value, size_t size)
{
	uint64_t missing;

	switch (what) {
	case REC_ITEM_KERNEL:
		get_text(info->kernel, STORED(kernel), value, size);
		return 0;
	case REC_ITEM_BOOT_ID:
		get_text(info->boot_id, STORED(boot_id), value, size);
		return 0;
	case REC_ITEM_HOST:
		get_text(info->host, STORED(host), value, size);
		return 0;
	case REC_ITEM_TOOL:
		get_text(info->tool, STORED(tool), value, size);
		return 0;
	case REC_ITEM_START_BOOT:
		return get_number(&info->start_boot_ns, value, size, 8);
	case REC_ITEM_START_REAL:
		return get_number(&info->start_real_ns, value, size, 8);
	case REC_ITEM_MISSING:
		if (get_number(&missing, value, size, 4))
			return -EBADMSG;
		info->missing = (uint32_t)missing;
		return 0;
	case REC_ITEM_HOOK:
		if (info->nhooks < RECORDING_HOOKS_MAX)
			get_text(info->hooks[info->nhooks++], STORED(hooks[0]), value, size);
		return 0;
	default:
		return 0;
	}
}

int rec_get_header(const uint8_t *at, size_t size, struct recording_info *info, const char **why)
{
	uint32_t crc = crc32c(crc32c(0, at, 16), at + REC_HEADER_FIXED, size - REC_HEADER_FIXED);
	const uint8_t *end = at + size, *item = at + REC_HEADER_FIXED;

	*why = "the header is damaged: its checksum is wrong";
	if (!rec_crc_holds(crc, codec_get32(at + 16)))
		return -EBADMSG;
	*why = "of a later version, which this ioascope cannot read";
	if (codec_get32(at + 8) > RECORDING_VERSION)
		return -EPROTO;
	*why = "the header is damaged: its fields cannot be";
	if (!codec_get32(at + 8))
		return -EBADMSG;
	memset(info, 0, sizeof(*info));
	while (end - item >= REC_ITEM_HEADER) {
		uint32_t bytes = codec_get32(item + 4);
		const uint8_t *value = item + REC_ITEM_HEADER;

		if (bytes > end - value || get_item(info, codec_get32(item), value, bytes))
			return -EBADMSG;
		item = value + bytes;
	}
	return item == end ? 0 : -EBADMSG;
}

void rec_put_chunk(uint8_t *at, const struct rec_chunk *chunk)
{
	codec_put32(at, REC_CHUNK_MAGIC);
	codec_put16(at + 4, chunk->type);
	codec_put16(at + 6, chunk->flags);
	codec_put32(at + 8, chunk->stored);
	codec_put32(at + 12, chunk->raw);
	codec_put64(at + 16, chunk->sequence);
	codec_put64(at + 24, chunk->first_event);
	codec_put32(at + 32, chunk->records);
	codec_put32(at + 36, chunk->payload_crc);
	codec_put64(at + 40, chunk->min_ns);
	codec_put64(at + 48, chunk->max_ns);
	codec_put64(at + 56, chunk->before_ns);
	codec_put32(at + 64, 0);
	codec_put32(at + 68, crc32c(0, at, 68));
}

int rec_get_chunk(const uint8_t *at, struct rec_chunk *chunk, const char **why)
{
	*why = "no chunk begins there";
	if (codec_get32(at) != REC_CHUNK_MAGIC)
		return -EBADMSG;
	*why = "the checksum of its header is wrong";
	if (!rec_crc_holds(crc32c(0, at, 68), codec_get32(at + 68)))
		return -EBADMSG;
	chunk->type = codec_get16(at + 4);
	chunk->flags = codec_get16(at + 6);
	chunk->stored = codec_get32(at + 8);
	chunk->raw = codec_get32(at + 12);
	chunk->sequence = codec_get64(at + 16);
	chunk->first_event = codec_get64(at + 24);
	chunk->records = codec_get32(at + 32);
	chunk->payload_crc = codec_get32(at + 36);
	chunk->min_ns = codec_get64(at + 40);
	chunk->max_ns = codec_get64(at + 48);
	chunk->before_ns = codec_get64(at + 56);
	*why = "its length is beyond what the format allows";
	return chunk->raw <= REC_RAW_MAX && chunk->stored <= REC_STORED_MAX ? 0 : -EBADMSG;
}

void rec_put_segment(uint8_t *at, const struct rec_segment *segment)
{
	codec_put64(at, segment->offset);
	codec_put64(at + 8, segment->sequence);
	codec_put64(at + 16, segment->first_event);
	codec_put64(at + 24, segment->before_ns);
	codec_put64(at + 32, segment->events);
	codec_put64(at + 40, segment->min_ns);
	codec_put64(at + 48, segment->max_ns);
}

void rec_get_segment(const uint8_t *at, struct rec_segment *segment)
{
	segment->offset = codec_get64(at);
	segment->sequence = codec_get64(at + 8);
	segment->first_event = codec_get64(at + 16);
	segment->before_ns = codec_get64(at + 24);
	segment->events = codec_get64(at + 32);
	segment->min_ns = codec_get64(at + 40);
	segment->max_ns = codec_get64(at + 48);
}

void rec_put_totals(uint8_t *at, const struct recording_totals *totals)
{
	codec_put64(at, totals->events);
	codec_put64(at + 8, totals->seen);
	codec_put64(at + 16, totals->submitted);
	codec_put64(at + 24, totals->dropped);
	codec_put64(at + 32, totals->missed);
	codec_put64(at + 40, totals->gaps);
}

void rec_get_totals(const uint8_t *at, struct recording_totals *totals)
{
	totals->events = codec_get64(at);
	totals->seen = codec_get64(at + 8);
	totals->submitted = codec_get64(at + 16);
	totals->dropped = codec_get64(at + 24);
	totals->missed = codec_get64(at + 32);
	totals->gaps = codec_get64(at + 40);
}

void rec_put_trailer(uint8_t *at, const struct rec_trailer *trailer)
{
	codec_put32(at, REC_TRAILER_MAGIC);
	codec_put32(at + 4, trailer->flags);
	codec_put64(at + 8, trailer->index);
	codec_put64(at + 16, trailer->size);
	codec_put32(at + 24, 0);
	codec_put32(at + 28, crc32c(0, at, 28));
}

int rec_get_trailer(const uint8_t *at, struct rec_trailer *trailer)
{
	if (codec_get32(at) != REC_TRAILER_MAGIC ||
	    !rec_crc_holds(crc32c(0, at, 28), codec_get32(at + 28)))
		return -EBADMSG;
	trailer->flags = codec_get32(at + 4);
	trailer->index = codec_get64(at + 8);
	trailer->size = codec_get64(at + 16);
	return 0;
}
