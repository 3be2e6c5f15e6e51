// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "live/maps_pages.h"
#include "live/maps_parts.h"

#define PROG_MAPS_MAX 64
#define READ_TRIES 100

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void maps_close(struct maps *m)
{
	close_fd(&m->ctx);
	close_fd(&m->ioas);
	close_fd(&m->charge);
	close_fd(&m->areas);
	close_fd(&m->stats);
	close_fd(&m->pages);
	close_fd(&m->names);
	close_fd(&m->parts);
}

static int *slot_of(struct maps *m, const char *name)
{
	if (!strcmp(name, IOAS_MAP_CTX))
		return &m->ctx;
	if (!strcmp(name, IOAS_MAP_IOAS))
		return &m->ioas;
	if (!strcmp(name, IOAS_MAP_CHARGE))
		return &m->charge;
	if (!strcmp(name, IOAS_MAP_AREAS))
		return &m->areas;
	if (!strcmp(name, IOAS_MAP_STATS))
		return &m->stats;
	if (!strcmp(name, IOAS_MAP_PAGES))
		return &m->pages;
	if (!strcmp(name, IOAS_MAP_NAMES))
		return &m->names;
	if (!strcmp(name, IOAS_MAP_PARTS))
		return &m->parts;
	return NULL;
}

/* Takes the maps among @ids that @m lacks. */
static void take_maps(struct maps *m, const __u32 *ids, __u32 n)
{
	for (__u32 i = 0; i < n; i++) {
		struct bpf_map_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(ids[i]);
		int *slot;

		if (fd < 0)
			continue;
		slot = bpf_obj_get_info_by_fd(fd, &info, &len) ? NULL : slot_of(m, info.name);
		if (slot && *slot < 0)
			*slot = fd;
		else
			close(fd);
	}
}

/* The number of the stats map among @ids tells instances apart; 0: none. */
static __u32 instance_of(const __u32 *ids, __u32 n)
{
	for (__u32 i = 0; i < n; i++) {
		struct bpf_map_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(ids[i]);
		bool is;

		if (fd < 0)
			continue;
		is = !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, IOAS_MAP_STATS);
		close(fd);
		if (is)
			return ids[i];
	}
	return 0;
}

static bool is_ours(const char *prog)
{
	return !strncmp(prog, IOAS_PROG_PREFIX, strlen(IOAS_PROG_PREFIX)) ||
	       !strncmp(prog, IOAS_PROG_PREFIX_FD, strlen(IOAS_PROG_PREFIX_FD)) ||
	       !strncmp(prog, IOAS_PROG_PREFIX_BD, strlen(IOAS_PROG_PREFIX_BD));
}

/* Map numbers of a program of ours; the count, 0 for any other program. */
static __u32 prog_maps(__u32 prog, __u32 ids[PROG_MAPS_MAX], __u64 *missed)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(prog);
	int err;

	if (fd < 0)
		return 0;
	info.nr_map_ids = PROG_MAPS_MAX;
	info.map_ids = (__u64)(unsigned long)ids;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	if (err || !is_ours(info.name))
		return 0;
	*missed = info.recursion_misses;
	return info.nr_map_ids < PROG_MAPS_MAX ? info.nr_map_ids : PROG_MAPS_MAX;
}

static bool complete(const struct maps *m)
{
	return m->ctx >= 0 && m->ioas >= 0 && m->areas >= 0 && m->stats >= 0;
}

static struct ioas_page *map_pages(int fd, __u32 *npages)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	void *p;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return NULL;
	p = mmap(NULL, (size_t)info.max_entries * IOAS_STATE_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	*npages = info.max_entries;
	return p;
}

static int check_version(struct maps *m)
{
	struct ioas_page *p;
	__u32 npages;
	int err = 0;

	p = map_pages(m->areas, &npages);
	if (!p)
		return -errno;
	if (p->hdr.magic != IOAS_PAGE_MAGIC)
		err = -ENOENT; /* not started yet */
	else if (p->hdr.version != IOAS_STATE_VERSION)
		err = -EPROTO;
	m->pid = p->hdr.pid;
	m->start_ns = p->hdr.recorder;
	m->missing = p->hdr.missing;
	munmap(p, (size_t)npages * IOAS_STATE_PAGE);
	return err;
}

int maps_find(struct maps *out)
{
	struct maps m = MAPS_NONE;
	__u32 ids[PROG_MAPS_MAX], prog = 0, n, mine = 0;
	int err;

	while (!bpf_prog_get_next_id(prog, &prog)) {
		__u64 missed = 0;
		__u32 instance;

		n = prog_maps(prog, ids, &missed);
		instance = n ? instance_of(ids, n) : 0;
		if (!instance || (mine && instance != mine))
			continue;
		mine = instance;
		m.missed += missed;
		take_maps(&m, ids, n);
	}
	if (!mine && errno == EPERM)
		return -EPERM;
	if (!complete(&m)) {
		maps_close(&m);
		return -ENOENT;
	}
	err = check_version(&m);
	if (err) {
		maps_close(&m);
		return err;
	}
	*out = m;
	return 0;
}

static int read_ctxs(const struct maps *m, struct state *s)
{
	__u64 key = 0, next;
	bool first = true;

	while (!bpf_map_get_next_key(m->ctx, first ? NULL : &key, &next)) {
		struct state_ctx v = {}, *out;
		struct ioas_ctx c;
		int err;

		first = false;
		key = next;
		if (bpf_map_lookup_elem(m->ctx, &key, &c))
			continue;
		v.id = c.id;
		v.backend = c.backend;
		v.adopted = c.adopted;
		v.closed = c.closed;
		v.opened_ns = c.adopted ? 0 : c.opened_ns;
		v.uncertain_ns = c.uncertain_ns;
		v.who = c.who;
		err = state_add_ctx(s, &v, &out);
		if (err)
			return err;
	}
	return 0;
}

static void fill_ioas(const struct ioas_ioas *i, struct state_ioas *v)
{
	v->id = i->id;
	v->backend = i->backend;
	v->mode = i->mode;
	v->adopted = i->adopted;
	v->dirty = i->dirty > 1 ? -1 : (__s8)i->dirty;
	v->ngroups = i->ngroups < IOAS_GROUPS_MAX ? i->ngroups : IOAS_GROUPS_MAX;
	memcpy(v->groups, i->groups, sizeof(v->groups));
	v->non_pinned_groups = i->non_pinned_groups;
	v->entries_left = i->backend == IOAS_BACKEND_TYPE1 ? (__s64)i->entries_left : -1;
	v->pinned = i->pinned;
	v->pfnmap = i->pfnmap;
	v->client_pins = -1; /* what an unpin really lets go only the mirror knows */
	v->vaddr_invalid = i->vaddr_invalid;
}

static int read_ioases(const struct maps *m, struct state *s)
{
	__u64 key = 0, next;
	bool first = true;

	while (!bpf_map_get_next_key(m->ioas, first ? NULL : &key, &next)) {
		struct state_ioas v = {}, *out;
		struct state_ctx *c;
		struct ioas_ioas i;
		int err;

		first = false;
		key = next;
		if (bpf_map_lookup_elem(m->ioas, &key, &i))
			continue;
		c = state_find_ctx(s, i.ctx);
		if (!c)
			continue; /* gone while we read */
		fill_ioas(&i, &v);
		v.key = key;
		err = state_add_ioas(c, &v, &out);
		if (err)
			return err;
	}
	return 0;
}

/* Type1: without hardware users, what is charged is what clients have pinned. */
static void pinned_by_clients(struct state *s)
{
	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t n = 0; n < s->ctxs[c].nioases; n++) {
			struct state_ioas *i = &s->ctxs[c].ioases[n];
			bool hardware = i->backend != IOAS_BACKEND_TYPE1;

			for (__u32 g = 0; g < i->ngroups; g++)
				hardware |= !i->groups[g].emulated;
			if (hardware)
				continue;
			i->pinned = state_charged(i);
			for (size_t a = 0; a < i->nareas; a++)
				i->areas[a].pinned = i->pinned ? -1 : 0;
		}
	}
}

static int read_charges(const struct maps *m, struct state *s)
{
	struct ioas_charge_key key = {}, next;
	bool first = true;

	/* Without the hooks of type1 no program has it. */
	while (m->charge >= 0 && !bpf_map_get_next_key(m->charge, first ? NULL : &key, &next)) {
		struct state_ioas *i;
		struct ioas_charge ch;
		int err;

		first = false;
		key = next;
		i = state_find_ioas(s, key.ioas);
		if (!i || bpf_map_lookup_elem(m->charge, &key, &ch) || !ch.pages)
			continue;
		err = state_add_charge(i, &ch);
		if (err)
			return err;
	}
	return 0;
}

/* A whole copy of a slot that is being written to now and then; false: it is free. */
static bool read_slot(const struct ioas_slot *slot, struct ioas_slot *copy)
{
	for (int i = 0; i < READ_TRIES; i++) {
		__u32 before = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);

		memcpy(copy, slot, sizeof(*copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && before == __atomic_load_n(&slot->seq, __ATOMIC_RELAXED))
			return copy->area;
	}
	return false;
}

static int add_slot(struct state *s, const struct ioas_slot *slot)
{
	struct state_ioas *i = state_find_ioas(s, slot->ioas);
	struct state_area a = {
		.iova = slot->iova,
		.last = slot->last,
		.va = slot->va,
		.pinned = slot->pinned,
		.pfnmap = slot->pfnmap,
		.time_ns = slot->time_ns,
		.area = slot->area,
		.prot = slot->prot,
		.tgid = slot->tgid,
		.uid = slot->uid,
		.going = slot->going,
		.pages_id = slot->pages_id,
	};

	if (!i)
		return 0;
	/* The hooks see how many VAs are void, not whose. */
	if (i->vaddr_invalid)
		a.vaddr_invalid = -1;
	memcpy(a.comm, slot->comm, sizeof(a.comm));
	return state_add_area(i, &a);
}

static int read_areas(const struct maps *m, struct state *s)
{
	struct ioas_page *pages;
	struct ioas_slot copy;
	__u32 npages = 0;
	int err = 0;

	pages = map_pages(m->areas, &npages);
	if (!pages)
		return -errno;
	for (__u32 p = 0; p < npages && !err; p++) {
		for (int n = 0; n < IOAS_SLOTS_PER_PAGE && !err; n++) {
			if (pages[p].slot[n].area && read_slot(&pages[p].slot[n], &copy))
				err = add_slot(s, &copy);
		}
	}
	munmap(pages, (size_t)npages * IOAS_STATE_PAGE);
	return err;
}

/* What was missed without a name may concern every context. */
static void doubt(const struct maps *m, struct state *s)
{
	__u64 stats[IOAS_STAT_MAX];

	if (!m->missed && !maps_stats(m, stats) && !stats[IOAS_STAT_NO_CONTEXT])
		return;
	for (size_t c = 0; c < s->nctxs; c++) {
		if (!s->ctxs[c].uncertain_ns)
			s->ctxs[c].uncertain_ns = s->time_ns;
	}
}

int maps_state(const struct maps *m, struct state *out)
{
	struct state s = { .source = STATE_FROM_EVENTS, .missing = m->missing };
	struct timespec ts;
	int err;

	err = read_ctxs(m, &s);
	if (!err)
		err = read_ioases(m, &s);
	if (!err)
		err = read_charges(m, &s);
	if (!err)
		err = read_areas(m, &s);
	if (!err)
		err = maps_read_parts(m, &s);
	if (!err)
		err = maps_read_pages(m, &s);
	if (err) {
		state_clear(&s);
		return err;
	}
	pinned_by_clients(&s);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	s.time_ns = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	state_finish(&s);
	doubt(m, &s);
	state_hide_missing(&s);
	*out = s;
	return 0;
}

int maps_stats(const struct maps *m, __u64 stats[IOAS_STAT_MAX])
{
	int ncpus = libbpf_num_possible_cpus();
	__u64 *v;

	if (ncpus < 0)
		return ncpus;
	v = calloc(ncpus, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (__u32 i = 0; i < IOAS_STAT_MAX; i++) {
		stats[i] = 0;
		if (bpf_map_lookup_elem(m->stats, &i, v))
			continue;
		for (int cpu = 0; cpu < ncpus; cpu++)
			stats[i] += v[cpu];
	}
	free(v);
	return 0;
}
