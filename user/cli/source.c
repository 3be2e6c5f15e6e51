// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "core/recording.h"
#include "core/state_mirror.h"
#include "core/state_time.h"
#include "core/state_users.h"
#include "live/log.h"
#include "live/maps.h"
#include "live/snapshot.h"

/* ---- options ---- */

static int parse_live(const char *text, enum source_live *out)
{
	static const char *const names[] = { "auto", "events", "kernel" };

	for (int i = 0; i < 3; i++) {
		if (!strcmp(text, names[i])) {
			*out = i;
			return 0;
		}
	}
	return -EINVAL;
}

int source_option(struct source *s, int c, const char *value)
{
	__u64 ns;

	switch (c) {
	case 'r':
		s->file = value;
		return 0;
	case SOURCE_OPT_AT:
		s->at = value;
		/* The file is not open yet: only whether it is a time at all. */
		return state_time_parse(value, 0, UINT64_MAX, &ns);
	case SOURCE_OPT_FROM:
		s->live_set = true;
		return parse_live(value, &s->live);
	case 'v':
		log_verbose(true);
		return 0;
	default:
		return 1;
	}
}

int source_check(const struct source *s, const char *command)
{
	if (s->at && !s->file)
		return usage_error(command, "--at needs a recording (--read)");
	if (s->file && s->live_set)
		return usage_error(command, "--from and --read exclude each other");
	return 0;
}

/* ---- a recording ---- */

int source_time(const struct source *s, struct recording *r, __u64 *out)
{
	uint64_t first, last, start = recording_info(r)->start_boot_ns;
	int err;

	recording_span(r, &first, &last);
	*out = last ? last : start;
	if (!s->at)
		return 0;
	err = state_time_parse(s->at, start, *out, out);
	if (err)
		log_warn("%s: it begins after the time '%s'", s->file, s->at);
	else if (last && *out > last)
		log_warn("%s: it ends %.6f s after its start: this is the state then", s->file,
			 last > start ? (last - start) / 1e9 : 0.0);
	return err;
}

/* What could not be read does not matter if it is later than what was asked for. */
int source_end(const struct source *s, struct recording *r, int *status)
{
	const struct ioas_event *ev;
	const char *why = "";
	int rc = recording_next(r, &ev);

	if (rc < 0)
		return log_err(rc, "%s", s->file);
	if (rc)
		return 0;
	switch (recording_ended(r, &why)) {
	case RECORDING_WHOLE:
		return 0;
	case RECORDING_CUT:
		log_warn("%s: %s; what was read is shown", s->file, why);
		return 0;
	default:
		log_warn("%s: damaged: %s; what was read is shown, and the state is uncertain",
			 s->file, why);
		*status = EXIT_RUNTIME;
		return 0;
	}
}

static int replay(const struct source *s, struct recording *r, struct state *out, int *status)
{
	struct mirror *m;
	__u64 time_ns;
	int err;

	err = source_time(s, r, &time_ns);
	if (err)
		return err;
	err = recording_mirror(r, s->at ? time_ns : UINT64_MAX, &m);
	if (err == -ENODATA) {
		log_warn("%s: it holds no state: it ends before its first keyframe", s->file);
		return err;
	}
	if (err)
		return log_err(err, "%s", s->file);
	err = source_end(s, r, status);
	if (!err)
		err = state_from_mirror(m, time_ns, out);
	mirror_free(m);
	return err;
}

static int take_recorded(const struct source *s, struct state *out, __u64 *start_ns, int *status)
{
	_cleanup_recording_ struct recording *r = NULL;
	struct state state = {};
	char why[256];
	int err = recording_open(s->file, &r, why, sizeof(why));

	if (err) {
		log_warn("%s: %s", s->file, why);
		return err;
	}
	err = replay(s, r, &state, status);
	if (err)
		return err;
	state.missing = recording_info(r)->missing;
	state_hide_missing(&state);
	if (start_ns)
		*start_ns = recording_info(r)->start_boot_ns;
	*out = state;
	return 0;
}

/* ---- live ---- */

static int take_events(struct state *s, bool must)
{
	_cleanup_maps_ struct maps m = MAPS_NONE;
	int err = maps_find(&m);

	if ((err == -ENOENT || err == -EPERM) && !must)
		return -ENOENT; /* the walk says what is missing */
	if (err == -ENOENT) {
		log_warn("no 'ioascope trace' is running");
		return err;
	}
	if (err == -EPROTO) {
		log_warn("the running trace is of another version of ioascope");
		return err;
	}
	if (err)
		return log_err(err, "looking for a running trace");
	err = maps_state(&m, s);
	return err ? log_err(err, "reading the state of process %u", m.pid) : 0;
}

static bool knows(const struct state *s, __u64 key)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			const struct state_ioas *ioas = &s->ctxs[c].ioases[i];

			if (ioas->key == key && !ioas->adopted)
				return true;
		}
	}
	return false;
}

/* Does a trace know all that the kernel has? It does not know what is older. */
static bool complete(const struct state *events, const struct state *kernel)
{
	for (size_t c = 0; c < kernel->nctxs; c++) {
		for (size_t i = 0; i < kernel->ctxs[c].nioases; i++) {
			if (!knows(events, kernel->ctxs[c].ioases[i].key))
				return false;
		}
	}
	return true;
}

/* The walk goes first: what comes up after it the trace knows. */
static int take_best(struct state *s, bool users)
{
	_cleanup_state_ struct state events = {}, kernel = {};
	int err = snapshot_take(&kernel);
	bool use_events;

	if (err) {
		/* What a trace has seen is better than nothing. */
		return take_events(s, false) ? err : 0;
	}
	err = take_events(&events, false);
	use_events = !err && complete(&events, &kernel);
	if (!err && !use_events)
		log_warn("some containers are older than the running trace: "
			 "reading the kernel's lists");
	if (use_events && users)
		state_take_users(&events, &kernel);
	*s = use_events ? events : kernel;
	memset(use_events ? &events : &kernel, 0, sizeof(events));
	return 0;
}

/* A walk that fails has said why; then it stays unknown who uses what. */
static void add_users(struct state *s)
{
	_cleanup_state_ struct state kernel = {};

	if (state_lacks_users(s) && !snapshot_take(&kernel))
		state_take_users(s, &kernel);
}

static int take_live(const struct source *s, struct state *out)
{
	if (s->live == SOURCE_KERNEL)
		return snapshot_take(out);
	if (s->live == SOURCE_AUTO && !s->numbered)
		return take_best(out, s->users);
	if (!take_events(out, s->live == SOURCE_EVENTS)) {
		if (s->live == SOURCE_AUTO && s->users)
			add_users(out);
		return 0;
	}
	return s->live == SOURCE_EVENTS ? -ENOENT : snapshot_take(out);
}

/* ---- either ---- */

int source_take(const struct source *s, struct state *out, __u64 *start_ns, int *status)
{
	if (s->file)
		return take_recorded(s, out, start_ns, status);
	if (start_ns)
		*start_ns = 0;
	return take_live(s, out);
}

void source_warn_uncertain(const struct state *s)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		if (s->ctxs[c].uncertain_ns)
			log_warn("context %u is uncertain: events were lost; what is listed may "
				 "be wrong",
				 s->ctxs[c].id);
	}
}
