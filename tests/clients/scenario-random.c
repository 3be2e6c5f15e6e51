// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random maps, unmaps and pins, each answer compared with the model. Addresses are clustered,
 * so that overlaps, neighbours and cuts through areas are frequent.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

#define PIN_PAGES_MAX 700 /* more than one kernel call takes */
#define STATS_EVERY 64

struct request {
	uint64_t iova;
	uint64_t size;
	uint64_t va;
	uint32_t flags;
};

struct random_run {
	struct client *client;
	struct rng *rng;
	uint64_t max_size;
	uint64_t window;
	unsigned int op; /* number of the current one */
	unsigned int refused; /* answers other than success, and successes of size 0 */
};

static int random_compare(struct random_run *run, const char *what, const struct request *rq,
			  int64_t got, int64_t want)
{
	if (got == want)
		return 0;
	fprintf(stderr,
		"random: op %u: %s iova=%#llx size=%#llx flags=%#x: got %lld, expected %lld\n",
		run->op, what, (unsigned long long)rq->iova, (unsigned long long)rq->size,
		rq->flags, (long long)got, (long long)want);
	return -EPROTO;
}

/* Some area of the scenario, or NULL; the client's own scratch area does not count. */
static struct area *random_area(struct random_run *run)
{
	struct model *model = &run->client->model;
	size_t n = model->n;

	while (n && model->areas[n - 1].iova >= CLIENT_SCRATCH_IOVA)
		n--;
	return n ? &model->areas[rng_below(run->rng, n)] : NULL;
}

static uint64_t random_page(struct random_run *run, uint64_t bytes)
{
	return page_down(rng_below(run->rng, bytes));
}

/* Where the next map goes: next to an area, into one, or anywhere. */
static uint64_t random_place(struct random_run *run, uint64_t size)
{
	struct area *area = random_area(run);
	uint64_t dice = rng_below(run->rng, 100);

	if (area && dice < 30)
		return area->iova + area->size;
	if (area && dice < 45 && area->iova > size + GIB)
		return area->iova - size;
	if (area && dice < 60)
		return area->iova + random_page(run, area->size);
	return CLIENT_IOVA_BASE + random_page(run, run->window);
}

static void random_spoil_map(struct random_run *run, struct request *rq)
{
	switch (rng_below(run->rng, 4)) {
	case 0:
		rq->iova += 1 + rng_below(run->rng, PAGE - 1);
		break;
	case 1:
		rq->size = 0;
		break;
	case 2:
		rq->flags = 0;
		break;
	default:
		rq->iova = 0 - PAGE;
		rq->size = 2 * PAGE;
		break;
	}
}

static int random_map(struct random_run *run)
{
	static const uint32_t prots[] = { CLIENT_RW, CLIENT_RW, CLIENT_RW, CLIENT_R, CLIENT_W };
	struct client *client = run->client;
	struct request rq = { 0 };
	int want, got;

	rq.size = rng_size(run->rng, run->max_size);
	rq.iova = random_place(run, rq.size);
	rq.va = (uintptr_t)client->buffer + random_page(run, client->buffer_bytes - rq.size + PAGE);
	rq.flags = prots[rng_below(run->rng, ARRAY_SIZE(prots))];
	if (rng_percent(run->rng, 4))
		random_spoil_map(run, &rq);
	want = model_expect_map(&client->model, &client->info, rq.iova, rq.size, rq.va, rq.flags);
	got = client_map(client, rq.iova, rq.size, rq.va, rq.flags);
	/* Newer kernels tell what wraps from what is wrong otherwise. */
	if (rq.size && rq.iova + rq.size - 1 < rq.iova && got == -EOVERFLOW)
		want = got;
	run->refused += !!want;
	return random_compare(run, "map", &rq, got, want);
}

static int random_unmap_request(struct random_run *run, const struct request *rq)
{
	struct client *client = run->client;
	uint64_t want_size, got_size = 0;
	int want, got, ret;

	want = model_expect_unmap(&client->model, rq->iova, rq->size, rq->flags, &want_size);
	got = client_unmap(client, rq->iova, rq->size, rq->flags, &got_size);
	run->refused += want || !want_size;
	ret = random_compare(run, "unmap", rq, got, want);
	if (!ret && !want)
		ret = random_compare(run, "unmap: size", rq, (int64_t)got_size, (int64_t)want_size);
	return ret;
}

/* From one area to a later one, with some room on both sides or none. */
static void random_span(struct random_run *run, const struct area *area, struct request *rq)
{
	const struct model *model = &run->client->model;
	size_t i = (size_t)(area - model->areas);
	size_t j = min_u64(i + rng_below(run->rng, 4), model->n - 1);
	const struct area *last = &model->areas[j];

	if (last->iova >= CLIENT_SCRATCH_IOVA)
		last = area;
	rq->iova -= min_u64(PAGE * rng_below(run->rng, 3), rq->iova);
	rq->size = last->iova + last->size - rq->iova + PAGE * rng_below(run->rng, 3);
}

static void random_spoil_unmap(struct random_run *run, struct request *rq)
{
	switch (rng_below(run->rng, 3)) {
	case 0:
		rq->iova += 512;
		break;
	case 1:
		rq->size = 0;
		break;
	default:
		rq->size += 1;
		break;
	}
}

static int random_unmap(struct random_run *run)
{
	struct area *area = random_area(run);
	uint64_t dice = rng_below(run->rng, 100);
	struct request rq = { 0 };

	if (!area || dice < 10) {
		rq.iova = CLIENT_IOVA_BASE + random_page(run, run->window);
		rq.size = rng_size(run->rng, run->max_size);
		return random_unmap_request(run, &rq);
	}
	rq.iova = area->iova;
	rq.size = area->size;
	if (dice < 12) {
		rq = (struct request){ .flags = VFIO_DMA_UNMAP_FLAG_ALL };
	} else if (dice < 32) {
		random_span(run, area, &rq);
	} else if (dice < 40) {
		rq.size = PAGE + random_page(run, area->size);
	} else if (dice < 50) {
		rq.iova += random_page(run, area->size);
		rq.size = rng_size(run->rng, run->max_size);
	} else if (dice < 54) {
		random_spoil_unmap(run, &rq);
	}
	return random_unmap_request(run, &rq);
}

static struct device *random_emulated(struct random_run *run)
{
	struct client *client = run->client;
	unsigned int i, start = (unsigned int)rng_below(run->rng, client->ndevices);

	for (i = 0; i < client->ndevices; i++) {
		struct device *dev = &client->devices[(start + i) % client->ndevices];

		if (dev->emulated && dev->fd >= 0)
			return dev;
	}
	return NULL;
}

static int random_pin(struct random_run *run, struct device *dev)
{
	struct client *client = run->client;
	unsigned int index = client_device_index(client, dev);
	struct area *area = random_area(run);
	struct request rq = { .iova = CLIENT_IOVA_BASE };
	int want, got;

	if (area)
		rq.iova = area->iova + random_page(run, area->size);
	rq.size = rng_size(run->rng, PIN_PAGES_MAX * PAGE);
	rq.flags = (uint32_t)(1 + rng_below(run->rng, 3));
	want = model_expect_pin(&client->model, rq.iova, rq.size / PAGE, rq.flags);
	got = testdev_pin(&dev->testdev, rq.iova, rq.size / PAGE, rq.flags);
	run->refused += !!want;
	if (random_compare(run, "pin", &rq, got, want))
		return -EPROTO;
	return want ? 0 : model_pin(&client->model, index, rq.iova, rq.size / PAGE);
}

/* A run of pinned pages, or what comes. */
static int random_unpin(struct random_run *run, struct device *dev)
{
	struct client *client = run->client;
	struct model *model = &client->model;
	unsigned int index = client_device_index(client, dev);
	struct area *area = random_area(run);
	struct request rq = { .iova = CLIENT_IOVA_BASE };
	uint64_t npages = rng_size(run->rng, PIN_PAGES_MAX * PAGE) / PAGE;
	int want, got;

	if (area)
		rq.iova = area->iova + random_page(run, area->size);
	while (npages > 1 && !rng_percent(run->rng, 10) &&
	       model_expect_unpin(model, index, rq.iova, npages))
		npages /= 2;
	rq.size = npages * PAGE;
	want = model_expect_unpin(model, index, rq.iova, npages);
	got = testdev_unpin(&dev->testdev, rq.iova, npages);
	run->refused += !!want;
	if (random_compare(run, "unpin", &rq, got, want))
		return -EPROTO;
	if (!want)
		model_unpin(model, index, rq.iova, npages);
	return 0;
}

/* Each emulated device must hold exactly the pins of the model. */
static int random_check_pins(struct random_run *run)
{
	struct client *client = run->client;
	struct request rq = { 0 };
	unsigned int i;
	int ret = 0;

	for (i = 0; i < client->ndevices && !ret; i++) {
		struct device *dev = &client->devices[i];
		struct ioas_test_stats stats;

		if (!dev->emulated || dev->fd < 0)
			continue;
		ret = testdev_stats(&dev->testdev, &stats);
		if (!ret)
			ret = random_compare(run, "pages pinned", &rq, (int64_t)stats.pages_pinned,
					     (int64_t)model_pinned(&client->model, i));
	}
	return ret;
}

static int random_step(struct random_run *run)
{
	struct device *dev = random_emulated(run);
	uint64_t dice = rng_below(run->rng, 100);

	if (run->client->model.mapped > run->client->opt->total)
		return random_unmap(run);
	if (dev && dice < 30)
		return dice < 18 ? random_pin(run, dev) : random_unpin(run, dev);
	return rng_percent(run->rng, 58) ? random_map(run) : random_unmap(run);
}

int scenario_random(struct client *client)
{
	struct random_run run = { .client = client, .rng = &client->rng };
	int ret;

	ret = client_buffer(client, client->opt->buffer);
	if (ret)
		return ret;
	run.max_size = min_u64(client->opt->max_size, client->buffer_bytes);
	run.window = 8 * max_u64(run.max_size, 64 * PAGE);
	for (run.op = 1; run.op <= client->opt->ops && !ret; run.op++) {
		ret = random_step(&run);
		/* The devices' buffers need their pages back after an unmap of everything. */
		if (!ret)
			ret = client_scratch(client);
		if (!ret && !(run.op % STATS_EVERY))
			ret = random_check_pins(&run);
	}
	if (!ret)
		ret = random_check_pins(&run);
	fprintf(stderr, "random: seed %llu: %u operations, %u refused or empty, %zu areas left\n",
		(unsigned long long)client->opt->seed, run.op - 1, run.refused, client->model.n);
	return ret;
}
