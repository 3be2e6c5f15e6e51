// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading recordings: the chunk at a place of the file. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/crc32c.h"
#include "core/recording_impl.h"

ssize_t rec_read(int fd, uint64_t offset, void *to, size_t size)
{
	size_t done = 0;

	if (offset > INT64_MAX - size)
		return 0;
	while (done < size) {
		ssize_t n = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

uint64_t rec_after(uint64_t offset, const struct rec_chunk *chunk)
{
	return offset + REC_CHUNK_HEADER + chunk->stored;
}

enum rec_found rec_find_chunk(const struct recording *r, uint64_t offset, struct rec_chunk *chunk,
			      const char **why)
{
	uint8_t header[REC_CHUNK_HEADER];
	ssize_t n = rec_read(r->fd, offset, header, sizeof(header));
	struct stat st;

	*why = "it cannot be read";
	if (n < 0)
		return REC_BAD;
	if (n == 0)
		return REC_NOTHING;
	if ((size_t)n < sizeof(header))
		return REC_SHORT;
	if (rec_get_chunk(header, chunk, why))
		return REC_BAD;
	/* So that a length that is not true costs no memory. */
	if (fstat(r->fd, &st) || rec_after(offset, chunk) > (uint64_t)st.st_size)
		return REC_SHORT;
	return REC_FOUND;
}

static int reserve(uint8_t **at, size_t *capacity, size_t size)
{
	uint8_t *more;

	if (*at && size <= *capacity)
		return 0;
	/* What was in it is not needed. Nothing at all has an address, too. */
	more = malloc(size ? size : 1);
	if (!more)
		return -ENOMEM;
	free(*at);
	*at = more;
	*capacity = size;
	return 0;
}

static int decompress(struct recording *r, const struct rec_chunk *chunk, struct rec_bytes *into)
{
	size_t n;

	/* One frame, of the length that the header tells; before memory is taken for it. */
	if (ZSTD_getFrameContentSize(r->stored, chunk->stored) != chunk->raw ||
	    ZSTD_findFrameCompressedSize(r->stored, chunk->stored) != chunk->stored)
		return -EBADMSG;
	if (reserve(&into->at, &into->capacity, chunk->raw))
		return -ENOMEM;
	n = ZSTD_decompressDCtx(r->zstd, into->at, chunk->raw, r->stored, chunk->stored);
	if (ZSTD_isError(n))
		return ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
	into->size = n;
	return n == chunk->raw ? 0 : -EBADMSG;
}

int rec_load_chunk(struct recording *r, uint64_t offset, const struct rec_chunk *chunk,
		   struct rec_bytes *into, const char **why)
{
	ssize_t n;
	int err;

	into->size = 0;
	if (reserve(&r->stored, &r->stored_capacity, chunk->stored))
		return -ENOMEM;
	n = rec_read(r->fd, offset + REC_CHUNK_HEADER, r->stored, chunk->stored);
	*why = "it cannot be read";
	if (n != (ssize_t)chunk->stored)
		return -EBADMSG;
	*why = "its checksum is wrong";
	if (!rec_crc_holds(crc32c(0, r->stored, chunk->stored), chunk->payload_crc))
		return -EBADMSG;
	*why = "it cannot be decompressed";
	err = decompress(r, chunk, into);
	if (err)
		into->size = 0;
	return err;
}
