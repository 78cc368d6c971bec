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
#include <rte_errno.h>

#include "evnic.h"

struct sink_pcap {
	struct evnic_sink base;
	pcap_t *pcap; /* NULL: not opened yet */
	pcap_dumper_t *dumper;
	const char *name;
	const char *path;
	bool failed;			/* the first error was logged */
	bool dirty;			/* written since the last flush */
	uint8_t frame[EVNIC_MAX_FRAME]; /* a frame of several segments, in one piece */
};

static struct sink_pcap *
of(struct evnic_sink *s)
{
	return RTE_PTR_SUB(s, offsetof(struct sink_pcap, base));
}

/* Can the file be made? It is not: the port may yet be refused for another reason. */
static int
check(const char *name, const char *path)
{
	char *copy;
	int ret;

	if (access(path, W_OK) == 0)
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

/* Late, as it makes the file, and once: a port that is started again goes on in it. */
static int
start(struct evnic_sink *sink)
{
	struct sink_pcap *s = of(sink);

	if (s->pcap != NULL)
		return 0;
	s->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, EVNIC_MAX_FRAME,
						       PCAP_TSTAMP_PRECISION_NANO);
	if (s->pcap == NULL)
		return -ENOMEM;
	s->dumper = pcap_dump_open(s->pcap, s->path);
	if (s->dumper == NULL) {
		EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; give a file that can",
			  s->name, s->path, pcap_geterr(s->pcap));
		pcap_close(s->pcap);
		s->pcap = NULL;
		return -EIO;
	}
	return 0;
}

static int
report(struct sink_pcap *s)
{
	if (!s->failed)
		EVNIC_LOG(ERR,
			  "%s: tx_pcap=%s: cannot be written: %s; frames are counted as errors",
			  s->name, s->path, strerror(errno));
	s->failed = true;
	return -EIO;
}

/* 0, or -EMSGSIZE: the frame is too long for the file, -EIO: the file cannot be written. */
static int
write_frame(struct evnic_sink *sink, const struct rte_mbuf *pkt)
{
	struct sink_pcap *s = of(sink);
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

static void
flush(struct evnic_sink *sink)
{
	struct sink_pcap *s = of(sink);

	if (!s->dirty)
		return;
	s->dirty = false;
	if (pcap_dump_flush(s->dumper) != 0)
		report(s);
}

static void
destroy(struct evnic_sink *sink)
{
	struct sink_pcap *s = of(sink);

	if (s->pcap != NULL) {
		flush(sink);
		pcap_dump_close(s->dumper);
		pcap_close(s->pcap);
	}
	free(s);
}

static const struct evnic_sink_ops ops = {
	.start = start,
	.write = write_frame,
	.flush = flush,
	.destroy = destroy,
};

/* NULL with rte_errno, logged. */
struct evnic_sink *
evnic_sink_pcap_create(const struct evnic_port *p)
{
	struct sink_pcap *s;
	int ret = check(p->data->name, p->args.tx_pcap);

	if (ret != 0) {
		rte_errno = -ret;
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	s->base.ops = &ops;
	s->name = p->data->name;
	s->path = p->args.tx_pcap;
	return &s->base;
}
