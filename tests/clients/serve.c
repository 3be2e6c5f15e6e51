// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands on standard input, one answer line each on standard output.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dma.h"
#include "memory.h"

#define WORDS_MAX 6

struct command {
	unsigned int n; /* words, the name included */
	char *word[WORDS_MAX];
};

/* An answer is "ok", "ok NUMBER", or "error -ERRNO". */
static void answer(int ret)
{
	if (ret < 0)
		printf("error %d\n", ret);
	else
		printf("ok\n");
}

static bool number(const char *word, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(word, &end, 0);
	return !errno && end != word && !*end;
}

static bool prot(const char *word, uint32_t *flags)
{
	*flags = 0;
	for (; *word; word++) {
		if (*word == 'r')
			*flags |= CLIENT_R;
		else if (*word == 'w')
			*flags |= CLIENT_W;
		else if (*word != '-')
			return false;
	}
	return true;
}

static bool command_number(const struct command *cmd, unsigned int i, uint64_t *value)
{
	return i < cmd->n && number(cmd->word[i], value);
}

/* dma r|w IOVA LEN */
static void serve_dma(struct client *client, const struct command *cmd)
{
	struct device *dev = client_real(client);
	uint64_t iova, len;
	int ret = -EINVAL;

	if (!dev)
		dev = client_emulated(client);
	if (dev && cmd->n == 4 && (!strcmp(cmd->word[1], "r") || !strcmp(cmd->word[1], "w")) &&
	    command_number(cmd, 2, &iova) && command_number(cmd, 3, &len))
		ret = dma_check(client, dev, *cmd->word[1] == 'r' ? EDU_READ : EDU_WRITE, iova,
				len);
	if (ret < 0)
		answer(ret);
	else
		printf("%s\n", dma_answer_name(ret));
}

/* blind r|w IOVA LEN: the same, and what the client believes to be there is not looked at */
static void serve_blind(struct client *client, const struct command *cmd)
{
	struct device *dev = client_real(client);
	uint64_t iova, len;
	int ret = -EINVAL;

	if (dev && cmd->n == 4 && command_number(cmd, 2, &iova) && command_number(cmd, 3, &len))
		ret = dma_check_at(client, dev, *cmd->word[1] == 'r' ? EDU_READ : EDU_WRITE, iova,
				   len, NULL);
	if (ret < 0)
		answer(ret);
	else
		printf("%s\n", dma_answer_name(ret));
}

/* memory unmap|over|move|discard OFFSET SIZE: of the client's buffer, see memory.h */
static void serve_memory(struct client *client, const struct command *cmd)
{
	uint64_t offset, size;
	int ret = -EINVAL;

	if (cmd->n == 4 && command_number(cmd, 2, &offset) && command_number(cmd, 3, &size) &&
	    client->buffer && offset + size <= client->buffer_bytes)
		ret = memory_spoil(cmd->word[1], (char *)client->buffer + offset, size);
	answer(ret);
}

/* peek OFFSET: the byte that the client sees there */
static void serve_peek(struct client *client, const struct command *cmd)
{
	uint64_t offset;

	if (cmd->n == 2 && command_number(cmd, 1, &offset) && client->buffer &&
	    offset < client->buffer_bytes)
		printf("ok %u\n", ((volatile uint8_t *)client->buffer)[offset]);
	else
		answer(-EINVAL);
}

/* map IOVA SIZE PROT OFFSET: memory at OFFSET of the client's buffer */
static void serve_map(struct client *client, const struct command *cmd)
{
	uint64_t iova, size, offset;
	uint32_t flags;
	int ret = -EINVAL;

	if (cmd->n == 5 && command_number(cmd, 1, &iova) && command_number(cmd, 2, &size) &&
	    prot(cmd->word[3], &flags) && command_number(cmd, 4, &offset)) {
		ret = client_buffer(client, client->opt->buffer);
		/* Only memory that is there, so that an answer can be checked by DMA. */
		if (!client->buffer || offset > client->buffer_bytes ||
		    size > client->buffer_bytes - offset)
			ret = -ERANGE;
		else
			ret = client_map(client, iova, size, (uintptr_t)client->buffer + offset,
					 flags);
	}
	answer(ret);
}

/* unmap IOVA SIZE [FLAGS] */
static void serve_unmap(struct client *client, const struct command *cmd)
{
	uint64_t iova, size, flags = 0, returned = 0;
	int ret = -EINVAL;

	if (command_number(cmd, 1, &iova) && command_number(cmd, 2, &size) &&
	    (cmd->n == 3 || command_number(cmd, 3, &flags)))
		ret = client_unmap(client, iova, size, (uint32_t)flags, &returned);
	if (ret)
		answer(ret);
	else
		printf("ok %llu\n", (unsigned long long)returned);
}

/* pin IOVA NPAGES PROT, by the first emulated device */
static void serve_pin(struct client *client, const struct command *cmd)
{
	struct device *dev = client_emulated(client);
	uint64_t iova, npages;
	uint32_t flags;
	int ret = -EINVAL;

	if (dev && cmd->n == 4 && command_number(cmd, 1, &iova) &&
	    command_number(cmd, 2, &npages) && prot(cmd->word[3], &flags)) {
		ret = testdev_pin(&dev->testdev, iova, npages, flags);
		if (!ret)
			ret = model_pin(&client->model, client_device_index(client, dev), iova,
					npages);
	}
	answer(ret);
}

/* unpin IOVA NPAGES */
static void serve_unpin(struct client *client, const struct command *cmd)
{
	struct device *dev = client_emulated(client);
	uint64_t iova, npages;
	int ret = -EINVAL;

	if (dev && cmd->n == 3 && command_number(cmd, 1, &iova) &&
	    command_number(cmd, 2, &npages)) {
		ret = testdev_unpin(&dev->testdev, iova, npages);
		if (!ret)
			model_unpin(&client->model, client_device_index(client, dev), iova, npages);
	}
	answer(ret);
}

/* attach DEVICE, detach DEVICE */
static void serve_device(struct client *client, const struct command *cmd)
{
	struct device *dev = cmd->n == 2 ? client_device(client, cmd->word[1]) : NULL;

	if (!dev)
		answer(-ENODEV);
	else if (!strcmp(cmd->word[0], "attach"))
		answer(client_attach(client, dev));
	else
		answer(client_detach(client, dev));
}

/* sleep MS */
static void serve_sleep(struct client *client, const struct command *cmd)
{
	uint64_t ms;

	(void)client;
	if (!command_number(cmd, 1, &ms) || ms > 3600000) {
		answer(-EINVAL);
		return;
	}
	usleep((useconds_t)ms * 1000);
	answer(0);
}

static const struct {
	const char *name;
	void (*run)(struct client *client, const struct command *cmd);
} commands[] = {
	{ "dma", serve_dma },	    { "map", serve_map },     { "unmap", serve_unmap },
	{ "pin", serve_pin },	    { "unpin", serve_unpin }, { "attach", serve_device },
	{ "detach", serve_device }, { "sleep", serve_sleep }, { "blind", serve_blind },
	{ "memory", serve_memory }, { "peek", serve_peek },
};

static void command_parse(char *line, struct command *cmd)
{
	char *save = NULL, *word;

	cmd->n = 0;
	for (word = strtok_r(line, " \t\r\n", &save); word && cmd->n < WORDS_MAX;
	     word = strtok_r(NULL, " \t\r\n", &save))
		cmd->word[cmd->n++] = word;
}

static void serve_command(struct client *client, const struct command *cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(cmd->word[0], commands[i].name)) {
			commands[i].run(client, cmd);
			return;
		}
	}
	answer(-ENOSYS);
}

int serve(struct client *client)
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
		serve_command(client, &cmd);
		fflush(stdout);
	}
	fflush(stdout);
	return 0;
}
