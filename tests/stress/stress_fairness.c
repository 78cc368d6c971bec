/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Busy sources starve no other one.
 *
 * Two event rings refill themselves from their handlers, so that the worker never has nothing to
 * do. Beside them: another event ring, the inbox, and a plain source (a net_ring port, which has
 * no interrupt). In each of ROUNDS rounds each of the quiet ones gets one piece of work; it must
 * be handled before the busy ones were handed more than BOUND entries.
 */

#include <inttypes.h>
#include <sched.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "stress.h"

#define ROUNDS 2000
/* A round of the worker takes a batch of 32 from each of the two busy rings. The work is made
 * within one; four are fair. */
#define BATCH 32
#define BOUND (2 * BATCH * 4)

struct busy {
	struct rouse_evring *ring;
	struct rouse_attn_target target;
};

static struct busy busy[2];
static struct rouse_worker *worker;
static _Atomic uint64_t busy_handled, quiet_handled[3];
static _Atomic uint64_t made_at[3]; /* busy_handled when the work was made; the worker's clock */
static uint64_t worst[3];
static _Atomic bool stop;

/* The worker is the producer of its own busy rings: each entry makes the next. */
static void
handle_busy(void *arg, const struct rouse_event *event)
{
	struct busy *b = arg;

	(void)event;
	atomic_fetch_add(&busy_handled, 1);
	if (atomic_load(&stop))
		return;
	CHECK(rouse_evring_post(b->ring, &(struct rouse_event){ .code = ROUSE_EVENT_RX }), "full");
	rouse_attn_signal(&b->target, rte_rdtsc());
	rouse_evring_settle(b->ring);
}

static void
handled(unsigned int quiet)
{
	uint64_t late = atomic_load(&busy_handled) - atomic_load(&made_at[quiet]);

	if (late > worst[quiet])
		worst[quiet] = late;
	atomic_fetch_add(&quiet_handled[quiet], 1);
}

static void
handle_event(void *arg, const struct rouse_event *event)
{
	(void)arg;
	(void)event;
	handled(0);
}

static void
handle_message(struct rouse_worker *w, void *arg)
{
	(void)w;
	(void)arg;
	handled(1);
}

static void
handle_packets(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb)
{
	(void)arg;
	(void)port;
	(void)queue;
	rte_pktmbuf_free_bulk(pkts, nb);
	handled(2);
}

static struct rte_mempool *
start_ring_port(void)
{
	const struct rte_eth_conf conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE };
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"pool", 1023, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	CHECK(pool != NULL, "no memory");
	CHECK(rte_eth_dev_configure(0, 1, 1, &conf) == 0, "configure");
	CHECK(rte_eth_rx_queue_setup(0, 0, 64, SOCKET_ID_ANY, NULL, pool) == 0, "Rx queue");
	CHECK(rte_eth_tx_queue_setup(0, 0, 64, SOCKET_ID_ANY, NULL) == 0, "Tx queue");
	CHECK(rte_eth_dev_start(0) == 0, "start");
	return pool;
}

/*
 * The moment is the worker's: it reads its own busy count in the message that makes the work, so
 * that what happens in other threads between the two does not count.
 */
struct work {
	struct rouse_evring *ring;
	struct rouse_attn_target target;
	struct rte_mempool *pool;
};

static void
make_work(struct rouse_worker *w, void *arg)
{
	const struct work *work = arg;
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(work->pool);
	uint64_t now = atomic_load(&busy_handled);

	for (unsigned int i = 0; i < 3; i++)
		atomic_store(&made_at[i], now);
	CHECK(rouse_evring_post(work->ring, &(struct rouse_event){ .code = ROUSE_EVENT_RX }),
	      "full");
	rouse_attn_signal(&work->target, rte_rdtsc());
	rouse_evring_settle(work->ring);
	CHECK(rouse_worker_post(w, handle_message, NULL) == 0, "inbox full");
	CHECK(pkt != NULL && rte_eth_tx_burst(0, 0, &pkt, 1) == 1, "port is full");
}

static uint64_t
least_handled(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < 3; i++)
		if (atomic_load(&quiet_handled[i]) < least)
			least = atomic_load(&quiet_handled[i]);
	return least;
}

static void
check_mode(enum rouse_worker_mode mode, const char *name, struct rte_mempool *pool)
{
	static const char *const quiet_names[] = { "event ring", "inbox", "plain port" };
	struct work work = { .ring = stress_ring(STRESS_RING_SIZE), .pool = pool };
	struct rouse_worker_stats stats;

	worker = stress_worker(mode, 0);
	atomic_store(&stop, false);
	for (unsigned int i = 0; i < 3; i++) {
		atomic_store(&quiet_handled[i], 0);
		worst[i] = 0;
	}
	CHECK(rouse_worker_evring_add(worker, work.ring, handle_event, NULL, &work.target) == 0,
	      "add");
	CHECK(rouse_worker_ethdev_add(worker, 0, 0, handle_packets, NULL) == 0, "add");
	for (unsigned int i = 0; i < 2; i++) {
		busy[i].ring = stress_ring(STRESS_RING_SIZE);
		CHECK(rouse_worker_evring_add(worker, busy[i].ring, handle_busy, &busy[i],
					      &busy[i].target) == 0,
		      "add");
		for (unsigned int n = 0; n < 2 * BATCH; n++)
			rouse_evring_post(busy[i].ring, &(struct rouse_event){ .data = n });
	}
	stress_run(worker);
	for (uint64_t round = 1; round <= ROUNDS; round++) {
		CHECK(rouse_worker_post(worker, make_work, &work) == 0, "inbox full");
		while (least_handled() < round)
			sched_yield();
	}
	atomic_store(&stop, true);
	stress_stop(worker);
	rouse_worker_stats_get(worker, &stats);
	CHECK(stats.rescues == 0, "%" PRIu64 " rescues", stats.rescues);
	for (unsigned int i = 0; i < 3; i++) {
		printf("%s: %s: %d pieces of work, at most %" PRIu64 " busy entries before one\n",
		       name, quiet_names[i], ROUNDS, worst[i]);
		CHECK(worst[i] <= BOUND, "%s waited for %" PRIu64 " busy entries, %d are fair",
		      quiet_names[i], worst[i], BOUND);
	}
	rouse_worker_destroy(worker);
}

int
main(int argc, char **argv)
{
	const char *const vdevs[] = { "net_ring0", NULL };
	struct rte_mempool *pool;

	(void)argc;
	stress_init(argv[0], vdevs);
	pool = start_ring_port();
	check_mode(ROUSE_WORKER_INTERRUPT, "attend", pool);
	check_mode(ROUSE_WORKER_POLL, "poll", pool);
	check_mode(ROUSE_WORKER_HYBRID, "hybrid", pool);
	return 0;
}
