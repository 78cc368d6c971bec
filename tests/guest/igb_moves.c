/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Queues of a port that move from worker to worker while frames come: igb_moves EAL -- QUEUES
 * MOVES. One worker for each lcore beside the main one. The frames are those of frames.py: of known
 * flows, numbered. What was received is said whenever it grows; after the last move a line on
 * standard input ends the program, which then says what it has counted.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>

#include "crew.h"

#define MAX_QUEUES  16
#define NB_FLOWS    64
#define FIRST_SPORT 1024
#define SPORT_AT    34 /* in a frame of UDP over IPv4 */

static unsigned int nb_queues, owner_of[MAX_QUEUES];

/* By flow: the last number, and one more. A flow has one queue, and that one worker at a time. */
static _Atomic uint32_t next_of_flow[NB_FLOWS];
static _Atomic uint64_t nb_received, nb_disordered;

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

static void
say_received(void)
{
	static uint64_t said = UINT64_MAX;
	uint64_t nb = atomic_load(&nb_received);

	if (nb != said)
		printf("received %lu\n", (unsigned long)nb);
	said = nb;
}

static void
move_one(uint64_t *random)
{
	uint16_t queue;
	int ret;

	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
	queue = (uint16_t)((*random >> 33) % nb_queues);
	ret = rouse_worker_ethdev_remove(crew[owner_of[queue]], CREW_PORT, queue);
	if (ret != 0)
		crew_fail("remove", ret);
	give(queue,
	     (owner_of[queue] + 1 + (unsigned int)(*random >> 50) % (crew_size - 1)) % crew_size);
}

int
main(int argc, char **argv)
{
	const struct rte_eth_rss_conf rss = { .rss_hf = RTE_ETH_RSS_IPV4 };
	int used = rte_eal_init(argc, argv);
	unsigned int nb_moves, done = 0;
	uint64_t random = 1;

	if (used < 0 || argc - used != 3)
		return 1;
	nb_queues = (unsigned int)atoi(argv[used + 1]);
	nb_moves = (unsigned int)atoi(argv[used + 2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	crew_start_port((uint16_t)nb_queues, &rss);
	crew_start();
	for (uint16_t q = 0; q < nb_queues; q++)
		give(q, q % crew_size);
	printf("ready\n");
	while (done < nb_moves || !crew_is_told()) {
		/* frames come in between: a move that nothing meets shows nothing */
		if (done < nb_moves && atomic_load(&nb_received) > done) {
			move_one(&random);
			if (++done == nb_moves)
				printf("moved\n");
		}
		say_received();
		usleep(2000);
	}
	say_received();
	crew_stop();
	printf("moves %u received %lu disordered %lu\n", done,
	       (unsigned long)atomic_load(&nb_received),
	       (unsigned long)atomic_load(&nb_disordered));
	crew_close();
	return 0;
}
