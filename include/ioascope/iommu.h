/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments that the programs on the IOMMU drivers read (include/ioascope/hooks.h).
 * X(name, function, parameter)
 */
#ifndef IOASCOPE_IOMMU_H
#define IOASCOPE_IOMMU_H

#define IOMMU_ARGS(X)                                                                              \
	X(IOMMU_FAULT_UNIT, "dmar_fault", "dev_id")                                                \
	X(IOMMU_REPORT_DOMAIN, "report_iommu_fault", "domain")                                     \
	X(IOMMU_REPORT_DEV, "report_iommu_fault", "dev")                                           \
	X(IOMMU_REPORT_IOVA, "report_iommu_fault", "iova")                                         \
	X(IOMMU_REPORT_FLAGS, "report_iommu_fault", "flags")

#endif
