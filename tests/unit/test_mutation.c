// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One mistake in a clean stream of events, and the checker must say that
 * something is wrong: a violation, doubt, or that the record cannot be.
 */
#include "unit.h"

#include "core/check.h"
#include "gen.h"
#include "mutate.h"
#include "replay.h"

#define OPS 60
#define STREAM_MAX 4000 /* operations until it must have come to its end */

struct outcome {
	bool refused; /* by ioas_event_check() */
	bool violation; /* no lint */
	bool doubt;
	bool anomaly;
};

static bool caught(const struct outcome *o)
{
	return o->refused || o->violation || o->doubt || o->anomaly;
}

static bool is_lint(unsigned int rule)
{
	return rule == RULE_UNMAP_SHORT || rule == RULE_QUERY_AFTER_ATTACH ||
	       rule == RULE_DOUBLE_CHARGE;
}

static void give(struct check *c, const struct ioas_event *ev, struct outcome *o)
{
	const struct ioas_event *out;

	if (ioas_event_check(ev, sizeof(*ev), &out))
		o->refused = true;
	else
		check_event(c, out);
}

static struct outcome outcome_of(const struct check *c)
{
	const struct check_stats *s = check_stats(c);
	struct outcome o = { 0 };

	for (unsigned int rule = 1; rule < RULE_COUNT; rule++)
		o.violation = o.violation || (!is_lint(rule) && s->violations[rule]);
	o.doubt = s->uncertain_contexts || s->adopted_contexts;
	o.anomaly = mirror_anomalies(check_mirror(c))->total;
	return o;
}

/* The stream without [drop], with `twice` twice, with two exchanged: SIZE_MAX: not so. */
struct plan {
	size_t drop;
	size_t twice;
	size_t a;
	size_t b;
	size_t change;
	struct ioas_event changed; /* stands for event .change */
	bool renumber; /* order numbers are those of what comes: the mistake leaves no hole */
	bool uncounted; /* nor does a count of what was made */
};

static const struct plan no_plan = { SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX,
				     SIZE_MAX, { 0 },	 false,	   false };

static struct outcome play(const struct model_events *events, const struct plan *p)
{
	struct outcome o = { 0 }, end;
	struct check *c;
	uint64_t orders[64] = { 0 };

	assert_int_equal(check_new(NULL, &c), 0);
	for (size_t i = 0; i < events->count; i++) {
		size_t at = i == p->a ? p->b : i == p->b ? p->a : i;
		struct ioas_event ev = at == p->change ? p->changed : events->at[at];
		uint64_t *order = &orders[ev.ctx % 64];

		for (int again = i == p->twice; i != p->drop && again >= 0; again--) {
			if (p->renumber)
				ev.order = ++*order;
			give(c, &ev, &o);
		}
	}
	check_finish(c, p->uncounted ? UINT64_MAX : events->count, UINT64_MAX);
	end = outcome_of(c);
	end.refused = o.refused;
	check_free(c);
	return end;
}

/* A clean stream at whose end everything is closed. */
static struct model_events stream(struct unit_random *r, enum gen_kind kind)
{
	enum gen_kind beside = (enum gen_kind)unit_below(r, GEN_KINDS);
	struct model_stream s = { .keep = true };
	struct model_events events;
	struct gen g;
	struct model *m;

	gen_world(&g, r, kind, beside, 8 + (unsigned int)unit_below(r, 12));
	m = model_new(&g.world);
	for (size_t i = 0; i < STREAM_MAX; i++) {
		struct model_op op = i < OPS ? gen_next(&g, m) : gen_close(&g, m);

		if (i >= OPS && op.what == MODEL_NOTHING)
			break;
		model_run(m, &op);
		model_stream_one(&s, &m->out);
	}
	events = s.events;
	model_free(m);
	return events;
}

static void assert_clean(const struct model_events *events, enum gen_kind kind)
{
	struct outcome o = play(events, &no_plan);

	if (caught(&o))
		print_error("a clean stream of %s is not clean\n", gen_kind_name(kind));
	assert_false(caught(&o));
}

struct rate {
	uint64_t tried;
	uint64_t caught;
};

static void count(struct rate *rate, const struct outcome *o)
{
	rate->tried++;
	rate->caught += caught(o);
}

static double percent(const struct rate *rate)
{
	return rate->tried ? 100.0 * (double)rate->caught / (double)rate->tried : 100.0;
}

/* ---- lost, doubled, late ---- */

struct whole {
	struct rate dropped;
	struct rate doubled;
	struct rate exchanged;
	struct rate silent; /* changes lost without a hole in any number */
};

static void lose(const struct model_events *events, size_t i, struct whole *w)
{
	struct plan p = no_plan;
	struct outcome o;

	p.drop = i;
	o = play(events, &p);
	count(&w->dropped, &o);
	if (!caught(&o))
		print_error("lost and not seen: %s\n", ioas_kind_name(events->at[i].kind));
	/* Nobody has to miss an op. */
	if (!ioas_event_is_change(&events->at[i]))
		return;
	p.renumber = true;
	p.uncounted = true;
	o = play(events, &p);
	count(&w->silent, &o);
}

static void repeat(const struct model_events *events, size_t i, struct whole *w)
{
	struct plan p = no_plan;
	struct outcome o;

	p.twice = i;
	o = play(events, &p);
	count(&w->doubled, &o);
	if (!caught(&o))
		print_error("doubled and not seen: %s\n", ioas_kind_name(events->at[i].kind));
}

static void exchange(const struct model_events *events, size_t i, struct unit_random *r,
		     struct whole *w)
{
	size_t k = (i + 1 + unit_below(r, unit_below(r, 2) ? 4 : events->count)) % events->count;
	struct plan p = no_plan;
	struct outcome o;

	/* Those of two contexts have no order between them. */
	if (k == i || events->at[i].ctx != events->at[k].ctx)
		return;
	p.a = i;
	p.b = k;
	o = play(events, &p);
	count(&w->exchanged, &o);
	if (!caught(&o))
		print_error("exchanged and not seen: %s and %s\n",
			    ioas_kind_name(events->at[i].kind), ioas_kind_name(events->at[k].kind));
}

static void test_whole_records(void **state)
{
	struct unit_random r = unit_random_new();
	struct whole w = { 0 };

	(void)state;
	for (size_t turn = 0; turn < unit_steps(4); turn++) {
		for (unsigned int kind = 0; kind < GEN_KINDS; kind++) {
			struct model_events events = stream(&r, kind);

			assert_clean(&events, kind);
			for (size_t i = 0; i < events.count; i++) {
				/* All ends, and of the others every third. */
				if (i + 1 < events.count && unit_below(&r, 3))
					continue;
				lose(&events, i, &w);
				repeat(&events, i, &w);
				exchange(&events, i, &r, &w);
			}
			free(events.at);
		}
	}
	print_message("lost %llu of %llu seen, doubled %llu of %llu, exchanged %llu of %llu\n",
		      (unsigned long long)w.dropped.caught, (unsigned long long)w.dropped.tried,
		      (unsigned long long)w.doubled.caught, (unsigned long long)w.doubled.tried,
		      (unsigned long long)w.exchanged.caught,
		      (unsigned long long)w.exchanged.tried);
	print_message("changes never told, without a hole in any number: %.1f %% of %llu seen\n",
		      percent(&w.silent), (unsigned long long)w.silent.tried);
	assert_true(w.dropped.tried > 0 && w.doubled.tried > 0 && w.exchanged.tried > 0);
	assert_int_equal(w.dropped.caught, w.dropped.tried);
	assert_int_equal(w.doubled.caught, w.doubled.tried);
	assert_int_equal(w.exchanged.caught, w.exchanged.tried);
}

/* ---- false fields ---- */

/* By kind and field: names of fields are few, and the same pointer for each kind. */
struct by_field {
	const struct mutate_field *field;
	unsigned int kind;
	struct rate rate;
};

struct fields {
	struct by_field of[IOAS_EV_KIND_MAX * MUTATE_FIELDS];
	size_t count;
	struct rate all;
};

static struct rate *rate_of(struct fields *f, unsigned int kind, const struct mutate_field *field)
{
	size_t i = 0;

	while (i < f->count && (f->of[i].field != field || f->of[i].kind != kind))
		i++;
	if (i == f->count)
		f->of[f->count++] = (struct by_field){ .field = field, .kind = kind };
	return &f->of[i].rate;
}

static void falsify(const struct model_events *events, size_t i, struct unit_random *r,
		    struct fields *f)
{
	const struct mutate_field *fields[MUTATE_FIELDS];
	size_t n = mutate_fields(&events->at[i], fields);

	for (size_t k = 0; k < n; k++) {
		struct plan p = no_plan;
		struct outcome o;

		p.change = i;
		p.changed = events->at[i];
		if (!mutate_change(&p.changed, fields[k], r, events))
			continue;
		o = play(events, &p);
		count(&f->all, &o);
		count(rate_of(f, events->at[i].kind, fields[k]), &o);
	}
}

static void print_fields(const struct fields *f)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct by_field *b = &f->of[i];

		print_message("  %-15s %-18s %6.1f %% of %llu", ioas_kind_name(b->kind),
			      b->field->name, percent(&b->rate), (unsigned long long)b->rate.tried);
		if (b->rate.caught < b->rate.tried)
			print_message("   missed %llu",
				      (unsigned long long)(b->rate.tried - b->rate.caught));
		print_message("\n");
	}
	print_message("false fields: %.2f %% of %llu seen\n", percent(&f->all),
		      (unsigned long long)f->all.tried);
}

static void test_false_fields(void **state)
{
	struct unit_random r = unit_random_new();
	struct fields *f = calloc(1, sizeof(*f));

	(void)state;
	assert_non_null(f);
	for (size_t turn = 0; turn < unit_steps(4); turn++) {
		for (unsigned int kind = 0; kind < GEN_KINDS; kind++) {
			struct model_events events = stream(&r, kind);

			assert_clean(&events, kind);
			for (size_t i = 0; i < events.count; i++) {
				if (events.at[i].kind != IOAS_EV_OP && !unit_below(&r, 3))
					falsify(&events, i, &r, f);
			}
			free(events.at);
		}
	}
	print_fields(f);
	assert_true(f->all.tried > 1000);
	assert_true(f->all.caught * 100 >= f->all.tried * 95);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_records),
		cmocka_unit_test(test_false_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
