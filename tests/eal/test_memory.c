/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * What a port takes of memory: per queue pair no more than it may, beside the mbufs, and nothing at
 * all while it runs. After every stop the mempool is whole.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include <rouse_worker.h>

#include "allocs.h"
#include "port_rig.h"

#define NB_DESC	   1024
#define MAX_PAIR   (192 << 10) /* bytes, beside the posted mbufs */
#define FEW	   1
#define MANY	   17
#define NB_MBUFS   (MANY * NB_DESC + 512)
#define NB_FLOWS   64
#define NB_QUEUES  4
#define NB_PACKETS 100000
#define NB_PACED   2000
#define SINK	   "tx_pcap=/dev/null"

static const struct rte_eth_conf rss_conf = {
	.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
	.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
	.intr_conf.rxq = 1,
};

static void
open_port(struct rig *r, uint16_t nb_pairs, const char *args)
{
	const struct rig_setup setup = {
		.args = args,
		.nb_rxq = nb_pairs,
		.nb_txq = nb_pairs,
		.nb_desc = NB_DESC,
		.nb_mbufs = NB_MBUFS,
		.conf = rss_conf,
	};

	rig_begin(r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(r, i);
	rig_open(r, &setup);
}

/* ---- how much ---- */

static uint64_t
eal_bytes(void)
{
	struct rte_malloc_socket_stats stats;
	uint64_t sum = 0;

	for (int socket = 0; socket < RTE_MAX_NUMA_NODES; socket++)
		if (rte_malloc_get_socket_stats(socket, &stats) == 0)
			sum += stats.heap_allocsz_bytes;
	return sum;
}

/* Of EAL's heap, of the C library's, and mapped. */
static uint64_t
bytes_taken(void)
{
	struct mallinfo2 libc = mallinfo2();

	return eal_bytes() + libc.uordblks + libc.hblkhd + allocs_mapped();
}

/* What a port of so many queue pairs takes from nothing to its start, its pool included. */
static uint64_t
bytes_of_port(uint16_t nb_pairs)
{
	uint64_t before, after;
	struct rig r;

	before = bytes_taken();
	open_port(&r, nb_pairs, SINK ",overrun=wait,loops=1");
	rig_start(&r);
	after = bytes_taken();
	rig_receive_all(&r);
	rig_stop(&r);
	rig_close(&r);
	return after - before;
}

/* Capture, pool and the port's own are the same in both, and so cancel out. */
static void
a_queue_pair_takes_at_most_192_kib(void **state __rte_unused)
{
	uint64_t few, many, pair;

	few = bytes_of_port(FEW);
	many = bytes_of_port(MANY);
	assert_true(many > few);
	pair = (many - few) / (MANY - FEW);
	print_message("# a queue pair of %d descriptors takes %lu bytes\n", NB_DESC, pair);
	assert_true(pair > NB_DESC * sizeof(void *)); /* else it was not measured */
	assert_in_range(pair, 1, MAX_PAIR);
}

/* ---- when ---- */

static void
check_nothing_taken(uint64_t nb_before, uint64_t bytes_before)
{
	uint64_t nb = allocs_count() - nb_before;

	if (nb != 0)
		fail_msg("%lu calls took memory, the last was %s", nb, allocs_last());
	assert_int_equal(eal_bytes(), bytes_before);
}

static void
what_takes_memory_is_counted(void **state __rte_unused)
{
	uint64_t nb, bytes, mapped;
	void *a, *b;

	bytes_of_port(FEW); /* what is made once, and stays */
	nb = allocs_count();
	bytes = eal_bytes();
	mapped = allocs_mapped();
	a = malloc(100);
	assert_int_equal(allocs_count(), nb + 1);
	b = rte_zmalloc_socket(NULL, 100, 0, SOCKET_ID_ANY);
	assert_true(allocs_count() > nb + 1);
	assert_true(eal_bytes() > bytes);
	assert_non_null(a);
	assert_non_null(b);
	free(a);
	rte_free(b);
	/* a library's calls too: it maps the frames of a capture */
	bytes_of_port(FEW);
	assert_true(allocs_mapped() > mapped);
	assert_int_equal(eal_bytes(), bytes);
}

static void
send_all(uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb)
{
	uint16_t sent = 0;

	while (sent < nb)
		sent += rte_eth_tx_burst(port, queue, pkts + sent, nb - sent);
}

static void
bursts_take_nothing(void **state __rte_unused)
{
	uint64_t nb, bytes, received = 0;
	struct rte_mbuf *pkts[32];
	struct rig r;

	open_port(&r, NB_QUEUES, SINK ",overrun=wait,infinite_rx=1");
	rig_start(&r);
	nb = allocs_count();
	bytes = eal_bytes();
	while (received < NB_PACKETS)
		for (uint16_t q = 0; q < NB_QUEUES; q++) {
			uint16_t n = rte_eth_rx_burst(r.port, q, pkts, 32);

			received += n;
			send_all(r.port, q, pkts, n);
		}
	check_nothing_taken(nb, bytes);
	rig_stop(&r);
	rig_close(&r);
}

/* ---- the same by a worker ---- */

struct echo {
	struct rouse_worker *worker;
	uint64_t nb_wanted, nb_seen;
};

static void
echo(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	struct echo *e = arg;

	send_all(port, queue, pkts, nb_pkts);
	if (e->nb_seen < e->nb_wanted && e->nb_seen + nb_pkts >= e->nb_wanted)
		rouse_worker_stop(e->worker);
	e->nb_seen += nb_pkts;
}

static void
check_worker(enum rouse_worker_mode mode, const char *args, uint64_t nb_wanted)
{
	const struct rouse_worker_conf conf = {
		.name = "memory",
		.socket_id = SOCKET_ID_ANY,
		.mode = mode,
	};
	struct rouse_worker_stats stats;
	struct echo e = { .nb_wanted = nb_wanted };
	uint64_t nb, bytes;
	struct rig r;

	open_port(&r, NB_QUEUES, args);
	rig_start(&r);
	e.worker = rouse_worker_create(&conf);
	assert_non_null(e.worker);
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(rouse_worker_ethdev_add(e.worker, r.port, q, echo, &e), 0);
	nb = allocs_count();
	bytes = eal_bytes();
	assert_int_equal(rouse_worker_run(e.worker), 0);
	check_nothing_taken(nb, bytes);
	assert_true(e.nb_seen >= nb_wanted);
	rouse_worker_stats_get(e.worker, &stats);
	assert_int_equal(stats.rescues, 0);
	if (mode == ROUSE_WORKER_INTERRUPT)
		assert_true(stats.wakes > 0);
	rouse_worker_destroy(e.worker);
	rig_stop(&r);
	rig_close(&r);
}

static void
a_worker_that_polls_takes_nothing(void **state __rte_unused)
{
	check_worker(ROUSE_WORKER_POLL, SINK ",overrun=wait,infinite_rx=1", NB_PACKETS);
}

static void
a_worker_that_sleeps_and_wakes_takes_nothing(void **state __rte_unused)
{
	check_worker(ROUSE_WORKER_INTERRUPT, SINK ",pace=20000,infinite_rx=1", NB_PACED);
}

int
main(int argc __rte_unused, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_takes_memory_is_counted),
		cmocka_unit_test(a_queue_pair_takes_at_most_192_kib),
		cmocka_unit_test(bursts_take_nothing),
		cmocka_unit_test(a_worker_that_polls_takes_nothing),
		cmocka_unit_test(a_worker_that_sleeps_and_wakes_takes_nothing),
	};
	int ret;

	if (rig_init(argv[0]) < 0)
		return 1;
	ret = UNIT_RUN(tests);
	rte_eal_cleanup();
	return ret;
}
