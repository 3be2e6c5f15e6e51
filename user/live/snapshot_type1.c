// SPDX-License-Identifier: GPL-2.0-or-later
/* The containers of VFIO type1, by walk_type1.bpf.c. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "live/log.h"
#include "live/probe.h"
#include "live/snapshot_impl.h"
#include "walk_type1.skel.h"

#define CHUNKS_MAX 100000 /* no IOAS has more areas than this times WALK_CHUNK */

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

static int walk_chunk(struct walk_type1_bpf *skel, struct walk_args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(*args));
	int err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.walk_ioas), &opts);

	return err;
}

static int add_chunk(struct walk_type1_bpf *skel, struct state_ioas *i, __u32 count)
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
static int walk_once(struct walk_type1_bpf *skel, struct state_ioas *i, struct walk_args *args)
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
static int walk_one(struct walk_type1_bpf *skel, struct state_ioas *i, const struct walk_file *f)
{
	struct walk_args args = { .container = f->context, .iommu = f->iommu };
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
	i->raced = raced;
	i->truncated |= args.ngroups == IOAS_GROUPS_MAX;
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

static int walk_file(struct walk_type1_bpf *skel, struct state *s, const struct walk_file *f)
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

static int walk_all(struct walk_type1_bpf *skel, struct state *s)
{
	_cleanup_walk_files_ struct walk_files found = {};
	int err = walk_files_find(skel->progs.walk_files, &found);

	if (err)
		return log_err(err, "looking for container files");
	for (size_t n = 0; n < found.n; n++) {
		err = walk_file(skel, s, &found.file[n]);
		if (err)
			return log_err(err, "walking a container");
	}
	return 0;
}

int snapshot_type1(struct state *s)
{
	struct walk_type1_bpf *skel;
	int err;

	if (!probe_module_loaded("vfio") || !probe_module_loaded("vfio_iommu_type1"))
		return 0;
	skel = walk_type1_bpf__open_and_load();
	if (!skel)
		return log_err(-errno, "this kernel refused the walk of VFIO (see --verbose)");
	err = walk_all(skel, s);
	walk_type1_bpf__destroy(skel);
	return err;
}
