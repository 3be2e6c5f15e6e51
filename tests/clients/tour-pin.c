// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pins, unpins and reads and writes of an emulated device.
 */
#include <errno.h>
#include <stdio.h>

#include "tour.h"

#define BASE CLIENT_IOVA_BASE
#define AREA (64 * KIB)
#define BIG (8 * MIB)
#define BIG_PAGES (BIG / PAGE)
#define R IOAS_TEST_READ
#define W IOAS_TEST_WRITE

static struct testdev *pin_device(struct tour *tour)
{
	return &client_emulated(tour->client)->testdev;
}

static void tour_pinned(struct tour *tour, const char *what, uint64_t want)
{
	struct ioas_test_stats stats;

	tour_check(tour, what, testdev_stats(pin_device(tour), &stats), 0);
	tour_check_u64(tour, what, stats.pages_pinned, want);
}

/* r at 0, w at 64 KiB, rw at 128 KiB and next to it another rw of 8 MiB. */
static void tour_pin_layout(struct tour *tour)
{
	tour_map(tour, 0, AREA, CLIENT_R);
	tour_map(tour, AREA, AREA, CLIENT_W);
	tour_map(tour, 2 * AREA, AREA, CLIENT_RW);
	tour_map(tour, 3 * AREA, BIG, CLIENT_RW);
}

static void tour_pin_rules(struct tour *tour)
{
	struct testdev *dev = pin_device(tour);

	tour_check(tour, "pin", testdev_pin(dev, BASE + 2 * AREA, 4, R | W), 0);
	tour_pinned(tour, "pin: count", 4);
	tour_check(tour, "pin again", testdev_pin(dev, BASE + 2 * AREA + PAGE, 2, R), 0);
	tour_pinned(tour, "pin again: count", 6);
	tour_check(tour, "pin nothing", testdev_pin(dev, BASE + GIB, 1, R), -EINVAL);
	tour_check(tour, "pin into nothing", testdev_pin(dev, BASE + 3 * AREA + BIG - PAGE, 2, R),
		   -EINVAL);
	tour_check(tour, "pin w in r", testdev_pin(dev, BASE, 1, W), -EPERM);
	tour_check(tour, "pin r in w", testdev_pin(dev, BASE + AREA, 1, R), -EPERM);
	tour_check(tour, "pin r from r into w", testdev_pin(dev, BASE + AREA - PAGE, 2, R), -EPERM);
	tour_pinned(tour, "refused pins: count", 6);
	tour_check(tour, "pin over two areas", testdev_pin(dev, BASE + 3 * AREA - PAGE, 2, R | W),
		   0);
	tour_check(tour, "pin more than one call takes",
		   testdev_pin(dev, BASE + 3 * AREA, BIG_PAGES, R), 0);
	tour_pinned(tour, "pins: count", 8 + BIG_PAGES);
	tour_check(tour, "unpin in the middle",
		   testdev_unpin(dev, BASE + 3 * AREA + MIB, BIG_PAGES / 2), 0);
	tour_check(tour, "unpin it again", testdev_unpin(dev, BASE + 3 * AREA + MIB, BIG_PAGES / 2),
		   -EINVAL);
	tour_check(tour, "unpin a page that has no pin", testdev_unpin(dev, BASE, 1), -EINVAL);
	tour_pinned(tour, "unpins: count", 8 + BIG_PAGES / 2);
}

static void tour_pin_raw(struct tour *tour)
{
	static const struct {
		int64_t npages;
		int want;
	} cases[] = { { 0, -EINVAL }, { -1, -E2BIG }, { 513, -E2BIG }, { 512, 512 } };
	struct testdev *dev = pin_device(tour);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int answer = 0;

		tour_check(tour, "raw pin",
			   testdev_pin_raw(dev, BASE + 3 * AREA, cases[i].npages, R, &answer), 0);
		tour_check(tour, "raw pin: answer", answer, cases[i].want);
	}
	tour_check(tour, "unpin", testdev_unpin(dev, BASE + 3 * AREA, 512), 0);
}

/* An unmap asks the device for its pins, as often as it has to. */
static void tour_pin_unmap(struct tour *tour)
{
	struct client *client = tour->client;
	struct testdev *dev = pin_device(tour);
	struct ioas_test_stats before, after;
	uint64_t returned = 0;

	testdev_stats(dev, &before);
	tour_check(tour, "unmap pinned areas",
		   client_unmap(client, BASE + 2 * AREA, AREA + BIG, 0, &returned), 0);
	tour_check_u64(tour, "unmap pinned areas: size", returned, AREA + BIG);
	testdev_stats(dev, &after);
	tour_check_u64(tour, "unmap: callbacks", after.callbacks - before.callbacks, 2);
	tour_check_u64(tour, "unmap: unpinned", after.callback_unpinned - before.callback_unpinned,
		       before.pages_pinned);
	tour_pinned(tour, "unmap: count", 0);

	tour_map(tour, 2 * AREA, AREA, CLIENT_RW);
	tour_check(tour, "pin", testdev_pin(dev, BASE + 2 * AREA, 16, R), 0);
	tour_check(tour, "ignore callbacks", testdev_ignore(dev, 3, 0), 0);
	testdev_stats(dev, &before);
	tour_check(tour, "unmap with retries",
		   client_unmap(client, BASE + 2 * AREA, AREA, 0, &returned), 0);
	testdev_stats(dev, &after);
	tour_check_u64(tour, "retries: callbacks", after.callbacks - before.callbacks, 4);
	tour_check_u64(tour, "retries: ignored", after.ignored - before.ignored, 3);
	tour_pinned(tour, "retries: count", 0);
}

static void tour_pin_registers(struct tour *tour)
{
	struct client *client = tour->client;
	struct device *real = client_real(client);
	uint64_t iova = BASE + 64 * MIB;

	if (!real)
		return;
	if (tour_check(tour, "map device registers",
		       vfio_map(&client->vfio, iova, real->edu.bar_size, (uintptr_t)real->edu.regs,
				CLIENT_RW),
		       0))
		model_map(&client->model, iova, real->edu.bar_size, 0, CLIENT_RW);
	tour_check(tour, "pin device registers", testdev_pin(pin_device(tour), iova, 1, R),
		   -EINVAL);
}

/* The kernel wants read access for both directions. */
static void tour_pin_rw(struct tour *tour)
{
	struct client *client = tour->client;
	struct device *dev = client_emulated(client);
	static const struct {
		uint64_t offset;
		enum edu_dir dir;
		int want;
	} cases[] = {
		{ 0, EDU_READ, DMA_OK },	{ 0, EDU_WRITE, DMA_FAULT },
		{ AREA, EDU_READ, DMA_FAULT },	{ AREA, EDU_WRITE, DMA_FAULT },
		{ 2 * AREA, EDU_READ, DMA_OK }, { 2 * AREA, EDU_WRITE, DMA_OK },
		{ GIB, EDU_READ, DMA_FAULT },	{ GIB, EDU_WRITE, DMA_FAULT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tour_check(tour, "rw of an emulated device",
			   dma_check(client, dev, cases[i].dir, BASE + cases[i].offset + 100, 3000),
			   cases[i].want);
}

/* Pins that nobody gives back end with the device file. */
static void tour_pin_forgotten(struct tour *tour)
{
	struct client *client = tour->client;
	struct device *dev = client_emulated(client);

	tour_check(tour, "pin and forget", testdev_pin(&dev->testdev, BASE, 8, R), 0);
	tour_check(tour, "detach with pins", client_detach(client, dev), 0);
	tour_check(tour, "attach again", client_attach(client, dev), 0);
	tour_check(tour, "scratch area", client_scratch(client), 0);
	tour_pinned(tour, "after a new open: count", 0);
}

void tour_pins(struct tour *tour)
{
	if (!client_emulated(tour->client))
		return;
	tour_pin_layout(tour);
	tour_pin_rw(tour);
	if (!tour->client->opt->v2) {
		tour_check(tour, "pin, v1", testdev_pin(pin_device(tour), BASE, 1, R), -EACCES);
		tour_clean(tour);
		return;
	}
	tour_pin_rules(tour);
	tour_pin_raw(tour);
	tour_pin_unmap(tour);
	tour_pin_registers(tour);
	tour_pin_forgotten(tour);
	tour_clean(tour);
}
