/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process may do to memory that it has mapped for a device, and had better not.
 */
#ifndef CLIENT_MEMORY_H
#define CLIENT_MEMORY_H

#include <stddef.h>

/*
 * Does @what to the @bytes at @at, whole pages: "unmap", "over" (maps fresh memory in
 * their place), "move" (elsewhere, and leaves a hole), "discard" (MADV_DONTNEED).
 * 0 or -errno; -EINVAL for another word. What is moved stays mapped until the end.
 */
int memory_spoil(const char *what, void *at, size_t bytes);

#endif
