// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a recording: whose they are, what they replace, full disks, sets of files. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "core/codec.h"
#include "recording_unit.h"

#define SMALL 2000 /* bytes of a chunk: ten events */

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
		TEST(only_for_the_owner), TEST(existing_file_is_kept),
		TEST(strange_targets),	  TEST(full_disk),
		TEST(rotation_by_size),	  TEST(rotation_of_large_states),
		TEST(rotation_by_time),	  TEST(rotation_keeps),
		TEST(rotation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
