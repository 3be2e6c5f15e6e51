// SPDX-License-Identifier: GPL-2.0-or-later
#include "be.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

unsigned int be_scaled(unsigned int n, unsigned int least)
{
	unsigned int s = n * be_scale;

	return s > least ? s : least;
}

uint32_t be_tracker;

int be_open(void)
{
	int fd = open("/dev/ioas_backend", O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0, "%s", strerror(errno));
	return fd;
}

int be_call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

uint32_t be_ioas(int fd, uint32_t mode, uint32_t account)
{
	struct ioasb_ioas_alloc c = {
		.size = sizeof(c), .mode = mode, .account = account, .tracker = be_tracker
	};

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &c), 0);
	return c.out_ioas_id;
}

uint32_t be_device(int fd, uint64_t page_size, uint64_t first, uint64_t last,
		   const struct ioasb_iova_range *reserved, unsigned int n)
{
	struct ioasb_device_alloc c = { .size = sizeof(c),
					.num_reserved = n,
					.page_size = page_size,
					.aperture_start = first,
					.aperture_last = last,
					.reserved = (uintptr_t)reserved };

	EQ(be_call(fd, IOASB_DEVICE_ALLOC, &c), 0);
	return c.out_dev_id;
}

int be_map(int fd, uint32_t ioas, uint32_t flags, void *va, uint64_t length, uint64_t *iova)
{
	struct ioasb_map c = { .size = sizeof(c),
			       .flags = flags,
			       .ioas_id = ioas,
			       .user_va = (uintptr_t)va,
			       .length = length,
			       .iova = *iova };
	int rc = be_call(fd, IOASB_MAP, &c);

	*iova = c.iova;
	return rc;
}

int be_map_at(int fd, uint32_t ioas, void *va, uint64_t length, uint64_t iova)
{
	return be_map(fd, ioas, RW_PROT | IOASB_FIXED, va, length, &iova);
}

int be_copy(int fd, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova, uint64_t length,
	    uint64_t *iova)
{
	struct ioasb_copy c = { .size = sizeof(c),
				.flags = flags,
				.dst_ioas_id = dst,
				.src_ioas_id = src,
				.length = length,
				.dst_iova = *iova,
				.src_iova = src_iova };
	int rc = be_call(fd, IOASB_COPY, &c);

	*iova = c.dst_iova;
	return rc;
}

static int unmap(int fd, struct ioasb_unmap *c, uint64_t *unmapped)
{
	int rc = be_call(fd, IOASB_UNMAP, c);

	if (unmapped)
		*unmapped = c->out_unmapped;
	return rc;
}

int be_unmap(int fd, uint32_t ioas, uint64_t iova, uint64_t length, uint64_t *unmapped)
{
	struct ioasb_unmap c = { .size = sizeof(c),
				 .ioas_id = ioas,
				 .iova = iova,
				 .length = length,
				 .out_unmapped = 0x5555 };

	return unmap(fd, &c, unmapped);
}

int be_unmap_all(int fd, uint32_t ioas, uint64_t *unmapped)
{
	struct ioasb_unmap c = { .size = sizeof(c), .flags = IOASB_UNMAP_ALL, .ioas_id = ioas };

	return unmap(fd, &c, unmapped);
}

int be_attach(int fd, uint32_t dev, uint32_t ioas, uint32_t flags)
{
	struct ioasb_attach c = {
		.size = sizeof(c), .flags = flags, .dev_id = dev, .ioas_id = ioas
	};

	return be_call(fd, IOASB_ATTACH, &c);
}

int be_detach(int fd, uint32_t dev)
{
	struct ioasb_detach c = { .size = sizeof(c), .dev_id = dev };

	return be_call(fd, IOASB_DETACH, &c);
}

int be_destroy(int fd, uint32_t id)
{
	struct ioasb_destroy c = { .size = sizeof(c), .id = id };

	return be_call(fd, IOASB_DESTROY, &c);
}

int be_client(int fd, uint32_t ioas, uint32_t flags)
{
	struct ioasb_client_alloc c = { .size = sizeof(c), .flags = flags, .ioas_id = ioas };
	int rc = be_call(fd, IOASB_CLIENT_ALLOC, &c);

	return rc ? rc : c.out_fd;
}

int be_allow(int fd, uint32_t ioas, const struct ioasb_iova_range *ranges, unsigned int n)
{
	struct ioasb_allow_iovas c = {
		.size = sizeof(c), .ioas_id = ioas, .num_iovas = n, .iovas = (uintptr_t)ranges
	};

	return be_call(fd, IOASB_ALLOW_IOVAS, &c);
}

int be_ranges(int fd, uint32_t ioas, struct ioasb_iova_range *ranges, unsigned int *n)
{
	struct ioasb_iova_ranges c = {
		.size = sizeof(c), .ioas_id = ioas, .num_iovas = *n, .iovas = (uintptr_t)ranges
	};
	int rc = be_call(fd, IOASB_IOVA_RANGES, &c);

	*n = c.num_iovas;
	return rc;
}

int be_reserve(int fd, uint32_t ioas, uint32_t flags, uint64_t length, uint64_t *iova, uint32_t *id)
{
	struct ioasb_reserve c = {
		.size = sizeof(c), .flags = flags, .ioas_id = ioas, .length = length, .iova = *iova
	};
	int rc = be_call(fd, IOASB_RESERVE, &c);

	*iova = c.iova;
	*id = c.out_reservation;
	return rc;
}

int be_release(int fd, uint32_t ioas, uint32_t id)
{
	struct ioasb_release c = { .size = sizeof(c), .ioas_id = ioas, .reservation = id };

	return be_call(fd, IOASB_RELEASE, &c);
}

int be_rw(int fd, uint32_t ioas, bool write, uint64_t iova, void *buf, uint64_t n, uint64_t *done)
{
	struct ioasb_rw c = { .size = sizeof(c),
			      .flags = write ? IOASB_RW_WRITE : 0,
			      .ioas_id = ioas,
			      .iova = iova,
			      .length = n,
			      .user_va = (uintptr_t)buf };
	int rc = be_call(fd, IOASB_RW, &c);

	if (done)
		*done = c.out_done;
	return rc;
}

unsigned int be_dump(int fd, unsigned int chunk, struct ioasb_rec **recs)
{
	struct ioasb_dump c = { .size = sizeof(c) };
	uint64_t ended = 0;
	unsigned int n = 0, room = 0;

	*recs = NULL;
	do {
		if (n + chunk > room) {
			room = 2 * room + chunk;
			*recs = realloc(*recs, room * sizeof(**recs));
			CHECK(*recs);
		}
		c.num_recs = chunk;
		c.recs = (uintptr_t)(*recs + n);
		EQ(be_call(fd, IOASB_DUMP, &c), 0);
		CHECK(c.num_recs <= chunk);
		if (!n)
			ended = c.out_ended;
		n += c.num_recs;
	} while (c.num_recs);
	EQ(ended, c.out_begun);
	return n;
}

static void add_rec(struct be_sum *s, const struct ioasb_rec *r)
{
	switch (r->kind) {
	case IOASB_REC_DEVICE:
		s->devices++;
		break;
	case IOASB_REC_IOAS:
		s->ioases++;
		s->mapped += r->ioas.mapped;
		break;
	case IOASB_REC_AREA:
		s->areas++;
		break;
	case IOASB_REC_PAGES:
		s->pages++;
		s->npinned += r->pages.npinned;
		s->ncharged += r->pages.ncharged;
		break;
	case IOASB_REC_PINNED:
		s->runs++;
		break;
	case IOASB_REC_RESERVED:
	case IOASB_REC_ALLOWED:
	case IOASB_REC_RESERVATION:
		s->ranges++;
		break;
	default:
	}
}

struct be_sum be_sum(int fd)
{
	struct ioasb_rec *recs;
	unsigned int i, n = be_dump(fd, 512, &recs);
	struct be_sum s = {};

	for (i = 0; i < n; i++)
		add_rec(&s, &recs[i]);
	free(recs);
	return s;
}

void *be_memory(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	CHECK(p != MAP_FAILED, "%s", strerror(errno));
	return p;
}

static long find_number(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long n = -1;

	CHECK(f, "%s", path);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			n = atol(line + strlen(name));
	fclose(f);
	return n;
}

long be_status(const char *name)
{
	return find_number("/proc/self/status", name);
}

long be_pins(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);

	/* Without this the counters are up to a second old. */
	CHECK(fd >= 0 && write(fd, "1", 1) == 1);
	close(fd);
	return find_number("/proc/vmstat", "nr_foll_pin_acquired ") -
	       find_number("/proc/vmstat", "nr_foll_pin_released ");
}
