// SPDX-License-Identifier: GPL-2.0-or-later
/* Many threads in one context, killed processes, many areas. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "be.h"

#define THREADS 8
#define IOASES 3
#define DEVICES 3
#define PAGES 1024
#define SPAN 2048 /* of addresses, in pages */

struct stress {
	int fd;
	char *buf;
	uint32_t ioas[IOASES];
	uint32_t device[DEVICES];
	unsigned int ops; /* of each thread; 0: until killed */
};

struct thread {
	struct stress *s;
	struct rng rng;
	pthread_t id;
};

static uint32_t pick(struct thread *t)
{
	return t->s->ioas[rng_below(&t->rng, IOASES)];
}

static uint64_t somewhere(struct thread *t)
{
	return rng_below(&t->rng, SPAN) * PAGE;
}

static uint64_t length(struct thread *t)
{
	return (1 + rng_below(&t->rng, rng_percent(&t->rng, 90) ? 8 : 700)) * PAGE;
}

static void memory_op(struct thread *t)
{
	uint64_t n = length(t);

	/* What may be pinned at the moment, by other threads. */
	madvise(t->s->buf + rng_below(&t->rng, PAGES - n / PAGE) * PAGE, n, MADV_DONTNEED);
}

static void query(struct thread *t)
{
	struct ioasb_rec recs[64];
	struct ioasb_dump c = { .size = sizeof(c), .num_recs = 64, .recs = (uintptr_t)recs };
	struct ioasb_lookup l = { .size = sizeof(l), .ioas_id = pick(t), .iova = somewhere(t) };
	struct ioasb_iova_range ranges[4];
	unsigned int n = 4;
	char data[6000];

	be_call(t->s->fd, IOASB_LOOKUP, &l);
	be_ranges(t->s->fd, pick(t), ranges, &n);
	be_rw(t->s->fd, pick(t), rng_percent(&t->rng, 50), somewhere(t) + 100, data, sizeof(data),
	      NULL);
	while (!be_call(t->s->fd, IOASB_DUMP, &c) && c.num_recs)
		;
}

static void device_op(struct thread *t)
{
	uint32_t dev = t->s->device[rng_below(&t->rng, DEVICES)];

	if (rng_percent(&t->rng, 40))
		be_detach(t->s->fd, dev);
	else
		be_attach(t->s->fd, dev, pick(t), rng_percent(&t->rng, 50));
}

/* An IOAS of its own that others may guess. */
static void lives(struct thread *t)
{
	uint32_t account = be_root ? IOASB_ACCOUNT_MM : IOASB_ACCOUNT_USER;
	uint32_t ioas = be_ioas(t->s->fd, IOASB_MODE_ANY, account), id;
	uint64_t x = 0;

	be_reserve(t->s->fd, ioas, 0, PAGE, &x, &id);
	be_map_at(t->s->fd, ioas, t->s->buf, 4 * PAGE, 64 * PAGE);
	be_copy(t->s->fd, pick(t), ioas, RW_PROT, 64 * PAGE, 2 * PAGE, &x);
	be_destroy(t->s->fd, ioas + rng_below(&t->rng, 2));
	be_destroy(t->s->fd, ioas);
}

static void client_op(struct thread *t)
{
	int client = be_client(t->s->fd, pick(t), rng_below(&t->rng, 2));
	struct ioasb_client_pin c = { .size = sizeof(c) };
	int i;

	if (client < 0)
		return;
	for (i = 0; i < 8; i++) {
		if (rng_percent(&t->rng, 70)) {
			c.iova = somewhere(t);
			c.length = (1 + rng_below(&t->rng, 4)) * PAGE;
		}
		be_call(client, i & 1 ? IOASB_CLIENT_UNPIN : IOASB_CLIENT_PIN, &c);
	}
	close(client);
}

static void one(struct thread *t)
{
	unsigned int what = rng_below(&t->rng, 100);
	uint64_t n = length(t), at = somewhere(t);

	if (what < 35)
		be_map_at(t->s->fd, pick(t),
			  t->s->buf + rng_below(&t->rng, PAGES - n / PAGE) * PAGE, n, at);
	else if (what < 50)
		be_copy(t->s->fd, pick(t), pick(t), RW_PROT | IOASB_FIXED, somewhere(t), n, &at);
	else if (what < 75)
		be_unmap(t->s->fd, pick(t), at, n, NULL);
	else if (what < 85)
		device_op(t);
	else if (what < 88)
		client_op(t);
	else if (what < 93)
		query(t);
	else if (what < 96)
		memory_op(t);
	else if (what < 99)
		lives(t);
	else
		be_unmap_all(t->s->fd, pick(t), NULL);
}

static void *work(void *arg)
{
	struct thread *t = arg;
	unsigned int i;

	for (i = 0; !t->s->ops || i < t->s->ops; i++)
		one(t);
	return NULL;
}

static void start(struct stress *s, struct thread *threads, uint64_t seed)
{
	unsigned int i;

	s->fd = be_open();
	s->buf = be_memory(PAGES * PAGE);
	for (i = 0; i < IOASES; i++)
		s->ioas[i] = be_ioas(s->fd, i ? IOASB_MODE_ANY : IOASB_MODE_COVER,
				     be_root && i == 1 ? IOASB_ACCOUNT_MM : IOASB_ACCOUNT_USER);
	for (i = 0; i < DEVICES; i++)
		s->device[i] = be_device(s->fd, PAGE, 0, TOP, NULL, 0);
	for (i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){ .s = s, .rng.state = seed * THREADS + i };
		EQ(pthread_create(&threads[i].id, NULL, work, &threads[i]), 0);
	}
}

void test_stress(void)
{
	struct stress s = { .ops = be_scaled(8000, 600) };
	struct thread threads[THREADS];
	struct be_sum sum;
	unsigned int i;

	start(&s, threads, be_seed);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	sum = be_sum(s.fd);
	EQ(sum.npinned, sum.ncharged);
	EQ(be_status("VmPin:"), sum.ncharged * 4);
	CHECK(sum.mapped >= sum.areas * PAGE);
	for (i = 0; i < DEVICES; i++)
		be_detach(s.fd, s.device[i]);
	EQ(be_sum(s.fd).npinned, 0);
	EQ(be_status("VmPin:"), 0);
	EQ(be_status("VmLck:"), 0);
	for (i = 0; i < IOASES; i++)
		EQ(be_destroy(s.fd, s.ioas[i]), 0);
	EQ(be_sum(s.fd).pages, 0);
	close(s.fd);
}

void test_killed(void)
{
	struct rng rng = { be_seed };
	unsigned int rounds = be_scaled(40, 6), i;
	int status;

	for (i = 0; i < rounds; i++) {
		struct timespec wait = { 0, (1 + rng_below(&rng, 400)) * 1000000 };
		pid_t pid = fork();

		if (!pid) {
			struct stress s = {};
			struct thread threads[THREADS];

			start(&s, threads, be_seed + i);
			pause();
		}
		nanosleep(&wait, NULL);
		EQ(kill(pid, SIGKILL), 0);
		CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
			      WTERMSIG(status) == SIGKILL,
		      "status %x", status);
	}
}

/* All memory of the areas is one page, or the user's limit would be reached. */
void test_many(void)
{
	unsigned int n = be_scaled(1000000, 50000), i;
	int fd = be_open();
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, IOASB_ACCOUNT_USER);
	char *buf = be_memory(PAGE);
	struct be_sum sum;
	uint64_t iova, at = 0, unmapped;

	for (i = 0; i < n; i++)
		EQ(be_map(fd, ioas, RW_PROT, buf, PAGE, &iova), 0);
	sum = be_sum(fd);
	EQ(sum.areas, n);
	EQ(sum.pages, n);
	EQ(be_unmap(fd, ioas, iova, PAGE, &unmapped), 0);
	EQ(unmapped, PAGE);
	EQ(be_map(fd, ioas, RW_PROT, buf, PAGE, &at), 0);
	EQ(be_unmap_all(fd, ioas, &unmapped), 0);
	EQ(unmapped, n * PAGE);
	EQ(be_sum(fd).pages, 0);
	close(fd);
}
