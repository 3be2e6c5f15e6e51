/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One /dev/iommu file. Every call is one system call and one log line; calls return 0 or -errno,
 * and what they give back is unchanged on failure.
 */
#ifndef CLIENT_FD_CALLS_H
#define CLIENT_FD_CALLS_H

#include <stdbool.h>

#include "iommufd_uapi.h"
#include "log.h"

#define FD_RANGES_MAX 32

struct fd {
	struct log *log;
	int context; /* number of this file in the log */
	int fd;
};

struct fd_ranges {
	unsigned int n;
	struct fd_range range[FD_RANGES_MAX]; /* ascending */
	uint64_t alignment;
};

int fd_open(struct fd *fd, struct log *log, int context);
void fd_close(struct fd *fd);

int fd_alloc(struct fd *fd, uint32_t *ioas);
int fd_destroy(struct fd *fd, uint32_t id);
/* @room: ranges that the kernel is told there is room for; -EMSGSIZE if there are more. */
int fd_query(struct fd *fd, uint32_t ioas, unsigned int room, struct fd_ranges *ranges);
int fd_allow(struct fd *fd, uint32_t ioas, const struct fd_range *ranges, unsigned int n);

/* FD_MAP_*; @iova is where it goes with FD_MAP_FIXED, else where the kernel put it. */
int fd_map(struct fd *fd, uint32_t ioas, uint32_t flags, uint64_t va, uint64_t size,
	   uint64_t *iova);
/* @start: a place in @file, in bytes. -ENOTTY: not in this kernel. */
int fd_map_file(struct fd *fd, uint32_t ioas, uint32_t flags, int file, uint64_t start,
		uint64_t size, uint64_t *iova);
/* Who calls pays for all memory from now on. -ENOTTY: not in this kernel. */
int fd_change_process(struct fd *fd);
int fd_copy(struct fd *fd, uint32_t dst, uint32_t src, uint32_t flags, uint64_t src_iova,
	    uint64_t size, uint64_t *iova);
/* @returned: the bytes that the kernel says went. */
int fd_unmap(struct fd *fd, uint32_t ioas, uint64_t iova, uint64_t size, uint64_t *returned);

int fd_set_option(struct fd *fd, uint32_t option, uint32_t object, uint64_t value);
int fd_get_option(struct fd *fd, uint32_t option, uint32_t object, uint64_t *value);
int fd_hwpt(struct fd *fd, uint32_t device, uint32_t pt, uint32_t flags, uint32_t *hwpt);

/* What a driver of an IOMMU is told of a page table, in words of its own. */
struct fd_hwpt_data {
	uint32_t type; /* FD_HWPT_DATA_*; 0: none */
	uint32_t len;
	const void *bytes;
};

int fd_hwpt_data(struct fd *fd, uint32_t device, uint32_t pt, uint32_t flags,
		 const struct fd_hwpt_data *data, uint32_t *hwpt);
int fd_dirty(struct fd *fd, uint32_t hwpt, bool on);

const char *fd_prot_name(uint32_t flags);

#endif
