// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/mman.h>

#include "load.h"

static uint32_t pick(struct thread *t)
{
	return t->load->ioas[rng_below(&t->rng, IOASES)];
}

static uint64_t somewhere(struct thread *t)
{
	return BASE + rng_below(&t->rng, SPAN) * PAGE;
}

static uint64_t length(struct thread *t)
{
	return (1 + rng_below(&t->rng, rng_percent(&t->rng, 95) ? 8 : 300)) * PAGE;
}

static uint32_t prot(struct thread *t)
{
	static const uint32_t some[] = { RW_PROT, RW_PROT, RW_PROT, IOASB_READABLE,
					 IOASB_WRITEABLE };

	return some[rng_below(&t->rng, ARRAY_SIZE(some))];
}

static void map(struct thread *t)
{
	uint64_t n = length(t), at = somewhere(t);
	uint32_t flags = prot(t) | (rng_percent(&t->rng, 80) ? IOASB_FIXED : 0);

	be_map(t->load->fd, pick(t), flags,
	       t->load->memory + rng_below(&t->rng, MEMORY - n / PAGE) * PAGE, n, &at);
}

static void copy(struct thread *t)
{
	uint64_t at = somewhere(t);

	be_copy(t->load->fd, pick(t), pick(t), prot(t) | IOASB_FIXED, somewhere(t), length(t), &at);
}

static void device_op(struct thread *t)
{
	uint32_t dev = t->load->device[rng_below(&t->rng, DEVICES)];

	if (rng_percent(&t->rng, 45))
		be_detach(t->load->fd, dev);
	else
		be_attach(t->load->fd, dev, pick(t),
			  rng_percent(&t->rng, 50) ? IOASB_ATTACH_REPLACE : 0);
}

/* ---- clients: what one forgets is an error, but not if its process dies ---- */

static int unpin_range(struct client *c, uint64_t iova, uint64_t length)
{
	struct ioasb_client_unpin u = { .size = sizeof(u), .iova = iova, .length = length };

	return be_call(c->fd, IOASB_CLIENT_UNPIN, &u);
}

/* By page, an unmap may have taken some of it: the others are still to be unpinned. */
static void unpin(struct client *c, struct pin *pin)
{
	uint64_t at;

	if (unpin_range(c, pin->iova, pin->length) == -ENOENT && c->pages)
		for (at = 0; at < pin->length; at += PAGE)
			unpin_range(c, pin->iova + at, PAGE);
	pin->length = 0;
}

static void close_client(struct thread *t, struct client *c)
{
	unsigned int i;

	for (i = 0; i < PINS; i++)
		if (c->pins[i].length)
			unpin(c, &c->pins[i]);
	close(c->fd);
	c->fd = -1;
	atomic_fetch_sub(&t->slot->clients, 1);
}

static void open_client(struct thread *t, unsigned int which)
{
	struct client *c = &t->client[which];
	uint32_t ioas = pick(t);
	int fd;

	/* Before: who is killed in between has none, and nobody waits for it. */
	atomic_fetch_add(&t->slot->clients, 1);
	fd = be_client(t->load->fd, ioas, which ? IOASB_CLIENT_PAGES : 0);
	if (fd < 0) {
		atomic_fetch_sub(&t->slot->clients, 1);
		return;
	}
	*c = (struct client){ .fd = fd, .pages = which };
}

static void pin(struct thread *t, struct client *c, struct pin *pin)
{
	struct ioasb_client_pin p = { .size = sizeof(p),
				      .flags = rng_percent(&t->rng, 30) ? IOASB_PIN_WRITE : 0,
				      .iova = somewhere(t),
				      .length = (1 + rng_below(&t->rng, 4)) * PAGE };

	if (!be_call(c->fd, IOASB_CLIENT_PIN, &p))
		*pin = (struct pin){ p.iova, p.length };
}

static void client_op(struct thread *t)
{
	unsigned int which = rng_below(&t->rng, CLIENTS);
	struct client *c = &t->client[which];
	struct pin *p = &c->pins[rng_below(&t->rng, PINS)];

	if (c->fd < 0)
		open_client(t, which);
	else if (rng_percent(&t->rng, 5))
		close_client(t, c);
	else if (p->length)
		unpin(c, p);
	else
		pin(t, c, p);
}

/* ---- ranges ---- */

static void ranges(struct thread *t)
{
	struct ioasb_iova_range list[2] = { { BASE, BASE + SPAN * PAGE - 1 } };
	unsigned int n = rng_below(&t->rng, 3);
	uint64_t at = somewhere(t);

	if (n == 2) {
		list[0].last = at + PAGE - 1;
		list[1].start = at + 2 * PAGE;
		list[1].last = at + length(t) + 8 * PAGE - 1;
	}
	be_allow(t->load->fd, pick(t), list, n);
}

static void reserve(struct thread *t)
{
	uint64_t at = somewhere(t);

	if (t->claim) {
		be_release(t->load->fd, t->claim_ioas, t->claim);
		t->claim = 0;
		return;
	}
	t->claim_ioas = pick(t);
	if (be_reserve(t->load->fd, t->claim_ioas, rng_percent(&t->rng, 50) ? IOASB_FIXED : 0,
		       length(t), &at, &t->claim))
		t->claim = 0;
}

/* ---- the rest ---- */

/* An IOAS comes and goes, with what is in it. */
static void lives(struct thread *t)
{
	uint64_t at = 0;

	if (t->own && rng_percent(&t->rng, 50)) {
		be_destroy(t->load->fd, t->own);
		t->own = 0;
		return;
	}
	if (!t->own)
		t->own = be_ioas(t->load->fd, rng_below(&t->rng, IOASB_MODE_ANY + 1),
				 rng_below(&t->rng, IOASB_ACCOUNT_NONE + 1));
	be_map_at(t->load->fd, t->own, t->load->memory, 4 * PAGE, somewhere(t));
	be_copy(t->load->fd, pick(t), t->own, RW_PROT, somewhere(t), PAGE, &at);
}

/* What changes no memory. */
static void query(struct thread *t)
{
	struct ioasb_iova_range list[16];
	unsigned int n = ARRAY_SIZE(list);
	struct ioasb_merge m = {
		.size = sizeof(m), .ioas_id = pick(t), .iova = somewhere(t), .length = 512 * PAGE
	};
	uint64_t data;

	be_call(t->load->fd, IOASB_MERGE, &m);
	be_ranges(t->load->fd, pick(t), list, &n);
	be_rw(t->load->fd, pick(t), false, somewhere(t), &data, sizeof(data), NULL);
}

static void unmap(struct thread *t)
{
	if (rng_percent(&t->rng, 2))
		be_unmap_all(t->load->fd, pick(t), NULL);
	else
		be_unmap(t->load->fd, pick(t), somewhere(t),
			 length(t) * (rng_percent(&t->rng, 30) ? 8 : 1), NULL);
}

void load_op(struct thread *t)
{
	unsigned int what = rng_below(&t->rng, 100);

	if (what < 36)
		map(t);
	else if (what < 46)
		copy(t);
	else if (what < 70)
		unmap(t);
	else if (what < 72)
		device_op(t);
	else if (what < 88)
		client_op(t);
	else if (what < 90)
		ranges(t);
	else if (what < 93)
		reserve(t);
	else if (what < 96)
		lives(t);
	else if (what < 98)
		query(t);
	else
		madvise(t->load->memory + rng_below(&t->rng, MEMORY - 8) * PAGE, 8 * PAGE,
			MADV_DONTNEED);
}

void load_leave(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < CLIENTS; i++)
		if (t->client[i].fd >= 0)
			close_client(t, &t->client[i]);
	if (t->own)
		be_destroy(t->load->fd, t->own);
	t->own = 0;
}
