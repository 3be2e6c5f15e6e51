#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Usage: locker.py UID LIMIT MLOCK RING
Becomes that user, with LIMIT bytes of RLIMIT_MEMLOCK, locks MLOCK pages by mlock() and registers
RING pages with io_uring, says 'ready' and holds them until its standard input ends."""
import ctypes
import mmap
import os
import resource
import struct
import sys

SETUP, REGISTER, REGISTER_BUFFERS = 425, 427, 0  # io_uring_setup(2), io_uring_register(2)
PAGE = mmap.PAGESIZE
uid, limit, locked, ring = map(int, sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)


def must(ret, what):
    if ret < 0:
        sys.exit(f'{what}: {os.strerror(ctypes.get_errno())}')
    return ret


def memory(pages):
    m = mmap.mmap(-1, max(pages, 1) * PAGE)
    return m, ctypes.addressof(ctypes.c_char.from_buffer(m))


resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
held, at = memory(locked)
if locked:
    must(libc.mlock(ctypes.c_void_p(at), ctypes.c_size_t(locked * PAGE)), 'mlock')
buffers, at = memory(ring)
if ring:
    fd = must(libc.syscall(SETUP, 4, ctypes.create_string_buffer(120)), 'io_uring_setup')
    vec = ctypes.create_string_buffer(struct.pack('QQ', at, ring * PAGE))
    must(libc.syscall(REGISTER, fd, REGISTER_BUFFERS, vec, 1), 'io_uring_register')
print('ready', flush=True)
sys.stdin.read()
