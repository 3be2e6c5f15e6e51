/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The bundled kernel backend, /dev/ioas_backend: an IOAS without an IOMMU.
 *
 * An open file is a context. It owns objects with ids: IOASes and devices. Every struct begins
 * with its size as the caller knows it; bytes the kernel does not know must be 0 (-E2BIG), unknown
 * flags and fields named __reserved too (-EOPNOTSUPP). What the kernel answers is written back
 * whenever the struct itself could be read, on errors as well. Addresses and lengths are in bytes,
 * `last` is inclusive, pages are of PAGE_SIZE. Errors of each call: docs/backend.md.
 */
#ifndef IOASCOPE_IOAS_BACKEND_H
#define IOASCOPE_IOAS_BACKEND_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOASB_TYPE 0xB9

/* What an unmap of a range does to areas that are not exactly that range. */
enum ioasb_mode {
	IOASB_MODE_EXACT = 0, /* only one area of just that range */
	IOASB_MODE_COVER = 1, /* whole areas in the range (iommufd) */
	IOASB_MODE_FIRST = 2, /* areas that begin in the range (type1 v1) */
	IOASB_MODE_ANY = 3, /* any range, areas are split */
	IOASB_MODE_TCE = 4, /* a table of one word for each page of a window; no areas */
};

/* Who is charged for pinned pages. All but NONE also count in the mm's VmPin. */
enum ioasb_account {
	IOASB_ACCOUNT_USER = 0, /* the user, one counter for all its processes */
	IOASB_ACCOUNT_MM = 1, /* the process, VmLck; needs CAP_IPC_LOCK, as it limits nobody */
	IOASB_ACCOUNT_NONE = 2, /* nobody; needs CAP_IPC_LOCK */
};

/* How the pins of its clients are kept. */
enum ioasb_tracker {
	IOASB_TRACKER_INTERVAL = 0, /* ranges in an interval tree */
	IOASB_TRACKER_XARRAY = 1, /* pages, each by itself, in an xarray */
	IOASB_TRACKER_TABLE = 2, /* pages in a table of several levels */
	IOASB_TRACKER_ARRAY = 3, /* pages in one sorted array */
};

struct ioasb_ioas_alloc {
	__u32 size;
	__u32 flags; /* 0 */
	__u32 mode;
	__u32 account;
	__u32 out_ioas_id;
	__u32 tracker; /* enum ioasb_tracker, of its clients; mode TCE has none: 0 */
	__aligned_u64 window_start; /* of mode TCE, in whole pages; 0 in all others */
	__aligned_u64 window_length;
};

struct ioasb_destroy {
	__u32 size;
	__u32 id;
};

/* For MAP, COPY and RESERVE. Without FIXED the kernel chooses the address. */
#define IOASB_FIXED 1
#define IOASB_READABLE 2
#define IOASB_WRITEABLE 4
#define IOASB_WATCH 8 /* MAP only: tell when the memory behind it is replaced */

struct ioasb_map {
	__u32 size;
	__u32 flags; /* IOASB_FIXED, READABLE, WRITEABLE, WATCH */
	__u32 ioas_id;
	__u32 reservation; /* map inside of this one; 0: outside of all */
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova; /* in with FIXED, out always */
	__aligned_u64 out_replaced; /* bytes that were mapped there; mode TCE */
};

struct ioasb_copy {
	__u32 size;
	__u32 flags; /* as for MAP */
	__u32 dst_ioas_id;
	__u32 src_ioas_id;
	__u32 reservation; /* of the destination */
	__u32 __reserved;
	__aligned_u64 length;
	__aligned_u64 dst_iova; /* in with FIXED, out always */
	__aligned_u64 src_iova;
};

/* iova and length 0 then. The same as iova 0 and length 2^64 - 1. */
#define IOASB_UNMAP_ALL 1

struct ioasb_unmap {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 out_unmapped; /* bytes, also when the call fails */
};

struct ioasb_iova_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

/* As if all devices of the context were attached: what stays valid whichever of them comes. */
#define IOASB_RANGES_ALL 1

/* -EMSGSIZE if there are more than num_iovas; how many there are is told either way. */
struct ioasb_iova_ranges {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas; /* in: room, out: how many there are */
	__u32 flags;
	__aligned_u64 iovas; /* struct ioasb_iova_range * */
	__aligned_u64 out_alignment;
	__aligned_u64 out_generation; /* grows with each attach, detach and allow */
};

struct ioasb_allow_iovas {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 iovas; /* const struct ioasb_iova_range *; replaces all */
};

struct ioasb_reserve {
	__u32 size;
	__u32 flags; /* IOASB_FIXED */
	__u32 ioas_id;
	__u32 out_reservation;
	__aligned_u64 length;
	__aligned_u64 iova; /* in with FIXED, out always */
};

struct ioasb_release {
	__u32 size;
	__u32 ioas_id;
	__u32 reservation;
	__u32 __reserved;
};

struct ioasb_device_alloc {
	__u32 size;
	__u32 flags; /* 0 */
	__u32 num_reserved;
	__u32 out_dev_id;
	__aligned_u64 page_size; /* a power of two */
	__aligned_u64 aperture_start;
	__aligned_u64 aperture_last;
	__aligned_u64 reserved; /* const struct ioasb_iova_range * */
};

/* Move from the IOAS it is attached to; on failure it stays there. */
#define IOASB_ATTACH_REPLACE 1

struct ioasb_attach {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 ioas_id;
};

struct ioasb_detach {
	__u32 size;
	__u32 dev_id;
};

#define IOASB_RW_WRITE 1 /* into the IOAS */

struct ioasb_rw {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 user_va;
	__aligned_u64 out_done; /* bytes, also when the call fails */
};

#define IOASB_LOOKUP_READABLE IOASB_READABLE
#define IOASB_LOOKUP_WRITEABLE IOASB_WRITEABLE
#define IOASB_LOOKUP_PINNED 8
#define IOASB_LOOKUP_FILE 16 /* out_user_va is where in the file */

struct ioasb_lookup {
	__u32 size;
	__u32 ioas_id;
	__u32 out_flags;
	__u32 out_pages_id;
	__aligned_u64 iova;
	__aligned_u64 out_start; /* of the area */
	__aligned_u64 out_last;
	__aligned_u64 out_user_va; /* of the byte at iova */
	__aligned_u64 out_pfn; /* 0 if not pinned, or without CAP_SYS_ADMIN */
};

/*
 * A mediated client: a file of its own, for CLIENT_PIN, CLIENT_UNPIN and CLIENT_RW. It ends with
 * that file, which keeps the context.
 */
#define IOASB_CLIENT_PAGES 1 /* each page has a count; without, an unpin is just what a pin was */
#define IOASB_CLIENT_HOLDS 2 /* does not let go of what is to be unmapped */

struct ioasb_client_alloc {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 out_client_id; /* in the dump */
	__s32 out_fd;
	__u32 __reserved;
};

#define IOASB_PIN_WRITE 1 /* the area must be writeable; otherwise readable */

struct ioasb_client_pin {
	__u32 size;
	__u32 flags;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 pfns; /* 0, or __u64 * with room for each page; needs CAP_SYS_ADMIN */
};

struct ioasb_client_unpin {
	__u32 size;
	__u32 flags; /* 0 */
	__aligned_u64 iova;
	__aligned_u64 length;
};

struct ioasb_client_rw {
	__u32 size;
	__u32 flags; /* IOASB_RW_WRITE */
	__aligned_u64 iova;
	__aligned_u64 length; /* a page, at most */
	__aligned_u64 user_va;
};

/* Memory of a memfd, or a file of tmpfs; not of huge pages. Needs no mapping of it. */
struct ioasb_map_file {
	__u32 size;
	__u32 flags; /* as for MAP */
	__u32 ioas_id;
	__u32 reservation;
	__s32 fd; /* not needed any more, after the call */
	__u32 __reserved;
	__aligned_u64 start; /* in the file, a multiple of a page */
	__aligned_u64 length;
	__aligned_u64 iova; /* in with FIXED, out always */
};

/*
 * In [iova, iova + length), areas that go on where the one before them ends, in address and memory,
 * with the same protection and in the same reservation, become one. 0 and 2^64 - 1: all.
 */
struct ioasb_merge {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 out_merged; /* how many areas less there are, also when the call fails */
};

/* Why a device could not be attached. */
enum ioasb_block {
	IOASB_BLOCK_AREA = 1, /* it would take addresses of an area */
	IOASB_BLOCK_ALLOWED = 2, /* ... that are allowed */
	IOASB_BLOCK_RESERVATION = 3, /* ... of a reservation */
	IOASB_BLOCK_PAGE_SIZE = 4, /* an area, or the window, does not fit its page size */
	IOASB_BLOCK_WINDOW = 5, /* it would take addresses of the window of mode TCE */
	IOASB_BLOCK_ROOM = 6, /* too many areas and ranges */
};

#define IOASB_REGION_BELOW 0xfffffffeU /* below the aperture */
#define IOASB_REGION_ABOVE 0xffffffffU
#define IOASB_REGION_NONE 0xfffffffdU

struct ioasb_blocker {
	__aligned_u64 start; /* of what is in the way */
	__aligned_u64 last;
	__u32 kind; /* enum ioasb_block */
	__u32 id; /* of the pages object, or the reservation */
	__u32 region; /* which of the device's regions, or IOASB_REGION_ */
	__u32 dev_id; /* 0: the device that was asked about */
};

/* Ask about the devices of the context, too, that are not attached to the IOAS. */
#define IOASB_TEST_ALL 1

/* Would an attach succeed, but for what can only be known when it pins? Nothing changes. */
struct ioasb_test_attach {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 num_reserved;
	__aligned_u64 page_size; /* 0: about no other device; with TEST_ALL */
	__aligned_u64 aperture_start;
	__aligned_u64 aperture_last;
	__aligned_u64 reserved; /* const struct ioasb_iova_range * */
	__aligned_u64 blockers; /* struct ioasb_blocker * */
	__u32 num_blockers; /* in: room, out: how many there are, written or not */
	__s32 out_result; /* 0, or the negative errno of the attach */
};

/*
 * From now on all memory of the context is charged to the caller, its user and its process: the
 * one who goes on with the file. Only memory of files; that of a process stays with it.
 */
struct ioasb_change_process {
	__u32 size;
	__u32 __reserved;
};

/* What is missing, by kind. */
#define IOASB_GAP_UNPINNED 1 /* mapped, and not pinned; the id is that of the pages object */
#define IOASB_GAP_RESERVED 2 /* reserved, and not mapped; the id is that of the reservation */
#define IOASB_GAP_UNMAPPED 4 /* not mapped, and neither a device's nor reserved */

struct ioasb_gap {
	__aligned_u64 start;
	__aligned_u64 last;
	__u32 kind;
	__u32 id;
};

struct ioasb_gaps {
	__u32 size;
	__u32 ioas_id;
	__u32 kinds; /* which of them are wanted */
	__u32 num_gaps; /* in: room, out: how many were written */
	__aligned_u64 gaps; /* struct ioasb_gap *, in the order of addresses */
	__aligned_u64 iova; /* from here; out: where to go on */
	__aligned_u64 last; /* to here */
	__u32 out_more;
	__u32 __reserved;
};

enum ioasb_where_by {
	IOASB_WHERE_VA = 0, /* value: an address of the caller */
	IOASB_WHERE_PAGE = 1, /* value: a page of the pages object pages_id */
	IOASB_WHERE_PFN = 2, /* value: a page frame that is pinned; needs CAP_SYS_ADMIN */
};

/* LOOKUP the other way round. */
struct ioasb_where {
	__u32 size;
	__u32 ioas_id;
	__u32 by;
	__u32 pages_id;
	__aligned_u64 value;
	__aligned_u64 iovas; /* __u64 *, ascending */
	__aligned_u64 iova; /* from here; out: where to go on */
	__u32 num_iovas; /* in: room, out: how many were written */
	__u32 out_more;
};

/* What became of memory that was mapped with IOASB_WATCH. */
#define IOASB_WATCH_STALE 1 /* some of what is pinned may not be what the process has there */
#define IOASB_WATCH_SAME 2 /* the page at iova is pinned, and the process has it there */
#define IOASB_WATCH_OTHER 4 /* it is pinned, and the process has another one there, or none */

struct ioasb_generation {
	__u32 size;
	__u32 ioas_id;
	__u32 out_flags;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 out_generation; /* grows each time that some of the memory goes */
	__aligned_u64 out_pinned; /* it was this, when the first of what is pinned was */
	__aligned_u64 out_first_page; /* in the pages object: what went since, from here ... */
	__aligned_u64 out_last_page; /* ... to here; first above last: nothing did */
};

enum ioasb_pages_kind {
	IOASB_PAGES_USER = 0,
	IOASB_PAGES_FILE = 1, /* user_va is where in the file */
};

#define IOASB_PAGES_WATCHED 1
#define IOASB_PAGES_STALE 2

/* The same for pages that are scattered: all or none. A page may be listed more than once. */
struct ioasb_client_pin_pages {
	__u32 size;
	__u32 flags; /* IOASB_PIN_WRITE */
	__aligned_u64 iovas; /* const __u64 *, multiples of a page */
	__aligned_u64 pfns; /* 0, or __u64 * with room for each; needs CAP_SYS_ADMIN */
	__u32 num_iovas; /* 65,536 at most */
	__u32 __reserved;
};

struct ioasb_client_unpin_pages {
	__u32 size;
	__u32 flags; /* 0 */
	__aligned_u64 iovas;
	__u32 num_iovas;
	__u32 __reserved;
};

/*
 * Where the client's device finds a page that it has pinned: at an address of its own, or, without
 * one, at that of the page itself. Forgotten with the last pin of the page.
 */
#define IOASB_DMA_IDENTITY 1

struct ioasb_client_set_dma {
	__u32 size;
	__u32 flags; /* IOASB_DMA_IDENTITY: forget them; dma is 0 then */
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 dma; /* of the first page; the others follow */
};

struct ioasb_client_get_dma {
	__u32 size;
	__u32 out_flags; /* IOASB_DMA_IDENTITY */
	__aligned_u64 iova;
	__aligned_u64 out_dma; /* with IDENTITY 0 without CAP_SYS_ADMIN */
};

enum ioasb_rec_kind {
	IOASB_REC_DEVICE = 1,
	IOASB_REC_IOAS = 2,
	IOASB_REC_RESERVED = 3,
	IOASB_REC_ALLOWED = 4,
	IOASB_REC_RESERVATION = 5,
	IOASB_REC_AREA = 6,
	IOASB_REC_PAGES = 7,
	IOASB_REC_PINNED = 8,
	IOASB_REC_CLIENT = 9,
	IOASB_REC_CLIENT_PIN = 10,
	IOASB_REC_TCE = 11,
	IOASB_REC_TCE_ENTRY = 12,
	IOASB_REC_CLIENT_DMA = 13,
};

/* One thing that is there. */
struct ioasb_rec {
	__u32 kind;
	__u32 id; /* the device, IOAS, pages object or client that it belongs to */
	union {
		struct {
			__u32 ioas_id; /* 0: not attached */
			__u32 __reserved;
			__aligned_u64 page_size;
			__aligned_u64 aperture_start;
			__aligned_u64 aperture_last;
		} device;
		struct {
			__u32 mode;
			__u32 account;
			__u32 devices;
			__u32 tracker;
			__aligned_u64 alignment;
			__aligned_u64 generation;
			__aligned_u64 areas;
			__aligned_u64 entries; /* areas and ranges */
			__aligned_u64 max_entries;
			__aligned_u64 mapped; /* bytes */
		} ioas;
		struct {
			__aligned_u64 start;
			__aligned_u64 last;
			__u32 id; /* the device, or the reservation */
			__u32 __reserved;
		} range;
		struct {
			__aligned_u64 start;
			__aligned_u64 last;
			__aligned_u64 area_id; /* unique in the IOAS */
			__aligned_u64 first_page; /* in the pages object */
			__u32 pages_id;
			__u32 prot; /* IOASB_READABLE, WRITEABLE */
			__u32 pinned; /* a device needs it */
			__u32 __reserved;
		} area;
		struct {
			__aligned_u64 user_va;
			__aligned_u64 npages;
			__aligned_u64 npinned;
			__aligned_u64 ncharged;
			__aligned_u64 bytes; /* that record its pins; 0 without CAP_SYS_ADMIN */
			__u32 account;
			__u32 uid; /* whom it is charged to */
			__u32 writeable;
			__u32 users; /* areas, and ranges of clients, that need it */
			__u32 kind; /* enum ioasb_pages_kind */
			__u32 flags; /* IOASB_PAGES_WATCHED, STALE */
			__aligned_u64 generation; /* if it is watched */
		} pages;
		struct {
			__aligned_u64 first_page;
			__aligned_u64 npages;
			__aligned_u64 pfn; /* 0 without CAP_SYS_ADMIN */
		} pinned;
		struct {
			__u32 ioas_id;
			__u32 flags; /* IOASB_CLIENT_PAGES */
			__aligned_u64 pins; /* entries of its tracker: ranges, or pages */
			__aligned_u64 asked; /* how often to unpin */
			__aligned_u64 pages; /* that it has pinned, each once */
		} client;
		struct {
			__aligned_u64 start;
			__aligned_u64 last;
			__aligned_u64 count;
		} client_pin;
		struct {
			__aligned_u64 start; /* the window */
			__aligned_u64 last;
			__aligned_u64 npinned; /* entries that map something */
			__aligned_u64 ncharged;
			__aligned_u64 replaced; /* entries that a map wrote over, ever */
			__aligned_u64 bytes; /* of the table */
			__u32 account;
			__u32 uid;
		} tce;
		struct {
			__aligned_u64 start;
			__aligned_u64 last; /* pages that are contiguous, if page frames are told */
			__aligned_u64 pfn; /* of the first; 0 without CAP_SYS_ADMIN */
			__u32 prot;
			__u32 __reserved;
		} tce_entry;
		struct {
			__aligned_u64 start;
			__aligned_u64 last;
			__aligned_u64 dma; /* of start */
		} client_dma;
		__aligned_u64 room[10];
	};
};

struct ioasb_cursor {
	__u32 stage;
	__u32 id;
	__aligned_u64 key;
};

/*
 * The state of the context, in chunks: begin with a cursor of zeroes, go on until num_recs is 0.
 * Calls that change something are counted when they begin and when they end. If the first chunk's
 * `ended` is the last chunk's `begun`, nothing has changed meanwhile.
 */
struct ioasb_dump {
	__u32 size;
	__u32 num_recs; /* in: room, out: how many were written */
	__aligned_u64 recs; /* struct ioasb_rec * */
	struct ioasb_cursor cursor; /* in and out */
	__aligned_u64 out_ended; /* before this chunk was read */
	__aligned_u64 out_begun; /* after it */
	__aligned_u64 out_changes; /* the order number of the last change */
};

enum ioasb_nr {
	IOASB_NR_DESTROY,
	IOASB_NR_IOAS_ALLOC,
	IOASB_NR_MAP,
	IOASB_NR_COPY,
	IOASB_NR_UNMAP,
	IOASB_NR_IOVA_RANGES,
	IOASB_NR_ALLOW_IOVAS,
	IOASB_NR_RESERVE,
	IOASB_NR_RELEASE,
	IOASB_NR_DEVICE_ALLOC,
	IOASB_NR_ATTACH,
	IOASB_NR_DETACH,
	IOASB_NR_RW,
	IOASB_NR_LOOKUP,
	IOASB_NR_DUMP,
	IOASB_NR_CLIENT_ALLOC,
	IOASB_NR_CLIENT_PIN,
	IOASB_NR_CLIENT_UNPIN,
	IOASB_NR_CLIENT_RW,
	IOASB_NR_MAP_FILE,
	IOASB_NR_GENERATION,
	IOASB_NR_GAPS,
	IOASB_NR_WHERE,
	IOASB_NR_MERGE,
	IOASB_NR_TEST_ATTACH,
	IOASB_NR_CLIENT_PIN_PAGES,
	IOASB_NR_CLIENT_UNPIN_PAGES,
	IOASB_NR_CLIENT_SET_DMA,
	IOASB_NR_CLIENT_GET_DMA,
	IOASB_NR_CHANGE_PROCESS,
};

#define IOASB_DESTROY _IO(IOASB_TYPE, IOASB_NR_DESTROY)
#define IOASB_IOAS_ALLOC _IO(IOASB_TYPE, IOASB_NR_IOAS_ALLOC)
#define IOASB_MAP _IO(IOASB_TYPE, IOASB_NR_MAP)
#define IOASB_COPY _IO(IOASB_TYPE, IOASB_NR_COPY)
#define IOASB_UNMAP _IO(IOASB_TYPE, IOASB_NR_UNMAP)
#define IOASB_IOVA_RANGES _IO(IOASB_TYPE, IOASB_NR_IOVA_RANGES)
#define IOASB_ALLOW_IOVAS _IO(IOASB_TYPE, IOASB_NR_ALLOW_IOVAS)
#define IOASB_RESERVE _IO(IOASB_TYPE, IOASB_NR_RESERVE)
#define IOASB_RELEASE _IO(IOASB_TYPE, IOASB_NR_RELEASE)
#define IOASB_DEVICE_ALLOC _IO(IOASB_TYPE, IOASB_NR_DEVICE_ALLOC)
#define IOASB_ATTACH _IO(IOASB_TYPE, IOASB_NR_ATTACH)
#define IOASB_DETACH _IO(IOASB_TYPE, IOASB_NR_DETACH)
#define IOASB_RW _IO(IOASB_TYPE, IOASB_NR_RW)
#define IOASB_LOOKUP _IO(IOASB_TYPE, IOASB_NR_LOOKUP)
#define IOASB_DUMP _IO(IOASB_TYPE, IOASB_NR_DUMP)
#define IOASB_CLIENT_ALLOC _IO(IOASB_TYPE, IOASB_NR_CLIENT_ALLOC)
#define IOASB_MAP_FILE _IO(IOASB_TYPE, IOASB_NR_MAP_FILE)
#define IOASB_GENERATION _IO(IOASB_TYPE, IOASB_NR_GENERATION)
#define IOASB_GAPS _IO(IOASB_TYPE, IOASB_NR_GAPS)
#define IOASB_WHERE _IO(IOASB_TYPE, IOASB_NR_WHERE)
#define IOASB_MERGE _IO(IOASB_TYPE, IOASB_NR_MERGE)
#define IOASB_TEST_ATTACH _IO(IOASB_TYPE, IOASB_NR_TEST_ATTACH)
#define IOASB_CHANGE_PROCESS _IO(IOASB_TYPE, IOASB_NR_CHANGE_PROCESS)
/* Of the client's file. */
#define IOASB_CLIENT_PIN _IO(IOASB_TYPE, IOASB_NR_CLIENT_PIN)
#define IOASB_CLIENT_UNPIN _IO(IOASB_TYPE, IOASB_NR_CLIENT_UNPIN)
#define IOASB_CLIENT_RW _IO(IOASB_TYPE, IOASB_NR_CLIENT_RW)
#define IOASB_CLIENT_PIN_PAGES _IO(IOASB_TYPE, IOASB_NR_CLIENT_PIN_PAGES)
#define IOASB_CLIENT_UNPIN_PAGES _IO(IOASB_TYPE, IOASB_NR_CLIENT_UNPIN_PAGES)
#define IOASB_CLIENT_SET_DMA _IO(IOASB_TYPE, IOASB_NR_CLIENT_SET_DMA)
#define IOASB_CLIENT_GET_DMA _IO(IOASB_TYPE, IOASB_NR_CLIENT_GET_DMA)

#endif
