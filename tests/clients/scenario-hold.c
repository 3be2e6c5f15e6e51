// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A few typical areas, and nothing more.
 */
#include <stdio.h>
#include <string.h>

#include "client.h"

int scenario_hold(struct client *client)
{
	const struct {
		uint64_t offset;
		uint64_t size;
		uint32_t flags;
	} areas[] = {
		{ 0, 2 * MIB, CLIENT_RW },
		{ 4 * MIB, 64 * KIB, CLIENT_R },
		{ 8 * MIB, 64 * KIB, CLIENT_W },
		{ GIB, min_u64(client->opt->max_size, GIB), CLIENT_RW },
	};
	uint64_t va, bytes = 0;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(areas); i++)
		bytes += areas[i].size;
	ret = client_buffer(client, max_u64(bytes, client->opt->buffer));
	va = (uintptr_t)client->buffer;
	for (i = 0; i < ARRAY_SIZE(areas) && !ret; i++) {
		ret = client_map(client, CLIENT_IOVA_BASE + areas[i].offset, areas[i].size, va,
				 areas[i].flags);
		va += areas[i].size;
	}
	if (ret)
		fprintf(stderr, "hold: map: %s\n", strerror(-ret));
	return ret;
}
