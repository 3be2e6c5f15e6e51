/* SPDX-License-Identifier: GPL-2.0 */
/* The hook points (hook.c), which note.c calls. */
#ifndef IOASB_HOOK_H
#define IOASB_HOOK_H

#include "ioasb.h"

#include <ioascope/ioas_backend_note.h>

void ioasb_hook_opened(const struct ioasb_note *note);
void ioasb_hook_closing(const struct ioasb_note *note);
void ioasb_hook_closed(const struct ioasb_note *note);
void ioasb_hook_ioas_new(const struct ioasb_note *note);
void ioasb_hook_ioas_gone(const struct ioasb_note *note);
void ioasb_hook_area_added(const struct ioasb_note_area *note);
void ioasb_hook_area_going(const struct ioasb_note_area *note);
void ioasb_hook_area_gone(const struct ioasb_note_area *note);
void ioasb_hook_area_split(const struct ioasb_note_area *note);
void ioasb_hook_area_merged(const struct ioasb_note_area *note);
void ioasb_hook_area_filled(const struct ioasb_note_area *note);
void ioasb_hook_area_emptied(const struct ioasb_note_area *note);
void ioasb_hook_pages_new(const struct ioasb_note_pages *note);
void ioasb_hook_pages_gone(const struct ioasb_note_pages *note);
void ioasb_hook_pinned(const struct ioasb_note_pages *note);
void ioasb_hook_unpinned(const struct ioasb_note_pages *note);
void ioasb_hook_charged(const struct ioasb_note_pages *note);
void ioasb_hook_owner(const struct ioasb_note_pages *note);
void ioasb_hook_replaced(const struct ioasb_note_replaced *note);
void ioasb_hook_range_added(const struct ioasb_note_range *note);
void ioasb_hook_range_gone(const struct ioasb_note_range *note);
void ioasb_hook_attached(const struct ioasb_note_device *note);
void ioasb_hook_detached(const struct ioasb_note_device *note);
void ioasb_hook_tce_set(const struct ioasb_note_tce *note);
void ioasb_hook_tce_cleared(const struct ioasb_note_tce *note);
void ioasb_hook_tce_charged(const struct ioasb_note_tce *note);
void ioasb_hook_client_new(const struct ioasb_note_client *note);
void ioasb_hook_client_gone(const struct ioasb_note_client *note);
void ioasb_hook_client_pin(const struct ioasb_note_client *note);
void ioasb_hook_client_unpin(const struct ioasb_note_client *note);
void ioasb_hook_client_dma(const struct ioasb_note_client *note);
void ioasb_hook_client_call(const struct ioasb_note_client *note);
void ioasb_hook_client_answer(const struct ioasb_note_client *note);
void ioasb_hook_client_asked(const struct ioasb_note_client *note);
void ioasb_hook_client_let_go(const struct ioasb_note_client *note);

/* args: the kernel's copy of the struct of that call (ioas_backend.h). */
void ioasb_hook_call(struct ioasb_ctx *ctx, u32 nr, const void *args);
void ioasb_hook_answer(struct ioasb_ctx *ctx, u32 nr, const void *args, int result);

#endif
