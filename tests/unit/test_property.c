// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random operations on the model and their events into the mirror: after each
 * operation both must hold the same, whatever the backend and its mode.
 */
#include "unit.h"

#include "gen.h"
#include "replay.h"
#include "shrink.h"

struct tally {
	uint64_t ops;
	uint64_t events;
	uint64_t told; /* op events */
	uint64_t mixed;
	uint64_t sequences;
	size_t most_areas;
	uint64_t judged[RULE_COUNT];
};

struct sequence {
	struct replay_options options;
	struct model_op *ops;
	size_t n;
	size_t room;
};

static void print_op(size_t i, const struct model_op *op)
{
	char text[256];

	model_op_text(op, text, sizeof(text));
	print_error("%4zu  %s\n", i, text);
}

static bool still_fails(const struct model_op *ops, size_t n, void *arg)
{
	const struct sequence *s = arg;
	char why[REPLAY_WHY];

	return !replay_list(&s->options, ops, n, why);
}

static void report(struct sequence *s, const struct gen *g, uint64_t state)
{
	char why[REPLAY_WHY];

	s->n = shrink(s->ops, s->n, still_fails, s);
	replay_list(&s->options, s->ops, s->n, why);
	print_error("IOASCOPE_SEED=%llu, state 0x%llx, %s and %s: %s\nshrunk to %zu operations:\n",
		    (unsigned long long)g->r->seed, (unsigned long long)state,
		    gen_kind_name(g->kind[0]), gen_kind_name(g->kind[1]), why, s->n);
	for (size_t i = 0; i < s->n; i++)
		print_op(i, &s->ops[i]);
	fail();
}

static void note(struct tally *t, const struct replay *r, size_t areas)
{
	t->ops += r->steps;
	t->events += r->stream.total;
	t->told += r->stream.ops;
	t->mixed += r->stream.mixed;
	t->sequences++;
	if (areas > t->most_areas)
		t->most_areas = areas;
	for (unsigned int rule = 1; r->check && rule < RULE_COUNT; rule++)
		t->judged[rule] += check_stats(r->check)->judged[rule];
}

static struct model_op *next_op(struct sequence *s)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->ops = realloc(s->ops, s->room * sizeof(s->ops[0]));
		assert_non_null(s->ops);
	}
	return &s->ops[s->n++];
}

static size_t areas_of(const struct model *m)
{
	size_t n = 0;

	for (unsigned int i = 0; i < MODEL_CTXS; i++) {
		for (unsigned int k = 0; k < MODEL_IOASES; k++)
			n += m->ctx[i].ioas[k].nareas;
	}
	return n;
}

/* One sequence of `n` operations; every second one ends with everything closed. */
static void run(struct gen *g, size_t n, struct replay_options options, struct tally *t)
{
	uint64_t state = g->r->state;
	bool closing = unit_below(g->r, 2), well = true;
	struct sequence s = { .options = options };
	size_t areas = 0;
	struct replay r;

	s.options.world = g->world;
	replay_begin(&r, &s.options);
	while (well) {
		struct model_op op = s.n < n ? gen_next(g, r.model) : gen_close(g, r.model);

		if (s.n >= n && (!closing || op.what == MODEL_NOTHING))
			break;
		*next_op(&s) = op;
		well = replay_step(&r, &op);
		if (areas_of(r.model) > areas)
			areas = areas_of(r.model);
	}
	well = well && replay_end(&r);
	note(t, &r, areas);
	replay_free(&r);
	if (!well)
		report(&s, g, state);
	free(s.ops);
}

static void print_tally(const struct tally *t)
{
	print_message("%llu operations in %llu sequences, %llu events (%llu ops), %llu pairs at "
		      "the same time, up to %zu areas\n",
		      (unsigned long long)t->ops, (unsigned long long)t->sequences,
		      (unsigned long long)t->events, (unsigned long long)t->told,
		      (unsigned long long)t->mixed, t->most_areas);
	assert_true(t->ops > 0 && t->mixed > 0);
}

/* What is in the first context, and what lives beside it. */
static struct tally run_small(size_t turns, struct replay_options options)
{
	struct unit_random r = unit_random_new();
	struct tally t = { 0 };

	r.state += options.judge;
	for (size_t i = 0; i < turns; i++) {
		for (unsigned int kind = 0; kind < GEN_KINDS; kind++) {
			enum gen_kind other = (enum gen_kind)unit_below(&r, GEN_KINDS);
			struct gen g;

			gen_world(&g, &r, kind, other, 8 + (unsigned int)unit_below(&r, 57));
			run(&g, 100 + unit_below(&r, 400), options, &t);
		}
	}
	print_tally(&t);
	return t;
}

static void test_mirror_is_the_model(void **state)
{
	(void)state;
	run_small(unit_steps(28), (struct replay_options){ .compare_every = 1, .check_every = 97 });
}

/* Nothing is found, and not for want of looking: each rule was held against something. */
static void test_clean_is_clean(void **state)
{
	struct replay_options options = { .compare_every = 1, .check_every = 97, .judge = true };
	struct tally t = run_small(unit_steps(27), options);
	unsigned int never = 0;

	(void)state;
	for (unsigned int rule = 1; rule < RULE_COUNT; rule++) {
		if (t.judged[rule])
			continue;
		print_message("never judged: R-%02u %s\n", rule, rule_get(rule)->name);
		never++;
	}
	assert_int_equal(never, 0);
}

/* Thousands of areas: too many to be compared after each operation. */
static void test_many_areas(void **state)
{
	static const enum gen_kind large[] = { GEN_T1_V2, GEN_IOMMUFD, GEN_ANY, GEN_TCE };
	struct replay_options options = { .compare_every = 400,
					  .check_every = 1600,
					  .judge = true };
	struct unit_random r = unit_random_new();
	struct tally t = { 0 };

	(void)state;
	for (size_t i = 0; i < unit_steps(UNIT_COUNT(large)); i++) {
		enum gen_kind kind = large[i % UNIT_COUNT(large)];
		struct gen g;

		gen_world(&g, &r, kind, kind, 4096);
		run(&g, 5000, options, &t);
	}
	print_tally(&t);
	assert_true(t.most_areas > 1000);
}

/* ---- the test of the test ---- */

static bool loses_gone(const struct ioas_event *ev)
{
	return ev->kind == IOAS_EV_AREA_GONE;
}

static bool loses_unpin(const struct ioas_event *ev)
{
	return ev->kind == IOAS_EV_ACCESS_UNPIN;
}

/* Random operations until the loss shows; false: it never does. */
static bool fail_somehow(struct gen *g, struct sequence *s)
{
	struct replay r;
	bool well = true;

	s->options.world = g->world;
	replay_begin(&r, &s->options);
	while (well && s->n < 3000) {
		struct model_op op = gen_next(g, r.model);

		*next_op(s) = op;
		well = replay_step(&r, &op);
	}
	replay_free(&r);
	return !well;
}

static void assert_shrinks(enum gen_kind kind, bool (*lose)(const struct ioas_event *ev),
			   size_t want)
{
	struct unit_random r = unit_random_new();
	struct sequence s = { .options = { .compare_every = 1, .lose = lose } };
	struct gen g;

	gen_world(&g, &r, kind, kind, 16);
	do
		s.n = 0;
	while (!fail_somehow(&g, &s) || s.n < 50);
	s.n = shrink(s.ops, s.n, still_fails, &s);
	/* Not always the shortest there is: what is left is the least of its kind. */
	assert_in_range(s.n, want, want + 3);
	assert_true(still_fails(s.ops, s.n, &s));
	/* Each one that is left is needed. */
	for (size_t i = 0; i < s.n; i++) {
		struct model_op gap = s.ops[i];

		s.ops[i].what = MODEL_NOTHING;
		assert_false(still_fails(s.ops, s.n, &s));
		s.ops[i] = gap;
	}
	free(s.ops);
}

/*
 * An open, an IOAS, a map and what ends it (in type1 the map itself may, if it
 * fails late); for a pin also who pins, and the pin.
 */
static void test_shrinks(void **state)
{
	(void)state;
	assert_shrinks(GEN_IOMMUFD, loses_gone, 4);
	assert_shrinks(GEN_T1_V2, loses_gone, 3);
	assert_shrinks(GEN_IOMMUFD, loses_unpin, 6);
	assert_shrinks(GEN_T1_MEDIATED, loses_unpin, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shrinks),
		cmocka_unit_test(test_mirror_is_the_model),
		cmocka_unit_test(test_clean_is_clean),
		cmocka_unit_test(test_many_areas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
