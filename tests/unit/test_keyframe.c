// SPDX-License-Identifier: GPL-2.0-or-later
/* Keyframes: a mirror told as events is the same mirror again. */
#include "mirror_random.h"

struct rebuild {
	struct mirror *m;
	uint64_t events;
	int rc; /* first answer that was not 0 */
};

static int take(const struct ioas_event *ev, void *arg)
{
	struct rebuild *to = arg;
	const struct ioas_event *out;
	int rc = ioas_event_check(ev, sizeof(*ev), &out);

	if (!rc)
		rc = mirror_apply(to->m, ev);
	if (rc && !to->rc) {
		print_error("event %llu, kind %s: %d\n", (unsigned long long)to->events,
			    ioas_kind_name(ev->kind), rc);
		to->rc = rc;
	}
	to->events++;
	return 0;
}

/* A second mirror from the first one's keyframe, which must be the same. */
static void rebuild(const struct mirror *m, struct unit_random *r, size_t step)
{
	struct rebuild to = { .m = mirror_new(NULL) };
	char why[200] = "";

	assert_non_null(to.m);
	UNIT_REQUIRE(mirror_keyframe(m, take, &to) == 0, r, step);
	UNIT_REQUIRE(to.rc == 0, r, step);
	UNIT_REQUIRE(mirror_anomalies(to.m)->total == 0, r, step);
	UNIT_REQUIRE(mirror_check(to.m) == 0, r, step);
	if (mirror_compare(m, to.m, why, sizeof(why)))
		print_error("%s\n", why);
	UNIT_REQUIRE(mirror_compare(m, to.m, why, sizeof(why)) == 0, r, step);
	mirror_free(to.m);
}

/* All kinds, sense or not, with and without memory: from time to time a keyframe. */
static void test_random(void **state)
{
	struct fixture *f = *state;
	struct unit_random r = unit_random_new();
	size_t steps = unit_steps(60000);
	size_t keyframes = 0;

	for (size_t step = 0; step < steps; step++) {
		struct ioas_event ev = random_event(&r);

		if (unit_below(&r, 8) == 0) {
			f->memory.fail_from = f->memory.calls + unit_below(&r, 10);
			f->memory.fail_count = 1;
		}
		mirror_apply(f->m, &ev);
		f->memory.fail_count = 0;
		if (step % 4 == 0 || step < 2000)
			UNIT_REQUIRE(mirror_check(f->m) == 0, &r, step);
		if (step % 29)
			continue;
		rebuild(f->m, &r, step);
		keyframes++;
	}
	assert_true(keyframes > 100);
	UNIT_REQUIRE(mirror_stats(f->m)->no_memory > 0, &r, steps);
	for (unsigned int i = 0; i < MIRROR_ANOMALY_KINDS; i++)
		UNIT_REQUIRE(mirror_anomalies(f->m)->count[i] > 0, &r, i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
