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
	bool failed;		   /* the first error was logged */
	uint8_t frame[UINT16_MAX]; /* a frame of several segments, in one piece */
};

static struct sink_pcap *
of(struct evnic_sink *s)
{
	return RTE_PTR_SUB(s, offsetof(struct sink_pcap, base));
}

static int
refuse(const char *name, const char *path, const char *why, int ret)
{
	EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; give a file that can, one a port",
		  name, path, why);
	return ret;
}

/* Can the file be made? It is not: the port may yet be refused for another reason. */
static int
check(const char *name, const char *path, const char *source)
{
	const char *why = evnic_file_objection(path);
	char *copy;
	int ret;

	if (evnic_file_is_same(path, source)) {
		EVNIC_LOG(ERR,
			  "%s: tx_pcap=%s: it is the capture that is replayed; give another file",
			  name, path);
		return -EINVAL;
	}
	if (why != NULL)
		return refuse(name, path, why, -EINVAL);
	if (access(path, W_OK) == 0)
		return 0;
	if (errno == ENOENT) {
		copy = strdup(path);
		ret = copy == NULL ? -1 : access(dirname(copy), W_OK);
		free(copy);
		if (ret == 0)
			return 0;
	}
	return refuse(name, path, strerror(errno), -EINVAL);
}

/* Late, as it makes the file, and once: a port that is started again goes on in it. */
static int
start(struct evnic_sink *sink)
{
	struct sink_pcap *s = of(sink);
	const char *why;
	FILE *file;

	if (s->pcap != NULL)
		return 0;
	file = evnic_file_open(s->path, &why);
	if (file == NULL)
		return refuse(s->name, s->path, why, -EIO);
	s->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, UINT16_MAX,
						       PCAP_TSTAMP_PRECISION_NANO);
	s->dumper = s->pcap == NULL ? NULL : pcap_dump_fopen(s->pcap, file);
	if (s->dumper != NULL)
		return 0;
	refuse(s->name, s->path, s->pcap == NULL ? "no memory" : pcap_geterr(s->pcap), -EIO);
	fclose(file);
	if (s->pcap != NULL)
		pcap_close(s->pcap);
	s->pcap = NULL;
	return -EIO;
}

static void
write_one(struct sink_pcap *s, const struct rte_mbuf *pkt)
{
	uint32_t len = RTE_MIN(pkt->pkt_len, (uint32_t)sizeof(s->frame));
	struct pcap_pkthdr header = { .caplen = len, .len = pkt->pkt_len };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	header.ts.tv_sec = now.tv_sec;
	header.ts.tv_usec = now.tv_nsec; /* the file was opened for nanoseconds */
	pcap_dump((uint8_t *)s->dumper, &header, rte_pktmbuf_read(pkt, 0, len, s->frame));
}

/* A burst is in the file when this returns, or refused. */
static uint32_t
write_burst(struct evnic_sink *sink, struct rte_mbuf *const *pkts, uint32_t nb_pkts,
	    uint64_t *refused)
{
	struct sink_pcap *s = of(sink);

	for (uint32_t i = 0; i < nb_pkts; i++)
		write_one(s, pkts[i]);
	if (pcap_dump_flush(s->dumper) == 0 && !ferror(pcap_dump_file(s->dumper)))
		return nb_pkts;
	if (!s->failed)
		EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; frames count as errors",
			  s->name, s->path, strerror(errno));
	s->failed = true;
	*refused = UINT64_MAX;
	return nb_pkts;
}

static void
destroy(struct evnic_sink *sink)
{
	struct sink_pcap *s = of(sink);

	if (s->pcap != NULL) {
		pcap_dump_close(s->dumper);
		pcap_close(s->pcap);
	}
	free(s);
}

static const struct evnic_sink_ops ops = {
	.start = start,
	.write = write_burst,
	.destroy = destroy,
};

/* NULL with rte_errno, logged. */
struct evnic_sink *
evnic_sink_pcap_create(const struct evnic_port *p)
{
	struct sink_pcap *s;
	int ret = check(p->data->name, p->args.tx_pcap, p->args.rx_pcap);

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
