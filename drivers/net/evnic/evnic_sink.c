/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The capture file that sent frames are written to, by libpcap. */

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pcap/pcap.h>
#include <rte_common.h>

#include "evnic.h"

struct evnic_sink {
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	const char *name;
	const char *path;
	bool failed;			/* the first error was logged */
	bool dirty;			/* written since the last flush */
	uint8_t frame[EVNIC_MAX_FRAME]; /* a frame of several segments, in one piece */
};

/* Can the file be made? It is not: the port may yet be refused for another reason. */
int
evnic_sink_check(const char *name, const char *path)
{
	char *copy;
	int ret;

	if (path[0] == '\0' || access(path, W_OK) == 0)
		return 0;
	if (errno == ENOENT) {
		copy = strdup(path);
		ret = copy == NULL ? -1 : access(dirname(copy), W_OK);
		free(copy);
		if (ret == 0)
			return 0;
	}
	EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; give a file that can", name, path,
		  strerror(errno));
	return -EINVAL;
}

struct evnic_sink *
evnic_sink_open(const char *name, const char *path)
{
	struct evnic_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->name = name;
	s->path = path;
	s->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, EVNIC_MAX_FRAME,
						       PCAP_TSTAMP_PRECISION_NANO);
	if (s->pcap == NULL) {
		free(s);
		return NULL;
	}
	s->dumper = pcap_dump_open(s->pcap, path);
	if (s->dumper == NULL) {
		EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; give a file that can", name,
			  path, pcap_geterr(s->pcap));
		pcap_close(s->pcap);
		free(s);
		return NULL;
	}
	return s;
}

static int
report(struct evnic_sink *s)
{
	if (!s->failed)
		EVNIC_LOG(ERR,
			  "%s: tx_pcap=%s: cannot be written: %s; frames are counted as errors",
			  s->name, s->path, strerror(errno));
	s->failed = true;
	return -EIO;
}

/* 0, or -EMSGSIZE: the frame is too long for the file, -EIO: the file cannot be written. */
int
evnic_sink_write(struct evnic_sink *s, const struct rte_mbuf *pkt)
{
	struct pcap_pkthdr header;
	struct timespec now;
	const void *data;

	if (pkt->pkt_len > sizeof(s->frame))
		return -EMSGSIZE;
	clock_gettime(CLOCK_REALTIME, &now);
	header.ts.tv_sec = now.tv_sec;
	header.ts.tv_usec = now.tv_nsec;
	header.caplen = pkt->pkt_len;
	header.len = pkt->pkt_len;
	data = rte_pktmbuf_read(pkt, 0, pkt->pkt_len, s->frame);
	pcap_dump((uint8_t *)s->dumper, &header, data);
	s->dirty = true;
	return ferror(pcap_dump_file(s->dumper)) ? report(s) : 0;
}

void
evnic_sink_flush(struct evnic_sink *s)
{
	if (!s->dirty)
		return;
	s->dirty = false;
	if (pcap_dump_flush(s->dumper) != 0)
		report(s);
}

void
evnic_sink_close(struct evnic_sink *s)
{
	if (s == NULL)
		return;
	evnic_sink_flush(s);
	pcap_dump_close(s->dumper);
	pcap_close(s->pcap);
	free(s);
}
