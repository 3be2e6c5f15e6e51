/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments that the programs on the IOMMU drivers and on memory management read
 * (include/ioascope/hooks.h). X(name, function, parameter)
 */
#ifndef IOASCOPE_IOMMU_H
#define IOASCOPE_IOMMU_H

#define IOMMU_ARGS(X)                                                                              \
	X(IOMMU_FAULT_UNIT, "dmar_fault", "dev_id")                                                \
	X(IOMMU_REPORT_DOMAIN, "report_iommu_fault", "domain")                                     \
	X(IOMMU_REPORT_DEV, "report_iommu_fault", "dev")                                           \
	X(IOMMU_REPORT_IOVA, "report_iommu_fault", "iova")                                         \
	X(IOMMU_REPORT_FLAGS, "report_iommu_fault", "flags")                                       \
	X(MM_UNMAP_VMA, "unmap_vmas", "vma|unmap.first")                                           \
	X(MM_UNMAP_START, "unmap_vmas", "start_addr|unmap.vma_start")                              \
	X(MM_UNMAP_END, "unmap_vmas", "end_addr|unmap.vma_end")                                    \
	X(MM_ZAP_VMA, "zap_vma_range_batched", "vma")                                              \
	X(MM_ZAP_ADDRESS, "zap_vma_range_batched", "address")                                      \
	X(MM_ZAP_SIZE, "zap_vma_range_batched", "size")                                            \
	X(MM_MOVE_VMA, "move_page_tables", "vma|pmc.old")                                          \
	X(MM_MOVE_ADDRESS, "move_page_tables", "old_addr|pmc.old_addr")                            \
	X(MM_MOVE_LEN, "move_page_tables", "len|pmc.len_in")

#endif
