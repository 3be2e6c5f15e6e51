// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Usage: backend-load [--threads N] [--no-kills] | --wrong WHAT
 * Does what it is told by lines on standard input, and answers each with a line:
 *   run N     N more random calls by all threads, then all stop between two calls
 *   dump      the state, as the backend tells it
 *   probe N   N reads and writes through the IOASes, held against the dump
 *   leave     all threads give back what they have, and end
 *   detach    all devices let go
 *   quit
 * IOASCOPE_SEED as everywhere.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "load.h"

uint64_t be_seed = 1;
double be_scale = 1;
bool be_root = true;

struct process {
	pid_t pid;
	struct slot *slots;
};

struct run {
	struct load load;
	struct rng rng;
	struct process process[PROCESSES];
	bool kills;
	unsigned long killed;
};

static void *work(void *arg)
{
	struct thread *t = arg;
	struct shared *s = t->load->shared;

	while (!atomic_load(&s->end)) {
		atomic_store(&t->slot->parked, false);
		if (atomic_load(&s->pause)) {
			atomic_store(&t->slot->parked, true);
			usleep(2000);
			continue;
		}
		load_op(t);
		atomic_fetch_add(&s->ops, 1);
	}
	load_leave(t);
	return NULL;
}

static void process(struct run *r, struct slot *slots, uint64_t seed)
{
	struct thread *threads = calloc(r->load.threads, sizeof(*threads));
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < r->load.threads; i++) {
		struct thread *t = &threads[i];

		*t = (struct thread){ .load = &r->load, .slot = &slots[i], .rng = { seed + i } };
		t->client[0].fd = t->client[1].fd = -1;
		EQ(pthread_create(&t->id, NULL, work, t), 0);
	}
	for (i = 0; i < r->load.threads; i++)
		pthread_join(threads[i].id, NULL);
	_exit(0);
}

static void start(struct run *r, struct process *p)
{
	uint64_t seed = rng_next(&r->rng);

	fflush(stdout);
	p->pid = fork();
	CHECK(p->pid >= 0, "%s", strerror(errno));
	if (!p->pid)
		process(r, p->slots, seed);
}

static void stopped(struct run *r, struct process *p)
{
	unsigned int i;

	for (i = 0; i < r->load.threads; i++) {
		atomic_store(&p->slots[i].parked, true);
		atomic_store(&p->slots[i].clients, 0);
	}
	p->pid = 0;
}

static void kill_one(struct run *r)
{
	struct process *p = &r->process[rng_below(&r->rng, PROCESSES)];
	int status;

	CHECK(!kill(p->pid, SIGKILL));
	CHECK(waitpid(p->pid, &status, 0) == p->pid && WIFSIGNALED(status), "status %x", status);
	stopped(r, p);
	r->killed++;
	start(r, p);
}

/* None has died by itself. */
static void alive(void)
{
	int status;

	CHECK(!waitpid(-1, &status, WNOHANG), "a process has ended: %x", status);
}

static void wait_parked(struct run *r)
{
	unsigned int i;

	for (i = 0; i < PROCESSES * r->load.threads; i++)
		while (!atomic_load(&r->load.shared->slot[i].parked))
			usleep(500);
}

static void run(struct run *r, unsigned long n)
{
	struct shared *s = r->load.shared;
	unsigned long until = atomic_load(&s->ops) + n;

	atomic_store(&s->pause, false);
	while (atomic_load(&s->ops) < until) {
		usleep(1000 + rng_below(&r->rng, 30000));
		alive();
		if (r->kills && rng_percent(&r->rng, 3))
			kill_one(r);
	}
	atomic_store(&s->pause, true);
	wait_parked(r);
	printf("%lu %lu\n", atomic_load(&s->ops), r->killed);
}

static unsigned int clients(const struct run *r)
{
	unsigned int i, n = 0;

	for (i = 0; i < PROCESSES * r->load.threads; i++)
		n += atomic_load(&r->load.shared->slot[i].clients);
	return n;
}

static void leave(struct run *r)
{
	unsigned int i;
	int status;

	atomic_store(&r->load.shared->end, true);
	for (i = 0; i < PROCESSES; i++) {
		CHECK(waitpid(r->process[i].pid, &status, 0) > 0 && !status, "status %x", status);
		stopped(r, &r->process[i]);
	}
	puts("left");
}

static void detach(struct run *r)
{
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		be_detach(r->load.fd, r->load.device[i]);
	puts("detached");
}

static void open_all(struct load *l)
{
	static const uint32_t accounts[] = { IOASB_ACCOUNT_USER, IOASB_ACCOUNT_MM,
					     IOASB_ACCOUNT_USER, IOASB_ACCOUNT_USER,
					     IOASB_ACCOUNT_NONE, IOASB_ACCOUNT_USER };
	static const uint32_t modes[] = { IOASB_MODE_EXACT, IOASB_MODE_COVER, IOASB_MODE_FIRST,
					  IOASB_MODE_ANY,   IOASB_MODE_ANY,   IOASB_MODE_COVER };
	struct ioasb_iova_range msi = { 0xfee00000, 0xfeefffff };
	struct ioasb_iova_range high = { BASE + 400 * PAGE, BASE + 407 * PAGE - 1 };
	unsigned int i;

	l->fd = be_open();
	for (i = 0; i < IOASES; i++)
		l->ioas[i] = be_ioas(l->fd, modes[i], accounts[i]);
	l->device[0] = be_device(l->fd, PAGE, 0, TOP, NULL, 0);
	l->device[1] = be_device(l->fd, PAGE, 0, (1ULL << 48) - 1, &msi, 1);
	l->device[2] = be_device(l->fd, PAGE, PAGE, (1ULL << 39) - 1, &high, 1);
	l->device[3] = be_device(l->fd, 4 * PAGE, 0, TOP, &msi, 1);
	l->memory = mmap(NULL, MEMORY * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	l->shared = mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(l->memory != MAP_FAILED && l->shared != MAP_FAILED);
	for (i = 0; i < MEMORY; i++)
		*(uint64_t *)(l->memory + i * PAGE) = i;
	atomic_store(&l->shared->pause, true);
}

static void commands(struct run *r)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "run ", 4))
			run(r, strtoul(line + 4, NULL, 0));
		else if (!strncmp(line, "probe ", 6))
			printf("%u\n", load_probe(&r->load, atoi(line + 6), &r->rng));
		else if (!strcmp(line, "dump\n"))
			load_dump(&r->load, clients(r));
		else if (!strcmp(line, "leave\n"))
			leave(r);
		else if (!strcmp(line, "detach\n"))
			detach(r);
		else
			return;
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = { { "threads", 1, NULL, 't' },
					       { "no-kills", 0, NULL, 'k' },
					       { "wrong", 1, NULL, 'w' },
					       {} };
	struct run r = { .kills = true };
	unsigned int i;
	int c;

	r.load.threads = 2;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 't')
			r.load.threads = atoi(optarg) / PROCESSES;
		else if (c == 'k')
			r.kills = false;
		else if (c == 'w')
			return load_wrong(optarg) ? 0 : 2;
		else
			return 2;
	}
	if (!r.load.threads || r.load.threads * PROCESSES > ARRAY_SIZE(r.load.shared->slot))
		return 2;
	if (getenv("IOASCOPE_SEED"))
		be_seed = strtoull(getenv("IOASCOPE_SEED"), NULL, 0);
	r.rng.state = be_seed;
	open_all(&r.load);
	for (i = 0; i < PROCESSES; i++) {
		r.process[i].slots = &r.load.shared->slot[i * r.load.threads];
		stopped(&r, &r.process[i]);
		start(&r, &r.process[i]);
	}
	printf("READY\n");
	fflush(stdout);
	commands(&r);
	return 0;
}
