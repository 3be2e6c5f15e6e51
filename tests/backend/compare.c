// SPDX-License-Identifier: GPL-2.0-or-later
#include "random.h"

static int index_of(const uint32_t *ids, unsigned int n, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (ids[i] == id)
			return i;
	CHECK(0, "no id %u", id);
	return -1;
}

/* What the dump says, in the form of the model. */
struct seen {
	struct m_cell cell[M_IOAS][M_PAGES];
	unsigned int reserved[M_IOAS][M_PAGES], allowed[M_IOAS][M_PAGES], claim[M_IOAS][M_PAGES];
	unsigned int reserved_outside;
	uint32_t pages_id[M_OBJECTS]; /* of the model's objects */
	unsigned int pinned[M_OBJECTS][M_PAGES];
	bool needed[M_OBJECTS][M_PAGES]; /* by the model */
	unsigned int npages, nareas[M_IOAS];
};

/* The model's object of that id: found by an area, or new. */
static unsigned int object_of(const struct seen *s, uint32_t id)
{
	unsigned int o;

	for (o = 1; o < M_OBJECTS; o++)
		if (s->pages_id[o] == id)
			return o;
	CHECK(0, "pages %u belong to no area", id);
	return 0;
}

static void see_area(struct run *r, struct seen *s, const struct ioasb_rec *rec)
{
	int i = index_of(r->ioas, M_IOAS, rec->id);
	unsigned int first = (rec->area.start - run_bases[i]) / PAGE, k;
	unsigned int last = (rec->area.last - run_bases[i]) / PAGE;
	unsigned int object;

	CHECK(first <= last && last < M_PAGES);
	object = r->m.ioas[i].cell[first].object;
	CHECK(object && (!s->pages_id[object] || s->pages_id[object] == rec->area.pages_id),
	      "an area of other pages at %u", first);
	s->pages_id[object] = rec->area.pages_id;
	s->nareas[i]++;
	EQ(rec->area.pinned, m_attached(&r->m, i));
	for (k = first; k <= last; k++) {
		CHECK(!s->cell[i][k].area, "two areas at %u", k);
		s->cell[i][k] = (struct m_cell){ rec->area.area_id, object,
						 rec->area.first_page + k - first, rec->area.prot };
	}
}

static void see_range(struct run *r, struct seen *s, const struct ioasb_rec *rec)
{
	int i = index_of(r->ioas, M_IOAS, rec->id);
	uint64_t first = (rec->range.start - run_bases[i]) / PAGE, k;
	uint64_t last = (rec->range.last - run_bases[i]) / PAGE;

	/* A device takes the same pages of all bases from each IOAS. */
	if (rec->kind == IOASB_REC_RESERVED && first >= M_PAGES)
		return;
	CHECK(first <= last && last < M_PAGES);
	for (k = first; k <= last; k++) {
		if (rec->kind == IOASB_REC_RESERVED)
			s->reserved[i][k]++;
		else if (rec->kind == IOASB_REC_ALLOWED)
			s->allowed[i][k]++;
		else
			s->claim[i][k] += rec->range.id;
	}
}

static void see_pages(struct run *r, struct seen *s, const struct ioasb_rec *rec)
{
	unsigned int o = object_of(s, rec->id), k, n = 0;

	for (k = 0; k < r->m.object[o].n; k++)
		n += s->needed[o][k];
	EQ(rec->pages.user_va, (uintptr_t)r->buf + r->m.object[o].base * PAGE);
	EQ(rec->pages.npages, r->m.object[o].n);
	EQ(rec->pages.writeable, r->m.object[o].writeable);
	EQ(rec->pages.npinned, n);
	EQ(rec->pages.ncharged, n);
	s->npages++;
}

static void see_pinned(struct seen *s, const struct ioasb_rec *rec)
{
	unsigned int o = object_of(s, rec->id), k;

	for (k = 0; k < rec->pinned.npages; k++)
		s->pinned[o][rec->pinned.first_page + k]++;
}

static void see_ioas(struct run *r, const struct ioasb_rec *rec)
{
	int i = index_of(r->ioas, M_IOAS, rec->id);
	const struct m_ioas *m = &r->m.ioas[i];
	unsigned int k, d, areas = 0, pages = 0, devices = 0;

	for (k = 0; k < M_PAGES; k++) {
		pages += !!m->cell[k].area;
		areas += m->cell[k].area && (!k || m->cell[k].area != m->cell[k - 1].area);
	}
	for (d = 0; d < M_DEVICES; d++)
		devices += r->m.device[d].ioas == i;
	EQ(rec->ioas.areas, areas);
	EQ(rec->ioas.mapped, pages * PAGE);
	EQ(rec->ioas.devices, devices);
	EQ(rec->ioas.alignment, m_align(&r->m, i) * PAGE);
}

static void see(struct run *r, struct seen *s, const struct ioasb_rec *rec)
{
	int d;

	switch (rec->kind) {
	case IOASB_REC_DEVICE:
		d = index_of(r->device, M_DEVICES, rec->id);
		EQ(rec->device.ioas_id, r->m.device[d].ioas < 0 ? 0 : r->ioas[r->m.device[d].ioas]);
		break;
	case IOASB_REC_IOAS:
		see_ioas(r, rec);
		break;
	case IOASB_REC_AREA:
		see_area(r, s, rec);
		break;
	case IOASB_REC_PAGES:
		see_pages(r, s, rec);
		break;
	case IOASB_REC_PINNED:
		see_pinned(s, rec);
		break;
	default:
		see_range(r, s, rec);
	}
}

static unsigned int devices_at(const struct model *m, int i, unsigned int k)
{
	unsigned int d, n = 0;

	for (d = 0; d < M_DEVICES; d++)
		n += m->device[d].ioas == i && k >= m->device[d].first &&
		     k < m->device[d].first + m->device[d].n;
	return n;
}

static void same_ioas(const struct run *r, const struct seen *s, int i)
{
	const struct m_ioas *m = &r->m.ioas[i];
	unsigned int k;

	for (k = 0; k < M_PAGES; k++) {
		const struct m_cell *a = &m->cell[k], *b = &s->cell[i][k];

		CHECK(!a->area == !b->area, "IOAS %d, page %u", i, k);
		EQ(b->object, a->object);
		EQ(b->page, a->page);
		EQ(b->prot, a->prot);
		if (k)
			EQ(b->area == b[-1].area, a->area == a[-1].area);
		EQ(s->reserved[i][k], devices_at(&r->m, i, k));
		EQ(s->allowed[i][k], !!m->allowed[k]);
		EQ(s->claim[i][k], m->claim[k]);
	}
}

void run_compare(struct run *r)
{
	struct seen *s = calloc(1, sizeof(*s));
	struct ioasb_rec *recs;
	unsigned int i, k, n = be_dump(r->fd, 200, &recs), live = 0;

	m_pins(&r->m, s->needed);
	for (i = 0; i < n; i++)
		see(r, s, &recs[i]);
	for (i = 0; i < M_IOAS; i++)
		same_ioas(r, s, i);
	for (i = 1; i <= r->m.objects; i++) {
		if (!s->pages_id[i])
			continue;
		live++;
		for (k = 0; k < r->m.object[i].n; k++)
			EQ(s->pinned[i][k], s->needed[i][k]);
	}
	EQ(s->npages, live);
	free(recs);
	free(s);
}
