/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What was received, by flow: frames are those of frames.py, UDP over IPv4, the source port names
 * the flow, the last four bytes number the frame. A flow has one queue at a time, one hash, and
 * each of its frames comes once.
 */

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>

#include "station.h"

#define MAX_FLOWS   65536
#define MAX_NUMBERS (1u << 24)
#define MAX_KEPT    16384
#define HEADERS_LEN (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_udp_hdr))

/* One worker at a time has the queue that a flow comes by. */
struct flow {
	uint32_t nb;
	uint32_t hash;
	uint16_t queue;
	bool has_hash;
	bool has_changed; /* queue or hash are not those of its first frame */
};

static struct flow flows[MAX_FLOWS];
static atomic_uchar seen[MAX_NUMBERS / 8];
static atomic_ulong nb_frames, nb_twice, nb_others, nb_not_sent;
static atomic_bool echoes, keeps;
static struct rte_mbuf *_Atomic kept[MAX_KEPT];
static atomic_uint nb_kept;

static void
note(const struct rte_mbuf *m, uint16_t queue)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(
		m, const struct rte_udp_hdr *, HEADERS_LEN - sizeof(struct rte_udp_hdr));
	uint32_t number;
	struct flow *f;

	if (m->pkt_len < HEADERS_LEN + sizeof(number) ||
	    ether->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		atomic_fetch_add(&nb_others, 1);
		return;
	}
	memcpy(&number, rte_pktmbuf_mtod_offset(m, const uint8_t *, m->data_len - sizeof(number)),
	       sizeof(number));
	number = rte_be_to_cpu_32(number) % MAX_NUMBERS;
	if ((atomic_fetch_or(&seen[number / 8], 1u << number % 8) & 1u << number % 8) != 0)
		atomic_fetch_add(&nb_twice, 1);
	f = &flows[rte_be_to_cpu_16(udp->src_port)];
	if (f->nb++ == 0) {
		f->queue = queue;
		f->hash = m->hash.rss;
		f->has_hash = (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0;
	}
	f->has_changed |= f->queue != queue || f->hash != m->hash.rss;
	atomic_fetch_add(&nb_frames, 1);
}

static void
dispose(const struct station *st, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	uint16_t nb_sent = 0;

	if (atomic_load(&keeps)) {
		for (uint16_t i = 0; i < nb_pkts; i++)
			atomic_store(&kept[atomic_fetch_add(&nb_kept, 1) % MAX_KEPT], pkts[i]);
		return;
	}
	if (atomic_load(&echoes) && queue < st->nb_txq)
		nb_sent = rte_eth_tx_burst(st->port, queue, pkts, nb_pkts);
	if (atomic_load(&echoes))
		atomic_fetch_add(&nb_not_sent, nb_pkts - nb_sent);
	rte_pktmbuf_free_bulk(pkts + nb_sent, nb_pkts - nb_sent);
}

void
flows_receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++)
		note(pkts[i], queue);
	dispose(arg, queue, pkts, nb_pkts);
}

void
flows_set_echo(bool is_on)
{
	atomic_store(&echoes, is_on);
}

void
flows_set_keep(bool is_on)
{
	atomic_store(&keeps, is_on);
	if (is_on)
		return;
	for (unsigned int i = atomic_exchange(&nb_kept, 0); i-- > 0;)
		rte_pktmbuf_free(atomic_load(&kept[i]));
}

void
flows_print(void)
{
	for (unsigned int i = 0; i < MAX_FLOWS; i++) {
		const struct flow *f = &flows[i];

		if (f->nb != 0)
			printf("flow %u: queue %u hash %s%08" PRIx32 " frames %" PRIu32 "%s\n", i,
			       f->queue, f->has_hash ? "" : "none ", f->hash, f->nb,
			       f->has_changed ? " changed" : "");
	}
	printf("frames %lu twice %lu others %lu kept %u not-sent %lu\n", atomic_load(&nb_frames),
	       atomic_load(&nb_twice), atomic_load(&nb_others), atomic_load(&nb_kept),
	       atomic_load(&nb_not_sent));
}

void
flows_clear(void)
{
	memset(flows, 0, sizeof(flows));
	for (unsigned int i = 0; i < sizeof(seen); i++)
		if (atomic_load(&seen[i]) != 0)
			atomic_store(&seen[i], 0);
	atomic_store(&nb_frames, 0);
	atomic_store(&nb_twice, 0);
	atomic_store(&nb_others, 0);
	atomic_store(&nb_not_sent, 0);
}
