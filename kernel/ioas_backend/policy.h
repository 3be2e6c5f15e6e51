/* SPDX-License-Identifier: GPL-2.0 */
#ifndef IOASB_POLICY_H
#define IOASB_POLICY_H

#include <linux/types.h>

/* 0, or what the call is to fail with, through ioasb_policy_result(). */
int ioasb_policy_map(u64 ctx, u32 ioas_id, u32 uid, u32 flags, u64 iova, u64 length);
int ioasb_policy_pin(u32 uid, u32 account, u64 npages);
int ioasb_policy_result(int rc);
int ioasb_policy_init(void);

#endif
