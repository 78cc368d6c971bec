/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What a port receives from and sends to, as its arguments say: made, started, stopped, removed. */

#include <rte_errno.h>

#include "evnic.h"

static int
create_source(struct evnic_port *p)
{
	const struct evnic_args *args = &p->args;

	if (args->rx_pcap[0] != '\0')
		p->source = evnic_source_pcap_create(p);
	else if (args->rx_iface[0] != '\0')
		p->source = evnic_source_iface_create(p);
	else
		return 0;
	return p->source == NULL ? -rte_errno : 0;
}

static int
create_sink(struct evnic_port *p)
{
	const struct evnic_args *args = &p->args;

	if (args->tx_pcap[0] != '\0')
		p->sink = evnic_sink_pcap_create(p);
	else if (args->tx_iface[0] != '\0')
		p->sink = evnic_sink_iface_create(p);
	else
		return 0;
	return p->sink == NULL ? -rte_errno : 0;
}

/* 0 or -errno, logged. */
int
evnic_ends_create(struct evnic_port *p)
{
	int ret;

	if (p->args.cable[0] != '\0') {
		ret = evnic_cable_attach(p);
	} else {
		ret = create_sink(p);
		if (ret == 0)
			ret = create_source(p);
	}
	if (ret != 0)
		evnic_ends_destroy(p);
	return ret;
}

/* What the port receives from as it is configured. */
struct evnic_source *
evnic_ends_source(const struct evnic_port *p)
{
	return p->loopback.is_on ? p->loopback.source : p->source;
}

struct evnic_sink *
evnic_ends_sink(const struct evnic_port *p)
{
	return p->loopback.is_on ? p->loopback.sink : p->sink;
}

/* Bytes that a buffer of every receive queue holds. */
static uint32_t
shortest_buffer(const struct evnic_port *p)
{
	uint32_t shortest = EVNIC_MAX_FRAME;

	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++)
		shortest = RTE_MIN(shortest, p->rxq[i]->room);
	return shortest;
}

static void
stop_source(struct evnic_source *s)
{
	if (s != NULL && s->ops->stop != NULL)
		s->ops->stop(s);
}

/* Before the wire thread runs; 0 or -errno, logged. */
int
evnic_ends_start(struct evnic_port *p)
{
	struct evnic_source *source = evnic_ends_source(p);
	struct evnic_sink *sink = evnic_ends_sink(p);
	int ret = 0;

	if (p->loopback.is_on)
		evnic_pipe_drain(p->loopback.pipe);
	if (source != NULL) {
		source->max_len = p->data->scattered_rx ? EVNIC_MAX_FRAME : shortest_buffer(p);
		if (source->ops->start != NULL)
			ret = source->ops->start(source);
		if (ret != 0)
			return ret;
	}
	if (sink != NULL && sink->ops->start != NULL)
		ret = sink->ops->start(sink);
	if (ret != 0)
		stop_source(source);
	else if (!p->loopback.is_on)
		evnic_cable_plug_in(p);
	return ret;
}

/* After the wire thread has ended. */
void
evnic_ends_stop(struct evnic_port *p)
{
	struct evnic_sink *sink = evnic_ends_sink(p);

	if (!p->loopback.is_on)
		evnic_cable_pull_out(p);
	if (sink != NULL && sink->ops->stop != NULL)
		sink->ops->stop(sink);
	stop_source(evnic_ends_source(p));
}

void
evnic_ends_destroy(struct evnic_port *p)
{
	evnic_loopback_destroy(p);
	if (p->sink != NULL)
		p->sink->ops->destroy(p->sink);
	if (p->source != NULL)
		p->source->ops->destroy(p->source);
	p->sink = NULL;
	p->source = NULL;
	evnic_cable_detach(p);
}

/* Bytes of the longest frame that is known to come; 0 if none is. */
uint32_t
evnic_ends_longest(const struct evnic_port *p)
{
	const struct evnic_source *source = evnic_ends_source(p);

	return source == NULL ? 0 : source->longest;
}

/* What the port receives from, by the words that say so: for messages. */
void
evnic_ends_name(const struct evnic_port *p, char *text, size_t size)
{
	const struct evnic_args *args = &p->args;

	if (p->loopback.is_on)
		snprintf(text, size, "lpbk_mode 1");
	else if (args->rx_pcap[0] != '\0')
		snprintf(text, size, "rx_pcap=%s", args->rx_pcap);
	else if (args->rx_iface[0] != '\0')
		snprintf(text, size, "%s=%s", args->rx_iface_key, args->rx_iface);
	else if (args->cable[0] != '\0')
		snprintf(text, size, "cable=%s", args->cable);
	else
		snprintf(text, size, "without a source");
}
