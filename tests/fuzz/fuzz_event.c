// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzing what takes events: the check of a record, the codec, the mirror with
 * its keyframes, the checker. The input is records, one after the other; those
 * with IOAS_F_ADOPTED at its beginning are a keyframe for the checker.
 */
#include <stdlib.h>
#include <string.h>

#include "core/check.h"
#include "core/codec.h"
#include "core/event.h"
#include "core/mirror.h"
#include "fuzz.h"

/* Each keyframe costs the whole state. */
#define KEYFRAMES_MAX 4

static int apply_to(const struct ioas_event *ev, void *arg)
{
	if (ioas_event_check_fields(ev))
		abort();
	mirror_apply(arg, ev);
	return 0;
}

/* It is whole, and what its keyframe tells makes the same state. */
static void check_state(const struct mirror *m)
{
	struct mirror *back = mirror_new(NULL);
	char why[200];

	if (!back || mirror_check(m) || mirror_keyframe(m, apply_to, back) || mirror_check(back) ||
	    mirror_compare(m, back, why, sizeof(why)))
		abort();
	mirror_free(back);
}

/* What passes the check comes through the codec unchanged, but for what its kind does not use. */
static void check_codec(const struct ioas_event *ev)
{
	uint8_t once[CODEC_EVENT_SIZE], twice[CODEC_EVENT_SIZE];
	struct ioas_event back;

	codec_put_event(once, ev);
	if (codec_get_event(once, sizeof(once), &back) != sizeof(once) ||
	    ioas_event_check_fields(&back))
		abort();
	codec_put_event(twice, &back);
	if (memcmp(once, twice, sizeof(once)) != 0)
		abort();
}

/* All that a violation tells can be read. */
static void read_violation(const struct check_violation *v, void *arg)
{
	uint64_t *sum = arg;

	if (!rule_get(v->rule) || v->severity == RULE_OFF || strlen(v->text) >= CHECK_TEXT ||
	    v->nhistory > CHECK_HISTORY || (v->has_range && v->iova > v->last))
		abort();
	for (size_t i = 0; i < v->nhistory; i++)
		*sum += v->history[i]->time_ns;
	if (v->event)
		*sum += v->event->kind;
	*sum += mirror_stats(v->mirror)->changes;
}

struct target {
	struct mirror *m;
	struct check *check;
	bool begun; /* the keyframe is over */
	unsigned int events;
	unsigned int keyframes;
};

static void take(struct target *t, const struct ioas_event *ev)
{
	check_codec(ev);
	mirror_apply(t->m, ev);
	if (!t->begun && !(ev->flags & IOAS_F_ADOPTED)) {
		t->begun = true;
		check_begin(t->check, ev->time_ns);
	}
	if (t->begun)
		check_event(t->check, ev);
	else
		check_keyframe(t->check, ev);
	if (++t->events % 32 == 0 && t->keyframes++ < KEYFRAMES_MAX)
		check_state(t->m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target t = { .m = mirror_new(NULL) };
	uint64_t sum = 0;
	struct check_options options = { .violation = read_violation, .arg = &sum, .history = 8 };
	struct ioas_event ev;
	int len;

	if (!t.m || check_new(&options, &t.check))
		abort();
	for (; (len = ioas_event_len(data, size)) > 0; data += len, size -= (size_t)len) {
		const struct ioas_event *checked;
		/* Records need not be aligned in the input. */
		struct ioas_event *copy = malloc((size_t)len);

		if (codec_get_event(data, size, &ev) != len)
			abort();
		memcpy(copy, data, (size_t)len);
		if (ioas_event_check(copy, (size_t)len, &checked) == 0)
			take(&t, checked);
		free(copy);
	}
	check_finish(t.check, t.events, UINT64_MAX);
	check_state(check_mirror(t.check));
	check_free(t.check);
	check_state(t.m);
	mirror_free(t.m);
	return 0;
}
