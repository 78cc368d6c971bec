/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Interrupt moderation that changes while frames come: igb_moderated EAL. One queue, one worker. A
 * line on standard input is the interval in microseconds, "end" ends the program; what the device
 * then says is printed, and how many frames were received, whenever it grows.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include <rouse_igb.h>

#include "crew.h"

#define LOOK_US	 1000
#define MAX_LINE 64

static _Atomic uint64_t nb_received;

static void
receive(void *arg __rte_unused, uint16_t port __rte_unused, uint16_t queue __rte_unused,
	struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
	atomic_fetch_add(&nb_received, nb_pkts);
}

static void
say_received(void)
{
	static uint64_t said;
	uint64_t nb = atomic_load(&nb_received);

	if (nb != said)
		printf("received %lu\n", (unsigned long)nb);
	said = nb;
}

/* Take a line; whether to go on. */
static bool
obey(uint16_t vector)
{
	char line[MAX_LINE];
	int ret;

	if (fgets(line, sizeof(line), stdin) == NULL || strcmp(line, "end\n") == 0)
		return false;
	ret = rouse_igb_moderation_set(CREW_PORT, vector, (uint32_t)atoi(line));
	if (ret != 0)
		crew_fail("moderation", ret);
	printf("moderation %d\n", rouse_igb_moderation_get(CREW_PORT, vector));
	return true;
}

int
main(int argc, char **argv)
{
	int vector;

	if (rte_eal_init(argc, argv) < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0); /* what is read of it is what poll() says */
	crew_start_port(1, NULL);
	crew_start();
	crew_give(0, 0, receive);
	vector = rouse_igb_vector_get(CREW_PORT, 0);
	if (vector < 0)
		crew_fail("vector", vector);
	printf("ready\n");
	do {
		say_received();
		usleep(LOOK_US);
	} while (!crew_is_told() || obey((uint16_t)vector));
	crew_stop();
	crew_close();
	return 0;
}
