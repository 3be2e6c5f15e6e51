// SPDX-License-Identifier: GPL-2.0-or-later
/* What a tracker keeps: counts against a model, entries, their limit, what a client forgets. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "be.h"

#define PAGES 96
#define CLIENTS 2
#define REGIONS 3

/* The same memory three times: at the first addresses, in the middle, at the last ones. */
static const uint64_t bases[REGIONS] = { 0, 0x100000000ULL, -(PAGES *PAGE) };

struct state {
	int fd;
	uint32_t ioas, dev;
	int client[CLIENTS];
	uint64_t count[CLIENTS][REGIONS][PAGES];
	bool attached;
	int failing; /* /proc/self/make-it-fail, or 0 */
	struct rng rng;
};

static int call(int client, unsigned long cmd, uint64_t iova, uint64_t pages)
{
	struct ioasb_client_pin c = { .size = sizeof(c), .iova = iova, .length = pages * PAGE };

	return be_call(client, cmd, &c);
}

static int pin(int client, uint64_t iova, uint64_t pages)
{
	return call(client, IOASB_CLIENT_PIN, iova, pages);
}

static int unpin(int client, uint64_t iova, uint64_t pages)
{
	return call(client, IOASB_CLIENT_UNPIN, iova, pages);
}

static struct ioasb_rec client_rec(int fd, unsigned int which)
{
	struct ioasb_rec *recs, found = {};
	unsigned int i, n = be_dump(fd, 512, &recs);

	for (i = 0; i < n; i++)
		if (recs[i].kind == IOASB_REC_CLIENT && !which--)
			found = recs[i];
	free(recs);
	return found;
}

/* Entries of a tracker that keeps so many ranges, of so many pages. */
static void entries(int fd, unsigned int ranges, unsigned int pages)
{
	struct ioasb_rec rec = client_rec(fd, 0);

	EQ(rec.client.pages, pages);
	EQ(rec.client.pins, be_tracker == IOASB_TRACKER_INTERVAL ? ranges : pages);
}

/* Pages that are pinned one after the other are one range; one that is split is joined again. */
static void ranges(char *buf)
{
	int fd = be_open(), client, i;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	uint64_t unmapped;

	EQ(be_map_at(fd, ioas, buf, 32 * PAGE, 0), 0);
	EQ(be_map_at(fd, ioas, buf + 32 * PAGE, 32 * PAGE, 32 * PAGE), 0);
	client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	for (i = 0; i < 16; i++)
		EQ(pin(client, i * PAGE, 1), 0);
	entries(fd, 1, 16);
	for (i = 31; i >= 16; i--)
		EQ(pin(client, i * PAGE, 1), 0);
	entries(fd, 1, 32);
	/* Another pages object. */
	EQ(pin(client, 32 * PAGE, 32), 0);
	entries(fd, 2, 64);
	EQ(pin(client, 10 * PAGE, 4), 0);
	entries(fd, 4, 64);
	EQ(unpin(client, 10 * PAGE, 4), 0);
	entries(fd, 2, 64);
	EQ(unpin(client, 20 * PAGE, 1), 0);
	entries(fd, 3, 63);
	EQ(unpin(client, 19 * PAGE, 2), -ENOENT);
	EQ(pin(client, 18 * PAGE, 5), 0);
	EQ(unpin(client, 18 * PAGE, 2), 0);
	EQ(unpin(client, 21 * PAGE, 2), 0);
	entries(fd, 2, 64);
	EQ(be_unmap(fd, ioas, 30 * PAGE, 4 * PAGE, &unmapped), 0);
	entries(fd, 2, 60);
	EQ(be_sum(fd).npinned, 60);
	EQ(unpin(client, 34 * PAGE, 30), 0);
	EQ(unpin(client, 0, 30), 0);
	entries(fd, 0, 0);
	EQ(be_sum(fd).npinned, 0);
	close(client);
	close(fd);
}

static bool needed(const struct state *s, unsigned int k)
{
	unsigned int c, r;

	for (c = 0; c < CLIENTS; c++)
		for (r = 0; r < REGIONS; r++)
			if (s->count[c][r][k])
				return true;
	return s->attached;
}

static void see_pin(const struct ioasb_rec *rec, uint64_t seen[REGIONS][PAGES])
{
	unsigned int r = rec->client_pin.start >= bases[2]   ? 2
			 : rec->client_pin.start >= bases[1] ? 1
							     : 0;
	uint64_t k = (rec->client_pin.start - bases[r]) / PAGE;

	for (; k <= (rec->client_pin.last - bases[r]) / PAGE; k++) {
		CHECK(k < PAGES);
		EQ(seen[r][k], 0);
		seen[r][k] = rec->client_pin.count;
	}
}

/* Of one client: what it is said to have, and how many records and entries that is. */
static void same_client(const struct state *s, unsigned int c, const struct ioasb_rec *recs,
			unsigned int n)
{
	uint64_t seen[REGIONS][PAGES] = {}, pages = 0, runs = 0;
	struct ioasb_rec rec = {};
	unsigned int i, k, r, which = c;

	for (i = 0; i < n; i++)
		if (recs[i].kind == IOASB_REC_CLIENT && !which--)
			rec = recs[i];
	for (i = 0; i < n; i++) {
		if (recs[i].kind != IOASB_REC_CLIENT_PIN || recs[i].id != rec.id)
			continue;
		see_pin(&recs[i], seen);
		runs++;
	}
	for (r = 0; r < REGIONS; r++)
		for (k = 0; k < PAGES; k++) {
			EQ(seen[r][k], s->count[c][r][k]);
			pages += !!seen[r][k];
		}
	EQ(rec.client.pages, pages);
	EQ(rec.client.pins, be_tracker == IOASB_TRACKER_INTERVAL ? runs : pages);
}

static void same(const struct state *s)
{
	struct ioasb_rec *recs;
	unsigned int n = be_dump(s->fd, 64, &recs), k, pinned = 0;
	struct be_sum sum = be_sum(s->fd);

	for (k = 0; k < CLIENTS; k++)
		same_client(s, k, recs, n);
	for (k = 0; k < PAGES; k++)
		pinned += needed(s, k);
	EQ(sum.npinned, pinned);
	EQ(sum.ncharged, pinned);
	free(recs);
}

/* Only while a call runs: what the test itself needs is to be had. */
static void may_fail(const struct state *s, bool on)
{
	if (s->failing)
		EQ(pwrite(s->failing, on ? "1" : "0", 1, 0), 1);
}

static bool for_memory(const struct state *s, int rc)
{
	may_fail(s, false);
	return s->failing && (rc == -ENOMEM || rc == -EFAULT);
}

static void do_pin(struct state *s, unsigned int c, unsigned int r, unsigned int first,
		   unsigned int n)
{
	unsigned int k;
	int rc;

	may_fail(s, true);
	rc = pin(s->client[c], bases[r] + first * PAGE, n);
	if (for_memory(s, rc))
		return;
	EQ(rc, 0);
	for (k = first; k < first + n; k++)
		s->count[c][r][k]++;
}

static void do_unpin(struct state *s, unsigned int c, unsigned int r, unsigned int first,
		     unsigned int n)
{
	unsigned int k;
	int rc = 0, got;

	for (k = first; k < first + n; k++)
		if (!s->count[c][r][k])
			rc = -ENOENT;
	/* It does not fail for memory. */
	may_fail(s, true);
	got = unpin(s->client[c], bases[r] + first * PAGE, n);
	may_fail(s, false);
	EQ(got, rc);
	for (k = first; k < first + n && !rc; k++)
		s->count[c][r][k]--;
}

/* Both clients let go; the memory comes back from the first addresses. */
static void do_unmap(struct state *s, unsigned int r, unsigned int first, unsigned int n)
{
	uint64_t iova = bases[r] + first * PAGE, unmapped;
	unsigned int c;
	int rc;

	may_fail(s, true);
	rc = be_unmap(s->fd, s->ioas, iova, n * PAGE, &unmapped);
	if (for_memory(s, rc)) {
		/* It may have come as far as to ask them, or not. */
		EQ(unmapped, 0);
		rc = be_unmap(s->fd, s->ioas, iova, n * PAGE, &unmapped);
	}
	EQ(rc, 0);
	EQ(unmapped, n * PAGE);
	for (c = 0; c < CLIENTS; c++)
		memset(&s->count[c][r][first], 0, n * sizeof(s->count[0][0][0]));
	same(s);
	EQ(be_copy(s->fd, s->ioas, s->ioas, RW_PROT | IOASB_FIXED, first * PAGE, n * PAGE, &iova),
	   0);
}

static void do_device(struct state *s)
{
	int rc;

	may_fail(s, true);
	rc = s->attached ? be_detach(s->fd, s->dev) : be_attach(s->fd, s->dev, s->ioas, 0);
	if (for_memory(s, rc) && !s->attached)
		return;
	EQ(rc, 0);
	s->attached = !s->attached;
}

static void step(struct state *s)
{
	unsigned int c = rng_below(&s->rng, CLIENTS), r = rng_below(&s->rng, REGIONS);
	unsigned int first = rng_below(&s->rng, PAGES), what = rng_below(&s->rng, 100);
	unsigned int n = 1 + rng_below(&s->rng, rng_percent(&s->rng, 70) ? 8 : PAGES);

	if (n > PAGES - first)
		n = PAGES - first;
	if (what < 45) {
		do_pin(s, c, r, first, n);
	} else if (what < 90) {
		do_unpin(s, c, r, first, n);
	} else if (what < 96) {
		do_unmap(s, r ? r : 1, first, n);
	} else {
		do_device(s);
	}
	same(s);
}

static void random_steps(char *buf, int failing)
{
	struct state s = { .fd = be_open(), .failing = failing, .rng.state = be_seed };
	unsigned int i, steps = be_scaled(3000, 300);

	s.ioas = be_ioas(s.fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	s.dev = be_device(s.fd, PAGE, 0, TOP, NULL, 0);
	EQ(be_map_at(s.fd, s.ioas, buf, PAGES * PAGE, bases[0]), 0);
	for (i = 1; i < REGIONS; i++) {
		uint64_t iova = bases[i];

		EQ(be_copy(s.fd, s.ioas, s.ioas, RW_PROT | IOASB_FIXED, 0, PAGES * PAGE, &iova), 0);
	}
	for (i = 0; i < CLIENTS; i++)
		s.client[i] = be_client(s.fd, s.ioas, IOASB_CLIENT_PAGES);
	for (i = 0; i < steps; i++)
		step(&s);
	/* One ends, what the other has stays. */
	close(s.client[0]);
	memset(s.count[0], 0, sizeof(s.count[0]));
	for (i = 0; i < PAGES; i++)
		s.attached |= needed(&s, i);
	EQ(!!be_sum(s.fd).npinned, s.attached);
	close(s.client[1]);
	close(s.fd);
}

static void set_max_entries(unsigned int n)
{
	FILE *f = fopen("/sys/module/ioas_backend/parameters/max_entries", "w");

	CHECK(f && fprintf(f, "%u", n) > 0 && !fclose(f));
}

/* As many entries, or as much memory for a table; what fails leaves nothing behind. */
static void limit(char *buf)
{
	int fd = be_open(), client;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	bool by_page = be_tracker == IOASB_TRACKER_XARRAY || be_tracker == IOASB_TRACKER_ARRAY;
	uint64_t far = 1ULL << 40;

	EQ(be_map_at(fd, ioas, buf, PAGES * PAGE, 0), 0);
	EQ(be_copy(fd, ioas, ioas, RW_PROT | IOASB_FIXED, 0, PAGES * PAGE, &far), 0);
	client = be_client(fd, ioas, IOASB_CLIENT_PAGES);
	set_max_entries(64);
	EQ(pin(client, 0, 60), 0);
	EQ(pin(client, 50 * PAGE, 15), by_page ? -ENOSPC : 0);
	entries(fd, by_page ? 1 : 3, by_page ? 60 : 65);
	EQ(be_sum(fd).npinned, by_page ? 60 : 65);
	if (!by_page)
		EQ(unpin(client, 50 * PAGE, 15), 0);
	EQ(pin(client, far, 1), be_tracker == IOASB_TRACKER_TABLE ? -ENOSPC : 0);
	if (be_tracker != IOASB_TRACKER_TABLE)
		EQ(unpin(client, far, 1), 0);
	EQ(pin(client, 59 * PAGE, 2), 0);
	EQ(unpin(client, 59 * PAGE, 2), 0);
	entries(fd, 1, 60);
	EQ(unpin(client, 0, 60), 0);
	entries(fd, 0, 0);
	EQ(be_sum(fd).npinned, 0);
	set_max_entries(1U << 20);
	close(client);
	close(fd);
}

/* A word in the kernel's log that was written after it was opened. */
static bool logged(int log, const char *what)
{
	char line[1024];
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0) {
		line[n] = 0;
		if (strstr(line, what))
			return true;
	}
	return false;
}

/* What it forgot is unpinned, and the log says how much that was: not more than ten times in 5 s.
 */
static void forgotten(char *buf)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), fd = be_open(), i;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	bool told = false;

	CHECK(log >= 0 && lseek(log, 0, SEEK_END) >= 0);
	EQ(be_map_at(fd, ioas, buf, PAGES * PAGE, 0), 0);
	for (i = 0; i < 3 && !told; i++) {
		int client = be_client(fd, ioas, IOASB_CLIENT_PAGES);

		if (i)
			sleep(6);
		EQ(pin(client, 3 * PAGE, 41), 0);
		EQ(pin(client, 7 * PAGE, 50), 0);
		close(client);
		EQ(be_sum(fd).npinned, 0);
		told = logged(log, "forgot 54 pages");
	}
	CHECK(told);
	close(log);
	close(fd);
}

/* Who asks for a tracker that there is not gets none; the dump says which it is. */
static void kinds(void)
{
	struct ioasb_ioas_alloc c = { .size = sizeof(c), .tracker = 4 };
	struct ioasb_rec *recs;
	int fd = be_open();

	EQ(be_call(fd, IOASB_IOAS_ALLOC, &c), -EOPNOTSUPP);
	be_ioas(fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	EQ(be_dump(fd, 8, &recs), 1);
	EQ(recs[0].ioas.tracker, be_tracker);
	free(recs);
	close(fd);
}

void test_trackers(void)
{
	char *buf = be_memory(PAGES * PAGE);

	kinds();
	ranges(buf);
	random_steps(buf, 0);
	if (be_root) {
		limit(buf);
		forgotten(buf);
	}
	EQ(be_status("VmPin:"), 0);
}

/* The same while allocations fail at random: tests/backend/debug.sh says how often. */
void test_failing_client(void)
{
	int failing = open("/proc/self/make-it-fail", O_RDWR | O_CLOEXEC);

	CHECK(failing >= 0, "this kernel makes no allocation fail");
	random_steps(be_memory(PAGES * PAGE), failing);
	close(failing);
	EQ(be_status("VmPin:"), 0);
}
