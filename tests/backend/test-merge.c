// SPDX-License-Identifier: GPL-2.0-or-later
/* MERGE: areas that were split, or mapped one behind the other, become one. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"

#define BASE 0x100000000ULL
#define N 16

static int merge(int fd, uint32_t ioas, uint64_t iova, uint64_t length, uint64_t *merged)
{
	struct ioasb_merge c = {
		.size = sizeof(c), .ioas_id = ioas, .iova = iova, .length = length, .out_merged = 99
	};
	int rc = be_call(fd, IOASB_MERGE, &c);

	*merged = c.out_merged;
	return rc;
}

/* Splits every other page off, by copies that touch: N areas of one page each. */
static void split_all(int fd, uint32_t ioas, char *buf, uint64_t to)
{
	uint64_t from = 8 * BASE, at;
	unsigned int i;

	EQ(be_map_at(fd, ioas, buf, N * PAGE, from), 0);
	for (i = 0; i < N; i++) {
		at = to + i * PAGE;
		EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from + i * PAGE, PAGE, &at), 0);
	}
	EQ(be_unmap(fd, ioas, from, N * PAGE, NULL), 0);
}

static void check_data(int fd, uint32_t ioas, char *buf)
{
	unsigned int i;

	for (i = 0; i < N; i++) {
		char got = -1;

		buf[i * PAGE] = i + 1;
		EQ(be_rw(fd, ioas, false, BASE + i * PAGE, &got, 1, NULL), 0);
		EQ(got, i + 1);
	}
}

/* Charges and pins stay what they are, and the one area can be unmapped as one. */
static void whole(bool attached, char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	long pins = attached ? N : 0;
	uint64_t n;

	if (attached)
		EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	split_all(fd, ioas, buf, BASE);
	EQ(be_sum(fd).areas, N);
	EQ(merge(fd, ioas, BASE + PAGE, 3 * PAGE, &n), 0);
	EQ(n, 2);
	EQ(be_sum(fd).areas, N - 2);
	EQ(merge(fd, ioas, 0, TOP, &n), 0);
	EQ(n, N - 3);
	EQ(be_sum(fd).areas, 1);
	EQ(be_sum(fd).pages, 1);
	EQ(be_sum(fd).mapped, N * PAGE);
	EQ(be_sum(fd).npinned, pins);
	EQ(be_sum(fd).ncharged, pins);
	EQ(be_status("VmPin:"), pins * 4);
	check_data(fd, ioas, buf);
	EQ(merge(fd, ioas, 0, TOP, &n), 0);
	EQ(n, 0);
	/* Split again, and merged again: a hole stays a hole. */
	EQ(be_unmap(fd, ioas, BASE + 5 * PAGE, PAGE, NULL), 0);
	EQ(merge(fd, ioas, 0, TOP, &n), 0);
	EQ(n, 0);
	EQ(be_sum(fd).npinned, attached ? N - 1 : 0);
	EQ(be_unmap(fd, ioas, BASE, 5 * PAGE, &n), 0);
	EQ(n, 5 * PAGE);
	EQ(be_sum(fd).npinned, attached ? N - 6 : 0);
	close(fd);
	EQ(be_status("VmPin:"), 0);
}

/* In mode exact, what was merged can only be unmapped as one. */
static void exact(char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_EXACT, 0);
	uint64_t n;

	split_all(fd, ioas, buf, BASE);
	EQ(merge(fd, ioas, BASE, 2 * PAGE, &n), 0);
	EQ(n, 1);
	EQ(be_unmap(fd, ioas, BASE, PAGE, &n), -ENOENT);
	EQ(be_unmap(fd, ioas, BASE, 2 * PAGE, &n), 0);
	EQ(n, 2 * PAGE);
	close(fd);
}

/* Other memory, protection, order, or reservation: not one area. */
static void unlike(char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0), id;
	uint64_t at, n, from = 8 * BASE;
	struct ioasb_copy c = { .size = sizeof(c),
				.flags = RW_PROT | IOASB_FIXED,
				.dst_ioas_id = ioas,
				.src_ioas_id = ioas,
				.length = PAGE,
				.dst_iova = BASE + 17 * PAGE,
				.src_iova = from + PAGE };

	EQ(be_map_at(fd, ioas, buf, N * PAGE, from), 0);
	/* The same addresses, by another MAP. */
	EQ(be_map_at(fd, ioas, buf, PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf + PAGE, PAGE, BASE + PAGE), 0);
	/* Less may be done with it. */
	at = BASE + 4 * PAGE;
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from, PAGE, &at), 0);
	at += PAGE;
	EQ(be_copy(fd, ioas, ioas, IOASB_READABLE | IOASB_FIXED, from + PAGE, PAGE, &at), 0);
	/* The other way round, the same page again, a gap in the memory. */
	at = BASE + 8 * PAGE;
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from + PAGE, PAGE, &at), 0);
	at += PAGE;
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from, PAGE, &at), 0);
	at += PAGE;
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from, PAGE, &at), 0);
	at += PAGE;
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from + 2 * PAGE, PAGE, &at), 0);
	/* One inside of a reservation, its neighbour outside. */
	at = BASE + 16 * PAGE;
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, from, PAGE, &at), 0);
	at += PAGE;
	EQ(be_reserve(fd, ioas, IOASB_FIXED, 4 * PAGE, &at, &id), 0);
	c.reservation = id;
	EQ(be_call(fd, IOASB_COPY, &c), 0);
	EQ(merge(fd, ioas, 0, TOP, &n), 0);
	EQ(n, 0);
	/* Inside they are one. */
	c.dst_iova += PAGE;
	c.src_iova += PAGE;
	EQ(be_call(fd, IOASB_COPY, &c), 0);
	EQ(merge(fd, ioas, 0, TOP, &n), 0);
	EQ(n, 1);
	close(fd);
}

/* What is not whole in the range is left as it is; the top of all addresses is in reach. */
static void edges(char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	uint64_t n;

	split_all(fd, ioas, buf, TOP - N * PAGE + 1);
	EQ(merge(fd, ioas, TOP - N * PAGE + 2, 2 * PAGE, &n), 0);
	EQ(n, 0);
	EQ(merge(fd, ioas, TOP - 2 * PAGE + 1, 2 * PAGE, &n), 0);
	EQ(n, 1);
	EQ(merge(fd, ioas, TOP - 3 * PAGE + 1, 2 * PAGE, &n), 0);
	EQ(n, 0);
	EQ(merge(fd, ioas, PAGE, 0, &n), -EINVAL);
	EQ(merge(fd, ioas, PAGE, TOP, &n), -EOVERFLOW);
	EQ(merge(fd, ioas + 100, 0, TOP, &n), -ENOENT);
	EQ(n, 0);
	close(fd);
}

/* A client's pins belong to the memory, not to the area. */
static void with_client(char *buf)
{
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, 0);
	struct ioasb_client_pin p = { .size = sizeof(p), .iova = BASE + PAGE, .length = 4 * PAGE };
	struct ioasb_client_unpin u = { .size = sizeof(u), .iova = p.iova, .length = p.length };
	uint64_t n;

	split_all(fd, ioas, buf, BASE);
	client = be_client(fd, ioas, 0);
	EQ(be_call(client, IOASB_CLIENT_PIN, &p), 0);
	EQ(merge(fd, ioas, 0, TOP, &n), 0);
	EQ(be_sum(fd).areas, 1);
	EQ(be_sum(fd).npinned, 4);
	EQ(be_call(client, IOASB_CLIENT_UNPIN, &u), 0);
	EQ(be_sum(fd).npinned, 0);
	close(client);
	close(fd);
}

void test_merge(void)
{
	char *buf = be_memory(N * PAGE);

	whole(false, buf);
	whole(true, buf);
	exact(buf);
	unlike(buf);
	edges(buf);
	with_client(buf);
}
