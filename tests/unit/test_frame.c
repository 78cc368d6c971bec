/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The hand-made frames that other tests judge by, held against what others computed. */

#include <string.h>

#include "frame.h"
#include "recorded.h"
#include "unit.h"

static void
the_checksum_is_that_of_rfc_1071(void **state)
{
	/* section 3: the sum of these bytes is ddf2 */
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	static const uint8_t zeros[3];

	assert_int_equal(frame_cksum(example, sizeof(example), 0), 0xffff - 0xddf2);
	assert_int_equal(frame_cksum(zeros, sizeof(zeros), 0), 0xffff);
	/* an odd byte is the high half of its word */
	assert_int_equal(frame_cksum(example, 3, 0), 0xffff - 0xf201);
}

/* Wipe what frame_end() is to make true, and see whether it comes out as the kernel had it. */
static void
assert_made_true(const uint8_t *recorded, uint32_t len, int version, uint8_t proto)
{
	uint32_t l4 = version == 4 ? 34 : 54;
	struct frame f = { .len = len, .version = version, .ip = 14, .l4 = l4, .proto = proto };

	memcpy(f.at, recorded, len);
	if (version == 4) {
		frame_set16(&f, 14 + 2, 0xabcd);
		frame_set16(&f, 14 + 10, 0xabcd);
	} else {
		frame_set16(&f, 14 + 4, 0xabcd);
	}
	if (proto == FRAME_UDP)
		frame_set16(&f, l4 + 4, 0xabcd);
	frame_set16(&f, l4 + (proto == FRAME_UDP ? 6 : 16), 0xabcd);
	frame_end(&f);
	assert_int_equal(f.len, len);
	assert_memory_equal(f.at, recorded, len);
}

static void
lengths_and_checksums_come_out_as_a_kernel_has_them(void **state)
{
	assert_made_true(recorded_udp4, sizeof(recorded_udp4), 4, FRAME_UDP);
	assert_made_true(recorded_tcp4, sizeof(recorded_tcp4), 4, FRAME_TCP);
	assert_made_true(recorded_udp6, sizeof(recorded_udp6), 6, FRAME_UDP);
	assert_made_true(recorded_tcp6, sizeof(recorded_tcp6), 6, FRAME_TCP);
}

static void
headers_are_where_the_recorded_ones_are(void **state)
{
	const struct frame_flow flow4 = { "192.0.2.10", "198.51.100.2", 0xb29a, 0x1452 };
	const struct frame_flow flow6 = { "2001:db8:1::10", "2001:db8:2::2", 0xc81a, 0x0050 };
	struct frame f;

	frame_make(&f, &flow4, FRAME_UDP, 4);
	assert_int_equal(f.len, sizeof(recorded_udp4));
	assert_memory_equal(f.at + 12, recorded_udp4 + 12, 6);	/* up to the total length */
	assert_memory_equal(f.at + 20, recorded_udp4 + 20, 4);	/* fragment, TTL, protocol */
	assert_memory_equal(f.at + 26, recorded_udp4 + 26, 14); /* addresses, ports, length */

	frame_make(&f, &flow6, FRAME_TCP, 12);
	assert_int_equal(f.len, sizeof(recorded_tcp6));
	assert_memory_equal(f.at + 12, recorded_tcp6 + 12, 2);
	assert_memory_equal(f.at + 18, recorded_tcp6 + 18, 40); /* length to ports */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_that_of_rfc_1071),
		cmocka_unit_test(lengths_and_checksums_come_out_as_a_kernel_has_them),
		cmocka_unit_test(headers_are_where_the_recorded_ones_are),
	};

	return UNIT_RUN(tests);
}
