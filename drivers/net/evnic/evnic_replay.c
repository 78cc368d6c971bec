/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A capture file (libpcap), read into memory of the port's node and parsed once, so that the
 * replay is a copy and a look-up.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pcap/pcap.h>
#include <rte_common.h>

#include "evnic.h"

#define CHUNK_SIZE   (4u << 20) /* bytes; a frame never straddles two chunks */
#define FIRST_FRAMES 1024

/* Frame data, each frame on cache lines of its own. */
struct evnic_chunk {
	struct evnic_chunk *next;
	size_t size;
	size_t used;
};

/* One load in progress. */
struct load {
	struct evnic_replay *replay;
	const char *name;
	const char *path;
	int numa_node;
	uint64_t first_ns;
	uint64_t room;	/* frames that fit into replay->frames */
	uint64_t empty; /* records without a byte */
};

static uint8_t *
store(struct load *l, const uint8_t *data, uint32_t len)
{
	struct evnic_chunk *c = l->replay->chunks;
	size_t need = RTE_CACHE_LINE_ROUNDUP(len);
	uint8_t *at;

	if (c == NULL || c->size - c->used < need) {
		c = evnic_numa_alloc(CHUNK_SIZE, l->numa_node);
		if (c == NULL)
			return NULL;
		c->size = CHUNK_SIZE;
		c->used = RTE_CACHE_LINE_ROUNDUP(sizeof(*c));
		c->next = l->replay->chunks;
		l->replay->chunks = c;
	}
	at = (uint8_t *)c + c->used;
	memcpy(at, data, len);
	c->used += need;
	return at;
}

static int
grow(struct load *l)
{
	struct evnic_replay *r = l->replay;
	uint64_t room = l->room == 0 ? FIRST_FRAMES : l->room * 2;
	size_t size = room * sizeof(*r->frames);
	struct evnic_frame *frames = evnic_numa_alloc(size, l->numa_node);

	if (frames == NULL)
		return -ENOMEM;
	if (r->frames != NULL)
		memcpy(frames, r->frames, r->nb_frames * sizeof(*frames));
	evnic_numa_free(r->frames, r->frames_size);
	r->frames = frames;
	r->frames_size = size;
	l->room = room;
	return 0;
}

static int
add_frame(struct load *l, const struct pcap_pkthdr *header, const uint8_t *data)
{
	struct evnic_replay *r = l->replay;
	/* opened with nanoseconds: tv_usec holds them */
	uint64_t ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
	struct evnic_parsed parsed;
	struct evnic_frame *f;

	if (header->caplen == 0) {
		l->empty++;
		return 0;
	}
	if (header->caplen > EVNIC_MAX_FRAME) {
		EVNIC_LOG(ERR,
			  "%s: %s: frame %" PRIu64 " has %u bytes, a buffer holds %d at most; cut "
			  "it with editcap -s %d",
			  l->name, l->path, r->nb_frames + 1, header->caplen, EVNIC_MAX_FRAME,
			  EVNIC_MAX_FRAME);
		return -EFBIG;
	}
	if (r->nb_frames == l->room && grow(l) != 0)
		return -ENOMEM;

	f = &r->frames[r->nb_frames];
	f->data = store(l, data, header->caplen);
	if (f->data == NULL)
		return -ENOMEM;
	evnic_parse(f->data, header->caplen, &parsed);
	f->len = header->caplen;
	f->ptype = parsed.ptype;
	f->flags = parsed.cksum;
	if (r->nb_frames == 0)
		l->first_ns = ns;
	f->offset_ns = ns > l->first_ns ? ns - l->first_ns : 0;
	if (r->nb_frames > 0) /* clocks are set back while people record */
		f->offset_ns = RTE_MAX(f->offset_ns, f[-1].offset_ns);
	r->longest = RTE_MAX(r->longest, f->len);
	r->nb_frames++;
	return 0;
}

/* The frames of one loop are followed by those of the next after the average gap. */
static uint64_t
span_of(const struct evnic_replay *r)
{
	uint64_t last = r->frames[r->nb_frames - 1].offset_ns;

	return r->nb_frames > 1 ? last + last / (r->nb_frames - 1) : 0;
}

static int
read_records(struct load *l, pcap_t *pcap)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int got, ret;

	while ((got = pcap_next_ex(pcap, &header, &data)) == 1) {
		ret = add_frame(l, header, data);
		if (ret == -ENOMEM)
			EVNIC_LOG(ERR, "%s: %s: no memory for it after %" PRIu64 " frames", l->name,
				  l->path, l->replay->nb_frames);
		if (ret != 0)
			return ret;
	}
	if (l->replay->nb_frames == 0) {
		EVNIC_LOG(ERR, "%s: %s: no whole packet in it%s%s; give a capture with packets",
			  l->name, l->path, got == PCAP_ERROR ? ": " : "",
			  got == PCAP_ERROR ? pcap_geterr(pcap) : "");
		return -ENODATA;
	}
	if (got == PCAP_ERROR)
		EVNIC_LOG(WARNING,
			  "%s: %s: 1 record left out, and what may follow it, after %" PRIu64
			  " whole ones: %s",
			  l->name, l->path, l->replay->nb_frames, pcap_geterr(pcap));
	l->replay->nb_bad = l->empty + (got == PCAP_ERROR ? 1 : 0);
	if (l->empty != 0)
		EVNIC_LOG(WARNING, "%s: %s: %" PRIu64 " records without a byte left out", l->name,
			  l->path, l->empty);
	return 0;
}

static int
refuse(const struct load *l, const char *why)
{
	EVNIC_LOG(ERR, "%s: rx_pcap=%s: cannot be read: %s; give an Ethernet capture", l->name,
		  l->path, why);
	return -EINVAL;
}

/* Only a file has an end that need not be waited for. */
static FILE *
open_file(const struct load *l)
{
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why = NULL;
	struct stat file;
	FILE *stream;

	if (fd < 0 || fstat(fd, &file) < 0)
		why = strerror(errno);
	else if (!S_ISREG(file.st_mode))
		why = S_ISDIR(file.st_mode) ? strerror(EISDIR)
					    : "it is no file, and may never come to an end";
	stream = why == NULL ? fdopen(fd, "r") : NULL;
	if (stream != NULL)
		return stream;
	refuse(l, why != NULL ? why : strerror(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
}

static pcap_t *
open_capture(const struct load *l)
{
	char error[PCAP_ERRBUF_SIZE];
	FILE *file = open_file(l);
	pcap_t *pcap;

	if (file == NULL)
		return NULL;
	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (pcap != NULL)
		return pcap;
	refuse(l, error);
	fclose(file);
	return NULL;
}

int
evnic_replay_load(struct evnic_replay *r, const char *name, const char *path, int numa_node)
{
	struct load l = { .replay = r, .name = name, .path = path, .numa_node = numa_node };
	pcap_t *pcap;
	int linktype, ret;

	memset(r, 0, sizeof(*r));
	pcap = open_capture(&l);
	if (pcap == NULL)
		return -EINVAL;
	linktype = pcap_datalink(pcap);
	if (linktype != DLT_EN10MB) {
		const char *type = pcap_datalink_val_to_name(linktype);

		EVNIC_LOG(ERR,
			  "%s: rx_pcap=%s: its link type is %s (%d), not Ethernet; give an "
			  "Ethernet capture",
			  name, path, type == NULL ? "unknown" : type, linktype);
		ret = -EINVAL;
	} else {
		ret = read_records(&l, pcap);
	}
	pcap_close(pcap);
	if (ret != 0) {
		evnic_replay_free(r);
		return ret;
	}
	r->span_ns = span_of(r);
	return 0;
}

void
evnic_replay_free(struct evnic_replay *r)
{
	while (r->chunks != NULL) {
		struct evnic_chunk *next = r->chunks->next;

		evnic_numa_free(r->chunks, r->chunks->size);
		r->chunks = next;
	}
	evnic_numa_free(r->frames, r->frames_size);
	memset(r, 0, sizeof(*r));
}
