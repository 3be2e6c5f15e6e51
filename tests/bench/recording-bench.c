// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a recording costs: bytes, and time to write, to read, and to go to a
 * state. Events are those of a random type1 stream (tests/unit/stream.h), made
 * beforehand. IOASCOPE_SCALE times 500,000 of them. The time to write includes
 * the sync at the end; what the mirror takes is told apart.
 */
#include <time.h>
#include <unistd.h>

#include "core/mirror.h"
#include "core/recording.h"
#include "stream.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void die(const char *what)
{
	fprintf(stderr, "recording-bench: %s failed\n", what);
	exit(1);
}

static struct ioas_event *make_events(size_t count)
{
	struct ioas_event *events = calloc(count, sizeof(*events));
	struct stream s = stream_new(1);

	if (!events)
		die("memory");
	for (size_t i = 0; i < count; i++)
		events[i] = *stream_next(&s);
	return events;
}

static void rate(const char *what, size_t count, double seconds)
{
	printf("%-28s %10.0f events/s\n", what, (double)count / seconds);
}

/* Seconds to write all; *mirror is what the mirror had of it. */
static double write_all(const char *path, const struct ioas_event *events, size_t count,
			uint64_t *bytes, double *mirror)
{
	struct recording_info info = { .kernel = "bench" };
	struct recording_totals totals = { .seen = count };
	struct mirror *m = mirror_new(NULL);
	struct recording_writer *w;
	double begin = now(), all;

	for (size_t i = 0; i < count; i++)
		mirror_apply(m, &events[i]);
	*mirror = now() - begin;
	mirror_free(m);

	m = mirror_new(NULL);
	begin = now();
	if (recording_create(path, &info, NULL, m, &w))
		die("creating");
	for (size_t i = 0; i < count; i++) {
		mirror_apply(m, &events[i]);
		if (recording_write(w, &events[i]))
			die("writing");
	}
	if (recording_flush(w))
		die("writing");
	*bytes = recording_size(w);
	if (recording_finish(&w, &totals))
		die("finishing");
	all = now() - begin;
	mirror_free(m);
	return all - *mirror;
}

static double read_all(const char *path, size_t count)
{
	_cleanup_recording_ struct recording *r = NULL;
	const struct ioas_event *ev;
	double begin = now();
	size_t n = 0;
	char why[200];

	if (recording_open(path, &r, why, sizeof(why)))
		die(why);
	while (recording_next(r, &ev) == 1)
		n += !recording_in_keyframe(r);
	if (n != count)
		die("reading");
	return now() - begin;
}

static double states(const char *path, const struct ioas_event *events, size_t count, size_t times)
{
	_cleanup_recording_ struct recording *r = NULL;
	struct unit_random random = unit_random_new();
	double begin = now();
	char why[200];

	if (recording_open(path, &r, why, sizeof(why)))
		die(why);
	for (size_t i = 0; i < times; i++) {
		struct mirror *m;

		if (recording_mirror(r, events[unit_below(&random, count)].time_ns, &m))
			die("going to a state");
		mirror_free(m);
	}
	return (now() - begin) / (double)times;
}

int main(void)
{
	size_t count = unit_steps(500000);
	struct ioas_event *events = make_events(count);
	char path[] = "/tmp/ioasrec-bench-XXXXXX";
	double mirror, seconds;
	uint64_t bytes;
	int fd = mkstemp(path);

	if (fd < 0)
		die("a file in /tmp");
	close(fd);
	seconds = write_all(path, events, count, &bytes, &mirror);
	printf("%zu events of a random type1 stream, %llu bytes: %.1f bytes each, of 184\n", count,
	       (unsigned long long)bytes, (double)bytes / (double)count);
	rate("the mirror alone", count, mirror);
	rate("writing, without the mirror", count, seconds);
	rate("reading", count, read_all(path, count));
	printf("%-28s %10.2f ms\n", "the state at any time",
	       1000 * states(path, events, count, 20));
	unlink(path);
	free(events);
	return 0;
}
