/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments that the type1 programs read (include/ioascope/hooks.h).
 * X(name, function, parameter)
 */
#ifndef IOASCOPE_TYPE1_H
#define IOASCOPE_TYPE1_H

#define TYPE1_ARGS(X)                                                                              \
	X(FOPEN_FILE, "vfio_fops_open", "filep")                                                   \
	X(FRELEASE_FILE, "vfio_fops_release", "filep")                                             \
	X(FIOCTL_FILE, "vfio_fops_unl_ioctl", "filep")                                             \
	X(FIOCTL_CMD, "vfio_fops_unl_ioctl", "cmd")                                                \
	X(FIOCTL_ARG, "vfio_fops_unl_ioctl", "arg")                                                \
	X(CATTACH_CONTAINER, "vfio_container_attach_group", "container")                           \
	X(CDETACH_GROUP, "vfio_group_detach_container", "group")                                   \
	X(OPEN_ARG, "vfio_iommu_type1_open", "arg")                                                \
	X(RELEASE_DATA, "vfio_iommu_type1_release", "iommu_data")                                  \
	X(IOCTL_DATA, "vfio_iommu_type1_ioctl", "iommu_data")                                      \
	X(IOCTL_CMD, "vfio_iommu_type1_ioctl", "cmd")                                              \
	X(IOCTL_ARG, "vfio_iommu_type1_ioctl", "arg")                                              \
	X(ATTACH_DATA, "vfio_iommu_type1_attach_group", "iommu_data")                              \
	X(ATTACH_GROUP, "vfio_iommu_type1_attach_group", "iommu_group")                            \
	X(ATTACH_TYPE, "vfio_iommu_type1_attach_group", "type")                                    \
	X(DETACH_DATA, "vfio_iommu_type1_detach_group", "iommu_data")                              \
	X(DETACH_GROUP, "vfio_iommu_type1_detach_group", "iommu_group")                            \
	X(PIN_DMA, "vfio_pin_pages_remote", "dma")                                                 \
	X(PIN_VADDR, "vfio_pin_pages_remote", "vaddr")                                             \
	X(PIN_NPAGE, "vfio_pin_pages_remote", "npage")                                             \
	X(UNPIN_DMA, "vfio_unpin_pages_remote", "dma")                                             \
	X(UNPIN_NPAGE, "vfio_unpin_pages_remote", "npage")                                         \
	X(UNMAP_IOMMU, "vfio_unmap_unpin", "iommu")                                                \
	X(REMOVE_IOMMU, "vfio_remove_dma", "iommu")                                                \
	X(REMOVE_DMA, "vfio_remove_dma", "dma")                                                    \
	X(ACCT_TASK, "mm_lock_acct", "task")                                                       \
	X(ACCT_MM, "mm_lock_acct", "mm")                                                           \
	X(ACCT_NPAGE, "mm_lock_acct", "npage")                                                     \
	X(CPIN_DATA, "vfio_iommu_type1_pin_pages", "iommu_data")                                   \
	X(CPIN_GROUP, "vfio_iommu_type1_pin_pages", "iommu_group")                                 \
	X(CPIN_IOVA, "vfio_iommu_type1_pin_pages", "user_iova")                                    \
	X(CPIN_NPAGE, "vfio_iommu_type1_pin_pages", "npage")                                       \
	X(CPIN_PROT, "vfio_iommu_type1_pin_pages", "prot")                                         \
	X(CUNPIN_DATA, "vfio_iommu_type1_unpin_pages", "iommu_data")                               \
	X(CUNPIN_IOVA, "vfio_iommu_type1_unpin_pages", "user_iova")                                \
	X(CUNPIN_NPAGE, "vfio_iommu_type1_unpin_pages", "npage")                                   \
	X(VUNPIN_DEVICE, "vfio_unpin_pages", "device")                                             \
	X(RW_DATA, "vfio_iommu_type1_dma_rw", "iommu_data")                                        \
	X(RW_IOVA, "vfio_iommu_type1_dma_rw", "user_iova")                                         \
	X(RW_COUNT, "vfio_iommu_type1_dma_rw", "count")                                            \
	X(RW_WRITE, "vfio_iommu_type1_dma_rw", "write")                                            \
	X(CAP_CAP, "security_capable", "cap")

#endif
