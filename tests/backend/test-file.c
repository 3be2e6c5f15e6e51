// SPDX-License-Identifier: GPL-2.0-or-later
/* MAP_FILE: memory of a file, without a mapping of it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "be.h"

#define BASE 0x100000000ULL

static int map(int fd, uint32_t ioas, uint32_t prot, int file, uint64_t start, uint64_t length,
	       uint64_t iova)
{
	struct ioasb_map_file c = { .size = sizeof(c),
				    .flags = prot | IOASB_FIXED,
				    .ioas_id = ioas,
				    .fd = file,
				    .start = start,
				    .length = length,
				    .iova = iova };

	return be_call(fd, IOASB_MAP_FILE, &c);
}

static int memory_file(unsigned int flags, uint64_t size)
{
	int file = memfd_create("backend", MFD_CLOEXEC | flags);

	CHECK(file >= 0 && !ftruncate(file, size), "%s", strerror(errno));
	return file;
}

static uint32_t attached(int fd)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);

	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	return ioas;
}

static char peek(int fd, uint32_t ioas, uint64_t iova)
{
	char got = 0x55;

	EQ(be_rw(fd, ioas, false, iova, &got, 1, NULL), 0);
	return got;
}

/* Data both ways, pinned and not; what is a hole is filled. */
static void data(int fd, uint32_t ioas, bool pinned)
{
	int file = memory_file(0, 8 * PAGE);
	uint64_t n;
	char c = 'w';

	EQ(pwrite(file, "abc", 3, 5 * PAGE), 3);
	EQ(map(fd, ioas, RW_PROT, file, 2 * PAGE, 6 * PAGE, BASE), 0);
	EQ(be_sum(fd).npinned, pinned ? 6 : 0);
	EQ(be_sum(fd).ncharged, pinned ? 6 : 0);
	EQ(be_status("VmPin:"), pinned ? 6 * 4 : 0);
	if (be_root)
		EQ(be_pins(), pinned ? 6 : 0);
	EQ(peek(fd, ioas, BASE + 3 * PAGE + 1), 'b');
	EQ(peek(fd, ioas, BASE), 0);
	EQ(be_rw(fd, ioas, true, BASE + PAGE + 9, &c, 1, NULL), 0);
	EQ(pread(file, &c, 1, 3 * PAGE + 9), 1);
	EQ(c, 'w');
	EQ(be_unmap(fd, ioas, BASE + 2 * PAGE, 2 * PAGE, &n), 0);
	EQ(be_sum(fd).npinned, pinned ? 4 : 0);
	close(file);
	EQ(peek(fd, ioas, BASE + PAGE + 9), 'w');
	EQ(be_unmap_all(fd, ioas, &n), 0);
	EQ(n, 4 * PAGE);
	EQ(be_status("VmPin:"), 0);
}

static void says(int fd, uint32_t ioas)
{
	int file = memory_file(0, 8 * PAGE);
	struct ioasb_lookup c = { .size = sizeof(c), .ioas_id = ioas, .iova = BASE + PAGE + 7 };
	struct ioasb_rec *recs;
	unsigned int i, n, found = 0;

	EQ(map(fd, ioas, IOASB_READABLE, file, 3 * PAGE, 2 * PAGE, BASE), 0);
	EQ(be_call(fd, IOASB_LOOKUP, &c), 0);
	EQ(c.out_flags, IOASB_READABLE | IOASB_LOOKUP_PINNED | IOASB_LOOKUP_FILE);
	EQ(c.out_user_va, 4 * PAGE + 7);
	n = be_dump(fd, 64, &recs);
	for (i = 0; i < n; i++) {
		if (recs[i].kind != IOASB_REC_PAGES)
			continue;
		EQ(recs[i].pages.kind, IOASB_PAGES_FILE);
		EQ(recs[i].pages.user_va, 3 * PAGE);
		found++;
	}
	EQ(found, 1);
	free(recs);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	close(file);
}

/* What is behind the end cannot be pinned, what was cut off stays pinned. */
static void ends(int fd, uint32_t ioas, uint32_t loose)
{
	int file = memory_file(0, 3 * PAGE + 1);
	uint32_t dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	char c;

	EQ(map(fd, ioas, RW_PROT, file, 0, 5 * PAGE, BASE), -EINVAL);
	EQ(map(fd, ioas, RW_PROT, file, 4 * PAGE, PAGE, BASE), -EINVAL);
	EQ(be_sum(fd).npinned, 0);
	EQ(map(fd, loose, RW_PROT, file, 0, 5 * PAGE, BASE), 0);
	EQ(be_rw(fd, loose, false, BASE + 4 * PAGE, &c, 1, NULL), -EINVAL);
	EQ(be_attach(fd, dev, loose, 0), -EINVAL);
	EQ(be_unmap_all(fd, loose, NULL), 0);
	EQ(map(fd, ioas, RW_PROT, file, 0, 4 * PAGE, BASE), 0);
	EQ(pwrite(file, "z", 1, 2 * PAGE), 1);
	EQ(ftruncate(file, 0), 0);
	peek(fd, ioas, BASE + 2 * PAGE);
	EQ(be_sum(fd).npinned, 4);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_destroy(fd, dev), 0);
	close(file);
}

/* Whoever maps it to be written to is in the way of a seal, as with mmap. */
static void seals(int fd, uint32_t ioas, uint32_t loose)
{
	int file = memory_file(MFD_ALLOW_SEALING, PAGE);

	EQ(map(fd, loose, RW_PROT, file, 0, PAGE, BASE), 0);
	EQ(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), -1);
	EQ(errno, EBUSY);
	EQ(be_unmap_all(fd, loose, NULL), 0);
	EQ(map(fd, loose, IOASB_READABLE, file, 0, PAGE, BASE), 0);
	EQ(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), 0);
	EQ(map(fd, ioas, RW_PROT, file, 0, PAGE, BASE), -EPERM);
	EQ(map(fd, ioas, IOASB_WRITEABLE, file, 0, PAGE, BASE), -EPERM);
	EQ(map(fd, ioas, IOASB_READABLE, file, 0, PAGE, BASE), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_unmap_all(fd, loose, NULL), 0);
	close(file);
	file = memory_file(MFD_ALLOW_SEALING, PAGE);
	EQ(fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	EQ(map(fd, ioas, RW_PROT, file, 0, PAGE, BASE), -EPERM);
	close(file);
}

static int again(int file, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return open(path, flags | O_CLOEXEC);
}

static void arguments(int fd, uint32_t ioas)
{
	int file = memory_file(0, 4 * PAGE), other;
	uint64_t iova = 0, x;
	uint32_t id;
	struct ioasb_map_file c = {
		.size = sizeof(c), .flags = RW_PROT, .ioas_id = ioas, .fd = file, .length = 2 * PAGE
	};

	EQ(map(fd, ioas, RW_PROT, -1, 0, PAGE, BASE), -EBADF);
	EQ(map(fd, ioas, RW_PROT, 999, 0, PAGE, BASE), -EBADF);
	EQ(map(fd, ioas, RW_PROT, fd, 0, PAGE, BASE), -EINVAL);
	other = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	EQ(map(fd, ioas, IOASB_READABLE, other, 0, PAGE, BASE), -EINVAL);
	close(other);
	other = again(file, O_RDONLY);
	EQ(map(fd, ioas, RW_PROT, other, 0, PAGE, BASE), -EACCES);
	EQ(map(fd, ioas, IOASB_READABLE, other, 0, PAGE, BASE), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	close(other);
	other = again(file, O_WRONLY);
	EQ(map(fd, ioas, IOASB_WRITEABLE, other, 0, PAGE, BASE), -EACCES);
	close(other);
	EQ(map(fd, ioas, 0, file, 0, PAGE, BASE), -EINVAL);
	EQ(map(fd, ioas, RW_PROT, file, 1, PAGE, BASE), -EINVAL);
	EQ(map(fd, ioas, RW_PROT, file, 0, PAGE + 1, BASE), -EINVAL);
	EQ(map(fd, ioas, RW_PROT, file, 0, 0, BASE), -EINVAL);
	EQ(map(fd, ioas, RW_PROT, file, TOP - PAGE + 1, 2 * PAGE, BASE), -EOVERFLOW);
	EQ(map(fd, ioas, RW_PROT, file, 1ULL << 63, PAGE, BASE), -EOVERFLOW);
	EQ(map(fd, ioas, RW_PROT, file, (1ULL << 63) - PAGE, PAGE, BASE), -EOVERFLOW);
	EQ(map(fd, ioas + 100, RW_PROT, file, 0, PAGE, BASE), -ENOENT);
	EQ(be_reserve(fd, ioas, 0, 2 * PAGE, &iova, &id), 0);
	EQ(map(fd, ioas, RW_PROT, file, 0, PAGE, iova), -EADDRINUSE);
	c.reservation = id;
	EQ(be_call(fd, IOASB_MAP_FILE, &c), 0);
	EQ(c.iova, iova);
	EQ(be_unmap_all(fd, ioas, &x), 0);
	EQ(be_release(fd, ioas, id), 0);
	EQ(be_sum(fd).pages, 0);
	close(file);
}

static void limited(int fd, uint32_t ioas)
{
	struct rlimit r = { 4 * PAGE, 64 * MIB };
	int file = memory_file(0, 8 * PAGE);

	EQ(setrlimit(RLIMIT_MEMLOCK, &r), 0);
	EQ(map(fd, ioas, RW_PROT, file, 0, 5 * PAGE, BASE), be_root ? 0 : -ENOMEM);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(map(fd, ioas, RW_PROT, file, 0, 4 * PAGE, BASE), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	r.rlim_cur = r.rlim_max;
	EQ(setrlimit(RLIMIT_MEMLOCK, &r), 0);
	close(file);
}

/* To fill a hole of one may take what others have reserved. */
static void huge(int fd, uint32_t ioas)
{
	int file = memory_file(MFD_HUGETLB, 4 * MIB);

	EQ(map(fd, ioas, RW_PROT, file, 2 * MIB - PAGE, 3 * PAGE, BASE), -EINVAL);
	close(file);
}

/* 8 TiB that nobody needs cost nothing, and no address space. */
static void sparse(int fd, uint32_t loose)
{
	int file = memory_file(0, 8192 * GIB);

	EQ(map(fd, loose, RW_PROT, file, 0, 8192 * GIB, 0), 0);
	EQ(be_sum(fd).mapped, 8192 * GIB);
	EQ(peek(fd, loose, 4096 * GIB), 0);
	EQ(be_unmap_all(fd, loose, NULL), 0);
	close(file);
}

void test_file(void)
{
	int fd = be_open();
	uint32_t ioas = attached(fd), loose = be_ioas(fd, IOASB_MODE_ANY, 0);

	data(fd, ioas, true);
	data(fd, loose, false);
	says(fd, ioas);
	ends(fd, ioas, loose);
	seals(fd, ioas, loose);
	arguments(fd, ioas);
	limited(fd, ioas);
	huge(fd, ioas);
	sparse(fd, loose);
	close(fd);
	EQ(be_status("VmPin:"), 0);
}
