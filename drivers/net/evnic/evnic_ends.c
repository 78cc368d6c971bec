/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What a port receives from and sends to, as its arguments say: made, started, stopped, removed. */

#include <errno.h>

#include "evnic.h"

int
evnic_ends_create(struct evnic_port *p)
{
	const struct evnic_args *args = &p->args;
	int ret = evnic_sink_pcap_check(p->data->name, args->tx_pcap);

	if (ret != 0)
		return ret;
	if (args->rx_pcap[0] != '\0') {
		p->source = evnic_source_pcap_create(p);
		if (p->source == NULL)
			return -EINVAL;
	}
	if (args->tx_pcap[0] != '\0') {
		p->sink = evnic_sink_pcap_create(p);
		if (p->sink == NULL) {
			evnic_ends_destroy(p);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Bytes that a buffer of every receive queue holds. */
static uint32_t
shortest_buffer(const struct evnic_port *p)
{
	uint32_t shortest = EVNIC_MAX_FRAME;

	for (uint16_t i = 0; i < p->data->nb_rx_queues; i++) {
		uint32_t room = rte_pktmbuf_data_room_size(p->rxq[i]->pool) - RTE_PKTMBUF_HEADROOM;

		shortest = RTE_MIN(shortest, room);
	}
	return shortest;
}

int
evnic_ends_start(struct evnic_port *p)
{
	struct evnic_source *source = p->source;
	struct evnic_sink *sink = p->sink;
	int ret = 0;

	if (source != NULL) {
		source->max_len = shortest_buffer(p);
		if (source->ops->start != NULL)
			ret = source->ops->start(source);
		if (ret != 0)
			return ret;
	}
	if (sink != NULL && sink->ops->start != NULL)
		ret = sink->ops->start(sink);
	if (ret != 0 && source != NULL && source->ops->stop != NULL)
		source->ops->stop(source);
	return ret;
}

void
evnic_ends_stop(struct evnic_port *p)
{
	if (p->sink != NULL && p->sink->ops->stop != NULL)
		p->sink->ops->stop(p->sink);
	if (p->source != NULL && p->source->ops->stop != NULL)
		p->source->ops->stop(p->source);
}

void
evnic_ends_destroy(struct evnic_port *p)
{
	if (p->sink != NULL)
		p->sink->ops->destroy(p->sink);
	if (p->source != NULL)
		p->source->ops->destroy(p->source);
	p->sink = NULL;
	p->source = NULL;
}

/* Bytes of the longest frame that is known to come; 0 if none is. */
uint32_t
evnic_ends_longest(const struct evnic_port *p)
{
	return p->source == NULL ? 0 : p->source->longest;
}

/* Is there anything that takes sent frames? */
bool
evnic_ends_send(const struct evnic_port *p)
{
	return p->sink != NULL;
}
