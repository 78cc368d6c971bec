/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* A kernel interface that sent frames go out of. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <pcap/pcap.h>
#include <rte_common.h>
#include <rte_errno.h>

#include "evnic.h"

struct sink_iface {
	struct evnic_sink base;
	struct evnic_iface iface;
	const struct evnic_wire *wire;
	pcap_t *pcap;			/* NULL: not started */
	bool has_failed;		/* the first error was logged */
	uint8_t frame[EVNIC_MAX_FRAME]; /* a frame of several segments, in one piece */
};

static struct sink_iface *
of(struct evnic_sink *s)
{
	return RTE_PTR_SUB(s, offsetof(struct sink_iface, base));
}

static int
start(struct evnic_sink *sink)
{
	struct sink_iface *s = of(sink);

	s->has_failed = false;
	return evnic_iface_open(&s->iface, &s->pcap);
}

/* 0; -EAGAIN: the socket's buffer is full; -EMSGSIZE: longer than the interface's MTU; -EIO */
static int
write_one(struct sink_iface *s, const struct rte_mbuf *pkt)
{
	const void *data;
	int error;

	if (pkt->pkt_len > sizeof(s->frame))
		return -EMSGSIZE;
	data = rte_pktmbuf_read(pkt, 0, pkt->pkt_len, s->frame);
	errno = 0;
	if (pcap_inject(s->pcap, data, pkt->pkt_len) >= 0)
		return 0;
	error = errno;
	if (error == EAGAIN || error == EMSGSIZE)
		return -error;
	if (!s->has_failed)
		EVNIC_LOG(ERR, "%s: %s=%s: cannot be sent to: %s; frames count as errors",
			  s->iface.port, s->iface.key, s->iface.name, pcap_geterr(s->pcap));
	s->has_failed = true;
	return -EIO;
}

static uint32_t
write_burst(struct evnic_sink *sink, struct rte_mbuf *const *pkts, uint32_t nb_pkts,
	    uint64_t *refused)
{
	for (uint32_t i = 0; i < nb_pkts; i++) {
		int ret = write_one(of(sink), pkts[i]);

		if (ret == -EAGAIN)
			return i;
		if (ret != 0)
			*refused |= UINT64_C(1) << i;
	}
	return nb_pkts;
}

/* The wire looks at everything when it wakes, so that the event need not say what it is. */
static void
want_room(struct evnic_sink *sink, bool wanted)
{
	struct sink_iface *s = of(sink);
	struct epoll_event event = { .events = EPOLLOUT | EPOLLET };

	epoll_ctl(s->wire->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, pcap_fileno(s->pcap),
		  &event);
}

static void
stop(struct evnic_sink *sink)
{
	struct sink_iface *s = of(sink);

	pcap_close(s->pcap);
	s->pcap = NULL;
}

static void
destroy(struct evnic_sink *sink)
{
	free(of(sink));
}

static const struct evnic_sink_ops ops = {
	.start = start,
	.write = write_burst,
	.want_room = want_room,
	.stop = stop,
	.destroy = destroy,
};

/* NULL with rte_errno, logged. */
struct evnic_sink *
evnic_sink_iface_create(struct evnic_port *p)
{
	struct sink_iface *s = calloc(1, sizeof(*s));
	int ret;

	if (s == NULL) {
		rte_errno = ENOMEM;
		return NULL;
	}
	s->base.ops = &ops;
	s->wire = &p->wire;
	s->iface = (struct evnic_iface){
		.port = p->data->name,
		.key = p->args.tx_iface_key,
		.name = p->args.tx_iface,
	};
	ret = evnic_iface_check(&s->iface);
	if (ret != 0) {
		free(s);
		rte_errno = -ret;
		return NULL;
	}
	return &s->base;
}
