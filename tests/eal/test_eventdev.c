/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * DPDK's eventdev over net_evnic: its Ethernet Rx adapter visits the queues when their interrupts
 * say so, and at no other time, and event_sw schedules. Every frame becomes one event, of the flow
 * that its hash says; the frames of a flow keep their order.
 */

#include <stdio.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_event_eth_rx_adapter.h>
#include <rte_eventdev.h>
#include <rte_service.h>

#include "numbered.h"

#define NB_QUEUES   4
#define NB_FRAMES   4000
#define ADAPTER	    0
#define EVENT_DEV   "event_sw0"
#define EVENT_QUEUE 0
#define EVENT_PORT  0
#define NB_EVENTS   4096
#define DEPTH	    16
#define FLOW_MASK   0xfffffu /* bits of an event that hold its flow */
#define EXIT_SKIP   77

static const struct rte_event_port_conf port_conf = {
	.new_event_threshold = NB_EVENTS,
	.dequeue_depth = DEPTH,
	.enqueue_depth = DEPTH,
};

static uint8_t key[NUMBERED_KEY_SIZE];

/* ---- event device and adapter; this thread runs their services ---- */

struct services {
	uint8_t dev;
	uint32_t scheduler, adapter;
};

static void
let_run(uint32_t service)
{
	assert_int_equal(rte_service_runstate_set(service, 1), 0);
	assert_int_equal(rte_service_set_runstate_mapped_check(service, 0), 0);
}

static void
start_events(struct services *s, const struct rig *r)
{
	const struct rte_event_dev_config dev_conf = {
		.nb_event_queues = 1,
		.nb_event_ports = 1,
		.nb_events_limit = NB_EVENTS,
		.nb_event_queue_flows = 1024,
		.nb_event_port_dequeue_depth = DEPTH,
		.nb_event_port_enqueue_depth = DEPTH,
	};
	const struct rte_event_queue_conf queue_conf = {
		.schedule_type = RTE_SCHED_TYPE_ATOMIC,
		.nb_atomic_flows = 1024,
		.nb_atomic_order_sequences = 1024,
	};
	struct rte_event_port_conf adapter_conf = port_conf;
	const struct rte_event_eth_rx_adapter_queue_conf rxq_conf = {
		.servicing_weight = 0, /* by interrupts */
		.ev = { .queue_id = EVENT_QUEUE, .sched_type = RTE_SCHED_TYPE_ATOMIC },
	};
	uint8_t queue = EVENT_QUEUE;

	s->dev = (uint8_t)rte_event_dev_get_dev_id(EVENT_DEV);
	assert_int_equal(rte_event_dev_configure(s->dev, &dev_conf), 0);
	assert_int_equal(rte_event_queue_setup(s->dev, EVENT_QUEUE, &queue_conf), 0);
	assert_int_equal(rte_event_port_setup(s->dev, EVENT_PORT, &port_conf), 0);
	assert_int_equal(rte_event_port_link(s->dev, EVENT_PORT, &queue, NULL, 1), 1);
	assert_int_equal(rte_event_eth_rx_adapter_create(ADAPTER, s->dev, &adapter_conf), 0);
	assert_int_equal(rte_event_eth_rx_adapter_queue_add(ADAPTER, r->port, -1, &rxq_conf), 0);
	assert_int_equal(rte_event_dev_service_id_get(s->dev, &s->scheduler), 0);
	assert_int_equal(rte_event_eth_rx_adapter_service_id_get(ADAPTER, &s->adapter), 0);
	let_run(s->scheduler);
	let_run(s->adapter);
	assert_int_equal(rte_event_dev_start(s->dev), 0);
	assert_int_equal(rte_event_eth_rx_adapter_start(ADAPTER), 0);
}

static void
stop_events(const struct services *s, const struct rig *r)
{
	assert_int_equal(rte_event_eth_rx_adapter_stop(ADAPTER), 0);
	assert_int_equal(rte_event_eth_rx_adapter_queue_del(ADAPTER, r->port, -1), 0);
	assert_int_equal(rte_event_eth_rx_adapter_free(ADAPTER), 0);
	rte_event_dev_stop(s->dev);
	assert_int_equal(rte_event_dev_close(s->dev), 0);
}

/* ---- frames ---- */

static uint32_t next_of_flow[NUMBERED_NB_FLOWS];

/* It is the next one of its flow. */
static uint32_t
check_frame(const struct rte_mbuf *m)
{
	uint32_t number = numbered_read(m);
	uint32_t *next = &next_of_flow[number % NUMBERED_NB_FLOWS];

	assert_int_equal(number, *next);
	*next += NUMBERED_NB_FLOWS;
	return number;
}

/* The event says whose frame it is. */
static void
check(const struct rte_event *event)
{
	uint32_t hash = numbered_hash(check_frame(event->mbuf), key);

	assert_int_equal(event->event_type, RTE_EVENT_TYPE_ETH_RX_ADAPTER);
	assert_int_equal(event->queue_id, EVENT_QUEUE);
	assert_int_equal(event->mbuf->hash.rss, hash);
	assert_int_equal(event->flow_id, hash & FLOW_MASK);
}

/*
 * Hold the replay back, and take what has come. The adapter notes that a queue's interrupt is
 * enabled after it has enabled it: what fires in between, as it does for a queue that is not empty,
 * it ignores, and never visits the queue.
 */
static uint32_t
hold(const struct rig *r)
{
	struct rte_mbuf *pkts[DEPTH];
	uint32_t nb = 0;
	uint16_t n;

	assert_int_equal(rte_eth_dev_set_link_down(r->port), 0);
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		while ((n = rte_eth_rx_burst(r->port, q, pkts, DEPTH)) != 0) {
			for (uint16_t i = 0; i < n; i++)
				check_frame(pkts[i]);
			rte_pktmbuf_free_bulk(pkts, n);
			nb += n;
		}
	return nb;
}

static void
deliver(const struct services *s, uint32_t nb_wanted)
{
	struct rte_event events[DEPTH];

	for (uint32_t nb = 0; nb < nb_wanted;) {
		uint16_t n;

		rte_service_run_iter_on_app_lcore(s->adapter, 0);
		rte_service_run_iter_on_app_lcore(s->scheduler, 0);
		n = rte_event_dequeue_burst(s->dev, EVENT_PORT, events, DEPTH, 0);
		for (uint16_t i = 0; i < n; i++) {
			check(&events[i]);
			rte_pktmbuf_free(events[i].mbuf);
			events[i].op = RTE_EVENT_OP_RELEASE;
		}
		assert_int_equal(rte_event_enqueue_burst(s->dev, EVENT_PORT, events, n), n);
		nb += n;
	}
}

static void
every_frame_is_delivered_through_interrupt_queues(void **state __rte_unused)
{
	const struct rte_eth_conf conf = {
		.intr_conf.rxq = 1,
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf = { .rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
					  .rss_key = key,
					  .rss_key_len = NUMBERED_KEY_SIZE },
	};
	struct rte_event_eth_rx_adapter_stats stats;
	struct services s;
	uint64_t dice = 5;
	uint32_t nb_held;
	struct rig r;

	for (size_t i = 0; i < NUMBERED_KEY_SIZE; i++)
		key[i] = (uint8_t)unit_random(&dice);
	for (uint32_t i = 0; i < NUMBERED_NB_FLOWS; i++)
		next_of_flow[i] = i;
	rig_begin(&r);
	numbered_add(&r, NB_FRAMES);
	/* slow enough that the queues are empty now and then, and interrupts are needed */
	rig_open(&r, &(struct rig_setup){ .args = "overrun=wait,pace=10000,loops=1",
					  .nb_rxq = NB_QUEUES,
					  .nb_txq = 1,
					  .conf = conf });
	rig_start(&r);
	nb_held = hold(&r);
	assert_in_range(nb_held, 0, NB_FRAMES / 2);
	start_events(&s, &r);
	assert_int_equal(rte_eth_dev_set_link_up(r.port), 0);
	deliver(&s, NB_FRAMES - nb_held);
	assert_int_equal(rte_event_eth_rx_adapter_stats_get(ADAPTER, &stats), 0);
	assert_int_equal(stats.rx_packets, NB_FRAMES - nb_held);
	assert_int_equal(stats.rx_intr_packets, NB_FRAMES - nb_held);
	assert_int_equal(stats.rx_dropped, 0);
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_true(rig_stats(&r).q_ipackets[q] > 0);
	stop_events(&s, &r);
	rig_stop(&r);
	rig_close(&r);
}

int
main(int argc __rte_unused, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_delivered_through_interrupt_queues),
	};
	int ret;

	if (rig_init(argv[0]) < 0)
		return 1;
	if (rte_vdev_init(EVENT_DEV, NULL) != 0) {
		printf("1..0 # SKIP this DPDK has no event_sw\n");
		return EXIT_SKIP;
	}
	ret = UNIT_RUN(tests);
	rte_vdev_uninit(EVENT_DEV);
	rte_eal_cleanup();
	return ret;
}
