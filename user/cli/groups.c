// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/groups.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static void name_user(struct explain_user *u, const char *sysfs)
{
	const struct dirent *entry;
	char name[sizeof(u->name)] = "", path[256];
	size_t devices = 0;
	DIR *dir;

	if (!u->has_group || u->name[0])
		return;
	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%u/devices", sysfs ? sysfs : "/sys",
		 u->group);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		devices++;
		/* A name that does not fit would be another device's. */
		if (strlen(entry->d_name) < sizeof(name))
			strcpy(name, entry->d_name);
	}
	/* Of several nobody can tell which one is meant. */
	if (devices == 1)
		strcpy(u->name, name);
	closedir(dir);
}

void groups_name(struct explanation *x, const char *sysfs)
{
	for (size_t i = 0; i < x->nreasons; i++)
		name_user(&x->reasons[i].user, sysfs);
	for (size_t i = 0; i < x->ncauses && i < EXPLAIN_CAUSES; i++)
		name_user(&x->causes[i].user, sysfs);
}
