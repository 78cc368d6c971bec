/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef IGB_DESC_H
#define IGB_DESC_H

/*
 * Advanced descriptors (7.1.5 receive, 7.2.2 transmit): what the driver writes, what the device
 * writes back, and what that means to a mbuf. Pure: no queue, no register.
 */

#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#define IGB_DESC_SIZE 16

/* ---- receive ---- */

union igb_rx_desc {
	struct {
		rte_le64_t addr;   /* of the buffer */
		rte_le64_t header; /* of the header's buffer; 0: there is none, and nothing done */
	} read;
	struct {
		rte_le64_t low;	 /* see IGB_RX_TYPE(), hash in the upper half */
		rte_le64_t high; /* IGB_RX_ bits, and from bit 32 on length and VLAN tag */
	} wb;
};

/* 7.1.5.2, write-back, first quadword. */
#define IGB_RX_RSS_TYPE(low) ((low)&0xf)	      /* 0: there is no hash */
#define IGB_RX_TYPE(low)     ((low) >> 4 & 0x7f)      /* bits of igb_rx_type */
#define IGB_RX_IS_ETQF(low)  (((low) >> 15 & 1) != 0) /* the type is the number of a filter */

enum igb_rx_type {
	IGB_RX_IP4 = 0x01,
	IGB_RX_IP4_OPTIONS = 0x02,
	IGB_RX_IP6 = 0x04,
	IGB_RX_IP6_EXT = 0x08,
	IGB_RX_TCP = 0x10,
	IGB_RX_UDP = 0x20,
	IGB_RX_SCTP = 0x40,
};
#define IGB_NB_RX_TYPES 0x80

/* Second quadword: extended status and errors. */
#define IGB_RX_DD	    (UINT64_C(1) << 0)	/* the device is done with it */
#define IGB_RX_EOP	    (UINT64_C(1) << 1)	/* the frame ends here */
#define IGB_RX_VP	    (UINT64_C(1) << 3)	/* a VLAN tag was stripped */
#define IGB_RX_UDPCS	    (UINT64_C(1) << 4)	/* the UDP checksum was looked at, */
#define IGB_RX_L4CS	    (UINT64_C(1) << 5)	/* TCP's or SCTP's, */
#define IGB_RX_IPCS	    (UINT64_C(1) << 6)	/* IPv4's, */
#define IGB_RX_L4E	    (UINT64_C(1) << 29) /* and is wrong */
#define IGB_RX_IPE	    (UINT64_C(1) << 30)
#define IGB_RX_LENGTH(high) ((uint16_t)((high) >> 32))

/* The bits of the second quadword that say something to a mbuf, as an index: VP UDPCS L4CS IPCS,
 * then L4E IPE, then whether there is a hash. */
#define IGB_NB_RX_FLAGS 0x80

static inline uint32_t
igb_rx_flags_index(uint64_t low, uint64_t high)
{
	return (uint32_t)(high >> 3 & 0xf) | (uint32_t)(high >> 25 & 0x30) |
	       (uint32_t)(IGB_RX_RSS_TYPE(low) != 0) << 6;
}

/* Of an index: RTE_MBUF_F_RX_ flags. */
static inline uint64_t
igb_rx_flags(uint32_t index)
{
	uint64_t high = (uint64_t)(index & 0xf) << 3 | (uint64_t)(index & 0x30) << 25, flags = 0;

	if ((index & 0x40) != 0)
		flags |= RTE_MBUF_F_RX_RSS_HASH;
	if ((high & IGB_RX_VP) != 0)
		flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	if ((high & IGB_RX_IPCS) != 0)
		flags |= (high & IGB_RX_IPE) != 0 ? RTE_MBUF_F_RX_IP_CKSUM_BAD
						  : RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if ((high & (IGB_RX_UDPCS | IGB_RX_L4CS)) != 0)
		flags |= (high & IGB_RX_L4E) != 0 ? RTE_MBUF_F_RX_L4_CKSUM_BAD
						  : RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return flags;
}

/* Of IGB_RX_TYPE(): RTE_PTYPE_ bits. A frame with both IPv4 and IPv6 carries the one in the other.
 */
static inline uint32_t
igb_rx_ptype(uint32_t type)
{
	uint32_t l3 = RTE_PTYPE_L2_ETHER, ip6, l4 = 0, inner_l4 = 0;

	if ((type & IGB_RX_TCP) != 0) {
		l4 = RTE_PTYPE_L4_TCP;
		inner_l4 = RTE_PTYPE_INNER_L4_TCP;
	} else if ((type & IGB_RX_UDP) != 0) {
		l4 = RTE_PTYPE_L4_UDP;
		inner_l4 = RTE_PTYPE_INNER_L4_UDP;
	} else if ((type & IGB_RX_SCTP) != 0) {
		l4 = RTE_PTYPE_L4_SCTP;
		inner_l4 = RTE_PTYPE_INNER_L4_SCTP;
	}
	if ((type & IGB_RX_IP4_OPTIONS) != 0)
		l3 |= RTE_PTYPE_L3_IPV4_EXT;
	else if ((type & IGB_RX_IP4) != 0)
		l3 |= RTE_PTYPE_L3_IPV4;
	if ((type & (IGB_RX_IP6 | IGB_RX_IP6_EXT)) == 0)
		return l3 == RTE_PTYPE_L2_ETHER ? l3 : l3 | l4;
	if (l3 == RTE_PTYPE_L2_ETHER) {
		ip6 = (type & IGB_RX_IP6_EXT) != 0 ? RTE_PTYPE_L3_IPV6_EXT : RTE_PTYPE_L3_IPV6;
		return l3 | ip6 | l4;
	}
	ip6 = (type & IGB_RX_IP6_EXT) != 0 ? RTE_PTYPE_INNER_L3_IPV6_EXT : RTE_PTYPE_INNER_L3_IPV6;
	return l3 | RTE_PTYPE_TUNNEL_IP | ip6 | inner_l4;
}

/* ---- transmit ---- */

union igb_tx_desc {
	struct { /* 7.2.2.3, data */
		rte_le64_t addr;
		rte_le32_t cmd;	   /* IGB_TX_ bits, length of the buffer */
		rte_le32_t status; /* IGB_TX_ offload bits, length of the frame; DD when done */
	} data;
	struct {		 /* 7.2.2.2, context */
		rte_le64_t lens; /* igb_tx_context.lens; no IPsec */
		rte_le32_t type; /* igb_tx_context.type */
		rte_le32_t slot; /* which of the queue's two contexts */
	} ctx;
};

/* Command, of both kinds. */
#define IGB_TX_CONTEXT (UINT32_C(2) << 20) /* DTYP */
#define IGB_TX_DATA    (UINT32_C(3) << 20)
#define IGB_TX_EOP     (UINT32_C(1) << 24)
#define IGB_TX_IFCS    (UINT32_C(1) << 25) /* add the FCS */
#define IGB_TX_RS      (UINT32_C(1) << 27) /* report when it is done */
#define IGB_TX_DEXT    (UINT32_C(1) << 29) /* an advanced descriptor */
#define IGB_TX_VLE     (UINT32_C(1) << 30) /* insert the context's VLAN tag */
/* Status, 7.2.2.3.9 to 7.2.2.3.11. */
#define IGB_TX_DD	   (UINT32_C(1) << 0)
#define IGB_TX_SLOT(s)	   ((uint32_t)(s) << 4)
#define IGB_TX_IXSM	   (UINT32_C(1) << 8) /* IPv4 checksum */
#define IGB_TX_TXSM	   (UINT32_C(1) << 9) /* TCP, UDP or SCTP checksum */
#define IGB_TX_PAYLEN(len) ((uint32_t)(len) << 14)
#define IGB_TX_CONTEXTS	   2 /* that the device remembers for a queue */

/* What an offload says beyond a data descriptor's bits. */
struct igb_tx_context {
	uint32_t lens; /* VLAN tag, lengths of Ethernet and IP header */
	uint32_t type; /* what the headers are */
};

/* 7.2.2.2, TUCMD */
#define IGB_TX_IS_IP4  (UINT32_C(1) << 10)
#define IGB_TX_IS_TCP  (UINT32_C(1) << 11)
#define IGB_TX_IS_SCTP (UINT32_C(2) << 11)

/* Flags of a mbuf that need a context. */
#define IGB_TX_OFFLOADS (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_VLAN)
/* Flags that say what a frame is, and ask for nothing. */
#define IGB_TX_NOTES (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)

static inline struct igb_tx_context
igb_tx_context_of(const struct rte_mbuf *m)
{
	struct igb_tx_context c = {
		.lens = (uint32_t)m->l2_len << 9 | (uint32_t)m->l3_len,
		.type = IGB_TX_CONTEXT | IGB_TX_DEXT,
	};

	if ((m->ol_flags & RTE_MBUF_F_TX_VLAN) != 0)
		c.lens |= (uint32_t)m->vlan_tci << 16;
	if ((m->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4)) != 0)
		c.type |= IGB_TX_IS_IP4;
	switch (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) {
	case RTE_MBUF_F_TX_TCP_CKSUM:
		c.type |= IGB_TX_IS_TCP;
		break;
	case RTE_MBUF_F_TX_SCTP_CKSUM:
		c.type |= IGB_TX_IS_SCTP;
		break;
	default: /* UDP is 0 */
		break;
	}
	return c;
}

/* The offload bits of the data descriptors of a frame: command and status. */
static inline uint32_t
igb_tx_offload_cmd(uint64_t ol_flags)
{
	return (ol_flags & RTE_MBUF_F_TX_VLAN) != 0 ? IGB_TX_VLE : 0;
}

static inline uint32_t
igb_tx_offload_status(uint64_t ol_flags)
{
	uint32_t status = 0;

	if ((ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0)
		status |= IGB_TX_IXSM;
	if ((ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0)
		status |= IGB_TX_TXSM;
	return status;
}

#endif /* IGB_DESC_H */
