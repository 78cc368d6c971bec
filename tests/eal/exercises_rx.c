/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What an mbuf says of its frame, and where it is received. */

#include <string.h>

#include <rte_thash.h>

#include "exercises.h"
#include "port_rig.h"

#define NB_FLOWS 64
#define KEY_SIZE 40

/* A published vector: Microsoft's verification suite for RSS, IPv4 with TCP. */
static const struct frame_flow vector = { "66.9.149.187", "161.142.100.80", 2794, 1766 };
#define VECTOR_HASH 0x51ccc178u

static const struct rte_eth_conf rss_conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rxmode.offloads = RTE_ETH_RX_OFFLOAD_RSS_HASH,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_TCP,
};

static void
open_vector(struct rig *r)
{
	struct frame f;

	rig_begin(r);
	frame_make(&f, &vector, FRAME_TCP, 40);
	rig_add(r, f.at, f.len);
	rig_open(r, &(struct rig_setup){ .args = "", .nb_rxq = 2, .nb_txq = 1, .conf = rss_conf });
}

void
exercise_rss_hash(void)
{
	struct rte_eth_rss_conf none = { .rss_hf = 0 };
	struct rig r;

	open_vector(&r);
	rig_replay(&r);
	assert_int_equal(r.nb_seen, 1);
	assert_true(r.seen[0].ol_flags & RTE_MBUF_F_RX_RSS_HASH);
	assert_int_equal(r.seen[0].hash, VECTOR_HASH);
	assert_int_equal(rte_eth_dev_rss_hash_update(r.port, &none), 0);
	rig_replay(&r);
	assert_int_equal(r.nb_seen, 1);
	assert_false(r.seen[0].ol_flags & RTE_MBUF_F_RX_RSS_HASH);
	assert_int_equal(r.seen[0].queue, 0);
	rig_close(&r);
}

void
exercise_rss_key_update(void)
{
	uint8_t key[KEY_SIZE], read[KEY_SIZE];
	struct rte_eth_rss_conf conf = {
		.rss_key = key,
		.rss_key_len = KEY_SIZE,
		.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_TCP,
	};
	uint32_t tuple[] = { RTE_IPV4(66u, 9u, 149u, 187u), RTE_IPV4(161u, 142u, 100u, 80u),
			     2794u << 16 | 1766u };
	struct rig r;

	for (int i = 0; i < KEY_SIZE; i++)
		key[i] = (uint8_t)(17 * i + 3);
	open_vector(&r);
	assert_int_equal(rte_eth_dev_rss_hash_update(r.port, &conf), 0);
	conf.rss_key = read;
	assert_int_equal(rte_eth_dev_rss_hash_conf_get(r.port, &conf), 0);
	assert_memory_equal(read, key, KEY_SIZE);
	rig_replay(&r);
	assert_int_equal(r.nb_seen, 1);
	assert_int_equal(r.seen[0].hash, rte_softrss(tuple, UNIT_DIM(tuple), key));
	rig_close(&r);
}

void
exercise_rss_reta_update(void)
{
	struct rte_eth_rss_reta_entry64 reta[2], read[2];
	struct rig r;

	rig_begin(&r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(&r, i);
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 2, .nb_txq = 1, .conf = rss_conf });
	for (uint16_t queue = 0; queue < 2; queue++) {
		for (int i = 0; i < 2; i++) {
			reta[i].mask = read[i].mask = UINT64_MAX;
			for (int k = 0; k < RTE_ETH_RETA_GROUP_SIZE; k++)
				reta[i].reta[k] = queue;
		}
		assert_int_equal(rte_eth_dev_rss_reta_update(r.port, reta, 128), 0);
		assert_int_equal(rte_eth_dev_rss_reta_query(r.port, read, 128), 0);
		assert_memory_equal(reta[1].reta, read[1].reta, sizeof(reta[1].reta));
		rig_replay(&r);
		assert_int_equal(r.nb_seen, NB_FLOWS);
		for (uint32_t i = 0; i < r.nb_seen; i++)
			assert_int_equal(r.seen[i].queue, queue);
	}
	reta[0].reta[0] = 2; /* there is none */
	assert_int_equal(rte_eth_dev_rss_reta_update(r.port, reta, 128), -EINVAL);
	rig_close(&r);
}

/* Frames: true, with a false IP checksum, with a false UDP checksum. */
static void
replay_checksums(struct rig *r)
{
	const struct frame_flow flow = { "10.0.0.1", "10.0.0.2", 1, 2 };
	struct frame f;

	rig_begin(r);
	frame_make(&f, &flow, FRAME_UDP, 40);
	rig_add(r, f.at, f.len);
	frame_set16(&f, f.ip + 10, (uint16_t)~frame_get16(&f, f.ip + 10));
	rig_add(r, f.at, f.len);
	frame_make(&f, &flow, FRAME_UDP, 40);
	f.at[f.len - 1] ^= 0x55;
	rig_add(r, f.at, f.len);
	rig_open(r, &(struct rig_setup){ .args = "",
					 .nb_rxq = 1,
					 .nb_txq = 1,
					 .conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM });
	rig_replay(r);
	assert_int_equal(r->nb_seen, 3);
	rig_close(r);
}

void
exercise_l3_checksum(void)
{
	static const uint64_t expected[] = { RTE_MBUF_F_RX_IP_CKSUM_GOOD,
					     RTE_MBUF_F_RX_IP_CKSUM_BAD,
					     RTE_MBUF_F_RX_IP_CKSUM_GOOD };
	struct rig r;

	replay_checksums(&r);
	for (int i = 0; i < 3; i++)
		assert_int_equal(r.seen[i].ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK, expected[i]);
}

void
exercise_l4_checksum(void)
{
	struct rig r;

	replay_checksums(&r);
	assert_int_equal(r.seen[0].ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
			 RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(r.seen[2].ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
			 RTE_MBUF_F_RX_L4_CKSUM_BAD);
}

static bool
is_supported(const struct rig *r, uint32_t ptype, uint32_t mask)
{
	uint32_t types[64];
	int nb = rte_eth_dev_get_supported_ptypes(r->port, mask, types, UNIT_DIM(types));

	for (int i = 0; i < nb; i++)
		if (types[i] == (ptype & mask))
			return true;
	return false;
}

void
exercise_packet_type_parsing(void)
{
	static const struct {
		struct frame_flow flow;
		uint8_t proto;
		uint32_t l3, l4;
	} rows[] = {
		{ { "10.0.0.1", "10.0.0.2", 1, 2 },
		  FRAME_TCP,
		  RTE_PTYPE_L3_IPV4,
		  RTE_PTYPE_L4_TCP },
		{ { "10.0.0.1", "10.0.0.2", 1, 2 },
		  FRAME_UDP,
		  RTE_PTYPE_L3_IPV4,
		  RTE_PTYPE_L4_UDP },
		{ { "fd00::1", "fd00::2", 1, 2 }, FRAME_UDP, RTE_PTYPE_L3_IPV6, RTE_PTYPE_L4_UDP },
		{ { "fd00::1", "fd00::2", 1, 2 },
		  FRAME_SCTP,
		  RTE_PTYPE_L3_IPV6,
		  RTE_PTYPE_L4_SCTP },
	};
	struct frame f;
	struct rig r;

	rig_begin(&r);
	for (size_t i = 0; i < UNIT_DIM(rows); i++) {
		frame_make(&f, &rows[i].flow, rows[i].proto, 40);
		rig_add(&r, f.at, f.len);
	}
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1 });
	rig_replay(&r);
	assert_int_equal(r.nb_seen, UNIT_DIM(rows));
	for (size_t i = 0; i < UNIT_DIM(rows); i++) {
		uint32_t ptype = r.seen[i].ptype;

		assert_int_equal(ptype & RTE_PTYPE_L2_MASK, RTE_PTYPE_L2_ETHER);
		assert_int_equal(ptype & RTE_PTYPE_L3_MASK, rows[i].l3);
		assert_int_equal(ptype & RTE_PTYPE_L4_MASK, rows[i].l4);
		assert_true(is_supported(&r, ptype, RTE_PTYPE_L3_MASK));
		assert_true(is_supported(&r, ptype, RTE_PTYPE_L4_MASK));
	}
	rig_close(&r);
}

/* ---- frames longer than an mbuf ---- */

#define ROOM 256

static void
begin_scattered(struct rig *r, const uint32_t *lens, size_t nb)
{
	rig_begin(r);
	for (size_t i = 0; i < nb; i++)
		rig_add_to(r, "ff:ff:ff:ff:ff:ff", lens[i]);
}

/* A queue of so many descriptors takes a frame in so many mbufs, and none that is longer. */
static void
scatter_to_the_limit(uint16_t nb_desc, uint32_t nb_segs)
{
	const uint32_t lens[] = { nb_segs * ROOM, 60 }, longer[] = { nb_segs * ROOM + 1 };
	struct rig_setup setup = {
		.args = "overrun=wait,pace=max,loops=20",
		.nb_rxq = 1,
		.nb_desc = nb_desc,
		.room = ROOM,
		.conf.rxmode = { .offloads = RTE_ETH_RX_OFFLOAD_SCATTER, .mtu = 20000 },
	};
	struct rig r;

	begin_scattered(&r, lens, UNIT_DIM(lens));
	rig_open(&r, &setup);
	rig_replay(&r);
	assert_int_equal(r.nb_seen, 20 * UNIT_DIM(lens));
	for (uint32_t i = 0; i < r.nb_seen; i += 2) {
		assert_int_equal(r.seen[i].nb_segs, nb_segs);
		assert_true(r.seen[i].is_pattern);
	}
	rig_close(&r);

	begin_scattered(&r, longer, UNIT_DIM(longer));
	setup.nb_desc = 4096;
	setup.nb_mbufs = 8192;
	rig_open(&r, &setup);
	assert_int_equal(rte_eth_rx_queue_setup(r.port, 0, nb_desc, 0, NULL, r.pool), -EINVAL);
	rig_close(&r);
}

void
exercise_scattered_rx(void)
{
	static const uint32_t lens[] = { 60,	       ROOM - 1, ROOM, ROOM + 1,  2 * ROOM,
					 2 * ROOM + 1, 9000,	 64,   10 * ROOM, 1514 };
	struct rte_eth_rxq_info info;
	struct rig_setup setup = {
		.args = "overrun=wait,pace=max,loops=30",
		.nb_rxq = 1,
		.nb_txq = 1,
		.room = ROOM,
		.conf.rxmode = { .offloads = RTE_ETH_RX_OFFLOAD_SCATTER, .mtu = 9000 },
	};
	struct rig r;

	begin_scattered(&r, lens, UNIT_DIM(lens));
	rig_open(&r, &setup);
	rig_start(&r);
	rig_receive_all(&r);
	assert_int_equal(rte_eth_rx_queue_info_get(r.port, 0, &info), 0);
	assert_int_equal(info.scattered_rx, 1);
	rig_stop(&r);
	assert_int_equal(r.nb_seen, 30 * UNIT_DIM(lens));
	for (uint32_t i = 0; i < r.nb_seen; i++) {
		uint32_t len = lens[i % UNIT_DIM(lens)];

		assert_int_equal(r.seen[i].len, len);
		assert_int_equal(r.seen[i].nb_segs, (len + ROOM - 1) / ROOM);
		assert_true(r.seen[i].is_pattern);
	}
	assert_int_equal(rig_stats(&r).ipackets, r.nb_seen);
	assert_int_equal(rig_xstat(&r, "wire_rx_frames"), r.nb_seen);
	/* stopped with frames in its rings, it gives them back */
	rig_start(&r);
	while (rte_eth_rx_queue_count(r.port, 0) == 0)
		;
	rig_stop(&r);

	/* without the offload such a source is refused, and so is one too long for the queue */
	setup.conf.rxmode.offloads = 0;
	assert_int_equal(rte_eth_dev_configure(r.port, 1, 1, &setup.conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(r.port, 0, RIG_NB_DESC, 0, NULL, r.pool), -EINVAL);
	setup.conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER;
	assert_int_equal(rte_eth_dev_configure(r.port, 1, 1, &setup.conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup(r.port, 0, 64, 0, NULL, r.pool), -EINVAL);
	rig_close(&r);

	/* 31 buffers may be missing */
	scatter_to_the_limit(64, 32 - 31);
	scatter_to_the_limit(96, 96 - 31);
	scatter_to_the_limit(128, 96 - 31);
}
