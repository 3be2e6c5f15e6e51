// SPDX-License-Identifier: GPL-2.0
/* A mediated client as a file: the ioctl face of client.c. */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ioasb.h"

/* What user space has pinned and an unmap wants: let go. */
static void let_go(void *data, u64 iova, u64 last)
{
	struct ioasb_client *client = data;

	mutex_lock(&client->lock);
	ioasb_pins_drop(client, iova, last);
	/* By range, more may have gone than was asked for. */
	ioasb_dma_prune(client, 0, ULONG_MAX);
	mutex_unlock(&client->lock);
}

static void hold(void *data, u64 iova, u64 last)
{
}

static const struct ioasb_client_ops let_go_ops = { .unmap = let_go };
static const struct ioasb_client_ops hold_ops = { .unmap = hold };

/* The most pages that are told by one call. */
#define MAX_PFNS BIT(20)

/* A list of pages becomes one of their numbers, in its place. */
int ioasb_client_tell_pfns(struct page **pages, u64 npages, u64 uptr)
{
	u64 *pfns = (u64 *)pages, i;

	for (i = 0; i < npages; i++)
		pfns[i] = page_to_pfn(pages[i]);
	return copy_to_user(u64_to_user_ptr(uptr), pfns, npages * sizeof(*pfns)) ? -EFAULT : 0;
}

static int pin_and_tell(struct ioasb_client *client, const struct ioasb_client_pin *cmd)
{
	u64 npages = cmd->length >> PAGE_SHIFT;
	struct page **pages;
	int rc;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (npages > MAX_PFNS)
		return -E2BIG;
	pages = kvmalloc_array(npages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	rc = ioasb_client_pin(client, cmd->iova, npages, cmd->flags & IOASB_PIN_WRITE, pages);
	if (!rc) {
		rc = ioasb_client_tell_pfns(pages, npages, cmd->pfns);
		if (rc)
			ioasb_client_unpin(client, cmd->iova, npages);
	}
	kvfree(pages);
	return rc;
}

static int run_pin(struct file *file, void *args)
{
	struct ioasb_client *client = file->private_data;
	struct ioasb_client_pin *cmd = args;

	if (cmd->flags & ~IOASB_PIN_WRITE)
		return -EOPNOTSUPP;
	if (offset_in_page(cmd->length))
		return -EINVAL;
	if (cmd->pfns)
		return pin_and_tell(client, cmd);
	return ioasb_client_pin(client, cmd->iova, cmd->length >> PAGE_SHIFT,
				cmd->flags & IOASB_PIN_WRITE, NULL);
}

static int run_unpin(struct file *file, void *args)
{
	struct ioasb_client *client = file->private_data;
	struct ioasb_client_unpin *cmd = args;

	if (cmd->flags)
		return -EOPNOTSUPP;
	if (offset_in_page(cmd->length))
		return -EINVAL;
	return ioasb_client_unpin(client, cmd->iova, cmd->length >> PAGE_SHIFT);
}

static int run_pin_pages(struct file *file, void *args)
{
	return ioasb_client_pin_list(file->private_data, args);
}

static int run_unpin_pages(struct file *file, void *args)
{
	return ioasb_client_unpin_list(file->private_data, args);
}

static int run_set_dma(struct file *file, void *args)
{
	return ioasb_client_set(file->private_data, args);
}

static int run_get_dma(struct file *file, void *args)
{
	return ioasb_client_get(file->private_data, args);
}

static int transfer(struct ioasb_client *client, const struct ioasb_client_rw *cmd, void *buf)
{
	bool write = cmd->flags & IOASB_RW_WRITE;
	void __user *user = u64_to_user_ptr(cmd->user_va);
	int rc;

	if (write && copy_from_user(buf, user, cmd->length))
		return -EFAULT;
	rc = ioasb_client_rw(client, cmd->iova, buf, cmd->length, write);
	if (!rc && !write && copy_to_user(user, buf, cmd->length))
		return -EFAULT;
	return rc;
}

static int run_rw(struct file *file, void *args)
{
	struct ioasb_client *client = file->private_data;
	struct ioasb_client_rw *cmd = args;
	void *buf;
	int rc;

	if (cmd->flags & ~IOASB_RW_WRITE)
		return -EOPNOTSUPP;
	if (!cmd->length || cmd->length > PAGE_SIZE)
		return -EINVAL;
	buf = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	rc = transfer(client, cmd, buf);
	free_page((unsigned long)buf);
	return rc;
}

/* clang-format off */
#define COMMAND(nr, name, last, what, run)                                                         \
	[(nr) - IOASB_NR_CLIENT_PIN] = { sizeof(struct name), offsetofend(struct name, last),      \
					 what, run }
/* clang-format on */
static const struct ioasb_command commands[] = {
	COMMAND(IOASB_NR_CLIENT_PIN, ioasb_client_pin, pfns, false, run_pin),
	COMMAND(IOASB_NR_CLIENT_UNPIN, ioasb_client_unpin, length, false, run_unpin),
	COMMAND(IOASB_NR_CLIENT_RW, ioasb_client_rw, user_va, false, run_rw),
	COMMAND(IOASB_NR_CLIENT_PIN_PAGES, ioasb_client_pin_pages, __reserved, false,
		run_pin_pages),
	COMMAND(IOASB_NR_CLIENT_UNPIN_PAGES, ioasb_client_unpin_pages, __reserved, false,
		run_unpin_pages),
	COMMAND(IOASB_NR_CLIENT_SET_DMA, ioasb_client_set_dma, dma, false, run_set_dma),
	COMMAND(IOASB_NR_CLIENT_GET_DMA, ioasb_client_get_dma, out_dma, false, run_get_dma),
};

static long client_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ioasb_client *client = file->private_data;
	unsigned int i = _IOC_NR(cmd) - IOASB_NR_CLIENT_PIN;

	if (i >= ARRAY_SIZE(commands) || cmd != _IO(IOASB_TYPE, _IOC_NR(cmd)))
		return -ENOTTY;
	i = array_index_nospec(i, ARRAY_SIZE(commands));
	/* The numbers in between are those of the context. */
	if (!commands[i].run)
		return -ENOTTY;
	return ioasb_ioctl(file, client->obj.ctx, _IOC_NR(cmd), &commands[i], arg);
}

static struct workqueue_struct *releases;

int ioasb_client_files_init(void)
{
	releases = alloc_workqueue("ioas_client", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return releases ? 0 : -ENOMEM;
}

/* Whatever is still on its way back from its last file. */
void ioasb_client_files_exit(void)
{
	destroy_workqueue(releases);
}

/* The waiter has a reference, and with the file the module is kept. */
static void release_work(struct work_struct *work)
{
	struct ioasb_client *client = container_of(work, struct ioasb_client, release);
	struct ioasb_object *obj = &client->obj;

	ioasb_client_close(client);
	complete(&client->released);
	ioasb_object_put(obj);
}

/*
 * The close may have to wait behind a pin that waits for user space, even for the process that
 * closes. If that is ending, or was killed, it must go on: it is what others wait for. Everybody
 * else finds the client gone when the close returns.
 */
static int client_release(struct inode *inode, struct file *file)
{
	struct ioasb_client *client = file->private_data;
	/* So that the context, if this is its end, ends here and not in a worker. */
	struct file *context = get_file(client->file);

	client->exiting = current->flags & PF_EXITING;
	kref_get(&client->obj.kref);
	kref_get(&client->obj.kref);
	queue_work(releases, &client->release);
	if (!(current->flags & (PF_EXITING | PF_KTHREAD)))
		wait_for_completion_killable(&client->released);
	ioasb_object_put(&client->obj);
	fput(context);
	return 0;
}

static const struct file_operations client_fops = {
	.owner = THIS_MODULE,
	.release = client_release,
	.show_fdinfo = ioasb_info_client_fd,
	.unlocked_ioctl = client_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct ioasb_client *client_open(struct file *file, const struct ioasb_client_alloc *cmd)
{
	int rule = cmd->flags & IOASB_CLIENT_PAGES ? IOASB_PIN_PAGES : IOASB_PIN_RANGES;
	const struct ioasb_client_ops *ops =
		cmd->flags & IOASB_CLIENT_HOLDS ? &hold_ops : &let_go_ops;
	struct ioasb_client *client = ioasb_client_open(file, cmd->ioas_id, rule, ops, NULL);

	/* It is not asked before it has a pin. */
	if (IS_ERR(client))
		return client;
	client->data = client;
	INIT_WORK(&client->release, release_work);
	init_completion(&client->released);
	return client;
}

/* The number is the caller's only when it was told: until then nobody can use the file. */
void ioasb_client_finish(void *args, bool told)
{
	struct ioasb_client_new *new = args;

	if (told) {
		fd_install(new->cmd.out_fd, new->file);
		return;
	}
	put_unused_fd(new->cmd.out_fd);
	fput(new->file);
}

/* On success the client belongs to its file. */
static int open_file(struct file *context, struct ioasb_client_new *new)
{
	struct ioasb_client *client = client_open(context, &new->cmd);
	struct file *file;

	if (IS_ERR(client))
		return PTR_ERR(client);
	file = anon_inode_getfile("[ioas_client]", &client_fops, client, O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		ioasb_client_close(client);
		return PTR_ERR(file);
	}
	new->cmd.out_client_id = client->obj.id;
	new->file = file;
	return 0;
}

/* args is a struct ioasb_client_new, which ioasb_client_finish() needs. */
int ioasb_client_alloc(struct file *file, void *args)
{
	struct ioasb_client_new *new = args;
	int fd, rc;

	if ((new->cmd.flags & ~(IOASB_CLIENT_PAGES | IOASB_CLIENT_HOLDS)) || new->cmd.__reserved)
		return -EOPNOTSUPP;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	rc = open_file(file, new);
	if (rc) {
		put_unused_fd(fd);
		return rc;
	}
	new->cmd.out_fd = fd;
	return 0;
}
