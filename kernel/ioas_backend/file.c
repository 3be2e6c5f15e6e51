// SPDX-License-Identifier: GPL-2.0
/* MAP_FILE: the memory of a memfd, or of a file of tmpfs, without a mapping of it. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <uapi/linux/fcntl.h>

#include "ioasb.h"

static bool is_sealed(struct file *file)
{
	return SHMEM_I(file_inode(file))->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

/*
 * As for a shared mapping. While it is mapped to be written to, nobody can seal it against that
 * (-EBUSY), so what is pinned later was allowed, too. Files of huge pages are refused: to fill a
 * hole of one, 6.12's alloc_hugetlb_folio_reserve() takes a page that somebody else may have
 * reserved.
 */
static int check_file(struct file *file, bool writeable)
{
	if (!shmem_mapping(file->f_mapping))
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ) || (writeable && !(file->f_mode & FMODE_WRITE)))
		return -EACCES;
	if (!writeable)
		return 0;
	if (is_sealed(file))
		return -EPERM;
	return mapping_map_writable(file->f_mapping);
}

void ioasb_file_put(struct file *file, bool writeable)
{
	if (writeable)
		mapping_unmap_writable(file->f_mapping);
	fput(file);
}

static struct file *file_get(int fd, bool writeable)
{
	struct file *file = fget(fd);
	int rc;

	if (!file)
		return ERR_PTR(-EBADF);
	rc = check_file(file, writeable);
	if (!rc)
		return file;
	fput(file);
	return ERR_PTR(rc);
}

/*
 * Pin n pages, all or none; returns n. Holes are filled. One after the other, as a page is let go
 * for itself, and a folio that is pinned once would be unpinned with its first page. -EINVAL:
 * behind the end of the file.
 */
long ioasb_file_pin(struct ioasb_pages *pages, unsigned long index, u32 n, struct page **page)
{
	u32 k;

	for (k = 0; k < n; k++) {
		loff_t pos = pages->user_va + ((index + k) << PAGE_SHIFT);
		struct folio *folio;
		pgoff_t offset;
		long got = -EINTR;

		if (!fatal_signal_pending(current))
			got = memfd_pin_folios(pages->file, pos, pos, &folio, 1, &offset);
		if (got != 1) {
			unpin_user_pages(page, k);
			return got ?: -EFAULT;
		}
		page[k] = folio_page(folio, offset >> PAGE_SHIFT);
	}
	return n;
}

static int check_map_file(const struct ioasb_map_file *cmd)
{
	u64 end;
	int rc = ioasb_map_flags(cmd->flags);

	if (rc)
		return rc;
	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->length || ((cmd->start | cmd->length) & ~PAGE_MASK))
		return -EINVAL;
	if (check_add_overflow(cmd->start, cmd->length, &end) || end > LLONG_MAX)
		return -EOVERFLOW;
	return 0;
}

static int map_file(struct ioasb_ioas *ioas, struct ioasb_map_file *cmd, struct file *file)
{
	struct ioasb_place place = {
		.flags = cmd->flags,
		.claim = cmd->reservation,
		.nareas = 1,
		.length = cmd->length,
		.user_va = cmd->start,
		.iova = cmd->iova,
	};
	struct ioasb_source source = {
		.user_va = cmd->start,
		.npages = cmd->length >> PAGE_SHIFT,
		.file = file,
		.writeable = cmd->flags & IOASB_WRITEABLE,
	};
	struct ioasb_pages *pages = ioasb_pages_alloc(ioas, &source);
	int rc;

	if (IS_ERR(pages)) {
		ioasb_file_put(file, source.writeable);
		return PTR_ERR(pages);
	}
	rc = ioasb_map_pages(ioas, pages, &place);
	if (!rc)
		cmd->iova = place.iova;
	return rc;
}

int ioasb_map_file(struct ioasb_ctx *ctx, struct ioasb_map_file *cmd)
{
	struct ioasb_ioas *ioas;
	struct file *file;
	int rc = check_map_file(cmd);

	if (rc)
		return rc;
	ioas = ioasb_ioas_get(ctx, cmd->ioas_id);
	if (!ioas)
		return -ENOENT;
	rc = ioas->tce ? -EOPNOTSUPP : ioasb_map_allowed(ioas, cmd->flags, cmd->iova, cmd->length);
	if (!rc) {
		file = file_get(cmd->fd, cmd->flags & IOASB_WRITEABLE);
		rc = IS_ERR(file) ? PTR_ERR(file) : map_file(ioas, cmd, file);
	}
	ioasb_map_told(ioas, cmd->flags, cmd->iova, cmd->length, rc);
	ioasb_object_put(&ioas->obj);
	return rc;
}
