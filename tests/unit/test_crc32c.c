// SPDX-License-Identifier: GPL-2.0-or-later
/* CRC32C: the examples of RFC 3720, B.4, and the definition bit by bit. */
#include "core/crc32c.h"

#include "unit.h"

static void examples(void **state)
{
	static const uint8_t read_pdu[48] = {
		[0] = 0x01,  [1] = 0xc0,  [16] = 0x14, [22] = 0x04,
		[27] = 0x14, [31] = 0x18, [32] = 0x28, [40] = 0x02,
	};
	uint8_t bytes[32];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x113fdb5c);
	assert_int_equal(crc32c(0, read_pdu, sizeof(read_pdu)), 0xd9963a56);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(crc32c(0, NULL, 0), 0);
}

/* The definition: polynomial 0x1edc6f41 reversed, all ones before and after. */
static uint32_t bit_by_bit(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < 8 * size; i++) {
		uint32_t bit = (crc ^ (uint32_t)(bytes[i / 8] >> (i % 8))) & 1;

		crc = crc >> 1 ^ (bit ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void each_byte(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;

		assert_int_equal(crc32c(0, &byte, 1), bit_by_bit(&byte, 1));
	}
}

static void in_parts(void **state)
{
	struct unit_random r = unit_random_new();
	uint8_t bytes[300];

	(void)state;
	for (size_t step = 0; step < unit_steps(2000); step++) {
		size_t size = unit_below(&r, sizeof(bytes) + 1);
		size_t first = unit_below(&r, size + 1);
		uint32_t crc;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)unit_random(&r);
		crc = crc32c(crc32c(0, bytes, first), bytes + first, size - first);
		UNIT_REQUIRE(crc == bit_by_bit(bytes, size), &r, step);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(each_byte),
		cmocka_unit_test(in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
