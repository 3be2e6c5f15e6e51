// SPDX-License-Identifier: GPL-2.0
/*
 * For people: what a context is about, in the fdinfo of its file, and of all of them in debugfs.
 * Nobody is waited for: what is locked at the moment is said to be busy.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "ioasb.h"

static DEFINE_MUTEX(contexts_lock);
static LIST_HEAD(contexts);
static struct dentry *folder;

void ioasb_info_add(struct ioasb_ctx *ctx)
{
	mutex_lock(&contexts_lock);
	list_add_tail(&ctx->entry, &contexts);
	mutex_unlock(&contexts_lock);
}

void ioasb_info_remove(struct ioasb_ctx *ctx)
{
	mutex_lock(&contexts_lock);
	list_del(&ctx->entry);
	mutex_unlock(&contexts_lock);
}

static const char *const modes[] = {
	[IOASB_MODE_EXACT] = "exact", [IOASB_MODE_COVER] = "cover", [IOASB_MODE_FIRST] = "first",
	[IOASB_MODE_ANY] = "any",     [IOASB_MODE_TCE] = "tce",
};

static void show_ioas(struct seq_file *m, struct ioasb_ioas *ioas)
{
	if (!down_read_trylock(&ioas->lock)) {
		seq_printf(m, "ioas-%u:\tbusy\n", ioas->obj.id);
		return;
	}
	seq_printf(m, "ioas-%u:\tmode %s, devices %u, areas %lu, mapped %llu KiB\n", ioas->obj.id,
		   modes[ioas->mode], ioas->nattached, ioas->nareas,
		   (ioas->tce ? ioasb_tce_mapped(ioas) : ioas->mapped) >> 10);
	up_read(&ioas->lock);
}

static void show_client(struct seq_file *m, struct ioasb_client *client)
{
	if (!mutex_trylock(&client->lock)) {
		seq_printf(m, "client-%u:\tbusy\n", client->obj.id);
		return;
	}
	seq_printf(m, "client-%u:\tioas %u, pinned %lu KiB, asked %llu\n", client->obj.id,
		   client->ioas->obj.id, client->npages << (PAGE_SHIFT - 10), client->asked);
	mutex_unlock(&client->lock);
}

static struct ioasb_object *next_object(struct ioasb_ctx *ctx, unsigned long *id)
{
	struct ioasb_object *obj;

	xa_lock(&ctx->objects);
	obj = xa_find(&ctx->objects, id, ULONG_MAX, XA_PRESENT);
	if (obj)
		kref_get(&obj->kref);
	xa_unlock(&ctx->objects);
	return obj;
}

static void show_objects(struct seq_file *m, struct ioasb_ctx *ctx)
{
	struct ioasb_object *obj;
	unsigned long id, devices = 0;

	for (id = 0; (obj = next_object(ctx, &id)); id++) {
		if (obj->type == IOASB_OBJ_IOAS)
			show_ioas(m, container_of(obj, struct ioasb_ioas, obj));
		else if (obj->type == IOASB_OBJ_CLIENT)
			show_client(m, container_of(obj, struct ioasb_client, obj));
		else
			devices++;
		ioasb_object_put(obj);
		cond_resched();
	}
	seq_printf(m, "devices:\t%lu\n", devices);
}

/* The numbers alone need no lock. */
static void show_pages(struct seq_file *m, struct ioasb_ctx *ctx)
{
	unsigned long id, objects = 0, pinned = 0, charged = 0, bytes = 0;
	struct ioasb_pages *pages;

	for (id = 0; (pages = ioasb_pages_next(ctx, &id)); id++) {
		objects++;
		pinned += READ_ONCE(pages->npinned);
		bytes += READ_ONCE(pages->bytes);
		if (pages->charge.account != IOASB_ACCOUNT_NONE)
			charged += READ_ONCE(pages->charge.npages);
		ioasb_pages_put(pages);
		cond_resched();
	}
	seq_printf(m, "pages-objects:\t%lu\n", objects);
	seq_printf(m, "pinned:\t%lu KiB\n", pinned << (PAGE_SHIFT - 10));
	seq_printf(m, "charged:\t%lu KiB\n", charged << (PAGE_SHIFT - 10));
	if (capable(CAP_SYS_ADMIN))
		seq_printf(m, "pin-records:\t%lu bytes\n", bytes);
}

static void show_context(struct seq_file *m, struct ioasb_ctx *ctx)
{
	seq_printf(m, "context:\t%llu\n", ctx->id);
	show_objects(m, ctx);
	show_pages(m, ctx);
}

void ioasb_info_fd(struct seq_file *m, struct file *file)
{
	show_context(m, file->private_data);
}

void ioasb_info_client_fd(struct seq_file *m, struct file *file)
{
	struct ioasb_client *client = file->private_data;

	seq_printf(m, "context:\t%llu\n", client->obj.ctx->id);
	show_client(m, client);
}

/* A context that is on the list has not ended yet, and cannot while the list is locked. */
static int contexts_show(struct seq_file *m, void *unused)
{
	struct ioasb_ctx *ctx;

	if (mutex_lock_killable(&contexts_lock))
		return -EINTR;
	list_for_each_entry(ctx, &contexts, entry) {
		show_context(m, ctx);
		seq_putc(m, '\n');
	}
	mutex_unlock(&contexts_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(contexts);

/* Without debugfs there is none. */
void ioasb_info_init(void)
{
	folder = debugfs_create_dir("ioas_backend", NULL);
	debugfs_create_file("contexts", 0400, folder, NULL, &contexts_fops);
}

void ioasb_info_exit(void)
{
	debugfs_remove(folder);
}
