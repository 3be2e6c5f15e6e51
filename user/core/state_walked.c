// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/state_walked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "core/state_pins.h"

/* What is at an address. */
struct numbered {
	UT_hash_handle hh;
	__u64 key;
	__u32 id;
};

/* A pages object of the context at hand. */
struct memory {
	UT_hash_handle hh;
	__u64 key;
	struct state_pages pages;
	char comm[IOAS_COMM_LEN];
};

struct walked {
	struct ioas_alloc alloc; /* of the tables */
	struct numbered *numbers;
	struct memory *memory;
	__u32 last;
};

struct walked *walked_new(void)
{
	struct walked *w = calloc(1, sizeof(*w));

	if (w)
		w->alloc = ioas_alloc_default();
	return w;
}

void walked_begin(struct walked *w)
{
	const struct ioas_alloc *hash_alloc = &w->alloc;
	struct memory *m, *next;

	HASH_ITER(hh, w->memory, m, next) {
		HASH_DEL(w->memory, m);
		free(m);
	}
}

void walked_free(struct walked **w)
{
	const struct ioas_alloc *hash_alloc;
	struct numbered *n, *next;

	if (!*w)
		return;
	walked_begin(*w);
	hash_alloc = &(*w)->alloc;
	HASH_ITER(hh, (*w)->numbers, n, next) {
		HASH_DEL((*w)->numbers, n);
		free(n);
	}
	free(*w);
	*w = NULL;
}

/* Our number of what is at @key, 0 for nothing. */
static int number(struct walked *w, __u64 key, __u32 *id)
{
	const struct ioas_alloc *hash_alloc = &w->alloc;
	struct numbered *n;

	*id = 0;
	if (!key)
		return 0;
	HASH_FIND(hh, w->numbers, &key, sizeof(key), n);
	if (!n) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return -ENOMEM;
		n->key = key;
		n->id = w->last + 1;
		HASH_ADD(hh, w->numbers, key, sizeof(n->key), n);
		if (!n->hh.tbl) {
			free(n);
			return -ENOMEM;
		}
		w->last++;
	}
	*id = n->id;
	return 0;
}

/* ---- an IOAS ---- */

static int add_range(struct walked *w, struct state_ioas *i, const struct walk_fd_range *r)
{
	struct state_range v = { .iova = r->start, .last = r->last, .class = r->class };
	int err = number(w, r->owner, &v.owner);

	return err ? err : state_add_range(i, &v);
}

int walked_ioas(struct walked *w, struct state_ioas *i, const struct walk_fd_ioas *v)
{
	int err = 0;

	i->users_known = true;
	i->ranges_known = true;
	i->truncated |= v->more;
	for (__u32 n = 0; n < v->ndomains && !err; n++) {
		struct state_domain d = { .page_size = v->domain[n].page_size, .dirty = -1 };

		err = number(w, v->domain[n].key, &d.id);
		if (!err)
			err = state_add_domain(i, &d);
	}
	for (__u32 n = 0; n < v->nranges && !err; n++)
		err = add_range(w, i, &v->range[n]);
	return err;
}

static int add_device(struct walked *w, struct state_ioas *i, const struct walk_fd_object *o)
{
	struct state_device v = { .group = o->group };
	int err = number(w, o->key, &v.id);

	memcpy(v.name, o->name, sizeof(v.name));
	if (!err)
		err = number(w, o->domain, &v.domain);
	return err ? err : state_add_device(i, &v);
}

static int add_access(struct walked *w, struct state_ioas *i, const struct walk_fd_object *o)
{
	struct state_access v = { .exact = true, .alignment = o->alignment };
	int err = number(w, o->key, &v.id);

	return err ? err : state_add_access(i, &v);
}

int walked_object(struct walked *w, struct state_ioas *i, const struct walk_fd_object *o)
{
	switch (o->type) {
	case WALK_FD_DEVICE:
		return add_device(w, i, o);
	case WALK_FD_ACCESS:
		return add_access(w, i, o);
	default:
		return 0;
	}
}

/* ---- areas and their memory ---- */

static struct memory *add_memory(struct walked *w, __u64 key)
{
	const struct ioas_alloc *hash_alloc = &w->alloc;
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->key = key;
	if (number(w, key, &m->pages.id)) {
		free(m);
		return NULL;
	}
	HASH_ADD(hh, w->memory, key, sizeof(m->key), m);
	if (!m->hh.tbl) {
		free(m);
		return NULL;
	}
	return m;
}

/* The pages object of an area, as it was read last. */
static struct memory *memory_of(struct walked *w, const struct walk_fd_area *a)
{
	struct state_pages *p;
	struct memory *m;

	HASH_FIND(hh, w->memory, &a->pages, sizeof(a->pages), m);
	if (!m)
		m = add_memory(w, a->pages);
	if (!m || number(w, a->payer, &m->pages.owner))
		return NULL;
	p = &m->pages;
	p->areas++;
	p->va = a->memory == IOAS_MEMORY_USER ? a->base : 0;
	p->npages = a->npages;
	p->pinned = a->pinned;
	p->charged = a->charged;
	p->tgid = a->tgid;
	p->uid = a->uid;
	p->memory = a->memory;
	p->account = a->account;
	p->writable = a->writable;
	memcpy(m->comm, a->comm, sizeof(m->comm));
	return m;
}

int walked_area(struct walked *w, struct state_ioas *i, const struct walk_fd_area *a)
{
	struct state_area v = {
		.iova = a->iova,
		.last = a->last,
		.va = a->base + a->at,
		.offset = a->at,
		.pinned = a->accesses ? -1 : 0,
		.prot = a->prot,
		.tgid = a->tgid,
		.uid = a->uid,
		.memory = a->memory,
		.going = a->going,
	};
	struct memory *m = memory_of(w, a);

	if (!m)
		return -ENOMEM;
	v.pages_id = m->pages.id;
	memcpy(v.comm, a->comm, sizeof(v.comm));
	if (a->accesses)
		i->client_pins = -1;
	return state_add_area(i, &v);
}

/* ---- what follows ---- */

static int by_number(const struct memory *a, const struct memory *b)
{
	return a->pages.id < b->pages.id ? -1 : a->pages.id > b->pages.id;
}

static int charge(struct state_ctx *c, const struct memory *m)
{
	const struct state_pages *p = &m->pages;
	struct state_charge v = {
		.owner = p->owner,
		.counter = p->account,
		.tgid = p->tgid,
		.uid = p->uid,
		.pages = p->charged,
	};

	if (!p->charged)
		return 0;
	for (size_t n = 0; n < c->ncharges; n++) {
		if (c->charges[n].owner == p->owner && c->charges[n].counter == p->account) {
			c->charges[n].pages += p->charged;
			return 0;
		}
	}
	memcpy(v.comm, m->comm, sizeof(v.comm));
	return state_add_ctx_charge(c, &v);
}

/* All of it, unless the object's own count tells that it has not come so far. */
static __s64 pinned_of(const struct state_ctx *c, const struct state_area *a)
{
	const struct state_pages *p = state_find_pages(c, a->pages_id);

	if (!p || p->memory == IOAS_MEMORY_DMABUF || !p->pinned)
		return 0;
	return p->pinned >= state_area_pages(a) ? state_area_pages(a) : -1;
}

static int end_ioas(const struct state_ctx *c, struct state_ioas *i)
{
	__u64 bytes = 0;

	for (size_t n = 0; n < i->nareas; n++) {
		struct state_area *a = &i->areas[n];

		bytes = state_bytes_add(bytes, state_bytes(a->iova, a->last));
		if (i->ndomains)
			a->pinned = pinned_of(c, a);
	}
	for (size_t n = 0; n < i->ndomains; n++)
		i->domains[n].mapped = bytes;
	for (size_t n = 0; n < i->naccesses; n++)
		i->accesses[n].pins = i->client_pins;
	i->pins_known = !i->client_pins;
	return state_sum_pinned(i);
}

int walked_end(struct walked *w, struct state_ctx *c)
{
	struct memory *m, *next;
	int err = 0;

	HASH_SORT(w->memory, by_number);
	HASH_ITER(hh, w->memory, m, next) {
		err = state_add_pages(c, &m->pages);
		if (!err)
			err = charge(c, m);
		if (err)
			return err;
	}
	for (size_t n = 0; n < c->nioases && !err; n++)
		err = end_ioas(c, &c->ioases[n]);
	c->pages_known = true;
	return err;
}

/* ---- the same twice ---- */

static bool same_area(const struct state_area *a, const struct state_area *b)
{
	return a->iova == b->iova && a->last == b->last && a->va == b->va &&
	       a->offset == b->offset && a->prot == b->prot && a->pages_id == b->pages_id;
}

static bool same_range(const struct state_range *a, const struct state_range *b)
{
	return a->iova == b->iova && a->last == b->last && a->owner == b->owner &&
	       a->class == b->class;
}

static bool same_users(const struct state_ioas *a, const struct state_ioas *b)
{
	for (size_t n = 0; n < a->ndomains; n++) {
		if (a->domains[n].id != b->domains[n].id)
			return false;
	}
	for (size_t n = 0; n < a->ndevices; n++) {
		if (a->devices[n].id != b->devices[n].id ||
		    a->devices[n].domain != b->devices[n].domain)
			return false;
	}
	for (size_t n = 0; n < a->naccesses; n++) {
		if (a->accesses[n].id != b->accesses[n].id)
			return false;
	}
	return true;
}

bool walked_same(const struct state_ioas *a, const struct state_ioas *b)
{
	if (a->key != b->key || a->object != b->object || a->nareas != b->nareas ||
	    a->nranges != b->nranges || a->ndomains != b->ndomains || a->ndevices != b->ndevices ||
	    a->naccesses != b->naccesses)
		return false;
	for (size_t n = 0; n < a->nareas; n++) {
		if (!same_area(&a->areas[n], &b->areas[n]))
			return false;
	}
	for (size_t n = 0; n < a->nranges; n++) {
		if (!same_range(&a->ranges[n], &b->ranges[n]))
			return false;
	}
	return same_users(a, b);
}
