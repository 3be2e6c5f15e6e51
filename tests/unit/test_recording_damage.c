// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Recordings that were cut or damaged: each byte, each bit. What stood before
 * that place is read, what does not hold is told, and nothing else happens.
 */
#include "core/codec.h"
#include "recording_unit.h"

#define SMALL 1900 /* bytes of a chunk: ten events */
#define CHUNKS_MAX 200

/* A whole recording, what is in it, and where. */
struct sample {
	struct image image;
	size_t header;
	struct ioas_event *events;
	size_t count;
	struct {
		size_t begin, end;
		struct rec_chunk chunk;
	} chunks[CHUNKS_MAX];
	size_t nchunks;
	struct mirror *m; /* the state at its end */
};

static void find_chunks(struct sample *s)
{
	size_t at = s->header;

	while (at + REC_TRAILER < s->image.size) {
		struct rec_chunk *chunk = &s->chunks[s->nchunks].chunk;
		const char *why;

		assert_true(s->nchunks < CHUNKS_MAX);
		assert_int_equal(rec_get_chunk(s->image.at + at, chunk, &why), 0);
		s->chunks[s->nchunks].begin = at;
		at = (size_t)rec_after(at, chunk);
		s->chunks[s->nchunks++].end = at;
	}
	assert_int_equal(at + REC_TRAILER, s->image.size);
}

static struct sample *sample_new(const struct place *p, size_t count)
{
	struct recording_options o = { .chunk_bytes = SMALL, .keyframe_events = 40 };
	struct recording_info info = some_info();
	struct writing wr = writing_begin(p->path, &o);
	struct sample *s = calloc(1, sizeof(*s));
	struct stream stream = stream_new(7);

	assert_non_null(s);
	s->events = calloc(count, sizeof(*s->events));
	for (s->count = 0; s->count < count; s->count++) {
		s->events[s->count] = *stream_next(&stream);
		assert_int_equal(writing_add(&wr, &s->events[s->count]), 0);
	}
	assert_int_equal(recording_finish(&wr.w, &(struct recording_totals){ 0 }), 0);
	s->m = wr.m;
	s->image = image_load(p->path);
	s->header = rec_header_size(&info);
	find_chunks(s);
	return s;
}

static void sample_free(struct sample *s)
{
	mirror_free(s->m);
	free(s->image.at);
	free(s->events);
	free(s);
}

/* Events in chunks that end at or before a place. */
static size_t events_before(const struct sample *s, size_t place)
{
	size_t events = 0;

	for (size_t i = 0; i < s->nchunks && s->chunks[i].end <= place; i++)
		events += s->chunks[i].chunk.type == REC_EVENTS ? s->chunks[i].chunk.records : 0;
	return events;
}

/* Reads all, which must be what was written, and says how many events and how it ended. */
static enum recording_end read_all(const struct sample *s, struct recording *rec, size_t *events)
{
	const struct ioas_event *ev;
	enum recording_end end;
	const char *why;

	*events = 0;
	while (recording_next(rec, &ev) == 1) {
		if (recording_in_keyframe(rec))
			continue;
		if (*events >= s->count || memcmp(ev, &s->events[*events], sizeof(*ev)) != 0)
			fail_msg("event %zu is another", *events);
		++*events;
	}
	end = recording_ended(rec, &why);
	assert_true((end == RECORDING_WHOLE) == (why[0] == '\0'));
	return end;
}

static bool all_uncertain(const struct mirror *m)
{
	for (const struct mirror_ctx *c = mirror_ctx_first(m); c; c = mirror_ctx_next(c)) {
		if (!c->uncertain_since)
			return false;
	}
	return true;
}

/* The state at the end of what is left of it. */
static void check_end_state(const struct sample *s, struct recording *rec, size_t size)
{
	bool all_there =
		events_before(s, size) == s->count && size >= s->chunks[s->nchunks - 2].end;
	struct mirror *m = NULL;
	char why[200] = "";
	int err = recording_mirror(rec, UINT64_MAX, &m);

	if (size < s->chunks[0].end) {
		assert_int_equal(err, -ENODATA);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(mirror_check(m), 0);
	if (all_there && mirror_compare(s->m, m, why, sizeof(why)))
		fail_msg("%s", why);
	if (!all_there)
		assert_true(all_uncertain(m));
	mirror_free(m);
}

static void cut_anywhere(void **state)
{
	struct sample *s = sample_new(*state, 200);

	for (size_t size = 0; size < s->image.size; size++) {
		struct recording *rec = NULL;
		char why[200] = "";
		size_t events;
		int err = image_open(&s->image, size, &rec, why, sizeof(why));

		if (size < s->header) {
			assert_int_equal(err, -EBADMSG);
			assert_true(why[0]);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(read_all(s, rec, &events), RECORDING_CUT);
		assert_int_equal(events, events_before(s, size));
		check_end_state(s, rec, size);
		recording_close(&rec);
	}
	sample_free(s);
}

static int find_chunk(const struct sample *s, size_t place)
{
	for (size_t i = 0; i < s->nchunks; i++) {
		if (place >= s->chunks[i].begin && place < s->chunks[i].end)
			return (int)i;
	}
	return -1;
}

/* A keyframe that a reader steps over unless it is asked to go there. */
static bool is_skipped(const struct sample *s, int chunk, size_t place)
{
	return chunk > 0 && s->chunks[chunk].chunk.type == REC_KEYFRAME &&
	       place >= s->chunks[chunk].begin + REC_CHUNK_HEADER;
}

static void check_flip(const struct sample *s, size_t place, const struct image *image)
{
	int chunk = find_chunk(s, place);
	struct recording *rec = NULL;
	enum recording_end end;
	char why[200] = "";
	size_t events;
	int err = image_open(image, image->size, &rec, why, sizeof(why));

	if (place < s->header) {
		assert_int_equal(err, -EBADMSG);
		assert_true(why[0]);
		return;
	}
	assert_int_equal(err, 0);
	end = read_all(s, rec, &events);
	if (is_skipped(s, chunk, place)) {
		assert_int_equal(end, RECORDING_WHOLE);
		assert_int_equal(events, s->count);
	} else {
		assert_int_equal(end, RECORDING_DAMAGED);
		assert_int_equal(events, events_before(s, place));
	}
	recording_close(&rec);
}

static void flip_any_bit(void **state)
{
	struct sample *s = sample_new(*state, 120);
	size_t size = s->image.size;

	assert_true(size > 4096);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		/* All of the first 4 KiB, and all ends. */
		if (bit >= 8 * 4096 && bit < 8 * (size - 200))
			continue;
		s->image.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		check_flip(s, bit / 8, &s->image);
		s->image.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	sample_free(s);
}

/* Bytes overwritten, left out and put in; reading, seeking, states at any time. */
static void any_damage(void **state)
{
	struct unit_random r = unit_random_new();
	struct sample *s = sample_new(*state, 150);
	struct image bad = { malloc(s->image.size + 100), 0 };

	for (size_t step = 0; step < unit_steps(1000); step++) {
		size_t at = unit_below(&r, s->image.size), n = 1 + unit_below(&r, 99);
		struct recording *rec = NULL;
		struct mirror *m = NULL;
		char why[200] = "";
		size_t events;

		n = n < s->image.size - at ? n : s->image.size - at;
		bad.size = s->image.size;
		memcpy(bad.at, s->image.at, bad.size);
		switch (unit_below(&r, 3)) {
		case 0:
			for (size_t i = at; i < at + n; i++)
				bad.at[i] = (uint8_t)unit_random(&r);
			break;
		case 1:
			memmove(bad.at + at, bad.at + at + n, bad.size - at - n);
			bad.size -= n;
			break;
		default:
			memmove(bad.at + at + n, bad.at + at, bad.size - at);
			bad.size += n;
		}
		if (image_open(&bad, bad.size, &rec, why, sizeof(why))) {
			UNIT_REQUIRE(at < s->header && why[0], &r, step);
			continue;
		}
		read_all(s, rec, &events);
		UNIT_REQUIRE(events >= events_before(s, at), &r, step);
		if (recording_mirror(rec, s->events[unit_below(&r, s->count)].time_ns, &m) == 0)
			assert_int_equal(mirror_check(m), 0);
		mirror_free(m);
		recording_close(&rec);
	}
	free(bad.at);
	sample_free(s);
}

/* If a keyframe is damaged, an earlier one will do. */
static void damaged_keyframe(void **state)
{
	struct sample *s = sample_new(*state, 200);
	struct recording *rec;
	struct mirror *m;
	size_t damaged = 0;
	char why[200] = "";

	for (size_t i = 1; i < s->nchunks; i++) {
		if (s->chunks[i].chunk.type != REC_KEYFRAME)
			continue;
		s->image.at[s->chunks[i].end - 1] ^= 1;
		damaged++;
		assert_int_equal(image_open(&s->image, s->image.size, &rec, why, sizeof(why)), 0);
		assert_int_equal(recording_mirror(rec, UINT64_MAX, &m), 0);
		if (mirror_compare(s->m, m, why, sizeof(why)))
			fail_msg("%s", why);
		mirror_free(m);
		recording_close(&rec);
	}
	assert_true(damaged >= 3);
	sample_free(s);
}

/* Times at which the third chunk of events matters; the chunk. */
static size_t third_events(const struct sample *s)
{
	size_t i = 0, seen = 0;

	for (;; i++) {
		seen += s->chunks[i].chunk.type == REC_EVENTS;
		if (seen == 3)
			return i;
	}
}

static void expect_doubt(const struct sample *s, size_t chunk)
{
	uint64_t before_ns = s->chunks[chunk].chunk.before_ns;
	struct recording *rec;
	struct mirror *m;
	char why[200] = "";

	assert_int_equal(image_open(&s->image, s->image.size, &rec, why, sizeof(why)), 0);
	/* What was before is known, up to when that was. */
	assert_int_equal(recording_mirror(rec, before_ns - 1, &m), 0);
	assert_non_null(mirror_ctx_first(m));
	assert_false(all_uncertain(m));
	mirror_free(m);
	assert_int_equal(recording_mirror(rec, s->chunks[chunk].chunk.max_ns, &m), 0);
	assert_non_null(mirror_ctx_first(m));
	assert_true(all_uncertain(m));
	assert_true(mirror_ctx_first(m)->uncertain_since <= before_ns);
	mirror_free(m);
	/* What is told of a time behind it comes from a keyframe behind it. */
	assert_int_equal(recording_mirror(rec, UINT64_MAX, &m), 0);
	if (mirror_compare(s->m, m, why, sizeof(why)))
		fail_msg("%s", why);
	mirror_free(m);
	recording_close(&rec);
}

static void damaged_events(void **state)
{
	struct sample *s = sample_new(*state, 200);
	size_t chunk = third_events(s),
	       places[] = { s->chunks[chunk].end - 1, s->chunks[chunk].begin + 20 };

	/* What it holds, and its header. */
	for (size_t i = 0; i < UNIT_COUNT(places); i++) {
		s->image.at[places[i]] ^= 1;
		expect_doubt(s, chunk);
		s->image.at[places[i]] ^= 1;
	}
	sample_free(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(cut_anywhere),	TEST(flip_any_bit),   TEST(any_damage),
		TEST(damaged_keyframe), TEST(damaged_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
