// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that map, unmap and pin at the same few places of one container. Nobody knows who
 * wins, so only answers that can never be right are wrong.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "pin.h"

#define RACE_SLOTS 4
#define RACE_SLOT_BYTES (2 * MIB)
#define RACE_SIZE_MAX MIB
#define RACE_THREADS_MAX 256

struct race {
	struct client *client;
	bool emulated;
	/*
	 * With emulated devices in the container unmaps go one at a time. An unmap of pinned
	 * pages calls the devices with one of the kernel's two locks held, the devices need the
	 * other, and a second unmap may hold that while it waits for the first: two unmaps of
	 * pinned areas at once can lock up a container for good.
	 */
	pthread_mutex_t unmap_lock;
	atomic_uint done;
	atomic_uint wrong;
};

struct racer {
	struct race *race;
	unsigned int number;
	struct rng rng;
	pthread_t thread;
};

static uint64_t race_iova(struct racer *racer)
{
	uint64_t slot = rng_below(&racer->rng, RACE_SLOTS);
	uint64_t page = rng_below(&racer->rng, 4);

	return CLIENT_IOVA_BASE + slot * RACE_SLOT_BYTES + page * PAGE;
}

static bool race_allowed(int result)
{
	switch (result) {
	case 0:
	case -EEXIST:
	case -EINVAL:
	case -ENOENT:
		return true;
	default:
		return false;
	}
}

static void race_sane(struct racer *racer, const char *what, int result, bool allowed)
{
	if (allowed)
		return;
	atomic_fetch_add(&racer->race->wrong, 1);
	fprintf(stderr, "race: %s: %s\n", what, strerror(-result));
}

static void race_map(struct racer *racer)
{
	struct client *client = racer->race->client;
	uint64_t size = rng_size(&racer->rng, RACE_SIZE_MAX);
	uint64_t va = (uintptr_t)client->buffer + page_down(rng_below(&racer->rng, MIB));
	uint32_t flags = rng_percent(&racer->rng, 80) ? CLIENT_RW : CLIENT_R;
	int ret = vfio_map(&client->vfio, race_iova(racer), size, va, flags);

	race_sane(racer, "map", ret, race_allowed(ret));
}

static void race_unmap(struct racer *racer)
{
	struct race *race = racer->race;
	bool all = rng_percent(&racer->rng, 2);
	uint64_t iova = all ? 0 : race_iova(racer);
	uint64_t size = all			       ? 0
			: rng_percent(&racer->rng, 50) ? RACE_SLOT_BYTES
						       : rng_size(&racer->rng, RACE_SIZE_MAX);
	uint64_t returned = 0;
	int ret;

	if (race->emulated)
		pthread_mutex_lock(&race->unmap_lock);
	ret = vfio_unmap(&race->client->vfio, iova, size, all ? VFIO_DMA_UNMAP_FLAG_ALL : 0,
			 &returned);
	if (race->emulated)
		pthread_mutex_unlock(&race->unmap_lock);
	race_sane(racer, "unmap", ret, race_allowed(ret) && !(returned % PAGE));
}

static void race_pin(struct racer *racer, struct device *dev)
{
	uint64_t iova = race_iova(racer);
	uint64_t npages = 1 + rng_below(&racer->rng, 8);
	int ret;

	if (rng_percent(&racer->rng, 60)) {
		ret = testdev_pin(&dev->testdev, iova, npages, IOAS_TEST_READ);
		race_sane(racer, "pin", ret, race_allowed(ret) || ret == -EACCES);
	} else {
		ret = testdev_unpin(&dev->testdev, iova, npages);
		race_sane(racer, "unpin", ret, race_allowed(ret));
	}
}

static struct device *race_emulated(struct racer *racer)
{
	struct client *client = racer->race->client;
	struct device *dev = &client->devices[rng_below(&racer->rng, client->ndevices)];

	return dev->emulated ? dev : client_emulated(client);
}

static void *race_thread(void *arg)
{
	struct racer *racer = arg;
	struct race *race = racer->race;
	unsigned int i;

	pin_thread(racer->number);
	for (i = 0; i < race->client->opt->ops; i++) {
		if (race->emulated && rng_percent(&racer->rng, 40))
			race_pin(racer, race_emulated(racer));
		else if (rng_percent(&racer->rng, 55))
			race_map(racer);
		else
			race_unmap(racer);
		atomic_fetch_add(&race->done, 1);
	}
	return NULL;
}

static int race_run(struct race *race, struct racer *racers, unsigned int n)
{
	unsigned int i, started;
	int ret = 0;

	for (started = 0; started < n && !ret; started++) {
		struct racer *racer = &racers[started];

		racer->race = race;
		racer->number = started;
		racer->rng.state = race->client->opt->seed + 1000003 * (started + 1);
		ret = -pthread_create(&racer->thread, NULL, race_thread, racer);
		if (ret)
			break;
	}
	for (i = 0; i < started; i++)
		pthread_join(racers[i].thread, NULL);
	return ret;
}

int scenario_race(struct client *client)
{
	unsigned int n = pin_threads(min_u64(client->opt->threads, RACE_THREADS_MAX));
	struct race race = { .client = client,
			     .emulated = client_emulated(client),
			     .unmap_lock = PTHREAD_MUTEX_INITIALIZER };
	struct racer *racers cleanup_free = calloc(n, sizeof(*racers));
	uint64_t returned = 0;
	int ret;

	if (!racers)
		return -ENOMEM;
	ret = client_buffer(client, max_u64(client->opt->buffer, 2 * MIB));
	if (!ret)
		ret = race_run(&race, racers, n);
	/* Nobody kept books; start again from nothing. */
	if (!ret)
		ret = vfio_unmap(&client->vfio, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL, &returned);
	model_clear(&client->model);
	if (!ret)
		ret = client_scratch(client);
	fprintf(stderr, "race: %u threads, %u operations, %u wrong\n", n, atomic_load(&race.done),
		atomic_load(&race.wrong));
	return atomic_load(&race.wrong) ? -EPROTO : ret;
}
