// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/units.h"

#include <inttypes.h>
#include <ioascope/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *units_bytes(char buf[UNITS_LEN], uint64_t bytes)
{
	static const char suffix[] = "BKMGTPE";
	unsigned int s = 0;
	uint64_t unit = 1;

	while (s + 2 < sizeof(suffix) && bytes / unit >= 1024) {
		unit *= 1024;
		s++;
	}
	if (!s)
		snprintf(buf, UNITS_LEN, "%" PRIu64, bytes);
	else if (bytes % unit == 0)
		snprintf(buf, UNITS_LEN, "%" PRIu64 "%c", bytes / unit, suffix[s]);
	else
		snprintf(buf, UNITS_LEN, "%.2f%c", (double)bytes / unit, suffix[s]);
	return buf;
}

char *units_time(char buf[UNITS_LEN], uint64_t ns)
{
	if (ns < 1000)
		snprintf(buf, UNITS_LEN, "%" PRIu64 "ns", ns);
	else if (ns < 1000000)
		snprintf(buf, UNITS_LEN, "%.1fus", ns / 1e3);
	else if (ns < 1000000000)
		snprintf(buf, UNITS_LEN, "%.2fms", ns / 1e6);
	else
		snprintf(buf, UNITS_LEN, "%.2fs", ns / 1e9);
	return buf;
}

const char *units_prot(uint32_t prot)
{
	static const char *const names[] = { "-", "r", "w", "rw" };

	return names[prot & (IOAS_PROT_READ | IOAS_PROT_WRITE)];
}

char *units_comm(char buf[UNITS_LEN], const char *comm)
{
	int i;

	for (i = 0; i < IOAS_COMM_LEN && comm[i]; i++)
		buf[i] = comm[i] >= ' ' && comm[i] <= '~' ? comm[i] : '?';
	buf[i] = '\0';
	return buf;
}

char *units_errno(char buf[UNITS_LEN], int err)
{
	const char *name = strerrorname_np(abs(err));

	if (name)
		snprintf(buf, UNITS_LEN, "%s", name);
	else
		snprintf(buf, UNITS_LEN, "E%d", abs(err));
	return buf;
}
