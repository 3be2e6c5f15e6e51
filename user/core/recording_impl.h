/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What writer and reader of recordings share: the numbers, sizes and layouts of
 * docs/recording-format.md. For recording*.c and their tests only.
 */
#ifndef CORE_RECORDING_IMPL_H
#define CORE_RECORDING_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event.h"
#include "core/recording.h"

/* The file header: these fields, then items. */
#define REC_HEADER_FIXED 20
#define REC_HEADER_MAX (1U << 20)
#define REC_ITEM_HEADER 8

/* In the file header: what an item is. */
enum rec_item {
	REC_ITEM_KERNEL = 1,
	REC_ITEM_BOOT_ID = 2,
	REC_ITEM_HOST = 3,
	REC_ITEM_TOOL = 4,
	REC_ITEM_START_BOOT = 5, /* 8 bytes */
	REC_ITEM_START_REAL = 6, /* 8 bytes */
	REC_ITEM_MISSING = 7, /* 4 bytes */
	REC_ITEM_HOOK = 8, /* one for each */
};

/* Chunks. The bounds keep a damaged length from costing memory or time. */
#define REC_CHUNK_HEADER 72
#define REC_CHUNK_MAGIC 0x4b4e4843 /* "CHNK" */
#define REC_RAW_MAX (16U << 20)
#define REC_STORED_MAX (REC_RAW_MAX + (1U << 16)) /* what zstd may make of it, at worst */

enum rec_type {
	REC_EVENTS = 1,
	REC_KEYFRAME = 2,
	REC_END = 3,
	REC_INDEX = 4,
};

enum rec_flags {
	REC_FIRST = 0x1, /* of a keyframe's chunks */
	REC_LAST = 0x2,
	REC_TOTALS = 0x4, /* end, trailer: closed in good order, the totals hold */
	REC_CONTINUES = 0x8, /* end, trailer: the next file of the set goes on */
};

struct rec_chunk {
	uint16_t type;
	uint16_t flags;
	uint32_t stored; /* bytes of the payload in the file, and ... */
	uint32_t raw; /* ... when decompressed */
	uint32_t records;
	uint32_t payload_crc;
	uint64_t sequence; /* of the chunk in its file, from 0 */
	uint64_t first_event; /* events that stand before it in the file */
	uint64_t min_ns; /* of the records' times; both 0: no records */
	uint64_t max_ns;
	uint64_t before_ns; /* latest time of all that came before, and of a keyframe so far */
};

/* The end's payload: the totals. */
#define REC_END_SIZE 48

/*
 * The index: the length of an entry, 4 bytes of 0, entries. One for each
 * keyframe, with the events up to the next one that has an entry. When there
 * are too many, every second one is left out.
 */
#define REC_INDEX_HEADER 8
#define REC_INDEX_ENTRY 56
#define REC_INDEX_KEPT 65536

struct rec_segment {
	uint64_t offset; /* of the keyframe's first chunk */
	uint64_t sequence; /* of that chunk */
	uint64_t first_event; /* events that stand before it */
	uint64_t before_ns; /* latest time of what the keyframe holds */
	uint64_t events;
	uint64_t min_ns; /* of the events' times; both 0: no events */
	uint64_t max_ns;
};

/* The trailer: the last bytes of a whole file. */
#define REC_TRAILER 32
#define REC_TRAILER_MAGIC 0x524c5254 /* "TRLR" */

struct rec_trailer {
	uint32_t flags; /* of the end chunk */
	uint64_t index; /* where the index chunk begins */
	uint64_t size; /* of the file */
};

/* ---- layouts (recording_format.c) ---- */

/* Bytes that rec_put_header() will write, and the header itself. */
size_t rec_header_size(const struct recording_info *info);
void rec_put_header(uint8_t *at, const struct recording_info *info);

/*
 * The length of the header whose first REC_HEADER_FIXED bytes are at `at`, or
 * -EBADMSG; and then all of it, into *info. -EBADMSG or -EPROTO, with *why, a
 * static string, set; *info holds anything then.
 */
int rec_header_length(const uint8_t *at);
int rec_get_header(const uint8_t *at, size_t size, struct recording_info *info, const char **why);

/* 0 or -EBADMSG with *why, a static string, set: what cannot be in any chunk. */
void rec_put_chunk(uint8_t *at, const struct rec_chunk *chunk);
int rec_get_chunk(const uint8_t *at, struct rec_chunk *chunk, const char **why);

void rec_put_segment(uint8_t *at, const struct rec_segment *segment);
void rec_get_segment(const uint8_t *at, struct rec_segment *segment);

void rec_put_totals(uint8_t *at, const struct recording_totals *totals);
void rec_get_totals(const uint8_t *at, struct recording_totals *totals);

void rec_put_trailer(uint8_t *at, const struct rec_trailer *trailer);
int rec_get_trailer(const uint8_t *at, struct rec_trailer *trailer);

/* Whether a checksum is the one that was stored. */
bool rec_crc_holds(uint32_t computed, uint32_t stored);

/* ---- names of the writer's files (recording_file.c) ---- */

/*
 * A new, empty file (0600) under a name of its own beside `path`, which the
 * caller frees. The descriptor or -errno; *name is untouched then.
 */
int rec_file_new(const char *path, char **name);

/* Gives the new file `name` the name `path`, in one step. 0 or -errno. */
int rec_file_place(const char *name, const char *path);

/*
 * The same, and `path` as it was becomes PATH.n, where n is higher than that of
 * any there is. Of these the newest `keep` stay (0: all), and what is no
 * recording. 0 or -errno with all as it was.
 */
int rec_file_rotate(const char *name, const char *path, unsigned int keep);

/* ---- a file that is being written (recording_out.c) ---- */

typedef struct ZSTD_CCtx_s ZSTD_CCtx;

/* What makes a payload of bytes; one for all files of a set. */
struct rec_coder {
	ZSTD_CCtx *zstd;
	int level;
	uint8_t *chunk; /* as it goes to the file */
	size_t capacity; /* of .chunk */
};

struct rec_out {
	int fd; /* -1: none */
	char *name; /* of its own; NULL: it has the name that it was made for */
	struct rec_coder *coder;
	uint64_t size; /* bytes up to the end of the last whole chunk */
	uint64_t sequence; /* of the next chunk */
	uint64_t events; /* in its chunks */
	uint64_t latest_ns; /* of all that was ever written, in earlier files too */
	struct rec_segment *segments; /* for the index; the last one is the current one */
	size_t nsegments;
	size_t capacity; /* of .segments */
};

/* Creates the file with its header. 0 or -errno, with nothing to drop. */
int rec_out_open(struct rec_out *out, const char *path, const struct recording_info *info,
		 struct rec_coder *coder);

/* Closes it. If it has a name of its own, it is removed. */
void rec_out_drop(struct rec_out *out);

/*
 * Writes records as a chunk of events or of a keyframe; the first chunk of a
 * keyframe begins a segment. The caller has set .type, .flags, .records, .min_ns
 * and .max_ns. 0 or -errno: the file ends with its last whole chunk.
 */
int rec_out_records(struct rec_out *out, struct rec_chunk *chunk, const uint8_t *raw, size_t size);

/* Writes end, index and trailer, and syncs. NULL totals: not known. 0 or -errno. */
int rec_out_end(struct rec_out *out, const struct recording_totals *totals, unsigned int flags);

/*
 * When what an event tells holds from. A loss is told later than it was;
 * everything that goes by time goes by this.
 */
static inline uint64_t rec_time(const struct ioas_event *ev)
{
	if (ioas_event_is_mark(ev) && ev->body_obj.value)
		return ev->body_obj.value;
	return ev->time_ns;
}

/* ---- the reader ---- */

typedef struct ZSTD_DCtx_s ZSTD_DCtx;

/* What a chunk holds, decompressed. */
struct rec_bytes {
	uint8_t *at;
	size_t size;
	size_t capacity;
};

struct recording {
	int fd;
	struct recording_info info;
	uint64_t start; /* where the chunks begin */
	/* where it stands */
	uint64_t offset; /* of the next chunk, and ... */
	uint64_t sequence; /* ... the number that it must have, and ... */
	uint64_t events; /* ... the events that must stand before it */
	bool wants_keyframe; /* the next records must be those of a keyframe */
	bool in_keyframe; /* so are the current ones */
	struct rec_chunk chunk; /* the current one */
	struct rec_bytes raw; /* its records */
	size_t at; /* of the next record in .raw */
	uint32_t left; /* records from there on */
	struct ioas_event ev;
	uint64_t unknown;
	uint64_t malformed;
	/* how it ended */
	bool over;
	enum recording_end end;
	char why[160];
	bool end_seen; /* the end chunk: no events are missing */
	uint16_t end_flags; /* of the end chunk */
	struct recording_totals totals; /* with REC_TOTALS in .end_flags */
	/* the whole file, when it was asked for (rec_segments()) */
	bool surveyed;
	struct rec_segment *segments;
	size_t nsegments;
	uint32_t flags; /* as of the end chunk; 0: none was found */
	/* for loading */
	ZSTD_DCtx *zstd;
	uint8_t *stored;
	size_t stored_capacity;
};

enum rec_found {
	REC_FOUND,
	REC_NOTHING, /* the file ends there */
	REC_SHORT, /* the file ends before the chunk does */
	REC_BAD, /* not what was written */
};

/* Up to `size` bytes; fewer only at the end of the file. Their number or -errno. */
ssize_t rec_read(int fd, uint64_t offset, void *to, size_t size);

/* The header of the chunk at `offset`. *why, a static string, is set if it was not found. */
enum rec_found rec_find_chunk(const struct recording *r, uint64_t offset, struct rec_chunk *chunk,
			      const char **why);

/* Where the next one begins. */
uint64_t rec_after(uint64_t offset, const struct rec_chunk *chunk);

/* The payload of a chunk that was found there. 0; -EBADMSG with *why; -ENOMEM. */
int rec_load_chunk(struct recording *r, uint64_t offset, const struct rec_chunk *chunk,
		   struct rec_bytes *into, const char **why);

/*
 * As recording_next(), for all that has a header: *check is what
 * ioas_event_check_fields() says of r->ev.
 */
int rec_next(struct recording *r, int *check);

/* Makes rec_next() go on at a segment; NULL: at the beginning of the file. */
void rec_go_to(struct recording *r, const struct rec_segment *segment);

/* Fills .segments, from the index or from all chunks' headers. 0 or -ENOMEM. */
int rec_survey(struct recording *r);

/* As recording_open(), of a descriptor that the recording owns from here, also on failure. */
int recording_open_fd(int fd, struct recording **out, char *why, size_t size);

#endif
