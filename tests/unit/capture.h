/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#ifndef CAPTURE_H
#define CAPTURE_H

/*
 * Capture files, written byte by byte: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. They
 * live in memory, and have a path as long as they are open.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPTURE_MICROS	 0xa1b2c3d4u
#define CAPTURE_NANOS	 0xa1b23c4du
#define CAPTURE_ETHERNET 1

#define CAPTURE_CLASSIC_HEADER 24 /* bytes */
#define CAPTURE_CLASSIC_RECORD 16

struct capture {
	uint8_t *at;
	size_t len, room;
	bool big_endian;
	int fd;
	char path[32];
};

void capture_begin(struct capture *c, bool big_endian);
/* Make the first `len` bytes a file. Returns its path. */
const char *capture_file(struct capture *c, size_t len);
void capture_end(struct capture *c);

void capture_put16(struct capture *c, uint16_t value);
void capture_put32(struct capture *c, uint32_t value);

/* classic */
void capture_header(struct capture *c, uint32_t magic, uint32_t snaplen, uint32_t linktype);
void capture_record(struct capture *c, uint32_t seconds, uint32_t fraction, const void *data,
		    uint32_t len);

/* pcapng */
void capture_section(struct capture *c);
/* `resolution`: the power of ten of its times, 6 is the default and not written. */
void capture_interface(struct capture *c, uint16_t linktype, uint8_t resolution);
void capture_packet(struct capture *c, uint32_t interface, uint64_t time, const void *data,
		    uint32_t len);
/* A block that a reader has to pass over. */
void capture_unknown(struct capture *c);

#endif /* CAPTURE_H */
