// SPDX-License-Identifier: GPL-2.0-or-later
#include "dma.h"

#include <errno.h>
#include <string.h>

/* The two pages of the scratch mapping. */
#define LOAD_IOVA CLIENT_SCRATCH_IOVA
#define BACK_IOVA (CLIENT_SCRATCH_IOVA + PAGE)

struct transfer {
	struct client *client;
	struct device *dev;
	uint64_t iova;
	size_t len;
	uint8_t *memory; /* may be NULL */
	uint8_t sent[PAGE]; /* fresh bytes that a successful transfer carries */
	uint8_t other[PAGE]; /* differs from them in every byte */
	uint8_t got[PAGE]; /* what arrived */
};

const char *dma_answer_name(int answer)
{
	static const char *const names[] = { "ok", "fault", "partial" };

	return answer >= 0 && answer < (int)ARRAY_SIZE(names) ? names[answer] : "error";
}

/*
 * Random bytes without 0x00 and 0xff, so that neither an engine that delivers zeroes (what QEMU
 * does for a refused read) nor one that delivers ones can be taken for a transfer.
 */
static void transfer_patterns(struct transfer *t)
{
	size_t i;

	for (i = 0; i < t->len; i++) {
		t->sent[i] = (uint8_t)(1 + rng_below(&t->client->pattern, 254));
		t->other[i] = (uint8_t)~t->sent[i];
	}
}

/* All, nothing or part of what was sent, in words of eight bytes. */
static int transfer_judge(const struct transfer *t, const uint8_t *got)
{
	size_t i, words = 0, same = 0;

	for (i = 0; i < t->len; i += 8, words++)
		same += !memcmp(got + i, t->sent + i, min_u64(8, t->len - i));
	if (same == words)
		return DMA_OK;
	return same ? DMA_PARTIAL : DMA_FAULT;
}

/* Fills the device's buffer with @bytes. */
static int buffer_load(struct transfer *t, const uint8_t *bytes)
{
	memcpy(t->client->scratch, bytes, t->len);
	return edu_dma(&t->dev->edu, EDU_READ, LOAD_IOVA, t->len);
}

/* Fetches the device's buffer into t->got. */
static int buffer_fetch(struct transfer *t)
{
	uint8_t *back = (uint8_t *)t->client->scratch + PAGE;
	int ret;

	ret = edu_dma(&t->dev->edu, EDU_WRITE, BACK_IOVA, t->len);
	if (!ret)
		memcpy(t->got, back, t->len);
	return ret;
}

/* The buffer can be loaded and fetched at all? Without that no answer would mean anything. */
static int buffer_verify(struct transfer *t, const uint8_t *bytes)
{
	int ret = buffer_load(t, bytes);

	if (ret)
		return ret;
	memset((uint8_t *)t->client->scratch + PAGE, 0, t->len);
	ret = buffer_fetch(t);
	if (ret)
		return ret;
	return memcmp(t->got, bytes, t->len) ? -EIO : 0;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/*
 * Memory holds fresh bytes, the device's buffer other ones: which are in the buffer afterwards?
 * A refused read leaves zeroes or the old bytes. Without memory to compare with, anything else
 * has come from somewhere.
 */
static int real_read(struct transfer *t)
{
	int ret = buffer_verify(t, t->other);

	if (ret)
		return ret;
	if (t->memory)
		memcpy(t->memory, t->sent, t->len);
	ret = edu_dma(&t->dev->edu, EDU_READ, t->iova, t->len);
	if (!ret)
		ret = buffer_fetch(t);
	if (ret)
		return ret;
	if (t->memory)
		return transfer_judge(t, t->got);
	if (all_zero(t->got, t->len) || !memcmp(t->got, t->other, t->len))
		return DMA_FAULT;
	return DMA_OK;
}

/*
 * The device's buffer holds fresh bytes, memory other ones. Without memory of ours to look at,
 * the device is asked to read back what it wrote.
 */
static int real_write(struct transfer *t)
{
	int ret = buffer_verify(t, t->sent);

	if (ret)
		return ret;
	if (t->memory)
		memcpy(t->memory, t->other, t->len);
	ret = edu_dma(&t->dev->edu, EDU_WRITE, t->iova, t->len);
	if (ret)
		return ret;
	if (t->memory)
		return transfer_judge(t, t->memory);
	ret = buffer_load(t, t->other);
	if (!ret)
		ret = edu_dma(&t->dev->edu, EDU_READ, t->iova, t->len);
	if (!ret)
		ret = buffer_fetch(t);
	return ret ? ret : transfer_judge(t, t->got);
}

/* An emulated device moves bytes through the kernel, which says so when it refuses. */
static int emulated_transfer(struct transfer *t, enum edu_dir dir)
{
	struct testdev *dev = &t->dev->testdev;

	if (dir == EDU_READ) {
		if (t->memory)
			memcpy(t->memory, t->sent, t->len);
		if (testdev_rw(dev, t->iova, t->got, t->len, false))
			return DMA_FAULT;
		return t->memory ? transfer_judge(t, t->got) : DMA_OK;
	}
	if (t->memory)
		memcpy(t->memory, t->other, t->len);
	if (testdev_rw(dev, t->iova, t->sent, t->len, true))
		return t->memory ? transfer_judge(t, t->memory) : DMA_FAULT;
	return t->memory ? transfer_judge(t, t->memory) : DMA_OK;
}

/* Memory of the client behind [iova, iova + len), now or until an unmap. */
static int transfer_memory(struct client *client, uint64_t iova, size_t len, uint8_t **memory)
{
	struct area *area = model_find(&client->model, iova);

	/* Registers of a device: writing patterns there would do anything. */
	if (area && !area->va)
		return -ENXIO;
	*memory = area ? model_memory(&client->model, iova, len)
		       : model_ghost(&client->model, iova, len);
	return 0;
}

static int transfer_piece(struct transfer *t, enum edu_dir dir)
{
	transfer_patterns(t);
	if (t->dev->emulated)
		return emulated_transfer(t, dir);
	return dir == EDU_READ ? real_read(t) : real_write(t);
}

/* In pieces that the engine can take and that lie in one page: each has an outcome of its own. */
static int transfer_run(const struct transfer *whole, enum edu_dir dir, bool lookup)
{
	struct transfer t = *whole;
	int ret = 0, sum = -1;
	size_t done;

	for (done = 0; done < whole->len; done += t.len) {
		t.iova = whole->iova + done;
		t.len = min_u64(whole->len - done, PAGE - t.iova % PAGE);
		t.len = min_u64(t.len, EDU_BYTES_MAX);
		t.memory = whole->memory ? whole->memory + done : NULL;
		if (lookup)
			ret = transfer_memory(t.client, t.iova, t.len, &t.memory);
		if (!ret)
			ret = transfer_piece(&t, dir);
		if (ret < 0)
			return ret;
		sum = sum < 0 || sum == ret ? ret : DMA_PARTIAL;
		ret = 0;
	}
	return sum;
}

static void transfer_log(const struct transfer *t, enum edu_dir dir, int answer)
{
	log_write(&t->client->log, &(struct log_op){ .op = "dma",
						     .context = t->client->vfio.context,
						     .fields = LOG_IOVA | LOG_SIZE | LOG_OK,
						     .iova = t->iova,
						     .size = t->len,
						     .device = t->dev->name,
						     .dir = dir == EDU_READ ? "read" : "write",
						     .what = dma_answer_name(answer),
						     .ok = answer == DMA_OK,
						     .result = answer < 0 ? answer : 0 });
}

static int dma_run(struct transfer *t, enum edu_dir dir, bool lookup)
{
	int answer = 0;

	if (!t->len || t->len > PAGE)
		return -EINVAL;
	if (!t->dev->emulated)
		answer = client_scratch(t->client);
	if (!answer)
		answer = transfer_run(t, dir, lookup);
	transfer_log(t, dir, answer);
	return answer;
}

int dma_check_at(struct client *client, struct device *dev, enum edu_dir dir, uint64_t iova,
		 size_t len, void *memory)
{
	struct transfer t = {
		.client = client, .dev = dev, .iova = iova, .len = len, .memory = memory
	};

	return dma_run(&t, dir, false);
}

int dma_check(struct client *client, struct device *dev, enum edu_dir dir, uint64_t iova,
	      size_t len)
{
	struct transfer t = { .client = client, .dev = dev, .iova = iova, .len = len };

	return dma_run(&t, dir, true);
}
