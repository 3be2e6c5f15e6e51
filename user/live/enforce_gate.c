// SPDX-License-Identifier: GPL-2.0-or-later
/* The module ioas_gate, which makes functions refusable. */
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live/enforce_impl.h"
#include "live/log.h"

#define GATE "/sys/module/ioas_gate/parameters/allow"

bool enforce_gate_possible(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool found = btf &&
		     btf__find_by_name_kind(btf, "register_btf_fmodret_id_set", BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return found;
}

bool enforce_gate_there(void)
{
	return !access(GATE, F_OK);
}

int enforce_gate_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return log_err(-errno, "%s", path);
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		err = log_err(-errno, "%s: the kernel does not load it", path);
	close(fd);
	return err;
}

/* Of a module that is built in the kernel's own type information tells. */
static struct btf *load_btf(const char *module, struct btf **vmlinux, const char **owner)
{
	struct btf *btf;
	char path[256];

	*vmlinux = btf__load_vmlinux_btf();
	*owner = "vmlinux";
	if (!*vmlinux || !module)
		return *vmlinux;
	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", module);
	if (access(path, F_OK))
		return *vmlinux;
	btf = btf__load_module_btf(module, *vmlinux);
	*owner = module;
	return btf;
}

static int list_ids(const struct btf *btf, const char *const *funcs, size_t n, char *text,
		    size_t size)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(text);
		int id = btf__find_by_name_kind(btf, funcs[i], BTF_KIND_FUNC);

		if (id < 0)
			return id;
		if ((size_t)snprintf(text + len, size - len, " %d", id) >= size - len)
			return -E2BIG;
	}
	return 0;
}

static int write_gate(const char *text)
{
	int fd = open(GATE, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int enforce_gate_allow(const char *module, const char *const *funcs, size_t n)
{
	struct btf *vmlinux = NULL, *btf;
	const char *owner;
	char text[512];
	int err = -ENOENT;

	btf = load_btf(module, &vmlinux, &owner);
	if (btf) {
		snprintf(text, sizeof(text), "%s", owner);
		err = list_ids(btf, funcs, n, text, sizeof(text));
	}
	if (!err)
		err = write_gate(text);
	if (btf != vmlinux)
		btf__free(btf);
	btf__free(vmlinux);
	return err;
}
