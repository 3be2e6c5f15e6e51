/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DMA engine of QEMU's "edu" PCI device, driven through vfio-pci.
 */
#ifndef CLIENT_EDU_H
#define CLIENT_EDU_H

#include <stddef.h>
#include <stdint.h>

/*
 * The most it moves at once. Its buffer has 4096 bytes, but a transfer that reaches the last one
 * ends the machine on some versions of QEMU.
 */
#define EDU_BYTES_MAX 2048UL

enum edu_dir {
	EDU_READ, /* memory -> device */
	EDU_WRITE, /* device -> memory */
};

struct edu {
	volatile uint64_t *regs; /* BAR0 */
	size_t bar_size;
};

/* @fd is the VFIO device file. Maps BAR0 and turns on memory access and bus mastering. */
int edu_open(struct edu *edu, int fd);
void edu_close(struct edu *edu);

/*
 * Moves @len bytes between memory at @iova and the start of the device's buffer, and waits for
 * the end. 0 says that the engine is done, not that the IOMMU let the bytes through: the device
 * does not tell. -EINVAL for a length outside the buffer, -ETIMEDOUT if it never ends.
 */
int edu_dma(struct edu *edu, enum edu_dir dir, uint64_t iova, size_t len);

#endif
