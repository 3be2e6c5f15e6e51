/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the functions that ask both the kernel and the model share. A difference is
 * counted and told on standard error.
 */
#ifndef CLIENT_FD_CHECKED_H
#define CLIENT_FD_CHECKED_H

#include "session.h"

/* Compares answers; returns @got. @a, @b: what was asked, for the message. */
int checked(struct session *s, const char *what, uint64_t a, uint64_t b, int got, int want);
/* Compares numbers that come with an answer. */
void checked_number(struct session *s, const char *what, uint64_t a, uint64_t got, uint64_t want);
/* Writes to pages of the buffer that are mapped to be read only, see there. */
void checked_touch(const struct session *s, uint64_t va, uint64_t size);

#endif
