/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Workers that run are given sources and lose them: queues move between two workers while frames
 * come, and every frame is received once, each flow's in order; event rings come and go; a worker
 * ends while somebody changes it.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_lcore.h>

#include <rouse_worker.h>

#include "numbered.h"

#define NB_QUEUES   4
#define NB_WORKERS  2
#define NB_FRAMES   65536
#define NB_RINGS    100 /* times that an event ring comes and goes */
#define NB_RESTARTS 20
#define NB_REMOVALS 10
#define NB_RUNS	    50	  /* times that a worker is stopped under a change */
#define FULL_US	    10000 /* in which a change is asked for */

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

/* Written by whichever worker has the flow's queue; what orders them is the change. */
static struct {
	atomic_uint nb; /* frames in all */
	atomic_bool disordered;
	uint8_t nb_times[NB_FRAMES];
	uint32_t next_of_flow[NUMBERED_NB_FLOWS];
} seen;

static struct rouse_worker *workers[NB_WORKERS];

static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++) {
		uint32_t number = numbered_read(pkts[i]);
		uint32_t *next = &seen.next_of_flow[number % NUMBERED_NB_FLOWS];

		seen.nb_times[number % NB_FRAMES]++;
		if (number < *next)
			atomic_store(&seen.disordered, true);
		*next = number + 1;
	}
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	atomic_fetch_add(&seen.nb, nb_pkts);
}

static void *
run(void *arg)
{
	rte_thread_register(); /* for a cache of the mbuf pool */
	rouse_worker_run(arg);
	rte_thread_unregister();
	return NULL;
}

static struct rouse_worker *
make_worker(const char *name)
{
	const struct rouse_worker_conf worker_conf = { .name = name, .socket_id = SOCKET_ID_ANY };
	struct rouse_worker *w = rouse_worker_create(&worker_conf);

	assert_non_null(w);
	return w;
}

static uint64_t
rescues(const struct rouse_worker *w)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	return stats.rescues;
}

/* ---- queues ---- */

/* Returns how many times a queue moved. */
static unsigned int
move_until_all_came(struct rig *r, unsigned int *worker_of)
{
	uint64_t dice = 3;
	unsigned int nb_moves = 0;

	while (atomic_load(&seen.nb) < NB_FRAMES) {
		uint16_t q = (uint16_t)unit_random_below(&dice, NB_QUEUES);
		struct rouse_worker *from = workers[worker_of[q]];

		worker_of[q] = !worker_of[q];
		assert_int_equal(rouse_worker_ethdev_remove(from, r->port, q), 0);
		assert_int_equal(rouse_worker_ethdev_remove(from, r->port, q), -ENOENT);
		assert_int_equal(
			rouse_worker_ethdev_add(workers[worker_of[q]], r->port, q, receive, NULL),
			0);
		nb_moves++;
	}
	return nb_moves;
}

static void
queues_move_between_running_workers_and_nothing_is_lost(void **state)
{
	unsigned int worker_of[NB_QUEUES] = { 0, 0, 1, 1 }, nb_moves;
	pthread_t threads[NB_WORKERS];
	struct rig r;

	rig_begin(&r);
	numbered_add(&r, NB_FRAMES);
	/* so slow that the workers sleep in between, and that a slow machine moves often enough */
	rig_open(&r, &(struct rig_setup){ .args = "overrun=wait,pace=20000",
					  .nb_rxq = NB_QUEUES,
					  .conf = conf });
	rig_start(&r);
	workers[0] = make_worker("one");
	workers[1] = make_worker("other");
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(
			rouse_worker_ethdev_add(workers[worker_of[q]], r.port, q, receive, NULL),
			0);
	for (int i = 0; i < NB_WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, workers[i]), 0);
	nb_moves = move_until_all_came(&r, worker_of);
	for (int i = 0; i < NB_WORKERS; i++) {
		rouse_worker_stop(workers[i]);
		pthread_join(threads[i], NULL);
		assert_int_equal(rescues(workers[i]), 0);
		rouse_worker_destroy(workers[i]);
	}
	assert_true(nb_moves > 100);
	assert_int_equal(atomic_load(&seen.nb), NB_FRAMES);
	for (unsigned int i = 0; i < NB_FRAMES; i++)
		assert_int_equal(seen.nb_times[i], 1);
	assert_false(seen.disordered);
	rig_stop(&r);
	rig_close(&r);
}

/* ---- ports ---- */

/* While frames come for them. */
static void
restart_queues(uint16_t port)
{
	for (uint16_t q = 0; q < NB_QUEUES; q++) {
		assert_int_equal(rouse_worker_port_pause(port), 0);
		assert_int_equal(rte_eth_dev_rx_queue_stop(port, q), 0);
		assert_int_equal(rte_eth_dev_rx_queue_start(port, q), 0);
		assert_int_equal(rouse_worker_port_resume(port), 0);
	}
}

static void
a_port_stops_and_starts_under_a_worker_that_goes_on(void **state)
{
	struct rouse_worker *w = make_worker("ports");
	pthread_t thread;
	struct rig r;

	atomic_store(&seen.nb, 0);
	rig_begin(&r);
	numbered_add(&r, NUMBERED_NB_FLOWS);
	rig_open(&r, &(struct rig_setup){ .args = "overrun=wait,pace=100000",
					  .nb_rxq = NB_QUEUES,
					  .conf = conf });
	rig_start(&r);
	assert_int_equal(rouse_worker_port_pause(r.port), 0); /* nobody has it */
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(rouse_worker_ethdev_add(w, r.port, q, receive, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	for (unsigned int i = 1; i <= NB_RESTARTS; i++) {
		/* some are left in the rings, and lost with the stop */
		while (atomic_load(&seen.nb) < NUMBERED_NB_FLOWS / 2)
			;
		restart_queues(r.port);
		assert_int_equal(rouse_worker_port_pause(r.port), 0);
		assert_int_equal(rouse_worker_port_pause(r.port), 0);
		rig_stop(&r);
		atomic_store(&seen.nb, 0);
		rig_start(&r);
		assert_int_equal(rouse_worker_port_resume(r.port), 0);
		assert_int_equal(rouse_worker_port_resume(r.port), 0);
	}
	while (atomic_load(&seen.nb) < NUMBERED_NB_FLOWS)
		;
	/* a queue can be removed while its port is paused */
	assert_int_equal(rouse_worker_port_pause(r.port), 0);
	assert_int_equal(rouse_worker_ethdev_remove(w, r.port, 1), 0);
	assert_int_equal(rouse_worker_port_resume(r.port), 0);
	assert_int_equal(rouse_worker_ethdev_add(w, r.port, 1, receive, NULL), 0);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	assert_int_equal(rescues(w), 0);
	rouse_worker_destroy(w);
	rig_stop(&r);
	rig_close(&r);
}

/* ---- event rings ---- */

static atomic_uint nb_events;

static void
count(void *arg, const struct rouse_event *event)
{
	atomic_fetch_add(&nb_events, 1);
}

/* Nobody paused or stopped it, and frames come as fast as they are taken. */
static void
a_port_is_removed_under_workers_that_poll_it(void **state)
{
	for (unsigned int i = 0; i < NB_REMOVALS; i++) {
		pthread_t threads[NB_WORKERS];
		struct rte_eth_dev_info info;
		unsigned int nb;
		struct rig r;

		atomic_store(&seen.nb, 0);
		rig_begin(&r);
		numbered_add(&r, NUMBERED_NB_FLOWS);
		rig_open(&r, &(struct rig_setup){ .args = "overrun=wait,pace=max,loops=0",
						  .nb_rxq = NB_QUEUES,
						  .conf = conf });
		rig_start(&r);
		for (int w = 0; w < NB_WORKERS; w++)
			workers[w] = make_worker(w == 0 ? "one" : "other");
		for (uint16_t q = 0; q < NB_QUEUES; q++)
			assert_int_equal(rouse_worker_ethdev_add(workers[q % NB_WORKERS], r.port, q,
								 receive, NULL),
					 0);
		for (int w = 0; w < NB_WORKERS; w++)
			assert_int_equal(pthread_create(&threads[w], NULL, run, workers[w]), 0);
		while (atomic_load(&seen.nb) < NUMBERED_NB_FLOWS)
			;
		assert_int_equal(rte_eth_dev_info_get(r.port, &info), 0);
		assert_int_equal(rte_dev_remove(info.device), 0);
		nb = atomic_load(&seen.nb);
		for (uint16_t q = 0; q < NB_QUEUES; q++)
			assert_int_equal(
				rouse_worker_ethdev_remove(workers[q % NB_WORKERS], r.port, q),
				-ENOENT);
		for (int w = 0; w < NB_WORKERS; w++) {
			rouse_worker_stop(workers[w]);
			pthread_join(threads[w], NULL);
			assert_int_equal(rescues(workers[w]), 0);
			rouse_worker_destroy(workers[w]);
		}
		assert_int_equal(atomic_load(&seen.nb), nb);
		assert_int_equal(rte_mempool_avail_count(r.pool), r.pool->size);
		rte_mempool_free(r.pool);
		capture_end(&r.capture);
	}
}

static void
an_event_ring_comes_and_goes_while_the_worker_sleeps(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	const struct rouse_event event = { .code = ROUSE_EVENT_TX };
	struct rouse_attn_target target;
	struct rouse_worker *w = make_worker("rings");
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	for (unsigned int i = 0; i < NB_RINGS; i++) {
		struct rouse_evring *ring = rouse_evring_init(memory, 8);

		rouse_evring_post(ring, &event); /* before the worker knows the ring */
		assert_int_equal(rouse_worker_evring_add(w, ring, count, NULL, &target), 0);
		while (atomic_load(&nb_events) != 2 * i + 1)
			;
		rouse_evring_post(ring, &event);
		rouse_attn_signal(&target, rte_rdtsc());
		while (atomic_load(&nb_events) != 2 * i + 2)
			;
		assert_int_equal(rouse_worker_evring_remove(w, ring), 0);
		assert_int_equal(rouse_worker_evring_remove(w, ring), -ENOENT);
	}
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	assert_int_equal(rescues(w), 0);
	rouse_worker_destroy(w);
}

/* ---- timers ---- */

static struct {
	atomic_uint nb;
	uint64_t last_tsc;
} ticks;

static void
tick(struct rouse_worker *w, void *arg)
{
	ticks.last_tsc = rte_rdtsc();
	atomic_fetch_add((atomic_uint *)arg, 1);
}

/* Of the worker whose timers were the first sources after the messages. */
static void
check_timer_counters(const struct rouse_worker *w)
{
	struct rouse_worker_source_stats s;
	struct rouse_worker_stats all;

	rouse_worker_stats_get(w, &all);
	assert_true(rouse_worker_source_stats_get(w, 1, &s));
	assert_int_equal(s.type, ROUSE_SOURCE_TYPE_TIMERS);
	assert_int_equal(s.kind, ROUSE_SOURCE_FD);
	assert_int_equal(s.state, ROUSE_SOURCE_ACTIVE);
	assert_int_equal(s.packets, atomic_load(&ticks.nb) + 1);
	assert_int_equal(all.timers, s.packets);
	assert_true(s.wakes > 0 && s.wakes <= all.timer_wakes);
	assert_false(rouse_worker_source_stats_get(w, 2, &s));
}

static void
timers_run_once_or_again_and_not_before_their_time(void **state)
{
	struct rouse_worker *w = make_worker("timers");
	static atomic_uint once, never;
	uint64_t begin = rte_rdtsc();
	pthread_t thread;
	int again, far;

	assert_int_equal(rouse_worker_timer_add(w, UINT64_MAX, 0, tick, &never), -ERANGE);
	assert_int_equal(rouse_worker_timer_remove(w, 0), -ENOENT);
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	/* while it sleeps without a limit */
	assert_true(rouse_worker_timer_add(w, 20000, 0, tick, &once) >= 0);
	while (atomic_load(&once) == 0)
		;
	assert_true(ticks.last_tsc - begin >= rte_get_tsc_hz() / 50);
	again = rouse_worker_timer_add(w, 0, 1000, tick, &ticks.nb);
	far = rouse_worker_timer_add(w, ROUSE_WORKER_MAX_TIMER_US, 0, tick, &never);
	assert_true(again >= 0 && far >= 0 && again != far);
	while (atomic_load(&ticks.nb) < 20)
		;
	assert_int_equal(rouse_worker_timer_remove(w, again), 0);
	assert_int_equal(rouse_worker_timer_remove(w, far), 0);
	assert_int_equal(rouse_worker_timer_remove(w, far), -ENOENT);
	assert_int_equal(atomic_load(&once), 1);
	assert_int_equal(atomic_load(&never), 0);
	for (unsigned int i = 0; i < 64; i++)
		assert_true(rouse_worker_timer_add(w, 1000000000, 0, tick, &never) >= 0);
	assert_int_equal(rouse_worker_timer_add(w, 1000000000, 0, tick, &never), -ENOSPC);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	check_timer_counters(w);
	rouse_worker_destroy(w);
}

static void
the_number_of_a_timer_that_has_run_is_no_other_timers(void **state)
{
	struct rouse_worker *w = make_worker("numbers");
	static atomic_uint first_runs, second_runs;
	pthread_t thread;
	int first, second;

	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	first = rouse_worker_timer_add(w, 0, 0, tick, &first_runs);
	while (atomic_load(&first_runs) == 0)
		;
	second = rouse_worker_timer_add(w, 20000, 0, tick, &second_runs);
	assert_true(first >= 0 && second >= 0);
	assert_int_equal(rouse_worker_timer_remove(w, first), -ENOENT);
	while (atomic_load(&second_runs) == 0)
		;
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	rouse_worker_destroy(w);
}

/* ---- file descriptors, hooks ---- */

static struct {
	atomic_uint nb_bytes, nb_calls;
	atomic_uint nb_before, nb_after;
	atomic_bool in_between;
} pipe_seen;

static void
read_one(struct rouse_worker *w, int fd, void *arg)
{
	char byte;

	assert_false(atomic_load(&pipe_seen.in_between));
	atomic_fetch_add(&pipe_seen.nb_calls, 1);
	if (read(fd, &byte, 1) == 1)
		atomic_fetch_add(&pipe_seen.nb_bytes, 1);
}

static void
before_sleep(void *arg)
{
	atomic_fetch_add(&pipe_seen.nb_before, 1);
	atomic_store(&pipe_seen.in_between, true);
}

static void
after_sleep(void *arg)
{
	atomic_store(&pipe_seen.in_between, false);
	atomic_fetch_add(&pipe_seen.nb_after, 1);
}

static void
a_file_descriptor_wakes_and_one_that_hung_up_does_not_spin(void **state)
{
	const struct rouse_worker_conf worker_conf = {
		.name = "fds",
		.socket_id = SOCKET_ID_ANY,
		.before_sleep = before_sleep,
		.after_sleep = after_sleep,
	};
	struct rouse_worker *w = rouse_worker_create(&worker_conf);
	struct rouse_worker_stats stats;
	pthread_t thread;
	uint64_t calls;
	int ends[2];

	assert_non_null(w);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(rouse_worker_fd_add(w, -1, read_one, NULL), -EBADF);
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_one, NULL), 0);
	assert_int_equal(rouse_worker_fd_add(w, ends[0], read_one, NULL), -EEXIST);
	/* it reads one at a time, and is not told again */
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(write(ends[1], "four", 4), 4);
		while (atomic_load(&pipe_seen.nb_bytes) != 4 * (i + 1))
			;
	}
	close(ends[1]);
	while (atomic_load(&pipe_seen.nb_calls) == 400)
		;
	/* a message later it was looked at at least once more, had it still been watched */
	calls = atomic_load(&pipe_seen.nb_calls);
	assert_true(rouse_worker_timer_add(w, 2000, 0, tick, &ticks.nb) >= 0);
	for (unsigned int before = atomic_load(&ticks.nb); atomic_load(&ticks.nb) == before;)
		;
	assert_in_range(atomic_load(&pipe_seen.nb_calls), calls, calls + 1);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), 0);
	assert_int_equal(rouse_worker_fd_remove(w, ends[0]), -ENOENT);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	rouse_worker_stats_get(w, &stats);
	assert_int_equal(stats.fd_events, atomic_load(&pipe_seen.nb_calls));
	assert_int_equal(stats.wakes, atomic_load(&pipe_seen.nb_before));
	assert_int_equal(stats.wakes, atomic_load(&pipe_seen.nb_after));
	assert_true(stats.wakes > 0);
	rouse_worker_destroy(w);
	close(ends[0]);
}

/* ---- changes that meet the end ---- */

static void
a_worker_that_ends_under_a_change_is_changed_all_the_same(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 8);
	struct rouse_attn_target target;
	struct rouse_worker *w = make_worker("ends");

	for (unsigned int i = 0; i < NB_RUNS; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
		rouse_worker_stop(w);
		assert_int_equal(rouse_worker_evring_add(w, ring, count, NULL, &target), 0);
		assert_int_equal(rouse_worker_evring_remove(w, ring), 0);
		pthread_join(thread, NULL);
	}
	rouse_worker_destroy(w);
}

/* ---- an inbox that is full ---- */

static struct {
	atomic_bool is_held, may_go_on;
	atomic_uint nb; /* messages that ran */
	struct rouse_worker *w;
	struct rouse_evring *ring;
	int ret;
} full;

static void
count_message(struct rouse_worker *w, void *arg)
{
	atomic_fetch_add(&full.nb, 1);
}

static void
hold(struct rouse_worker *w, void *arg)
{
	atomic_store(&full.is_held, true);
	while (!atomic_load(&full.may_go_on))
		sched_yield();
}

static void *
add_ring(void *arg)
{
	struct rouse_attn_target target;

	full.ret = rouse_worker_evring_add(full.w, full.ring, count, NULL, &target);
	return NULL;
}

static void
a_change_needs_no_room_in_the_inbox(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	pthread_t worker, control;
	unsigned int nb = 0;
	int ret;

	full.ring = rouse_evring_init(memory, 8);
	full.w = make_worker("full");
	assert_int_equal(rouse_worker_post(full.w, hold, NULL), 0);
	assert_int_equal(pthread_create(&worker, NULL, run, full.w), 0);
	while (!atomic_load(&full.is_held))
		sched_yield();
	while ((ret = rouse_worker_post(full.w, count_message, NULL)) == 0)
		nb++;
	assert_int_equal(ret, -ENOBUFS);
	assert_int_equal(nb, 1023);
	assert_int_equal(pthread_create(&control, NULL, add_ring, NULL), 0);
	usleep(FULL_US);
	atomic_store(&full.may_go_on, true);
	pthread_join(control, NULL);
	assert_int_equal(full.ret, 0);
	assert_int_equal(rouse_worker_evring_remove(full.w, full.ring), 0);
	rouse_worker_stop(full.w);
	pthread_join(worker, NULL);
	assert_int_equal(atomic_load(&full.nb), nb);
	rouse_worker_destroy(full.w);
}

static _Atomic int from_within;

static void
change_myself(struct rouse_worker *w, void *arg)
{
	struct rouse_attn_target target;

	from_within = rouse_worker_evring_add(w, arg, count, NULL, &target);
}

static void
a_handler_cannot_wait_for_its_own_worker(void **state)
{
	static alignas(ROUSE_CACHE_LINE) uint8_t memory[1024];
	struct rouse_evring *ring = rouse_evring_init(memory, 8);
	struct rouse_worker *w = make_worker("self");
	pthread_t thread;

	assert_int_equal(rouse_worker_post(w, change_myself, ring), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, w), 0);
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	assert_int_equal(from_within, -EDEADLK);
	assert_int_equal(rouse_worker_evring_remove(w, ring), -ENOENT);
	rouse_worker_destroy(w);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_move_between_running_workers_and_nothing_is_lost),
		cmocka_unit_test(a_port_stops_and_starts_under_a_worker_that_goes_on),
		cmocka_unit_test(a_port_is_removed_under_workers_that_poll_it),
		cmocka_unit_test(an_event_ring_comes_and_goes_while_the_worker_sleeps),
		cmocka_unit_test(timers_run_once_or_again_and_not_before_their_time),
		cmocka_unit_test(the_number_of_a_timer_that_has_run_is_no_other_timers),
		cmocka_unit_test(a_file_descriptor_wakes_and_one_that_hung_up_does_not_spin),
		cmocka_unit_test(a_worker_that_ends_under_a_change_is_changed_all_the_same),
		cmocka_unit_test(a_change_needs_no_room_in_the_inbox),
		cmocka_unit_test(a_handler_cannot_wait_for_its_own_worker),
	};

	if (rig_init(argv[0]) < 0)
		return 1;
	return UNIT_RUN(tests);
}
