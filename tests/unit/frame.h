/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef FRAME_H
#define FRAME_H

/*
 * Hand-made frames, written byte by byte from the standards; nothing here comes from DPDK, so that
 * it can judge what does. A frame is begun, given its headers from the outside in, and ended, which
 * makes its lengths and checksums true. What is to be a lie is set afterwards.
 */

#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 4096

#define FRAME_TCP    6
#define FRAME_UDP    17
#define FRAME_SCTP   132
#define FRAME_ICMP   1
#define FRAME_ICMPV6 58

#define FRAME_HOP_BY_HOP 0
#define FRAME_ROUTING	 43
#define FRAME_FRAGMENT	 44
#define FRAME_DEST_OPTS	 60

struct frame {
	uint8_t at[FRAME_MAX];
	uint32_t len;
	/* where headers begin, 0: there is none */
	uint32_t ip, l4;
	int version; /* of IP */
	uint8_t proto;
};

/* Two ends of a flow, as the published vectors give them. */
struct frame_flow {
	const char *source, *dest; /* addresses, IPv4 or IPv6 */
	uint16_t source_port, dest_port;
};

void frame_put(struct frame *f, const void *bytes, uint32_t len);
void frame_put8(struct frame *f, uint8_t value);
void frame_put16(struct frame *f, uint16_t value);
void frame_put32(struct frame *f, uint32_t value);
void frame_set16(struct frame *f, uint32_t at, uint16_t value);
uint16_t frame_get16(const struct frame *f, uint32_t at);

/* Addresses; then any number of tags; then the EtherType, which frame_ip() writes itself. */
void frame_begin(struct frame *f);
void frame_tag(struct frame *f, uint16_t tpid);

/* An IP header of either version, by the flow's addresses. `proto` is what follows it. */
void frame_ip(struct frame *f, const struct frame_flow *flow, uint8_t proto);
/* IPv4 options, so many bytes, a multiple of 4. */
void frame_options(struct frame *f, uint32_t len);
/* An IPv6 extension header of so many bytes, a multiple of 8, before `proto`. */
void frame_extension(struct frame *f, uint32_t len, uint8_t proto);

/* The header of the protocol that was announced last, and so many bytes of data behind it. */
void frame_l4(struct frame *f, const struct frame_flow *flow, uint32_t data_len);

/* Make lengths and checksums true; frame_fix_ip() does so for the IPv4 header checksum alone. */
void frame_end(struct frame *f);
void frame_fix_ip(struct frame *f);

/* begin, ip, l4, end: a frame of one flow without anything special. */
void frame_make(struct frame *f, const struct frame_flow *flow, uint8_t proto, uint32_t data_len);

/* The Internet checksum of RFC 1071: what the checksum field is to hold, given that it is 0. */
uint16_t frame_cksum(const uint8_t *bytes, size_t len, uint32_t sum);

/*
 * A copy of `len` bytes that lies between two pages which must not be touched: close to the second
 * one, or, `low`, to the first one. Valid until the next call.
 */
const uint8_t *frame_guarded(const void *bytes, uint32_t len, int low);

#endif /* FRAME_H */
