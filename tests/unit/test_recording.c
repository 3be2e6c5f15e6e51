// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings: what is written is what is read. */
#include "core/codec.h"
#include "recording_unit.h"

#define SMALL 2000 /* bytes of a chunk: ten events */

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(round_trip),
		TEST(info_and_totals),
		TEST(keyframe_first),
		TEST(refused_events),
		TEST(flush_shows),
		TEST(keyframes_at_intervals),
		TEST(large_keyframes_are_rarer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
