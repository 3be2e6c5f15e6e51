// SPDX-License-Identifier: GPL-2.0
/*
 * Points for programs to attach to. They do nothing else: a separate file keeps the compiler from
 * inlining them or dropping arguments. What they are given is public (ioas_backend_note.h), note.c
 * fills it in; which lock is held, note.c says.
 */
#include "hook.h"

#define HOOK(name, type)                                                                           \
	noinline void ioasb_hook_##name(const struct type *note)                                   \
	{                                                                                          \
		barrier();                                                                         \
	}

HOOK(opened, ioasb_note)
HOOK(closing, ioasb_note)
HOOK(closed, ioasb_note)
HOOK(ioas_new, ioasb_note)
HOOK(ioas_gone, ioasb_note)
HOOK(area_added, ioasb_note_area)
HOOK(area_going, ioasb_note_area)
HOOK(area_gone, ioasb_note_area)
HOOK(area_split, ioasb_note_area)
HOOK(area_merged, ioasb_note_area)
HOOK(area_filled, ioasb_note_area)
HOOK(area_emptied, ioasb_note_area)
HOOK(pages_new, ioasb_note_pages)
HOOK(pages_gone, ioasb_note_pages)
HOOK(pinned, ioasb_note_pages)
HOOK(unpinned, ioasb_note_pages)
HOOK(charged, ioasb_note_pages)
HOOK(owner, ioasb_note_pages)
HOOK(replaced, ioasb_note_replaced)
HOOK(range_added, ioasb_note_range)
HOOK(range_gone, ioasb_note_range)
HOOK(attached, ioasb_note_device)
HOOK(detached, ioasb_note_device)
HOOK(tce_set, ioasb_note_tce)
HOOK(tce_cleared, ioasb_note_tce)
HOOK(tce_charged, ioasb_note_tce)
HOOK(client_new, ioasb_note_client)
HOOK(client_gone, ioasb_note_client)
HOOK(client_pin, ioasb_note_client)
HOOK(client_unpin, ioasb_note_client)
HOOK(client_dma, ioasb_note_client)
HOOK(client_call, ioasb_note_client)
HOOK(client_answer, ioasb_note_client)
HOOK(client_asked, ioasb_note_client)
HOOK(client_let_go, ioasb_note_client)

noinline void ioasb_hook_call(struct ioasb_ctx *ctx, u32 nr, const void *args)
{
	barrier();
}

noinline void ioasb_hook_answer(struct ioasb_ctx *ctx, u32 nr, const void *args, int result)
{
	barrier();
}
