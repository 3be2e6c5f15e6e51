/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the hook points of the bundled backend tell (kernel/ioas_backend/hook.c), for programs that
 * are attached to them. Each is given a pointer to what it is about. The struct begins with
 * its size; fields are only ever appended.
 *
 * Keys are kernel addresses. They tell objects apart as long as these live, and are good for
 * nothing else. Ids are those that user space has. Addresses are bytes, `last` is inclusive, pages
 * are of PAGE_SIZE, users and processes are those of the initial namespaces.
 */
#ifndef IOASCOPE_IOAS_BACKEND_NOTE_H
#define IOASCOPE_IOAS_BACKEND_NOTE_H

#include <linux/types.h>

enum ioasb_memory {
	IOASB_MEMORY_USER = 0, /* addresses of a process */
	IOASB_MEMORY_FILE = 1, /* a memfd, or another file */
};

/* Where it happened. */
struct ioasb_note {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 ctx; /* key */
	__aligned_u64 ioas; /* key; 0: it is of the context */
	__aligned_u64 order; /* of the context; taken under the lock that orders the change */
	__u32 mode; /* enum ioasb_mode, of the IOAS */
	__u32 account; /* enum ioasb_account */
};

/* Of a pages object. */
struct ioasb_note_pages {
	struct ioasb_note at;
	__aligned_u64 key;
	__aligned_u64 mm; /* key: of its process */
	__aligned_u64 payer; /* key: of the user or mm that is charged; 0: nobody is */
	__aligned_u64 user_va; /* of its first byte; 0 if it is a file */
	__aligned_u64 npages;
	__aligned_u64 npinned; /* now; 0 where its lock is not held */
	__s64 charged; /* change of what is charged, in pages */
	__u32 id;
	__u32 account; /* enum ioasb_account */
	__u32 memory; /* enum ioasb_memory */
	__u32 writeable;
	__u32 tgid; /* who made it */
	__u32 uid;
};

/* Of an area, and of the pages object that it shows. */
struct ioasb_note_area {
	struct ioasb_note_pages pages; /* .npinned, .charged: 0 */
	__aligned_u64 start;
	__aligned_u64 last;
	__aligned_u64 first_page; /* in the pages object */
	__aligned_u64 cut; /* split, merged: where the second part begins */
	__aligned_u64 attachment; /* filled, emptied: key, by which device */
	__u32 prot; /* IOASB_READABLE, WRITEABLE */
	__u32 reserved;
};

/* Pages of a watched pages object that its process has no more. */
struct ioasb_note_replaced {
	struct ioasb_note_pages pages; /* .npinned, .charged: 0 */
	__aligned_u64 first_page;
	__aligned_u64 last_page;
};

struct ioasb_note_range {
	struct ioasb_note at;
	__aligned_u64 start;
	__aligned_u64 last;
	__aligned_u64 device; /* key: for whom it is reserved; 0: for nobody in particular */
	__u32 kind; /* enum ioasb_rec_kind */
	__u32 id; /* of the device or reservation */
};

struct ioasb_note_device {
	struct ioasb_note at;
	__aligned_u64 device; /* key */
	__aligned_u64 attachment; /* key: of this device in this IOAS */
	__aligned_u64 page_size;
	__u32 id;
	__u32 reserved;
};

/* Of the table of an IOAS of mode TCE. Words: a page frame number and the protection. */
struct ioasb_note_tce {
	struct ioasb_note at;
	__aligned_u64 iova; /* of the entry; charged: 0 */
	__aligned_u64 old; /* what was there; 0: nothing */
	__aligned_u64 word; /* what is there now */
	__s64 charged; /* change of what is charged, in pages */
	__aligned_u64 payer; /* charged: key of the user or mm that is; 0: nobody is */
	__u32 tgid; /* charged: who made the IOAS */
	__u32 uid;
};

/* Of a mediated client. */
struct ioasb_note_client {
	struct ioasb_note at;
	__aligned_u64 client; /* key */
	__aligned_u64 start; /* pins, calls, what is asked for; of a list of pages 0 to 2^64 - 1 */
	__aligned_u64 last;
	__aligned_u64 count; /* pins: so often; gone: pages that it had forgotten */
	__u32 id;
	__u32 rule; /* IOASB_PIN_RANGES, IOASB_PIN_PAGES */
	__u32 prot; /* IOASB_READABLE, WRITEABLE */
	__u32 op; /* calls: enum ioasb_nr; CLIENT_ALLOC: it is closed */
	__s32 result; /* answers; let go: -EINTR if the unmap was killed */
	__u32 exiting; /* closed because its process ends, or was killed */
	__aligned_u64 dma; /* of start, for its device; 2^64 - 1: that of the page itself */
};

#endif
