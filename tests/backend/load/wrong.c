// SPDX-License-Identifier: GPL-2.0-or-later
/* What clients had better not do, each alone. */
#include <errno.h>
#include <string.h>

#include "load.h"

#define AT 0x100000

static int pin(int client)
{
	struct ioasb_client_pin c = { .size = sizeof(c), .iova = AT, .length = 4 * PAGE };

	return be_call(client, IOASB_CLIENT_PIN, &c);
}

static int unpin(int client)
{
	struct ioasb_client_unpin c = { .size = sizeof(c), .iova = AT, .length = 4 * PAGE };

	return be_call(client, IOASB_CLIENT_UNPIN, &c);
}

static int client(int fd, uint32_t ioas, uint32_t flags)
{
	int c = be_client(fd, ioas, flags);

	CHECK(c >= 0);
	EQ(pin(c), 0);
	return c;
}

bool load_wrong(const char *what)
{
	int fd = be_open(), c;
	uint32_t ioas = be_ioas(fd, IOASB_MODE_COVER, IOASB_ACCOUNT_USER);
	char *memory = be_memory(8 * PAGE);

	EQ(be_map_at(fd, ioas, memory, 8 * PAGE, AT), 0);
	if (!strcmp(what, "nothing")) {
		c = client(fd, ioas, 0);
		EQ(unpin(c), 0);
		close(c);
	} else if (!strcmp(what, "unpins-twice")) {
		c = client(fd, ioas, 0);
		EQ(unpin(c), 0);
		EQ(unpin(c), -ENOENT);
		close(c);
	} else if (!strcmp(what, "forgets")) {
		close(client(fd, ioas, IOASB_CLIENT_PAGES));
	} else if (!strcmp(what, "dies")) {
		client(fd, ioas, 0);
		_exit(0);
	} else if (!strcmp(what, "holds")) {
		c = client(fd, ioas, IOASB_CLIENT_HOLDS);
		EQ(be_unmap(fd, ioas, AT, 8 * PAGE, NULL), -EDEADLK);
		EQ(unpin(c), 0);
		close(c);
	} else {
		return false;
	}
	EQ(be_unmap_all(fd, ioas, NULL), 0);
	return true;
}
