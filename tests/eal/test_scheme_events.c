/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* Events without a frame, as who drains the queues is told of them. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "scheme_rig.h"

#define NB_LINKS 300 /* more than any ring takes of events without a frame */
#define QUIET	 "overrun=drop,pace=1,infinite_rx=1" /* a source that has no event to tell */
#define NB_STOPS UNIT_TIMES(3000)

static void
events_reach_the_default_processor_and_it_can_be_changed(void **state)
{
	/* more frames than the queues have buffers: it does not end by itself */
	struct rig *r = scheme_open("overrun=wait,map=A,loops=3", 4, 0);

	assert_int_equal(rouse_evnic_default_processor_set(r->port, 2), 0);
	rig_start(r);
	scheme_set_link(r, false);
	rig_poll(r, 0);
	rig_poll(r, 1);
	rig_poll(r, 3);
	assert_int_equal(scheme_nb_notes, 0); /* it went to another one */
	rig_poll(r, 2);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).queue, 2);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).data, 0);

	assert_int_equal(rouse_evnic_default_processor_set(r->port, 3), 0);
	assert_int_equal(rouse_evnic_default_processor_set(r->port, 4), -ERANGE);
	assert_int_equal(rouse_steer_default_processor_get(rouse_evnic_steer(r->port)), 3);
	scheme_set_link(r, true);
	rig_receive_all(r);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).queue, 3);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).data, 1);
	while (scheme_nb_notes < 3)
		rig_poll(r, 3);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_SOURCE_ENDED).queue, 3);
	assert_int_equal(scheme_nb_notes, 3);
	rig_stop(r);
	rig_close(r);
}

/* Each queue is polled; which one was told of a change of the link. */
static uint16_t
who_is_told(struct rig *r, bool up)
{
	uint32_t before = scheme_nb_notes;

	scheme_set_link(r, up);
	for (int i = 0; i < 2; i++)
		for (uint16_t q = 0; q < r->nb_rxq; q++)
			rig_poll(r, q);
	assert_int_equal(scheme_nb_notes, before + 1);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).data, up);
	return scheme_last_note(ROUSE_EVENT_LINK, 0).queue;
}

static uint16_t
processor_of(const struct rig *r)
{
	return rouse_steer_default_processor_get(rouse_evnic_steer(r->port));
}

/* A program that knows of no default processor stops queues as it likes. */
static void
the_lowest_queue_that_is_started_is_told_unless_one_was_chosen(void **state)
{
	static const char *const args[] = { QUIET ",map=A", QUIET ",rings=1" };

	for (unsigned int i = 0; i < UNIT_DIM(args); i++) {
		struct rig *r = scheme_open(args[i], 4, 0);

		rig_start(r);
		assert_int_equal(who_is_told(r, false), 0);
		assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 0), 0);
		assert_int_equal(who_is_told(r, true), 1);
		assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 2), 0);
		assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 1), 0);
		assert_int_equal(who_is_told(r, false), 3);
		assert_int_equal(rte_eth_dev_rx_queue_start(r->port, 2), 0);
		assert_int_equal(who_is_told(r, true), 2);
		assert_int_equal(rte_eth_dev_rx_queue_start(r->port, 0), 0);
		assert_int_equal(who_is_told(r, false), 0);
		rig_stop(r);
		rig_close(r);
	}
}

/* What it had not received is told by who stops it. */
static void
an_event_of_a_queue_that_is_stopped_is_told_once(void **state)
{
	struct rig *r = scheme_open(QUIET, 2, 0);

	rig_start(r);
	scheme_set_link(r, false);
	assert_int_equal(scheme_nb_notes, 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 0), 0);
	assert_int_equal(scheme_nb_notes, 1);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).queue, 0);
	assert_int_equal(who_is_told(r, true), 1);
	rig_stop(r);
	rig_close(r);
}

static void
while_no_queue_is_started_events_are_kept_and_the_last_state_is_told(void **state)
{
	struct rte_eth_conf conf = scheme_rss_conf();
	struct rig *r = scheme_open("", 2, 0);
	uint64_t end;

	/* its wire sleeps until somebody wants something of it */
	conf.lpbk_mode = 1;
	assert_int_equal(rte_eth_dev_configure(r->port, 2, 0, &conf), 0);
	rig_start(r);
	assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 0), 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 1), 0);
	for (int i = 0; i < 7; i++)
		scheme_set_link(r, i % 2 != 0);
	assert_int_equal(rig_xstat(r, "wire_events_link"), 0);
	assert_int_equal(rte_eth_dev_rx_queue_start(r->port, 1), 0);
	for (end = rte_rdtsc() + 60 * rte_get_tsc_hz(); scheme_nb_notes == 0;) {
		rig_poll(r, 1);
		assert_true(rte_rdtsc() < end); /* it is as good as never */
	}
	assert_int_equal(scheme_nb_notes, 1);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).queue, 1);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_LINK, 0).data, 0);
	rig_stop(r);
	assert_int_equal(scheme_nb_notes, 1);
	rig_close(r);
}

static void
a_default_processor_that_was_chosen_is_not_removed_without_a_replacement(void **state)
{
	const struct rte_eth_conf conf = scheme_rss_conf();
	struct rig *r = scheme_open(QUIET, 4, 0);

	assert_int_equal(rouse_evnic_default_processor_set(r->port, 3), 0);
	rig_start(r);
	assert_int_equal(processor_of(r), 3);
	rig_log_begin();
	assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 3), -EBUSY);
	assert_int_equal(rig_log_end("queue 3 is the default processor"), 1);
	assert_int_equal(who_is_told(r, false), 3);
	/* nor by one that nobody can receive from */
	assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 0), 0);
	assert_int_equal(processor_of(r), 3);
	assert_int_equal(rouse_evnic_default_processor_set(r->port, 0), -ENETDOWN);
	assert_int_equal(rouse_evnic_default_processor_set(r->port, 4), -ERANGE);
	assert_int_equal(who_is_told(r, true), 3);

	assert_int_equal(rouse_evnic_default_processor_set(r->port, 2), 0);
	assert_int_equal(rte_eth_dev_rx_queue_stop(r->port, 3), 0);
	assert_int_equal(who_is_told(r, false), 2);
	/* the port itself can be stopped, and starts with what was chosen */
	rig_stop(r);
	rig_start(r);
	assert_int_equal(who_is_told(r, false), 2);
	rig_stop(r);

	/* what is configured again begins anew, and says so */
	rig_log_begin();
	assert_int_equal(rte_eth_dev_configure(r->port, 2, 0, &conf), 0);
	assert_int_equal(rig_log_end("no longer queue 2, which was chosen"), 1);
	assert_int_equal(processor_of(r), 0);
	rig_log_begin();
	assert_int_equal(rte_eth_dev_configure(r->port, 4, 0, &conf), 0);
	assert_int_equal(rig_log_end(""), 0);
	rig_close(r);
}

/* The default processor shares a ring with a queue that is polled, and is not polled itself. */
static void
a_flood_of_events_displaces_no_frame_and_the_last_state_is_told(void **state)
{
	static const char *const args[] = { "overrun=wait,rings=1", "overrun=wait,rings=2",
					    "overrun=wait,map=A,rings=1", "overrun=wait,map=A" };

	for (unsigned int i = 0; i < UNIT_DIM(args); i++) {
		struct rig *r = scheme_open(args[i], 2, 0);
		uint64_t nb_posted;
		uint32_t sum = 0;

		assert_int_equal(rouse_evnic_default_processor_set(r->port, 1), 0);
		rig_start(r);
		for (unsigned int n = 0; n < NB_LINKS; n++) {
			scheme_set_link(r, n % 2 == 1);
			sum += rig_poll(r, 0);
		}
		nb_posted = rig_xstat(r, "wire_events_link");
		assert_in_range(nb_posted, EVNIC_CONTROL_EVENTS, EVNIC_CONTROL_EVENTS);
		scheme_set_link(r, false);
		while (rig_xstat(r, "wire_events_link") == nb_posted ||
		       scheme_last_note(ROUSE_EVENT_LINK, 0).data != 0)
			sum += rig_poll(r, 1);
		scheme_set_link(r, true);
		while (rig_xstat(r, "wire_rx_ended") == 0 || sum < NB_FLOWS)
			sum += rig_poll(r, 0) + rig_poll(r, 1);
		assert_int_equal(sum, NB_FLOWS);
		while (scheme_last_note(ROUSE_EVENT_LINK, 0).data != 1)
			rig_poll(r, 1);
		rig_stop(r);
		rig_close(r);
	}
}

static void
an_overrun_is_told_and_in_the_end_how_many_frames_it_took(void **state)
{
	struct rig *r = scheme_open("overrun=drop,loops=20", 2, 0);

	rig_start(r);
	scheme_wait_for_end(r);
	rig_receive_all(r);
	while (scheme_nb_notes < 3)
		rig_poll(r, 0);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_OVERRUN).data,
			 rig_stats(r).imissed);
	assert_int_equal(rig_stats(r).imissed, 20 * NB_FLOWS - r->nb_seen);
	assert_int_equal(scheme_last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_SOURCE_ENDED).data, 1);
	rig_stop(r);
	rig_close(r);
}

static void
a_driver_without_mbufs_is_told_apart_from_one_that_is_late(void **state)
{
	struct rig *r = scheme_open("overrun=drop,loops=0", 1, 0);
	struct rte_mbuf *taken[RIG_NB_MBUFS];
	bool is_told = false;
	unsigned int n = 0;

	rig_start(r);
	while (rte_mempool_get(r->pool, (void **)&taken[n]) == 0)
		rte_mbuf_refcnt_set(taken[n++], 1);
	/* nothing is given back: the queue runs dry */
	while (!is_told) {
		n += rte_eth_rx_burst(r->port, 0, &taken[n], (uint16_t)(RIG_NB_MBUFS - n));
		for (uint32_t i = 0; i < scheme_nb_notes && i < MAX_NOTES; i++)
			is_told |= scheme_notes[i].len == ROUSE_EVNIC_NO_BUFFER;
		if (n == RIG_NB_MBUFS) {
			struct rte_mbuf *m;

			assert_int_equal(rte_eth_rx_burst(r->port, 0, &m, 1), 0);
		}
	}
	for (unsigned int i = 0; i < n; i++)
		rte_mempool_put(r->pool, taken[i]);
	rig_stop(r);
	rig_close(r);
}

static void
records_of_a_capture_that_are_no_frame_are_told_at_each_start(void **state)
{
	static struct rig r;
	const struct rig_setup setup = { .args = "", .nb_rxq = 2, .conf = scheme_rss_conf() };

	rig_begin(&r);
	for (uint16_t i = 0; i < 10; i++) {
		rig_add_flow(&r, i);
		rig_add(&r, "", 0);
	}
	rig_open(&r, &setup);
	scheme_nb_notes = 0;
	assert_int_equal(rouse_evnic_on_event(r.port, scheme_note_event, NULL), 0);
	assert_int_equal(rouse_evnic_default_processor_set(r.port, 1), 0);
	for (uint32_t i = 1; i <= 2; i++) {
		rig_start(&r);
		rig_receive_all(&r);
		while (scheme_nb_notes < 2 * i)
			rig_poll(&r, 1);
		assert_int_equal(scheme_last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_BAD_RECORD).data,
				 10 * i);
		assert_int_equal(scheme_last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_BAD_RECORD).queue,
				 1);
		assert_int_equal(scheme_last_note(ROUSE_EVENT_ERROR, ROUSE_EVNIC_SOURCE_ENDED).data,
				 i);
		assert_int_equal(scheme_nb_notes, 2 * i);
		rig_stop(&r);
	}
	rig_close(&r);
}

static void
tx_events_free_the_mbufs_of_a_sender_that_sends_no_more(void **state)
{
	static const char *const args[] = { "overrun=wait,tx_pcap=/dev/null,tx_events=1",
					    "overrun=wait,tx_pcap=/dev/null,tx_events=1,map=A",
					    "overrun=wait,tx_pcap=/dev/null,tx_events=1,rings=1" };

	for (unsigned int i = 0; i < UNIT_DIM(args); i++) {
		struct rig *r = scheme_open(args[i], 3, 3);
		struct rte_mbuf *pkts[90];

		rig_start(r);
		rig_receive_all(r);
		rig_alloc(r, pkts, UNIT_DIM(pkts));
		for (uint16_t q = 0; q < 3; q++)
			assert_int_equal(rte_eth_tx_burst(r->port, q, &pkts[30 * q], 30), 30);
		while (rte_mempool_avail_count(r->pool) < RIG_NB_MBUFS - 3 * RIG_NB_POSTED)
			for (uint16_t q = 0; q < 3; q++)
				rig_poll(r, q);
		for (uint16_t q = 0; q < 3; q++)
			rig_poll(r, q);
		assert_true(rig_xstat(r, "wire_events_tx") >= 3);
		rig_stop(r);
		rig_close(r);
	}
}

static atomic_bool poller_stops;

static void *
poll_queue_0(void *arg)
{
	const struct rig *r = arg;
	struct rte_mbuf *pkts[8];
	cpu_set_t all;

	/* it began where EAL put its maker */
	memset(&all, 0xff, sizeof(all));
	pthread_setaffinity_np(pthread_self(), sizeof(all), &all);
	while (!atomic_load(&poller_stops))
		rte_pktmbuf_free_bulk(pkts, rte_eth_rx_burst(r->port, 0, pkts, UNIT_DIM(pkts)));
	return NULL;
}

static int
compare_pointers(const void *a, const void *b)
{
	uintptr_t one = (uintptr_t) * (void *const *)a, other = (uintptr_t) * (void *const *)b;

	return (one > other) - (one < other);
}

/* Each mbuf is in the pool once: its own count cannot tell, as it says no more than there are. */
static void
check_no_mbuf_twice(struct rig *r)
{
	static void *mbufs[2 * RIG_NB_MBUFS];
	unsigned int nb = 0;

	while (nb < UNIT_DIM(mbufs) && rte_mempool_get(r->pool, &mbufs[nb]) == 0)
		nb++;
	qsort(mbufs, nb, sizeof(mbufs[0]), compare_pointers);
	for (unsigned int i = 1; i < nb; i++)
		assert_ptr_not_equal(mbufs[i], mbufs[i - 1]);
	assert_int_equal(nb, RIG_NB_MBUFS);
	for (unsigned int i = 0; i < nb; i++)
		rte_mempool_put(r->pool, mbufs[i]);
}

/* ethdev asks for no lcore in a tx_burst then; the TX event comes in an rx_burst. */
static void
a_tx_queue_can_stop_while_its_events_are_received(void **state)
{
	struct rig *r = scheme_open("overrun=wait,tx_pcap=/dev/null,tx_events=1", 1, 1);
	pthread_t poller;

	rig_start(r);
	rig_receive_all(r);
	atomic_store(&poller_stops, false);
	assert_int_equal(pthread_create(&poller, NULL, poll_queue_0, r), 0);
	for (unsigned int i = 0; i < NB_STOPS; i++) {
		struct rte_mbuf *pkts[30];

		rig_alloc(r, pkts, UNIT_DIM(pkts));
		assert_int_equal(rte_eth_tx_burst(r->port, 0, pkts, UNIT_DIM(pkts)),
				 UNIT_DIM(pkts));
		assert_int_equal(rte_eth_dev_tx_queue_stop(r->port, 0), 0);
		assert_int_equal(rte_eth_dev_tx_queue_start(r->port, 0), 0);
	}
	atomic_store(&poller_stops, true);
	pthread_join(poller, NULL);
	rig_stop(r);
	check_no_mbuf_twice(r);
	rig_close(r);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_reach_the_default_processor_and_it_can_be_changed),
		cmocka_unit_test(the_lowest_queue_that_is_started_is_told_unless_one_was_chosen),
		cmocka_unit_test(an_event_of_a_queue_that_is_stopped_is_told_once),
		cmocka_unit_test(
			while_no_queue_is_started_events_are_kept_and_the_last_state_is_told),
		cmocka_unit_test(
			a_default_processor_that_was_chosen_is_not_removed_without_a_replacement),
		cmocka_unit_test(a_flood_of_events_displaces_no_frame_and_the_last_state_is_told),
		cmocka_unit_test(an_overrun_is_told_and_in_the_end_how_many_frames_it_took),
		cmocka_unit_test(a_driver_without_mbufs_is_told_apart_from_one_that_is_late),
		cmocka_unit_test(records_of_a_capture_that_are_no_frame_are_told_at_each_start),
		cmocka_unit_test(tx_events_free_the_mbufs_of_a_sender_that_sends_no_more),
		cmocka_unit_test(a_tx_queue_can_stop_while_its_events_are_received),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
