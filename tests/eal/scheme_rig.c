/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Rouse authors
 */

#include <poll.h>
#include <sys/eventfd.h>

#include <rte_cycles.h>

#include "scheme_rig.h"

/* ---- events that are no frame ---- */

struct note scheme_notes[MAX_NOTES];
_Atomic uint32_t scheme_nb_notes;

void
scheme_note_event(uint16_t port, const struct rouse_event *e, void *arg)
{
	uint32_t n = atomic_load(&scheme_nb_notes);

	if (n < MAX_NOTES)
		scheme_notes[n] = (struct note){ e->code, e->queue, e->len, e->data };
	atomic_store(&scheme_nb_notes, n + 1);
}

struct note
scheme_last_note(uint8_t code, uint32_t len)
{
	for (uint32_t i = RTE_MIN(scheme_nb_notes, (uint32_t)MAX_NOTES); i-- != 0;)
		if (scheme_notes[i].code == code && scheme_notes[i].len == len)
			return scheme_notes[i];
	fail_msg("no event of code %u, kind %u", code, len);
	return scheme_notes[0];
}

/* ---- the port ---- */

struct rte_eth_conf
scheme_rss_conf(void)
{
	return (struct rte_eth_conf){
		.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS,
		.rx_adv_conf.rss_conf.rss_hf = EVNIC_RSS_TYPES,
		.intr_conf.rxq = 1,
	};
}

struct rig *
scheme_open(const char *args, uint16_t nb_rxq, uint16_t nb_txq)
{
	static struct rig r;
	const struct rig_setup setup = {
		.args = args,
		.nb_rxq = nb_rxq,
		.nb_txq = nb_txq,
		.conf = scheme_rss_conf(),
	};

	rig_begin(&r);
	for (uint16_t i = 0; i < NB_FLOWS; i++)
		rig_add_flow(&r, (uint16_t)(1000 + i));
	rig_open(&r, &setup);
	scheme_nb_notes = 0;
	assert_int_equal(rouse_evnic_on_event(r.port, scheme_note_event, NULL), 0);
	return &r;
}

struct evnic_port *
scheme_private(const struct rig *r)
{
	return rte_eth_devices[r->port].data->dev_private;
}

void
scheme_wait_for_end(struct rig *r)
{
	while (rig_xstat(r, "wire_rx_ended") == 0)
		rte_delay_us_sleep(50);
}

void
scheme_set_link(const struct rig *r, bool up)
{
	assert_int_equal(up ? rte_eth_dev_set_link_up(r->port) : rte_eth_dev_set_link_down(r->port),
			 0);
}

struct rouse_evnic_vector
scheme_vector(const struct rig *r, uint16_t vector)
{
	struct rouse_evnic_vector v;

	assert_int_equal(rouse_evnic_vector_get(r->port, vector, &v), 0);
	return v;
}

/* ---- owners ---- */

uint64_t
scheme_rung(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	eventfd_t n = 0;

	if (poll(&p, 1, wait_ms) > 0)
		assert_int_equal(eventfd_read(fd, &n), 0);
	return n;
}

uint64_t
scheme_bind(const struct rig *r, uint16_t queue, struct rouse_attn *attn)
{
	const struct rouse_attn_owner owner = { .attn = attn, .device = DEVICE };
	struct rouse_attn_port port;
	uint64_t rings;

	assert_true(rouse_attn_registry_find(r->port, &port));
	assert_int_equal(port.ops->bind(port.ctx, queue, &owner, &rings), 0);
	return rings;
}

void
scheme_unbind(const struct rig *r, uint16_t queue)
{
	struct rouse_attn_port port;

	assert_true(rouse_attn_registry_find(r->port, &port));
	assert_int_equal(port.ops->unbind(port.ctx, queue), 0);
}

/* ---- workers ---- */

void
scheme_receive(void *arg, uint16_t port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	rte_pktmbuf_free_bulk(pkts, n);
}

static void *
run_worker(void *w)
{
	rouse_worker_run(w);
	return NULL;
}

struct rouse_worker_stats
scheme_worker_stats(const struct rouse_worker *w)
{
	struct rouse_worker_stats stats;

	rouse_worker_stats_get(w, &stats);
	return stats;
}

void
scheme_worker_wait_asleep(const struct rouse_worker *w)
{
	uint64_t asleep, wakes;

	do {
		wakes = scheme_worker_stats(w).wakes;
		asleep = scheme_worker_stats(w).asleep_tsc;
		rte_delay_us_sleep(2000);
	} while (scheme_worker_stats(w).asleep_tsc == asleep ||
		 scheme_worker_stats(w).wakes != wakes);
}

struct rouse_worker *
scheme_worker_start(const struct rig *r, const char *name, uint16_t first, uint16_t nb,
		    pthread_t *thread)
{
	const struct rouse_worker_conf conf = { .name = name, .socket_id = SOCKET_ID_ANY };
	struct rouse_worker *w = rouse_worker_create(&conf);

	assert_non_null(w);
	for (uint16_t q = first; q < first + nb; q++)
		assert_int_equal(rouse_worker_ethdev_add(w, r->port, q, scheme_receive, NULL), 0);
	assert_int_equal(pthread_create(thread, NULL, run_worker, w), 0);
	return w;
}

void
scheme_worker_stop(struct rouse_worker *w, pthread_t thread)
{
	rouse_worker_stop(w);
	pthread_join(thread, NULL);
	assert_int_equal(scheme_worker_stats(w).rescues, 0);
	rouse_worker_destroy(w);
}
