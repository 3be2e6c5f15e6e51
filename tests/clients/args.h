/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of the clients' options: false if the text is none, with *value undefined. */
#ifndef CLIENT_ARGS_H
#define CLIENT_ARGS_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal, octal or 0x..., not negative. */
bool parse_number(const char *text, uint64_t *value);

/* 1 to 100 million. */
bool parse_count(const char *text, unsigned int *value);

/* Whole pages, up to 1 TiB; suffixes K, M, G. */
bool parse_bytes(const char *text, uint64_t *value);

#endif
