/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What IOMMUs refuse, whatever backend the device is behind.
 *
 * Nothing orders a fault with the changes of an IOAS: the IOMMU tells of it some
 * time after the device was refused. So its event has no order number, and its
 * place is where it lies in the ring.
 *
 * VT-d (drivers/iommu/intel/dmar.c): dmar_fault() reads the fault records out of
 * registers, in a local loop, and what it has read is in no function's arguments,
 * but in the line it logs. That line is taken at the tracepoint that every line
 * passes, on the same CPU, between entry and exit of dmar_fault(). The kernel logs
 * a few lines in five seconds and skips the other faults: what is seen of those is
 * an interrupt without a line, which is counted. It may also fall silent in the midst of
 * one: so one that has lines counts, too, if so many lines went before in these
 * seconds that it may have. What the kernel logged before we looked is not among them.
 *
 * Others (AMD-Vi, SMMUv2): report_iommu_fault() is called for each fault.
 */
#ifndef IOASCOPE_FAULTS_BPF_H
#define IOASCOPE_FAULTS_BPF_H

#include "iommufd.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct intel_iommu {
	unsigned short segment;
};

#pragma clang attribute pop

/* include/linux/iommu.h: IOMMU_FAULT_WRITE */
#define REPORT_WRITE 1

/* A device gone wild must not push the changes out of the ring. */
#define FAULTS_EACH_WINDOW 1000
#define FAULT_WINDOW_NS 1000000000ULL

/*
 * DEFAULT_RATELIMIT_BURST in DEFAULT_RATELIMIT_INTERVAL, of all units together: ___ratelimit().
 * It counts in windows of its own; whatever these are, one who is refused has so many
 * before him in as long a time. Some ms more, for it counts in jiffies.
 */
#define LINES_EACH_WINDOW 10
#define LINES_ROOM 16 /* a power of two: the verifier follows no other remainder */
#define LINES_WINDOW_NS (5 * 1000000000ULL + 100000000ULL)

__u64 fault_asked_ns[LINES_ROOM]; /* when the limit was last asked, and granted */
__u32 fault_asked;
__u32 fault_running; /* CPUs in dmar_fault() */

/* Of one CPU; its faults are told in interrupts, which do not nest. */
struct fault_cpu {
	__u64 untold; /* since the last event */
	__u64 window_ns; /* when this second began */
	__u64 silent_ns; /* when it was last said that some were not told */
	__u32 told; /* events in this second */
	__u32 inside; /* dmar_fault() runs */
	__u32 lines; /* that it has logged */
	__u32 segment; /* of its unit */
	__u32 together; /* another CPU runs it, too: who asks the limit at once is refused */
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fault_cpu);
} fault_cpus SEC(".maps");

static __always_inline struct fault_cpu *fault_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&fault_cpus, &zero);
}

static __always_inline void fault_untold(struct fault_cpu *f)
{
	f->untold++;
	stat_inc(IOAS_STAT_FAULTS_UNTOLD);
}

/* Whether one more fits into this second. */
static __always_inline bool fault_room(struct fault_cpu *f)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (now - f->window_ns > FAULT_WINDOW_NS) {
		f->window_ns = now;
		f->told = 0;
	}
	return f->told++ < FAULTS_EACH_WINDOW;
}

/* As event_begin_of(); whoever the interrupt has hit has nothing to do with it. */
static __always_inline struct ioas_event *fault_begin(struct fault_cpu *f, __u32 source, __u64 size)
{
	struct ioas_event *e = event_begin_of(NULL, NULL, IOAS_EV_FAULT, 0, size);

	if (!e) {
		fault_untold(f);
		return NULL;
	}
	e->tgid = 0;
	e->tid = 0;
	e->uid = 0;
	e->gid = 0;
	e->cgroup = 0;
	__builtin_memset(e->comm, 0, sizeof(e->comm));
	e->body_fault.source = source;
	e->body_fault.untold = f->untold;
	f->untold = 0;
	return e;
}

/* ---- VT-d ---- */

HOOK("fentry/dmar_fault", iommu_fault)
{
	struct intel_iommu *unit = (void *)arg(ctx, ARG_IOMMU_FAULT_UNIT);
	struct fault_cpu *f = fault_cpu();

	if (!f)
		return 0;
	f->segment = BPF_CORE_READ(unit, segment);
	f->lines = 0;
	f->inside = 1;
	f->together = !!__sync_fetch_and_add(&fault_running, 1);
	return 0;
}

static __always_inline void fault_granted(void)
{
	__u32 n = __sync_fetch_and_add(&fault_asked, 1);

	fault_asked_ns[n & (LINES_ROOM - 1)] = bpf_ktime_get_boot_ns();
}

/* Whether the limit may refuse who asks now. */
static __always_inline bool fault_may_be_refused(void)
{
	__u32 n = fault_asked - LINES_EACH_WINDOW;
	__u64 first = fault_asked_ns[n & (LINES_ROOM - 1)];

	return first && bpf_ktime_get_boot_ns() - first < LINES_WINDOW_NS;
}

#define LINE_HEAD 11 /* bytes that tell lines apart */

enum fault_line {
	LINE_OTHER,
	LINE_BEGIN, /* "DMAR: DRHD: handling fault status reg 2", by the limit */
	LINE_DMA, /* "DMAR: [DMA Read NO_PASID] Request device [01:00.0] fault addr ...", too */
	LINE_INTERRUPT, /* "DMAR: [INTR-REMAP] Request device ...", too */
};

static __always_inline bool same_head(const char *head, const char *as)
{
	for (int i = 0; i < LINE_HEAD; i++) {
		if (head[i] != as[i])
			return false;
	}
	return true;
}

static __always_inline enum fault_line fault_line(const char *text, __u64 len)
{
	char head[LINE_HEAD + 1] = {};

	if (len < LINE_HEAD || bpf_probe_read_kernel(head, LINE_HEAD, text))
		return LINE_OTHER;
	if (same_head(head, "DMAR: DRHD:"))
		return LINE_BEGIN;
	if (same_head(head, "DMAR: [DMA "))
		return LINE_DMA;
	return same_head(head, "DMAR: [INTR") ? LINE_INTERRUPT : LINE_OTHER;
}

static __always_inline void fault_tell_line(struct fault_cpu *f, const char *text, __u64 len)
{
	struct ioas_fault_record *r;

	if (!fault_room(f)) {
		fault_untold(f);
		return;
	}
	r = (void *)fault_begin(f, IOAS_FAULT_VTD, sizeof(*r));
	if (!r)
		return;
	r->ev.body_fault.segment = f->segment;
	if (len > sizeof(r->text) - 1)
		len = sizeof(r->text) - 1;
	bpf_probe_read_kernel(r->text, len, text);
	event_end(&r->ev);
}

HOOK("tp_btf/console", iommu_log)
{
	const char *text = (const char *)((__u64 *)ctx)[0];
	__u64 len = ((__u64 *)ctx)[1];
	struct fault_cpu *f = fault_cpu();
	enum fault_line line;

	if (!f || !f->inside)
		return 0;
	line = fault_line(text, len);
	if (line == LINE_OTHER)
		return 0;
	fault_granted();
	f->lines += line != LINE_BEGIN;
	if (line == LINE_DMA)
		fault_tell_line(f, text, len);
	return 0;
}

/*
 * The limit is asked for each fault, and once more before it is seen that there is none:
 * had it been refused by then, faults behind the lines would have been cleared unheard. An
 * interrupt without a line: the kernel has told enough for now.
 */
HOOK("fexit/dmar_fault", iommu_faulted)
{
	struct fault_cpu *f = fault_cpu();
	bool refused = fault_may_be_refused();
	struct ioas_event *e;

	if (!f || !f->inside)
		return 0;
	f->inside = 0;
	if (__sync_fetch_and_add(&fault_running, -1) > 1)
		f->together = 1;
	fault_granted(); /* or not: then it counts for too many, which is the safe side */
	if (f->lines && !refused && !f->together)
		return 0;
	fault_untold(f);
	/* That there was a fault without a line is certain only where there is none. */
	if (f->lines || (f->silent_ns && bpf_ktime_get_boot_ns() - f->silent_ns < FAULT_WINDOW_NS))
		return 0;
	f->silent_ns = bpf_ktime_get_boot_ns();
	e = fault_begin(f, IOAS_FAULT_VTD, sizeof(*e));
	if (!e)
		return 0;
	e->body_fault.segment = f->segment;
	event_end(e);
	return 0;
}

/* ---- others ---- */

/* fentry: the domain is in use, for its driver has found the device in it. */
HOOK("fentry/report_iommu_fault", iommu_reported)
{
	struct device *dev = (void *)arg(ctx, ARG_IOMMU_REPORT_DEV);
	struct fd_object *d = fd_find(arg(ctx, ARG_IOMMU_REPORT_DOMAIN), FD_DOMAIN);
	struct fault_cpu *f = fault_cpu();
	struct ioas_event *e;

	if (!f)
		return 0;
	if (!fault_room(f)) {
		fault_untold(f);
		return 0;
	}
	e = fault_begin(f, IOAS_FAULT_REPORTED, sizeof(*e));
	if (!e)
		return 0;
	e->body_fault.iova = arg(ctx, ARG_IOMMU_REPORT_IOVA);
	e->body_fault.known = IOAS_FAULT_HAS_IOVA;
	e->body_fault.access = (int)arg(ctx, ARG_IOMMU_REPORT_FLAGS) & REPORT_WRITE
				       ? IOAS_FAULT_WRITE
				       : IOAS_FAULT_READ;
	e->body_fault.domain = d ? d->id : 0;
	if (dev)
		bpf_probe_read_kernel_str(e->body_fault.name, sizeof(e->body_fault.name),
					  BPF_CORE_READ(dev, kobj.name));
	event_end(e);
	return 0;
}

#endif
