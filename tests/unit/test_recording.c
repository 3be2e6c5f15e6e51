// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings: what is written is what is read, and what the files are like. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/codec.h"
#include "recording_unit.h"

#define SMALL 2000 /* bytes of a chunk: ten events */

static struct recording *open_good(const char *path)
{
	struct recording *r;
	char why[200] = "";

	assert_int_equal(recording_open(path, &r, why, sizeof(why)), 0);
	return r;
}

static void assert_same(const struct mirror *a, const struct mirror *b)
{
	char why[200] = "";

	if (mirror_compare(a, b, why, sizeof(why)))
		fail_msg("%s", why);
}

/* ---- there and back ---- */

static void round_trip(void **state)
{
	struct place *p = *state;
	struct unit_random r = unit_random_new();
	size_t count = unit_steps(3000);
	struct ioas_event *events = calloc(count, sizeof(*events));
	struct recording_options o = { .chunk_bytes = SMALL, .keyframe_events = 500 };
	struct writing wr = writing_begin(p->path, &o);
	_cleanup_recording_ struct recording *rec = NULL;
	const struct ioas_event *ev;
	size_t n = 0;
	const char *why;

	assert_non_null(events);
	for (size_t i = 0; i < count; i++) {
		events[i] = stream_any(&r, 100000 + 10 * i);
		assert_int_equal(writing_add(&wr, &events[i]), 0);
	}
	writing_end(&wr, &(struct recording_totals){ .seen = 1 });
	rec = open_good(p->path);
	while (recording_next(rec, &ev) == 1) {
		/* The state was empty when the file began, and later keyframes are no news. */
		assert_false(recording_in_keyframe(rec));
		UNIT_REQUIRE(n < count && memcmp(ev, &events[n], sizeof(*ev)) == 0, &r, n);
		n++;
	}
	assert_int_equal(n, count);
	assert_int_equal(recording_ended(rec, &why), RECORDING_WHOLE);
	assert_string_equal(why, "");
	assert_int_equal(recording_unknown(rec), 0);
	assert_int_equal(recording_malformed(rec), 0);
	assert_int_equal(recording_next(rec, &ev), 0);
	free(events);
}

static void info_and_totals(void **state)
{
	struct place *p = *state;
	struct recording_totals totals = { .events = 99,
					   .seen = 1ULL << 40,
					   .submitted = 3,
					   .dropped = 4,
					   .missed = 5,
					   .gaps = 6 };
	struct recording_info info = some_info(), full = some_info();
	struct writing wr = writing_begin(p->path, NULL);
	struct ioas_event ctx = unit_event(IOAS_EV_CTX_NEW);
	struct recording *rec;
	const struct ioas_event *ev;

	assert_int_equal(writing_add(&wr, &ctx), 0);
	writing_end(&wr, &totals);
	rec = open_good(p->path);
	assert_memory_equal(recording_info(rec), &info, sizeof(info));
	assert_null(recording_totals(rec));
	assert_int_equal(recording_next(rec, &ev), 1);
	assert_int_equal(recording_next(rec, &ev), 0);
	assert_non_null(recording_totals(rec));
	assert_int_equal(recording_totals(rec)->events, 1);
	totals.events = 1;
	assert_memory_equal(recording_totals(rec), &totals, sizeof(totals));
	recording_close(&rec);
	assert_null(rec);
	recording_close(&rec);

	/* All fields as full as they can be. */
	full.nhooks = RECORDING_HOOKS_MAX;
	memset(full.kernel, 'k', sizeof(full.kernel) - 1);
	memset(full.host, 'h', sizeof(full.host) - 1);
	for (size_t i = 0; i < RECORDING_HOOKS_MAX; i++)
		memset(full.hooks[i], 'a' + (int)(i % 26), sizeof(full.hooks[i]) - 1);
	wr.m = mirror_new(NULL);
	assert_int_equal(recording_create(p->path, &full, NULL, wr.m, &wr.w), 0);
	writing_end(&wr, NULL);
	rec = open_good(p->path);
	assert_memory_equal(recording_info(rec), &full, sizeof(full));
	recording_close(&rec);
}

/* A recording that begins when there is something already. */
static void keyframe_first(void **state)
{
	struct place *p = *state;
	struct stream s = stream_new(1);
	struct recording_options o = { .chunk_bytes = SMALL };
	struct recording_info info = some_info();
	struct mirror *m = mirror_new(NULL), *back = mirror_new(NULL);
	struct recording_writer *w;
	struct recording *rec;
	const struct ioas_event *ev;
	struct ioas_event last;
	size_t keyframe = 0;

	for (size_t i = 0; i < 1000; i++)
		mirror_apply(m, stream_next(&s));
	assert_int_equal(recording_create(p->path, &info, &o, m, &w), 0);
	last = *stream_next(&s);
	mirror_apply(m, &last);
	assert_int_equal(recording_write(w, &last), 0);
	assert_int_equal(recording_finish(&w, NULL), 0);
	rec = open_good(p->path);
	while (recording_next(rec, &ev) == 1 && recording_in_keyframe(rec)) {
		mirror_apply(back, ev);
		keyframe++;
	}
	/* More than one chunk of it, and behind it the event. */
	assert_true(keyframe > 2 * SMALL / CODEC_EVENT_SIZE);
	assert_memory_equal(ev, &last, sizeof(last));
	assert_int_equal(mirror_apply(back, ev), 0);
	assert_same(m, back);
	assert_int_equal(recording_next(rec, &ev), 0);
	recording_close(&rec);
	mirror_free(m);
	mirror_free(back);
}

/* What cannot be is not written, and does no harm. */
static void refused_events(void **state)
{
	struct place *p = *state;
	struct writing wr = writing_begin(p->path, NULL);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct recording *rec;
	const struct ioas_event *got;

	ev.kind = IOAS_EV_KIND_MAX;
	assert_int_equal(recording_write(wr.w, &ev), -EOPNOTSUPP);
	ev = unit_event(IOAS_EV_CTX_NEW);
	ev.ctx = 0;
	assert_int_equal(recording_write(wr.w, &ev), -EBADMSG);
	ev.ctx = 7;
	assert_int_equal(recording_write(wr.w, &ev), 0);
	writing_end(&wr, NULL);
	rec = open_good(p->path);
	assert_int_equal(recording_next(rec, &got), 1);
	assert_int_equal(got->ctx, 7);
	assert_int_equal(recording_next(rec, &got), 0);
	recording_close(&rec);
}

static size_t count_events(const char *path, enum recording_end *end)
{
	struct recording *rec = open_good(path);
	const struct ioas_event *ev;
	const char *why;
	size_t n = 0;

	while (recording_next(rec, &ev) == 1)
		n += !recording_in_keyframe(rec);
	*end = recording_ended(rec, &why);
	recording_close(&rec);
	return n;
}

static void flush_shows(void **state)
{
	struct place *p = *state;
	struct writing wr = writing_begin(p->path, NULL);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	enum recording_end end;
	uint64_t size = recording_size(wr.w);

	assert_int_equal(count_events(p->path, &end), 0);
	assert_int_equal(end, RECORDING_CUT);
	assert_int_equal(writing_add(&wr, &ev), 0);
	assert_int_equal(count_events(p->path, &end), 0);
	assert_int_equal(recording_flush(wr.w), 0);
	assert_true(recording_size(wr.w) > size);
	assert_int_equal(count_events(p->path, &end), 1);
	assert_int_equal(end, RECORDING_CUT);
	/* Nothing is held back: nothing to write. */
	size = recording_size(wr.w);
	assert_int_equal(recording_flush(wr.w), 0);
	assert_int_equal(recording_size(wr.w), size);
	writing_end(&wr, NULL);
	/* Its end is there, but it says that something went wrong. */
	assert_int_equal(count_events(p->path, &end), 1);
	assert_int_equal(end, RECORDING_CUT);
}

/* ---- files ---- */

static void only_for_the_owner(void **state)
{
	struct place *p = *state;
	mode_t masks[] = { 0, 022, 0777 };

	for (size_t i = 0; i < UNIT_COUNT(masks); i++) {
		mode_t old = umask(masks[i]);
		struct writing wr = writing_begin(p->path, NULL);
		struct stat st;

		umask(old);
		assert_int_equal(stat(p->path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		writing_end(&wr, NULL);
	}
	assert_int_equal(place_count(p), 1);
}

static void put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void assert_text(const char *path, const char *text)
{
	struct image image = image_load(path);

	assert_int_equal(image.size, strlen(text));
	assert_memory_equal(image.at, text, image.size);
	free(image.at);
}

/* What a process does that may write no more than `bytes` to a file; its exit status. */
static int with_limit(rlim_t bytes, int (*what)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit limit = { bytes, bytes };

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit))
			_exit(99);
		_exit(what(arg));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int create_only(void *path)
{
	struct recording_info info = some_info();
	struct mirror *m = mirror_new(NULL);
	struct recording_writer *w = NULL;
	int err = recording_create(path, &info, NULL, m, &w);

	mirror_free(m);
	return w ? 98 : -err;
}

static void existing_file_is_kept(void **state)
{
	struct place *p = *state;
	struct recording_info info = some_info();
	struct recording_writer *w = NULL;
	struct mirror *m = mirror_new(NULL);
	size_t header = rec_header_size(&info);
	char missing[100];
	enum recording_end end;

	put_text(p->path, "precious");
	/* Not even the header; the header, but not the keyframe. */
	assert_int_equal(with_limit(header - 1, create_only, p->path), EFBIG);
	assert_int_equal(with_limit(header + REC_CHUNK_HEADER, create_only, p->path), EFBIG);
	assert_text(p->path, "precious");
	assert_int_equal(place_count(p), 1);

	snprintf(missing, sizeof(missing), "%s/no/rec", p->folder);
	assert_int_equal(recording_create(missing, &info, NULL, m, &w), -ENOENT);
	assert_null(w);

	assert_int_equal(recording_create(p->path, &info, NULL, m, &w), 0);
	assert_int_equal(recording_finish(&w, NULL), 0);
	assert_int_equal(count_events(p->path, &end), 0);
	mirror_free(m);
}

/* Neither a link nor a device nor a folder comes to harm. */
static void strange_targets(void **state)
{
	struct place *p = *state;
	struct recording_info info = some_info();
	struct recording_writer *w = NULL;
	struct mirror *m = mirror_new(NULL);
	char target[100];
	struct stat st;

	snprintf(target, sizeof(target), "%s/target", p->folder);
	put_text(target, "precious");
	assert_int_equal(symlink("target", p->path), 0);
	assert_int_equal(recording_create(p->path, &info, NULL, m, &w), 0);
	assert_int_equal(recording_finish(&w, NULL), 0);
	assert_text(target, "precious");
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISREG(st.st_mode));

	assert_int_equal(unlink(p->path), 0);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	assert_int_equal(recording_create(p->path, &info, NULL, m, &w), -EEXIST);
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(recording_create(p->folder, &info, NULL, m, &w), -EISDIR);
	assert_null(w);
	assert_int_equal(place_count(p), 2);
	mirror_free(m);
}

struct fill {
	const char *path;
	size_t *written; /* shared: events that were accepted before the chunk that failed */
};

/* Writes until it fails, and then on. */
static int fill(void *arg)
{
	struct fill *f = arg;
	struct recording_options o = { .chunk_bytes = SMALL };
	struct recording_info info = some_info();
	struct mirror *m = mirror_new(NULL);
	struct stream s = stream_new(2);
	struct recording_writer *w;
	int err = recording_create(f->path, &info, &o, m, &w);

	while (!err) {
		const struct ioas_event *ev = stream_next(&s);

		mirror_apply(m, ev);
		err = recording_write(w, ev);
		*f->written += !err;
	}
	if (recording_write(w, stream_next(&s)) != err || recording_flush(w) != err ||
	    recording_finish(&w, &(struct recording_totals){ 0 }) != err || w)
		return 97;
	mirror_free(m);
	return -err;
}

/* Nothing stands behind the last whole chunk. */
static void assert_no_rest(const char *path)
{
	struct recording *rec = open_good(path);
	uint64_t offset = rec->start;
	struct rec_chunk chunk;
	struct stat st;
	const char *why;

	while (rec_find_chunk(rec, offset, &chunk, &why) == REC_FOUND)
		offset = rec_after(offset, &chunk);
	assert_int_equal(fstat(rec->fd, &st), 0);
	assert_int_equal(st.st_size, offset);
	recording_close(&rec);
}

static void full_disk(void **state)
{
	struct place *p = *state;
	struct fill f = { .path = p->path };
	size_t per_chunk = SMALL / CODEC_EVENT_SIZE;

	f.written = mmap(NULL, sizeof(*f.written), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(f.written != MAP_FAILED);
	for (rlim_t limit = 2000; limit < 20000; limit += 1777) {
		enum recording_end end;

		*f.written = 0;
		assert_int_equal(with_limit(limit, fill, &f), EFBIG);
		/* All chunks but the one that did not fit; its last event told so. */
		assert_int_equal((*f.written + 1) % per_chunk, 0);
		assert_int_equal(count_events(p->path, &end), *f.written + 1 - per_chunk);
		assert_int_equal(end, RECORDING_CUT);
		assert_no_rest(p->path);
		assert_int_equal(place_count(p), 1);
	}
	munmap(f.written, sizeof(*f.written));
}

/* ---- chunks and keyframes ---- */

struct shape {
	size_t events, keyframes, parts; /* chunks of keyframes */
	size_t records; /* most in a chunk of events */
};

static struct shape shape_of(const char *path)
{
	struct recording *rec = open_good(path);
	uint64_t offset = rec->start;
	struct shape shape = { 0 };
	struct rec_chunk chunk;
	const char *why;

	while (rec_find_chunk(rec, offset, &chunk, &why) == REC_FOUND) {
		if (chunk.type == REC_EVENTS && chunk.records > shape.records)
			shape.records = chunk.records;
		shape.events += chunk.type == REC_EVENTS;
		shape.parts += chunk.type == REC_KEYFRAME;
		shape.keyframes += chunk.type == REC_KEYFRAME && (chunk.flags & REC_FIRST);
		offset = rec_after(offset, &chunk);
	}
	recording_close(&rec);
	return shape;
}

static void keyframes_at_intervals(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .chunk_bytes = SMALL, .keyframe_events = 50 };
	struct writing wr = writing_begin(p->path, &o);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct shape shape;

	for (size_t i = 0; i < 250; i++)
		assert_int_equal(writing_add(&wr, &ev), 0);
	writing_end(&wr, NULL);
	shape = shape_of(p->path);
	/* One at the beginning, then after 50, 100, ... 250; a context is one record. */
	assert_int_equal(shape.keyframes, 6);
	assert_int_equal(shape.parts, 6);
	assert_int_equal(shape.records, SMALL / CODEC_EVENT_SIZE);
	assert_int_equal(shape.events, 25);
}

/* A state of 1000 records does not come after each 50 events. */
static void large_keyframes_are_rarer(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .chunk_bytes = SMALL, .keyframe_events = 50 };
	struct recording_info info = some_info();
	struct writing wr = { .m = mirror_new(NULL) };
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct shape shape;

	for (uint32_t i = 1; i <= 1000; i++) {
		ev.ctx = i;
		mirror_apply(wr.m, &ev);
	}
	assert_int_equal(recording_create(p->path, &info, &o, wr.m, &wr.w), 0);
	ev = unit_event(IOAS_EV_OP);
	ev.body_op.what = IOAS_OP_QUERY;
	for (size_t i = 0; i < 2500; i++)
		assert_int_equal(writing_add(&wr, &ev), 0);
	writing_end(&wr, NULL);
	shape = shape_of(p->path);
	assert_int_equal(shape.keyframes, 3);
	assert_int_equal(shape.parts, 300);
}

/* ---- sets of files ---- */

static void assert_whole(const char *path, size_t *events, bool last)
{
	struct recording *rec = open_good(path);
	const struct ioas_event *ev;
	const char *why;

	while (recording_next(rec, &ev) == 1)
		*events += !recording_in_keyframe(rec);
	assert_int_equal(recording_ended(rec, &why), RECORDING_WHOLE);
	assert_int_equal(!recording_totals(rec), !last);
	assert_int_equal(recording_continues(rec), !last);
	assert_string_equal(why, last ? "" : "it goes on in the next file of its set");
	recording_close(&rec);
}

static void rotation_by_size(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .chunk_bytes = SMALL, .rotate_bytes = 8000 };
	struct writing wr = writing_begin(p->path, &o);
	struct stream s = stream_new(3);
	struct recording *rec;
	struct mirror *m;
	size_t events = 0, count;
	char name[100];

	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(writing_add(&wr, stream_next(&s)), 0);
	count = place_count(p);
	assert_true(count > 4);
	for (size_t i = 1; i < count; i++) {
		struct stat st;

		snprintf(name, sizeof(name), "%s.%zu", p->path, i);
		assert_whole(name, &events, false);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_nlink, 1);
		assert_true(st.st_size >= 8000 && st.st_size < 20000);
	}
	assert_int_equal(recording_finish(&wr.w, &(struct recording_totals){ 0 }), 0);
	assert_whole(p->path, &events, true);
	assert_int_equal(events, 3000);
	/* Each stands for itself: the last one alone has the state. */
	rec = open_good(p->path);
	assert_int_equal(recording_mirror(rec, UINT64_MAX, &m), 0);
	assert_same(wr.m, m);
	recording_close(&rec);
	mirror_free(m);
	mirror_free(wr.m);
}

/* A file is not given up for a next one that begins with as much. */
static void rotation_of_large_states(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .chunk_bytes = SMALL, .rotate_bytes = 1 };
	struct recording_info info = some_info();
	struct writing wr = { .m = mirror_new(NULL) };
	struct stream s = stream_new(5);
	uint64_t start;

	for (size_t i = 0; i < 2000; i++)
		mirror_apply(wr.m, stream_next(&s));
	assert_int_equal(recording_create(p->path, &info, &o, wr.m, &wr.w), 0);
	start = recording_size(wr.w);
	for (size_t last = start; recording_size(wr.w) >= last;) {
		last = (size_t)recording_size(wr.w);
		assert_int_equal(place_count(p), 1);
		assert_int_equal(writing_add(&wr, stream_next(&s)), 0);
		assert_true(recording_size(wr.w) < 3 * start);
	}
	writing_end(&wr, &(struct recording_totals){ 0 });
	assert_int_equal(place_count(p), 2);
	{
		char name[100];
		struct stat st;

		snprintf(name, sizeof(name), "%s.1", p->path);
		assert_int_equal(stat(name, &st), 0);
		assert_true((uint64_t)st.st_size >= 2 * start);
	}
}

static void rotation_by_time(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .rotate_ns = 1000 };
	struct writing wr = writing_begin(p->path, &o);
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct recording *rec;
	struct mirror *m;
	uint64_t times[] = { 5000, 5999, 6000, 6001, 6500, 7001, 9999 };
	size_t events[3] = { 0 };
	char name[100];

	for (size_t i = 0; i < UNIT_COUNT(times); i++) {
		ev.time_ns = times[i];
		ev.ctx = 1 + (__u32)i;
		assert_int_equal(writing_add(&wr, &ev), 0);
	}
	writing_end(&wr, &(struct recording_totals){ 0 });
	/* 5000 to 6000, then 6001 to 7001, then the rest. */
	assert_int_equal(place_count(p), 3);
	snprintf(name, sizeof(name), "%s.1", p->path);
	assert_whole(name, &events[0], false);
	snprintf(name, sizeof(name), "%s.2", p->path);
	assert_whole(name, &events[1], false);
	assert_whole(p->path, &events[2], true);
	assert_int_equal(events[0], 3);
	assert_int_equal(events[1], 3);
	assert_int_equal(events[2], 1);
	/* What was in the first file is not known from the last. */
	rec = open_good(p->path);
	assert_int_equal(recording_mirror(rec, 7001, &m), 0);
	assert_int_equal(mirror_find_ctx(m, 2)->uncertain_since, 0);
	mirror_free(m);
	assert_int_equal(recording_mirror(rec, 7000, &m), 0);
	assert_int_equal(mirror_find_ctx(m, 2)->uncertain_since, 7000);
	mirror_free(m);
	recording_close(&rec);
}

static bool exists(const struct place *p, const char *suffix)
{
	char name[100];

	snprintf(name, sizeof(name), "%s%s", p->path, suffix);
	return access(name, F_OK) == 0;
}

/* The newest stay; numbers go on where an earlier run ended; other files are left alone. */
static void rotation_keeps(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .rotate_ns = 1, .keep = 2 };
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct writing wr = writing_begin(p->path, &o);
	char name[100];

	snprintf(name, sizeof(name), "%s.2", p->path);
	put_text(name, "precious, and not a recording");
	snprintf(name, sizeof(name), "%s.04", p->path);
	put_text(name, "precious");
	snprintf(name, sizeof(name), "%s.4x", p->path);
	put_text(name, "precious");
	/* Two events each: 3, 4, 5, of which 3 goes again. */
	for (size_t i = 1; i <= 6; i++) {
		ev.time_ns = 10 * i;
		assert_int_equal(writing_add(&wr, &ev), 0);
	}
	writing_end(&wr, NULL);
	assert_false(exists(p, ".1") || exists(p, ".3") || exists(p, ".6"));
	assert_true(exists(p, "") && exists(p, ".4") && exists(p, ".5"));
	assert_true(exists(p, ".2") && exists(p, ".04") && exists(p, ".4x"));
	/* A later run. */
	wr = writing_begin(p->path, &o);
	for (size_t i = 1; i <= 2; i++) {
		ev.time_ns = 10 * i;
		assert_int_equal(writing_add(&wr, &ev), 0);
	}
	writing_end(&wr, NULL);
	assert_true(exists(p, ".5") && exists(p, ".6") && !exists(p, ".4"));
	assert_int_equal(place_count(p), 6);
}

/* The first file is there, the next one cannot be made: what is written stays. */
static int rotate_into_nowhere(void *arg)
{
	struct place *p = arg;
	struct recording_options o = { .rotate_ns = 10, .chunk_bytes = SMALL };
	struct recording_info info = some_info();
	struct ioas_event ev = unit_event(IOAS_EV_CTX_NEW);
	struct mirror *m = mirror_new(NULL);
	struct recording_writer *w;
	char moved[100];
	int err = recording_create(p->path, &info, &o, m, &w);

	snprintf(moved, sizeof(moved), "%s-moved", p->folder);
	if (err || recording_write(w, &ev) || rename(p->folder, moved))
		return 97;
	ev.time_ns += 10;
	err = recording_write(w, &ev);
	if (rename(moved, p->folder) || recording_finish(&w, NULL) != err)
		return 96;
	mirror_free(m);
	return -err;
}

static void rotation_fails(void **state)
{
	struct place *p = *state;
	enum recording_end end;

	assert_int_equal(rotate_into_nowhere(p), ENOENT);
	assert_int_equal(count_events(p->path, &end), 2);
	assert_int_equal(end, RECORDING_CUT);
	assert_int_equal(place_count(p), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(round_trip),
		TEST(info_and_totals),
		TEST(keyframe_first),
		TEST(refused_events),
		TEST(flush_shows),
		TEST(only_for_the_owner),
		TEST(existing_file_is_kept),
		TEST(strange_targets),
		TEST(full_disk),
		TEST(keyframes_at_intervals),
		TEST(large_keyframes_are_rarer),
		TEST(rotation_by_size),
		TEST(rotation_of_large_states),
		TEST(rotation_by_time),
		TEST(rotation_keeps),
		TEST(rotation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
