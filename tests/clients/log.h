/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log of what a client asked for and what the kernel answered; see LOG-FORMAT.md.
 */
#ifndef CLIENT_LOG_H
#define CLIENT_LOG_H

#include <stdbool.h>
#include <stdint.h>

struct log {
	int fd; /* -1: nothing is written */
	const char *backend;
	const char *mode; /* NULL: left out */
};

/* Which optional members of a struct log_op go into the line. */
enum log_field {
	LOG_IOVA = 1 << 0,
	LOG_SIZE = 1 << 1,
	LOG_VA = 1 << 2,
	LOG_PROT = 1 << 3,
	LOG_FLAGS = 1 << 4,
	LOG_RETURNED = 1 << 5,
	LOG_GROUP = 1 << 6,
	LOG_OK = 1 << 7,
	LOG_VALUE = 1 << 8,
	LOG_ARGSZ = 1 << 9,
	LOG_IOAS = 1 << 10,
	LOG_COPY = 1 << 11, /* dst, src, src_iova */
	LOG_HWPT = 1 << 12,
	LOG_PT = 1 << 13,
};

struct log_op {
	const char *op;
	unsigned int fields; /* enum log_field */
	int context;
	long result; /* 0 or -errno */
	uint64_t iova;
	uint64_t size;
	uint64_t va;
	const char *prot; /* "r", "w", "rw" or "-" */
	uint32_t flags;
	uint32_t argsz;
	uint64_t returned;
	uint64_t value;
	uint32_t ioas;
	uint32_t dst;
	uint32_t src;
	uint64_t src_iova;
	uint32_t hwpt;
	uint32_t pt; /* an IOAS or a page table */
	int group;
	bool ok;
	/* NULL: left out */
	const char *device;
	const char *dir;
	const char *what;
};

/* @path NULL: no log. Returns 0 or -errno. */
int log_open(struct log *log, const char *path, const char *backend);
void log_close(struct log *log);

/* Writes one line with one write(2). Any thread or process may call it at any time. */
void log_write(struct log *log, const struct log_op *op);

#endif
