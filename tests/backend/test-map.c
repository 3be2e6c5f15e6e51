// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps, copies, ranges, reservations, devices, data. Expected by hand. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"

#define BASE 0x100000000ULL
#define FIXED_RW (RW_PROT | IOASB_FIXED)

static uint32_t any_ioas(int fd)
{
	return be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
}

static uint32_t any_device(int fd)
{
	return be_device(fd, PAGE, 0, TOP, NULL, 0);
}

void test_map(void)
{
	char *buf = be_memory(8 * PAGE);
	int fd = be_open();
	uint32_t ioas = any_ioas(fd), dev = any_device(fd);
	uint64_t iova = BASE;

	EQ(be_map_at(fd, ioas, buf, 4 * PAGE, BASE), 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE + 3 * PAGE), -EEXIST);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE - PAGE), -EEXIST);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE - 1), -EINVAL);
	EQ(be_map(fd, ioas, IOASB_FIXED, buf, PAGE, &iova), -EINVAL);
	EQ(be_map(fd, ioas, FIXED_RW | 16, buf, PAGE, &iova), -EOPNOTSUPP);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, TOP - PAGE + 1), -EOVERFLOW);
	EQ(be_map_at(fd, 77, buf, PAGE, BASE), -ENOENT);
	EQ(be_map_at(fd, dev, buf, PAGE, BASE), -ENOENT);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(be_sum(fd).npinned, 4);
	EQ(be_map_at(fd, ioas, buf + 4 * PAGE, PAGE, BASE + 4 * PAGE), 0);
	EQ(be_sum(fd).npinned, 5);
	EQ(be_status("VmPin:"), 5 * 4);
	EQ(be_status("VmLck:"), 0);
	EQ(be_destroy(fd, ioas), -EBUSY);
	EQ(be_destroy(fd, dev), -EBUSY);
	EQ(be_detach(fd, dev), 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_status("VmPin:"), 0);
	EQ(be_destroy(fd, ioas), 0);
	EQ(be_destroy(fd, ioas), -ENOENT);
	EQ(be_destroy(fd, dev), 0);
	EQ(be_sum(fd).pages, 0);
	close(fd);
}

/* An address that came to nothing is the next one that is chosen. */
static void failed_alloc(char *buf)
{
	int fd = be_open();
	uint32_t ioas = any_ioas(fd);
	uint64_t a = 0, b = 0;

	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	EQ(be_map(fd, ioas, RW_PROT, buf, PAGE, &a), 0);
	EQ(be_map(fd, ioas, RW_PROT, NULL, PAGE, &b), -EFAULT);
	EQ(be_map(fd, ioas, RW_PROT, buf, PAGE, &b), 0);
	EQ(b, a + PAGE);
	close(fd);
}

void test_alloc(void)
{
	struct ioasb_iova_range allowed[] = { { BASE, BASE + 3 * PAGE - 1 },
					      { 2 * BASE, 2 * BASE + 2 * PAGE - 1 } };
	char *buf = be_memory(8 * PAGE);
	char *huge = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = be_open();
	uint32_t ioas = any_ioas(fd);
	uint64_t a = 0, b = 0, c = 0;

	EQ(be_map(fd, ioas, RW_PROT, huge, 4 * MIB, &a), 0);
	EQ((a ^ (uintptr_t)huge) & (2 * MIB - 1), 0);
	EQ(be_map(fd, ioas, RW_PROT, huge + 3 * PAGE, 4 * MIB, &b), 0);
	EQ((b ^ (uintptr_t)(huge + 3 * PAGE)) & (2 * MIB - 1), 0);
	CHECK(a + 4 * MIB <= b || b + 4 * MIB <= a);
	EQ(be_unmap_all(fd, ioas, NULL), 0);

	EQ(be_allow(fd, ioas, allowed, 2), 0);
	EQ(be_map(fd, ioas, RW_PROT, buf, 2 * PAGE, &a), 0);
	EQ(a, BASE);
	EQ(be_map(fd, ioas, RW_PROT, buf, 2 * PAGE, &b), 0);
	EQ(b, 2 * BASE);
	EQ(be_map(fd, ioas, RW_PROT, buf, 2 * PAGE, &c), -ENOSPC);
	EQ(be_map(fd, ioas, RW_PROT, buf, PAGE, &c), 0);
	EQ(c, BASE + 2 * PAGE);
	EQ(be_map(fd, ioas, RW_PROT, buf, PAGE, &c), -ENOSPC);
	/* A fixed address is the caller's own business. */
	EQ(be_map_at(fd, ioas, buf, PAGE, 5 * BASE), 0);
	close(fd);
	failed_alloc(buf);
}

void test_copy(void)
{
	char *buf = be_memory(8 * PAGE);
	int fd = be_open();
	uint32_t a = any_ioas(fd), b = any_ioas(fd);
	uint64_t iova = 0, at = 3 * BASE, x = 0;

	EQ(be_map_at(fd, a, buf, 2 * PAGE, BASE), 0);
	EQ(be_map_at(fd, a, buf + 4 * PAGE, 3 * PAGE, BASE + 2 * PAGE), 0);
	EQ(be_map(fd, a, IOASB_READABLE, buf, PAGE, &x), 0);
	/* From the middle of one area to the middle of the next. */
	EQ(be_copy(fd, b, a, FIXED_RW, BASE + PAGE, 2 * PAGE, &at), 0);
	EQ(be_sum(fd).areas, 5);
	EQ(be_sum(fd).pages, 3);
	EQ(be_copy(fd, b, a, FIXED_RW, BASE, PAGE, &at), -EEXIST);
	EQ(be_copy(fd, b, a, RW_PROT, BASE + 4 * PAGE, 2 * PAGE, &iova), -ENOENT);
	EQ(be_copy(fd, b, a, RW_PROT, BASE - PAGE, 2 * PAGE, &iova), -ENOENT);
	EQ(be_copy(fd, b, a, RW_PROT, 9 * BASE, PAGE, &iova), -ENOENT);
	EQ(be_copy(fd, b, a, RW_PROT, BASE + 1, PAGE, &iova), -EINVAL);
	EQ(be_copy(fd, b, a, RW_PROT, x, PAGE, &iova), -EPERM);
	EQ(be_copy(fd, b, a, IOASB_READABLE, x, PAGE, &iova), 0);
	EQ(be_copy(fd, b, 99, RW_PROT, BASE, PAGE, &iova), -ENOENT);
	EQ(be_copy(fd, 99, a, RW_PROT, BASE, PAGE, &iova), -ENOENT);
	EQ(be_copy(fd, b, a, RW_PROT, TOP - PAGE + 1, 2 * PAGE, &iova), -EOVERFLOW);
	/* Within one IOAS, too. */
	iova = 7 * BASE;
	EQ(be_copy(fd, a, a, FIXED_RW, BASE, 5 * PAGE, &iova), 0);
	/* It outlives its source. */
	EQ(be_destroy(fd, a), 0);
	strcpy(buf + PAGE, "first");
	strcpy(buf + 4 * PAGE, "second");
	char got[8] = "";
	EQ(be_rw(fd, b, false, 3 * BASE, got, 6, NULL), 0);
	CHECK(!strcmp(got, "first"));
	EQ(be_rw(fd, b, false, 3 * BASE + PAGE, got, 7, NULL), 0);
	CHECK(!strcmp(got, "second"));
	close(fd);
}

/* Memory that areas share is pinned and charged once, as long as one that is attached has it. */
void test_share(void)
{
	char *buf = be_memory(8 * PAGE);
	int fd = be_open();
	uint32_t a = any_ioas(fd), b = any_ioas(fd), da = any_device(fd), db = any_device(fd);
	uint64_t at = BASE;
	struct be_sum s;

	EQ(be_attach(fd, da, a, 0), 0);
	EQ(be_attach(fd, db, b, 0), 0);
	EQ(be_map_at(fd, a, buf, 8 * PAGE, BASE), 0);
	EQ(be_copy(fd, b, a, FIXED_RW, BASE + 2 * PAGE, 4 * PAGE, &at), 0);
	s = be_sum(fd);
	EQ(s.npinned, 8);
	EQ(s.ncharged, 8);
	EQ(be_unmap(fd, a, BASE, 8 * PAGE, NULL), 0);
	EQ(be_sum(fd).npinned, 4);
	EQ(be_status("VmPin:"), 4 * 4);
	/* Memory that the process no longer has stays where it is. */
	buf[3 * PAGE] = 'x';
	EQ(munmap(buf, 8 * PAGE), 0);
	char got = 0;
	EQ(be_rw(fd, b, false, BASE + PAGE, &got, 1, NULL), 0);
	EQ(got, 'x');
	EQ(be_unmap(fd, b, BASE + PAGE, 2 * PAGE, NULL), 0);
	EQ(be_sum(fd).npinned, 2);
	/* Still shared: now it cannot be pinned anew, and nothing remains of the attempt. */
	at = 4 * BASE;
	EQ(be_detach(fd, db), 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_attach(fd, db, b, 0), -EFAULT);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_sum(fd).ranges, 0);
	close(fd);
}

void test_ranges(void)
{
	static const struct ioasb_iova_range reserved[] = { { 0xfee00000, 0xfeefffff },
							    { 0xfee80000, 0xff000fff } };
	static const struct ioasb_iova_range bad[] = {
		{ 2 * BASE, BASE }, { BASE, BASE }, { BASE, BASE + 9 }, { BASE + 9, BASE + 20 }
	};
	struct ioasb_iova_range got[8], allow = { 0xf0000000, 0xfee00000 };
	int fd = be_open();
	uint32_t ioas = any_ioas(fd);
	uint32_t dev = be_device(fd, PAGE, 0x1000, 0xffffffffff, reserved, 2);
	uint32_t other = any_device(fd);
	unsigned int n = 8;

	EQ(be_ranges(fd, ioas, got, &n), 0);
	CHECK(n == 1 && got[0].start == 0 && got[0].last == TOP);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	n = 1;
	EQ(be_ranges(fd, ioas, got, &n), -EMSGSIZE);
	EQ(n, 2);
	EQ(be_ranges(fd, ioas, got, &n), 0);
	CHECK(n == 2 && got[0].start == 0x1000 && got[0].last == 0xfedfffff);
	CHECK(got[1].start == 0xff001000 && got[1].last == 0xffffffffff);
	EQ(be_attach(fd, other, ioas, 0), 0);
	EQ(be_allow(fd, ioas, &allow, 1), -EADDRINUSE);
	allow.last--;
	EQ(be_allow(fd, ioas, &allow, 1), 0);
	EQ(be_allow(fd, ioas, bad, 1), -EINVAL);
	EQ(be_allow(fd, ioas, bad + 1, 1), -EINVAL);
	EQ(be_allow(fd, ioas, bad + 2, 2), -EINVAL);
	EQ(be_allow(fd, ioas, NULL, 1), -EFAULT);
	EQ(be_sum(fd).ranges, 4 + 1);
	EQ(be_detach(fd, dev), 0);
	n = 8;
	EQ(be_ranges(fd, ioas, got, &n), 0);
	CHECK(n == 1 && got[0].start == 0 && got[0].last == TOP);
	/* Now what is allowed keeps the device out. */
	allow.last++;
	EQ(be_allow(fd, ioas, &allow, 1), 0);
	EQ(be_attach(fd, dev, ioas, 0), -EADDRINUSE);
	EQ(be_allow(fd, ioas, NULL, 0), 0);
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(be_ranges(fd, ioas, NULL, &n), -EMSGSIZE);
	EQ(be_ranges(fd, ioas, NULL, &n), -EFAULT);
	close(fd);
}

void test_reservations(void)
{
	static const struct ioasb_iova_range reserved = { BASE + PAGE, BASE + 2 * PAGE - 1 };
	char *buf = be_memory(8 * PAGE);
	int fd = be_open();
	uint32_t ioas = any_ioas(fd), id, other;
	uint64_t iova = BASE, x = 9 * BASE;
	struct ioasb_map m = { .size = sizeof(m),
			       .flags = FIXED_RW,
			       .ioas_id = ioas,
			       .user_va = (uintptr_t)buf,
			       .length = 2 * PAGE,
			       .iova = BASE };

	EQ(be_reserve(fd, ioas, IOASB_FIXED, 8 * PAGE, &iova, &id), 0);
	EQ(be_reserve(fd, ioas, IOASB_FIXED, PAGE, &iova, &other), -EADDRINUSE);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE + PAGE), -EADDRINUSE);
	m.reservation = id;
	EQ(be_call(fd, IOASB_MAP, &m), 0);
	m.iova = BASE + 7 * PAGE;
	EQ(be_call(fd, IOASB_MAP, &m), -EINVAL);
	m.reservation = id + 1;
	EQ(be_call(fd, IOASB_MAP, &m), -ENOENT);
	m.reservation = id;
	m.flags = RW_PROT;
	EQ(be_call(fd, IOASB_MAP, &m), 0);
	EQ(m.iova, BASE + 2 * PAGE);
	m.length = 5 * PAGE;
	EQ(be_call(fd, IOASB_MAP, &m), -ENOSPC);
	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, &reserved, 1), ioas, 0), -EADDRINUSE);
	EQ(be_release(fd, ioas, id), -EBUSY);
	EQ(be_map_at(fd, ioas, buf, PAGE, x), 0);
	EQ(be_reserve(fd, ioas, IOASB_FIXED, PAGE, &x, &other), -EEXIST);
	x = 0;
	EQ(be_reserve(fd, ioas, 0, PAGE, &x, &other), 0);
	CHECK(x < BASE || x >= BASE + 8 * PAGE);
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, x), -EADDRINUSE);
	EQ(be_release(fd, ioas, id), 0);
	EQ(be_release(fd, ioas, id), -ENOENT);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE + PAGE), 0);
	EQ(be_sum(fd).ranges, 1);
	close(fd);
}

void test_devices(void)
{
	char *buf = be_memory(32 * PAGE);
	int fd = be_open();
	uint32_t a = any_ioas(fd), b = any_ioas(fd);
	uint32_t dev = any_device(fd), big = be_device(fd, 4 * PAGE, 0, TOP, NULL, 0);
	uint64_t at = BASE;

	EQ(be_detach(fd, dev), -EINVAL);
	EQ(be_attach(fd, dev, a, IOASB_ATTACH_REPLACE), -EINVAL);
	EQ(be_attach(fd, dev, dev, 0), -ENOENT);
	EQ(be_attach(fd, a, a, 0), -ENOENT);
	EQ(be_attach(fd, dev, a, 0), 0);
	EQ(be_attach(fd, dev, a, 0), -EBUSY);
	EQ(be_attach(fd, dev, a, IOASB_ATTACH_REPLACE), 0);
	EQ(be_map_at(fd, a, buf, 8 * PAGE, BASE), 0);
	EQ(be_copy(fd, b, a, FIXED_RW, BASE, 8 * PAGE, &at), 0);
	EQ(be_attach(fd, dev, b, IOASB_ATTACH_REPLACE), 0);
	EQ(be_sum(fd).npinned, 8);
	EQ(be_destroy(fd, a), 0);
	EQ(be_sum(fd).npinned, 8);

	/* A device with larger pages wants them everywhere. */
	EQ(be_attach(fd, big, b, 0), 0);
	EQ(be_map_at(fd, b, buf, PAGE, BASE + 8 * PAGE), -EINVAL);
	EQ(be_unmap(fd, b, BASE + PAGE, PAGE, NULL), -EINVAL);
	EQ(be_unmap(fd, b, BASE, 4 * PAGE, NULL), 0);
	EQ(be_detach(fd, big), 0);
	EQ(be_unmap(fd, b, BASE + 5 * PAGE, PAGE, NULL), 0);
	EQ(be_attach(fd, big, b, 0), -EADDRINUSE);
	EQ(be_sum(fd).npinned, 3);
	EQ(be_detach(fd, dev), 0);
	EQ(be_sum(fd).npinned, 0);

	/* A replacement that fails changes nothing. */
	a = any_ioas(fd);
	EQ(be_attach(fd, dev, a, 0), 0);
	EQ(munmap(buf + 6 * PAGE, PAGE), 0);
	EQ(be_attach(fd, dev, b, IOASB_ATTACH_REPLACE), -EFAULT);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_destroy(fd, b), 0);
	EQ(be_destroy(fd, a), -EBUSY);
	close(fd);
}

void test_rw(void)
{
	char *buf = be_memory(4 * PAGE), *data = be_memory(4 * PAGE);
	int fd = be_open(), attached;
	uint32_t ioas = any_ioas(fd), dev = any_device(fd);
	uint64_t iova = 2 * BASE, done;

	EQ(be_map_at(fd, ioas, buf + 2 * PAGE, 2 * PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE + 2 * PAGE), 0);
	EQ(be_map(fd, ioas, IOASB_FIXED | IOASB_READABLE, buf, PAGE, &iova), 0);
	iova = 3 * BASE;
	EQ(be_map(fd, ioas, IOASB_FIXED | IOASB_WRITEABLE, buf, PAGE, &iova), 0);
	for (attached = 0; attached < 2; attached++) {
		if (attached)
			EQ(be_attach(fd, dev, ioas, 0), 0);
		memset(data, 'a' + attached, 3 * PAGE);
		memset(buf, 0, 4 * PAGE);
		EQ(be_rw(fd, ioas, true, BASE + 100, data, 3 * PAGE - 200, &done), 0);
		EQ(done, 3 * PAGE - 200);
		EQ(buf[2 * PAGE + 99], 0);
		CHECK(!memcmp(buf + 2 * PAGE + 100, data, 2 * PAGE - 100));
		CHECK(!memcmp(buf, data, PAGE - 100));
		EQ(buf[PAGE - 100], 0);
		/* Past the end: as far as it goes. */
		EQ(be_rw(fd, ioas, false, BASE + 3 * PAGE - 10, data + 3 * PAGE, 20, &done),
		   -ENOENT);
		EQ(done, 10);
		EQ(be_rw(fd, ioas, true, 2 * BASE, data, 1, &done), -EPERM);
		EQ(be_rw(fd, ioas, false, 3 * BASE, data, 1, &done), -EPERM);
		EQ(be_rw(fd, ioas, true, 3 * BASE, data, 1, &done), 0);
		EQ(be_rw(fd, ioas, true, BASE, NULL, 1, &done), -EFAULT);
		EQ(done, 0);
		EQ(be_rw(fd, ioas, false, TOP, data, 2, &done), -EOVERFLOW);
		EQ(be_rw(fd, ioas, false, BASE, data, 0, &done), -EINVAL);
	}
	/* The pinned page is what is written, not what the process has there now. */
	CHECK(mmap(buf, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
		   0) == buf);
	EQ(be_rw(fd, ioas, true, BASE + 2 * PAGE, "Q", 1, NULL), 0);
	EQ(buf[0], 0);
	EQ(be_rw(fd, ioas, false, 2 * BASE, data, 1, NULL), 0);
	EQ(data[0], 'Q');
	close(fd);
}
