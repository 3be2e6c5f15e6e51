// SPDX-License-Identifier: GPL-2.0
/* What is told of mediated clients; see note.c. */
#include <linux/sched/signal.h>

#include "hook.h"

static struct ioasb_note_client client_note(struct ioasb_client *client, u64 order)
{
	return (struct ioasb_note_client){
		.at = {
			.size = sizeof(struct ioasb_note_client),
			.ctx = (uintptr_t)client->obj.ctx,
			.ioas = (uintptr_t)client->ioas,
			.ioas_id = client->ioas->obj.id,
			.mode = client->ioas->mode,
			.account = client->ioas->account,
			.order = order,
		},
		.client = (uintptr_t)client,
		.id = client->obj.id,
		.rule = client->refcount ? IOASB_PIN_PAGES : IOASB_PIN_RANGES,
	};
}

static struct ioasb_note_client range_note(struct ioasb_client *client, unsigned long start,
					   unsigned long last)
{
	struct ioasb_note_client note = client_note(client, 0);

	note.start = start;
	note.last = last;
	return note;
}

/* New and gone: ioas->lock for writing. What it forgot is unpinned when it is gone. */
void ioasb_note_client_new(struct ioasb_client *client, u64 order)
{
	struct ioasb_note_client note = client_note(client, order);

	ioasb_hook_client_new(&note);
}

void ioasb_note_client_gone(struct ioasb_client *client, u64 forgotten, u64 order)
{
	struct ioasb_note_client note = client_note(client, order);

	note.count = forgotten;
	note.exiting = client->exiting;
	ioasb_hook_client_gone(&note);
}

/* client->lock; in after the pin, out before the unpin. */
void ioasb_note_client_pin(struct ioasb_client *client, unsigned long start, unsigned long last,
			   u32 prot, u64 order)
{
	struct ioasb_note_client note = range_note(client, start, last);

	note.at.order = order;
	note.count = 1;
	note.prot = prot;
	ioasb_hook_client_pin(&note);
}

void ioasb_note_client_unpin(struct ioasb_client *client, unsigned long start, unsigned long last,
			     u64 count, u64 order)
{
	struct ioasb_note_client note = range_note(client, start, last);

	note.at.order = order;
	note.count = count;
	ioasb_hook_client_unpin(&note);
}

/* client->lock. Its device finds this page there from here on; U64_MAX: where it is itself. */
void ioasb_note_client_dma(struct ioasb_client *client, unsigned long start, unsigned long last,
			   u64 dma, u64 order)
{
	struct ioasb_note_client note = range_note(client, start, last);

	note.at.order = order;
	note.dma = dma;
	ioasb_hook_client_dma(&note);
}

/* Around what a client does, from user space or from another module. No lock. */
void ioasb_note_client_call(struct ioasb_client *client, u32 op, unsigned long start,
			    unsigned long last, u32 prot)
{
	struct ioasb_note_client note = range_note(client, start, last);

	note.op = op;
	note.prot = prot;
	note.exiting = client->exiting;
	ioasb_hook_client_call(&note);
}

void ioasb_note_client_answer(struct ioasb_client *client, u32 op, int result)
{
	struct ioasb_note_client note = client_note(client, 0);

	note.op = op;
	note.result = result;
	ioasb_hook_client_answer(&note);
}

/* Around its callback, for an unmap. client->asking. */
void ioasb_note_client_asked(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_note_client note = range_note(client, start, last);

	ioasb_hook_client_asked(&note);
}

void ioasb_note_client_let_go(struct ioasb_client *client, unsigned long start, unsigned long last)
{
	struct ioasb_note_client note = range_note(client, start, last);

	/* One that is killed on the way may have left something: it is for nobody any more. */
	note.result = fatal_signal_pending(current) ? -EINTR : 0;
	ioasb_hook_client_let_go(&note);
}
