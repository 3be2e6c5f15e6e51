// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands on standard input, one answer line each on standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dma_probe.h"
#include "memory.h"
#include "serve.h"

void answer(int ret)
{
	if (ret < 0)
		printf("error %d\n", ret);
	else
		printf("ok\n");
}

static void answer_number(int ret, uint64_t value)
{
	if (ret < 0)
		answer(ret);
	else
		printf("ok %llu\n", (unsigned long long)value);
}

static uint32_t prot(const char *word)
{
	return (strchr(word, 'r') ? FD_MAP_READ : 0) | (strchr(word, 'w') ? FD_MAP_WRITE : 0);
}

/*
 * dma r|w IOVA LEN: by the first device that is attached
 * blind r|w IOVA LEN: the same, and what the client believes to be there is not looked at
 */
static void serve_dma(struct session *s, const struct command *cmd)
{
	bool blind = !strcmp(cmd->word[0], "blind");
	enum edu_dir dir = *cmd->word[1] == 'r' ? EDU_READ : EDU_WRITE;
	int ret = -ENODEV;
	unsigned int i;

	for (i = 0; i < s->ndevices; i++) {
		if (!s->model.device[i].ioas)
			continue;
		ret = (blind ? dma_blind : dma_probe)(s, &s->devices[i], dir, cmd->number[2],
						      cmd->number[3]);
		break;
	}
	if (ret < 0)
		answer(ret);
	else
		printf("%s\n", ret == DMA_OK ? "ok" : "fault");
}

/* map IOAS IOVA SIZE PROT OFFSET */
static void serve_map(struct session *s, const struct command *cmd)
{
	uint64_t iova = cmd->number[2];
	int ret = session_buffer(s, s->opt->buffer);

	if (!s->buffer || cmd->number[5] > s->buffer_bytes ||
	    cmd->number[3] > s->buffer_bytes - cmd->number[5])
		ret = -ERANGE;
	else
		ret = s_map(s, (uint32_t)cmd->number[1], FD_MAP_FIXED | prot(cmd->word[4]),
			    (uintptr_t)s->buffer + cmd->number[5], cmd->number[3], &iova);
	answer_number(ret, iova);
}

/* mapva IOAS IOVA SIZE PROT VA: whatever is there, and without a model of the answer */
static void serve_mapva(struct session *s, const struct command *cmd)
{
	uint64_t iova = cmd->number[2];
	int ret = fd_map(&s->fd, (uint32_t)cmd->number[1], FD_MAP_FIXED | prot(cmd->word[4]),
			 cmd->number[5], cmd->number[3], &iova);

	answer_number(ret, iova);
}

/* copy DST IOVA SRC IOVA SIZE PROT */
static void serve_copy(struct session *s, const struct command *cmd)
{
	uint64_t iova = cmd->number[2];
	int ret = s_copy(s, (uint32_t)cmd->number[1], (uint32_t)cmd->number[3],
			 FD_MAP_FIXED | prot(cmd->word[6]), cmd->number[4], cmd->number[5], &iova);

	answer_number(ret, iova);
}

/* unmap IOAS IOVA SIZE */
static void serve_unmap(struct session *s, const struct command *cmd)
{
	uint64_t gone = 0;
	int ret = s_unmap(s, (uint32_t)cmd->number[1], cmd->number[2], cmd->number[3], &gone);

	answer_number(ret, gone);
}

/* allow IOAS FIRST LAST; with FIRST behind LAST: anything */
static void serve_allow(struct session *s, const struct command *cmd)
{
	const struct fd_range range = { cmd->number[2], cmd->number[3] };

	answer(s_allow(s, (uint32_t)cmd->number[1], &range, range.start <= range.last));
}

/* ranges IOAS: "ok FIRST-LAST,..." */
static void serve_ranges(struct session *s, const struct command *cmd)
{
	struct fd_ranges ranges;
	int ret = s_query(s, (uint32_t)cmd->number[1], &ranges);
	unsigned int i;

	if (ret < 0) {
		answer(ret);
		return;
	}
	printf("ok ");
	for (i = 0; i < ranges.n; i++)
		printf("%s%#llx-%#llx", i ? "," : "", (unsigned long long)ranges.range[i].start,
		       (unsigned long long)ranges.range[i].last);
	printf("\n");
}

/* memory unmap|over|move|discard OFFSET SIZE: of the client's buffer, see memory.h */
static void serve_memory(struct session *s, const struct command *cmd)
{
	int ret = -ERANGE;

	if (s->buffer && cmd->number[2] + cmd->number[3] <= s->buffer_bytes)
		ret = memory_spoil(cmd->word[1], (char *)s->buffer + cmd->number[2],
				   cmd->number[3]);
	answer(ret);
}

/* peek OFFSET: the byte that the client sees there */
static void serve_peek(struct session *s, const struct command *cmd)
{
	if (s->buffer && cmd->number[1] < s->buffer_bytes)
		answer_number(0, ((volatile uint8_t *)s->buffer)[cmd->number[1]]);
	else
		answer(-ERANGE);
}

static void serve_destroy(struct session *s, const struct command *cmd)
{
	answer(s_destroy(s, (uint32_t)cmd->number[1]));
}

static void serve_attach(struct session *s, const struct command *cmd)
{
	struct cdev *dev = session_device(s, cmd->word[1]);
	int n = session_mediated(s, cmd->word[1]);

	if (dev)
		answer(s_attach(s, dev, (uint32_t)cmd->number[2]));
	else
		answer(n < 0 ? n : s_access_attach(s, n, (uint32_t)cmd->number[2]));
}

static void serve_detach(struct session *s, const struct command *cmd)
{
	struct cdev *dev = session_device(s, cmd->word[1]);
	int n = session_mediated(s, cmd->word[1]);

	if (dev)
		answer(s_detach(s, dev));
	else
		answer(n < 0 ? n : s_access_detach(s, n));
}

static const struct {
	const char *name;
	unsigned int words;
	void (*run)(struct session *s, const struct command *cmd);
} commands[] = {
	{ "dma", 4, serve_dma },
	{ "map", 6, serve_map },
	{ "copy", 7, serve_copy },
	{ "unmap", 4, serve_unmap },
	{ "attach", 3, serve_attach },
	{ "detach", 2, serve_detach },
	{ "destroy", 2, serve_destroy },
	{ "mapva", 6, serve_mapva },
	{ "allow", 4, serve_allow },
	{ "ranges", 2, serve_ranges },
	{ "pin", 5, serve_pin },
	{ "unpin", 4, serve_unpin },
	{ "unpin-raw", 4, serve_unpin_raw },
	{ "rw", 5, serve_rw },
	{ "forget", 2, serve_forget },
	{ "ignore", 4, serve_ignore },
	{ "stats", 2, serve_stats },
	{ "blind", 4, serve_dma },
	{ "memory", 4, serve_memory },
	{ "peek", 2, serve_peek },
};

static void command_parse(char *line, struct command *cmd)
{
	char *save = NULL, *word;

	memset(cmd, 0, sizeof(*cmd));
	for (word = strtok_r(line, " \t\r\n", &save); word && cmd->n < WORDS_MAX;
	     word = strtok_r(NULL, " \t\r\n", &save)) {
		cmd->number[cmd->n] = strtoull(word, NULL, 0);
		cmd->word[cmd->n++] = word;
	}
}

static void serve_command(struct session *s, const struct command *cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(cmd->word[0], commands[i].name))
			continue;
		if (cmd->n == commands[i].words)
			commands[i].run(s, cmd);
		else
			answer(-EINVAL);
		return;
	}
	answer(-ENOSYS);
}

int serve(struct session *s)
{
	char *line cleanup_free = NULL;
	size_t room = 0;

	printf("READY\n");
	fflush(stdout);
	while (getline(&line, &room, stdin) >= 0) {
		struct command cmd;

		command_parse(line, &cmd);
		if (!cmd.n)
			continue;
		if (!strcmp(cmd.word[0], "quit")) {
			answer(0);
			break;
		}
		serve_command(s, &cmd);
		fflush(stdout);
	}
	fflush(stdout);
	return s->wrong ? -EPROTO : 0;
}
