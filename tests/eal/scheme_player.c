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
#include <time.h>

#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <rouse_attn.h>
#include <rouse_evnic.h>

#define NB_DESC	   128
#define NB_MBUFS   4096
#define BURST	   32
#define KEY_SIZE   40
#define MAX_LINE   512
#define MAX_WORDS  8
#define DEADLINE_S 60
#define IP_TYPES   (RTE_ETH_RSS_IP & ~RTE_ETH_RSS_IPV6_EX)

static struct {
	char name[32];
	uint16_t id, nb_queues;
	struct rte_mempool *pool;
	struct rouse_attn_port registered;
	uint64_t nb_frames; /* received since the start */
	uint64_t nb_tx;	    /* TX events that this program saw, since it was opened */
	uint64_t nb_errors; /* ERROR events that it saw since the start */
	uint64_t told;	    /* wire_events_error at the start */
} port;

static struct rouse_attn owner; /* of all queues while they are bound */
static const char *where = "";	/* the line of the script */
static FILE *log_file;

static void
die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "\"%s\": ", where);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}

static void
must(int ret)
{
	if (ret != 0)
		die("%s", strerror(-ret));
}

static uint16_t
number(const char *word)
{
	char *end = NULL;
	unsigned long value = word == NULL ? ULONG_MAX : strtoul(word, &end, 10);

	if (value > UINT16_MAX || *end != '\0')
		die("%s is no number", word == NULL ? "nothing" : word);
	return (uint16_t)value;
}

static uint64_t
xstat(const char *name)
{
	uint64_t id, value = 0;

	must(rte_eth_xstats_get_id_by_name(port.id, name, &id));
	if (rte_eth_xstats_get_by_id(port.id, &id, &value, 1) != 1)
		die("%s cannot be read", name);
	return value;
}

/* ---- receiving ---- */

static void
on_event(uint16_t id __rte_unused, const struct rouse_event *event, void *arg __rte_unused)
{
	if (event->code == ROUSE_EVENT_TX)
		port.nb_tx++;
	else if (event->code == ROUSE_EVENT_ERROR)
		port.nb_errors++;
}

/* One burst of each queue. */
static uint32_t
poll_all(void)
{
	struct rte_mbuf *pkts[BURST];
	uint32_t sum = 0;

	for (uint16_t q = 0; q < port.nb_queues; q++) {
		uint16_t n = rte_eth_rx_burst(port.id, q, pkts, BURST);

		rte_pktmbuf_free_bulk(pkts, n);
		sum += n;
	}
	port.nb_frames += sum;
	return sum;
}

static void
drain(void)
{
	while (poll_all() != 0)
		;
}

static void
check_time(time_t end)
{
	if (time(NULL) > end)
		die("it does not come, after %" PRIu64 " frames", port.nb_frames);
}

/* An event is seen before its message is sent: wait until the wire has sent the messages, too. */
static void
settle(void)
{
	/* like all that changes a running port, it returns when the wire has begun a new round */
	must(rouse_evnic_vector_interval_set(port.id, 0, 0));
}

/* ---- operations ---- */

/* open QUEUES LOOPS ARGUMENTS: make a port of so many queues in both directions. */
static void
open_port(char **words)
{
	static unsigned int nb_ports;
	struct rte_eth_conf conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_RSS };
	char args[MAX_LINE];

	memset(&port, 0, sizeof(port));
	port.nb_queues = number(words[0]);
	snprintf(port.name, sizeof(port.name), "net_evnic%u", nb_ports);
	snprintf(args, sizeof(args), "pool%u", nb_ports++);
	port.pool = rte_pktmbuf_pool_create(args, NB_MBUFS, 0, 0, RTE_PKTMBUF_HEADROOM + 2048,
					    SOCKET_ID_ANY);
	if (port.pool == NULL)
		die("no pool");
	snprintf(args, sizeof(args), "pace=max,loops=%u,%s", number(words[1]), words[2]);
	must(rte_vdev_init(port.name, args));
	must(rte_eth_dev_get_port_by_name(port.name, &port.id));
	conf.rx_adv_conf.rss_conf.rss_hf = IP_TYPES;
	must(rte_eth_dev_configure(port.id, port.nb_queues, port.nb_queues, &conf));
	for (uint16_t q = 0; q < port.nb_queues; q++) {
		must(rte_eth_rx_queue_setup(port.id, q, NB_DESC, 0, NULL, port.pool));
		must(rte_eth_tx_queue_setup(port.id, q, NB_DESC, 0, NULL));
	}
	must(rouse_evnic_on_event(port.id, on_event, NULL));
	if (!rouse_attn_registry_find(port.id, &port.registered))
		die("the port is not in the registry");
}

static void
close_port(char **words __rte_unused)
{
	must(rte_eth_dev_close(port.id));
	rte_vdev_uninit(port.name);
	rte_mempool_free(port.pool);
}

static void
start(char **words __rte_unused)
{
	port.nb_frames = port.nb_errors = 0;
	port.told = xstat("wire_events_error");
	must(rte_eth_dev_start(port.id));
}

static void
stop(char **words __rte_unused)
{
	must(rte_eth_dev_stop(port.id));
	if (rte_mempool_avail_count(port.pool) != NB_MBUFS)
		die("%u mbufs are lost", NB_MBUFS - rte_mempool_avail_count(port.pool));
}

static void
set_map(char **words)
{
	enum rouse_steer_map map;

	must(rouse_steer_map_parse(words[0], &map));
	must(rouse_evnic_map_set(port.id, map));
}

static void
set_ring(char **words)
{
	must(rouse_evnic_ring_set(port.id, number(words[0]), number(words[1])));
}

static void
set_vector(char **words)
{
	must(rouse_evnic_vector_set(port.id, number(words[0]), number(words[1])));
}

static void
set_event(char **words)
{
	must(rouse_evnic_event_set(port.id, number(words[0]),
				   (enum rouse_event_code)number(words[1]), number(words[2]),
				   number(words[3])));
}

static void
set_rss_default(char **words)
{
	must(rouse_evnic_rss_default_queue_set(port.id, number(words[0])));
}

static void
set_processor(char **words)
{
	must(rouse_evnic_default_processor_set(port.id, number(words[0])));
}

static void
set_reta(char **words)
{
	struct rte_eth_rss_reta_entry64 reta[2] = { 0 };
	uint16_t index = number(words[0]);

	if (index >= RTE_ETH_RSS_RETA_SIZE_128)
		die("the RETA has no entry %u", index);
	reta[index / 64].mask = UINT64_C(1) << index % 64;
	reta[index / 64].reta[index % 64] = number(words[1]);
	must(rte_eth_dev_rss_reta_update(port.id, reta, RTE_ETH_RSS_RETA_SIZE_128));
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
			die("the key is too short");
	must(rte_eth_dev_rss_hash_update(port.id, &conf));
}

static void
bind_all(char **words __rte_unused)
{
	const struct rouse_attn_owner to = { .attn = &owner, .device = 5 };
	uint64_t rings;

	for (uint16_t q = 0; q < port.nb_queues; q++)
		must(port.registered.ops->bind(port.registered.ctx, q, &to, &rings));
}

static void
unbind_all(char **words __rte_unused)
{
	for (uint16_t q = 0; q < port.nb_queues; q++)
		must(port.registered.ops->unbind(port.registered.ctx, q));
}

/* owner STATE: of the queues while they are bound; the wire is still. */
static void
set_owner(char **words)
{
	if (strcmp(words[0], "poll") == 0)
		rouse_attn_poll(&owner);
	else if (strcmp(words[0], "attend") == 0)
		rouse_attn_attend(&owner);
	else
		rouse_attn_park(&owner);
}

/* run N: receive until so many frames have come since the start. */
static void
run(char **words)
{
	uint64_t nb = strtoull(words[0], NULL, 10);
	time_t end = time(NULL) + DEADLINE_S;

	while (port.nb_frames < nb) {
		poll_all();
		check_time(end);
	}
}

/* down: take the link away, and log how many frames came before. */
static void
link_down(char **words __rte_unused)
{
	must(rte_eth_dev_set_link_down(port.id));
	drain();
	fprintf(log_file, "%" PRIu64 "\n", port.nb_frames);
}

static void
link_up(char **words __rte_unused)
{
	must(rte_eth_dev_set_link_up(port.id));
}

static void
mask(char **words)
{
	must(rouse_evnic_vector_mask(port.id, number(words[0]), true));
}

static void
unmask(char **words)
{
	must(rouse_evnic_vector_mask(port.id, number(words[0]), false));
}

/* finish: receive until the source has ended and has said so; log how many frames came. */
static void
finish(char **words __rte_unused)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (xstat("wire_rx_ended") == 0 || port.nb_errors == 0) {
		poll_all();
		check_time(end);
	}
	drain();
	settle();
	fprintf(log_file, "%" PRIu64 "\n", port.nb_frames);
}

/* starve: receive nothing until an overrun and the end of the source were told; then everything
 * and, as more was missed since, another overrun; log how many frames came. */
static void
starve(char **words __rte_unused)
{
	time_t end = time(NULL) + DEADLINE_S;

	while (xstat("wire_events_error") < port.told + 2)
		check_time(end);
	while (port.nb_errors < 3) {
		poll_all();
		check_time(end);
	}
	drain();
	settle();
	fprintf(log_file, "%" PRIu64 "\n", port.nb_frames);
}

/* tx QUEUE: send a frame, and receive until its TX event has come. */
static void
transmit(char **words)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(port.pool);
	time_t end = time(NULL) + DEADLINE_S;
	uint64_t nb_tx = port.nb_tx;

	if (m == NULL)
		die("no mbuf");
	m->data_len = 60;
	m->pkt_len = 60;
	if (rte_eth_tx_burst(port.id, number(words[0]), &m, 1) != 1)
		die("not sent");
	while (port.nb_tx == nb_tx) {
		poll_all();
		check_time(end);
	}
	settle();
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
	{ "bind", bind_all },
	{ "unbind", unbind_all },
	{ "owner", set_owner },
	{ "run", run },
	{ "down", link_down },
	{ "up", link_up },
	{ "mask", mask },
	{ "unmask", unmask },
	{ "finish", finish },
	{ "starve", starve },
	{ "tx", transmit },
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
	die("there is no such operation");
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
	log_file = fopen(argv[nb_args + 2], "we");
	if (script == NULL || log_file == NULL || rouse_attn_init(&owner) != 0)
		return EXIT_FAILURE;
	while (getline(&line, &room, script) > 0) {
		line[strcspn(line, "\n")] = '\0';
		play(line);
	}
	free(line);
	fclose(script);
	fclose(log_file);
	rte_eal_cleanup();
	return EXIT_SUCCESS;
}
