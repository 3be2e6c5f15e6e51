// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What mappings cost the kernel, by the memory cgroup of a process that makes them: nothing for
 * pages that are not pinned, and all of it is charged.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "be.h"

#define ROOT "/sys/fs/cgroup"
#define OWN ROOT "/ioas_backend_test"
#define SIZE (8192 * GIB)
/* What else the kernel may have taken meanwhile, and what it hands out at once to each CPU. */
#define NOISE (512 * 1024LL)

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Bytes of the kernel's memory that are charged to us. */
static long long kernel_bytes(void)
{
	FILE *f = fopen(OWN "/memory.stat", "r");
	char line[128];
	long long n = -1;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "kernel ", 7))
			n = atoll(line + 7);
	fclose(f);
	return n;
}

static void unpinned(int fd)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, 0);
	int file = memfd_create("sparse", MFD_CLOEXEC);
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct ioasb_map_file c = { .size = sizeof(c),
				    .flags = RW_PROT | IOASB_FIXED,
				    .ioas_id = ioas,
				    .fd = file,
				    .length = SIZE,
				    .iova = 2 * SIZE };
	long long before;

	CHECK(p != MAP_FAILED && file >= 0 && !ftruncate(file, SIZE));
	before = kernel_bytes();
	EQ(be_map_at(fd, ioas, p, SIZE, 0), 0);
	EQ(be_call(fd, IOASB_MAP_FILE, &c), 0);
	CHECK(kernel_bytes() - before < NOISE, "%lld bytes for 16 TiB", kernel_bytes() - before);
	EQ(be_sum(fd).mapped, 2 * SIZE);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_destroy(fd, ioas), 0);
	munmap(p, SIZE);
	close(file);
}

/* Each area and pages object is charged, and given back. */
static void areas(int fd)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, 0);
	char *p = be_memory(PAGE);
	long long before = kernel_bytes(), with;
	unsigned int i, n = 20000;

	for (i = 0; i < n; i++)
		EQ(be_map_at(fd, ioas, p, PAGE, 2 * i * PAGE), 0);
	with = kernel_bytes();
	/* An area and a pages object have more than 40 words together, and less than 100. */
	CHECK(with - before > n * 40 * 8LL, "%lld bytes", with - before);
	CHECK(with - before < n * 100 * 8LL + NOISE, "%lld bytes", with - before);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	CHECK(with - kernel_bytes() > n * 20 * 8LL, "%lld bytes are left", kernel_bytes() - before);
	EQ(be_destroy(fd, ioas), 0);
	munmap(p, PAGE);
}

/* Pinned memory costs what the dump says, give or take. */
static void pinned(int fd)
{
	uint64_t size = 64 * MIB;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, IOASB_ACCOUNT_NONE), i, n;
	char *p = be_memory(size);
	long long before = kernel_bytes(), told = 0;
	struct ioasb_rec *recs;

	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	EQ(be_map_at(fd, ioas, p, size, 0), 0);
	n = be_dump(fd, 512, &recs);
	for (i = 0; i < n; i++)
		if (recs[i].kind == IOASB_REC_PAGES)
			told += recs[i].pages.bytes;
	free(recs);
	CHECK(told && told <= (long long)(size / PAGE * 16 + size / (2 * MIB) * 72));
	CHECK(kernel_bytes() - before < 2 * told + NOISE, "%lld bytes, %lld told",
	      kernel_bytes() - before, told);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	munmap(p, size);
}

/* A table costs a word for each page, when it is made. */
static void table(int fd)
{
	struct ioasb_ioas_alloc c = { .size = sizeof(c),
				      .mode = IOASB_MODE_TCE,
				      .window_length = (1 << 20) * PAGE };
	long long before = kernel_bytes(), with;

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &c), 0);
	with = kernel_bytes();
	CHECK(with - before >= 8 << 20, "%lld bytes", with - before);
	CHECK(with - before < (8 << 20) + NOISE, "%lld bytes", with - before);
	EQ(be_destroy(fd, c.out_ioas_id), 0);
	CHECK(kernel_bytes() - before < NOISE);
}

void test_metadata(void)
{
	int fd = be_open();

	if (!be_root || !put(ROOT "/cgroup.subtree_control", "+memory")) {
		fprintf(stderr, "# no memory cgroup of our own\n");
		close(fd);
		return;
	}
	mkdir(OWN, 0755);
	CHECK(put(OWN "/cgroup.procs", "0"));
	unpinned(fd);
	areas(fd);
	pinned(fd);
	table(fd);
	CHECK(put(ROOT "/cgroup.procs", "0"));
	CHECK(!rmdir(OWN), "%s", strerror(errno));
	close(fd);
}
