// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random operations on three IOASes, each answer compared with the model. Addresses are
 * clustered, so that overlaps, neighbours and cuts through areas are frequent.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access_ops.h"
#include "random.h"

uint32_t random_ioas(struct run *run)
{
	/* Now and then one that there is not. */
	if (rng_percent(run->rng, 1))
		return 0x7fffffff;
	return run->ioas[rng_below(run->rng, RANDOM_IOASES)];
}

struct area *random_area(struct run *run, uint32_t id)
{
	struct ioas *ioas = model_ioas(&run->s->model, id);

	return ioas && ioas->n ? &ioas->areas[rng_below(run->rng, ioas->n)] : NULL;
}

uint64_t random_page(struct run *run, uint64_t bytes)
{
	return page_down(rng_below(run->rng, bytes));
}

uint64_t random_place(struct run *run, uint32_t ioas, uint64_t size)
{
	struct area *area = random_area(run, ioas);
	uint64_t dice = rng_below(run->rng, 100);

	if (area && dice < 30)
		return area->iova + area->size;
	if (area && dice < 45 && area->iova > size)
		return area->iova - size;
	if (area && dice < 55)
		return area->iova + random_page(run, area->size);
	if (dice == 99)
		return IOVA_MSI;
	return IOVA_BASE + random_page(run, run->window);
}

static uint32_t random_flags(struct run *run)
{
	static const uint32_t prots[] = { MAP_RW, MAP_RW, MAP_RW, FD_MAP_READ, FD_MAP_WRITE };

	return prots[rng_below(run->rng, ARRAY_SIZE(prots))] |
	       (rng_percent(run->rng, 65) ? FD_MAP_FIXED : 0);
}

static void random_map(struct run *run)
{
	struct session *s = run->s;
	uint32_t ioas = random_ioas(run), flags = random_flags(run);
	uint64_t size = rng_size(run->rng, run->max_size);
	uint64_t iova = random_place(run, ioas, size);
	uint64_t va = (uintptr_t)s->buffer + random_page(run, s->buffer_bytes - size + PAGE);

	switch (rng_below(run->rng, 60)) {
	case 0:
		size = 0;
		break;
	case 1:
		flags &= FD_MAP_FIXED;
		break;
	case 2:
		flags |= FD_MAP_FIXED;
		iova = 0 - PAGE;
		size = 2 * PAGE;
		break;
	case 3:
		flags |= 64;
		break;
	default:
		break;
	}
	s_map(s, ioas, flags, va, size, &iova);
}

/* A whole area, a part of one, or from one into the next. */
static void random_copy(struct run *run)
{
	uint32_t src = random_ioas(run), dst = random_ioas(run);
	struct area *area = random_area(run, src);
	uint64_t from = IOVA_BASE, size = PAGE, iova;

	if (area) {
		uint64_t dice = rng_below(run->rng, 100), skip = random_page(run, area->size);

		from = area->iova + (dice < 40 ? 0 : skip);
		size = dice < 40   ? area->size
		       : dice < 70 ? area->size - skip
				   : rng_size(run->rng, run->max_size);
	}
	iova = random_place(run, dst, size);
	s_copy(run->s, dst, src, random_flags(run), from, size, &iova);
}

static void random_unmap(struct run *run)
{
	uint32_t ioas = random_ioas(run);
	struct area *area = random_area(run, ioas);
	uint64_t dice = rng_below(run->rng, 100), gone;
	uint64_t iova = IOVA_BASE + random_page(run, run->window);
	uint64_t size = rng_size(run->rng, run->max_size);

	if (dice < 2) {
		iova = 0;
		size = UINT64_MAX;
	} else if (area && dice < 90) {
		iova = area->iova;
		size = area->size;
		if (dice >= 60) { /* wider, on one side or both */
			uint64_t less = min_u64(iova, random_page(run, run->max_size));

			iova -= less;
			size += less + random_page(run, run->max_size);
		} else if (dice >= 52) {
			iova += random_page(run, size);
		} else if (dice >= 45) {
			size = PAGE + random_page(run, size);
		}
	}
	s_unmap(run->s, ioas, iova, size, &gone);
}

static struct cdev *random_device(struct run *run)
{
	return &run->s->devices[rng_below(run->rng, run->s->ndevices)];
}

static void random_attach(struct run *run)
{
	uint32_t pt = random_ioas(run), hwpt = run->hwpt[rng_below(run->rng, RANDOM_HWPTS)];

	if (hwpt && rng_percent(run->rng, 40))
		pt = hwpt;
	s_attach(run->s, random_device(run), pt);
}

static void random_hwpt(struct run *run)
{
	uint32_t *hwpt = &run->hwpt[rng_below(run->rng, RANDOM_HWPTS)];

	if (!*hwpt)
		s_hwpt(run->s, random_device(run), random_ioas(run), hwpt);
	else if (!s_destroy(run->s, *hwpt))
		*hwpt = 0;
}

static void random_allow(struct run *run)
{
	unsigned int n = (unsigned int)rng_below(run->rng, 4), i;
	struct fd_range ranges[4];

	for (i = 0; i < n; i++) {
		ranges[i].start = IOVA_BASE + random_page(run, run->window);
		ranges[i].last = ranges[i].start + random_page(run, run->window) + PAGE - 1;
		if (rng_percent(run->rng, 5))
			ranges[i].start = IOVA_MSI;
	}
	s_allow(run->s, random_ioas(run), ranges, n);
}

static void random_new_ioas(struct run *run)
{
	uint32_t *ioas = &run->ioas[rng_below(run->rng, RANDOM_IOASES)];

	if (!s_destroy(run->s, *ioas))
		s_alloc(run->s, ioas);
}

static uint64_t mapped(const struct run *run)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < MODEL_IOASES; i++)
		sum += run->s->model.ioas[i].mapped;
	return sum;
}

static void random_step(struct run *run)
{
	bool vfio = run->s->opt->vfio != VFIO_NONE;
	uint64_t dice = rng_below(run->rng, 100);
	struct fd_ranges ranges;

	if (vfio && rng_percent(run->rng, 50))
		random_vfio(run);
	else if (run->s->nmediated && rng_percent(run->rng, 35))
		random_access(run->s, run->rng, run->ioas, RANDOM_IOASES);
	else if (mapped(run) > run->s->opt->total || dice < 30)
		random_unmap(run);
	else if (dice < 55)
		random_map(run);
	else if (dice < 76)
		random_copy(run);
	else if (dice < 82)
		random_attach(run);
	else if (dice < 85)
		s_detach(run->s, random_device(run));
	else if (dice < 88)
		random_hwpt(run);
	else if (dice < 92)
		random_allow(run);
	else if (dice < 94 && (!vfio || rng_percent(run->rng, 10)))
		s_huge_pages(run->s, random_ioas(run), rng_below(run->rng, 3));
	else if (dice < 95)
		random_new_ioas(run);
	else
		s_query(run->s, random_ioas(run), &ranges);
}

int scenario_random(struct session *s)
{
	struct run run = { .s = s, .rng = &s->rng };
	size_t areas = 0;
	unsigned int i;
	int ret;

	ret = session_buffer(s, s->opt->buffer);
	for (i = 0; i < RANDOM_IOASES && !ret; i++)
		ret = s_alloc(s, &run.ioas[i]);
	if (!ret && s->opt->vfio != VFIO_NONE)
		random_vfio_ioas(&run, run.ioas[0]);
	if (ret)
		return ret;
	run.max_size = min_u64(s->opt->max_size, s->buffer_bytes);
	run.window = 8 * max_u64(run.max_size, 64 * PAGE);
	for (s->op = 1; s->op <= s->opt->ops && !s->wrong; s->op++)
		random_step(&run);
	for (i = 0; i < MODEL_IOASES; i++)
		areas += s->model.ioas[i].n;
	fprintf(stderr, "random: seed %llu: %u operations, %u refused, %u splits, %zu areas left\n",
		(unsigned long long)s->opt->seed, s->op - 1, s->refused, s->model.splits, areas);
	return s->wrong ? -EPROTO : 0;
}
