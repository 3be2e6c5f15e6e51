// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The container itself, its queries, and groups and devices coming and going.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tour.h"

static unsigned int iommu_type(const struct client *client)
{
	return client->opt->v2 ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU;
}

/* A second container without any group may answer questions, and nothing else. */
static void tour_empty_container(struct tour *tour)
{
	struct client *client = tour->client;
	struct vfio empty;
	struct vfio_info info;

	if (!tour_check(tour, "second container", vfio_open(&empty, &client->log, 1), 0))
		return;
	tour_check(tour, "version", vfio_version(&empty), VFIO_API_VERSION);
	tour_check(tour, "extension type1", vfio_extension(&empty, VFIO_TYPE1_IOMMU), 1);
	tour_check(tour, "extension type1 v2", vfio_extension(&empty, VFIO_TYPE1v2_IOMMU), 1);
	tour_check(tour, "extension unmap all", vfio_extension(&empty, VFIO_UNMAP_ALL), 1);
	tour_check(tour, "unknown extension", vfio_extension(&empty, 12345), 0);
	tour_check(tour, "set IOMMU without a group", vfio_set_iommu(&empty, iommu_type(client)),
		   -EINVAL);
	tour_check(tour, "info without an IOMMU", vfio_get_info(&empty, 0, &info), -EINVAL);
	tour_check(tour, "map without an IOMMU",
		   vfio_map(&empty, CLIENT_IOVA_BASE, PAGE, tour_va(tour, 0), CLIENT_RW), -EINVAL);
	vfio_close(&empty);
}

static void tour_group_status(struct tour *tour)
{
	struct client *client = tour->client;
	unsigned int i;

	for (i = 0; i < client->ndevices; i++)
		tour_check(tour, "group status", device_group_status(&client->devices[i]),
			   VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET);
}

static void tour_info(struct tour *tour)
{
	struct client *client = tour->client;
	bool real = client_real(client);
	struct vfio_info before, after;

	tour_check(tour, "info too short", vfio_get_info(&client->vfio, 8, &before), -EINVAL);
	tour_check(tour, "info", vfio_get_info(&client->vfio, 0, &before), 0);
	tour_check(tour, "info: 4 KiB pages", !!(before.pgsizes & PAGE), 1);
	/* Without an IOMMU there is nothing that could limit the addresses. */
	tour_check(tour, "info: has ranges", !!before.nranges, real);
	tour_map(tour, 0, PAGE, CLIENT_RW);
	tour_map(tour, PAGE, PAGE, CLIENT_RW);
	tour_check(tour, "info", vfio_get_info(&client->vfio, 0, &after), 0);
	tour_check(tour, "info: entries used", (long)before.avail - (long)after.avail, 2);
	tour_clean(tour);
}

void tour_container(struct tour *tour)
{
	struct client *client = tour->client;
	bool emulated = client_emulated(client);

	tour_empty_container(tour);
	tour_group_status(tour);
	tour_check(tour, "attach twice", device_attach(&client->devices[0], &client->vfio),
		   -EINVAL);
	tour_check(tour, "set IOMMU twice", vfio_set_iommu(&client->vfio, iommu_type(client)),
		   -EINVAL);
	tour_check(tour, "extension update vaddr", vfio_extension(&client->vfio, VFIO_UPDATE_VADDR),
		   !emulated);
	tour_info(tour);
}

/* A map made before another device came is there for that device, too. */
static void tour_replay(struct tour *tour, struct device *dev)
{
	struct client *client = tour->client;

	tour_check(tour, "detach one of several", client_detach(client, dev), 0);
	tour_map(tour, 0, 64 * KIB, CLIENT_RW);
	tour_check(tour, "attach again", client_attach(client, dev), 0);
	if (!dev->emulated) {
		tour_check(tour, "read through an earlier map",
			   dma_check(client, dev, EDU_READ, CLIENT_IOVA_BASE + PAGE, 512), DMA_OK);
		tour_check(tour, "write through an earlier map",
			   dma_check(client, dev, EDU_WRITE, CLIENT_IOVA_BASE + PAGE, 512), DMA_OK);
	}
	tour_clean(tour);
}

static void tour_last_detach(struct tour *tour)
{
	struct client *client = tour->client;
	unsigned int i;

	tour_map(tour, 0, 64 * KIB, CLIENT_RW);
	for (i = 0; i < client->ndevices; i++)
		tour_check(tour, "detach", client_detach(client, &client->devices[i]), 0);
	tour_check(
		tour, "map without a group",
		vfio_map(&client->vfio, CLIENT_IOVA_BASE + GIB, PAGE, tour_va(tour, 0), CLIENT_RW),
		-EINVAL);
	for (i = 0; i < client->ndevices; i++)
		tour_check(tour, "attach again", client_attach(client, &client->devices[i]), 0);
	tour_check(tour, "scratch area", client_scratch(client), 0);
	/* The same place is free: the last detach took every map away. */
	tour_map(tour, 0, 64 * KIB, CLIENT_RW);
	tour_clean(tour);
}

void tour_devices(struct tour *tour)
{
	struct client *client = tour->client;
	unsigned int i;

	tour_check(tour, "detach with an open device",
		   device_detach(&client->devices[0], &client->vfio), -EBUSY);
	for (i = 1; i < client->ndevices; i++)
		tour_replay(tour, &client->devices[i]);
	tour_last_detach(tour);
}
