// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tour.h"

bool tour_check(struct tour *t, const char *what, long long got, long long want)
{
	t->checks++;
	if (got == want)
		return true;
	t->wrong++;
	fprintf(stderr, "tour: %s: got %lld, expected %lld\n", what, got, want);
	return false;
}

uint64_t tour_va(const struct tour *t, uint64_t offset)
{
	return (uintptr_t)t->s->buffer + offset;
}

uint32_t tour_ioas(struct tour *t)
{
	uint32_t ioas = 0;

	tour_check(t, "alloc", s_alloc(t->s, &ioas), 0);
	return ioas;
}

void tour_destroy(struct tour *t, uint32_t ioas)
{
	tour_check(t, "destroy", s_destroy(t->s, ioas), 0);
}

void tour_map(struct tour *t, const char *what, uint32_t ioas, uint64_t offset, uint64_t size,
	      uint32_t prot, int want)
{
	uint64_t iova = IOVA_BASE + offset;

	tour_check(t, what, s_map(t->s, ioas, FD_MAP_FIXED | prot, tour_va(t, offset), size, &iova),
		   want);
}

void tour_copy(struct tour *t, const char *what, uint32_t dst, uint64_t to, uint32_t src,
	       uint64_t from, uint64_t size, uint32_t prot, int want)
{
	uint64_t iova = IOVA_BASE + to;

	tour_check(t, what,
		   s_copy(t->s, dst, src, FD_MAP_FIXED | prot, IOVA_BASE + from, size, &iova),
		   want);
}

void tour_unmap(struct tour *t, const char *what, uint32_t ioas, uint64_t offset, uint64_t size,
		int want, uint64_t gone)
{
	uint64_t returned = 0;

	if (tour_check(t, what, s_unmap(t->s, ioas, IOVA_BASE + offset, size, &returned), want) &&
	    !want)
		tour_check(t, what, (long long)returned, (long long)gone);
}

int scenario_tour(struct session *s)
{
	struct tour t = { .s = s };
	int ret = session_buffer(s, TOUR_BUFFER);

	if (ret)
		return ret;
	tour_maps(&t);
	tour_unmaps(&t);
	tour_copies(&t);
	tour_chosen(&t);
	tour_ranges(&t);
	tour_options(&t);
	tour_devices(&t);
	tour_page_tables(&t);
	tour_page_tables_refused(&t);
	tour_dma(&t);
	tour_memory(&t);
	if (s->nmediated) {
		tour_accesses(&t);
		tour_pins(&t);
		tour_notified(&t);
		tour_pins_and_devices(&t);
		tour_rw(&t);
	}
	fprintf(stderr, "tour: %u checks, %u wrong, %u unlike the model\n", t.checks, t.wrong,
		s->wrong);
	return t.wrong || s->wrong ? -EPROTO : 0;
}
