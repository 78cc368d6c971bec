/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 *
 * What a driver's rx_burst and tx_burst cost in instructions: igb_cost EAL -- ROUNDS BURST... One
 * port, one queue. Whenever a round's frames are in the receive ring they are received and sent
 * back by calls of BURST, so many rounds for each size. The time stamp counter counts instructions
 * (QEMU's -icount shift=0); `scale` is what it says of 1000. The rings go round several times, so
 * that what a driver does only now and then (buffers, what was sent) is in the sums.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "igb_port.h"

#define NB_DESC	    128
#define ROUND	    32	  /* frames */
#define INTERRUPTED 20000 /* instructions: no call takes so many of its own */

/* Two instructions a turn. */
static uint64_t
count_thousand(void)
{
	uint64_t began = rte_rdtsc(), turns = 500;

	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc");
	return rte_rdtsc() - began;
}

struct sums {
	uint64_t rx, tx, frames, interrupted;
};

static void
exchange(struct sums *sums, uint16_t burst)
{
	struct rte_mbuf *pkts[ROUND];
	uint64_t began = rte_rdtsc(), received, sent;
	uint16_t nb_rx, nb_tx;

	nb_rx = rte_eth_rx_burst(PORT, 0, pkts, burst);
	received = rte_rdtsc();
	nb_tx = rte_eth_tx_burst(PORT, 0, pkts, nb_rx);
	sent = rte_rdtsc();
	if (nb_rx != burst || nb_tx != burst)
		fail("burst", -EIO);
	if (received - began > INTERRUPTED || sent - received > INTERRUPTED) {
		sums->interrupted += burst;
		return;
	}
	sums->rx += received - began;
	sums->tx += sent - received;
	sums->frames += burst;
}

static void
measure(unsigned int nb_rounds, uint16_t burst)
{
	struct sums sums = { .rx = 0 };
	uint64_t scale = UINT64_MAX;

	printf("ready %u\n", burst);
	for (unsigned int i = 0; i < nb_rounds; i++) {
		uint64_t thousand = count_thousand();

		scale = RTE_MIN(scale, thousand);
		while (rte_eth_rx_descriptor_status(PORT, 0, ROUND - 1) != RTE_ETH_RX_DESC_DONE)
			usleep(100);
		for (uint16_t n = 0; n < ROUND; n += burst)
			exchange(&sums, burst);
	}
	printf("burst %u frames %lu interrupted %lu rx %lu tx %lu scale %lu\n", burst,
	       (unsigned long)sums.frames, (unsigned long)sums.interrupted, (unsigned long)sums.rx,
	       (unsigned long)sums.tx, (unsigned long)scale);
}

int
main(int argc, char **argv)
{
	const struct rte_eth_conf conf = { .link_speeds = 0 };
	int used = rte_eal_init(argc, argv);
	unsigned int nb_rounds;

	if (used < 0 || argc - used < 3)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	nb_rounds = (unsigned int)atoi(argv[used + 1]);
	start_port(1, NB_DESC, &conf);
	for (int i = used + 2; i < argc; i++) {
		int burst = atoi(argv[i]);

		if (burst < 1 || ROUND % burst != 0)
			fail("burst", -ERANGE);
		measure(nb_rounds, (uint16_t)burst);
	}
	rte_eth_dev_stop(PORT);
	rte_eth_dev_close(PORT);
	rte_eal_cleanup();
	return 0;
}
