// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope features: what this kernel offers, what is used, what is missing. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/cli.h"
#include "live/hooks.h"
#include "live/instance.h"
#include "live/log.h"
#include "view/json.h"

static const char help[] =
	"Usage: ioascope features [OPTION]...\n\n"
	"Prints the functions of this kernel that ioascope can attach to, whether each\n"
	"is used, and what is missing without it.\n\n"
	"  -p, --programs  load and attach the programs, and print what each cost the\n"
	"                  verifier, instead\n"
	"  -j, --json      JSON\n"
	"  -h, --help      this text\n\n"
	"Exit status: 0 if areas can be traced once the modules are loaded, 3 if not.\n\n"
	"Examples:\n"
	"  ioascope features\n"
	"  ioascope features --programs\n"
	"  ioascope features --json | jq '.hooks[] | select(.result != \"used\")'\n";

struct features {
	struct hook_use *uses;
	bool btf;
	bool root;
	bool vfio;
	bool type1;
	bool possible; /* all needed hooks are there, or their modules are not loaded */
};

static int probe(struct features *f)
{
	const char *names[HOOK_NAMES_MAX];
	_cleanup_probe_ struct probe *p = NULL;
	__u8 argn[ARG_MAX];
	int err;

	f->btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	f->root = !geteuid();
	f->vfio = probe_module_loaded("vfio");
	f->type1 = probe_module_loaded("vfio_iommu_type1");
	if (!f->btf)
		return 0;
	hook_functions(names);
	err = probe_new(&p, names);
	if (err)
		return log_err(err, "cannot read this kernel's type information");
	hooks_resolve(p, f->uses, argn);
	f->possible = true;
	for (size_t i = 0; i < hook_count; i++) {
		const struct hook_use *u = &f->uses[i];

		if (u->hook->needed && u->result != PROBE_OK && u->result != PROBE_NO_MODULE)
			f->possible = false;
	}
	return 0;
}

/*
 * The preemption model in force: "none", "voluntary", "full" or "lazy"; empty if
 * the kernel does not say. "none voluntary (full)" is how it says it.
 */
static const char *preemption(char *buf, size_t len)
{
	FILE *f = fopen("/sys/kernel/debug/sched/preempt", "re");
	char line[128] = "", *open, *close;

	*buf = '\0';
	if (!f)
		return buf;
	if (fgets(line, sizeof(line), f)) {
		open = strchr(line, '(');
		close = open ? strchr(open, ')') : NULL;
		if (close)
			snprintf(buf, len, "%.*s", (int)(close - open - 1), open + 1);
	}
	fclose(f);
	return buf;
}

/* Where a task may be preempted inside a program, another task's run of it is skipped. */
static bool may_miss(const char *model)
{
	return !strcmp(model, "full") || !strcmp(model, "lazy");
}

static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

static void print_text(const struct features *f)
{
	char model[32];
	struct utsname u;

	uname(&u);
	printf("kernel              %s\n", u.release);
	printf("type information    %s%s\n", yes(f->btf),
	       f->btf ? "" : "  (CONFIG_DEBUG_INFO_BTF: without it nothing can be traced)");
	printf("privilege           %s%s\n", yes(f->root), f->root ? "" : "  (tracing needs root)");
	preemption(model, sizeof(model));
	printf("preemption          %s%s\n", *model ? model : "not known",
	       may_miss(model) ? "  (hooks of racing tasks may be missed: counted, and all is "
				 "uncertain then)"
			       : "");
	printf("module vfio         %s\n", f->vfio ? "loaded" : "not loaded");
	printf("module vfio_iommu_type1  %s\n",
	       f->type1 ? "loaded" : "not loaded  (attached to as soon as it is)");
	if (!f->btf)
		return;
	printf("\n%-22s %-32s %s\n", "HOOK", "FUNCTION", "STATE");
	for (size_t i = 0; i < hook_count; i++) {
		const struct hook_use *h = &f->uses[i];

		printf("%-22s %-32s %s", h->hook->prog, h->func, probe_result_text(h->result));
		if (h->result != PROBE_OK && h->result != PROBE_NO_FEATURE)
			printf("; without it: %s%s", h->hook->cost,
			       h->hook->needed ? " (needed)" : "");
		putchar('\n');
	}
}

static void print_json(const struct features *f)
{
	char model[32];
	struct utsname u;
	struct json j;

	uname(&u);
	json_init(&j, stdout, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_str(&j, "kernel", u.release);
	json_bool(&j, "btf", f->btf);
	json_bool(&j, "privileged", f->root);
	preemption(model, sizeof(model));
	json_str(&j, "preemption", *model ? model : NULL);
	json_bool(&j, "vfio", f->vfio);
	json_bool(&j, "vfio_iommu_type1", f->type1);
	json_array(&j, "hooks");
	for (size_t i = 0; f->btf && i < hook_count; i++) {
		const struct hook_use *h = &f->uses[i];

		json_object(&j, NULL);
		json_str(&j, "hook", h->hook->prog);
		json_str(&j, "function", h->func);
		json_str(&j, "result", probe_result_text(h->result));
		json_bool(&j, "needed", h->hook->needed);
		json_str(&j, "without_it", h->hook->cost);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}

static void no_record(const void *record, size_t size, void *arg)
{
	(void)record;
	(void)size;
	(void)arg;
}

static void programs_text(const struct instance *i)
{
	struct instance_program p;

	printf("%-20s %-32s %-6s %9s %7s\n", "PROGRAM", "FUNCTION", "AT", "VERIFIED", "BYTES");
	for (size_t n = 0; !instance_program(i, n, &p); n++)
		printf("%-20s %-32s %-6s %9u %7u\n", p.name, p.func, p.when, p.verified, p.jited);
}

static void programs_json(const struct instance *i)
{
	struct instance_program p;
	struct json j;

	json_init(&j, stdout, true);
	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_array(&j, "programs");
	for (size_t n = 0; !instance_program(i, n, &p); n++) {
		json_object(&j, NULL);
		json_str(&j, "program", p.name);
		json_str(&j, "function", p.func);
		json_str(&j, "at", p.when);
		json_u64(&j, "verified_instructions", p.verified);
		json_u64(&j, "jited_bytes", p.jited);
		json_end_object(&j);
	}
	json_end_array(&j);
	json_end_object(&j);
	json_line(&j);
}

static int programs(bool json)
{
	_cleanup_instance_ struct instance *i = NULL;
	struct instance_options opt = INSTANCE_DEFAULTS;
	int err = instance_open(&i, &opt, no_record, NULL);

	if (err == -ENODEV)
		log_warn("the VFIO modules are not loaded (vfio, vfio_iommu_type1)");
	if (err)
		return err;
	if (json)
		programs_json(i);
	else
		programs_text(i);
	return 0;
}

int cmd_features(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "programs", no_argument, NULL, 'p' },
						 { "help", no_argument, NULL, 'h' },
						 {} };
	struct features f = {};
	bool json = false, load = false;
	int c, err;

	opterr = 0;
	log_verbose(false);
	while ((c = getopt_long(argc, argv, ":jph", options, NULL)) != -1) {
		if (c == 'j') {
			json = true;
		} else if (c == 'p') {
			load = true;
		} else if (c == 'h') {
			fputs(help, stdout);
			return EXIT_FINE;
		} else {
			return option_error("features", c, argv);
		}
	}
	if (optind < argc)
		return usage_error("features", "unexpected argument '%s'", argv[optind]);
	if (load)
		return exit_status(programs(json));
	f.uses = calloc(hook_count, sizeof(*f.uses));
	err = f.uses ? probe(&f) : -ENOMEM;
	if (!err && json)
		print_json(&f);
	else if (!err)
		print_text(&f);
	free(f.uses);
	if (err)
		return exit_status(err);
	return f.possible ? EXIT_FINE : EXIT_KERNEL;
}
