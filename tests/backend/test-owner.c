// SPDX-License-Identifier: GPL-2.0-or-later
/* CHANGE_PROCESS, and what is shown of a context. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "be.h"

#define BASE 0x100000000ULL

static int change(int fd)
{
	struct ioasb_change_process c = { .size = sizeof(c) };

	return be_call(fd, IOASB_CHANGE_PROCESS, &c);
}

static int map(int fd, uint32_t ioas, int file, uint64_t first, uint64_t n)
{
	struct ioasb_map_file c = { .size = sizeof(c),
				    .flags = RW_PROT | IOASB_FIXED,
				    .ioas_id = ioas,
				    .fd = file,
				    .start = first * PAGE,
				    .length = n * PAGE,
				    .iova = BASE + first * PAGE };

	return be_call(fd, IOASB_MAP_FILE, &c);
}

static int memory_file(void)
{
	int file = memfd_create("owner", MFD_CLOEXEC);

	CHECK(file >= 0 && !ftruncate(file, 64 * PAGE));
	return file;
}

static void in_child(void (*run)(int fd, uint32_t ioas), int fd, uint32_t ioas)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		run(fd, ioas);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status);
}

static uint32_t attached(int fd, uint32_t account, uint32_t *dev)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, account);

	*dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	EQ(be_attach(fd, *dev, ioas, 0), 0);
	return ioas;
}

/* The one who goes on: its process is charged from then on, also for what comes later. */
static void take_over(int fd, uint32_t ioas)
{
	uint64_t n;

	EQ(be_status("VmPin:"), 0);
	EQ(change(fd), 0);
	EQ(be_status("VmPin:"), 8 * 4);
	EQ(be_sum(fd).ncharged, 8);
	EQ(be_unmap(fd, ioas, BASE, 2 * PAGE, &n), 0);
	EQ(be_status("VmPin:"), 6 * 4);
	/* Again: from itself to itself. */
	EQ(change(fd), 0);
	EQ(be_status("VmPin:"), 6 * 4);
}

static void moves(void)
{
	int fd = be_open(), file = memory_file();
	uint32_t dev, ioas = attached(fd, IOASB_ACCOUNT_USER, &dev);

	EQ(change(fd), 0);
	EQ(map(fd, ioas, file, 0, 4), 0);
	EQ(map(fd, ioas, file, 4, 4), 0);
	EQ(be_status("VmPin:"), 8 * 4);
	in_child(take_over, fd, ioas);
	EQ(be_status("VmPin:"), 0);
	EQ(be_sum(fd).ncharged, 6);
	EQ(change(fd), 0);
	EQ(be_status("VmPin:"), 6 * 4);
	/* What is pinned later is charged to the new owner, too. */
	EQ(be_detach(fd, dev), 0);
	EQ(be_status("VmPin:"), 0);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(be_status("VmPin:"), 6 * 4);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_status("VmPin:"), 0);
	close(file);
	close(fd);
}

/* Memory of a process stays with it, and so does all else then. */
static void user_memory(char *buf)
{
	int fd = be_open(), file = memory_file();
	uint32_t dev, ioas = attached(fd, IOASB_ACCOUNT_USER, &dev);
	struct ioasb_ioas_alloc a = { .size = sizeof(a),
				      .mode = IOASB_MODE_TCE,
				      .window_length = PAGE };

	EQ(map(fd, ioas, file, 0, 4), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, 8 * BASE), 0);
	EQ(change(fd), -EINVAL);
	EQ(be_status("VmPin:"), 5 * 4);
	EQ(be_unmap(fd, ioas, 8 * BASE, PAGE, NULL), 0);
	EQ(change(fd), 0);
	EQ(be_call(fd, IOASB_IOAS_ALLOC, &a), 0);
	EQ(change(fd), -EINVAL);
	EQ(be_status("VmPin:"), 4 * 4);
	close(file);
	close(fd);
	EQ(be_status("VmPin:"), 0);
}

static void limit(uint64_t pages)
{
	struct rlimit r;

	EQ(getrlimit(RLIMIT_MEMLOCK, &r), 0);
	r.rlim_cur = pages * PAGE;
	EQ(setrlimit(RLIMIT_MEMLOCK, &r), 0);
}

/* Both are charged while it lasts; a refusal leaves all as it was. */
static void refused(int fd, uint32_t ioas)
{
	EQ(change(fd), be_root ? 0 : -ENOMEM);
	EQ(be_sum(fd).npinned, 12);
	EQ(be_sum(fd).ncharged, 12);
	EQ(be_status("VmPin:"), be_root ? 12 * 4 : 0);
	EQ(be_unmap(fd, ioas, BASE, PAGE, NULL), 0);
}

static void limited(void)
{
	int fd = be_open(), file = memory_file();
	uint32_t dev, ioas = attached(fd, IOASB_ACCOUNT_USER, &dev);

	limit(20);
	EQ(map(fd, ioas, file, 0, 6), 0);
	EQ(map(fd, ioas, file, 6, 6), 0);
	in_child(refused, fd, ioas);
	EQ(be_status("VmPin:"), be_root ? 0 : 11 * 4);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_status("VmPin:"), 0);
	/* Nothing is left of what was charged meanwhile. */
	EQ(map(fd, ioas, file, 0, 20), 0);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	limit(16384);
	close(file);
	close(fd);
}

/* From one process' VmLck to the other's, where only who may lock memory can take it. */
static void as_nobody(int fd, uint32_t ioas)
{
	(void)ioas;
	CHECK(!setuid(65534));
	EQ(change(fd), -EPERM);
}

static void take_locked(int fd, uint32_t ioas)
{
	(void)ioas;
	EQ(be_status("VmLck:"), 0);
	EQ(change(fd), 0);
	EQ(be_status("VmLck:"), 4 * 4);
}

static void of_process(void)
{
	int fd = be_open(), file = memory_file();
	uint32_t dev, ioas = attached(fd, IOASB_ACCOUNT_MM, &dev);

	EQ(map(fd, ioas, file, 0, 4), 0);
	EQ(be_status("VmLck:"), 4 * 4);
	in_child(as_nobody, fd, ioas);
	EQ(be_status("VmLck:"), 4 * 4);
	in_child(take_locked, fd, ioas);
	EQ(be_status("VmLck:"), 0);
	EQ(be_sum(fd).npinned, 4);
	close(file);
	close(fd);
}

static bool says(const char *path, const char *line)
{
	FILE *f = fopen(path, "r");
	char got[256];
	bool found = false;

	CHECK(f, "%s: %s", path, strerror(errno));
	while (fgets(got, sizeof(got), f))
		found |= !strcmp(got, line);
	fclose(f);
	return found;
}

static void shown(char *buf)
{
	int fd = be_open(), client;
	uint32_t dev, ioas = attached(fd, IOASB_ACCOUNT_USER, &dev);
	struct ioasb_client_pin p = { .size = sizeof(p), .iova = BASE, .length = PAGE };
	const char *all = "/sys/kernel/debug/ioas_backend/contexts";
	char path[64], of_ioas[128], of_client[128];

	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE), 0);
	client = be_client(fd, ioas, 0);
	EQ(be_call(client, IOASB_CLIENT_PIN, &p), 0);
	snprintf(of_ioas, sizeof(of_ioas), "ioas-%u:\tmode any, devices 1, areas 1, mapped 8 KiB\n",
		 ioas);
	snprintf(of_client, sizeof(of_client), "client-%u:\tioas %u, pinned 4 KiB, asked 0\n",
		 dev + 1, ioas);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	CHECK(says(path, of_ioas));
	CHECK(says(path, of_client));
	CHECK(says(path, "devices:\t1\n"));
	CHECK(says(path, "pages-objects:\t1\n"));
	CHECK(says(path, "pinned:\t8 KiB\n"));
	CHECK(says(path, "charged:\t8 KiB\n"));
	EQ(says(path, "pin-records:\t88 bytes\n") || says(path, "pin-records:\t104 bytes\n"),
	   be_root);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", client);
	CHECK(says(path, of_client));
	if (be_root && !access("/sys/kernel/debug/ioas_backend", F_OK))
		CHECK(says(all, of_ioas) && says(all, of_client));
	close(client);
	close(fd);
}

void test_owner(void)
{
	char *buf = be_memory(2 * PAGE);

	moves();
	user_memory(buf);
	limited();
	if (be_root)
		of_process();
	shown(buf);
}
