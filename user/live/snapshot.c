// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/snapshot.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ioascope/walk.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "live/log.h"
#include "live/probe.h"
#include "snapshot.skel.h"

#define WALK_TRIES 5
#define CHUNKS_MAX 100000 /* no IOAS has more areas than this times WALK_CHUNK */

/* The container files found; one container may be held by several tasks. */
struct found {
	struct walk_file *files;
	size_t n;
};

static void free_found(struct found *f)
{
	free(f->files);
}

static bool known(const struct found *f, __u64 container)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->files[i].container == container)
			return true;
	}
	return false;
}

static int add_file(struct found *f, const struct walk_file *file)
{
	struct walk_file *p;

	if (known(f, file->container))
		return 0;
	p = realloc(f->files, (f->n + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	f->files = p;
	f->files[f->n++] = *file;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void close_link(struct bpf_link **l)
{
	bpf_link__destroy(*l);
}

/* Reads whole records; the kernel hands out multiples of what the program wrote. */
static int read_files(int fd, struct found *f)
{
	struct walk_file buf[64];
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, (char *)buf + have, sizeof(buf) - have)) > 0) {
		size_t whole, i;

		have += n;
		whole = have / sizeof(buf[0]);
		for (i = 0; i < whole; i++) {
			int err = add_file(f, &buf[i]);

			if (err)
				return err;
		}
		have -= whole * sizeof(buf[0]);
		memmove(buf, &buf[whole], have);
	}
	return n < 0 ? -errno : 0;
}

static int find_files(struct snapshot_bpf *skel, struct found *f)
{
	struct bpf_link *link __attribute__((cleanup(close_link))) = NULL;
	int fd __attribute__((cleanup(close_fd))) = -1;

	link = bpf_program__attach_iter(skel->progs.walk_files, NULL);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		return fd;
	return read_files(fd, f);
}

/*
 * Pages of RAM behind a mapping. With hardware users all of it is pinned, and
 * all RAM is charged once, whether a client or the map pinned it first
 * (vfio_pin_pages_remote skips what is in pfn_list); what was not charged is
 * no RAM.
 */
static void count_pages(const struct walk_dma *d, struct state_area *a)
{
	__s64 pages = d->size >> 12;

	if (!d->iommu_mapped) {
		a->pinned = d->pfns;
		a->pfnmap = 0;
		return;
	}
	a->pinned = (__s64)d->locked < pages ? (__s64)d->locked : pages;
	a->pfnmap = pages - a->pinned;
}

static int add_dma(struct state_ioas *i, const struct walk_dma *d)
{
	struct state_area a = {
		.iova = d->iova,
		.last = d->iova + d->size - 1,
		.va = d->va,
		.prot = d->prot,
		.tgid = d->tgid,
		.uid = d->uid,
		.vaddr_invalid = d->vaddr_invalid,
	};

	if (!d->size)
		return 0; /* linked, and still growing */
	count_pages(d, &a);
	i->pinned += a.pinned;
	i->pfnmap += a.pfnmap;
	i->client_pins += d->refs;
	i->truncated |= d->pfns_more;
	memcpy(a.comm, d->comm, sizeof(a.comm));
	return state_add_area(i, &a);
}

/* What is charged for the mappings, by the process it is charged to. */
static int add_charge(struct state_ioas *i, const struct walk_dma *d)
{
	struct ioas_charge ch = { .tgid = d->tgid, .uid = d->uid, .pages = d->locked };

	for (size_t n = 0; n < i->ncharges; n++) {
		if (i->charges[n].tgid == d->tgid) {
			i->charges[n].pages += d->locked;
			return 0;
		}
	}
	memcpy(ch.comm, d->comm, sizeof(ch.comm));
	return d->locked ? state_add_charge(i, &ch) : 0;
}

static int walk_chunk(struct snapshot_bpf *skel, struct walk_args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(*args));
	int err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.walk_ioas), &opts);

	return err;
}

static int add_chunk(struct snapshot_bpf *skel, struct state_ioas *i, __u32 count)
{
	int fd = bpf_map__fd(skel->maps.walk_out);

	for (__u32 n = 0; n < count; n++) {
		struct walk_dma d;
		int err = bpf_map_lookup_elem(fd, &n, &d);

		if (!err)
			err = add_dma(i, &d);
		if (!err)
			err = add_charge(i, &d);
		if (err)
			return err;
	}
	return 0;
}

static void forget_areas(struct state_ioas *i)
{
	i->nareas = 0;
	i->ncharges = 0;
	i->pinned = 0;
	i->pfnmap = 0;
	i->client_pins = 0;
	i->truncated = false;
}

/* All chunks of one IOAS. 1: something changed meanwhile; 0: nothing seems to have. */
static int walk_once(struct snapshot_bpf *skel, struct state_ioas *i, struct walk_args *args)
{
	__u64 left = 0, found = 0;
	int err;

	args->from = 0;
	for (int n = 0; n < CHUNKS_MAX; n++) {
		err = walk_chunk(skel, args);
		if (!err)
			err = add_chunk(skel, i, args->count);
		if (err)
			return err;
		if (!n)
			left = args->entries_left;
		found += args->count;
		if (args->stale || !args->more || !args->count)
			break;
	}
	return args->stale || args->entries_left != left || found != i->nareas;
}

/* A walk that raced a change is done again; one that races every time says so. */
static int walk_one(struct snapshot_bpf *skel, struct state_ioas *i, const struct walk_file *f)
{
	struct walk_args args = { .container = f->container, .iommu = f->iommu };
	int raced = 1;

	for (int n = 0; n < WALK_TRIES && raced > 0; n++) {
		forget_areas(i);
		raced = walk_once(skel, i, &args);
		if (args.stale)
			break;
	}
	if (raced < 0)
		return raced;
	if (args.stale)
		forget_areas(i); /* it went while we looked: there is nothing to show */
	i->truncated |= raced || args.ngroups == IOAS_GROUPS_MAX;
	i->key = f->iommu;
	i->mode = args.mode;
	i->dirty = args.dirty;
	i->ngroups = args.ngroups;
	memcpy(i->groups, args.groups, sizeof(i->groups));
	i->vaddr_invalid = args.vaddr_invalid;
	i->entries_left = args.entries_left;
	i->non_pinned_groups = args.non_pinned_groups;
	return 0;
}

static int walk_file(struct snapshot_bpf *skel, struct state *s, const struct walk_file *f)
{
	struct state_ctx v = { .backend = IOAS_BACKEND_TYPE1 }, *c;
	struct state_ioas iv = { .backend = IOAS_BACKEND_TYPE1 }, *i;
	int err;

	v.id = s->nctxs + 1;
	v.who = f->who;
	err = state_add_ctx(s, &v, &c);
	if (err || !f->iommu)
		return err;
	iv.id = v.id;
	err = state_add_ioas(c, &iv, &i);
	return err ? err : walk_one(skel, i, f);
}

static int walk_all(struct snapshot_bpf *skel, struct state *s)
{
	struct found found __attribute__((cleanup(free_found))) = {};
	int err = find_files(skel, &found);

	if (err)
		return log_err(err, "looking for container files");
	for (size_t n = 0; n < found.n; n++) {
		err = walk_file(skel, s, &found.files[n]);
		if (err)
			return log_err(err, "walking a container");
	}
	return 0;
}

int snapshot_take(struct state *out)
{
	struct state s = { .source = STATE_FROM_KERNEL };
	struct snapshot_bpf *skel;
	struct timespec ts;
	int err;

	if (geteuid())
		return log_err(-EPERM, "reading the kernel's lists needs root");
	if (access("/sys/kernel/btf/vmlinux", F_OK)) {
		log_warn("this kernel has no BTF type information (/sys/kernel/btf/vmlinux)");
		return -EOPNOTSUPP;
	}
	clock_gettime(CLOCK_BOOTTIME, &ts);
	s.time_ns = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	if (probe_module_loaded("vfio") && probe_module_loaded("vfio_iommu_type1")) {
		skel = snapshot_bpf__open_and_load();
		if (!skel)
			return log_err(-errno, "this kernel refused the walk (see --verbose)");
		err = walk_all(skel, &s);
		snapshot_bpf__destroy(skel);
		if (err) {
			state_clear(&s);
			return err;
		}
	}
	state_finish(&s);
	*out = s;
	return 0;
}
