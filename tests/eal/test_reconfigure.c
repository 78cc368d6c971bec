/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A port that is configured again keeps the queues that were set up, as ethdev has it: what follows
 * from the configuration is found anew at the start.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_cycles.h>
#include <rte_eal.h>

#include <rouse_evnic.h>

#include "port_rig.h"

#define ROOM	 256 /* bytes of a frame in an mbuf */
#define LONG	 1500
#define NB_LONG	 20
#define NB_FLOWS 20
#define NB_DESC	 512 /* enough for a frame of any length */

static const struct rte_eth_conf plain = { .intr_conf = { .lsc = 0 } };
static const struct rte_eth_conf scatter = { .rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER };
static const struct rte_eth_conf loopback = { .lpbk_mode = 1 };
static const struct rte_eth_conf scatter_loopback = {
	.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER,
	.lpbk_mode = 1,
};

/* Frames longer than an mbuf. */
static void
open_long(struct rig *r, const struct rte_eth_conf *conf)
{
	rig_begin(r);
	for (unsigned int i = 0; i < NB_LONG; i++)
		rig_add_to(r, "02:00:00:00:00:01", LONG);
	rig_open(r, &(struct rig_setup){ .args = "",
					 .nb_rxq = 1,
					 .nb_txq = 1,
					 .nb_desc = NB_DESC,
					 .room = ROOM,
					 .conf = *conf });
}

/* Frames of one mbuf each, with right checksums. */
static void
open_short(struct rig *r, const struct rte_eth_conf *conf)
{
	rig_begin(r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(r, i);
	rig_open(r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1, .conf = *conf });
}

static void
configure(const struct rig *r, const struct rte_eth_conf *conf)
{
	assert_int_equal(rte_eth_dev_configure(r->port, 1, 1, conf), 0);
}

static void
assert_start_is_refused(const struct rig *r)
{
	rig_log_begin();
	assert_int_equal(rte_eth_dev_start(r->port), -EINVAL);
	assert_int_equal(rig_log_end("use mbufs of 1628 bytes or more"), 1);
	assert_int_equal(rte_mempool_avail_count(r->pool), r->pool->size);
}

static void
assert_long_frames_come(struct rig *r)
{
	rig_replay(r);
	assert_int_equal(r->nb_seen, NB_LONG);
	for (uint32_t i = 0; i < r->nb_seen; i++) {
		assert_int_equal(r->seen[i].len, LONG);
		assert_int_equal(r->seen[i].nb_segs, (LONG + ROOM - 1) / ROOM);
		assert_true(r->seen[i].is_pattern);
	}
}

static void
without_scatter_frames_longer_than_an_mbuf_are_refused(void **state)
{
	struct rig r;

	open_long(&r, &scatter);
	assert_long_frames_come(&r);
	configure(&r, &plain);
	assert_start_is_refused(&r);
	configure(&r, &scatter);
	assert_long_frames_come(&r);
	rig_close(&r);
}

/* What the port's source gives is nothing to a port in loopback. */
static void
out_of_loopback_frames_longer_than_an_mbuf_are_refused(void **state)
{
	struct rig r;

	open_long(&r, &loopback);
	rig_start(&r);
	rig_stop(&r);
	configure(&r, &plain);
	assert_start_is_refused(&r);
	configure(&r, &loopback);
	rig_start(&r);
	rig_stop(&r);
	rig_close(&r);
}

/* Once round the loopback; the caller keeps what he sent. */
static struct rte_mbuf *
send_and_receive(const struct rig *r, struct rte_mbuf *sent)
{
	uint64_t end = rte_rdtsc() + 60 * rte_get_tsc_hz(); /* it is as good as never */
	struct rte_mbuf *m;

	rte_mbuf_refcnt_update(sent, 1);
	assert_int_equal(rte_eth_tx_burst(r->port, 0, &sent, 1), 1);
	while (rte_eth_rx_burst(r->port, 0, &m, 1) == 0)
		assert_true(rte_rdtsc() < end);
	assert_int_equal(m->pkt_len, sent->pkt_len);
	assert_int_equal(m->nb_segs, 2);
	return m;
}

/* The last mbufs of a pool go to a queue one by one, as many as the longest frame takes. */
static void
with_scatter_the_queue_takes_as_many_mbufs_as_a_frame_may_need(void **state)
{
	struct rte_mbuf *kept[RIG_NB_MBUFS], *received[(NB_DESC - 32) / 2], *sent;
	unsigned int nb_kept = 0;
	struct rig r;

	open_long(&r, &loopback);
	configure(&r, &scatter_loopback);
	rig_start(&r);
	rig_alloc(&r, &sent, 1);
	sent->data_off = 0;
	sent->data_len = 300;
	sent->pkt_len = 300;
	while (rte_mempool_get(r.pool, (void **)&kept[nb_kept]) == 0)
		nb_kept++;
	for (unsigned int i = 0; i < UNIT_DIM(received); i++)
		received[i] = send_and_receive(&r, sent);
	/* the queue has none, and the pool some */
	for (unsigned int i = 0; i < 8; i++)
		rte_mempool_put(r.pool, kept[--nb_kept]);
	rte_pktmbuf_free(send_and_receive(&r, sent));

	for (unsigned int i = 0; i < UNIT_DIM(received); i++)
		rte_pktmbuf_free(received[i]);
	while (nb_kept != 0)
		rte_mempool_put(r.pool, kept[--nb_kept]);
	rte_pktmbuf_free(sent);
	rig_stop(&r);
	rig_close(&r);
}

/* Of a queue that frames of any length do not fit in. */
static void
assert_refusal_names(uint16_t port, struct rte_mempool *pool, const char *source)
{
	rig_log_begin();
	assert_int_equal(rte_eth_rx_queue_setup(port, 0, 128, 0, NULL, pool), -EINVAL);
	assert_int_equal(rig_log_end(source), 1);
}

static void
a_refusal_names_what_the_port_receives_from(void **state)
{
	uint16_t port;
	struct rig r;

	open_long(&r, &loopback);
	configure(&r, &scatter_loopback);
	assert_refusal_names(r.port, r.pool, ": lpbk_mode 1: a frame may have 65407 bytes");
	assert_int_equal(rte_vdev_init("net_evnic_end", "cable=net_evnic_other"), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name("net_evnic_end", &port), 0);
	assert_int_equal(rte_eth_dev_configure(port, 1, 1, &scatter), 0);
	assert_refusal_names(port, r.pool, ": cable=net_evnic_other: a frame may have");
	assert_int_equal(rte_eth_dev_close(port), 0);
	rte_vdev_uninit("net_evnic_end");
	rig_close(&r);
}

static void
checksums_are_told_as_the_port_is_configured(void **state)
{
	const struct rte_eth_conf cksum = { .rxmode.offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM };
	const uint64_t told = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const uint64_t good = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	struct rte_eth_rxq_info info;
	struct rig r;

	open_short(&r, &plain);
	for (int i = 0; i < 3; i++) {
		bool is_on = i == 1;

		configure(&r, is_on ? &cksum : &plain);
		rig_replay(&r);
		assert_int_equal(r.nb_seen, NB_FLOWS);
		assert_int_equal(r.seen[0].ol_flags & told, is_on ? good : 0);
		assert_int_equal(rte_eth_rx_queue_info_get(r.port, 0, &info), 0);
		assert_int_equal(info.conf.offloads, is_on ? RTE_ETH_RX_OFFLOAD_CHECKSUM : 0);
	}
	rig_close(&r);
}

/* An mbuf with two references goes back to its pool with the last of them. */
static void
without_fast_free_references_count(void **state)
{
	const struct rte_eth_conf fast = { .txmode.offloads = RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE };
	struct rte_eth_txq_info info;
	struct rte_mbuf *m;
	struct rig r;

	open_short(&r, &fast);
	configure(&r, &plain);
	rig_start(&r);
	rig_receive_all(&r);
	assert_int_equal(rte_eth_tx_queue_info_get(r.port, 0, &info), 0);
	assert_int_equal(info.conf.offloads, 0);
	rig_alloc(&r, &m, 1);
	rte_mbuf_refcnt_set(m, 2);
	assert_int_equal(rte_eth_tx_burst(r.port, 0, &m, 1), 1);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
	rig_stop(&r);
	rig_close(&r);
}

static void
masks_and_intervals_are_lifted(void **state)
{
	struct rouse_evnic_vector v;
	struct rig r;

	open_short(&r, &plain);
	assert_int_equal(rouse_evnic_vector_mask(r.port, 0, true), 0);
	assert_int_equal(rouse_evnic_vector_interval_set(r.port, 0, 1000), 0);
	rig_start(&r);
	rig_receive_all(&r);
	rig_stop(&r);
	assert_int_equal(rouse_evnic_vector_get(r.port, 0, &v), 0);
	assert_true(v.masked);
	assert_int_equal(v.interval_us, 1000);
	configure(&r, &plain);
	assert_int_equal(rouse_evnic_vector_get(r.port, 0, &v), 0);
	assert_false(v.masked);
	assert_int_equal(v.interval_us, 0);
	rig_close(&r);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_scatter_frames_longer_than_an_mbuf_are_refused),
		cmocka_unit_test(out_of_loopback_frames_longer_than_an_mbuf_are_refused),
		cmocka_unit_test(with_scatter_the_queue_takes_as_many_mbufs_as_a_frame_may_need),
		cmocka_unit_test(a_refusal_names_what_the_port_receives_from),
		cmocka_unit_test(checksums_are_told_as_the_port_is_configured),
		cmocka_unit_test(without_fast_free_references_count),
		cmocka_unit_test(masks_and_intervals_are_lifted),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
