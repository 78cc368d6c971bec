/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a frame is: packet type, checksums, and what of it is hashed.
 *
 * Nothing in the frame is believed before it was held against the bytes that are there. The
 * rules, which docs/architecture.md states in full: up to two VLAN tags are skipped; an IP header
 * that is not whole is no header; ports count if they lie within the frame and within the length
 * that the IP header states; fragments have no ports.
 */

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf_ptype.h>

#include "evnic.h"

#define MAX_VLAN_TAGS	    2
#define MAX_IPV6_EXTENSIONS 8
#define ETHERTYPE_QINQ_OLD  0x9100 /* pre-standard QinQ, still met */

/* RFC 8200, section 4: extension headers that are walked. */
#define IPV6_HOP_BY_HOP 0
#define IPV6_ROUTING	43
#define IPV6_FRAGMENT	44
#define IPV6_DEST_OPTS	60

/* Where the bytes of one IP packet end, seen from its first byte. */
struct ip_packet {
	const uint8_t *data;
	uint32_t len; /* the shorter of what is there and what the header states */
};

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static bool
is_vlan(uint16_t ethertype)
{
	return ethertype == RTE_ETHER_TYPE_VLAN || ethertype == RTE_ETHER_TYPE_QINQ ||
	       ethertype == ETHERTYPE_QINQ_OLD;
}

/* Length of the Ethernet header with its tags; the EtherType behind them. */
static uint32_t
parse_ether(const uint8_t *frame, uint32_t len, uint16_t *ethertype, uint32_t *ptype)
{
	uint32_t l2 = RTE_ETHER_HDR_LEN;

	*ptype = RTE_PTYPE_L2_ETHER;
	*ethertype = get16(frame + 12);
	for (int tags = 0; tags < MAX_VLAN_TAGS && is_vlan(*ethertype); tags++) {
		if (len < l2 + RTE_VLAN_HLEN)
			break;
		*ptype = tags == 0 ? RTE_PTYPE_L2_ETHER_VLAN : RTE_PTYPE_L2_ETHER_QINQ;
		*ethertype = get16(frame + l2 + 2);
		l2 += RTE_VLAN_HLEN;
	}
	if (*ethertype == RTE_ETHER_TYPE_ARP)
		*ptype = RTE_PTYPE_L2_ETHER_ARP;
	return l2;
}

/* The ports and the packet type of layer 4. `l4` is its offset in the IP packet. */
static void
parse_l4(const struct ip_packet *ip, uint32_t l4, uint8_t proto, bool ipv6,
	 struct evnic_parsed *out)
{
	uint64_t type;

	switch (proto) {
	case IPPROTO_TCP:
		type = ipv6 ? RTE_ETH_RSS_NONFRAG_IPV6_TCP : RTE_ETH_RSS_NONFRAG_IPV4_TCP;
		out->ptype |= RTE_PTYPE_L4_TCP;
		break;
	case IPPROTO_UDP:
		type = ipv6 ? RTE_ETH_RSS_NONFRAG_IPV6_UDP : RTE_ETH_RSS_NONFRAG_IPV4_UDP;
		out->ptype |= RTE_PTYPE_L4_UDP;
		break;
	case IPPROTO_SCTP:
		type = ipv6 ? RTE_ETH_RSS_NONFRAG_IPV6_SCTP : RTE_ETH_RSS_NONFRAG_IPV4_SCTP;
		out->ptype |= RTE_PTYPE_L4_SCTP;
		break;
	default:
		if (proto == (ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
			out->ptype |= RTE_PTYPE_L4_ICMP;
		out->rss_ip |= ipv6 ? RTE_ETH_RSS_NONFRAG_IPV6_OTHER
				    : RTE_ETH_RSS_NONFRAG_IPV4_OTHER;
		return;
	}
	if (l4 + 4 > ip->len)
		return;
	out->rss_l4 = type;
	out->has_ports = true;
	out->tuple[out->addr_words] = get32(ip->data + l4);
}

/* The checksum of a whole TCP or UDP packet; others are left unknown. */
static uint8_t
check_l4(const struct ip_packet *ip, uint32_t l4, uint8_t proto, bool ipv6)
{
	uint32_t min = proto == IPPROTO_TCP ? 20 : 8;
	uint32_t udp_len, sum;

	if ((proto != IPPROTO_TCP && proto != IPPROTO_UDP) || ip->len < l4 + min)
		return 0;
	if (proto == IPPROTO_UDP) {
		udp_len = get16(ip->data + l4 + 4);
		if (udp_len != ip->len - l4)
			return 0;
		/* RFC 768: no checksum was made. RFC 8200 forbids that in IPv6. */
		if (get16(ip->data + l4 + 6) == 0)
			return ipv6 ? EVNIC_F_L4_BAD : 0;
	}
	/* The sum with its own field left in comes out as all ones (RFC 1071). */
	sum = rte_raw_cksum(ip->data + l4, ip->len - l4);
	sum += ipv6 ? rte_raw_cksum(ip->data + 8, 32) : rte_raw_cksum(ip->data + 12, 8);
	sum += rte_cpu_to_be_16(proto);
	sum += rte_cpu_to_be_16((uint16_t)(ip->len - l4));
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? EVNIC_F_L4_GOOD : EVNIC_F_L4_BAD;
}

static void
parse_ipv4(const uint8_t *data, uint32_t len, struct evnic_parsed *out)
{
	struct ip_packet ip = { .data = data, .len = len };
	uint32_t header, total;
	bool fragment;

	if (len < sizeof(struct rte_ipv4_hdr) || data[0] >> 4 != 4)
		return;
	header = (data[0] & 0xf) * 4u;
	if (header < sizeof(struct rte_ipv4_hdr) || header > len)
		return;
	total = get16(data + 2);
	if (total != 0 && total < len) /* 0: cut up by the sender's NIC, recorded before it */
		ip.len = total;

	out->ptype |= header == sizeof(struct rte_ipv4_hdr) ? RTE_PTYPE_L3_IPV4
							    : RTE_PTYPE_L3_IPV4_EXT;
	out->cksum = rte_raw_cksum(data, header) == 0xffff ? EVNIC_F_IP_GOOD : EVNIC_F_IP_BAD;
	out->addr_words = 2;
	out->tuple[0] = get32(data + 12);
	out->tuple[1] = get32(data + 16);
	out->rss_ip = RTE_ETH_RSS_IPV4;

	fragment = (get16(data + 6) & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	if (fragment) {
		out->ptype |= RTE_PTYPE_L4_FRAG;
		out->rss_ip |= RTE_ETH_RSS_FRAG_IPV4;
		return;
	}
	parse_l4(&ip, header, data[9], false, out);
	if (total >= header && total <= len)
		out->cksum |= check_l4(&ip, header, data[9], false);
}

/*
 * Walk the extension headers from `*next` at `*at`. False: what follows cannot be told (the chain
 * is cut short or too long).
 */
static bool
skip_extensions(const struct ip_packet *ip, uint8_t *next, uint32_t *at)
{
	for (int i = 0;; i++) {
		if (*next != IPV6_HOP_BY_HOP && *next != IPV6_ROUTING && *next != IPV6_DEST_OPTS)
			return true;
		if (i == MAX_IPV6_EXTENSIONS || *at + 8 > ip->len)
			return false;
		*next = ip->data[*at];
		*at += (ip->data[*at + 1] + 1u) * 8;
		if (*at > ip->len)
			return false;
	}
}

static void
parse_ipv6(const uint8_t *data, uint32_t len, struct evnic_parsed *out)
{
	struct ip_packet ip = { .data = data, .len = len };
	uint32_t at = sizeof(struct rte_ipv6_hdr);
	uint32_t payload;
	uint8_t next;

	if (len < sizeof(struct rte_ipv6_hdr) || data[0] >> 4 != 6)
		return;
	payload = get16(data + 4);
	if (payload != 0 && at + payload < len) /* 0: a jumbogram (RFC 2675) */
		ip.len = at + payload;

	next = data[6];
	out->ptype |= next == IPV6_HOP_BY_HOP || next == IPV6_ROUTING || next == IPV6_FRAGMENT ||
				      next == IPV6_DEST_OPTS
			      ? RTE_PTYPE_L3_IPV6_EXT
			      : RTE_PTYPE_L3_IPV6;
	out->addr_words = 8;
	for (int i = 0; i < 8; i++)
		out->tuple[i] = get32(data + 8 + 4 * i);
	out->rss_ip = RTE_ETH_RSS_IPV6;

	if (!skip_extensions(&ip, &next, &at))
		return;
	if (next == IPV6_FRAGMENT) {
		out->ptype |= RTE_PTYPE_L4_FRAG;
		out->rss_ip |= RTE_ETH_RSS_FRAG_IPV6;
		return;
	}
	parse_l4(&ip, at, next, true, out);
	/* a routing header would put another destination into the pseudo header */
	if (at == sizeof(struct rte_ipv6_hdr) && payload != 0 && at + payload <= len)
		out->cksum |= check_l4(&ip, at, next, true);
}

void
evnic_parse(const uint8_t *frame, uint32_t len, struct evnic_parsed *out)
{
	uint16_t ethertype;
	uint32_t l2;

	memset(out, 0, sizeof(*out));
	if (len < RTE_ETHER_HDR_LEN)
		return;
	l2 = parse_ether(frame, len, &ethertype, &out->ptype);
	if (ethertype == RTE_ETHER_TYPE_IPV4)
		parse_ipv4(frame + l2, len - l2, out);
	else if (ethertype == RTE_ETHER_TYPE_IPV6)
		parse_ipv6(frame + l2, len - l2, out);
}
