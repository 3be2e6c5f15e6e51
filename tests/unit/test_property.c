// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random operations on the model and their events into the mirror: after each
 * operation both must hold the same, whatever the backend and its mode.
 */
#include "unit.h"

#include "gen.h"
#include "replay.h"
#include "shrink.h"

#define OPS_MAX 1200

struct tally {
	uint64_t ops;
	uint64_t events;
	uint64_t told; /* op events */
	uint64_t mixed;
	uint64_t sequences;
	size_t most_areas;
};

struct sequence {
	struct replay_options options;
	struct model_op ops[OPS_MAX];
	size_t n;
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
}

/* One sequence of `n` operations; every second one ends with everything closed. */
static void run(struct gen *g, size_t n, size_t compare_every, struct tally *t)
{
	uint64_t state = g->r->state;
	bool closing = unit_below(g->r, 2);
	struct sequence *s = calloc(1, sizeof(*s));
	size_t areas = 0;
	struct replay r;
	bool well = true;

	assert_non_null(s);
	s->options = (struct replay_options){ .world = g->world,
					      .compare_every = compare_every,
					      .check_every = 97 };
	replay_begin(&r, &s->options);
	while (well && s->n < OPS_MAX) {
		struct model_op *op = &s->ops[s->n];

		*op = s->n < n ? gen_next(g, r.model) : gen_close(g, r.model);
		if (s->n >= n && (!closing || op->what == MODEL_NOTHING))
			break;
		s->n++;
		well = replay_step(&r, op);
		if (r.model->ctx[0].ioas[0].nareas > areas)
			areas = r.model->ctx[0].ioas[0].nareas;
	}
	well = well && replay_end(&r);
	note(t, &r, areas);
	replay_free(&r);
	if (!well)
		report(s, g, state);
	free(s);
}

/* What is in the first context, and what lives beside it. */
static void test_mirror_is_the_model(void **state)
{
	struct unit_random r = unit_random_new();
	struct tally t = { 0 };

	(void)state;
	for (size_t i = 0; i < unit_steps(55); i++) {
		for (unsigned int kind = 0; kind < GEN_KINDS; kind++) {
			enum gen_kind other = (enum gen_kind)unit_below(&r, GEN_KINDS);
			struct gen g;

			gen_world(&g, &r, kind, other, 8 + (unsigned int)unit_below(&r, 40));
			run(&g, 100 + unit_below(&r, 400), 1, &t);
		}
	}
	print_message("%llu operations in %llu sequences, %llu events (%llu ops), %llu pairs at "
		      "the same time, up to %zu areas\n",
		      (unsigned long long)t.ops, (unsigned long long)t.sequences,
		      (unsigned long long)t.events, (unsigned long long)t.told,
		      (unsigned long long)t.mixed, t.most_areas);
	assert_true(t.ops > 0 && t.mixed > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mirror_is_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
