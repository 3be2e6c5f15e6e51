// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/groups.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static void name_user(struct explain_user *u)
{
	const struct dirent *entry;
	char path[64];
	DIR *dir;

	if (!u->has_group || u->name[0])
		return;
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%u/devices", u->group);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir)) && entry->d_name[0] == '.')
		;
	/* A name that does not fit would be another device's. */
	if (entry && strlen(entry->d_name) < sizeof(u->name))
		strcpy(u->name, entry->d_name);
	closedir(dir);
}

void groups_name(struct explanation *x)
{
	for (size_t i = 0; i < x->nreasons; i++)
		name_user(&x->reasons[i].user);
	for (size_t i = 0; i < x->ncauses && i < EXPLAIN_CAUSES; i++)
		name_user(&x->causes[i].user);
}
