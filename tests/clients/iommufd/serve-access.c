// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve.h"

#include <stdio.h>
#include <string.h>

static uint32_t access_prot(const char *word)
{
	return (strchr(word, 'r') ? IOAS_TEST_READ : 0) | (strchr(word, 'w') ? IOAS_TEST_WRITE : 0);
}

/* pin DEVICE IOVA PAGES PROT */
void serve_pin(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);

	answer(n < 0 ? n : s_pin(s, n, cmd->number[2], cmd->number[3], access_prot(cmd->word[4])));
}

/* unpin DEVICE IOVA PAGES */
void serve_unpin(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);

	answer(n < 0 ? n : s_unpin(s, n, cmd->number[2], cmd->number[3]));
}

/* What does not keep to the rules is not asked of the model either. */
void serve_unpin_raw(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);

	answer(n < 0 ? n
		     : testdev_unpin_raw(&s->testdev[n], cmd->number[2], (int64_t)cmd->number[3]));
}

/* rw DEVICE r|w IOVA LEN */
void serve_rw(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);

	answer(n < 0 ? n : s_rw(s, n, cmd->number[3], cmd->number[4], *cmd->word[2] == 'w'));
}

void serve_forget(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);

	answer(n < 0 ? n : testdev_forget(&s->testdev[n]));
}

/* ignore DEVICE COUNT WORKER */
void serve_ignore(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);

	answer(n < 0 ? n
		     : testdev_ignore(&s->testdev[n], (uint32_t)cmd->number[2],
				      cmd->number[3] ? IOAS_TEST_IGNORE_WORKER : 0));
}

void serve_stats(struct session *s, const struct command *cmd)
{
	int n = session_mediated(s, cmd->word[1]);
	struct ioas_test_stats stats;
	int ret = n < 0 ? n : testdev_stats(&s->testdev[n], &stats);

	if (ret < 0)
		answer(ret);
	else
		printf("ok %llu %llu %llu %llu\n", (unsigned long long)stats.pages_pinned,
		       (unsigned long long)stats.callbacks, (unsigned long long)stats.ignored,
		       (unsigned long long)stats.callback_unpinned);
}
