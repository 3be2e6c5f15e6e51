// SPDX-License-Identifier: GPL-2.0-or-later
/* What each mode of unmap does. Expected by hand, from what the modes promise. */
#include <errno.h>
#include <string.h>

#include "be.h"

#define BASE 0x100000000ULL
#define PAGES 10

/* One letter for each area, a capital at its first page. */
static const char *const before = ".AaB.Cccc.";

static const struct row {
	uint32_t mode;
	unsigned int first, n; /* pages to unmap */
	int rc;
	unsigned int unmapped;
	const char *after;
} rows[] = {
	{ IOASB_MODE_EXACT, 1, 2, 0, 2, "...B.Cccc." },
	{ IOASB_MODE_EXACT, 3, 1, 0, 1, ".Aa..Cccc." },
	{ IOASB_MODE_EXACT, 5, 4, 0, 4, ".AaB......" },
	{ IOASB_MODE_EXACT, 1, 3, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_EXACT, 1, 1, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_EXACT, 2, 1, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_EXACT, 0, 3, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_EXACT, 4, 1, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_EXACT, 0, 10, -ENOENT, 0, ".AaB.Cccc." },

	{ IOASB_MODE_COVER, 1, 2, 0, 2, "...B.Cccc." },
	{ IOASB_MODE_COVER, 0, 4, 0, 3, ".....Cccc." },
	{ IOASB_MODE_COVER, 0, 5, 0, 3, ".....Cccc." },
	{ IOASB_MODE_COVER, 0, 10, 0, 7, ".........." },
	{ IOASB_MODE_COVER, 4, 6, 0, 4, ".AaB......" },
	{ IOASB_MODE_COVER, 2, 1, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_COVER, 2, 2, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_COVER, 1, 1, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_COVER, 1, 6, -ENOENT, 3, ".....Cccc." },
	{ IOASB_MODE_COVER, 3, 3, -ENOENT, 1, ".Aa..Cccc." },
	{ IOASB_MODE_COVER, 4, 1, -ENOENT, 0, ".AaB.Cccc." },
	{ IOASB_MODE_COVER, 9, 1, -ENOENT, 0, ".AaB.Cccc." },

	{ IOASB_MODE_FIRST, 1, 2, 0, 2, "...B.Cccc." },
	{ IOASB_MODE_FIRST, 1, 1, 0, 2, "...B.Cccc." },
	{ IOASB_MODE_FIRST, 0, 2, 0, 2, "...B.Cccc." },
	{ IOASB_MODE_FIRST, 2, 1, 0, 0, ".AaB.Cccc." },
	{ IOASB_MODE_FIRST, 2, 5, 0, 0, ".AaB.Cccc." },
	{ IOASB_MODE_FIRST, 3, 3, 0, 5, ".Aa......." },
	{ IOASB_MODE_FIRST, 4, 2, 0, 4, ".AaB......" },
	{ IOASB_MODE_FIRST, 6, 4, 0, 0, ".AaB.Cccc." },
	{ IOASB_MODE_FIRST, 4, 1, 0, 0, ".AaB.Cccc." },
	{ IOASB_MODE_FIRST, 0, 10, 0, 7, ".........." },

	{ IOASB_MODE_ANY, 1, 2, 0, 2, "...B.Cccc." },
	{ IOASB_MODE_ANY, 1, 1, 0, 1, "..AB.Cccc." },
	{ IOASB_MODE_ANY, 2, 1, 0, 1, ".A.B.Cccc." },
	{ IOASB_MODE_ANY, 2, 2, 0, 2, ".A...Cccc." },
	{ IOASB_MODE_ANY, 6, 1, 0, 1, ".AaB.C.Cc." },
	{ IOASB_MODE_ANY, 6, 2, 0, 2, ".AaB.C..C." },
	{ IOASB_MODE_ANY, 8, 2, 0, 1, ".AaB.Ccc.." },
	{ IOASB_MODE_ANY, 2, 5, 0, 4, ".A.....Cc." },
	{ IOASB_MODE_ANY, 4, 1, 0, 0, ".AaB.Cccc." },
	{ IOASB_MODE_ANY, 0, 10, 0, 7, ".........." },
};

/* Where the memory of each page of the letters lies in the buffer. */
static char *memory(char *buf, unsigned int page)
{
	return buf + page * PAGE;
}

static void map_letters(int fd, uint32_t ioas, char *buf)
{
	unsigned int i, j;

	for (i = 0; i < PAGES; i = j) {
		for (j = i + 1; j < PAGES && before[j] >= 'a'; j++)
			;
		if (before[i] != '.')
			EQ(be_map_at(fd, ioas, memory(buf, i), (j - i) * PAGE, BASE + i * PAGE), 0);
	}
}

/* What is there, as letters; each page must still be the memory that it was. */
static void read_letters(int fd, uint32_t ioas, char *buf, bool pinned, char *out)
{
	unsigned int i;

	memset(out, 0, PAGES + 1);
	for (i = 0; i < PAGES; i++) {
		struct ioasb_lookup c = { .size = sizeof(c),
					  .ioas_id = ioas,
					  .iova = BASE + i * PAGE + 7 };
		int rc = be_call(fd, IOASB_LOOKUP, &c);

		out[i] = '.';
		if (rc == -ENOENT)
			continue;
		EQ(rc, 0);
		EQ(c.out_user_va, (uintptr_t)memory(buf, i) + 7);
		EQ(c.out_flags, RW_PROT | (pinned ? IOASB_LOOKUP_PINNED : 0));
		EQ(!!c.out_pfn, pinned && be_root);
		out[i] = before[i] | 0x20;
		if (c.out_start == BASE + i * PAGE)
			out[i] &= ~0x20;
	}
}

static void try_row(const struct row *row, char *buf, bool attached)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, row->mode, IOASB_ACCOUNT_USER);
	uint32_t dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	char after[PAGES + 1];
	uint64_t unmapped;
	struct be_sum sum;
	int rc;

	if (attached)
		EQ(be_attach(fd, dev, ioas, 0), 0);
	map_letters(fd, ioas, buf);
	EQ(be_sum(fd).npinned, attached ? 7 : 0);
	rc = be_unmap(fd, ioas, BASE + row->first * PAGE, row->n * PAGE, &unmapped);
	read_letters(fd, ioas, buf, attached, after);
	CHECK(!strcmp(after, row->after) && rc == row->rc && unmapped == row->unmapped * PAGE,
	      "mode %u, %u pages from %u: %s, status %d, %llu bytes", row->mode, row->n, row->first,
	      after, rc, (unsigned long long)unmapped);
	sum = be_sum(fd);
	EQ(sum.mapped, (7 - row->unmapped) * PAGE);
	EQ(sum.npinned, attached ? 7 - row->unmapped : 0);
	EQ(sum.ncharged, sum.npinned);
	close(fd);
}

void test_modes(void)
{
	char *buf = be_memory(PAGES * PAGE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		try_row(&rows[i], buf, false);
		try_row(&rows[i], buf, true);
	}
	EQ(be_status("VmPin:"), 0);
}

static void try_all(uint32_t mode, bool flag, char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, mode, IOASB_ACCOUNT_USER);
	uint64_t unmapped = 1;
	int round, rc;

	EQ(be_attach(fd, be_device(fd, PAGE, 0, TOP, NULL, 0), ioas, 0), 0);
	for (round = 0; round < 2; round++) {
		/* The second time nothing is there. */
		rc = flag ? be_unmap_all(fd, ioas, &unmapped)
			  : be_unmap(fd, ioas, 0, TOP, &unmapped);
		EQ(rc, 0);
		EQ(unmapped, round * 4 * PAGE);
		if (round)
			break;
		EQ(be_map_at(fd, ioas, buf, PAGE, 0), 0);
		EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE), 0);
		EQ(be_map_at(fd, ioas, buf, PAGE, TOP - PAGE + 1), 0);
	}
	EQ(be_sum(fd).areas, 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(be_sum(fd).pages, 0);
	close(fd);
}

/* The last page of all is in reach of each mode, by its own range too. */
static void try_top(uint32_t mode, char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, mode, IOASB_ACCOUNT_USER);
	uint64_t unmapped;

	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, TOP - 2 * PAGE + 1), 0);
	EQ(be_unmap(fd, ioas, TOP - 2 * PAGE + 1, 2 * PAGE, &unmapped), 0);
	EQ(unmapped, 2 * PAGE);
	close(fd);
}

void test_all(void)
{
	char *buf = be_memory(4 * PAGE);
	uint32_t mode;

	for (mode = IOASB_MODE_EXACT; mode <= IOASB_MODE_ANY; mode++) {
		try_all(mode, false, buf);
		try_all(mode, true, buf);
		try_top(mode, buf);
	}
}
