/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reference model: what the kernel does with contexts, IOASes, areas, memory,
 * users, ranges and charges, in plain arrays and linear scans, written apart
 * from the mirror. An operation succeeds or fails as it would in the kernel, and
 * leaves the events that the hooks would have made. What is then held by a
 * mirror that was fed these events must be what the model holds.
 *
 * Objects are named by slots, so that an operation list keeps its meaning when
 * some operations are left out: what names an empty slot does nothing.
 */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioascope/event.h"

#define MODEL_PAGE 4096ULL
#define MODEL_CTXS 2
#define MODEL_IOASES 3 /* of a context; a type1 container has the first only */
#define MODEL_USERS 5 /* type1: groups, 3 and 4 are mediated; others: 3 devices, then accesses */
#define MODEL_HARDWARE 3 /* users below are hardware */
#define MODEL_ACCESSES (MODEL_USERS - MODEL_HARDWARE)
#define MODEL_DOMAINS 2 /* of an IOAS: devices 0 and 1 share the first */
#define MODEL_PROCS 3
#define MODEL_RESV 2 /* reserved ranges of a device, at most */
#define MODEL_RANGES 48 /* of an IOAS */
#define MODEL_PINS 16 /* of an IOAS */
#define MODEL_CHARGES (4 * MODEL_PROCS)
#define MODEL_ENTRIES 65535 /* type1: areas of an IOAS, at most */

enum model_what {
	MODEL_NOTHING = 0,
	MODEL_OPEN,
	MODEL_CLOSE,
	MODEL_ALLOC,
	MODEL_DESTROY,
	MODEL_ATTACH,
	MODEL_DETACH,
	MODEL_MAP,
	MODEL_COPY, /* .va: address in the source, .from: the source */
	MODEL_UNMAP,
	MODEL_PIN,
	MODEL_UNPIN, /* .va: which of the pins */
	MODEL_ALLOW, /* the range, and with MODEL_VALUE one more at .va; size 0: none */
	MODEL_OPTION, /* of huge pages; MODEL_ALL: of the rlimit mode */
	MODEL_RESERVE,
	MODEL_UNRESERVE,
	MODEL_CUT,
	MODEL_VADDR_INVALID,
	MODEL_VADDR_UPDATE,
	MODEL_DIRTY,
	MODEL_QUERY,
	MODEL_RW,
	MODEL_CHANGE_PROCESS,
	MODEL_WHATS,
};

/* model_op.flags */
#define MODEL_FIXED 0x01 /* the caller chooses the IOVA */
#define MODEL_ALL 0x02
#define MODEL_CAP 0x04 /* CAP_IPC_LOCK: nobody pays */
#define MODEL_FAIL 0x08 /* no memory, late */
#define MODEL_VALUE 0x10
#define MODEL_PART 0x20 /* UNPIN: half of it */
#define MODEL_SPLIT_LATE 0x40 /* FAIL: after the area was there */
#define MODEL_READONLY 0x80 /* the memory may not be written */

struct model_op {
	uint8_t what; /* enum model_what */
	uint8_t ctx; /* slots */
	uint8_t ioas;
	uint8_t from;
	uint8_t user;
	uint8_t who;
	uint8_t prot;
	uint8_t memory; /* enum ioas_memory; type1: 0 RAM, 1 none of it is, 2 half of it */
	uint8_t flags;
	uint64_t iova;
	uint64_t size;
	uint64_t va;
	uint64_t mix; /* not 0: at the same time as the next one; how */
};

struct model_range {
	uint64_t iova;
	uint64_t last;
	uint32_t class; /* enum ioas_range_class */
	uint32_t owner;
};

/* What there is before the first operation, and does not change. */
struct model_world {
	uint8_t backend[MODEL_CTXS]; /* enum ioas_backend */
	uint8_t mode[MODEL_CTXS]; /* enum ioas_mode, of all IOASes of the context */
	bool empty_fails; /* iommufd before 6.18: an unmap of nothing is -ENOENT */
	bool gone_late; /* type1: the end of an IOAS is told after its op, as bpf/ does */
	struct model_range aperture[MODEL_HARDWARE];
	struct model_range resv[MODEL_HARDWARE][MODEL_RESV];
	unsigned int nresv[MODEL_HARDWARE];
};

struct model_area {
	uint64_t iova;
	uint64_t last;
	uint64_t va; /* type1 */
	uint64_t at; /* others: byte in the memory */
	uint64_t op; /* 0: came of a split */
	uint32_t number;
	uint32_t pages; /* number; 0: its own (type1) */
	uint32_t prot;
	uint8_t who;
	bool invalid;
	bool filled; /* in all domains of the IOAS, of which there are some */
	bool stale; /* a program may believe that it is unmapped */
	int64_t ram; /* type1: what hardware pins of it */
	int64_t mem; /* type1: what of it is no RAM */
	int64_t pinned;
	int64_t pfnmap;
};

struct model_pages {
	uint32_t id;
	uint64_t va;
	uint64_t npages;
	int64_t pinned;
	int64_t charged;
	uint8_t memory;
	uint8_t account;
	bool writable;
	uint8_t who;
	uint32_t owner;
	uint32_t areas;
};

struct model_charge {
	uint32_t owner;
	uint32_t counter;
	uint8_t who;
	int64_t pages;
	int64_t peak;
};

struct model_pin {
	uint64_t iova;
	uint64_t last;
	uint8_t user;
};

struct model_domain {
	uint32_t id; /* 0: none */
	unsigned int users;
	uint64_t page_size;
	int64_t mapped;
	bool dirty;
};

struct model_ioas {
	uint32_t id; /* 0: none */
	uint8_t mode;
	bool dirty;
	bool small_pages;
	uint64_t non_pinned_groups;
	int64_t entries_left; /* when last told; -1: not told */
	struct model_area *areas; /* by IOVA */
	size_t nareas;
	size_t room;
	bool attached[MODEL_USERS];
	struct model_domain domain[MODEL_DOMAINS];
	struct model_pin pins[MODEL_PINS];
	size_t npins;
	struct model_range ranges[MODEL_RANGES];
	size_t nranges;
	struct model_charge charges[MODEL_CHARGES];
	size_t ncharges;
};

struct model_ctx {
	uint32_t id; /* 0: none */
	uint8_t backend;
	uint8_t mode;
	bool closed;
	bool rlimit_mm;
	uint8_t who;
	uint32_t user[MODEL_USERS]; /* our numbers of devices and accesses, 0: not known */
	bool bound[MODEL_USERS]; /* there has been such a device or access */
	struct model_ioas ioas[MODEL_IOASES];
	struct model_pages *pages;
	size_t npages;
	size_t room;
	struct model_charge charges[MODEL_CHARGES];
	size_t ncharges;
};

struct model_events {
	struct ioas_event *at;
	size_t count;
	size_t room;
};

struct model {
	struct model_world world;
	struct model_ctx ctx[MODEL_CTXS];
	uint32_t last_id;
	uint64_t last_op;
	uint32_t user_id[MODEL_PROCS]; /* our numbers of who can be charged */
	uint32_t mm_id[MODEL_PROCS];
	struct model_events out; /* of the last model_run(), not timed yet: see model_stream.h */
};

/* Kind of the mark that stands where an op begins; it is no event. */
#define MODEL_MARK IOAS_KIND_NONE

/* A new model of a world; model_free() frees it. */
struct model *model_new(const struct model_world *world);
void model_free(struct model *m);

/* Runs an operation; its events are in m->out until the next one. */
void model_run(struct model *m, const struct model_op *op);

/* How a context is used. */
static inline bool model_is_type1(const struct model_ctx *c)
{
	return c->backend == IOAS_BACKEND_TYPE1;
}

bool model_has_hardware(const struct model_ctx *c, const struct model_ioas *s);

/* The memory of a number, NULL: none. */
struct model_pages *model_pages(const struct model_ctx *c, uint32_t id);

/* Ids of a process, as the events carry them. */
uint32_t model_tgid(unsigned int who);
uint32_t model_uid(unsigned int who);

void model_events_add(struct model_events *events, const struct ioas_event *ev);

/* An operation in words, for people. `text` has `size` bytes. */
void model_op_text(const struct model_op *op, char *text, size_t size);

#endif
