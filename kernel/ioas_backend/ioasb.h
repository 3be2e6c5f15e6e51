/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bundled backend's own types.
 *
 * Who holds whom: a context (open file) has objects by id, and pages objects by id. An IOAS owns
 * its areas and ranges. An area holds a reference to its pages object, which holds what it pinned
 * and whom it charged. A device that is attached holds a reference to its IOAS.
 *
 * Locks, outermost first:
 *
 *	ioasb_client.asking	outside of all others: no lock is held over a client's callback
 *	ioasb_device.lock	attach, detach, replace of that device
 *	ioasb_ioas.lock		areas, ranges, devices of that IOAS; never two of them at a time
 *	ioasb_client.lock	what a mediated client has pinned; never two of them at a time
 *	ioasb_pages.lock	pins, charge, which areas need pages; never two of them at a time
 *	mm->mmap_lock		pinning, and the charge to an mm
 *	owners_lock, xa_lock	leaves; ioasb_watch.lock, which is taken in an invalidation
 *	ioasb_tce.access	reads and writes through a table; a leaf, too
 *
 * Pinning may wait for a page fault, hence for user space. Whoever can wait behind that waits
 * killably, but where a failure could not be undone: the unwinding of an attach or of a map or
 * copy, the pages of a detach, the old IOAS of a replace, the unpin of a client and what a pin that
 * failed takes back, the pages that a driver is told, and the end of a client or context. Nothing
 * is copied from or to the caller under any of these locks.
 */
#ifndef IOASB_H
#define IOASB_H

#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/interval_tree_generic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <ioascope/ioas_backend.h>
#include <ioascope/ioas_backend_client.h>

struct ioasb_ctx {
	u64 id;
	struct list_head entry; /* info.c */
	struct xarray objects;
	struct xarray pages; /* without references */
	atomic64_t begun;
	atomic64_t ended;
	atomic64_t changes;
};

/* Around each change, so that a dump can tell; with a result they are full barriers, see dump.c. */
static inline void ioasb_begin(struct ioasb_ctx *ctx)
{
	atomic64_inc_return(&ctx->begun);
}

static inline void ioasb_end(struct ioasb_ctx *ctx)
{
	atomic64_inc_return(&ctx->ended);
}

enum ioasb_type {
	IOASB_OBJ_IOAS,
	IOASB_OBJ_DEVICE,
	IOASB_OBJ_CLIENT,
};

struct ioasb_object {
	struct kref kref;
	enum ioasb_type type;
	u32 id;
	struct ioasb_ctx *ctx;
};

/* A range of addresses: reserved by a device, allowed, or a reservation. */
struct ioasb_range {
	struct rb_node rb;
	unsigned long start;
	unsigned long last;
	unsigned long subtree_last;
	u32 id;
};

struct ioasb_tce;

struct ioasb_ioas {
	struct ioasb_object obj;
	enum ioasb_mode mode;
	enum ioasb_account account;
	enum ioasb_tracker tracker;
	struct rw_semaphore lock;
	bool dead;
	struct rb_root_cached areas;
	struct rb_root_cached reserved;
	struct rb_root_cached allowed;
	struct rb_root_cached claims; /* reservations */
	struct xarray claim_ids;
	struct list_head attached;
	u32 nattached;
	struct list_head clients;
	unsigned long alignment;
	unsigned long hint; /* where the last address was given out */
	unsigned long nareas;
	unsigned long nentries;
	u64 mapped;
	u64 generation;
	u64 last_area;
	struct ioasb_tce *tce; /* instead of areas, in that mode */
};

/* Who needs a range of the pages of a pages object. */
struct ioasb_user {
	struct rb_node rb;
	unsigned long first_page;
	unsigned long last_page;
	unsigned long subtree_last;
	bool active; /* it is in pages->users, and the pages are pinned */
};

struct ioasb_area {
	struct rb_node rb;
	unsigned long start;
	unsigned long last;
	unsigned long subtree_last;
	struct ioasb_user user; /* active while a device is attached */
	struct list_head entry; /* while it belongs to no IOAS yet */
	struct ioasb_pages *pages;
	u64 id;
	u32 prot;
};

/* Memory that one uid has pinned through this backend, in all contexts. */
struct ioasb_owner {
	struct hlist_node node;
	unsigned int refs;
	kuid_t uid;
	atomic64_t npages;
};

/* Whom pages are charged to: fixed when the pages object is made. */
struct ioasb_charge {
	enum ioasb_account account;
	bool unlimited;
	struct user_struct *user;
	struct mm_struct *mm;
	struct task_struct *task;
	struct ioasb_owner *owner;
	spinlock_t lock; /* npages: maps into a table have no lock in common */
	unsigned long npages;
};

struct ioasb_run {
	unsigned long pfn;
	u16 first;
	u16 npages;
};

#define IOASB_CHUNK_SHIFT 9
#define IOASB_CHUNK_PAGES BIT(IOASB_CHUNK_SHIFT)

/*
 * What is pinned in a window of pages. Runs are sorted and describe what was once pinned, the
 * bitmap tells what still is: so unpinning needs no memory.
 */
struct ioasb_chunk {
	DECLARE_BITMAP(pinned, IOASB_CHUNK_PAGES);
	u32 nruns;
	struct ioasb_run runs[] __counted_by(nruns);
};

struct ioasb_watch;

struct ioasb_pages {
	struct kref kref;
	u32 id;
	struct ioasb_ctx *ctx;
	unsigned long user_va; /* of a file: where in it */
	unsigned long npages;
	struct file *file; /* NULL: memory of charge.mm */
	struct ioasb_watch *watch; /* NULL: not asked for */
	bool writeable;
	struct mutex lock; /* all that follows */
	struct rb_root_cached users; /* active ones, by page */
	unsigned long nusers;
	struct xarray needs; /* needs.c */
	struct xarray more;
	struct xarray chunks;
	unsigned long npinned;
	unsigned long bytes;
	struct ioasb_charge charge; /* whose it is changes under owner_lock, too */
	spinlock_t owner_lock;
};

struct ioasb_attachment {
	struct list_head entry;
	struct ioasb_ioas *ioas;
	struct ioasb_device *device;
	u32 nranges;
	struct ioasb_range ranges[] __counted_by(nranges);
};

struct ioasb_device {
	struct ioasb_object obj;
	struct mutex lock; /* dead, attachment */
	bool dead;
	struct ioasb_attachment *attachment;
	unsigned long page_size;
	unsigned long aperture_start;
	unsigned long aperture_last;
	u32 nreserved;
	struct ioasb_iova_range reserved[] __counted_by(nreserved);
};

/* A mediated device's driver, or who tests as one. */
struct ioasb_client {
	struct ioasb_object obj;
	struct list_head entry; /* of ioas->clients, by ioas->lock */
	struct ioasb_ioas *ioas;
	struct file *file; /* of the context */
	const struct ioasb_client_ops *ops;
	void *data;
	bool refcount; /* unpin any range, not just what was one pin */
	struct mutex asking; /* held over the callback: not after the close */
	bool closed;
	bool exiting; /* it is closed because its process ends */
	u64 asked; /* how often to unpin */
	struct xarray dma; /* page frames of the device, by page; by client->lock */
	struct work_struct release; /* of the client's file */
	struct completion released;
	const struct ioasb_tracker_ops *tracker; /* of its IOAS */
	struct mutex lock; /* all that follows */
	void *store; /* of the tracker */
	struct rb_root_cached exact; /* the pins as they were asked for */
	unsigned long nexact;
	unsigned long npins; /* entries of the tracker */
	unsigned long npages; /* in them, each once */
};

/* tree.c: interval trees of areas by address, of users by page, of ranges. */
#define IOASB_TREE(name, type)                                                                     \
	void name##_insert(struct type *node, struct rb_root_cached *root);                        \
	void name##_remove(struct type *node, struct rb_root_cached *root);                        \
	struct type *name##_iter_first(struct rb_root_cached *root, unsigned long start,           \
				       unsigned long last);                                        \
	struct type *name##_iter_next(struct type *node, unsigned long start, unsigned long last)
IOASB_TREE(ioasb_areas, ioasb_area);
IOASB_TREE(ioasb_users, ioasb_user);
IOASB_TREE(ioasb_ranges, ioasb_range);

/* ids.c: what get returned is put. */
int ioasb_object_add(struct ioasb_ctx *ctx, struct ioasb_object *obj, enum ioasb_type type);
struct ioasb_ioas *ioasb_ioas_get(struct ioasb_ctx *ctx, u32 id);
struct ioasb_device *ioasb_device_get(struct ioasb_ctx *ctx, u32 id);
struct ioasb_device *ioasb_device_next(struct ioasb_ctx *ctx, unsigned long *id);
void ioasb_object_put(struct ioasb_object *obj);
int ioasb_destroy(struct ioasb_ctx *ctx, struct ioasb_destroy *cmd);
void ioasb_destroy_all(struct ioasb_ctx *ctx);

/* ioas.c */
int ioasb_ioas_alloc(struct ioasb_ctx *ctx, struct ioasb_ioas_alloc *cmd);
int ioasb_ioas_end(struct ioasb_ioas *ioas, bool force);
void ioasb_ioas_free(struct ioasb_ioas *ioas);
int ioasb_ioas_read(struct ioasb_ioas *ioas);
int ioasb_ioas_write(struct ioasb_ioas *ioas);
bool ioasb_ioas_room(struct ioasb_ioas *ioas, unsigned long n);
unsigned int ioasb_max_entries(void);

/* known.c: a tree that is the caller's to free, on failure too. */
int ioasb_known_ranges(struct ioasb_ctx *ctx, struct rb_root_cached *root,
		       unsigned long *alignment);

/* ranges.c */
int ioasb_iova_ranges(struct ioasb_ctx *ctx, struct ioasb_iova_ranges *cmd);
int ioasb_allow_iovas(struct ioasb_ctx *ctx, struct ioasb_allow_iovas *cmd);
int ioasb_reserve(struct ioasb_ctx *ctx, struct ioasb_reserve *cmd);
int ioasb_release(struct ioasb_ctx *ctx, struct ioasb_release *cmd);
void ioasb_ranges_free(struct rb_root_cached *root);
void ioasb_ranges_tell_gone(struct ioasb_ioas *ioas);
int ioasb_ranges_copy_in(struct ioasb_iova_range *to, u64 uptr, u32 n);

/* Where a list of areas, or a reservation, is to go. */
struct ioasb_place {
	u32 flags;
	u32 claim;
	unsigned long nareas;
	unsigned long length;
	unsigned long user_va;
	unsigned long iova;
};

/* iova.c */
int ioasb_iova_place(struct ioasb_ioas *ioas, struct ioasb_place *place);
void ioasb_iova_taken(struct ioasb_ioas *ioas, const struct ioasb_place *place);

/* area.c: the IOAS is locked for writing. */
struct ioasb_area *ioasb_area_alloc(struct ioasb_pages *pages, unsigned long first_page,
				    unsigned long last_page);
void ioasb_area_free(struct ioasb_area *area);
void ioasb_area_list_free(struct list_head *list);
int ioasb_areas_fill(struct ioasb_ioas *ioas, struct list_head *list);
void ioasb_area_link(struct ioasb_ioas *ioas, struct ioasb_area *area);
int ioasb_area_remove(struct ioasb_ioas *ioas, struct ioasb_area *area);
int ioasb_area_split(struct ioasb_ioas *ioas, struct ioasb_area *area, unsigned long at,
		     struct ioasb_area *tail);
void ioasb_areas_clear(struct ioasb_ioas *ioas);

/* map.c, copy.c, unmap.c */
int ioasb_map_pages(struct ioasb_ioas *ioas, struct ioasb_pages *pages, struct ioasb_place *place);
int ioasb_map_list(struct ioasb_ioas *ioas, struct list_head *list, struct ioasb_place *place);
int ioasb_map_flags(u32 flags);
int ioasb_map_allowed(struct ioasb_ioas *ioas, u32 flags, u64 iova, u64 length);
void ioasb_map_told(struct ioasb_ioas *ioas, u32 flags, u64 iova, u64 length, int rc);
int ioasb_map(struct ioasb_ctx *ctx, struct ioasb_map *cmd);
int ioasb_copy(struct ioasb_ctx *ctx, struct ioasb_copy *cmd);
int ioasb_unmap(struct ioasb_ctx *ctx, struct ioasb_unmap *cmd);

/* file.c */
int ioasb_map_file(struct ioasb_ctx *ctx, struct ioasb_map_file *cmd);
long ioasb_file_pin(struct ioasb_pages *pages, unsigned long index, u32 n, struct page **page);
void ioasb_file_put(struct file *file, bool writeable);

/* Where the memory of a pages object is. */
struct ioasb_source {
	unsigned long user_va; /* or where in the file */
	unsigned long npages;
	struct file *file; /* or NULL; the object gets it, if there is no error */
	bool writeable;
	bool watch;
};

/* watch.c: what becomes of the memory behind a mapping. The state needs pages->lock. */
struct ioasb_watch_state {
	u32 flags; /* IOASB_WATCH_STALE */
	u64 generation;
	u64 pinned;
	unsigned long first;
	unsigned long last;
};

int ioasb_watch_start(struct ioasb_pages *pages);
void ioasb_watch_stop(struct ioasb_pages *pages);
void ioasb_watch_pinning(struct ioasb_pages *pages, bool begin);
void ioasb_watch_state(struct ioasb_pages *pages, struct ioasb_watch_state *state);
int ioasb_generation(struct ioasb_ctx *ctx, struct ioasb_generation *cmd);

/* gaps.c, where.c */
int ioasb_gaps(struct ioasb_ctx *ctx, struct ioasb_gaps *cmd);
int ioasb_where(struct ioasb_ctx *ctx, struct ioasb_where *cmd);

/* owner.c */
int ioasb_change_process(struct ioasb_ctx *ctx, struct ioasb_change_process *cmd);

/* info.c: for people, in /proc/PID/fdinfo and debugfs. */
struct seq_file;
void ioasb_info_add(struct ioasb_ctx *ctx);
void ioasb_info_remove(struct ioasb_ctx *ctx);
void ioasb_info_fd(struct seq_file *m, struct file *file);
void ioasb_info_client_fd(struct seq_file *m, struct file *file);
void ioasb_info_init(void);
void ioasb_info_exit(void);

/* dump-pages.c: with a reference; *id becomes its own. */
struct ioasb_pages *ioasb_pages_next(struct ioasb_ctx *ctx, unsigned long *id);

/* merge.c, test-attach.c */
int ioasb_merge(struct ioasb_ctx *ctx, struct ioasb_merge *cmd);
int ioasb_test_attach(struct ioasb_ctx *ctx, struct ioasb_test_attach *cmd);

/* pages.c */
struct ioasb_pages *ioasb_pages_alloc(struct ioasb_ioas *ioas, const struct ioasb_source *source);
void ioasb_pages_put(struct ioasb_pages *pages);
int ioasb_user_activate(struct ioasb_pages *pages, struct ioasb_user *user);
void ioasb_user_deactivate(struct ioasb_pages *pages, struct ioasb_user *user);
void ioasb_user_deactivate_locked(struct ioasb_pages *pages, struct ioasb_user *user);
void ioasb_user_split_locked(struct ioasb_pages *pages, struct ioasb_user *user,
			     unsigned long npages, struct ioasb_user *tail);
void ioasb_user_merge_locked(struct ioasb_pages *pages, struct ioasb_user *user,
			     struct ioasb_user *tail);
int ioasb_pages_pin(struct ioasb_pages *pages, unsigned long first, unsigned long last);
void ioasb_pages_release(struct ioasb_pages *pages, unsigned long first, unsigned long last);

/* needs.c: pages->lock is held. */
int ioasb_needs_add(struct ioasb_pages *pages, unsigned long page);
void ioasb_needs_sub(struct ioasb_pages *pages, unsigned long page);
bool ioasb_needs_next(struct ioasb_pages *pages, unsigned long *first, unsigned long *last);

/* pin.c: pages->lock is held. */
int ioasb_pin(struct ioasb_pages *pages, unsigned long first, unsigned long last);
unsigned long ioasb_unpin(struct ioasb_pages *pages, unsigned long first, unsigned long last);
unsigned long ioasb_count_pinned(struct ioasb_pages *pages, unsigned long first,
				 unsigned long last);
struct page *ioasb_pinned_page(struct ioasb_pages *pages, unsigned long index);

/* account.c */
int ioasb_charge_init(struct ioasb_charge *charge, enum ioasb_account account);
void ioasb_charge_exit(struct ioasb_charge *charge);
int ioasb_charge(struct ioasb_charge *charge, unsigned long npages);
void ioasb_uncharge(struct ioasb_charge *charge, unsigned long npages);

/* device.c */
#define IOASB_MAX_RESERVED 1024
int ioasb_device_check(u64 page_size, u64 aperture_start, u64 aperture_last, u32 num_reserved);
int ioasb_device_alloc(struct ioasb_ctx *ctx, struct ioasb_device_alloc *cmd);
int ioasb_attach(struct ioasb_ctx *ctx, struct ioasb_attach *cmd);
int ioasb_detach(struct ioasb_ctx *ctx, struct ioasb_detach *cmd);
int ioasb_device_end(struct ioasb_device *device, bool force);

/* client.c */
void ioasb_client_free(struct ioasb_client *client);
struct ioasb_client *ioasb_client_in(struct ioasb_ioas *ioas, unsigned long start,
				     unsigned long last, u32 above);
int ioasb_client_ask(struct ioasb_client *client, unsigned long start, unsigned long last);

/* client-fd.c */
struct ioasb_client_new {
	struct ioasb_client_alloc cmd; /* first: it is what the caller sees */
	struct file *file;
};

int ioasb_client_alloc(struct file *file, void *args);
void ioasb_client_finish(void *args, bool told);
int ioasb_client_files_init(void);
void ioasb_client_files_exit(void);

/* client-pins.c: client->lock is held. */
int ioasb_pins_add(struct ioasb_client *client, unsigned long start, unsigned long last, u32 prot);
int ioasb_pins_remove_range(struct ioasb_client *client, unsigned long start, unsigned long last);
unsigned long ioasb_pins_drop(struct ioasb_client *client, unsigned long start, unsigned long last);
bool ioasb_pins_any(struct ioasb_client *client, unsigned long start, unsigned long last);
u64 ioasb_pins_count(struct ioasb_client *client, unsigned long iova);
struct page *ioasb_pins_page(struct ioasb_client *client, unsigned long iova);
void ioasb_pins_pages(struct ioasb_client *client, unsigned long start, unsigned long npages,
		      struct page **pages);

/* client-pages.c */
int ioasb_client_pin_list(struct ioasb_client *client, const struct ioasb_client_pin_pages *cmd);
int ioasb_client_unpin_list(struct ioasb_client *client,
			    const struct ioasb_client_unpin_pages *cmd);

/* client-dma.c: client->lock is held, but for the calls. */
int ioasb_client_set(struct ioasb_client *client, const struct ioasb_client_set_dma *cmd);
int ioasb_client_get(struct ioasb_client *client, struct ioasb_client_get_dma *cmd);
void ioasb_dma_prune(struct ioasb_client *client, unsigned long start, unsigned long last);

/* client.c: of what the ioctls of a client's file do */
int ioasb_client_tell_pfns(struct page **pages, u64 npages, u64 uptr);

/* main.c */
struct ioasb_ctx *ioasb_file_ctx(struct file *file);

struct ioasb_command {
	size_t size;
	size_t min_size; /* as first released */
	bool changes; /* client.c counts for itself: other modules call it, too */
	int (*run)(struct file *file, void *args);
	/* If set, what is left after a run that succeeded: the caller was told, or could not be. */
	void (*finish)(void *args, bool told);
};

#define IOASB_ARGS_MAX 128
long ioasb_ioctl(struct file *file, struct ioasb_ctx *ctx, u32 nr,
		 const struct ioasb_command *command, unsigned long arg);

/* rw.c, dump.c */
int ioasb_access(struct ioasb_ioas *ioas, unsigned long iova, void *buf, u32 n, bool write);
int ioasb_rw(struct ioasb_ctx *ctx, struct ioasb_rw *cmd);
int ioasb_lookup(struct ioasb_ctx *ctx, struct ioasb_lookup *cmd);
int ioasb_dump(struct ioasb_ctx *ctx, struct ioasb_dump *cmd);

/* tce.c, tce-map.c, tce-read.c: an IOAS that has a table instead of areas. */
int ioasb_tce_alloc(struct ioasb_ioas *ioas, const struct ioasb_ioas_alloc *cmd);
void ioasb_tce_tell(struct ioasb_ioas *ioas);
void ioasb_tce_end(struct ioasb_ioas *ioas);
void ioasb_tce_free(struct ioasb_tce *tce);
const struct ioasb_charge *ioasb_tce_charge(const struct ioasb_ioas *ioas);
unsigned long ioasb_tce_clear(struct ioasb_ioas *ioas, unsigned long first, unsigned long last);
int ioasb_tce_map(struct ioasb_ioas *ioas, struct ioasb_map *cmd);
int ioasb_tce_unmap(struct ioasb_ioas *ioas, unsigned long start, unsigned long last,
		    u64 *unmapped);
int ioasb_tce_access(struct ioasb_ioas *ioas, unsigned long iova, void *buf, u32 n, bool write);
int ioasb_tce_lookup(struct ioasb_ioas *ioas, struct ioasb_lookup *cmd);
bool ioasb_tce_in_way(const struct ioasb_ioas *ioas, unsigned long start, unsigned long last);
u64 ioasb_tce_mapped(const struct ioasb_ioas *ioas);
unsigned long ioasb_tce_next(const struct ioasb_ioas *ioas, unsigned long start, unsigned long last,
			     bool set);
u64 ioasb_tce_frame(const struct ioasb_ioas *ioas, unsigned long iova);

/*
 * note.c: what hook points are told. Each is called once for each change, under the lock that
 * orders it; order numbers are per context.
 */
u64 ioasb_order(struct ioasb_ctx *ctx);
void ioasb_note_opened(struct ioasb_ctx *ctx);
void ioasb_note_closing(struct ioasb_ctx *ctx);
void ioasb_note_closed(struct ioasb_ctx *ctx);
void ioasb_note_call(struct ioasb_ctx *ctx, u32 nr, const void *args);
void ioasb_note_answer(struct ioasb_ctx *ctx, u32 nr, const void *args, int result);
void ioasb_note_ioas_new(struct ioasb_ioas *ioas, u64 order);
void ioasb_note_ioas_gone(struct ioasb_ioas *ioas, u64 order);
void ioasb_note_area_added(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order);
void ioasb_note_area_going(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order);
void ioasb_note_area_gone(struct ioasb_ioas *ioas, struct ioasb_area *area, u64 order);
void ioasb_note_area_split(struct ioasb_ioas *ioas, struct ioasb_area *head,
			   struct ioasb_area *tail, u64 order);
void ioasb_note_pages_new(struct ioasb_pages *pages, u64 order);
void ioasb_note_pages_gone(struct ioasb_pages *pages, u64 order);
void ioasb_note_pinned(struct ioasb_pages *pages, u64 order);
void ioasb_note_unpinned(struct ioasb_pages *pages, u64 order);
void ioasb_note_charged(struct ioasb_pages *pages, long npages, u64 order);
void ioasb_note_attached(struct ioasb_ioas *ioas, struct ioasb_attachment *at, u64 order);
void ioasb_note_detached(struct ioasb_ioas *ioas, struct ioasb_attachment *at, u64 order);
void ioasb_note_range_added(struct ioasb_ioas *ioas, struct ioasb_range *range, u32 kind,
			    const struct ioasb_device *device, u64 order);
void ioasb_note_range_gone(struct ioasb_ioas *ioas, struct ioasb_range *range, u32 kind,
			   const struct ioasb_device *device, u64 order);
void ioasb_note_tce_set(struct ioasb_ioas *ioas, unsigned long iova, u64 old, u64 word, u64 order);
void ioasb_note_tce_cleared(struct ioasb_ioas *ioas, unsigned long iova, u64 old, u64 order);
void ioasb_note_tce_charged(struct ioasb_ioas *ioas, long npages, u64 order);
void ioasb_note_replaced(struct ioasb_pages *pages, unsigned long first, unsigned long last,
			 u64 order);
void ioasb_note_owner(struct ioasb_pages *pages, u64 order);
void ioasb_note_area_merged(struct ioasb_ioas *ioas, struct ioasb_area *head,
			    struct ioasb_area *tail, u64 order);

/* note-client.c */
void ioasb_note_client_new(struct ioasb_client *client, u64 order);
void ioasb_note_client_gone(struct ioasb_client *client, u64 forgotten, u64 order);
void ioasb_note_client_pin(struct ioasb_client *client, unsigned long start, unsigned long last,
			   u32 prot, u64 order);
void ioasb_note_client_unpin(struct ioasb_client *client, unsigned long start, unsigned long last,
			     u64 count, u64 order);
void ioasb_note_client_call(struct ioasb_client *client, u32 op, unsigned long start,
			    unsigned long last, u32 prot);
void ioasb_note_client_answer(struct ioasb_client *client, u32 op, int result);
void ioasb_note_client_asked(struct ioasb_client *client, unsigned long start, unsigned long last);
void ioasb_note_client_let_go(struct ioasb_client *client, unsigned long start, unsigned long last);
void ioasb_note_client_dma(struct ioasb_client *client, unsigned long start, unsigned long last,
			   u64 dma, u64 order);

#endif
