/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recordings: events in a file, readable on any machine (docs/recording-format.md).
 *
 * A file is a header, chunks and, when it was closed in good order, an index.
 * Chunks hold events, or a keyframe: the state of a mirror as events. Each is
 * compressed and has a checksum, so that a file that was cut or damaged is good
 * up to the last whole chunk before that place. The first chunk of a file is a
 * keyframe, so each file of a rotated set stands for itself.
 *
 * Events stand in the file in the sequence in which they were given, which must
 * be that of the order stage. Not locked.
 */
#ifndef CORE_RECORDING_H
#define CORE_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mirror.h"
#include "ioascope/event.h"

#define RECORDING_VERSION 1
#define RECORDING_HOOKS_MAX 256

/* Where and how it was made. Strings are terminated; empty: not known. */
struct recording_info {
	char kernel[72]; /* release */
	char boot_id[40]; /* as /proc/sys/kernel/random/boot_id prints it */
	char host[72];
	char tool[24]; /* version of ioascope */
	uint64_t start_boot_ns; /* CLOCK_BOOTTIME, and ... */
	uint64_t start_real_ns; /* ... CLOCK_REALTIME at the same moment */
	uint32_t missing; /* IOAS_MISSING_*: what the hooks could not tell */
	uint32_t nhooks;
	char hooks[RECORDING_HOOKS_MAX][48]; /* kernel functions in use */
};

/* What was counted where the events were made; in the end chunk. */
struct recording_totals {
	uint64_t events; /* in this file, keyframes not counted */
	uint64_t seen; /* by the hooks, since they were attached */
	uint64_t submitted; /* of these, handed over */
	uint64_t dropped;
	uint64_t missed; /* times a hook could not run */
	uint64_t gaps; /* events that never came */
};

/* ---- writing ---- */

struct recording_writer;

struct recording_options {
	size_t chunk_bytes; /* of events in a chunk, uncompressed; 0: 1 MiB */
	uint64_t keyframe_events; /* events between keyframes, or more if these are large; 0: 65536
				   */
	uint64_t rotate_bytes; /* begin a new file when this one is as large; 0: never */
	uint64_t rotate_ns; /* or as old, by the events' times; 0: never */
	unsigned int keep; /* finished files kept, the oldest goes; 0: all */
	int level; /* of zstd; 0: 3 */
};

/*
 * Creates `path` (0600; an existing file is replaced only when the first chunk
 * is safely in a new one) and writes the header and a keyframe. A rotated file
 * is renamed to PATH.1, PATH.2, ... (the numbers rise, also those of earlier
 * runs), and PATH is always the newest. The mirror, which the caller keeps up to
 * date and alive, is where keyframes come from. 0 and *out, or -errno with *out
 * and an existing file untouched; -EEXIST, -EISDIR: `path` is no regular file.
 */
int recording_create(const char *path, const struct recording_info *info,
		     const struct recording_options *options, const struct mirror *mirror,
		     struct recording_writer **out);

/*
 * Appends an event, after the mirror has taken it. 0; -EBADMSG or -EOPNOTSUPP as
 * ioas_event_check_fields() has it, with nothing written and no harm done; or
 * -errno: the file is good up to its last whole chunk, and all later calls
 * return the same.
 */
int recording_write(struct recording_writer *w, const struct ioas_event *ev);

/* Writes out what is held back, so that a reader sees it. 0 or -errno. */
int recording_flush(struct recording_writer *w);

/* Bytes in the current file so far. */
uint64_t recording_size(const struct recording_writer *w);

/*
 * Writes the totals (of which .events is ours to fill) and the index, syncs and
 * frees. 0 or -errno; *w is NULL afterwards. NULL totals: not in good order,
 * for a reader to know.
 */
int recording_finish(struct recording_writer **w, const struct recording_totals *totals);

/* ---- reading ---- */

struct recording;

/* How a file ended, once recording_next() has returned 0. */
enum recording_end {
	RECORDING_WHOLE = 0, /* in good order */
	RECORDING_CUT = 1, /* the rest is missing, or was never written: see recording_finish() */
	RECORDING_DAMAGED = 2, /* something is not what was written */
};

/*
 * Opens a file for reading. 0 and *out, for recording_close(); or -errno with
 * *out untouched and a line in `why` (`size` bytes) that names the place:
 *   -EBADMSG     no recording, or its header is damaged
 *   -EPROTO      of a later version, which this one cannot read
 *   -errno       of open() and read()
 */
int recording_open(const char *path, struct recording **out, char *why, size_t size);

/* Frees; NULL is fine, *r is NULL afterwards. */
void recording_close(struct recording **r);

const struct recording_info *recording_info(const struct recording *r);

/*
 * The next event in *ev, valid until the next call; the keyframe at the
 * beginning comes first, later ones are skipped. Events of unknown kinds are
 * skipped and counted. Returns 1, 0 at the end, -ENOMEM.
 */
int recording_next(struct recording *r, const struct ioas_event **ev);

/* Whether the last event that was handed out belongs to a keyframe. */
bool recording_in_keyframe(const struct recording *r);

/* After recording_next() has returned 0: how it ended, with a line of where and why (or ""). */
enum recording_end recording_ended(const struct recording *r, const char **why);

/*
 * The totals, known at the end of the file; NULL: they stand in the last file of
 * the set (recording_continues()), or the file was not closed in good order.
 */
const struct recording_totals *recording_totals(const struct recording *r);

/* Whether the recording goes on in the next file of its set (known at its end). */
bool recording_continues(const struct recording *r);

/* Events of unknown kinds, and records that could not be, so far. */
uint64_t recording_unknown(const struct recording *r);
uint64_t recording_malformed(const struct recording *r);

/*
 * Goes back, and then as near before `time_ns` as a keyframe allows (by the
 * index if there is one, by the chunks' headers if not): what recording_next()
 * hands out then begins with that keyframe. 0 or -errno.
 */
int recording_seek(struct recording *r, uint64_t time_ns);

/*
 * The earliest and the latest time of the file's events, keyframes not counted;
 * 0: none. An UNCERTAIN counts from when it holds. What recording_next() does is
 * not disturbed.
 */
void recording_span(struct recording *r, uint64_t *first_ns, uint64_t *last_ns);

/*
 * The state at `time_ns` (UINT64_MAX: at the end) in a new mirror, to be freed
 * with mirror_free(): what each context's events up to its first later one say.
 * 0 and *out; or -errno with *out untouched: -ENODATA if not even the keyframe at
 * the beginning can be read. A gap in a context's order numbers and a record that
 * cannot be read make it uncertain; the end of a file that is not whole, and a
 * time before its first keyframe, make all so. Where recording_next() goes on is
 * then not told: seek first.
 */
int recording_mirror(struct recording *r, uint64_t time_ns, struct mirror **out);

/*
 * The same, from the beginning of the file: `event` is shown each event before the
 * mirror takes it. `old_ns`: it stands in the keyframe of that time; 0: it is news.
 */
struct recording_watch {
	void (*event)(const struct mirror *m, const struct ioas_event *ev, uint64_t old_ns,
		      void *arg);
	void *arg;
};

int recording_watch(struct recording *r, uint64_t time_ns, const struct recording_watch *watch,
		    struct mirror **out);

#define _cleanup_recording_ __attribute__((cleanup(recording_close)))

#endif
