// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target over files, without libFuzzer: the arguments are files.
 * An input that crashes ends the program, so the name is told first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static uint8_t *load(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *bytes;
	long end;

	if (!in || fseek(in, 0, SEEK_END) || (end = ftell(in)) < 0 || fseek(in, 0, SEEK_SET))
		return NULL;
	/* Exactly as large, so that the sanitizer sees a read behind it. */
	bytes = malloc((size_t)end + !end);
	*size = (size_t)end;
	if (!bytes || fread(bytes, 1, *size, in) != *size)
		return NULL;
	fclose(in);
	return bytes;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t size;
		uint8_t *bytes = load(argv[i], &size);

		if (!bytes) {
			perror(argv[i]);
			return 1;
		}
		fprintf(stderr, "%s\n", argv[i]);
		LLVMFuzzerTestOneInput(bytes, size);
		free(bytes);
	}
	return 0;
}
