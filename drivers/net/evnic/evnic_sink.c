/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The capture file that sent frames are written to, by libpcap. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
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
	bool failed;		   /* the first error was logged */
	uint8_t frame[UINT16_MAX]; /* a frame of several segments, in one piece */
};

static bool
is_same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

/* Can the file be made? It is not: the port may yet be refused for another reason. */
int
evnic_sink_check(const char *name, const char *path, const char *source)
{
	char *copy;
	int ret;

	if (path[0] != '\0' && is_same_file(path, source)) {
		EVNIC_LOG(ERR,
			  "%s: tx_pcap=%s: it is the capture that is replayed; give another file",
			  name, path);
		return -EINVAL;
	}
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

/* An open file that nobody else writes: neither another port nor another program. NULL: errno says
 * why. */
static FILE *
open_exclusively(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	struct stat file;

	if (fd < 0)
		return NULL;
	/* before it is emptied; devices and pipes take what comes */
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
	    (flock(fd, LOCK_EX | LOCK_NB) < 0 || ftruncate(fd, 0) < 0)) {
		if (errno == EWOULDBLOCK)
			errno = EBUSY;
		close(fd);
		return NULL;
	}
	return fdopen(fd, "w");
}

struct evnic_sink *
evnic_sink_open(const char *name, const char *path)
{
	struct evnic_sink *s = calloc(1, sizeof(*s));
	FILE *file;

	if (s == NULL)
		return NULL;
	s->name = name;
	s->path = path;
	s->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, UINT16_MAX,
						       PCAP_TSTAMP_PRECISION_NANO);
	file = s->pcap == NULL ? NULL : open_exclusively(path);
	s->dumper = file == NULL ? NULL : pcap_dump_fopen(s->pcap, file);
	if (s->dumper != NULL)
		return s;
	EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; give a file that can, one a port",
		  name, path, strerror(errno));
	if (file != NULL)
		fclose(file);
	if (s->pcap != NULL)
		pcap_close(s->pcap);
	free(s);
	return NULL;
}

static void
write_one(struct evnic_sink *s, const struct rte_mbuf *pkt)
{
	uint32_t len = RTE_MIN(pkt->pkt_len, (uint32_t)sizeof(s->frame));
	struct pcap_pkthdr header = { .caplen = len, .len = pkt->pkt_len };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	header.ts.tv_sec = now.tv_sec;
	header.ts.tv_usec = now.tv_nsec; /* the file was opened for nanoseconds */
	pcap_dump((uint8_t *)s->dumper, &header, rte_pktmbuf_read(pkt, 0, len, s->frame));
}

/* Write frames, and see that they are in the file; false: some are not, and count as errors. */
bool
evnic_sink_write(struct evnic_sink *s, struct rte_mbuf *const *pkts, uint32_t nb_pkts)
{
	for (uint32_t i = 0; i < nb_pkts; i++)
		write_one(s, pkts[i]);
	if (pcap_dump_flush(s->dumper) == 0 && !ferror(pcap_dump_file(s->dumper)))
		return true;
	if (!s->failed)
		EVNIC_LOG(ERR, "%s: tx_pcap=%s: cannot be written: %s; frames count as errors",
			  s->name, s->path, strerror(errno));
	s->failed = true;
	return false;
}

void
evnic_sink_close(struct evnic_sink *s)
{
	if (s == NULL)
		return;
	pcap_dump_close(s->dumper);
	pcap_close(s->pcap);
	free(s);
}
