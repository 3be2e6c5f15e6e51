// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/procmaps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVERY_NS 100000000ULL

/* The first mapping that has not ended before `va`: it holds it, or lies behind a hole. */
static void look(FILE *maps, uint64_t va, char *out, size_t size)
{
	char line[512], rights[5], path[256];
	uint64_t start, end;

	while (fgets(line, sizeof(line), maps)) {
		path[0] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %255[^\n]", &start, &end,
			   rights, path) < 3 ||
		    end <= va)
			continue;
		if (start > va)
			break;
		/* Its owner chose the name. */
		for (char *c = path; *c; c++)
			*c = *c > ' ' && *c < 0x7f ? *c : '?';
		snprintf(out, size, "%s %.60s", rights, *path ? path : "anonymous memory");
		return;
	}
	snprintf(out, size, "nothing");
}

void procmaps_name(struct explanation *x, uint32_t pid, uint64_t now_ns, uint64_t *last_ns)
{
	struct explain_reason *r = &x->reasons[0];
	char path[64];
	FILE *maps;

	if (!x->nreasons || r->what != EXPLAIN_NOT_THERE || !r->range.last ||
	    now_ns - *last_ns < EVERY_NS)
		return;
	*last_ns = now_ns;
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return;
	look(maps, r->range.iova, r->now, sizeof(r->now));
	fclose(maps);
}
