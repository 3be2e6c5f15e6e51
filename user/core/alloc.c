// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/alloc.h"

#include <stdlib.h>
#include <string.h>

static void *from_heap(size_t size, void *arg)
{
	(void)arg;
	return malloc(size);
}

static void to_heap(void *mem, void *arg)
{
	(void)arg;
	free(mem);
}

struct ioas_alloc ioas_alloc_default(void)
{
	return (struct ioas_alloc){ .alloc = from_heap, .release = to_heap };
}

void *ioas_alloc_zeroed(const struct ioas_alloc *a, size_t size)
{
	void *mem = a->alloc(size, a->arg);

	if (mem)
		memset(mem, 0, size);
	return mem;
}

void ioas_alloc_release(const struct ioas_alloc *a, void *mem)
{
	if (mem)
		a->release(mem, a->arg);
}
