/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * "set verbose": a line for each packet that is received (1), sent (2) or either (3), in testpmd's
 * form. Nothing is printed where packets are moved: callbacks of ethdev note what is to be said of
 * a burst in a ring of their lcore, and the main lcore prints it when it looks. A burst for which
 * there is no room is not waited for, but counted.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_net.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "app.h"

#define RING_SIZE 4096

/* What is said of a packet; its size is a multiple of 4. */
struct note {
	uint64_t ol_flags;
	const struct rte_mempool *pool;
	const char *fault; /* of the mbuf, NULL: none */
	uint32_t length, hash, hw_type, sw_type;
	uint16_t port, queue, nb_segs, eth_type;
	uint16_t nb_pkts; /* of the burst that begins with it; 0: it is not the first */
	struct rte_ether_addr src, dst;
	struct rte_net_hdr_lens lens;
	bool is_rx;
};

/* One writes and one reads: the lcore and the main one. */
struct notes {
	/* NULL: none of its packets are told of; the main lcore's release, the lcore's acquire */
	_Atomic(struct rte_ring *) ring;
	struct note *burst;	/* the lcore's: what it puts there at once */
	rouse_counter nb_lost;	/* packets, written by the lcore */
	uint64_t nb_lost_known; /* the main lcore's */
} __rte_cache_aligned;

static struct {
	unsigned int level;
	struct notes of[RTE_MAX_LCORE];
	const struct rte_eth_rxtx_callback *rx[RTE_MAX_ETHPORTS][APP_MAX_QUEUES];
	const struct rte_eth_rxtx_callback *tx[RTE_MAX_ETHPORTS][APP_MAX_QUEUES];
} verbose;

/* ---- on the worker ---- */

static void
fill(struct note *n, struct rte_mbuf *m)
{
	struct rte_ether_hdr copy = { 0 };
	const struct rte_ether_hdr *eth = rte_pktmbuf_read(m, 0, sizeof(copy), &copy);

	if (eth == NULL)
		eth = &copy; /* a runt */
	n->ol_flags = m->ol_flags;
	n->pool = m->pool;
	if (rte_mbuf_check(m, 1, &n->fault) == 0)
		n->fault = NULL;
	n->length = m->pkt_len;
	n->nb_segs = m->nb_segs;
	n->hash = m->hash.rss;
	n->hw_type = m->packet_type;
	n->sw_type = rte_net_get_ptype(m, &n->lens, RTE_PTYPE_ALL_MASK);
	n->eth_type = rte_be_to_cpu_16(eth->ether_type);
	n->src = eth->src_addr;
	n->dst = eth->dst_addr;
}

static void
note_burst(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts, bool is_rx)
{
	unsigned int lcore = rte_lcore_id();
	struct notes *notes = lcore < RTE_MAX_LCORE && nb_pkts != 0 ? &verbose.of[lcore] : NULL;
	struct rte_ring *ring;

	ring = notes != NULL ? atomic_load_explicit(&notes->ring, memory_order_acquire) : NULL;
	if (ring == NULL)
		return;
	nb_pkts = RTE_MIN(nb_pkts, APP_MAX_BURST);
	for (uint16_t i = 0; i < nb_pkts; i++) {
		struct note *n = &notes->burst[i];

		*n = (struct note){ .port = port, .queue = queue, .is_rx = is_rx };
		n->nb_pkts = i == 0 ? nb_pkts : 0;
		fill(n, pkts[i]);
	}
	if (rte_ring_sp_enqueue_bulk_elem(ring, notes->burst, sizeof(*notes->burst), nb_pkts,
					  NULL) == 0)
		rouse_counter_add(&notes->nb_lost, nb_pkts);
}

static uint16_t
on_rx(uint16_t port, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb_pkts,
      uint16_t max_pkts __rte_unused, void *arg __rte_unused)
{
	note_burst(port, queue, pkts, nb_pkts, true);
	return nb_pkts;
}

static uint16_t
on_tx(uint16_t port, uint16_t queue, struct rte_mbuf *pkts[], uint16_t nb_pkts,
      void *arg __rte_unused)
{
	note_burst(port, queue, pkts, nb_pkts, false);
	return nb_pkts;
}

/* ---- on the main lcore: printing ---- */

static void
put_types(const struct note *n)
{
	char name[256];

	if (n->hw_type != 0) {
		rte_get_ptype_name(n->hw_type, name, sizeof(name));
		printf(" - hw ptype: %s", name);
	}
	rte_get_ptype_name(n->sw_type, name, sizeof(name));
	printf(" - sw ptype: %s", name);
	if ((n->sw_type & RTE_PTYPE_L2_MASK) != 0)
		printf(" - l2_len=%d", n->lens.l2_len);
	if ((n->sw_type & RTE_PTYPE_L3_MASK) != 0)
		printf(" - l3_len=%d", n->lens.l3_len);
	if ((n->sw_type & RTE_PTYPE_L4_MASK) != 0)
		printf(" - l4_len=%d", n->lens.l4_len);
	if ((n->sw_type & RTE_PTYPE_TUNNEL_MASK) != 0)
		printf(" - tunnel_len=%d", n->lens.tunnel_len);
	if ((n->sw_type & RTE_PTYPE_INNER_L2_MASK) != 0)
		printf(" - inner_l2_len=%d", n->lens.inner_l2_len);
	if ((n->sw_type & RTE_PTYPE_INNER_L3_MASK) != 0)
		printf(" - inner_l3_len=%d", n->lens.inner_l3_len);
	if ((n->sw_type & RTE_PTYPE_INNER_L4_MASK) != 0)
		printf(" - inner_l4_len=%d", n->lens.inner_l4_len);
}

static void
put(const struct note *n)
{
	char flags[256] = "";

	if (n->nb_pkts != 0)
		printf("port %u/queue %u: %s %u packets\n", n->port, n->queue,
		       n->is_rx ? "received" : "sent", n->nb_pkts);
	printf("  src=" RTE_ETHER_ADDR_PRT_FMT " - dst=" RTE_ETHER_ADDR_PRT_FMT
	       " - pool=%s - type=0x%04x - length=%u - nb_segs=%d",
	       RTE_ETHER_ADDR_BYTES(&n->src), RTE_ETHER_ADDR_BYTES(&n->dst), n->pool->name,
	       n->eth_type, n->length, n->nb_segs);
	if ((n->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0)
		printf(" - RSS hash=0x%x - RSS queue=0x%x", n->hash, n->queue);
	put_types(n);
	printf(" - %s queue=0x%x\n", n->is_rx ? "Receive" : "Send", n->queue);
	if (n->is_rx)
		rte_get_rx_ol_flag_list(n->ol_flags, flags, sizeof(flags));
	else
		rte_get_tx_ol_flag_list(n->ol_flags, flags, sizeof(flags));
	printf("  ol_flags: %s\n", flags);
	if (n->fault != NULL)
		printf("INVALID mbuf: %s\n", n->fault);
}

static void
print_one(unsigned int lcore, struct notes *notes)
{
	struct rte_ring *ring = atomic_load_explicit(&notes->ring, memory_order_relaxed);
	uint64_t nb_lost;
	struct note n;

	if (ring == NULL)
		return;
	/* not for ever: more may come than can be printed */
	for (unsigned int i = 0; i < RING_SIZE; i++) {
		if (rte_ring_sc_dequeue_elem(ring, &n, sizeof(n)) != 0)
			break;
		put(&n);
	}
	nb_lost = rouse_counter_get(&notes->nb_lost);
	if (nb_lost != notes->nb_lost_known)
		printf("lcore %u: %" PRIu64 " packets are not told of: they came faster than they "
		       "are printed\n",
		       lcore, nb_lost - notes->nb_lost_known);
	notes->nb_lost_known = nb_lost;
}

/* What was noted so far. */
void
verbose_print(void)
{
	unsigned int lcore;

	RTE_LCORE_FOREACH_WORKER (lcore)
		print_one(lcore, &verbose.of[lcore]);
	fflush(stdout);
}

/* ---- on the main lcore: on and off ---- */

static int
make_ring(unsigned int lcore)
{
	struct notes *notes = &verbose.of[lcore];
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	if (atomic_load_explicit(&notes->ring, memory_order_relaxed) != NULL)
		return 0;
	notes->burst = calloc(APP_MAX_BURST, sizeof(*notes->burst));
	if (notes->burst == NULL)
		return -ENOMEM;
	snprintf(name, sizeof(name), "verbose%u", lcore);
	ring = rte_ring_create_elem(name, sizeof(struct note), RING_SIZE, SOCKET_ID_ANY,
				    RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (ring == NULL) {
		free(notes->burst);
		return -rte_errno;
	}
	atomic_store_explicit(&notes->ring, ring, memory_order_release);
	return 0;
}

static int
make_rings(void)
{
	unsigned int lcore;
	int ret = 0;

	RTE_LCORE_FOREACH_WORKER (lcore)
		if (ret == 0)
			ret = make_ring(lcore);
	return ret;
}

/* A callback that is there no more is not freed: its lcore may be in it. Each takes 32 bytes. */
static void
set_queue(uint16_t port, uint16_t q, bool rx, bool tx)
{
	if (rx && verbose.rx[port][q] == NULL)
		verbose.rx[port][q] = rte_eth_add_rx_callback(port, q, on_rx, NULL);
	if (tx && verbose.tx[port][q] == NULL)
		verbose.tx[port][q] = rte_eth_add_tx_callback(port, q, on_tx, NULL);
	if (!rx && verbose.rx[port][q] != NULL) {
		rte_eth_remove_rx_callback(port, q, verbose.rx[port][q]);
		verbose.rx[port][q] = NULL;
	}
	if (!tx && verbose.tx[port][q] != NULL) {
		rte_eth_remove_tx_callback(port, q, verbose.tx[port][q]);
		verbose.tx[port][q] = NULL;
	}
}

static void
set_port(uint16_t port, bool rx, bool tx)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(port, &info) != 0)
		return;
	for (uint16_t q = 0; q < APP_MAX_QUEUES; q++)
		set_queue(port, q, rx && q < info.nb_rx_queues, tx && q < info.nb_tx_queues);
}

/* 0; -errno: it is as it was */
int
verbose_set(unsigned int level)
{
	int ret = level != 0 ? make_rings() : 0;
	uint16_t port;

	if (ret != 0)
		return ret;
	verbose.level = level;
	RTE_ETH_FOREACH_DEV (port)
		set_port(port, level == 1 || level > 2, level >= 2);
	return 0;
}

unsigned int
verbose_level(void)
{
	return verbose.level;
}

/* It is about to be closed. */
void
verbose_leave_port(uint16_t port)
{
	set_port(port, false, false);
}

/* No worker runs. */
void
verbose_close(void)
{
	unsigned int lcore;

	verbose_set(0);
	verbose_print();
	RTE_LCORE_FOREACH_WORKER (lcore) {
		struct notes *notes = &verbose.of[lcore];
		struct rte_ring *ring = atomic_load_explicit(&notes->ring, memory_order_relaxed);

		if (ring == NULL)
			continue;
		atomic_store_explicit(&notes->ring, NULL, memory_order_relaxed);
		rte_ring_free(ring);
		free(notes->burst);
	}
}
