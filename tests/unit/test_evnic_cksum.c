/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Checksum flags: good, bad, and when nothing can be said. */

#include <string.h>

#include "evnic_mock.h"
#include "frame.h"
#include "recorded.h"
#include "unit.h"

static const struct frame_flow flow4 = { "192.0.2.1", "198.51.100.2", 0x1234, 0x5678 };
static const struct frame_flow flow6 = { "2001:db8::1", "2001:db8:2::2", 0x1234, 0x5678 };

#define IP_GOOD EVNIC_F_IP_GOOD
#define IP_BAD	EVNIC_F_IP_BAD
#define L4_GOOD EVNIC_F_L4_GOOD
#define L4_BAD	EVNIC_F_L4_BAD

static uint8_t
flags_of(const uint8_t *bytes, uint32_t len)
{
	struct evnic_parsed parsed;

	evnic_parse(frame_guarded(bytes, len, 0), len, &parsed);
	return parsed.cksum;
}

static uint8_t
flags(const struct frame *f)
{
	return flags_of(f->at, f->len);
}

static void
frames_that_a_kernel_sent_are_good(void **state)
{
	assert_int_equal(flags_of(recorded_udp4, sizeof(recorded_udp4)), IP_GOOD | L4_GOOD);
	assert_int_equal(flags_of(recorded_tcp4, sizeof(recorded_tcp4)), IP_GOOD | L4_GOOD);
	assert_int_equal(flags_of(recorded_udp6, sizeof(recorded_udp6)), L4_GOOD);
	assert_int_equal(flags_of(recorded_tcp6, sizeof(recorded_tcp6)), L4_GOOD);
}

static void
data_of_every_length_is_summed(void **state)
{
	static const uint8_t protos[] = { FRAME_TCP, FRAME_UDP };
	struct frame f;

	for (size_t p = 0; p < UNIT_DIM(protos); p++) {
		for (uint32_t len = 0; len <= 300; len++) {
			frame_make(&f, &flow4, protos[p], len);
			assert_int_equal(flags(&f), IP_GOOD | L4_GOOD);
			frame_make(&f, &flow6, protos[p], len);
			assert_int_equal(flags(&f), L4_GOOD);
			if (len == 0)
				continue;
			f.at[f.len - 1] ^= 0x80;
			assert_int_equal(flags(&f), L4_BAD);
		}
	}
}

static void
a_large_packet_of_ones_does_not_overflow_the_sum(void **state)
{
	struct frame f;

	frame_begin(&f);
	frame_ip(&f, &flow4, FRAME_UDP);
	frame_l4(&f, &flow4, 3900);
	memset(f.at + f.l4 + 8, 0xff, 3900);
	frame_end(&f);
	assert_int_equal(flags(&f), IP_GOOD | L4_GOOD);
	frame_set16(&f, f.l4 + 6, (uint16_t)(frame_get16(&f, f.l4 + 6) + 1));
	assert_int_equal(flags(&f), IP_GOOD | L4_BAD);
}

/* Every single bit that a sum covers. */
static void
assert_every_bit_counts(struct frame *f, uint32_t from, uint32_t to, uint8_t bad)
{
	for (uint32_t bit = from * 8; bit < to * 8; bit++) {
		f->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if ((flags(f) & bad) == 0)
			fail_msg("bit %u of byte %u does not count", bit % 8, bit / 8);
		f->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
every_bit_of_an_ipv4_header_counts(void **state)
{
	struct frame f;

	frame_begin(&f);
	frame_ip(&f, &flow4, FRAME_TCP);
	frame_options(&f, 12);
	frame_l4(&f, &flow4, 1);
	frame_end(&f);
	/* its first byte holds version and length, which decide what is summed at all */
	assert_every_bit_counts(&f, f.ip + 1, f.l4, IP_BAD);
}

static void
every_bit_of_a_segment_and_its_addresses_counts(void **state)
{
	static const uint8_t protos[] = { FRAME_TCP, FRAME_UDP };
	struct frame f;

	for (size_t p = 0; p < UNIT_DIM(protos); p++) {
		const bool udp = protos[p] == FRAME_UDP;

		frame_make(&f, &flow4, protos[p], 9);
		assert_every_bit_counts(&f, f.ip + 12, f.l4 + 4, L4_BAD);
		assert_every_bit_counts(&f, f.l4 + (udp ? 6 : 4), f.len, L4_BAD);
		frame_make(&f, &flow6, protos[p], 9);
		assert_every_bit_counts(&f, f.ip + 8, f.l4 + 4, L4_BAD);
		assert_every_bit_counts(&f, f.l4 + (udp ? 6 : 4), f.len, L4_BAD);
	}
}

static void
a_bad_ip_header_says_nothing_of_the_segment(void **state)
{
	struct frame f;

	frame_make(&f, &flow4, FRAME_TCP, 9);
	f.at[f.ip + 8]--; /* a router that did not do its sum */
	assert_int_equal(flags(&f), IP_BAD | L4_GOOD);
}

/* ---- no checksum ---- */

static void
udp_without_a_checksum_is_unknown_in_ipv4_and_bad_in_ipv6(void **state)
{
	struct frame f;

	frame_make(&f, &flow4, FRAME_UDP, 9);
	frame_set16(&f, f.l4 + 6, 0);
	assert_int_equal(flags(&f), IP_GOOD);
	frame_make(&f, &flow6, FRAME_UDP, 9);
	frame_set16(&f, f.l4 + 6, 0);
	assert_int_equal(flags(&f), L4_BAD);
}

static void
a_checksum_that_comes_out_as_zero_is_sent_as_ones_and_good(void **state)
{
	const struct frame_flow *flows[] = { &flow4, &flow6 };
	struct frame f;

	for (size_t i = 0; i < UNIT_DIM(flows); i++) {
		frame_make(&f, flows[i], FRAME_UDP, 2);
		/* make up the difference to zero in the data */
		frame_set16(&f, f.l4 + 8, 0);
		frame_end(&f);
		frame_set16(&f, f.l4 + 8, frame_get16(&f, f.l4 + 6));
		frame_end(&f);
		assert_int_equal(frame_get16(&f, f.l4 + 6), 0xffff);
		assert_true((flags(&f) & L4_GOOD) != 0);
	}
	/* in TCP, 0 is a checksum as any other */
	frame_make(&f, &flow4, FRAME_TCP, 2);
	frame_set16(&f, f.l4 + 20, 0);
	frame_end(&f);
	frame_set16(&f, f.l4 + 20, frame_get16(&f, f.l4 + 16));
	frame_end(&f);
	assert_int_equal(frame_get16(&f, f.l4 + 16), 0);
	assert_int_equal(flags(&f), IP_GOOD | L4_GOOD);
}

/* ---- nothing can be said ---- */

static void
a_cut_segment_is_unknown(void **state)
{
	struct frame f;

	frame_make(&f, &flow4, FRAME_TCP, 9);
	f.len--;
	assert_int_equal(flags(&f), IP_GOOD);
	frame_make(&f, &flow6, FRAME_TCP, 9);
	f.len--;
	assert_int_equal(flags(&f), 0);
}

static void
a_segment_shorter_than_its_header_is_unknown(void **state)
{
	static const uint8_t protos[] = { FRAME_TCP, FRAME_UDP };
	struct frame f;

	for (size_t p = 0; p < UNIT_DIM(protos); p++) {
		uint32_t header = protos[p] == FRAME_TCP ? 20 : 8;

		for (uint32_t len = 0; len < header; len++) {
			frame_make(&f, &flow4, protos[p], 0);
			f.len = f.l4 + len;
			frame_set16(&f, f.ip + 2, (uint16_t)(20 + len));
			frame_fix_ip(&f);
			assert_int_equal(flags(&f), IP_GOOD);
			frame_make(&f, &flow6, protos[p], 0);
			f.len = f.l4 + len;
			frame_set16(&f, f.ip + 4, (uint16_t)len);
			assert_int_equal(flags(&f), 0);
		}
	}
}

static void
padding_is_not_summed(void **state)
{
	const struct frame_flow *flows[] = { &flow4, &flow6 };
	struct frame f;

	for (size_t i = 0; i < UNIT_DIM(flows); i++) {
		frame_make(&f, flows[i], FRAME_UDP, 1);
		for (int pad = 0; pad < 17; pad++)
			frame_put8(&f, 0xa7);
		assert_true((flags(&f) & L4_GOOD) != 0);
	}
}

static void
a_udp_length_that_differs_from_ips_is_unknown(void **state)
{
	struct frame f;

	for (uint16_t len = 0; len < 30; len++) {
		frame_make(&f, &flow4, FRAME_UDP, 9);
		frame_set16(&f, f.l4 + 4, len);
		assert_int_equal(flags(&f), len == 17 ? IP_GOOD | L4_GOOD : IP_GOOD);
		frame_make(&f, &flow6, FRAME_UDP, 9);
		frame_set16(&f, f.l4 + 4, len);
		assert_int_equal(flags(&f), len == 17 ? L4_GOOD : 0);
	}
}

static void
a_total_length_that_lies_leaves_the_segment_unknown(void **state)
{
	static const uint16_t totals[] = { 0, 1, 19, 50 + 1, 0xffff };
	struct frame f;

	for (size_t i = 0; i < UNIT_DIM(totals); i++) {
		frame_make(&f, &flow4, FRAME_TCP, 10); /* 50 bytes */
		frame_set16(&f, f.ip + 2, totals[i]);
		frame_fix_ip(&f);
		assert_int_equal(flags(&f), IP_GOOD);
		frame_make(&f, &flow6, FRAME_TCP, 10); /* 30 bytes of payload */
		frame_set16(&f, f.ip + 4, totals[i] < 20 ? totals[i] : totals[i] - 20);
		assert_int_equal(flags(&f), 0);
	}
}

static void
fragments_and_what_follows_extensions_are_unknown(void **state)
{
	struct frame f;

	frame_make(&f, &flow4, FRAME_UDP, 9);
	frame_set16(&f, f.ip + 6, 0x2000);
	frame_fix_ip(&f);
	assert_int_equal(flags(&f), IP_GOOD);

	frame_begin(&f);
	frame_ip(&f, &flow6, FRAME_ROUTING);
	frame_extension(&f, 8, FRAME_UDP);
	frame_l4(&f, &flow6, 9);
	frame_end(&f);
	assert_int_equal(flags(&f), 0);
	/* with padding, too, however much */
	for (int pad = 0; pad < 24; pad++) {
		frame_put8(&f, 0);
		assert_int_equal(flags(&f), 0);
	}
}

static void
protocols_other_than_tcp_and_udp_are_unknown(void **state)
{
	static const uint8_t protos[] = { FRAME_SCTP, FRAME_ICMP, FRAME_ICMPV6, 47, 136 };
	struct frame f;

	for (size_t p = 0; p < UNIT_DIM(protos); p++) {
		frame_make(&f, &flow4, protos[p], 20);
		assert_int_equal(flags(&f), IP_GOOD);
		frame_make(&f, &flow6, protos[p], 20);
		assert_int_equal(flags(&f), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_that_a_kernel_sent_are_good),
		cmocka_unit_test(data_of_every_length_is_summed),
		cmocka_unit_test(a_large_packet_of_ones_does_not_overflow_the_sum),
		cmocka_unit_test(every_bit_of_an_ipv4_header_counts),
		cmocka_unit_test(every_bit_of_a_segment_and_its_addresses_counts),
		cmocka_unit_test(a_bad_ip_header_says_nothing_of_the_segment),
		cmocka_unit_test(udp_without_a_checksum_is_unknown_in_ipv4_and_bad_in_ipv6),
		cmocka_unit_test(a_checksum_that_comes_out_as_zero_is_sent_as_ones_and_good),
		cmocka_unit_test(a_cut_segment_is_unknown),
		cmocka_unit_test(a_segment_shorter_than_its_header_is_unknown),
		cmocka_unit_test(padding_is_not_summed),
		cmocka_unit_test(a_udp_length_that_differs_from_ips_is_unknown),
		cmocka_unit_test(a_total_length_that_lies_leaves_the_segment_unknown),
		cmocka_unit_test(fragments_and_what_follows_extensions_are_unknown),
		cmocka_unit_test(protocols_other_than_tcp_and_udp_are_unknown),
	};

	return UNIT_RUN(tests);
}
