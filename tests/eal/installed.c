/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A program as others would write it, in the words that C and C++ have in common: test_install.py
 * compiles it as both, with nothing but pkg-config's flags. Its worker receives as many packets
 * from port 0 as the argument says, and one event of a ring, then ends.
 */

#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include <rouse_attn.h>
#include <rouse_evring.h>
#include <rouse_histogram.h>
#include <rouse_steer.h>
#include <rouse_worker.h>
#ifdef WITH_EVNIC
#include <rouse_evnic.h>
#endif

#define NB_MBUFS   4096
#define NB_ENTRIES 64

static struct rouse_worker *worker;
static uint64_t nb_wanted, nb_packets, nb_events;

static void
stop_at_the_end(void)
{
	if (nb_packets == nb_wanted && nb_events == 1)
		rouse_worker_stop(worker);
}

static void
on_packets(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	(void)arg;
	(void)port;
	(void)queue;
	nb_packets += nb_pkts;
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	stop_at_the_end();
}

static void
on_event(void *arg, const struct rouse_event *event)
{
	(void)arg;
	nb_events += event->data;
	stop_at_the_end();
}

static int
start_port(struct rte_mempool *pool)
{
	struct rte_eth_conf conf;

	memset(&conf, 0, sizeof(conf));
	conf.intr_conf.rxq = 1;
	if (rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, 1024, 0, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, 1024, 0, NULL) != 0)
		return -1;
	return rte_eth_dev_start(0);
}

static int
add_sources(void)
{
	void *mem = rte_malloc(NULL, rouse_evring_memsize(NB_ENTRIES), ROUSE_CACHE_LINE);
	struct rouse_evring *ring = mem == NULL ? NULL : rouse_evring_init(mem, NB_ENTRIES);
	struct rouse_attn_target target;
	struct rouse_event event;

	if (ring == NULL || rouse_worker_evring_add(worker, ring, on_event, NULL, &target) != 0)
		return -1;
	memset(&event, 0, sizeof(event));
	event.data = 1;
	if (!rouse_evring_post(ring, &event))
		return -1;
	rouse_attn_signal(&target, 1);
	rouse_evring_settle(ring);
	return rouse_worker_ethdev_add(worker, 0, 0, on_packets, NULL);
}

/* What the library counted as C is read here, inline, in the language of this file. */
static void
print_what_was_seen(void)
{
	struct rouse_worker_stats stats;
	struct rouse_attn_port port;

	rouse_worker_stats_get(worker, &stats);
	printf("packets %llu events %llu rescues %llu\n", (unsigned long long)stats.rx_packets,
	       (unsigned long long)stats.events, (unsigned long long)stats.rescues);
	printf("registry %s\n", rouse_attn_registry_find(0, &port) ? "shared" : "of its own");
	printf("sleeps seen %s\n",
	       rouse_histogram_count(rouse_worker_wake_ns(worker)) <= stats.wakes ? "yes" : "no");
#ifdef WITH_EVNIC
	printf("default processor %u\n", rouse_steer_default_processor_get(rouse_evnic_steer(0)));
#endif
}

int
main(int argc, char **argv)
{
	int nb_eal = rte_eal_init(argc, argv);
	struct rouse_worker_conf conf;
	struct rte_mempool *pool;

	if (nb_eal < 0 || nb_eal + 1 >= argc)
		return 1;
	nb_wanted = strtoull(argv[nb_eal + 1], NULL, 10);
	memset(&conf, 0, sizeof(conf));
	conf.name = "installed";
	conf.spin = ROUSE_WORKER_SPIN_MEASURED;
	conf.socket_id = SOCKET_ID_ANY;
	pool = rte_pktmbuf_pool_create("mbufs", NB_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	worker = rouse_worker_create(&conf);
	if (pool == NULL || worker == NULL || start_port(pool) != 0 || add_sources() != 0 ||
	    rouse_worker_run(worker) != 0)
		return 1;
	print_what_was_seen();
	rouse_worker_destroy(worker);
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	rte_eal_cleanup();
	return 0;
}
