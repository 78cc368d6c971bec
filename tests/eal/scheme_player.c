/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Plays a script of operations on ports of net_evnic: scheme_player EAL-ARGUMENTS -- SCRIPT LOG.
 * An operation is a line; what it found out, if anything, is a line of the log. This thread is the
 * only lcore, and receives only where an operation says so. Whatever should work and does not ends
 * the program with status 1. The operations are the functions of `table`, at the end.
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "scheme_player.h"

#define NB_DESC	  128
#define KEY_SIZE  40
#define MAX_LINE  512
#define MAX_WORDS 8
#define IP_TYPES  (RTE_ETH_RSS_IP & ~RTE_ETH_RSS_IPV6_EX)

static const char *where = ""; /* the line of the script */
struct player_port player_port;
FILE *player_log;

void
player_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "\"%s\": ", where);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}

void
player_must(int ret)
{
	if (ret != 0)
		player_die("%s", strerror(-ret));
}

uint16_t
player_number(const char *word)
{
	char *end = NULL;
	unsigned long value = word == NULL ? ULONG_MAX : strtoul(word, &end, 10);

	if (value > UINT16_MAX || *end != '\0')
		player_die("%s is no number", word == NULL ? "nothing" : word);
	return (uint16_t)value;
}

uint64_t
player_xstat(const char *name)
{
	uint64_t id, value = 0;

	player_must(rte_eth_xstats_get_id_by_name(player_port.id, name, &id));
	if (rte_eth_xstats_get_by_id(player_port.id, &id, &value, 1) != 1)
		player_die("%s cannot be read", name);
	return value;
}

/* ---- operations ---- */

/* open QUEUES LOOPS ARGUMENTS: make a port of so many queues in both directions; LOOPS "-": one
 * that replays nothing. */
static void
open_port(char **words)
{
	static unsigned int nb_ports;
	struct rte_eth_conf conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_RSS };
	char args[MAX_LINE];

	memset(&player_port, 0, sizeof(player_port));
	player_port.nb_queues = player_number(words[0]);
	snprintf(player_port.name, sizeof(player_port.name), "net_evnic%u", nb_ports);
	snprintf(args, sizeof(args), "pool%u", nb_ports++);
	player_port.pool = rte_pktmbuf_pool_create(args, PLAYER_NB_MBUFS, 0, 0,
						   RTE_PKTMBUF_HEADROOM + 2048, SOCKET_ID_ANY);
	if (player_port.pool == NULL)
		player_die("no pool");
	if (strcmp(words[1], "-") == 0) /* it is no replay */
		snprintf(args, sizeof(args), "%s", words[2]);
	else
		snprintf(args, sizeof(args), "pace=max,loops=%u,%s", player_number(words[1]),
			 words[2]);
	player_must(rte_vdev_init(player_port.name, args));
	player_must(rte_eth_dev_get_port_by_name(player_port.name, &player_port.id));
	conf.rx_adv_conf.rss_conf.rss_hf = IP_TYPES;
	player_must(rte_eth_dev_configure(player_port.id, player_port.nb_queues,
					  player_port.nb_queues, &conf));
	for (uint16_t q = 0; q < player_port.nb_queues; q++) {
		player_must(rte_eth_rx_queue_setup(player_port.id, q, NB_DESC, 0, NULL,
						   player_port.pool));
		player_must(rte_eth_tx_queue_setup(player_port.id, q, NB_DESC, 0, NULL));
	}
	player_must(rouse_evnic_on_event(player_port.id, player_on_event, NULL));
	if (!rouse_attn_registry_find(player_port.id, &player_port.registered))
		player_die("the port is not in the registry");
}

static void
close_port(char **words __rte_unused)
{
	player_must(rte_eth_dev_close(player_port.id));
	rte_vdev_uninit(player_port.name);
	rte_mempool_free(player_port.pool);
}

static void
start(char **words __rte_unused)
{
	player_port.nb_frames = 0;
	memset(player_port.errors, 0, sizeof(player_port.errors));
	player_port.told = player_xstat("wire_events_error");
	player_must(rte_eth_dev_start(player_port.id));
}

static void
stop(char **words __rte_unused)
{
	player_must(rte_eth_dev_stop(player_port.id));
	if (rte_mempool_avail_count(player_port.pool) != PLAYER_NB_MBUFS)
		player_die("%u mbufs are lost",
			   PLAYER_NB_MBUFS - rte_mempool_avail_count(player_port.pool));
}

static void
set_map(char **words)
{
	enum rouse_steer_map map;

	player_must(rouse_steer_map_parse(words[0], &map));
	player_must(rouse_evnic_map_set(player_port.id, map));
}

static void
set_ring(char **words)
{
	player_must(rouse_evnic_ring_set(player_port.id, player_number(words[0]),
					 player_number(words[1])));
}

static void
set_vector(char **words)
{
	player_must(rouse_evnic_vector_set(player_port.id, player_number(words[0]),
					   player_number(words[1])));
}

static void
set_event(char **words)
{
	player_must(rouse_evnic_event_set(player_port.id, player_number(words[0]),
					  (enum rouse_event_code)player_number(words[1]),
					  player_number(words[2]), player_number(words[3])));
}

static void
set_rss_default(char **words)
{
	player_must(rouse_evnic_rss_default_queue_set(player_port.id, player_number(words[0])));
}

static void
set_processor(char **words)
{
	player_must(rouse_evnic_default_processor_set(player_port.id, player_number(words[0])));
}

static void
set_reta(char **words)
{
	struct rte_eth_rss_reta_entry64 reta[2] = { 0 };
	uint16_t index = player_number(words[0]);

	if (index >= RTE_ETH_RSS_RETA_SIZE_128)
		player_die("the RETA has no entry %u", index);
	reta[index / 64].mask = UINT64_C(1) << index % 64;
	reta[index / 64].reta[index % 64] = player_number(words[1]);
	player_must(rte_eth_dev_rss_reta_update(player_port.id, reta, RTE_ETH_RSS_RETA_SIZE_128));
}

/* rss TYPES KEY: all or ip; 40 bytes in hexadecimal. */
static void
set_rss(char **words)
{
	const uint64_t l4 = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
			    RTE_ETH_RSS_NONFRAG_IPV4_SCTP | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
			    RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_SCTP;
	uint8_t key[KEY_SIZE];
	struct rte_eth_rss_conf conf = {
		.rss_key = key,
		.rss_key_len = KEY_SIZE,
		.rss_hf = IP_TYPES | (strcmp(words[0], "all") == 0 ? l4 : 0),
	};

	for (unsigned int i = 0; i < KEY_SIZE; i++)
		if (sscanf(words[1] + 2 * (size_t)i, "%2" SCNx8, &key[i]) != 1)
			player_die("the key is too short");
	player_must(rte_eth_dev_rss_hash_update(player_port.id, &conf));
}

/* say WORD: for whoever started this program. */
static void
say(char **words)
{
	printf("%s\n", words[0]);
	fflush(stdout);
}

static const struct {
	const char *name;
	void (*play)(char **words);
} table[] = {
	{ "open", open_port },
	{ "close", close_port },
	{ "start", start },
	{ "stop", stop },
	{ "map", set_map },
	{ "ring", set_ring },
	{ "vector", set_vector },
	{ "event", set_event },
	{ "default", set_rss_default },
	{ "processor", set_processor },
	{ "reta", set_reta },
	{ "rss", set_rss },
	{ "bind", player_bind },
	{ "unbind", player_unbind },
	{ "owner", player_owner },
	{ "take", player_take },
	{ "moderate", player_moderate },
	{ "release", player_release },
	{ "run", player_run },
	{ "down", player_down },
	{ "up", player_up },
	{ "mask", player_mask },
	{ "unmask", player_unmask },
	{ "finish", player_finish },
	{ "starve", player_starve },
	{ "dry", player_dry },
	{ "say", say },
	{ "tx", player_tx },
};

static void
play(const char *line)
{
	char *words[MAX_WORDS] = { NULL }, copy[MAX_LINE], *rest = copy;

	where = line;
	snprintf(copy, sizeof(copy), "%s", line);
	for (unsigned int i = 0; i < MAX_WORDS - 1 && rest != NULL; i++)
		words[i] = strsep(&rest, " ");
	for (size_t i = 0; i < RTE_DIM(table); i++)
		if (strcmp(table[i].name, words[0]) == 0) {
			table[i].play(&words[1]);
			return;
		}
	player_die("there is no such operation");
}

int
main(int argc, char **argv)
{
	int nb_args = rte_eal_init(argc, argv);
	char *line = NULL;
	size_t room = 0;
	FILE *script;

	if (nb_args < 0 || argc - nb_args != 3)
		return EXIT_FAILURE;
	script = fopen(argv[nb_args + 1], "re");
	player_log = fopen(argv[nb_args + 2], "we");
	if (script == NULL || player_log == NULL)
		return EXIT_FAILURE;
	if (player_owners_init() != 0)
		return EXIT_FAILURE;
	while (getline(&line, &room, script) > 0) {
		line[strcspn(line, "\n")] = '\0';
		play(line);
	}
	free(line);
	fclose(script);
	fclose(player_log);
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
