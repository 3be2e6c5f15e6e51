// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The contexts of iommufd, by walk_iommufd.bpf.c. Each is read at least twice: what
 * is the same both times was so at one moment.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <ioascope/walk_iommufd.h>
#include <stdlib.h>
#include <string.h>

#include "core/state_walked.h"
#include "live/log.h"
#include "live/probe.h"
#include "live/snapshot_impl.h"
#include "walk_iommufd.skel.h"

#define CHUNKS_MAX 1000000 /* nothing has more parts than this times a chunk */

struct walk {
	struct walk_iommufd_bpf *skel;
	struct walked *walked;
};

/* Objects of a context, in the order of their numbers. */
struct objects {
	struct walk_fd_object *object;
	size_t n;
};

static void free_objects(struct objects *o)
{
	free(o->object);
}

static int run(const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
}

/* ---- one reading ---- */

static int add_objects(struct objects *o, const struct walk_fd_objects *chunk)
{
	struct walk_fd_object *p;

	if (!chunk->count)
		return 0;
	p = reallocarray(o->object, o->n + chunk->count, sizeof(*p));
	if (!p)
		return -ENOMEM;
	memcpy(p + o->n, chunk->object, chunk->count * sizeof(*p));
	o->object = p;
	o->n += chunk->count;
	return 0;
}

static int read_objects(struct walk *w, __u64 context, struct objects *o)
{
	struct walk_fd_objects *v = &w->skel->bss->fd_objects;

	v->context = context;
	v->from = 0;
	v->more = 1;
	for (int n = 0; n < CHUNKS_MAX && v->more; n++) {
		int err = run(w->skel->progs.walk_fd_objects);

		if (!err)
			err = add_objects(o, v);
		if (err)
			return err;
	}
	return 0;
}

static int read_areas(struct walk *w, struct state_ioas *i)
{
	struct walk_fd_areas *v = &w->skel->bss->fd_areas;

	v->iopt = i->key;
	v->from = 0;
	v->more = 1;
	for (int n = 0; n < CHUNKS_MAX && v->more; n++) {
		int err = run(w->skel->progs.walk_fd_areas);

		for (__u32 a = 0; a < v->count && !err; a++)
			err = walked_area(w->walked, i, &v->area[a]);
		if (err)
			return err;
		i->raced |= v->torn;
	}
	return 0;
}

static int read_ioas(struct walk *w, struct state_ctx *c, const struct walk_fd_object *o)
{
	struct state_ioas v = {
		.id = c->nioases + 1,
		.object = o->id,
		.key = o->key,
		.backend = c->backend,
		.mode = IOAS_MODE_COVER,
		.dirty = -1,
		.entries_left = -1,
	};
	struct state_ioas *i;
	int err;

	err = state_add_ioas(c, &v, &i);
	if (err)
		return err;
	w->skel->bss->fd_ioas.iopt = o->key;
	err = run(w->skel->progs.walk_fd_ioas);
	if (!err)
		err = walked_ioas(w->walked, i, &w->skel->bss->fd_ioas);
	return err ? err : read_areas(w, i);
}

/* Its IOASes, and who uses them. */
static int read_parts(struct walk *w, struct state_ctx *c, const struct objects *o)
{
	int err = 0;

	for (size_t n = 0; n < o->n && !err; n++) {
		if (o->object[n].type == WALK_FD_IOAS)
			err = read_ioas(w, c, &o->object[n]);
	}
	for (size_t n = 0; n < o->n && !err; n++) {
		if (!o->object[n].iopt)
			continue; /* in none; and an IOAS itself */
		for (size_t i = 0; i < c->nioases && !err; i++) {
			if (o->object[n].iopt == c->ioases[i].key)
				err = walked_object(w->walked, &c->ioases[i], &o->object[n]);
		}
	}
	return err;
}

/* The context as it is now: a state of its own. */
static int read_ctx(struct walk *w, const struct walk_file *f, struct state *out)
{
	struct objects objects __attribute__((cleanup(free_objects))) = {};
	struct state_ctx v = {
		.id = 1,
		.backend = f->compat ? IOAS_BACKEND_COMPAT : IOAS_BACKEND_IOMMUFD,
		.closed = f->closed,
		.who = f->who,
	};
	struct state_ctx *c;
	int err;

	walked_begin(w->walked);
	err = state_add_ctx(out, &v, &c);
	if (!err)
		err = read_objects(w, f->context, &objects);
	if (!err)
		err = read_parts(w, c, &objects);
	if (!err)
		err = walked_end(w->walked, c);
	state_finish(out);
	return err;
}

/* ---- twice and more ---- */

/* @i: where it is, if nothing has changed. */
static const struct state_ioas *by_key(const struct state_ctx *c, __u64 key, size_t i)
{
	if (i < c->nioases && c->ioases[i].key == key)
		return &c->ioases[i];
	for (i = 0; i < c->nioases; i++) {
		if (c->ioases[i].key == key)
			return &c->ioases[i];
	}
	return NULL;
}

/* Marks what is not as it was; whether there is any. */
static bool mark_raced(struct state_ctx *c, const struct state_ctx *before)
{
	bool any = c->nioases != before->nioases;

	for (size_t i = 0; i < c->nioases; i++) {
		const struct state_ioas *was = by_key(before, c->ioases[i].key, i);

		c->ioases[i].raced |= !was || !walked_same(&c->ioases[i], was);
		any |= c->ioases[i].raced;
	}
	return any;
}

/* Hands the context over to @s, with numbers that are its own there. */
static int hand_over(struct state *s, struct state *one, __u32 *last_ioas)
{
	struct state_ctx c = one->ctxs[0], *out;
	int err;

	c.id = s->nctxs + 1;
	for (size_t i = 0; i < c.nioases; i++)
		c.ioases[i].id = ++*last_ioas;
	err = state_add_ctx(s, &c, &out);
	if (err)
		return err;
	*out = c;
	one->nctxs = 0;
	return 0;
}

static int walk_ctx(struct walk *w, struct state *s, const struct walk_file *f, __u32 *last_ioas)
{
	_cleanup_state_ struct state before = {}, now = {};
	int err = read_ctx(w, f, &before);
	bool raced = true;

	for (int n = 1; n < WALK_TRIES && raced && !err; n++) {
		state_clear(&now);
		err = read_ctx(w, f, &now);
		if (err)
			return err;
		raced = mark_raced(&now.ctxs[0], &before.ctxs[0]);
		if (raced && n + 1 < WALK_TRIES) {
			struct state t = before;

			before = now;
			now = t;
		}
	}
	return err ? err : hand_over(s, &now, last_ioas);
}

static __u32 last_ioas_of(const struct state *s)
{
	__u32 last = 0;

	for (size_t c = 0; c < s->nctxs; c++) {
		for (size_t i = 0; i < s->ctxs[c].nioases; i++) {
			if (s->ctxs[c].ioases[i].id > last)
				last = s->ctxs[c].ioases[i].id;
		}
	}
	return last;
}

static int walk_all(struct walk *w, struct state *s)
{
	_cleanup_walk_files_ struct walk_files found = {};
	int err = walk_files_find(w->skel->progs.walk_fd_files, &found);
	__u32 last = last_ioas_of(s);

	if (err)
		return log_err(err, "looking for files of iommufd");
	for (size_t n = 0; n < found.n; n++) {
		err = walk_ctx(w, s, &found.file[n], &last);
		if (err)
			return log_err(err, "walking a context of iommufd");
	}
	return 0;
}

int snapshot_iommufd(struct state *s)
{
	_cleanup_walked_ struct walked *walked = walked_new();
	struct walk w = { .walked = walked };
	int err;

	if (!probe_module_loaded("iommufd"))
		return 0;
	if (!walked)
		return log_err(-ENOMEM, "walking iommufd");
	w.skel = walk_iommufd_bpf__open_and_load();
	if (!w.skel)
		return log_err(-errno, "this kernel refused the walk of iommufd (see --verbose)");
	err = walk_all(&w, s);
	walk_iommufd_bpf__destroy(w.skel);
	return err;
}
