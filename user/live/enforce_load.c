// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs of enforcement: chosen, loaded, attached and pinned. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live/enforce_impl.h"
#include "policy.skel.h"

static const char *const map_names[] = { "policy_head",	   "policy_rules",  "policy_uses",
					 "policy_cgroups", "policy_ledger", "policy_ops",
					 "policy_events" };

#define NMAPS (sizeof(map_names) / sizeof(map_names[0]))

void enforce_program_name(const struct enforce_place *place, bool gate, char name[64])
{
	snprintf(name, 64, "%s%s", place->verdict ? (gate ? "pg_" : "pw_") : "", place->prog);
}

static bool chosen(const struct enforce_choice *c, const struct enforce_place *place)
{
	return place->scope == c->scope && (place->verdict || !c->verdicts);
}

static int choose_program(struct policy_bpf *skel, const char *name, const char *func)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(skel->obj, name);

	if (!prog)
		return -ENOENT;
	bpf_program__set_autoload(prog, true);
	return func ? bpf_program__set_attach_target(prog, 0, func) : 0;
}

static int choose_programs(struct policy_bpf *skel, const struct enforce_choice *c,
			   const char *const *funcs)
{
	struct bpf_program *prog;
	int err = 0;

	bpf_object__for_each_program(prog, skel->obj) bpf_program__set_autoload(prog, false);
	if (c->alone)
		return choose_program(skel, c->alone, NULL);
	for (size_t i = 0; i < enforce_nplaces && !err; i++) {
		char name[64];

		enforce_program_name(&enforce_places[i], c->gate, name);
		if (chosen(c, &enforce_places[i]))
			err = choose_program(skel, name, funcs[i]);
	}
	return err;
}

/* Maps that are pinned are taken, others are made and pinned. */
static int name_maps(struct policy_bpf *skel)
{
	for (size_t i = 0; i < NMAPS; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, map_names[i]);
		char path[128];
		int err;

		if (!map)
			return -ENOENT;
		snprintf(path, sizeof(path), ENFORCE_DIR "/%s", map_names[i]);
		err = bpf_map__set_pin_path(map, path);
		if (err)
			return err;
	}
	return 0;
}

static void link_path(const struct bpf_program *prog, char path[256])
{
	snprintf(path, 256, ENFORCE_LINKS "/%s", bpf_program__name(prog));
}

static int attach_one(struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	char path[256];
	int err;

	if (!link)
		return -errno;
	link_path(prog, path);
	/* Of an apply that was killed. */
	unlink(path);
	err = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	return err;
}

/* All of them or none: half of a backend's programs would keep wrong books. */
static int attach_pinned(struct policy_bpf *skel)
{
	struct bpf_program *prog;
	char path[256];
	int err = 0;

	bpf_object__for_each_program(prog, skel->obj)
	{
		if (!err && bpf_program__fd(prog) >= 0)
			err = attach_one(prog);
	}
	if (!err)
		return 0;
	bpf_object__for_each_program(prog, skel->obj)
	{
		link_path(prog, path);
		if (bpf_program__fd(prog) >= 0)
			unlink(path);
	}
	return err;
}

int enforce_load(const struct enforce_choice *c, const char *const *funcs,
		 const __u8 argn[POLICY_ARG_MAX])
{
	struct policy_bpf *skel = policy_bpf__open();
	int err;

	if (!skel)
		return -errno;
	memcpy((void *)skel->rodata->argn, argn, POLICY_ARG_MAX);
	err = choose_programs(skel, c, funcs);
	if (!err)
		err = name_maps(skel);
	if (!err)
		err = policy_bpf__load(skel);
	if (!err)
		err = attach_pinned(skel);
	policy_bpf__destroy(skel);
	return err;
}
