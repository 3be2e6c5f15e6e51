// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of a trace: those of every backend in one object, because they
 * share one ring, one set of state maps and one count of everything. Which of
 * them are loaded is decided by what the running kernel has.
 */
#include "bundled_areas.bpf.h"
#include "bundled_clients.bpf.h"
#include "bundled_objects.bpf.h"
#include "bundled_users.bpf.h"
#include "faults.bpf.h"
#include "iommufd_accesses.bpf.h"
#include "iommufd_areas.bpf.h"
#include "iommufd_compat.bpf.h"
#include "iommufd_devices.bpf.h"
#include "iommufd_files.bpf.h"
#include "iommufd_objects.bpf.h"
#include "iommufd_ranges.bpf.h"
#include "iommufd_splits.bpf.h"
#include "type1_client.bpf.h"
#include "type1_container.bpf.h"
#include "type1_driver.bpf.h"
#include "type1_groups.bpf.h"

char LICENSE[] SEC("license") = "GPL";
