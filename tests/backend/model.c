// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.h"

#include <errno.h>
#include <string.h>

unsigned int m_align(const struct model *m, int ioas)
{
	unsigned int d, align = 1;

	for (d = 0; d < M_DEVICES; d++)
		if (m->device[d].ioas == ioas && m->device[d].align > align)
			align = m->device[d].align;
	return align;
}

bool m_attached(const struct model *m, int ioas)
{
	unsigned int d;

	for (d = 0; d < M_DEVICES; d++)
		if (m->device[d].ioas == ioas)
			return true;
	return false;
}

bool m_any_allowed(const struct m_ioas *i)
{
	unsigned int p;

	for (p = 0; p < M_PAGES; p++)
		if (i->allowed[p])
			return true;
	return false;
}

static bool reserved(const struct model *m, int ioas, unsigned int page)
{
	const struct m_device *d;

	for (d = m->device; d < m->device + M_DEVICES; d++)
		if (d->ioas == ioas && page >= d->first && page < d->first + d->n)
			return true;
	return false;
}

static bool claim_exists(const struct m_ioas *i, unsigned int id)
{
	unsigned int p;

	for (p = 0; p < M_PAGES; p++)
		if (i->claim[p] == id)
			return true;
	return false;
}

static int check_claims(const struct m_ioas *i, const struct m_place *p)
{
	unsigned int k;

	if (p->claim && !claim_exists(i, p->claim))
		return -ENOENT;
	for (k = p->at; k < p->at + p->n; k++)
		if (i->claim[k] != p->claim)
			return p->claim ? -EINVAL : -EADDRINUSE;
	return 0;
}

static int may_fix(const struct model *m, int ioas, const struct m_place *p)
{
	const struct m_ioas *i = &m->ioas[ioas];
	unsigned int k;

	if (p->at % m_align(m, ioas))
		return -EINVAL;
	for (k = p->at; k < p->at + p->n; k++)
		if (reserved(m, ioas, k))
			return -EINVAL;
	for (k = p->at; k < p->at + p->n; k++)
		if (i->cell[k].area)
			return -EEXIST;
	return check_claims(i, p);
}

static bool may_choose(const struct model *m, int ioas, const struct m_place *p, unsigned int at)
{
	const struct m_ioas *i = &m->ioas[ioas];
	struct m_place fixed = *p;
	unsigned int k;

	fixed.at = at;
	if (at + p->n > M_PAGES || may_fix(m, ioas, &fixed))
		return false;
	if (p->claim)
		return true;
	for (k = at; k < at + p->n; k++)
		if (!i->allowed[k] || i->allowed[k] != i->allowed[at])
			return false;
	return true;
}

int m_may_place(const struct model *m, int ioas, const struct m_place *p)
{
	unsigned int at;

	if (!p->n || p->n % m_align(m, ioas))
		return -EINVAL;
	if (p->fixed)
		return may_fix(m, ioas, p);
	if (p->claim && !claim_exists(&m->ioas[ioas], p->claim))
		return -ENOENT;
	for (at = 0; at + p->n <= M_PAGES; at++)
		if (may_choose(m, ioas, p, at))
			return 0;
	return -ENOSPC;
}

/* The areas of cells, which begin at p->at, as they would be in the IOAS. */
static int put(struct model *m, int ioas, const struct m_place *p, const struct m_cell *cells)
{
	unsigned int align = m_align(m, ioas), k;
	struct m_cell *to = m->ioas[ioas].cell;

	for (k = 0; k < p->n; k++)
		if ((!k || cells[k].area != cells[k - 1].area) && (p->at + k) % align)
			return -EINVAL;
	for (k = 0; k < p->n; k++)
		if (m_attached(m, ioas) && m->bad[m->object[cells[k].object].base + cells[k].page])
			return -EFAULT;
	for (k = 0; k < p->n; k++) {
		to[p->at + k] = cells[k];
		to[p->at + k].prot = p->prot;
		if (!k || cells[k].area != cells[k - 1].area)
			m->areas++;
		to[p->at + k].area = m->areas;
	}
	return 0;
}

/* If the kernel has found room and then failed, it does not matter where. */
static int place(const struct model *m, int ioas, struct m_place *p)
{
	int rc = m_may_place(m, ioas, p);

	if (rc || p->fixed)
		return rc;
	if (p->chosen)
		CHECK(may_choose(m, ioas, p, p->at), "page %u of %u", p->at, p->n);
	else
		for (p->at = 0; !may_choose(m, ioas, p, p->at); p->at++)
			;
	return 0;
}

int m_map(struct model *m, int ioas, struct m_place *p, unsigned int memory)
{
	struct m_cell cells[M_PAGES] = {};
	unsigned int k;
	int rc = place(m, ioas, p);

	if (rc)
		return rc;
	CHECK(m->objects < M_OBJECTS - 1);
	m->objects++;
	m->object[m->objects] = (struct m_object){ memory, p->n, p->prot & IOASB_WRITEABLE };
	for (k = 0; k < p->n; k++)
		cells[k] = (struct m_cell){ 1, m->objects, k, 0 };
	return put(m, ioas, p, cells);
}

int m_copy(struct model *m, int dst, struct m_place *p, int src, unsigned int from)
{
	struct m_cell cells[M_PAGES];
	unsigned int k;
	int rc;

	/* In the order of the addresses: a hole, or memory that may not be written to. */
	memcpy(cells, m->ioas[src].cell + from, p->n * sizeof(*cells));
	for (k = 0; k < p->n; k++) {
		if (!cells[k].area)
			return -ENOENT;
		if ((p->prot & IOASB_WRITEABLE) && !m->object[cells[k].object].writeable)
			return -EPERM;
	}
	rc = place(m, dst, p);
	return rc ? rc : put(m, dst, p, cells);
}

static unsigned int clear(struct m_ioas *i, unsigned int first, unsigned int end)
{
	unsigned int k, n = 0;

	for (k = first; k < end; k++) {
		n += !!i->cell[k].area;
		i->cell[k] = (struct m_cell){};
	}
	return n;
}

/* Where the area of a page begins, and where it ends. */
static unsigned int begin_of(const struct m_ioas *i, unsigned int k)
{
	while (k && i->cell[k - 1].area == i->cell[k].area)
		k--;
	return k;
}

static unsigned int end_of(const struct m_ioas *i, unsigned int k)
{
	unsigned int area = i->cell[k].area;

	while (k < M_PAGES && i->cell[k].area == area)
		k++;
	return k;
}

static int unmap_exact(struct m_ioas *i, unsigned int first, unsigned int n, unsigned int *unmapped)
{
	if (!i->cell[first].area || begin_of(i, first) != first || end_of(i, first) != first + n)
		return -ENOENT;
	*unmapped = clear(i, first, first + n);
	return 0;
}

/* What came before the one that does not fit is gone. */
static int unmap_cover(struct m_ioas *i, unsigned int first, unsigned int n, unsigned int *unmapped)
{
	unsigned int k, end;

	for (k = first; k < first + n; k = end) {
		end = k + 1;
		if (!i->cell[k].area)
			continue;
		end = end_of(i, k);
		if (begin_of(i, k) < first || end > first + n)
			return -ENOENT;
		*unmapped += clear(i, k, end);
	}
	return *unmapped ? 0 : -ENOENT;
}

static int unmap_first(struct m_ioas *i, unsigned int first, unsigned int n, unsigned int *unmapped)
{
	unsigned int k;

	if (i->cell[first].area && begin_of(i, first) < first)
		return 0;
	for (k = first; k < first + n; k++)
		if (i->cell[k].area)
			*unmapped += clear(i, k, end_of(i, k));
	return 0;
}

/* The area that reaches over page k becomes two there. */
static void cut(struct model *m, struct m_ioas *i, unsigned int k)
{
	unsigned int end;

	if (!k || k >= M_PAGES || !i->cell[k].area || begin_of(i, k) == k)
		return;
	end = end_of(i, k);
	m->areas++;
	for (; k < end; k++)
		i->cell[k].area = m->areas;
}

static int unmap_any(struct model *m, int ioas, unsigned int first, unsigned int n,
		     unsigned int *unmapped)
{
	struct m_ioas *i = &m->ioas[ioas];

	if (first % m_align(m, ioas) || n % m_align(m, ioas))
		return -EINVAL;
	cut(m, i, first);
	cut(m, i, first + n);
	*unmapped = clear(i, first, first + n);
	return 0;
}

int m_unmap(struct model *m, int ioas, unsigned int first, unsigned int n, unsigned int *unmapped)
{
	struct m_ioas *i = &m->ioas[ioas];

	*unmapped = 0;
	switch (i->mode) {
	case IOASB_MODE_EXACT:
		return unmap_exact(i, first, n, unmapped);
	case IOASB_MODE_COVER:
		return unmap_cover(i, first, n, unmapped);
	case IOASB_MODE_FIRST:
		return unmap_first(i, first, n, unmapped);
	default:
		return unmap_any(m, ioas, first, n, unmapped);
	}
}

void m_unmap_all(struct model *m, int ioas, unsigned int *unmapped)
{
	*unmapped = clear(&m->ioas[ioas], 0, M_PAGES);
}

/* Whether the IOAS would do for the device. */
static int fits(const struct model *m, const struct m_device *d, int ioas)
{
	const struct m_ioas *i = &m->ioas[ioas];
	unsigned int k;

	for (k = d->first; k < d->first + d->n; k++)
		if (i->cell[k].area || i->allowed[k] || i->claim[k])
			return -EADDRINUSE;
	for (k = 0; k < M_PAGES; k++)
		if (i->cell[k].area && (begin_of(i, k) % d->align || end_of(i, k) % d->align))
			return -EADDRINUSE;
	for (k = 0; k < M_PAGES; k++)
		if (i->cell[k].area && !m_attached(m, ioas) &&
		    m->bad[m->object[i->cell[k].object].base + i->cell[k].page])
			return -EFAULT;
	return 0;
}

int m_attach(struct model *m, int device, int ioas, bool replace)
{
	struct m_device *d = &m->device[device];
	int rc;

	if (!replace && d->ioas >= 0)
		return -EBUSY;
	if (replace && d->ioas < 0)
		return -EINVAL;
	if (d->ioas == ioas)
		return 0;
	rc = fits(m, d, ioas);
	if (!rc)
		d->ioas = ioas;
	return rc;
}

int m_detach(struct model *m, int device)
{
	if (m->device[device].ioas < 0)
		return -EINVAL;
	m->device[device].ioas = -1;
	return 0;
}

int m_allow(struct model *m, int ioas, const unsigned int allowed[M_PAGES])
{
	unsigned int k;

	for (k = 0; k < M_PAGES; k++)
		if (allowed[k] && reserved(m, ioas, k))
			return -EADDRINUSE;
	memcpy(m->ioas[ioas].allowed, allowed, M_PAGES * sizeof(*allowed));
	return 0;
}

int m_reserve(struct model *m, int ioas, struct m_place *p, unsigned int id)
{
	unsigned int k;
	int rc = place(m, ioas, p);

	if (rc)
		return rc;
	for (k = p->at; k < p->at + p->n; k++)
		m->ioas[ioas].claim[k] = id;
	return 0;
}

int m_release(struct model *m, int ioas, unsigned int id)
{
	struct m_ioas *i = &m->ioas[ioas];
	unsigned int k;

	if (!claim_exists(i, id))
		return -ENOENT;
	for (k = 0; k < M_PAGES; k++)
		if (i->claim[k] == id && i->cell[k].area)
			return -EBUSY;
	for (k = 0; k < M_PAGES; k++)
		if (i->claim[k] == id)
			i->claim[k] = 0;
	return 0;
}

int m_access(const struct model *m, int ioas, unsigned int at, bool write, unsigned int *memory)
{
	const struct m_cell *c = &m->ioas[ioas].cell[at];

	if (!c->area)
		return -ENOENT;
	if (!(c->prot & (write ? IOASB_WRITEABLE : IOASB_READABLE)))
		return -EPERM;
	*memory = m->object[c->object].base + c->page;
	return m->bad[*memory] ? -EFAULT : 0;
}

void m_pins(const struct model *m, bool pinned[M_OBJECTS][M_PAGES])
{
	const struct m_cell *c;
	int i;

	for (i = 0; i < M_IOAS; i++)
		for (c = m->ioas[i].cell; c < m->ioas[i].cell + M_PAGES; c++)
			if (c->area && m_attached(m, i))
				pinned[c->object][c->page] = true;
}
