/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a frame costs in messages and doorbells: nothing at all while the worker polls, one of each
 * if it finds the worker asleep. No assertion here hangs on time: the worker of the first is made
 * to poll, and the frames of the second are sent one by one, each to a worker that is asleep.
 */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <rte_eal.h>

#include <rouse_worker.h>

#include "port_rig.h"

#define NB_FLOWS    64
#define NB_SETTLING 1000 /* frames after the worker began to poll */
#define NB_POLLED   100000
#define NB_WAKES    100

struct bed {
	struct rig rig;
	struct rouse_worker *worker;
	pthread_t thread;
	_Atomic uint64_t nb_received; /* worker -> main */
};

/* What the wire says that it did. */
struct look {
	uint64_t frames, messages, doorbells;
};

static void
receive(void *arg, uint16_t port __rte_unused, uint16_t queue __rte_unused, struct rte_mbuf **pkts,
	uint16_t nb_pkts)
{
	struct bed *b = arg;

	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	atomic_fetch_add(&b->nb_received, nb_pkts);
}

static void *
run(void *worker)
{
	rouse_worker_run(worker);
	return NULL;
}

static void
begin(struct bed *b, enum rouse_worker_mode mode, const struct rig_setup *setup)
{
	const struct rouse_worker_conf conf = {
		.name = "doorbells",
		.socket_id = SOCKET_ID_ANY,
		.mode = mode,
	};

	rig_begin(&b->rig);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(&b->rig, i);
	rig_open(&b->rig, setup);
	atomic_store(&b->nb_received, 0);
	b->worker = rouse_worker_create(&conf);
	assert_non_null(b->worker);
	rig_start(&b->rig);
	assert_int_equal(rouse_worker_ethdev_add(b->worker, b->rig.port, 0, receive, b), 0);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b->worker), 0);
}

static void
end(struct bed *b)
{
	struct rouse_worker_stats stats;

	rouse_worker_stop(b->worker);
	pthread_join(b->thread, NULL);
	rouse_worker_stats_get(b->worker, &stats);
	assert_int_equal(stats.rescues, 0);
	rouse_worker_destroy(b->worker);
	rig_stop(&b->rig);
	rig_close(&b->rig);
}

static struct look
look(struct bed *b)
{
	/* frames first: those that it counts have had their messages */
	struct look l = { .frames = rig_xstat(&b->rig, "wire_rx_frames") };

	l.messages = rig_xstat(&b->rig, "wire_messages");
	l.doorbells = rig_xstat(&b->rig, "wire_doorbells");
	return l;
}

/* ---- awake ---- */

static struct look
look_after(struct bed *b, uint64_t nb_frames)
{
	struct look first = look(b), now;

	do {
		sched_yield();
		now = look(b);
	} while (now.frames - first.frames < nb_frames);
	return now;
}

static void
a_frame_for_a_worker_that_polls_costs_no_message(void **state __rte_unused)
{
	const struct rig_setup setup = {
		.args = "pace=max,overrun=wait,loops=0",
		.nb_rxq = 1,
		.nb_txq = 1,
	};
	struct rouse_worker_stats stats;
	struct look before, after;
	struct bed b;

	begin(&b, ROUSE_WORKER_POLL, &setup);
	do {
		sched_yield();
		rouse_worker_stats_get(b.worker, &stats);
	} while (stats.poll_rounds == 0);
	/* the wire may have looked at its state before that, once */
	before = look_after(&b, NB_SETTLING);
	after = look_after(&b, NB_POLLED);
	assert_int_equal(after.messages - before.messages, 0);
	assert_int_equal(after.doorbells, 0);
	end(&b);
}

/* ---- asleep ---- */

/* Between two looks it stayed in the one attempt to sleep that has not ended, and the time that it
 * was asleep went on: its state is PARK. */
static bool
is_asleep(const struct rouse_worker *w)
{
	struct rouse_worker_stats first, second;

	rouse_worker_stats_get(w, &first);
	rouse_worker_stats_get(w, &second);
	return second.parks == first.wakes + first.recheck_hits + 1 &&
	       second.parks == second.wakes + second.recheck_hits + 1 &&
	       second.asleep_tsc > first.asleep_tsc;
}

static void
wait_asleep(struct bed *b)
{
	while (!is_asleep(b->worker))
		sched_yield();
}

static void
send_one(struct bed *b)
{
	struct rte_mbuf *m;

	rig_alloc(&b->rig, &m, 1);
	assert_int_equal(rte_eth_tx_burst(b->rig.port, 0, &m, 1), 1);
}

/* The wire counts what it did after it woke the worker, which may be asleep again before that. */
static struct look
look_when_counted(struct bed *b, const struct look *since)
{
	struct look now;

	do {
		sched_yield();
		now = look(b);
	} while (now.frames - since->frames < NB_WAKES ||
		 now.doorbells - since->doorbells < NB_WAKES);
	return now;
}

static void
a_frame_that_finds_the_worker_asleep_rings_one_doorbell(void **state __rte_unused)
{
	const struct rig_setup setup = {
		.args = "",
		.nb_rxq = 1,
		.nb_txq = 1,
		.conf.lpbk_mode = 1, /* it receives what this thread sends */
	};
	struct look before, after;
	struct bed b;

	begin(&b, ROUSE_WORKER_HYBRID, &setup);
	wait_asleep(&b);
	before = look(&b);
	for (uint64_t i = 0; i < NB_WAKES; i++) {
		send_one(&b);
		while (atomic_load(&b.nb_received) != i + 1)
			sched_yield();
		wait_asleep(&b);
		unit_deadline();
	}
	after = look_when_counted(&b, &before);
	assert_int_equal(after.frames - before.frames, NB_WAKES);
	assert_int_equal(after.messages - before.messages, NB_WAKES);
	assert_int_equal(after.doorbells - before.doorbells, NB_WAKES);
	end(&b);
}

int
main(int argc __rte_unused, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_for_a_worker_that_polls_costs_no_message),
		cmocka_unit_test(a_frame_that_finds_the_worker_asleep_rings_one_doorbell),
	};
	int ret;

	if (rig_init(argv[0]) < 0)
		return 1;
	ret = UNIT_RUN(tests);
	rte_eal_cleanup();
	return ret;
}
