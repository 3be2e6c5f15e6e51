// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why an address could not be reached, against a model that forgets nothing and looks at all
 * of it: lists of what was mapped when, where devices were when, and the words of
 * core/blame.h about them.
 */
#include "blame_unit.h"
#include "stream.h"

#define IOASES 5 /* slots: 11, 12, 13 of one program, 21 and 22 of another */
#define DEVICES 3
#define PAST 4000
#define PLACES 24 /* addresses */

static const uint32_t ids[IOASES] = { 11, 12, 13, 21, 22 };

struct model_map {
	int ioas;
	uint64_t iova;
	uint32_t prot;
	uint64_t from, to; /* to 0: it is there */
	uint64_t rank; /* by the end */
};

struct model_stay {
	int device, ioas;
	uint64_t from, to;
	uint64_t rank;
};

struct model {
	struct model_map maps[PAST];
	size_t nmaps;
	struct model_stay stays[PAST];
	size_t nstays;
	bool reserved[IOASES][PLACES];
	bool lost[2]; /* contexts */
	uint64_t rank;
	size_t kept;
};

static uint64_t address(size_t place)
{
	return (place + 1) * 0x100000;
}

static int ctx_of(int ioas)
{
	return ids[ioas] / 10 - 1;
}

static struct model_map *there(struct model *m, int ioas, uint64_t iova)
{
	for (size_t i = 0; i < m->nmaps; i++) {
		if (!m->maps[i].to && m->maps[i].ioas == ioas && m->maps[i].iova == iova)
			return &m->maps[i];
	}
	return NULL;
}

static struct model_stay *is_in(struct model *m, int device)
{
	for (size_t i = 0; i < m->nstays; i++) {
		if (!m->stays[i].to && m->stays[i].device == device)
			return &m->stays[i];
	}
	return NULL;
}

/* ---- what is remembered ---- */

/* Of what went of an IOAS only the last are kept. */
static bool kept(const struct model *m, const struct model_map *map)
{
	size_t younger = 0;

	for (size_t i = 0; i < m->nmaps; i++)
		younger += m->maps[i].ioas == map->ioas && m->maps[i].to &&
			   m->maps[i].rank > map->rank;
	return younger < m->kept;
}

/* When the last one of an IOAS went that is not kept; 0: all are. */
static uint64_t forgotten_until(const struct model *m, int ioas)
{
	uint64_t until = 0;

	for (size_t i = 0; i < m->nmaps; i++) {
		const struct model_map *map = &m->maps[i];

		if (map->ioas == ioas && map->to && !kept(m, map) && map->to > until)
			until = map->to;
	}
	return until;
}

static const struct model_map *last_gone(const struct model *m, int ioas, uint64_t iova)
{
	const struct model_map *found = NULL;

	for (size_t i = 0; i < m->nmaps; i++) {
		const struct model_map *map = &m->maps[i];

		if (map->ioas == ioas && map->iova == iova && map->to && kept(m, map) &&
		    (!found || map->rank > found->rank))
			found = map;
	}
	return found;
}

/* Whether it is known that it was mapped there when the device left. */
static bool had(const struct model *m, const struct model_stay *s, uint64_t iova)
{
	for (size_t i = 0; i < m->nmaps; i++) {
		const struct model_map *map = &m->maps[i];

		if (map->ioas == s->ioas && map->iova == iova && map->from <= s->to &&
		    (!map->to || (map->to > s->to && kept(m, map))))
			return true;
	}
	return false;
}

static const struct model_stay *left(const struct model *m, int device, int now_in, uint64_t iova)
{
	const struct model_stay *found = NULL;

	for (size_t i = 0; i < m->nstays; i++) {
		const struct model_stay *s = &m->stays[i];

		if (s->device == device && s->to && s->ioas != now_in && had(m, s, iova) &&
		    (!found || s->rank > found->rank))
			found = s;
	}
	return found;
}

/* ---- the verdict ---- */

struct answer {
	enum blame_verdict verdict;
	enum blame_doubt doubt;
};

static bool was_elsewhere(const struct model *m, const struct model_stay *in)
{
	for (size_t i = 0; i < m->nstays; i++) {
		if (m->stays[i].device == in->device && m->stays[i].to &&
		    m->stays[i].ioas != in->ioas)
			return true;
	}
	return false;
}

static struct answer nowhere(const struct model *m, int device)
{
	bool was = false;

	for (size_t i = 0; i < m->nstays; i++)
		was |= m->stays[i].device == device;
	if (!was)
		return (struct answer){ BLAME_UNKNOWN, BLAME_NO_IOAS };
	return (struct answer){ BLAME_DOMAIN_SWITCHED,
				m->lost[0] || m->lost[1] ? BLAME_LOSS : BLAME_SURE };
}

static bool program_has(struct model *m, int but, uint64_t iova)
{
	for (int i = 0; i < IOASES; i++) {
		if (i != but && ctx_of(i) == ctx_of(but) && !m->lost[ctx_of(i)] &&
		    there(m, i, iova))
			return true;
	}
	return false;
}

static struct answer without_loss(struct model *m, const struct model_stay *in, size_t place,
				  uint32_t need, uint64_t now)
{
	uint64_t iova = address(place);
	const struct model_map *map = there(m, in->ioas, iova),
			       *gone = last_gone(m, in->ioas, iova);
	const struct model_stay *before = left(m, in->device, in->ioas, iova);
	enum blame_doubt came =
		in->from + BLAME_LATE_NS > now && was_elsewhere(m, in) ? BLAME_RACE : BLAME_SURE;

	if (map) {
		enum blame_doubt d = map->from + BLAME_LATE_NS > now ? BLAME_RACE : came;

		return (struct answer){ (map->prot & need) != need ? BLAME_WRONG_PROTECTION
								   : BLAME_STILL_MAPPED,
					d };
	}
	if (gone && (!before || gone->to >= before->to))
		return (struct answer){ BLAME_USE_AFTER_UNMAP, came };
	if (before)
		return (struct answer){ BLAME_DOMAIN_SWITCHED,
					forgotten_until(m, in->ioas) > before->to ? BLAME_FORGOTTEN
					: m->lost[ctx_of(before->ioas)]		  ? BLAME_LOSS
										  : BLAME_SURE };
	if (m->reserved[in->ioas][place])
		return (struct answer){ BLAME_RESERVED, came };
	if (forgotten_until(m, in->ioas))
		came = BLAME_FORGOTTEN;
	return (struct answer){ program_has(m, in->ioas, iova) ? BLAME_OTHER_IOAS
							       : BLAME_NEVER_MAPPED,
				came };
}

static struct answer expect(struct model *m, int device, size_t place, uint32_t need, uint64_t now)
{
	const struct model_stay *in = is_in(m, device);
	struct answer a;

	if (!in)
		return nowhere(m, device);
	a = without_loss(m, in, place, need, now);
	if (m->lost[ctx_of(in->ioas)])
		a.doubt = BLAME_LOSS;
	return a;
}

/* ---- steps ---- */

static void do_map(struct world *w, struct model *m, struct unit_random *r)
{
	int ioas = (int)unit_below(r, IOASES);
	size_t place = unit_below(r, PLACES);
	struct model_map *old = there(m, ioas, address(place));
	uint32_t prot = 1 + (uint32_t)unit_below(r, 3);

	if (old) {
		unmap(w, ids[ioas], old->iova, old->prot);
		old->to = w->now;
		old->rank = ++m->rank;
	} else if (!m->reserved[ioas][place] && m->nmaps < PAST) {
		m->maps[m->nmaps++] = (struct model_map){
			.ioas = ioas, .iova = address(place), .prot = prot, .from = w->now
		};
		map(w, ids[ioas], address(place), prot);
	}
}

static void do_move(struct world *w, struct model *m, struct unit_random *r)
{
	int device = (int)unit_below(r, DEVICES), ioas = (int)unit_below(r, IOASES);
	struct model_stay *in = is_in(m, device);

	if (m->nstays == PAST)
		return;
	if (in) {
		detach(w, ids[in->ioas], (uint32_t)device);
		in->to = w->now;
		in->rank = ++m->rank;
		if (unit_below(r, 2))
			return;
		w->now += 100;
	}
	attach(w, ids[ioas], (uint32_t)device);
	m->stays[m->nstays++] =
		(struct model_stay){ .device = device, .ioas = ioas, .from = w->now };
}

static void do_reserve(struct world *w, struct model *m, struct unit_random *r)
{
	int ioas = (int)unit_below(r, IOASES);
	size_t place = unit_below(r, PLACES);

	if (m->reserved[ioas][place] || there(m, ioas, address(place)))
		return;
	m->reserved[ioas][place] = true;
	reserve(w, ids[ioas], address(place), address(place) + SIZE - 1);
}

static void do_step(struct world *w, struct model *m, struct unit_random *r, bool losses)
{
	uint64_t dice = unit_below(r, 1000);

	w->now += 1000 + (unit_below(r, 3) ? 0 : unit_below(r, 30) * MS);
	if (dice < 700) {
		do_map(w, m, r);
	} else if (dice < 940) {
		do_move(w, m, r);
	} else if (dice < 990 || !losses) {
		do_reserve(w, m, r);
	} else {
		int ctx = (int)unit_below(r, 2);

		m->lost[ctx] = true;
		mirror_mark_uncertain(w->m, (uint32_t)ctx + 1, w->now);
	}
}

static void ask(struct world *w, struct model *m, struct unit_random *r, size_t step,
		uint64_t *verdicts, uint64_t *doubts)
{
	int device = (int)unit_below(r, DEVICES);
	size_t place = unit_below(r, PLACES);
	bool write = unit_below(r, 2);
	struct answer a =
		expect(m, device, place, write ? IOAS_PROT_WRITE : IOAS_PROT_READ, w->now);
	struct blame b = blame(w, (uint32_t)device, address(place) + unit_below(r, SIZE),
			       write ? IOAS_FAULT_WRITE : IOAS_FAULT_READ);
	enum blame_verdict said = b.doubt == BLAME_SURE ? b.verdict : b.suspected;

	if (said != a.verdict || b.doubt != a.doubt)
		print_error("%s (%s), not %s (%s)\n", blame_verdict_name(said),
			    blame_doubt_name(b.doubt), blame_verdict_name(a.verdict),
			    blame_doubt_name(a.doubt));
	UNIT_REQUIRE(said == a.verdict, r, step);
	UNIT_REQUIRE(b.doubt == a.doubt, r, step);
	verdicts[b.verdict]++;
	doubts[b.doubt]++;
}

static void begin(struct world *w)
{
	for (int i = 0; i < IOASES; i++) {
		if (!i || ctx_of(i) != ctx_of(i - 1))
			tell_plain(w, IOAS_EV_CTX_NEW, ids[i]);
		tell_plain(w, IOAS_EV_IOAS_NEW, ids[i]);
	}
	later(w, 100);
}

static void test_random(void **state)
{
	struct unit_random r = unit_random_new();
	uint64_t verdicts[BLAME_VERDICTS] = {}, doubts[BLAME_DOUBTS] = {};
	static struct model m;
	(void)state;

	for (size_t round = 0; round < unit_steps(12); round++) {
		static const size_t keep[] = { 3, 40, 100000 };
		struct world w;

		memset(&m, 0, sizeof(m));
		m.kept = keep[round % 3];
		w = world_new(m.kept);
		begin(&w);
		for (size_t step = 0; step < 600; step++) {
			do_step(&w, &m, &r, round % 4 == 3);
			ask(&w, &m, &r, step, verdicts, doubts);
		}
		world_free(&w);
	}
	/* It has come by each of them; a mere question is another test's. */
	for (unsigned int v = 0; v < BLAME_MAPPED; v++)
		assert_true(verdicts[v]);
	assert_true(doubts[BLAME_LOSS] && doubts[BLAME_FORGOTTEN] && doubts[BLAME_RACE] &&
		    doubts[BLAME_NO_IOAS]);
}

/* ---- what cannot be ---- */

/* A certain verdict is one about a context that is certain, whatever came. */
static void must_hold(const struct world *w, const struct ioas_event *fault)
{
	const struct blame_view view = { .mirror = w->m, .history = w->h, .stays = w->s };
	struct blame b;

	memset(&b, 0xff, sizeof(b));
	blame_fault(&view, fault, &b);
	assert_int_equal(b.doubt == BLAME_SURE, b.verdict != BLAME_UNKNOWN);
	if (b.ioas && mirror_find_ioas(w->m, b.ioas) &&
	    mirror_find_ioas(w->m, b.ioas)->ctx->uncertain_since)
		assert_int_equal(b.verdict, BLAME_UNKNOWN);
	assert_true(!b.has_before || b.before.last < b.iova);
	assert_true(!b.has_after || b.after.iova > b.iova);
}

static void test_any(void **state)
{
	struct unit_random r = unit_random_new();
	(void)state;

	for (size_t round = 0; round < unit_steps(10); round++) {
		struct world w = world_new(1 + unit_below(&r, 50));

		for (size_t step = 0; step < 3000; step++) {
			struct ioas_event ev = stream_any(&r, w.now);

			w.now += unit_below(&r, 20) * MS;
			tell(&w, &ev);
			if (ev.kind == IOAS_EV_FAULT) {
				fault_place(w.m, &ev);
				must_hold(&w, &ev);
			}
			if (step % 200 == 0)
				UNIT_REQUIRE(!history_check(w.h), &r, step);
		}
		world_free(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random),
					    cmocka_unit_test(test_any) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
