// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cgroups(7): hierarchy 0 is that of cgroup v2. */
static char *cgroup_of(FILE *in)
{
	char *line = NULL, *path = NULL;
	size_t size = 0;

	while (!path && getline(&line, &size, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::/", 4))
			path = strdup(line + 3);
	}
	free(line);
	return path;
}

int proc_cgroup(uint32_t pid, char **out)
{
	char path[64], *cgroup;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	in = fopen(path, "re");
	if (!in)
		return -errno;
	errno = ENOENT;
	cgroup = cgroup_of(in);
	fclose(in);
	if (!cgroup)
		return errno == ENOMEM ? -ENOMEM : -ENOENT;
	*out = cgroup;
	return 0;
}
