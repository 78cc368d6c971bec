/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A worker that goes without what signals a queue's packets, and with it again, while they come:
 * each is received once, those of a flow in their order, and how the worker learns of them is as
 * was asked for, whatever happens to the queue meanwhile.
 */

#include <errno.h>
#include <stdatomic.h>

#include <rte_lcore.h>

#include <rouse_worker.h>
#include <rouse_worker_signal.h>

#include "numbered.h"

#define NB_QUEUES  4
#define NB_WORKERS 2
#define NB_FRAMES  32768

static const struct rte_eth_conf conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
};

/* Written by whichever worker has the flow's queue; what orders them is the change. */
static struct {
	atomic_uint nb;
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

static void
open_port(struct rig *r, const char *args)
{
	rig_open(r, &(struct rig_setup){ .args = args, .nb_rxq = NB_QUEUES, .conf = conf });
	rig_start(r);
}

static void
assert_kind(const struct rouse_worker *w, uint16_t queue, enum rouse_source_kind kind)
{
	struct rouse_worker_source_stats s;

	for (unsigned int i = 0; rouse_worker_source_stats_get(w, i, &s); i++)
		if (s.type == ROUSE_SOURCE_TYPE_RXQ && s.queue == queue &&
		    s.state != ROUSE_SOURCE_REMOVED)
			assert_int_equal(s.kind, kind);
}

/* Now and then it goes to the other worker, too. */
static unsigned int
switch_until_all_came(const struct rig *r)
{
	unsigned int nb = 0, worker_of[NB_QUEUES] = { 0, 1, 0, 1 };
	bool on[NB_QUEUES] = { true, true, true, true };
	uint64_t dice = 5;

	while (atomic_load(&seen.nb) < NB_FRAMES) {
		uint16_t q = (uint16_t)unit_random_below(&dice, NB_QUEUES);
		struct rouse_worker *w = workers[worker_of[q]], *other = workers[!worker_of[q]];

		if (unit_random_below(&dice, 4) == 0) {
			assert_int_equal(rouse_worker_ethdev_move(w, other, r->port, q), 0);
			worker_of[q] = !worker_of[q];
			w = other;
		} else {
			on[q] = !on[q];
			assert_int_equal(rouse_worker_ethdev_signal_set(w, r->port, q, on[q]), 0);
		}
		assert_kind(w, q, on[q] ? ROUSE_SOURCE_HANDSHAKE : ROUSE_SOURCE_TIMED);
		nb++;
	}
	return nb;
}

static void
signals_are_switched_while_frames_come_and_none_is_lost(void **state)
{
	pthread_t threads[NB_WORKERS];
	unsigned int nb;
	struct rig r;

	rig_begin(&r);
	numbered_add(&r, NB_FRAMES);
	/* so slow that the workers sleep in between */
	open_port(&r, "overrun=wait,pace=20000");
	workers[0] = make_worker("one");
	workers[1] = make_worker("other");
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(
			rouse_worker_ethdev_add(workers[q % NB_WORKERS], r.port, q, receive, NULL),
			0);
	for (int i = 0; i < NB_WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, workers[i]), 0);
	nb = switch_until_all_came(&r);
	for (int i = 0; i < NB_WORKERS; i++) {
		struct rouse_worker_stats stats;

		rouse_worker_stop(workers[i]);
		pthread_join(threads[i], NULL);
		rouse_worker_stats_get(workers[i], &stats);
		assert_int_equal(stats.rescues, 0);
		rouse_worker_destroy(workers[i]);
	}
	assert_true(nb > 100);
	assert_int_equal(atomic_load(&seen.nb), NB_FRAMES);
	for (unsigned int i = 0; i < NB_FRAMES; i++)
		assert_int_equal(seen.nb_times[i], 1);
	assert_false(seen.disordered);
	rig_stop(&r);
	rig_close(&r);
}

static void
a_queue_without_signals_stays_so_when_its_port_starts_anew(void **state)
{
	struct rouse_worker *w = make_worker("ports");
	struct rig r;

	rig_begin(&r);
	numbered_add(&r, 1);
	open_port(&r, "overrun=wait");
	for (uint16_t q = 0; q < 2; q++)
		assert_int_equal(rouse_worker_ethdev_add(w, r.port, q, receive, NULL), 0);
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, 1, false), 0);
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, 1, false), 0);
	assert_int_equal(rouse_worker_port_pause(r.port), 0);
	rig_stop(&r);
	rig_start(&r);
	assert_int_equal(rouse_worker_port_resume(r.port), 0);
	assert_kind(w, 0, ROUSE_SOURCE_HANDSHAKE);
	assert_kind(w, 1, ROUSE_SOURCE_TIMED);
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, 1, true), 0);
	assert_kind(w, 1, ROUSE_SOURCE_HANDSHAKE);
	rouse_worker_destroy(w);
	rig_stop(&r);
	rig_close(&r);
}

static void
what_cannot_be_switched_is_refused_and_changes_nothing(void **state)
{
	struct rouse_worker *w = make_worker("refused");
	struct rig r;

	rig_begin(&r);
	numbered_add(&r, 1);
	open_port(&r, "overrun=wait,rings=1");
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(rouse_worker_ethdev_add(w, r.port, q, receive, NULL), 0);
	rig_log_begin();
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, 2, false), -EBUSY);
	rig_log_end("queue 2 of port 0 cannot be looked at by the time alone: others share its "
		    "event rings");
	assert_kind(w, 2, ROUSE_SOURCE_HANDSHAKE);
	/* nobody knows which rings one has that is paused */
	assert_int_equal(rouse_worker_port_pause(r.port), 0);
	rig_log_begin();
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, 2, false), -EAGAIN);
	rig_log_end("it is paused; resume its port first");
	assert_int_equal(rouse_worker_port_resume(r.port), 0);
	assert_kind(w, 2, ROUSE_SOURCE_HANDSHAKE);
	rig_log_begin();
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, NB_QUEUES, false), -ENOENT);
	rig_log_end("it is not this worker's");
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(rouse_worker_ethdev_remove(w, r.port, q), 0);
	assert_int_equal(rouse_worker_ethdev_watch(w, r.port, 0, NULL), 0);
	rig_log_begin();
	assert_int_equal(rouse_worker_ethdev_signal_set(w, r.port, 0, false), -EPERM);
	rig_log_end("the application polls it");
	rouse_worker_destroy(w);
	rig_stop(&r);
	rig_close(&r);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_switched_while_frames_come_and_none_is_lost),
		cmocka_unit_test(a_queue_without_signals_stays_so_when_its_port_starts_anew),
		cmocka_unit_test(what_cannot_be_switched_is_refused_and_changes_nothing),
	};

	if (rig_init(argv[0]) < 0)
		return 1;
	return UNIT_RUN(tests);
}
