// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading recordings: opening, and one event after the other. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/codec.h"
#include "core/event.h"
#include "core/recording_impl.h"

#define GOOD_END (REC_TOTALS | REC_CONTINUES)

/* ---- opening ---- */

static int refuse(char *why, size_t size, int err, const char *text)
{
	snprintf(why, size, "%s", text ? text : strerror(-err));
	return err;
}

static int read_header(struct recording *r, char *why, size_t size)
{
	uint8_t fixed[REC_HEADER_FIXED], *header;
	ssize_t n = rec_read(r->fd, 0, fixed, sizeof(fixed));
	const char *text;
	int length, err;

	if (n < 0)
		return refuse(why, size, (int)n, NULL);
	if (n == 0)
		return refuse(why, size, -EBADMSG, "it is empty");
	if (n < REC_HEADER_FIXED)
		return refuse(why, size, -EBADMSG, "it is too short for a recording");
	length = rec_header_length(fixed);
	if (length < 0)
		return refuse(why, size, length,
			      "it is not a recording, or its first bytes are damaged");
	header = malloc((size_t)length);
	if (!header)
		return refuse(why, size, -ENOMEM, NULL);
	n = rec_read(r->fd, 0, header, (size_t)length);
	if (n != length)
		err = refuse(why, size, n < 0 ? (int)n : -EBADMSG,
			     n < 0 ? NULL : "the file ends inside its header");
	else if ((err = rec_get_header(header, (size_t)length, &r->info, &text)))
		refuse(why, size, err, text);
	free(header);
	r->start = (uint64_t)length;
	return err;
}

static int check_file(int fd, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st))
		return refuse(why, size, -errno, NULL);
	if (S_ISDIR(st.st_mode))
		return refuse(why, size, -EISDIR, NULL);
	if (!S_ISREG(st.st_mode))
		return refuse(why, size, -ESPIPE, "it is not a regular file");
	return 0;
}

int recording_open_fd(int fd, struct recording **out, char *why, size_t size)
{
	struct recording *r = calloc(1, sizeof(*r));
	int err;

	if (!r) {
		close(fd);
		return refuse(why, size, -ENOMEM, NULL);
	}
	r->fd = fd;
	r->zstd = ZSTD_createDCtx();
	err = r->zstd ? check_file(fd, why, size) : refuse(why, size, -ENOMEM, NULL);
	if (!err)
		err = read_header(r, why, size);
	if (err) {
		recording_close(&r);
		return err;
	}
	rec_go_to(r, NULL);
	*out = r;
	return 0;
}

int recording_open(const char *path, struct recording **out, char *why, size_t size)
{
	/* O_NONBLOCK: a pipe is refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return refuse(why, size, -errno, NULL);
	return recording_open_fd(fd, out, why, size);
}

void recording_close(struct recording **rp)
{
	struct recording *r = *rp;

	*rp = NULL;
	if (!r)
		return;
	close(r->fd);
	ZSTD_freeDCtx(r->zstd);
	free(r->stored);
	free(r->raw.at);
	free(r->segments);
	free(r);
}

const struct recording_info *recording_info(const struct recording *r)
{
	return &r->info;
}

/* ---- the end ---- */

/* Always 0: recording_next() says no more than that it is over. */
static int ends(struct recording *r, enum recording_end end, const char *why)
{
	r->over = true;
	r->end = end;
	if (end == RECORDING_WHOLE)
		snprintf(r->why, sizeof(r->why), "%s", why);
	else
		snprintf(r->why, sizeof(r->why), "chunk %llu, at byte %llu: %s",
			 (unsigned long long)r->sequence, (unsigned long long)r->offset, why);
	return 0;
}

static int ends_without_chunk(struct recording *r, enum rec_found found, const char *why)
{
	if (found == REC_BAD)
		return ends(r, RECORDING_DAMAGED, why);
	return ends(r, RECORDING_CUT,
		    found == REC_SHORT ? "the file ends inside it" : "the file ends before it");
}

/* The trailer, which nothing follows. */
static int ends_with_trailer(struct recording *r, uint64_t index)
{
	struct rec_trailer trailer;
	uint8_t bytes[REC_TRAILER + 1];
	ssize_t n;

	r->sequence++;
	r->offset = rec_after(r->offset, &r->chunk);
	n = rec_read(r->fd, r->offset, bytes, sizeof(bytes));
	if (n < 0)
		return ends(r, RECORDING_DAMAGED, "it cannot be read");
	if (n < REC_TRAILER)
		return ends(r, RECORDING_CUT, "the file ends inside its trailer");
	if (n > REC_TRAILER)
		return ends(r, RECORDING_DAMAGED, "something follows the end of the recording");
	if (rec_get_trailer(bytes, &trailer) || trailer.index != index ||
	    trailer.size != r->offset + REC_TRAILER || trailer.flags != r->end_flags)
		return ends(r, RECORDING_DAMAGED, "the trailer is damaged");
	if (!(r->end_flags & GOOD_END))
		return ends(r, RECORDING_CUT, "the recording was not closed in good order");
	return ends(r, RECORDING_WHOLE,
		    r->end_flags & REC_CONTINUES ? "it goes on in the next file of its set" : "");
}

/* ---- chunks ---- */

static int load(struct recording *r)
{
	const char *why;
	int err = rec_load_chunk(r, r->offset, &r->chunk, &r->raw, &why);

	r->at = 0;
	r->left = 0;
	return err == -EBADMSG ? ends(r, RECORDING_DAMAGED, why) : err ? err : 1;
}

/* 1: its records can be read now. 0: not, see .over. -ENOMEM. */
static int take_records(struct recording *r, bool keyframe)
{
	bool first = r->chunk.flags & REC_FIRST;
	int rc;

	if (keyframe && !r->wants_keyframe)
		return 0;
	if (keyframe ? first == r->in_keyframe : r->wants_keyframe)
		return ends(r, RECORDING_DAMAGED, "a whole keyframe should stand there");
	rc = load(r);
	if (rc <= 0)
		return rc;
	r->in_keyframe = keyframe;
	if (keyframe && (r->chunk.flags & REC_LAST))
		r->wants_keyframe = false;
	r->left = r->chunk.records;
	return 1;
}

static int take_end(struct recording *r)
{
	int rc = load(r);

	if (rc <= 0)
		return rc;
	if (r->raw.size < REC_END_SIZE)
		return ends(r, RECORDING_DAMAGED, "the totals are too short");
	rec_get_totals(r->raw.at, &r->totals);
	if (r->totals.events != r->events)
		return ends(r, RECORDING_DAMAGED, "the totals count other events");
	r->end_seen = true;
	r->end_flags = r->chunk.flags & (REC_TOTALS | REC_CONTINUES);
	return 0;
}

static int take_index(struct recording *r)
{
	uint64_t index = r->offset;
	int rc = load(r);

	if (rc <= 0)
		return rc;
	if (!r->end_seen)
		return ends(r, RECORDING_DAMAGED, "the end should stand before the index");
	return ends_with_trailer(r, index);
}

/* As take_records(), for any type. Unknown types are for later versions. */
static int take_chunk(struct recording *r)
{
	switch (r->chunk.type) {
	case REC_EVENTS:
		return take_records(r, false);
	case REC_KEYFRAME:
		return take_records(r, true);
	case REC_END:
		return take_end(r);
	case REC_INDEX:
		return take_index(r);
	default:
		return 0;
	}
}

/* 1: there are records. 0: it is over. -ENOMEM: the same chunk can be tried again. */
static int next_chunk(struct recording *r)
{
	const char *why;
	enum rec_found found;
	int rc;

	do {
		found = rec_find_chunk(r, r->offset, &r->chunk, &why);
		if (found != REC_FOUND)
			return ends_without_chunk(r, found, why);
		if (r->chunk.sequence != r->sequence || r->chunk.first_event != r->events)
			return ends(r, RECORDING_DAMAGED, "another chunk should stand there");
		rc = take_chunk(r);
		if (rc < 0 || r->over)
			return rc;
		r->offset = rec_after(r->offset, &r->chunk);
		r->sequence++;
		if (r->chunk.type == REC_EVENTS)
			r->events += r->chunk.records;
	} while (!rc);
	return 1;
}

/* ---- events ---- */

/* Where the current chunk began, for a message about it. */
static int ends_in_chunk(struct recording *r, const char *why)
{
	r->sequence--;
	r->offset -= REC_CHUNK_HEADER + r->chunk.stored;
	return ends(r, RECORDING_DAMAGED, why);
}

int rec_next(struct recording *r, int *check)
{
	int n, rc;

	while (!r->left) {
		if (r->over)
			return 0;
		if (r->at != r->raw.size)
			return ends_in_chunk(r, "it holds more than its records");
		rc = next_chunk(r);
		if (rc <= 0) {
			r->at = r->raw.size = 0;
			return rc;
		}
	}
	n = codec_get_event(r->raw.at + r->at, r->raw.size - r->at, &r->ev);
	if (n < 0) {
		r->left = 0;
		return ends_in_chunk(r, "a record is longer or shorter than can be");
	}
	r->at += (size_t)n;
	r->left--;
	*check = ioas_event_check_fields(&r->ev);
	if (*check == -EOPNOTSUPP)
		r->unknown++;
	else if (*check)
		r->malformed++;
	return 1;
}

void rec_go_to(struct recording *r, const struct rec_segment *segment)
{
	r->offset = segment ? segment->offset : r->start;
	r->sequence = segment ? segment->sequence : 0;
	r->events = segment ? segment->first_event : 0;
	r->wants_keyframe = true;
	r->in_keyframe = false;
	r->at = 0;
	r->left = 0;
	r->raw.size = 0;
	r->unknown = 0;
	r->malformed = 0;
	r->over = false;
	r->end_seen = false;
	r->end_flags = 0;
}

int recording_next(struct recording *r, const struct ioas_event **ev)
{
	int check, rc;

	do {
		rc = rec_next(r, &check);
		if (rc <= 0)
			return rc;
	} while (check);
	*ev = &r->ev;
	return 1;
}

bool recording_in_keyframe(const struct recording *r)
{
	return r->in_keyframe;
}

enum recording_end recording_ended(const struct recording *r, const char **why)
{
	*why = r->over ? r->why : "";
	return r->end;
}

const struct recording_totals *recording_totals(const struct recording *r)
{
	return r->end_flags & REC_TOTALS ? &r->totals : NULL;
}

bool recording_continues(const struct recording *r)
{
	return r->end_flags & REC_CONTINUES;
}

uint64_t recording_unknown(const struct recording *r)
{
	return r->unknown;
}

uint64_t recording_malformed(const struct recording *r)
{
	return r->malformed;
}
