// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/instance.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/event.h"
#include "live/log.h"
#include "trace.skel.h"

#define STOP_TRIES 1000

struct instance {
	struct trace_bpf *skel;
	struct ring_buffer *ring;
	struct hook_use *uses;
	struct bpf_link **links; /* one for each of uses */
	bool stale; /* the hooks on memory are wanted */
	__u32 present; /* backends whose modules are there, by enum ioas_backend */
	struct maps maps;
	instance_record_fn fn;
	void *arg;
};

/* Whether the modules of a backend are there. */
static bool present(unsigned int backend)
{
	switch (backend) {
	case IOAS_BACKEND_TYPE1:
		return probe_module_loaded("vfio") && probe_module_loaded("vfio_iommu_type1");
	case IOAS_BACKEND_IOMMUFD:
		return probe_module_loaded("iommufd");
	case IOAS_BACKEND_BUNDLED:
		return probe_module_loaded("ioas_backend");
	default:
		return false;
	}
}

bool instance_possible(void)
{
	return present(IOAS_BACKEND_TYPE1) || present(IOAS_BACKEND_IOMMUFD) ||
	       present(IOAS_BACKEND_BUNDLED);
}

static int on_record(void *arg, void *data, size_t size)
{
	struct instance *i = arg;

	i->fn(data, size, i->arg);
	return 0;
}

static int probe_hooks(struct instance *i, __u8 argn[ARG_MAX])
{
	const char *names[HOOK_NAMES_MAX];
	_cleanup_probe_ struct probe *p = NULL;
	int err;

	hook_functions(names);
	err = probe_new(&p, names);
	if (err == -ENOENT) {
		log_warn("this kernel has no BTF type information (/sys/kernel/btf/vmlinux): "
			 "nothing can be traced; it needs CONFIG_DEBUG_INFO_BTF");
		return -EOPNOTSUPP;
	}
	if (err)
		return log_err(err, "cannot probe this kernel");
	hooks_resolve(p, i->uses, argn);
	return 0;
}

/* Leaves a backend out if its modules are not there, or a hook that it needs. */
static __u32 choose_backends(struct instance *i)
{
	__u32 usable;

	for (unsigned int b = 1; b < IOAS_BACKENDS; b++)
		i->present |= present(b) ? 1U << b : 0;
	usable = i->present;
	for (size_t n = 0; n < hook_count; n++) {
		const struct hook_use *u = &i->uses[n];
		__u32 bit = 1U << u->hook->backend;

		if (u->result == PROBE_OK || !u->hook->needed || !(usable & bit))
			continue;
		log_warn("%s: %s; %s cannot be traced on this kernel without it", u->func,
			 probe_result_text(u->result), ioas_backend_name(u->hook->backend));
		usable &= ~bit;
	}
	return usable;
}

static bool wanted(const struct instance *i, const struct hook *h)
{
	return i->stale || !h->stale;
}

static int choose_hook(struct instance *i, struct hook_use *u, bool backend)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(i->skel->obj, u->hook->prog);
	int err;

	if (!prog)
		return log_err(-ENOENT, "program %s", u->hook->prog);
	if (backend && u->result == PROBE_OK) {
		err = bpf_program__set_attach_target(prog, 0, u->func);
		return err ? log_err(err, "program %s on %s", u->hook->prog, u->func) : 0;
	}
	bpf_program__set_autoload(prog, false);
	if (backend && u->result != PROBE_NO_FEATURE)
		log_warn("%s: %s; missing: %s", u->func, probe_result_text(u->result),
			 u->hook->cost);
	else if (!backend)
		u->result = PROBE_NO_MODULE;
	return 0;
}

/* What was asked for on top, of which nothing is there, is not passed over. */
static int check_stale(const struct instance *i)
{
	for (size_t n = 0; n < hook_count; n++) {
		if (i->uses[n].hook->stale && i->uses[n].result == PROBE_OK)
			return 0;
	}
	return i->stale ? log_err(-EOPNOTSUPP, "--stale: stale memory cannot be seen") : 0;
}

/* Leaves out what this kernel lacks, and says so. */
static int choose_hooks(struct instance *i, const char *without)
{
	__u32 usable;
	int err = 0;

	for (size_t n = 0; n < hook_count; n++) {
		if (without && !strcmp(i->uses[n].func, without))
			i->uses[n].result = PROBE_UNWANTED;
	}
	usable = choose_backends(i);
	if (!usable)
		return -EOPNOTSUPP;
	usable |= 1U << IOAS_BACKEND_NONE;
	i->present |= 1U << IOAS_BACKEND_NONE;
	for (size_t n = 0; n < hook_count && !err; n++) {
		const struct hook *h = i->uses[n].hook;

		err = choose_hook(i, &i->uses[n], usable & (1U << h->backend) && wanted(i, h));
	}
	return err ?: check_stale(i);
}

static int size_maps(struct instance *i, const struct instance_options *opt)
{
	__u32 npages = (opt->slots + IOAS_SLOTS_PER_PAGE - 1) / IOAS_SLOTS_PER_PAGE;
	__u32 slots = npages * IOAS_SLOTS_PER_PAGE;
	int err;

	i->skel->rodata->nslots = slots;
	err = bpf_map__set_max_entries(i->skel->maps.ioas_areas, npages);
	if (!err)
		err = bpf_map__set_max_entries(i->skel->maps.ioas_index, slots);
	if (!err)
		err = bpf_map__set_max_entries(i->skel->maps.ioas_free, slots);
	if (!err)
		err = bpf_map__set_max_entries(i->skel->maps.ioas_ring, opt->ring_bytes);
	return err ? log_err(err, "sizes of maps") : 0;
}

static int load(struct instance *i, const struct instance_options *opt)
{
	__u8 argn[ARG_MAX] = {};
	int err;

	i->skel = trace_bpf__open();
	if (!i->skel)
		return log_err(-errno, "cannot open the BPF programs");
	err = probe_hooks(i, argn);
	if (!err)
		err = choose_hooks(i, opt->without);
	if (!err)
		err = size_maps(i, opt);
	if (err)
		return err;
	i->skel->rodata->memory_watched = opt->stale;
	for (int a = 0; a < ARG_MAX; a++)
		i->skel->rodata->argn[a] = argn[a];
	err = trace_bpf__load(i->skel);
	if (err == -EPERM)
		return log_err(err, "loading BPF programs needs root (CAP_BPF, CAP_PERFMON, "
				    "CAP_SYS_ADMIN)");
	return err ? log_err(err, "this kernel refused the BPF programs (see --verbose)") : 0;
}

/*
 * Every page says what it is, so that it can be read without us. The first one
 * does so only when all hooks are attached: by it others know that we run.
 */
static int init_pages(struct instance *i, bool ready)
{
	__u32 npages = bpf_map__max_entries(i->skel->maps.ioas_areas);
	size_t bytes = (size_t)npages * IOAS_STATE_PAGE;
	struct ioas_page *pages;
	struct timespec ts;

	pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, i->maps.areas, 0);
	if (pages == MAP_FAILED)
		return log_err(-errno, "mapping the state pages");
	if (!ready) {
		clock_gettime(CLOCK_BOOTTIME, &ts);
		i->maps.start_ns = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
		i->maps.pid = getpid();
	}
	for (__u32 p = ready ? 0 : 1; p < (ready ? 1 : npages); p++) {
		struct ioas_page_hdr hdr = {
			.magic = IOAS_PAGE_MAGIC,
			.version = IOAS_STATE_VERSION,
			.kind = IOAS_PAGE_AREAS,
			.index = p,
			.slots = IOAS_SLOTS_PER_PAGE,
			.recorder = i->maps.start_ns,
			.missing = i->maps.missing,
			.event_version = IOAS_EVENT_VERSION,
			.pid = i->maps.pid,
		};

		pages[p].hdr = hdr;
	}
	munmap(pages, bytes);
	return 0;
}

static int attach(struct instance *i)
{
	for (size_t n = 0; n < hook_count; n++) {
		struct hook_use *u = &i->uses[n];
		struct bpf_program *prog;

		if (u->result != PROBE_OK)
			continue;
		prog = bpf_object__find_program_by_name(i->skel->obj, u->hook->prog);
		i->links[n] = bpf_program__attach(prog);
		if (i->links[n])
			continue;
		u->result = PROBE_REFUSED;
		log_err(-errno, "%s: cannot attach; missing: %s", u->func, u->hook->cost);
		if (u->hook->needed)
			return -EOPNOTSUPP;
	}
	return 0;
}

/* What views must not print as a number, because no hook counts it. */
static __u32 missing(const struct instance *i)
{
	__u32 m = 0;

	for (size_t n = 0; n < hook_count; n++) {
		if (i->uses[n].result != PROBE_OK && i->uses[n].result != PROBE_NO_MODULE &&
		    i->uses[n].result != PROBE_NO_FEATURE)
			m |= i->uses[n].hook->missing;
	}
	return m;
}

static int start(struct instance *i, const struct instance_options *opt)
{
	int err = load(i, opt);

	if (err)
		return err;
	i->maps.ctx = bpf_map__fd(i->skel->maps.ioas_ctx);
	i->maps.ioas = bpf_map__fd(i->skel->maps.ioas_ioas);
	i->maps.charge = bpf_map__fd(i->skel->maps.ioas_charge);
	i->maps.areas = bpf_map__fd(i->skel->maps.ioas_areas);
	i->maps.stats = bpf_map__fd(i->skel->maps.ioas_stats);
	i->maps.names = bpf_map__fd(i->skel->maps.fd_names);
	i->maps.pages = bpf_map__fd(i->skel->maps.ioas_pages);
	i->maps.parts = bpf_map__fd(i->skel->maps.ioas_parts);
	i->maps.missing = missing(i);
	err = init_pages(i, false);
	if (err)
		return err;
	i->ring = ring_buffer__new(bpf_map__fd(i->skel->maps.ioas_ring), on_record, i, NULL);
	if (!i->ring)
		return log_err(-errno, "the ring of events");
	err = attach(i);
	if (err)
		return err;
	i->skel->bss->enabled = 1;
	return init_pages(i, true);
}

int instance_open(struct instance **out, const struct instance_options *opt, instance_record_fn fn,
		  void *arg)
{
	struct instance *i;
	int err;

	if (geteuid())
		return log_err(-EPERM, "tracing needs root (CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN)");
	if (access("/sys/kernel/btf/vmlinux", F_OK)) {
		log_warn("this kernel has no BTF type information (/sys/kernel/btf/vmlinux): "
			 "nothing can be traced; it needs CONFIG_DEBUG_INFO_BTF");
		return -EOPNOTSUPP;
	}
	if (!instance_possible())
		return -ENODEV;
	i = calloc(1, sizeof(*i));
	if (!i)
		return log_err(-ENOMEM, "starting");
	i->fn = fn;
	i->stale = opt->stale;
	i->arg = arg;
	i->uses = calloc(hook_count, sizeof(*i->uses));
	i->links = calloc(hook_count, sizeof(*i->links));
	err = i->uses && i->links ? start(i, opt) : -ENOMEM;
	if (err) {
		instance_close(&i);
		return err;
	}
	*out = i;
	return 0;
}

void instance_close(struct instance **ip)
{
	struct instance *i = *ip;

	if (!i)
		return;
	if (i->links) {
		for (size_t n = 0; n < hook_count; n++)
			bpf_link__destroy(i->links[n]);
	}
	ring_buffer__free(i->ring);
	trace_bpf__destroy(i->skel);
	free(i->links);
	free(i->uses);
	free(i);
	*ip = NULL;
}

/* Programs that are running count an event first and submit it then. */
void instance_stop(struct instance *i)
{
	__u64 stats[IOAS_STAT_MAX];

	i->skel->bss->enabled = 0;
	for (int n = 0; n < STOP_TRIES; n++) {
		usleep(1000);
		if (maps_stats(&i->maps, stats) ||
		    stats[IOAS_STAT_SEEN] == stats[IOAS_STAT_SUBMITTED] +
						     stats[IOAS_STAT_RING_FULL] +
						     stats[IOAS_STAT_TOO_BIG])
			return;
	}
}

int instance_poll(struct instance *i, int timeout_ms)
{
	int n = ring_buffer__poll(i->ring, timeout_ms);

	return n == -EINTR ? 0 : n;
}

const struct maps *instance_maps(const struct instance *i)
{
	return &i->maps;
}

static bool named(const struct bpf_program *prog, const char *prefix)
{
	return !strncmp(bpf_program__name(prog), prefix, strlen(prefix));
}

static __u64 missed_by(const struct bpf_program *prog)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = bpf_program__fd(prog);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	return info.recursion_misses;
}

__u64 instance_missed(const struct instance *i)
{
	struct bpf_program *prog;
	__u64 missed = 0;

	bpf_object__for_each_program(prog, i->skel->obj)
	{
		/* Runs at every question for a capability: of what it misses nearly all
		 * is not ours, and what is ours is told when its MAP ends. */
		if (!strcmp(bpf_program__name(prog), "t1_capable"))
			continue;
		/* A fault is no state; what processes do to their memory is none of a context. */
		if (!named(prog, "iommu_") && !named(prog, "mm_"))
			missed += missed_by(prog);
	}
	return missed;
}

__u64 instance_memory_missed(const struct instance *i)
{
	struct bpf_program *prog;
	__u64 missed = 0;

	bpf_object__for_each_program(prog, i->skel->obj)
	{
		if (named(prog, "mm_"))
			missed += missed_by(prog);
	}
	return missed;
}

void instance_hooks(const struct instance *i, size_t *attached, size_t *all)
{
	*attached = 0;
	*all = 0;
	for (size_t n = 0; n < hook_count; n++) {
		const struct hook_use *u = &i->uses[n];

		*attached += i->links[n] != NULL;
		*all += (i->present >> u->hook->backend & 1) && wanted(i, u->hook) &&
			u->result != PROBE_NO_FEATURE;
	}
}

int instance_program(const struct instance *i, size_t n, struct instance_program *out)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	struct bpf_program *prog;
	size_t at;

	for (at = 0; at < hook_count; at++) {
		if (i->links[at] && !n--)
			break;
	}
	if (at == hook_count)
		return -ENOENT;
	prog = bpf_object__find_program_by_name(i->skel->obj, i->uses[at].hook->prog);
	if (!prog || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len))
		return -errno;
	out->name = i->uses[at].hook->prog;
	out->func = i->uses[at].func;
	out->when = strncmp(bpf_program__section_name(prog), "fexit", 5) ? "entry" : "exit";
	if (i->uses[at].hook->tracepoint)
		out->when = "event";
	out->verified = info.verified_insns;
	out->jited = info.jited_prog_len;
	return 0;
}
