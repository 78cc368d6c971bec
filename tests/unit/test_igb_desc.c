/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Descriptors as the datasheet draws them (7.1.5, 7.2.2), bit by bit, and what they come to in a
 * mbuf. */

#include <igb_desc.h>

#include "unit.h"

#define IP_GOOD RTE_MBUF_F_RX_IP_CKSUM_GOOD
#define IP_BAD	RTE_MBUF_F_RX_IP_CKSUM_BAD
#define L4_GOOD RTE_MBUF_F_RX_L4_CKSUM_GOOD
#define L4_BAD	RTE_MBUF_F_RX_L4_CKSUM_BAD
#define HASH	RTE_MBUF_F_RX_RSS_HASH
#define VLAN	(RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED)

static uint64_t
flags_of(uint64_t low, uint64_t high)
{
	return igb_rx_flags(igb_rx_flags_index(low, high));
}

static void
descriptors_are_sixteen_bytes(void **state)
{
	assert_int_equal(sizeof(union igb_rx_desc), IGB_DESC_SIZE);
	assert_int_equal(sizeof(union igb_tx_desc), IGB_DESC_SIZE);
	assert_int_equal(offsetof(union igb_tx_desc, data.status), 12);
	assert_int_equal(offsetof(union igb_tx_desc, ctx.slot), 12);
}

/* Write-back bits by their numbers. */
static void
flags_of_a_frame_follow_from_its_status(void **state)
{
	const uint64_t done = 1 << 0 | 1 << 1, vp = 1 << 3, udpcs = 1 << 4, l4cs = 1 << 5,
		       ipcs = 1 << 6, l4e = UINT64_C(1) << 29, ipe = UINT64_C(1) << 30;
	static const uint64_t none = 0, tcp4 = 1;

	assert_int_equal(flags_of(none, done), 0);
	assert_int_equal(flags_of(tcp4, done), HASH);
	assert_int_equal(flags_of(none, done | vp), VLAN);
	assert_int_equal(flags_of(none, done | ipcs), IP_GOOD);
	assert_int_equal(flags_of(none, done | ipcs | ipe), IP_BAD);
	assert_int_equal(flags_of(none, done | ipcs | l4cs), IP_GOOD | L4_GOOD);
	assert_int_equal(flags_of(none, done | ipcs | l4cs | l4e), IP_GOOD | L4_BAD);
	assert_int_equal(flags_of(none, done | udpcs | l4cs), L4_GOOD);
	assert_int_equal(flags_of(none, done | udpcs | l4e), L4_BAD);
	assert_int_equal(flags_of(tcp4, done | vp | ipcs | ipe | l4cs | l4e),
			 HASH | VLAN | IP_BAD | L4_BAD);
	/* an error without a look at that checksum says nothing */
	assert_int_equal(flags_of(none, done | l4e | ipe), 0);
}

/* Length, VLAN tag and other bits of the quadword have no part in the flags. */
static void
flags_do_not_depend_on_what_is_beside_them(void **state)
{
	uint64_t random = 3;

	for (int i = 0; i < 100000; i++) {
		uint64_t low = unit_random(&random), high = unit_random(&random);
		uint64_t of_status = UINT64_C(0x60000078);
		uint32_t index = igb_rx_flags_index(low, high);

		assert_in_range(index, 0, IGB_NB_RX_FLAGS - 1);
		assert_int_equal(index, igb_rx_flags_index(low & 0xf, high & of_status));
	}
}

static void
types_of_frames_are_those_of_their_headers(void **state)
{
	static const struct {
		uint32_t type, ptype;
	} cases[] = {
		{ 0, RTE_PTYPE_L2_ETHER },
		{ 0x01, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 },
		{ 0x11, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_TCP },
		{ 0x21, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_UDP },
		{ 0x41, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_SCTP },
		{ 0x03, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT },
		{ 0x13, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT | RTE_PTYPE_L4_TCP },
		{ 0x04, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6 },
		{ 0x14, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6 | RTE_PTYPE_L4_TCP },
		{ 0x2c, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT | RTE_PTYPE_L4_UDP },
		{ 0x05, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_TUNNEL_IP |
				RTE_PTYPE_INNER_L3_IPV6 },
		{ 0x1d, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_TUNNEL_IP |
				RTE_PTYPE_INNER_L3_IPV6_EXT | RTE_PTYPE_INNER_L4_TCP },
	};

	for (size_t i = 0; i < UNIT_DIM(cases); i++)
		assert_int_equal(igb_rx_ptype(cases[i].type), cases[i].ptype);
}

static void
the_write_back_is_read_where_the_datasheet_has_it(void **state)
{
	/* RSS type 7, packet type IPv4 UDP, hash; done, length 1234, tag 0x6123 */
	uint64_t low = UINT64_C(0xdeadbeef00000217), high = UINT64_C(0x612304d200000003);

	assert_int_equal(IGB_RX_RSS_TYPE(low), 7);
	assert_int_equal(IGB_RX_TYPE(low), IGB_RX_IP4 | IGB_RX_UDP);
	assert_false(IGB_RX_IS_ETQF(low));
	assert_true(IGB_RX_IS_ETQF(low | 0x8000));
	assert_int_equal(IGB_RX_LENGTH(high), 1234);
}

static void
a_context_says_what_the_headers_are(void **state)
{
	struct rte_mbuf m = { .l2_len = 14, .l3_len = 20, .vlan_tci = 0x6123 };
	struct igb_tx_context c;

	m.ol_flags = RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	c = igb_tx_context_of(&m);
	assert_int_equal(c.lens, 14 << 9 | 20);
	/* DTYP 2, DEXT, IPV4, L4T 1 */
	assert_int_equal(c.type, 0x20000000 | 0x00200000 | 0x400 | 0x800);

	m.ol_flags = RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_VLAN;
	m.l3_len = 40;
	c = igb_tx_context_of(&m);
	assert_int_equal(c.lens, UINT32_C(0x6123) << 16 | 14 << 9 | 40);
	assert_int_equal(c.type, 0x20000000 | 0x00200000);

	m.ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_SCTP_CKSUM;
	assert_int_equal(igb_tx_context_of(&m).type, 0x20000000 | 0x00200000 | 0x400 | 0x1000);
}

static void
offloads_are_asked_for_in_the_data_descriptor(void **state)
{
	assert_int_equal(igb_tx_offload_cmd(0), 0);
	assert_int_equal(igb_tx_offload_cmd(RTE_MBUF_F_TX_VLAN), 0x40000000);
	assert_int_equal(igb_tx_offload_status(0), 0);
	assert_int_equal(igb_tx_offload_status(RTE_MBUF_F_TX_IP_CKSUM), 0x100);
	assert_int_equal(igb_tx_offload_status(RTE_MBUF_F_TX_TCP_CKSUM), 0x200);
	assert_int_equal(igb_tx_offload_status(RTE_MBUF_F_TX_UDP_CKSUM), 0x200);
	assert_int_equal(igb_tx_offload_status(RTE_MBUF_F_TX_SCTP_CKSUM | RTE_MBUF_F_TX_IP_CKSUM),
			 0x300);
	assert_int_equal(IGB_TX_PAYLEN((1u << 18) - 1), UINT32_C(0xffffc000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_sixteen_bytes),
		cmocka_unit_test(flags_of_a_frame_follow_from_its_status),
		cmocka_unit_test(flags_do_not_depend_on_what_is_beside_them),
		cmocka_unit_test(types_of_frames_are_those_of_their_headers),
		cmocka_unit_test(the_write_back_is_read_where_the_datasheet_has_it),
		cmocka_unit_test(a_context_says_what_the_headers_are),
		cmocka_unit_test(offloads_are_asked_for_in_the_data_descriptor),
	};

	return UNIT_RUN(tests);
}
