// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocations that fail, in a kernel that can make them (tests/backend/debug.sh has set it up):
 * each call with its first one failing, then its second, until it had no more. What fails has
 * changed nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "be.h"

#define BASE 0x100000000ULL
#define PAGES 64

struct faults {
	int nth; /* /proc/thread-self/fail-nth */
	int fd, client, other;
	uint32_t ioas, second, dev;
	char *buf;
};

static int client_call(int client, unsigned long cmd, unsigned int page, unsigned int n)
{
	struct ioasb_client_pin c = { .size = sizeof(c),
				      .iova = BASE + page * PAGE,
				      .length = n * PAGE };

	return be_call(client, cmd, &c);
}

static int pin(struct faults *f)
{
	return client_call(f->client, IOASB_CLIENT_PIN, 10, 40);
}

static int unpin(struct faults *f)
{
	return client_call(f->client, IOASB_CLIENT_UNPIN, 10, 40);
}

/* In the middle of what is pinned already. */
static int pin_part(struct faults *f)
{
	return client_call(f->other, IOASB_CLIENT_PIN, 22, 3);
}

static int unpin_part(struct faults *f)
{
	return client_call(f->other, IOASB_CLIENT_UNPIN, 22, 3);
}

static int map(struct faults *f)
{
	return be_map_at(f->fd, f->ioas, f->buf, 8 * PAGE, 2 * BASE);
}

static int unmap(struct faults *f)
{
	return be_unmap(f->fd, f->ioas, 2 * BASE, 8 * PAGE, NULL);
}

static int copy(struct faults *f)
{
	uint64_t iova = BASE;

	return be_copy(f->fd, f->second, f->ioas, RW_PROT | IOASB_FIXED, BASE, PAGES * PAGE, &iova);
}

static int uncopy(struct faults *f)
{
	return be_unmap_all(f->fd, f->second, NULL);
}

static int attach(struct faults *f)
{
	return be_attach(f->fd, f->dev, f->ioas, 0);
}

static int detach(struct faults *f)
{
	return be_detach(f->fd, f->dev);
}

static int new_client(struct faults *f)
{
	int fd = be_client(f->fd, f->ioas, 0);

	return fd < 0 ? fd : close(fd);
}

static int new_ioas(struct faults *f)
{
	struct ioasb_ioas_alloc c = { .size = sizeof(c), .tracker = be_tracker };
	int rc = be_call(f->fd, IOASB_IOAS_ALLOC, &c);

	return rc ? rc : be_destroy(f->fd, c.out_ioas_id);
}

static const struct op {
	const char *name;
	int (*run)(struct faults *f);
	int (*undo)(struct faults *f); /* NULL: it has done so itself */
} ops[] = {
	{ "pin", pin, unpin },		{ "pin a part", pin_part, unpin_part },
	{ "map", map, unmap },		{ "copy", copy, uncopy },
	{ "attach", attach, detach },	{ "new client", new_client, NULL },
	{ "new IOAS", new_ioas, NULL },
};

static void set_nth(struct faults *f, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	EQ(pwrite(f->nth, text, len, 0), len);
}

/* Did it come to the allocation that was to fail? */
static bool failed_one(struct faults *f)
{
	char text[16] = {};

	CHECK(pread(f->nth, text, sizeof(text) - 1, 0) > 0);
	return !atoi(text);
}

static void same(const struct be_sum *a, const struct be_sum *b)
{
	EQ(a->devices, b->devices);
	EQ(a->ioases, b->ioases);
	EQ(a->areas, b->areas);
	EQ(a->pages, b->pages);
	EQ(a->ranges, b->ranges);
	EQ(a->mapped, b->mapped);
	EQ(a->npinned, b->npinned);
	EQ(a->ncharged, b->ncharged);
}

/* Returns how many allocations could fail. */
static unsigned int each_fails(struct faults *f, const struct op *op)
{
	struct be_sum before = be_sum(f->fd), after;
	unsigned int n;
	bool failed;
	int rc;

	for (n = 1;; n++) {
		CHECK(n < 10000);
		set_nth(f, n);
		rc = op->run(f);
		failed = failed_one(f);
		set_nth(f, 0);
		CHECK(!rc || (failed && (rc == -ENOMEM || rc == -EFAULT)), "%s: %d", op->name, rc);
		if (!rc && op->undo)
			EQ(op->undo(f), 0);
		after = be_sum(f->fd);
		same(&before, &after);
		if (!failed)
			return n - 1;
	}
}

static void start(struct faults *f)
{
	f->fd = be_open();
	f->buf = be_memory(PAGES * PAGE);
	f->ioas = be_ioas(f->fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	f->second = be_ioas(f->fd, IOASB_MODE_ANY, IOASB_ACCOUNT_USER);
	f->dev = be_device(f->fd, PAGE, 0, TOP, NULL, 0);
	EQ(be_map_at(f->fd, f->ioas, f->buf, PAGES / 2 * PAGE, BASE), 0);
	EQ(be_map_at(f->fd, f->ioas, f->buf + PAGES / 2 * PAGE, PAGES / 2 * PAGE,
		     BASE + PAGES / 2 * PAGE),
	   0);
	f->client = be_client(f->fd, f->ioas, IOASB_CLIENT_PAGES);
	f->other = be_client(f->fd, f->ioas, IOASB_CLIENT_PAGES);
}

void test_faults(void)
{
	struct faults f = { .nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC) };
	unsigned int i, round, n;

	CHECK(f.nth >= 0, "this kernel makes no allocation fail");
	start(&f);
	/* With nothing pinned, then in the middle of another client's pin, then of its own. */
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(ops); i++) {
			n = each_fails(&f, &ops[i]);
			CHECK(n || round, "%s allocates nothing", ops[i].name);
		}
		EQ(client_call(round ? f.other : f.client, IOASB_CLIENT_PIN, 0, PAGES), 0);
	}
	close(f.other);
	close(f.client);
	EQ(be_sum(f.fd).npinned, 0);
	close(f.fd);
	close(f.nth);
}
