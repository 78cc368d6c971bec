/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>

#include "frame.h"
#include "unit.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define IPV4_LEN       20
#define IPV6_LEN       40

/* ---- bytes ---- */

void
frame_put(struct frame *f, const void *bytes, uint32_t len)
{
	assert_true(f->len + len <= sizeof(f->at));
	memcpy(f->at + f->len, bytes, len);
	f->len += len;
}

void
frame_put8(struct frame *f, uint8_t value)
{
	frame_put(f, &value, 1);
}

void
frame_put16(struct frame *f, uint16_t value)
{
	frame_put8(f, (uint8_t)(value >> 8));
	frame_put8(f, (uint8_t)value);
}

void
frame_put32(struct frame *f, uint32_t value)
{
	frame_put16(f, (uint16_t)(value >> 16));
	frame_put16(f, (uint16_t)value);
}

void
frame_set16(struct frame *f, uint32_t at, uint16_t value)
{
	f->at[at] = (uint8_t)(value >> 8);
	f->at[at + 1] = (uint8_t)value;
}

uint16_t
frame_get16(const struct frame *f, uint32_t at)
{
	return (uint16_t)(f->at[at] * 256 + f->at[at + 1]);
}

/* Bytes that are all different from their neighbours. */
static void
put_pattern(struct frame *f, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame_put8(f, (uint8_t)(0x51 + 7 * i));
}

/* ---- headers ---- */

void
frame_begin(struct frame *f)
{
	static const uint8_t addresses[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	memset(f, 0, sizeof(*f));
	frame_put(f, addresses, sizeof(addresses));
}

void
frame_tag(struct frame *f, uint16_t tpid)
{
	frame_put16(f, tpid);
	frame_put16(f, 0x2005); /* priority 1, VLAN 5 */
}

static void
put_address(struct frame *f, const char *text)
{
	uint8_t address[16];
	int family = f->version == 4 ? AF_INET : AF_INET6;

	assert_int_equal(inet_pton(family, text, address), 1);
	frame_put(f, address, f->version == 4 ? 4 : 16);
}

void
frame_ip(struct frame *f, const struct frame_flow *flow, uint8_t proto)
{
	f->version = strchr(flow->source, ':') == NULL ? 4 : 6;
	f->proto = proto;
	frame_put16(f, f->version == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	f->ip = f->len;
	if (f->version == 4) {
		frame_put16(f, 0x4500);
		frame_put16(f, 0); /* total length */
		frame_put16(f, 0x1c46);
		frame_put16(f, 0x4000); /* do not fragment */
		frame_put8(f, 64);
		frame_put8(f, proto);
		frame_put16(f, 0); /* checksum */
	} else {
		frame_put32(f, 0x60000000);
		frame_put16(f, 0); /* payload length */
		frame_put8(f, proto);
		frame_put8(f, 64);
	}
	put_address(f, flow->source);
	put_address(f, flow->dest);
	f->l4 = f->len;
}

void
frame_options(struct frame *f, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame_put8(f, 1); /* no operation */
	f->at[f->ip] = (uint8_t)(0x40 | (IPV4_LEN + len) / 4);
	f->l4 = f->len;
}

void
frame_extension(struct frame *f, uint32_t len, uint8_t proto)
{
	frame_put8(f, proto);
	frame_put8(f, (uint8_t)(len / 8 - 1));
	for (uint32_t i = 2; i < len; i++)
		frame_put8(f, 0xee);
	f->proto = proto;
	f->l4 = f->len;
}

void
frame_l4(struct frame *f, const struct frame_flow *flow, uint32_t data_len)
{
	switch (f->proto) {
	case FRAME_TCP:
		frame_put16(f, flow->source_port);
		frame_put16(f, flow->dest_port);
		frame_put32(f, 0x01020304);
		frame_put32(f, 0x05060708);
		frame_put16(f, 0x5018); /* 20 bytes; PSH, ACK */
		frame_put16(f, 0x2000);
		frame_put16(f, 0); /* checksum */
		frame_put16(f, 0);
		break;
	case FRAME_UDP:
		frame_put16(f, flow->source_port);
		frame_put16(f, flow->dest_port);
		frame_put16(f, 0); /* length */
		frame_put16(f, 0); /* checksum */
		break;
	case FRAME_SCTP:
		frame_put16(f, flow->source_port);
		frame_put16(f, flow->dest_port);
		frame_put32(f, 0x0a0b0c0d);
		frame_put32(f, 0);
		break;
	default:
		break;
	}
	put_pattern(f, data_len);
}

/* ---- what has to be true ---- */

uint16_t
frame_cksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	uint64_t total = sum;

	for (size_t i = 0; i < len; i++)
		total += i % 2 == 0 ? bytes[i] * 256u : bytes[i];
	return (uint16_t)(0xffff - (total % 0xffff == 0 && total != 0 ? 0xffff : total % 0xffff));
}

void
frame_fix_ip(struct frame *f)
{
	uint32_t header = (f->at[f->ip] & 0xfu) * 4;

	frame_set16(f, f->ip + 10, 0);
	frame_set16(f, f->ip + 10, frame_cksum(f->at + f->ip, header, 0));
}

/* The pseudo header's sum: addresses, protocol, length. */
static uint32_t
pseudo_sum(const struct frame *f, uint32_t l4_len)
{
	uint32_t addresses = f->version == 4 ? f->ip + 12 : f->ip + 8;
	uint32_t addresses_len = f->version == 4 ? 8 : 32;
	uint32_t sum = f->proto + l4_len;

	for (uint32_t i = 0; i < addresses_len; i += 2)
		sum += frame_get16(f, addresses + i);
	return sum;
}

void
frame_end(struct frame *f)
{
	uint32_t l4_len = f->len - f->l4;
	uint32_t field = 0;
	uint16_t cksum;

	if (f->version == 4) {
		frame_set16(f, f->ip + 2, (uint16_t)(f->len - f->ip));
		frame_fix_ip(f);
	} else {
		frame_set16(f, f->ip + 4, (uint16_t)(f->len - f->ip - IPV6_LEN));
	}
	if (f->proto == FRAME_TCP && l4_len >= 20)
		field = f->l4 + 16;
	if (f->proto == FRAME_UDP && l4_len >= 8) {
		frame_set16(f, f->l4 + 4, (uint16_t)l4_len);
		field = f->l4 + 6;
	}
	if (field == 0)
		return;
	frame_set16(f, field, 0);
	cksum = frame_cksum(f->at + f->l4, l4_len, pseudo_sum(f, l4_len));
	/* RFC 768: 0 would mean that there is none */
	if (f->proto == FRAME_UDP && cksum == 0)
		cksum = 0xffff;
	frame_set16(f, field, cksum);
}

void
frame_make(struct frame *f, const struct frame_flow *flow, uint8_t proto, uint32_t data_len)
{
	frame_begin(f);
	frame_ip(f, flow, proto);
	frame_l4(f, flow, data_len);
	frame_end(f);
}

/* ---- bytes with nothing around them ---- */

const uint8_t *
frame_guarded(const void *bytes, uint32_t len, int low)
{
	static uint8_t *pages;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *at;

	assert_true(len <= page);
	if (pages == NULL) {
		pages = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(pages != MAP_FAILED);
		assert_int_equal(mprotect(pages + page, page, PROT_READ | PROT_WRITE), 0);
	}
	at = low ? pages + page : pages + 2 * page - len;
	memcpy(at, bytes, len);
	return at;
}
