/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands of --serve: their words, their answers, and those that are about mediated devices.
 */
#ifndef CLIENT_FD_SERVE_H
#define CLIENT_FD_SERVE_H

#include "session.h"

#define WORDS_MAX 8

struct command {
	unsigned int n; /* words, the name included */
	char *word[WORDS_MAX];
	uint64_t number[WORDS_MAX]; /* 0 where the word is none */
};

/* An answer is "ok", "ok NUMBER...", or "error -ERRNO". */
void answer(int ret);

void serve_pin(struct session *s, const struct command *cmd);
void serve_unpin(struct session *s, const struct command *cmd);
void serve_unpin_raw(struct session *s, const struct command *cmd);
void serve_rw(struct session *s, const struct command *cmd);
void serve_forget(struct session *s, const struct command *cmd);
void serve_ignore(struct session *s, const struct command *cmd);
void serve_stats(struct session *s, const struct command *cmd);

#endif
