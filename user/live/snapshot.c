// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/snapshot.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "live/log.h"
#include "live/snapshot_impl.h"

int snapshot_take(struct state *out)
{
	struct state s = { .source = STATE_FROM_KERNEL };
	struct timespec ts;
	int err;

	if (geteuid())
		return log_err(-EPERM, "reading the kernel's lists needs root");
	if (access("/sys/kernel/btf/vmlinux", F_OK)) {
		log_warn("this kernel has no BTF type information (/sys/kernel/btf/vmlinux)");
		return -EOPNOTSUPP;
	}
	clock_gettime(CLOCK_BOOTTIME, &ts);
	s.time_ns = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
	err = snapshot_type1(&s);
	if (!err) {
		err = snapshot_iommufd(&s);
		/* What can be read of one backend is not lost for the other. */
		if (err && err != -ENOMEM && s.nctxs) {
			log_warn("contexts of iommufd are not listed");
			err = 0;
		}
	}
	if (err) {
		state_clear(&s);
		return err;
	}
	state_finish(&s);
	*out = s;
	return 0;
}
