/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Frames cut short at every length, and frames with random damage, each between two pages that must
 * not be touched: a byte read too far ends the test.
 */

#include <string.h>

#include "evnic_mock.h"
#include "frame.h"
#include "unit.h"

static const struct frame_flow flow4 = { "192.0.2.1", "198.51.100.2", 0x1234, 0x5678 };
static const struct frame_flow flow6 = { "2001:db8::1", "2001:db8:2::2", 0x1234, 0x5678 };

#define L2_ETHER RTE_PTYPE_L2_ETHER
#define L2_VLAN	 RTE_PTYPE_L2_ETHER_VLAN
#define L2_QINQ	 RTE_PTYPE_L2_ETHER_QINQ
#define IP_GOOD	 EVNIC_F_IP_GOOD
#define L4_GOOD	 EVNIC_F_L4_GOOD

/* What a frame is from a length on, up to the next line's. */
struct stage {
	uint32_t from;
	uint32_t ptype;
	uint8_t addr_words;
	bool has_ports;
	uint8_t cksum;
};

/* Parse the first `len` bytes, close to either page. */
static struct evnic_parsed
parse(const struct frame *f, uint32_t len)
{
	struct evnic_parsed high, low;

	evnic_parse(frame_guarded(f->at, len, 0), len, &high);
	evnic_parse(frame_guarded(f->at, len, 1), len, &low);
	assert_memory_equal(&high, &low, sizeof(high));
	return high;
}

static void
assert_stages(const struct frame *f, const struct stage *stages)
{
	assert_int_equal(stages[0].from, 0);
	for (uint32_t len = 0; len <= f->len; len++) {
		const struct stage *s = stages;
		struct evnic_parsed p = parse(f, len);

		while (s[1].from != 0 && len >= s[1].from)
			s++;
		if (p.ptype != s->ptype || p.addr_words != s->addr_words ||
		    p.has_ports != s->has_ports || p.cksum != s->cksum)
			fail_msg("%u bytes: type %#x, %u words, ports %d, checksums %#x", len,
				 p.ptype, p.addr_words, p.has_ports, p.cksum);
		assert_true(p.addr_words == 0 || p.rss_ip != 0);
		assert_int_equal(p.rss_l4 != 0, p.has_ports);
		if (p.has_ports)
			assert_int_equal(p.tuple[p.addr_words], 0x12345678);
	}
}

static void
ipv4_tcp_cut_short(void **state)
{
	const uint32_t ip = L2_ETHER | RTE_PTYPE_L3_IPV4, tcp = ip | RTE_PTYPE_L4_TCP;
	const struct stage stages[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 34, tcp, 2, false, IP_GOOD },
		{ 38, tcp, 2, true, IP_GOOD },
		{ 61, tcp, 2, true, IP_GOOD | L4_GOOD },
		{ .from = 0 },
	};
	struct frame f;

	frame_make(&f, &flow4, FRAME_TCP, 7);
	assert_int_equal(f.len, 61);
	assert_stages(&f, stages);
}

static void
tagged_ipv4_udp_with_options_cut_short(void **state)
{
	const uint32_t udp = L2_VLAN | RTE_PTYPE_L3_IPV4_EXT | RTE_PTYPE_L4_UDP;
	const struct stage stages[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 18, L2_VLAN, 0, false, 0 },
		{ 46, udp, 2, false, IP_GOOD },
		{ 50, udp, 2, true, IP_GOOD },
		{ 59, udp, 2, true, IP_GOOD | L4_GOOD },
		{ .from = 0 },
	};
	struct frame f;

	frame_begin(&f);
	frame_tag(&f, 0x8100);
	frame_ip(&f, &flow4, FRAME_UDP);
	frame_options(&f, 8);
	frame_l4(&f, &flow4, 5);
	frame_end(&f);
	assert_int_equal(f.len, 59);
	assert_stages(&f, stages);
}

static void
qinq_ipv6_udp_cut_short(void **state)
{
	const uint32_t udp = L2_QINQ | RTE_PTYPE_L3_IPV6 | RTE_PTYPE_L4_UDP;
	const struct stage stages[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 18, L2_VLAN, 0, false, 0 },
		{ 22, L2_QINQ, 0, false, 0 },
		{ 62, udp, 8, false, 0 },
		{ 66, udp, 8, true, 0 },
		{ 71, udp, 8, true, L4_GOOD },
		{ .from = 0 },
	};
	struct frame f;

	frame_begin(&f);
	frame_tag(&f, 0x88a8);
	frame_tag(&f, 0x8100);
	frame_ip(&f, &flow6, FRAME_UDP);
	frame_l4(&f, &flow6, 1);
	frame_end(&f);
	assert_int_equal(f.len, 71);
	assert_stages(&f, stages);
}

static void
ipv6_with_three_extensions_cut_short(void **state)
{
	const uint32_t ip = L2_ETHER | RTE_PTYPE_L3_IPV6_EXT, tcp = ip | RTE_PTYPE_L4_TCP;
	const struct stage stages[] = {
		{ .from = 0 },		 { 14, L2_ETHER, 0, false, 0 },
		{ 54, ip, 8, false, 0 }, { 86, tcp, 8, false, 0 },
		{ 90, tcp, 8, true, 0 }, { .from = 0 },
	};
	struct frame f;

	frame_begin(&f);
	frame_ip(&f, &flow6, FRAME_HOP_BY_HOP);
	frame_extension(&f, 8, FRAME_ROUTING);
	frame_extension(&f, 16, FRAME_DEST_OPTS);
	frame_extension(&f, 8, FRAME_TCP);
	frame_l4(&f, &flow6, 10);
	frame_end(&f);
	assert_stages(&f, stages);
}

static void
fragments_cut_short(void **state)
{
	const struct stage stages4[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 34, L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_FRAG, 2, false, IP_GOOD },
		{ .from = 0 },
	};
	const uint32_t ip6 = L2_ETHER | RTE_PTYPE_L3_IPV6_EXT;
	const struct stage stages6[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 54, ip6, 8, false, 0 },
		{ 62, ip6 | RTE_PTYPE_L4_FRAG, 8, false, 0 },
		{ .from = 0 },
	};
	struct frame f;

	frame_make(&f, &flow4, FRAME_UDP, 20);
	frame_set16(&f, f.ip + 6, 0x2000);
	frame_fix_ip(&f);
	assert_stages(&f, stages4);

	frame_begin(&f);
	frame_ip(&f, &flow6, FRAME_HOP_BY_HOP);
	frame_extension(&f, 8, FRAME_FRAGMENT);
	frame_extension(&f, 8, FRAME_UDP);
	frame_l4(&f, &flow6, 20);
	frame_end(&f);
	assert_stages(&f, stages6);
}

static void
protocols_without_a_checked_sum_cut_short(void **state)
{
	const uint32_t ip = L2_ETHER | RTE_PTYPE_L3_IPV4;
	const struct stage sctp[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 34, ip | RTE_PTYPE_L4_SCTP, 2, false, IP_GOOD },
		{ 38, ip | RTE_PTYPE_L4_SCTP, 2, true, IP_GOOD },
		{ .from = 0 },
	};
	const struct stage icmp[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 34, ip | RTE_PTYPE_L4_ICMP, 2, false, IP_GOOD },
		{ .from = 0 },
	};
	struct frame f;

	frame_make(&f, &flow4, FRAME_SCTP, 9);
	assert_stages(&f, sctp);
	frame_make(&f, &flow4, FRAME_ICMP, 9);
	assert_stages(&f, icmp);
}

static void
three_tags_cut_short(void **state)
{
	const struct stage stages[] = {
		{ .from = 0 },
		{ 14, L2_ETHER, 0, false, 0 },
		{ 18, L2_VLAN, 0, false, 0 },
		{ 22, L2_QINQ, 0, false, 0 },
		{ .from = 0 },
	};
	struct frame f;

	frame_begin(&f);
	for (int i = 0; i < 3; i++)
		frame_tag(&f, 0x8100);
	frame_ip(&f, &flow4, FRAME_UDP);
	frame_l4(&f, &flow4, 20);
	frame_end(&f);
	assert_stages(&f, stages);
}

/* ---- damage ---- */

#define ROUNDS 400000

static void
make_sound(struct frame *f, uint64_t *random)
{
	static const uint8_t protos[] = { FRAME_TCP, FRAME_UDP, FRAME_SCTP, FRAME_ICMP };
	static const uint8_t walked[] = { FRAME_HOP_BY_HOP, FRAME_ROUTING, FRAME_DEST_OPTS,
					  FRAME_FRAGMENT };
	const struct frame_flow *flow = unit_random(random) & 1 ? &flow4 : &flow6;
	uint8_t proto = protos[unit_random_below(random, UNIT_DIM(protos))];
	uint32_t extras = unit_random_below(random, 4);

	frame_begin(f);
	for (uint32_t tags = unit_random_below(random, 4); tags != 0; tags--)
		frame_tag(f, 0x8100);
	if (flow == &flow4) {
		frame_ip(f, flow, proto);
		frame_options(f, extras * 4);
	} else {
		uint8_t next = walked[unit_random_below(random, UNIT_DIM(walked))];

		frame_ip(f, flow, extras == 0 ? proto : next);
		for (; extras != 0; extras--) {
			next = walked[unit_random_below(random, UNIT_DIM(walked))];
			frame_extension(f, 8 + 8 * unit_random_below(random, 3),
					extras == 1 ? proto : next);
		}
	}
	frame_l4(f, flow, unit_random_below(random, 40));
	frame_end(f);
}

static void
damaged_frames_are_read_within_their_bytes_and_make_sense(void **state)
{
	uint64_t random = 21;

	for (int round = 0; round < ROUNDS; round++) {
		struct evnic_parsed p;
		struct frame f;
		uint32_t len;

		make_sound(&f, &random);
		for (uint32_t n = unit_random_below(&random, 4); n != 0; n--)
			f.at[unit_random_below(&random, f.len)] = (uint8_t)unit_random(&random);
		len = unit_random_below(&random, 3) == 0 ? unit_random_below(&random, f.len + 1)
							 : f.len;
		p = parse(&f, len);

		assert_true(p.addr_words == 0 || p.addr_words == 2 || p.addr_words == 8);
		assert_int_equal(p.addr_words != 0, p.rss_ip != 0);
		assert_int_equal(p.addr_words != 0, (p.ptype & RTE_PTYPE_L3_MASK) != 0);
		assert_true(p.addr_words != 0 || (!p.has_ports && p.cksum == 0));
		assert_int_equal(p.has_ports, p.rss_l4 != 0);
		assert_true(len < 14 ? p.ptype == 0 : (p.ptype & RTE_PTYPE_L2_MASK) != 0);
		assert_true((p.rss_ip & ~EVNIC_RSS_TYPES) == 0);
		assert_true((p.cksum & EVNIC_F_IP_GOOD) == 0 || (p.cksum & EVNIC_F_IP_BAD) == 0);
		assert_true((p.cksum & EVNIC_F_L4_GOOD) == 0 || (p.cksum & EVNIC_F_L4_BAD) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_tcp_cut_short),
		cmocka_unit_test(tagged_ipv4_udp_with_options_cut_short),
		cmocka_unit_test(qinq_ipv6_udp_cut_short),
		cmocka_unit_test(ipv6_with_three_extensions_cut_short),
		cmocka_unit_test(fragments_cut_short),
		cmocka_unit_test(protocols_without_a_checked_sum_cut_short),
		cmocka_unit_test(three_tags_cut_short),
		cmocka_unit_test(damaged_frames_are_read_within_their_bytes_and_make_sense),
	};

	return UNIT_RUN(tests);
}
