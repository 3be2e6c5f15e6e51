// SPDX-License-Identifier: GPL-2.0-or-later
#include "edu.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>

/* Registers, as offsets in BAR0. */
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98

#define EDU_COMMAND_RUN 1
#define EDU_COMMAND_TO_MEMORY 2

/* Where the device's buffer is in the device's own address space. */
#define EDU_BUFFER_ADDRESS 0x40000

#define EDU_POLL_US 2000
#define EDU_POLL_COUNT 10000 /* 20 s: an emulated machine may be slow */

static int edu_region(int fd, uint32_t index, struct vfio_region_info *info)
{
	*info = (struct vfio_region_info){ .argsz = sizeof(*info), .index = index };
	return ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) ? -errno : 0;
}

static int edu_enable(int fd)
{
	struct vfio_region_info config;
	uint16_t command;
	off_t where;
	int ret;

	ret = edu_region(fd, VFIO_PCI_CONFIG_REGION_INDEX, &config);
	if (ret)
		return ret;
	where = (off_t)config.offset + PCI_COMMAND;
	if (pread(fd, &command, sizeof(command), where) != sizeof(command))
		return -EIO;
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	return pwrite(fd, &command, sizeof(command), where) == sizeof(command) ? 0 : -EIO;
}

int edu_open(struct edu *edu, int fd)
{
	struct vfio_region_info bar;
	void *regs;
	int ret;

	ret = edu_enable(fd);
	if (!ret)
		ret = edu_region(fd, VFIO_PCI_BAR0_REGION_INDEX, &bar);
	if (ret)
		return ret;
	regs = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)bar.offset);
	if (regs == MAP_FAILED)
		return -errno;
	edu->regs = regs;
	edu->bar_size = bar.size;
	return 0;
}

void edu_close(struct edu *edu)
{
	if (edu->regs)
		munmap((void *)edu->regs, edu->bar_size);
	edu->regs = NULL;
}

static void edu_set(struct edu *edu, unsigned int reg, uint64_t value)
{
	edu->regs[reg / 8] = value;
}

int edu_dma(struct edu *edu, enum edu_dir dir, uint64_t iova, size_t len)
{
	unsigned int i;

	/* Outside its buffer the emulation ends the whole machine. */
	if (!len || len > EDU_BYTES_MAX || !edu->regs)
		return -EINVAL;
	edu_set(edu, EDU_DMA_SRC, dir == EDU_READ ? iova : EDU_BUFFER_ADDRESS);
	edu_set(edu, EDU_DMA_DST, dir == EDU_READ ? EDU_BUFFER_ADDRESS : iova);
	edu_set(edu, EDU_DMA_COUNT, len);
	edu_set(edu, EDU_DMA_COMMAND,
		EDU_COMMAND_RUN | (dir == EDU_WRITE ? EDU_COMMAND_TO_MEMORY : 0));
	for (i = 0; i < EDU_POLL_COUNT; i++) {
		if (!(edu->regs[EDU_DMA_COMMAND / 8] & EDU_COMMAND_RUN))
			return 0;
		usleep(EDU_POLL_US);
	}
	return -ETIMEDOUT;
}
