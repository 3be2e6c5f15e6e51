// SPDX-License-Identifier: GPL-2.0-or-later
/* What is applied: rules, books, events. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/enforce_impl.h"
#include "live/log.h"

/* The map that holds now; it stays while we have it, whatever is applied meanwhile. */
static int rules_fd(void)
{
	int outer = enforce_map("policy_rules"), fd;
	__u32 zero = 0, id = 0;

	if (outer < 0)
		return outer;
	fd = bpf_map_lookup_elem(outer, &zero, &id) ? -errno : bpf_map_get_fd_by_id(id);
	close(outer);
	return fd < 0 ? -errno : fd;
}

static bool find_rule(int rules, const struct policy_key *key, struct policy_rule *out)
{
	struct policy_key any = { .kind = POLICY_DEFAULT };

	if (!bpf_map_lookup_elem(rules, key, out))
		return true;
	return key->kind == POLICY_USER && !bpf_map_lookup_elem(rules, &any, out);
}

static int add_subject(struct enforce_state *s, size_t *room, const struct policy_key *key,
		       const struct policy_use *use, int rules)
{
	struct enforce_subject *one;

	if (s->n == *room) {
		size_t more = *room ? 2 * *room : 64;
		struct enforce_subject *bigger = reallocarray(s->subjects, more, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		s->subjects = bigger;
		*room = more;
	}
	one = &s->subjects[s->n++];
	*one = (struct enforce_subject){ .key = *key, .use = *use };
	one->limited = find_rule(rules, key, &one->rule);
	return 0;
}

static int read_subjects(struct enforce_state *s, size_t *room, const char *map, int rules)
{
	int uses = enforce_map(map), err = 0;
	struct policy_key key, *last = NULL;

	if (uses < 0)
		return uses;
	while (!err && !bpf_map_get_next_key(uses, last, &key)) {
		struct policy_use use;

		if (!bpf_map_lookup_elem(uses, &key, &use))
			err = add_subject(s, room, &key, &use, rules);
		last = &key;
	}
	close(uses);
	return err;
}

static __u64 missed_by(const char *path)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog = {};
	__u32 len = sizeof(link);
	int fd = bpf_obj_get(path), pfd = -1;

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &link, &len))
		pfd = bpf_prog_get_fd_by_id(link.prog_id);
	len = sizeof(prog);
	if (pfd >= 0)
		bpf_obj_get_info_by_fd(pfd, &prog, &len);
	if (fd >= 0)
		close(fd);
	if (pfd >= 0)
		close(pfd);
	return prog.recursion_misses;
}

static __u64 read_missed(void)
{
	DIR *d = opendir(ENFORCE_LINKS);
	struct dirent *e;
	__u64 missed = 0;

	if (!d)
		return 0;
	while ((e = readdir(d))) {
		char path[512];

		snprintf(path, sizeof(path), ENFORCE_LINKS "/%s", e->d_name);
		if (e->d_name[0] != '.')
			missed += missed_by(path);
	}
	closedir(d);
	return missed;
}

/* Why it is not stronger, as far as that can be told without trying. */
static void explain_backend(__u32 scope, struct enforce_backend *b)
{
	const char *module = enforce_module(scope);

	if (b->strength == POLICY_S_GATE)
		return;
	if (!b->strength && module && !probe_module_loaded(module))
		snprintf(b->why, sizeof(b->why), "module %s is not loaded", module);
	else if (!b->strength)
		snprintf(b->why, sizeof(b->why), "not attached: apply the policy again");
	else if (!enforce_gate_there())
		snprintf(b->why, sizeof(b->why), "module ioas_gate is not loaded");
	else
		snprintf(b->why, sizeof(b->why),
			 "attached as it is: remove the policy and apply it again");
}

static int read_state(struct enforce_state *s)
{
	struct policy_head *head = enforce_head();
	struct policy_key about = { .kind = POLICY_ABOUT };
	size_t room = 0;
	int rules, err;

	if (!head)
		return -ENOENT;
	s->head = *head;
	enforce_head_done(head);
	if (!s->head.live)
		return -ENOENT;
	if (s->head.magic != POLICY_MAGIC || s->head.layout != POLICY_LAYOUT)
		return -EPROTO;
	rules = rules_fd();
	if (rules < 0)
		return rules;
	bpf_map_lookup_elem(rules, &about, &s->about);
	err = read_subjects(s, &room, "policy_uses", rules);
	if (!err)
		err = read_subjects(s, &room, "policy_cgroups", rules);
	close(rules);
	for (__u32 i = 0; i < POLICY_SCOPES; i++) {
		s->backend[i].strength = s->head.live >> i & 1 ? s->head.strength[i] : 0;
		explain_backend(i, &s->backend[i]);
	}
	s->missed = read_missed();
	return err;
}

int enforce_read(struct enforce_state *out)
{
	struct enforce_state s = {};
	int err;

	if (geteuid())
		return log_err(-EPERM, "reading a policy that is applied needs root");
	err = read_state(&s);
	if (err == -EPROTO)
		log_warn("the policy was applied by another version of ioascope");
	else if (err && err != -ENOENT)
		log_err(err, "reading the policy that is applied");
	if (err) {
		enforce_state_clear(&s);
		return err;
	}
	*out = s;
	return 0;
}

struct event_sink {
	enforce_event_fn fn;
	void *arg;
};

static int on_event(void *arg, void *data, size_t size)
{
	struct event_sink *sink = arg;

	if (size >= sizeof(struct policy_event))
		sink->fn(data, sink->arg);
	return 0;
}

int enforce_events(enforce_event_fn fn, void *arg, int ms, volatile int *stop)
{
	struct event_sink sink = { fn, arg };
	struct ring_buffer *ring;
	int fd = enforce_map("policy_events"), n = 0;

	if (fd < 0)
		return fd;
	ring = ring_buffer__new(fd, on_event, &sink, NULL);
	close(fd);
	if (!ring)
		return -errno;
	do {
		n = ring_buffer__poll(ring, ms);
	} while (stop && !*stop && n >= 0);
	ring_buffer__free(ring);
	return n == -EINTR ? 0 : n;
}
