/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * The receive and transmit paths with a device at the other end of the rings: every frame comes
 * whole and in order, every mbuf comes back, whatever the sizes of rings, bursts and pools.
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_errno.h>

#include "igb_rig.h"
#include "no_eal.h"
#include "unit.h"

#define MAX_LEN 9000

static uint8_t frame[MAX_LEN];

static struct igb_rxq *
rxq(uint16_t queue)
{
	return rig_dev->data->rx_queues[queue];
}

static struct igb_txq *
txq(uint16_t queue)
{
	return rig_dev->data->tx_queues[queue];
}

/* ---- receive ---- */

/* A frame that says its number, and is as long as this. */
static bool
arrive(uint32_t number, uint16_t len)
{
	memset(frame, (int)number, len);
	memcpy(frame, &number, sizeof(number));
	return device_receive(0, frame, len, 0x217, 0xabcd0000 + number, 0x20 | 0x10 | 0x40);
}

static void
check_received(const struct rte_mbuf *m, uint32_t number, uint16_t len)
{
	uint32_t at = 0, found;

	assert_int_equal(m->pkt_len, len);
	memcpy(&found, rte_pktmbuf_mtod(m, void *), sizeof(found));
	assert_int_equal(found, number);
	for (const struct rte_mbuf *seg = m; seg != NULL; seg = seg->next) {
		const uint8_t *data = rte_pktmbuf_mtod(seg, const uint8_t *);

		for (uint32_t i = at == 0 ? 4 : 0; i < seg->data_len; i++)
			assert_int_equal(data[i], (uint8_t)number);
		at += seg->data_len;
	}
	assert_int_equal(at, len);
	assert_int_equal(m->hash.rss, 0xabcd0000 + number);
	assert_int_equal(m->packet_type, RTE_PTYPE_L2_ETHER | RTE_PTYPE_L3_IPV4 | RTE_PTYPE_L4_UDP);
	assert_int_equal(m->ol_flags, RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_IP_CKSUM_GOOD |
					      RTE_MBUF_F_RX_L4_CKSUM_GOOD);
	assert_int_equal(m->port, 0);
	assert_int_equal(m->refcnt, 1);
}

/* Frames come and are taken in random portions: all of those for which there was a buffer, in
 * order. */
static void
frames_are_received_in_order_whatever_the_bursts(void **state)
{
	uint64_t random = 21;

	for (uint16_t nb_desc = 64; nb_desc <= 256; nb_desc += 96) {
		uint32_t next_in = 0, next_out = 0;

		rig_make(&(struct rig_conf){ .nb_desc = nb_desc });
		while (next_out < 20000) {
			struct rte_mbuf *pkts[80];
			uint16_t n;

			for (uint32_t i = unit_random_below(&random, 100); i > 0; i--)
				next_in += arrive(next_in, 60) ? 1 : 0;
			n = igb_rx_burst(rxq(0), pkts, (uint16_t)unit_random_below(&random, 80));
			for (uint16_t i = 0; i < n; i++) {
				check_received(pkts[i], next_out++, 60);
				rte_pktmbuf_free(pkts[i]);
			}
		}
		while (rig_burst(0) != 0)
			;
		assert_int_equal(rouse_counter_get(&rxq(0)->ipackets), next_in);
		assert_int_equal(rouse_counter_get(&rxq(0)->ibytes), 60 * next_in);
		rig_destroy();
	}
}

/* The tail is written once for IGB_REFILL buffers, not once a packet or burst. */
static void
buffers_are_posted_by_many_at_a_time(void **state)
{
	uint64_t writes;

	rig_make(&(struct rig_conf){ .nb_desc = 128 });
	writes = device.nb_writes;
	for (int i = 0; i < 32 * 20; i++) {
		assert_true(arrive(0, 60));
		assert_int_equal(rig_burst(0), 1);
	}
	assert_int_equal(device.nb_writes - writes, 20);
	rig_destroy();
}

/* Frames longer than a buffer, of every length around its multiples, beside short ones. */
static void
long_frames_come_in_several_buffers(void **state)
{
	static const uint16_t lens[] = { 60,   1023, 1024, 1025, 2047, 2048, 2049, 4096,
					 4097, 64,   8999, 9000, 1514, 3071, 3072, 61 };

	for (uint16_t room = 1024; room <= 2048; room += 1024) {
		uint32_t in = 0, out = 0;

		rig_make(&(struct rig_conf){
			.room = room, .nb_desc = 128, .rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER });
		assert_ptr_equal(rig_dev->rx_pkt_burst, igb_rx_burst_scattered);
		for (int i = 0; i < 1000; i++) {
			struct rte_mbuf *pkts[4];
			uint16_t n;

			while (in - out < 4 && arrive(in, lens[in % UNIT_DIM(lens)]))
				in++;
			/* bursts of three against fours: a frame is never given in parts */
			n = igb_rx_burst_scattered(rxq(0), pkts, 3);
			for (uint16_t k = 0; k < n; k++, out++) {
				check_received(pkts[k], out, lens[out % UNIT_DIM(lens)]);
				rte_pktmbuf_free(pkts[k]);
			}
		}
		assert_true(out > 1000);
		while (rig_burst(0) != 0)
			;
		rig_destroy();
	}
}

/* A frame whose end has not come yet stays where it is; the stop takes it back. */
static void
half_a_frame_is_not_received(void **state)
{
	struct rte_mbuf *pkts[4];
	union igb_rx_desc *ring;

	rig_make(&(struct rig_conf){ .room = 1024, .rx_offloads = RTE_ETH_RX_OFFLOAD_SCATTER });
	ring = rxq(0)->ring;
	ring[0].wb.high = IGB_RX_DD | UINT64_C(1024) << 32;
	assert_int_equal(igb_rx_burst_scattered(rxq(0), pkts, 4), 0);
	assert_int_equal(igb_rx_burst_scattered(rxq(0), pkts, 4), 0);
	rig_destroy();
}

static void
an_mtu_beyond_a_buffer_takes_the_scattered_function(void **state)
{
	const struct rig_conf conf = { .room = 2048 };

	rig_make(&conf);
	assert_ptr_equal(rig_dev->rx_pkt_burst, igb_rx_burst);
	assert_int_equal(igb_mtu_set(rig_dev, 2048 - IGB_L2_OVERHEAD), 0);
	assert_int_equal(igb_mtu_set(rig_dev, 2048), -EBUSY);
	assert_int_equal(igb_mtu_set(rig_dev, 9710), -EINVAL);
	assert_int_equal(igb_ops.dev_stop(rig_dev), 0);
	assert_int_equal(igb_mtu_set(rig_dev, 4000), 0);
	rig_dev->data->mtu = 4000;
	assert_int_equal(igb_ops.dev_start(rig_dev), 0);
	rig_dev->data->dev_started = 1;
	assert_ptr_equal(rig_dev->rx_pkt_burst, igb_rx_burst_scattered);
	assert_int_equal(device.regs[0x5004 / 4], 4000 + IGB_L2_OVERHEAD);
	rig_destroy();
}

/* ---- mbufs run out ---- */

/* The pool is empty for a while: what was posted is received, then nothing; and it goes on when
 * there are mbufs again. */
static void
an_empty_pool_delays_and_loses_no_buffer(void **state)
{
	struct rte_mbuf *held[128], *pkts[64];
	unsigned int nb_held = 0, nb_in = 0;
	uint16_t n;

	rig_make(&(struct rig_conf){ .nb_desc = 64, .nb_mbufs = 96 });
	while (nb_held < 32)
		held[nb_held++] = no_eal_mbuf(60);
	for (int i = 0; i < 200; i++)
		nb_in += arrive(nb_in, 60) ? 1 : 0;
	assert_int_equal(nb_in, 63);
	n = igb_rx_burst(rxq(0), pkts, 64);
	assert_int_equal(n, 63);
	assert_true(rouse_counter_get(&rxq(0)->nombuf) != 0);
	/* all that the ring has is one buffer, which the device never had */
	assert_false(arrive(0, 60));
	assert_int_equal(igb_rx_burst(rxq(0), &pkts[63], 1), 0);
	for (unsigned int i = 0; i < nb_held; i++)
		rte_pktmbuf_free(held[i]);
	assert_int_equal(igb_rx_burst(rxq(0), &pkts[63], 1), 0);
	assert_true(arrive(77, 60));
	assert_int_equal(rig_burst(0), 1);
	for (unsigned int i = 0; i < 63; i++)
		rte_pktmbuf_free(pkts[i]);
	rig_destroy();
}

/* What was received is still marked as done in the ring: it is not received a second time. */
static void
descriptors_without_a_buffer_are_not_looked_at(void **state)
{
	struct rte_mbuf *pkts[64];

	rig_make(&(struct rig_conf){ .nb_desc = 64, .nb_mbufs = 64 });
	for (uint32_t i = 0; i < 63; i++)
		assert_true(arrive(i, 60));
	assert_int_equal(igb_rx_burst(rxq(0), pkts, 64), 63);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(rig_burst(0), 0);
		assert_false(igb_rxq_has_packets(rxq(0)));
		assert_int_equal(igb_rxq_count(rxq(0)), 0);
	}
	for (unsigned int i = 0; i < 63; i++)
		rte_pktmbuf_free(pkts[i]);
	rig_destroy();
}

/* A look that finds nothing may end after the queue was stopped and started anew: what it wrote
 * then would be where the ring was before. Here any write ends the test. */
static void
a_burst_that_finds_nothing_writes_nothing(void **state)
{
	uint16_t (*const bursts[])(void *, struct rte_mbuf **, uint16_t) = {
		igb_rx_burst,
		igb_rx_burst_scattered,
	};
	struct rte_mbuf *pkts[4];
	struct igb_rxq *q;

	rig_make(&(struct rig_conf){ .nb_queues = 1 });
	q = mmap(NULL, sizeof(*q), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(q, MAP_FAILED);
	memcpy(q, rig_dev->data->rx_queues[0], sizeof(*q));
	assert_int_equal(mprotect(q, sizeof(*q), PROT_READ), 0);
	for (unsigned int i = 0; i < RTE_DIM(bursts); i++)
		assert_int_equal(bursts[i](q, pkts, RTE_DIM(pkts)), 0);
	assert_int_equal(munmap(q, sizeof(*q)), 0);
	rig_destroy();
}

static void
a_queue_without_any_buffer_cannot_be_armed(void **state)
{
	struct rte_mbuf *pkts[64], *last;

	rig_make(&(struct rig_conf){ .nb_desc = 64, .nb_mbufs = 64 });
	for (uint32_t i = 0; i < 63; i++)
		assert_true(arrive(i, 60));
	assert_int_equal(igb_rx_burst(rxq(0), pkts, 64), 63);
	assert_int_equal(igb_rxq_intr_enable(rig_dev, 0), 0);
	assert_int_equal(igb_rxq_intr_disable(rig_dev, 0), 0);
	/* take the one that is left */
	last = rxq(0)->mbufs[63];
	rxq(0)->ring[63].wb.high = IGB_RX_DD | IGB_RX_EOP | UINT64_C(60) << 32;
	assert_int_equal(igb_rx_burst(rxq(0), &pkts[63], 1), 1);
	assert_ptr_equal(pkts[63], last);
	assert_int_equal(igb_rxq_intr_enable(rig_dev, 0), -ENOBUFS);
	for (unsigned int i = 0; i < 64; i++)
		rte_pktmbuf_free(pkts[i]);
	assert_int_equal(igb_rxq_intr_enable(rig_dev, 0), 0);
	rig_destroy();
}

/* ---- looking ---- */

static void
counts_and_status_are_those_of_the_ring(void **state)
{
	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	assert_int_equal(igb_rxq_count(rxq(0)), 0);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 0), RTE_ETH_RX_DESC_AVAIL);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 63), RTE_ETH_RX_DESC_UNAVAIL);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 64), -EINVAL);
	for (uint32_t i = 0; i < 8; i++)
		assert_true(arrive(i, 60));
	assert_int_equal(igb_rxq_count(rxq(0)), 8);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 7), RTE_ETH_RX_DESC_DONE);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 8), RTE_ETH_RX_DESC_AVAIL);
	assert_int_equal(rig_burst(0), 8);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 55), RTE_ETH_RX_DESC_UNAVAIL);
	assert_int_equal(igb_rx_descriptor_status(rxq(0), 56), RTE_ETH_RX_DESC_UNAVAIL);
	rig_destroy();
}

/* ---- transmit ---- */

static uint32_t nb_given, nb_seen;

static struct rte_mbuf *
to_send(uint16_t len)
{
	struct rte_mbuf *m = no_eal_mbuf(len);
	uint32_t *number = rte_pktmbuf_mtod(m, uint32_t *);

	*number = nb_given++;
	m->ol_flags = 0;
	return m;
}

/* What the device has sent since the last time: all of it, in order. */
static void
check_sent(uint16_t len)
{
	for (unsigned int i = 0; i < device.nb_sent; i++) {
		uint32_t number;

		memcpy(&number, device.sent[i].data, sizeof(number));
		assert_int_equal(number, nb_seen++);
		assert_int_equal(device.sent[i].len, len);
		assert_int_equal(device.sent[i].cmd >> 25 & 1, 1); /* IFCS */
	}
	device.nb_sent = 0;
}

static void
frames_are_sent_in_order_and_their_mbufs_come_back(void **state)
{
	uint64_t random = 8;

	for (uint16_t nb_desc = 64; nb_desc <= 256; nb_desc += 96)
		for (int fast = 0; fast < 2; fast++) {
			rig_make(&(struct rig_conf){
				.nb_desc = nb_desc,
				.tx_offloads = fast ? RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE : 0 });
			nb_given = nb_seen = 0;
			for (int i = 0; i < 3000; i++) {
				struct rte_mbuf *pkts[80];
				uint16_t nb = (uint16_t)unit_random_below(&random, 80), n;

				for (uint16_t k = 0; k < nb; k++)
					pkts[k] = to_send(60);
				n = igb_tx_burst(txq(0), pkts, nb);
				for (uint16_t k = n; k < nb; k++)
					rte_pktmbuf_free(pkts[k]);
				nb_given -= nb - n;
				device_send(0, unit_random_below(&random, 100));
				check_sent(60);
			}
			device_send(0, UINT32_MAX);
			check_sent(60);
			assert_int_equal(nb_seen, nb_given);
			assert_true(nb_seen > 10000);
			assert_int_equal(rouse_counter_get(&txq(0)->opackets), nb_seen);
			/* all that was reported comes back at once if it is asked for */
			igb_tx_done_cleanup(txq(0), 0);
			assert_int_equal(txq(0)->nb_free, nb_desc - 1);
			rig_destroy();
		}
}

/* One write of the tail for a burst, and one report. */
static void
a_burst_costs_one_write_and_one_report(void **state)
{
	struct rte_mbuf *pkts[32];
	unsigned int nb_reports = 0;
	uint64_t writes;

	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	for (int i = 0; i < 32; i++)
		pkts[i] = to_send(60);
	writes = device.nb_writes;
	assert_int_equal(igb_tx_burst(txq(0), pkts, 32), 32);
	assert_int_equal(device.nb_writes - writes, 1);
	for (int i = 0; i < 32; i++)
		nb_reports += (txq(0)->ring[i].data.cmd & IGB_TX_RS) != 0;
	assert_int_equal(nb_reports, 1);
	assert_true((txq(0)->ring[31].data.cmd & IGB_TX_RS) != 0);
	/* nothing to send: nothing is written */
	assert_int_equal(igb_tx_burst(txq(0), pkts, 0), 0);
	assert_int_equal(device.nb_writes - writes, 1);
	rig_destroy();
}

static void
a_full_ring_takes_what_fits(void **state)
{
	struct rte_mbuf *pkts[80];
	uint16_t n;

	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	for (int i = 0; i < 80; i++)
		pkts[i] = to_send(60);
	n = igb_tx_burst(txq(0), pkts, 80);
	assert_int_equal(n, 63);
	assert_int_equal(igb_tx_burst(txq(0), &pkts[n], 1), 0);
	device_send(0, 10);
	/* nothing was reported yet: reports are for whole bursts */
	assert_int_equal(igb_tx_burst(txq(0), &pkts[n], 1), 0);
	device_send(0, UINT32_MAX);
	assert_int_equal(igb_tx_burst(txq(0), &pkts[n], (uint16_t)(80 - n)), 80 - n);
	rig_destroy();
}

static void
chains_are_sent_as_one_frame(void **state)
{
	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	for (int i = 0; i < 200; i++) {
		struct rte_mbuf *head = to_send(20), *last = head;

		for (int seg = 1; seg < 1 + i % 7; seg++) {
			last->next = no_eal_mbuf(30);
			last = last->next;
			head->nb_segs++;
			head->pkt_len += 30;
		}
		assert_int_equal(igb_tx_burst(txq(0), &head, 1), 1);
		device_send(0, UINT32_MAX);
		assert_int_equal(device.nb_sent, 1);
		assert_int_equal(device.sent[0].len, 20 + 30 * (i % 7));
		device.nb_sent = 0;
	}
	rig_destroy();
}

/* Frames, whatever number of descriptors they take; of those that one report covers, too. */
static void
what_is_sent_is_freed_by_the_frame(void **state)
{
	struct rte_mbuf *pkts[20];
	unsigned int before;

	/* the rings go round, so that each place is the first one once */
	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	for (int round = 0; round < 64; round++) {
		for (int i = 0; i < 20; i++) {
			pkts[i] = to_send(30);
			if (i % 3 != 0)
				continue;
			pkts[i]->next = no_eal_mbuf(30);
			pkts[i]->nb_segs = 2;
			pkts[i]->pkt_len = 60;
		}
		before = no_eal_mbufs_out;
		assert_int_equal(igb_tx_burst(txq(0), pkts, 20), 20);
		assert_int_equal(igb_tx_done_cleanup(txq(0), 5), 0); /* nothing is sent yet */
		device_send(0, UINT32_MAX);
		device.nb_sent = 0;
		assert_int_equal(igb_tx_done_cleanup(txq(0), 1), 1);
		assert_int_equal(no_eal_mbufs_out, before - 2);
		assert_int_equal(igb_tx_done_cleanup(txq(0), 4), 4);
		assert_int_equal(no_eal_mbufs_out, before - 7);
		assert_int_equal(igb_tx_descriptor_status(txq(0), 63), RTE_ETH_TX_DESC_DONE);
		if (round % 3 == 0)
			assert_int_equal(igb_tx_done_cleanup(txq(0), 15), 15);
		else if (round % 3 == 1)
			assert_int_equal(igb_tx_done_cleanup(txq(0), 100), 15);
		else
			assert_int_equal(igb_tx_done_cleanup(txq(0), 0), 15);
		assert_int_equal(no_eal_mbufs_out, before - 27);
		assert_int_equal(txq(0)->nb_free, 63);
		assert_int_equal(igb_tx_done_cleanup(txq(0), 0), 0);
	}
	rig_destroy();
}

/* Shared and attached mbufs are not given back while somebody else holds them. */
static void
mbufs_that_others_hold_stay_theirs(void **state)
{
	struct rte_mbuf *m, *pkts[64];
	unsigned int before;

	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	m = to_send(60);
	rte_mbuf_refcnt_set(m, 2);
	assert_int_equal(igb_tx_burst(txq(0), &m, 1), 1);
	device_send(0, UINT32_MAX);
	before = no_eal_mbufs_out;
	igb_tx_done_cleanup(txq(0), 0);
	assert_int_equal(no_eal_mbufs_out, before);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
	for (int i = 0; i < 40; i++)
		pkts[i] = to_send(60);
	assert_int_equal(igb_tx_burst(txq(0), pkts, 40), 40);
	rig_destroy();
}

/* ---- offloads ---- */

static struct rte_mbuf *
with_offload(uint64_t flags, uint16_t l3_len, uint16_t vlan)
{
	struct rte_mbuf *m = to_send(60);

	m->ol_flags = flags;
	m->l2_len = 14;
	m->l3_len = l3_len;
	m->vlan_tci = vlan;
	return m;
}

/* Each frame is sent with its own context, however they alternate; and the device is told a context
 * only if it does not have it. */
static void
every_frame_is_sent_with_its_own_context(void **state)
{
	static const struct {
		uint64_t flags;
		uint16_t l3_len, vlan;
	} kinds[] = {
		{ 0, 0, 0 },
		{ RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4, 20, 0 },
		{ RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM, 20, 0 },
		{ RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_CKSUM, 40, 0 },
		{ RTE_MBUF_F_TX_VLAN, 0, 7 },
		{ RTE_MBUF_F_TX_VLAN, 0, 8 },
	};
	uint64_t random = 99;
	uint8_t order[512];

	rig_make(&(struct rig_conf){ .nb_desc = 128 });
	for (int i = 0; i < 512; i++) {
		unsigned int k = unit_random_below(&random, UNIT_DIM(kinds));
		struct rte_mbuf *m = with_offload(kinds[k].flags, kinds[k].l3_len, kinds[k].vlan);

		order[i] = (uint8_t)k;
		assert_int_equal(igb_tx_burst(txq(0), &m, 1), 1);
		device_send(0, UINT32_MAX);
	}
	assert_int_equal(device.nb_sent, 512);
	for (int i = 0; i < 512; i++) {
		const struct device_sent *s = &device.sent[i];
		unsigned int k = order[i];
		struct rte_mbuf m = { .ol_flags = kinds[k].flags,
				      .l2_len = 14,
				      .l3_len = kinds[k].l3_len & 0x1ff,
				      .vlan_tci = kinds[k].vlan };

		assert_int_equal(s->cmd & IGB_TX_VLE, igb_tx_offload_cmd(m.ol_flags));
		assert_int_equal(s->status & 0x300, igb_tx_offload_status(m.ol_flags));
		if (kinds[k].flags == 0)
			continue;
		assert_true(s->has_context);
		assert_int_equal(s->lens, igb_tx_context_of(&m).lens);
		assert_int_equal(s->type, igb_tx_context_of(&m).type);
	}
	rig_destroy();
}

static void
a_context_is_told_once(void **state)
{
	struct rte_mbuf *pkts[20];

	rig_make(&(struct rig_conf){ .nb_desc = 128 });
	for (int i = 0; i < 20; i++)
		pkts[i] = with_offload(RTE_MBUF_F_TX_VLAN, 0, i % 2 == 0 ? 5 : 6);
	assert_int_equal(igb_tx_burst(txq(0), pkts, 20), 20);
	assert_int_equal(txq(0)->next, 20 + IGB_TX_CONTEXTS);
	rig_destroy();
}

static void
what_the_device_cannot_send_is_said_before(void **state)
{
	struct rte_mbuf *good, *tso, *pkts[2];

	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	good = with_offload(RTE_MBUF_F_TX_VLAN, 0, 1);
	tso = with_offload(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4, 20, 0);
	pkts[0] = good;
	pkts[1] = tso;
	assert_int_equal(igb_tx_prepare(txq(0), pkts, 2), 1);
	assert_int_equal(rte_errno, ENOTSUP);
	tso->ol_flags = 0;
	tso->nb_segs = IGB_MAX_SEGS + 1;
	assert_int_equal(igb_tx_prepare(txq(0), pkts, 2), 1);
	assert_int_equal(rte_errno, EINVAL);
	tso->nb_segs = 1;
	tso->pkt_len = IGB_MAX_FRAME + 1;
	assert_int_equal(igb_tx_prepare(txq(0), pkts, 2), 1);
	tso->pkt_len = 60;
	assert_int_equal(igb_tx_prepare(txq(0), pkts, 2), 2);
	rte_pktmbuf_free(good);
	rte_pktmbuf_free(tso);
	rig_destroy();
}

static void
status_of_what_was_sent_follows_the_reports(void **state)
{
	struct rte_mbuf *pkts[8];

	rig_make(&(struct rig_conf){ .nb_desc = 64 });
	for (int i = 0; i < 8; i++)
		pkts[i] = to_send(60);
	assert_int_equal(igb_tx_descriptor_status(txq(0), 63), RTE_ETH_TX_DESC_DONE);
	assert_int_equal(igb_tx_burst(txq(0), pkts, 8), 8);
	assert_int_equal(igb_tx_descriptor_status(txq(0), 0), RTE_ETH_TX_DESC_DONE);
	assert_int_equal(igb_tx_descriptor_status(txq(0), 55), RTE_ETH_TX_DESC_DONE);
	for (uint16_t i = 56; i < 64; i++)
		assert_int_equal(igb_tx_descriptor_status(txq(0), i), RTE_ETH_TX_DESC_FULL);
	device_send(0, UINT32_MAX);
	for (uint16_t i = 56; i < 64; i++)
		assert_int_equal(igb_tx_descriptor_status(txq(0), i), RTE_ETH_TX_DESC_DONE);
	assert_int_equal(igb_tx_descriptor_status(txq(0), 64), -EINVAL);
	rig_destroy();
}

/* ---- queues that stop and start ---- */

static void
queues_stop_and_start_and_keep_no_mbuf(void **state)
{
	struct rte_mbuf *pkts[16];

	rig_make(&(struct rig_conf){ .nb_queues = 2 });
	for (int round = 0; round < 10; round++) {
		unsigned int before, nb_posted;

		assert_true(rig_receive_one(0));
		nb_posted = IGB_MIN_DESC - rxq(0)->nb_free;
		for (int i = 0; i < 16; i++)
			pkts[i] = to_send(60);
		assert_int_equal(igb_tx_burst(txq(0), pkts, 16), 16);
		before = no_eal_mbufs_out;
		assert_int_equal(igb_rx_queue_stop(rig_dev, 0), 0);
		assert_int_equal(igb_tx_queue_stop(rig_dev, 0), 0);
		assert_int_equal(before - no_eal_mbufs_out, nb_posted + 16);
		assert_false(rig_receive_one(0));
		/* who polls it takes no buffers for it */
		before = no_eal_mbufs_out;
		assert_int_equal(rig_burst(0), 0);
		assert_int_equal(no_eal_mbufs_out, before);
		assert_int_equal(igb_tx_burst(txq(0), pkts, 1), 0);
		assert_true(rig_receive_one(1));
		assert_int_equal(rig_burst(1), 1);
		assert_int_equal(igb_rx_queue_start(rig_dev, 0), 0);
		assert_int_equal(igb_tx_queue_start(rig_dev, 0), 0);
		assert_true(rig_receive_one(0));
		assert_int_equal(rig_burst(0), 1);
	}
	rig_destroy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_received_in_order_whatever_the_bursts),
		cmocka_unit_test(buffers_are_posted_by_many_at_a_time),
		cmocka_unit_test(long_frames_come_in_several_buffers),
		cmocka_unit_test(half_a_frame_is_not_received),
		cmocka_unit_test(an_mtu_beyond_a_buffer_takes_the_scattered_function),
		cmocka_unit_test(an_empty_pool_delays_and_loses_no_buffer),
		cmocka_unit_test(descriptors_without_a_buffer_are_not_looked_at),
		cmocka_unit_test(a_burst_that_finds_nothing_writes_nothing),
		cmocka_unit_test(a_queue_without_any_buffer_cannot_be_armed),
		cmocka_unit_test(counts_and_status_are_those_of_the_ring),
		cmocka_unit_test(frames_are_sent_in_order_and_their_mbufs_come_back),
		cmocka_unit_test(a_burst_costs_one_write_and_one_report),
		cmocka_unit_test(a_full_ring_takes_what_fits),
		cmocka_unit_test(chains_are_sent_as_one_frame),
		cmocka_unit_test(what_is_sent_is_freed_by_the_frame),
		cmocka_unit_test(mbufs_that_others_hold_stay_theirs),
		cmocka_unit_test(every_frame_is_sent_with_its_own_context),
		cmocka_unit_test(a_context_is_told_once),
		cmocka_unit_test(what_the_device_cannot_send_is_said_before),
		cmocka_unit_test(status_of_what_was_sent_follows_the_reports),
		cmocka_unit_test(queues_stop_and_start_and_keep_no_mbuf),
	};

	return UNIT_RUN(tests);
}
