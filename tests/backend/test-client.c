// SPDX-License-Identifier: GPL-2.0-or-later
/* Mediated clients: pins on demand, both rules of unpinning, unmaps that ask. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"

#define BASE 0x100000000ULL
#define PAGES 96

static int call(int client, unsigned long cmd, uint64_t iova, uint64_t length, uint32_t flags)
{
	struct ioasb_client_pin c = {
		.size = sizeof(c), .flags = flags, .iova = iova, .length = length
	};

	return be_call(client, cmd, &c);
}

static int pin(int client, unsigned int page, unsigned int n)
{
	return call(client, IOASB_CLIENT_PIN, BASE + page * PAGE, n * PAGE, IOASB_PIN_WRITE);
}

static int unpin(int client, unsigned int page, unsigned int n)
{
	return call(client, IOASB_CLIENT_UNPIN, BASE + page * PAGE, n * PAGE, 0);
}

static struct ioasb_rec find_client(int fd)
{
	struct ioasb_rec *recs, found = {};
	unsigned int i, n = be_dump(fd, 64, &recs);

	for (i = 0; i < n; i++)
		if (recs[i].kind == IOASB_REC_CLIENT)
			found = recs[i];
	free(recs);
	return found;
}

static uint32_t mapped(int fd, char *buf, unsigned int n)
{
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);

	/* Two areas, one behind the other. */
	EQ(be_map_at(fd, ioas, buf, n / 2 * PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf + n / 2 * PAGE, n / 2 * PAGE, BASE + n / 2 * PAGE), 0);
	return ioas;
}

static void by_range(char *buf)
{
	int fd = be_open();
	uint32_t ioas = mapped(fd, buf, 16), dev = be_device(fd, PAGE, 0, TOP, NULL, 0);
	int client = be_client(fd, ioas, 0);

	EQ(pin(client, 6, 4), 0);
	EQ(be_sum(fd).npinned, 4);
	EQ(be_status("VmPin:"), 4 * 4);
	/* One for each area, or for each page. */
	EQ(find_client(fd).client.pins, be_tracker ? 4 : 2);
	EQ(find_client(fd).client.pages, 4);
	EQ(pin(client, 6, 4), 0);
	EQ(pin(client, 7, 1), 0);
	EQ(be_sum(fd).npinned, 4);
	EQ(unpin(client, 6, 3), -ENOENT);
	EQ(unpin(client, 8, 1), -ENOENT);
	EQ(unpin(client, 6, 4), 0);
	EQ(unpin(client, 6, 4), 0);
	EQ(be_sum(fd).npinned, 1);
	EQ(unpin(client, 6, 4), -ENOENT);
	/* A device needs all, the client's page is not charged again. */
	EQ(be_attach(fd, dev, ioas, 0), 0);
	EQ(be_sum(fd).ncharged, 16);
	EQ(be_detach(fd, dev), 0);
	EQ(be_sum(fd).ncharged, 1);
	EQ(unpin(client, 7, 1), 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(pin(client, 15, 2), -ENOENT);
	EQ(pin(client, 16, 1), -ENOENT);
	EQ(be_sum(fd).npinned, 0);
	EQ(find_client(fd).client.pins, 0);
	close(client);
	close(fd);
}

static void by_page(char *buf)
{
	int fd = be_open();
	uint32_t ioas = mapped(fd, buf, 16);
	int client = be_client(fd, ioas, IOASB_CLIENT_PAGES);

	EQ(pin(client, 0, 16), 0);
	EQ(pin(client, 4, 2), 0);
	EQ(unpin(client, 3, 4), 0);
	EQ(be_sum(fd).npinned, 14);
	EQ(unpin(client, 3, 2), -ENOENT);
	EQ(unpin(client, 4, 2), 0);
	EQ(be_sum(fd).npinned, 12);
	/* Unpinned is what was pinned, not what is mapped there now. */
	EQ(munmap(buf, 2 * PAGE), 0);
	EQ(unpin(client, 0, 3), 0);
	EQ(unpin(client, 7, 9), 0);
	EQ(be_sum(fd).npinned, 0);
	EQ(pin(client, 0, 8), -EFAULT);
	EQ(be_sum(fd).npinned, 0);
	EQ(find_client(fd).client.pins, 0);
	close(client);
	close(fd);
}

static void asked_to_let_go(char *buf, uint32_t rule)
{
	int fd = be_open();
	uint32_t ioas = mapped(fd, buf, 16);
	int client = be_client(fd, ioas, rule), holder = be_client(fd, ioas, rule | 2);
	uint64_t unmapped;

	EQ(pin(client, 6, 4), 0);
	/* Not in the way: nobody is asked. */
	EQ(be_unmap(fd, ioas, BASE, 4 * PAGE, &unmapped), 0);
	EQ(find_client(fd).client.asked, 0);
	EQ(pin(holder, 12, 2), 0);
	EQ(be_unmap(fd, ioas, BASE + 4 * PAGE, 4 * PAGE, &unmapped), 0);
	EQ(unmapped, 4 * PAGE);
	EQ(be_sum(fd).npinned, rule ? 4 : 2);
	/* One that does not let go makes it fail, with nothing removed. */
	EQ(be_unmap(fd, ioas, BASE + 8 * PAGE, 8 * PAGE, &unmapped), -EDEADLK);
	EQ(unmapped, 0);
	EQ(be_unmap_all(fd, ioas, &unmapped), -EDEADLK);
	EQ(unmapped, 0);
	EQ(find_client(fd).client.asked, 2 * 20);
	EQ(be_sum(fd).mapped, 8 * PAGE);
	EQ(unpin(holder, 12, 2), 0);
	EQ(be_unmap_all(fd, ioas, &unmapped), 0);
	EQ(unmapped, 8 * PAGE);
	EQ(be_sum(fd).npinned, 0);
	close(holder);
	close(client);
	close(fd);
}

/* Ends of a range in the middle of a page mean nothing: pages beside it stay pinned. */
static void parts_of_pages(char *buf, uint32_t mode)
{
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, mode, IOASB_ACCOUNT_USER);
	uint64_t unmapped;

	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE), 0);
	EQ(be_map_at(fd, ioas, buf, 2 * PAGE, BASE + 4 * PAGE), 0);
	client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	EQ(pin(client, 0, 2), 0);
	EQ(pin(client, 4, 2), 0);
	EQ(be_unmap(fd, ioas, BASE - 100, 3 * PAGE, &unmapped), 0);
	EQ(unmapped, 2 * PAGE);
	EQ(find_client(fd).client.pins, be_tracker ? 2 : 1);
	EQ(be_unmap(fd, ioas, BASE + 2 * PAGE + 1, TOP - BASE - 2 * PAGE, &unmapped), 0);
	EQ(unmapped, 2 * PAGE);
	EQ(find_client(fd).client.pins, 0);
	EQ(be_sum(fd).npinned, 0);
	close(client);
	close(fd);
}

/* More clients than an unmap has rounds. */
static void many_clients(char *buf)
{
	int fd = be_open(), clients[40], i;
	uint32_t ioas = mapped(fd, buf, 16);
	uint64_t unmapped;

	for (i = 0; i < 40; i++) {
		clients[i] = be_client(fd, ioas, i & 1);
		EQ(pin(clients[i], i % 8, 8), 0);
	}
	/* The first page of all is pinned by five clients, the last by others. */
	EQ(be_unmap(fd, ioas, BASE, PAGE, &unmapped), 0);
	EQ(unmapped, PAGE);
	EQ(be_unmap_all(fd, ioas, &unmapped), 0);
	EQ(unmapped, 15 * PAGE);
	EQ(be_sum(fd).npinned, 0);
	for (i = 0; i < 40; i++)
		close(clients[i]);
	close(fd);
}

/* The client's file keeps the context; what it forgot is unpinned when it closes. */
static void lifetimes(char *buf)
{
	int fd = be_open();
	uint32_t ioas = mapped(fd, buf, 16);
	int client = be_client(fd, ioas, 0), other = be_client(fd, ioas, 0);
	struct ioasb_client_alloc bad = { .size = sizeof(bad), .ioas_id = 99 };
	struct ioasb_client_rw rw = { .size = sizeof(rw),
				      .flags = IOASB_RW_WRITE,
				      .iova = BASE + 7 * PAGE + 4000,
				      .length = 200,
				      .user_va = (uintptr_t)buf };

	EQ(be_call(fd, IOASB_CLIENT_ALLOC, &bad), -ENOENT);
	bad.flags = 4;
	EQ(be_call(fd, IOASB_CLIENT_ALLOC, &bad), -EOPNOTSUPP);
	EQ(be_destroy(fd, ioas), -EBUSY);
	EQ(be_destroy(fd, find_client(fd).id), -EBUSY);
	EQ(pin(client, 0, 8), 0);
	EQ(pin(other, 4, 8), 0);
	EQ(be_sum(fd).npinned, 12);
	close(client);
	EQ(be_sum(fd).npinned, 8);
	memset(buf, 'w', 200);
	EQ(be_call(other, IOASB_CLIENT_RW, &rw), 0);
	EQ(buf[7 * PAGE + 4000], 'w');
	EQ(buf[8 * PAGE + 103], 'w');
	close(fd);
	EQ(be_status("VmPin:"), 8 * 4);
	EQ(unpin(other, 4, 8), 0);
	EQ(pin(other, 0, 1), 0);
	EQ(be_status("VmPin:"), 4);
	close(other);
	EQ(be_status("VmPin:"), 0);
}

/* A file that nobody was told of is not there. */
static void not_told(void)
{
	struct ioasb_client_alloc *c = be_memory(PAGE);
	int fd = be_open(), next = dup(fd);

	close(next);
	*c = (struct ioasb_client_alloc){ .size = sizeof(*c) };
	c->ioas_id = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	EQ(mprotect(c, PAGE, PROT_READ), 0);
	EQ(be_call(fd, IOASB_CLIENT_ALLOC, c), -EFAULT);
	EQ(fcntl(next, F_GETFD), -1);
	EQ(find_client(fd).id, 0);
	EQ(be_destroy(fd, c->ioas_id), 0);
	EQ(munmap(c, PAGE), 0);
	close(fd);
}

static void arguments(char *buf)
{
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, IOASB_ACCOUNT_USER);
	int client = be_client(fd, ioas, 0);
	uint64_t iova = BASE;

	EQ(be_map(fd, ioas, IOASB_FIXED | IOASB_READABLE, buf, PAGE, &iova), 0);
	EQ(pin(client, 0, 1), -EPERM);
	EQ(call(client, IOASB_CLIENT_PIN, BASE, PAGE, 0), 0);
	EQ(call(client, IOASB_CLIENT_PIN, BASE, PAGE, 2), -EOPNOTSUPP);
	EQ(call(client, IOASB_CLIENT_PIN, BASE, 0, 0), -EINVAL);
	EQ(call(client, IOASB_CLIENT_PIN, BASE + 1, PAGE, 0), -EINVAL);
	EQ(call(client, IOASB_CLIENT_PIN, BASE, PAGE + 1, 0), -EINVAL);
	EQ(call(client, IOASB_CLIENT_PIN, BASE, TOP - PAGE + 1, 0), -EOVERFLOW);
	EQ(call(client, IOASB_CLIENT_PIN, 0, TOP - PAGE + 1, 0), -ENOENT);
	EQ(call(client, IOASB_CLIENT_UNPIN, 0, TOP - PAGE + 1, 0), -ENOENT);
	EQ(call(client, IOASB_CLIENT_UNPIN, BASE, PAGE, 1), -EOPNOTSUPP);
	EQ(be_call(client, IOASB_MAP, buf), -ENOTTY);
	EQ(be_call(fd, IOASB_CLIENT_PIN, buf), -ENOTTY);
	close(client);
	close(fd);
}

/* The pages that a driver gets are those that the process has, by the kernel's own account. */
static void page_numbers(char *buf)
{
	int fd = be_open(), maps = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int client = be_client(fd, mapped(fd, buf, 16), 0), i;
	uint64_t pfns[9] = {}, entry;
	struct ioasb_client_pin c = { .size = sizeof(c),
				      .iova = BASE + 4 * PAGE,
				      .length = 8 * PAGE,
				      .pfns = (uintptr_t)pfns };

	EQ(be_call(client, IOASB_CLIENT_PIN, &c), be_root ? 0 : -EPERM);
	EQ(be_sum(fd).npinned, be_root ? 8 : 0);
	for (i = 0; i < 8 && be_root; i++) {
		EQ(pread(maps, &entry, 8, ((uintptr_t)buf / PAGE + 4 + i) * 8), 8);
		EQ(pfns[i], entry & ((1ULL << 55) - 1));
	}
	EQ(pfns[8], 0);
	if (be_root) {
		c.pfns = 8;
		EQ(be_call(client, IOASB_CLIENT_PIN, &c), -EFAULT);
		EQ(unpin(client, 4, 8), 0);
	}
	EQ(be_sum(fd).npinned, 0);
	close(maps);
	close(client);
	close(fd);
}

/* Counts by page, and the pins as a list, against the dump. */
struct pins {
	unsigned int count[PAGES];
	unsigned int first[500], n[500], ranges;
};

static bool take(struct pins *p, bool pages, unsigned int first, unsigned int n)
{
	unsigned int k, i = 0;

	if (pages) {
		for (k = first; k < first + n; k++)
			if (!p->count[k])
				return false;
	} else {
		while (i < p->ranges && (p->first[i] != first || p->n[i] != n))
			i++;
		if (i == p->ranges)
			return false;
		p->ranges--;
		p->first[i] = p->first[p->ranges];
		p->n[i] = p->n[p->ranges];
	}
	for (k = first; k < first + n; k++)
		p->count[k]--;
	return true;
}

static void put(struct pins *p, unsigned int first, unsigned int n)
{
	unsigned int k;

	p->first[p->ranges] = first;
	p->n[p->ranges++] = n;
	for (k = first; k < first + n; k++)
		p->count[k]++;
}

static void same(int fd, const struct pins *p)
{
	uint64_t seen[PAGES] = {}, pinned = 0;
	struct ioasb_rec *recs;
	unsigned int i, k, n = be_dump(fd, 16, &recs);

	for (i = 0; i < n; i++) {
		if (recs[i].kind != IOASB_REC_CLIENT_PIN)
			continue;
		k = (recs[i].client_pin.start - BASE) / PAGE;
		for (; k <= (recs[i].client_pin.last - BASE) / PAGE; k++) {
			EQ(seen[k], 0);
			seen[k] = recs[i].client_pin.count;
		}
	}
	for (k = 0; k < PAGES; k++) {
		EQ(seen[k], p->count[k]);
		pinned += !!p->count[k];
	}
	EQ(be_sum(fd).npinned, pinned);
	EQ(be_sum(fd).ncharged, pinned);
	free(recs);
}

static void random_pins(char *buf, bool pages)
{
	struct rng rng = { be_seed + pages };
	struct pins p = {};
	int fd = be_open(), client;
	unsigned int i, ops = be_scaled(2000, 200);

	client = be_client(fd, mapped(fd, buf, PAGES), pages ? IOASB_CLIENT_PAGES : 0);
	for (i = 0; i < ops; i++) {
		unsigned int first = rng_below(&rng, PAGES), n;

		n = 1 + rng_below(&rng, PAGES - first < 20 ? PAGES - first : 20);
		/* Often one that is there. */
		if (!pages && p.ranges && rng_percent(&rng, 50)) {
			unsigned int k = rng_below(&rng, p.ranges);

			first = p.first[k];
			n = p.n[k];
		}
		if (rng_percent(&rng, 45) && p.ranges < ARRAY_SIZE(p.n)) {
			EQ(pin(client, first, n), 0);
			put(&p, first, n);
			if (pages)
				p.ranges = 0;
		} else {
			EQ(unpin(client, first, n), take(&p, pages, first, n) ? 0 : -ENOENT);
		}
		same(fd, &p);
	}
	close(client);
	EQ(be_sum(fd).npinned, 0);
	close(fd);
}

/* A client that ends between two chunks of a dump is something that changed. */
static void counted(char *buf)
{
	struct ioasb_rec recs[2];
	struct ioasb_dump c = { .size = sizeof(c), .num_recs = 1, .recs = (uintptr_t)recs };
	int fd = be_open();
	int client = be_client(fd, mapped(fd, buf, 16), 0);
	uint64_t ended;

	EQ(pin(client, 0, 1), 0);
	EQ(be_call(fd, IOASB_DUMP, &c), 0);
	ended = c.out_ended;
	EQ(c.out_begun, ended);
	EQ(unpin(client, 0, 1), 0);
	EQ(be_call(fd, IOASB_DUMP, &c), 0);
	CHECK(c.out_begun > ended);
	ended = c.out_ended;
	EQ(c.out_begun, ended);
	close(client);
	EQ(be_call(fd, IOASB_DUMP, &c), 0);
	CHECK(c.out_begun > ended);
	EQ(c.out_begun, c.out_ended);
	close(fd);
}

/* A page that is pinned as often as that, and all pins of different lengths, let go at once. */
static void overlapping(char *buf)
{
	unsigned int n = be_scaled(100000, 20000), i;
	int fd = be_open(), client, round;
	uint32_t ioas = mapped(fd, buf, PAGES);
	uint64_t unmapped;

	for (round = 0; round < 3; round++) {
		client = be_client(fd, ioas, 0);
		for (i = 0; i < n; i++)
			EQ(pin(client, round ? i % 7 : 0, round ? PAGES - i % 11 - 6 : 1), 0);
		EQ(be_sum(fd).npinned, round ? PAGES : 1);
		if (round == 1) {
			EQ(be_unmap(fd, ioas, BASE + 50 * PAGE, PAGE, &unmapped), 0);
			EQ(unmapped, PAGE);
			EQ(find_client(fd).client.pins, 0);
			EQ(be_map_at(fd, ioas, buf, PAGE, BASE + 50 * PAGE), 0);
		} else if (round == 2) {
			EQ(be_unmap_all(fd, ioas, &unmapped), 0);
			EQ(unmapped, PAGES * PAGE);
			EQ(find_client(fd).client.asked, 1);
		}
		close(client);
		EQ(be_sum(fd).npinned, 0);
	}
	EQ(be_destroy(fd, ioas), 0);
	close(fd);
}

void test_client(void)
{
	char *buf = be_memory(PAGES * PAGE);

	by_range(buf);
	asked_to_let_go(buf, 0);
	asked_to_let_go(buf, IOASB_CLIENT_PAGES);
	parts_of_pages(buf, IOASB_MODE_COVER);
	parts_of_pages(buf, IOASB_MODE_FIRST);
	many_clients(buf);
	overlapping(buf);
	lifetimes(buf);
	counted(buf);
	not_told();
	arguments(buf);
	page_numbers(buf);
	random_pins(buf, true);
	random_pins(buf, false);
	by_page(be_memory(16 * PAGE));
	EQ(be_status("VmPin:"), 0);
}
