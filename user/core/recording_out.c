// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing recordings: the chunks of one file, from its header to its trailer. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "core/codec.h"
#include "core/crc32c.h"
#include "core/recording_impl.h"

static int write_all(int fd, const uint8_t *at, size_t size)
{
	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int append(struct rec_out *out, const void *bytes, size_t size)
{
	int err = write_all(out->fd, bytes, size);

	if (!err) {
		out->size += size;
		return 0;
	}
	/* If the part that was written cannot be cut off, a reader stops there all the same. */
	(void)!ftruncate(out->fd, (off_t)out->size);
	return err;
}

static int write_header(struct rec_out *out, const struct recording_info *info)
{
	size_t size = rec_header_size(info);
	uint8_t *header = malloc(size);
	int err;

	if (!header)
		return -ENOMEM;
	rec_put_header(header, info);
	err = append(out, header, size);
	free(header);
	return err;
}

int rec_out_open(struct rec_out *out, const char *path, const struct recording_info *info,
		 struct rec_coder *coder)
{
	int err;

	*out = (struct rec_out){ .fd = -1, .coder = coder };
	out->fd = rec_file_new(path, &out->name);
	if (out->fd < 0)
		return out->fd;
	err = write_header(out, info);
	if (err)
		rec_out_drop(out);
	return err;
}

void rec_out_drop(struct rec_out *out)
{
	if (out->name)
		unlink(out->name);
	if (out->fd >= 0)
		close(out->fd);
	free(out->name);
	free(out->segments);
	*out = (struct rec_out){ .fd = -1 };
}

static int reserve(struct rec_coder *coder, size_t capacity)
{
	uint8_t *more;

	if (capacity <= coder->capacity)
		return 0;
	more = realloc(coder->chunk, capacity);
	if (!more)
		return -ENOMEM;
	coder->chunk = more;
	coder->capacity = capacity;
	return 0;
}

/* The caller has set what `chunk` says of its records. */
static int write_chunk(struct rec_out *out, struct rec_chunk *chunk, const uint8_t *raw,
		       size_t size)
{
	struct rec_coder *coder = out->coder;
	size_t bound = ZSTD_compressBound(size), stored;
	int err;

	err = reserve(coder, REC_CHUNK_HEADER + bound);
	if (err)
		return err;
	stored = ZSTD_compressCCtx(coder->zstd, coder->chunk + REC_CHUNK_HEADER, bound, raw, size,
				   coder->level);
	/* There is room for whatever it makes: only memory can be short. */
	if (ZSTD_isError(stored))
		return -ENOMEM;
	chunk->raw = (uint32_t)size;
	chunk->stored = (uint32_t)stored;
	chunk->payload_crc = crc32c(0, coder->chunk + REC_CHUNK_HEADER, stored);
	chunk->sequence = out->sequence;
	chunk->first_event = out->events;
	rec_put_chunk(coder->chunk, chunk);
	err = append(out, coder->chunk, REC_CHUNK_HEADER + stored);
	if (!err)
		out->sequence++;
	return err;
}

/* ---- segments ---- */

static void add_events(struct rec_segment *segment, uint64_t events, uint64_t min_ns,
		       uint64_t max_ns)
{
	if (!events)
		return;
	if (!segment->events || min_ns < segment->min_ns)
		segment->min_ns = min_ns;
	if (max_ns > segment->max_ns)
		segment->max_ns = max_ns;
	segment->events += events;
}

/* Leaves out every second entry; its events become those of the one before. */
static void thin_segments(struct rec_out *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->nsegments; i++) {
		const struct rec_segment *s = &out->segments[i];

		if (i % 2 == 0)
			out->segments[kept++] = *s;
		else
			add_events(&out->segments[kept - 1], s->events, s->min_ns, s->max_ns);
	}
	out->nsegments = kept;
}

static int begin_segment(struct rec_out *out)
{
	if (out->nsegments == REC_INDEX_KEPT)
		thin_segments(out);
	if (out->nsegments == out->capacity) {
		size_t capacity = out->capacity ? 2 * out->capacity : 64;
		struct rec_segment *more =
			reallocarray(out->segments, capacity, sizeof(*out->segments));

		if (!more)
			return -ENOMEM;
		out->segments = more;
		out->capacity = capacity;
	}
	out->segments[out->nsegments++] = (struct rec_segment){
		.offset = out->size,
		.sequence = out->sequence,
		.first_event = out->events,
	};
	return 0;
}

int rec_out_records(struct rec_out *out, struct rec_chunk *chunk, const uint8_t *raw, size_t size)
{
	bool keyframe = chunk->type == REC_KEYFRAME;
	uint64_t latest_ns = chunk->max_ns > out->latest_ns ? chunk->max_ns : out->latest_ns;
	struct rec_segment *segment;
	int err;

	if (chunk->flags & REC_FIRST) {
		err = begin_segment(out);
		if (err)
			return err;
	}
	chunk->before_ns = keyframe ? latest_ns : out->latest_ns;
	err = write_chunk(out, chunk, raw, size);
	if (err)
		return err;
	out->latest_ns = latest_ns;
	segment = &out->segments[out->nsegments - 1];
	if (keyframe) {
		segment->before_ns = latest_ns;
		return 0;
	}
	add_events(segment, chunk->records, chunk->min_ns, chunk->max_ns);
	out->events += chunk->records;
	return 0;
}

/* ---- the end ---- */

static int write_end(struct rec_out *out, const struct recording_totals *totals, unsigned int flags)
{
	struct rec_chunk chunk = {
		.type = REC_END,
		.flags = (uint16_t)flags,
		.before_ns = out->latest_ns,
	};
	struct recording_totals known = { 0 };
	uint8_t raw[REC_END_SIZE];

	if (totals)
		known = *totals;
	known.events = out->events;
	rec_put_totals(raw, &known);
	return write_chunk(out, &chunk, raw, sizeof(raw));
}

static int write_index(struct rec_out *out)
{
	struct rec_chunk chunk = { .type = REC_INDEX, .before_ns = out->latest_ns };
	size_t size = REC_INDEX_HEADER + out->nsegments * REC_INDEX_ENTRY;
	uint8_t *raw = calloc(1, size);
	int err;

	if (!raw)
		return -ENOMEM;
	codec_put32(raw, REC_INDEX_ENTRY);
	for (size_t i = 0; i < out->nsegments; i++)
		rec_put_segment(raw + REC_INDEX_HEADER + i * REC_INDEX_ENTRY, &out->segments[i]);
	err = write_chunk(out, &chunk, raw, size);
	free(raw);
	return err;
}

int rec_out_end(struct rec_out *out, const struct recording_totals *totals, unsigned int flags)
{
	struct rec_trailer trailer = { .flags = flags | (totals ? REC_TOTALS : 0) };
	uint8_t last[REC_TRAILER];
	int err;

	err = write_end(out, totals, trailer.flags);
	if (err)
		return err;
	trailer.index = out->size;
	err = write_index(out);
	if (err)
		return err;
	trailer.size = out->size + REC_TRAILER;
	rec_put_trailer(last, &trailer);
	err = append(out, last, sizeof(last));
	if (!err && fdatasync(out->fd))
		err = -errno;
	return err;
}
