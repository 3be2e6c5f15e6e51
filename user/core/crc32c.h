/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRC32C (Castagnoli), as iSCSI (RFC 3720, B.4), ext4 and SSE4.2 compute it. */
#ifndef CORE_CRC32C_H
#define CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of `size` bytes that follow bytes whose checksum is `crc` (0: none
 * came before). So crc32c(crc32c(0, a), b) is that of a and b in one.
 */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);

#endif
