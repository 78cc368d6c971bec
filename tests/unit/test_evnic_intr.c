/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Enabling the Rx interrupt of a queue whose event came before: what the wire published while the
 * interrupt was disabled is signalled to nobody, so that enabling has to find it. Here the events
 * are Tx completions, which the counts of frames do not show.
 */

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "evnic.h"
#include "unit.h"

#define NB_QUEUES 2
#define CAPACITY  8

static alignas(ROUSE_CACHE_LINE) uint8_t memory[2 * NB_QUEUES][1024];
static struct evnic_port port;
static struct evnic_rxq queues[NB_QUEUES];
static void *rx_queues[NB_QUEUES] = { &queues[0], &queues[1] };
static struct rte_eth_dev_data data = { .rx_queues = rx_queues, .nb_rx_queues = NB_QUEUES };
static struct rte_eth_dev dev = { .data = &data };

/* ---- what evnic_intr.c and evnic_ring.c ask of the rest of the driver ---- */

bool
evnic_rxq_has_buffers(struct evnic_rxq *q)
{
	return true;
}

uint32_t
evnic_rxq_count(void *rxq)
{
	return 0; /* no frames here */
}

uint32_t
evnic_rxq_limit(uint32_t nb_desc)
{
	return nb_desc;
}

void
evnic_event_handle(struct evnic_rxq *q, const struct rouse_event *event)
{
}

void
evnic_events_handled(struct evnic_ring *ring, struct evnic_port *p, uint32_t n)
{
}

/* ---- helpers ---- */

static int
make(void **state)
{
	static const struct rouse_steer_conf conf = {
		.reta_size = 128,
		.nb_queues = NB_QUEUES,
		.nb_rings = NB_QUEUES,
		.nb_vectors = NB_QUEUES,
	};

	assert_int_equal(rouse_steer_init(&port.steer, &conf), 0);
	port.args.tx_events = true;
	for (uint16_t i = 0; i < NB_QUEUES; i++) {
		struct evnic_rxq *q = &queues[i];

		port.rxq[i] = q;
		port.rings[i].entries = rouse_evring_init(memory[i], CAPACITY);
		q->port = &port;
		q->queue = i;
		q->ring = &port.rings[i];
		q->rings = UINT64_C(1) << i;
		q->stash = NULL;
		rouse_attn_init_with(&q->own_attn, eventfd(0, EFD_NONBLOCK));
		rouse_attn_poll(&q->own_attn);
		q->own = (struct rouse_attn_target){ .attn = &q->own_attn };
	}
	return 0;
}

static int
destroy(void **state)
{
	for (uint16_t i = 0; i < NB_QUEUES; i++)
		close(queues[i].own_attn.doorbell);
	return 0;
}

/* Both queues' events come by ring 0. */
static void
share_ring_0(void)
{
	port.rings[0].is_shared = true;
	for (uint16_t i = 0; i < NB_QUEUES; i++) {
		queues[i].rings = 1;
		queues[i].stash = rouse_evring_init(memory[NB_QUEUES + i], CAPACITY);
		queues[i].entries = queues[i].stash;
	}
}

static void
publish(uint16_t ring, uint16_t queue)
{
	const struct rouse_event event = { .code = ROUSE_EVENT_TX, .queue = queue };

	assert_true(rouse_evring_post(port.rings[ring].entries, &event));
}

/* The rest of the handshake. */
static void
send_message(uint16_t ring, uint16_t queue)
{
	rouse_attn_signal(&queues[queue].own, 1);
	rouse_evring_settle(port.rings[ring].entries);
}

static bool
is_rung(uint16_t queue)
{
	struct pollfd fd = { .fd = queues[queue].own_attn.doorbell, .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/* ---- tests ---- */

static void
an_event_whose_handshake_is_over_is_found(void **state)
{
	publish(0, 0);
	send_message(0, 0);
	assert_int_equal(evnic_rxq_intr_enable(&dev, 0), 0);
	assert_true(is_rung(0));
}

/* The wire has seen that the interrupt is disabled, and is held up before it settles the ring. */
static void
an_event_whose_producer_is_held_up_is_found(void **state)
{
	publish(0, 0);
	rouse_attn_fence();
	assert_false(rouse_attn_mark(&queues[0].own));
	assert_int_equal(evnic_rxq_intr_enable(&dev, 0), 0);
	assert_true(is_rung(0));
}

static void
an_event_that_another_queue_has_sorted_is_found(void **state)
{
	share_ring_0();
	publish(0, 0);
	send_message(0, 0);
	evnic_rxq_gather(&queues[1]);
	assert_int_equal(evnic_rxq_intr_enable(&dev, 0), 0);
	assert_true(is_rung(0));
	/* the other one is silent */
	assert_int_equal(evnic_rxq_intr_enable(&dev, 1), 0);
	assert_false(is_rung(1));
}

static void
nothing_comes_for_what_was_handled(void **state)
{
	publish(0, 0);
	send_message(0, 0);
	rouse_evring_advance(port.rings[0].entries, rouse_evring_peek(port.rings[0].entries, 1));
	assert_int_equal(evnic_rxq_intr_enable(&dev, 0), 0);
	assert_false(is_rung(0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_whose_handshake_is_over_is_found),
		TEST(an_event_whose_producer_is_held_up_is_found),
		TEST(nothing_comes_for_what_was_handled),
		TEST(an_event_that_another_queue_has_sorted_is_found),
	};

	return UNIT_RUN(tests);
}
