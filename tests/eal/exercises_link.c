/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

/* The carrier. */

#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "exercises.h"
#include "port_rig.h"

#define FOR_EVER    "overrun=wait,pace=max,infinite_rx=1"
#define NB_LOOKS    1000
#define NB_SENT	    8
#define INTR_THREAD "eal-intr-thread"

static struct rte_eth_link
link_of(const struct rig *r)
{
	struct rte_eth_link link;

	assert_int_equal(rte_eth_link_get_nowait(r->port, &link), 0);
	return link;
}

static void
receive_something(struct rig *r)
{
	while (rig_poll(r, 0) == 0)
		;
}

void
exercise_speed_capabilities(void)
{
	struct rte_eth_dev_info info;
	struct rig r;

	rig_begin(&r);
	rig_add_flow(&r, 1);
	rig_open(&r, &(struct rig_setup){ .args = "", .nb_rxq = 1, .nb_txq = 1 });
	assert_int_equal(rte_eth_dev_info_get(r.port, &info), 0);
	rig_start(&r);
	assert_true(info.speed_capa & rte_eth_speed_bitflag(link_of(&r).link_speed, 1));
	rig_stop(&r);
	rig_close(&r);
}

void
exercise_link_status(void)
{
	struct rte_mbuf *pkts[NB_SENT];
	struct rig r;

	rig_begin(&r);
	rig_add_flow(&r, 1);
	rig_open(&r, &(struct rig_setup){ .args = FOR_EVER, .nb_rxq = 1, .nb_txq = 1 });
	assert_int_equal(link_of(&r).link_status, RTE_ETH_LINK_DOWN);
	rig_start(&r);
	assert_int_equal(link_of(&r).link_status, RTE_ETH_LINK_UP);
	assert_int_equal(link_of(&r).link_speed, RTE_ETH_SPEED_NUM_10G);
	receive_something(&r);

	/* the replay is held back, and what is sent is dropped and counted */
	assert_int_equal(rte_eth_dev_set_link_down(r.port), 0);
	assert_int_equal(link_of(&r).link_status, RTE_ETH_LINK_DOWN);
	rig_drain(&r, 0);
	for (int i = 0; i < NB_LOOKS; i++)
		assert_int_equal(rig_poll(&r, 0), 0);
	rig_alloc(&r, pkts, NB_SENT);
	assert_int_equal(rte_eth_tx_burst(r.port, 0, pkts, NB_SENT), NB_SENT);
	assert_int_equal(rig_stats(&r).oerrors, NB_SENT);
	assert_int_equal(rig_stats(&r).opackets, 0);

	assert_int_equal(rte_eth_dev_set_link_up(r.port), 0);
	assert_int_equal(link_of(&r).link_status, RTE_ETH_LINK_UP);
	receive_something(&r);
	rig_alloc(&r, pkts, NB_SENT);
	assert_int_equal(rte_eth_tx_burst(r.port, 0, pkts, NB_SENT), NB_SENT);
	assert_int_equal(rig_stats(&r).oerrors, NB_SENT);
	assert_int_equal(rig_stats(&r).opackets, NB_SENT);

	/* a start brings the carrier back */
	assert_int_equal(rte_eth_dev_set_link_down(r.port), 0);
	rig_stop(&r);
	assert_int_equal(link_of(&r).link_status, RTE_ETH_LINK_DOWN);
	rig_start(&r);
	assert_int_equal(link_of(&r).link_status, RTE_ETH_LINK_UP);
	receive_something(&r);
	rig_stop(&r);
	rig_close(&r);
}

struct heard {
	sem_t event;
	unsigned int nb;
	uint16_t status;
	char thread[16];
};

static int
on_event(uint16_t port, enum rte_eth_event_type type, void *arg, void *ret __rte_unused)
{
	struct heard *h = arg;
	struct rte_eth_link link = { 0 };

	rte_eth_link_get_nowait(port, &link);
	h->status = type == RTE_ETH_EVENT_INTR_LSC ? link.link_status : UINT16_MAX;
	h->nb++;
	pthread_getname_np(pthread_self(), h->thread, sizeof(h->thread));
	sem_post(&h->event);
	return 0;
}

static void
wait_for(struct heard *h, unsigned int nb, uint16_t status)
{
	while (sem_wait(&h->event) != 0)
		;
	assert_int_equal(h->nb, nb);
	assert_int_equal(h->status, status);
	assert_string_equal(h->thread, INTR_THREAD);
}

void
exercise_link_status_event(void)
{
	struct heard h = { 0 };
	struct rig r;

	sem_init(&h.event, 0, 0);
	rig_begin(&r);
	rig_add_flow(&r, 1);
	rig_open(&r, &(struct rig_setup){
			     .args = FOR_EVER, .nb_rxq = 1, .nb_txq = 1, .conf.intr_conf.lsc = 1 });
	assert_int_equal(
		rte_eth_dev_callback_register(r.port, RTE_ETH_EVENT_INTR_LSC, on_event, &h), 0);
	rig_start(&r);
	wait_for(&h, 1, RTE_ETH_LINK_UP);
	assert_int_equal(rte_eth_dev_set_link_down(r.port), 0);
	wait_for(&h, 2, RTE_ETH_LINK_DOWN);
	assert_int_equal(rte_eth_dev_set_link_down(r.port), 0); /* it is: no event */
	assert_int_equal(rte_eth_dev_set_link_up(r.port), 0);
	wait_for(&h, 3, RTE_ETH_LINK_UP);
	rig_stop(&r);
	assert_int_equal(
		rte_eth_dev_callback_unregister(r.port, RTE_ETH_EVENT_INTR_LSC, on_event, &h), 0);
	rig_close(&r);
	assert_int_equal(h.nb, 3);
}
