/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * An application with a loop of its own, that sleeps in rouse_worker_idle(): every frame reaches it
 * once and in order, whatever else its worker serves; a signal ends its sleep; its port stops and
 * starts, and is not polled meanwhile.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#include "numbered.h"

#define NB_QUEUES   2
#define NB_FRAMES   20000
#define MIN_WAKES   10 /* hundreds, where nobody else wants the processors */
#define NB_RESTARTS 20
#define NB_MESSAGES 200
#define BURST	    32

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

static struct {
	struct rouse_worker *worker;
	uint16_t port;
	bool may_poll[NB_QUEUES];
	atomic_bool is_stopped; /* the port */
	atomic_bool polled_while_stopped, disordered;
	atomic_uint nb_frames, nb_messages, nb_events, nb_ticks;
	uint8_t nb_times[NB_FRAMES];
	uint32_t next_of_flow[NUMBERED_NB_FLOWS];
} app;

/* ---- the application ---- */

static void
receive(struct rte_mbuf **pkts, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		uint32_t number = numbered_read(pkts[i]);
		uint32_t *next = &app.next_of_flow[number % NUMBERED_NB_FLOWS];

		app.nb_times[number % NB_FRAMES]++;
		if (number < *next)
			atomic_store(&app.disordered, true);
		*next = number + 1;
	}
	rte_pktmbuf_free_bulk(pkts, nb);
	atomic_fetch_add(&app.nb_frames, nb);
}

static void *
loop(void *arg)
{
	struct rte_mbuf *pkts[BURST];
	uint32_t found;

	rte_thread_register();
	do {
		found = 0;
		for (uint16_t q = 0; q < NB_QUEUES; q++) {
			uint16_t n;

			if (!app.may_poll[q])
				continue;
			if (atomic_load(&app.is_stopped))
				atomic_store(&app.polled_while_stopped, true);
			n = rte_eth_rx_burst(app.port, q, pkts, BURST);
			receive(pkts, n);
			found += n;
		}
	} while (rouse_worker_idle(app.worker, found));
	rouse_worker_leave(app.worker);
	rte_thread_unregister();
	return NULL;
}

static void
count_message(struct rouse_worker *w, void *arg)
{
	atomic_fetch_add(&app.nb_messages, 1);
}

static void
count_event(void *arg, const struct rouse_event *event)
{
	atomic_fetch_add(&app.nb_events, 1);
}

static void
count_tick(struct rouse_worker *w, void *arg)
{
	atomic_fetch_add(&app.nb_ticks, 1);
}

/* ---- around it ---- */

static struct rouse_worker_stats
stats(void)
{
	struct rouse_worker_stats s;

	rouse_worker_stats_get(app.worker, &s);
	return s;
}

/* An application and its port; the threads that run it are the test's. */
static void
open_app(struct rig *r, const char *args, uint32_t nb_frames)
{
	const struct rouse_worker_conf worker_conf = { .name = "app", .socket_id = SOCKET_ID_ANY };

	memset(&app, 0, sizeof(app));
	rig_begin(r);
	numbered_add(r, nb_frames);
	rig_open(r, &(struct rig_setup){ .args = args, .nb_rxq = NB_QUEUES, .conf = conf });
	app.port = r->port;
	app.worker = rouse_worker_create(&worker_conf);
	assert_non_null(app.worker);
	rig_start(r);
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		assert_int_equal(
			rouse_worker_ethdev_watch(app.worker, r->port, q, &app.may_poll[q]), 0);
		assert_true(app.may_poll[q]);
	}
}

static void
close_app(struct rig *r)
{
	assert_int_equal(stats().rescues, 0);
	rouse_worker_destroy(app.worker);
	rig_stop(r);
	rig_close(r);
}

static void
every_frame_reaches_a_loop_that_sleeps_in_between(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 8);
	const struct rouse_event event = { .code = ROUSE_EVENT_TX };
	struct rouse_worker_source_stats source;
	struct rouse_attn_target target;
	uint64_t wakes = 0;
	pthread_t thread;
	struct rig r;

	open_app(&r, "overrun=wait,pace=10000", NB_FRAMES);
	assert_int_equal(pthread_create(&thread, NULL, loop, NULL), 0);
	assert_int_equal(rouse_worker_evring_add(app.worker, ring, count_event, NULL, &target), 0);
	assert_true(rouse_worker_timer_add(app.worker, 100, 1000, count_tick, NULL) >= 0);
	for (unsigned int i = 1; i <= NB_MESSAGES; i++) {
		assert_int_equal(rouse_worker_post(app.worker, count_message, NULL), 0);
		rouse_evring_post(ring, &event);
		rouse_attn_signal(&target, rte_rdtsc());
		while (atomic_load(&app.nb_messages) != i || atomic_load(&app.nb_events) != i)
			;
	}
	while (atomic_load(&app.nb_frames) < NB_FRAMES || atomic_load(&app.nb_ticks) < 10)
		rte_delay_us_sleep(50);
	rouse_worker_stop(app.worker);
	pthread_join(thread, NULL);
	for (unsigned int i = 0; i < NB_FRAMES; i++)
		assert_int_equal(app.nb_times[i], 1);
	assert_false(atomic_load(&app.disordered));
	assert_int_equal(stats().app_found, NB_FRAMES);
	assert_true(stats().wakes >= MIN_WAKES);
	for (unsigned int i = 0; rouse_worker_source_stats_get(app.worker, i, &source); i++)
		if (source.type == ROUSE_SOURCE_TYPE_RXQ)
			wakes += source.wakes;
	assert_true(wakes >= MIN_WAKES);
	close_app(&r);
}

static atomic_bool is_handled;

static void
stop_app(int signal)
{
	rouse_worker_stop(app.worker);
	atomic_store(&is_handled, true);
}

/* The ThreadSanitizer of GCC 12 never runs the handler of some signals that come as the thread is
 * about to block, whatever the program: there one more is sent. */
static void
signal_thread(pthread_t thread)
{
	atomic_store(&is_handled, false);
	pthread_kill(thread, SIGUSR1);
#ifdef __SANITIZE_THREAD__
	while (!atomic_load(&is_handled)) {
		rte_delay_us_sleep(1000);
		pthread_kill(thread, SIGUSR1);
	}
#endif
}

static void
a_signal_handler_stops_a_loop_that_sleeps(void **state)
{
	struct sigaction action = { .sa_handler = stop_app };
	pthread_t thread;
	struct rig r;

	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	open_app(&r, "overrun=wait,pace=max", 1);
	for (unsigned int i = 1; i <= 10; i++) {
		uint64_t blocks = stats().blocks;

		assert_int_equal(pthread_create(&thread, NULL, loop, NULL), 0);
		while (atomic_load(&app.nb_frames) == 0 || stats().blocks == blocks)
			rte_delay_us_sleep(50);
		signal_thread(thread);
		pthread_join(thread, NULL);
	}
	/* a thread that never called in leaves nothing */
	rouse_worker_leave(app.worker);
	close_app(&r);
}

static void
a_port_that_stops_is_not_polled_meanwhile(void **state)
{
	pthread_t thread;
	struct rig r;

	open_app(&r, "overrun=wait,pace=100000", NUMBERED_NB_FLOWS);
	assert_int_equal(pthread_create(&thread, NULL, loop, NULL), 0);
	for (unsigned int i = 0; i < NB_RESTARTS; i++) {
		/* some are left in the rings, and lost with the stop */
		while (atomic_load(&app.nb_frames) < NUMBERED_NB_FLOWS / 2)
			;
		assert_int_equal(rouse_worker_port_pause(r.port), 0);
		atomic_store(&app.is_stopped, true);
		rig_stop(&r);
		atomic_store(&app.nb_frames, 0);
		rig_start(&r);
		atomic_store(&app.is_stopped, false);
		assert_int_equal(rouse_worker_port_resume(r.port), 0);
	}
	while (atomic_load(&app.nb_frames) < NUMBERED_NB_FLOWS)
		;
	rouse_worker_stop(app.worker);
	pthread_join(thread, NULL);
	assert_false(atomic_load(&app.polled_while_stopped));
	close_app(&r);
}

static void
a_worker_has_one_thread_at_a_time(void **state)
{
	pthread_t thread;
	struct rig r;

	open_app(&r, "overrun=wait,pace=max", 1);
	assert_int_equal(pthread_create(&thread, NULL, loop, NULL), 0);
	while (stats().blocks == 0)
		rte_delay_us_sleep(50);
	assert_int_equal(rouse_worker_run(app.worker), -EBUSY);
	rouse_worker_stop(app.worker);
	pthread_join(thread, NULL);
	/* it watches queues that the application polls */
	assert_int_equal(rouse_worker_run(app.worker), -EINVAL);
	close_app(&r);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_reaches_a_loop_that_sleeps_in_between),
		cmocka_unit_test(a_signal_handler_stops_a_loop_that_sleeps),
		cmocka_unit_test(a_port_that_stops_is_not_polled_meanwhile),
		cmocka_unit_test(a_worker_has_one_thread_at_a_time),
	};

	if (rig_init(argv[0]) < 0)
		return EXIT_FAILURE;
	return UNIT_RUN(tests);
}
