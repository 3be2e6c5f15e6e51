// SPDX-License-Identifier: GPL-2.0
/* What looks at the table of an IOAS of mode TCE: data, LOOKUP, DUMP, the attach of a device. */
#include <linux/capability.h>
#include <linux/highmem.h>
#include <linux/pgtable.h>

#include "dump.h"
#include "tce.h"

/* 0: nothing is there. */
static u64 word_at(const struct ioasb_tce *tce, unsigned long iova)
{
	if (iova < tce->start || iova > ioasb_tce_last(tce))
		return 0;
	return READ_ONCE(tce->words[(iova - tce->start) >> PAGE_SHIFT]);
}

static int move(u64 word, unsigned long iova, void *buf, u32 n, bool write)
{
	struct page *page = pfn_to_page(ioasb_tce_pfn(word));

	if (!word)
		return -ENOENT;
	if (!(word & (write ? IOASB_WRITEABLE : IOASB_READABLE)))
		return -EPERM;
	if (write)
		memcpy_to_page(page, offset_in_page(iova), buf, n);
	else
		memcpy_from_page(buf, page, offset_in_page(iova), n);
	return 0;
}

/* n bytes of one page. What was exchanged meanwhile is not unpinned before this is through. */
int ioasb_tce_access(struct ioasb_ioas *ioas, unsigned long iova, void *buf, u32 n, bool write)
{
	struct ioasb_tce *tce = ioas->tce;
	int rc;

	down_read(&tce->access);
	smp_mb(); /* with the exchange before ioasb_tce_settle() */
	rc = move(word_at(tce, iova), iova, buf, n, write);
	up_read(&tce->access);
	return rc;
}

int ioasb_tce_lookup(struct ioasb_ioas *ioas, struct ioasb_lookup *cmd)
{
	u64 word = word_at(ioas->tce, cmd->iova);

	if (!word)
		return -ENOENT;
	cmd->out_flags = (word & IOASB_TCE_PROT) | IOASB_LOOKUP_PINNED;
	cmd->out_pages_id = 0;
	cmd->out_start = cmd->iova & PAGE_MASK;
	cmd->out_last = cmd->iova | ~PAGE_MASK;
	cmd->out_user_va = 0;
	cmd->out_pfn = capable(CAP_SYS_ADMIN) ? ioasb_tce_pfn(word) : 0;
	return 0;
}

bool ioasb_tce_in_way(const struct ioasb_ioas *ioas, unsigned long start, unsigned long last)
{
	return ioas->tce && start <= ioasb_tce_last(ioas->tce) && last >= ioas->tce->start;
}

u64 ioasb_tce_mapped(const struct ioasb_ioas *ioas)
{
	return (u64)atomic64_read(&ioas->tce->npinned) << PAGE_SHIFT;
}

static bool put_table(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	const struct ioasb_tce *tce = ioas->tce;
	struct ioasb_rec *rec = ioasb_out_next(out, IOASB_REC_TCE, ioas->obj.id);

	if (!rec)
		return false;
	rec->tce.start = tce->start;
	rec->tce.last = ioasb_tce_last(tce);
	rec->tce.npinned = atomic64_read(&tce->npinned);
	if (tce->charge.account != IOASB_ACCOUNT_NONE)
		rec->tce.ncharged = READ_ONCE(tce->charge.npages);
	rec->tce.replaced = atomic64_read(&tce->replaced);
	rec->tce.bytes = tce->npages * sizeof(*tce->words);
	rec->tce.account = tce->charge.account;
	rec->tce.uid = from_kuid_munged(current_user_ns(), tce->charge.owner->uid);
	return true;
}

/* Does the entry go on where the one before it ended? */
static bool goes_on(const struct ioasb_out *out, u64 first, u64 word, unsigned long n)
{
	if (!out->pfns)
		return word && (word & IOASB_TCE_PROT) == (first & IOASB_TCE_PROT);
	return word == first + ((u64)n << PAGE_SHIFT);
}

static bool put_entries(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	const struct ioasb_tce *tce = ioas->tce;
	unsigned long i, n;

	for (i = out->at.key; i < tce->npages; i += n) {
		u64 first = READ_ONCE(tce->words[i]);
		struct ioasb_rec *rec;

		n = 1;
		if (!(i % IOASB_CHUNK_PAGES))
			cond_resched();
		if (!first)
			continue;
		rec = ioasb_out_next(out, IOASB_REC_TCE_ENTRY, ioas->obj.id);
		if (!rec) {
			out->at.key = i;
			return false;
		}
		while (i + n < tce->npages && goes_on(out, first, READ_ONCE(tce->words[i + n]), n))
			n++;
		rec->tce_entry.start = ioasb_tce_iova(tce, i);
		rec->tce_entry.last = rec->tce_entry.start + ((n << PAGE_SHIFT) - 1);
		rec->tce_entry.pfn = out->pfns ? ioasb_tce_pfn(first) : 0;
		rec->tce_entry.prot = first & IOASB_TCE_PROT;
	}
	return true;
}

/* In place of areas; the cursor's stage is that of areas, or after the table, of entries. */
bool ioasb_tce_dump(struct ioasb_out *out, struct ioasb_ioas *ioas)
{
	if (out->at.stage == STAGE_AREA) {
		if (!put_table(out, ioas))
			return false;
		ioasb_out_stage(out, STAGE_TCE_ENTRY);
	}
	return put_entries(out, ioas);
}

/* The page frame at an address of the window; U64_MAX: none. */
u64 ioasb_tce_frame(const struct ioasb_ioas *ioas, unsigned long iova)
{
	u64 word = word_at(ioas->tce, iova);

	return word ? ioasb_tce_pfn(word) : U64_MAX;
}

/*
 * The first page at or behind @start, in the window, that is mapped, or is not; @last, which ends a
 * page, if there is none.
 */
unsigned long ioasb_tce_next(const struct ioasb_ioas *ioas, unsigned long start, unsigned long last,
			     bool set)
{
	while (start < last && !!word_at(ioas->tce, start) != set) {
		if (last - start < PAGE_SIZE)
			return last;
		start += PAGE_SIZE;
		if (!(start & (PMD_SIZE - 1)))
			cond_resched();
	}
	return start;
}
