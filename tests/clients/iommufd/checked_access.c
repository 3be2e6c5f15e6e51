// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each operation of a mediated device, asked of the model and of the kernel.
 */
#include <errno.h>
#include <string.h>

#include "checked.h"

int s_access_attach(struct session *s, unsigned int n, uint32_t ioas)
{
	int want = 0;

	if (s->modelled)
		want = model_access_attach(&s->model, &s->model.access[n], ioas);
	return checked(s, "attach an access", ioas, 0, cdev_attach(&s->mediated[n], ioas), want);
}

int s_access_detach(struct session *s, unsigned int n)
{
	if (s->modelled)
		model_access_detach(&s->model.access[n]);
	return checked(s, "detach an access", n, 0, cdev_detach(&s->mediated[n]), 0);
}

int s_pin(struct session *s, unsigned int n, uint64_t iova, uint64_t npages, uint32_t prot)
{
	uint32_t flags = (prot & IOAS_TEST_READ ? FD_MAP_READ : 0) |
			 (prot & IOAS_TEST_WRITE ? FD_MAP_WRITE : 0);
	int want = 0;

	if (s->modelled)
		want = model_pin(&s->model.access[n], iova, npages * PAGE, flags);
	return checked(s, "pin", iova, npages * PAGE,
		       testdev_pin(&s->testdev[n], iova, npages, prot), want);
}

int s_unpin(struct session *s, unsigned int n, uint64_t iova, uint64_t npages)
{
	int want = 0;

	if (s->modelled)
		want = model_unpin(&s->model.access[n], iova, npages * PAGE);
	return checked(s, "unpin", iova, npages * PAGE, testdev_unpin(&s->testdev[n], iova, npages),
		       want);
}

/* Between @bytes and the memory of an IOVA range, by the model's areas, which it covers. */
static void move(const struct ioas *ioas, uint64_t iova, uint64_t size, uint8_t *bytes, bool write)
{
	while (size) {
		const struct area *area = model_area(ioas, iova);
		uint64_t skip = iova - area->iova, n = min_u64(size, area->size - skip);
		void *memory = (void *)(uintptr_t)(area->va + skip);

		if (write)
			memcpy(memory, bytes, n);
		else
			memcpy(bytes, memory, n);
		bytes += n;
		iova += n;
		size -= n;
	}
}

int s_rw(struct session *s, unsigned int n, uint64_t iova, uint64_t size, bool write)
{
	uint8_t *moved cleanup_free = malloc(size + 1), *there cleanup_free = malloc(size + 1);
	int want = 0, got;

	if (!moved || !there)
		return -ENOMEM;
	if (s->modelled)
		want = model_rw(&s->model.access[n], iova, size,
				write ? FD_MAP_WRITE : FD_MAP_READ);
	for (uint64_t i = 0; i < size; i++)
		moved[i] = (uint8_t)rng_next(&s->pattern);
	got = checked(s, write ? "write" : "read", iova, size,
		      testdev_rw(&s->testdev[n], iova, moved, size, write), want);
	if (!s->modelled || got || want)
		return got;
	move(s->model.access[n].ioas, iova, size, there, false);
	if (write) {
		/* Where areas show the same memory, what is written later is what stays. */
		move(s->model.access[n].ioas, iova, size, moved, true);
		move(s->model.access[n].ioas, iova, size, moved, false);
	}
	checked(s, write ? "write: bytes" : "read: bytes", iova, size, !!memcmp(moved, there, size),
		0);
	return got;
}
