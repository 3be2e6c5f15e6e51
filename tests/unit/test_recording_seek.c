// SPDX-License-Identifier: GPL-2.0-or-later
/* The state at any time: by a keyframe, and by all events from the beginning. */
#include "recording_unit.h"

#define SMALL 4000 /* bytes of a chunk: 21 events */

struct told {
	struct ioas_event *events;
	size_t count;
	struct place *p;
	struct mirror *m; /* at its end */
};

/* Writes events that `next` makes, and what the caller's order stage would say of gaps. */
static struct told tell(struct place *p, size_t count,
			struct ioas_event (*next)(void *arg, size_t i), void *arg)
{
	struct recording_options o = { .chunk_bytes = SMALL, .keyframe_events = 97 };
	struct writing wr = writing_begin(p->path, &o);
	struct told t = { calloc(count, sizeof(*t.events)), count, p, NULL };

	assert_non_null(t.events);
	for (size_t i = 0; i < count; i++) {
		t.events[i] = next(arg, i);
		assert_int_equal(writing_add(&wr, &t.events[i]), 0);
	}
	assert_int_equal(recording_finish(&wr.w, &(struct recording_totals){ 0 }), 0);
	t.m = wr.m;
	return t;
}

static void told_free(struct told *t)
{
	mirror_free(t->m);
	free(t->events);
}

/*
 * The state at a time by the words of the format: each context's events from
 * the beginning, up to its first one that is later; losses by when they were, and
 * what has no place in a sequence by its own time.
 */
static struct mirror *replay(const struct told *t, uint64_t time_ns, size_t *count)
{
	struct mirror *m = mirror_new(NULL);
	bool *stopped = calloc(65536, sizeof(*stopped));

	assert_true(m && stopped);
	for (size_t i = 0; i < t->count; i++) {
		const struct ioas_event *ev = &t->events[i];
		bool loss = ioas_event_is_mark(ev);
		bool later = (loss ? ev->body_obj.value : ev->time_ns) > time_ns;

		bool alone = loss || ev->kind == IOAS_EV_FAULT || ev->kind == IOAS_EV_MEMORY_GONE;

		assert_true((ev->ctx || alone) && ev->ctx < 65536);
		stopped[ev->ctx] |= later && !alone;
		if (alone ? later : stopped[ev->ctx])
			continue;
		mirror_apply(m, ev);
		++*count;
	}
	free(stopped);
	return m;
}

/* What is shown on the way is what was told, in its sequence, before the mirror has it. */
struct looker {
	const struct told *t;
	size_t at;
	size_t count;
};

static void look(const struct mirror *m, const struct ioas_event *ev, uint64_t old_ns, void *arg)
{
	struct looker *l = arg;

	assert_int_equal(old_ns, 0); /* it began with nothing */
	assert_int_equal(mirror_stats(m)->faults + mirror_stats(m)->ops + mirror_stats(m)->changes +
				 mirror_stats(m)->refused,
			 l->count);
	while (l->at < l->t->count && memcmp(&l->t->events[l->at], ev, sizeof(*ev)))
		l->at++;
	assert_true(l->at++ < l->t->count);
	l->count++;
}

static void same_if_watched(const struct told *t, struct recording *rec, uint64_t time_ns,
			    const struct mirror *want, size_t count)
{
	struct looker l = { .t = t };
	const struct recording_watch watch = { .event = look, .arg = &l };
	struct mirror *got = NULL;
	char why[200] = "";

	assert_int_equal(recording_watch(rec, time_ns, &watch, &got), 0);
	if (mirror_compare(want, got, why, sizeof(why)))
		fail_msg("watched, at %llu: %s", (unsigned long long)time_ns, why);
	assert_int_equal(l.count, count);
	mirror_free(got);
}

static void same_at(const struct told *t, struct recording *rec, uint64_t time_ns)
{
	size_t count = 0;
	struct mirror *want = replay(t, time_ns, &count), *got = NULL;
	char why[200] = "";

	assert_int_equal(recording_mirror(rec, time_ns, &got), 0);
	assert_int_equal(mirror_check(got), 0);
	if (mirror_compare(want, got, why, sizeof(why)))
		fail_msg("at %llu: %s", (unsigned long long)time_ns, why);
	same_if_watched(t, rec, time_ns, want, count);
	mirror_free(want);
	mirror_free(got);
}

static void same_at_any_time(const struct told *t, struct unit_random *r, const char *path,
			     size_t times)
{
	struct recording *rec = open_good(path);

	for (size_t i = 0; i < times; i++) {
		uint64_t time_ns = t->events[unit_below(r, t->count)].time_ns;

		same_at(t, rec, time_ns - 1 + unit_below(r, 3));
	}
	same_at(t, rec, 1);
	same_at(t, rec, UINT64_MAX);
	recording_close(&rec);
}

/* The same file without its last bytes has no index. */
static void without_index(const struct place *p, char path[100])
{
	struct image image = image_load(p->path);
	int fd;

	snprintf(path, 100, "%s/without", p->folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, image.at, image.size - 1), (ssize_t)image.size - 1);
	close(fd);
	free(image.at);
}

static struct ioas_event next_plausible(void *arg, size_t i)
{
	(void)i;
	return *stream_next(arg);
}

static void plausible(void **state)
{
	struct stream s = stream_new(11);
	struct unit_random r = unit_random_new();
	struct told t = tell(*state, 4000, next_plausible, &s);
	char path[100];

	same_at_any_time(&t, &r, t.p->path, unit_steps(150));
	without_index(t.p, path);
	same_at_any_time(&t, &r, path, unit_steps(50));
	told_free(&t);
}

static struct ioas_event next_any(void *arg, size_t i)
{
	return stream_any(arg, 100000 + 100 * i);
}

/* Most of these are contradictions; what the mirror makes of them comes through keyframes. */
static void any_events(void **state)
{
	struct unit_random r = unit_random_new();
	struct told t = tell(*state, 2000, next_any, &r);

	same_at_any_time(&t, &r, t.p->path, unit_steps(150));
	told_free(&t);
}

struct lossy {
	struct stream s;
	uint64_t order[65536]; /* last one that was told, by context */
	struct ioas_event held; /* .len 0: none */
	size_t lost;
};

/* Events get lost; before the one behind a gap stands that it was lost, as a caller tells it. */
static struct ioas_event next_lossy(void *arg, size_t i)
{
	struct lossy *l = arg;
	struct ioas_event ev = l->held, loss = unit_event(IOAS_EV_UNCERTAIN);

	(void)i;
	if (ev.len) {
		l->held.len = 0;
		return ev;
	}
	ev = *stream_next(&l->s);
	while (unit_below(&l->s.r, 200) == 0) {
		ev = *stream_next(&l->s);
		l->lost++;
	}
	if (l->order[ev.ctx] && ev.order != l->order[ev.ctx] + 1) {
		l->held = ev;
		loss.ctx = ev.ctx;
		loss.ioas = 0;
		loss.body_obj.value = ev.time_ns;
		loss.time_ns = ev.time_ns + 500000; /* found out half a ms later */
	}
	l->order[ev.ctx] = ev.order;
	return l->held.len ? loss : ev;
}

static void lossy(void **state)
{
	struct lossy *l = calloc(1, sizeof(*l));
	struct unit_random r = unit_random_new();
	struct told t;

	assert_non_null(l);
	l->s = stream_new(13);
	t = tell(*state, 3000, next_lossy, l);
	assert_true(l->lost > 5);
	same_at_any_time(&t, &r, t.p->path, unit_steps(150));
	told_free(&t);
	free(l);
}

static struct ioas_event numbered(uint32_t ctx, unsigned int kind, uint64_t order, uint64_t time_ns)
{
	struct ioas_event ev = unit_event(kind);

	ev.ctx = ctx;
	ev.ioas = ev.ioas ? 10 * ctx : 0;
	ev.order = order;
	ev.time_ns = time_ns;
	if (kind == IOAS_EV_OP)
		ev.body_op.what = IOAS_OP_QUERY;
	return ev;
}

static const struct mirror_ctx *ctx_at(struct recording *rec, uint64_t time_ns, uint32_t ctx,
				       struct mirror **m)
{
	assert_int_equal(recording_mirror(rec, time_ns, m), 0);
	return mirror_find_ctx(*m, ctx);
}

/* A gap that nobody told. */
static void gap_is_uncertain(void **state)
{
	struct place *p = *state;
	struct writing wr = writing_begin(p->path, NULL);
	struct ioas_event events[] = {
		numbered(1, IOAS_EV_CTX_NEW, 1, 1000), numbered(2, IOAS_EV_CTX_NEW, 1, 1100),
		numbered(1, IOAS_EV_OP, 2, 1200),      numbered(1, IOAS_EV_OP, 4, 1400),
		numbered(2, IOAS_EV_OP, 2, 1500),
	};
	struct recording *rec;
	struct mirror *m;

	for (size_t i = 0; i < UNIT_COUNT(events); i++)
		assert_int_equal(writing_add(&wr, &events[i]), 0);
	writing_end(&wr, &(struct recording_totals){ 0 });
	rec = open_good(p->path);
	assert_int_equal(ctx_at(rec, 1399, 1, &m)->uncertain_since, 0);
	mirror_free(m);
	assert_int_equal(ctx_at(rec, 1400, 1, &m)->uncertain_since, 1400);
	assert_int_equal(mirror_find_ctx(m, 2)->uncertain_since, 0);
	mirror_free(m);
	recording_close(&rec);
}

/* The third event of context 1 is told at a time before its second. */
static void order_beats_time(void **state)
{
	struct place *p = *state;
	struct writing wr = writing_begin(p->path, NULL);
	struct ioas_event events[] = {
		numbered(1, IOAS_EV_CTX_NEW, 1, 1000),
		numbered(1, IOAS_EV_IOAS_NEW, 2, 3000),
		numbered(1, IOAS_EV_IOAS_GONE, 3, 2000),
		numbered(2, IOAS_EV_CTX_NEW, 1, 2500),
	};
	struct recording *rec;
	struct mirror *m;

	for (size_t i = 0; i < UNIT_COUNT(events); i++)
		assert_int_equal(writing_add(&wr, &events[i]), 0);
	writing_end(&wr, &(struct recording_totals){ 0 });
	rec = open_good(p->path);
	/* Not the end of what has not begun. */
	assert_int_equal(ctx_at(rec, 2600, 1, &m)->order, 1);
	assert_int_equal(mirror_anomalies(m)->total, 0);
	assert_non_null(mirror_find_ctx(m, 2));
	mirror_free(m);
	assert_int_equal(ctx_at(rec, 3000, 1, &m)->order, 3);
	assert_null(mirror_find_ioas(m, 10));
	mirror_free(m);
	recording_close(&rec);
}

static void look_at_old(const struct mirror *m, const struct ioas_event *ev, uint64_t old_ns,
			void *arg)
{
	(void)m;
	assert_int_equal(old_ns, 123456789); /* some_info(): when the run began */
	assert_int_equal(ev->kind, IOAS_EV_CTX_NEW);
	++*(int *)arg;
}

/* What a file begins with is no news. */
static void watched_keyframe(void **state)
{
	struct place *p = *state;
	struct recording_info info = some_info();
	struct ioas_event ev = numbered(1, IOAS_EV_CTX_NEW, 1, 5000);
	struct mirror *m = mirror_new(NULL), *back;
	struct recording_watch watch = { .event = look_at_old };
	struct recording_writer *w;
	struct recording *rec;
	int seen = 0;

	watch.arg = &seen;
	mirror_apply(m, &ev);
	assert_int_equal(recording_create(p->path, &info, NULL, m, &w), 0);
	assert_int_equal(recording_finish(&w, &(struct recording_totals){ 0 }), 0);
	mirror_free(m);
	rec = open_good(p->path);
	assert_int_equal(recording_watch(rec, UINT64_MAX, &watch, &back), 0);
	assert_int_equal(seen, 1);
	mirror_free(back);
	recording_close(&rec);
}

/* Nobody knows what was there before the file began. */
static void before_the_beginning(void **state)
{
	struct place *p = *state;
	struct recording_info info = some_info();
	struct ioas_event ev = numbered(1, IOAS_EV_CTX_NEW, 1, 5000);
	struct mirror *m = mirror_new(NULL), *back;
	struct recording_writer *w;
	struct recording *rec;
	uint64_t first, last;
	char path[100];

	mirror_apply(m, &ev);
	assert_int_equal(recording_create(p->path, &info, NULL, m, &w), 0);
	assert_int_equal(recording_finish(&w, &(struct recording_totals){ 0 }), 0);
	mirror_free(m);
	rec = open_good(p->path);
	assert_int_equal(ctx_at(rec, 5000, 1, &back)->uncertain_since, 0);
	mirror_free(back);
	assert_int_equal(ctx_at(rec, 4000, 1, &back)->uncertain_since, 4000);
	mirror_free(back);
	assert_int_equal(ctx_at(rec, 0, 1, &back)->uncertain_since, 1);
	mirror_free(back);
	recording_span(rec, &first, &last);
	assert_int_equal(first, 0);
	assert_int_equal(last, 0);
	recording_close(&rec);
	/* The same by the chunks' headers. */
	without_index(p, path);
	rec = open_good(path);
	assert_int_equal(ctx_at(rec, 5000, 1, &back)->uncertain_since, 0);
	mirror_free(back);
	assert_int_equal(ctx_at(rec, 4000, 1, &back)->uncertain_since, 4000);
	mirror_free(back);
	recording_close(&rec);
}

/* A loss holds from when it was, not from when it was told. */
static void told_later(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .keyframe_events = 3 };
	struct writing wr = writing_begin(p->path, &o);
	struct ioas_event events[] = {
		numbered(1, IOAS_EV_CTX_NEW, 1, 1000),	 numbered(2, IOAS_EV_CTX_NEW, 1, 1100),
		numbered(1, IOAS_EV_UNCERTAIN, 0, 9000), numbered(1, IOAS_EV_OP, 2, 2000),
		numbered(1, IOAS_EV_UNCERTAIN, 0, 9500),
	};
	struct recording *rec;
	struct mirror *m;
	uint64_t first, last;

	events[2].body_obj.value = 1500;
	events[4].body_obj.value = 1200;
	for (size_t i = 0; i < UNIT_COUNT(events); i++)
		assert_int_equal(writing_add(&wr, &events[i]), 0);
	writing_end(&wr, &(struct recording_totals){ 0 });
	rec = open_good(p->path);
	assert_int_equal(ctx_at(rec, 1199, 1, &m)->uncertain_since, 0);
	mirror_free(m);
	assert_int_equal(ctx_at(rec, 1499, 1, &m)->uncertain_since, 1200);
	assert_int_equal(mirror_find_ctx(m, 1)->order, 1);
	mirror_free(m);
	assert_int_equal(ctx_at(rec, 2000, 1, &m)->uncertain_since, 1200);
	assert_int_equal(mirror_find_ctx(m, 1)->order, 2);
	mirror_free(m);
	recording_span(rec, &first, &last);
	assert_int_equal(first, 1000);
	assert_int_equal(last, 2000);
	recording_close(&rec);
}

static void span_and_seek(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .chunk_bytes = SMALL, .keyframe_events = 100 };
	struct writing wr = writing_begin(p->path, &o);
	struct ioas_event events[1000];
	struct recording *rec;
	uint64_t first, last;

	for (size_t i = 0; i < 1000; i++) {
		events[i] = numbered(1, i ? IOAS_EV_OP : IOAS_EV_CTX_NEW, i + 1, 5000 + 10 * i);
		assert_int_equal(writing_add(&wr, &events[i]), 0);
	}
	writing_end(&wr, &(struct recording_totals){ 0 });
	rec = open_good(p->path);
	recording_span(rec, &first, &last);
	assert_int_equal(first, 5000);
	assert_int_equal(last, 5000 + 9990);
	for (size_t i = 0; i < 1000; i += 33) {
		const struct ioas_event *ev = NULL;
		const char *why;
		size_t next;

		assert_int_equal(recording_seek(rec, events[i].time_ns), 0);
		while (recording_next(rec, &ev) == 1 && recording_in_keyframe(rec))
			assert_int_equal(ev->kind, IOAS_EV_CTX_NEW);
		/* The keyframe behind each hundredth event holds that one. */
		next = (i + 1) / 100 * 100;
		assert_memory_equal(ev, &events[next], sizeof(*ev));
		while (recording_next(rec, &ev) == 1)
			next++;
		assert_int_equal(next, 999);
		assert_int_equal(recording_ended(rec, &why), RECORDING_WHOLE);
		assert_non_null(recording_totals(rec));
	}
	recording_close(&rec);
}

/* Asking for the span does not disturb reading. */
static void span_while_reading(void **state)
{
	struct place *p = *state;
	struct writing wr = writing_begin(p->path, NULL);
	struct recording *rec;
	const struct ioas_event *ev;
	struct ioas_event events[50];
	uint64_t first, last;

	for (size_t i = 0; i < 50; i++) {
		events[i] = numbered(1, i ? IOAS_EV_OP : IOAS_EV_CTX_NEW, i + 1, 5000 + 10 * i);
		assert_int_equal(writing_add(&wr, &events[i]), 0);
	}
	writing_end(&wr, &(struct recording_totals){ 0 });
	rec = open_good(p->path);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(recording_next(rec, &ev), 1);
		recording_span(rec, &first, &last);
		assert_memory_equal(ev, &events[i], sizeof(*ev));
	}
	recording_close(&rec);
}

/* An index that has become too long names every second keyframe. */
static void thinned_index(void **state)
{
	struct place *p = *state;
	struct recording_options o = { .keyframe_events = 1, .level = -5 };
	struct writing wr = writing_begin(p->path, &o);
	struct recording *rec;
	struct mirror *m;
	size_t count = REC_INDEX_KEPT + 1000, events = 0;

	for (size_t i = 0; i < count; i++) {
		struct ioas_event ev =
			numbered(1, i ? IOAS_EV_OP : IOAS_EV_CTX_NEW, i + 1, 5000 + 10 * i);

		assert_int_equal(writing_add(&wr, &ev), 0);
	}
	writing_end(&wr, &(struct recording_totals){ 0 });
	rec = open_good(p->path);
	/* One at the beginning makes the 65536th of the event before it; half of them, and the
	 * rest. */
	assert_int_equal(rec_survey(rec), 0);
	assert_int_equal(rec->nsegments, REC_INDEX_KEPT / 2 + 1001);
	for (size_t i = 0; i < rec->nsegments; i++) {
		const struct rec_segment *s = &rec->segments[i];

		assert_int_equal(s->first_event, events);
		events += s->events;
		assert_true(!s->events || s->max_ns == 5000 + 10 * (events - 1));
	}
	assert_int_equal(events, count);
	for (size_t i = 0; i < count; i += 9973) {
		assert_int_equal(ctx_at(rec, 5000 + 10 * i + 5, 1, &m)->order, i + 1);
		mirror_free(m);
	}
	recording_close(&rec);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		TEST(plausible),	TEST(any_events),	TEST(lossy),
		TEST(gap_is_uncertain), TEST(order_beats_time), TEST(before_the_beginning),
		TEST(told_later),	TEST(span_and_seek),	TEST(span_while_reading),
		TEST(thinned_index),	TEST(watched_keyframe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
