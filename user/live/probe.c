// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/probe.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULES_MAX 16

struct module_btf {
	const char *name;
	struct btf *btf;
};

struct probe {
	struct btf *vmlinux;
	struct module_btf modules[MODULES_MAX];
	size_t nmodules;
	const char *const *names;
	bool *traceable; /* one for each of names */
	bool list_known; /* the list of traceable functions could be read */
};

static FILE *open_function_list(void)
{
	FILE *f = fopen("/sys/kernel/tracing/available_filter_functions", "re");

	return f ? f : fopen("/sys/kernel/debug/tracing/available_filter_functions", "re");
}

static int name_index(const struct probe *p, const char *name)
{
	for (int i = 0; p->names[i]; i++) {
		if (!strcmp(p->names[i], name))
			return i;
	}
	return -ENOENT;
}

/* Lines are "name" or "name [module]". */
static void read_function_list(struct probe *p)
{
	FILE *f = open_function_list();
	char line[512];

	if (!f)
		return;
	p->list_known = true;
	while (fgets(line, sizeof(line), f)) {
		int i;

		line[strcspn(line, " \t\n")] = '\0';
		i = name_index(p, line);
		if (i >= 0)
			p->traceable[i] = true;
	}
	fclose(f);
}

int probe_new(struct probe **out, const char *const *names)
{
	struct probe *p = calloc(1, sizeof(*p));
	size_t n = 0;
	int err;

	if (!p)
		return -ENOMEM;
	while (names[n])
		n++;
	p->names = names;
	p->traceable = calloc(n + 1, sizeof(*p->traceable));
	p->vmlinux = p->traceable ? btf__load_vmlinux_btf() : NULL;
	err = p->traceable ? -errno : -ENOMEM;
	if (!p->vmlinux) {
		probe_free(&p);
		return err == -ENOMEM ? err : -ENOENT;
	}
	read_function_list(p);
	*out = p;
	return 0;
}

void probe_free(struct probe **pp)
{
	struct probe *p = *pp;

	if (!p)
		return;
	for (size_t i = 0; i < p->nmodules; i++)
		btf__free(p->modules[i].btf);
	btf__free(p->vmlinux);
	free(p->traceable);
	free(p);
	*pp = NULL;
}

/*
 * Built in, a module without parameters leaves nothing in /sys/module; but those
 * that we look for have a device each.
 */
static bool has_device(const char *module)
{
	const char *device = !strcmp(module, "iommufd") ? "iommu" : module;
	FILE *f = fopen("/proc/misc", "re");
	bool found = false;
	char name[64];

	if (!f)
		return false;
	while (!found && fscanf(f, "%*u %63s", name) == 1)
		found = !strcmp(name, device);
	fclose(f);
	return found;
}

bool probe_module_loaded(const char *module)
{
	char path[256], state[16];
	bool live;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	f = fopen(path, "re");
	if (!f) {
		/* Built in, or not there at all. */
		snprintf(path, sizeof(path), "/sys/module/%s", module);
		return !access(path, F_OK) || has_device(module);
	}
	/* While it is coming the kernel lets nobody attach to it. */
	live = fgets(state, sizeof(state), f) && !strcmp(state, "live\n");
	fclose(f);
	return live;
}

static struct btf *btf_of(struct probe *p, const char *module)
{
	struct module_btf *m;
	char path[256];

	if (!module)
		return p->vmlinux;
	for (size_t i = 0; i < p->nmodules; i++) {
		if (!strcmp(p->modules[i].name, module))
			return p->modules[i].btf;
	}
	if (p->nmodules == MODULES_MAX)
		return NULL;
	m = &p->modules[p->nmodules];
	m->name = module;
	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module);
	if (access(path, F_OK))
		return p->vmlinux; /* built in */
	m->btf = btf__load_module_btf(module, p->vmlinux);
	if (m->btf)
		p->nmodules++;
	return m->btf;
}

enum probe_result probe_function(struct probe *p, const char *module, const char *func)
{
	int i = name_index(p, func);
	struct btf *btf;

	if (module && !probe_module_loaded(module))
		return PROBE_NO_MODULE;
	btf = btf_of(p, module);
	if (!btf || btf__find_by_name_kind(btf, func, BTF_KIND_FUNC) < 0)
		return PROBE_NO_BTF;
	if (p->list_known && (i < 0 || !p->traceable[i]))
		return PROBE_NOT_TRACEABLE;
	return PROBE_OK;
}

enum probe_result probe_tracepoint(struct probe *p, const char *name)
{
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(p->vmlinux, type, BTF_KIND_TYPEDEF) < 0 ? PROBE_NO_BTF
									      : PROBE_OK;
}

/* Its parameter of that name and, in @pos, its position; NULL if it has none. */
static const struct btf_param *find_param(const struct btf *btf, const char *func,
					  const char *param, int *pos)
{
	int id = btf ? btf__find_by_name_kind(btf, func, BTF_KIND_FUNC) : -ENOENT;
	const struct btf_type *t;

	if (id < 0)
		return NULL;
	t = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!t || !btf_is_func_proto(t))
		return NULL;
	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_param *a = &btf_params(t)[i];
		const char *name = btf__name_by_offset(btf, a->name_off);

		if (name && !strcmp(name, param)) {
			*pos = i;
			return a;
		}
	}
	return NULL;
}

int probe_param(struct probe *p, const char *module, const char *func, const char *param)
{
	int pos;

	return find_param(btf_of(p, module), func, param, &pos) ? pos : -ENOENT;
}

int probe_param_member(struct probe *p, const char *module, const char *func, const char *param,
		       const char *member)
{
	struct btf *btf = btf_of(p, module);
	const struct btf_param *a;
	const struct btf_type *t;
	int pos;

	a = find_param(btf, func, param, &pos);
	t = a ? btf__type_by_id(btf, a->type) : NULL;
	if (!t || !btf_is_ptr(t))
		return -ENOENT;
	t = btf__type_by_id(btf, btf__resolve_type(btf, t->type));
	if (!t || !btf_is_struct(t))
		return -ENOENT;
	for (int i = 0; i < btf_vlen(t); i++) {
		const char *name = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		if (name && !strcmp(name, member))
			return pos;
	}
	return -ENOENT;
}

const char *probe_result_text(enum probe_result r)
{
	switch (r) {
	case PROBE_OK:
		return "used";
	case PROBE_NO_MODULE:
		return "module not loaded";
	case PROBE_NO_BTF:
		return "no type information";
	case PROBE_NOT_TRACEABLE:
		return "not traceable";
	case PROBE_NO_PARAM:
		return "unknown parameters";
	case PROBE_REFUSED:
		return "refused by the kernel";
	case PROBE_UNWANTED:
		return "left out on request";
	case PROBE_NO_FEATURE:
		return "not in this kernel";
	}
	return "unknown";
}
