// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes inputs to begin fuzzing with: seeds FOLDER fills FOLDER/recording and
 * FOLDER/event. Run by tests/fuzz/run.sh; what is worth keeping is in corpus/.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/stream.h"
#include "core/codec.h"
#include "core/recording.h"

#define EVENTS 120

/* Even numbers: plausible; odd: anything that is possible alone. */
static struct ioas_event next(struct stream *s, unsigned int number, unsigned int i)
{
	return number % 2 ? stream_any(&s->r, 100000 + 100 * i) : *stream_next(s);
}

static void make_events(const char *folder, unsigned int number)
{
	struct stream s = stream_new(number);
	char path[200];
	FILE *out;

	snprintf(path, sizeof(path), "%s/event/seed-%u", folder, number);
	out = fopen(path, "wb");
	if (!out)
		abort();
	for (unsigned int i = 0; i < EVENTS; i++) {
		struct ioas_event ev = next(&s, number, i);
		uint8_t bytes[CODEC_EVENT_SIZE];

		codec_put_event(bytes, &ev);
		if (fwrite(bytes, sizeof(bytes), 1, out) != 1)
			abort();
	}
	fclose(out);
}

/* Numbers from 4 on are not closed in good order. */
static void make_recording(const char *folder, unsigned int number)
{
	struct recording_options o = { .chunk_bytes = 2000, .keyframe_events = 30, .level = 19 };
	struct recording_info info = { .kernel = "6.1", .nhooks = 1, .hooks = { "hook" } };
	struct recording_totals totals = { .seen = EVENTS };
	struct stream s = stream_new(number);
	struct mirror *m = mirror_new(NULL);
	struct recording_writer *w;
	char path[200];

	snprintf(path, sizeof(path), "%s/recording/seed-%u", folder, number);
	if (!m || recording_create(path, &info, &o, m, &w))
		abort();
	for (unsigned int i = 0; i < EVENTS; i++) {
		struct ioas_event ev = next(&s, number, i);

		mirror_apply(m, &ev);
		if (recording_write(w, &ev))
			abort();
	}
	if (recording_finish(&w, number < 4 ? &totals : NULL))
		abort();
	mirror_free(m);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (unsigned int number = 0; number < 6; number++) {
		make_events(argv[1], number);
		make_recording(argv[1], number);
	}
	return 0;
}
