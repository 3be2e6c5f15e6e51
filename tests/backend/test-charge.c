// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is charged for what, limits, and what a mapping costs the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "be.h"

#define BASE 0x100000000ULL
#define LIMIT 16

static void limit(uint64_t pages)
{
	struct rlimit r;

	EQ(getrlimit(RLIMIT_MEMLOCK, &r), 0);
	r.rlim_cur = pages * PAGE;
	EQ(setrlimit(RLIMIT_MEMLOCK, &r), 0);
}

static uint32_t attached(int fd, uint32_t account)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, account);

	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	return ioas;
}

static void set_parameter(const char *name, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/ioas_backend/parameters/%s", name);
	f = fopen(path, "w");
	CHECK(f && fputs(value, f) >= 0 && !fclose(f), "%s", path);
}

/* The limit of the module binds root, too. */
static void own_limit(int fd, uint32_t ioas, char *buf)
{
	set_parameter("user_pages", "20");
	EQ(be_map_at(fd, ioas, buf, 21 * PAGE, BASE), -EDQUOT);
	EQ(be_map_at(fd, ioas, buf, 20 * PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, 0), -EDQUOT);
	EQ(be_sum(fd).npinned, 20);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	set_parameter("user_pages", "0");
}

/* Whoever may lock memory goes beyond the limit, and is charged. */
static void as_root(int fd, uint32_t ioas, char *buf)
{
	EQ(be_map_at(fd, ioas, buf, 32 * PAGE, BASE), 0);
	EQ(be_sum(fd).ncharged, 32);
	EQ(be_status("VmPin:"), 32 * 4);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	own_limit(fd, ioas, buf);
}

static void as_user(int fd, uint32_t ioas, char *buf)
{
	int other = be_open();
	uint32_t second = attached(other, IOASB_ACCOUNT_USER);
	uint64_t at = 4 * BASE;

	EQ(be_map_at(fd, ioas, buf, (LIMIT + 1) * PAGE, BASE), -ENOMEM);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_status("VmPin:"), 0);
	EQ(be_map_at(fd, ioas, buf, LIMIT * PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, 0), -ENOMEM);
	/* One counter for all contexts of the user. */
	EQ(be_map_at(other, second, buf, PAGE, 0), -ENOMEM);
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, BASE, LIMIT * PAGE, &at), 0);
	EQ(be_unmap(fd, ioas, BASE, PAGE, NULL), 0);
	EQ(be_map_at(other, second, buf, PAGE, 0), -ENOMEM);
	EQ(be_unmap(fd, ioas, 4 * BASE, PAGE, NULL), 0);
	EQ(be_map_at(other, second, buf, PAGE, 0), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, 0), -ENOMEM);
	close(other);
	EQ(be_map_at(fd, ioas, buf, PAGE, 0), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
}

void test_charge_user(void)
{
	char *buf = be_memory(32 * PAGE);
	int fd = be_open();
	uint32_t ioas = attached(fd, IOASB_ACCOUNT_USER);
	struct ioasb_ioas_alloc c = { .size = sizeof(c), .account = IOASB_ACCOUNT_NONE };

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &c), be_root ? 0 : -EPERM);
	c.account = IOASB_ACCOUNT_MM;
	EQ(be_call(fd, IOASB_IOAS_ALLOC, &c), be_root ? 0 : -EPERM);
	limit(LIMIT);
	if (be_root)
		as_root(fd, ioas, buf);
	else
		as_user(fd, ioas, buf);
	EQ(be_status("VmPin:"), 0);
	EQ(be_status("VmLck:"), 0);
	close(fd);
}

/* A child that attaches the device has the pages of its parent pinned, at the parent's cost. */
static void attach_in_child(int fd, uint32_t dev, uint32_t ioas)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		EQ(be_attach(fd, dev, ioas, 0), 0);
		EQ(be_status("VmLck:"), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
}

/* Who got the file of one who may lock memory gets neither around the limit. */
static void map_as_nobody(int fd)
{
	uint32_t none = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_NONE);
	uint32_t mm = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_MM);
	uint32_t user = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	char *buf = be_memory(PAGE);
	int status;
	pid_t pid = fork();

	if (!pid) {
		CHECK(!setuid(65534));
		EQ(be_map_at(fd, none, buf, PAGE, BASE), -EPERM);
		EQ(be_map_at(fd, mm, buf, PAGE, BASE), -EPERM);
		EQ(be_map_at(fd, user, buf, PAGE, BASE), 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
	EQ(be_unmap_all(fd, user, NULL), 0);
}

void test_charge_mm(void)
{
	char *buf = be_memory(32 * PAGE);
	int fd = be_open();
	uint32_t ioas, dev = be_device(fd, PAGE, 0, TOP, NULL, 0);

	/* Others may not; test_charge_user. */
	if (!be_root)
		return;
	map_as_nobody(fd);
	ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_MM);
	limit(LIMIT);
	EQ(be_map_at(fd, ioas, buf, LIMIT * PAGE, BASE), 0);
	EQ(be_status("VmLck:"), 0);
	attach_in_child(fd, dev, ioas);
	EQ(be_status("VmLck:"), LIMIT * 4);
	EQ(be_status("VmPin:"), LIMIT * 4);
	EQ(be_map_at(fd, ioas, buf, PAGE, 0), 0);
	EQ(be_unmap(fd, ioas, BASE + PAGE, PAGE, NULL), 0);
	EQ(be_status("VmLck:"), LIMIT * 4);
	close(fd);
	EQ(be_status("VmLck:"), 0);
	EQ(be_status("VmPin:"), 0);
}

/* 8 TiB in one call: what is not pinned costs nothing, a part that is pinned only itself. */
static void huge_file(void)
{
	uint64_t size = 8192 * GIB, at = BASE;
	int file = memfd_create("sparse", MFD_CLOEXEC), fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, IOASB_ACCOUNT_USER);
	uint32_t pinned = attached(fd, IOASB_ACCOUNT_USER);
	struct ioasb_rec *recs;
	unsigned int i, n;
	char *p;

	CHECK(file >= 0 && !ftruncate(file, size));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
	CHECK(p != MAP_FAILED, "%s", strerror(errno));
	EQ(be_map_at(fd, ioas, p, size, 0), 0);
	EQ(be_copy(fd, pinned, ioas, RW_PROT | IOASB_FIXED, size / 2 - 2 * PAGE, 4 * PAGE, &at), 0);
	p[size / 2] = 'm';
	char got = 0;
	EQ(be_rw(fd, pinned, false, BASE + 2 * PAGE, &got, 1, NULL), 0);
	EQ(got, 'm');
	n = be_dump(fd, 64, &recs);
	for (i = 0; i < n; i++) {
		if (recs[i].kind != IOASB_REC_PAGES)
			continue;
		EQ(recs[i].pages.npages, size / PAGE);
		EQ(recs[i].pages.npinned, 4);
		CHECK(recs[i].pages.bytes <= 2 * (72 + 2 * 16), "%llu bytes",
		      (unsigned long long)recs[i].pages.bytes);
	}
	free(recs);
	EQ(be_sum(fd).mapped, size + 4 * PAGE);
	close(fd);
	munmap(p, size);
	close(file);
}

/* Contiguous memory is one run for each 2 MiB. */
static void huge_pages(void)
{
	uint64_t size = 8 * MIB;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *aligned = (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(2 * MIB - 1));
	int fd = be_open();
	uint32_t ioas = attached(fd, IOASB_ACCOUNT_USER);
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	long huge = 0;

	madvise(aligned, 6 * MIB, MADV_HUGEPAGE);
	memset(aligned, 1, 6 * MIB);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "AnonHugePages:", 14))
			huge = atol(line + 14);
	fclose(f);
	EQ(be_map_at(fd, ioas, aligned, 6 * MIB, BASE), 0);
	EQ(be_sum(fd).npinned, 6 * MIB / PAGE);
	if (huge >= 6 * 1024)
		EQ(be_sum(fd).runs, 3);
	else
		printf("# only %ld KiB in huge pages: runs not counted\n", huge);
	close(fd);
	munmap(p, size);
}

/* One page four times over is in four pieces, which only root is told. */
static void scattered(void)
{
	int file = memfd_create("page", MFD_CLOEXEC), fd = be_open();
	uint32_t ioas = attached(fd, IOASB_ACCOUNT_USER);
	char *p = be_memory(4 * PAGE);
	struct ioasb_rec *recs;
	unsigned int i, n;

	CHECK(file >= 0 && !ftruncate(file, PAGE));
	for (i = 0; i < 4; i++)
		CHECK(mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
			   0) == p + i * PAGE);
	EQ(be_map_at(fd, ioas, p, 4 * PAGE, BASE), 0);
	EQ(be_sum(fd).npinned, 4);
	EQ(be_sum(fd).runs, be_root ? 4 : 1);
	n = be_dump(fd, 64, &recs);
	for (i = 0; i < n; i++)
		if (recs[i].kind == IOASB_REC_PAGES)
			EQ(!!recs[i].pages.bytes, be_root);
		else if (recs[i].kind == IOASB_REC_PINNED)
			EQ(recs[i].pinned.npages, be_root ? 1 : 4);
	free(recs);
	close(fd);
	close(file);
	munmap(p, 4 * PAGE);
}

/* A number of areas and ranges that may be had. */
static void entries(void)
{
	char *buf = be_memory(PAGE);
	int fd = be_open(), i;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER), id;
	uint64_t x = 0;

	set_parameter("max_entries", "3");
	EQ(be_map_at(fd, ioas, buf, PAGE, 0), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, PAGE), 0);
	EQ(be_reserve(fd, ioas, 0, PAGE, &x, &id), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, 2 * PAGE), -ENOSPC);
	EQ(be_reserve(fd, ioas, 0, PAGE, &x, &id), -ENOSPC);
	for (i = 0; i < 2; i++)
		EQ(be_unmap(fd, ioas, i * PAGE, PAGE, NULL), 0);
	EQ(be_release(fd, ioas, id ? id : 1), 0);
	set_parameter("max_entries", "1048576");
	close(fd);
}

/* At the limit, what does not end with more than there was can still be done. */
static void full(void)
{
	static const struct ioasb_iova_range one = { BASE, 2 * BASE - 1 };
	static const struct ioasb_iova_range two[] = { { BASE, BASE + PAGE - 1 },
						       { 2 * BASE, 3 * BASE - 1 } };
	char *buf = be_memory(8 * PAGE);
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	uint64_t n;

	set_parameter("max_entries", "2");
	EQ(be_allow(fd, ioas, &one, 1), 0);
	EQ(be_map_at(fd, ioas, buf, 8 * PAGE, 0), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE), -ENOSPC);
	EQ(be_allow(fd, ioas, &one, 1), 0);
	EQ(be_allow(fd, ioas, two, 2), -ENOSPC);
	EQ(be_unmap(fd, ioas, 2 * PAGE, PAGE, &n), -ENOSPC);
	EQ(n, 0);
	EQ(be_sum(fd).areas, 1);
	EQ(be_unmap(fd, ioas, 6 * PAGE, 2 * PAGE, &n), 0);
	EQ(be_unmap(fd, ioas, 0, 2 * PAGE, &n), 0);
	EQ(be_sum(fd).mapped, 4 * PAGE);
	EQ(be_allow(fd, ioas, NULL, 0), 0);
	EQ(be_unmap(fd, ioas, 3 * PAGE, 2 * PAGE, &n), 0);
	EQ(be_sum(fd).areas, 2);
	EQ(be_unmap(fd, ioas, 2 * PAGE, 4 * PAGE, &n), 0);
	EQ(n, 2 * PAGE);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, 0), 0);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, 2 * PAGE), 0);
	/* Of two areas, each loses an end. */
	EQ(be_unmap(fd, ioas, PAGE, 2 * PAGE, &n), 0);
	EQ(be_sum(fd).areas, 2);
	set_parameter("max_entries", "1048576");
	close(fd);
}

/* A client's pins are as many at most, those that begin where others are cut, too. */
static void client_entries(void)
{
	char *buf = be_memory(8 * PAGE);
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	struct ioasb_client_pin c = { .size = sizeof(c), .length = 8 * PAGE };

	EQ(be_map_at(fd, ioas, buf, 8 * PAGE, 0), 0);
	client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	set_parameter("max_entries", "2");
	EQ(be_call(client, IOASB_CLIENT_PIN, &c), 0);
	c.iova = 4 * PAGE;
	c.length = 2 * PAGE;
	EQ(be_call(client, IOASB_CLIENT_PIN, &c), -ENOSPC);
	c.length = 4 * PAGE;
	EQ(be_call(client, IOASB_CLIENT_PIN, &c), 0);
	/* An unpin takes the room that it needs. */
	c.iova = PAGE;
	c.length = PAGE;
	EQ(be_call(client, IOASB_CLIENT_UNPIN, &c), 0);
	EQ(be_sum(fd).npinned, 7);
	set_parameter("max_entries", "1048576");
	close(client);
	close(fd);
}

void test_sparse(void)
{
	limit(12 * MIB / PAGE);
	huge_file();
	huge_pages();
	scattered();
	if (be_root) {
		entries();
		full();
		client_entries();
	}
}
