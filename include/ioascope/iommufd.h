/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arguments that the iommufd programs read (include/ioascope/hooks.h).
 * X(name, function, parameter); "?": reads as 0 where the kernel has no such parameter
 */
#ifndef IOASCOPE_IOMMUFD_H
#define IOASCOPE_IOMMUFD_H

#define IOMMUFD_ARGS(X)                                                                            \
	X(FD_OPEN_FILE, "iommufd_fops_open", "filp")                                               \
	X(FD_RELEASE_FILE, "iommufd_fops_release", "filp")                                         \
	X(FD_FINALIZE_CTX, "iommufd_object_finalize", "ictx")                                      \
	X(FD_FINALIZE_OBJ, "iommufd_object_finalize", "obj")                                       \
	X(FD_DESTROY_OBJ, "iommufd_ioas_destroy", "obj")                                           \
	X(FD_ALLOC_UCMD, "iommufd_ioas_alloc_ioctl", "ucmd")                                       \
	X(FD_RANGES_UCMD, "iommufd_ioas_iova_ranges", "ucmd")                                      \
	X(FD_ALLOW_UCMD, "iommufd_ioas_allow_iovas", "ucmd")                                       \
	X(FD_MAP_UCMD, "iommufd_ioas_map", "ucmd")                                                 \
	X(FD_MAP_FILE_UCMD, "iommufd_ioas_map_file", "ucmd")                                       \
	X(FD_COPY_UCMD, "iommufd_ioas_copy", "ucmd")                                               \
	X(FD_UNMAP_UCMD, "iommufd_ioas_unmap", "ucmd")                                             \
	X(FD_PROCESS_UCMD, "iommufd_ioas_change_process", "ucmd")                                  \
	X(FD_OPTION_UCMD, "iommufd_option", "ucmd")                                                \
	X(FD_DESTROY_UCMD, "iommufd_destroy", "ucmd")                                              \
	X(FD_HWPT_UCMD, "iommufd_hwpt_alloc", "ucmd")                                              \
	X(FD_FILL_AREA, "iopt_area_fill_domains", "area")                                          \
	X(FD_FILL_PAGES, "iopt_area_fill_domains", "pages")                                        \
	X(FD_UNFILL_AREA, "iopt_area_unfill_domains", "area")                                      \
	X(FD_UNFILL_PAGES, "iopt_area_unfill_domains", "pages")                                    \
	X(FD_FILL1_AREA, "iopt_area_fill_domain", "area")                                          \
	X(FD_FILL1_DOMAIN, "iopt_area_fill_domain", "domain")                                      \
	X(FD_UNFILL1_AREA, "__iopt_area_unfill_domain", "area")                                    \
	X(FD_UNFILL1_DOMAIN, "__iopt_area_unfill_domain", "domain")                                \
	X(FD_UNMAP1_AREA, "iopt_area_unmap_domain", "area")                                        \
	X(FD_UNMAP1_DOMAIN, "iopt_area_unmap_domain", "domain")                                    \
	X(FD_BATCH_BATCH, "batch_to_domain", "batch")                                              \
	X(FD_BATCH_DOMAIN, "batch_to_domain", "domain")                                            \
	X(FD_RELEASE_KREF, "iopt_release_pages", "kref")                                           \
	X(FD_REVOKE_ATTACH, "iopt_revoke_notify", "attach")                                        \
	X(FD_ACCT_PAGES, "do_update_pinned", "pages")                                              \
	X(FD_ACCT_NPAGES, "do_update_pinned", "npages")                                            \
	X(FD_ACCT_INC, "do_update_pinned", "inc")                                                  \
	X(FD_CUT_IOPT, "iopt_cut_iova", "iopt")                                                    \
	X(FD_INSERT_AREA, "iopt_insert_area", "area")                                              \
	X(FD_INSERT_IOPT, "iopt_insert_area", "iopt")                                              \
	X(FD_INSERT_PAGES, "iopt_insert_area", "pages")                                            \
	X(FD_RESERVE_IOPT, "iopt_reserve_iova", "iopt")                                            \
	X(FD_RESERVE_START, "iopt_reserve_iova", "start")                                          \
	X(FD_RESERVE_LAST, "iopt_reserve_iova", "last")                                            \
	X(FD_RESERVE_OWNER, "iopt_reserve_iova", "owner")                                          \
	X(FD_FREE_IOPT, "__iopt_remove_reserved_iova", "iopt")                                     \
	X(FD_FREE_OWNER, "__iopt_remove_reserved_iova", "owner")                                   \
	X(FD_ALLOWED_IOPT, "iopt_set_allow_iova", "iopt")                                          \
	X(FD_ADD_IOPT, "iopt_table_add_domain", "iopt")                                            \
	X(FD_ADD_DOMAIN, "iopt_table_add_domain", "domain")                                        \
	X(FD_DIRTY_IOPT, "iopt_set_dirty_tracking", "iopt")                                        \
	X(FD_DIRTY_DOMAIN, "iopt_set_dirty_tracking", "domain")                                    \
	X(FD_DIRTY_ENABLE, "iopt_set_dirty_tracking", "enable")                                    \
	X(FD_ATTACH_IDEV, "iommufd_device_attach", "idev")                                         \
	X(FD_REPLACE_IDEV, "iommufd_device_replace", "idev")                                       \
	X(FD_DETACH_IDEV, "iommufd_device_detach", "idev")                                         \
	X(FD_DETACH_PASID, "iommufd_device_detach", "?pasid")                                      \
	X(FD_HWATTACH_HWPT, "iommufd_hw_pagetable_attach", "hwpt")                                 \
	X(FD_HWATTACH_IDEV, "iommufd_hw_pagetable_attach", "idev")                                 \
	X(FD_HWATTACH_PASID, "iommufd_hw_pagetable_attach", "?pasid")                              \
	X(FD_HWDETACH_IDEV, "iommufd_hw_pagetable_detach", "idev")                                 \
	X(FD_HWDETACH_PASID, "iommufd_hw_pagetable_detach", "?pasid")                              \
	X(FD_DOREPLACE_IDEV, "iommufd_device_do_replace", "idev")                                  \
	X(FD_DOREPLACE_HWPT, "iommufd_device_do_replace", "hwpt")                                  \
	X(FD_DOREPLACE_PASID, "iommufd_device_do_replace", "?pasid")                               \
	X(FD_AADD_IOPT, "iopt_add_access", "iopt")                                                 \
	X(FD_AADD_ACCESS, "iopt_add_access", "access")                                             \
	X(FD_ADEL_IOPT, "iopt_remove_access", "iopt")                                              \
	X(FD_ADEL_ACCESS, "iopt_remove_access", "access")                                          \
	X(FD_AATTACH_ACCESS, "iommufd_access_attach", "access")                                    \
	X(FD_AREPLACE_ACCESS, "iommufd_access_replace", "access")                                  \
	X(FD_ADETACH_ACCESS, "iommufd_access_detach", "access")                                    \
	X(FD_PIN_ACCESS, "iommufd_access_pin_pages", "access")                                     \
	X(FD_PIN_IOVA, "iommufd_access_pin_pages", "iova")                                         \
	X(FD_PIN_LENGTH, "iommufd_access_pin_pages", "length")                                     \
	X(FD_PIN_FLAGS, "iommufd_access_pin_pages", "flags")                                       \
	X(FD_UNPIN_ACCESS, "iommufd_access_unpin_pages", "access")                                 \
	X(FD_UNPIN_IOVA, "iommufd_access_unpin_pages", "iova")                                     \
	X(FD_UNPIN_LENGTH, "iommufd_access_unpin_pages", "length")                                 \
	X(FD_RW_ACCESS, "iommufd_access_rw", "access")                                             \
	X(FD_RW_IOVA, "iommufd_access_rw", "iova")                                                 \
	X(FD_RW_LENGTH, "iommufd_access_rw", "length")                                             \
	X(FD_RW_FLAGS, "iommufd_access_rw", "flags")                                               \
	X(FD_NOTIFY_IOPT, "iommufd_access_notify_unmap", "iopt")                                   \
	X(FD_NOTIFY_IOVA, "iommufd_access_notify_unmap", "iova")                                   \
	X(FD_NOTIFY_LENGTH, "iommufd_access_notify_unmap", "length")                               \
	X(FD_VFIO_CTX, "iommufd_vfio_ioctl", "ictx")                                               \
	X(FD_VFIO_CMD, "iommufd_vfio_ioctl", "cmd")                                                \
	X(FD_VFIO_ARG, "iommufd_vfio_ioctl", "arg")                                                \
	X(FD_VFIO_IOAS_UCMD, "iommufd_vfio_ioas", "ucmd")                                          \
	X(FD_COMPAT_CTX, "iommufd_vfio_compat_ioas_create", "ictx")                                \
	X(FD_SMALL_IOPT, "iopt_disable_large_pages", "iopt")

#endif
