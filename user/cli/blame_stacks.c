// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/blame_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/log.h"
#include "live/symbols.h"

struct stack_reader {
	const struct instance *instance;
	struct symbols *kernel; /* NULL: not known */
	struct blame_stacks out;
};

struct stack_reader *blame_stacks_new(const struct instance *i)
{
	struct stack_reader *r = calloc(1, sizeof(*r));
	FILE *f = fopen("/proc/kallsyms", "re");

	if (!r)
		log_err(-ENOMEM, "starting");
	else
		r->instance = i;
	if (r && (!f || symbols_read(f, &r->kernel)))
		log_warn("the kernel's symbols cannot be read: its addresses are shown");
	if (f)
		fclose(f);
	return r;
}

void blame_stacks_free(struct stack_reader *r)
{
	if (!r)
		return;
	symbols_free(r->kernel);
	free(r);
}

static char *room(struct blame_frames *f, size_t *size)
{
	*size = sizeof(f->frame[0]);
	return f->frame[f->n++];
}

/* What lies above the kernel's function is ours: the trampoline and the program. */
static bool is_ours(const char *frame)
{
	return !strncmp(frame, "bpf_", 4);
}

static void add_kernel(struct stack_reader *r, const struct ioas_stack *s, struct blame_frames *f)
{
	size_t size;

	for (size_t i = 0; i < IOAS_STACK_DEPTH && s->kernel[i]; i++) {
		char *at = room(f, &size);

		symbols_kernel(r->kernel, s->kernel[i], at, size);
		if (is_ours(at))
			f->n = 0;
	}
}

static void add_user(const struct ioas_stack *s, const struct history_who *who,
		     struct blame_frames *f)
{
	char path[64];
	FILE *maps;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/maps", who ? who->tgid : 0);
	maps = who ? fopen(path, "re") : NULL;
	for (size_t i = 0; i < IOAS_STACK_DEPTH && s->user[i]; i++) {
		char *at = room(f, &size);

		symbols_user(maps, s->user[i], at, size);
	}
	if (maps)
		fclose(maps);
}

static void read_one(struct stack_reader *r, uint64_t op, const struct history_who *who,
		     struct blame_frames *f)
{
	struct ioas_stack stack;

	f->n = 0;
	if (!op || instance_stack(r->instance, op, &stack))
		return;
	add_kernel(r, &stack, f);
	add_user(&stack, who, f);
}

const struct blame_stacks *blame_stacks_of(struct stack_reader *r, const struct history_mapping *m)
{
	read_one(r, m->map_op, m->mapped_by, &r->out.mapped);
	read_one(r, m->unmap_op, m->unmapped_by, &r->out.unmapped);
	return &r->out;
}
