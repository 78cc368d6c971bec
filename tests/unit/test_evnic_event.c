/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Events without a frame: where they go, that none is lost, what becomes one, and that they leave
 * room for frames whoever is late.
 */

#include <string.h>

#include <rte_cycles.h>

#include "evnic_rig.h"
#include "no_eal.h"
#include "unit.h"

/* What the application is told. */
static struct {
	struct rouse_event last;
	unsigned int nb[ROUSE_NB_EVENT_CODES];
	uint64_t tx_queues;
} told;

static void
on_event(uint16_t port, const struct rouse_event *event, void *arg)
{
	assert_ptr_equal(arg, &told);
	told.last = *event;
	told.nb[event->code]++;
	if (event->code == ROUSE_EVENT_TX)
		told.tx_queues |= UINT64_C(1) << event->queue;
}

static void
make_with(enum rouse_steer_map map, uint16_t nb_queues, uint16_t nb_rings)
{
	const struct rig_conf conf = {
		.map = map,
		.nb_queues = nb_queues,
		.nb_rings = nb_rings,
		.nb_vectors = nb_rings,
	};

	rig_make(&conf);
	memset(&told, 0, sizeof(told));
	rig->on_event = on_event;
	rig->on_event_arg = &told;
	rig->wire.carrier = true;
}

static int
destroy(void **state)
{
	rig_destroy();
	return 0;
}

static void
post(void)
{
	evnic_events_post(rig, 9);
	rig_publish(9);
}

/* ---- where they go ---- */

static void
link_and_error_go_to_the_default_processor_by_every_map(void **state)
{
	for (enum rouse_steer_map map = 0; map < ROUSE_NB_STEER_MAPS; map++) {
		make_with(map, 4, 16);
		assert_int_equal(rouse_steer_rss_default_queue_set(&rig->steer, 1), 0);
		assert_int_equal(rouse_steer_default_processor_set(&rig->steer, 2), 0);
		for (unsigned int i = 0; i < EVNIC_RETA_SIZE; i++)
			rouse_steer_reta_set(&rig->steer, (uint16_t)i, 3);
		evnic_event_link(rig);
		evnic_event_error(rig, ROUSE_EVNIC_OVERRUN, 5);
		post();
		assert_int_equal(rig_nb_events, 2);
		for (unsigned int i = 0; i < 2; i++) {
			const struct rig_event *e = &rig_events[i];
			struct rouse_steer_path path = rouse_steer_event(
				&rig->steer, 2, (enum rouse_event_code)e->event.code);

			assert_int_equal(e->event.queue, 2);
			assert_int_equal(e->path.queue, 2);
			assert_int_equal(e->path.ring, path.ring);
			assert_int_equal(e->path.vector, path.vector);
		}
		assert_int_equal(rig_events[0].event.code, ROUSE_EVENT_LINK);
		assert_int_equal(rig_events[0].event.data, 1);
		assert_int_equal(rig_events[1].event.code, ROUSE_EVENT_ERROR);
		assert_int_equal(rig_events[1].event.len, ROUSE_EVNIC_OVERRUN);
		assert_int_equal(rig_events[1].event.data, 5);
		for (uint16_t q = 0; q < 4; q++) {
			rig_receive_all(q);
			assert_int_equal(told.nb[ROUSE_EVENT_LINK], q >= 2);
			assert_int_equal(told.nb[ROUSE_EVENT_ERROR], q >= 2);
		}
		/* to another one from now on */
		assert_int_equal(rouse_steer_default_processor_set(&rig->steer, 3), 0);
		evnic_event_link(rig);
		post();
		assert_int_equal(rig_events[2].event.queue, 3);
		if (map != ROUSE_NB_STEER_MAPS - 1)
			destroy(NULL);
	}
}

static void
tx_goes_to_the_queue_that_sent(void **state)
{
	make_with(ROUSE_STEER_MAP_A, 4, 16);
	rouse_steer_default_processor_set(&rig->steer, 1);
	evnic_event_tx(rig, 3);
	post();
	assert_int_equal(rig_nb_events, 1);
	assert_int_equal(rig_events[0].event.code, ROUSE_EVENT_TX);
	assert_int_equal(rig_events[0].event.queue, 3);
	assert_int_equal(rig_events[0].path.ring, 3 + 4 * ROUSE_EVENT_TX);
	/* there is no such receive queue */
	evnic_event_tx(rig, 4);
	assert_false(rig->events.anything_owed);
}

/* ---- one at a time ---- */

static void
a_tx_event_comes_again_when_the_last_one_was_handled(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 2);
	evnic_event_tx(rig, 1);
	post();
	for (int i = 0; i < 5; i++) {
		evnic_event_tx(rig, 1);
		post();
		assert_true(rig->events.anything_owed);
		assert_false(evnic_events_can_post(rig));
	}
	assert_int_equal(rig_nb_events, 1);
	rig_receive_all(1);
	assert_int_equal(told.nb[ROUSE_EVENT_TX], 1);
	assert_true(evnic_events_can_post(rig));
	post();
	assert_int_equal(rig_nb_events, 2);
	assert_false(rig->events.anything_owed);
	rig_receive_all(1);
	assert_int_equal(told.nb[ROUSE_EVENT_TX], 2);
	post();
	assert_int_equal(rig_nb_events, 2);
}

static void
errors_of_a_kind_become_one_that_says_how_many(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 1, 1);
	evnic_event_error(rig, ROUSE_EVNIC_NO_BUFFER, 1);
	post();
	for (int i = 0; i < 10; i++) {
		evnic_event_error(rig, ROUSE_EVNIC_NO_BUFFER, 2);
		post();
	}
	evnic_event_error(rig, ROUSE_EVNIC_OVERRUN, 1); /* a kind of its own */
	post();
	assert_int_equal(rig_nb_events, 2);
	assert_false(evnic_events_can_post(rig));
	rig_receive_all(0);
	assert_true(evnic_events_can_post(rig));
	post();
	assert_int_equal(rig_nb_events, 3);
	assert_int_equal(rig_events[2].event.len, ROUSE_EVNIC_NO_BUFFER);
	assert_int_equal(rig_events[2].event.data, 21);
	rig_receive_all(0);
	assert_int_equal(told.nb[ROUSE_EVENT_ERROR], 3);
	post();
	assert_int_equal(rig_nb_events, 3);
	assert_int_equal(rouse_counter_get(&rig->wire.stats.error_events), 3);
}

static void
the_last_link_event_says_how_the_link_is(void **state)
{
	uint64_t random = 4;
	bool up = true;

	make_with(ROUSE_STEER_MAP_B, 2, 1);
	for (int i = 0; i < 500; i++) {
		up = !up;
		rig->wire.carrier = up;
		evnic_event_link(rig);
		post();
		if (unit_random_below(&random, 50) == 0)
			rig_receive_all((uint16_t)unit_random_below(&random, 2));
	}
	for (int i = 0; i < 4; i++) {
		rig_receive_all(0);
		post();
	}
	assert_false(rig->events.anything_owed);
	assert_int_equal(told.last.code, ROUSE_EVENT_LINK);
	assert_int_equal(told.last.data, up);
}

/* ---- the limit ---- */

static void
more_than_a_ring_takes_is_owed_and_comes_later(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 64, 1);
	for (uint16_t q = 0; q < 64; q++)
		evnic_event_tx(rig, q);
	evnic_event_link(rig);
	post();
	assert_int_equal(rig_nb_events, EVNIC_CONTROL_EVENTS);
	assert_false(evnic_events_can_post(rig));
	for (int i = 0; i < 10 && rig->events.anything_owed; i++) {
		for (uint16_t q = 0; q < 64; q++)
			rig_receive_all(q);
		assert_true(evnic_events_can_post(rig));
		post();
	}
	for (uint16_t q = 0; q < 64; q++)
		rig_receive_all(q);
	assert_false(rig->events.anything_owed);
	assert_true(told.tx_queues == UINT64_MAX);
	assert_int_equal(told.nb[ROUSE_EVENT_TX], 64);
	assert_int_equal(told.nb[ROUSE_EVENT_LINK], 1);
}

/* Fill the queue's buffers; how many there were. */
static unsigned int
fill(uint16_t queue)
{
	struct evnic_rxq *q = rig->rxq[queue];
	unsigned int n = 0;

	for (; q->taken != atomic_load(&q->posted); n++)
		rig_frame(queue, 1);
	return n;
}

/* Whoever sorts a shared ring makes room in it, while the queue that the events are for is late. */
static void
events_leave_room_for_frames_though_their_queue_is_late(void **state)
{
	unsigned int n;

	make_with(ROUSE_STEER_MAP_B, 2, 1);
	for (int i = 0; i < 1000; i++) {
		rig->wire.carrier = i % 2 != 0;
		evnic_event_link(rig);
		evnic_event_tx(rig, 0);
		for (unsigned int kind = 0; kind < ROUSE_EVNIC_NB_ERRORS; kind++)
			evnic_event_error(rig, (enum rouse_evnic_error)kind, 1);
		post();
		rig_receive_all(1);
	}
	n = fill(0);
	assert_int_equal(n, evnic_rxq_limit(EVNIC_MIN_DESC));
	rig_publish(1);
	rig_receive_all(1);
	assert_int_equal(rig_receive_all(0), n);
	assert_int_equal(told.nb[ROUSE_EVENT_TX], 1);
	rig->wire.carrier = true;
	for (int i = 0; i < 3; i++) {
		post();
		rig_receive_all(1);
		rig_receive_all(0);
	}
	assert_false(rig->events.anything_owed);
	assert_int_equal(told.nb[ROUSE_EVENT_TX], 2);
}

/* ---- who tells whom ---- */

static uint64_t
rung(void)
{
	uint64_t n;

	return read(rig->wire.attn.doorbell, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void
the_wire_is_woken_by_what_was_handled_if_it_waits_for_that(void **state)
{
	for (int shared = 0; shared <= 1; shared++) {
		for (int wanted = 0; wanted <= 1; wanted++) {
			make_with(ROUSE_STEER_MAP_B, 2, shared ? 1 : 2);
			evnic_event_tx(rig, 1);
			post();
			evnic_event_tx(rig, 1);
			post();
			atomic_store(&rig->events.wanted, wanted == 1);
			rouse_attn_park(&rig->wire.attn);
			assert_false(rouse_attn_look(&rig->wire.attn));
			assert_false(evnic_events_can_post(rig));
			rig_receive_all(1);
			assert_int_equal(rung(), wanted);
			assert_true(evnic_events_can_post(rig));
			rouse_attn_unpark(&rig->wire.attn);
			rouse_attn_poll(&rig->wire.attn);
			if (shared == 0 || wanted == 0)
				destroy(NULL);
		}
	}
}

static void
after_a_stop_nothing_is_owed_and_everything_can_be_posted(void **state)
{
	make_with(ROUSE_STEER_MAP_B, 2, 1);
	for (int i = 0; i < 3; i++) {
		evnic_event_tx(rig, 1);
		evnic_event_link(rig);
		evnic_event_error(rig, ROUSE_EVNIC_OVERRUN, 1);
		post();
	}
	for (uint16_t q = 0; q < 2; q++) {
		evnic_rxq_reset(rig->rxq[q]);
		evnic_rxq_stop(rig->rxq[q]);
	}
	assert_int_equal(no_eal_mbufs_out, 0);
	assert_int_equal(evnic_rings_start(&rig_dev), 0);
	evnic_events_reset(rig);
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(evnic_rxq_start(rig->rxq[q]), 0);
	rig_forget();
	post();
	assert_int_equal(rig_nb_events, 0);
	evnic_event_tx(rig, 1);
	evnic_event_link(rig);
	evnic_event_error(rig, ROUSE_EVNIC_OVERRUN, 1);
	post();
	assert_int_equal(rig_nb_events, 3);
}

#define TEST(name) cmocka_unit_test_teardown(name, destroy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(link_and_error_go_to_the_default_processor_by_every_map),
		TEST(tx_goes_to_the_queue_that_sent),
		TEST(a_tx_event_comes_again_when_the_last_one_was_handled),
		TEST(errors_of_a_kind_become_one_that_says_how_many),
		TEST(the_last_link_event_says_how_the_link_is),
		TEST(more_than_a_ring_takes_is_owed_and_comes_later),
		TEST(events_leave_room_for_frames_though_their_queue_is_late),
		TEST(the_wire_is_woken_by_what_was_handled_if_it_waits_for_that),
		TEST(after_a_stop_nothing_is_owed_and_everything_can_be_posted),
	};

	return UNIT_RUN(tests);
}
