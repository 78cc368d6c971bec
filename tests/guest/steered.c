/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Which queue a frame comes to, with which hash, and who is woken for it: steered EAL -- QUEUES
 * [KEY]. Queue q is that of worker q; the RSS key is in hex, and without it there is no RSS. There
 * is a line when the link is up, and one of each frame. When all workers sleep again there is one
 * with the wakes of each by interrupts so far, and with the sleeps of all that a frame has
 * forestalled:
 *
 *   frame 17 queue 2 hash 1a2b3c4d
 *   wakes 5 3 9 4 forestalled 1
 *
 * On standard input "reta Q Q ..." sets the RETA, and anything else ends the program.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_log.h>

#include "crew.h"

#define KEY_LEN	   40
#define MAX_FRAMES 8192 /* between two looks */
#define MAX_LINE   2048
#define RETA_SIZE  128
#define LOOK_US	   100
/* The last three: QEMU has TCP over IPv6 only there. */
#define HASHED_TYPES                                                                               \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |          \
	 RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP |          \
	 RTE_ETH_RSS_IPV6_EX | RTE_ETH_RSS_IPV6_TCP_EX | RTE_ETH_RSS_IPV6_UDP_EX)

/* What workers have received and the main lcore has not said yet. */
static struct frame {
	uint32_t number, hash;
	uint16_t queue;
	bool is_hashed;
} frames[MAX_FRAMES];
static unsigned int nb_frames;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these */

static void
receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t nb_pkts)
{
	pthread_mutex_lock(&lock);
	for (uint16_t i = 0; i < nb_pkts && nb_frames < MAX_FRAMES; i++)
		frames[nb_frames++] = (struct frame){
			.number = crew_number(pkts[i]),
			.hash = pkts[i]->hash.rss,
			.queue = queue,
			.is_hashed = (pkts[i]->ol_flags & RTE_MBUF_F_RX_RSS_HASH) != 0,
		};
	pthread_mutex_unlock(&lock);
	rte_pktmbuf_free_bulk(pkts, nb_pkts);
}

static bool
say_frames(void)
{
	bool any;

	pthread_mutex_lock(&lock);
	any = nb_frames != 0;
	for (unsigned int i = 0; i < nb_frames; i++)
		if (frames[i].is_hashed)
			printf("frame %u queue %u hash %08x\n", frames[i].number, frames[i].queue,
			       frames[i].hash);
		else
			printf("frame %u queue %u hash none\n", frames[i].number, frames[i].queue);
	nb_frames = 0;
	pthread_mutex_unlock(&lock);
	return any;
}

static bool
is_asleep(const struct rouse_worker_stats *s)
{
	return s->parks == s->wakes + s->recheck_hits + 1;
}

/* In one piece, as the link is told of by another thread. */
static void
say_wakes(void)
{
	struct rouse_worker_stats s;
	uint64_t nb_forestalled = 0;
	char line[MAX_LINE];
	int len = 0;

	for (unsigned int i = 0; i < crew_size; i++) {
		while (rouse_worker_stats_get(crew[i], &s), !is_asleep(&s))
			usleep(LOOK_US);
		len += snprintf(line + len, sizeof(line) - (size_t)len, " %lu",
				(unsigned long)s.interrupt_wakes);
		nb_forestalled += s.recheck_hits;
	}
	printf("wakes%s forestalled %lu\n", line, (unsigned long)nb_forestalled);
}

static void
set_reta(char *text)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_SIZE / RTE_ETH_RETA_GROUP_SIZE];
	char *rest = NULL;
	unsigned int i = 0;
	int ret;

	for (char *word = strtok_r(text, " \n", &rest); word != NULL && i < RETA_SIZE;
	     word = strtok_r(NULL, " \n", &rest), i++) {
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask = UINT64_MAX;
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)atoi(word);
	}
	ret = i == RETA_SIZE ? rte_eth_dev_rss_reta_update(CREW_PORT, reta, RETA_SIZE) : -EINVAL;
	if (ret != 0)
		crew_fail("reta", ret);
	printf("reta is set\n");
}

/* Take a line; whether to go on. */
static bool
obey(void)
{
	char line[MAX_LINE];

	if (fgets(line, sizeof(line), stdin) == NULL || strncmp(line, "reta ", 5) != 0)
		return false;
	set_reta(line + 5);
	return true;
}

static void
read_key(const char *hex, uint8_t *key)
{
	char byte[3] = "";

	if (strlen(hex) != 2 * (size_t)KEY_LEN)
		crew_fail("key", -EINVAL);
	for (unsigned int i = 0; i < KEY_LEN; i++) {
		memcpy(byte, hex + 2 * (size_t)i, 2);
		key[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

int
main(int argc, char **argv)
{
	uint8_t key[KEY_LEN];
	const struct rte_eth_rss_conf rss = {
		.rss_key = key,
		.rss_key_len = KEY_LEN,
		.rss_hf = HASHED_TYPES,
	};
	int used = rte_eal_init(argc, argv);
	uint16_t nb_queues;
	bool has_rss, is_up = false;

	if (used < 0 || argc - used < 2 || argc - used > 3)
		return 1;
	has_rss = argc - used == 3;
	nb_queues = (uint16_t)atoi(argv[used + 1]);
	if (has_rss)
		read_key(argv[used + 2], key);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0); /* what is read of it is what poll() says */
	crew_start_port(nb_queues, has_rss ? &rss : NULL);
	crew_start();
	for (uint16_t q = 0; q < nb_queues; q++)
		crew_give(q, q, receive);
	printf("ready\n");
	do {
		if (!is_up && crew_link_is_up()) {
			printf("link is up\n");
			is_up = true;
		}
		if (say_frames())
			say_wakes();
		else
			usleep(LOOK_US);
	} while (!crew_is_told() || obey());
	crew_stop();
	say_frames();
	crew_close();
	return 0;
}
