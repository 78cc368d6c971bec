/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* txonly: testpmd's packet, 64 bytes of UDP to the discard port between addresses that RFC 2544
 * sets aside, as fast as the port takes it; what is received is dropped. */

#include <assert.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "app.h"

#define DISCARD_PORT 9 /* RFC 863 */
#define TTL	     64

struct packet {
	struct rte_ether_hdr eth;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
};

static_assert(sizeof(struct packet) == 42, "headers stand one behind the other");

static void
fill(struct packet *p, const struct fwd_stream *s)
{
	const struct rte_ether_addr peer = {
		.addr_bytes = { RTE_ETHER_LOCAL_ADMIN_ADDR, 0, 0, 0, 0, (uint8_t)s->tx_port },
	};

	*p = (struct packet){
		.eth.dst_addr = peer,
		.eth.src_addr = s->tx_mac,
		.eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.ip.version_ihl = RTE_IPV4_VHL_DEF,
		.ip.total_length = RTE_BE16(FWD_PACKET_LEN - sizeof(p->eth)),
		.ip.time_to_live = TTL,
		.ip.next_proto_id = IPPROTO_UDP,
		.ip.src_addr = RTE_BE32(RTE_IPV4(198u, 18, 0, 1)),
		.ip.dst_addr = RTE_BE32(RTE_IPV4(198u, 18, 0, 2)),
		.udp.src_port = RTE_BE16(DISCARD_PORT),
		.udp.dst_port = RTE_BE16(DISCARD_PORT),
		.udp.dgram_len = RTE_BE16(FWD_PACKET_LEN - sizeof(p->eth) - sizeof(p->ip)),
	};
	p->ip.hdr_checksum = rte_ipv4_cksum(&p->ip);
}

static void
generate(struct fwd_stream *stream, uint16_t burst)
{
	struct rte_mbuf *pkts[APP_MAX_BURST];
	struct packet packet;

	/* the pool has enough for all that queues hold: it is short for a moment only */
	if (rte_pktmbuf_alloc_bulk(ports_pool(), pkts, burst) != 0)
		return;
	fill(&packet, stream);
	for (uint16_t i = 0; i < burst; i++) {
		char *at = rte_pktmbuf_mtod(pkts[i], char *); /* the smallest mbuf has room */

		pkts[i]->data_len = FWD_PACKET_LEN;
		pkts[i]->pkt_len = FWD_PACKET_LEN;
		memcpy(at, &packet, sizeof(packet));
		memset(at + sizeof(packet), 0, FWD_PACKET_LEN - sizeof(packet));
	}
	fwd_send(stream, pkts, burst);
}

const struct fwd_mode fwd_txonly = {
	.name = "txonly", .sends = true, .rx = fwd_drop, .generate = generate
};
