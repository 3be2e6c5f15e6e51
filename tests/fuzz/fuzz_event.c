// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzing what takes events: the check of a record, the codec, the mirror with
 * its keyframes. The input is records, one after the other.
 */
#include <stdlib.h>
#include <string.h>

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

/* What a keyframe tells makes the same state. */
static void check_keyframe(const struct mirror *m)
{
	struct mirror *back = mirror_new(NULL);
	char why[200];

	if (!back || mirror_keyframe(m, apply_to, back) || mirror_check(back) ||
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mirror *m = mirror_new(NULL);
	unsigned int n = 0, keyframes = 0;
	struct ioas_event ev;
	int len;

	if (!m)
		abort();
	for (; (len = ioas_event_len(data, size)) > 0; data += len, size -= (size_t)len) {
		const struct ioas_event *checked;
		/* Records need not be aligned in the input. */
		struct ioas_event *copy = malloc((size_t)len);

		if (codec_get_event(data, size, &ev) != len)
			abort();
		memcpy(copy, data, (size_t)len);
		if (ioas_event_check(copy, (size_t)len, &checked) == 0) {
			check_codec(checked);
			mirror_apply(m, checked);
			if (++n % 32 == 0 && keyframes++ < KEYFRAMES_MAX)
				check_keyframe(m);
		}
		free(copy);
	}
	if (mirror_check(m))
		abort();
	check_keyframe(m);
	mirror_free(m);
	return 0;
}
