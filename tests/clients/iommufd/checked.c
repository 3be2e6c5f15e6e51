// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each operation, asked of the model and of the kernel.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "checked.h"

static void differ(struct session *s, const char *what, uint64_t a, uint64_t b, long long got,
		   long long want)
{
	s->wrong++;
	fprintf(stderr, "op %u: %s (%#llx, %#llx): got %lld, expected %lld\n", s->op, what,
		(unsigned long long)a, (unsigned long long)b, got, want);
}

int checked(struct session *s, const char *what, uint64_t a, uint64_t b, int got, int want)
{
	s->refused += !!got;
	if (s->modelled && got != want)
		differ(s, what, a, b, got, want);
	return got;
}

void checked_number(struct session *s, const char *what, uint64_t a, uint64_t got, uint64_t want)
{
	if (s->modelled && got != want)
		differ(s, what, a, 0, (long long)got, (long long)want);
}

int s_alloc(struct session *s, uint32_t *ioas)
{
	int ret = fd_alloc(&s->fd, ioas);

	if (!ret)
		ret = model_alloc(&s->model, *ioas);
	return checked(s, "alloc", 0, 0, ret, 0);
}

int s_destroy(struct session *s, uint32_t id)
{
	int want = model_destroy(&s->model, id);

	return checked(s, "destroy", id, 0, fd_destroy(&s->fd, id), want);
}

int s_query(struct session *s, uint32_t ioas, struct fd_ranges *ranges)
{
	struct ioas *model = model_ioas(&s->model, ioas);
	struct fd_ranges want;
	int ret = fd_query(&s->fd, ioas, FD_RANGES_MAX, ranges);
	unsigned int i;

	checked(s, "query", ioas, 0, ret, model ? 0 : -ENOENT);
	if (ret || !model)
		return ret;
	model_ranges(&s->model, model, &want);
	checked_number(s, "query: alignment", ioas, ranges->alignment, want.alignment);
	checked_number(s, "query: ranges", ioas, ranges->n, want.n);
	for (i = 0; i < ranges->n && i < want.n; i++) {
		checked_number(s, "query: start", i, ranges->range[i].start, want.range[i].start);
		checked_number(s, "query: last", i, ranges->range[i].last, want.range[i].last);
	}
	return ret;
}

int s_allow(struct session *s, uint32_t ioas, const struct fd_range *ranges, unsigned int n)
{
	int want = model_allow(&s->model, ioas, ranges, n);

	return checked(s, "allow", ioas, n, fd_allow(&s->fd, ioas, ranges, n), want);
}

int s_huge_pages(struct session *s, uint32_t ioas, uint64_t value)
{
	int want = model_huge_pages(&s->model, ioas, value);

	return checked(s, "huge pages", ioas, value,
		       fd_set_option(&s->fd, FD_OPTION_HUGE_PAGES, ioas, value), want);
}

/*
 * A read-only map of memory that was never written may pin a page that a later write replaces:
 * write first, as a user who means the device to read something would have.
 */
void checked_touch(const struct session *s, uint64_t va, uint64_t size)
{
	uint64_t start = (uintptr_t)s->buffer;

	if (va >= start && va < start + s->buffer_bytes && size <= start + s->buffer_bytes - va)
		(void)!madvise((void *)(uintptr_t)page_down(va), size, MADV_POPULATE_WRITE);
}

int s_map(struct session *s, uint32_t ioas, uint32_t flags, uint64_t va, uint64_t size,
	  uint64_t *iova)
{
	uint64_t asked = *iova, place = *iova;
	int want = 0, got;

	if (s->modelled)
		want = model_map(&s->model, ioas, flags, va, size, &place);
	if (!(flags & FD_MAP_WRITE))
		checked_touch(s, va, size);
	got = checked(s, "map", asked, size, fd_map(&s->fd, ioas, flags, va, size, iova), want);
	if (!got && !want)
		checked_number(s, "map: place", asked, *iova, place);
	return got;
}

int s_copy(struct session *s, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova,
	   uint64_t size, uint64_t *iova)
{
	uint64_t place = *iova;
	int want = 0, got;

	if (s->modelled)
		want = model_copy(&s->model, dst, src, flags, src_iova, size, &place);
	got = checked(s, "copy", src_iova, size,
		      fd_copy(&s->fd, dst, src, flags, src_iova, size, iova), want);
	if (!got && !want)
		checked_number(s, "copy: place", src_iova, *iova, place);
	return got;
}

int s_unmap(struct session *s, uint32_t ioas, uint64_t iova, uint64_t size, uint64_t *returned)
{
	uint64_t gone = 0;
	int want = 0, got;

	if (s->modelled)
		want = model_unmap(&s->model, ioas, iova, size, &gone);
	got = checked(s, "unmap", iova, size, fd_unmap(&s->fd, ioas, iova, size, returned), want);
	if (!got && !want)
		checked_number(s, "unmap: bytes", iova, *returned, gone);
	return got;
}

int s_hwpt(struct session *s, struct cdev *dev, uint32_t pt, uint32_t *hwpt)
{
	int got = fd_hwpt(&s->fd, dev->id, pt, 0, hwpt);

	return checked(s, "hwpt", pt, 0, got, model_new_hwpt(&s->model, pt, got ? 0 : *hwpt));
}

int s_attach(struct session *s, struct cdev *dev, uint32_t pt)
{
	int want = model_attach(&s->model, session_model_device(s, dev), pt);

	return checked(s, "attach", pt, 0, cdev_attach(dev, pt), want);
}

int s_detach(struct session *s, struct cdev *dev)
{
	model_detach(session_model_device(s, dev));
	return checked(s, "detach", dev->id, 0, cdev_detach(dev), 0);
}
