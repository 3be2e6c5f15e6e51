// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/maps_pages.h"

#include <bpf/bpf.h>
#include <stdlib.h>

#include "core/state_pins.h"

#define READ_MAX (4 * 65536) /* keys of a map that others change */

static void fill_pages(const struct ioas_pages *p, struct state_pages *v)
{
	*v = (struct state_pages){
		.id = p->id,
		.va = p->va,
		.npages = p->npages,
		.pinned = p->pinned,
		.charged = p->account ? p->pinned : 0, /* do_update_pinned */
		.owner = p->owner,
		.tgid = p->tgid,
		.uid = p->uid,
		.memory = p->memory,
		.account = p->account,
		.writable = p->writable,
	};
}

/*
 * The map begins again where the last key has gone meanwhile: what comes twice is
 * dropped later, and the rounds are bounded.
 */
static int read_all(const struct maps *m, struct state *s)
{
	__u64 key = 0, next;
	bool first = true;

	for (size_t n = 0; n < READ_MAX; n++) {
		struct ioas_pages p;
		struct state_pages v;
		struct state_ctx *c;
		int err;

		if (bpf_map_get_next_key(m->pages, first ? NULL : &key, &next))
			break;
		first = false;
		key = next;
		if (bpf_map_lookup_elem(m->pages, &key, &p))
			continue;
		c = state_find_ctx(s, p.ctx);
		if (!c)
			continue; /* gone while we read */
		fill_pages(&p, &v);
		err = state_add_pages(c, &v);
		if (err)
			return err;
	}
	return 0;
}

/* Of those that were read twice the first stays; they are in order. */
static void drop_doubles(struct state_ctx *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->npages; i++) {
		if (!n || c->pages[n - 1].id != c->pages[i].id)
			c->pages[n++] = c->pages[i];
	}
	c->npages = n;
}

static void name_ioas(struct state *s, __u64 key, __u32 id)
{
	for (size_t n = 0; n < s->nctxs; n++) {
		for (size_t i = 0; i < s->ctxs[n].nioases; i++) {
			if (s->ctxs[n].ioases[i].key == key)
				s->ctxs[n].ioases[i].object = id;
		}
	}
}

/* The numbers that user space has. */
static void name_ioases(const struct maps *m, struct state *s)
{
	struct fd_name key = {}, next;
	bool first = true;

	for (size_t n = 0; n < READ_MAX; n++) {
		__u64 ioas;

		if (bpf_map_get_next_key(m->names, first ? NULL : &key, &next))
			break;
		first = false;
		key = next;
		if (!bpf_map_lookup_elem(m->names, &key, &ioas))
			name_ioas(s, ioas, key.id);
	}
}

static int add_charges(struct state_ctx *c)
{
	for (size_t n = 0; n < c->npages; n++) {
		const struct state_pages *p = &c->pages[n];
		struct state_charge v = {
			.owner = p->owner,
			.counter = p->account,
			.tgid = p->tgid,
			.uid = p->uid,
		};
		struct state_charge *found = NULL;
		int err;

		if (!p->charged)
			continue;
		for (size_t k = 0; k < c->ncharges && !found; k++) {
			if (c->charges[k].owner == p->owner && c->charges[k].counter == p->account)
				found = &c->charges[k];
		}
		if (!found) {
			err = state_add_ctx_charge(c, &v);
			if (err)
				return err;
			found = &c->charges[c->ncharges - 1];
		}
		found->pages += p->charged;
	}
	return 0;
}

/*
 * What the IOAS itself has pinned of its area: with a domain all of it. What
 * software users pin, the maps do not count by area, nor what was pinned before.
 */
static __s64 pinned_of(const struct state_ctx *c, const struct state_pages *p,
		       const struct state_area *a, bool hardware)
{
	if (!p->pinned)
		return c->adopted ? -1 : 0;
	return hardware && p->pinned >= state_area_pages(a) ? state_area_pages(a) : -1;
}

static int share(const struct maps *m, struct state_ctx *c, struct state_ioas *i)
{
	struct ioas_ioas kept = {};

	bpf_map_lookup_elem(m->ioas, &i->key, &kept);
	for (size_t n = 0; n < i->nareas; n++) {
		struct state_area *a = &i->areas[n];
		struct state_pages *p = (struct state_pages *)state_find_pages(c, a->pages_id);

		if (!p)
			continue;
		p->areas++;
		a->memory = p->memory;
		a->offset = a->va - p->va;
		a->pinned = pinned_of(c, p, a, kept.domains);
	}
	return state_sum_pinned(i);
}

int maps_read_pages(const struct maps *m, struct state *s)
{
	int err = m->pages >= 0 ? read_all(m, s) : 0;

	state_finish(s); /* pages objects are looked for by number */
	name_ioases(m, s);
	for (size_t n = 0; n < s->nctxs && !err; n++) {
		struct state_ctx *c = &s->ctxs[n];

		if (c->backend == IOAS_BACKEND_TYPE1)
			continue;
		c->pages_known = m->pages >= 0;
		drop_doubles(c);
		err = add_charges(c);
		for (size_t i = 0; i < c->nioases && !err; i++)
			err = share(m, c, &c->ioases[i]);
	}
	return err;
}
