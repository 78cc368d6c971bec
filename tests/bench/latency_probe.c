/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A plugin for any DPDK program (-d): how long after the event the frames of queue 0 of port 0 were
 * received. It reads what net_evnic's stamp=1 leaves in them, in a callback of rx_burst, and tells
 * it by telemetry: /latency/since_last, in ns, by frames, since it was asked last. So programs that
 * know nothing of it are measured as ours are, at the same place.
 */

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_telemetry.h>

#include <rouse_histogram.h>

#define LOOK_NS	  5000000		/* between two looks for the port, before it is there */
#define OLDEST_NS UINT64_C(60000000000) /* older: that was no stamp */

static const struct {
	const char *name;
	double share;
} told[] = {
	{ "p50", 0.5 },	   { "p90", 0.9 },	{ "p99", 0.99 },
	{ "p999", 0.999 }, { "p9999", 0.9999 }, { "max", 1.0 },
};

/* Written by the lcore that receives, read by the telemetry thread. */
static struct rouse_histogram latency;
static rouse_counter nb_unstamped;

/* The telemetry thread's: what had been told. */
static struct rouse_histogram before, since;
static uint64_t unstamped_before;

static double ns_per_tsc; /* written before the callback is there */

static void
add(uint64_t now, uint64_t stamp, uint32_t n)
{
	double ns = (double)(now - stamp) * ns_per_tsc;

	if (stamp == 0 || stamp > now || ns > (double)OLDEST_NS) {
		rouse_counter_add(&nb_unstamped, n);
		return;
	}
	rouse_histogram_add(&latency, (uint64_t)ns);
	if (n > 1)
		rouse_counter_add(&latency.buckets[rouse_histogram_bucket((uint64_t)ns)], n - 1);
}

static uint64_t
stamp_of(const struct rte_mbuf *m)
{
	uint64_t stamp = 0;

	if (m->data_len >= sizeof(stamp))
		memcpy(&stamp,
		       rte_pktmbuf_mtod_offset(m, const uint8_t *, m->data_len - sizeof(stamp)),
		       sizeof(stamp));
	return stamp;
}

/* Frames of one burst of the device have one stamp. */
static uint16_t
look(uint16_t port __rte_unused, uint16_t queue __rte_unused, struct rte_mbuf **pkts, uint16_t nb,
     uint16_t max __rte_unused, void *arg __rte_unused)
{
	uint64_t now, stamp;
	uint32_t n = 0;

	if (nb == 0)
		return 0;
	now = rte_rdtsc();
	stamp = stamp_of(pkts[0]);
	for (uint16_t i = 0; i < nb; i++) {
		uint64_t own = stamp_of(pkts[i]);

		if (own != stamp) {
			add(now, stamp, n);
			stamp = own;
			n = 0;
		}
		n++;
	}
	add(now, stamp, n);
	return nb;
}

static int
tell(const char *command __rte_unused, const char *params __rte_unused, struct rte_tel_data *d)
{
	uint64_t unstamped = rouse_counter_get(&nb_unstamped);
	struct rouse_histogram now;

	rouse_histogram_copy(&now, &latency);
	since = now;
	rouse_histogram_since(&since, &before);
	before = now;
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_u64(d, "count", rouse_histogram_count(&since));
	rte_tel_data_add_dict_u64(d, "unstamped", unstamped - unstamped_before);
	unstamped_before = unstamped;
	for (size_t i = 0; i < RTE_DIM(told); i++)
		rte_tel_data_add_dict_u64(d, told[i].name,
					  rouse_histogram_percentile(&since, told[i].share));
	return 0;
}

/* Until the port has the queue: nobody says when it has. */
static void *
wait_for_port(void *arg)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };

	for (;;) {
		if (rte_eth_dev_is_valid_port(0)) {
			ns_per_tsc = 1e9 / (double)rte_get_tsc_hz();
			if (rte_eth_add_rx_callback(0, 0, look, NULL) != NULL)
				return arg;
		}
		nanosleep(&pause, NULL);
	}
}

RTE_INIT(latency_probe_init)
{
	sigset_t all, mask;
	pthread_t thread;

	rte_telemetry_register_cmd("/latency/since_last", tell,
				   "how long after the event frames were received, in ns");
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	if (pthread_create(&thread, NULL, wait_for_port, NULL) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}
