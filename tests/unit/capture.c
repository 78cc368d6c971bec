/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture.h"
#include "unit.h"

#define BLOCK_SECTION	0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET	6u
#define BLOCK_UNKNOWN	0x80000001u /* the first of those for local use */
#define OPTION_END	0
#define OPTION_TSRESOL	9

/* ---- the file ---- */

void
capture_begin(struct capture *c, bool big_endian)
{
	*c = (struct capture){ .big_endian = big_endian, .fd = -1 };
}

static void
close_file(struct capture *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

const char *
capture_file(struct capture *c, size_t len)
{
	close_file(c);
	c->fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
	assert_true(len <= c->len);
	assert_int_equal(write(c->fd, c->at, len), len);
	snprintf(c->path, sizeof(c->path), "/proc/self/fd/%d", c->fd);
	return c->path;
}

void
capture_end(struct capture *c)
{
	close_file(c);
	free(c->at);
	c->at = NULL;
}

/* ---- bytes ---- */

static void
put(struct capture *c, const void *bytes, size_t len)
{
	if (c->len + len > c->room) {
		c->room = 2 * (c->len + len);
		c->at = realloc(c->at, c->room);
		assert_non_null(c->at);
	}
	if (len != 0)
		memcpy(c->at + c->len, bytes, len);
	c->len += len;
}

void
capture_put16(struct capture *c, uint16_t value)
{
	uint8_t high = (uint8_t)(value >> 8), low = (uint8_t)value;

	put(c, c->big_endian ? &high : &low, 1);
	put(c, c->big_endian ? &low : &high, 1);
}

void
capture_put32(struct capture *c, uint32_t value)
{
	uint16_t high = (uint16_t)(value >> 16), low = (uint16_t)value;

	capture_put16(c, c->big_endian ? high : low);
	capture_put16(c, c->big_endian ? low : high);
}

/* ---- classic ---- */

void
capture_header(struct capture *c, uint32_t magic, uint32_t snaplen, uint32_t linktype)
{
	capture_put32(c, magic);
	capture_put16(c, 2);
	capture_put16(c, 4);
	capture_put32(c, 0);
	capture_put32(c, 0);
	capture_put32(c, snaplen);
	capture_put32(c, linktype);
}

void
capture_record(struct capture *c, uint32_t seconds, uint32_t fraction, const void *data,
	       uint32_t len)
{
	capture_put32(c, seconds);
	capture_put32(c, fraction);
	capture_put32(c, len);
	capture_put32(c, len);
	put(c, data, len);
}

/* ---- pcapng ---- */

void
capture_section(struct capture *c)
{
	capture_put32(c, BLOCK_SECTION);
	capture_put32(c, 28);
	capture_put32(c, 0x1a2b3c4d);
	capture_put16(c, 1);
	capture_put16(c, 0);
	capture_put32(c, 0xffffffff); /* of unknown length */
	capture_put32(c, 0xffffffff);
	capture_put32(c, 28);
}

void
capture_interface(struct capture *c, uint16_t linktype, uint8_t resolution)
{
	const uint8_t value[4] = { resolution };
	uint32_t len = resolution == 6 ? 20 : 32;

	capture_put32(c, BLOCK_INTERFACE);
	capture_put32(c, len);
	capture_put16(c, linktype);
	capture_put16(c, 0);
	capture_put32(c, 0); /* no snapshot length */
	if (resolution != 6) {
		capture_put16(c, OPTION_TSRESOL);
		capture_put16(c, 1);
		put(c, value, sizeof(value));
		capture_put16(c, OPTION_END);
		capture_put16(c, 0);
	}
	capture_put32(c, len);
}

void
capture_packet(struct capture *c, uint32_t interface, uint64_t time, const void *data, uint32_t len)
{
	static const uint8_t padding[4];
	uint32_t pad = (4 - len % 4) % 4;

	capture_put32(c, BLOCK_PACKET);
	capture_put32(c, 32 + len + pad);
	capture_put32(c, interface);
	capture_put32(c, (uint32_t)(time >> 32));
	capture_put32(c, (uint32_t)time);
	capture_put32(c, len);
	capture_put32(c, len);
	put(c, data, len);
	put(c, padding, pad);
	capture_put32(c, 32 + len + pad);
}

void
capture_unknown(struct capture *c)
{
	capture_put32(c, BLOCK_UNKNOWN);
	capture_put32(c, 16);
	capture_put32(c, 0xdeadbeef);
	capture_put32(c, 16);
}
