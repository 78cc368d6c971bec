/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * A port whose user makes mistakes and meets misfortune: igb_calls EAL -- QUEUES. The main lcore
 * polls the queues and frees what it receives. How many frames came, and the greatest number that
 * one of frames.py had, is said whenever that grows, and events of the port as they come. A line on
 * standard input is a call; what it returned is said in a line that begins with the call:
 *
 *   poll QUEUES        look at so many of the rings from now on
 *   hold on|off        keep the mbufs that are received, or free them, those that were kept as well
 *   restart            stop the port and start it
 *   reset              rte_eth_dev_reset(), and set everything up anew
 *   link               up 0 or 1
 *   stats              ipackets, imissed, rx_nombuf; free mbufs of the pool; frames in ring 0
 *   key LENGTH         set an RSS key of that many bytes
 *   reta ENTRY QUEUE   set an entry of the redirection table
 *   mtu N
 *   regs               how many registers are dumped, those that name the device and its state
 *   version            of the firmware
 *   end                stop, close, and say how many mbufs are missing
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>

#define PORT	 0
#define NB_DESC	 128
#define NB_MBUFS 4 * NB_DESC /* a queue */
#define BURST	 32
#define MAX_HELD 8192
#define MAX_REGS 1024
#define LOOK_US	 200

static struct rte_mempool *pool;
static uint16_t nb_queues, nb_polled;
static bool holds;
static struct rte_mbuf *held[MAX_HELD];
static unsigned int nb_held;
static uint64_t nb_received;
static uint32_t greatest;

static void
fail(const char *what, int ret)
{
	printf("%s: %s\n", what, strerror(-ret));
	exit(1);
}

static int
say_event(uint16_t port __rte_unused, enum rte_eth_event_type event, void *arg __rte_unused,
	  void *ret __rte_unused)
{
	printf("event %s\n", event == RTE_ETH_EVENT_INTR_RESET ? "reset" : "link");
	return 0;
}

static int
set_up(void)
{
	const struct rte_eth_conf conf = {
		.intr_conf = { .rxq = 1, .lsc = 1 },
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IPV4,
	};
	int ret = rte_eth_dev_configure(PORT, nb_queues, nb_queues, &conf);

	for (uint16_t q = 0; q < nb_queues && ret == 0; q++) {
		ret = rte_eth_rx_queue_setup(PORT, q, NB_DESC, rte_socket_id(), NULL, pool);
		if (ret == 0)
			ret = rte_eth_tx_queue_setup(PORT, q, NB_DESC, rte_socket_id(), NULL);
	}
	return ret == 0 ? rte_eth_dev_start(PORT) : ret;
}

static void
let_go(void)
{
	rte_pktmbuf_free_bulk(held, nb_held);
	nb_held = 0;
}

static void
take(struct rte_mbuf **pkts, uint16_t nb)
{
	for (uint16_t i = 0; i < nb; i++) {
		const uint8_t *end =
			rte_pktmbuf_mtod_offset(pkts[i], const uint8_t *, pkts[i]->data_len);
		uint32_t number = (uint32_t)end[-4] << 24 | (uint32_t)end[-3] << 16 |
				  (uint32_t)end[-2] << 8 | end[-1];

		greatest = RTE_MAX(greatest, number);
	}
	nb_received += nb;
	if (holds && nb_held + nb <= MAX_HELD) {
		memcpy(&held[nb_held], pkts, nb * sizeof(pkts[0]));
		nb_held += nb;
	} else {
		rte_pktmbuf_free_bulk(pkts, nb);
	}
}

/* Until the rings are empty. */
static void
look(void)
{
	uint64_t before = nb_received;

	for (uint16_t q = 0; q < nb_polled; q++) {
		struct rte_mbuf *pkts[BURST];
		uint16_t n;

		do {
			n = rte_eth_rx_burst(PORT, q, pkts, BURST);
			take(pkts, n);
		} while (n == BURST);
	}
	if (nb_received != before)
		printf("received %" PRIu64 " up to %u\n", nb_received, greatest);
}

/* ---- the calls ---- */

static int
restart(void)
{
	int ret = rte_eth_dev_stop(PORT);

	return ret == 0 ? rte_eth_dev_start(PORT) : ret;
}

static int
reset(void)
{
	int ret = rte_eth_dev_reset(PORT);

	return ret == 0 ? set_up() : ret;
}

static int
say_link(void)
{
	struct rte_eth_link link;
	int ret = rte_eth_link_get_nowait(PORT, &link);

	printf("up %d\n", link.link_status);
	return ret;
}

static int
say_stats(void)
{
	struct rte_eth_stats s;
	int ret = rte_eth_stats_get(PORT, &s);

	printf("ipackets %" PRIu64 " imissed %" PRIu64 " rx_nombuf %" PRIu64
	       " free %u in ring 0 %d\n",
	       s.ipackets, s.imissed, s.rx_nombuf, rte_mempool_avail_count(pool),
	       rte_eth_rx_queue_count(PORT, 0));
	return ret;
}

static int
set_key(unsigned int length)
{
	uint8_t key[UINT8_MAX] = { 0 };
	struct rte_eth_rss_conf conf = {
		.rss_key = key,
		.rss_key_len = (uint8_t)length,
		.rss_hf = RTE_ETH_RSS_IPV4,
	};

	return rte_eth_dev_rss_hash_update(PORT, &conf);
}

static int
set_entry(unsigned int entry, unsigned int queue)
{
	struct rte_eth_rss_reta_entry64 reta[2] = { { .mask = 0 } };

	reta[entry / 64 % 2].mask = UINT64_C(1) << entry % 64;
	reta[entry / 64 % 2].reta[entry % 64] = (uint16_t)queue;
	return rte_eth_dev_rss_reta_update(PORT, reta, RTE_ETH_RSS_RETA_SIZE_128);
}

static int
say_registers(void)
{
	static uint32_t words[MAX_REGS];
	struct rte_dev_reg_info info = { .data = NULL };
	int ret = rte_eth_dev_get_reg_info(PORT, &info);

	if (ret != 0 || info.width != sizeof(words[0]) || info.length > MAX_REGS)
		return ret != 0 ? ret : -ERANGE;
	info.data = words;
	ret = rte_eth_dev_get_reg_info(PORT, &info);
	if (ret == 0)
		printf("registers %u of device 0x%04x: CTRL 0x%08x STATUS 0x%08x\n", info.length,
		       info.version, words[0], words[1]);
	return ret;
}

static int
say_version(void)
{
	char text[64] = "";
	int ret = rte_eth_dev_fw_version_get(PORT, text, sizeof(text));

	printf("firmware %s\n", text);
	return ret;
}

static int
call(const char *what, unsigned int first, unsigned int second)
{
	if (strcmp(what, "restart") == 0)
		return restart();
	if (strcmp(what, "reset") == 0)
		return reset();
	if (strcmp(what, "link") == 0)
		return say_link();
	if (strcmp(what, "stats") == 0)
		return say_stats();
	if (strcmp(what, "key") == 0)
		return set_key(first);
	if (strcmp(what, "reta") == 0)
		return set_entry(first, second);
	if (strcmp(what, "mtu") == 0)
		return rte_eth_dev_set_mtu(PORT, (uint16_t)first);
	if (strcmp(what, "regs") == 0)
		return say_registers();
	if (strcmp(what, "version") == 0)
		return say_version();
	return -ENOSYS;
}

/* Take a line, if there is one; whether to go on. */
static bool
obey(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[64], what[16] = "", how[16] = "";
	int ret;

	if (poll(&in, 1, 0) <= 0)
		return true;
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%15s %15s", what, how) < 1 || strcmp(what, "end") == 0)
		return false;
	if (strcmp(what, "poll") == 0) {
		nb_polled = (uint16_t)RTE_MIN(atoi(how), nb_queues);
		ret = 0;
	} else if (strcmp(what, "hold") == 0) {
		holds = strcmp(how, "on") == 0;
		let_go();
		ret = 0;
	} else {
		unsigned int first = 0, second = 0;

		sscanf(line, "%*s %u %u", &first, &second);
		ret = call(what, first, second);
	}
	printf("%s: %d %s\n", line, ret, ret == 0 ? "" : strerror(-ret));
	return true;
}

int
main(int argc, char **argv)
{
	int used = rte_eal_init(argc, argv), stopped, closed, ret;

	if (used < 0 || argc - used != 2)
		return 1;
	nb_queues = nb_polled = (uint16_t)atoi(argv[used + 1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0); /* what is read of it is what poll() says */
	pool = rte_pktmbuf_pool_create("pool", nb_queues * NB_MBUFS, 0, 0,
				       RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
	if (pool == NULL)
		fail("mbuf pool", -ENOMEM);
	rte_eth_dev_callback_register(PORT, RTE_ETH_EVENT_INTR_RESET, say_event, NULL);
	rte_eth_dev_callback_register(PORT, RTE_ETH_EVENT_INTR_LSC, say_event, NULL);
	ret = set_up();
	if (ret != 0)
		fail("port", ret);
	printf("ready\n");
	while (obey()) {
		look();
		usleep(LOOK_US);
	}
	let_go();
	stopped = rte_eth_dev_stop(PORT);
	closed = rte_eth_dev_close(PORT);
	printf("stop %d close %d missing %u\n", stopped, closed,
	       pool->size - rte_mempool_avail_count(pool));
	rte_eal_cleanup();
	return 0;
}
