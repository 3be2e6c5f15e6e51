// SPDX-License-Identifier: GPL-2.0-or-later
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static unsigned int client_iommu_type(const struct client *client)
{
	return client->opt->v2 ? VFIO_TYPE1v2_IOMMU : VFIO_TYPE1_IOMMU;
}

unsigned int client_attached(const struct client *client)
{
	unsigned int i, n = 0;

	for (i = 0; i < client->ndevices; i++)
		n += client->devices[i].attached;
	return n;
}

static struct device *client_first(struct client *client, bool emulated)
{
	unsigned int i;

	for (i = 0; i < client->ndevices; i++)
		if (client->devices[i].emulated == emulated && client->devices[i].fd >= 0)
			return &client->devices[i];
	return NULL;
}

struct device *client_real(struct client *client)
{
	return client_first(client, false);
}

struct device *client_emulated(struct client *client)
{
	return client_first(client, true);
}

struct device *client_device(struct client *client, const char *name)
{
	unsigned int i;

	for (i = 0; i < client->ndevices; i++)
		if (!strcmp(client->devices[i].name, name))
			return &client->devices[i];
	return NULL;
}

unsigned int client_device_index(const struct client *client, const struct device *dev)
{
	return (unsigned int)(dev - client->devices);
}

/* The last detach took the IOMMU away from the container, so the first attach sets it again. */
int client_attach(struct client *client, struct device *dev)
{
	unsigned int before = client_attached(client);
	int ret;

	ret = device_attach(dev, &client->vfio);
	if (!ret && !before)
		ret = vfio_set_iommu(&client->vfio, client_iommu_type(client));
	if (!ret)
		ret = device_open(dev, &client->vfio);
	if (!ret)
		ret = vfio_get_info(&client->vfio, 0, &client->info);
	return ret;
}

int client_detach(struct client *client, struct device *dev)
{
	int ret;

	device_close(dev);
	model_drop_pins(&client->model, client_device_index(client, dev));
	ret = device_detach(dev, &client->vfio);
	if (ret)
		return ret;
	if (!client_attached(client)) {
		model_clear(&client->model);
		return 0;
	}
	return vfio_get_info(&client->vfio, 0, &client->info);
}

int client_map(struct client *client, uint64_t iova, uint64_t size, uint64_t va, uint32_t flags)
{
	int ret = vfio_map(&client->vfio, iova, size, va, flags);

	if (!ret && !(flags & VFIO_DMA_MAP_FLAG_VADDR))
		ret = model_map(&client->model, iova, size, va, flags);
	return ret;
}

int client_unmap(struct client *client, uint64_t iova, uint64_t size, uint32_t flags,
		 uint64_t *returned)
{
	int ret = vfio_unmap(&client->vfio, iova, size, flags, returned);

	if (!ret && !(flags & VFIO_DMA_UNMAP_FLAG_VADDR))
		model_unmap(&client->model, iova, size, flags);
	return ret;
}

static void *client_memory(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int client_scratch(struct client *client)
{
	if (!client_real(client))
		return 0;
	if (!client->scratch)
		client->scratch = client_memory(CLIENT_SCRATCH_BYTES);
	if (!client->scratch)
		return -ENOMEM;
	if (model_find(&client->model, CLIENT_SCRATCH_IOVA))
		return 0;
	return client_map(client, CLIENT_SCRATCH_IOVA, CLIENT_SCRATCH_BYTES,
			  (uintptr_t)client->scratch, CLIENT_RW);
}

int client_buffer(struct client *client, uint64_t bytes)
{
	if (client->buffer)
		return client->buffer_bytes >= bytes ? 0 : -ENOMEM;
	client->buffer = client_memory(bytes);
	client->buffer_bytes = bytes;
	return client->buffer ? 0 : -ENOMEM;
}

static int client_attach_all(struct client *client)
{
	unsigned int i;
	int ret;

	for (i = 0; i < client->ndevices; i++) {
		ret = client_attach(client, &client->devices[i]);
		if (ret) {
			fprintf(stderr, "%s: attach: %s\n", client->devices[i].name,
				strerror(-ret));
			return ret;
		}
	}
	return 0;
}

int client_start(struct client *client)
{
	int ret;

	model_init(&client->model, client->opt->v2);
	client->rng.state = client->opt->seed;
	client->pattern.state = ~client->opt->seed;
	ret = vfio_open(&client->vfio, &client->log, 0);
	if (ret) {
		fprintf(stderr, "container: %s\n", strerror(-ret));
		return ret;
	}
	if (vfio_version(&client->vfio) != VFIO_API_VERSION ||
	    vfio_extension(&client->vfio, client_iommu_type(client)) <= 0) {
		fprintf(stderr, "container: no type1 IOMMU\n");
		return -ENODEV;
	}
	ret = client_attach_all(client);
	if (!ret)
		ret = client_scratch(client);
	if (ret)
		fprintf(stderr, "start: %s\n", strerror(-ret));
	return ret;
}

void client_stop(struct client *client)
{
	unsigned int i;

	for (i = 0; i < client->ndevices; i++) {
		struct device *dev = &client->devices[i];

		if (dev->attached)
			client_detach(client, dev);
		device_exit(dev);
	}
	vfio_close(&client->vfio);
	model_exit(&client->model);
	if (client->scratch)
		munmap(client->scratch, CLIENT_SCRATCH_BYTES);
	if (client->buffer)
		munmap(client->buffer, client->buffer_bytes);
}
