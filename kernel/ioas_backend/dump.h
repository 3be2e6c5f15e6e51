/* SPDX-License-Identifier: GPL-2.0 */
/* A chunk of a dump while it is filled. */
#ifndef IOASB_DUMP_H
#define IOASB_DUMP_H

#include "ioasb.h"

/* Where the cursor is in the object, or pages object, of its id. */
enum stage {
	STAGE_OBJECT,
	STAGE_RESERVED, /* key: how many were told; they may overlap */
	STAGE_ALLOWED, /* key: the address to go on from */
	STAGE_RESERVATION,
	STAGE_AREA,
	STAGE_TCE_ENTRY, /* key: the page of the window */
	STAGE_CLIENT_PIN,
	STAGE_CLIENT_DMA, /* key: the page */
	STAGE_PAGES,
	STAGE_PINNED, /* key: the page */
	STAGE_END,
};

struct ioasb_out {
	struct ioasb_cursor at;
	struct ioasb_rec *recs;
	u32 n;
	u32 room;
	bool pfns;
};

/* dump-out.c */
struct ioasb_rec *ioasb_out_next(struct ioasb_out *out, u32 kind, u32 id);
void ioasb_out_stage(struct ioasb_out *out, u32 stage);
void ioasb_out_object(struct ioasb_out *out, u32 stage);
void ioasb_out_found(struct ioasb_out *out, unsigned long id, u32 stage);

/* tce-read.c: in place of areas. False: the chunk is full. */
bool ioasb_tce_dump(struct ioasb_out *out, struct ioasb_ioas *ioas);

/* client-dma.c. False: the chunk is full. */
bool ioasb_dma_dump(struct ioasb_out *out, struct ioasb_client *client);

/* dump-pages.c: 1: all through, 0: the chunk is full; or -EINTR. */
int ioasb_dump_pages(struct ioasb_ctx *ctx, struct ioasb_out *out);

#endif
