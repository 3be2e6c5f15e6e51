// SPDX-License-Identifier: GPL-2.0-or-later
#include "args.h"

#include <errno.h>
#include <stdlib.h>

#include "util.h"

bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end && *text != '-';
}

bool parse_count(const char *text, unsigned int *value)
{
	uint64_t number;

	if (!parse_number(text, &number) || !number || number > 100000000)
		return false;
	*value = (unsigned int)number;
	return true;
}

bool parse_bytes(const char *text, uint64_t *value)
{
	unsigned int shift = 0;
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno || end == text || *text == '-')
		return false;
	if (*end == 'K' || *end == 'M' || *end == 'G') {
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30;
		end++;
	}
	if (*end || *value > (1ULL << 40) >> shift)
		return false;
	*value <<= shift;
	return *value && !(*value % PAGE);
}
