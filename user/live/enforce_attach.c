// SPDX-License-Identifier: GPL-2.0-or-later
/* The strongest means that this kernel offers for each who pins. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "live/enforce_impl.h"
#include "live/log.h"

/* 0, or why not. */
static int try_gate(const struct enforce_choice *c, const char *const *funcs,
		    const __u8 argn[POLICY_ARG_MAX], struct enforce_backend *out)
{
	const char *verdicts[8];
	size_t n = 0;
	int err;

	if (!enforce_gate_there()) {
		snprintf(out->why, sizeof(out->why), "module ioas_gate is not loaded");
		return -ENOENT;
	}
	for (size_t i = 0; i < enforce_nplaces; i++) {
		if (enforce_places[i].scope == c->scope && enforce_places[i].verdict)
			verdicts[n++] = funcs[i];
	}
	err = enforce_gate_allow(enforce_module(c->scope), verdicts, n);
	if (err) {
		snprintf(out->why, sizeof(out->why), "ioas_gate does not take %s(): %s",
			 verdicts[0], strerror(-err));
		return err;
	}
	err = enforce_load(c, funcs, argn);
	if (err)
		snprintf(out->why, sizeof(out->why), "the kernel refuses programs at %s(): %s",
			 verdicts[0], strerror(-err));
	return err;
}

/* What only watched goes, once what refuses is there: for a moment both run, which does no harm. */
static void drop_watchers(__u32 scope)
{
	for (size_t i = 0; i < enforce_nplaces; i++) {
		char name[64], path[128];

		if (enforce_places[i].scope != scope || !enforce_places[i].verdict)
			continue;
		enforce_program_name(&enforce_places[i], false, name);
		snprintf(path, sizeof(path), ENFORCE_LINKS "/%s", name);
		unlink(path);
	}
}

/* @there: the strength that is attached; it becomes no weaker. */
static int attach_scope(struct probe *p, __u32 scope, __u32 there,
			const struct enforce_options *opt, struct enforce_backend *out)
{
	struct enforce_choice c = { .scope = scope, .gate = true, .verdicts = there };
	__u8 argn[POLICY_ARG_MAX] = {};
	const char *funcs[64];
	int err;

	out->strength = there;
	if (there == POLICY_S_GATE ||
	    !enforce_resolve(p, scope, argn, funcs, out->why, sizeof(out->why)))
		return 0;
	if (opt->most < POLICY_S_GATE) {
		snprintf(out->why, sizeof(out->why), "a stronger one was not wanted");
	} else if (!try_gate(&c, funcs, argn, out)) {
		out->strength = POLICY_S_GATE;
		drop_watchers(scope);
		return 0;
	}
	c.gate = false;
	err = there ? 0 : enforce_load(&c, funcs, argn);
	if (err == -ENOMEM || err == -EPERM)
		return log_err(err, "loading programs");
	if (err) {
		snprintf(out->why, sizeof(out->why), "the kernel refuses programs: %s",
			 strerror(-err));
		return 0;
	}
	/* What was there is no weaker for it. */
	out->strength = opt->most < POLICY_S_KILL ? POLICY_S_AUDIT : POLICY_S_KILL;
	if (out->strength < there)
		out->strength = there;
	return 0;
}

/* ---- ioctls ---- */

static const char *const devices[POLICY_SCOPES] = {
	[POLICY_TYPE1] = "/dev/vfio/vfio",
	[POLICY_IOMMUFD] = "/dev/iommu",
	[POLICY_BUNDLED] = "/dev/ioas_backend",
};

/* As the kernel has it in an inode; 0: there is none. */
__u32 enforce_device(__u32 scope)
{
	struct stat st;

	if (!devices[scope] || stat(devices[scope], &st) || !S_ISCHR(st.st_mode))
		return 0;
	return major(st.st_rdev) << 20 | minor(st.st_rdev);
}

/* Whether the kernel calls programs of this kind: attached they are in any case. */
static bool lsm_active(void)
{
	char text[256] = "";
	FILE *f = fopen("/sys/kernel/security/lsm", "re");

	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	for (char *save, *w = strtok_r(text, ",\n", &save); w; w = strtok_r(NULL, ",\n", &save)) {
		if (!strcmp(w, "bpf"))
			return true;
	}
	return false;
}

static int load_ioctl(void)
{
	struct enforce_choice lsm = { .alone = "pi_lsm" }, fmod = { .alone = "pi_fmod" };
	__u8 argn[POLICY_ARG_MAX] = {};

	if (!access(ENFORCE_LINKS "/pi_lsm", F_OK) || !access(ENFORCE_LINKS "/pi_fmod", F_OK))
		return 0;
	if (lsm_active() && !enforce_load(&lsm, NULL, argn))
		return 0;
	return enforce_load(&fmod, NULL, argn);
}

/* One program for all whose pins are counted and cannot be refused. */
static void attach_ioctl(struct enforce_backend out[POLICY_SCOPES])
{
	__u32 wanted = 0;
	int err;

	for (__u32 s = 0; s < POLICY_SCOPES; s++) {
		if (out[s].strength == POLICY_S_KILL && enforce_device(s))
			wanted |= 1U << s;
	}
	err = wanted ? load_ioctl() : 0;
	for (__u32 s = 0; s < POLICY_SCOPES && wanted; s++) {
		if (wanted >> s & 1 && !err)
			out[s].strength = POLICY_S_IOCTL;
		else if (wanted >> s & 1)
			snprintf(out[s].why, sizeof(out[s].why),
				 "the kernel refuses programs at ioctl(): %s", strerror(-err));
	}
}

/* What is attached stays or becomes stronger; what is not, and can be, comes. */
int enforce_attach(const __u32 there[POLICY_SCOPES], const struct enforce_options *opt,
		   struct enforce_backend out[POLICY_SCOPES])
{
	_cleanup_probe_ struct probe *p = NULL;
	const char *names[64];
	int err;

	enforce_functions(names);
	err = probe_new(&p, names);
	if (err == -ENOENT) {
		log_warn("this kernel has no BTF type information (/sys/kernel/btf/vmlinux)");
		return -EOPNOTSUPP;
	}
	if (err)
		return log_err(err, "cannot probe this kernel");
	/* On 6.1 loading the programs did not end within a minute. */
	if (!enforce_gate_possible()) {
		log_warn("this kernel is too old to enforce policies: it has no "
			 "register_btf_fmodret_id_set()");
		return -EOPNOTSUPP;
	}
	for (__u32 s = 0; s < POLICY_SCOPES && !err; s++)
		err = attach_scope(p, s, there[s], opt, &out[s]);
	if (!err && opt->most >= POLICY_S_IOCTL)
		attach_ioctl(out);
	return err;
}
