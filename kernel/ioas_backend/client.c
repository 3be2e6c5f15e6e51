// SPDX-License-Identifier: GPL-2.0
/* Mediated clients, as other modules use them; client-fd.c is the way from user space. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>

#include "tracker.h"

static struct ioasb_client *client_alloc(struct file *file, u32 tracker, int rule,
					 const struct ioasb_client_ops *ops, void *data)
{
	struct ioasb_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);

	if (!client)
		return NULL;
	client->tracker = ioasb_tracker_of(tracker);
	client->store = client->tracker->alloc();
	if (!client->store) {
		kfree(client);
		return NULL;
	}
	mutex_init(&client->lock);
	mutex_init(&client->asking);
	INIT_LIST_HEAD(&client->entry);
	xa_init_flags(&client->dma, XA_FLAGS_ACCOUNT);
	client->exact = RB_ROOT_CACHED;
	client->refcount = rule == IOASB_PIN_PAGES;
	client->file = file;
	client->ops = ops;
	client->data = data;
	return client;
}

static void client_free(struct ioasb_client *client)
{
	client->tracker->free(client->store);
	kfree(client);
}

/* The last reference. */
void ioasb_client_free(struct ioasb_client *client)
{
	ioasb_object_put(&client->ioas->obj);
	xa_destroy(&client->dma);
	client_free(client);
}

/* By id, so that an unmap finds the next one without asking all. */
static void link_client(struct ioasb_ioas *ioas, struct ioasb_client *client)
{
	struct list_head *before = ioas->clients.prev;

	while (before != &ioas->clients &&
	       list_entry(before, struct ioasb_client, entry)->obj.id > client->obj.id)
		before = before->prev;
	list_add(&client->entry, before);
}

/* On success the client has the caller's reference to the IOAS. */
static int enlist(struct ioasb_ctx *ctx, struct ioasb_client *client, struct ioasb_ioas *ioas)
{
	int rc = ioas->tce ? -EOPNOTSUPP : ioasb_ioas_write(ioas);

	if (rc)
		return rc;
	client->ioas = ioas;
	rc = ioasb_object_add(ctx, &client->obj, IOASB_OBJ_CLIENT);
	if (!rc) {
		link_client(ioas, client);
		ioasb_note_client_new(client, ioasb_order(ctx));
	}
	up_write(&ioas->lock);
	return rc;
}

struct ioasb_client *ioasb_client_open(struct file *file, u32 ioas_id, int rule,
				       const struct ioasb_client_ops *ops, void *data)
{
	struct ioasb_ctx *ctx = ioasb_file_ctx(file);
	struct ioasb_client *client;
	struct ioasb_ioas *ioas;
	int rc = -ENOMEM;

	if (!ctx)
		return ERR_PTR(-EBADF);
	if (!ops || !ops->unmap)
		return ERR_PTR(-EINVAL);
	ioas = ioasb_ioas_get(ctx, ioas_id);
	if (!ioas)
		return ERR_PTR(-ENOENT);
	client = client_alloc(file, ioas->tracker, rule, ops, data);
	if (client) {
		ioasb_begin(ctx);
		rc = enlist(ctx, client, ioas);
		ioasb_end(ctx);
	}
	if (rc) {
		ioasb_object_put(&ioas->obj);
		if (client)
			client_free(client);
		return ERR_PTR(rc);
	}
	get_file(file);
	return client;
}
EXPORT_SYMBOL_GPL(ioasb_client_open);

/* The file goes last: it keeps the context. */
u64 ioasb_client_close(struct ioasb_client *client)
{
	struct ioasb_ctx *ctx = client->obj.ctx;
	struct file *file = client->file;
	u64 forgotten;

	ioasb_note_client_call(client, IOASB_NR_CLIENT_ALLOC, 0, 0, 0);
	ioasb_begin(ctx);
	mutex_lock(&client->asking);
	client->closed = true;
	mutex_unlock(&client->asking);
	mutex_lock(&client->lock);
	forgotten = ioasb_pins_drop(client, 0, ULONG_MAX);
	ioasb_dma_prune(client, 0, ULONG_MAX);
	mutex_unlock(&client->lock);
	if (forgotten)
		pr_info_ratelimited("context %llu: client %u forgot %llu pages\n", ctx->id,
				    client->obj.id, forgotten);
	down_write(&client->ioas->lock);
	list_del(&client->entry);
	ioasb_note_client_gone(client, forgotten, ioasb_order(ctx));
	up_write(&client->ioas->lock);
	xa_erase(&ctx->objects, client->obj.id);
	ioasb_end(ctx);
	ioasb_note_client_answer(client, IOASB_NR_CLIENT_ALLOC, 0);
	ioasb_object_put(&client->obj);
	ioasb_object_put(&client->obj);
	fput(file);
	return forgotten;
}
EXPORT_SYMBOL_GPL(ioasb_client_close);

static int check_range(u64 iova, u64 npages, unsigned long *last)
{
	u64 length;

	if (!npages || offset_in_page(iova))
		return -EINVAL;
	if (npages > U64_MAX >> PAGE_SHIFT)
		return -EOVERFLOW;
	length = npages << PAGE_SHIFT;
	return check_add_overflow((unsigned long)iova, (unsigned long)length - 1, last) ? -EOVERFLOW
											: 0;
}

static int pin_locked(struct ioasb_client *client, unsigned long start, unsigned long last,
		      u32 prot, struct page **pages)
{
	int rc;

	if (mutex_lock_killable(&client->lock))
		return -EINTR;
	rc = ioasb_pins_add(client, start, last, prot);
	if (!rc && pages)
		ioasb_pins_pages(client, start, ((last - start) >> PAGE_SHIFT) + 1, pages);
	mutex_unlock(&client->lock);
	return rc;
}

static int pin(struct ioasb_client *client, unsigned long start, unsigned long last, u32 prot,
	       struct page **pages)
{
	int rc = ioasb_ioas_read(client->ioas);

	if (rc)
		return rc;
	ioasb_begin(client->obj.ctx);
	rc = pin_locked(client, start, last, prot, pages);
	ioasb_end(client->obj.ctx);
	up_read(&client->ioas->lock);
	return rc;
}

int ioasb_client_pin(struct ioasb_client *client, u64 iova, u64 npages, bool write,
		     struct page **pages)
{
	u32 prot = write ? IOASB_WRITEABLE : IOASB_READABLE;
	unsigned long last;
	int rc = check_range(iova, npages, &last);

	if (rc)
		return rc;
	ioasb_note_client_call(client, IOASB_NR_CLIENT_PIN, iova, last, prot);
	rc = pin(client, iova, last, prot, pages);
	ioasb_note_client_answer(client, IOASB_NR_CLIENT_PIN, rc);
	return rc;
}
EXPORT_SYMBOL_GPL(ioasb_client_pin);

/* Not under the IOAS's lock: an unmap that waits for it must not be what it waits for. */
int ioasb_client_unpin(struct ioasb_client *client, u64 iova, u64 npages)
{
	unsigned long last;
	int rc = check_range(iova, npages, &last);

	if (rc)
		return rc;
	ioasb_note_client_call(client, IOASB_NR_CLIENT_UNPIN, iova, last, 0);
	ioasb_begin(client->obj.ctx);
	mutex_lock(&client->lock);
	rc = ioasb_pins_remove_range(client, iova, last);
	ioasb_dma_prune(client, iova, last);
	mutex_unlock(&client->lock);
	ioasb_end(client->obj.ctx);
	ioasb_note_client_answer(client, IOASB_NR_CLIENT_UNPIN, rc);
	return rc;
}
EXPORT_SYMBOL_GPL(ioasb_client_unpin);

static int transfer(struct ioasb_client *client, u64 iova, void *buf, size_t n, bool write)
{
	while (n) {
		u32 part = min_t(size_t, n, PAGE_SIZE - offset_in_page(iova));
		int rc = ioasb_access(client->ioas, iova, buf, part, write);

		if (rc)
			return rc;
		iova += part;
		buf += part;
		n -= part;
	}
	return 0;
}

int ioasb_client_rw(struct ioasb_client *client, u64 iova, void *buf, size_t n, bool write)
{
	unsigned long last = iova;
	int rc;

	if (n && check_add_overflow((unsigned long)iova, n - 1, &last))
		return -EOVERFLOW;
	ioasb_note_client_call(client, IOASB_NR_CLIENT_RW, iova, last,
			       write ? IOASB_WRITEABLE : IOASB_READABLE);
	rc = transfer(client, iova, buf, n, write);
	ioasb_note_client_answer(client, IOASB_NR_CLIENT_RW, rc);
	return rc;
}
EXPORT_SYMBOL_GPL(ioasb_client_rw);

/* 1, 0, or -EINTR if killed while it pins. */
static int holds(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	bool any;

	if (mutex_lock_killable(&client->lock))
		return -EINTR;
	any = ioasb_pins_any(client, start, last);
	mutex_unlock(&client->lock);
	return any;
}

/*
 * The client of the lowest id above @above with a pin in the range, with a reference, or NULL; or
 * -EINTR. The IOAS is locked for writing.
 */
struct ioasb_client *ioasb_client_in(struct ioasb_ioas *ioas, unsigned long start,
				     unsigned long last, u32 above)
{
	struct ioasb_client *client;
	int rc;

	list_for_each_entry(client, &ioas->clients, entry) {
		if (client->obj.id <= above)
			continue;
		rc = holds(client, start, last);
		if (rc < 0)
			return ERR_PTR(rc);
		if (!rc)
			continue;
		kref_get(&client->obj.kref);
		return client;
	}
	return NULL;
}

/*
 * Ask it to unpin what it has in the range; 0 or -EINTR. No lock of others is held; the reference
 * is put.
 */
int ioasb_client_ask(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	int rc = mutex_lock_killable(&client->asking);

	if (!rc) {
		if (!client->closed) {
			client->asked++;
			ioasb_note_client_asked(client, start, last);
			client->ops->unmap(client->data, start, last);
			ioasb_note_client_let_go(client, start, last);
		}
		mutex_unlock(&client->asking);
	}
	ioasb_object_put(&client->obj);
	if (fatal_signal_pending(current))
		rc = -EINTR;
	return rc;
}
