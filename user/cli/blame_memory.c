// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/blame_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "live/log.h"
#include "live/pagemap.h"
#include "view/blame.h"
#include "view/trace.h"

static bool shows(const struct watch *w, const struct history_mapping *m, __u64 va)
{
	return m->va <= va && va - m->va <= m->last - m->iova &&
	       (!w->opt->pid || m->owner_tgid == w->opt->pid);
}

/* @frame: the page frame there, which was asked for; 0: the address was. */
static void print_mapping(struct watch *w, __u32 ioas, const struct history_mapping *m, __u64 va,
			  __u64 frame, __u64 time_ns)
{
	struct json j;

	w->shown++;
	if (!w->opt->json) {
		if (frame)
			printf("FRAME 0x%" PRIx64 ", ", (uint64_t)frame);
		printf("MEMORY va 0x%" PRIx64 " of process %u: IOAS %u iova 0x%" PRIx64 " %s\n",
		       (uint64_t)va, m->owner_tgid, ioas, (uint64_t)(m->iova + (va - m->va)),
		       m->gone_ns ? "not any more" : "now");
		blame_text_mapping(stdout, "  ", m, time_ns, w->start_ns, NULL);
		return;
	}
	json_init(&j, stdout, false);
	json_object(&j, NULL);
	json_u64(&j, "schema", TRACE_SCHEMA);
	json_str(&j, "kind", "blame-memory");
	if (frame)
		json_u64(&j, "pfn", frame);
	json_u64(&j, "va", va);
	json_u64(&j, "ioas", ioas);
	json_u64(&j, "iova", m->iova + (va - m->va));
	blame_json_mapping(&j, "mapping", m, NULL);
	json_end_object(&j);
	json_line(&j);
}

static void ask_ioas(struct watch *w, const struct mirror *m, __u32 id, __u64 va, __u64 time_ns)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(m, id);
	const void *at = NULL;
	struct history_mapping map;

	for (const struct mirror_area *a = ioas ? mirror_area_first(ioas) : NULL; a;
	     a = mirror_area_next(a)) {
		history_live(w->history, m, ioas, a, &map);
		if (shows(w, &map, va))
			print_mapping(w, id, &map, va, 0, time_ns);
	}
	while (history_next(w->history, id, &at, &map)) {
		if (shows(w, &map, va))
			print_mapping(w, id, &map, va, 0, time_ns);
	}
}

void memory_ask(struct watch *w, const struct mirror *m, __u64 va, __u64 time_ns)
{
	for (uint32_t i = history_ioas_after(w->history, 0); i;
	     i = history_ioas_after(w->history, i)) {
		if (!w->opt->ioas || w->opt->ioas == i)
			ask_ioas(w, m, i, va, time_ns);
	}
}

/* ---- page frames ---- */

struct frame {
	struct watch *watch;
	const struct history_mapping *mapping;
	__u32 ioas;
	__u64 pfn;
	__u64 time_ns;
};

static int on_frame(uint64_t va, void *arg)
{
	struct frame *f = arg;

	if (va >= f->mapping->va)
		print_mapping(f->watch, f->ioas, f->mapping, va, f->pfn, f->time_ns);
	return 0;
}

/* Of an area whose process is there. False: frames are not shown to us. */
static bool look_at_area(struct frame *f, const struct history_mapping *m)
{
	f->mapping = m;
	return !m->owner_tgid || pagemap_find(m->owner_tgid, m->va, m->va + (m->last - m->iova),
					      f->pfn, on_frame, f) != -EPERM;
}

static bool look_in(struct frame *f, const struct mirror *m, __u32 id)
{
	const struct mirror_ioas *ioas = mirror_find_ioas(m, id);
	struct history_mapping map;

	f->ioas = id;
	for (const struct mirror_area *a = ioas ? mirror_area_first(ioas) : NULL; a;
	     a = mirror_area_next(a)) {
		history_live(f->watch->history, m, ioas, a, &map);
		if (!look_at_area(f, &map))
			return false;
	}
	return true;
}

void memory_ask_frame(struct watch *w, const struct mirror *m, __u64 pfn, __u64 time_ns)
{
	struct frame f = { .watch = w, .pfn = pfn, .time_ns = time_ns };
	bool shown = true;

	for (uint32_t i = history_ioas_after(w->history, 0); i;
	     i = history_ioas_after(w->history, i)) {
		if (!w->opt->ioas || w->opt->ioas == i)
			shown &= look_in(&f, m, i);
	}
	if (!shown)
		log_warn("page frames are shown to root only");
}
