// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
	uint64_t addr;
	char name[56]; /* with its module; cut if it is longer */
};

struct symbols {
	struct symbol *at; /* by address */
	size_t n;
	size_t room;
};

static int add(struct symbols *s, uint64_t addr, const char *name, const char *module)
{
	struct symbol *more;

	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 65536;

		more = reallocarray(s->at, room, sizeof(*s->at));
		if (!more)
			return -ENOMEM;
		s->at = more;
		s->room = room;
	}
	s->at[s->n].addr = addr;
	snprintf(s->at[s->n].name, sizeof(s->at[s->n].name), "%.40s%s%.13s", name,
		 *module ? " " : "", module);
	s->n++;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int read_lines(FILE *in, struct symbols *s)
{
	char line[512], type, name[256], module[64];
	uint64_t addr;
	bool any = false;
	int err = 0;

	while (!err && fgets(line, sizeof(line), in)) {
		*module = '\0';
		if (sscanf(line, "%" SCNx64 " %c %255s %63s", &addr, &type, name, module) < 3)
			continue;
		any = true;
		if (addr && strchr("tTwW", type))
			err = add(s, addr, name, module);
	}
	return err ? err : any && !s->n ? -EPERM : 0;
}

int symbols_read(FILE *in, struct symbols **out)
{
	struct symbols *s = calloc(1, sizeof(*s));
	int err = s ? read_lines(in, s) : -ENOMEM;

	if (err) {
		symbols_free(s);
		return err;
	}
	qsort(s->at, s->n, sizeof(*s->at), by_address);
	*out = s;
	return 0;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	free(s->at);
	free(s);
}

/* The last one that does not begin behind the address. */
static const struct symbol *find(const struct symbols *s, uint64_t addr)
{
	size_t from = 0, to = s ? s->n : 0;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (s->at[mid].addr <= addr)
			from = mid + 1;
		else
			to = mid;
	}
	return from ? &s->at[from - 1] : NULL;
}

char *symbols_kernel(const struct symbols *s, uint64_t addr, char *buf, size_t size)
{
	const struct symbol *sym = find(s, addr);
	size_t name;

	if (!sym) {
		snprintf(buf, size, "0x%" PRIx64, addr);
		return buf;
	}
	name = strcspn(sym->name, " ");
	snprintf(buf, size, "%.*s+0x%" PRIx64 "%s", (int)name, sym->name, addr - sym->addr,
		 sym->name + name);
	return buf;
}

char *symbols_user(FILE *maps, uint64_t addr, char *buf, size_t size)
{
	uint64_t start, end, offset;
	char line[4352], path[4096];

	if (maps)
		rewind(maps);
	while (maps && fgets(line, sizeof(line), maps)) {
		*path = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %4095[^\n]",
			   &start, &end, &offset, path) < 3 ||
		    addr < start || addr >= end || *path != '/')
			continue;
		snprintf(buf, size, "%s+0x%" PRIx64, path, addr - start + offset);
		return buf;
	}
	snprintf(buf, size, "0x%" PRIx64, addr);
	return buf;
}
