/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device DMA whose outcome is read off the bytes alone, as LOG-FORMAT.md says.
 */
#ifndef CLIENT_FD_DMA_H
#define CLIENT_FD_DMA_H

#include "session.h"

enum dma_answer {
	DMA_OK,
	DMA_FAULT,
};

/*
 * Lets @dev, which is attached, read or write @len bytes at @iova that lie in one page, at most
 * EDU_BYTES_MAX. Returns a dma_answer or -errno.
 */
int dma_probe(struct session *s, struct cdev *dev, enum edu_dir dir, uint64_t iova, size_t len);

/* The same without a look at what the model has there: whether the device reaches anything. */
int dma_blind(struct session *s, struct cdev *dev, enum edu_dir dir, uint64_t iova, size_t len);

#endif
