// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading recordings: what is where in the file, and going there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/codec.h"
#include "core/recording_impl.h"

/* Segments while they are collected. */
struct survey {
	struct rec_segment *at;
	size_t count;
	size_t capacity;
	uint32_t flags;
};

static int add_segment(struct survey *s, const struct rec_segment *segment)
{
	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 16;
		struct rec_segment *more = reallocarray(s->at, capacity, sizeof(*s->at));

		if (!more)
			return -ENOMEM;
		s->at = more;
		s->capacity = capacity;
	}
	s->at[s->count++] = *segment;
	return 0;
}

/* ---- by the index ---- */

/* Where the index begins; false: there is none that can be used. */
static bool find_index(const struct recording *r, struct rec_trailer *trailer,
		       struct rec_chunk *chunk)
{
	uint8_t bytes[REC_TRAILER];
	const char *why;
	struct stat st;
	uint64_t at;

	if (fstat(r->fd, &st) || (uint64_t)st.st_size < r->start + REC_TRAILER)
		return false;
	at = (uint64_t)st.st_size - REC_TRAILER;
	if (rec_read(r->fd, at, bytes, sizeof(bytes)) != sizeof(bytes) ||
	    rec_get_trailer(bytes, trailer) || trailer->size != (uint64_t)st.st_size ||
	    trailer->index < r->start || trailer->index >= at)
		return false;
	return rec_find_chunk(r, trailer->index, chunk, &why) == REC_FOUND &&
	       chunk->type == REC_INDEX && rec_after(trailer->index, chunk) == at;
}

/* 0, -EBADMSG, -ENOMEM. */
static int parse_index(const struct recording *r, uint64_t index, const struct rec_bytes *raw,
		       struct survey *s)
{
	uint64_t place = r->start;
	uint32_t entry;
	int err;

	if (raw->size < REC_INDEX_HEADER)
		return -EBADMSG;
	entry = codec_get32(raw->at);
	if (entry < REC_INDEX_ENTRY || (raw->size - REC_INDEX_HEADER) % entry)
		return -EBADMSG;
	for (size_t at = REC_INDEX_HEADER; at < raw->size; at += entry) {
		struct rec_segment segment;

		rec_get_segment(raw->at + at, &segment);
		if (segment.offset < place || segment.offset >= index ||
		    (!s->count && segment.offset != r->start))
			return -EBADMSG;
		place = segment.offset + 1;
		err = add_segment(s, &segment);
		if (err)
			return err;
	}
	return s->count ? 0 : -EBADMSG;
}

static int survey_index(struct recording *r, struct survey *s)
{
	struct rec_bytes raw = { 0 };
	struct rec_trailer trailer;
	struct rec_chunk chunk;
	const char *why;
	int err;

	if (!find_index(r, &trailer, &chunk))
		return -EBADMSG;
	err = rec_load_chunk(r, trailer.index, &chunk, &raw, &why);
	if (!err)
		err = parse_index(r, trailer.index, &raw, s);
	free(raw.at);
	s->flags = trailer.flags;
	return err;
}

/* ---- by the chunks' headers ---- */

static void add_events(struct rec_segment *segment, const struct rec_chunk *chunk)
{
	if (!chunk->records)
		return;
	if (!segment->events || chunk->min_ns < segment->min_ns)
		segment->min_ns = chunk->min_ns;
	if (chunk->max_ns > segment->max_ns)
		segment->max_ns = chunk->max_ns;
	segment->events += chunk->records;
}

/* A keyframe counts when its last chunk is there. */
static int add_keyframe(struct survey *s, struct rec_segment *open, uint64_t offset,
			const struct rec_chunk *chunk)
{
	if (chunk->flags & REC_FIRST)
		*open = (struct rec_segment){
			.offset = offset,
			.sequence = chunk->sequence,
			.first_event = chunk->first_event,
		};
	if (!open->offset || !(chunk->flags & REC_LAST))
		return 0;
	open->before_ns = chunk->before_ns;
	return add_segment(s, open);
}

static int survey_chunks(struct recording *r, struct survey *s)
{
	struct rec_segment open = { 0 }; /* a keyframe of which a part was found; .offset 0: none */
	uint64_t offset = r->start, sequence = 0;
	struct rec_chunk chunk;
	const char *why;

	while (rec_find_chunk(r, offset, &chunk, &why) == REC_FOUND && chunk.sequence == sequence) {
		if (chunk.type != REC_KEYFRAME || (chunk.flags & REC_FIRST))
			open.offset = 0;
		if (chunk.type == REC_KEYFRAME && add_keyframe(s, &open, offset, &chunk))
			return -ENOMEM;
		if (chunk.type == REC_EVENTS && s->count)
			add_events(&s->at[s->count - 1], &chunk);
		if (chunk.type == REC_END)
			s->flags = chunk.flags & (REC_TOTALS | REC_CONTINUES);
		offset = rec_after(offset, &chunk);
		sequence++;
	}
	return 0;
}

int rec_survey(struct recording *r)
{
	struct survey s = { 0 };
	int err;

	if (r->surveyed)
		return 0;
	err = survey_index(r, &s);
	if (err == -EBADMSG) {
		s.count = 0;
		s.flags = 0;
		err = survey_chunks(r, &s);
	}
	if (err) {
		free(s.at);
		return err;
	}
	r->segments = s.at;
	r->nsegments = s.count;
	r->flags = s.flags;
	r->surveyed = true;
	return 0;
}

/* ---- going there ---- */

/* Whether all chunks of a keyframe are there and good: 1, 0, or -ENOMEM. */
static int keyframe_holds(struct recording *r, const struct rec_segment *segment)
{
	uint64_t offset = segment->offset, sequence = segment->sequence;
	struct rec_bytes raw = { 0 };
	struct rec_chunk chunk;
	const char *why;
	int err = 0;

	do {
		if (rec_find_chunk(r, offset, &chunk, &why) != REC_FOUND ||
		    chunk.type != REC_KEYFRAME || chunk.sequence != sequence ||
		    chunk.first_event != segment->first_event ||
		    !(chunk.flags & REC_FIRST) != (offset != segment->offset))
			err = -EBADMSG;
		else
			err = rec_load_chunk(r, offset, &chunk, &raw, &why);
		offset = rec_after(offset, &chunk);
		sequence++;
	} while (!err && !(chunk.flags & REC_LAST));
	free(raw.at);
	return err == -ENOMEM ? err : !err;
}

int recording_seek(struct recording *r, uint64_t time_ns)
{
	size_t i;
	int err;

	err = rec_survey(r);
	if (err)
		return err;
	for (i = r->nsegments; i > 1; i--) {
		if (r->segments[i - 1].before_ns > time_ns)
			continue;
		err = keyframe_holds(r, &r->segments[i - 1]);
		if (err < 0)
			return err;
		if (err)
			break;
	}
	rec_go_to(r, i > 1 ? &r->segments[i - 1] : NULL);
	return 0;
}

void recording_span(struct recording *r, uint64_t *first_ns, uint64_t *last_ns)
{
	bool any = false;

	*first_ns = 0;
	*last_ns = 0;
	if (rec_survey(r))
		return;
	for (size_t i = 0; i < r->nsegments; i++) {
		const struct rec_segment *s = &r->segments[i];

		if (!s->events)
			continue;
		if (!any || s->min_ns < *first_ns)
			*first_ns = s->min_ns;
		if (s->max_ns > *last_ns)
			*last_ns = s->max_ns;
		any = true;
	}
}
