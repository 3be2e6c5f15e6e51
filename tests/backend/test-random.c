// SPDX-License-Identifier: GPL-2.0-or-later
/* Random calls, each compared with the model: the answer, and then the whole dump. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "random.h"

static uint32_t random_prot(struct rng *rng)
{
	static const uint32_t prots[] = { IOASB_READABLE, IOASB_WRITEABLE, RW_PROT, RW_PROT };

	return prots[rng_below(rng, ARRAY_SIZE(prots))];
}

/* Mostly short, often where devices with larger pages do not mind. */
static void random_span(struct rng *rng, unsigned int max, unsigned int *at, unsigned int *n)
{
	*n = 1 + rng_below(rng, rng_percent(rng, 80) ? 12 : max);
	*at = rng_below(rng, max);
	if (rng_percent(rng, 60)) {
		*n = (*n + 3) & ~3U;
		*at &= ~3U;
	}
	if (*n > max - *at)
		*n = max - *at;
}

static int some_claim(struct run *r, int ioas)
{
	return rng_percent(&r->rng, 30) ? r->m.ioas[ioas].claim[rng_below(&r->rng, M_PAGES)] : 0;
}

/* False if the kernel would choose from addresses that the model does not have. */
static bool random_place(struct run *r, int ioas, struct m_place *p)
{
	random_span(&r->rng, M_PAGES, &p->at, &p->n);
	p->fixed = rng_percent(&r->rng, 70);
	p->claim = some_claim(r, ioas);
	p->prot = random_prot(&r->rng);
	return p->fixed || p->claim || m_any_allowed(&r->m.ioas[ioas]);
}

static uint32_t place_flags(const struct m_place *p)
{
	return p->prot | (p->fixed ? IOASB_FIXED : 0);
}

static void chosen(struct m_place *p, int ioas, int rc, uint64_t iova)
{
	p->chosen = !rc && !p->fixed;
	if (p->chosen)
		p->at = (iova - run_bases[ioas]) / PAGE;
}

static void do_map(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS), rc;
	unsigned int memory = rng_below(&r->rng, M_BUFFER);
	struct ioasb_map c = { .size = sizeof(c), .ioas_id = r->ioas[i] };
	struct m_place p;

	if (!random_place(r, i, &p))
		return;
	if (p.n > M_BUFFER - memory)
		p.n = M_BUFFER - memory;
	c.flags = place_flags(&p);
	c.reservation = p.claim;
	c.user_va = (uintptr_t)r->buf + memory * PAGE;
	c.length = p.n * PAGE;
	c.iova = run_address(i, p.at);
	rc = be_call(r->fd, IOASB_MAP, &c);
	chosen(&p, i, rc, c.iova);
	EQ(rc, m_map(&r->m, i, &p, memory));
}

static void do_copy(struct run *r)
{
	int src = rng_below(&r->rng, M_IOAS), dst = rng_below(&r->rng, M_IOAS), rc;
	struct ioasb_copy c = { .size = sizeof(c),
				.src_ioas_id = r->ioas[src],
				.dst_ioas_id = r->ioas[dst] };
	unsigned int from, n;
	struct m_place p;

	if (!random_place(r, dst, &p))
		return;
	random_span(&r->rng, M_PAGES, &from, &n);
	p.n = n < M_PAGES - p.at ? n : M_PAGES - p.at;
	c.flags = place_flags(&p);
	c.reservation = p.claim;
	c.length = p.n * PAGE;
	c.dst_iova = run_address(dst, p.at);
	c.src_iova = run_address(src, from);
	rc = be_call(r->fd, IOASB_COPY, &c);
	chosen(&p, dst, rc, c.dst_iova);
	EQ(rc, m_copy(&r->m, dst, &p, src, from));
}

static void do_unmap(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS), rc;
	unsigned int first, n, pages;
	uint64_t unmapped;

	random_span(&r->rng, M_PAGES, &first, &n);
	rc = be_unmap(r->fd, r->ioas[i], run_address(i, first), n * PAGE, &unmapped);
	EQ(rc, m_unmap(&r->m, i, first, n, &pages));
	EQ(unmapped, pages * PAGE);
}

static void do_unmap_all(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS);
	unsigned int pages;
	uint64_t unmapped;

	if (rng_percent(&r->rng, 50))
		EQ(be_unmap_all(r->fd, r->ioas[i], &unmapped), 0);
	else
		EQ(be_unmap(r->fd, r->ioas[i], 0, TOP, &unmapped), 0);
	m_unmap_all(&r->m, i, &pages);
	EQ(unmapped, pages * PAGE);
}

static void do_attach(struct run *r)
{
	int d = rng_below(&r->rng, M_DEVICES), i = rng_below(&r->rng, M_IOAS);
	bool replace = rng_percent(&r->rng, 40);
	int rc = be_attach(r->fd, r->device[d], r->ioas[i], replace ? IOASB_ATTACH_REPLACE : 0);

	EQ(rc, m_attach(&r->m, d, i, replace));
}

static void do_detach(struct run *r)
{
	int d = rng_below(&r->rng, M_DEVICES);

	EQ(be_detach(r->fd, r->device[d]), m_detach(&r->m, d));
}

static void do_allow(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS);
	struct ioasb_iova_range list[3];
	unsigned int allowed[M_PAGES] = {}, n = rng_below(&r->rng, 4), k, at = 0, p;

	for (k = 0; k < n; k++) {
		unsigned int first = at + rng_below(&r->rng, 20);
		unsigned int end = first + 1 + rng_below(&r->rng, 30);

		if (end > M_PAGES)
			break;
		list[k].start = run_address(i, first);
		list[k].last = run_address(i, first) + ((end - first) * PAGE - 1);
		for (p = first; p < end; p++)
			allowed[p] = k + 1;
		at = end;
	}
	EQ(be_allow(r->fd, r->ioas[i], list, k), m_allow(&r->m, i, allowed));
}

static void do_reserve(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS), rc;
	struct m_place p;
	uint32_t id = 0;
	uint64_t iova;

	if (!random_place(r, i, &p))
		return;
	p.claim = 0;
	if (!p.fixed && !m_any_allowed(&r->m.ioas[i]))
		return;
	iova = run_address(i, p.at);
	rc = be_reserve(r->fd, r->ioas[i], p.fixed ? IOASB_FIXED : 0, p.n * PAGE, &iova, &id);
	chosen(&p, i, rc, iova);
	EQ(rc, m_reserve(&r->m, i, &p, id));
}

static void do_release(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS);
	unsigned int id = r->m.ioas[i].claim[rng_below(&r->rng, M_PAGES)];

	if (id)
		EQ(be_release(r->fd, r->ioas[i], id), m_release(&r->m, i, id));
}

static void do_access(struct run *r)
{
	int i = rng_below(&r->rng, M_IOAS), rc;
	unsigned int at = rng_below(&r->rng, M_PAGES), offset = rng_below(&r->rng, PAGE);
	bool write = rng_percent(&r->rng, 50);
	unsigned char byte = rng_next(&r->rng);
	unsigned int memory;

	rc = be_rw(r->fd, r->ioas[i], write, run_address(i, at) + offset, &byte, 1, NULL);
	EQ(rc, m_access(&r->m, i, at, write, &memory));
	if (!rc)
		EQ((unsigned char)r->buf[memory * PAGE + offset], byte);
}

static void (*const ops[])(struct run *r) = {
	do_map,	  do_map,     do_map,	  do_map,    do_copy,	do_copy,   do_copy,
	do_unmap, do_unmap,   do_unmap,	  do_unmap,  do_attach, do_attach, do_detach,
	do_allow, do_reserve, do_release, do_access, do_access,
};

static void start(struct run *r, unsigned int round)
{
	static const struct m_device devices[M_DEVICES] = { { -1, 1, 40, 0 },
							    { -1, 1, 60, 3 },
							    { -1, 4, 80, 8 } };
	/* Half of the rounds: three different modes, else one for all. */
	unsigned int i, mode = rng_below(&r->rng, 4);

	r->m = (struct model){};
	memcpy(r->m.device, devices, sizeof(devices));
	for (i = 100; i < 104; i++)
		r->m.bad[i] = true;
	r->fd = be_open();
	for (i = 0; i < M_IOAS; i++) {
		r->m.ioas[i].mode = round & 1 ? mode : (mode + i) % 4;
		r->ioas[i] = be_ioas(r->fd, r->m.ioas[i].mode, IOASB_ACCOUNT_USER);
	}
	for (i = 0; i < M_DEVICES; i++) {
		struct ioasb_iova_range reserved[M_IOAS];
		unsigned int k;

		for (k = 0; k < M_IOAS; k++) {
			reserved[k].start = run_address(k, devices[i].first);
			reserved[k].last = reserved[k].start + devices[i].n * PAGE - 1;
		}
		r->device[i] = be_device(r->fd, devices[i].align * PAGE, 0, TOP, reserved,
					 devices[i].n ? M_IOAS : 0);
	}
}

void test_random(void)
{
	static struct run r;
	unsigned int rounds = be_scaled(40, 3), round, k;

	r.rng.state = be_seed;
	r.buf = be_memory(M_BUFFER * PAGE);
	EQ(mprotect(r.buf + 100 * PAGE, 4 * PAGE, PROT_NONE), 0);
	for (round = 0; round < rounds; round++) {
		start(&r, round);
		for (k = 0; k < 250; k++) {
			if (rng_percent(&r.rng, 2))
				do_unmap_all(&r);
			else
				ops[rng_below(&r.rng, ARRAY_SIZE(ops))](&r);
			run_compare(&r);
		}
		close(r.fd);
		EQ(be_status("VmPin:"), 0);
	}
}
