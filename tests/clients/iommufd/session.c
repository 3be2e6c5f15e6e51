// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void *session_memory(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int session_buffer(struct session *s, uint64_t bytes)
{
	if (s->buffer)
		return s->buffer_bytes >= bytes ? 0 : -ENOMEM;
	s->buffer = session_memory(bytes);
	s->buffer_bytes = bytes;
	return s->buffer ? 0 : -ENOMEM;
}

struct cdev *session_device(struct session *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->ndevices; i++)
		if (!strcmp(s->devices[i].name, name))
			return &s->devices[i];
	return NULL;
}

int session_mediated(const struct session *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->nmediated; i++)
		if (!strcmp(s->mediated[i].name, name))
			return (int)i;
	return -ENODEV;
}

struct model_device *session_model_device(struct session *s, const struct cdev *dev)
{
	return &s->model.device[dev - s->devices];
}

/* Who may lock memory without limit is charged nothing: give that up, but not the limit. */
static int session_account(const struct session *s)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	if (s->opt->account == ACCOUNT_NONE)
		return 0;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || syscall(SYS_capget, &head, caps))
		return -errno;
	caps[0].effective &= ~(1u << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, caps) ? -errno : 0;
}

/* What an unmap of nothing answers: that differs between kernels, and between the two interfaces.
 */
static int session_learn_nothing(struct session *s, uint32_t ioas)
{
	uint32_t none = 0;
	uint64_t gone;
	int ret;

	s->model.unmap_nothing = fd_unmap(&s->fd, ioas, IOVA_BASE, PAGE, &gone);
	ret = fd_vfio_ioas(&s->fd, FD_VFIO_IOAS_SET, &ioas);
	if (ret)
		return ret;
	s->model.vfio_unmap_nothing = fd_vfio_unmap(&s->fd, ioas, 0, IOVA_BASE, PAGE, &gone);
	return fd_vfio_ioas(&s->fd, FD_VFIO_IOAS_CLEAR, &none);
}

/* What a page table and a device take of the addresses. */
static int session_learn(struct session *s)
{
	struct cdev *dev = &s->devices[0];
	uint32_t ioas, hwpt;
	int ret;

	ret = fd_alloc(&s->fd, &ioas);
	if (ret)
		return ret;
	ret = session_learn_nothing(s, ioas);
	if (!ret)
		ret = fd_hwpt(&s->fd, dev->id, ioas, 0, &hwpt);
	if (!ret)
		ret = fd_query(&s->fd, ioas, FD_RANGES_MAX, &s->model.with_domain);
	if (!ret)
		ret = cdev_attach(dev, hwpt);
	if (!ret)
		ret = fd_query(&s->fd, ioas, FD_RANGES_MAX, &s->model.with_device);
	if (!ret)
		ret = cdev_detach(dev);
	if (!ret)
		ret = fd_destroy(&s->fd, hwpt);
	if (!ret)
		ret = fd_destroy(&s->fd, ioas);
	return ret;
}

int session_start(struct session *s)
{
	unsigned int i;
	int ret;

	s->modelled = true;
	s->rng.state = s->opt->seed;
	s->pattern.state = ~s->opt->seed;
	s->scratch = session_memory(SCRATCH_BYTES);
	if (!s->scratch)
		return -ENOMEM;
	ret = session_account(s);
	if (!ret)
		ret = fd_open(&s->fd, &s->log, 0);
	if (!ret && s->opt->account == ACCOUNT_MM)
		ret = fd_set_option(&s->fd, FD_OPTION_RLIMIT_MODE, 0, 1);
	for (i = 0; i < s->ndevices && !ret; i++) {
		ret = cdev_bind(&s->devices[i], &s->fd);
		s->model.device[i].id = s->devices[i].id;
	}
	s->model.ndevices = s->ndevices;
	for (i = 0; i < s->nmediated && !ret; i++) {
		ret = cdev_bind(&s->mediated[i], &s->fd);
		s->model.access[i].id = s->mediated[i].id;
		s->testdev[i] = (struct testdev){ .log = &s->log,
						  .fd = s->mediated[i].fd,
						  .name = s->mediated[i].name };
	}
	s->model.naccesses = s->nmediated;
	if (!ret)
		ret = session_learn(s);
	if (ret)
		fprintf(stderr, "start: %s\n", strerror(-ret));
	return ret;
}

void session_stop(struct session *s)
{
	unsigned int i;

	for (i = 0; i < s->ndevices; i++)
		cdev_close(&s->devices[i]);
	for (i = 0; i < s->nmediated; i++)
		cdev_close(&s->mediated[i]);
	fd_close(&s->fd);
	model_exit(&s->model);
	if (s->scratch)
		munmap(s->scratch, SCRATCH_BYTES);
	if (s->buffer)
		munmap(s->buffer, s->buffer_bytes);
}
