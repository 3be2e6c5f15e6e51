// SPDX-License-Identifier: GPL-2.0-or-later
/* ioascope policy apply, status, remove. */
#include "cli/policy_apply.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/policy_rules.h"
#include "live/enforce.h"
#include "live/log.h"
#include "view/enforced.h"

static volatile int stop;

static void on_signal(int sig)
{
	stop = sig;
}

/* Limits that are read and explained, and that nothing enforces. */
static void warn_mappings(const struct limits *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->sections[i].has[LIMIT_MAPPINGS]) {
			log_warn("'mappings' is not enforced, only 'pinned' (line %d)",
				 l->sections[i].line);
			return;
		}
	}
}

/* What is not refused though the policy says so. */
static void warn_weak(const struct limits *l, const struct enforce_backend backend[POLICY_SCOPES])
{
	for (unsigned int s = 0; s < POLICY_SCOPES && !l->audit; s++) {
		if (backend[s].strength != POLICY_S_NONE && backend[s].strength < POLICY_S_IOCTL)
			log_warn("%s: limits are told, not kept: %s", limit_scope_name(s),
				 backend[s].why);
	}
}

__u32 policy_strength(const char *name)
{
	__u32 s = enforce_strength_of(name);

	return s == POLICY_S_NONE || s == POLICY_S_KERNEL || s == POLICY_STRENGTHS ? 0 : s;
}

int policy_apply(const struct policy_options *o, const struct limits *l)
{
	_cleanup_policy_rules_ struct policy_rules rules = {};
	struct enforce_options opt = { .most = POLICY_S_GATE };
	struct enforce_backend backend[POLICY_SCOPES];
	int err;

	if (o->strength)
		opt.most = policy_strength(o->strength);
	opt.gate = o->gate;
	warn_mappings(l);
	err = policy_rules_make(l, o->file, &rules);
	if (!err)
		err = enforce_apply(rules.rules, rules.n, &opt, backend);
	if (err)
		return err;
	warn_weak(l, backend);
	if (o->json)
		enforced_backends_json(stdout, backend);
	else
		enforced_backends_text(stdout, backend);
	return 0;
}

static const char *user_name(uint32_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return pw ? pw->pw_name : NULL;
}

static void print_event(const struct policy_event *e, void *arg)
{
	const struct policy_options *o = arg;

	if (o->json)
		enforced_event_json(stdout, e);
	else
		enforced_event_text(stdout, e, user_name);
	fflush(stdout);
}

static int follow(const struct policy_options *o)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int n;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	fflush(stdout);
	n = enforce_events(print_event, (void *)o, 200, &stop);
	return n < 0 ? log_err(n, "reading events") : 0;
}

int policy_status(const struct policy_options *o, int *status)
{
	_cleanup_enforce_state_ struct enforce_state s = {};
	int err = enforce_read(&s);

	if (err == -ENOENT) {
		log_warn("no policy is applied");
		*status = EXIT_RUNTIME;
		return 0;
	}
	if (err)
		return err;
	if (o->json)
		enforced_json(stdout, &s);
	else
		err = enforced_text(stdout, &s, user_name);
	if (err)
		return log_err(err, "writing");
	return o->follow ? follow(o) : 0;
}

int policy_remove(void)
{
	int err = enforce_remove();

	if (err != -ENOENT)
		return err;
	log_warn("no policy is applied");
	return 0;
}
