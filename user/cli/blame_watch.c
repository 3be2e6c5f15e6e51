// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/blame_watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/blame_memory.h"
#include "cli/blame_stacks.h"
#include "cli/cli.h"
#include "core/fault.h"
#include "live/log.h"
#include "view/blame.h"
#include "view/trace.h"

int watch_begin(struct watch *w, const struct blame_options *opt)
{
	const struct history_options history = { .kept = opt->history };

	*w = (struct watch){ .opt = opt };
	w->history = history_new(&history);
	w->stays = stays_new(NULL);
	if (w->history && w->stays)
		return 0;
	watch_end(w);
	return log_err(-ENOMEM, "starting");
}

void watch_end(struct watch *w)
{
	history_free(w->history);
	stays_free(w->stays);
	w->history = NULL;
	w->stays = NULL;
}

static struct blame_view view_of(const struct watch *w, const struct mirror *m)
{
	return (struct blame_view){
		.mirror = m, .history = w->history, .stays = w->stays, .lost = w->lost
	};
}

/* Type1 tells groups only: a fault that names the device tells which is its. */
static void learn_group(struct watch *w, const struct ioas_event *ev)
{
	const struct ioas_fault_body *f = &ev->body_fault;

	if (!w->opt->device || !(f->known & IOAS_FAULT_HAS_GROUP) ||
	    strcmp(f->name, w->opt->device))
		return;
	w->group = f->group;
	w->has_group = true;
}

void watch_see(struct watch *w, const struct mirror *m, const struct ioas_event *ev,
	       uint64_t old_ns)
{
	if (ev->kind == IOAS_EV_FAULT)
		learn_group(w, ev);
	history_see(w->history, m, ev, old_ns);
	stays_see(w->stays, ev);
}

/* ---- faults ---- */

static bool wanted(const struct watch *w, const struct ioas_event *ev)
{
	const struct blame_options *o = w->opt;

	if (o->count && w->shown >= o->count)
		return false;
	if (o->ioas && ev->ioas != o->ioas)
		return false;
	return !o->device || !strcmp(ev->body_fault.name, o->device);
}

void watch_fault(struct watch *w, const struct mirror *m, const struct ioas_event *ev)
{
	const struct blame_view view = view_of(w, m);
	const struct blame_stacks *stacks;
	struct blame b;

	w->untold += ev->body_fault.untold;
	if (!wanted(w, ev))
		return;
	blame_fault(&view, ev, &b);
	w->shown++;
	w->verdicts[b.verdict]++;
	stacks = w->stacks && b.has_mapping ? blame_stacks_of(w->stacks, &b.mapping) : NULL;
	if (w->opt->json)
		blame_json(stdout, &b, ev, stacks);
	else
		blame_text(stdout, &b, ev, w->start_ns, stacks);
}

void watch_summary(const struct watch *w)
{
	struct json j;

	if (!w->opt->json) {
		fprintf(stderr, "%" PRIu64 " faults, %" PRIu64 " not told", (uint64_t)w->shown,
			(uint64_t)w->untold);
		for (unsigned int v = 0; v < BLAME_VERDICTS; v++) {
			if (w->verdicts[v])
				fprintf(stderr, "; %" PRIu64 " %s", (uint64_t)w->verdicts[v],
					blame_verdict_name(v));
		}
		fputc('\n', stderr);
		return;
	}
	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	json_str(&j, "kind", "blame-summary");
	json_u64(&j, "faults", w->shown);
	json_u64(&j, "faults_untold", w->untold);
	json_object(&j, "verdicts");
	for (unsigned int v = 0; v < BLAME_VERDICTS; v++)
		json_u64(&j, blame_verdict_name(v), w->verdicts[v]);
	json_end_object(&j);
	json_end_object(&j);
	json_line(&j);
}

/* ---- addresses ---- */

static void print(struct watch *w, const struct blame *b)
{
	w->shown++;
	if (w->opt->json)
		blame_json(stdout, b, NULL, NULL);
	else
		blame_text(stdout, b, NULL, w->start_ns, NULL);
}

/* As the device would meet it: where it is, or was before. */
static void ask_device(struct watch *w, const struct blame_view *v, __u64 iova, __u64 time_ns)
{
	struct ioas_event ev = { .len = sizeof(ev), .kind = IOAS_EV_FAULT, .time_ns = time_ns };
	struct ioas_fault_body *f = &ev.body_fault;
	struct blame b;

	f->iova = iova;
	f->access = w->opt->access;
	f->known = IOAS_FAULT_HAS_IOVA;
	snprintf(f->name, sizeof(f->name), "%s", w->opt->device);
	if (w->has_group) {
		f->known |= IOAS_FAULT_HAS_GROUP;
		f->group = w->group;
	}
	fault_place(v->mirror, &ev);
	blame_fault(v, &ev, &b);
	if (b.doubt == BLAME_NO_IOAS)
		log_warn("%s is in no IOAS that is known; try --ioas", w->opt->device);
	else
		print(w, &b);
}

static void ask_ioas(struct watch *w, const struct blame_view *v, __u32 ioas, __u64 iova,
		     __u64 time_ns)
{
	struct blame b;

	blame_address(v, ioas, iova, w->opt->access, time_ns, &b);
	if (b.doubt == BLAME_NO_IOAS)
		log_warn("IOAS %u is not there", ioas);
	else if (w->opt->ioas || b.has_mapping)
		print(w, &b);
}

static void ask(struct watch *w, const struct blame_view *v, __u64 iova, __u64 time_ns)
{
	if (w->opt->device) {
		ask_device(w, v, iova, time_ns);
		return;
	}
	if (w->opt->ioas) {
		ask_ioas(w, v, w->opt->ioas, iova, time_ns);
		return;
	}
	for (uint32_t i = history_ioas_after(w->history, 0); i;
	     i = history_ioas_after(w->history, i))
		ask_ioas(w, v, i, iova, time_ns);
}

static void answer(struct watch *w, const struct mirror *m, const struct blame_asked *a,
		   __u64 time_ns)
{
	const struct blame_view view = view_of(w, m);

	switch (a->by) {
	case BLAME_BY_VA:
		memory_ask(w, m, a->value, time_ns);
		return;
	case BLAME_BY_PFN:
		memory_ask_frame(w, m, a->value, time_ns);
		return;
	default:
		ask(w, &view, a->value, time_ns);
		return;
	}
}

int watch_answer(struct watch *w, const struct mirror *m, __u64 time_ns)
{
	int status = EXIT_FINE;

	for (size_t i = 0; i < w->opt->n; i++) {
		__u64 before = w->shown;

		answer(w, m, &w->opt->asked[i], time_ns);
		if (w->shown != before)
			continue;
		log_warn("nothing is known of 0x%" PRIx64, (uint64_t)w->opt->asked[i].value);
		status = EXIT_RUNTIME;
	}
	return status;
}
