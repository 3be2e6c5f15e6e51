// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "load.h"

#define CHUNK 512

/* Clients end a little later than their process: until as many are left as there should be. */
static unsigned int take(const struct load *l, unsigned int clients, struct ioasb_rec **recs)
{
	unsigned int i, n, found;

	for (;;) {
		n = be_dump(l->fd, CHUNK, recs);
		for (i = 0, found = 0; i < n; i++)
			found += (*recs)[i].kind == IOASB_REC_CLIENT;
		if (found <= clients)
			return n;
		free(*recs);
		usleep(10000);
	}
}

/* kind, id, and the fields in their order. */
static void print(const struct ioasb_rec *r)
{
	unsigned int i;

	printf("[%u,%u", r->kind, r->id);
	switch (r->kind) {
	case IOASB_REC_DEVICE:
		printf(",%u,%llu", r->device.ioas_id, (unsigned long long)r->device.page_size);
		break;
	case IOASB_REC_IOAS:
		printf(",%u,%u,%u,%llu,%llu", r->ioas.mode, r->ioas.account, r->ioas.devices,
		       (unsigned long long)r->ioas.areas, (unsigned long long)r->ioas.mapped);
		break;
	case IOASB_REC_RESERVED:
	case IOASB_REC_ALLOWED:
	case IOASB_REC_RESERVATION:
		printf(",%llu,%llu,%u", (unsigned long long)r->range.start,
		       (unsigned long long)r->range.last, r->range.id);
		break;
	case IOASB_REC_AREA:
		printf(",%llu,%llu,%llu,%u,%u,%u", (unsigned long long)r->area.start,
		       (unsigned long long)r->area.last, (unsigned long long)r->area.first_page,
		       r->area.pages_id, r->area.prot, r->area.pinned);
		break;
	case IOASB_REC_PAGES:
		printf(",%llu,%llu,%llu,%llu,%u,%u,%u", (unsigned long long)r->pages.user_va,
		       (unsigned long long)r->pages.npages, (unsigned long long)r->pages.npinned,
		       (unsigned long long)r->pages.ncharged, r->pages.account, r->pages.uid,
		       r->pages.writeable);
		break;
	case IOASB_REC_CLIENT:
		printf(",%u,%u", r->client.ioas_id, r->client.flags);
		break;
	default:
		for (i = 0; i < 3; i++)
			printf(",%llu", (unsigned long long)r->room[i]);
	}
	putchar(']');
}

void load_dump(const struct load *l, unsigned int clients)
{
	struct ioasb_rec *recs;
	unsigned int i, n = take(l, clients, &recs);

	putchar('[');
	for (i = 0; i < n; i++) {
		if (i)
			putchar(',');
		print(&recs[i]);
	}
	puts("]");
	free(recs);
}

/* ---- what a device would reach ---- */

struct view {
	struct ioasb_rec *recs;
	unsigned int n;
};

static const struct ioasb_rec *area_at(const struct view *v, uint32_t ioas, uint64_t iova)
{
	unsigned int i;

	for (i = 0; i < v->n; i++) {
		const struct ioasb_rec *r = &v->recs[i];

		if (r->kind == IOASB_REC_AREA && r->id == ioas && r->area.start <= iova &&
		    iova <= r->area.last)
			return r;
	}
	return NULL;
}

static const struct ioasb_rec *pages_of(const struct view *v, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < v->n; i++)
		if (v->recs[i].kind == IOASB_REC_PAGES && v->recs[i].id == id)
			return &v->recs[i];
	CHECK(0, "no pages object %u", id);
	return NULL;
}

static bool pinned(const struct view *v, uint32_t id, uint64_t page)
{
	unsigned int i;

	for (i = 0; i < v->n; i++) {
		const struct ioasb_rec *r = &v->recs[i];

		if (r->kind == IOASB_REC_PINNED && r->id == id && r->pinned.first_page <= page &&
		    page < r->pinned.first_page + r->pinned.npages)
			return true;
	}
	return false;
}

/* An address in an area, at one of its ends or behind one, or anywhere. */
static uint64_t address(const struct view *v, uint32_t *ioas, const struct load *l, struct rng *rng)
{
	const struct ioasb_rec *r = &v->recs[rng_below(rng, v->n)];

	*ioas = l->ioas[rng_below(rng, IOASES)];
	if (r->kind != IOASB_REC_AREA)
		return BASE + rng_below(rng, SPAN) * PAGE;
	*ioas = r->id;
	switch (rng_below(rng, 4)) {
	case 0:
		return r->area.start;
	case 1:
		return r->area.last - (PAGE - 1);
	case 2:
		return r->area.last == TOP ? r->area.start : r->area.last + 1;
	default:
		return r->area.start +
		       rng_below(rng, r->area.last - r->area.start + 1) / PAGE * PAGE;
	}
}

/* The first bytes of each page are its number, and stay so. */
static void probe(const struct load *l, const struct view *v, struct rng *rng)
{
	bool write = rng_percent(rng, 30);
	const struct ioasb_rec *area, *pages;
	uint64_t data, number, index;
	uint32_t ioas;
	uint64_t iova = address(v, &ioas, l, rng);
	int rc;

	area = area_at(v, ioas, iova);
	index = area ? area->area.first_page + (iova - area->area.start) / PAGE : 0;
	pages = area ? pages_of(v, area->area.pages_id) : NULL;
	number = pages ? (pages->pages.user_va - (uintptr_t)l->memory) / PAGE + index : 0;
	data = write ? number : TOP;
	rc = be_rw(l->fd, ioas, write, iova, &data, sizeof(data), NULL);
	if (!area) {
		EQ(rc, -ENOENT);
	} else if (!(area->area.prot & (write ? IOASB_WRITEABLE : IOASB_READABLE))) {
		EQ(rc, -EPERM);
	} else if (rc) {
		/* Its process is gone, and nobody has pinned it. */
		EQ(rc, -EFAULT);
		CHECK(!pinned(v, area->area.pages_id, index), "pinned, and not there");
	} else {
		EQ(data, number);
	}
}

unsigned int load_probe(const struct load *l, unsigned int n, struct rng *rng)
{
	struct view v;
	unsigned int i;

	v.n = be_dump(l->fd, CHUNK, &v.recs);
	for (i = 0; v.n && i < n; i++)
		probe(l, &v, rng);
	free(v.recs);
	return i;
}
