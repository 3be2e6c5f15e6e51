// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing recordings: collecting events, keyframes, and the files of a set. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "core/codec.h"
#include "core/event.h"
#include "core/recording_impl.h"

#define CHUNK_BYTES (1U << 20)
#define KEYFRAME_EVENTS 65536
#define LEVEL 3

struct recording_writer {
	char *path;
	struct recording_info info;
	struct recording_options options; /* no 0 stands for a default */
	const struct mirror *mirror;
	struct rec_coder coder;
	struct rec_out out; /* the current file */
	uint64_t start_size; /* of its header and first keyframe */
	uint64_t start_ns; /* time of its first event, if there is one */
	uint8_t *raw; /* records of the chunk that is being collected; .options.chunk_bytes */
	size_t raw_size;
	struct rec_chunk chunk; /* .records, .min_ns, .max_ns of these */
	uint64_t since_keyframe; /* events */
	uint64_t keyframe_records; /* of the last one */
	int err; /* 0, or why nothing can be written any more */
};

/* ---- collecting ---- */

static void collect(struct recording_writer *w, const struct ioas_event *ev)
{
	struct rec_chunk *chunk = &w->chunk;
	uint64_t time_ns = rec_time(ev);

	if (!chunk->records || time_ns < chunk->min_ns)
		chunk->min_ns = time_ns;
	if (time_ns > chunk->max_ns)
		chunk->max_ns = time_ns;
	chunk->records++;
	codec_put_event(w->raw + w->raw_size, ev);
	w->raw_size += CODEC_EVENT_SIZE;
}

static bool is_full(const struct recording_writer *w)
{
	return w->raw_size + CODEC_EVENT_SIZE > w->options.chunk_bytes;
}

static int write_collected(struct recording_writer *w, enum rec_type type, unsigned int flags)
{
	int err;

	w->chunk.type = (uint16_t)type;
	w->chunk.flags = (uint16_t)flags;
	err = rec_out_records(&w->out, &w->chunk, w->raw, w->raw_size);
	w->chunk = (struct rec_chunk){ 0 };
	w->raw_size = 0;
	return err;
}

static int write_events(struct recording_writer *w)
{
	return w->raw_size ? write_collected(w, REC_EVENTS, 0) : 0;
}

struct keyframe {
	struct recording_writer *w;
	unsigned int flags; /* of the next chunk */
};

static int collect_keyframe(const struct ioas_event *ev, void *arg)
{
	struct keyframe *k = arg;
	int err;

	if (is_full(k->w)) {
		err = write_collected(k->w, REC_KEYFRAME, k->flags);
		if (err)
			return err;
		k->flags = 0;
	}
	collect(k->w, ev);
	k->w->keyframe_records++;
	return 0;
}

/* All events have been written. */
static int write_keyframe(struct recording_writer *w)
{
	struct keyframe k = { .w = w, .flags = REC_FIRST };
	int err;

	w->since_keyframe = 0;
	w->keyframe_records = 0;
	err = mirror_keyframe(w->mirror, collect_keyframe, &k);
	if (err)
		return err;
	return write_collected(w, REC_KEYFRAME, k.flags | REC_LAST);
}

/* ---- files ---- */

/* A new file in w->out, with header and keyframe, on the disk; as yet without its name. */
static int begin_file(struct recording_writer *w, uint64_t latest_ns)
{
	int err;

	err = rec_out_open(&w->out, w->path, &w->info, &w->coder);
	if (err)
		return err;
	w->out.latest_ns = latest_ns;
	err = write_keyframe(w);
	if (!err && fdatasync(w->out.fd))
		err = -errno;
	if (err)
		rec_out_drop(&w->out);
	else
		w->start_size = w->out.size;
	return err;
}

static void keep_file(struct rec_out *out)
{
	free(out->name);
	out->name = NULL;
}

/*
 * Goes on in a new file. That one is there before the old one is closed: if it
 * cannot be made, the old one does not say that there is a next.
 */
static int rotate(struct recording_writer *w)
{
	struct rec_out old, next;
	int err;

	err = write_events(w);
	if (err)
		return err;
	old = w->out;
	err = begin_file(w, old.latest_ns);
	next = w->out;
	w->out = old;
	if (err)
		return err;
	err = rec_out_end(&w->out, NULL, REC_CONTINUES);
	if (!err)
		err = rec_file_rotate(next.name, w->path, w->options.keep);
	if (err) {
		rec_out_drop(&next);
		return err;
	}
	keep_file(&next);
	rec_out_drop(&w->out);
	w->out = next;
	return 0;
}

/*
 * A file that begins with a large state is not ended before it has as much
 * again of news: else each chunk would cost a whole state.
 */
static bool is_large(const struct recording_writer *w)
{
	return w->options.rotate_bytes && w->out.size >= w->options.rotate_bytes &&
	       w->out.size - w->start_size >= w->start_size;
}

static bool is_old(const struct recording_writer *w, uint64_t now_ns)
{
	return w->options.rotate_ns && now_ns > w->start_ns &&
	       now_ns - w->start_ns >= w->options.rotate_ns;
}

/* For the same reason a large state comes at longer intervals. */
static bool wants_keyframe(const struct recording_writer *w)
{
	return w->since_keyframe >= w->options.keyframe_events &&
	       w->since_keyframe >= w->keyframe_records;
}

static int write_event(struct recording_writer *w, const struct ioas_event *ev)
{
	int err = 0;

	if (!w->out.events && !w->raw_size)
		w->start_ns = ev->time_ns;
	collect(w, ev);
	w->since_keyframe++;
	if (is_full(w))
		err = write_events(w);
	if (!err && (is_large(w) || is_old(w, ev->time_ns)))
		return rotate(w);
	if (err || !wants_keyframe(w))
		return err;
	err = write_events(w);
	return err ? err : write_keyframe(w);
}

/* ---- for all ---- */

static struct recording_options with_defaults(const struct recording_options *options)
{
	struct recording_options o = { 0 };

	if (options)
		o = *options;
	if (!o.chunk_bytes)
		o.chunk_bytes = CHUNK_BYTES;
	if (o.chunk_bytes > REC_RAW_MAX)
		o.chunk_bytes = REC_RAW_MAX;
	if (o.chunk_bytes < CODEC_EVENT_SIZE)
		o.chunk_bytes = CODEC_EVENT_SIZE;
	if (!o.keyframe_events)
		o.keyframe_events = KEYFRAME_EVENTS;
	if (!o.level)
		o.level = LEVEL;
	return o;
}

static void free_writer(struct recording_writer *w)
{
	rec_out_drop(&w->out);
	ZSTD_freeCCtx(w->coder.zstd);
	free(w->coder.chunk);
	free(w->raw);
	free(w->path);
	free(w);
}

static struct recording_writer *new_writer(const char *path, const struct recording_info *info,
					   const struct recording_options *options,
					   const struct mirror *mirror)
{
	struct recording_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->out.fd = -1;
	w->info = *info;
	w->mirror = mirror;
	w->options = with_defaults(options);
	w->path = strdup(path);
	w->raw = malloc(w->options.chunk_bytes);
	w->coder.zstd = ZSTD_createCCtx();
	w->coder.level = w->options.level;
	if (w->path && w->raw && w->coder.zstd)
		return w;
	free_writer(w);
	return NULL;
}

int recording_create(const char *path, const struct recording_info *info,
		     const struct recording_options *options, const struct mirror *mirror,
		     struct recording_writer **out)
{
	struct recording_writer *w = new_writer(path, info, options, mirror);
	int err;

	if (!w)
		return -ENOMEM;
	err = begin_file(w, 0);
	if (!err)
		err = rec_file_place(w->out.name, path);
	if (err) {
		free_writer(w);
		return err;
	}
	keep_file(&w->out);
	*out = w;
	return 0;
}

int recording_write(struct recording_writer *w, const struct ioas_event *ev)
{
	int err;

	if (w->err)
		return w->err;
	err = ioas_event_check_fields(ev);
	if (err)
		return err;
	w->err = write_event(w, ev);
	return w->err;
}

int recording_flush(struct recording_writer *w)
{
	if (!w->err)
		w->err = write_events(w);
	return w->err;
}

uint64_t recording_size(const struct recording_writer *w)
{
	return w->out.size;
}

int recording_finish(struct recording_writer **wp, const struct recording_totals *totals)
{
	struct recording_writer *w = *wp;
	int err;

	*wp = NULL;
	if (!w)
		return 0;
	err = w->err;
	if (!err)
		err = write_events(w);
	if (!err)
		err = rec_out_end(&w->out, totals, 0);
	free_writer(w);
	return err;
}
