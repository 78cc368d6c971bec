/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * From a frame to its RSS hash: against the numbers of Microsoft's "Verifying the RSS Hash
 * Calculation", against the definition of the Toeplitz hash, and by type.
 */

#include <string.h>

#include "evnic_mock.h"
#include "frame.h"
#include "unit.h"

#define ADDRESSES (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6)

static const struct {
	struct frame_flow flow;
	uint32_t by_addresses, by_ports;
} vectors[] = {
	{ { "66.9.149.187", "161.142.100.80", 2794, 1766 }, 0x323e8fc2, 0x51ccc178 },
	{ { "199.92.111.2", "65.69.140.83", 14230, 4739 }, 0xd718262a, 0xc626b0ea },
	{ { "24.19.198.95", "12.22.207.184", 12898, 38024 }, 0xd2d0a5de, 0x5c2b394a },
	{ { "38.27.205.30", "209.142.163.6", 48228, 2217 }, 0x82989176, 0xafc7327f },
	{ { "153.39.163.191", "202.188.127.2", 44251, 1303 }, 0x5d1809c5, 0x10e828a2 },
	{ { "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766 }, 0x2cc18cd5, 0x40207d3d },
	{ { "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739 }, 0x0f0c461c, 0xdde51bbf },
	{ { "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024 },
	  0x4b61e985,
	  0x02d1feef },
};

static const uint8_t protocols[] = { FRAME_TCP, FRAME_UDP, FRAME_SCTP };

/* Whether the frame is hashed, and its hash. */
static bool
hash_of(const struct frame *f, const struct evnic_rss *rss, uint32_t *hash)
{
	struct evnic_parsed parsed;

	*hash = 0;
	evnic_parse(f->at, f->len, &parsed);
	return evnic_rss_hash(rss, &parsed, hash);
}

static void
assert_hash(const struct frame *f, uint64_t types, uint32_t want)
{
	struct evnic_rss rss;
	uint32_t hash;

	evnic_rss_init(&rss);
	rss.types = types;
	assert_true(hash_of(f, &rss, &hash));
	assert_int_equal(hash, want);
}

static void
assert_no_hash(const struct frame *f, uint64_t types)
{
	struct evnic_rss rss;
	uint32_t hash;

	evnic_rss_init(&rss);
	rss.types = types;
	assert_false(hash_of(f, &rss, &hash));
}

static void
microsofts_vectors_with_ports_come_out(void **state)
{
	for (size_t i = 0; i < UNIT_DIM(vectors); i++) {
		for (size_t p = 0; p < UNIT_DIM(protocols); p++) {
			struct frame f;

			frame_make(&f, &vectors[i].flow, protocols[p], 13);
			assert_hash(&f, EVNIC_RSS_TYPES, vectors[i].by_ports);
		}
	}
}

static void
microsofts_vectors_without_ports_come_out(void **state)
{
	for (size_t i = 0; i < UNIT_DIM(vectors); i++) {
		struct frame f;

		frame_make(&f, &vectors[i].flow, FRAME_TCP, 13);
		assert_hash(&f, ADDRESSES, vectors[i].by_addresses);
		frame_make(&f, &vectors[i].flow, 89, 13);
		assert_hash(&f, EVNIC_RSS_TYPES, vectors[i].by_addresses);
	}
}

static void
tags_options_and_extensions_do_not_change_the_hash(void **state)
{
	struct frame f;

	for (size_t i = 0; i < UNIT_DIM(vectors); i++) {
		bool is_ipv4 = strchr(vectors[i].flow.source, ':') == NULL;

		frame_begin(&f);
		frame_tag(&f, 0x88a8);
		frame_tag(&f, 0x8100);
		frame_ip(&f, &vectors[i].flow, is_ipv4 ? FRAME_TCP : FRAME_HOP_BY_HOP);
		if (is_ipv4)
			frame_options(&f, 40);
		else
			frame_extension(&f, 24, FRAME_TCP);
		frame_l4(&f, &vectors[i].flow, 0);
		frame_end(&f);
		assert_hash(&f, EVNIC_RSS_TYPES, vectors[i].by_ports);
	}
}

/* ---- the definition ---- */

/* Each bit of the data that is set adds the 32 bits of key that begin at its place. */
static uint32_t
toeplitz(const uint8_t *key, const uint8_t *data, uint32_t len)
{
	uint32_t hash = 0;

	for (uint32_t bit = 0; bit < len * 8; bit++) {
		if ((data[bit / 8] >> (7 - bit % 8) & 1) == 0)
			continue;
		for (uint32_t i = 0; i < 32; i++)
			hash ^= (uint32_t)(key[(bit + i) / 8] >> (7 - (bit + i) % 8) & 1)
				<< (31 - i);
	}
	return hash;
}

static void
random_flows_and_keys_are_hashed_as_toeplitz_is_defined(void **state)
{
	struct evnic_rss rss;
	uint64_t random = 11;

	evnic_rss_init(&rss);
	for (int round = 0; round < 4000; round++) {
		const struct frame_flow *flow = &vectors[round % (int)UNIT_DIM(vectors)].flow;
		uint32_t addresses, hash;
		struct frame f;

		frame_make(&f, flow, FRAME_UDP, 0);
		addresses = f.version == 4 ? 8 : 32;
		for (uint32_t at = f.l4 - addresses; at < f.l4 + 4; at++)
			f.at[at] = (uint8_t)unit_random(&random);
		for (size_t i = 0; i < sizeof(rss.key); i++)
			rss.key[i] = (uint8_t)unit_random(&random);

		rss.types = EVNIC_RSS_TYPES;
		assert_true(hash_of(&f, &rss, &hash));
		assert_int_equal(hash, toeplitz(rss.key, f.at + f.l4 - addresses, addresses + 4));
		rss.types = ADDRESSES;
		assert_true(hash_of(&f, &rss, &hash));
		assert_int_equal(hash, toeplitz(rss.key, f.at + f.l4 - addresses, addresses));
	}
}

/* ---- types ---- */

enum kind { TCP, UDP, SCTP, OTHER, FRAGMENT, NB_KINDS };

/* By type and kind of frame: hashed with ports, by addresses alone, or not at all. */
static const struct {
	uint64_t v4, v6;
	char by[NB_KINDS + 1];
} types[] = {
	{ 0, 0, "-----" },
	{ RTE_ETH_RSS_IPV4, RTE_ETH_RSS_IPV6, "aaaaa" },
	{ RTE_ETH_RSS_FRAG_IPV4, RTE_ETH_RSS_FRAG_IPV6, "----a" },
	{ RTE_ETH_RSS_NONFRAG_IPV4_TCP, RTE_ETH_RSS_NONFRAG_IPV6_TCP, "p----" },
	{ RTE_ETH_RSS_NONFRAG_IPV4_UDP, RTE_ETH_RSS_NONFRAG_IPV6_UDP, "-p---" },
	{ RTE_ETH_RSS_NONFRAG_IPV4_SCTP, RTE_ETH_RSS_NONFRAG_IPV6_SCTP, "--p--" },
	{ RTE_ETH_RSS_NONFRAG_IPV4_OTHER, RTE_ETH_RSS_NONFRAG_IPV6_OTHER, "---a-" },
	{ RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP,
	  RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_UDP, "apaaa" },
	{ EVNIC_RSS_TYPES, EVNIC_RSS_TYPES, "pppaa" },
};

static void
make_kind(struct frame *f, const struct frame_flow *flow, enum kind kind)
{
	static const uint8_t protos[] = { FRAME_TCP, FRAME_UDP, FRAME_SCTP, 47, FRAME_TCP };

	frame_begin(f);
	if (kind == FRAGMENT && strchr(flow->source, ':') != NULL) {
		frame_ip(f, flow, FRAME_FRAGMENT);
		frame_extension(f, 8, FRAME_TCP);
	} else {
		frame_ip(f, flow, protos[kind]);
	}
	frame_l4(f, flow, 20);
	frame_end(f);
	if (kind == FRAGMENT && f->version == 4)
		frame_set16(f, f->ip + 6, 0x2000);
}

static void
a_type_hashes_its_own_kind_of_frame_by_what_it_says(void **state)
{
	for (size_t v = 0; v < UNIT_DIM(vectors); v++) {
		for (enum kind kind = 0; kind < NB_KINDS; kind++) {
			struct frame f;

			make_kind(&f, &vectors[v].flow, kind);
			for (size_t t = 0; t < UNIT_DIM(types); t++) {
				uint64_t type = f.version == 4 ? types[t].v4 : types[t].v6;

				if (types[t].by[kind] == 'p')
					assert_hash(&f, type, vectors[v].by_ports);
				else if (types[t].by[kind] == 'a')
					assert_hash(&f, type, vectors[v].by_addresses);
				else
					assert_no_hash(&f, type);
			}
		}
	}
}

static void
types_of_one_ip_version_do_not_hash_the_other(void **state)
{
	for (size_t v = 0; v < UNIT_DIM(vectors); v++) {
		for (enum kind kind = 0; kind < NB_KINDS; kind++) {
			uint64_t all4 = 0, all6 = 0;
			struct frame f;

			make_kind(&f, &vectors[v].flow, kind);
			for (size_t t = 0; t + 1 < UNIT_DIM(types); t++) {
				all4 |= types[t].v4;
				all6 |= types[t].v6;
			}
			assert_no_hash(&f, f.version == 4 ? all6 : all4);
		}
	}
}

static void
ports_that_are_cut_off_leave_the_addresses(void **state)
{
	for (size_t v = 0; v < UNIT_DIM(vectors); v++) {
		struct frame f;

		frame_make(&f, &vectors[v].flow, FRAME_TCP, 0);
		f.len = f.l4 + 3;
		assert_hash(&f, EVNIC_RSS_TYPES, vectors[v].by_addresses);
		assert_no_hash(&f, RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP);
	}
}

static void
what_is_not_ip_is_never_hashed(void **state)
{
	struct frame f;

	frame_begin(&f);
	frame_put16(&f, 0x0806);
	for (int i = 0; i < 28; i++)
		frame_put8(&f, (uint8_t)i);
	assert_no_hash(&f, EVNIC_RSS_TYPES);
	f.len = 0;
	assert_no_hash(&f, EVNIC_RSS_TYPES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(microsofts_vectors_with_ports_come_out),
		cmocka_unit_test(microsofts_vectors_without_ports_come_out),
		cmocka_unit_test(tags_options_and_extensions_do_not_change_the_hash),
		cmocka_unit_test(random_flows_and_keys_are_hashed_as_toeplitz_is_defined),
		cmocka_unit_test(a_type_hashes_its_own_kind_of_frame_by_what_it_says),
		cmocka_unit_test(types_of_one_ip_version_do_not_hash_the_other),
		cmocka_unit_test(ports_that_are_cut_off_leave_the_addresses),
		cmocka_unit_test(what_is_not_ip_is_never_hashed),
	};

	return UNIT_RUN(tests);
}
