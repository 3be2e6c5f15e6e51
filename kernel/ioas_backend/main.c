// SPDX-License-Identifier: GPL-2.0
/* The device file: contexts and the way from an ioctl to its function. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ioasb.h"
#include "policy.h"

static_assert(sizeof(unsigned long) == sizeof(u64), "addresses are 64 bits");
static_assert(sizeof(struct ioasb_rec) == 88);
static_assert(sizeof(struct ioasb_dump) <= IOASB_ARGS_MAX);
static_assert(sizeof(struct ioasb_lookup) <= IOASB_ARGS_MAX);
static_assert(sizeof(struct ioasb_iova_ranges) <= IOASB_ARGS_MAX);
static_assert(sizeof(struct ioasb_client_new) <= IOASB_ARGS_MAX);

#define RUN(name)                                                                                  \
	static int run_##name(struct file *file, void *args)                                       \
	{                                                                                          \
		return ioasb_##name(file->private_data, args);                                     \
	}
/* clang-format off */
RUN(destroy)
RUN(ioas_alloc)
RUN(map)
RUN(copy)
RUN(unmap)
RUN(iova_ranges)
RUN(allow_iovas)
RUN(reserve)
RUN(release)
RUN(device_alloc)
RUN(attach)
RUN(detach)
RUN(rw)
RUN(lookup)
RUN(dump)
RUN(map_file)
RUN(generation)
RUN(gaps)
RUN(where)
RUN(merge)
RUN(test_attach)
RUN(change_process)
/* clang-format on */

#define COMMAND(nr, name, last, what)                                                              \
	[nr] = { sizeof(struct ioasb_##name), offsetofend(struct ioasb_##name, last), what,        \
		 run_##name }
static const struct ioasb_command commands[] = {
	COMMAND(IOASB_NR_DESTROY, destroy, id, true),
	COMMAND(IOASB_NR_IOAS_ALLOC, ioas_alloc, tracker, true),
	COMMAND(IOASB_NR_MAP, map, iova, true),
	COMMAND(IOASB_NR_COPY, copy, src_iova, true),
	COMMAND(IOASB_NR_UNMAP, unmap, out_unmapped, true),
	COMMAND(IOASB_NR_IOVA_RANGES, iova_ranges, out_generation, false),
	COMMAND(IOASB_NR_ALLOW_IOVAS, allow_iovas, iovas, true),
	COMMAND(IOASB_NR_RESERVE, reserve, iova, true),
	COMMAND(IOASB_NR_RELEASE, release, __reserved, true),
	COMMAND(IOASB_NR_DEVICE_ALLOC, device_alloc, reserved, true),
	COMMAND(IOASB_NR_ATTACH, attach, ioas_id, true),
	COMMAND(IOASB_NR_DETACH, detach, dev_id, true),
	COMMAND(IOASB_NR_RW, rw, out_done, false),
	COMMAND(IOASB_NR_LOOKUP, lookup, out_pfn, false),
	COMMAND(IOASB_NR_DUMP, dump, out_changes, false),
	[IOASB_NR_CLIENT_ALLOC] = {
		.size = sizeof(struct ioasb_client_alloc),
		.min_size = offsetofend(struct ioasb_client_alloc, __reserved),
		.run = ioasb_client_alloc,
		.finish = ioasb_client_finish,
	},
	COMMAND(IOASB_NR_MAP_FILE, map_file, iova, true),
	COMMAND(IOASB_NR_GENERATION, generation, out_last_page, false),
	COMMAND(IOASB_NR_GAPS, gaps, __reserved, false),
	COMMAND(IOASB_NR_WHERE, where, out_more, false),
	COMMAND(IOASB_NR_MERGE, merge, out_merged, true),
	COMMAND(IOASB_NR_TEST_ATTACH, test_attach, out_result, false),
	COMMAND(IOASB_NR_CHANGE_PROCESS, change_process, __reserved, true),
};

static int run(struct file *file, struct ioasb_ctx *ctx, u32 nr,
	       const struct ioasb_command *command, void *args)
{
	int rc;

	ioasb_note_call(ctx, nr, args);
	if (command->changes)
		ioasb_begin(ctx);
	rc = command->run(file, args);
	if (command->changes)
		ioasb_end(ctx);
	ioasb_note_answer(ctx, nr, args, rc);
	return rc;
}

/* A struct that begins with its size comes in, the command runs, the struct goes back. */
long ioasb_ioctl(struct file *file, struct ioasb_ctx *ctx, u32 nr,
		 const struct ioasb_command *command, unsigned long arg)
{
	u64 args[IOASB_ARGS_MAX / sizeof(u64)] = {};
	void __user *user = (void __user *)arg;
	bool told;
	u32 size;
	int rc;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < command->min_size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	rc = copy_struct_from_user(args, command->size, user, size);
	if (rc)
		return rc;
	/* Another thread may have written to it meanwhile. */
	*(u32 *)args = size;
	rc = run(file, ctx, nr, command, args);
	told = !copy_to_user(user, args, min_t(size_t, size, command->size));
	if (rc)
		return rc;
	if (command->finish)
		command->finish(args, told);
	return told ? 0 : -EFAULT;
}

static long backend_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(commands) || cmd != _IO(IOASB_TYPE, nr))
		return -ENOTTY;
	nr = array_index_nospec(nr, ARRAY_SIZE(commands));
	/* The numbers in between are those of a client's file. */
	if (!commands[nr].run)
		return -ENOTTY;
	return ioasb_ioctl(file, file->private_data, nr, &commands[nr], arg);
}

static int backend_open(struct inode *inode, struct file *file)
{
	static atomic64_t last_id;
	struct ioasb_ctx *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);

	if (!ctx)
		return -ENOMEM;
	ctx->id = atomic64_inc_return(&last_id);
	xa_init_flags(&ctx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&ctx->pages, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	ioasb_info_add(ctx);
	file->private_data = ctx;
	ioasb_note_opened(ctx);
	return nonseekable_open(inode, file);
}

static int backend_release(struct inode *inode, struct file *file)
{
	struct ioasb_ctx *ctx = file->private_data;

	ioasb_info_remove(ctx);
	ioasb_note_closing(ctx);
	ioasb_destroy_all(ctx);
	WARN_ON(!xa_empty(&ctx->pages));
	ioasb_note_closed(ctx);
	xa_destroy(&ctx->objects);
	xa_destroy(&ctx->pages);
	kfree(ctx);
	return 0;
}

static const struct file_operations backend_fops = {
	.owner = THIS_MODULE,
	.open = backend_open,
	.release = backend_release,
	.show_fdinfo = ioasb_info_fd,
	.unlocked_ioctl = backend_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* NULL: it is not one of ours. */
struct ioasb_ctx *ioasb_file_ctx(struct file *file)
{
	return file->f_op == &backend_fops ? file->private_data : NULL;
}

static struct miscdevice backend_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioas_backend",
	.fops = &backend_fops,
	.mode = 0600,
};

static int __init backend_init(void)
{
	int rc = ioasb_policy_init();

	if (!rc)
		rc = ioasb_client_files_init();
	if (rc)
		return rc;
	rc = misc_register(&backend_misc);
	if (rc)
		ioasb_client_files_exit();
	else
		ioasb_info_init();
	return rc;
}
module_init(backend_init);

static void __exit backend_exit(void)
{
	ioasb_info_exit();
	misc_deregister(&backend_misc);
	ioasb_client_files_exit();
}
module_exit(backend_exit);

MODULE_DESCRIPTION("I/O address spaces without an IOMMU");
MODULE_LICENSE("GPL");
