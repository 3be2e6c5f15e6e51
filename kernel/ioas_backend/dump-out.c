// SPDX-License-Identifier: GPL-2.0
#include "dump.h"

/* NULL: the chunk is full. */
struct ioasb_rec *ioasb_out_next(struct ioasb_out *out, u32 kind, u32 id)
{
	struct ioasb_rec *rec;

	if (out->n == out->room)
		return NULL;
	rec = &out->recs[out->n++];
	memset(rec, 0, sizeof(*rec));
	rec->kind = kind;
	rec->id = id;
	return rec;
}

/* The stage is through: go on with the next one, from its beginning. */
void ioasb_out_stage(struct ioasb_out *out, u32 stage)
{
	out->at.stage = stage;
	out->at.key = 0;
}

void ioasb_out_object(struct ioasb_out *out, u32 stage)
{
	ioasb_out_stage(out, stage);
	out->at.id++;
}

/* If the object that the cursor was in is gone, the next one is told from its beginning. */
void ioasb_out_found(struct ioasb_out *out, unsigned long id, u32 stage)
{
	if (out->at.id == id)
		return;
	out->at.id = id;
	ioasb_out_stage(out, stage);
}
