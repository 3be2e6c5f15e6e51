// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients that each make one mistake, and nothing else wrong. The kernel answers
 * as it must; what is wrong is what the client believes. A checker has to name it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"

#define BASE CLIENT_IOVA_BASE
#define R IOAS_TEST_READ

static int break_expect(const char *what, long got, long want)
{
	if (got == want)
		return 0;
	fprintf(stderr, "%s: got %ld, expected %ld\n", what, got, want);
	return -EPROTO;
}

static int break_map(struct client *client, uint64_t offset, uint64_t size, long want)
{
	return break_expect("map",
			    vfio_map(&client->vfio, BASE + offset, size,
				     (uintptr_t)client->buffer + offset, CLIENT_RW),
			    want);
}

/* Succeeds, and the kernel says that it removed `want` bytes. */
static int break_unmap(struct client *client, uint64_t offset, uint64_t size, uint64_t want)
{
	uint64_t returned = 0;
	int ret = break_expect("unmap",
			       vfio_unmap(&client->vfio, BASE + offset, size, 0, &returned), 0);

	return ret ? ret : break_expect("unmap: size", (long)returned, (long)want);
}

/* Version 1 only: an unmap that begins inside an area succeeds and removes nothing. */
static int break_inside(struct client *client)
{
	int ret;

	if (client->opt->v2) {
		fprintf(stderr, "this needs --mode v1\n");
		return -EINVAL;
	}
	ret = client_buffer(client, MIB);
	if (!ret)
		ret = break_map(client, 0, MIB, 0);
	if (!ret)
		ret = break_unmap(client, 512 * KIB, 512 * KIB, 0);
	return ret;
}

/* The size that came back is read, and the whole area unmapped then. */
int scenario_break_v1_inside(struct client *client)
{
	int ret = break_inside(client);

	return ret ? ret : break_unmap(client, 0, MIB, MIB);
}

/* It is not read: the addresses are taken for free, and used again. */
int scenario_break_stale(struct client *client)
{
	int ret = break_inside(client);

	return ret ? ret : break_map(client, 512 * KIB, 512 * KIB, -EEXIST);
}

static int break_pin(struct client *client, struct testdev **dev)
{
	struct device *device = client_emulated(client);
	int ret;

	if (!client->opt->v2 || !device) {
		fprintf(stderr, "this needs --mode v2 and an emulated device\n");
		return -EINVAL;
	}
	*dev = &device->testdev;
	ret = client_buffer(client, MIB);
	if (!ret)
		ret = break_map(client, 0, MIB, 0);
	return ret ? ret : break_expect("pin", testdev_pin(*dev, BASE, 4, R), 0);
}

/* Pages are given back a second time. The kernel says nothing to that. */
int scenario_break_double_unpin(struct client *client)
{
	struct testdev *dev;
	int ret = break_pin(client, &dev);

	if (!ret)
		ret = break_expect("unpin", testdev_unpin(dev, BASE, 4), 0);
	return ret ? ret : break_expect("unpin again", testdev_unpin_raw(dev, BASE, 4), 0);
}

/*
 * A mediated device goes and leaves its pins behind. If another one keeps the
 * container, the first comes back and gives them back: nothing is lost for good.
 * The last one's would be, and the kernel warns of it.
 */
int scenario_break_leak(struct client *client)
{
	struct device *device = client_emulated(client);
	struct testdev *dev;
	int ret = break_pin(client, &dev);

	if (!ret)
		ret = break_expect("forget", testdev_forget(dev), 0);
	if (!ret)
		ret = client_detach(client, device);
	if (ret || !client_attached(client))
		return ret;
	ret = client_attach(client, device);
	return ret ? ret : break_expect("unpin late", testdev_unpin_raw(dev, BASE, 4), 0);
}
