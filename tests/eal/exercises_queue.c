/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Single queues, interrupts, descriptors, and how sent mbufs come back. */

#include <stdlib.h>
#include <string.h>

#include <rte_epoll.h>
#include <rte_interrupts.h>

#include "exercises.h"
#include "port_rig.h"

#define FOR_EVER "overrun=wait,pace=max,infinite_rx=1"
#define NB_FLOWS 64
#define NB_LOOKS 1000
#define NB_SENT	 40

static const struct rte_eth_conf rss_conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

static void
begin(struct rig *r)
{
	rig_begin(r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(r, i);
}

static unsigned int
free_mbufs(const struct rig *r)
{
	return rte_mempool_avail_count(r->pool);
}

void
exercise_rx_interrupt(void)
{
	struct rte_epoll_event event;
	struct rig r;

	rig_begin(&r);
	rig_add_flow(&r, 1);
	rig_open(&r, &(struct rig_setup){ .args = "pace=50,infinite_rx=1",
					  .nb_rxq = 1,
					  .nb_txq = 1,
					  .conf.intr_conf.rxq = 1 });
	rig_start(&r);
	assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r.port, 0, RTE_EPOLL_PER_THREAD,
						   RTE_INTR_EVENT_ADD, NULL),
			 0);
	for (int i = 0; i < 5; i++) {
		rig_drain(&r, 0);
		assert_int_equal(rte_eth_dev_rx_intr_enable(r.port, 0), 0);
		assert_int_equal(rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, -1), 1);
		assert_int_equal(rte_eth_dev_rx_intr_disable(r.port, 0), 0);
		assert_true(rig_poll(&r, 0) > 0);
	}
	assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r.port, 0, RTE_EPOLL_PER_THREAD,
						   RTE_INTR_EVENT_DEL, NULL),
			 0);
	rig_stop(&r);
	rig_close(&r);
}

/* Receive from queue 0 until the wire has dropped frames for queue 1. */
static void
until_missed(struct rig *r, uint64_t more_than)
{
	while (rig_stats(r).imissed <= more_than) {
		rig_poll(r, 0);
		assert_int_equal(rig_poll(r, 1), 0);
	}
}

static void
until_received(struct rig *r, uint16_t queue)
{
	while (rig_poll(r, queue) == 0)
		rig_poll(r, !queue);
}

/* Once queue 1 is started the wire waits for its buffers, as overrun=wait says. */
static void
until_nothing_is_missed(struct rig *r)
{
	uint64_t missed;

	/* a setting that changes nothing here; when it returns the wire has begun a new round */
	assert_int_equal(rte_eth_allmulticast_enable(r->port), 0);
	assert_int_equal(rte_eth_allmulticast_disable(r->port), 0);
	missed = rig_stats(r).imissed;
	for (uint32_t i = 0; i < 4 * RIG_NB_DESC; i++) {
		until_received(r, 1);
		until_received(r, 0);
	}
	assert_int_equal(rig_stats(r).imissed, missed);
}

void
exercise_queue_start_stop(void)
{
	struct rte_mbuf *pkts[NB_SENT];
	struct rte_eth_rxq_info rx;
	struct rte_eth_txq_info tx;
	unsigned int nb_free;
	struct rig r;

	/* what is not received is counted, to the last frame */
	begin(&r);
	rig_open(
		&r,
		&(struct rig_setup){
			.args = "", .nb_rxq = 2, .nb_txq = 2, .deferred = true, .conf = rss_conf });
	rig_replay(&r);
	assert_in_range(r.nb_seen, 1, NB_FLOWS - 1);
	for (uint32_t i = 0; i < r.nb_seen; i++)
		assert_int_equal(r.seen[i].queue, 0);
	assert_int_equal(r.nb_seen + rig_stats(&r).imissed, NB_FLOWS);
	rig_close(&r);

	/* start and stop while traffic flows */
	begin(&r);
	rig_open(&r, &(struct rig_setup){ .args = FOR_EVER,
					  .nb_rxq = 2,
					  .nb_txq = 2,
					  .deferred = true,
					  .conf = rss_conf });
	rig_start(&r);
	assert_int_equal(rte_eth_rx_queue_info_get(r.port, 1, &rx), 0);
	assert_int_equal(rte_eth_tx_queue_info_get(r.port, 1, &tx), 0);
	assert_true(rx.conf.rx_deferred_start && tx.conf.tx_deferred_start);
	assert_int_equal(rx.queue_state, RTE_ETH_QUEUE_STATE_STOPPED);
	until_missed(&r, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rte_eth_dev_rx_queue_start(r.port, 1), 0);
		until_nothing_is_missed(&r);
		assert_int_equal(rte_eth_dev_rx_queue_stop(r.port, 1), 0);
		/* its mbufs are back, read or not: only queue 0 holds some */
		nb_free = free_mbufs(&r);
		assert_in_range(nb_free, RIG_NB_MBUFS - RIG_NB_DESC, RIG_NB_MBUFS);
		until_missed(&r, rig_stats(&r).imissed);
		until_received(&r, 0);
	}
	assert_int_equal(rte_eth_rx_queue_info_get(r.port, 1, &rx), 0);
	assert_int_equal(rx.queue_state, RTE_ETH_QUEUE_STATE_STOPPED);

	/* a stopped transmit queue accepts nothing */
	rig_alloc(&r, pkts, NB_SENT);
	assert_int_equal(rte_eth_tx_burst(r.port, 1, pkts, NB_SENT), 0);
	assert_int_equal(rte_eth_dev_tx_queue_start(r.port, 1), 0);
	assert_int_equal(rte_eth_tx_burst(r.port, 1, pkts, NB_SENT), NB_SENT);
	assert_int_equal(rte_eth_dev_tx_queue_stop(r.port, 1), 0);
	rig_stop(&r);
	rig_close(&r);
}

void
exercise_burst_mode_info(void)
{
	struct rte_eth_burst_mode mode;
	struct rig r;

	begin(&r);
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1 });
	rig_start(&r);
	assert_int_equal(rte_eth_rx_burst_mode_get(r.port, 0, &mode), 0);
	assert_string_equal(mode.info, "Scalar");
	assert_int_equal(rte_eth_tx_burst_mode_get(r.port, 0, &mode), 0);
	assert_string_equal(mode.info, "Scalar Drop");
	rig_receive_all(&r);
	rig_stop(&r);
	rig_close(&r);

	begin(&r);
	rig_open(&r,
		 &(struct rig_setup){ .args = "",
				      .nb_rxq = 1,
				      .nb_txq = 1,
				      .conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
				      .conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE });
	rig_start(&r);
	assert_int_equal(rte_eth_rx_burst_mode_get(r.port, 0, &mode), 0);
	assert_string_equal(mode.info, "Scalar Scattered");
	assert_int_equal(rte_eth_tx_burst_mode_get(r.port, 0, &mode), 0);
	assert_string_equal(mode.info, "Scalar Drop Fast Free");
	rig_receive_all(&r);
	rig_stop(&r);
	rig_close(&r);
}

void
exercise_rx_descriptor_status(void)
{
	struct rig r;

	begin(&r);
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1 });
	rig_start(&r);
	while (rte_eth_rx_queue_count(r.port, 0) != NB_FLOWS)
		;
	for (uint16_t i = 0; i < RIG_NB_DESC; i++)
		assert_int_equal(rte_eth_rx_descriptor_status(r.port, 0, i),
				 i < NB_FLOWS	     ? RTE_ETH_RX_DESC_DONE
				 : i < RIG_NB_POSTED ? RTE_ETH_RX_DESC_AVAIL
						     : RTE_ETH_RX_DESC_UNAVAIL);
	assert_int_equal(rte_eth_rx_descriptor_status(r.port, 0, RIG_NB_DESC), -EINVAL);
	rig_drain(&r, 0);
	assert_int_equal(rte_eth_rx_queue_count(r.port, 0), 0);
	assert_int_equal(rte_eth_rx_descriptor_status(r.port, 0, 0), RTE_ETH_RX_DESC_AVAIL);
	rig_stop(&r);
	rig_close(&r);
}

/* ---- transmit, into a file ---- */

static char folder[] = "evnic-XXXXXX", file[sizeof(folder) + 16];

static void
open_with_file(struct rig *r, uint64_t tx_offloads)
{
	static char args[128];

	strcpy(folder, "evnic-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/out.pcap", folder);
	snprintf(args, sizeof(args), "loops=1,tx_pcap=%s", file);
	rig_begin(r);
	rig_add_flow(r, 1);
	rig_open(r, &(struct rig_setup){ .args = args,
					 .nb_rxq = 1,
					 .nb_txq = 1,
					 .conf.txmode.offloads = tx_offloads });
	rig_start(r);
	rig_receive_all(r);
}

static void
close_with_file(struct rig *r)
{
	rig_stop(r);
	rig_close(r);
	unlink(file);
	rmdir(folder);
}

static void
until_sent(struct rig *r, uint64_t nb)
{
	while (rig_xstat(r, "wire_tx_frames") < nb)
		;
}

void
exercise_tx_descriptor_status(void)
{
	struct rte_mbuf *pkts[NB_SENT];
	struct rig r;

	open_with_file(&r, 0);
	for (uint16_t i = 0; i < RIG_NB_DESC; i++)
		assert_int_equal(rte_eth_tx_descriptor_status(r.port, 0, i), RTE_ETH_TX_DESC_DONE);
	assert_int_equal(rte_eth_tx_descriptor_status(r.port, 0, RIG_NB_DESC), -EINVAL);
	rig_alloc(&r, pkts, NB_SENT);
	assert_int_equal(rte_eth_tx_burst(r.port, 0, pkts, NB_SENT), NB_SENT);
	/* the last place is that of the newest frame: FULL until the wire has written it */
	while (rte_eth_tx_descriptor_status(r.port, 0, RIG_NB_DESC - 1) == RTE_ETH_TX_DESC_FULL)
		;
	until_sent(&r, NB_SENT);
	assert_int_equal(rte_eth_tx_descriptor_status(r.port, 0, RIG_NB_DESC - 1),
			 RTE_ETH_TX_DESC_DONE);
	close_with_file(&r);
}

void
exercise_free_tx_mbuf_on_demand(void)
{
	struct rte_mbuf *pkts[NB_SENT];
	unsigned int nb_free;
	struct rig r;

	open_with_file(&r, 0);
	nb_free = free_mbufs(&r);
	assert_int_equal(rte_eth_tx_done_cleanup(r.port, 0, 0), 0);
	rig_alloc(&r, pkts, NB_SENT);
	assert_int_equal(rte_eth_tx_burst(r.port, 0, pkts, NB_SENT), NB_SENT);
	until_sent(&r, NB_SENT);
	assert_int_equal(free_mbufs(&r), nb_free - NB_SENT);
	assert_int_equal(rte_eth_tx_done_cleanup(r.port, 0, 3), 3);
	assert_int_equal(free_mbufs(&r), nb_free - NB_SENT + 3);
	assert_int_equal(rte_eth_tx_done_cleanup(r.port, 0, 0), NB_SENT - 3);
	assert_int_equal(free_mbufs(&r), nb_free);
	close_with_file(&r);
}

/* Chains among single mbufs, as far as the ring's end and beyond. */
static void
send_and_chain(struct rig *r, bool has_file)
{
	struct rte_mbuf *pkts[NB_SENT];

	for (unsigned int round = 1; round <= 10; round++) {
		rig_alloc(r, pkts, NB_SENT);
		assert_int_equal(rte_pktmbuf_chain(pkts[0], pkts[1]), 0);
		pkts[1] = pkts[NB_SENT - 1];
		assert_int_equal(rte_eth_tx_burst(r->port, 0, pkts, NB_SENT - 1), NB_SENT - 1);
		if (has_file)
			until_sent(r, round * (NB_SENT - 1));
	}
}

void
exercise_fast_mbuf_free(void)
{
	struct rte_eth_txq_info info;
	unsigned int nb_free;
	struct rig r;

	open_with_file(&r, RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	assert_int_equal(rte_eth_tx_queue_info_get(r.port, 0, &info), 0);
	assert_true(info.conf.offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE);
	nb_free = free_mbufs(&r);
	send_and_chain(&r, true);
	rte_eth_tx_done_cleanup(r.port, 0, 0);
	assert_int_equal(free_mbufs(&r), nb_free);
	close_with_file(&r);

	/* without a file they are free at once */
	rig_begin(&r);
	rig_add_flow(&r, 1);
	rig_open(&r,
		 &(struct rig_setup){ .args = "",
				      .nb_rxq = 1,
				      .nb_txq = 1,
				      .conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE });
	rig_start(&r);
	rig_receive_all(&r);
	nb_free = free_mbufs(&r);
	send_and_chain(&r, false);
	assert_int_equal(free_mbufs(&r), nb_free);
	rig_stop(&r);
	rig_close(&r);
}
