// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzing the reader of recordings: opening, reading all, seeking, the state at
 * a time. The input is a file. Checksums are not checked in this build; what a
 * chunk holds is changed behind its compression (LLVMFuzzerCustomMutator).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "core/codec.h"
#include "core/recording_impl.h"
#include "fuzz.h"

static void read_all(struct recording *r)
{
	const struct ioas_event *ev;
	const char *why;

	while (recording_next(r, &ev) == 1)
		recording_in_keyframe(r);
	recording_ended(r, &why);
	if (!memchr(r->why, '\0', sizeof(r->why)))
		abort();
	recording_totals(r);
}

static void state_at(struct recording *r, uint64_t time_ns)
{
	struct mirror *m;

	if (recording_mirror(r, time_ns, &m))
		return;
	if (mirror_check(m))
		abort();
	mirror_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct recording *r;
	uint64_t first, last;
	char why[80];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (recording_open_fd(fd, &r, why, sizeof(why)))
		return 0;
	read_all(r);
	recording_span(r, &first, &last);
	state_at(r, first + (last - first) / 2);
	state_at(r, UINT64_MAX);
	if (recording_seek(r, last) == 0)
		read_all(r);
	recording_close(&r);
	return 0;
}

#ifdef FUZZ_MUTATE

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* The place of a chunk of the file, the n-th or the last; 0: there is none. */
static size_t find_chunk(const uint8_t *data, size_t size, unsigned int n, struct rec_chunk *found)
{
	int length = size >= REC_HEADER_FIXED ? rec_header_length(data) : -1;
	size_t at = length < 0 ? size : (size_t)length, place = 0;
	struct rec_chunk chunk;
	const char *why;

	while (at + REC_CHUNK_HEADER <= size && rec_get_chunk(data + at, &chunk, &why) == 0 &&
	       rec_after(at, &chunk) <= size) {
		place = at;
		*found = chunk;
		at = (size_t)rec_after(at, &chunk);
		if (!n--)
			break;
	}
	return place;
}

/* Puts another payload into the chunk; the new size of the file, 0 if it has no room. */
static size_t replace(uint8_t *data, size_t size, size_t max_size, size_t at,
		      struct rec_chunk *chunk, const uint8_t *raw, size_t raw_size)
{
	size_t bound = ZSTD_compressBound(raw_size), stored, rest;
	uint8_t *payload = malloc(bound);
	const uint8_t *behind = data + rec_after(at, chunk);

	stored = ZSTD_compress(payload, bound, raw, raw_size, 1);
	rest = size - (size_t)rec_after(at, chunk);
	if (ZSTD_isError(stored) || at + REC_CHUNK_HEADER + stored + rest > max_size) {
		free(payload);
		return 0;
	}
	memmove(data + at + REC_CHUNK_HEADER + stored, behind, rest);
	memcpy(data + at + REC_CHUNK_HEADER, payload, stored);
	free(payload);
	chunk->stored = (uint32_t)stored;
	chunk->raw = (uint32_t)raw_size;
	/* Most often so many as there are, if they have the usual length. */
	if (chunk->records && stored % 8)
		chunk->records = (uint32_t)(raw_size / CODEC_EVENT_SIZE);
	rec_put_chunk(data + at, chunk);
	return at + REC_CHUNK_HEADER + stored + rest;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct rec_chunk chunk;
	size_t at = seed % 4 ? find_chunk(data, size, seed / 4 % 16, &chunk) : 0;
	size_t raw_size, result = 0, room = 65536;
	uint8_t *raw;

	if (!at)
		return LLVMFuzzerMutate(data, size, max_size);
	raw = malloc(room);
	raw_size = ZSTD_decompress(raw, room, data + at + REC_CHUNK_HEADER, chunk.stored);
	if (!ZSTD_isError(raw_size)) {
		raw_size = LLVMFuzzerMutate(raw, raw_size, room);
		result = replace(data, size, max_size, at, &chunk, raw, raw_size);
	}
	free(raw);
	return result ? result : LLVMFuzzerMutate(data, size, max_size);
}

#endif
