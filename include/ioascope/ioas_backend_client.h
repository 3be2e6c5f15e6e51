/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mediated clients of the bundled backend, for other kernel modules: the driver of a device that
 * has no IOMMU of its own pins what the device is about to use, and no more.
 */
#ifndef IOASCOPE_IOAS_BACKEND_CLIENT_H
#define IOASCOPE_IOAS_BACKEND_CLIENT_H

#include <linux/types.h>

struct file;
struct ioasb_client;
struct page;

struct ioasb_client_ops {
	/*
	 * An unmap wants [iova, last], which is whole pages, and may be all of 2^64 bytes: unpin
	 * what is pinned there, now or soon. It is asked again, a few times, then the unmap fails
	 * with -EDEADLK. Called for one unmap at a time, and never after the close; of the locks
	 * in the backend only the one that sees to this is held, so pin, unpin and rw may be
	 * called from here.
	 */
	void (*unmap)(void *data, u64 iova, u64 last);
};

#define IOASB_PIN_RANGES 0 /* what is unpinned must be just what one pin was */
#define IOASB_PIN_PAGES 1 /* each page has a count */

/*
 * A client of the IOAS of that id, in the context @file, of which it takes a reference. An ERR_PTR:
 * -EBADF (not a context), -EINVAL (no callback), -ENOENT, -ENOMEM, -ENOSPC (too many objects),
 * -EINTR. It is the caller's, to close.
 */
struct ioasb_client *ioasb_client_open(struct file *file, u32 ioas_id, int rule,
				       const struct ioasb_client_ops *ops, void *data);
/*
 * Unpins what it forgot, and says how many pages that were. Nobody uses it any more. It waits for a
 * callback that is running: so not from the callback, and not with a lock that the callback takes.
 */
u64 ioasb_client_close(struct ioasb_client *client);
/*
 * Pin npages from iova on, all or none; to be written to, or only read. The range must be mapped
 * without a hole, with that protection. pages is NULL or has room for npages; they are valid until
 * the unpin. -EINVAL, -EOVERFLOW, -ENOENT (a hole), -EPERM (protection), -ENOSPC, and as pinning.
 */
int ioasb_client_pin(struct ioasb_client *client, u64 iova, u64 npages, bool write,
		     struct page **pages);
/* -ENOENT, and nothing has changed, if not all of that is pinned by this client and this rule. */
int ioasb_client_unpin(struct ioasb_client *client, u64 iova, u64 npages);
/*
 * n pages that are scattered, all or none; iovas are multiples of a page, and each may be listed
 * more than once. With a pin by range each counts as one of that page.
 */
int ioasb_client_pin_pages(struct ioasb_client *client, const u64 *iovas, u32 n, bool write,
			   struct page **pages);
int ioasb_client_unpin_pages(struct ioasb_client *client, const u64 *iovas, u32 n);
/*
 * Where the device finds npages from iova on, which are pinned: -ENOENT if one is not. NULL: where
 * the pages are.
 */
int ioasb_client_set_dma(struct ioasb_client *client, u64 iova, u64 npages, const u64 *dma);
/* Bytes through the IOAS, without a pin. -ENOENT, -EPERM, -EFAULT; some may have been moved. */
int ioasb_client_rw(struct ioasb_client *client, u64 iova, void *buf, size_t n, bool write);

#endif
