// SPDX-License-Identifier: GPL-2.0-or-later
#include "access_ops.h"

#include <errno.h>
#include <pthread.h>

/* Of a device's file, which serves one attach at a time. */
static pthread_mutex_t attach_lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t random_prot(struct rng *rng)
{
	static const uint32_t prots[] = { IOAS_TEST_READ, IOAS_TEST_WRITE,
					  IOAS_TEST_READ | IOAS_TEST_WRITE };

	return prots[rng_below(rng, ARRAY_SIZE(prots))];
}

/* In an area, from its beginning or not; often over its end. */
static uint64_t random_address(struct rng *rng, const struct ioas *ioas, uint64_t *room)
{
	const struct area *area;

	*room = 4 * PAGE;
	if (!ioas || !ioas->n || rng_percent(rng, 3))
		return IOVA_BASE;
	area = &ioas->areas[rng_below(rng, ioas->n)];
	*room = area->size + 2 * PAGE;
	return area->iova + (rng_percent(rng, 50) ? 0 : page_down(rng_below(rng, area->size)));
}

/* Up to 1024 pages: more than the device asks for in one call. */
static void random_pin(struct session *s, struct rng *rng, unsigned int n)
{
	const struct model_access *access = &s->model.access[n];
	uint64_t room, iova = random_address(rng, access->ioas, &room);
	const struct model_pin *pin = &access->pins[0];
	uint64_t size = rng_size(rng, min_u64(room, 4 * MIB));

	if (access->npins && (access->npins == MODEL_PINS || rng_percent(rng, 20))) {
		pin += rng_below(rng, access->npins);
		iova = pin->iova;
		size = pin->size;
	}
	s_pin(s, n, iova, size / PAGE, random_prot(rng));
}

static void random_unpin(struct session *s, struct rng *rng, unsigned int n)
{
	const struct model_access *access = &s->model.access[n];
	const struct model_pin *pin = &access->pins[0];
	uint64_t iova = IOVA_BASE, size = PAGE;

	if (access->npins) {
		pin += rng_below(rng, access->npins);
		iova = pin->iova;
		size = pin->size + (rng_percent(rng, 5) ? PAGE : 0);
	}
	s_unpin(s, n, iova, size / PAGE);
}

static void random_rw(struct session *s, struct rng *rng, unsigned int n)
{
	uint64_t room, iova = random_address(rng, s->model.access[n].ioas, &room);
	uint64_t skip = rng_below(rng, PAGE);

	s_rw(s, n, iova + skip, 1 + rng_below(rng, min_u64(room, 64 * KIB)), rng_percent(rng, 50));
}

void random_access(struct session *s, struct rng *rng, const uint32_t *ioas, unsigned int nioas)
{
	unsigned int n = (unsigned int)rng_below(rng, s->nmediated);
	uint64_t dice = rng_below(rng, 100);

	if (dice < 8 || (!s->model.access[n].ioas && dice < 60))
		s_access_attach(s, n, ioas[rng_below(rng, nioas)]);
	else if (dice < 11)
		s_access_detach(s, n);
	else if (dice < 60)
		random_pin(s, rng, n);
	else if (dice < 85)
		random_unpin(s, rng, n);
	else
		random_rw(s, rng, n);
}

static int raced_attach(struct session *s, struct rng *rng, unsigned int n, uint32_t ioas)
{
	int ret;

	pthread_mutex_lock(&attach_lock);
	ret = rng_percent(rng, 70) ? cdev_attach(&s->mediated[n], ioas)
				   : cdev_detach(&s->mediated[n]);
	pthread_mutex_unlock(&attach_lock);
	return ret;
}

int raced_access(struct session *s, struct rng *rng, uint32_t ioas, uint64_t iova)
{
	unsigned int n = (unsigned int)rng_below(rng, s->nmediated);
	uint64_t dice = rng_below(rng, 100), npages = 1 + rng_below(rng, 4);
	struct testdev *dev = &s->testdev[n];
	uint8_t bytes[256];

	if (dice < 45)
		return testdev_pin(dev, iova, npages, random_prot(rng));
	if (dice < 75)
		return testdev_unpin(dev, iova, npages);
	if (dice < 92)
		return testdev_rw(dev, iova, bytes, sizeof(bytes), false);
	return raced_attach(s, rng, n, ioas);
}
