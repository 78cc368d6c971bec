/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Counters and registers. */

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_dev_info.h>

#include "exercises.h"
#include "port_rig.h"

#define NB_FLOWS 64
#define NB_SENT	 8

static const struct rte_eth_conf rss_conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

/* A replay over two queues, and frames sent on the second. */
static void
replay(struct rig *r)
{
	struct rte_mbuf *pkts[NB_SENT];

	rig_begin(r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(r, i);
	rig_open(r, &(struct rig_setup){ .args = "", .nb_rxq = 2, .nb_txq = 2, .conf = rss_conf });
	rig_start(r);
	rig_receive_all(r);
	rig_alloc(r, pkts, NB_SENT);
	assert_int_equal(rte_eth_tx_burst(r->port, 1, pkts, NB_SENT), NB_SENT);
}

static uint32_t
seen_on(const struct rig *r, uint16_t queue)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->nb_seen; i++)
		n += r->seen[i].queue == queue;
	return n;
}

void
exercise_basic_stats(void)
{
	struct rte_eth_stats stats;
	struct rig r;

	replay(&r);
	stats = rig_stats(&r);
	assert_int_equal(stats.ipackets, NB_FLOWS);
	assert_int_equal(stats.ibytes, NB_FLOWS * r.seen[0].len);
	assert_int_equal(stats.opackets, NB_SENT);
	assert_int_equal(stats.obytes, NB_SENT * 60);
	assert_int_equal(rte_eth_stats_reset(r.port), 0);
	stats = rig_stats(&r);
	assert_int_equal(stats.ipackets + stats.ibytes + stats.opackets + stats.obytes, 0);
	rig_stop(&r);
	rig_close(&r);
}

void
exercise_extended_stats(void)
{
	struct rig r;

	replay(&r);
	assert_int_equal(rig_xstat(&r, "wire_rx_frames"), NB_FLOWS);
	assert_int_equal(rig_xstat(&r, "wire_rx_ended"), 1);
	assert_int_equal(rig_xstat(&r, "rxq0_packets"), seen_on(&r, 0));
	assert_int_equal(rig_xstat(&r, "txq1_packets"), NB_SENT);
	/* the wire says that it has ended before it counts the event */
	while (rig_xstat(&r, "wire_events_error") == 0)
		rte_delay_us_sleep(50);
	/* a reset of the basic statistics leaves these */
	assert_int_equal(rte_eth_stats_reset(r.port), 0);
	assert_int_equal(rig_xstat(&r, "wire_rx_frames"), NB_FLOWS);
	assert_int_equal(rte_eth_xstats_reset(r.port), 0);
	assert_int_equal(rig_xstat(&r, "rxq0_packets"), 0);
	assert_int_equal(rig_stats(&r).ipackets, 0);
	assert_int_equal(rig_xstat(&r, "wire_rx_frames"), 0);
	assert_int_equal(rig_xstat(&r, "wire_events_error"), 0);
	assert_int_equal(rig_xstat(&r, "wire_rx_ended"), 1); /* a state */
	rig_stop(&r);
	/* they go on from there */
	r.nb_seen = 0;
	rig_start(&r);
	assert_int_equal(rte_eth_stats_reset(r.port), 0);
	rig_receive_all(&r);
	assert_int_equal(rig_xstat(&r, "wire_rx_frames"), NB_FLOWS);
	rig_stop(&r);
	rig_close(&r);
}

void
exercise_stats_per_queue(void)
{
	struct rte_eth_stats stats;
	struct rig r;

	replay(&r);
	stats = rig_stats(&r);
	for (uint16_t q = 0; q < 2; q++) {
		assert_true(stats.q_ipackets[q] > 0);
		assert_int_equal(stats.q_ipackets[q], seen_on(&r, q));
	}
	assert_int_equal(stats.q_opackets[0], 0);
	assert_int_equal(stats.q_opackets[1], NB_SENT);
	rig_stop(&r);
	rig_close(&r);
}

/* By the layout that evnic.rst gives. */
void
exercise_registers_dump(void)
{
	struct rte_dev_reg_info info = { 0 };
	const uint32_t *rxq, *ring;
	uint32_t *words;
	struct rig r;

	replay(&r);
	assert_int_equal(rte_eth_dev_get_reg_info(r.port, &info), 0);
	assert_int_equal(info.width, 4);
	assert_int_equal(info.length, 13 + 2 * 8 + 2 * 4 + 2 * 4 + 2 * 4);
	words = calloc(info.length, info.width);
	assert_non_null(words);
	info.data = words;
	/* the source's end is an event, too, to the default processor: when it was signalled */
	do {
		rig_drain(&r, 0);
		assert_int_equal(rte_eth_dev_get_reg_info(r.port, &info), 0);
		ring = &words[13 + 2 * 8 + 2 * 4];
	} while (ring[1] != seen_on(&r, 0) + 1 || ring[2] != ring[1]);
	assert_int_equal(words[0], 2);
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(words[i], 2); /* queues, rings, vectors */
	for (uint32_t i = 5; i <= 7; i++)
		assert_int_equal(words[i],
				 0);   /* map B, default processor and RSS default queue 0 */
	assert_int_equal(words[8], 3); /* it runs, and has carrier */
	assert_int_equal(words[11], NB_FLOWS);
	for (uint16_t q = 0; q < 2; q++) {
		uint32_t nb_events = seen_on(&r, q) + (q == 0 ? 1 : 0);

		rxq = &words[13 + q * 8];
		assert_int_equal(rxq[0], 1);
		assert_int_equal(rxq[1], RIG_NB_DESC);
		assert_int_equal(rxq[3], seen_on(&r, q)); /* filled, */
		assert_int_equal(rxq[4], seen_on(&r, q)); /* and consumed */
		assert_in_range(rxq[2] - rxq[4], RIG_NB_POSTED - 31, RIG_NB_POSTED);
		assert_int_equal(rxq[5], q);
		ring = &words[13 + 2 * 8 + 2 * 4 + q * 4];
		assert_int_equal(ring[0], nb_events); /* written, */
		assert_int_equal(ring[1], nb_events); /* signalled */
		assert_int_equal(ring[2], nb_events); /* and read */
		assert_int_equal(ring[3], 0);
	}
	info.length = 3; /* in part it is not to be had */
	assert_int_equal(rte_eth_dev_get_reg_info(r.port, &info), -ENOTSUP);
	free(words);
	rig_stop(&r);
	rig_close(&r);
}
