// SPDX-License-Identifier: GPL-2.0-or-later
#include "dma_probe.h"

#include <errno.h>
#include <string.h>

struct transfer {
	struct session *s;
	struct cdev *dev;
	size_t len;
	uint64_t iova;
	uint8_t *memory; /* behind the address, as the model has it; NULL: none known */
	uint8_t sent[EDU_BYTES_MAX]; /* fresh bytes that a successful transfer carries */
	uint8_t other[EDU_BYTES_MAX]; /* differs from them in every byte */
};

/* Neither zeroes, which a refused read leaves, nor ones. */
static void transfer_patterns(struct transfer *t)
{
	size_t i;

	for (i = 0; i < t->len; i++) {
		t->sent[i] = (uint8_t)(1 + rng_below(&t->s->pattern, 254));
		t->other[i] = (uint8_t)~t->sent[i];
	}
}

static int buffer_load(struct transfer *t, const uint8_t *bytes)
{
	memcpy(t->s->scratch, bytes, t->len);
	return edu_dma(&t->dev->edu, EDU_READ, SCRATCH_IOVA, t->len);
}

/* Fetches the device's buffer into the second scratch page. */
static int buffer_fetch(struct transfer *t)
{
	memset(t->s->scratch + PAGE, 0, t->len);
	return edu_dma(&t->dev->edu, EDU_WRITE, SCRATCH_IOVA + PAGE, t->len);
}

/* The buffer can be loaded and fetched at all? Without that no answer would mean anything. */
static int buffer_verify(struct transfer *t, const uint8_t *bytes)
{
	int ret = buffer_load(t, bytes);

	if (!ret)
		ret = buffer_fetch(t);
	if (!ret && memcmp(t->s->scratch + PAGE, bytes, t->len))
		ret = -EIO;
	return ret;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static int transfer_read(struct transfer *t)
{
	const uint8_t *got = t->s->scratch + PAGE;
	int ret = buffer_verify(t, t->other);

	if (!ret && t->memory)
		memcpy(t->memory, t->sent, t->len);
	if (!ret)
		ret = edu_dma(&t->dev->edu, EDU_READ, t->iova, t->len);
	if (!ret)
		ret = buffer_fetch(t);
	if (ret)
		return ret;
	if (t->memory)
		return memcmp(got, t->sent, t->len) ? DMA_FAULT : DMA_OK;
	return all_zero(got, t->len) || !memcmp(got, t->other, t->len) ? DMA_FAULT : DMA_OK;
}

/* Without memory to look at, the device is asked to read back what it wrote. */
static int transfer_write(struct transfer *t)
{
	int ret = buffer_verify(t, t->sent);

	if (!ret && t->memory)
		memcpy(t->memory, t->other, t->len);
	if (!ret)
		ret = edu_dma(&t->dev->edu, EDU_WRITE, t->iova, t->len);
	if (ret)
		return ret;
	if (t->memory)
		return memcmp(t->memory, t->sent, t->len) ? DMA_FAULT : DMA_OK;
	ret = buffer_load(t, t->other);
	if (!ret)
		ret = edu_dma(&t->dev->edu, EDU_READ, t->iova, t->len);
	if (!ret)
		ret = buffer_fetch(t);
	if (ret)
		return ret;
	return memcmp(t->s->scratch + PAGE, t->sent, t->len) ? DMA_FAULT : DMA_OK;
}

static int scratch_map(struct session *s, struct ioas *ioas)
{
	uint64_t iova = SCRATCH_IOVA;

	if (model_area(ioas, SCRATCH_IOVA))
		return 0;
	return s_map(s, ioas->id, FD_MAP_FIXED | MAP_RW, (uintptr_t)s->scratch, SCRATCH_BYTES,
		     &iova);
}

static int probe(struct session *s, struct cdev *dev, enum edu_dir dir, uint64_t iova, size_t len,
		 bool blind)
{
	struct ioas *ioas = session_model_device(s, dev)->ioas;
	struct transfer t = { .s = s, .dev = dev, .len = len, .iova = iova };
	struct area *area;
	int ret;

	if (!ioas || !s->modelled || !len || len > EDU_BYTES_MAX || iova % PAGE + len > PAGE)
		return -EINVAL;
	ret = scratch_map(s, ioas);
	area = model_area(ioas, iova);
	if (area && !blind)
		t.memory = (uint8_t *)(uintptr_t)(area->va + (iova - area->iova));
	transfer_patterns(&t);
	if (!ret)
		ret = dir == EDU_READ ? transfer_read(&t) : transfer_write(&t);
	log_write(&s->log, &(struct log_op){ .op = "dma",
					     .context = s->fd.context,
					     .fields = LOG_IOAS | LOG_IOVA | LOG_SIZE | LOG_OK,
					     .ioas = ioas->id,
					     .iova = iova,
					     .size = len,
					     .device = dev->name,
					     .dir = dir == EDU_READ ? "read" : "write",
					     .what = ret == DMA_OK ? "ok" : "fault",
					     .ok = ret == DMA_OK,
					     .result = ret < 0 ? ret : 0 });
	return ret;
}

int dma_probe(struct session *s, struct cdev *dev, enum edu_dir dir, uint64_t iova, size_t len)
{
	return probe(s, dev, dir, iova, len, false);
}

int dma_blind(struct session *s, struct cdev *dev, enum edu_dir dir, uint64_t iova, size_t len)
{
	return probe(s, dev, dir, iova, len, true);
}
