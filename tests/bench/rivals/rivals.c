/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * rivals EAL-ARGUMENTS -- RULE: queue 0 of port 0 is received on one lcore and sent out as it came,
 * in a loop that sleeps by the rule of another system. Only the rule is theirs, so that rules are
 * compared and no more; it is written anew from what is known of it:
 *
 *   ovs    Open vSwitch, pmd-sleep-max: after a round with fewer than 16 packets it sleeps
 * (nanosleep), each time 1 us longer, up to 50 us, with a timer slack of 1 us; 16 packets end that
 *   vpp    VPP, adaptive: polls while a round has 10 packets or more; after two with 5 or fewer it
 *          waits for interrupts, 10 ms at most, and arms before it polls
 *   grout  grout, adaptive: after 512 empty rounds it arms, looks whether the queue has packets,
 * and waits for an interrupt without a limit
 *
 * It runs until it is ended by a signal.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mempool.h>
#include <rte_version.h>

#define NB_MBUFS 8192
#define NB_DESC	 1024
#define BURST	 32

/* One round; how many packets it had. */
static uint16_t
forward(void)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = rte_eth_rx_burst(0, 0, pkts, BURST), sent;

	if (n == 0)
		return 0;
	sent = rte_eth_tx_burst(0, 0, pkts, n);
	if (sent < n)
		rte_pktmbuf_free_bulk(pkts + sent, n - sent);
	return n;
}

static void
wait_for_interrupt(int timeout_ms)
{
	struct rte_epoll_event event;

	rte_epoll_wait(RTE_EPOLL_PER_THREAD, &event, 1, timeout_ms);
}

/* ---- the rules ---- */

#define OVS_ENOUGH	  (BURST / 2)
#define OVS_STEP_NS	  1000
#define OVS_MAX_NS	  50000
#define OVS_RESOLUTION_NS 1000

static void
run_ovs(void)
{
	struct timespec pause = { 0 };

	prctl(PR_SET_TIMERSLACK, OVS_RESOLUTION_NS);
	for (;;) {
		if (forward() >= OVS_ENOUGH) {
			pause.tv_nsec = 0;
			continue;
		}
		if (pause.tv_nsec < OVS_MAX_NS)
			pause.tv_nsec += OVS_STEP_NS;
		nanosleep(&pause, NULL);
	}
}

#define VPP_FEW	 5
#define VPP_MANY 10
#define VPP_MS	 10

static void
run_vpp(void)
{
	bool polls = true;

	for (;;) {
		uint16_t n;

		if (polls) {
			polls = forward() > VPP_FEW || forward() > VPP_FEW;
			continue;
		}
		rte_eth_dev_rx_intr_enable(0, 0);
		n = forward();
		if (n == 0)
			wait_for_interrupt(VPP_MS);
		polls = n >= VPP_MANY;
		rte_eth_dev_rx_intr_disable(0, 0);
	}
}

#define GROUT_EMPTY (2 * 256)

static void
run_grout(void)
{
	unsigned int nb_empty = 0;

	for (;;) {
		nb_empty = forward() == 0 ? nb_empty + 1 : 0;
		if (nb_empty < GROUT_EMPTY)
			continue;
		nb_empty = 0;
		rte_eth_dev_rx_intr_enable(0, 0);
		if (rte_eth_rx_queue_count(0, 0) == 0)
			wait_for_interrupt(-1);
		rte_eth_dev_rx_intr_disable(0, 0);
	}
}

static const struct rule {
	const char *name;
	void (*run)(void);
} rules[] = {
	{ "ovs", run_ovs },
	{ "vpp", run_vpp },
	{ "grout", run_grout },
};

/* ---- main ---- */

static int
run(void *arg)
{
	const struct rule *rule = arg;

	if (rte_eth_dev_rx_intr_ctl_q(0, 0, RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD, NULL) != 0)
		return -1;
	rule->run();
	return 0;
}

static int
fail(const char *why)
{
	printf("rivals: %s\n", why);
	return EXIT_FAILURE;
}

static int
start_port(void)
{
	struct rte_eth_conf conf = { .intr_conf.rxq = 1 };
	struct rte_mempool *pool = rte_pktmbuf_pool_create(
		"mbufs", NB_MBUFS, 250, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (pool == NULL || rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(0, 0, NB_DESC, 0, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(0, 0, NB_DESC, 0, NULL) != 0)
		return -1;
	return rte_eth_dev_start(0);
}

int
main(int argc, char **argv)
{
	const struct timespec look = { .tv_sec = 1 };
	int used = rte_eal_init(argc, argv);
	unsigned int lcore;
	size_t i;

	if (used < 0 || argc != used + 2)
		return fail("give EAL arguments, --, and a rule: ovs, vpp or grout");
	for (i = 0; i < RTE_DIM(rules) && strcmp(rules[i].name, argv[used + 1]) != 0; i++)
		;
	if (i == RTE_DIM(rules))
		return fail("give ovs, vpp or grout");
	if (rte_eth_dev_count_avail() == 0 || rte_lcore_count() != 2)
		return fail("give a port, and two lcores");
	if (start_port() != 0)
		return fail("the port does not start");
	printf("RTE Version: '%s'\n", rte_version());
	fflush(stdout);
	lcore = rte_get_next_lcore(-1, 1, 0);
	if (rte_eal_remote_launch(run, (void *)(uintptr_t)&rules[i], lcore) != 0)
		return fail("the loop does not run");
	/* waiting for an lcore is a spin */
	while (rte_eal_get_lcore_state(lcore) == RUNNING)
		nanosleep(&look, NULL);
	return fail("the queue has no interrupt");
}
