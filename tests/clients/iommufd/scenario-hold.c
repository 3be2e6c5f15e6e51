// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A few typical areas in two IOASes, one with the first device and one without any, that share
 * memory; and nothing more.
 */
#include <stdio.h>
#include <string.h>

#include "session.h"

int scenario_hold(struct session *s)
{
	const uint64_t size = min_u64(s->opt->max_size, 64 * MIB);
	uint64_t iova = IOVA_BASE, copy = IOVA_BASE + GIB, chosen = 0;
	uint32_t cache, used;
	uint64_t va;
	int ret;

	ret = session_buffer(s, max_u64(2 * size, s->opt->buffer));
	va = (uintptr_t)s->buffer;
	if (!ret)
		ret = s_alloc(s, &cache);
	if (!ret)
		ret = s_alloc(s, &used);
	if (!ret)
		ret = s_map(s, cache, FD_MAP_FIXED | MAP_RW, va, size, &iova);
	if (!ret)
		ret = s_attach(s, &s->devices[0], used);
	if (!ret)
		ret = s_copy(s, used, cache, FD_MAP_FIXED | MAP_RW, iova, size, &copy);
	if (!ret)
		ret = s_copy(s, used, cache, FD_MAP_READ, iova, size, &chosen);
	if (!ret)
		ret = s_map(s, used, MAP_RW, va + size, size, &chosen);
	if (ret)
		fprintf(stderr, "hold: %s\n", strerror(-ret));
	return ret;
}
