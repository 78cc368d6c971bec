/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/*
 * Rx interrupts by ethdev's calls, whatever the order in which a program enables them, frames
 * arrive, and it looks. The steps are those of the test "rx_intr" of OKTET Labs' ethdev test suite.
 *
 * Nothing here depends on time: the carrier holds the replay back, and set_link_down() returns when
 * the wire has signalled all that it had delivered. So an interrupt that is to come is there, and
 * one that is not there does not come.
 */

#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_epoll.h>
#include <rte_interrupts.h>

#include "numbered.h"

#define NB_QUEUES 2
#define QUEUE	  1 /* where all frames go; the other one is enabled, and silent */
#define NB_FRAMES 64
#define NB_ROUNDS 3

static const struct ordering {
	const char *claim;
	/*
	 * E enable, D disable, S send a frame or some, R receive all of them;
	 * ! the queue's interrupt comes, . none comes, ? one may be left over
	 */
	const char *steps;
} orderings[] = {
	{ "enable, send: it comes, once", "ES!.R" },
	{ "send, enable: it comes for what was there before", "SE!.R" },
	{ "send without enabling: none comes", "S.R." },
	{ "enable without a frame: none comes", "E." },
	{ "enable, disable, send: none comes", "EDS.R" },
	{ "disable, send, enable: it comes", "DSE!.R" },
	{ "send, receive, enable: none comes for what was received", "SRE." },
	{ "two sends after one enabling: one comes", "ESS!.R" },
	{ "enable twice, send: one comes", "EES!.R" },
	{ "enable, send, receive, enable, send: it comes again", "ES!RE.S!.R" },
	{ "it came, and nothing was received: enabling brings it again", "ES!E!.R" },
	{ "it came, disable, enable, nothing received: it comes again", "ES!DE!.R" },
	{ "it came: the next frame is silent until it is enabled anew", "ES!S.E!.R" },
	{ "received without waiting, enable, send: it is not lost", "ESRE?S!R" },
	{ "disable before it was waited for, enable, send: it is not lost", "ESD?RE.S!.R" },
};

static uint32_t
waiting(const struct rig *r)
{
	int n = rte_eth_rx_queue_count(r->port, QUEUE);

	assert_true(n >= 0);
	return (uint32_t)n;
}

static void
let_some_come(struct rig *r)
{
	uint32_t before = waiting(r);

	assert_int_equal(rte_eth_dev_set_link_up(r->port), 0);
	while (waiting(r) == before && before < RIG_NB_DESC)
		;
	assert_int_equal(rte_eth_dev_set_link_down(r->port), 0);
}

/* How many interrupts there are; only the busy queue may have one. */
static int
nb_interrupts(void)
{
	struct rte_epoll_event events[NB_QUEUES];
	int n = rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, NB_QUEUES, 0);

	for (int i = 0; i < n; i++)
		assert_int_equal((uintptr_t)events[i].epdata.data, QUEUE);
	return n;
}

/* Whether the step does what it should. */
static bool
take_step(struct rig *r, char step)
{
	switch (step) {
	case 'E':
		return rte_eth_dev_rx_intr_enable(r->port, QUEUE) == 0;
	case 'D':
		return rte_eth_dev_rx_intr_disable(r->port, QUEUE) == 0;
	case 'S':
		let_some_come(r);
		return true;
	case 'R':
		return rig_drain(r, QUEUE) != 0;
	case '!':
		return nb_interrupts() == 1;
	case '.':
		return nb_interrupts() == 0;
	default:
		return nb_interrupts() <= 1;
	}
}

static void
open_port(struct rig *r)
{
	static const struct rte_eth_conf conf = {
		.intr_conf.rxq = 1,
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP,
	};
	uint16_t reta[RTE_ETH_RSS_RETA_SIZE_128];

	rig_begin(r);
	numbered_add(r, NB_FRAMES);
	/* so slow that "some" are few: the queue's buffers are to last for a step or two */
	rig_open(r, &(struct rig_setup){ .args = "overrun=wait,pace=2000,infinite_rx=1",
					 .nb_rxq = NB_QUEUES,
					 .nb_txq = 1,
					 .conf = conf });
	for (size_t i = 0; i < UNIT_DIM(reta); i++)
		reta[i] = QUEUE;
	numbered_set_reta(r, reta, UNIT_DIM(reta));
	rig_start(r);
	assert_int_equal(rte_eth_dev_set_link_down(r->port), 0);
	rig_drain(r, QUEUE);
	for (uintptr_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r->port, (uint16_t)q,
							   RTE_EPOLL_PER_THREAD, RTE_INTR_EVENT_ADD,
							   (void *)q),
				 0);
	assert_int_equal(rte_eth_dev_rx_intr_enable(r->port, !QUEUE), 0);
}

static void
close_port(struct rig *r)
{
	for (uint16_t q = 0; q < NB_QUEUES; q++)
		assert_int_equal(rte_eth_dev_rx_intr_ctl_q(r->port, q, RTE_EPOLL_PER_THREAD,
							   RTE_INTR_EVENT_DEL, NULL),
				 0);
	rig_stop(r);
	rig_close(r);
}

static void
an_ordering(void **state)
{
	const struct ordering *o = *state;
	struct rig r;

	open_port(&r);
	for (int round = 0; round < NB_ROUNDS; round++) {
		for (const char *step = o->steps; *step != '\0'; step++)
			if (!take_step(&r, *step))
				fail_msg("%s: round %d, step %td", o->steps, round,
					 step - o->steps);
		/* the next round begins as the first one did */
		assert_true(take_step(&r, 'D'));
		assert_int_equal(waiting(&r), 0);
	}
	close_port(&r);
}

int
main(int argc __rte_unused, char **argv)
{
	struct CMUnitTest tests[UNIT_DIM(orderings)];
	int ret;

	for (size_t i = 0; i < UNIT_DIM(orderings); i++)
		tests[i] = (struct CMUnitTest){
			.name = orderings[i].claim,
			.test_func = an_ordering,
			.initial_state = (void *)(uintptr_t)&orderings[i],
		};
	if (rig_init(argv[0]) < 0)
		return 1;
	ret = UNIT_RUN(tests);
	rte_eal_cleanup();
	return ret;
}
