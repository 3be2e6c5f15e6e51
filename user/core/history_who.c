// SPDX-License-Identifier: GPL-2.0-or-later
/* The history: who did it. A few do most of it: each is kept once. */
#include <string.h>

#include "core/history_impl.h"

struct who_slot *history_who_get(struct history *h, const struct ioas_event *ev)
{
	const struct ioas_alloc *hash_alloc = &h->alloc;
	struct history_who key;
	struct who_slot *who;

	if (!ev->tgid && !ev->comm[0])
		return NULL;
	memset(&key, 0, sizeof(key)); /* it is hashed by its bytes */
	key.tgid = ev->tgid;
	key.tid = ev->tid;
	key.uid = ev->uid;
	memcpy(key.comm, ev->comm, strnlen(ev->comm, sizeof(key.comm) - 1));
	HASH_FIND(hh, h->whos, &key, sizeof(key), who);
	if (who)
		return history_who_share(who);
	who = ioas_alloc_zeroed(&h->alloc, sizeof(*who));
	if (!who)
		return NULL;
	who->who = key;
	who->refs = 1;
	HASH_ADD(hh, h->whos, who, sizeof(key), who);
	if (!who->hh.tbl) {
		ioas_alloc_release(&h->alloc, who);
		return NULL;
	}
	return who;
}

struct who_slot *history_who_share(struct who_slot *who)
{
	if (who)
		who->refs++;
	return who;
}

void history_who_put(struct history *h, struct who_slot *who)
{
	const struct ioas_alloc *hash_alloc = &h->alloc;

	if (!who || --who->refs)
		return;
	HASH_DEL(h->whos, who);
	ioas_alloc_release(&h->alloc, who);
}
