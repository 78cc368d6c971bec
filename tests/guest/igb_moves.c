/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Queues of a port that move from worker to worker while frames come: igb_moves EAL -- QUEUES
 * STEPS [cycles]. A step is the move of one queue, or a worker that goes offline, with all that it
 * has, and comes back. One worker for each lcore beside the main one. The frames are those of
 * frames.py: of known flows, numbered. What was received is said whenever it grows; after the last
 * step a line on standard input ends the program, which then says what it has counted.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "crew.h"

#define MAX_QUEUES  16
#define NB_FLOWS    64
#define FIRST_SPORT 1024
#define SPORT_AT    34 /* in a frame of UDP over IPv4 */
#define LOOK_US	    2000

static unsigned int nb_queues, owner_of[MAX_QUEUES];

/* By flow: the last number, and one more. A flow has one queue, and that one worker at a time. */
static _Atomic uint32_t next_of_flow[NB_FLOWS];
static _Atomic uint64_t nb_received, nb_disordered;
static atomic_bool has_ended;

static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	for (uint16_t i = 0; i < nb_pkts; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(pkts[i], const uint8_t *);
		unsigned int flow = (unsigned int)(frame[SPORT_AT] << 8 | frame[SPORT_AT + 1]) -
				    FIRST_SPORT;
		uint32_t number = crew_number(pkts[i]);

		if (flow < NB_FLOWS) {
			if (number < atomic_load(&next_of_flow[flow]))
				atomic_fetch_add(&nb_disordered, 1);
			atomic_store(&next_of_flow[flow], number + 1);
			atomic_fetch_add(&nb_received, 1);
		}
	}
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
}

static void
give(uint16_t queue, unsigned int worker)
{
	crew_give(worker, queue, receive);
	owner_of[queue] = worker;
}

/* A thread of its own, so that frames are sent on while a step takes its time. */
static void *
say_received(void *arg)
{
	uint64_t said = 0;
	bool is_last;

	do {
		uint64_t nb;

		is_last = atomic_load(&has_ended);
		nb = atomic_load(&nb_received);
		if (nb != said)
			printf("received %lu\n", (unsigned long)nb);
		said = nb;
		usleep(LOOK_US);
	} while (!is_last);
	return NULL;
}

static void
move_one(void)
{
	static uint64_t random = 1;
	unsigned int from, to;
	uint16_t queue;
	int ret;

	random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
	queue = (uint16_t)((random >> 33) % nb_queues);
	from = owner_of[queue];
	to = (from + 1 + (unsigned int)(random >> 50) % (crew_size - 1)) % crew_size;
	ret = rouse_worker_ethdev_move(crew[from], crew[to], CREW_PORT, queue);
	if (ret != 0)
		crew_fail("move", ret);
	owner_of[queue] = to;
}

int
main(int argc, char **argv)
{
	const struct rte_eth_rss_conf rss = { .rss_hf = RTE_ETH_RSS_IPV4 };
	int used = rte_eal_init(argc, argv);
	unsigned int nb_steps, done = 0;
	pthread_t speaker;
	bool are_cycles;

	if (used < 0 || argc - used < 3 || argc - used > 4)
		return 1;
	nb_queues = (unsigned int)atoi(argv[used + 1]);
	nb_steps = (unsigned int)atoi(argv[used + 2]);
	are_cycles = argc - used == 4 && strcmp(argv[used + 3], "cycles") == 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	crew_start_port((uint16_t)nb_queues, &rss);
	crew_start();
	for (uint16_t q = 0; q < nb_queues; q++)
		give(q, q % crew_size);
	if (pthread_create(&speaker, NULL, say_received, NULL) != 0)
		return 1;
	printf("ready\n");
	while (done < nb_steps || !crew_is_told()) {
		/* frames come in between: a step that nothing meets shows nothing */
		if (done < nb_steps && atomic_load(&nb_received) > done) {
			if (are_cycles)
				crew_cycle(1 + done % (crew_size - 1));
			else
				move_one();
			if (++done == nb_steps)
				printf("stepped\n");
		} else {
			usleep(LOOK_US);
		}
	}
	crew_stop();
	atomic_store(&has_ended, true);
	pthread_join(speaker, NULL);
	printf("steps %u received %lu disordered %lu\n", done,
	       (unsigned long)atomic_load(&nb_received),
	       (unsigned long)atomic_load(&nb_disordered));
	crew_close();
	return 0;
}
