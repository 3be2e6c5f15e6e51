// SPDX-License-Identifier: GPL-2.0
/*
 * Limits on pinned memory, where memory is pinned and charged (docs/enforcement.md). An object of
 * its own: it runs without the trace, outlives the tool, and its verdicts are small.
 *
 * Each place has two programs, of which the tool takes one: fmod_ret, which may refuse, where the
 * kernel lets it, and fentry, which only counts and tells.
 */
#include "policy_bundled.bpf.h"
#include "policy_ioctl.bpf.h"
#include "policy_iommufd.bpf.h"
#include "policy_judge.bpf.h"
#include "policy_type1.bpf.h"
#include "policy_uring.bpf.h"

char LICENSE[] SEC("license") = "GPL";
