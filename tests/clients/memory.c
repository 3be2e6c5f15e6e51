// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static int spoil_over(void *at, size_t bytes)
{
	void *got = mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0);

	return got == MAP_FAILED ? -errno : 0;
}

int memory_spoil(const char *what, void *at, size_t bytes)
{
	if (!strcmp(what, "unmap"))
		return munmap(at, bytes) ? -errno : 0;
	if (!strcmp(what, "over"))
		return spoil_over(at, bytes);
	if (!strcmp(what, "move")) {
		/* Somewhere else for sure: to grow in place is no move. */
		void *to = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (to == MAP_FAILED)
			return -errno;
		to = mremap(at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		return to == MAP_FAILED ? -errno : 0;
	}
	if (!strcmp(what, "discard"))
		return madvise(at, bytes, MADV_DONTNEED) ? -errno : 0;
	return -EINVAL;
}
