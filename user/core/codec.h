/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and events as files hold them: little-endian and without holes, on
 * any host. An event on disk has the layout of struct ioas_event on a 64-bit
 * little-endian host, its length first.
 */
#ifndef CORE_CODEC_H
#define CORE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "ioascope/event.h"

#define CODEC_EVENT_SIZE 184

static inline void codec_put(uint8_t *at, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t codec_get(const uint8_t *at, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

static inline void codec_put16(uint8_t *at, uint16_t value)
{
	codec_put(at, value, 2);
}

static inline void codec_put32(uint8_t *at, uint32_t value)
{
	codec_put(at, value, 4);
}

static inline void codec_put64(uint8_t *at, uint64_t value)
{
	codec_put(at, value, 8);
}

static inline uint16_t codec_get16(const uint8_t *at)
{
	return (uint16_t)codec_get(at, 2);
}

static inline uint32_t codec_get32(const uint8_t *at)
{
	return (uint32_t)codec_get(at, 4);
}

static inline uint64_t codec_get64(const uint8_t *at)
{
	return codec_get(at, 8);
}

/*
 * Writes an event that has passed ioas_event_check() as CODEC_EVENT_SIZE bytes.
 * Bytes that its kind does not use are 0.
 */
void codec_put_event(uint8_t *at, const struct ioas_event *ev);

/*
 * Reads the record at `at`, of which `size` bytes can be read, into *ev; its
 * .len is then that of struct ioas_event. What a longer record has more is not
 * looked at, what a shorter one lacks is 0. Of a kind that this version does not
 * know, the header is read and the body is 0. Fields may hold anything: see
 * ioas_event_check_fields(). Returns the bytes that the record takes, or
 * -EBADMSG with *ev untouched: no whole record, or shorter than the header.
 */
int codec_get_event(const uint8_t *at, size_t size, struct ioas_event *ev);

#endif
