/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What a frame is: packet type, and what of it is hashed. One rule a test. */

#include <string.h>

#include "evnic_mock.h"
#include "frame.h"
#include "unit.h"

static const struct frame_flow flow4 = { "192.0.2.1", "198.51.100.2", 0x1234, 0x5678 };
static const struct frame_flow flow6 = { "2001:db8::1", "2001:db8:2::2", 0x1234, 0x5678 };

static struct frame f;
static struct evnic_parsed parsed;

static void
parse(void)
{
	memset(&parsed, 0xff, sizeof(parsed));
	evnic_parse(frame_guarded(f.at, f.len, 0), f.len, &parsed);
}

/* No IP header that could be believed: nothing but the layer 2 type. */
static void
assert_no_ip(uint32_t l2)
{
	parse();
	assert_int_equal(parsed.ptype, l2);
	assert_int_equal(parsed.addr_words, 0);
	assert_false(parsed.has_ports);
	assert_int_equal(parsed.cksum, 0);
	assert_true(parsed.rss_ip == 0 && parsed.rss_l4 == 0);
}

/* Its addresses are those of the flow, and it has ports or not. */
static void
assert_ip(uint32_t ptype, bool has_ports)
{
	int words = f.version == 4 ? 2 : 8;
	uint32_t at = f.version == 4 ? f.ip + 12 : f.ip + 8;

	parse();
	assert_int_equal(parsed.ptype, ptype);
	assert_int_equal(parsed.addr_words, words);
	for (int i = 0; i < words; i++, at += 4)
		assert_int_equal(parsed.tuple[i],
				 (uint32_t)frame_get16(&f, at) << 16 | frame_get16(&f, at + 2));
	assert_int_equal(parsed.has_ports, has_ports);
	assert_int_equal(parsed.tuple[words], has_ports ? 0x12345678 : 0);
	assert_true(has_ports || parsed.rss_l4 == 0);
}

/* ---- layer 2 ---- */

static void
a_frame_shorter_than_an_ethernet_header_is_nothing(void **state)
{
	frame_make(&f, &flow4, FRAME_UDP, 0);
	for (f.len = 0; f.len < 14; f.len++)
		assert_no_ip(0);
}

static void
up_to_two_tags_of_any_kind_are_skipped(void **state)
{
	static const uint16_t tpids[] = { 0x8100, 0x88a8, 0x9100 };

	for (size_t i = 0; i < UNIT_DIM(tpids); i++) {
		frame_begin(&f);
		frame_tag(&f, tpids[i]);
		frame_ip(&f, &flow4, FRAME_UDP);
		frame_l4(&f, &flow4, 4);
		frame_end(&f);
		assert_ip(RTE_PTYPE_L2_ETHER_VLAN | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_UDP, true);
		for (size_t j = 0; j < UNIT_DIM(tpids); j++) {
			frame_begin(&f);
			frame_tag(&f, tpids[i]);
			frame_tag(&f, tpids[j]);
			frame_ip(&f, &flow6, FRAME_TCP);
			frame_l4(&f, &flow6, 4);
			frame_end(&f);
			assert_ip(RTE_PTYPE_L2_ETHER_QINQ | RTE_PTYPE_L3_IPV6 | RTE_PTYPE_L4_TCP,
				  true);
		}
	}
}

static void
a_third_tag_is_not_looked_behind(void **state)
{
	frame_begin(&f);
	for (int i = 0; i < 3; i++)
		frame_tag(&f, 0x8100);
	frame_ip(&f, &flow4, FRAME_UDP);
	frame_l4(&f, &flow4, 4);
	frame_end(&f);
	assert_no_ip(RTE_PTYPE_L2_ETHER_QINQ);
}

static void
other_ethertypes_are_not_ip(void **state)
{
	/* a length of 802.3, TRILL, MPLS, PPPoE, and IPv4's with the halves swapped */
	static const uint16_t types[] = { 0, 46, 1500, 0x22f3, 0x8847, 0x8864, 0x0008, 0x9200 };

	frame_make(&f, &flow4, FRAME_UDP, 4);
	for (size_t i = 0; i < UNIT_DIM(types); i++) {
		frame_set16(&f, 12, types[i]);
		assert_no_ip(RTE_PTYPE_L2_ETHER);
	}
}

static void
arp_is_named_with_and_without_tags(void **state)
{
	for (int tags = 0; tags <= 2; tags++) {
		frame_begin(&f);
		for (int i = 0; i < tags; i++)
			frame_tag(&f, 0x8100);
		frame_put16(&f, 0x0806);
		for (int i = 0; i < 28; i++)
			frame_put8(&f, 0x45);
		assert_no_ip(RTE_PTYPE_L2_ETHER_ARP);
	}
}

/* ---- IPv4 ---- */

#define ETHER_IPV4     (RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4)
#define ETHER_IPV4_EXT (RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4_EXT)

static void
ipv4_protocols_are_named(void **state)
{
	static const struct {
		uint8_t proto;
		bool has_ports;
		uint32_t ptype;
		uint64_t rss_ip, rss_l4;
	} table[] = {
		{ FRAME_TCP, true, RTE_PTYPE_L4_TCP, 0, RTE_ETH_RSS_NONFRAG_IPV4_TCP },
		{ FRAME_UDP, true, RTE_PTYPE_L4_UDP, 0, RTE_ETH_RSS_NONFRAG_IPV4_UDP },
		{ FRAME_SCTP, true, RTE_PTYPE_L4_SCTP, 0, RTE_ETH_RSS_NONFRAG_IPV4_SCTP },
		{ FRAME_ICMP, false, RTE_PTYPE_L4_ICMP, RTE_ETH_RSS_NONFRAG_IPV4_OTHER, 0 },
		{ FRAME_ICMPV6, false, 0, RTE_ETH_RSS_NONFRAG_IPV4_OTHER, 0 },
		{ 47, false, 0, RTE_ETH_RSS_NONFRAG_IPV4_OTHER, 0 },
		/* what would be extensions in IPv6 */
		{ FRAME_HOP_BY_HOP, false, 0, RTE_ETH_RSS_NONFRAG_IPV4_OTHER, 0 },
		{ FRAME_FRAGMENT, false, 0, RTE_ETH_RSS_NONFRAG_IPV4_OTHER, 0 },
	};

	for (size_t i = 0; i < UNIT_DIM(table); i++) {
		frame_make(&f, &flow4, table[i].proto, 20);
		assert_ip(ETHER_IPV4 | table[i].ptype, table[i].has_ports);
		assert_true(parsed.rss_ip == (RTE_ETH_RSS_IPV4 | table[i].rss_ip));
		assert_true(parsed.rss_l4 == table[i].rss_l4);
	}
}

static void
ipv4_options_of_any_length_are_skipped(void **state)
{
	for (uint32_t options = 4; options <= 40; options += 4) {
		frame_begin(&f);
		frame_ip(&f, &flow4, FRAME_TCP);
		frame_options(&f, options);
		frame_l4(&f, &flow4, 3);
		frame_end(&f);
		assert_ip(ETHER_IPV4_EXT | RTE_PTYPE_L4_TCP, true);
	}
}

static void
an_ipv4_header_length_that_lies_is_not_believed(void **state)
{
	for (int ihl = 0; ihl < 16; ihl++) {
		frame_make(&f, &flow4, FRAME_UDP, 0); /* 28 bytes of IP */
		f.at[f.ip] = (uint8_t)(0x40 | ihl);
		frame_fix_ip(&f);
		if (ihl < 5 || ihl > 7)
			assert_no_ip(RTE_PTYPE_L2_ETHER);
		else if (ihl == 5)
			assert_ip(ETHER_IPV4 | RTE_PTYPE_L4_UDP, true);
	}
	/* 7 words: the header takes the ports, and nothing is left */
	frame_make(&f, &flow4, FRAME_UDP, 0);
	f.at[f.ip] = 0x47;
	assert_ip(ETHER_IPV4_EXT | RTE_PTYPE_L4_UDP, false);
}

static void
an_ipv4_version_that_lies_is_not_believed(void **state)
{
	for (int version = 0; version < 16; version++) {
		frame_make(&f, &flow4, FRAME_UDP, 20);
		f.at[f.ip] = (uint8_t)(version << 4 | 5);
		if (version != 4)
			assert_no_ip(RTE_PTYPE_L2_ETHER);
	}
}

static void
ipv4_ports_lie_within_the_total_length(void **state)
{
	frame_make(&f, &flow4, FRAME_UDP, 20);
	for (uint16_t total = 1; total <= 100; total++) {
		frame_set16(&f, f.ip + 2, total);
		assert_ip(ETHER_IPV4 | RTE_PTYPE_L4_UDP, total >= 24);
	}
	/* cut up by the sender's NIC, recorded before it was */
	frame_set16(&f, f.ip + 2, 0);
	assert_ip(ETHER_IPV4 | RTE_PTYPE_L4_UDP, true);
}

static void
padding_is_no_part_of_an_ipv4_packet(void **state)
{
	frame_make(&f, &flow4, FRAME_TCP, 0);
	/* 2 bytes of TCP; what follows pads the frame to 60 bytes, and is no port */
	frame_set16(&f, f.ip + 2, 22);
	f.len = 60;
	assert_ip(ETHER_IPV4 | RTE_PTYPE_L4_TCP, false);
}

static void
ipv4_fragments_have_no_ports(void **state)
{
	static const uint16_t fragments[] = { 0x2000, 0x0001, 0x2001, 0x1fff, 0x6000 };
	static const uint16_t whole[] = { 0x0000, 0x4000, 0x8000, 0xc000 };

	for (size_t i = 0; i < UNIT_DIM(fragments); i++) {
		frame_make(&f, &flow4, FRAME_UDP, 20);
		frame_set16(&f, f.ip + 6, fragments[i]);
		assert_ip(ETHER_IPV4 | RTE_PTYPE_L4_FRAG, false);
		assert_true(parsed.rss_ip == (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4));
	}
	for (size_t i = 0; i < UNIT_DIM(whole); i++) {
		frame_make(&f, &flow4, FRAME_UDP, 20);
		frame_set16(&f, f.ip + 6, whole[i]);
		assert_ip(ETHER_IPV4 | RTE_PTYPE_L4_UDP, true);
	}
}

/* ---- IPv6 ---- */

#define ETHER_IPV6     (RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6)
#define ETHER_IPV6_EXT (RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV6_EXT)

static void
ipv6_protocols_are_named(void **state)
{
	static const struct {
		uint8_t proto;
		bool has_ports;
		uint32_t ptype;
		uint64_t rss_ip, rss_l4;
	} table[] = {
		{ FRAME_TCP, true, RTE_PTYPE_L4_TCP, 0, RTE_ETH_RSS_NONFRAG_IPV6_TCP },
		{ FRAME_UDP, true, RTE_PTYPE_L4_UDP, 0, RTE_ETH_RSS_NONFRAG_IPV6_UDP },
		{ FRAME_SCTP, true, RTE_PTYPE_L4_SCTP, 0, RTE_ETH_RSS_NONFRAG_IPV6_SCTP },
		{ FRAME_ICMPV6, false, RTE_PTYPE_L4_ICMP, RTE_ETH_RSS_NONFRAG_IPV6_OTHER, 0 },
		{ FRAME_ICMP, false, 0, RTE_ETH_RSS_NONFRAG_IPV6_OTHER, 0 },
		{ 59, false, 0, RTE_ETH_RSS_NONFRAG_IPV6_OTHER, 0 },
	};

	for (size_t i = 0; i < UNIT_DIM(table); i++) {
		frame_make(&f, &flow6, table[i].proto, 20);
		assert_ip(ETHER_IPV6 | table[i].ptype, table[i].has_ports);
		assert_true(parsed.rss_ip == (RTE_ETH_RSS_IPV6 | table[i].rss_ip));
		assert_true(parsed.rss_l4 == table[i].rss_l4);
	}
}

static void
an_ipv6_version_that_lies_is_not_believed(void **state)
{
	for (int version = 0; version < 16; version++) {
		frame_make(&f, &flow6, FRAME_UDP, 20);
		f.at[f.ip] = (uint8_t)(version << 4);
		if (version != 6)
			assert_no_ip(RTE_PTYPE_L2_ETHER);
	}
}

static void
ipv6_ports_lie_within_the_payload_length(void **state)
{
	frame_make(&f, &flow6, FRAME_UDP, 20);
	for (uint16_t payload = 1; payload <= 100; payload++) {
		frame_set16(&f, f.ip + 4, payload);
		assert_ip(ETHER_IPV6 | RTE_PTYPE_L4_UDP, payload >= 4);
	}
	/* a jumbogram */
	frame_set16(&f, f.ip + 4, 0);
	assert_ip(ETHER_IPV6 | RTE_PTYPE_L4_UDP, true);
}

/* An IPv6 packet whose headers, each of so many bytes, precede UDP. */
static void
make_chain(const uint8_t *headers, int nb, uint32_t len)
{
	frame_begin(&f);
	frame_ip(&f, &flow6, nb == 0 ? FRAME_UDP : headers[0]);
	for (int i = 0; i < nb; i++)
		frame_extension(&f, len, i + 1 < nb ? headers[i + 1] : FRAME_UDP);
	frame_l4(&f, &flow6, 20);
	frame_end(&f);
}

static void
up_to_eight_ipv6_extension_headers_are_walked(void **state)
{
	static const uint8_t kinds[] = { FRAME_HOP_BY_HOP, FRAME_ROUTING, FRAME_DEST_OPTS };
	uint8_t headers[9];

	for (int nb = 1; nb <= 9; nb++) {
		for (uint32_t len = 8; len <= 24; len += 8) {
			for (int i = 0; i < nb; i++)
				headers[i] = kinds[(i + nb) % 3];
			make_chain(headers, nb, len);
			assert_ip(ETHER_IPV6_EXT | (nb <= 8 ? RTE_PTYPE_L4_UDP : 0), nb <= 8);
			assert_true(parsed.rss_ip == RTE_ETH_RSS_IPV6);
		}
	}
	/* the longest there is */
	make_chain(kinds, 1, 2048);
	assert_ip(ETHER_IPV6_EXT | RTE_PTYPE_L4_UDP, true);
}

static void
other_ipv6_headers_are_not_looked_behind(void **state)
{
	/* ESP, authentication, mobility, HIP: a protocol without ports as far as this goes */
	static const uint8_t others[] = { 50, 51, 135, 139 };

	for (size_t i = 0; i < UNIT_DIM(others); i++) {
		make_chain(&others[i], 1, 8);
		assert_ip(ETHER_IPV6, false);
		assert_true(parsed.rss_ip == (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER));
	}
}

static void
ipv6_fragments_have_no_ports_wherever_the_header_stands(void **state)
{
	static const uint8_t chains[][3] = {
		{ FRAME_FRAGMENT, FRAME_DEST_OPTS, FRAME_DEST_OPTS },
		{ FRAME_HOP_BY_HOP, FRAME_FRAGMENT, FRAME_DEST_OPTS },
		{ FRAME_HOP_BY_HOP, FRAME_ROUTING, FRAME_FRAGMENT },
	};

	for (size_t i = 0; i < UNIT_DIM(chains); i++) {
		make_chain(chains[i], 3, 8);
		assert_ip(ETHER_IPV6_EXT | RTE_PTYPE_L4_FRAG, false);
		assert_true(parsed.rss_ip == (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6));
	}
	/* an atomic one, too */
	make_chain(chains[0], 1, 8);
	frame_set16(&f, f.ip + 40 + 2, 0);
	assert_ip(ETHER_IPV6_EXT | RTE_PTYPE_L4_FRAG, false);
}

static void
an_ipv6_extension_longer_than_the_packet_ends_the_walk(void **state)
{
	static const uint8_t headers[] = { FRAME_HOP_BY_HOP, FRAME_DEST_OPTS };

	for (int units = 0; units < 256; units++) {
		make_chain(headers, 2, 8);
		f.at[f.ip + 48 + 1] = (uint8_t)units;
		parse();
		/* 8 bytes; or the UDP header is taken for a part of it, and its data for ports */
		assert_int_equal(parsed.has_ports, units <= 3);
		/* 28 bytes of UDP behind it: 3 units at most */
		assert_int_equal(parsed.ptype & RTE_PTYPE_L4_MASK,
				 units <= 3 ? RTE_PTYPE_L4_UDP : 0);
		assert_int_equal(parsed.addr_words, 8);
	}
}

static void
an_ipv6_extension_ends_within_the_payload_length(void **state)
{
	static const uint8_t headers[] = { FRAME_HOP_BY_HOP };

	for (uint16_t payload = 1; payload <= 40; payload++) {
		make_chain(headers, 1, 16);
		frame_set16(&f, f.ip + 4, payload);
		assert_ip(ETHER_IPV6_EXT | (payload >= 16 ? RTE_PTYPE_L4_UDP : 0), payload >= 20);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_shorter_than_an_ethernet_header_is_nothing),
		cmocka_unit_test(up_to_two_tags_of_any_kind_are_skipped),
		cmocka_unit_test(a_third_tag_is_not_looked_behind),
		cmocka_unit_test(other_ethertypes_are_not_ip),
		cmocka_unit_test(arp_is_named_with_and_without_tags),
		cmocka_unit_test(ipv4_protocols_are_named),
		cmocka_unit_test(ipv4_options_of_any_length_are_skipped),
		cmocka_unit_test(an_ipv4_header_length_that_lies_is_not_believed),
		cmocka_unit_test(an_ipv4_version_that_lies_is_not_believed),
		cmocka_unit_test(ipv4_ports_lie_within_the_total_length),
		cmocka_unit_test(padding_is_no_part_of_an_ipv4_packet),
		cmocka_unit_test(ipv4_fragments_have_no_ports),
		cmocka_unit_test(ipv6_protocols_are_named),
		cmocka_unit_test(an_ipv6_version_that_lies_is_not_believed),
		cmocka_unit_test(ipv6_ports_lie_within_the_payload_length),
		cmocka_unit_test(up_to_eight_ipv6_extension_headers_are_walked),
		cmocka_unit_test(other_ipv6_headers_are_not_looked_behind),
		cmocka_unit_test(ipv6_fragments_have_no_ports_wherever_the_header_stands),
		cmocka_unit_test(an_ipv6_extension_longer_than_the_packet_ends_the_walk),
		cmocka_unit_test(an_ipv6_extension_ends_within_the_payload_length),
	};

	return UNIT_RUN(tests);
}
