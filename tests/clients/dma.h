/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device DMA whose outcome is read off the bytes alone.
 */
#ifndef CLIENT_DMA_H
#define CLIENT_DMA_H

#include "client.h"

enum dma_answer {
	DMA_OK, /* all bytes arrived */
	DMA_FAULT, /* none did */
	DMA_PARTIAL, /* some did: the range is mapped in part */
};

/*
 * Lets @dev read (EDU_READ) or write @len <= 4096 bytes at @iova and compares. The memory is
 * what the model has mapped there, or had until an unmap. Returns a dma_answer or -errno.
 */
int dma_check(struct client *client, struct device *dev, enum edu_dir dir, uint64_t iova,
	      size_t len);

/* The same with the memory given; NULL: not known, see LOG-FORMAT.md for what is judged then. */
int dma_check_at(struct client *client, struct device *dev, enum edu_dir dir, uint64_t iova,
		 size_t len, void *memory);

const char *dma_answer_name(int answer);

#endif
