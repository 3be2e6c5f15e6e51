// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that map, copy and unmap at the same few places of two IOASes, while the devices come
 * and go. Nobody knows who wins, so only answers that can never be right are wrong.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "access_ops.h"
#include "pin.h"

#define RACE_SLOTS 4
#define RACE_SLOT_BYTES (2 * MIB)
#define RACE_SIZE_MAX (256 * KIB)
#define RACE_THREADS_MAX 64
#define RACE_IOASES 2

struct race {
	struct session *s;
	uint32_t ioas[RACE_IOASES];
	pthread_mutex_t device_lock; /* of a device's file, which serves one call at a time */
	uint64_t end; /* of CLOCK_MONOTONIC, seconds; 0: after so many operations */
	atomic_uint done;
	atomic_uint wrong;
};

struct racer {
	struct race *race;
	unsigned int number;
	struct rng rng;
	pthread_t thread;
};

static uint64_t race_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec;
}

static bool race_on(const struct race *race, unsigned int i)
{
	return race->end ? race_now() < race->end : i < race->s->opt->ops;
}

static uint64_t race_iova(struct racer *r)
{
	return IOVA_BASE + rng_below(&r->rng, RACE_SLOTS) * RACE_SLOT_BYTES +
	       rng_below(&r->rng, 4) * PAGE;
}

static uint32_t race_ioas(struct racer *r)
{
	return r->race->ioas[rng_below(&r->rng, RACE_IOASES)];
}

static void race_sane(struct racer *r, const char *what, int ret)
{
	switch (ret) {
	case 0:
	case -EEXIST:
	case -ENOENT:
	case -EBUSY:
	case -EPERM:
	case -EADDRINUSE:
		return;
	default:
		atomic_fetch_add(&r->race->wrong, 1);
		fprintf(stderr, "race: %s: %s\n", what, strerror(-ret));
	}
}

static void race_map(struct racer *r)
{
	struct session *s = r->race->s;
	uint64_t size = rng_size(&r->rng, RACE_SIZE_MAX), iova = race_iova(r);
	uint64_t va = (uintptr_t)s->buffer + page_down(rng_below(&r->rng, MIB));
	uint32_t flags = rng_percent(&r->rng, 80) ? MAP_RW : FD_MAP_READ;

	if (rng_percent(&r->rng, 80))
		flags |= FD_MAP_FIXED;
	race_sane(r, "map", fd_map(&s->fd, race_ioas(r), flags, va, size, &iova));
}

static void race_copy(struct racer *r)
{
	uint64_t size = rng_size(&r->rng, RACE_SIZE_MAX), to = race_iova(r);

	race_sane(r, "copy",
		  fd_copy(&r->race->s->fd, race_ioas(r), race_ioas(r), FD_MAP_FIXED | MAP_RW,
			  race_iova(r), size, &to));
}

static void race_unmap(struct racer *r)
{
	bool all = rng_percent(&r->rng, 5), slot = rng_percent(&r->rng, 60);
	uint64_t iova = all ? 0 : race_iova(r), gone;
	uint64_t size = all    ? UINT64_MAX
			: slot ? RACE_SLOT_BYTES
			       : rng_size(&r->rng, RACE_SIZE_MAX);

	race_sane(r, "unmap", fd_unmap(&r->race->s->fd, race_ioas(r), iova, size, &gone));
}

static void race_device(struct racer *r)
{
	struct session *s = r->race->s;
	struct cdev *dev = &s->devices[rng_below(&r->rng, s->ndevices)];

	pthread_mutex_lock(&r->race->device_lock);
	if (rng_percent(&r->rng, 65))
		race_sane(r, "attach", cdev_attach(dev, race_ioas(r)));
	else
		race_sane(r, "detach", cdev_detach(dev));
	pthread_mutex_unlock(&r->race->device_lock);
}

/* An IOAS of its own, whose number others may be given next. */
static void race_short_life(struct racer *r)
{
	struct fd *fd = &r->race->s->fd;
	uint64_t iova = IOVA_BASE;
	uint32_t ioas;

	race_sane(r, "alloc", fd_alloc(fd, &ioas));
	race_sane(
		r, "copy",
		fd_copy(fd, ioas, race_ioas(r), FD_MAP_FIXED | MAP_RW, race_iova(r), PAGE, &iova));
	race_sane(r, "destroy", fd_destroy(fd, ioas));
}

/* Others are always in between: what is void, or not held, is refused. */
static void race_access(struct racer *r)
{
	int ret = raced_access(r->race->s, &r->rng, race_ioas(r), race_iova(r));

	race_sane(r, "access", ret == -EINVAL ? 0 : ret);
}

static void *race_thread(void *arg)
{
	struct racer *r = arg;
	unsigned int i;

	pin_thread(r->number);
	for (i = 0; race_on(r->race, i); i++) {
		uint64_t dice = rng_below(&r->rng, 100);

		if (r->race->s->nmediated && rng_percent(&r->rng, 40))
			race_access(r);
		else if (dice < 38)
			race_map(r);
		else if (dice < 58)
			race_copy(r);
		else if (dice < 90)
			race_unmap(r);
		else if (dice < 96)
			race_device(r);
		else
			race_short_life(r);
		atomic_fetch_add(&r->race->done, 1);
	}
	return NULL;
}

static int race_run(struct race *race, struct racer *racers, unsigned int n)
{
	unsigned int i, started;
	int ret = 0;

	if (race->s->opt->seconds)
		race->end = race_now() + race->s->opt->seconds;
	for (started = 0; started < n; started++) {
		struct racer *r = &racers[started];

		r->race = race;
		r->number = started;
		r->rng.state = race->s->opt->seed + 1000003 * (started + 1);
		ret = -pthread_create(&r->thread, NULL, race_thread, r);
		if (ret)
			break;
	}
	for (i = 0; i < started; i++)
		pthread_join(racers[i].thread, NULL);
	return ret;
}

/* What is left stays, for whoever wants to look. */
int scenario_race(struct session *s)
{
	unsigned int n = pin_threads(min_u64(s->opt->threads, RACE_THREADS_MAX)), i;
	struct race race = { .s = s, .device_lock = PTHREAD_MUTEX_INITIALIZER };
	struct racer *racers cleanup_free = calloc(n, sizeof(*racers));
	int ret;

	if (!racers)
		return -ENOMEM;
	ret = session_buffer(s, max_u64(s->opt->buffer, 2 * MIB));
	for (i = 0; i < RACE_IOASES && !ret; i++)
		ret = s_alloc(s, &race.ioas[i]);
	s->modelled = false;
	if (!ret)
		ret = race_run(&race, racers, n);
	fprintf(stderr, "race: %u threads, %u operations, %u wrong\n", n, atomic_load(&race.done),
		atomic_load(&race.wrong));
	return atomic_load(&race.wrong) ? -EPROTO : ret;
}
