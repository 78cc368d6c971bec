/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* What ethdev has no word for: rouse_evnic.h. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <rte_cycles.h>

#include "evnic.h"

#define MAX_INTERVAL_US 1000000

static struct evnic_port *
port_of(uint16_t port)
{
	if (!rte_eth_dev_is_valid_port(port) || rte_eth_devices[port].dev_ops != &evnic_ops)
		return NULL;
	return rte_eth_devices[port].data->dev_private;
}

/* What was refused gets one line: what, the numbers it was given, and what to do. Returns ret. */
static int __rte_format_printf(3, 4) refusal(uint16_t port, int ret, const char *format, ...)
{
	const char *remedy = "give one that the port has";
	char words[96];
	va_list args;

	if (ret == 0)
		return 0;
	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	if (ret == -ENODEV)
		remedy = "it is no port of net_evnic";
	else if (ret == -EBUSY)
		remedy = "stop the port, and take its queues from their workers first";
	else if (ret == -EINVAL)
		remedy = "configure the port first, and give one of enum rouse_steer_map";
	else if (ret == -ENETDOWN)
		remedy = "that queue is stopped; start it first";
	EVNIC_LOG(ERR, "port %u: %s refused: %s", port, words, remedy);
	return ret;
}

/* Can the tables be changed that say by which rings a queue's events come? */
static int
check_still(const struct evnic_port *p)
{
	if (p == NULL)
		return -ENODEV;
	if (p->data->nb_rx_queues == 0)
		return -EINVAL;
	return p->data->dev_started || evnic_is_bound(p) ? -EBUSY : 0;
}

int
rouse_evnic_on_event(uint16_t port, rouse_evnic_event_fn fn, void *arg)
{
	struct evnic_port *p = port_of(port);

	if (p == NULL)
		return refusal(port, -ENODEV, "an event function");
	if (p->data->dev_started)
		return refusal(port, -EBUSY, "an event function");
	p->on_event = fn;
	p->on_event_arg = arg;
	return 0;
}

int
rouse_evnic_map_set(uint16_t port, enum rouse_steer_map map)
{
	struct evnic_port *p = port_of(port);
	int ret = check_still(p);

	if (ret == 0)
		ret = rouse_steer_map_set(&p->steer, map);
	if (ret == 0)
		evnic_plan(p);
	return refusal(port, ret, "map %d", (int)map);
}

int
rouse_evnic_ring_set(uint16_t port, uint16_t queue, uint16_t ring)
{
	struct evnic_port *p = port_of(port);
	int ret = check_still(p);

	if (ret == 0)
		ret = rouse_steer_ring_set(&p->steer, queue, ring);
	if (ret == 0)
		evnic_plan(p);
	return refusal(port, ret, "ring %u for queue %u", ring, queue);
}

int
rouse_evnic_vector_set(uint16_t port, uint16_t ring, uint16_t vector)
{
	struct evnic_port *p = port_of(port);
	int ret = check_still(p);

	if (ret == 0)
		ret = rouse_steer_vector_set(&p->steer, ring, vector);
	if (ret == 0)
		p->is_planned = false;
	return refusal(port, ret, "vector %u for ring %u", vector, ring);
}

int
rouse_evnic_event_set(uint16_t port, uint16_t queue, enum rouse_event_code code, uint16_t ring,
		      uint16_t vector)
{
	struct evnic_port *p = port_of(port);
	int ret = check_still(p);

	if (ret == 0)
		ret = rouse_steer_event_set(&p->steer, queue, code, ring, vector);
	if (ret == 0)
		p->is_planned = false;
	return refusal(port, ret, "ring %u and vector %u for code %d of queue %u", ring, vector,
		       (int)code, queue);
}

int
rouse_evnic_rss_default_queue_set(uint16_t port, uint16_t queue)
{
	struct evnic_port *p = port_of(port);

	return refusal(port,
		       p == NULL ? -ENODEV : rouse_steer_rss_default_queue_set(&p->steer, queue),
		       "RSS default queue %u", queue);
}

int
rouse_evnic_default_processor_set(uint16_t port, uint16_t queue)
{
	struct evnic_port *p = port_of(port);
	int ret;

	if (p == NULL)
		return refusal(port, -ENODEV, "default processor %u", queue);
	if (p->data->dev_started && queue < p->data->nb_rx_queues &&
	    p->data->rx_queue_state[queue] != RTE_ETH_QUEUE_STATE_STARTED)
		return refusal(port, -ENETDOWN, "default processor %u", queue);
	ret = rouse_steer_default_processor_set(&p->steer, queue);
	if (ret == 0)
		p->is_processor_chosen = true;
	return refusal(port, ret, "default processor %u", queue);
}

static struct evnic_vector *
vector_of(struct evnic_port *p, uint16_t vector)
{
	return vector < p->steer.nb_vectors ? &p->vectors[vector] : NULL;
}

int
rouse_evnic_vector_mask(uint16_t port, uint16_t vector, bool masked)
{
	struct evnic_port *p = port_of(port);
	struct evnic_vector *v;

	if (p == NULL)
		return refusal(port, -ENODEV, "a mask of vector %u", vector);
	v = vector_of(p, vector);
	if (v == NULL)
		return refusal(port, -ERANGE, "a mask of vector %u", vector);
	atomic_store_explicit(&v->masked, masked, memory_order_relaxed);
	evnic_wire_sync(p); /* which delivers what an unmasked vector holds */
	return 0;
}

int
rouse_evnic_vector_interval_set(uint16_t port, uint16_t vector, uint32_t interval_us)
{
	struct evnic_port *p = port_of(port);
	struct evnic_vector *v;

	if (p == NULL)
		return refusal(port, -ENODEV, "%u us for vector %u", interval_us, vector);
	v = vector_of(p, vector);
	if (v == NULL || interval_us > MAX_INTERVAL_US)
		return refusal(port, -ERANGE, "%u us for vector %u", interval_us, vector);
	atomic_store_explicit(&v->interval_tsc, rte_get_tsc_hz() * interval_us / US_PER_S,
			      memory_order_relaxed);
	evnic_wire_sync(p);
	return 0;
}

int
rouse_evnic_vector_get(uint16_t port, uint16_t vector, struct rouse_evnic_vector *out)
{
	struct evnic_port *p = port_of(port);
	const struct evnic_vector *v;
	uint64_t interval_tsc;

	if (p == NULL)
		return refusal(port, -ENODEV, "to read vector %u", vector);
	v = vector_of(p, vector);
	if (v == NULL)
		return refusal(port, -ERANGE, "to read vector %u", vector);
	interval_tsc = atomic_load_explicit(&v->interval_tsc, memory_order_relaxed);
	*out = (struct rouse_evnic_vector){
		.messages = rouse_counter_get(&v->messages),
		.doorbells = evnic_vector_doorbells(v),
		.pending = atomic_load_explicit(&v->pending, memory_order_relaxed),
		.interval_us = (uint32_t)((interval_tsc * US_PER_S + rte_get_tsc_hz() / 2) /
					  rte_get_tsc_hz()),
		.masked = atomic_load_explicit(&v->masked, memory_order_relaxed),
	};
	return 0;
}

const struct rouse_steer *
rouse_evnic_steer(uint16_t port)
{
	const struct evnic_port *p = port_of(port);

	return p == NULL ? NULL : &p->steer;
}
